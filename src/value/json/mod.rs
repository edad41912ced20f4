//! Values as JSON, three ways: what the language's `jsonencode` and `jsondecode` write and read (`encode.rs`,
//! `decode.rs`), a plain tree for `show -json` (`tree.rs`), and a lossless form for storage (`typed.rs`).

mod decode;
mod encode;
mod tree;
mod typed;
mod typed_read;
#[cfg(test)]
mod tests;

pub use decode::{MAX_DEPTH, from_json_text};
pub use encode::to_json_text;
pub use tree::{Secrets, to_json};
pub use typed::{typed_from_json, typed_to_json};
pub use typed_read::typed_from_text;

/// What is wrong with JSON text, or with a value that has no JSON form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    pub message: String,
    /// Where in the text, in bytes.
    pub offset: usize,
}
