//! An OpenAPI document (2.0, 3.0, 3.1) → `kind` blocks, as a first draft for a person.
//!
//! A pair of paths `/things` and `/things/{id}` is a collection: what is sent to make an object gives the arguments, what
//! comes back besides gives the computed attributes. What a document does not tell (which changes replace, what is secret,
//! how long a creation takes) is guessed where there is a convention and marked `decide:` where there is none.
//!
//! To read on: `document.rs` (references, where schemas stand), `schema.rs` (schemas → types), `collection.rs` (paths →
//! kinds), `write.rs` (kinds → text).

use serde_json::Value as Json;

mod collection;
mod document;
mod schema;
#[cfg(test)]
mod tests;
mod write;

use document::Document;

/// Why nothing could be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenApiError {
    #[error("it is no OpenAPI document: there is neither `openapi: 3.…` nor `swagger: \"2.0\"` at its top")]
    NotOpenApi,
    #[error("it has OpenAPI's version {0}; versions 2.0, 3.0 and 3.1 are understood")]
    Version(String),
    #[error("it has no path `{path}`{}", near.as_ref().map(|near| format!("; the nearest is `{near}`")).unwrap_or_default())]
    NoPath { path: String, near: Option<String> },
    #[error("nothing can be made at `{0}`: it has neither a POST nor an object path with a PUT")]
    NotACollection(String),
    #[error("no path of it is a collection: none takes a POST beside a path for one object")]
    NoCollections,
}

/// Returns kinds in the product's notation, laid out as `fmt` would, for every collection or the one at a path.
pub fn generate(document: &Json, only: Option<&str>) -> Result<String, OpenApiError> {
    let document = Document::new(document)?;
    let collections = collection::all(&document, only)?;
    let text = write::file(&document, &collections);
    Ok(crate::syntax::format(&text))
}
