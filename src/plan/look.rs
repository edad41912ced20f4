//! Open intents, resolved by looking and never by repeating (engine.md §4).

use super::change::refreshed;
use super::{Finding, Providers, Verdict};
use crate::diag::{Diagnostic, Diagnostics};
use crate::kind::{self, Kind, Kinds};
use crate::provider::{CallError, Object, ObjectRef, Provider, Search};
use crate::secret::Sealer;
use crate::state::{Intent, Operation, Record, State, Status};
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a look at a create waits between two listings.
const BETWEEN: Duration = Duration::from_millis(500);

/// What looking needs beside the intents.
pub struct Looking<'l> {
    pub kinds: &'l Kinds,
    pub providers: &'l Providers,
    pub sealer: Option<&'l Sealer>,
    /// Seconds since 1970.
    pub now: i64,
}

/// Looks at every open intent of a state. What cannot be decided is an error, and nothing is changed.
pub async fn look_at_all(looking: &Looking<'_>, state: &State, diags: &mut Diagnostics) -> Vec<Finding> {
    let mut findings = Vec::new();
    let looks = state.intents.values().map(|intent| look(looking, intent));
    for (intent, found) in state.intents.values().zip(futures_util::future::join_all(looks).await) {
        match found {
            Ok(verdict) => {
                findings.push(Finding { intent: intent.id.clone(), addr: intent.addr.clone(), verdict })
            }
            Err(diagnostic) => {
                diags.error(*diagnostic);
            }
        }
    }
    findings
}

/// Looks at one intent.
pub async fn look(looking: &Looking<'_>, intent: &Intent) -> Result<Verdict, Box<Diagnostic>> {
    let Some(kind) = looking.kinds.get(&intent.addr.resource.kind) else {
        return Err(unresolved(intent, "its kind is not known any more"));
    };
    let Some(provider) = looking.providers.of(kind, &intent.record.provider) else {
        return Err(unresolved(intent, "its provider is not configured any more"));
    };
    let found = match intent.operation {
        Operation::Create => created(looking, kind, provider, intent).await,
        Operation::Update => changed(looking, kind, provider, intent).await,
        Operation::Delete => deleted(kind, provider, intent).await,
    };
    found.map_err(|problem| unresolved(intent, &problem))
}

fn unresolved(intent: &Intent, problem: &str) -> Box<Diagnostic> {
    let what = match intent.operation {
        Operation::Create => "creation",
        Operation::Update => "change",
        Operation::Delete => "deletion",
    };
    Box::new(
        Diagnostic::error("Unfinished operation cannot be settled")
            .detail(format!(
                "An earlier run ended during the {what} of {}, and what came of it cannot be found out: {problem}.",
                intent.addr
            ))
            .help("nothing was changed; try again when the API can be reached")
            .about(&intent.addr),
    )
}

async fn created(
    looking: &Looking<'_>,
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
) -> Result<Verdict, String> {
    if kind.provider.is_none() {
        return Ok(Verdict::NotDone);
    }
    let age = Duration::from_secs(u64::try_from(looking.now - intent.stamp.at).unwrap_or(0));
    let mut left = looking.providers.terms(&intent.record.provider).settle.saturating_sub(age);
    loop {
        let found = search(kind, provider, intent).await?;
        match found.as_slice() {
            [] if left.is_zero() => return Ok(Verdict::NotDone),
            [] => {
                let pause = BETWEEN.min(left);
                tokio::time::sleep(pause).await;
                left -= pause;
            }
            [object] => {
                let (object, status) = finished(kind, provider, object).await?;
                let record = refreshed(kind, &intent.record, &object, looking.sealer);
                return Ok(Verdict::Adopted(Box::new(Record { status, ..record })));
            }
            several => {
                let ids: Vec<&str> = several.iter().map(|object| &*object.id).collect();
                return Err(format!("several objects match it: {}", ids.join(", ")));
            }
        }
    }
}

/// The object as the interrupted create would have left it: one that its kind waits for is waited for here.
async fn finished(
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    object: &Object,
) -> Result<(Object, Status), String> {
    match provider.finish(kind, object.clone()).await {
        Ok(object) => Ok((object, Status::Ready)),
        Err(CallError::Unusable(object, _)) => Ok((*object, Status::Tainted)),
        Err(error) => Err(text(error)),
    }
}

/// The objects that may be what the create made: by marker, else by what can be compared and was not there before.
async fn search(kind: &Kind, provider: &Arc<dyn Provider>, intent: &Intent) -> Result<Vec<Object>, String> {
    let values = &intent.record.values;
    if let Some(key) = &kind.key {
        return named(kind, provider, intent, key).await;
    }
    match &intent.marker {
        Some(marker) if kind.marker.is_some() => {
            provider.list(kind, Search::Marker { marker, values }).await.map_err(text)
        }
        _ => {
            let all = provider.list(kind, Search::All { values }).await.map_err(text)?;
            let mut found: Vec<Object> =
                all.into_iter().filter(|object| resembles(kind, intent, object)).collect();
            // Of several objects with a name that only one may have, a list showed one twice.
            if !kind.unique.is_empty() {
                found.truncate(1);
            }
            Ok(found)
        }
    }
}

