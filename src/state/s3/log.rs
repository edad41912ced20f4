//! The log in a bucket: an object for each commit, numbered without a gap and written only where nothing is yet.
//!
//! ```text
//! log/00000000000000000041      entry 1 41 5ad2c0de {"owner":"6f0a…"}
//!                               commit 1 40 …                              the lines of one commit
//! log/00000000000000000042      entry 1 42 0c1f88aa {"owner":"b771…"}      nothing behind it: a fence
//! base/00000000000000000042-00000000000000000040                           the state after log/42, at serial 40
//! ```
//!
//! Two commits cannot both be number 42, whatever a lock says: that is what commits and fences rest on. Put together, a base and what
//! follows are the text of `state/log.rs`, whose checksums and chain find what is missing in the middle; that its end is missing
//! is found by what the lock remembers.
//!
//! A base is written when the objects since the last one have become many and as large as it was, so that its cost spreads over them;
//! then what is older than the history is deleted.

use super::lock::{Connect, Lease, LockPlace};
use super::objects::Objects;
use crate::state::format::{read_line, write_line};
use crate::state::ledger::Group;
use crate::state::log::{self, Base, Found, Reached, Told};
use crate::state::logged::{Held, Shelf, Span, base_text, too_new};
use crate::state::rows::Rows;
use crate::state::{Hold, Holder, StoreError};
use object_store::path::Path;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Fewer objects than these are not worth a base.
const FEW: usize = 50;
/// More than these take too long to read one by one.
const MANY: usize = 1000;
/// How often an append is tried whose end nobody told.
const TRIES: usize = 3;

/// The log of one workspace.
#[derive(Clone)]
pub(super) struct S3Log {
    pub objects: Objects,
    pub connect: Connect,
    /// The folder of the workspace.
    pub dir: Path,
    pub lock: LockPlace,
    pub history: usize,
}

/// What objects there are.
#[derive(Default)]
struct Listing {
    bases: Vec<BaseName>,
    entries: Vec<u64>,
}

/// A base says in its name behind which entry it stands, and at which serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct BaseName {
    number: u64,
    serial: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct EntryText {
    owner: String,
}

/// What was put together from a base and the entries behind it.
struct Assembled {
    found: Found,
    /// How many entries, and the bytes of them and of the base.
    entries: usize,
    bytes: (usize, usize),
}

impl Listing {
    fn add(&mut self, path: &Path) {
        let mut parts = path.parts().map(|part| part.as_ref().to_owned()).collect::<Vec<_>>();
        let (name, folder) = (parts.pop().unwrap_or_default(), parts.pop().unwrap_or_default());
        match (folder.as_str(), name.split_once('-')) {
            ("base", Some((number, serial))) => {
                let name = number.parse().ok().zip(serial.parse().ok());
                self.bases.extend(name.map(|(number, serial)| BaseName { number, serial }));
            }
            ("log", None) => self.entries.extend(name.parse::<u64>()),
            _ => {}
        }
    }

    /// The number of the newest entry.
    fn last(&self) -> u64 {
        let base = self.bases.last().map_or(0, |base| base.number);
        self.entries.last().map_or(base, |entry| base.max(*entry))
    }

    /// Where reading may begin, the best first; `None` is the first entry of all.
    fn beginnings(&self, span: Span) -> Vec<Option<BaseName>> {
        let first = (self.entries.first() == Some(&1)).then_some(None);
        let fits = |base: &&BaseName| !matches!(span, Span::Until(serial) if base.serial > serial);
        let bases = self.bases.iter().filter(fits).copied().map(Some);
        match span {
            Span::Whole => first.into_iter().chain(bases).collect(),
            Span::Newest | Span::Until(_) => bases.rev().chain(first).collect(),
        }
    }
}

impl S3Log {
    fn entry_path(&self, number: u64) -> Path {
        self.dir.clone().join("log").join(format!("{number:020}"))
    }

    fn base_path(&self, name: BaseName) -> Path {
        self.dir.clone().join("base").join(format!("{:020}-{:020}", name.number, name.serial))
    }

