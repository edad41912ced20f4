//! What exists in the account: every collection of the kinds that are asked for, and who manages each object.
//!
//! A collection below others (`/formulas/${formula}/instances`) is listed once for each object that it may stand below: the kind says
//! by `refers_to` whose. So the kinds are listed in rounds, those above before those below.

use super::Providers;
use super::orphans::marked;
use crate::addr::ObjectAddr;
use crate::kind::{Attribute, Kind, Kinds};
use crate::provider::{CallError, Object, Search};
use crate::state::{ProviderAddr, Record, State};
use crate::value::{Str, Value};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A kind's objects at one provider configuration.
pub type Collection = (Arc<Kind>, ProviderAddr);

/// An object of the account.
#[derive(Clone, Debug)]
pub struct Found {
    pub kind: Arc<Kind>,
    pub provider: ProviderAddr,
    pub object: Object,
    /// By which `import` finds it; `None` where no id can say which it is.
    pub id: Option<String>,
    pub standing: Standing,
}

/// Who manages an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This state, under an address.
    Managed(ObjectAddr),
    /// This state made it and does not record it, perhaps not any more.
    Lost,
    /// A run of this state was interrupted over it: the next one adopts it.
    Open,
    /// Another state made it.
    Foreign { lineage: String },
    /// Nobody, as far as can be told.
    Free,
}

/// What a look at an account gave.
#[derive(Debug, Default)]
pub struct Discovery {
    /// By kind and provider configuration, then as the API lists them.
    pub found: Vec<Found>,
    /// The collections that could not be listed.
    pub missed: Vec<Missed>,
}

#[derive(Debug)]
pub struct Missed {
    pub kind: Arc<Kind>,
    pub problem: String,
    /// Whether that is because the kind does not say below which objects its own stand.
    pub nowhere: bool,
}

impl Found {
    /// Whether `import -all` may adopt it.
    pub fn is_free(&self) -> bool {
        matches!(self.standing, Standing::Free | Standing::Lost) && self.id.is_some()
    }
}

/// Lists the given collections, and those that their objects stand below.
pub async fn discover(
    asked: &[Collection],
    kinds: &Kinds,
    providers: &Providers,
    state: &State,
) -> Discovery {
    let mut waiting = with_parents(asked, kinds);
    let mut listed = Listed::default();
    let mut missed = Vec::new();
    while !waiting.is_empty() {
        let open: BTreeSet<_> = waiting.iter().map(|(kind, at)| (kind.name.clone(), at.clone())).collect();
        let blocked = |(kind, at): &Collection| {
            above(kind).any(|name| *name != kind.name && open.contains(&(name.clone(), at.clone())))
        };
        let (later, mut now): (Vec<_>, Vec<_>) = waiting.into_iter().partition(blocked);
        waiting = later;
        if now.is_empty() {
            // Kinds that refer to each other: each is listed as far as can be without the other.
            now = std::mem::take(&mut waiting);
        }
        let rounds = now.iter().map(|(kind, at)| collect(kind, at, &listed, providers));
        for ((kind, at), (objects, problems)) in now.iter().zip(join_all(rounds).await) {
            missed.extend(problems.into_iter().map(|(problem, nowhere)| Missed {
                kind: kind.clone(),
                problem,
                nowhere,
            }));
            listed.0.insert((kind.name.clone(), at.clone()), objects);
        }
    }
    let known = Recorded::of(state);
    let mut asked = asked.to_vec();
    asked.sort_by(|one, other| (&one.0.name, &one.1).cmp(&(&other.0.name, &other.1)));
    let mut found = Vec::new();
    for (kind, provider) in asked {
        for object in listed.0.remove(&(kind.name.clone(), provider.clone())).unwrap_or_default() {
            let standing = known.standing(&kind, &provider, &object);
            let id = kind.import_id(&object.id, &object.values);
            found.push(Found { kind: kind.clone(), provider: provider.clone(), object, id, standing });
        }
    }
    Discovery { found, missed }
}

/// The collections and those above them.
fn with_parents(asked: &[Collection], kinds: &Kinds) -> Vec<Collection> {
    let mut all: BTreeMap<_, Collection> = BTreeMap::new();
    let mut open = asked.to_vec();
    while let Some((kind, at)) = open.pop() {
        let parents = above(&kind).filter_map(|name| kinds.get(name)).filter(|parent| parent.list.is_some());
        // What another provider's objects are called does not lead to anything here.
        let parents = parents.filter(|parent| parent.provider == kind.provider);
        open.extend(
            parents
                .filter(|p| !all.contains_key(&(p.name.clone(), at.clone())))
                .map(|p| (p.clone(), at.clone())),
        );
        all.insert((kind.name.clone(), at.clone()), (kind, at));
    }
    all.into_values().collect()
}

/// The kinds whose objects those of a kind stand below.
fn above(kind: &Kind) -> impl Iterator<Item = &crate::addr::Name> {
    let needed = kind.places().into_iter().flatten();
    needed.filter_map(|attribute| attribute.refers_to.as_ref()).map(|refers| &refers.kind)
}

/// What was listed so far.
#[derive(Default)]
struct Listed(BTreeMap<(crate::addr::Name, ProviderAddr), Vec<Object>>);

