//! Events over a state: the one meaning that every store gives to a commit.

use super::{DeposedKey, Event, Record, State, StateVersion};
use crate::addr::ObjectAddr;
use std::collections::BTreeMap;
use std::sync::Arc;

impl State {
    /// The state before the first commit.
    pub fn empty(lineage: impl Into<Arc<str>>) -> Self {
        Self {
            version: StateVersion { lineage: lineage.into(), serial: 0 },
            records: BTreeMap::new(),
            deposed: BTreeMap::new(),
            outputs: BTreeMap::new(),
            intents: BTreeMap::new(),
            key: None,
            damaged: BTreeMap::new(),
            last: None,
        }
    }

    /// Takes in one event. The serial and the stamp belong to the commit, not to its events, and stay.
    /// An event about something that is not there changes nothing.
    pub fn fold(&mut self, event: &Event) {
        match event {
            Event::Intended(intent) => drop(self.intents.insert(intent.id.clone(), (**intent).clone())),
            Event::Settled(id) => drop(self.intents.remove(id)),
            Event::Recorded(addr, record) => drop(self.records.insert(addr.clone(), (**record).clone())),
            Event::Removed(addr) => drop(self.records.remove(addr)),
            Event::Deposed(addr, key) => {
                if let Some(record) = self.records.remove(addr) {
                    self.deposed.insert((addr.clone(), key.clone()), record);
                }
            }
            Event::Restored(addr, key) => {
                if let Some(record) = self.deposed.remove(&(addr.clone(), key.clone())) {
                    self.records.insert(addr.clone(), record);
                }
            }
            Event::RemovedDeposed(addr, key) => drop(self.deposed.remove(&(addr.clone(), key.clone()))),
            Event::Moved { from, to } => self.rename(from, to),
            Event::Output(name, Some(value)) => drop(self.outputs.insert(name.clone(), value.clone())),
            Event::Output(name, None) => drop(self.outputs.remove(name)),
            Event::KeySlot(slot) => self.key = Some(slot.clone()),
        }
    }

    /// The deposed objects of an address, in the order of their keys.
    pub fn deposed_of<'a>(
        &'a self,
        addr: &'a ObjectAddr,
    ) -> impl Iterator<Item = (&'a DeposedKey, &'a Record)> {
        self.deposed
            .range((addr.clone(), Arc::from(""))..)
            .take_while(move |((of, _), _)| of == addr)
            .map(|((_, key), record)| (key, record))
    }

    /// What would be lost if `event` were taken in: an object that exists and that nothing would name any more.
    pub(crate) fn loses(&self, event: &Event) -> Option<String> {
        match event {
            Event::Moved { from, to } if from != to && self.moves_onto(from, to) => {
                Some(format!("`{to}` is taken, so `{from}` cannot be moved there"))
            }
            Event::Restored(addr, key)
                if self.records.contains_key(addr)
                    && self.deposed.contains_key(&(addr.clone(), key.clone())) =>
            {
                Some(format!("`{addr}` has a current object, so a deposed one cannot take its place"))
            }
            Event::Deposed(addr, key)
                if self.records.contains_key(addr)
                    && self.deposed.contains_key(&(addr.clone(), key.clone())) =>
            {
                Some(format!("`{addr}` already has a deposed object `{key}`"))
            }
            _ => None,
        }
    }

    fn moves_onto(&self, from: &ObjectAddr, to: &ObjectAddr) -> bool {
        let current = self.records.contains_key(from) && self.records.contains_key(to);
        current || self.deposed_of(from).any(|(key, _)| self.deposed.contains_key(&(to.clone(), key.clone())))
    }

    /// Deposed objects go where their address goes, else nothing would delete them.
    fn rename(&mut self, from: &ObjectAddr, to: &ObjectAddr) {
        if let Some(record) = self.records.remove(from) {
            self.records.insert(to.clone(), record);
        }
        let keys: Vec<_> = self.deposed_of(from).map(|(key, _)| key.clone()).collect();
        for key in keys {
            if let Some(record) = self.deposed.remove(&(from.clone(), key.clone())) {
                self.deposed.insert((to.clone(), key), record);
            }
        }
    }
}