    async fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        self.objects.list(&self.dir).await?.iter().for_each(|path| listing.add(path));
        listing.bases.sort();
        listing.entries.sort_unstable();
        Ok(listing)
    }

    /// Reads from the best beginning that is whole, else from the best.
    async fn assemble(&self, listing: &Listing, span: Span) -> Result<Option<Assembled>, StoreError> {
        let mut best: Option<Assembled> = None;
        for beginning in listing.beginnings(span) {
            let assembled = self.assemble_from(beginning, listing, span).await?;
            match &assembled.found {
                Found::Told(told) if told.faults.is_empty() => return Ok(Some(assembled)),
                Found::Missing => {}
                Found::Broken(_) if best.is_some() => {}
                _ => best = best.filter(|best| !matches!(best.found, Found::Broken(_))).or(Some(assembled)),
            }
        }
        Ok(best)
    }

    async fn assemble_from(
        &self,
        beginning: Option<BaseName>,
        listing: &Listing,
        span: Span,
    ) -> Result<Assembled, StoreError> {
        let after = beginning.map_or(0, |base| base.number);
        let entries: Vec<u64> = listing.entries.iter().copied().filter(|entry| *entry > after).collect();
        let base = beginning.map(|base| self.base_path(base));
        let bases = base.is_some() as usize;
        let paths = base.into_iter().chain(entries.iter().map(|entry| self.entry_path(*entry)));
        let mut text = Vec::new();
        let mut base_bytes = 0;
        for (at, object) in self.objects.get_all(paths.collect()).await?.into_iter().enumerate() {
            // One that was deleted meanwhile is missed when what is left does not verify.
            let Some(object) = object else { continue };
            text.extend_from_slice(if at < bases { &object.text } else { lines_of(&object.text) });
            base_bytes = if at < bases { text.len() } else { base_bytes };
        }
        let until = if let Span::Until(serial) = span { Some(serial) } else { None };
        let found = match text.is_empty() {
            true => Found::Missing,
            false => log::read_from(text.as_slice(), until).map_err(|error| {
                StoreError::io(format!("the state at {} cannot be read", self.place()), error)
            })?,
        };
        Ok(Assembled { found, entries: entries.len(), bytes: (text.len() - base_bytes, base_bytes) })
    }

    /// What was read, held against how far the log went.
    fn judge(
        &self,
        assembled: Option<Assembled>,
        reached: Option<Reached>,
    ) -> Result<Option<Told>, StoreError> {
        let damaged = |problem: String| StoreError::Damaged { place: self.place(), problem };
        match assembled.map(|assembled| assembled.found) {
            None | Some(Found::Missing) => match reached.filter(|reached| reached.serial > 0) {
                None => Ok(None),
                Some(reached) => {
                    Err(damaged(format!("its log is missing, and serial {} was committed", reached.serial)))
                }
            },
            Some(Found::Broken(problem)) => Err(damaged(format!("its log cannot be read: {problem}"))),
            Some(Found::TooNew(found)) => Err(too_new(&self.place(), found)),
            Some(Found::Told(mut told)) => {
                let serial = told.version().serial;
                if let Some(reached) = reached.filter(|r| r.serial > serial && r.lineage == told.base.lineage)
                {
                    let problem =
                        format!("it ends at serial {serial}, and serial {} was committed", reached.serial);
                    told.faults.insert("the log's end".into(), problem);
                }
                Ok(Some(*told))
            }
        }
    }

    /// Puts an entry without a commit where the next commit of somebody else would go.
    async fn fence(&self, owner: &str) -> Result<(), StoreError> {
        loop {
            let number = self.list().await?.last() + 1;
            let text = entry_line(number, owner)?;
            if self.objects.put_new(&self.entry_path(number), text).await?.is_some() {
                return Ok(());
            }
        }
    }
}

/// The first line of an entry.
fn entry_line(number: u64, owner: &str) -> Result<Vec<u8>, StoreError> {
    let json = serde_json::to_string(&EntryText { owner: owner.to_owned() });
    let json = json.map_err(|error| StoreError::Refused { problem: error.to_string() })?;
    Ok(format!("{}\n", write_line("entry", number, &json)).into_bytes())
}

