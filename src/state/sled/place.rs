//! The files of a store, together: reading them, bringing log and database in line before the first commit, and repair.

use super::db::{Db, Head};
use super::{Before, Files, lock};
use crate::database::DbError;
use crate::secret::Sealer;
use crate::state::format::FORMAT;
use crate::state::ledger::{Chain, Group, Ledger};
use crate::state::log::{self, Base, Found, Log, Told};
use crate::state::rows::Rows;
use crate::state::{Stamp, StateVersion, StoreError};
use std::fmt::Display;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone)]
pub(super) struct Place {
    pub dir: PathBuf,
    /// How many commits stay in the history when it is cut.
    pub history: usize,
}

/// What reading gave.
pub(super) struct Loaded {
    pub version: StateVersion,
    chain: Chain,
    pub stamp: Option<Stamp>,
    pub rows: Rows,
    /// Damage that no row stands for.
    pub faults: Vec<(String, String)>,
    pub origin: Origin,
}

/// Which log was there, and how far it went: it only ever grows, or another takes its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    file: (u64, u64),
    len: u64,
    changed: (i64, i64),
}

/// Where a state was read from.
pub(super) enum Origin {
    /// Nowhere: it was never written.
    Fresh,
    Log(Box<Told>),
    /// The log did not verify, or is gone.
    Database,
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

    pub fn from_log(mut told: Told) -> Self {
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
pub(super) enum Verdict {
    Agree,
    /// The database lacks the newest commit.
    Replay,
    /// The log lacks commits that the database has.
    LogBehind,
    Damaged(String),
}

pub(super) fn compare(told: &Told, head: Option<&Head>) -> Verdict {
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
        serial if Some(serial) == told.serial_before() && head.chain == *told.chain_before() => {
            Verdict::Replay
        }
        serial if serial > version.serial => Verdict::LogBehind,
        0 => Verdict::Damaged(format!("its database is empty, its log goes to serial {}", version.serial)),
        serial if serial < version.serial => {
            Verdict::Damaged(format!("its database ends at serial {serial}, its log at {}", version.serial))
        }
        serial => Verdict::Damaged(format!("its database and its log differ at serial {serial}")),
    }
}

impl Place {
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    pub fn database(&self) -> PathBuf {
        self.dir.join("db")
    }

    /// What can be told of the log without reading it; `None` if there is none.
    pub fn seen(&self) -> Option<Seen> {
        let log = std::fs::metadata(self.log()).ok()?;
        let changed = (log.mtime(), log.mtime_nsec());
        Some(Seen { file: (log.dev(), log.ino()), len: log.len(), changed })
    }

    pub fn told(&self, until: Option<u64>) -> Result<Option<Told>, StoreError> {
        match log::read(&self.log(), until).map_err(|error| self.unreadable(error))? {
            Found::Missing => Ok(None),
            Found::Told(told) => Ok(Some(*told)),
            Found::Broken(problem) => Err(self.damaged(format!("its log cannot be read: {problem}"))),
            Found::TooNew(found) => Err(self.too_new(found)),
        }
    }

    pub fn load(&self, fresh: &Arc<str>) -> Result<Loaded, StoreError> {
        match self.read_log()? {
            Found::TooNew(found) => Err(self.too_new(found)),
            // Not even one commit is whole. Either there was none, or the log has lost them all.
            Found::Told(told) if told.version().serial == 0 => Ok(self.load_damaged(*told)),
            Found::Told(told) if told.faults.is_empty() => Ok(Loaded::from_log(*told)),
            Found::Told(told) => Ok(self.load_damaged(*told)),
            Found::Missing if !self.has_traces()? => Ok(Loaded::fresh(fresh)),
            Found::Missing => self.load_database("its log is missing"),
            Found::Broken(problem) => self.load_database(&format!("its log cannot be read: {problem}")),
        }
    }

    /// Reads the log, and holds it against what is noted of its end.
    pub fn read_log(&self) -> Result<Found, StoreError> {
        let reached = log::reached(&self.log());
        let mut found = log::read(&self.log(), None).map_err(|error| self.unreadable(error))?;
        if let (Found::Told(told), Some(reached)) = (&mut found, reached) {
            let serial = told.version().serial;
            if reached.serial > serial && reached.lineage == told.base.lineage {
                let problem =
                    format!("it ends at serial {serial}, and serial {} was committed", reached.serial);
                told.faults.insert("the log's end".into(), problem);
            }
        }
        Ok(found)
    }

    /// Whether a commit could be made, as far as can be told without touching the files: for who is about to plan one.
    pub fn check(&self, origin: &Origin) -> Result<(), StoreError> {
        match origin {
            Origin::Log(told) if !told.is_young() && !self.has_database()? => {
                Err(self.without_database(told))
            }
            Origin::Log(told) => self.check_faults(told),
            Origin::Fresh | Origin::Database => Ok(()),
        }
    }

    fn check_faults(&self, told: &Told) -> Result<(), StoreError> {
        match told.faults.iter().next() {
            None => Ok(()),
            Some((what, problem)) => Err(self.damaged(format!("`{what}` in its log: {problem}"))),
        }
    }

    fn without_database(&self, told: &Told) -> StoreError {
        self.damaged(format!("its database is missing, its log goes to serial {}", told.version().serial))
    }

