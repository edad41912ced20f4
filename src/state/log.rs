//! The log: every commit, appended and checksummed. It is the history, and what readers read while a writer works.
//!
//! ```text
//! base 1 12 5ad2c0de {"lineage":"9b1f03aa","chain":"…","rows":1,"stamp":{…}}     the state at serial 12,
//! row 1 7 9f86d081 {"at":"record instance.a","is":{…}}                           a row a line
//! commit 1 13 0c1f88aa {"stamp":{…},"changes":[{"did":"recorded","at":"instance.b"}]}
//! row 1 13 77aa01fe {"at":"record instance.b","is":{…}}
//! gone 1 13 1d7e32c0 {"at":"intent 0123456789abcdef"}
//! end 1 13 e4d909c2 {"rows":2,"chain":"…"}
//! ```
//!
//! A commit counts from its `end` line on: a process that dies while writing leaves a commit without one, which was never
//! acknowledged and is cut off by the next writer. Any other line that does not verify is damage.
//!
//! A log that was cut exactly behind a commit is whole line by line. Therefore a file beside it, `log.end`, says how far the log goes.
//! It is written behind each commit and not synced: it may lag, which says nothing, but it is never ahead of a whole log.

use super::format::{LineError, read_line, write_line};
use super::history::Entry;
use super::ledger::{Chain, CommitText, EndText, Link};
use super::rows::{self, RowChange, Rows, key_of, salvage_key};
use super::{Stamp, StateVersion};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How many bytes of a log are read at a time.
const PIECE: usize = 1 << 16;

/// What there is at a log's path.
pub(crate) enum Found {
    Missing,
    Told(Box<Told>),
    /// Not even its beginning can be read.
    Broken(String),
    TooNew(u32),
}

/// What a log says.
pub(crate) struct Told {
    pub base: Base,
    pub rows: Rows,
    pub commits: Vec<Commit>,
    /// What does not verify, by what it is.
    pub faults: BTreeMap<String, String>,
    /// Up to here the file holds whole commits.
    pub len: u64,
}

/// The first line: where the log begins.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Base {
    pub lineage: String,
    #[serde(skip)]
    pub serial: u64,
    pub chain: Chain,
    pub rows: usize,
    pub stamp: Option<Stamp>,
}

/// One commit and where it is in the file.
pub(crate) struct Commit {
    pub entry: Entry,
    pub start: u64,
    pub chain: Chain,
}

impl Told {
    pub fn version(&self) -> StateVersion {
        let serial = self.commits.last().map_or(self.base.serial, |commit| commit.entry.serial);
        StateVersion { lineage: self.base.lineage.as_str().into(), serial }
    }

    pub fn chain(&self) -> &Chain {
        self.commits.last().map_or(&self.base.chain, |commit| &commit.chain)
    }

    /// The chain before the newest commit.
    pub fn chain_before(&self) -> &Chain {
        let before = self.commits.len().checked_sub(2).and_then(|at| self.commits.get(at));
        before.map_or(&self.base.chain, |commit| &commit.chain)
    }

    /// The serial before the newest commit.
    pub fn serial_before(&self) -> Option<u64> {
        let at = self.commits.len().checked_sub(1)?;
        let before = at.checked_sub(1).and_then(|at| self.commits.get(at));
        Some(before.map_or(self.base.serial, |commit| commit.entry.serial))
    }

    /// Whether no more than one commit was ever made.
    pub fn is_young(&self) -> bool {
        self.base.serial == 0 && self.commits.len() <= 1
    }

    /// A fault that no row stands for: nothing may be written behind it. A damaged row alone is named, and heals when it is written anew.
    pub fn obstacle(&self) -> Option<(&String, &String)> {
        self.faults.iter().find(|(what, _)| !self.rows.contains_key(*what))
    }

    pub fn stamp(&self) -> Option<&Stamp> {
        self.commits.last().map(|commit| &commit.entry.stamp).or(self.base.stamp.as_ref())
    }
}

/// Reads a log up to the commit `until`, or all of it.
pub(crate) fn read(path: &Path, until: Option<u64>) -> io::Result<Found> {
    match File::open(path) {
        Ok(file) => read_from(BufReader::with_capacity(PIECE, file), until),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Missing),
        Err(error) => Err(error),
    }
}

/// Reads a log from wherever it rests.
pub(crate) fn read_from(mut file: impl BufRead, until: Option<u64>) -> io::Result<Found> {
    let mut bytes = Vec::new();
    file.read_until(b'\n', &mut bytes)?;
    let mut reading = match Reading::begin(&bytes) {
        Ok(reading) => reading,
        Err(found) => return Ok(found),
    };
    loop {
        bytes.clear();
        let read = file.read_until(b'\n', &mut bytes)? as u64;
        if bytes.last() != Some(&b'\n') {
            break; // the end, or a line that a writer did not finish
        }
        if let Err(format) = reading.line(&bytes, until) {
            return Ok(Found::TooNew(format));
        }
        reading.at += read;
        let newest = reading.told.commits.last().map(|commit| commit.entry.serial);
        if newest.is_some_and(|newest| until.is_some_and(|until| newest >= until)) {
            break;
        }
    }
    Ok(Found::Told(Box::new(reading.finish())))
}

