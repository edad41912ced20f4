//! The default store: a directory with a log (`log`), a sled database (`db/`) and, while somebody writes, a `lock`.
//!
//! A commit goes to the log first and then to the database; each is durable before the next step. The log decides:
//! * A process that dies while it appends leaves a commit without an end. It was never acknowledged, nobody reads it, and it is cut off.
//! * A process that dies, or a database that fails, in between leaves the database exactly one commit behind, with the chain of
//!   the one before: the commit counts (readers have seen it) and the next writer puts it into the database.
//! * A database that is further behind, or empty, or of another history, has lost what it had: damage, never "new".
//! * A log that is behind the database has lost its end. The database is whole, so the log is written anew from it.
//!
//! So no acknowledged commit is lost unless both lose it, and no other appears. Reading takes only the log: it works while
//! another process writes and leaves no trace. If the log does not verify, a copy of the database is read instead.

mod backend;
mod db;
mod lock;
mod place;
mod repair;

use super::history::Entry;
use super::ledger::{Chain, Group, Ledger, Prepared};
use super::log::{Append, Log};
use super::rows::{self, Rows};
use super::{Event, Holder, Image, Outline, Rebuilt, Stamp, State, StateVersion, Store, StoreError, Writer};
use crate::secret::{KeySlot, Sealer, random_hex};
pub use backend::SledBackend;
use db::Db;
use lock::Lock;
use place::{Loaded, Origin, Place, Seen};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

const HISTORY: usize = 100;

/// A state in a directory of this machine.
pub struct SledStore {
    place: Place,
    /// The lineage of a state that is yet to be written: the same for all that this store hands out.
    fresh: Arc<str>,
    sealer: SharedSealer,
    /// What was read to find the key, until it is opened.
    read: Mutex<Option<(Seen, Loaded)>>,
    early: Mutex<Option<EarlyRead>>,
    /// Who is told what the next lock finds.
    told: Mutex<Option<oneshot::Sender<Outline>>>,
}

type SharedSealer = Arc<RwLock<Option<Arc<Sealer>>>>;

impl SledStore {
    /// The state in `dir`, which need not exist: only a commit makes it. Reads and writes nothing yet.
    pub fn open(dir: impl Into<PathBuf>) -> Self {
        let place = Place { dir: dir.into(), history: HISTORY };
        Self {
            place,
            fresh: random_hex(8).into(),
            sealer: SharedSealer::default(),
            read: Mutex::default(),
            early: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Keeps `serials` commits in the history when it is cut; it is cut when it has twice as many.
    pub fn with_history(mut self, serials: usize) -> Self {
        self.place.history = serials.max(1);
        self
    }

    /// Reads the store, unless that was just done and its log is as it was.
    fn load(&self) -> Result<Loaded, StoreError> {
        let early = || self.early.lock().unwrap_or_else(PoisonError::into_inner).take()?.end();
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).take();
        match read.or_else(early) {
            Some((seen, loaded)) if self.place.seen().is_some_and(|now| now == seen) => Ok(loaded),
            _ => self.place.load(&self.fresh),
        }
    }

    fn keep(&self, seen: Option<Seen>, loaded: Loaded) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = seen.map(|seen| (seen, loaded));
    }
}

/// A state that is being read on a thread of its own, while it is found out whether it is the one to read.
pub struct EarlyRead {
    dir: PathBuf,
    reading: JoinHandle<Option<(Seen, Loaded)>>,
}

impl EarlyRead {
    /// Begins to read the state in `dir`; `None` if there is none. What is wrong with it is for those who need it.
    pub fn begin(dir: PathBuf) -> Option<Self> {
        let place = Place { dir: dir.clone(), history: HISTORY };
        let seen = place.seen()?;
        let read = move || Some((seen, place.load(&Arc::from("")).ok()?));
        let reading = std::thread::Builder::new().spawn(read).ok()?;
        Some(Self { dir, reading })
    }

    fn end(self) -> Option<(Seen, Loaded)> {
        self.reading.join().ok().flatten()
    }
}

#[async_trait::async_trait]
impl Store for SledStore {
    async fn snapshot(&self) -> Result<State, StoreError> {
        let sealer = read_sealer(&self.sealer);
        Ok(self.place.ledger(self.load()?, sealer.as_deref()).await?.0.state)
    }

