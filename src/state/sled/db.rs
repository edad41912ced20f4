//! The sled database: rows by key and one head that says what they add up to. Here alone states know sled.
//!
//! sled needs help to keep a commit's promise. `flush` alone does not outlast a power cut on Linux (it ends in
//! `sync_file_range`), so the file is synced through a handle of our own. A page that outgrows a quarter of a segment goes into
//! a file of its own that nobody syncs: segments are 2 MiB and values are cut at 8 KiB, which kept that from happening in every
//! measurement, and such files are synced if there are any all the same. Damaged files make it panic: every call is caught.

use crate::database::{self, DbError, guarded, protect};
use crate::state::StateVersion;
use crate::state::format::{read_line, write_line};
use crate::state::ledger::{Chain, Group};
use crate::state::log::sync_dir;
use crate::state::rows::Rows;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional, TransactionalTree};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Fixed when a database is made: opening with another size is an error.
const SEGMENT: usize = 2 << 20;
const CHUNK: usize = 8 << 10;
const CACHE: u64 = 64 << 20;

/// What the rows add up to. A database that lost its tail has an older head, one that lost rows does not add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub lineage: String,
    #[serde(skip)]
    pub serial: u64,
    pub chain: Chain,
    pub rows: u64,
    /// The exclusive or of a hash of each row, in hexadecimal.
    digest: String,
}

pub(super) struct Db {
    /// `None` only while it is dropped.
    inner: Option<Inner>,
    dir: PathBuf,
}

struct Inner {
    rows: sled::Tree,
    head: sled::Tree,
    db: sled::Db,
}

impl Head {
    /// The head of no rows, before the first commit.
    pub fn start(lineage: &str) -> Self {
        Self {
            lineage: lineage.into(),
            serial: 0,
            chain: Chain::start(lineage),
            rows: 0,
            digest: format!("{:032x}", 0),
        }
    }

    pub fn version(&self) -> StateVersion {
        StateVersion { lineage: self.lineage.as_str().into(), serial: self.serial }
    }

    fn count(&mut self, old: Option<&str>, new: Option<&str>) {
        let digest = u128::from_str_radix(&self.digest, 16).unwrap_or_default();
        let digest = digest ^ old.map_or(0, row_hash) ^ new.map_or(0, row_hash);
        self.digest = format!("{digest:032x}");
        self.rows = self.rows + u64::from(new.is_some()) - u64::from(old.is_some() && self.rows > 0);
    }

    fn to_line(&self) -> Result<String, DbError> {
        let json = serde_json::to_string(self).map_err(|e| DbError::Broken(e.to_string()))?;
        Ok(write_line("head", self.serial, &json))
    }

    fn parse(bytes: &[u8]) -> Result<Self, DbError> {
        let broken = |problem: String| DbError::Broken(format!("its head cannot be read: {problem}"));
        let text = std::str::from_utf8(bytes).map_err(|e| broken(e.to_string()))?;
        let line = read_line(text).map_err(|e| broken(e.to_string()))?;
        let head: Self = serde_json::from_str(line.json).map_err(|e| broken(e.to_string()))?;
        Ok(Self { serial: line.serial, ..head })
    }
}

impl Db {
    /// Whether there is a database in `dir`.
    pub fn exists(dir: &Path) -> io::Result<bool> {
        dir.join("db").try_exists()
    }

    /// Opens the database in `dir`, making it if there is none.
    pub fn open(dir: &Path) -> Result<Self, DbError> {
        let new = !Self::exists(dir)?;
        super::lock::make_dirs(dir)?;
        let db = database::open(&config(dir))?;
        let rows = guarded(|| db.open_tree("rows"))?;
        let head = guarded(|| db.open_tree("head"))?;
        let db = Self { inner: Some(Inner { rows, head, db }), dir: dir.to_path_buf() };
        protect(dir)?;
        if new {
            db.sync()?;
            sync_dir(dir)?;
            dir.parent().map_or(Ok(()), sync_dir)?;
        }
        Ok(db)
    }

    /// Reads a database without touching it: a copy is opened, elsewhere.
    pub fn read_copy(dir: &Path) -> Result<(Head, Rows), DbError> {
        let copy = tempfile::tempdir()?;
        copy_files(dir, copy.path())?;
        let db = Self::open(copy.path())?;
        let head = db.head()?.ok_or_else(|| DbError::Broken("it is empty".into()))?;
        Ok((head, db.rows()?))
    }

    /// What can be read of a copy, whether or not it adds up.
    pub fn read_rows(dir: &Path) -> Result<(Option<Head>, Rows), DbError> {
        let copy = tempfile::tempdir()?;
        copy_files(dir, copy.path())?;
        let db = Self::open(copy.path())?;
        Ok((db.head().unwrap_or_default(), db.lines()?))
    }

    /// `None` before the first commit.
    pub fn head(&self) -> Result<Option<Head>, DbError> {
        let bytes = guarded(|| self.inner().head.get("head"))?;
        bytes.map(|bytes| Head::parse(&bytes)).transpose()
    }

    /// All rows, if they add up.
    pub fn rows(&self) -> Result<Rows, DbError> {
        let found = self.lines()?;
        match self.head()? {
            Some(head) if !adds_up(&head, &found) => Err(DbError::Broken("its rows do not add up".into())),
            _ => Ok(found),
        }
    }

    fn lines(&self) -> Result<Rows, DbError> {
        let mut found = Rows::new();
        for key in guarded(|| self.inner().rows.iter().keys().collect::<Result<Vec<_>, _>>())? {
            if key.contains(&0) {
                continue; // a chunk
            }
            let line = guarded(|| get(&key, |key| self.inner().rows.get(key)))?;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            found.extend(line.map(|line| (text(&key), text(&line))));
        }
        Ok(found)
    }

