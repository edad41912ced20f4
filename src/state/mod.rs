//! What is recorded of the world: records, intents, and the stores that keep them.
