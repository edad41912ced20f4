//! Desired against prior against what the API says: the proposal of changes, and their order.
//!
//! [`plan`] looks at open intents ([`look`]), reads the world ([`refresh`]), evaluates the configuration ([`desired`]), compares
//! ([`change`]) and orders the steps ([`order`]). It sends only reads and writes nothing. [`saved`] puts a plan into a file and back.

mod blame;
mod change;
pub use change::{keep, refit, sent};
mod checks;
pub use checks::{Checkable, Checked, Instance, Status};
mod conclusion;
pub mod condition;
mod counts;
pub use counts::Counts;
mod current;
mod data;
pub use data::{Because, Later, Question, arguments_of, ask, read_answer};
mod depend;
mod dependents;
pub use dependents::dropped;
mod desired;
pub use desired::{desired_of, object_type, seen, settable, unknown_object, visit_of};
mod discover;
pub use discover::{Collection, Discovery, Found, Missed, Standing, discover};
mod evaluation;
pub use evaluation::{Evaluation, Expansion, Objects, Visit, console, walk};
mod expansion;
mod flow;
pub use flow::{Flow, Source, key as source_key};
mod generate;
pub use generate::{Adopted, Existing, Generated, Taken, Undeclared, adopt, generate};
mod held;
mod import;
pub use import::{Wanted, found, record_of, taken, unverified, wanted};
mod lifecycle;
mod look;
pub use look::{Looking, events, look, look_at_all, settled};
mod moves;
pub use moves::{Moves, renames};
mod nodes;
pub use nodes::{Block, Item, Walk, What, order as walk_order};
mod order;
mod orphans;
pub use orphans::{Orphan, adopted, declared, orphans};
mod part;
mod planner;
pub use planner::{Request, dependencies, plan, provider_of};
mod reading;
mod refresh;
pub use refresh::{Providers, Terms};
mod removed;
mod rounds;
pub use rounds::read;
mod rules;
pub use rules::{Rules, conclude};
pub mod saved;
mod scope;
pub use scope::{Repeat, Scope};
mod search;
pub use search::{Known, confusable, differences, survey};
mod select;
pub use select::{Selection, Target};
mod validate;
pub use validate::{Recorded, check, rehearse, validate};
mod variables;
pub use variables::root as root_variable;

use crate::addr::{Name, ObjectAddr};
use crate::diag::Span;
use crate::graph::Dag;
use crate::state::{DeposedKey, IntentId, Record, StateVersion};
use crate::value::{Path, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What is asked of the planner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Normal,
    Destroy,
    /// Only bring the state up to date with the world.
    RefreshOnly,
}

/// A complete proposal. Planning that failed gives diagnostics, never a `Plan` with a flag in it.
#[derive(Clone, Debug)]
pub struct Plan {
    pub mode: Mode,
    /// The state it was made from.
    pub base: StateVersion,
    /// What the configuration files were; apply refuses others.
    pub config: ConfigDigest,
    /// The root variables' values.
    pub variables: BTreeMap<Name, Value>,
    /// The objects that `moved` blocks rename: recorded before anything else is done.
    pub moves: Moves,
    /// Every object, those without a change too.
    pub changes: Changes,
    /// What apply walks; nothing is decided later.
    pub steps: Dag<Step>,
    pub drift: Vec<Drift>,
    pub outputs: BTreeMap<Name, OutputChange>,
    /// How each condition came out.
    pub checks: Vec<Checked>,
    /// What data sources gave that were read while planning.
    pub data: BTreeMap<ObjectAddr, Value>,
    /// What the world said: with it, the same plan can be made again without asking.
    pub answers: Answers,
    pub reading: Reading,
}

/// What the API answered while planning.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The objects that were read; `None`: gone.
    pub reads: BTreeMap<ObjectAddr, Option<crate::provider::Object>>,
    /// What data sources asked.
    pub data: data::Answers,
    /// What `import` blocks adopt.
    pub imports: BTreeMap<ObjectAddr, crate::provider::Object>,
    /// Open intents of earlier runs, and what a look at the world found.
    pub findings: Vec<Finding>,
    /// How many requests that took.
    pub requests: u64,
}

/// One object as plans speak of it: the current one of an address, or a deposed one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    pub addr: ObjectAddr,
    pub deposed: Option<DeposedKey>,
}

/// SHA-256 over the configuration's files, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigDigest(pub Arc<str>);

/// What happens to each object. Boxed: made in order, the nodes of a map stay half empty, and a change is large.
pub type Changes = BTreeMap<Subject, Box<Change>>;

