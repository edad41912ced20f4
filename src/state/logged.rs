//! A store that is nothing but a log, resting somewhere else than in a file: what objects in a bucket and a document on a web server
//! have in common. The text is that of `log.rs`; a [`Shelf`] is where it rests and who may write there.

use super::history::Entry;
use super::ledger::{Chain, Group, Ledger};
use super::log::{Base, Told, write_base};
use super::rows::{self, Rows};
use super::{Event, Hold, Holder, Image, Rebuilt, Stamp, State, StateVersion, Store, StoreError, Writer};
use crate::secret::{Sealer, random_hex};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// How many commits a history has at least, when there are so many.
pub(super) const HISTORY: usize = 100;

/// How much of a log is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// What the newest state needs.
    Newest,
    /// What the state after this commit needs.
    Until(u64),
    /// All that is kept.
    Whole,
}

/// Where a log rests.
#[async_trait::async_trait]
pub(super) trait Shelf: Send + Sync + 'static {
    type Held: Held;

    /// Reads the log; `None` if it was never written. What is missing or does not verify is in its faults.
    async fn read(&self, span: Span) -> Result<Option<Told>, StoreError>;

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Self::Held, StoreError>;

    async fn holder(&self) -> Result<Option<Holder>, StoreError>;

    async fn break_lock(&self, id: &str) -> Result<(), StoreError>;

    /// Where that is, for people.
    fn place(&self) -> String;
}

/// The right to write, until it is dropped.
#[async_trait::async_trait]
pub(super) trait Held: Send {
    /// Reads the newest state, behind which the next commit will go.
    async fn read(&mut self) -> Result<Option<Told>, StoreError>;

    /// Appends a commit: durable on return, all or nothing, and only while the lock is held. `base` begins a log that was never written.
    async fn append(&mut self, base: Option<&Base>, group: &Group) -> Result<(), StoreError>;

    /// Lets a state take the place of what the log says, at a serial above all that it reached.
    async fn rebase(&mut self, base: Base, rows: &Rows) -> Result<(), StoreError>;

    /// The lock, for those who send; `None` if it cannot be lost while the process lives.
    fn hold(&self) -> Option<Arc<dyn Hold>> {
        None
    }

    /// The highest serial that is known to have been committed.
    fn reached(&self) -> u64;
}

/// A state whose log rests on a shelf.
pub(super) struct LogStore<S> {
    shelf: Arc<S>,
    /// The lineage of a state that is yet to be written: the same for all that this store hands out.
    fresh: Arc<str>,
    sealer: SharedSealer,
}

type SharedSealer = Arc<RwLock<Option<Arc<Sealer>>>>;

impl<S: Shelf> LogStore<S> {
    pub fn new(shelf: S) -> Self {
        Self { shelf: Arc::new(shelf), fresh: random_hex(8).into(), sealer: SharedSealer::default() }
    }

    fn ledger(&self, told: Option<Told>) -> Result<Ledger, StoreError> {
        let Some(told) = told else { return beginning(&self.fresh) };
        let chain = told.chain().clone();
        let image = told.into_image();
        let opened = Ledger::new(image.rows, image.version, chain, read_sealer(&self.sealer).as_deref());
        let mut ledger = opened.map_err(|found| too_new(&self.shelf.place(), found))?;
        ledger.state.last = image.stamp;
        ledger.state.damaged.extend(image.damaged);
        Ok(ledger)
    }
}

/// The ledger of a state before its first commit.
fn beginning(lineage: &Arc<str>) -> Result<Ledger, StoreError> {
    let version = StateVersion { lineage: lineage.clone(), serial: 0 };
    Ledger::new(Rows::new(), version, Chain::start(lineage), None).map_err(|found| too_new("nowhere", found))
}

impl Told {
    /// The state that the log ends with.
    fn into_image(self) -> Image {
        let (version, stamp) = (self.version(), self.stamp().cloned());
        let Self { rows, faults, .. } = self;
        // A row that does not verify is named when it is decoded.
        let damaged = faults.into_iter().filter(|(what, _)| !rows.contains_key(what)).collect();
        Image { version, stamp, damaged, rows }
    }
}

#[async_trait::async_trait]
impl<S: Shelf> Store for LogStore<S> {
    async fn snapshot(&self) -> Result<State, StoreError> {
        Ok(self.ledger(self.shelf.read(Span::Newest).await?)?.state)
    }

    async fn image(&self, at: Option<u64>) -> Result<Option<Image>, StoreError> {
        let told = self.shelf.read(at.map_or(Span::Newest, Span::Until)).await?;
        let serial = |told: &Told| told.version().serial;
        let wanted = |told: &Told| at.map_or(serial(told) > 0, |at| at == serial(told));
        Ok(told.filter(wanted).map(Told::into_image))
    }