/// Reads the rows of one commit again, of a log that was found whole.
pub(crate) fn rows_of(path: &Path, commit: &Commit) -> io::Result<Vec<RowChange>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(commit.start))?;
    let mut rows = Vec::new();
    for text in BufReader::new(file).lines() {
        let text = text?;
        let Ok(line) = read_line(&text) else { continue };
        match (line.word, key_of(line.json)) {
            ("row", Some(key)) => rows.push((key, Some(text))),
            ("gone", Some(key)) => rows.push((key, None)),
            ("end", _) => break,
            _ => {}
        }
    }
    Ok(rows)
}

/// A commit whose `end` has not come yet.
struct Open {
    start: u64,
    serial: u64,
    head: CommitText,
    /// The chain over the lines so far.
    link: Link,
    rows: Vec<RowChange>,
    faulty: bool,
}

struct Reading {
    told: Told,
    open: Option<Open>,
    at: u64,
    number: usize,
}

impl Reading {
    fn begin(bytes: &[u8]) -> Result<Self, Found> {
        let broken = |problem: &str| Found::Broken(format!("line 1: {problem}"));
        let text = std::str::from_utf8(bytes).map_err(|_| broken("it is not text"))?;
        let text = text.strip_suffix('\n').ok_or_else(|| broken("it is cut short"))?;
        let line = read_line(text).map_err(|error| match error {
            LineError::TooNew(format) => Found::TooNew(format),
            error => broken(&error.to_string()),
        })?;
        let mut base: Base = serde_json::from_str(line.json).map_err(|e| broken(&e.to_string()))?;
        base.serial = line.serial;
        let told = Told {
            base,
            rows: Rows::new(),
            commits: Vec::new(),
            faults: BTreeMap::new(),
            len: bytes.len() as u64,
        };
        Ok(Self { told, open: None, at: bytes.len() as u64, number: 1 })
    }

    /// Takes one line in; an error is a format that is too new.
    fn line(&mut self, bytes: &[u8], until: Option<u64>) -> Result<(), u32> {
        self.number += 1;
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        };
        let text = text.trim_end_matches('\n');
        let line = match read_line(text) {
            Ok(line) => line,
            Err(LineError::TooNew(format)) => return Err(format),
            Err(error) => {
                self.bad(text, &error.to_string());
                return Ok(());
            }
        };
        let known = match line.word {
            "commit" => self.commit(line.serial, line.json),
            "row" => key_of(line.json).map(|key| self.row(key, Some(text.to_string()))),
            "gone" => key_of(line.json).map(|key| self.row(key, None)),
            "end" => serde_json::from_str(line.json).ok().map(|end| self.end(line.serial, end, bytes, until)),
            _ => None,
        };
        match (known, &mut self.open) {
            (None, _) => self.bad(text, "it says nothing that is known"),
            (Some(()), Some(open)) => open.link.update(bytes),
            (Some(()), None) => {}
        }
        Ok(())
    }

    fn commit(&mut self, serial: u64, json: &str) -> Option<()> {
        let head = serde_json::from_str(json).ok()?;
        self.check_base();
        if let Some(open) = self.open.take() {
            self.fault(format!("commit {}", open.serial), "its end is missing");
        }
        let link = self.told.chain().link();
        self.open = Some(Open { start: self.at, serial, head, link, rows: Vec::new(), faulty: false });
        Some(())
    }

    fn row(&mut self, key: String, line: Option<String>) {
        match (&mut self.open, line) {
            (Some(open), line) => open.rows.push((key, line)),
            (None, Some(line)) if self.told.commits.is_empty() => {
                self.told.len = self.at + line.len() as u64 + 1;
                self.told.rows.insert(key, line);
            }
            (None, _) => self.fault(format!("log line {}", self.number), "it belongs to no commit"),
        }
    }

    fn end(&mut self, serial: u64, end: EndText, bytes: &[u8], until: Option<u64>) {
        let Some(open) = self.open.take() else {
            return self.fault(format!("commit {serial}"), "its beginning is missing");
        };
        if until.is_some_and(|until| serial > until) {
            return;
        }
        let before = self.told.version().serial;
        let next = serial == before + 1 || (open.head.after == Some(before) && serial > before);
        let follows = open.serial == serial && next;
        let agrees = end.chain == open.link.finish() && end.rows == open.rows.len();
        if open.faulty || !follows || !agrees {
            self.fault(format!("commit {serial}"), "it does not verify");
        }
        if !open.faulty {
            // What was damaged and then written anew, or removed, is damaged no more.
            open.rows.iter().for_each(|(key, _)| drop(self.told.faults.remove(key)));
        }
        rows::apply(&mut self.told.rows, open.rows);
        let entry = Entry { serial, stamp: open.head.stamp, changes: open.head.changes };
        self.told.commits.push(Commit { entry, start: open.start, chain: end.chain });
        self.told.len = self.at + bytes.len() as u64;
    }

    /// A line that does not verify. If it still says which row it is, it stands for that row, which is then named as damaged.
    fn bad(&mut self, text: &str, problem: &str) {
        match salvage_key(text).filter(|_| text.starts_with("row ")) {
            Some(key) => {
                self.fault(key.clone(), problem);
                self.row(key, Some(text.to_string()));
            }
            None => self.fault(format!("log line {}", self.number), problem),
        }
        self.open.iter_mut().for_each(|open| open.faulty = true);
    }

    fn fault(&mut self, what: String, problem: &str) {
        self.told.faults.insert(what, problem.to_string());
    }

    fn check_base(&mut self) {
        if self.told.commits.is_empty() && self.told.rows.len() < self.told.base.rows {
            self.fault("the log's beginning".into(), "it has fewer rows than it says");
        }
    }

    fn finish(mut self) -> Told {
        self.check_base();
        self.told
    }
}

