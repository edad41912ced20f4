//! The default store: a directory with a log (`log`), a sled database (`db/`) and, while somebody writes, a `lock`.
//!
//! A commit goes to the log first and then to the database; each is durable before the next step. The log decides:
//! * A process that dies while it appends leaves a commit without an end. It was never acknowledged, nobody reads it, and it is cut off.
//! * A process that dies in between leaves the database exactly one commit behind, with the chain of the one before: the commit
//!   counts (readers have seen it) and the next writer puts it into the database.
//! * A database that is further behind, or empty, or of another history, has lost what it had: damage, never "new".
//! * A log that is behind the database has lost its end. The database is whole, so the log is written anew from it.
//!
//! So no acknowledged commit is lost unless both lose it, and no other appears. Reading takes only the log: it works while
//! another process writes and leaves no trace. If the log does not verify, a copy of the database is read instead.

mod db;
mod lock;

use super::format::FORMAT;
use super::history::Entry;
use super::ledger::{Chain, Group, Ledger};
use super::log::{self, Base, Found, Log, Told};
use super::rows::{self, Rows};
use super::{Event, Holder, Stamp, State, StateVersion, Store, StoreError, Writer};
use crate::secret::{Sealer, random_hex};
use db::{Db, DbError, Head};
use lock::Lock;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

const HISTORY: usize = 100;

/// A state in a directory of this machine.
pub struct SledStore {
    place: Place,
    /// The lineage of a state that is yet to be written: the same for all that this store hands out.
    fresh: Arc<str>,
    sealer: SharedSealer,
}

/// What [`SledStore::rebuild`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// The database was made anew from the log; the old one is kept in `db.damaged`.
    Database { serial: u64 },
    /// The log was made anew from the database; the history before that serial is gone.
    Log { serial: u64 },
}

type SharedSealer = Arc<RwLock<Option<Arc<Sealer>>>>;

#[derive(Clone)]
struct Place {
    dir: PathBuf,
    /// How many commits stay in the history when it is cut.
    history: usize,
}

/// What reading gave.
struct Loaded {
    version: StateVersion,
    chain: Chain,
    stamp: Option<Stamp>,
    rows: Rows,
    /// Damage that no row stands for.
    faults: Vec<(String, String)>,
    origin: Origin,
}

/// Where a state was read from.
enum Origin {
    /// Nowhere: it was never written.
    Fresh,
    Log(Box<Told>),
    /// The log did not verify, or is gone.
    Database,
}

impl SledStore {
    /// The state in `dir`, which need not exist: only a commit makes it. Reads and writes nothing yet.
    pub fn open(dir: impl Into<PathBuf>) -> Self {
        let place = Place { dir: dir.into(), history: HISTORY };
        Self { place, fresh: random_hex(8).into(), sealer: SharedSealer::default() }
    }

    /// Keeps `serials` commits in the history when it is cut; it is cut when it has twice as many.
    pub fn with_history(mut self, serials: usize) -> Self {
        self.place.history = serials.max(1);
        self
    }

    /// The commits that the history still has, the oldest first.
    pub fn history(&self) -> Result<Vec<Entry>, StoreError> {
        let told = self.place.told(None)?;
        Ok(told.map(|told| told.commits.into_iter().map(|commit| commit.entry).collect()).unwrap_or_default())
    }

    /// The state as it was after the commit `serial`, if the history goes back to it.
    pub fn at(&self, serial: u64) -> Result<Option<State>, StoreError> {
        let Some(told) = self.place.told(Some(serial))? else { return Ok(None) };
        if told.version().serial != serial {
            return Ok(None);
        }
        let loaded = Loaded::from_log(told);
        let sealer = read_sealer(&self.sealer);
        let (mut state, _) = rows::decode(&loaded.rows, loaded.version, sealer.as_deref())
            .map_err(|found| self.place.too_new(found))?;
        state.last = loaded.stamp;
        state.damaged.extend(loaded.faults);
        Ok(Some(state))
    }

    /// Who holds the lock now, if anybody does.
    pub fn holder(&self) -> Result<Option<Holder>, StoreError> {
        lock::holder(&self.place.dir).map_err(|error| self.place.unreadable(error))
    }

