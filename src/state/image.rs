//! A state as it is stored, taken out of its store: rows whose sealed parts stay closed. What travels between stores, back in
//! time, and through `state pull` and `state push`.
//!
//! ```json
//! { "format_version": "1", "lineage": "9b1f03aa", "serial": 12, "rows": { "record instance.a": { … }, "key": { … } } }
//! ```
//!
//! A row in the document is what the row in the store says, so nothing is lost on the way: values with their types, fingerprints,
//! and secrets as the bytes that the state's key sealed.

use super::format::{FORMAT, read_line, v1, write_line};
use super::rows::{self, Closed, RowKey, Rows};
use super::{Stamp, State, StateVersion, StoreError};
use crate::secret::{KeySlot, Sealer};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What is stored at one serial.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    pub version: StateVersion,
    /// Who made that commit.
    pub stamp: Option<Stamp>,
    /// Damage that no row stands for, by what it is.
    pub damaged: BTreeMap<String, String>,
    pub(crate) rows: Rows,
}

/// Why a text is no document of a state.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("it is not the JSON of a state: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its format is {0:?}, and this version knows \"{FORMAT}\"")]
    Format(String),
    #[error("its lineage {0:?} is not 8 to 40 lower-case hexadecimal digits or dashes")]
    Lineage(String),
    #[error("`{row}` cannot be read: {problem}")]
    Row { row: String, problem: String },
    #[error("`{row}` has a secret in the clear, and without the state's key it cannot be sealed")]
    NoKey { row: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    isotope_version: Option<String>,
    lineage: String,
    serial: u64,
    rows: BTreeMap<String, Json>,
}

/// A row's key and content, as its line has them.
#[derive(Deserialize)]
struct RowJson {
    at: String,
    is: Json,
}

impl Image {
    /// The state in it, opened as far as the key allows.
    pub fn open(&self, sealer: Option<&Sealer>) -> Result<State, StoreError> {
        let opened = self.decode(sealer).map_err(|found| StoreError::TooNew {
            place: format!("serial {}", self.version.serial),
            found,
            known: FORMAT,
        });
        let (mut state, _) = opened?;
        state.last = self.stamp.clone();
        state.damaged.extend(self.damaged.clone());
        Ok(state)
    }

    fn decode(&self, sealer: Option<&Sealer>) -> Result<(State, Closed), u32> {
        rows::decode(self.rows.clone(), self.version.clone(), sealer)
    }

    /// How many objects, outputs and open intents are in it.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Which key seals it.
    pub fn key(&self) -> Option<KeySlot> {
        let row: RowJson = serde_json::from_str(read_line(self.rows.get("key")?).ok()?.json).ok()?;
        serde_json::from_value(row.is).ok()
    }

