//! The emulator's data on disk: one sled tree a collection, JSON records under their ids.
//! A store without a directory keeps nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::database::{self, DbError, guarded};

/// The key under which a tree keeps the next id, shorter than any id's.
const NEXT: &[u8] = b"next";

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

impl Store {
    /// Opens the data of a directory, or keeps none.
    pub(super) fn open(directory: Option<&Path>) -> Result<Self, DbError> {
        let Some(directory) = directory else { return Ok(Self(None)) };
        create_private(directory)?;
        // A small cache and no clock of its own: every change is flushed by the request that made it.
        let config = sled::Config::new().path(directory).cache_capacity(16 << 20).flush_every_ms(None);
        let db = database::open(&config)?;
        database::protect(directory)?;
        Ok(Self(Some(Disk { db, made: Arc::default(), durable: Arc::default() })))
    }

    pub(super) fn tree(&self, name: &str) -> Result<Tree, DbError> {
        let Some(disk) = &self.0 else { return Ok(Tree(None)) };
        let tree = guarded(|| disk.db.open_tree(name))?;
        Ok(Tree(Some((tree, Arc::clone(&disk.made)))))
    }

    /// Makes all changes so far durable; requests side by side share one flush.
    ///
    /// sled's own `flush_async` will not do: its flushes wait in the same eight threads that write what they
    /// wait for, so eight of them side by side wait for ever.
    pub(super) async fn flush(&self) -> Result<(), DbError> {
        let Some(Disk { db, made, durable }) = self.0.clone() else { return Ok(()) };
        let wanted = made.load(Ordering::SeqCst);
        let mut durable = durable.lock().await;
        if *durable >= wanted {
            return Ok(());
        }
        let made = made.load(Ordering::SeqCst);
        let flush = tokio::task::spawn_blocking(move || guarded(|| db.flush()));
        flush.await.map_err(|error| DbError::Broken(error.to_string()))??;
        *durable = made;
        Ok(())
    }
}

impl Tree {
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Found<T>, DbError> {
        let mut found = Found { records: Vec::new(), next: None };
        let Some((tree, _)) = &self.0 else { return Ok(found) };
        for (key, value) in guarded(|| tree.iter().collect::<Result<Vec<_>, _>>())? {
            let broken = |error| DbError::Broken(format!("the record {} is damaged: {error}", name(&key)));
            if key == NEXT {
                found.next = value.as_ref().try_into().ok().map(u64::from_be_bytes);
            } else {
                found.records.push(serde_json::from_slice(&value).map_err(broken)?);
            }
        }
        Ok(found)
    }

    /// Writes a record and the next free id in one step.
    pub(super) fn put(&self, id: u64, record: &impl Serialize, next: u64) -> Result<(), DbError> {
        let Some((tree, made)) = &self.0 else { return Ok(()) };
        let record = serde_json::to_vec(record).map_err(|error| DbError::Broken(error.to_string()))?;
        let mut batch = sled::Batch::default();
        batch.insert(&id.to_be_bytes(), record);
        batch.insert(NEXT, &next.to_be_bytes());
        guarded(|| tree.apply_batch(batch))?;
        made.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    pub(super) fn delete(&self, id: u64) -> Result<(), DbError> {
        let Some((tree, made)) = &self.0 else { return Ok(()) };
        guarded(|| tree.remove(id.to_be_bytes()))?;
        made.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// Makes the directory for its owner alone: user names and addresses are nobody else's business.
fn create_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Returns a key as people know it: the id.
fn name(key: &[u8]) -> String {
    key.try_into().map_or_else(|_| format!("{key:?}"), |key| u64::from_be_bytes(key).to_string())
}
