//! The element catalogue: which configuration entries each element asks for.
