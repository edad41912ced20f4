//! Body → Config: variables, locals, resources, providers, modules, outputs; `load.rs` alone reads files.
