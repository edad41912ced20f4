//! Kinds: what an object is and which requests make, read, change and delete one, as data.
//!
//! A [`Kind`] is read from a `kind` block; the built-in ones are files in `builtin/`, in the same notation. Nothing here sends a request:
//! `provider` does, following what stands here. [`check`] holds a resource block against its kind and the element catalogue.

use crate::addr::Name;
use crate::diag::Span;
use crate::syntax::Expr;
use crate::value::Constraint;
use catalogue::Catalogue;
use std::collections::BTreeMap;

pub mod catalogue;
mod check;
mod kinds;
mod notation;
mod schema;
mod source;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod words;
pub use check::{argument, check, missing};
pub use kinds::Kinds;
pub use notation::kind;
pub(crate) use schema::echoed;
pub use schema::{default_value, normalise, schema_type, secrets};
pub use source::{Shape, Source};

/// One kind of object.
#[derive(Clone, Debug)]
pub struct Kind {
    pub name: Name,
    pub description: String,
    /// The provider type it belongs to; `None` for a kind that needs no API (`value`).
    pub provider: Option<Name>,
    /// Arguments and computed attributes by name.
    pub attributes: BTreeMap<Name, Attribute>,
    /// Where an answer carries the identity: a path of JSON keys.
    pub id: Vec<String>,
    pub create: Option<Request>,
    pub read: Option<Request>,
    /// Without it, every change replaces.
    pub update: Option<Request>,
    pub delete: Option<Request>,
    pub list: Option<List>,
    /// The objects are the service's own: they are read, and never made.
    pub read_only: bool,
    /// How data sources find objects.
    pub lookup: Lookup,
    /// The attribute that carries the marker of a create.
    pub marker: Option<Name>,
    pub catalogue: Option<CatalogueUse>,
    pub errors: ErrorShape,
    pub span: Span,
}

/// One attribute of a kind.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: Name,
    pub constraint: Constraint,
    pub role: Role,
    /// Its place in requests and answers: a path of JSON keys.
    pub at: Vec<String>,
    /// A change replaces the object.
    pub replace: bool,
    /// Of a map, only declared keys are compared; the service adds its own.
    pub partial: bool,
    /// Values come back as strings, null when unset.
    pub text: bool,
    /// What a secret reads back as. Never a value: compared by fingerprint, never sent.
    pub masked: Option<String>,
    pub sensitive: bool,
    /// Sent at create, never echoed; a later change alone plans nothing.
    pub write_only: bool,
    /// An element that comes back as an object has its value under this key.
    pub unwrap: Option<String>,
    /// Set by requests of its own instead of the body.
    pub toggle: Option<Toggle>,
    pub span: Span,
}

impl Attribute {
    /// Whether it is the user's to set.
    pub fn is_argument(&self) -> bool {
        matches!(self.role, Role::Required | Role::Optional | Role::Defaulted(_))
    }
}

/// Who sets an attribute.
#[derive(Clone, Debug)]
pub enum Role {
    /// The user; planning fails without it.
    Required,
    /// The user, or nobody: null when left out.
    Optional,
    /// The user, else this expression over the block's name (`block.name`, `block.key`).
    Defaulted(Expr),
    /// The API.
    Computed,
    /// The engine, without an API: at each create, or always from this expression over the other attributes (`self`).
    Generated(Generate),
}

#[derive(Clone, Debug)]
pub enum Generate {
    /// A random UUID, new at each create.
    Uuid,
    /// Computed from `object` (this object's attributes); unknown while planning a create or a change of what it refers to.
    From(Expr),
}

/// `"PUT /instances/${id}/enabled"` with whatever headers, query and statuses it takes.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// A template over `id` and the attributes' names.
    pub path: Expr,
    pub query: BTreeMap<String, Expr>,
    pub headers: BTreeMap<String, Expr>,
    /// Statuses that mean the object is not there (default 404).
    pub gone: Vec<u16>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct List {
    pub request: Request,
    /// Statuses of the first page that mean "nothing matches".
    pub empty: Vec<u16>,
    /// Where the objects are in an answer; empty when it is the array itself.
    pub at: Vec<String>,
    pub page: Option<Page>,
    /// The query parameter that finds a marker; without it, all objects are listed and looked through.
    pub marker_param: Option<String>,
}

/// How `data` blocks find objects of a kind.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// Attributes of which each alone leads to an object: its value stands for `id` in the read request.
    pub by: Vec<Name>,
    /// The data source that gives all objects that match.
    pub plural: Option<Name>,
    /// Query parameters of the list request, over the arguments: what the API filters by itself. The rest is compared here.
    pub search: BTreeMap<String, Expr>,
}

/// Paging by a token in a header.
#[derive(Clone, Debug)]
pub struct Page {
    pub size: u32,
    pub size_param: String,
    pub token_param: String,
    pub token_header: String,
}

/// An attribute that is switched by requests of its own.
#[derive(Clone, Debug)]
pub struct Toggle {
    /// Over `object`, the answer's JSON.
    pub read: Expr,
    pub on: Request,
    pub off: Request,
}

/// The map whose entries a catalogue describes.
#[derive(Clone, Debug)]
pub struct CatalogueUse {
    /// `elements`.
    pub name: String,
    /// The attribute that holds the catalogue's key.
    pub key: Name,
    /// The attribute that holds the described entries.
    pub entries: Name,
}

impl CatalogueUse {
    /// The catalogue itself.
    pub fn catalogue(&self) -> Option<&'static Catalogue> {
        catalogue_named(&self.name)
    }
}

/// The catalogue of that name.
pub(crate) fn catalogue_named(name: &str) -> Option<&'static Catalogue> {
    (name == "elements").then(Catalogue::builtin)
}

/// Where an error answer says what.
#[derive(Clone, Debug, Default)]
pub struct ErrorShape {
    pub message: Vec<String>,
    pub detail: Vec<String>,
    pub request_id: Vec<String>,
}