    /// Makes the database anew from the log, or the log from the database, whichever is whole; for a store that says it is damaged.
    pub async fn rebuild(&self, holder: &Holder, wait: Duration) -> Result<Rebuilt, StoreError> {
        let _lock = Lock::take(&self.place.dir, holder, wait).await?;
        match log::read(&self.place.log(), None).map_err(|error| self.place.unreadable(error))? {
            Found::TooNew(found) => Err(self.place.too_new(found)),
            Found::Told(told) if told.faults.is_empty() => self.place.rebuild_database(&told),
            _ => self.place.rebuild_log(),
        }
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        self.place.load(&self.fresh)
    }
}

#[async_trait::async_trait]
impl Store for SledStore {
    async fn snapshot(&self) -> Result<State, StoreError> {
        let sealer = read_sealer(&self.sealer);
        Ok(self.place.ledger(self.load()?, sealer.as_deref())?.0.state)
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Writer>, StoreError> {
        let lock = Lock::take(&self.place.dir, holder, wait).await?;
        let sealer = read_sealer(&self.sealer);
        let (ledger, origin) = self.place.ledger(self.load()?, sealer.as_deref())?;
        Ok(Box::new(SledWriter {
            ledger,
            origin,
            files: None,
            failed: None,
            sealer: self.sealer.clone(),
            place: self.place.clone(),
            _lock: lock,
        }))
    }

    fn unlock_values(&mut self, sealer: Arc<Sealer>) {
        *self.sealer.write().unwrap_or_else(PoisonError::into_inner) = Some(sealer);
    }
}

/// Holds the lock. The files are opened with the first commit, so that a plan writes nothing.
struct SledWriter {
    ledger: Ledger,
    origin: Origin,
    // Dropped in this order: the database closes before the lock goes.
    files: Option<Files>,
    /// Why nothing more can be written.
    failed: Option<String>,
    sealer: SharedSealer,
    place: Place,
    _lock: Lock,
}

struct Files {
    log: Log,
    db: Db,
}

/// A commit blocks its thread for the few milliseconds that the disk takes: whoever commits waits for it in any case.
#[async_trait::async_trait]
impl Writer for SledWriter {
    fn state(&self) -> &State {
        &self.ledger.state
    }

    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        if let Some(problem) = &self.failed {
            return Err(self.place.damaged(problem));
        }
        if !events.is_empty() {
            let sealer = read_sealer(&self.sealer);
            let prepared = self.ledger.prepare(events, stamp, sealer.as_deref())?;
            self.write(&prepared.group)?;
            self.ledger.accept(prepared, events, stamp);
        }
        Ok(self.ledger.state.version.serial)
    }
}

impl SledWriter {
    fn write(&mut self, group: &Group) -> Result<(), StoreError> {
        if self.files.is_none() {
            self.files = Some(self.place.open_files(&self.ledger, &self.origin)?);
            self.origin = Origin::Fresh; // what was read is not needed any more, and may be large
        }
        let Some(files) = &mut self.files else { return Ok(()) };
        if let Err(error) = files.log.append(&group.text) {
            self.failed = Some(format!("an earlier commit could not be written: {error}"));
            return Err(self.place.unwritable(error));
        }
        if let Err(error) = files.db.commit(&self.ledger.state.version.lineage, group) {
            // Taken back, so that what is reported as not committed is not. If that fails too, the next writer replays it: it is whole.
            let _ = files.log.take_back(group.text.len());
            self.failed = Some(format!("an earlier commit could not be written: {error}"));
            return Err(self.place.of(error));
        }
        Ok(())
    }
}

impl Loaded {
    fn fresh(lineage: &Arc<str>) -> Self {
        Self {
            version: StateVersion { lineage: lineage.clone(), serial: 0 },
            chain: Chain::start(lineage),
            stamp: None,
            rows: Rows::new(),
            faults: Vec::new(),
            origin: Origin::Fresh,
        }
    }