    /// The database, if it knows as much as the log; else what the log still has.
    fn load_damaged(&self, told: Told) -> Loaded {
        match Db::read_copy(&self.database()) {
            Ok((head, rows))
                if head.lineage == told.base.lineage
                    && head.serial >= told.version().serial
                    && head.serial > 0 =>
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

    /// Whether anything says that there was a state. The log is the first that is made of one, so without it none of the others may be.
    pub fn has_traces(&self) -> Result<bool, StoreError> {
        let database = self.database();
        let files = std::fs::read_dir(&database).is_ok_and(|mut entries| entries.next().is_some());
        Ok(files || log::reached(&self.log()).is_some() || self.has_database()?)
    }

    pub fn has_database(&self) -> Result<bool, StoreError> {
        Db::exists(&self.database()).map_err(|error| self.unreadable(error))
    }

    pub async fn ledger(
        &self,
        loaded: Loaded,
        sealer: Option<&Sealer>,
    ) -> Result<(Ledger, Origin), StoreError> {
        let mut ledger = Ledger::in_turns(loaded.rows, loaded.version, loaded.chain, sealer)
            .await
            .map_err(|found| self.too_new(found))?;
        ledger.state.last = loaded.stamp;
        ledger.state.damaged.extend(loaded.faults);
        Ok((ledger, loaded.origin))
    }

    /// Opens the files for writing and brings them together, before the first commit.
    pub fn open_files(&self, before: &Before, origin: &Origin) -> Result<Files, StoreError> {
        match origin {
            Origin::Fresh => {
                lock::make_dirs(&self.dir).map_err(|error| self.unwritable(error))?;
                let base = self.base(&before.version, &before.chain, None);
                let log = self.write_log(&base, &Rows::new())?;
                Ok(Files { log, db: self.open_database(true)? })
            }
            Origin::Database => {
                let db = self.open_database(false)?;
                let log = self.log_from(&db, before.stamp.clone())?;
                Ok(Files { log, db })
            }
            Origin::Log(told) => self.check_faults(told).and_then(|()| self.join(told)),
        }
    }

    fn join(&self, told: &Told) -> Result<Files, StoreError> {
        let serial = told.version().serial;
        if !told.is_young() && !self.has_database()? {
            return Err(self.without_database(told));
        }
        let db = self.open_database(told.is_young())?;
        let head = db.head().map_err(|error| self.of(error))?;
        match compare(told, head.as_ref()) {
            Verdict::Agree => {}
            Verdict::Replay => {
                let newest = told.commits.last().map(|commit| log::rows_of(&self.log(), commit));
                let rows = newest.transpose().map_err(|error| self.unreadable(error))?.unwrap_or_default();
                let group = Group { serial, text: String::new(), rows, chain: told.chain().clone() };
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
        let log = Log::open(&self.log(), len, &told.base.lineage).map_err(|error| self.unwritable(error))?;
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

    /// Opens the database; `young` says that the log has no more than one commit.
    pub fn open_database(&self, young: bool) -> Result<Db, StoreError> {
        let dir = self.database();
        match Db::open(&dir).and_then(|db| db.head().map(|_| db)) {
            Ok(db) => Ok(db),
            // A process died while it made the database: what there is to know is in the log.
            Err(_) if young => {
                std::fs::remove_dir_all(&dir).map_err(|error| self.unwritable(error))?;
                Db::open(&dir).map_err(|error| self.of(error))
            }
            Err(error @ DbError::Io(_)) => Err(self.of(error)),
            Err(error) => without_snapshot(&dir).map_err(|_| {
                self.damaged(format!(
                    "its database cannot be opened ({error}); `isotope state restore` makes it anew"
                ))
            }),
        }
    }

    pub fn log_from(&self, db: &Db, stamp: Option<Stamp>) -> Result<Log, StoreError> {
        let head = db.head().map_err(|error| self.of(error))?;
        let head = head.ok_or_else(|| self.damaged("its database is empty"))?;
        let rows = db.rows().map_err(|error| self.of(error))?;
        self.write_log(&self.base(&head.version(), &head.chain, stamp), &rows)
    }

    pub fn write_log(&self, base: &Base, rows: &Rows) -> Result<Log, StoreError> {
        let path = self.log();
        log::rewrite(&path, base, rows, None)
            .and_then(|len| Log::open(&path, len, &base.lineage))
            .map_err(|error| self.unwritable(error))
    }

    pub fn base(&self, version: &StateVersion, chain: &Chain, stamp: Option<Stamp>) -> Base {
        let lineage = version.lineage.to_string();
        Base { lineage, serial: version.serial, chain: chain.clone(), rows: 0, stamp }
    }

    pub fn of(&self, error: DbError) -> StoreError {
        match error {
            DbError::Io(error) => self.unwritable(error),
            DbError::Broken(problem) => self.damaged(format!("its database: {problem}")),
        }
    }

    pub fn damaged(&self, problem: impl Display) -> StoreError {
        StoreError::Damaged { place: self.dir.display().to_string(), problem: problem.to_string() }
    }

    pub fn too_new(&self, found: u32) -> StoreError {
        StoreError::TooNew { place: self.dir.display().to_string(), found, known: FORMAT }
    }

    pub fn unreadable(&self, error: io::Error) -> StoreError {
        StoreError::io(format!("cannot read the state in {}", self.dir.display()), error)
    }

    pub fn unwritable(&self, error: io::Error) -> StoreError {
        StoreError::io(format!("cannot write the state in {}", self.dir.display()), error)
    }
}

/// Second try: sled's own snapshot is only a shortcut over its log, and the file that suffers most from a sudden stop. What
/// opens without it is compared with our log as always; if nothing does, the snapshot is put back.
fn without_snapshot(dir: &Path) -> Result<Db, DbError> {
    let aside = |path: &Path| path.with_file_name("unused-snapshot");
    let mut snapshots = std::fs::read_dir(dir)?.filter_map(Result::ok).map(|entry| entry.path());
    let is_snapshot =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap."));
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