    async fn image(&self, at: Option<u64>) -> Result<Option<Image>, StoreError> {
        let loaded = match at {
            None => self.load()?,
            Some(serial) => match self.place.told(Some(serial))? {
                Some(told) if told.version().serial == serial => Loaded::from_log(told),
                _ => return Ok(None),
            },
        };
        let written = loaded.version.serial > 0;
        Ok(written.then(|| Image {
            version: loaded.version,
            stamp: loaded.stamp,
            damaged: loaded.faults.into_iter().collect(),
            rows: loaded.rows,
        }))
    }

    async fn history(&self) -> Result<Vec<Entry>, StoreError> {
        let told = self.place.told(None)?;
        Ok(told.map(|told| told.commits.into_iter().map(|commit| commit.entry).collect()).unwrap_or_default())
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        lock::holder(&self.place.dir).map_err(|error| self.place.unreadable(error))
    }

    /// The kernel ends a lock with its process, so there is none to break: either its holder lives, or nobody holds it.
    async fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        match self.holder().await? {
            Some(holder) if holder.id == id => Err(StoreError::Alive { holder }),
            Some(holder) => Err(StoreError::Locked { holder }),
            None => Err(StoreError::NotLocked),
        }
    }

    async fn repair(&self, holder: &Holder, wait: Duration) -> Result<Rebuilt, StoreError> {
        let _lock = Lock::take(&self.place.dir, holder, wait).await?;
        self.place.repair()
    }

    async fn key(&self) -> Result<(StateVersion, Option<KeySlot>), StoreError> {
        // Before the log is read, which may grow meanwhile.
        let seen = self.place.seen();
        let loaded = self.load()?;
        let slot = rows::key_slot(&loaded.rows).map_err(|found| self.place.too_new(found))?;
        let version = loaded.version.clone();
        self.keep(seen, loaded);
        Ok((version, slot))
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Writer>, StoreError> {
        let lock = Lock::take(&self.place.dir, holder, wait).await?;
        let sealer = read_sealer(&self.sealer);
        let loaded = self.load()?;
        self.place.check(&loaded.origin)?;
        if let Some(tell) = self.told.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Whoever asked may have gone.
            let _ = tell.send(rows::outline(&loaded.rows));
        }
        let (ledger, origin) = self.place.ledger(loaded, sealer.as_deref()).await?;
        let disk = Disk { files: None, origin, failed: None, place: self.place.clone(), lock };
        let disk = Arc::new(Mutex::new(disk));
        Ok(Box::new(SledWriter { ledger, disk, sealer: self.sealer.clone(), place: self.place.clone() }))
    }

    fn outline(&self) -> Option<oneshot::Receiver<Outline>> {
        let (tell, told) = oneshot::channel();
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
        Some(told)
    }

    fn take(&mut self, early: EarlyRead) {
        let early = (early.dir == self.place.dir).then_some(early);
        *self.early.get_mut().unwrap_or_else(PoisonError::into_inner) = early;
    }

    fn begin_with(&mut self, lineage: &str) {
        self.fresh = lineage.into();
    }

    fn unlock_values(&mut self, sealer: Arc<Sealer>) {
        *self.sealer.write().unwrap_or_else(PoisonError::into_inner) = Some(sealer);
    }
}

struct SledWriter {
    ledger: Ledger,
    /// Shared with a commit that is being written: whoever lets go of the writer, the lock stays until that is done.
    disk: Arc<Mutex<Disk>>,
    sealer: SharedSealer,
    place: Place,
}

/// Holds the lock. The files are opened with the first commit, so that a plan writes nothing.
struct Disk {
    // Dropped in this order: the database closes before the lock goes.
    files: Option<Files>,
    origin: Origin,
    /// Why nothing more can be written.
    failed: Option<String>,
    place: Place,
    lock: Lock,
}

/// What a commit is written behind.
struct Before {
    version: StateVersion,
    chain: Chain,
    stamp: Option<Stamp>,
}

impl Before {
    fn of(ledger: &Ledger) -> Self {
        let state = &ledger.state;
        Self { version: state.version.clone(), chain: ledger.chain.clone(), stamp: state.last.clone() }
    }
}

