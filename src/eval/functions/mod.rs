//! The functions of the language, one file a family.