    fn from_log(mut told: Told) -> Self {
        let rows = std::mem::take(&mut told.rows);
        Self {
            version: told.version(),
            chain: told.chain().clone(),
            stamp: told.stamp().cloned(),
            // A row that does not verify is named when it is decoded.
            faults: told.faults.clone().into_iter().filter(|(key, _)| !rows.contains_key(key)).collect(),
            rows,
            origin: Origin::Log(Box::new(told)),
        }
    }

    fn from_database(head: Head, rows: Rows, stamp: Option<Stamp>) -> Self {
        Self {
            version: head.version(),
            chain: head.chain,
            stamp,
            rows,
            faults: Vec::new(),
            origin: Origin::Database,
        }
    }
}

/// What the log and the database say of each other.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Agree,
    /// The database lacks the newest commit.
    Replay,
    /// The log lacks commits that the database has.
    LogBehind,
    Damaged(String),
}

fn compare(told: &Told, head: Option<&Head>) -> Verdict {
    let version = told.version();
    let start = Head::start(&version.lineage);
    let head = head.unwrap_or(&start);
    let same = head.lineage == *version.lineage;
    match head.serial {
        _ if !same => Verdict::Damaged(format!(
            "its database belongs to the lineage {}, its log to {}",
            head.lineage, version.lineage
        )),
        serial if serial == version.serial && head.chain == *told.chain() => Verdict::Agree,
        serial if serial + 1 == version.serial && head.chain == *told.chain_before() => Verdict::Replay,
        serial if serial > version.serial => Verdict::LogBehind,
        0 => Verdict::Damaged(format!("its database is empty, its log goes to serial {}", version.serial)),
        serial if serial < version.serial => {
            Verdict::Damaged(format!("its database ends at serial {serial}, its log at {}", version.serial))
        }
        serial => Verdict::Damaged(format!("its database and its log differ at serial {serial}")),
    }
}

impl Place {
    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    fn database(&self) -> PathBuf {
        self.dir.join("db")
    }

    fn told(&self, until: Option<u64>) -> Result<Option<Told>, StoreError> {
        match log::read(&self.log(), until).map_err(|error| self.unreadable(error))? {
            Found::Missing => Ok(None),
            Found::Told(told) => Ok(Some(*told)),
            Found::Broken(problem) => Err(self.damaged(format!("its log cannot be read: {problem}"))),
            Found::TooNew(found) => Err(self.too_new(found)),
        }
    }

    fn load(&self, fresh: &Arc<str>) -> Result<Loaded, StoreError> {
        match log::read(&self.log(), None).map_err(|error| self.unreadable(error))? {
            Found::TooNew(found) => Err(self.too_new(found)),
            Found::Told(told) if told.faults.is_empty() => Ok(Loaded::from_log(*told)),
            Found::Told(told) => Ok(self.load_damaged(*told)),
            Found::Missing if !self.has_database()? => Ok(Loaded::fresh(fresh)),
            Found::Missing => self.load_database("its log is missing"),
            Found::Broken(problem) => self.load_database(&format!("its log cannot be read: {problem}")),
        }
    }

    /// The database, if it knows as much as the log; else what the log still has.
    fn load_damaged(&self, told: Told) -> Loaded {
        match Db::read_copy(&self.database()) {
            Ok((head, rows))
                if head.lineage == told.base.lineage && head.serial >= told.version().serial =>
            {
                let stamp = told.stamp().filter(|_| head.serial == told.version().serial).cloned();
                Loaded::from_database(head, rows, stamp)
            }
            _ => Loaded::from_log(told),
        }
    }

    fn load_database(&self, why: &str) -> Result<Loaded, StoreError> {
        let (head, rows) = Db::read_copy(&self.database())
            .map_err(|error| self.damaged(format!("{why}, and neither can its database be read: {error}")))?;
        Ok(Loaded::from_database(head, rows, None))
    }

    fn has_database(&self) -> Result<bool, StoreError> {
        Db::exists(&self.database()).map_err(|error| self.unreadable(error))
    }

    fn ledger(&self, loaded: Loaded, sealer: Option<&Sealer>) -> Result<(Ledger, Origin), StoreError> {
        let mut ledger = Ledger::new(&loaded.rows, loaded.version, loaded.chain, sealer)
            .map_err(|found| self.too_new(found))?;
        ledger.state.last = loaded.stamp;
        ledger.state.damaged.extend(loaded.faults);
        Ok((ledger, loaded.origin))
    }

