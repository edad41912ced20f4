//! A state as it is stored: one line of text per key. The log, the sled store and the memory store keep the same rows.
//!
//! Copying rows needs no key and opens nothing: compaction, replay and repair work on them, and a row that does not verify is
//! carried along as it is until it is written anew, so that damage stays named and never spreads.

use super::format::{LineError, read_line, v1, write_line};
use super::{DeposedKey, IntentId, Outline, State, StateVersion};
use crate::addr::{Name, ObjectAddr};
use crate::secret::{KeySlot, Sealer};
use crate::value::{Value, walk};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Key, as text → line.
pub(crate) type Rows = BTreeMap<String, String>;

/// The sealed parts that stayed closed, by key.
pub(crate) type Closed = BTreeMap<RowKey, Vec<v1::SealedPart>>;

/// What a row is about. As text: `record instance.a`, `deposed 0badcafe instance.a`, `output url`, `intent 0123456789abcdef`, `key`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowKey {
    Record(ObjectAddr),
    Deposed(ObjectAddr, DeposedKey),
    Output(Name),
    Intent(IntentId),
    Key,
}

/// What one commit does to a row: `None` removes it.
pub(crate) type RowChange = (String, Option<String>);

#[derive(serde::Deserialize)]
struct RowText<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
    /// Read only when it is known what it is.
    #[serde(borrow)]
    is: &'a RawValue,
}

/// A row's key without what it says, which is most of it.
#[derive(serde::Deserialize)]
struct KeyText<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(addr) => write!(f, "record {addr}"),
            Self::Deposed(addr, key) => write!(f, "deposed {key} {addr}"),
            Self::Output(name) => write!(f, "output {name}"),
            Self::Intent(id) => write!(f, "intent {id}"),
            Self::Key => f.write_str("key"),
        }
    }
}

impl RowKey {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let addr = |text: &str| text.parse::<ObjectAddr>().map_err(|e| e.to_string());
        match word {
            "record" => Ok(Self::Record(addr(rest)?)),
            "deposed" => {
                let (key, of) = rest.split_once(' ').ok_or("its key cannot be read")?;
                Ok(Self::Deposed(addr(of)?, key.into()))
            }
            "output" => Ok(Self::Output(rest.into())),
            "intent" => Ok(Self::Intent(rest.into())),
            "key" => Ok(Self::Key),
            _ => Err(format!("this version does not know rows of `{word}`")),
        }
    }
}

/// Writes the line of `key`: the row of `state`, or `None` if there is none.
pub(crate) fn encode(
    key: &RowKey,
    state: &State,
    serial: u64,
    sealer: Option<&Sealer>,
    closed: &[v1::SealedPart],
) -> Result<Option<String>, serde_json::Error> {
    let lineage = &*state.version.lineage;
    let record = |record: &_, addr: &ObjectAddr| {
        let place = addr.to_string();
        serde_json::to_string(&v1::written_record(
            record,
            v1::Seal { sealer, lineage, place: &place },
            closed,
        ))
    };
    let json = match key {
        RowKey::Record(addr) => state.records.get(addr).map(|it| record(it, addr)),
        RowKey::Deposed(addr, deposed) => {
            state.deposed.get(&(addr.clone(), deposed.clone())).map(|it| record(it, addr))
        }
        RowKey::Output(name) => state.outputs.get(name).map(|value| {
            let place = output_place(name);
            let seal = v1::Seal { sealer, lineage, place: &place };
            serde_json::to_string(&v1::written_value(value, seal, closed))
        }),
        RowKey::Intent(id) => state.intents.get(id).map(|intent| {
            let place = intent.addr.to_string();
            let seal = v1::Seal { sealer, lineage, place: &place };
            serde_json::to_string(&v1::written_intent(intent, seal, closed))
        }),
        RowKey::Key => state.key.as_ref().map(serde_json::to_string),
    };
    let Some(is) = json.transpose()? else { return Ok(None) };
    let json = format!(r#"{{"at":{},"is":{is}}}"#, serde_json::to_string(&key.to_string())?);
    // The reader of JSON refuses what is nested too deeply: better to refuse it here than to be unable to read it back.
    if depth(&json) > DEEPEST {
        return Err(serde::ser::Error::custom("it nests too deeply"));
    }
    Ok(Some(write_line("row", serial, &json)))
}

/// How deep `serde_json` reads.
const DEEPEST: usize = 127;

/// How deep JSON text nests.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Goes on behind the end of a string.
fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                let _escaped: Option<u8> = bytes.next();
            }
            _ => {}
        }
    }
}

/// How many rows are read before whatever else is under way has its turn: a millisecond or so.
const STRETCH: usize = 32;

/// Reads all rows, letting go of each. What does not verify is named in [`State::damaged`]; a newer format is an error.
pub(crate) fn decode(
    rows: Rows,
    version: StateVersion,
    sealer: Option<&Sealer>,
) -> Result<(State, Closed), u32> {
    let mut decoding = Decoding::new(version, sealer);
    rows.into_iter().try_for_each(|(key, line)| decoding.take(&key, &line))?;
    Ok(decoding.read)
}