struct Files {
    log: Log,
    db: Db,
}

/// A commit is encoded and written on a thread of its own, for the few milliseconds that the disk takes: what is on its way to the API goes on.
#[async_trait::async_trait]
impl Writer for SledWriter {
    fn state(&self) -> &State {
        &self.ledger.state
    }

    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        self.disk().check()?;
        if !events.is_empty() {
            let (draft, sealer) = (self.ledger.draft(events, stamp)?, read_sealer(&self.sealer));
            let prepared = self.write(move || draft.prepare(sealer.as_deref())).await?;
            self.ledger.accept(prepared, events, stamp);
        }
        Ok(self.ledger.state.version.serial)
    }

    async fn replace(&mut self, image: &Image, stamp: &Stamp) -> Result<u64, StoreError> {
        self.disk().check()?;
        let now = self.rows()?;
        let sealer = read_sealer(&self.sealer);
        if self.ledger.state.version.serial == 0 {
            let version = StateVersion { lineage: image.version.lineage.clone(), serial: 0 };
            let chain = Chain::start(&version.lineage);
            self.ledger =
                Ledger::new(Rows::new(), version, chain, None).map_err(|found| self.place.too_new(found))?;
        }
        if let Some((group, ledger)) = self.ledger.replace(&now, image, stamp, sealer.as_deref())? {
            self.write(|| Ok(Prepared { group, closed: Vec::new() })).await?;
            self.ledger = ledger;
        }
        Ok(self.ledger.state.version.serial)
    }

    fn image(&self) -> Result<Image, StoreError> {
        self.ledger.image(read_sealer(&self.sealer).as_deref())
    }
}

impl SledWriter {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows as they are stored now.
    fn rows(&self) -> Result<Rows, StoreError> {
        Ok(self.place.load(&self.ledger.state.version.lineage)?.rows)
    }

    /// Writes a commit and gives it back.
    async fn write(
        &self,
        commit: impl FnOnce() -> Result<Prepared, StoreError> + Send + 'static,
    ) -> Result<Prepared, StoreError> {
        let (disk, before) = (self.disk.clone(), Before::of(&self.ledger));
        let writing = tokio::task::spawn_blocking(move || {
            let prepared = commit()?;
            let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
            disk.write(&before, &prepared.group).map(|()| prepared)
        });
        writing.await.unwrap_or_else(|error| Err(self.place.unwritable(io::Error::other(error))))
    }
}

impl Disk {
    fn check(&self) -> Result<(), StoreError> {
        let problem = match &self.failed {
            Some(problem) => problem.clone(),
            None if self.lock.is_held() => return Ok(()),
            None => "its directory, or the lock in it, was removed while it was in use".to_owned(),
        };
        Err(self.place.unwritable(io::Error::other(problem)))
    }

    fn write(&mut self, before: &Before, group: &Group) -> Result<(), StoreError> {
        if self.files.is_none() {
            self.files = Some(self.place.open_files(before, &self.origin)?);
            self.origin = Origin::Fresh; // what was read is not needed any more, and may be large
        }
        let Some(files) = &mut self.files else { return Ok(()) };
        if !files.log.is_at(&self.place.log()) {
            // What is written to a file without a name is lost with the process.
            let gone =
                io::Error::new(io::ErrorKind::NotFound, "it was removed or replaced while this command ran");
            self.failed = Some(gone.to_string());
            return Err(self.place.unwritable(gone));
        }
        if let Err(Append { error, undone }) = files.log.append(&group.text, group.serial) {
            if !undone {
                self.failed = Some(format!("an earlier commit could not be written: {error}"));
            }
            return Err(self.place.unwritable(error));
        }
        if let Err(error) = files.db.commit(&before.version.lineage, group) {
            // The log has it, so it is committed; the next writer brings the database up to it. But one commit behind is all that
            // can be told from damage, so this writer writes no more.
            tracing::warn!("the database of the state could not be written: {error}");
            self.failed = Some(format!("its database could not be written: {error}"));
        }
        Ok(())
    }
}

fn read_sealer(sealer: &SharedSealer) -> Option<Arc<Sealer>> {
    sealer.read().unwrap_or_else(PoisonError::into_inner).clone()
}
