//! Walks a plan's steps and records what came of each.
//!
//! One coordinator ([`run`]) owns the state's writer and all output; steps that may run together are futures that only talk to
//! the API ([`step`]). Nothing is decided here: [`resolve`] turns unknowns into values, and a known value never changes.
//! An intent is durable before its request leaves, an outcome before its step counts as done; what is ready at the
//! same time shares one commit.

use crate::addr::{Name, ObjectAddr};
use crate::diag::Diagnostic;
use crate::plan::{Subject, Verb};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

mod read;
mod record;
mod resolve;
mod run;
pub use run::{Apply, apply};
mod step;

/// What a person (or a JSON stream) is told while it runs.
#[derive(Clone, Debug)]
pub enum Event {
    /// An object of an earlier run that did not finish was found and is ours again.
    Adopted {
        addr: ObjectAddr,
        id: Arc<str>,
    },
    /// An object that existed is managed from here on.
    Imported {
        addr: ObjectAddr,
        id: Arc<str>,
    },
    Started {
        subject: Subject,
        verb: Verb,
        id: Option<Arc<str>>,
    },
    Still {
        subject: Subject,
        verb: Verb,
        id: Option<Arc<str>>,
        elapsed: Duration,
    },
    Done {
        subject: Subject,
        verb: Verb,
        id: Option<Arc<str>>,
        elapsed: Duration,
    },
    Failed {
        subject: Subject,
        verb: Verb,
        id: Option<Arc<str>>,
        elapsed: Duration,
        problem: Box<Diagnostic>,
    },
}

/// Asks a running apply to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    #[default]
    No,
    /// What is in flight finishes, nothing new starts.
    Soon,
    /// Leave everything as it is; the next run settles it.
    Now,
}

/// How an apply ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub added: usize,
    pub changed: usize,
    pub destroyed: usize,
    pub imported: usize,
    pub failed: Vec<Failure>,
    /// Not tried, and the failed (or skipped) subject it needed.
    pub skipped: Vec<(Subject, Verb, ObjectAddr)>,
    /// Not tried, because the run was asked to stop.
    pub not_started: Vec<(Subject, Verb)>,
    /// Sent, but what came of it is unknown: the next run looks.
    pub open: Vec<ObjectAddr>,
    pub outputs: BTreeMap<Name, Value>,
    /// What checks could not read.
    pub warnings: Vec<Diagnostic>,
    pub stopped: Stop,
}

#[derive(Clone, Debug)]
pub struct Failure {
    pub subject: Subject,
    pub verb: Verb,
    /// Whether an object stands all the same: it was made, and is tainted or not what its conditions ask.
    pub stands: bool,
    pub problem: Diagnostic,
}

impl Outcome {
    /// Whether everything planned was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
            && self.skipped.is_empty()
            && self.open.is_empty()
            && self.not_started.is_empty()
            && self.stopped == Stop::No
    }
}
