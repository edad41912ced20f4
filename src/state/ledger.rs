//! From events to a commit: which rows change, how they are written, and the hash that chains commits together.
//!
//! Only what the events touch is looked at, so a commit costs what it changes, whatever the state's size.

use super::format::{v1::SealedPart, write_line};
use super::history::Change;
use super::image::Image;
use super::rows::{self, Closed, RowChange, RowKey, Rows};
use super::{DeposedKey, Event, Stamp, State, StateVersion, StoreError};
use crate::addr::ObjectAddr;
use crate::secret::Sealer;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The state that a writer holds, with what it could not open.
pub(crate) struct Ledger {
    pub state: State,
    pub chain: Chain,
    closed: Closed,
}

/// A hash over a commit and all before it, as 64 hexadecimal digits: equal chains mean equal histories.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Chain(String);

/// One commit, as it is written.
pub(crate) struct Group {
    pub serial: u64,
    /// The lines of the log, each with its line end.
    pub text: String,
    pub rows: Vec<RowChange>,
    pub chain: Chain,
}

/// A commit that is not durable yet, with what the ledger becomes when it is.
pub(crate) struct Prepared {
    pub group: Group,
    pub closed: Vec<(RowKey, Vec<SealedPart>)>,
}

/// The first line of a commit in the log.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct CommitText {
    pub stamp: Stamp,
    pub changes: Vec<Change>,
    /// The serial before, where it is not one less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// The last line of a commit in the log.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct EndText {
    pub rows: usize,
    pub chain: Chain,
}

/// A row that a commit removes.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct GoneText {
    pub at: String,
}

impl Chain {
    /// The chain before the first commit.
    pub fn start(lineage: &str) -> Self {
        Self(hex(&Sha256::digest(lineage.as_bytes())))
    }

    /// One that was stored.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The chain after a commit of these lines.
    pub fn after(&self, lines: &str) -> Self {
        let mut link = self.link();
        link.update(lines.as_bytes());
        link.finish()
    }

    /// Begins the chain's next link, for lines that come one by one.
    pub fn link(&self) -> Link {
        Link(Sha256::new().chain_update(&self.0))
    }
}

/// A link of a chain under construction.
pub(crate) struct Link(Sha256);

impl Link {
    pub fn update(&mut self, line: &[u8]) {
        self.0.update(line);
    }

    pub fn finish(self) -> Chain {
        Chain(hex(&self.0.finalize()))
    }
}

impl Ledger {
    pub fn new(
        rows: Rows,
        version: StateVersion,
        chain: Chain,
        sealer: Option<&Sealer>,
    ) -> Result<Self, u32> {
        let (state, closed) = rows::decode(rows, version, sealer)?;
        Ok(Self { state, chain, closed })
    }

    /// The same, and what waits for the network meanwhile goes on.
    pub async fn in_turns(
        rows: Rows,
        version: StateVersion,
        chain: Chain,
        sealer: Option<&Sealer>,
    ) -> Result<Self, u32> {
        let (state, closed) = rows::decode_in_turns(rows, version, sealer).await?;
        Ok(Self { state, chain, closed })
    }

    /// Writes the commit down, changing nothing yet.
    pub fn prepare(
        &self,
        events: &[Event],
        stamp: &Stamp,
        sealer: Option<&Sealer>,
    ) -> Result<Prepared, StoreError> {
        self.draft(events, stamp)?.prepare(sealer)
    }

    /// Looks whether the state can take the events in, and gives what can be written down elsewhere.
    pub fn draft(&self, events: &[Event], stamp: &Stamp) -> Result<Draft, StoreError> {
        let mut part = Part { state: State::empty(self.state.version.lineage.clone()), ..Part::default() };
        for event in events {
            part.take(event, self)?;
        }
        let changes = events.iter().map(Change::of).collect();
        let head = CommitText { stamp: stamp.clone(), changes, after: None };
        Ok(Draft { serial: self.state.version.serial + 1, head, chain: self.chain.clone(), part })
    }

