//! The document: the lines of a log in JSON, with what servers like to know of a state at the top.
//!
//! ```json
//! { "format_version": "1", "isotope_version": "0.1.0", "lineage": "9b1f03aa", "serial": 13,
//!   "log": ["base 1 12 5ad2c0de {…}", "row 1 7 9f86d081 {…}", "commit 1 13 0c1f88aa {…}", "…"] }
//! ```

use crate::state::StoreError;
use crate::state::format::FORMAT;
use crate::state::ledger::Group;
use crate::state::log::{self, Base, Found, Told};
use crate::state::logged::{Span, base_text, too_new};
use crate::state::rows::Rows;
use serde::{Deserialize, Serialize};

/// A state with its history.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub lineage: String,
    pub serial: u64,
    /// The lines, each with its end.
    text: String,
    /// How many commits may be in it.
    commits: usize,
}

#[derive(Serialize, Deserialize)]
struct DocumentText<'a> {
    format_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    isotope_version: Option<String>,
    lineage: String,
    serial: u64,
    #[serde(borrow)]
    log: Vec<std::borrow::Cow<'a, str>>,
}

impl Document {
    /// A document of a state without history.
    pub fn begin(base: &Base, rows: &Rows) -> Result<Self, StoreError> {
        let text = String::from_utf8(base_text(base, rows)?);
        let text = text.map_err(|error| StoreError::Refused { problem: error.to_string() })?;
        Ok(Self { lineage: base.lineage.clone(), serial: base.serial, text, commits: 0 })
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
        Ok(Self { lineage: read.lineage, serial: read.serial, text, commits })
    }

    pub fn to_text(&self) -> Result<Vec<u8>, StoreError> {
        let text = DocumentText {
            format_version: FORMAT.to_string(),
            isotope_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            lineage: self.lineage.clone(),
            serial: self.serial,
            log: self.text.lines().map(Into::into).collect(),
        };
        serde_json::to_vec(&text).map_err(|error| StoreError::Refused { problem: error.to_string() })
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

    /// The document with one more commit.
    pub fn after(mut self, group: &Group) -> Self {
        self.text.push_str(&group.text);
        (self.serial, self.commits) = (group.serial, self.commits + 1);
        self
    }

    /// Lets a base take the place of the oldest commits when there are twice as many as wanted, so that the cost spreads.
    pub fn cut(self, history: usize, place: &str) -> Result<Self, StoreError> {
        if self.commits < 2 * history {
            return Ok(self);
        }
        let told = self.told(Span::Newest, place)?;
        let from = told.commits.len().checked_sub(history).and_then(|at| told.commits.get(at));
        let (Some(from), None) = (from, told.obstacle()) else { return Ok(self) };
        let past = self.told(Span::Until(from.entry.serial - 1), place)?;
        let (version, chain) = (past.version(), past.chain().clone());
        let base = Base { serial: version.serial, chain, stamp: past.stamp().cloned(), ..past.base };
        let begun = Self::begin(&base, &past.rows)?;
        let kept = self.text.get(usize::try_from(from.start).unwrap_or_default()..).unwrap_or_default();
        Ok(Self { text: begun.text + kept, commits: history, ..self })
    }
}
