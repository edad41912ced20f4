//! Isotope: declarative provisioning of Cloud Elements instances and of any other REST collection.

pub mod addr;
pub mod value;
pub mod diag;
pub mod database;
pub mod secret;
pub mod syntax;
pub mod eval;
pub mod config;
pub mod graph;
pub mod http;
pub mod state;
pub mod kind;
pub mod provider;
pub mod plan;
pub mod apply;
pub mod emulator;
pub mod render;
pub mod cli;
