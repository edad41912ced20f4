//! Repair: the broken half of a store is made anew from the whole one; where both are broken, from what either still has.
//!
//! Nothing is thrown away: what is replaced is kept beside it (`db.damaged`, `log.damaged`).

use super::Rebuilt;
use super::db::{Db, Head};
use super::place::{Place, Verdict, compare};
use crate::state::format::read_line;
use crate::state::ledger::Chain;
use crate::state::log::{self, Found, Told};
use crate::state::rows::{self, Rows};
use crate::state::{StateVersion, StoreError};
use std::io;
use std::path::Path;

impl Place {
    /// Makes whole what is not. To be called under the lock.
    pub fn repair(&self) -> Result<Rebuilt, StoreError> {
        let reached = log::reached(&self.log()).map_or(0, |reached| reached.serial);
        match self.read_log()? {
            Found::TooNew(found) => Err(self.too_new(found)),
            Found::Told(told) if told.faults.is_empty() => self.repair_database(&told),
            Found::Told(told) => match self.whole_database() {
                Some(head)
                    if head.lineage == told.base.lineage
                        && head.serial >= told.version().serial.max(reached) =>
                {
                    self.rebuild_log()
                }
                _ => self.salvage(&told, reached),
            },
            Found::Missing if !self.has_traces()? => Ok(Rebuilt::Nothing { serial: 0 }),
            Found::Missing | Found::Broken(_) => self.rebuild_log(),
        }
    }

    fn repair_database(&self, told: &Told) -> Result<Rebuilt, StoreError> {
        let serial = told.version().serial;
        let head = self.whole_database();
        match head.map(|head| compare(told, Some(&head))) {
            Some(Verdict::Agree | Verdict::Replay) => Ok(Rebuilt::Nothing { serial }),
            Some(Verdict::LogBehind) => self.rebuild_log(),
            Some(Verdict::Damaged(_)) | None => {
                self.write_database(&told.rows, &told.version(), told.chain())?;
                Ok(Rebuilt::Database { serial })
            }
        }
    }

    /// The head of the database, if the database can be read and adds up.
    fn whole_database(&self) -> Option<Head> {
        if !self.has_database().ok()? {
            return None;
        }
        let db = self.open_database(false).ok()?;
        db.rows().ok()?;
        db.head().ok()?
    }

    fn rebuild_log(&self) -> Result<Rebuilt, StoreError> {
        if !self.has_database()? {
            return Err(self.damaged("neither its log nor its database can be read"));
        }
        let db = self.open_database(false)?;
        let head = db.head().map_err(|error| self.of(error))?;
        db.rows().map_err(|error| self.of(error))?;
        self.set_log_aside()?;
        self.log_from(&db, None)?;
        Ok(Rebuilt::Log { serial: head.map_or(0, |head| head.serial) })
    }

    /// The rows that verify, from the log, else from the database. What verifies in neither stays, named as damaged.
    fn salvage(&self, told: &Told, reached: u64) -> Result<Rebuilt, StoreError> {
        let mut kept = told.rows.clone();
        let mut serial = told.version().serial.max(reached);
        if let Ok((head, rows)) = Db::read_rows(&self.database()) {
            if head.as_ref().is_some_and(|head| head.lineage != told.base.lineage) {
                return Err(self.damaged("its log is damaged, and its database belongs to another state"));
            }
            let of_database = head.map_or(0, |head| head.serial);
            supplement(&mut kept, rows, of_database > told.version().serial);
            serial = serial.max(of_database);
        }
        let version = StateVersion { serial: serial + 1, ..told.version() };
        let stamp = told.stamp().cloned();
        let damaged = kept.iter().filter(|(_, line)| read_line(line).is_err());
        let damaged = damaged.map(|(key, _)| rows::shown(key)).collect();
        self.set_log_aside()?;
        self.write_log(&self.base(&version, told.chain(), stamp), &kept)?;
        self.write_database(&kept, &version, told.chain())?;
        Ok(Rebuilt::Salvaged { serial: version.serial, damaged })
    }

    fn set_log_aside(&self) -> Result<(), StoreError> {
        let (log, aside) = (self.log(), self.dir.join("log.damaged"));
        let copied = match std::fs::copy(&log, &aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map(drop),
        };
        copied.and_then(|()| log::forget_reached(&log)).map_err(|error| self.unwritable(error))
    }

    fn write_database(&self, rows: &Rows, version: &StateVersion, chain: &Chain) -> Result<(), StoreError> {
        let (old, new, aside) = (self.database(), self.dir.join("db.new"), self.dir.join("db.damaged"));
        let io = |error| self.unwritable(error);
        remove_dir(&new).map_err(io)?;
        let db = Db::open(&new).map_err(|error| self.of(error))?;
        db.fill(rows, version, chain).map_err(|error| self.of(error))?;
        drop(db);
        if old.exists() {
            remove_dir(&aside).map_err(io)?;
            std::fs::rename(&old, &aside).map_err(io)?;
        }
        std::fs::rename(&new, &old).and_then(|()| log::sync_dir(&self.dir)).map_err(io)
    }
}

/// Takes from the database what the log cannot verify and, where the database is `newer`, what the log has lost. From an older one
/// that would bring back what was removed since.
fn supplement(kept: &mut Rows, rows: Rows, newer: bool) {
    for (key, line) in rows {
        let verifies = |line: &String| read_line(line).is_ok();
        let wanted = kept.get(&key).map_or(newer, |kept| newer || !verifies(kept));
        if verifies(&line) && wanted {
            kept.insert(key, line);
        }
    }
}

fn remove_dir(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
