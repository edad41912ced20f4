//! The objects that interrupted creates may have made.
//!
//! A create that carried its marker is found by it. One that could not is found by what was not there before: its intent has the
//! ids of all that looked like its object when it was about to be sent ([`survey`]), and what has an address is somebody else.
//! Exactly one that is left is the one; several are an error that names them, since nobody can tell them apart.
//!
//! What is not there yet is looked for again for as long as the provider's `settle` says: effects may be late, and lists may lag.
//! The time is counted from the first look, since neither our clock nor the API's can be trusted to say how long ago the request was.
//! Creates of one collection share each look.

use super::Verdict;
use super::change::refreshed;
use super::desired::settable;
use super::look::{Found, Looking, door, unresolved};
use crate::addr::Name;
use crate::kind::{self, Attribute, Kind};
use crate::provider::{CallError, Object, ObjectRef, Provider, Search};
use crate::state::{Intent, IntentId, ProviderAddr, Record, State, Status};
use crate::syntax::{Expr, ExprKind, TemplatePart};
use crate::value::{Path, Value};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a look waits before the next.
const BETWEEN: Duration = Duration::from_millis(500);

/// The ids of objects that have an address, by kind. It grows while a run adopts and creates.
#[derive(Default)]
pub struct Known(Mutex<BTreeMap<Name, BTreeSet<Arc<str>>>>);

impl Known {
    pub fn of(state: &State) -> Self {
        let known = Self::default();
        let deposed = state.deposed.iter().map(|((addr, _), record)| (addr, record));
        for (addr, record) in state.records.iter().chain(deposed) {
            known.add(&addr.resource.kind, &record.id);
        }
        known
    }

    pub fn add(&self, kind: &Name, id: &Arc<str>) {
        self.ids().entry(kind.clone()).or_default().insert(id.clone());
    }

    fn has(&self, kind: &str, id: &str) -> bool {
        self.ids().get(kind).is_some_and(|ids| ids.contains(id))
    }

    fn count(&self, kind: &str) -> usize {
        self.ids().get(kind).map_or(0, BTreeSet::len)
    }

    fn ids(&self) -> MutexGuard<'_, BTreeMap<Name, BTreeSet<Arc<str>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates whose objects stand in one collection.
struct Group<'g> {
    kind: &'g Kind,
    provider: &'g Arc<dyn Provider>,
    intents: Vec<&'g Intent>,
    settle: Duration,
}

/// Looks for what creates made, all of a collection together.
pub(super) async fn created(looking: &Looking<'_>, intents: &[&Intent]) -> Vec<(IntentId, Found)> {
    let mut all: Vec<(IntentId, Found)> = Vec::new();
    let mut groups: BTreeMap<(&ProviderAddr, &str, Option<&IntentId>), Group<'_>> = BTreeMap::new();
    for intent in intents.iter().copied() {
        let (kind, provider) = match door(looking, intent) {
            Ok(found) => found,
            Err(problem) => {
                all.push((intent.id.clone(), Err(problem)));
                continue;
            }
        };
        if kind.provider.is_none() {
            all.push((intent.id.clone(), Ok(Verdict::NotDone)));
            continue;
        }
        let terms = looking.providers.terms(&intent.record.provider);
        let alone = (!one_collection(kind)).then_some(&intent.id);
        let group = Group { kind, provider, intents: Vec::new(), settle: terms.settle };
        let at = (&intent.record.provider, &*intent.addr.resource.kind, alone);
        groups.entry(at).or_insert(group).intents.push(intent);
    }
    let searched = join_all(groups.into_values().map(|group| search(looking, group))).await;
    all.extend(searched.into_iter().flatten());
    all
}

/// Whether all objects of a kind stand in the same collection, whatever their values.
fn one_collection(kind: &Kind) -> bool {
    kind.list.as_ref().is_some_and(|list| is_fixed(&list.request.path))
}

fn is_fixed(path: &Expr) -> bool {
    match &path.kind {
        ExprKind::Literal(_) => true,
        ExprKind::Template(parts) => parts.iter().all(|part| matches!(part, TemplatePart::Literal(..))),
        _ => false,
    }
}

async fn search(looking: &Looking<'_>, group: Group<'_>) -> Vec<(IntentId, Found)> {
    let Group { kind, provider, mut intents, settle } = group;
    let begin = Instant::now();
    let mut all = Vec::new();
    loop {
        let last = begin.elapsed() >= settle;
        let found = candidates(looking, kind, provider, &intents).await;
        let mut missing = Vec::new();
        let verdicts =
            intents.iter().zip(found).map(|(intent, found)| verdict(looking, kind, provider, intent, found));
        let verdicts = join_all(verdicts).await;
        for (intent, found) in intents.into_iter().zip(verdicts) {
            match found {
                Ok(Verdict::NotDone) if !last => missing.push(intent),
                found => all.push((intent.id.clone(), found)),
            }
        }
        intents = missing;
        if intents.is_empty() {
            return unambiguous(all);
        }
        sleep(BETWEEN.min(settle.saturating_sub(begin.elapsed()))).await;
    }
}