    /// The commit that makes the rows `now` what `image` says, and the ledger after it; `None` if they are that already. The serial
    /// becomes the image's, or one more than it is where that is higher.
    pub fn replace(
        &self,
        now: &Rows,
        image: &Image,
        stamp: &Stamp,
        sealer: Option<&Sealer>,
    ) -> Result<Option<(Group, Self)>, StoreError> {
        let before = self.state.version.serial;
        let serial = image.version.serial.max(before + 1);
        let rows = rows::changes(now, &image.rows, serial);
        if rows.is_empty() && image.version.serial <= before {
            return Ok(None);
        }
        let changes = rows.iter().map(|(key, line)| Change::of_row(key, line.is_some())).collect();
        let after = (serial != before + 1).then_some(before);
        let group = group(&self.chain, serial, CommitText { stamp: stamp.clone(), changes, after }, rows)?;
        let mut then = now.clone();
        rows::apply(&mut then, group.rows.clone());
        let version = StateVersion { serial, ..self.state.version.clone() };
        let mut ledger = Self::new(then, version, group.chain.clone(), sealer)
            .map_err(|found| refused(format!("it has format {found}")))?;
        ledger.state.last = Some(stamp.clone());
        Ok(Some((group, ledger)))
    }

    /// All rows, written anew: what is known of the state when its store cannot be read any more.
    pub fn image(&self, sealer: Option<&Sealer>) -> Result<Image, StoreError> {
        let mut rows = Rows::new();
        let version = self.state.version.clone();
        for key in rows::keys(&self.state) {
            let closed = self.closed.get(&key).map_or(&[][..], Vec::as_slice);
            let line = rows::encode(&key, &self.state, version.serial, sealer, closed)
                .map_err(|error| refused(format!("{key}: {error}")))?;
            rows.extend(line.map(|line| (key.to_string(), line)));
        }
        Ok(Image { version, stamp: self.state.last.clone(), damaged: self.state.damaged.clone(), rows })
    }

    /// Takes in a commit that is durable.
    pub fn accept(&mut self, prepared: Prepared, events: &[Event], stamp: &Stamp) {
        events.iter().for_each(|event| self.state.fold(event));
        for (key, _) in &prepared.group.rows {
            self.state.damaged.remove(&rows::shown(key));
        }
        for (key, parts) in prepared.closed {
            match parts.is_empty() {
                true => drop(self.closed.remove(&key)),
                false => drop(self.closed.insert(key, parts)),
            }
        }
        self.state.version.serial = prepared.group.serial;
        self.state.last = Some(stamp.clone());
        self.chain = prepared.group.chain;
    }
}

/// A commit that the state can take in, and all that is needed to write it down.
pub(crate) struct Draft {
    serial: u64,
    head: CommitText,
    /// The chain before it.
    chain: Chain,
    part: Part,
}

impl Draft {
    /// Writes it down.
    pub fn prepare(self, sealer: Option<&Sealer>) -> Result<Prepared, StoreError> {
        let Self { serial, head, chain, part } = self;
        let mut rows = Vec::with_capacity(part.touched.len());
        for key in &part.touched {
            let closed = part.closed.get(key).map_or(&[][..], Vec::as_slice);
            let line = rows::encode(key, &part.state, serial, sealer, closed)
                .map_err(|error| refused(format!("{key}: {error}")))?;
            rows.push((key.to_string(), line));
        }
        let group = group(&chain, serial, head, rows)?;
        Ok(Prepared { group, closed: part.closed.into_iter().collect() })
    }
}

/// The lines of a commit behind `chain`.
fn group(chain: &Chain, serial: u64, head: CommitText, rows: Vec<RowChange>) -> Result<Group, StoreError> {
    let json = |text: serde_json::Result<String>| text.map_err(|error| refused(error.to_string()));
    let mut text = write_line("commit", serial, &json(serde_json::to_string(&head))?);
    text.push('\n');
    for (key, line) in &rows {
        match line {
            Some(line) => text.push_str(line),
            None => {
                let gone = GoneText { at: key.clone() };
                text.push_str(&write_line("gone", serial, &json(serde_json::to_string(&gone))?));
            }
        }
        text.push('\n');
    }
    let chain = chain.after(&text);
    let end = EndText { rows: rows.len(), chain: chain.clone() };
    text.push_str(&write_line("end", serial, &json(serde_json::to_string(&end))?));
    text.push('\n');
    Ok(Group { serial, text, rows, chain })
}

/// The part of a state that a commit touches, event by event.
struct Part {
    state: State,
    closed: Closed,
    touched: BTreeSet<RowKey>,
}

impl Default for Part {
    fn default() -> Self {
        Self { state: State::empty(""), closed: Closed::new(), touched: BTreeSet::new() }
    }
}