/// The same, and what waits for the network meanwhile goes on.
pub(crate) async fn decode_in_turns(
    rows: Rows,
    version: StateVersion,
    sealer: Option<&Sealer>,
) -> Result<(State, Closed), u32> {
    let mut decoding = Decoding::new(version, sealer);
    for (at, (key, line)) in rows.into_iter().enumerate() {
        // At first after each: what was begun just before needs several turns to be on its way.
        if at < STRETCH || at.is_multiple_of(STRETCH) {
            tokio::task::yield_now().await;
        }
        decoding.take(&key, &line)?;
    }
    Ok(decoding.read)
}

/// A state that is being read row by row.
struct Decoding<'s> {
    read: (State, Closed),
    sealer: Option<&'s Sealer>,
}

impl<'s> Decoding<'s> {
    fn new(version: StateVersion, sealer: Option<&'s Sealer>) -> Self {
        let state = State { version: version.clone(), ..State::empty(version.lineage) };
        Self { read: (state, Closed::new()), sealer }
    }

    fn take(&mut self, key: &str, line: &str) -> Result<(), u32> {
        let (state, closed) = &mut self.read;
        match decode_row(key, line, state, self.sealer) {
            Ok(parts) if parts.is_empty() => {}
            Ok(parts) => {
                RowKey::parse(key).into_iter().for_each(|key| drop(closed.insert(key, parts.clone())))
            }
            Err(Trouble::TooNew(found)) => return Err(found),
            Err(Trouble::Damaged(problem)) => drop(state.damaged.insert(shown(key), problem)),
        }
        Ok(())
    }
}

/// What rows are about.
pub(crate) fn outline(rows: &Rows) -> Outline {
    let mut outline = Outline::default();
    for key in rows.keys().filter_map(|key| RowKey::parse(key).ok()) {
        match key {
            RowKey::Record(addr) => *outline.kinds.entry(addr.resource.kind).or_default() += 1,
            RowKey::Intent(_) => outline.is_open = true,
            RowKey::Deposed(..) | RowKey::Output(_) | RowKey::Key => {}
        }
    }
    outline
}

/// Makes the changes of a commit.
pub(crate) fn apply(rows: &mut Rows, changes: Vec<RowChange>) {
    for (key, line) in changes {
        match line {
            Some(line) => drop(rows.insert(key, line)),
            None => drop(rows.remove(&key)),
        }
    }
}

/// What a commit changes to make `now` what `wanted` is. The rows are stamped with its serial; one that does not verify stays as it is.
pub(crate) fn changes(now: &Rows, wanted: &Rows, serial: u64) -> Vec<RowChange> {
    let keys: BTreeSet<&String> = now.keys().chain(wanted.keys()).collect();
    let differing = keys.into_iter().filter(|key| !same(now.get(*key), wanted.get(*key)));
    let stamped = |line: &String| match read_line(line) {
        Ok(read) => write_line("row", serial, read.json),
        Err(_) => line.clone(),
    };
    differing.map(|key| (key.clone(), wanted.get(key).map(stamped))).collect()
}

/// Whether two lines say the same, whichever commits wrote them.
pub(crate) fn same(one: Option<&String>, other: Option<&String>) -> bool {
    let text =
        |line: Option<&String>| line.map(|line| read_line(line).map_or(line.clone(), |l| l.json.to_owned()));
    text(one) == text(other)
}

/// The keys of all rows that a state has.
pub(crate) fn keys(state: &State) -> Vec<RowKey> {
    let records = state.records.keys().cloned().map(RowKey::Record);
    let deposed = state.deposed.keys().cloned().map(|(addr, key)| RowKey::Deposed(addr, key));
    let outputs = state.outputs.keys().cloned().map(RowKey::Output);
    let intents = state.intents.keys().cloned().map(RowKey::Intent);
    let key = state.key.iter().map(|_| RowKey::Key);
    records.chain(deposed).chain(outputs).chain(intents).chain(key).collect()
}

/// The keys of the rows that hold a secret which is open.
pub(crate) fn in_the_clear(state: &State) -> Vec<RowKey> {
    let open = |value: &Value| {
        let mut found = false;
        walk(value, &mut |_, part| {
            found |= part.is_sensitive() && part.unmark().0.is_known();
            !found
        });
        found
    };
    let values = |key: &RowKey| match key {
        RowKey::Record(addr) => state.records.get(addr).map(|record| &record.values),
        RowKey::Deposed(addr, deposed) => {
            state.deposed.get(&(addr.clone(), deposed.clone())).map(|record| &record.values)
        }
        RowKey::Output(name) => state.outputs.get(name),
        RowKey::Intent(id) => state.intents.get(id).map(|intent| &intent.record.values),
        RowKey::Key => None,
    };
    keys(state).into_iter().filter(|key| values(key).is_some_and(open)).collect()
}

