//! What is recorded of the world: a [`Record`] per object, the [`Intent`]s that are not settled, and the stores that keep them.
//!
//! A store offers a snapshot to anybody and a [`Writer`] to one process at a time. A writer commits [`Event`]s: all of
//! a commit or nothing, durable on return, the serial one higher. What an event does to a [`State`] is
//! [`State::fold`]; what it does to the rows of a store follows from that, row by row (`ledger.rs`), the same for every store.
//!
//! A [`Backend`] is a place with a store for each workspace. An [`Image`] is what a store holds, taken out of it: it goes back in
//! time, into another store ([`migrate`]), or through a file.
//!
//! To read on: `fold.rs`; `format/` (what a row says), `rows.rs`, `ledger.rs` (a commit); `log.rs`; then the
//! stores, [`SledStore`] in `sled/`, [`postgres`] and [`MemoryStore`]. What every store promises is `tests/contract.rs`, run on each.

use crate::addr::{ModulePath, Name, ObjectAddr, ResourceAddr};
use crate::secret::{Fingerprint, KeySlot, Sealer};
use crate::value::{Path, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

mod background;
mod difference;
mod fold;
mod hold;
pub mod journal;
pub(crate) mod format;
mod rows;
pub mod history;
mod image;
mod ledger;
mod log;
mod memory;
mod sled;
mod logged;
mod http;
pub mod postgres;
mod s3;
mod migrate;
#[cfg(test)]
mod tests;

pub use background::released;
pub use difference::{Difference, ObjectDifference};
pub use hold::Hold;
pub use http::{HttpBackend, HttpSettings};
pub use image::{DocumentError, Image};
pub use memory::{MemoryBackend, MemoryStore};
pub use migrate::{MigrateError, Migrated, migrate};
pub use s3::{S3Backend, S3Settings};
pub use sled::{EarlyRead, SledBackend, SledStore};

/// Which history a state belongs to, and how far that history is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateVersion {
    /// Made once, when the state is; 8 lower-case hexadecimal digits.
    pub lineage: Arc<str>,
    /// One more with each commit; 0 is a state that was never written.
    pub serial: u64,
}

/// Everything recorded, in memory. Sealed values are open if the key is there, else they are unknown and sensitive.
#[derive(Clone, Debug)]
pub struct State {
    pub version: StateVersion,
    pub records: BTreeMap<ObjectAddr, Record>,
    /// Objects that were replaced and wait for their deletion.
    pub deposed: BTreeMap<(ObjectAddr, DeposedKey), Record>,
    pub outputs: BTreeMap<Name, Value>,
    /// Operations whose outcome is not recorded yet.
    pub intents: BTreeMap<IntentId, Intent>,
    /// How the key that seals this state is found; `None` before anything was sealed.
    pub key: Option<KeySlot>,
    /// Records that could not be read, by the text of their address, with what is wrong.
    pub damaged: BTreeMap<String, String>,
    /// Who made the newest commit, when.
    pub last: Option<Stamp>,
}

/// What a state holds, as far as it is known before its records are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// How many records there are of each kind.
    pub kinds: BTreeMap<Name, usize>,
    /// Whether an operation is open.
    pub is_open: bool,
}

/// Distinguishes the deposed objects of one address: 8 hexadecimal digits.
pub type DeposedKey = Arc<str>;

/// The provider configuration that manages an object: `cloudelements` or `cloudelements.eu`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderAddr {
    pub name: Name,
    pub alias: Option<Name>,
}

/// What is recorded of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub provider: ProviderAddr,
    /// The identity in the API, as text; numbers keep all their digits.
    pub id: Arc<str>,
    /// An object: attribute → value, in the types of the kind's schema. Of a `partial` map only the declared keys. A secret *input* is
    /// not kept: it is `Unknown`, marked sensitive, and `fingerprints` has its path. A secret *result* is marked sensitive and sealed on disk.
    pub values: Value,
    pub fingerprints: BTreeMap<Path, Fingerprint>,
    /// What the fingerprints are bound to beside their path: the address that they were made for, which stays when the object is
    /// moved. `None` in records of before that was so.
    pub bound: Option<Arc<str>>,
    pub status: Status,
    /// Direct dependencies: the resources (with the module they stand in) that this object's block refers to.
    pub depends_on: Vec<Dependency>,
    pub create_before_destroy: bool,
    pub prevent_destroy: bool,
    /// The marker that the object carries in the API, if it does.
    pub marker: Option<Arc<str>>,
}

/// A resource block in a module, all objects of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dependency {
    pub module: ModulePath,
    pub resource: ResourceAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ready,
    /// Made, but not usable: it is replaced at the next apply.
    Tainted,
}