/// The object that goes by the name that the user chose. One that is not what was wanted was there before.
async fn named(
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
    key: &str,
) -> Result<Vec<Object>, String> {
    let values = &intent.record.values;
    let id = values.get_attr(key).and_then(|value| match value.unmarked() {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    let Some(id) = id else { return Ok(Vec::new()) };
    let found = provider.read(kind, ObjectRef { id: &id, values }).await.map_err(text)?;
    Ok(found.into_iter().filter(|object| resembles(kind, intent, object)).collect())
}

/// Whether an unmarked object has the declared values and is not older than the intent, as far as its creation time tells.
fn resembles(kind: &Kind, intent: &Intent, object: &Object) -> bool {
    let same = agrees(kind, intent, object);
    let since = created_at(object);
    same && object.marker.is_none() && since.is_none_or(|at| at >= intent.stamp.at)
}

/// Seconds since 1970, of a date or of milliseconds.
fn created_at(object: &Object) -> Option<i64> {
    match object.values.get_attr("created_date")? {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(|at| at.as_second()),
        Value::Number(millis) => millis.as_i64().map(|millis| millis / 1000),
        _ => None,
    }
}

/// Whether every declared value that can be compared is what the intent wanted.
fn agrees(kind: &Kind, intent: &Intent, object: &Object) -> bool {
    kind.attributes.values().filter(|a| super::desired::settable(a) && !a.write_only).all(|attribute| {
        let want = intent.record.values.get_attr(&attribute.name);
        let have = object.values.get_attr(&attribute.name);
        match (want, have) {
            (Some(want), _) if want.is_null() => true,
            (Some(want), Some(have)) if attribute.partial && !is_map(want) => {
                !have.is_wholly_known() || kind::covers(want, have)
            }
            (Some(want), Some(have)) if attribute.partial => {
                want.elements().into_iter().all(|(key, value)| {
                    let have = key.as_str().and_then(|key| have.get_attr(key));
                    !value.is_wholly_known()
                        || have.is_some_and(|h| {
                            kind::normalise(attribute, h) == kind::normalise(attribute, &value)
                        })
                })
            }
            (Some(want), Some(have)) if want.is_wholly_known() => {
                kind::normalise(attribute, want) == kind::normalise(attribute, have)
            }
            _ => true,
        }
    })
}

fn is_map(value: &Value) -> bool {
    matches!(value.unmarked(), Value::Object(_) | Value::Map(..))
}

async fn changed(
    looking: &Looking<'_>,
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
) -> Result<Verdict, String> {
    let read = read(kind, provider, intent).await?;
    // A secret cannot be compared with its mask: such an update is sent again, which does no harm.
    let secrets = !intent.record.fingerprints.is_empty();
    Ok(match read {
        Some(object) if !secrets && agrees(kind, intent, &object) => {
            Verdict::Updated(Box::new(refreshed(kind, &intent.record, &object, looking.sealer)))
        }
        _ => Verdict::NotDone,
    })
}

async fn deleted(kind: &Kind, provider: &Arc<dyn Provider>, intent: &Intent) -> Result<Verdict, String> {
    Ok(match read(kind, provider, intent).await? {
        Some(_) => Verdict::NotDone,
        None => Verdict::Gone,
    })
}

async fn read(kind: &Kind, provider: &Arc<dyn Provider>, intent: &Intent) -> Result<Option<Object>, String> {
    let object = ObjectRef { id: &intent.record.id, values: &intent.record.values };
    provider.read(kind, object).await.map_err(text)
}

fn text(error: CallError) -> String {
    error.to_string()
}

/// The state as it is once the findings are settled: what a plan is made from.
pub fn settled(state: &State, findings: &[Finding]) -> State {
    let mut settled = state.clone();
    for event in findings.iter().flat_map(|finding| events(state, finding)) {
        settled.fold(&event);
    }
    settled
}

/// What records a finding.
pub fn events(state: &State, finding: &Finding) -> Vec<crate::state::Event> {
    use crate::state::Event;
    let mut events = vec![Event::Settled(finding.intent.clone())];
    let deposed = state.intents.get(&finding.intent).and_then(|intent| intent.deposed.clone());
    match (&finding.verdict, deposed) {
        (Verdict::Adopted(record) | Verdict::Updated(record), _) => {
            events.push(Event::Recorded(finding.addr.clone(), record.clone()));
        }
        (Verdict::Gone, Some(key)) => events.push(Event::RemovedDeposed(finding.addr.clone(), key)),
        (Verdict::Gone, None) => events.push(Event::Removed(finding.addr.clone())),
        // The replacement was not made: the object that waited for it stays.
        (Verdict::NotDone, _) => {
            let creates =
                state.intents.get(&finding.intent).is_some_and(|i| i.operation == Operation::Create);
            let deposed = state.deposed.keys().rev().find(|(addr, _)| *addr == finding.addr);
            if let (true, false, Some((addr, key))) =
                (creates, state.records.contains_key(&finding.addr), deposed)
            {
                events.push(Event::Restored(addr.clone(), key.clone()));
            }
        }
    }
    events
}
