//! Kinds: what an object is and which requests make, read, change and delete one, as data.
pub mod catalogue;