/// 16 hexadecimal digits; the first 8 are a hash of the address (engine.md §4).
pub type IntentId = Arc<str>;

/// The first half of the intents of an address: so that even a lost state can be matched with its configuration.
pub fn address_hash(addr: &ObjectAddr) -> String {
    use sha2::Digest;
    let hash = sha2::Sha256::digest(addr.to_string().as_bytes());
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// A change that was about to be asked of the API. Written before the request, removed with its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    pub id: IntentId,
    pub addr: ObjectAddr,
    /// The deposed object it is about, if it is: of a delete what is deleted, of a create what waits for it.
    pub deposed: Option<DeposedKey>,
    pub operation: Operation,
    /// What the record will be when this succeeded (create, update) or what it was (delete). For a create `id` is empty.
    pub record: Record,
    /// Which request was meant.
    pub fingerprint: Fingerprint,
    /// The marker that a create carries.
    pub marker: Option<Arc<str>>,
    /// Of a create without a marker: the ids of what looked like its object before it was sent. `None`: nobody could look.
    pub before: Option<Vec<Arc<str>>>,
    pub stamp: Stamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Create,
    Update,
    Delete,
}

/// Who did it and when.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Seconds since 1970, UTC.
    pub at: i64,
    /// `ann@build-3`.
    pub who: Arc<str>,
    /// The command: `apply`, `state rm`.
    pub command: Arc<str>,
    pub pid: u32,
}

/// One thing that a commit changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Intended(Box<Intent>),
    /// The intent is settled; its outcome is in the same commit, or nothing happened.
    Settled(IntentId),
    Recorded(ObjectAddr, Box<Record>),
    Removed(ObjectAddr),
    /// The current record of the address becomes a deposed one.
    Deposed(ObjectAddr, DeposedKey),
    /// A deposed record of the address becomes the current one again (a replacement failed).
    Restored(ObjectAddr, DeposedKey),
    RemovedDeposed(ObjectAddr, DeposedKey),
    Moved {
        from: ObjectAddr,
        to: ObjectAddr,
    },
    /// `None` removes it.
    Output(Name, Option<Value>),
    KeySlot(KeySlot),
}

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the state is locked by {holder}")]
    Locked { holder: Holder },
    #[error("{what}: {source}")]
    Io {
        what: String,
        #[source]
        source: std::io::Error,
    },
    /// The store as a whole cannot be used; nothing was changed.
    #[error("the state at {place} is damaged: {problem}")]
    Damaged { place: String, problem: String },
    /// It was written by a newer version.
    #[error("the state at {place} has format {found}; this version knows up to {known}")]
    TooNew { place: String, found: u32, known: u32 },
    /// Sealed values are bound to their address, and the key that could bind them to another is not there. Nothing was changed.
    #[error("`{from}` has sealed values, and without the key they cannot be moved to `{to}`")]
    Closed { from: String, to: String },
    /// The lock is held by a process that lives: ending it is what lets go.
    #[error("the state is locked by {holder}, which is alive")]
    Alive { holder: Holder },
    #[error("the state is not locked")]
    NotLocked,
    /// Somebody broke this writer's lock, taking it for dead. Nothing was written.
    #[error("the lock on the state was broken by somebody else, so nothing more can be written")]
    Fenced,
    /// The events of a commit contradict the state. Nothing was changed.
    #[error("the state cannot take this in: {problem}")]
    Refused { problem: String },
}

impl StoreError {
    pub(crate) fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }
}

/// Who holds a lock: what another writer is told.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    pub id: String,
    pub pid: u32,
    pub host: String,
    pub user: String,
    pub command: String,
    /// Seconds since 1970, UTC.
    pub since: i64,
}

impl Holder {
    /// Somebody who did not say who that is.
    pub(crate) fn unknown() -> Self {
        let text = || "unknown".to_string();
        Self { id: String::new(), pid: 0, host: text(), user: text(), command: text(), since: 0 }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{} (process {}, `{}`)", self.user, self.host, self.pid, self.command)
    }
}

/// What [`Store::repair`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// It was whole.
    Nothing { serial: u64 },
    /// The database was made anew from the log.
    Database { serial: u64 },
    /// The log was made anew from the database; the history before that serial is gone.
    Log { serial: u64 },
    /// Some of it is gone, and is not missed from here on.
    Accepted { serial: u64, problem: String },
    /// Neither was whole: what verifies in one of them was kept, and `damaged` names what verifies in none.
    Salvaged { serial: u64, damaged: Vec<String> },
}