/// How the key is found: the one row that is read before there is a key. One that does not verify is as good as none.
pub(crate) fn key_slot(rows: &Rows) -> Result<Option<KeySlot>, u32> {
    let row = rows.get_key_value("key").map(|(key, line)| (key.clone(), line.clone()));
    let version = StateVersion { lineage: "".into(), serial: 0 };
    decode(row.into_iter().collect(), version, None).map(|(state, _)| state.key)
}

/// The key as text, of a row that may be damaged: a name to report it by.
pub(crate) fn salvage_key(line: &str) -> Option<String> {
    let json = line.splitn(5, ' ').nth(4)?;
    serde_json::from_str::<KeyText<'_>>(json).ok().map(|row| row.at.into_owned())
}

/// The key in the JSON of a row that verifies. It stands first, so that nothing else need be read.
pub(crate) fn key_of(json: &str) -> Option<String> {
    let straight = json.strip_prefix(r#"{"at":"#).map(serde_json::Deserializer::from_str);
    match straight.map(|mut rest| String::deserialize(&mut rest)) {
        Some(Ok(key)) => Some(key),
        _ => serde_json::from_str::<KeyText<'_>>(json).ok().map(|row| row.at.into_owned()),
    }
}

/// A row's key and what it says, split where they were put together: that spares reading the content twice. One of another form is
/// read as JSON.
fn take_apart(json: &str) -> serde_json::Result<(Cow<'_, str>, &str)> {
    let straight = || {
        let rest = json.strip_prefix(r#"{"at":"#)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let at = values.next()?.ok()?;
        let is = rest.get(values.byte_offset()..)?.strip_prefix(r#","is":"#)?.strip_suffix('}')?;
        Some((at.into(), is))
    };
    let read = || serde_json::from_str(json).map(|RowText { at, is }| (at, is.get()));
    straight().map_or_else(read, Ok)
}

enum Trouble {
    TooNew(u32),
    Damaged(String),
}

impl<E: ToString> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Puts one row into `state` and gives what of it stayed closed.
fn decode_row(
    key: &str,
    line: &str,
    state: &mut State,
    sealer: Option<&Sealer>,
) -> Result<Vec<v1::SealedPart>, Trouble> {
    let line = read_line(line).map_err(|error| match error {
        LineError::TooNew(found) => Trouble::TooNew(found),
        error => Trouble::Damaged(error.to_string()),
    })?;
    let (at, is) = take_apart(line.json)?;
    if at != key {
        return Err(Trouble::Damaged(format!("it is the row of `{at}`")));
    }
    let key = RowKey::parse(key)?;
    let lineage = state.version.lineage.clone();
    let place = place(&key, is);
    let seal = v1::Seal { sealer, lineage: &lineage, place: &place };
    let (closed, tampered) = put(key, is, seal, state)?;
    if let Some(problem) = tampered {
        state.damaged.insert(shown(&at), problem);
    }
    Ok(closed)
}

fn put(
    key: RowKey,
    is: &str,
    seal: v1::Seal<'_>,
    state: &mut State,
) -> Result<(Vec<v1::SealedPart>, Option<String>), Trouble> {
    Ok(match key {
        RowKey::Record(addr) => {
            let v1::Opened { what, closed, tampered } = v1::read_record(is, seal)?;
            state.records.insert(addr, what);
            (closed, tampered)
        }
        RowKey::Deposed(addr, deposed) => {
            let v1::Opened { what, closed, tampered } = v1::read_record(is, seal)?;
            state.deposed.insert((addr, deposed), what);
            (closed, tampered)
        }
        RowKey::Output(name) => {
            let v1::Opened { what, closed, tampered } = v1::read_value(is, seal)?;
            state.outputs.insert(name, what);
            (closed, tampered)
        }
        RowKey::Intent(id) => {
            let v1::Opened { what, closed, tampered } = v1::read_intent(id.clone(), is, seal)?;
            state.intents.insert(id, what);
            (closed, tampered)
        }
        RowKey::Key => {
            state.key = Some(serde_json::from_str(is)?);
            (Vec::new(), None)
        }
    })
}

/// What sealed values of a row are bound to. A deposed object keeps its address, so deposing needs no key.
pub(crate) fn place(key: &RowKey, is: &str) -> String {
    match key {
        RowKey::Record(addr) | RowKey::Deposed(addr, _) => addr.to_string(),
        RowKey::Output(name) => output_place(name),
        RowKey::Intent(_) => v1::intent_place(is).unwrap_or_default(),
        RowKey::Key => String::new(),
    }
}

fn output_place(name: &str) -> String {
    format!("output.{name}")
}

/// Records are reported by their address alone.
pub(crate) fn shown(key: &str) -> String {
    key.strip_prefix("record ").unwrap_or(key).to_string()
}
