//! Reads the world: page by page where that costs fewer requests than object by object.

use crate::addr::ObjectAddr;
use crate::kind::{Attribute, Kind, Kinds};
use crate::provider::{CallError, Object, ObjectRef, Provider, Search};
use crate::state::{ProviderAddr, Record};
use crate::value::Value;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The connected providers, by configuration.
#[derive(Clone, Default)]
pub struct Providers {
    connected: BTreeMap<ProviderAddr, (Arc<dyn Provider>, Terms)>,
    local: Option<Arc<dyn Provider>>,
}

/// How one provider configuration wants its creates recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Whether creates carry a marker.
    pub mark: bool,
    /// How long the effect of a lost request may be late.
    pub settle: Duration,
}

impl Providers {
    pub fn new(local: Arc<dyn Provider>) -> Self {
        Self { connected: BTreeMap::new(), local: Some(local) }
    }

    pub fn add(&mut self, addr: ProviderAddr, provider: Arc<dyn Provider>, terms: Terms) {
        self.connected.insert(addr, (provider, terms));
    }

    /// Whether no API is connected.
    pub fn is_empty(&self) -> bool {
        self.connected.is_empty()
    }

    /// The provider of an object: the local one for kinds without an API.
    pub fn of(&self, kind: &Kind, addr: &ProviderAddr) -> Option<&Arc<dyn Provider>> {
        if kind.provider.is_none() { self.local.as_ref() } else { self.connected.get(addr).map(|(p, _)| p) }
    }

    /// Lets go of what was asked for ahead and is not needed: it would be out of date later.
    pub(super) fn expect_nothing(&self) {
        self.connected.values().for_each(|(provider, _)| provider.expect_nothing());
    }

    /// The terms of a provider configuration; an unknown one has nothing to wait for.
    pub fn terms(&self, addr: &ProviderAddr) -> Terms {
        self.connected.get(addr).map_or(Terms { mark: false, settle: Duration::ZERO }, |(_, terms)| *terms)
    }

    /// How many requests all of them have sent.
    pub fn requests(&self) -> u64 {
        self.connected.values().map(|(provider, _)| provider.requests()).sum()
    }
}

/// What reading one object gave.
pub(super) type Read = Result<Option<Object>, CallError>;

/// Objects of one kind under one provider configuration, below the same parents: they can be read together.
pub(super) type Group<'r> = Vec<(&'r ObjectAddr, ObjectRef<'r>)>;

/// Is shown each object as soon as it is read; `None`: it is gone.
pub(super) type See<'s> = &'s (dyn Fn(&ObjectAddr, Option<&Object>) + Sync);

/// Reads all given objects. Objects of an unknown kind or provider are left out, and those that no API holds: what is recorded of
/// them is all there is.
pub(super) async fn read_all<'r>(
    records: impl Iterator<Item = (&'r ObjectAddr, &'r Record)>,
    kinds: &Kinds,
    providers: &Providers,
    see: See<'_>,
) -> BTreeMap<ObjectAddr, Read> {
    let mut groups: BTreeMap<(&ProviderAddr, &str, Vec<String>), Group<'r>> = BTreeMap::new();
    for (addr, record) in records {
        let name = &*addr.resource.kind;
        let place = kinds.get(name).map(|kind| place(kind, &record.values)).unwrap_or_default();
        let object = ObjectRef { id: &record.id, values: &record.values };
        groups.entry((&record.provider, name, place)).or_default().push((addr, object));
    }
    let reads = groups.iter().filter_map(|((provider, name, _), group)| {
        let kind = kinds.get(name).filter(|kind| kind.provider.is_some())?;
        Some(read_group(kind, providers.of(kind, provider)?, group, see))
    });
    join_all(reads).await.into_iter().flatten().collect()
}

/// Below what an object stands: those that stand in one place are one collection.
pub(super) fn place(kind: &Kind, values: &Value) -> Vec<String> {
    let own = |attribute: &&Attribute| kind.is_key(&attribute.name);
    let parents = kind.attributes.values().filter(|attribute| attribute.parent && !own(attribute));
    let value = |name: &str| values.get_attr(name).map(|value| format!("{value:?}"));
    parents.map(|attribute| value(&attribute.name).unwrap_or_default()).collect()
}

pub(super) async fn read_group(
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    group: &Group<'_>,
    see: See<'_>,
) -> Vec<(ObjectAddr, Read)> {
    let mut reads = Vec::with_capacity(group.len());
    let mut missing: BTreeMap<&str, Vec<(&ObjectAddr, &ObjectRef<'_>)>> = BTreeMap::new();
    for (addr, object) in group {
        missing.entry(object.id).or_default().push((*addr, object));
    }
    if let (Some(_), [(_, first), _, ..]) = (&kind.list, group.as_slice()) {
        let ids = group.iter().map(|(_, object)| Arc::from(object.id)).collect();
        let among = Search::Among { ids: &ids, values: first.values };
        let mut take = |page: Vec<Object>| {
            for object in page {
                for (addr, _) in missing.remove(&*object.id).unwrap_or_default() {
                    see(addr, Some(&object));
                    reads.push((addr.clone(), Ok(Some(object.clone()))));
                }
            }
        };
        if let Err(error) = provider.pages(kind, among, &mut take).await {
            return group.iter().map(|(addr, _)| ((*addr).clone(), Err(error.clone()))).collect();
        }
    }
    // An object that a list does not show is read by its id before it is called gone: lists may lag.
    let missing = missing.into_values().flatten().map(|(addr, object)| async move {
        let read = provider.read(kind, object.clone()).await;
        read.iter().for_each(|read| see(addr, read.as_ref()));
        (addr.clone(), read)
    });
    reads.extend(join_all(missing).await);
    reads
}
