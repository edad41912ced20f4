//! Open intents, resolved by looking and never by repeating (engine.md §4).
//!
//! What a look finds is a [`Verdict`]; what that makes of the state is the journal's table ([`crate::state::journal`]). Creates are
//! searched for together ([`search`](super::search)), updates and deletes are read one by one.

use super::change::refreshed;
use super::search::{Known, created, differences};
use super::{Finding, Providers, Verdict};
use crate::diag::{Diagnostic, Diagnostics};
use crate::kind::{Kind, Kinds};
use crate::provider::{Object, ObjectRef, Provider};
use crate::secret::Sealer;
use crate::state::journal::End;
use crate::state::{Event, Intent, IntentId, Operation, Record, State};
use futures_util::future::join_all;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What looking needs beside the intents.
pub struct Looking<'l> {
    pub kinds: &'l Kinds,
    pub providers: &'l Providers,
    pub sealer: Option<&'l Sealer>,
    /// The objects that have an address.
    pub known: Known,
}

/// What a look at one intent gave.
pub(super) type Found = Result<Verdict, Box<Diagnostic>>;

/// Looks at every open intent of a state. What cannot be decided is an error, and nothing is changed.
pub async fn look_at_all(looking: &Looking<'_>, state: &State, diags: &mut Diagnostics) -> Vec<Finding> {
    let (creates, others): (Vec<&Intent>, Vec<&Intent>) =
        state.intents.values().partition(|intent| intent.operation == Operation::Create);
    let others = join_all(others.into_iter().map(|intent| async {
        (intent.id.clone(), look(looking, intent, state.records.get(&intent.addr)).await)
    }));
    let (made, others) = futures_util::future::join(created(looking, &creates), others).await;
    let mut found: BTreeMap<IntentId, Found> = made.into_iter().chain(others).collect();
    let mut findings = Vec::new();
    for intent in state.intents.values() {
        match found.remove(&intent.id) {
            Some(Ok(verdict)) => {
                findings.push(Finding { intent: intent.id.clone(), addr: intent.addr.clone(), verdict });
            }
            Some(Err(diagnostic)) => drop(diags.error(*diagnostic)),
            None => {}
        }
    }
    findings
}

/// Looks at one intent. `prior` is what an update is to change, as it is recorded.
pub async fn look(looking: &Looking<'_>, intent: &Intent, prior: Option<&Record>) -> Found {
    let found = match intent.operation {
        Operation::Create => {
            let found = created(looking, &[intent]).await.pop();
            return found.map_or_else(|| Ok(Verdict::NotDone), |(_, found)| found);
        }
        Operation::Update => {
            let (kind, provider) = door(looking, intent)?;
            changed(looking, kind, provider, intent, prior).await
        }
        Operation::Delete => {
            let (kind, provider) = door(looking, intent)?;
            deleted(kind, provider, intent).await
        }
    };
    found.map_err(|problem| unresolved(intent, &problem))
}

/// The kind and the provider that an intent is about.
pub(super) fn door<'l>(
    looking: &Looking<'l>,
    intent: &Intent,
) -> Result<(&'l Kind, &'l Arc<dyn Provider>), Box<Diagnostic>> {
    let Some(kind) = looking.kinds.get(&intent.addr.resource.kind) else {
        return Err(unresolved(intent, "its kind is not known any more"));
    };
    let Some(provider) = looking.providers.of(kind, &intent.record.provider) else {
        return Err(unresolved(intent, "its provider is not configured any more"));
    };
    Ok((kind, provider))
}

pub(super) fn unresolved(intent: &Intent, problem: &str) -> Box<Diagnostic> {
    let addr = &intent.addr;
    let what = match intent.operation {
        Operation::Create => "creation",
        Operation::Update => "change",
        Operation::Delete => "deletion",
    };
    Box::new(
        Diagnostic::error("Unfinished operation cannot be settled")
            .detail(format!(
                "An earlier run ended during the {what} of {addr}, and what came of it cannot be found out: {problem}.",
            ))
            .help("nothing was changed; try again when the API can be reached")
            .about(addr),
    )
}

/// Whether an update would change a secret: no look can show whether it did.
fn changes_secrets(intent: &Intent, prior: Option<&Record>) -> bool {
    let of_prior = |path| prior.and_then(|prior| prior.fingerprints.get(path));
    intent.record.fingerprints.iter().any(|(path, print)| of_prior(path) != Some(print))
}

async fn changed(
    looking: &Looking<'_>,
    kind: &Kind,
    provider: &Arc<dyn Provider>,
    intent: &Intent,
    prior: Option<&Record>,
) -> Result<Verdict, String> {
    let read = read(kind, provider, intent).await?;
    Ok(match read {
        Some(object)
            if !changes_secrets(intent, prior) && differences(kind, intent, &object.values).is_empty() =>
        {
            Verdict::Updated(Box::new(refreshed(kind, &intent.record, &object, looking.sealer)))
        }
        // An update that is sent again does no harm.
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
    provider.read(kind, object).await.map_err(|error| error.to_string())
}

/// The state as it is once the findings are settled: what a plan is made from.
pub fn settled<'s>(state: &'s State, findings: &[Finding]) -> Cow<'s, State> {
    let mut settled = Cow::Borrowed(state);
    for finding in findings {
        events(&settled, finding).iter().for_each(|event| settled.to_mut().fold(event));
    }
    settled
}

/// What records a finding.
pub fn events(state: &State, finding: &Finding) -> Vec<Event> {
    let Some(intent) = state.intents.get(&finding.intent) else { return Vec::new() };
    state.closing(intent, &finding.verdict.end())
}

impl Verdict {
    /// The same in the journal's words.
    pub fn end(&self) -> End {
        match self {
            Self::Adopted(record) | Self::Updated(record) => End::Stands(record.clone()),
            Self::NotDone => End::Undone,
            Self::Gone => End::Gone,
        }
    }
}
