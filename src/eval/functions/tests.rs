//! What the functions give.