/// A place where a state rests. `tests/contract.rs` holds every implementation to what is said here.
#[async_trait::async_trait]
pub trait Store: Send + Sync {
    /// The newest committed state. Works while another process writes. A store that was never written gives an empty state with a fresh
    /// lineage and serial 0, and stays unwritten.
    async fn snapshot(&self) -> Result<State, StoreError>;

    /// The version of the newest committed state and how its key is found: what is asked before its values are opened.
    async fn key(&self) -> Result<(StateVersion, Option<KeySlot>), StoreError> {
        let state = self.snapshot().await?;
        Ok((state.version, state.key))
    }

    /// What is stored, unopened: now, or as it was after the commit `at`. `None` if that was never written, or is no longer kept.
    async fn image(&self, at: Option<u64>) -> Result<Option<Image>, StoreError>;

    /// The commits that are kept, the oldest first.
    async fn history(&self) -> Result<Vec<history::Entry>, StoreError>;

    /// Takes the lock, waiting up to `wait` for its holder, or says who holds it and since when. A store that is damaged so that
    /// it could not be written says so here, before anything is planned.
    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Writer>, StoreError>;

    /// Says what the state holds as soon as the next lock is taken, before its records are read: for who can make use of the time.
    /// `None` of a store that does not know it any sooner.
    fn outline(&self) -> Option<oneshot::Receiver<Outline>> {
        None
    }

    /// Who holds the lock now, if anybody does.
    async fn holder(&self) -> Result<Option<Holder>, StoreError>;

    /// Ends the lock `id`, whose holder is taken for dead. If it lives after all, its next commit fails with [`StoreError::Fenced`].
    async fn break_lock(&self, id: &str) -> Result<(), StoreError>;

    /// Makes whole what is damaged, as far as the store itself still knows it.
    async fn repair(&self, holder: &Holder, wait: Duration) -> Result<Rebuilt, StoreError>;

    /// Takes what was read early, if that is this store.
    fn take(&mut self, _: EarlyRead) {}

    /// Gives a state that is yet to be written this lineage, which a saved plan or a key was made for, instead of a new one.
    fn begin_with(&mut self, lineage: &str);

    /// Lets this store open and seal values. Without, sealed values stay closed.
    fn unlock_values(&mut self, sealer: Arc<Sealer>);
}

/// Exists only while the lock is held; dropping it releases the lock.
#[async_trait::async_trait]
pub trait Writer: Send {
    /// The state as of the last commit.
    fn state(&self) -> &State;

    /// Writes all events or none; durable on return; gives the new serial. Without events nothing is written.
    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError>;

    /// Makes the state what `image` is, in one commit, and gives the new serial: the image's, or one more than before where that is higher.
    /// If nothing differs, nothing is written. A state that was never written takes the image's lineage; whether another one may be
    /// replaced by it is the caller's to say. Sealed values are stored as they come.
    async fn replace(&mut self, image: &Image, stamp: &Stamp) -> Result<u64, StoreError>;

    /// What the state is, from memory alone: for when the store cannot be written any more.
    fn image(&self) -> Result<Image, StoreError>;

    /// The lock, for those who send; `None` if it cannot be lost while the process lives.
    fn hold(&self) -> Option<Arc<dyn Hold>> {
        None
    }
}

/// A place with a state for each workspace: what a `backend` block names.
#[async_trait::async_trait]
pub trait Backend: Send + Sync {
    /// Where the state of a workspace is, for people.
    fn place(&self, workspace: &str) -> String;

    /// The workspaces that were created or written, sorted. `default` exists without being listed.
    async fn workspaces(&self) -> Result<Vec<Name>, StoreError>;

    /// Whether a workspace was created or written.
    async fn has(&self, workspace: &str) -> Result<bool, StoreError> {
        Ok(self.workspaces().await?.iter().any(|known| **known == *workspace))
    }

    /// Whether [`Backend::workspaces`] knows all there are, and not only those that somebody here has used.
    fn has_list(&self) -> bool {
        true
    }

    /// Reads and writes nothing yet.
    fn open(&self, workspace: &str) -> Box<dyn Store>;

    /// Whether the place can keep what a store promises, where that is not certain.
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Makes an empty workspace known.
    async fn create(&self, workspace: &str) -> Result<(), StoreError>;

    /// Removes a workspace with all that is in it, unless somebody holds its lock.
    async fn remove(&self, workspace: &str, holder: &Holder) -> Result<(), StoreError>;
}

/// Whether a workspace may be called so: what stands in a URL and in a file's name without escaping.
pub fn is_workspace_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    !name.is_empty() && name.len() <= 90 && !name.starts_with('.') && name.bytes().all(plain)
}