impl Part {
    fn take(&mut self, event: &Event, base: &Ledger) -> Result<(), StoreError> {
        for key in touched(event, &base.state, &self.state) {
            self.fetch(key, base);
        }
        if let Some(problem) = self.state.loses(event).or_else(|| unreadable(event, &base.state)) {
            return Err(refused(problem));
        }
        self.follow(event)?;
        self.state.fold(event);
        Ok(())
    }

    /// Brings a row in, as it was before the commit.
    fn fetch(&mut self, key: RowKey, base: &Ledger) {
        if !self.touched.insert(key.clone()) {
            return;
        }
        self.closed.insert(key.clone(), base.closed.get(&key).cloned().unwrap_or_default());
        let (from, to) = (&base.state, &mut self.state);
        match key {
            RowKey::Record(addr) => {
                from.records.get(&addr).map(|record| to.records.insert(addr, record.clone()));
            }
            RowKey::Deposed(addr, deposed) => {
                let key = (addr, deposed);
                from.deposed.get(&key).map(|record| to.deposed.insert(key, record.clone()));
            }
            RowKey::Output(name) => {
                from.outputs.get(&name).map(|value| to.outputs.insert(name, value.clone()));
            }
            RowKey::Intent(id) => {
                from.intents.get(&id).map(|intent| to.intents.insert(id, intent.clone()));
            }
            RowKey::Key => to.key = from.key.clone(),
        }
    }

    /// Lets sealed parts go where their record goes. They are bound to the address, so a closed one cannot go to another.
    fn follow(&mut self, event: &Event) -> Result<(), StoreError> {
        match event {
            Event::Moved { from, to } if from != to => {
                let of_from =
                    |key: &RowKey| matches!(key, RowKey::Record(at) | RowKey::Deposed(at, _) if at == from);
                if self.closed.iter().any(|(key, parts)| of_from(key) && !parts.is_empty()) {
                    return Err(StoreError::Closed { from: from.to_string(), to: to.to_string() });
                }
            }
            Event::Deposed(addr, key) => self.hand_over(record(addr), deposed(addr, key)),
            Event::Restored(addr, key) => self.hand_over(deposed(addr, key), record(addr)),
            _ => {}
        }
        Ok(())
    }

    fn hand_over(&mut self, from: RowKey, to: RowKey) {
        let parts = self.closed.insert(from, Vec::new()).unwrap_or_default();
        self.closed.insert(to, parts);
    }
}

/// The rows that an event may change.
fn touched(event: &Event, base: &State, draft: &State) -> Vec<RowKey> {
    match event {
        Event::Intended(intent) => vec![RowKey::Intent(intent.id.clone())],
        Event::Settled(id) => vec![RowKey::Intent(id.clone())],
        Event::Recorded(addr, _) | Event::Removed(addr) => vec![record(addr)],
        Event::Deposed(addr, key) | Event::Restored(addr, key) => vec![record(addr), deposed(addr, key)],
        Event::RemovedDeposed(addr, key) => vec![deposed(addr, key)],
        Event::Moved { from, to } => {
            let keys = base.deposed_of(from).chain(draft.deposed_of(from));
            let both = keys.flat_map(|(key, _)| [deposed(from, key), deposed(to, key)]);
            [record(from), record(to)].into_iter().chain(both).collect()
        }
        Event::Output(name, _) => vec![RowKey::Output(name.clone())],
        Event::KeySlot(_) => vec![RowKey::Key],
    }
}

/// A record that cannot be read can be replaced or removed, but not carried elsewhere.
fn unreadable(event: &Event, base: &State) -> Option<String> {
    let key = match event {
        Event::Moved { from, .. } => record(from),
        Event::Deposed(addr, _) => record(addr),
        Event::Restored(addr, key) => deposed(addr, key),
        _ => return None,
    };
    let shown = rows::shown(&key.to_string());
    base.damaged.get(&shown).map(|problem| format!("`{shown}` is damaged ({problem})"))
}

fn record(addr: &ObjectAddr) -> RowKey {
    RowKey::Record(addr.clone())
}

fn deposed(addr: &ObjectAddr, key: &DeposedKey) -> RowKey {
    RowKey::Deposed(addr.clone(), key.clone())
}

fn refused(problem: String) -> StoreError {
    StoreError::Refused { problem }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