    /// The rows that differ between two images, by name. Which commit wrote a row makes no difference.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let keys = self.rows.keys().chain(other.rows.keys()).collect::<std::collections::BTreeSet<_>>();
        let differs = |key: &&String| !rows::same(self.rows.get(*key), other.rows.get(*key));
        keys.into_iter().filter(differs).map(|key| rows::shown(key)).collect()
    }

    /// The document. `reveal` puts the secrets that open into it, in the clear under their marks.
    pub fn document(&self, reveal: Option<&Sealer>) -> Result<String, DocumentError> {
        let mut rows = BTreeMap::new();
        for (key, line) in &self.rows {
            let unreadable = |problem: String| DocumentError::Row { row: rows::shown(key), problem };
            let line = read_line(line).map_err(|e| unreadable(e.to_string()))?;
            let RowJson { at, mut is } = serde_json::from_str(line.json)?;
            if let (Some(sealer), Ok(parsed)) = (reveal, RowKey::parse(&at)) {
                let place = rows::place(&parsed, &is.to_string());
                let seal = v1::Seal { sealer: Some(sealer), lineage: &self.version.lineage, place: &place };
                v1::reveal(&parsed, &mut is, seal).map_err(unreadable)?;
            }
            rows.insert(at, is);
        }
        let document = Document {
            format_version: FORMAT.to_string(),
            isotope_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            lineage: self.version.lineage.to_string(),
            serial: self.version.serial,
            rows,
        };
        Ok(serde_json::to_string_pretty(&document)?)
    }

    /// Reads a document. Secrets in the clear are sealed, for which the key is needed; sealed ones stay as they are.
    pub fn from_document(text: &str, sealer: Option<&Sealer>) -> Result<Self, DocumentError> {
        let document: Document = serde_json::from_str(text)?;
        if document.format_version != FORMAT.to_string() {
            return Err(DocumentError::Format(document.format_version));
        }
        let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-';
        if !(8..=40).contains(&document.lineage.len()) || !document.lineage.bytes().all(digits) {
            return Err(DocumentError::Lineage(document.lineage));
        }
        let version = StateVersion { lineage: document.lineage.as_str().into(), serial: document.serial };
        let lines = document.rows.iter().map(|(key, is)| {
            let json = serde_json::json!({ "at": key, "is": is }).to_string();
            (key.clone(), write_line("row", document.serial, &json))
        });
        let image = Self { version, stamp: None, damaged: BTreeMap::new(), rows: lines.collect() };
        image.sealed(sealer)
    }

    /// The same with every secret that stands in the clear sealed; what cannot be read is an error.
    fn sealed(mut self, sealer: Option<&Sealer>) -> Result<Self, DocumentError> {
        let row = |row: &str, problem: String| DocumentError::Row { row: rows::shown(row), problem };
        for key in self.rows.keys() {
            RowKey::parse(key).map_err(|problem| row(key, problem))?;
        }
        // Read without the key, only what stands in the clear is known.
        let (state, closed) = self.decode(None).map_err(|found| DocumentError::Format(found.to_string()))?;
        if let Some((at, problem)) = state.damaged.iter().next() {
            return Err(DocumentError::Row { row: at.clone(), problem: problem.clone() });
        }
        for key in rows::in_the_clear(&state) {
            let name = key.to_string();
            if sealer.is_none() {
                return Err(DocumentError::NoKey { row: rows::shown(&name) });
            }
            let parts = closed.get(&key).map_or(&[][..], Vec::as_slice);
            if let Some(line) = rows::encode(&key, &state, self.version.serial, sealer, parts)? {
                self.rows.insert(name, line);
            }
        }
        Ok(self)
    }

    /// The same state sealed with another key. `refit` gives each record the fingerprints that the new key makes. An error names
    /// what the old key does not open.
    pub fn rekeyed(
        &self,
        old: &Sealer,
        new: &Sealer,
        slot: KeySlot,
        mut refit: impl FnMut(&crate::addr::ObjectAddr, &mut super::Record),
    ) -> Result<Self, StoreError> {
        let (mut state, closed) = self.decode(Some(old)).map_err(|found| StoreError::TooNew {
            place: format!("serial {}", self.version.serial),
            found,
            known: FORMAT,
        })?;
        let refused = |problem: String| StoreError::Refused { problem };
        if let Some((at, problem)) = state.damaged.iter().next() {
            return Err(refused(format!("`{at}` is damaged ({problem})")));
        }
        if let Some(key) = closed.keys().next() {
            let at = rows::shown(&key.to_string());
            return Err(refused(format!("`{at}` has values that were sealed with yet another key")));
        }
        state.records.iter_mut().for_each(|(addr, record)| refit(addr, record));
        state.deposed.iter_mut().for_each(|((addr, _), record)| refit(addr, record));
        state.key = Some(slot);
        let mut rows = Rows::new();
        for key in rows::keys(&state) {
            let line = rows::encode(&key, &state, self.version.serial, Some(new), &[]);
            let line = line.map_err(|error| refused(format!("{key}: {error}")))?;
            rows.extend(line.map(|line| (key.to_string(), line)));
        }
        Ok(Self { rows, ..self.clone() })
    }
}