/// Whose entry it is.
fn owner_of(text: &[u8]) -> Option<String> {
    let first = std::str::from_utf8(text).ok()?.lines().next()?;
    serde_json::from_str(read_line(first).ok()?.json).ok().map(|EntryText { owner }| owner)
}

/// The lines of the commit in an entry.
fn lines_of(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    if text.starts_with(b"entry ") { &text[end..] } else { text }
}

#[async_trait::async_trait]
impl Shelf for S3Log {
    type Held = S3Held;

    async fn read(&self, span: Span) -> Result<Option<Told>, StoreError> {
        // Before the log, which may grow in between.
        let reached = self.lock.reached(&self.objects).await?;
        let assembled = self.assemble(&self.list().await?, span).await?;
        self.judge(assembled, reached.filter(|_| span == Span::Newest))
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<S3Held, StoreError> {
        let lease = Lease::take(&self.objects, &self.connect, &self.lock, holder, wait).await?;
        if lease.must_fence() {
            self.fence(lease.owner()).await?;
            lease.is_fenced();
        }
        Ok(S3Held { log: self.clone(), lease, last: None, since: (0, 0), base: 0, wrote: false })
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        self.lock.holder(&self.objects).await
    }

    async fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        match self.holder().await? {
            Some(holder) if holder.id == id => {}
            Some(holder) => return Err(StoreError::Locked { holder }),
            None => return Err(StoreError::NotLocked),
        }
        self.fence(&crate::secret::random_hex(32)).await?;
        self.lock.end(id, &self.objects).await
    }

    fn place(&self) -> String {
        format!("{}/{}", self.objects.place(), self.dir.filename().unwrap_or_default())
    }
}

/// The log while the lock is held.
pub(super) struct S3Held {
    log: S3Log,
    lease: Lease,
    /// The number of the newest entry when the lock was taken, and of each that was written since. It is looked up only once: what
    /// somebody else writes later must be in the way.
    last: Option<u64>,
    /// How many entries and bytes there are since the last base, and how many bytes that has.
    since: (usize, usize),
    base: usize,
    wrote: bool,
}

impl S3Held {
    /// Removes all objects of the workspace, and the memory of how far its log went.
    pub async fn clear(self) -> Result<(), StoreError> {
        self.lease.check().await?;
        let objects = &self.log.objects;
        objects.delete(objects.list(&self.log.dir).await?).await?;
        self.lease.note(None);
        Ok(())
    }