    async fn history(&self) -> Result<Vec<Entry>, StoreError> {
        let told = self.shelf.read(Span::Whole).await?;
        Ok(told.map(|told| told.commits.into_iter().map(|commit| commit.entry).collect()).unwrap_or_default())
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.shelf.holder().await
    }

    async fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        self.shelf.break_lock(id).await
    }

    async fn repair(&self, holder: &Holder, wait: Duration) -> Result<Rebuilt, StoreError> {
        let mut hold = self.shelf.lock(holder, wait).await?;
        let Some(told) = hold.read().await? else { return Ok(Rebuilt::Nothing { serial: 0 }) };
        if told.obstacle().is_none() {
            return Ok(Rebuilt::Nothing { serial: told.version().serial });
        }
        let serial = told.version().serial.max(hold.reached()) + 1;
        let damaged = told.rows.iter().filter(|(_, line)| super::format::read_line(line).is_err());
        let damaged = damaged.map(|(key, _)| rows::shown(key)).collect();
        let base = Base { serial, chain: told.chain().clone(), stamp: told.stamp().cloned(), ..told.base };
        hold.rebase(base, &told.rows).await?;
        Ok(Rebuilt::Salvaged { serial, damaged })
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Writer>, StoreError> {
        let mut hold = self.shelf.lock(holder, wait).await?;
        let told = hold.read().await?;
        if let Some((what, problem)) = told.as_ref().and_then(Told::obstacle) {
            let problem = format!("`{what}` in its log: {problem}");
            return Err(StoreError::Damaged { place: self.shelf.place(), problem });
        }
        // A log without a commit says only that its workspace is there: the first commit begins another.
        let begun = told.as_ref().is_some_and(|told| told.version().serial > 0);
        let ledger = self.ledger(told)?;
        Ok(Box::new(LogWriter { ledger, begun, sealer: self.sealer.clone(), hold }))
    }

    fn begin_with(&mut self, lineage: &str) {
        self.fresh = lineage.into();
    }

    fn unlock_values(&mut self, sealer: Arc<Sealer>) {
        *self.sealer.write().unwrap_or_else(PoisonError::into_inner) = Some(sealer);
    }
}

struct LogWriter<H> {
    ledger: Ledger,
    /// Whether there is a log already.
    begun: bool,
    sealer: SharedSealer,
    hold: H,
}

impl<H: Held> LogWriter<H> {
    async fn write(&mut self, group: &Group) -> Result<(), StoreError> {
        let StateVersion { lineage, serial } = &self.ledger.state.version;
        let chain = self.ledger.chain.clone();
        let base = Base { lineage: lineage.to_string(), serial: *serial, chain, rows: 0, stamp: None };
        self.hold.append(Some(&base).filter(|_| !self.begun), group).await?;
        self.begun = true;
        Ok(())
    }
}

#[async_trait::async_trait]
impl<H: Held> Writer for LogWriter<H> {
    fn state(&self) -> &State {
        &self.ledger.state
    }

    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        if !events.is_empty() {
            let prepared = self.ledger.prepare(events, stamp, read_sealer(&self.sealer).as_deref())?;
            self.write(&prepared.group).await?;
            self.ledger.accept(prepared, events, stamp);
        }
        Ok(self.ledger.state.version.serial)
    }

    async fn replace(&mut self, image: &Image, stamp: &Stamp) -> Result<u64, StoreError> {
        if !self.begun {
            self.ledger = beginning(&image.version.lineage)?;
        }
        let now = self.hold.read().await?.map(|told| told.rows).unwrap_or_default();
        let sealer = read_sealer(&self.sealer);
        if let Some((group, ledger)) = self.ledger.replace(&now, image, stamp, sealer.as_deref())? {
            self.write(&group).await?;
            self.ledger = ledger;
        }
        Ok(self.ledger.state.version.serial)
    }

    fn hold(&self) -> Option<Arc<dyn Hold>> {
        self.hold.hold()
    }

    fn image(&self) -> Result<Image, StoreError> {
        self.ledger.image(read_sealer(&self.sealer).as_deref())
    }
}

/// A log's beginning as text.
pub(super) fn base_text(base: &Base, rows: &Rows) -> Result<Vec<u8>, StoreError> {
    let mut text = Vec::new();
    write_base(&mut text, base, rows)
        .map_err(|error| StoreError::io("cannot write the state down", error))?;
    Ok(text)
}

pub(super) fn too_new(place: &str, found: u32) -> StoreError {
    StoreError::TooNew { place: place.to_owned(), found, known: super::format::FORMAT }
}

fn read_sealer(sealer: &SharedSealer) -> Option<Arc<Sealer>> {
    sealer.read().unwrap_or_else(PoisonError::into_inner).clone()
}