/// What happens to one object.
#[derive(Clone, Debug)]
pub struct Change {
    pub action: Action,
    /// The block that declares it; `None` when none does any more.
    pub place: Option<Span>,
    /// The address it had before, when `moved` renamed it.
    pub previous: Option<ObjectAddr>,
}

/// Each variant holds what its step uses, instead of a verb beside two nullable objects.
#[derive(Clone, Debug)]
pub enum Action {
    /// Nothing is sent. `record` is what the state shall hold; `write` when that differs from what it holds.
    NoOp {
        record: Record,
        write: bool,
    },
    Create {
        planned: Planned,
    },
    Update {
        prior: Record,
        planned: Planned,
        edits: Vec<Edit>,
    },
    Replace {
        prior: Record,
        planned: Planned,
        edits: Vec<Edit>,
        order: ReplaceOrder,
        because: ReplaceReason,
    },
    Delete {
        prior: Record,
        because: DeleteReason,
    },
    Forget {
        prior: Record,
    },
    /// A data source that is read while applying.
    Read {
        later: Later,
    },
}

/// What an object will be.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// An object with every attribute of the kind, unknown where the API decides.
    pub values: Value,
    /// The part the configuration declares: what is sent.
    pub desired: Value,
    /// What the record will say beside the values: provider, dependencies, protection. Its `values` and `id` are empty.
    pub meta: Meta,
}

/// The parts of a record that come from the configuration alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    pub provider: crate::state::ProviderAddr,
    pub depends_on: Vec<crate::state::Dependency>,
    pub create_before_destroy: bool,
    pub prevent_destroy: bool,
}

/// One attribute (or one entry of a map, one element of a set…) that changes, as deep as the two sides have the same shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    pub path: Path,
    /// `None`: it was not there.
    pub before: Option<Value>,
    /// `None`: it will not be there.
    pub after: Option<Value>,
    pub cause: Cause,
    /// This edit is why the object must be replaced.
    pub forces_replace: bool,
}

/// Who wants an edit.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The configuration says otherwise than the record; the argument's place.
    Configuration(Option<Span>),
    /// The world was changed outside; the configuration is what it was.
    Drift,
    /// It flows from another object that changes.
    Upstream(ObjectAddr),
    /// The API decides it anew.
    Computed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplaceOrder {
    DeleteFirst,
    CreateFirst,
    /// `destroy = false`: the old object is dropped from the state and stays in the world.
    ForgetFirst,
}

/// Terraform's `action_reason`s of a replacement.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplaceReason {
    /// The kind cannot change these in place.
    CannotUpdate(Vec<Path>),
    Tainted,
    /// `-replace`.
    Requested,
    /// `replace_triggered_by`.
    Triggered,
}

/// Terraform's `action_reason`s of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteReason {
    /// The block is gone.
    NoResourceConfig,
    /// The whole module is gone.
    NoModule,
    /// `count` or `for_each` was added or removed.
    WrongRepetition,
    CountIndex,
    EachKey,
    /// `destroy`.
    Requested,
    /// It was replaced and an earlier run did not get to delete it.
    Deposed,
}

/// One call, in order: what apply does for a [`Subject`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub subject: Subject,
    pub verb: Verb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Create,
    Update,
    Delete,
    /// Drops it from the state only.
    Forget,
    /// Writes what was read, without a request.
    Record,
    /// Asks what a data source gives.
    Read,
}

/// An object that is not what the record says.
#[derive(Clone, Debug)]
pub struct Drift {
    pub addr: ObjectAddr,
    pub prior: Record,
    /// `None`: it is gone.
    pub current: Option<Record>,
    pub edits: Vec<Edit>,
}

/// What becomes of a root output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputChange {
    pub before: Option<Value>,
    /// May hold unknowns. `None`: it is removed.
    pub after: Option<Value>,
}

/// What a look at the world says of an open intent (engine.md §4).
#[derive(Clone, Debug)]
pub struct Finding {
    pub intent: IntentId,
    pub addr: ObjectAddr,
    pub verdict: Verdict,
}

#[derive(Clone, Debug)]
pub enum Verdict {
    /// A create that happened: the record to adopt.
    Adopted(Box<Record>),
    /// It did not happen, or may simply be sent again.
    NotDone,
    /// A delete that happened.
    Gone,
    /// An update that happened: the record as intended.
    Updated(Box<Record>),
}

/// How the world was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub objects: usize,
    pub requests: u64,
    pub took: Duration,
}

impl Subject {
    pub fn current(addr: ObjectAddr) -> Self {
        Self { addr, deposed: None }
    }
}