/// What may be the object of each create, by whatever takes fewer requests: a search for each marker, or the whole list once.
async fn candidates(
    looking: &Looking<'_>,
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intents: &[&Intent],
) -> Vec<Result<Vec<Object>, CallError>> {
    if !kind.key.is_empty() {
        return join_all(intents.iter().map(|intent| named(looking, kind, provider, intent))).await;
    }
    let list = kind.list.as_ref();
    let by_marker = list.is_some_and(|list| list.marker_param.is_some()) || intents.len() == 1;
    let size = list.and_then(|list| list.page.as_ref()).and_then(|page| page.size.as_ref());
    let page = size.map_or(1, |(size, _)| *size as usize);
    let pages = 1 + looking.known.count(&kind.name) / page.max(1);
    if by_marker && intents.iter().all(|intent| marked(kind, intent)) && intents.len() <= pages {
        return join_all(intents.iter().map(|intent| one(kind, provider, intent))).await;
    }
    let Some(first) = intents.first() else { return Vec::new() };
    let listed = provider.list(kind, Search::All { values: &first.record.values }).await;
    let of = |intent: &&Intent| {
        let objects = listed.as_ref().map_err(Clone::clone)?;
        let mut found: Vec<Object> =
            objects.iter().filter(|object| fits(looking, kind, intent, object)).cloned().collect();
        // Of several objects with a name that only one may have, a list showed one twice.
        if !kind.unique.is_empty() {
            found.truncate(1);
        }
        Ok(found)
    };
    intents.iter().map(of).collect()
}

/// The object that goes by the name that the user chose. One that is not what was wanted was there before.
async fn named(
    looking: &Looking<'_>,
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
) -> Result<Vec<Object>, CallError> {
    let found = by_name(kind, provider, intent).await?;
    Ok(found.into_iter().filter(|object| fits(looking, kind, intent, object)).collect())
}

async fn by_name(
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
) -> Result<Option<Object>, CallError> {
    let values = &intent.record.values;
    let Some(id) = kind.chosen(values) else { return Ok(None) };
    provider.read(kind, ObjectRef { id: &id, values }).await
}

fn marked(kind: &Kind, intent: &Intent) -> bool {
    kind.marker.is_some() && intent.marker.is_some()
}

/// Whether an object may be what a create made: by its marker, or as it looks.
fn fits(looking: &Looking<'_>, kind: &Kind, intent: &Intent, object: &Object) -> bool {
    match marked(kind, intent) {
        true => object.marker == intent.marker,
        false => resembles(looking, kind, intent, object),
    }
}

/// Whether the objects of a kind have names of their own, which no two share.
fn has_natural_key(kind: &Kind) -> bool {
    !kind.key.is_empty() || !kind.unique.is_empty()
}

async fn one(kind: &Kind, provider: &Arc<dyn Provider>, intent: &Intent) -> Result<Vec<Object>, CallError> {
    let marker = intent.marker.as_deref().unwrap_or_default();
    provider.list(kind, Search::Marker { marker, values: &intent.record.values }).await
}

async fn verdict(
    looking: &Looking<'_>,
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
    found: Result<Vec<Object>, CallError>,
) -> Found {
    if intent.marker.is_none() && intent.before.is_none() && !has_natural_key(kind) {
        return Err(undecided(
            intent,
            "nothing tells its object from others, and this kind cannot be listed",
        ));
    }
    let found = found.map_err(|error| unresolved(intent, &error.to_string()))?;
    match found.as_slice() {
        [] => Ok(Verdict::NotDone),
        [object] => {
            let finished = finished(kind, provider, object).await;
            let (object, status) = finished.map_err(|error| unresolved(intent, &error.to_string()))?;
            let record = refreshed(kind, &intent.record, &object, looking.sealer);
            Ok(Verdict::Adopted(Box::new(Record { status, ..record })))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|object| &*object.id).collect();
            Err(undecided(intent, &format!("several objects match it: {}", ids.join(", "))))
        }
    }
}

/// The object as the interrupted create would have left it: one that its kind waits for is waited for here.
async fn finished(
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    object: &Object,
) -> Result<(Object, Status), CallError> {
    match provider.finish(kind, object.clone()).await {
        Ok(object) => Ok((object, Status::Ready)),
        Err(CallError::Unusable(object, _)) => Ok((*object, Status::Tainted)),
        Err(error) => Err(error),
    }
}

/// What only a person can decide, and how to say it.
fn undecided(intent: &Intent, problem: &str) -> Box<crate::diag::Diagnostic> {
    let addr = &intent.addr;
    let mut diagnostic = unresolved(intent, problem);
    diagnostic.help = vec![format!(
        "nothing was changed; `isotope import {addr} ID` adopts the one that is meant, `isotope state rm {addr}` says that there is none"
    )];
    diagnostic
}

