//! Expression + Scope → Value.
pub mod functions;
