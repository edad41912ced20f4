//! Arbitrary-precision numbers. (Interface placeholder while the module is being written.)

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(i64);
