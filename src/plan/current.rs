//! The records as the world has them: what is recorded, and over it what was read.

use super::Drift;
use super::change::{drift, refreshed};
use crate::addr::ObjectAddr;
use crate::kind::Kinds;
use crate::provider::Object;
use crate::secret::Sealer;
use crate::state::{Record, State};
use std::collections::BTreeMap;

/// The records of a state, brought up to date. Only what is not as it is recorded is held beside the state.
pub(super) struct Current<'r> {
    recorded: &'r State,
    /// `None`: gone.
    read: BTreeMap<ObjectAddr, Option<Record>>,
    drift: BTreeMap<ObjectAddr, Drift>,
}

impl<'r> Current<'r> {
    /// The records as they stand, nothing read.
    pub(super) fn unread(recorded: &'r State) -> Self {
        Self { recorded, read: BTreeMap::new(), drift: BTreeMap::new() }
    }

    /// Brings a record up to date with what was read of its object; `None`: it is gone.
    pub(super) fn see(
        &mut self,
        addr: &ObjectAddr,
        read: Option<&Object>,
        (kinds, sealer): (&Kinds, Option<&Sealer>),
    ) {
        let kind = kinds.get(&addr.resource.kind);
        let (Some(record), Some(kind)) = (self.recorded.records.get(addr), kind) else { return };
        let now = read.map(|object| refreshed(kind, record, object, sealer));
        if now.as_ref() == Some(record) {
            return;
        }
        let edits = now.as_ref().map(|now| drift(record, now)).unwrap_or_default();
        if now.is_none() || !edits.is_empty() {
            let drift = Drift { addr: addr.clone(), prior: record.clone(), current: now.clone(), edits };
            self.drift.insert(addr.clone(), drift);
        }
        self.read.insert(addr.clone(), now);
    }

    /// Whether everything that was read is as it is recorded.
    pub(super) fn is_as_recorded(&self) -> bool {
        self.read.is_empty()
    }

    /// What differs from the records, in the order of the addresses.
    pub(super) fn drift(&self) -> Vec<Drift> {
        self.drift.values().cloned().collect()
    }

    /// The record of an object that is there.
    pub(super) fn get(&self, addr: &ObjectAddr) -> Option<&Record> {
        match self.read.get(addr) {
            Some(read) => read.as_ref(),
            None => self.recorded.records.get(addr),
        }
    }
}
