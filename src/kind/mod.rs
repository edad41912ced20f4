//! Kinds: what an object is and which requests make, read, change and delete one, as data.
//!
//! A [`Kind`] is read from a `kind` block; the built-in ones are files in `builtin/`, in the same notation. Nothing here sends a request:
//! `provider` does, following what stands here. [`check`] holds a resource block against its kind and the element catalogue.

use crate::addr::Name;
use crate::diag::Span;
use crate::eval::roots;
use crate::syntax::Expr;
use crate::value::Constraint;
use catalogue::Catalogue;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub mod catalogue;
mod check;
mod kinds;
mod naming;
mod notation;
pub mod openapi;
mod request;
mod schema;
mod shape;
mod source;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod words;
pub use check::{argument, check, login, missing};
pub use kinds::Kinds;
pub(crate) use naming::identity_text;
pub use naming::{IdPattern, Named};
pub use notation::kind;
pub use request::{Envelope, List, Members, Next, Page, Place, Request, Toggle, Wait};
pub(crate) use schema::echoed;
pub use schema::{default_value, initial_value, normalise, schema_type, secrets};
pub(crate) use shape::sent;
pub use shape::{covers, declared};
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
    /// The attributes that are the identity, where the user chooses it: one, or several that are it together.
    pub key: Vec<Name>,
    /// Attributes whose values no two objects share: by them an interrupted create is found where there is no place for a marker.
    pub unique: Vec<Name>,
    /// How an id is written for `import`, where the path takes more than the identity. Empty: the identity alone.
    pub import: Vec<IdPattern>,
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
    /// Where a refusal says what; what it leaves out is the provider's to say.
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
    /// Of a write-only attribute: those whose change sends it again, be it a secret in them or all of a `local` one.
    pub resend: Vec<Name>,
    /// Of a write-only attribute: those that go along, whole, whenever it is sent again.
    pub along: Vec<Name>,
    /// A part of paths, not of bodies: the object stands below it.
    pub parent: bool,
    /// Kept in the state alone: neither sent nor read.
    pub local: bool,
    /// Answers carry it. Of one that they do not, what was last sent counts.
    pub echo: bool,
    /// What the service makes of it when nobody says, over the other attributes: nobody would write that down.
    pub initial: Option<Expr>,
    /// The objects that its value, or the values in it, may name.
    pub refers_to: Option<Reference>,
    /// Only the answer to a create carries it; it is kept from there.
    pub once: bool,
    /// An element that comes back as an object has its value under this key.
    pub unwrap: Option<String>,
    /// An element is sent as an object that has its value under this key.
    pub wrap: Option<String>,
    /// Set by requests of its own instead of the body.
    pub toggle: Option<Toggle>,
    /// A set whose elements are put in and taken out by requests of their own.
    pub members: Option<Members>,
    pub span: Span,
}

/// An attribute of other objects that a value names: `account.id`.
#[derive(Clone, Debug)]
pub struct Reference {
    pub kind: Name,
    pub attribute: Name,
    /// Over `key`, under which the value stands, and `parent`, the object that the whole stands below: whether it is such a name.
    pub only: Option<Expr>,
    pub span: Span,
}

impl Attribute {
    /// Whether it is the user's to set.
    pub fn is_argument(&self) -> bool {
        matches!(self.role, Role::Required | Role::Optional | Role::Defaulted(_))
    }

    /// Whether it travels in bodies.
    pub(crate) fn in_body(&self) -> bool {
        let apart = self.parent || self.local || self.toggle.is_some() || self.members.is_some();
        self.is_argument() && !apart
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

/// The map whose entries a catalogue describes.
#[derive(Clone, Debug)]
pub struct CatalogueUse {
    /// `elements`.
    pub name: String,
    /// The attribute that holds the catalogue's key.
    pub key: Name,
    /// The attribute that holds the described entries.
    pub entries: Name,
    /// How the account's own catalogue is listed.
    pub list: Option<List>,
    /// The account's own catalogue, once it was fetched: it knows for certain what documentation only makes likely.
    pub synced: Option<Arc<Catalogue>>,
}

impl Kind {
    /// Whether the path by which an object is read depends on an attribute.
    pub(crate) fn is_read_below(&self, attribute: &Attribute) -> bool {
        self.read.as_ref().is_some_and(|read| roots(&read.path).contains(&attribute.name))
    }

    /// Returns the kind with other limits of time for its operations: `create`, `read`, `update`, `delete`.
    pub fn within(&self, limits: impl Fn(&str) -> Option<Duration>) -> Kind {
        let mut kind = self.clone();
        let verbs = [
            ("create", &mut kind.create),
            ("read", &mut kind.read),
            ("update", &mut kind.update),
            ("delete", &mut kind.delete),
        ];
        for (name, request) in verbs {
            if let (Some(limit), Some(request)) = (limits(name), request) {
                request.limit(limit);
            }
        }
        kind
    }
}

impl CatalogueUse {
    /// The catalogue itself.
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.synced.as_deref().or_else(|| catalogue_named(&self.name))
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

impl ErrorShape {
    /// What this one says, and what the other says where this one is silent.
    pub(crate) fn or(&self, other: &ErrorShape) -> ErrorShape {
        let choose =
            |one: &[String], other: &[String]| if one.is_empty() { other.to_vec() } else { one.to_vec() };
        ErrorShape {
            message: choose(&self.message, &other.message),
            detail: choose(&self.detail, &other.detail),
            request_id: choose(&self.request_id, &other.request_id),
        }
    }
}
