//! Isotope: declarative provisioning of Cloud Elements instances and of any other REST collection.

pub mod addr;
pub mod value;
pub mod diag;
pub mod syntax;
