//! Body → Config: variables, locals, resources, providers, modules, outputs; `load.rs` alone reads files.

mod duration;
pub use duration::duration;
pub(crate) mod fields;
pub mod types;

/// Block words and reference roots that no kind may take.
pub const RESERVED: &[&str] = &[
    "var", "local", "module", "data", "each", "count", "self", "path", "isotope", "provider", "variable",
    "locals", "output", "kind", "moved", "removed", "import", "check",
];