    /// Writes an entry where none may be yet. What came of a try without an answer is seen at the next.
    async fn put(&self, number: u64, text: &[u8]) -> Result<(), StoreError> {
        let path = self.log.entry_path(number);
        let mut tries = 0;
        loop {
            tries += 1;
            match self.log.objects.put_new(&path, text.to_vec()).await {
                Ok(Some(_)) => return Ok(()),
                Ok(None) => match self.log.objects.get(&path).await? {
                    Some(there) if there.text == text => return Ok(()),
                    Some(there) if owner_of(&there.text).as_deref() == Some(self.lease.owner()) => {
                        return Err(self.late());
                    }
                    Some(_) => {
                        self.lease.lose();
                        return Err(StoreError::Fenced);
                    }
                    // Another's was refused at the same moment as ours, or the answer belonged to an earlier try.
                    None if tries < TRIES => {}
                    None => return Err(self.late()),
                },
                Err(StoreError::Io { source, .. })
                    if source.kind() == io::ErrorKind::Other && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn late(&self) -> StoreError {
        let problem =
            "a commit of this command that seemed to have failed was written after all; run it again";
        StoreError::io(
            format!("the state at {} cannot be written", self.log.place()),
            io::Error::other(problem),
        )
    }

    /// Whether a base pays.
    fn is_long(&self) -> bool {
        let (entries, bytes) = self.since;
        entries >= MANY || entries >= FEW && bytes >= self.base
    }

    /// Writes a base, and deletes what is older than the history. Failing to is no reason to fail a commit.
    async fn compact(&mut self) {
        if let Err(error) = self.try_compact().await {
            tracing::warn!("the log of the state could not be cut: {error}");
        }
    }

    async fn try_compact(&mut self) -> Result<(), StoreError> {
        let (Some(last), listing) = (self.last, self.log.list().await?) else { return Ok(()) };
        let Some(Assembled { found: Found::Told(told), .. }) =
            self.log.assemble(&listing, Span::Newest).await?
        else {
            return Ok(());
        };
        let serial = told.version().serial;
        if told.obstacle().is_some() || listing.last() != last {
            return Ok(());
        }
        let chain = told.chain().clone();
        let base = Base { serial, chain, stamp: told.stamp().cloned(), ..told.base };
        let text = base_text(&base, &told.rows)?;
        (self.since, self.base) = ((0, 0), text.len());
        self.log.objects.put(&self.log.base_path(BaseName { number: last, serial }), text).await?;
        self.prune(&listing, serial).await
    }

    async fn prune(&self, listing: &Listing, serial: u64) -> Result<(), StoreError> {
        let old = |base: &&BaseName| base.serial + self.log.history as u64 <= serial;
        let Some(keep) = listing.bases.iter().rev().find(old) else { return Ok(()) };
        let bases = listing.bases.iter().filter(|base| *base < keep).map(|base| self.log.base_path(*base));
        let entries = listing.entries.iter().filter(|entry| **entry <= keep.number);
        self.log.objects.delete(bases.chain(entries.map(|entry| self.log.entry_path(*entry))).collect()).await
    }
}

#[async_trait::async_trait]
impl Held for S3Held {
    async fn read(&mut self) -> Result<Option<Told>, StoreError> {
        let reached = self.lease.reached();
        let listing = self.log.list().await?;
        let assembled = self.log.assemble(&listing, Span::Newest).await?;
        if self.last.is_none() {
            // Whoever took the lock since put a fence behind it: as long as it is ours, there is none that we passed over.
            self.lease.look().await?;
            self.last = Some(listing.last());
            if let Some(Assembled { entries, bytes, .. }) = &assembled {
                (self.since, self.base) = ((*entries, bytes.0), bytes.1);
            }
        }
        self.log.judge(assembled, reached)
    }

    async fn append(&mut self, base: Option<&Base>, group: &Group) -> Result<(), StoreError> {
        self.lease.check().await?;
        if !self.wrote && self.is_long() || self.since.0 >= MANY {
            self.compact().await;
        }
        let number = self.last.ok_or_else(|| self.late())? + 1;
        let mut text = entry_line(number, self.lease.owner())?;
        if let Some(base) = base {
            text.extend(base_text(base, &Rows::new())?);
        }
        text.extend_from_slice(group.text.as_bytes());
        self.put(number, &text).await?;
        (self.last, self.wrote) = (Some(number), true);
        self.since = (self.since.0 + 1, self.since.1 + text.len());
        let lineage =
            base.map(|base| base.lineage.clone()).or(self.lease.reached().map(|reached| reached.lineage));
        self.lease.note(lineage.map(|lineage| Reached { lineage, serial: group.serial }));
        // It is written; but who was frozen meanwhile must not go on as if nothing had been.
        self.lease.check().await
    }

    async fn rebase(&mut self, base: Base, rows: &Rows) -> Result<(), StoreError> {
        self.lease.check().await?;
        let number = self.last.ok_or_else(|| self.late())?;
        let name = BaseName { number, serial: base.serial };
        self.log.objects.put(&self.log.base_path(name), base_text(&base, rows)?).await?;
        self.lease.note(Some(Reached { lineage: base.lineage, serial: base.serial }));
        Ok(())
    }

    fn hold(&self) -> Option<Arc<dyn Hold>> {
        Some(self.lease.guard())
    }

    fn reached(&self) -> u64 {
        self.lease.reached().map_or(0, |reached| reached.serial)
    }
}
