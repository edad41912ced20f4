//! The door to an API: five verbs over the objects of a kind; planning is the engine's job, not the provider's.

use crate::kind::Kind;
use crate::value::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

mod definition;
mod envelope;
mod local;
mod mapping;
mod paging;
mod parts;
mod problem;
mod request;
mod rest;
mod settings;
mod settle;
#[cfg(test)]
mod tests;

pub use definition::{Argument, Definition, definition, names};
pub use local::LocalProvider;
pub use rest::connect;
pub use settings::{Files, ProviderSettings, Source, settings};

/// How every marker starts: `isotope:<lineage>:<intent>`.
pub const MARKER_PREFIX: &str = "isotope:";

/// An object as the API (or the engine, for a kind without one) has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub id: Arc<str>,
    /// Attribute → value in the schema's types. Secrets are marked; one that the API masks is `Unknown`, marked sensitive.
    /// The marker is taken out. A `partial` map has all keys that the API gave.
    pub values: Value,
    /// The marker found on it, whole: `isotope:<lineage>:<intent>`.
    pub marker: Option<Arc<str>>,
}

/// Which object is meant, with the attributes that its path may need (a parent's id).
#[derive(Clone, Debug)]
pub struct ObjectRef<'a> {
    pub id: &'a str,
    pub values: &'a Value,
}

/// What an update changes.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    /// The recorded values.
    pub prior: &'a Value,
    /// The values wanted, whole and known; secrets in the clear under their marks.
    pub desired: &'a Value,
    /// Which attributes and, in `partial` maps, which keys change: nothing else is sent.
    pub paths: &'a [crate::value::Path],
    /// The marker to send along when its attribute is sent.
    pub marker: Option<&'a str>,
}

pub enum Search<'a> {
    /// Everything in the collection that `values` (parents) names.
    All {
        values: &'a Value,
    },
    /// The objects with these ids, as far as finding them in the list takes fewer requests than reading each: what is left out may
    /// be there all the same.
    Among {
        ids: &'a BTreeSet<Arc<str>>,
        values: &'a Value,
    },
    Marker {
        marker: &'a str,
        values: &'a Value,
    },
    /// What the kind's own search parameters find over these arguments: too much perhaps, never too little.
    Arguments {
        values: &'a Value,
    },
}

/// Why a call gave nothing. Its variants are what the engine may do next (engine.md §7).
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// Nothing was taken up: it may be sent again.
    Unreached(String),
    /// Refused, nothing changed: report it.
    Rejected(Problem),
    /// Sent, but what came of it is unknown: only a look can tell.
    Indeterminate(String),
    /// The object was made, but it will not do, or is not ready after all the time it was given.
    Unusable(Box<Object>, String),
}

/// What the API says of a refusal; secrets are taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub status: u16,
    pub message: String,
    pub detail: Option<String>,
    pub request_id: Option<String>,
}

#[async_trait::async_trait]
pub trait Provider: Send + Sync {
    /// `None`: it is gone.
    async fn read(&self, kind: &Kind, object: ObjectRef<'_>) -> Result<Option<Object>, CallError>;

    /// Hands over every page that the search needs, one by one as they are read; without duplicates, in the order of the API. After an
    /// error, what was handed over is not all there is.
    async fn pages(
        &self,
        kind: &Kind,
        search: Search<'_>,
        page: &mut (dyn FnMut(Vec<Object>) + Send),
    ) -> Result<(), CallError>;

    /// All pages in one.
    async fn list(&self, kind: &Kind, search: Search<'_>) -> Result<Vec<Object>, CallError> {
        let mut all = Vec::new();
        self.pages(kind, search, &mut |page| all.extend(page)).await?;
        Ok(all)
    }

    /// `desired` is an object with all attributes, known. Null ones are not sent.
    async fn create(&self, kind: &Kind, desired: &Value, marker: Option<&str>) -> Result<Object, CallError>;

    async fn update(
        &self,
        kind: &Kind,
        object: ObjectRef<'_>,
        update: Update<'_>,
    ) -> Result<Object, CallError>;

    /// Already gone is success.
    async fn delete(&self, kind: &Kind, object: ObjectRef<'_>) -> Result<(), CallError>;

    /// Waits for an object whose creation was interrupted, as that creation would have.
    async fn finish(&self, _: &Kind, object: Object) -> Result<Object, CallError> {
        Ok(object)
    }

    /// The account's own catalogue that describes a kind's entries, as JSON; `None` where there is none to ask for.
    async fn catalogue(&self, _: &Kind) -> Result<Option<Vec<Value>>, CallError> {
        Ok(None)
    }

    /// Says that the collection of a kind will be listed: its first page may be asked for at once.
    fn expect(&self, _: &Kind) {}

    /// Says that what was expected is over: whoever lists from here on is to see the world as it is then.
    fn expect_nothing(&self) {}

    /// How many requests were sent so far.
    fn requests(&self) -> u64;
}

impl Problem {
    /// A refusal that is not an answer to a request.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { status: 0, message: message.into(), detail: None, request_id: None }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreached(cause) | Self::Indeterminate(cause) | Self::Unusable(_, cause) => {
                f.write_str(cause)
            }
            Self::Rejected(problem) => write!(f, "{problem}"),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.status {
            // It was no answer's status: the trouble came later.
            0 => f.write_str(&self.message)?,
            status => write!(f, "{status}: {}", self.message)?,
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}
