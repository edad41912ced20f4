//! The document: the lines of a log in JSON, with what servers like to know of a state at the top.
//!
//! ```json
//! { "format_version": "1", "isotope_version": "0.1.0", "lineage": "9b1f03aa",
//!   "log": ["base 1 12 5ad2c0de {…}", "row 1 7 9f86d081 {…}", "commit 1 13 0c1f88aa {…}", "…"], "serial": 13 }
//! ```
//!
//! What changes with each commit stands at the end, so that a commit is written down and summed up without all that was before it.

use super::wire::Body;
use crate::state::StoreError;
use crate::state::format::FORMAT;
use crate::state::ledger::Group;
use crate::state::log::{self, Base, Found, Told};
use crate::state::logged::{Span, base_text, too_new};
use crate::state::rows::Rows;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use serde::Deserialize;

/// A history up to so many bytes is no burden, however small the state is.
const LIGHT: usize = 2 << 20;

/// A state with its history.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub lineage: String,
    pub serial: u64,
    /// The lines, each with its end.
    text: String,
    /// How many commits may be in it.
    commits: usize,
    json: Json,
}

/// The document in JSON, as far as it only grows, and the sum of that.
#[derive(Clone, Debug)]
struct Json {
    bytes: Vec<u8>,
    sum: Md5,
}

/// Where a document ended before a commit.
pub(super) struct Mark {
    serial: u64,
    commits: usize,
    text: usize,
    json: usize,
    sum: Md5,
}

#[derive(Deserialize)]
struct DocumentText<'a> {
    format_version: String,
    lineage: String,
    serial: u64,
    #[serde(borrow)]
    log: Vec<std::borrow::Cow<'a, str>>,
}

impl Json {
    fn begin(lineage: &str) -> Self {
        let (version, lineage) = (env!("CARGO_PKG_VERSION"), serde_json::json!(lineage));
        let head = format!(
            r#"{{"format_version":"{FORMAT}","isotope_version":"{version}","lineage":{lineage},"log":["#
        );
        Self { sum: Md5::new_with_prefix(&head), bytes: head.into() }
    }

    fn push(&mut self, lines: &str) -> Result<(), StoreError> {
        let from = self.bytes.len();
        for line in lines.lines() {
            if !self.bytes.ends_with(b"[") {
                self.bytes.push(b',');
            }
            let written = serde_json::to_writer(&mut self.bytes, line);
            written.map_err(|error| StoreError::Refused { problem: error.to_string() })?;
        }
        self.sum.update(self.bytes.get(from..).unwrap_or_default());
        Ok(())
    }
}

impl Document {
    fn new(lineage: String, serial: u64, text: String, commits: usize) -> Result<Self, StoreError> {
        let mut json = Json::begin(&lineage);
        json.push(&text)?;
        Ok(Self { lineage, serial, text, commits, json })
    }

    /// A document of a state without history.
    pub fn begin(base: &Base, rows: &Rows) -> Result<Self, StoreError> {
        let text = String::from_utf8(base_text(base, rows)?);
        let text = text.map_err(|error| StoreError::Refused { problem: error.to_string() })?;
        Self::new(base.lineage.clone(), base.serial, text, 0)
    }

    pub fn parse(bytes: &[u8], place: &str) -> Result<Self, StoreError> {
        let read: DocumentText<'_> = serde_json::from_slice(bytes).map_err(|error| StoreError::Damaged {
            place: place.to_owned(),
            problem: format!("what is there is no state of Isotope's: {error}"),
        })?;
        match read.format_version.parse() {
            Ok(format) if format > FORMAT => return Err(too_new(place, format)),
            _ => {}
        }
        let commits = read.log.iter().filter(|line| line.starts_with("commit ")).count();
        let text = read.log.iter().flat_map(|line| [line, "\n"]).collect();
        Self::new(read.lineage, read.serial, text, commits)
    }

    /// What is sent.
    pub fn to_body(&self) -> Body {
        let tail = format!(r#"],"serial":{}}}"#, self.serial);
        let sum = self.json.sum.clone().chain_update(&tail).finalize();
        let bytes = [&self.json.bytes, tail.as_bytes()].concat();
        Body { bytes, sum: BASE64_STANDARD.encode(sum) }
    }

    /// What the log says. Where it ends before the serial at the top, it has lost its end.
    pub fn told(&self, span: Span, place: &str) -> Result<Told, StoreError> {
        let until = if let Span::Until(serial) = span { Some(serial) } else { None };
        let damaged = |problem: String| StoreError::Damaged { place: place.to_owned(), problem };
        match log::read_from(self.text.as_bytes(), until) {
            Ok(Found::Told(mut told)) => {
                let serial = told.version().serial;
                if until.is_none() && serial != self.serial {
                    let problem =
                        format!("it ends at serial {serial}, and the document is of {}", self.serial);
                    told.faults.insert("the log's end".into(), problem);
                }
                Ok(*told)
            }
            Ok(Found::TooNew(found)) => Err(too_new(place, found)),
            Ok(Found::Broken(problem)) => Err(damaged(format!("its log cannot be read: {problem}"))),
            Ok(Found::Missing) => Err(damaged("its log is missing".into())),
            Err(error) => Err(damaged(error.to_string())),
        }
    }

    /// Adds a commit; says how to go back.
    pub fn push(&mut self, group: &Group) -> Result<Mark, StoreError> {
        let Self { serial, commits, .. } = *self;
        let (text, json) = (self.text.len(), self.json.bytes.len());
        let mark = Mark { serial, commits, text, json, sum: self.json.sum.clone() };
        self.json.push(&group.text)?;
        self.text.push_str(&group.text);
        (self.serial, self.commits) = (group.serial, commits + 1);
        Ok(mark)
    }

    /// Takes the newest commit away again.
    pub fn go_back(&mut self, mark: Mark) {
        (self.serial, self.commits) = (mark.serial, mark.commits);
        self.text.truncate(mark.text);
        self.json.bytes.truncate(mark.json);
        self.json.sum = mark.sum;
    }

    /// The document with a base in the place of the oldest commits, when there are twice as many as wanted: so that the cost spreads. All
    /// of it is sent each time, so there are also too many when they weigh more than the state itself.
    pub fn shortened(&self, history: usize, place: &str) -> Result<Option<Self>, StoreError> {
        let base = self.text.find("\ncommit ").map_or(self.text.len(), |end| end + 1);
        let most = base.max(LIGHT);
        if self.commits < 2 * history && self.text.len() - base <= most {
            return Ok(None);
        }
        let told = self.told(Span::Newest, place)?;
        let weight = |start: u64| self.text.len() - usize::try_from(start).unwrap_or_default();
        let is_kept = |at: usize, start: u64| at == 0 || at < history && weight(start) <= most / 2;
        let newest_first = told.commits.iter().rev().enumerate();
        let kept = newest_first.take_while(|(at, commit)| is_kept(*at, commit.start)).count();
        let from = told.commits.get(told.commits.len() - kept);
        let (Some(from), None, true) = (from, told.obstacle(), kept < told.commits.len()) else {
            return Ok(None);
        };
        let past = self.told(Span::Until(from.entry.serial - 1), place)?;
        let (version, chain) = (past.version(), past.chain().clone());
        let base = Base { serial: version.serial, chain, stamp: past.stamp().cloned(), ..past.base };
        let begun = Self::begin(&base, &past.rows)?;
        let rest = self.text.get(usize::try_from(from.start).unwrap_or_default()..).unwrap_or_default();
        Self::new(self.lineage.clone(), self.serial, begun.text + rest, kept).map(Some)
    }
}
