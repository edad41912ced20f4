//! The records as the world has them: what is recorded, and over it what was read.

use super::change::{drift, refreshed};
use super::planner::Request;
use super::{Answers, Drift};
use crate::addr::ObjectAddr;
use crate::state::{Record, State};
use std::collections::BTreeMap;

/// The records of a state, brought up to date. Only what was read is held beside the state.
pub(super) struct Current<'r> {
    recorded: &'r State,
    /// `None`: gone.
    read: BTreeMap<ObjectAddr, Option<Record>>,
}

impl<'r> Current<'r> {
    /// Brings the records up to date with the answers; also says what differs from the state.
    pub(super) fn read(request: &Request<'_>, recorded: &'r State, answers: &Answers) -> (Self, Vec<Drift>) {
        let mut current = Self { recorded, read: BTreeMap::new() };
        let mut drifts = Vec::new();
        for (addr, read) in &answers.reads {
            let Some(record) = recorded.records.get(addr) else { continue };
            let Some(kind) = request.kinds.get(&addr.resource.kind) else { continue };
            let now = read.as_ref().map(|object| refreshed(kind, record, object, request.sealer));
            let edits = now.as_ref().map(|now| drift(record, now)).unwrap_or_default();
            if now.is_none() || !edits.is_empty() {
                drifts.push(Drift { addr: addr.clone(), prior: record.clone(), current: now.clone(), edits });
            }
            if now.as_ref() != Some(record) {
                current.read.insert(addr.clone(), now);
            }
        }
        (current, drifts)
    }

    /// The records as they stand, nothing read.
    pub(super) fn unread(recorded: &'r State) -> Self {
        Self { recorded, read: BTreeMap::new() }
    }

    /// The record of an object that is there.
    pub(super) fn get(&self, addr: &ObjectAddr) -> Option<&Record> {
        match self.read.get(addr) {
            Some(read) => read.as_ref(),
            None => self.recorded.records.get(addr),
        }
    }
}
