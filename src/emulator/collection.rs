//! Records of one kind: all of them in memory, in an order of their own, written through to the store.
//!
//! Lists come in the order of scrambled ids, which looks random and never changes: a cursor is the place of
//! the last record shown, so it survives any creation and deletion in between.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::answer::Refusal;
use super::fault::{Lateness, mix};
use super::request::Request;
use super::store::{Store, Tree};
use crate::database::DbError;

/// The most records a page holds.
const PAGE: usize = 200;

/// What can be kept in a collection.
pub(super) trait Record: Serialize + DeserializeOwned {
    fn id(&self) -> u64;
}

pub(super) struct Collection<T> {
    tree: Tree,
    records: BTreeMap<u64, T>,
    /// Scrambled id → id.
    order: BTreeMap<u64, u64>,
    hidden: BTreeMap<u64, Veil>,
    next: u64,
    seed: u64,
}

/// How long a record stays out of lists.
#[derive(Clone, Copy)]
enum Veil {
    Lists(u32),
    Until(Instant),
}

/// Part of a list.
pub(super) struct Page<'a, T> {
    pub(super) records: Vec<&'a T>,
    /// How many there are on all pages.
    pub(super) total: usize,
    /// The cursor of the next page, if there is one.
    pub(super) next: Option<String>,
}

/// Which part of a list is wanted.
#[derive(Clone, Copy)]
pub(super) struct Paging {
    size: usize,
    after: Option<u64>,
}

impl Paging {
    /// Reads `pageSize` (at most 200 count) and `nextPage`.
    pub(super) fn of(request: &Request) -> Result<Self, Refusal> {
        let size = match request.parameter("pageSize") {
            None => PAGE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|size| *size > 0)
                .ok_or_else(|| Refusal::bad(format!("pageSize must be a positive number, not {text}")))?,
        };
        let cursor =
            |text| read_cursor(text).ok_or_else(|| Refusal::bad("nextPage is no token of this list"));
        let after = request.parameter("nextPage").filter(|text| !text.is_empty()).map(cursor).transpose()?;
        Ok(Self { size: size.min(PAGE), after })
    }

    /// Returns the first place that may be on the page.
    fn first(self) -> u64 {
        self.after.map_or(0, |place| place.saturating_add(1))
    }
}

impl<'a, T> Page<'a, T> {
    /// Cuts a page out of records by their places.
    pub(super) fn cut(all: BTreeMap<u64, &'a T>, paging: Paging) -> Self {
        let rest = all.range(paging.first()..).map(|(place, record)| (*place, *record));
        Self::take(rest, all.len(), paging.size)
    }

    fn take(mut rest: impl Iterator<Item = (u64, &'a T)>, total: usize, size: usize) -> Self {
        let taken: Vec<_> = rest.by_ref().take(size).collect();
        let last = taken.last().map(|(place, _)| *place);
        let next = rest.next().and(last).map(write_cursor);
        Self { records: taken.into_iter().map(|(_, record)| record).collect(), total, next }
    }
}

impl<T: Record> Collection<T> {
    /// Reads what the store holds; ids begin at `first`.
    pub(super) fn open(store: &Store, name: &str, first: u64, seed: u64) -> Result<Self, DbError> {
        let tree = store.tree(name)?;
        let found = tree.read::<T>()?;
        let mut collection = Self {
            tree,
            records: BTreeMap::new(),
            order: BTreeMap::new(),
            hidden: BTreeMap::new(),
            next: found.next.unwrap_or(first).max(first),
            seed,
        };
        for record in found.records {
            collection.keep(record);
        }
        Ok(collection)
    }

    /// Returns the id the next record should take.
    pub(super) fn next_id(&self) -> u64 {
        self.next
    }

    pub(super) fn get(&self, id: u64) -> Option<&T> {
        self.records.get(&id)
    }

    /// Returns all records, by id.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        self.records.values()
    }

    /// Writes a record, new or changed. Its id is never given out again.
    pub(super) fn put(&mut self, record: T) -> Result<&T, DbError> {
        let id = record.id();
        let next = self.next.max(id + 1);
        self.tree.put(id, &record, next)?;
        self.keep(record);
        Ok(&self.records[&id])
    }

    pub(super) fn remove(&mut self, id: u64) -> Result<Option<T>, DbError> {
        self.tree.delete(id)?;
        self.order.remove(&self.place(id));
        self.hidden.remove(&id);
        Ok(self.records.remove(&id))
    }

    /// Keeps a record out of lists for a while.
    pub(super) fn hide(&mut self, id: u64, lateness: Lateness) {
        let veil = match lateness {
            Lateness::Lists(count) => Veil::Lists(count),
            Lateness::Time(time) => Veil::Until(Instant::now() + time),
        };
        self.hidden.insert(id, veil);
    }

    /// Lifts what has hidden records long enough. Every list begins with it.
    pub(super) fn unveil(&mut self) {
        let now = Instant::now();
        self.hidden.retain(|_, veil| match veil {
            Veil::Lists(0) => false,
            Veil::Lists(left) => {
                *left -= 1;
                true
            }
            Veil::Until(time) => *time > now,
        });
    }

    /// Returns a page of all visible records.
    pub(super) fn page(&self, paging: Paging) -> Page<'_, T> {
        if !self.hidden.is_empty() {
            return self.page_of(self.order.values().copied(), paging);
        }
        let rest = self.order.range(paging.first()..).map(|(place, id)| (*place, &self.records[id]));
        Page::take(rest, self.records.len(), paging.size)
    }

    /// Returns a page of the visible records among `ids`, which may come in any order.
    pub(super) fn page_of(&self, ids: impl Iterator<Item = u64>, paging: Paging) -> Page<'_, T> {
        let visible = ids.filter(|id| !self.hidden.contains_key(id));
        let found = visible.filter_map(|id| Some((self.place(id), self.records.get(&id)?)));
        Page::cut(found.collect(), paging)
    }

    fn place(&self, id: u64) -> u64 {
        mix(self.seed ^ id)
    }

    fn keep(&mut self, record: T) {
        let id = record.id();
        self.next = self.next.max(id + 1);
        self.order.insert(self.place(id), id);
        self.records.insert(id, record);
    }
}

fn write_cursor(place: u64) -> String {
    format!("p{place:016x}")
}

fn read_cursor(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix('p')?, 16).ok()
}
