//! The past of a state: who committed what, when.

use super::{Event, Stamp};

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub serial: u64,
    pub stamp: Stamp,
    pub changes: Vec<Change>,
}

/// One change of a commit: what it did, to what.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    pub did: Did,
    /// An address, an output's name or an intent's id.
    pub at: String,
    /// Where a move went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    Intended,
    Settled,
    Recorded,
    Removed,
    Deposed,
    Restored,
    RemovedDeposed,
    Moved,
    SetOutput,
    RemovedOutput,
    SetKey,
}

impl Change {
    /// Says what an event does, without any value.
    pub fn of(event: &Event) -> Self {
        let (did, at, to) = match event {
            Event::Intended(intent) => (Did::Intended, intent.addr.to_string(), None),
            Event::Settled(id) => (Did::Settled, id.to_string(), None),
            Event::Recorded(addr, _) => (Did::Recorded, addr.to_string(), None),
            Event::Removed(addr) => (Did::Removed, addr.to_string(), None),
            Event::Deposed(addr, _) => (Did::Deposed, addr.to_string(), None),
            Event::Restored(addr, _) => (Did::Restored, addr.to_string(), None),
            Event::RemovedDeposed(addr, _) => (Did::RemovedDeposed, addr.to_string(), None),
            Event::Moved { from, to } => (Did::Moved, from.to_string(), Some(to.to_string())),
            Event::Output(name, Some(_)) => (Did::SetOutput, name.to_string(), None),
            Event::Output(name, None) => (Did::RemovedOutput, name.to_string(), None),
            Event::KeySlot(_) => (Did::SetKey, String::new(), None),
        };
        Self { did, at, to }
    }

    /// Says what became of a row where a whole state takes the place of another.
    pub(crate) fn of_row(key: &str, present: bool) -> Self {
        let (word, at) = key.split_once(' ').unwrap_or((key, ""));
        let did = match (word, present) {
            ("record", true) => Did::Recorded,
            ("record", false) => Did::Removed,
            ("deposed", true) => Did::Deposed,
            ("deposed", false) => Did::RemovedDeposed,
            ("output", true) => Did::SetOutput,
            ("output", false) => Did::RemovedOutput,
            ("intent", true) => Did::Intended,
            ("intent", false) => Did::Settled,
            _ => Did::SetKey,
        };
        let at = if word == "deposed" { at.split_once(' ').map_or(at, |(_, addr)| addr) } else { at };
        Self { did, at: at.to_owned(), to: None }
    }
}