impl Listed {
    /// The values that an attribute may have, in order; `None` if nobody says what it refers to.
    fn values(&self, attribute: &Attribute, at: &ProviderAddr) -> Option<Vec<Value>> {
        let refers = attribute.refers_to.as_ref()?;
        let objects = self.0.get(&(refers.kind.clone(), at.clone()))?;
        let mut values: Vec<Value> = Vec::new();
        let mut seen = BTreeSet::new();
        for object in objects {
            let value = object.values.get_attr(&refers.attribute).map(|value| value.unmark().0);
            let value = value.filter(|value| value.is_wholly_known() && !value.is_null());
            values.extend(value.filter(|value| seen.insert(format!("{value:?}"))));
        }
        Some(values)
    }
}

/// Lists a kind in every place where its objects may stand. An object that is seen in several places stands in the deepest.
async fn collect(
    kind: &Arc<Kind>,
    at: &ProviderAddr,
    listed: &Listed,
    providers: &Providers,
) -> (Vec<Object>, Vec<(String, bool)>) {
    let mut places = kind.places();
    places.sort_by_key(|place| std::cmp::Reverse(place.len()));
    let mut parents = Vec::new();
    let mut problems = Vec::new();
    for place in places {
        match combinations(kind, &place, listed, at) {
            Ok(found) => parents.extend(found),
            Err(problem) => problems.push((problem, true)),
        }
    }
    let lists = join_all(parents.iter().map(|values| list(kind, at, values, providers))).await;
    let mut seen = BTreeSet::new();
    let mut objects = Vec::new();
    for found in lists {
        match found {
            Ok(found) => {
                let fresh = |object: &Object| {
                    let id = kind.import_id(&object.id, &object.values);
                    seen.insert(id.unwrap_or_else(|| format!("{object:?}")))
                };
                objects.extend(found.into_iter().filter(fresh));
            }
            Err(error) if problems.iter().all(|(problem, _)| *problem != error.to_string()) => {
                problems.push((error.to_string(), false));
            }
            Err(_) => {}
        }
    }
    (objects, problems)
}

/// The values of all attributes, null but for those of a place, for every object that it may be below.
fn combinations(
    kind: &Kind,
    place: &[&Attribute],
    listed: &Listed,
    at: &ProviderAddr,
) -> Result<Vec<Value>, String> {
    let nothing = kind.attributes.values().map(|a| (Str::new(&a.name), Value::null(a.ty())));
    let mut all: Vec<BTreeMap<Str, Value>> = vec![nothing.collect()];
    for attribute in place {
        let values = listed.values(attribute, at).ok_or_else(|| {
            format!(
                "they stand below what `{}` names, and the kind does not say by `refers_to` what that is",
                attribute.name
            )
        })?;
        let with = |known: &BTreeMap<Str, Value>, value: &Value| {
            let mut known = known.clone();
            known.insert(
                Str::new(&attribute.name),
                attribute.convert(value).unwrap_or_else(|_| value.clone()),
            );
            known
        };
        all = all.iter().flat_map(|known| values.iter().map(move |value| with(known, value))).collect();
    }
    Ok(all.into_iter().map(|known| Value::object(known.into())).collect())
}

async fn list(
    kind: &Kind,
    at: &ProviderAddr,
    values: &Value,
    providers: &Providers,
) -> Result<Vec<Object>, CallError> {
    match providers.of(kind, at) {
        Some(provider) => provider.list(kind, Search::All { values }).await,
        None => Err(CallError::Unreached("its provider is not configured".to_owned())),
    }
}

/// Kind, provider configuration, id.
type Key<'s> = (&'s str, &'s ProviderAddr, &'s str);

/// The objects that a state knows, by kind, provider configuration and id.
struct Recorded<'s> {
    by_id: BTreeMap<Key<'s>, Vec<(&'s ObjectAddr, &'s Record)>>,
    markers: BTreeSet<&'s str>,
    lineage: &'s str,
}

impl<'s> Recorded<'s> {
    fn of(state: &'s State) -> Self {
        let deposed = state.deposed.iter().map(|((addr, _), record)| (addr, record));
        let mut by_id: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (addr, record) in state.records.iter().chain(deposed) {
            let key = (&*addr.resource.kind, &record.provider, &*record.id);
            by_id.entry(key).or_default().push((addr, record));
        }
        let markers = state.intents.values().filter_map(|intent| intent.marker.as_deref()).collect();
        Self { by_id, markers, lineage: &state.version.lineage }
    }

    fn standing(&self, kind: &Kind, provider: &ProviderAddr, object: &Object) -> Standing {
        let same = self.by_id.get(&(&*kind.name, provider, &*object.id)).into_iter().flatten();
        let below = |record: &Record| kind.stands_with(&object.values, &record.values);
        if let Some((addr, _)) = { same }.find(|(_, record)| below(record)) {
            return Standing::Managed((*addr).clone());
        }
        match object.marker.as_deref() {
            Some(marker) if self.markers.contains(marker) => Standing::Open,
            Some(marker) => match marked(marker) {
                Some((lineage, _)) if lineage == self.lineage => Standing::Lost,
                Some((lineage, _)) => Standing::Foreign { lineage: lineage.to_owned() },
                None => Standing::Free,
            },
            None => Standing::Free,
        }
    }
}