    /// Makes the changes of a commit; durable on return, all or nothing.
    pub fn commit(&self, lineage: &str, group: &Group) -> Result<(), DbError> {
        let mut next = self.head()?.unwrap_or_else(|| Head::start(lineage));
        next.serial = group.serial;
        next.chain = group.chain.clone();
        let inner = self.inner();
        guarded(|| {
            let done = (&inner.rows, &inner.head).transaction(|(rows, head)| {
                let mut next = next.clone(); // sled may run this again
                for (key, line) in &group.rows {
                    let old =
                        take(rows, key.as_bytes())?.map(|old| String::from_utf8_lossy(&old).into_owned());
                    next.count(old.as_deref(), line.as_deref());
                    if let Some(line) = line {
                        put(key.as_bytes(), line.as_bytes(), |key, value| rows.insert(key, value).map(drop))?;
                    }
                }
                let line = next.to_line().map_err(|e| abort(e.to_string()))?;
                head.insert("head", line.as_bytes())?;
                Ok(())
            });
            done.map_err(|error| match error {
                TransactionError::Abort(error) | TransactionError::Storage(error) => error,
            })
        })?;
        self.sync()
    }

    /// Fills an empty database.
    pub fn fill(&self, rows: &Rows, version: &StateVersion, chain: &Chain) -> Result<(), DbError> {
        let mut head = Head::start(&version.lineage);
        head.serial = version.serial;
        head.chain = chain.clone();
        for (key, line) in rows {
            head.count(None, Some(line));
            let tree = &self.inner().rows;
            guarded(|| put(key.as_bytes(), line.as_bytes(), |key, value| tree.insert(key, value).map(drop)))?;
        }
        let line = head.to_line()?;
        guarded(|| self.inner().head.insert("head", line.as_bytes()))?;
        self.sync()
    }

    fn inner(&self) -> &Inner {
        self.inner.as_ref().expect("it is there until the database is dropped")
    }

    fn sync(&self) -> Result<(), DbError> {
        guarded(|| self.inner().db.flush())?;
        File::open(self.dir.join("db"))?.sync_data()?;
        let blobs = self.dir.join("blobs");
        if blobs.is_dir() {
            let mut any = false;
            for blob in std::fs::read_dir(&blobs)? {
                File::open(blob?.path())?.sync_all()?;
                any = true;
            }
            if any {
                sync_dir(&blobs)?;
            }
        }
        Ok(())
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let inner = self.inner.take();
        let _ = guarded(|| {
            drop(inner);
            Ok(())
        });
        let _ = protect(&self.dir); // sled writes a snapshot as it closes
    }
}

fn config(dir: &Path) -> sled::Config {
    sled::Config::default().path(dir).segment_size(SEGMENT).cache_capacity(CACHE).flush_every_ms(None)
}

fn adds_up(head: &Head, rows: &Rows) -> bool {
    let mut sum = Head { rows: 0, digest: String::new(), ..head.clone() };
    rows.values().for_each(|line| sum.count(None, Some(line)));
    rows.is_empty() && head.rows == 0 || sum == *head
}

fn row_hash(line: &str) -> u128 {
    let hash = Sha256::digest(line.as_bytes());
    hash.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

/// Reads a value that may be cut in chunks. Whole ones begin with `=`; `+` and a count stand for chunks under keys of their own.
fn get<E>(
    key: &[u8],
    mut read: impl FnMut(&[u8]) -> Result<Option<sled::IVec>, E>,
) -> Result<Option<Vec<u8>>, E> {
    let Some(value) = read(key)? else { return Ok(None) };
    let mut whole = Vec::new();
    match chunks(&value) {
        None => whole.extend_from_slice(value.get(1..).unwrap_or_default()),
        Some(count) => {
            for at in 0..count {
                // A chunk that is missing leaves a line that does not verify.
                let chunk = read(&chunk_key(key, at))?;
                whole.extend_from_slice(chunk.as_deref().unwrap_or_default());
            }
        }
    }
    Ok(Some(whole))
}

fn put<E>(key: &[u8], value: &[u8], mut write: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E> {
    if value.len() <= CHUNK {
        return write(key, &[b"=", value].concat());
    }
    let count = value.len().div_ceil(CHUNK) as u32;
    write(key, &[&b"+"[..], &count.to_be_bytes()].concat())?;
    for (at, chunk) in (0..).zip(value.chunks(CHUNK)) {
        write(&chunk_key(key, at), chunk)?;
    }
    Ok(())
}

fn take(
    tree: &TransactionalTree,
    key: &[u8],
) -> Result<Option<Vec<u8>>, sled::transaction::UnabortableTransactionError> {
    let old = get(key, |key| tree.get(key))?;
    if let Some(count) = tree.remove(key)?.as_deref().and_then(chunks) {
        for at in 0..count {
            tree.remove(chunk_key(key, at))?;
        }
    }
    Ok(old)
}

fn chunks(value: &[u8]) -> Option<u32> {
    let count = value.strip_prefix(b"+")?;
    count.try_into().ok().map(u32::from_be_bytes)
}

fn chunk_key(key: &[u8], at: u32) -> Vec<u8> {
    [key, &[0], &at.to_be_bytes()].concat()
}

fn abort(problem: String) -> ConflictableTransactionError<sled::Error> {
    ConflictableTransactionError::Abort(sled::Error::Unsupported(problem))
}

pub(super) fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy_files(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