    /// Opens the files for writing and brings them together, before the first commit.
    fn open_files(&self, ledger: &Ledger, origin: &Origin) -> Result<Files, StoreError> {
        match origin {
            Origin::Fresh => {
                lock::make_dirs(&self.dir).map_err(|error| self.unwritable(error))?;
                let base = self.base(&ledger.state.version, &ledger.chain, None);
                let log = self.write_log(&base, &Rows::new())?;
                Ok(Files { log, db: self.open_database(0)? })
            }
            Origin::Database => {
                let db = self.open_database(u64::MAX)?;
                let log = self.log_from(&db, ledger.state.last.clone())?;
                Ok(Files { log, db })
            }
            Origin::Log(told) if !told.faults.is_empty() => {
                let (what, problem) = told.faults.iter().next().map(|(a, b)| (&**a, &**b)).unwrap_or_default();
                Err(self.damaged(format!("`{what}` in its log: {problem}")))
            }
            Origin::Log(told) => self.join(told),
        }
    }

    fn join(&self, told: &Told) -> Result<Files, StoreError> {
        let serial = told.version().serial;
        if serial > 1 && !self.has_database()? {
            return Err(self.damaged(format!("its database is missing, its log goes to serial {serial}")));
        }
        let db = self.open_database(serial)?;
        let head = db.head().map_err(|error| self.of(error))?;
        match compare(told, head.as_ref()) {
            Verdict::Agree => {}
            Verdict::Replay => {
                let (rows, chain) = (told.last_rows.clone(), told.chain().clone());
                let group = Group { serial, text: String::new(), rows, chain };
                db.commit(&told.base.lineage, &group).map_err(|error| self.of(error))?;
            }
            Verdict::LogBehind => {
                self.log_from(&db, None)?;
                let problem = "its log had lost its end and was written anew from its database; \
                     what was read from it before is out of date, so run the command again";
                return Err(self.damaged(problem));
            }
            Verdict::Damaged(problem) => return Err(self.damaged(problem)),
        }
        let len = self.cut_history(told).unwrap_or(told.len);
        let log = Log::open(&self.log(), len).map_err(|error| self.unwritable(error))?;
        Ok(Files { log, db })
    }

    /// Bounds the history: a base takes the place of the oldest commits. At twice the length wanted, so that the cost spreads over as
    /// many commits, and at the first commit of a run, so that it is never in the way of one whose outcome must be recorded.
    /// `None` if nothing was cut; failing to is no reason to fail the commit.
    fn cut_history(&self, told: &Told) -> Option<u64> {
        if told.commits.len() < 2 * self.history {
            return None;
        }
        let from = told.commits.get(told.commits.len() - self.history)?;
        let past = self.told(Some(from.entry.serial - 1)).ok()??;
        let base = self.base(&past.version(), past.chain(), past.stamp().cloned());
        log::rewrite(&self.log(), &base, &past.rows, Some((from.start, told.len)))
            .inspect_err(|error| tracing::warn!("the history could not be cut: {error}"))
            .ok()
    }

    /// Opens the database; `told` is the serial that the log goes to.
    fn open_database(&self, told: u64) -> Result<Db, StoreError> {
        let dir = self.database();
        match Db::open(&dir).and_then(|db| db.head().map(|_| db)) {
            Ok(db) => Ok(db),
            // A process died while it made the database: what there is to know is in the log.
            Err(_) if told <= 1 => {
                std::fs::remove_dir_all(&dir).map_err(|error| self.unwritable(error))?;
                Db::open(&dir).map_err(|error| self.of(error))
            }
            Err(error @ DbError::Io(_)) => Err(self.of(error)),
            Err(error) => without_snapshot(&dir).map_err(|_| {
                self.damaged(format!("its database cannot be opened ({error}); `state rebuild` makes it anew"))
            }),
        }
    }

