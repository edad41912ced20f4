//! A store without a disk, for tests: the same rows and commits, gone with the process.

use super::history::{Change, Entry};
use super::ledger::{Chain, Ledger};
use super::rows::Rows;
use super::{Event, Holder, Stamp, State, StateVersion, Store, StoreError, Writer};
use crate::secret::{Sealer, random_hex};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(5);

/// A state in memory. Clones share it, as two processes share a directory; each has its own key.
#[derive(Default)]
pub struct MemoryStore {
    shared: Arc<Mutex<Memory>>,
    sealer: SharedSealer,
}

type SharedSealer = Arc<RwLock<Option<Arc<Sealer>>>>;

struct Memory {
    version: StateVersion,
    chain: Chain,
    rows: Rows,
    history: Vec<Entry>,
    holder: Option<Holder>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(&random_hex(8))
    }
}

impl Memory {
    fn new(lineage: &str) -> Self {
        let chain = Chain::start(lineage);
        let version = StateVersion { lineage: lineage.into(), serial: 0 };
        Self { version, chain, rows: Rows::new(), history: Vec::new(), holder: None }
    }
}

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), sealer: SharedSealer::default() }
    }
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::default()
    }

    /// With a lineage that is known beforehand.
    pub fn with_lineage(lineage: &str) -> Self {
        Self { shared: Arc::new(Mutex::new(Memory::new(lineage))), sealer: SharedSealer::default() }
    }

    /// A copy that shares nothing with this one: what one does to it, the other does not see.
    pub fn fork(&self) -> Self {
        let memory = hold(&self.shared);
        let copy = Memory {
            version: memory.version.clone(),
            chain: memory.chain.clone(),
            rows: memory.rows.clone(),
            history: memory.history.clone(),
            holder: None,
        };
        Self { shared: Arc::new(Mutex::new(copy)), sealer: SharedSealer::default() }
    }

    /// The commits so far, the oldest first.
    pub fn history(&self) -> Vec<Entry> {
        hold(&self.shared).history.clone()
    }

    /// All that is stored, as text: to see what is not in it.
    pub fn stored(&self) -> String {
        hold(&self.shared).rows.values().flat_map(|line| [line, "\n"]).collect()
    }

    fn ledger(&self) -> Result<Ledger, StoreError> {
        let memory = hold(&self.shared);
        let sealer = self.sealer.read().unwrap_or_else(PoisonError::into_inner).clone();
        let ledger =
            Ledger::new(&memory.rows, memory.version.clone(), memory.chain.clone(), sealer.as_deref());
        let mut ledger = ledger.map_err(|found| StoreError::TooNew {
            place: "memory".into(),
            found,
            known: super::format::FORMAT,
        })?;
        ledger.state.last = memory.history.last().map(|entry| entry.stamp.clone());
        Ok(ledger)
    }

    fn try_lock(&self, holder: &Holder) -> Result<(), Holder> {
        let mut memory = hold(&self.shared);
        match &memory.holder {
            Some(other) => Err(other.clone()),
            None => {
                memory.holder = Some(holder.clone());
                Ok(())
            }
        }
    }
}

#[async_trait::async_trait]
impl Store for MemoryStore {
    async fn snapshot(&self) -> Result<State, StoreError> {
        Ok(self.ledger()?.state)
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Writer>, StoreError> {
        let start = Instant::now();
        while let Err(holder) = self.try_lock(holder) {
            if start.elapsed() >= wait {
                return Err(StoreError::Locked { holder });
            }
            tokio::time::sleep(POLL).await;
        }
        let lock = Held(self.shared.clone());
        Ok(Box::new(MemoryWriter { ledger: self.ledger()?, lock, sealer: self.sealer.clone() }))
    }

    fn unlock_values(&mut self, sealer: Arc<Sealer>) {
        *self.sealer.write().unwrap_or_else(PoisonError::into_inner) = Some(sealer);
    }
}

struct MemoryWriter {
    ledger: Ledger,
    lock: Held,
    sealer: SharedSealer,
}

/// The lock: dropping it lets go.
struct Held(Arc<Mutex<Memory>>);

impl Drop for Held {
    fn drop(&mut self) {
        hold(&self.0).holder = None;
    }
}

#[async_trait::async_trait]
impl Writer for MemoryWriter {
    fn state(&self) -> &State {
        &self.ledger.state
    }

    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        if !events.is_empty() {
            let sealer = self.sealer.read().unwrap_or_else(PoisonError::into_inner).clone();
            let prepared = self.ledger.prepare(events, stamp, sealer.as_deref())?;
            let mut memory = hold(&self.lock.0);
            for (key, line) in &prepared.group.rows {
                match line {
                    Some(line) => drop(memory.rows.insert(key.clone(), line.clone())),
                    None => drop(memory.rows.remove(key)),
                }
            }
            let changes = events.iter().map(Change::of).collect();
            memory.history.push(Entry { serial: prepared.group.serial, stamp: stamp.clone(), changes });
            memory.version.serial = prepared.group.serial;
            memory.chain = prepared.group.chain.clone();
            self.ledger.accept(prepared, events, stamp);
        }
        Ok(self.ledger.state.version.serial)
    }
}

fn hold(shared: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
