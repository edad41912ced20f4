//! A store without a disk, for tests: the same rows and commits, gone with the process.

use super::history::{Change, Entry};
use super::ledger::{Chain, Group, Ledger};
use super::rows::{self, RowChange, Rows};
use super::{Backend, Event, Holder, Image, Rebuilt, Stamp, State, StateVersion, Store, StoreError, Writer};
use crate::addr::Name;
use crate::secret::{Sealer, random_hex};
use std::collections::BTreeMap;
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
    history: Vec<Past>,
    holder: Option<Holder>,
    /// One more with each lock that is given: who was thought dead and is not finds that it has changed.
    fence: u64,
}

/// A commit, and what it changed.
#[derive(Clone)]
struct Past {
    entry: Entry,
    rows: Vec<RowChange>,
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
        Self { version, chain, rows: Rows::new(), history: Vec::new(), holder: None, fence: 0 }
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

    /// Damages a row as a disk would, for tests of what is said of it.
    pub fn damage(&self, key: &str) {
        if let Some(line) = hold(&self.shared).rows.get_mut(key) {
            *line = line.replacen("\"is\":", "\"iz\":", 1);
        }
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
            fence: memory.fence,
        };
        Self { shared: Arc::new(Mutex::new(copy)), sealer: SharedSealer::default() }
    }

    /// All that is stored, as text: to see what is not in it.
    pub fn stored(&self) -> String {
        hold(&self.shared).rows.values().flat_map(|line| [line, "\n"]).collect()
    }

    fn ledger(&self) -> Result<Ledger, StoreError> {
        let memory = hold(&self.shared);
        let sealer = self.sealer.read().unwrap_or_else(PoisonError::into_inner).clone();
        let ledger =
            Ledger::new(memory.rows.clone(), memory.version.clone(), memory.chain.clone(), sealer.as_deref());
        let mut ledger = ledger.map_err(too_new)?;
        ledger.state.last = memory.history.last().map(|past| past.entry.stamp.clone());
        Ok(ledger)
    }

    fn try_lock(&self, holder: &Holder) -> Result<u64, Holder> {
        let mut memory = hold(&self.shared);
        match &memory.holder {
            Some(other) => Err(other.clone()),
            None => {
                memory.holder = Some(holder.clone());
                memory.fence += 1;
                Ok(memory.fence)
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
        let fence = loop {
            match self.try_lock(holder) {
                Ok(fence) => break fence,
                Err(holder) if start.elapsed() >= wait => return Err(StoreError::Locked { holder }),
                Err(_) => tokio::time::sleep(POLL).await,
            }
        };
        let lock = Held { shared: self.shared.clone(), fence };
        Ok(Box::new(MemoryWriter { ledger: self.ledger()?, lock, sealer: self.sealer.clone() }))
    }

    async fn image(&self, at: Option<u64>) -> Result<Option<Image>, StoreError> {
        let memory = hold(&self.shared);
        let found = match at {
            None => memory.history.len().checked_sub(1),
            Some(serial) => memory.history.iter().position(|past| past.entry.serial == serial),
        };
        let until = found.and_then(|found| memory.history.get(..=found)).unwrap_or_default();
        Ok(until.last().map(|past| Image {
            version: StateVersion { serial: past.entry.serial, ..memory.version.clone() },
            stamp: Some(past.entry.stamp.clone()),
            damaged: Default::default(),
            rows: replayed(until),
        }))
    }

    async fn history(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(hold(&self.shared).history.iter().map(|past| past.entry.clone()).collect())
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        Ok(hold(&self.shared).holder.clone())
    }

    async fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        let mut memory = hold(&self.shared);
        match memory.holder.take() {
            Some(holder) if holder.id == id => {
                memory.fence += 1;
                Ok(())
            }
            Some(holder) => {
                memory.holder = Some(holder.clone());
                Err(StoreError::Locked { holder })
            }
            None => Err(StoreError::NotLocked),
        }
    }

    async fn repair(&self, holder: &Holder, wait: Duration) -> Result<Rebuilt, StoreError> {
        let writer = self.lock(holder, wait).await?;
        Ok(Rebuilt::Nothing { serial: writer.state().version.serial })
    }

    fn begin_with(&mut self, lineage: &str) {
        let mut memory = hold(&self.shared);
        if memory.version.serial == 0 {
            memory.version.lineage = lineage.into();
            memory.chain = Chain::start(lineage);
        }
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
struct Held {
    shared: Arc<Mutex<Memory>>,
    fence: u64,
}

impl Held {
    /// The memory, if the lock was not broken since.
    fn memory(&self) -> Result<MutexGuard<'_, Memory>, StoreError> {
        let memory = hold(&self.shared);
        if memory.fence == self.fence { Ok(memory) } else { Err(StoreError::Fenced) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(mut memory) = self.memory() {
            memory.holder = None;
        }
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
            let changes = events.iter().map(Change::of).collect();
            self.lock.memory()?.take(&prepared.group, stamp, changes);
            self.ledger.accept(prepared, events, stamp);
        }
        Ok(self.ledger.state.version.serial)
    }

    async fn replace(&mut self, image: &Image, stamp: &Stamp) -> Result<u64, StoreError> {
        let sealer = self.sealer.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut memory = self.lock.memory()?;
        if memory.version.serial == 0 {
            *memory = Memory {
                holder: memory.holder.take(),
                fence: memory.fence,
                ..Memory::new(&image.version.lineage)
            };
            let (version, chain) = (memory.version.clone(), memory.chain.clone());
            self.ledger = Ledger::new(Rows::new(), version, chain, None).map_err(too_new)?;
        }
        if let Some((group, ledger)) = self.ledger.replace(&memory.rows, image, stamp, sealer.as_deref())? {
            let changes = group.rows.iter().map(|(key, line)| Change::of_row(key, line.is_some())).collect();
            memory.take(&group, stamp, changes);
            self.ledger = ledger;
        }
        Ok(self.ledger.state.version.serial)
    }

    fn image(&self) -> Result<Image, StoreError> {
        let sealer = self.sealer.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.ledger.image(sealer.as_deref())
    }
}

impl Memory {
    fn take(&mut self, group: &Group, stamp: &Stamp, changes: Vec<Change>) {
        rows::apply(&mut self.rows, group.rows.clone());
        let entry = Entry { serial: group.serial, stamp: stamp.clone(), changes };
        self.history.push(Past { entry, rows: group.rows.clone() });
        self.version.serial = group.serial;
        self.chain = group.chain.clone();
    }
}

/// The rows after these commits.
fn replayed(history: &[Past]) -> Rows {
    let mut rows = Rows::new();
    history.iter().for_each(|past| rows::apply(&mut rows, past.rows.clone()));
    rows
}

fn too_new(found: u32) -> StoreError {
    StoreError::TooNew { place: "memory".into(), found, known: super::format::FORMAT }
}

fn hold(shared: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// States in memory, one for each workspace. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryBackend(Arc<Mutex<BTreeMap<Name, Known>>>);

/// A store, and whether its workspace was created.
type Known = (MemoryStore, bool);

#[async_trait::async_trait]
impl Backend for MemoryBackend {
    fn place(&self, workspace: &str) -> String {
        format!("memory ({workspace})")
    }

    async fn workspaces(&self) -> Result<Vec<Name>, StoreError> {
        let stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            stores.iter().filter(|(_, (store, created))| *created || hold(&store.shared).version.serial > 0);
        Ok(known.map(|(name, _)| name.clone()).collect())
    }

    fn open(&self, workspace: &str) -> Box<dyn Store> {
        let mut stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Box::new(stores.entry(workspace.into()).or_default().0.clone())
    }

    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(workspace.into()).or_default().1 = true;
        Ok(())
    }

    async fn remove(&self, workspace: &str, holder: &Holder) -> Result<(), StoreError> {
        let _lock = self.open(workspace).lock(holder, Duration::ZERO).await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(workspace);
        Ok(())
    }
}
