//! What the world says of what is recorded, and the plan that is made meanwhile.

use super::current::Current;
use super::look::{Looking, look_at_all};
use super::moves::Moves;
use super::planner::Request;
use super::refresh::{self, read_all};
use super::rounds::{Round, World, round};
use super::search::Known;
use super::{Answers, Finding};
use crate::addr::ObjectAddr;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::provider::{CallError, Object, Problem};
use crate::state::State;
use futures_util::future::{Either, select};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};

/// Looks at open intents.
pub(super) async fn look(request: &Request<'_>, diags: &mut Diagnostics) -> Result<Vec<Finding>, Reported> {
    if request.state.intents.is_empty() {
        return Ok(Vec::new());
    }
    let looking = Looking {
        kinds: request.kinds,
        providers: request.providers,
        sealer: request.sealer,
        known: Known::of(request.state),
    };
    let findings = look_at_all(&looking, request.state, diags).await;
    diags.check()?;
    Ok(findings)
}

/// What reading the world gave.
pub(super) struct Read<'w> {
    pub reads: BTreeMap<ObjectAddr, Option<Object>>,
    pub current: Current<'w>,
    /// What the plan comes to, found meanwhile: the world is as it is recorded.
    pub guess: Option<Round>,
}

/// Reads the world; meanwhile plans as if it were as it is recorded, which it nearly always is.
pub(super) async fn read<'w>(
    request: &Request<'_>,
    recorded: &'w State,
    moves: &Moves,
    diags: &mut Diagnostics,
) -> Result<Read<'w>, Reported> {
    let known = (request.kinds, request.sealer);
    let mut current = Current::unread(recorded);
    if let Some(answers) = request.answers {
        answers.reads.iter().for_each(|(addr, read)| current.see(addr, read.as_ref(), known));
        return Ok(Read { reads: BTreeMap::new(), current, guess: None });
    }
    if !request.refresh || !holds_what_is_read(request) {
        return Ok(Read { reads: BTreeMap::new(), current, guess: None });
    }
    let (current, unread) = (Mutex::new(current), Current::unread(recorded));
    let lock = || current.lock().unwrap_or_else(PoisonError::into_inner);
    let (read, guess) = {
        let see = |addr: &ObjectAddr, read: Option<&Object>| lock().see(addr, read, known);
        let selected = recorded.records.iter().filter(|(addr, _)| request.selection.reads(addr));
        let reading = pin!(read_all(selected, request.kinds, request.providers, &see));
        let (world, nothing) = (World { moves, recorded, current: &unread }, Answers::default());
        let guess = pin!(round(request, &world, &nothing));
        match select(reading, guess).await {
            Either::Left((read, guess)) if lock().is_as_recorded() => (read, Some(guess.await)),
            Either::Left((read, _)) => (read, None),
            Either::Right((guess, reading)) => (reading.await, Some(guess)),
        }
    };
    let reads = readable(read, recorded, diags)?;
    let current = current.into_inner().unwrap_or_else(PoisonError::into_inner);
    let guess = guess.filter(|_| current.is_as_recorded());
    Ok(Read { reads, current, guess })
}

/// What was read, if everything could be.
fn readable(
    read: BTreeMap<ObjectAddr, refresh::Read>,
    recorded: &State,
    diags: &mut Diagnostics,
) -> Result<BTreeMap<ObjectAddr, Option<Object>>, Reported> {
    let mut reads = BTreeMap::new();
    let mut failed: BTreeMap<String, (CallError, Vec<ObjectAddr>)> = BTreeMap::new();
    for (addr, read) in read {
        match read {
            Ok(read) => drop(reads.insert(addr, read)),
            Err(error) => {
                failed.entry(error.to_string()).or_insert_with(|| (error, Vec::new())).1.push(addr);
            }
        }
    }
    for (error, addrs) in failed.values() {
        let addrs: Vec<&ObjectAddr> = addrs.iter().collect();
        let records = addrs.iter().filter_map(|addr| recorded.records.get(addr));
        let providers = records.map(|record| &*record.provider.name).collect();
        diags.error(unreadable(error, &addrs, &providers));
    }
    diags.check().map(|()| reads)
}

/// Whether an API holds any of what is recorded.
fn holds_what_is_read(request: &Request<'_>) -> bool {
    let read = |addr: &ObjectAddr| {
        request.kinds.get(&addr.resource.kind).is_some_and(|kind| kind.provider.is_some())
    };
    let open = request.state.intents.values().map(|intent| &intent.addr);
    request.state.records.keys().chain(open).any(read)
}

/// One complaint for all objects that the same cause hides.
fn unreadable(error: &CallError, addrs: &[&ObjectAddr], providers: &BTreeSet<&str>) -> Diagnostic {
    let names: Vec<String> = addrs.iter().map(ToString::to_string).collect();
    let what = match names.as_slice() {
        [one] => one.clone(),
        many => format!("{} objects", many.len()),
    };
    let providers: Vec<String> = providers.iter().map(|name| format!("`{name}`")).collect();
    let help = match error {
        CallError::Rejected(Problem { status: 401 | 403, .. }) => {
            format!("check the secrets that the provider {} is given", providers.join(", "))
        }
        _ => "nothing was changed; `-refresh=false` plans without reading".to_owned(),
    };
    let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 10 { ", …" } else { "" };
    Diagnostic::error(format!("Cannot read {what}"))
        .detail(if names.len() > 1 { format!("{error}\n({shown}{more})") } else { error.to_string() })
        .help(help)
}