    fn log_from(&self, db: &Db, stamp: Option<Stamp>) -> Result<Log, StoreError> {
        let head = db.head().map_err(|error| self.of(error))?;
        let head = head.ok_or_else(|| self.damaged("its database is empty"))?;
        let rows = db.rows().map_err(|error| self.of(error))?;
        self.write_log(&self.base(&head.version(), &head.chain, stamp), &rows)
    }

    fn write_log(&self, base: &Base, rows: &Rows) -> Result<Log, StoreError> {
        let path = self.log();
        log::rewrite(&path, base, rows, None)
            .and_then(|len| Log::open(&path, len))
            .map_err(|error| self.unwritable(error))
    }

    fn base(&self, version: &StateVersion, chain: &Chain, stamp: Option<Stamp>) -> Base {
        let lineage = version.lineage.to_string();
        Base { lineage, serial: version.serial, chain: chain.clone(), rows: 0, stamp }
    }

    fn rebuild_database(&self, told: &Told) -> Result<Rebuilt, StoreError> {
        let (old, new, aside) = (self.database(), self.dir.join("db.new"), self.dir.join("db.damaged"));
        let io = |error| self.unwritable(error);
        remove_dir(&new).map_err(io)?;
        let version = told.version();
        let db = Db::open(&new).map_err(|error| self.of(error))?;
        db.fill(&told.rows, &version, told.chain()).map_err(|error| self.of(error))?;
        drop(db);
        if self.has_database()? {
            remove_dir(&aside).map_err(io)?;
            std::fs::rename(&old, &aside).map_err(io)?;
        }
        remove_dir(&old).map_err(io)?;
        std::fs::rename(&new, &old).and_then(|()| log::sync_dir(&self.dir)).map_err(io)?;
        Ok(Rebuilt::Database { serial: version.serial })
    }

    fn rebuild_log(&self) -> Result<Rebuilt, StoreError> {
        if !self.has_database()? {
            return Err(self.damaged("neither its log nor its database can be read"));
        }
        let db = self.open_database(u64::MAX)?;
        let head = db.head().map_err(|error| self.of(error))?;
        self.log_from(&db, None)?;
        Ok(Rebuilt::Log { serial: head.map_or(0, |head| head.serial) })
    }

    fn of(&self, error: DbError) -> StoreError {
        match error {
            DbError::Io(error) => self.unwritable(error),
            DbError::Broken(problem) => self.damaged(format!("its database: {problem}")),
        }
    }

    fn damaged(&self, problem: impl Display) -> StoreError {
        StoreError::Damaged { place: self.dir.display().to_string(), problem: problem.to_string() }
    }

    fn too_new(&self, found: u32) -> StoreError {
        StoreError::TooNew { place: self.dir.display().to_string(), found, known: FORMAT }
    }

    fn unreadable(&self, error: io::Error) -> StoreError {
        StoreError::io(format!("cannot read the state in {}", self.dir.display()), error)
    }

    fn unwritable(&self, error: io::Error) -> StoreError {
        StoreError::io(format!("cannot write the state in {}", self.dir.display()), error)
    }
}

/// Second try: sled's own snapshot is only a shortcut over its log, and the file that suffers most from a sudden stop. What
/// opens without it is compared with our log as always; if nothing does, the snapshot is put back.
fn without_snapshot(dir: &Path) -> Result<Db, DbError> {
    let aside = |path: &Path| path.with_file_name("unused-snapshot");
    let mut snapshots = std::fs::read_dir(dir)?.filter_map(Result::ok).map(|entry| entry.path());
    let is_snapshot = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."))
    };
    let Some(snapshot) = snapshots.find(is_snapshot) else {
        return Err(DbError::Broken("it has no snapshot that could be at fault".into()));
    };
    std::fs::rename(&snapshot, aside(&snapshot))?;
    let opened = Db::open(dir).and_then(|db| db.head().map(|_| db));
    match &opened {
        Ok(_) => std::fs::remove_file(aside(&snapshot))?,
        Err(_) => std::fs::rename(aside(&snapshot), &snapshot)?,
    }
    opened
}

fn remove_dir(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn read_sealer(sealer: &SharedSealer) -> Option<Arc<Sealer>> {
    sealer.read().unwrap_or_else(PoisonError::into_inner).clone()
}
