//! The journal as a table: what an operation's end makes of the state.
//!
//! An operation is opened by an [`Intent`] before its request leaves and closed by what is known of its end: by the run that sent
//! it, or by a later one that looked. Both ask this table, so recovery is its replay.
//!
//! | end ↓, status → | create | create before the old one goes | update | delete | delete of a deposed object |
//! | --- | --- | --- | --- | --- | --- |
//! | (opened) | intended | intended, the old one deposed | intended | intended | intended |
//! | stands | settled, recorded | settled, recorded | settled, recorded | settled | settled |
//! | gone | settled | settled, the old one restored | settled | settled, removed | settled, removed |
//! | undone | settled | settled, the old one restored | settled, changed secrets doubted | settled | settled |
//! | unknown | stays open | stays open | stays open | stays open | stays open |
//!
//! An update that ended otherwise than well may have set a secret, which no look can show. The record then forgets what the secret
//! was: the next plan sends it, whatever the configuration says by then.

use super::{Event, Intent, Operation, Record, State};

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The object stands as this record says.
    Stands(Box<Record>),
    /// There is no such object any more.
    Gone,
    /// It was not done, or not wholly: nothing new stands.
    Undone,
    /// Nobody knows.
    Unknown,
}

impl State {
    /// What is committed before the request leaves. A create that names a deposed object makes the current one that.
    pub fn opening(&self, intent: &Intent) -> Vec<Event> {
        let mut events = vec![Event::Intended(Box::new(intent.clone()))];
        if let (Operation::Create, Some(key)) = (intent.operation, &intent.deposed)
            && self.records.contains_key(&intent.addr)
        {
            events.push(Event::Deposed(intent.addr.clone(), key.clone()));
        }
        events
    }

    /// What is committed once the end is known.
    pub fn closing(&self, intent: &Intent, end: &End) -> Vec<Event> {
        if *end == End::Unknown {
            return Vec::new();
        }
        let addr = || intent.addr.clone();
        let outcome = match (intent.operation, end, &intent.deposed) {
            (Operation::Create | Operation::Update, End::Stands(record), _) => {
                Some(Event::Recorded(addr(), record.clone()))
            }
            (Operation::Create, _, Some(key)) => {
                self.restores(intent).then(|| Event::Restored(addr(), key.clone()))
            }
            (Operation::Create, _, None) => None,
            (Operation::Update, End::Undone, _) => {
                let doubted = self.records.get(&intent.addr).and_then(|prior| doubted(prior, &intent.record));
                doubted.map(|record| Event::Recorded(addr(), Box::new(record)))
            }
            (Operation::Update, _, _) => None,
            (Operation::Delete, End::Gone, Some(key)) => Some(Event::RemovedDeposed(addr(), key.clone())),
            (Operation::Delete, End::Gone, None) => Some(Event::Removed(addr())),
            (Operation::Delete, _, _) => None,
        };
        std::iter::once(Event::Settled(intent.id.clone())).chain(outcome).collect()
    }

    /// Whether the object that a create was to replace can take its place again.
    fn restores(&self, intent: &Intent) -> bool {
        let waits = |key| self.deposed.contains_key(&(intent.addr.clone(), key));
        !self.records.contains_key(&intent.addr) && intent.deposed.clone().is_some_and(waits)
    }
}

/// The record without the fingerprints of those secrets that the update was to change; `None` if there are none.
fn doubted(prior: &Record, meant: &Record) -> Option<Record> {
    let mut record = prior.clone();
    record.fingerprints.retain(|path, print| meant.fingerprints.get(path) == Some(print));
    (record.fingerprints.len() != prior.fingerprints.len()).then_some(record)
}
