//! The emulator's data on disk: one sled tree a collection, JSON records under their ids.
//! A store without a directory keeps nothing.
//!
//! sled panics on damaged files instead of answering an error, so opening and reading catch that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

/// The key under which a tree keeps the next id, shorter than any id's.
const NEXT: &[u8] = b"next";

/// A store that cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct StoreError(String);

/// Where records rest.
#[derive(Clone, Default)]
pub(super) struct Store(Option<Disk>);

/// One collection's place in it.
pub(super) struct Tree(Option<(sled::Tree, Arc<AtomicU64>)>);

#[derive(Clone)]
struct Disk {
    db: sled::Db,
    /// How many changes were made.
    made: Arc<AtomicU64>,
    /// How many of them are durable; held while a flush runs.
    durable: Arc<Mutex<u64>>,
}

/// What a tree held when it was opened.
pub(super) struct Found<T> {
    pub(super) records: Vec<T>,
    pub(super) next: Option<u64>,
}

/// How long a closing database of this very process may keep sled's own lock.
const CLOSING: Duration = Duration::from_secs(2);

impl Store {
    /// Opens the data of a directory, or keeps none.
    pub(super) fn open(directory: Option<&Path>) -> Result<Self, StoreError> {
        let Some(directory) = directory else { return Ok(Self(None)) };
        create_private(directory).map_err(|error| StoreError(error.to_string()))?;
        // A small cache and no clock of its own: every change is flushed by the request that made it.
        let config = sled::Config::new().path(directory).cache_capacity(16 << 20).flush_every_ms(None);
        let start = Instant::now();
        let db = loop {
            match guarded(|| config.open()) {
                Err(StoreError(problem))
                    if problem.contains("could not acquire lock") && start.elapsed() < CLOSING =>
                {
                    std::thread::sleep(Duration::from_millis(10));
                }
                opened => break opened?,
            }
        };
        protect(directory).map_err(|error| StoreError(error.to_string()))?;
        Ok(Self(Some(Disk { db, made: Arc::default(), durable: Arc::default() })))
    }

    pub(super) fn tree(&self, name: &str) -> Result<Tree, StoreError> {
        let Some(disk) = &self.0 else { return Ok(Tree(None)) };
        let tree = guarded(|| disk.db.open_tree(name))?;
        Ok(Tree(Some((tree, Arc::clone(&disk.made)))))
    }

    /// Makes all changes so far durable; requests side by side share one flush.
    ///
    /// sled's own `flush_async` will not do: its flushes wait in the same eight threads that write what they
    /// wait for, so eight of them side by side wait for ever.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let Some(Disk { db, made, durable }) = self.0.clone() else { return Ok(()) };
        let wanted = made.load(Ordering::SeqCst);
        let mut durable = durable.lock().await;
        if *durable >= wanted {
            return Ok(());
        }
        let made = made.load(Ordering::SeqCst);
        let flush = tokio::task::spawn_blocking(move || guarded(|| db.flush()));
        flush.await.map_err(|error| StoreError(error.to_string()))??;
        *durable = made;
        Ok(())
    }
}

impl Tree {
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Found<T>, StoreError> {
        let mut found = Found { records: Vec::new(), next: None };
        let Some((tree, _)) = &self.0 else { return Ok(found) };
        for (key, value) in guarded(|| tree.iter().collect::<Result<Vec<_>, _>>())? {
            let broken = |error| StoreError(format!("the record {} is damaged: {error}", name(&key)));
            if key == NEXT {
                found.next = value.as_ref().try_into().ok().map(u64::from_be_bytes);
            } else {
                found.records.push(serde_json::from_slice(&value).map_err(broken)?);
            }
        }
        Ok(found)
    }

    /// Writes a record and the next free id in one step.
    pub(super) fn put(&self, id: u64, record: &impl Serialize, next: u64) -> Result<(), StoreError> {
        let Some((tree, made)) = &self.0 else { return Ok(()) };
        let record = serde_json::to_vec(record).map_err(|error| StoreError(error.to_string()))?;
        let mut batch = sled::Batch::default();
        batch.insert(&id.to_be_bytes(), record);
        batch.insert(NEXT, &next.to_be_bytes());
        guarded(|| tree.apply_batch(batch))?;
        made.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    pub(super) fn delete(&self, id: u64) -> Result<(), StoreError> {
        let Some((tree, made)) = &self.0 else { return Ok(()) };
        guarded(|| tree.remove(id.to_be_bytes()))?;
        made.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Runs a call to sled, turning its panics into errors.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| StoreError(error.to_string())),
        Err(_) => Err(StoreError("the data are damaged".to_owned())),
    }
}

/// Makes the directory for its owner alone: user names and addresses are nobody else's business.
/// Files for their owner alone. What sled makes later is covered by the directory, which nobody else may enter.
fn protect(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let mode = if entry.file_type()?.is_dir() { 0o700 } else { 0o600 };
        std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn create_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Returns a key as people know it: the id.
fn name(key: &[u8]) -> String {
    key.try_into().map_or_else(|_| format!("{key:?}"), |key| u64::from_be_bytes(key).to_string())
}