/// Why a commit was not appended.
#[derive(Debug)]
pub(crate) struct Append {
    pub error: io::Error,
    /// The log is as it was before.
    pub undone: bool,
}

/// A log that is appended to.
pub(crate) struct Log {
    file: File,
    len: u64,
    lineage: String,
    /// `log.end`; `None` if it could not be opened, which takes nothing from the log.
    end: Option<File>,
}

/// How far a log was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Reached {
    pub lineage: String,
    #[serde(skip)]
    pub serial: u64,
}

/// Reads `log.end`. To be read before the log, which may grow in between. One that does not verify says nothing.
pub(crate) fn reached(path: &Path) -> Option<Reached> {
    let text = std::fs::read_to_string(with_suffix(path, ".end")).ok()?;
    let line = read_line(text.trim_end()).ok()?;
    let reached: Reached = serde_json::from_str(line.json).ok()?;
    Some(Reached { serial: line.serial, ..reached })
}

/// Forgets how far a log was written: for one that is written anew.
pub(crate) fn forget_reached(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(with_suffix(path, ".end")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

impl Log {
    /// Opens a log for appending after its last whole commit, cutting off what stands behind.
    pub fn open(path: &Path, len: u64, lineage: &str) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        if file.metadata()?.len() != len {
            file.set_len(len)?;
            file.sync_all()?;
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let end = options.open(with_suffix(path, ".end")).ok();
        Ok(Self { file, len, lineage: lineage.to_owned(), end })
    }

    /// Appends a commit; durable on return.
    pub fn append(&mut self, text: &str, serial: u64) -> Result<(), Append> {
        let start = self.file.seek(SeekFrom::Start(self.len));
        let written = start.and_then(|_| self.file.write_all(text.as_bytes()));
        match written.and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.len += text.len() as u64;
                // The commit is durable whatever becomes of this.
                let _: Option<()> = self.note(serial);
                Ok(())
            }
            Err(error) => Err(Append { error, undone: self.cut(self.len).is_ok() }),
        }
    }

    fn note(&mut self, serial: u64) -> Option<()> {
        let end = self.end.as_mut()?;
        let reached = Reached { lineage: self.lineage.clone(), serial };
        let line = write_line("reached", serial, &serde_json::to_string(&reached).ok()?);
        end.rewind().ok()?;
        writeln!(end, "{line}").ok()?;
        let len = end.stream_position().ok()?;
        end.set_len(len).ok()
    }

    /// Whether this is still the file of that path.
    pub fn is_at(&self, path: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        match (self.file.metadata(), std::fs::metadata(path)) {
            (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
            _ => false,
        }
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)?;
        self.file.sync_all()
    }
}

/// Writes a log anew: a base, and behind it a part of the old log (from, to). Whole or not at all.
pub(crate) fn rewrite(path: &Path, base: &Base, rows: &Rows, keep: Option<(u64, u64)>) -> io::Result<u64> {
    let new = with_suffix(path, ".new");
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    let mut out = BufWriter::new(file);
    write_base(&mut out, base, rows)?;
    if let Some((from, to)) = keep {
        let mut old = File::open(path)?;
        old.seek(SeekFrom::Start(from))?;
        io::copy(&mut old.take(to - from), &mut out)?;
    }
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    let len = file.stream_position()?;
    std::fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), sync_dir)?;
    Ok(len)
}

/// Writes what a log begins with: the state at some serial.
pub(crate) fn write_base(out: &mut impl Write, base: &Base, rows: &Rows) -> io::Result<()> {
    let json = serde_json::to_string(&Base { rows: rows.len(), ..base.clone() })?;
    writeln!(out, "{}", write_line("base", base.serial, &json))?;
    rows.values().try_for_each(|line| writeln!(out, "{line}"))
}

/// Makes what was created, renamed or removed in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