/// One object cannot have been made by two creates.
fn unambiguous(mut all: Vec<(IntentId, Found)>) -> Vec<(IntentId, Found)> {
    let mut seen: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for (_, found) in &all {
        if let Ok(Verdict::Adopted(record)) = found {
            *seen.entry(record.id.clone()).or_default() += 1;
        }
    }
    for (_, found) in &mut all {
        if let Ok(Verdict::Adopted(record)) = found
            && seen.get(&record.id).is_some_and(|count| *count > 1)
        {
            let problem = crate::diag::Diagnostic::error("Unfinished operation cannot be settled").detail(
                format!("Several creations were interrupted, and the object {} may be any one's.", record.id),
            );
            *found = Err(Box::new(problem));
        }
    }
    all
}

/// The ids of what looks like the object of an unmarked create that is about to be sent.
pub async fn survey(
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
) -> Result<Option<Vec<Arc<str>>>, CallError> {
    if !kind.key.is_empty() {
        let found = by_name(kind, provider, intent).await?;
        return Ok(Some(found.into_iter().map(|object| object.id).collect()));
    }
    if kind.list.is_none() {
        return Ok(None);
    }
    let all = provider.list(kind, Search::All { values: &intent.record.values }).await?;
    let alike = all.into_iter().filter(|object| alike(kind, intent, object));
    Ok(Some(alike.map(|object| object.id).collect()))
}

/// Whether an object may be what an unmarked create made.
fn resembles(looking: &Looking<'_>, kind: &Kind, intent: &Intent, object: &Object) -> bool {
    let there = match &intent.before {
        Some(before) => before.contains(&object.id),
        None => !has_natural_key(kind),
    };
    !there
        && object.marker.is_none()
        && !looking.known.has(&kind.name, &object.id)
        && alike(kind, intent, object)
}

/// Whether an object is what the create's own request would make: what further requests set may not be set yet.
fn alike(kind: &Kind, intent: &Intent, object: &Object) -> bool {
    let later = |attribute: &Attribute| attribute.toggle.is_some() || attribute.members.is_some();
    declared(kind).filter(|attribute| !later(attribute)).all(|a| !differs(a, intent, &object.values))
}

/// The declared attributes that are otherwise than the intent wanted, as far as that can be told.
pub fn differences(kind: &Kind, intent: &Intent, values: &Value) -> Vec<Path> {
    let different = declared(kind).filter(|attribute| differs(attribute, intent, values));
    different.map(|attribute| Path::root().child_attr(&attribute.name)).collect()
}

/// The attributes that an answer shows as they were set.
fn declared(kind: &Kind) -> impl Iterator<Item = &Attribute> {
    let shown = |attribute: &Attribute| attribute.echo && !attribute.local && !attribute.write_only;
    kind.attributes.values().filter(move |attribute| settable(attribute) && shown(attribute))
}

fn differs(attribute: &Attribute, intent: &Intent, values: &Value) -> bool {
    let want = intent.record.values.get_attr(&attribute.name);
    want.is_some_and(|want| !agrees(attribute, want, values.get_attr(&attribute.name)))
}

fn agrees(attribute: &Attribute, want: &Value, have: Option<&Value>) -> bool {
    let Some(have) = have.filter(|_| !want.is_null()) else { return true };
    if attribute.partial && !is_map(want) {
        return !want.is_wholly_known() || !have.is_wholly_known() || kind::covers(want, have);
    }
    if attribute.partial {
        let entry = |(key, value): (Value, Value)| {
            let have = key.as_str().and_then(|key| have.get_attr(key));
            value.is_null()
                || !value.is_wholly_known()
                || have.is_some_and(|have| same(attribute, &value, have))
        };
        return want.elements().into_iter().all(entry);
    }
    !want.is_wholly_known() || same(attribute, want, have)
}

fn is_map(value: &Value) -> bool {
    matches!(value.unmarked(), Value::Object(_) | Value::Map(..))
}

fn same(attribute: &Attribute, want: &Value, have: &Value) -> bool {
    kind::normalise(attribute, want) == kind::normalise(attribute, have)
}

/// Whether two creates of a kind could each be taken for the other's: nothing that both declare differs.
pub fn confusable(kind: &Kind, one: &Value, other: &Value) -> bool {
    let unlike = |attribute: &&Attribute| {
        let (one, other) = (one.get_attr(&attribute.name), other.get_attr(&attribute.name));
        let (Some(one), Some(other)) = (one, other) else { return false };
        if one.is_null() || other.is_null() {
            return false;
        }
        if !attribute.partial {
            return one.is_wholly_known() && other.is_wholly_known() && !same(attribute, one, other);
        }
        one.elements().into_iter().any(|(key, value)| {
            let other = key.as_str().and_then(|key| other.get_attr(key));
            other.is_some_and(|other| {
                value.is_wholly_known() && other.is_wholly_known() && !same(attribute, &value, other)
            })
        })
    };
    !declared(kind).any(|attribute| unlike(&attribute))
}
