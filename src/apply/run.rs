//! The loop: what is ready is written down, sent, recorded, and makes its dependents ready.

use super::read::{self, Readings};
use super::record::{Of, record, visible};
use super::resolve::{Planning, postconditions, preconditions, resolve};
use super::step::{self, Call, End, Work};
use super::{Event, Failure, Outcome, Stop};
use crate::addr::{ModulePath, Name, ObjectAddr};
use crate::config::{Config, ModuleId, Source, Values};
use crate::diag::{Diagnostic, Diagnostics, Reported, Severity};
use crate::eval::functions::Host;
use crate::graph::{Node, Ready};
use crate::kind::{Kind, Kinds};
use crate::plan::{
    self, Action, Evaluation, Looking, Mode, Plan, Planned, Providers, ReplaceOrder, Verb, Walk,
};
use crate::secret::{Sealer, random_hex};
use crate::state::{self, DeposedKey, Intent, Operation, Record, Stamp, StoreError, Writer, address_hash};
use crate::value::Value;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often a step that takes long is mentioned (engine.md §7).
const PROGRESS: Duration = Duration::from_secs(10);

/// How often a create that provably did not happen is sent again within one run.
const AGAIN: u32 = 3;

/// Everything an apply needs beside the writer.
pub struct Apply<'a> {
    pub plan: &'a Plan,
    pub config: &'a Config,
    pub walk: &'a Walk,
    pub kinds: &'a Kinds,
    pub providers: &'a Providers,
    pub host: &'a dyn Host,
    pub workspace: Name,
    pub sealer: &'a Sealer,
    pub stamp: Stamp,
    /// At most so many steps at once; the HTTP client has its own, adaptive limit below it.
    pub parallelism: Option<usize>,
    pub stop: watch::Receiver<Stop>,
}

/// Walks the plan. `Err` only when the state cannot be written: then nothing more is sent.
pub async fn apply(
    apply: &Apply<'_>,
    writer: &mut dyn Writer,
    tell: &mut dyn FnMut(Event),
    diags: &mut Diagnostics,
) -> Result<Outcome, StoreError> {
    adopt(apply, writer, tell).await?;
    if !apply.plan.moves.0.is_empty() {
        let events = apply.plan.moves.events(writer.state());
        writer.commit(&events, &apply.stamp).await?;
    }
    let imported = import(apply, writer, tell).await?;
    let recorded = writer.state().clone();
    let given: Values = apply
        .plan
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), (value.clone(), Source::CommandLine)))
        .collect();
    let mut evaluation = Evaluation::new(apply.config, apply.kinds, apply.host, apply.workspace.clone());
    let mut objects = Planning { plan: apply.plan, recorded: &recorded };
    plan::walk(&mut evaluation, apply.walk, &given, &mut objects, diags);
    let mut run = Run {
        apply,
        evaluation,
        ready: Ready::new(&apply.plan.steps),
        flying: BTreeMap::new(),
        deposed: BTreeMap::new(),
        blocked: BTreeMap::new(),
        attempts: BTreeMap::new(),
        outcome: Outcome { imported, ..Outcome::default() },
    };
    if !diags.has_errors() {
        run.walk(writer, tell).await?;
        run.hold_the_rest();
        run.outputs(writer, diags).await?;
    }
    Ok(run.outcome)
}

/// Records what a look at the open intents found.
async fn adopt(
    apply: &Apply<'_>,
    writer: &mut dyn Writer,
    tell: &mut dyn FnMut(Event),
) -> Result<(), StoreError> {
    let events: Vec<state::Event> = apply
        .plan
        .answers
        .findings
        .iter()
        .flat_map(|finding| plan::events(writer.state(), finding))
        .collect();
    if events.is_empty() {
        return Ok(());
    }
    writer.commit(&events, &apply.stamp).await?;
    for finding in &apply.plan.answers.findings {
        if let plan::Verdict::Adopted(record) = &finding.verdict {
            tell(Event::Adopted { addr: finding.addr.clone(), id: record.id.clone() });
        }
    }
    Ok(())
}

/// Records the objects that are adopted, before anything is done to them; gives their number.
async fn import(
    apply: &Apply<'_>,
    writer: &mut dyn Writer,
    tell: &mut dyn FnMut(Event),
) -> Result<usize, StoreError> {
    let prior =
        |addr: &ObjectAddr| match &apply.plan.changes.get(&plan::Subject::current(addr.clone()))?.action {
            Action::NoOp { record, .. } => Some(record.clone()),
            Action::Update { prior, .. } | Action::Replace { prior, .. } => Some(prior.clone()),
            _ => None,
        };
    let adopted = apply.plan.imports().filter_map(|(addr, _)| Some((addr.clone(), prior(addr)?)));
    let adopted: Vec<(ObjectAddr, Record)> = adopted.collect();
    let event = |(addr, record): &(ObjectAddr, Record)| {
        state::Event::Recorded(addr.clone(), Box::new(record.clone()))
    };
    let events: Vec<state::Event> = adopted.iter().map(event).collect();
    if !events.is_empty() {
        writer.commit(&events, &apply.stamp).await?;
    }
    for (addr, record) in &adopted {
        tell(Event::Imported { addr: addr.clone(), id: record.id.clone() });
    }
    Ok(adopted.len())
}

/// A step that was sent.
struct Flight {
    started: Instant,
    /// When it is mentioned next.
    mention: Instant,
    id: Option<Arc<str>>,
    /// A reading has none.
    intent: Option<state::IntentId>,
    desired: Option<Value>,
}

struct Run<'a> {
    apply: &'a Apply<'a>,
    evaluation: Evaluation<'a>,
    ready: Ready,
    flying: BTreeMap<Node, Flight>,
    /// The keys of what this run deposed, by address.
    deposed: BTreeMap<ObjectAddr, DeposedKey>,
    /// Steps that cannot run any more, and the address that is to blame.
    blocked: BTreeMap<Node, ObjectAddr>,
    attempts: BTreeMap<Node, u32>,
    outcome: Outcome,
}

type Calls<'f> = FuturesUnordered<BoxFuture<'f, (Node, End)>>;

/// What starting the ready steps gave: events to commit, and calls to send once they are durable.
#[derive(Default)]
struct Batch {
    events: Vec<state::Event>,
    calls: Vec<(Node, Call)>,
    /// What data sources ask.
    questions: Vec<(Node, plan::Question)>,
    /// Steps without a request: done with the commit.
    done: Vec<Node>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.calls.is_empty() && self.questions.is_empty() && self.done.is_empty()
    }
}

impl<'a> Run<'a> {
    async fn walk(&mut self, writer: &mut dyn Writer, tell: &mut dyn FnMut(Event)) -> Result<(), StoreError> {
        let apply = self.apply;
        let looking = Looking {
            kinds: apply.kinds,
            providers: apply.providers,
            sealer: Some(apply.sealer),
            now: apply.stamp.at,
        };
        let looking = &looking;
        let mut calls: Calls<'_> = FuturesUnordered::new();
        let mut stop = apply.stop.clone();
        loop {
            self.outcome.stopped = *stop.borrow_and_update();
            if self.outcome.stopped == Stop::No {
                self.start(writer, &mut calls, looking, tell).await?;
            }
            if calls.is_empty() || self.outcome.stopped == Stop::Now {
                break;
            }
            let wake = self.flying.values().map(|flight| flight.mention).min().unwrap_or_else(Instant::now);
            tokio::select! {
                biased;
                Some(ended) = calls.next() => {
                    let mut all = vec![ended];
                    while let Some(Some(more)) = calls.next().now_or_never() {
                        all.push(more);
                    }
                    self.record(all, writer, tell).await?;
                }
                Ok(()) = stop.changed() => {}
                () = tokio::time::sleep_until(wake) => self.mention(tell),
            }
        }
        self.account();
        Ok(())
    }

    /// Starts everything that is ready: intents first, in one commit, then the requests.
    async fn start<'f>(
        &mut self,
        writer: &mut dyn Writer,
        calls: &mut Calls<'f>,
        looking: &'f Looking<'f>,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), StoreError>
    where
        'a: 'f,
    {
        let sealer: &'f Sealer = self.apply.sealer;
        loop {
            let mut batch = Batch::default();
            let room = self.apply.parallelism.unwrap_or(usize::MAX).saturating_sub(self.flying.len());
            while batch.calls.len() + batch.questions.len() < room {
                let Some(node) = self.ready.next() else { break };
                self.prepare(node, writer.state(), &mut batch, tell);
            }
            if batch.is_empty() {
                return Ok(());
            }
            if !batch.events.is_empty() {
                writer.commit(&batch.events, &self.apply.stamp).await?;
            }
            for (node, call) in batch.calls {
                calls.push(async move { (node, step::run(&call, looking, sealer).await) }.boxed());
            }
            let mut readings = Readings::new(self.apply.kinds, self.apply.providers);
            for (node, question) in batch.questions {
                calls.push(readings.ask(question).map(move |answer| (node, End::Answered(answer))).boxed());
            }
            let again = !batch.done.is_empty();
            for node in batch.done {
                self.ready.done(&self.apply.plan.steps, node);
            }
            if !again {
                return Ok(());
            }
        }
    }

    fn step(&self, node: Node) -> &'a plan::Step {
        self.apply.plan.steps.get(node)
    }

    /// Makes one step ready to send, or does it at once when it sends nothing.
    fn prepare(&mut self, node: Node, state: &state::State, batch: &mut Batch, tell: &mut dyn FnMut(Event)) {
        let step = self.step(node);
        if self.blocked.contains_key(&node) {
            batch.done.push(node);
            return;
        }
        let subject = &step.subject;
        let addr = &subject.addr;
        let action = self.apply.plan.changes.get(subject).map(|change| &change.action);
        match (step.verb, action) {
            (Verb::Record, Some(Action::NoOp { record, .. })) => {
                batch.events.push(state::Event::Recorded(addr.clone(), Box::new(record.clone())));
                batch.done.push(node);
            }
            (Verb::Read, Some(Action::Read { later })) => self.ask(node, later, batch, tell),
            (Verb::Forget, _) => {
                batch.events.push(state::Event::Removed(addr.clone()));
                batch.done.push(node);
            }
            (Verb::Create, Some(Action::Create { planned } | Action::Replace { planned, .. })) => {
                self.send(node, planned, None, batch, tell);
                if matches!(action, Some(Action::Replace { order: ReplaceOrder::CreateFirst, .. })) {
                    self.depose(node, addr, batch);
                }
            }
            (Verb::Update, Some(Action::Update { prior, planned, edits })) => {
                self.send(node, planned, Some((prior, edits)), batch, tell);
            }
            (Verb::Delete, Some(Action::Delete { prior, .. } | Action::Replace { prior, .. })) => {
                let key = self.deposed.get(addr).cloned().or_else(|| subject.deposed.clone());
                let recorded = match &key {
                    Some(key) => state.deposed.get(&(addr.clone(), key.clone())),
                    None => state.records.get(addr),
                };
                self.delete(node, recorded.unwrap_or(prior).clone(), key, batch, tell);
            }
            _ => batch.done.push(node),
        }
    }

    /// Lets a data source ask, with what is known by now.
    fn ask(&mut self, node: Node, later: &plan::Later, batch: &mut Batch, tell: &mut dyn FnMut(Event)) {
        let subject = &self.step(node).subject;
        match read::question(&subject.addr, later, &self.evaluation) {
            Ok(question) => {
                tell(Event::Started { subject: subject.clone(), verb: Verb::Read, id: None });
                self.fly(node, None, None, None);
                batch.questions.push((node, question));
            }
            Err(problem) => {
                self.fail(node, *problem, tell);
                batch.done.push(node);
            }
        }
    }

    /// The object that a create replaces becomes a deposed one, in the commit of the create's intent: not before it is sent.
    fn depose(&mut self, node: Node, addr: &ObjectAddr, batch: &mut Batch) {
        if self.flying.contains_key(&node) && !self.deposed.contains_key(addr) {
            let key: DeposedKey = random_hex(8).into();
            self.deposed.insert(addr.clone(), key.clone());
            batch.events.push(state::Event::Deposed(addr.clone(), key));
        }
    }

    fn send(
        &mut self,
        node: Node,
        planned: &Planned,
        update: Option<(&Record, &Vec<plan::Edit>)>,
        batch: &mut Batch,
        tell: &mut dyn FnMut(Event),
    ) {
        let addr = &self.step(node).subject.addr;
        let Some((kind, provider)) = self.door(addr, &planned.meta.provider) else {
            self.fail(node, unknown_kind(addr), tell);
            batch.done.push(node);
            return;
        };
        let prior = update.map(|(prior, _)| prior);
        let resolved = preconditions(addr, &self.evaluation)
            .and_then(|()| resolve(addr, planned, prior, &self.evaluation));
        let desired = match resolved {
            Ok(desired) => desired,
            Err(problem) => {
                self.fail(node, *problem, tell);
                batch.done.push(node);
                return;
            }
        };
        let kind = self.timed(addr, kind);
        let operation = if prior.is_some() { Operation::Update } else { Operation::Create };
        let id = intent_id(addr);
        let mark = self.apply.providers.terms(&planned.meta.provider).mark;
        let marked = mark && kind.marker.is_some() && operation == Operation::Create;
        let marker = marked.then(|| format!("isotope:{}:{id}", self.apply.plan.base.lineage));
        let meta = &planned.meta;
        let of = Of { addr, sealer: self.apply.sealer };
        let draft = record(&kind, meta, &desired, None, prior, marker.as_deref(), of);
        let intent = self.intent(id, addr, None, operation, draft, marker);
        let work = match update {
            None => Work::Create { desired: desired.clone(), meta: meta.clone() },
            Some((prior, edits)) => Work::Update {
                prior: Box::new(prior.clone()),
                desired: desired.clone(),
                meta: meta.clone(),
                paths: plan::sent(&kind, edits),
            },
        };
        self.launch(node, Call { kind, provider, intent, work }, Some(desired), batch, tell);
    }

    fn delete(
        &mut self,
        node: Node,
        prior: Record,
        key: Option<DeposedKey>,
        batch: &mut Batch,
        tell: &mut dyn FnMut(Event),
    ) {
        let addr = &self.step(node).subject.addr;
        let Some((kind, provider)) = self.door(addr, &prior.provider) else {
            self.fail(node, unknown_kind(addr), tell);
            batch.done.push(node);
            return;
        };
        let kind = self.timed(addr, kind);
        let id = intent_id(addr);
        let intent = self.intent(id, addr, key, Operation::Delete, prior.clone(), None);
        self.launch(
            node,
            Call { kind, provider, intent, work: Work::Delete { prior: Box::new(prior) } },
            None,
            batch,
            tell,
        );
    }

    /// The kind with the time limits that the object's block sets.
    fn timed(&self, addr: &ObjectAddr, kind: Arc<Kind>) -> Arc<Kind> {
        let limits = plan::visit_of(addr, &self.evaluation).map(|visit| &visit.resource.timeouts);
        match limits.filter(|limits| !limits.is_empty()) {
            Some(limits) => Arc::new(kind.within(|verb| limits.get(verb).map(|(limit, _)| *limit))),
            None => kind,
        }
    }

    fn launch(
        &mut self,
        node: Node,
        call: Call,
        desired: Option<Value>,
        batch: &mut Batch,
        tell: &mut dyn FnMut(Event),
    ) {
        let step = self.step(node);
        let id = (!call.intent.record.id.is_empty()).then(|| call.intent.record.id.clone());
        if !self.attempts.contains_key(&node) {
            tell(Event::Started { subject: step.subject.clone(), verb: step.verb, id: id.clone() });
        }
        *self.attempts.entry(node).or_default() += 1;
        self.fly(node, id, Some(call.intent.id.clone()), desired);
        batch.events.push(state::Event::Intended(Box::new(call.intent.clone())));
        batch.calls.push((node, call));
    }

    fn fly(
        &mut self,
        node: Node,
        id: Option<Arc<str>>,
        intent: Option<state::IntentId>,
        desired: Option<Value>,
    ) {
        let now = Instant::now();
        self.flying.insert(node, Flight { started: now, mention: now + PROGRESS, id, intent, desired });
    }

    fn door(
        &self,
        addr: &ObjectAddr,
        provider: &state::ProviderAddr,
    ) -> Option<(Arc<Kind>, Arc<dyn crate::provider::Provider>)> {
        let kind = self.apply.kinds.get(&addr.resource.kind)?;
        Some((kind.clone(), self.apply.providers.of(kind, provider)?.clone()))
    }

    fn intent(
        &self,
        id: String,
        addr: &ObjectAddr,
        deposed: Option<DeposedKey>,
        operation: Operation,
        record: Record,
        marker: Option<String>,
    ) -> Intent {
        let what = crate::value::typed_to_json(&record.values).to_string();
        Intent {
            id: id.into(),
            addr: addr.clone(),
            deposed,
            operation,
            fingerprint: self.apply.sealer.fingerprint(&["request", &addr.to_string()], what.as_bytes()),
            record,
            marker: marker.map(Into::into),
            stamp: self.apply.stamp.clone(),
        }
    }

    /// Records how calls ended, in one commit, then tells of it and makes their dependents ready.
    async fn record(
        &mut self,
        ended: Vec<(Node, End)>,
        writer: &mut dyn Writer,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), StoreError> {
        let mut events = Vec::new();
        for (node, end) in &ended {
            self.outcome_events(*node, end, &mut events);
        }
        if !events.is_empty() {
            writer.commit(&events, &self.apply.stamp).await?;
        }
        for (node, end) in ended {
            self.finish(node, end, tell);
        }
        Ok(())
    }

    fn outcome_events(&self, node: Node, end: &End, events: &mut Vec<state::Event>) {
        let step = self.step(node);
        let Some(flight) = self.flying.get(&node) else { return };
        let addr = step.subject.addr.clone();
        if let (Some(intent), false) = (&flight.intent, matches!(end, End::Open(_))) {
            events.push(state::Event::Settled(intent.clone()));
        }
        match end {
            End::Stands(record) | End::Unusable(record, _) if step.verb != Verb::Delete => {
                events.push(state::Event::Recorded(addr, record.clone()));
            }
            End::Gone => {
                let key = self.deposed.get(&addr).cloned().or_else(|| step.subject.deposed.clone());
                events.push(match key {
                    Some(key) => state::Event::RemovedDeposed(addr, key),
                    None => state::Event::Removed(addr),
                });
            }
            End::Refused(_) if step.verb == Verb::Create => {
                if let Some(key) = self.deposed.get(&addr) {
                    events.push(state::Event::Restored(addr, key.clone()));
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, node: Node, end: End, tell: &mut dyn FnMut(Event)) {
        let step = self.step(node);
        let Some(flight) = self.flying.remove(&node) else { return };
        match end {
            End::Again(cause) if self.attempts.get(&node).copied().unwrap_or(0) >= AGAIN => {
                self.flying.insert(node, flight);
                self.fail(node, never_taken_up(&step.subject.addr, &cause), tell);
                return;
            }
            End::Again(_) => {
                self.ready.again(node);
                return;
            }
            End::Refused(problem) | End::Unusable(_, problem) => {
                self.flying.insert(node, flight);
                self.fail(node, *problem, tell);
            }
            End::Open(problem) => {
                self.outcome.open.push(step.subject.addr.clone());
                self.flying.insert(node, flight);
                self.fail(node, *problem, tell);
            }
            End::Stands(record) => {
                self.count(step.verb);
                let kind = self.apply.kinds.get(&step.subject.addr.resource.kind);
                if let (Some(kind), Some(desired)) = (kind, &flight.desired) {
                    let value = visible(kind, desired, &record);
                    self.evaluation.set_object(step.subject.addr.clone(), value);
                }
                self.done(node, &flight, Some(record.id.clone()), tell);
                self.hold(node);
            }
            End::Answered(answer) => self.answered(node, &answer, flight, tell),
            End::Gone => {
                self.count(step.verb);
                self.done(node, &flight, flight.id.clone(), tell);
            }
        }
        self.ready.done(&self.apply.plan.steps, node);
    }

    /// Makes what a data source gave known. Of a check, what is wrong is a warning.
    fn answered(&mut self, node: Node, answer: &read::Answered, flight: Flight, tell: &mut dyn FnMut(Event)) {
        let addr = self.step(node).subject.addr.clone();
        match read::value(&addr, answer, &self.evaluation) {
            Ok(value) => {
                let id = read::id(&value);
                self.evaluation.set_object(addr, value);
                self.done(node, &flight, id, tell);
                self.hold(node);
            }
            Err(problem) if problem.severity == Severity::Warning => {
                tell(Event::Failed {
                    subject: self.step(node).subject.clone(),
                    verb: Verb::Read,
                    id: None,
                    elapsed: flight.started.elapsed(),
                    problem: problem.clone(),
                });
                self.outcome.warnings.push(*problem);
            }
            Err(problem) => {
                self.flying.insert(node, flight);
                self.fail(node, *problem, tell);
            }
        }
    }

    fn done(&mut self, node: Node, flight: &Flight, id: Option<Arc<str>>, tell: &mut dyn FnMut(Event)) {
        let step = self.step(node);
        let elapsed = flight.started.elapsed();
        tell(Event::Done { subject: step.subject.clone(), verb: step.verb, id, elapsed });
    }

    /// Checks the postconditions of an object that stands: when one fails, nothing that depends on it starts.
    fn hold(&mut self, node: Node) {
        let step = self.step(node);
        let addr = &step.subject.addr;
        let Some(value) = self.evaluation.object(addr) else { return };
        if let Err(problem) = postconditions(addr, value, &self.evaluation) {
            let failure = Failure { subject: step.subject.clone(), verb: step.verb, problem: *problem };
            self.outcome.failed.push(failure);
            self.block(node);
        }
    }

    /// Checks the conditions of what does not change: what they speak of may have.
    fn hold_the_rest(&mut self) {
        for addr in self.apply.plan.data.keys() {
            let Some(value) = self.evaluation.object(addr) else { continue };
            if let Err(problem) = postconditions(addr, value, &self.evaluation) {
                let subject = plan::Subject::current(addr.clone());
                self.outcome.failed.push(Failure { subject, verb: Verb::Read, problem: *problem });
            }
        }
        for (subject, change) in &self.apply.plan.changes {
            let addr = &subject.addr;
            let (Action::NoOp { .. }, Some(value)) = (&change.action, self.evaluation.object(addr)) else {
                continue;
            };
            let held = preconditions(addr, &self.evaluation)
                .and_then(|()| postconditions(addr, value, &self.evaluation));
            if let Err(problem) = held {
                let failure = Failure { subject: subject.clone(), verb: Verb::Record, problem: *problem };
                self.outcome.failed.push(failure);
            }
        }
    }

    fn count(&mut self, verb: Verb) {
        match verb {
            Verb::Create => self.outcome.added += 1,
            Verb::Update => self.outcome.changed += 1,
            Verb::Delete => self.outcome.destroyed += 1,
            Verb::Forget | Verb::Record | Verb::Read => {}
        }
    }

    /// Notes a failure and blocks what depends on it.
    fn fail(&mut self, node: Node, mut problem: Diagnostic, tell: &mut dyn FnMut(Event)) {
        let step = self.step(node);
        let flight = self.flying.remove(&node);
        if problem.span.is_none() {
            problem.span = self.apply.plan.changes.get(&step.subject).and_then(|change| change.place);
        }
        tell(Event::Failed {
            subject: step.subject.clone(),
            verb: step.verb,
            id: flight.as_ref().and_then(|flight| flight.id.clone()),
            elapsed: flight.map(|flight| flight.started.elapsed()).unwrap_or_default(),
            problem: Box::new(problem.clone()),
        });
        self.outcome.failed.push(Failure { subject: step.subject.clone(), verb: step.verb, problem });
        self.block(node);
    }

    /// Nothing that depends on the step can run any more.
    fn block(&mut self, node: Node) {
        let step = self.step(node);
        let mut frontier = vec![node];
        while let Some(at) = frontier.pop() {
            for dependent in self.apply.plan.steps.dependents(at) {
                if let std::collections::btree_map::Entry::Vacant(e) = self.blocked.entry(dependent) {
                    e.insert(step.subject.addr.clone());
                    frontier.push(dependent);
                }
            }
        }
    }

    fn mention(&mut self, tell: &mut dyn FnMut(Event)) {
        let now = Instant::now();
        let apply = self.apply;
        for (node, flight) in self.flying.iter_mut().filter(|(_, flight)| flight.mention <= now) {
            flight.mention += PROGRESS;
            let step = apply.plan.steps.get(*node);
            let elapsed = now - flight.started;
            tell(Event::Still {
                subject: step.subject.clone(),
                verb: step.verb,
                id: flight.id.clone(),
                elapsed,
            });
        }
    }

    /// What was not tried, and why.
    fn account(&mut self) {
        for (node, because) in &self.blocked {
            let step = self.apply.plan.steps.get(*node);
            self.outcome.skipped.push((step.subject.clone(), step.verb, because.clone()));
        }
        for (node, flight) in &self.flying {
            let Some(intent) = &flight.intent else { continue };
            let step = self.apply.plan.steps.get(*node);
            tracing::debug!(%intent, "left open");
            self.outcome.open.push(step.subject.addr.clone());
        }
        if self.outcome.stopped == Stop::No {
            return;
        }
        while let Some(node) = self.ready.next() {
            self.ready.done(&self.apply.plan.steps, node);
            let step = self.apply.plan.steps.get(node);
            if !self.blocked.contains_key(&node) {
                self.outcome.not_started.push((step.subject.clone(), step.verb));
            }
        }
    }

    /// Evaluates the root outputs with what is known now and records those that changed. One that cannot be known, because
    /// something it needs failed, stays as it was.
    async fn outputs(&mut self, writer: &mut dyn Writer, diags: &mut Diagnostics) -> Result<(), StoreError> {
        let before = writer.state().outputs.clone();
        let root = ModulePath::root();
        let refused = match self.apply.plan.mode {
            Mode::Normal => plan::conclude(&self.evaluation, diags),
            Mode::Destroy | Mode::RefreshOnly => BTreeSet::new(),
        };
        let mut events = Vec::new();
        for (name, change) in self.apply.plan.outputs.iter().filter(|(name, _)| !refused.contains(*name)) {
            let now = match &change.after {
                None => None,
                Some(planned) if planned.is_wholly_known() => Some(planned.clone()).filter(|v| !v.is_null()),
                Some(_) => {
                    let value: Result<Value, Reported> =
                        self.evaluation.evaluate_output(ModuleId(0), &root, name, diags);
                    match value {
                        Ok(value) if value.is_wholly_known() => Some(value).filter(|v| !v.is_null()),
                        _ => continue,
                    }
                }
            };
            if before.get(name) != now.as_ref() {
                events.push(state::Event::Output(name.clone(), now));
            }
        }
        if !events.is_empty() {
            writer.commit(&events, &self.apply.stamp).await?;
        }
        self.outcome.outputs = writer.state().outputs.clone();
        Ok(())
    }
}

fn unknown_kind(addr: &ObjectAddr) -> Diagnostic {
    Diagnostic::error(format!("{addr} cannot be applied"))
        .detail("Its kind or its provider is not known to this configuration.")
        .about(addr)
}

fn never_taken_up(addr: &ObjectAddr, cause: &str) -> Diagnostic {
    Diagnostic::error(format!("The API does not create {addr}"))
        .label(cause.to_owned())
        .detail(format!("It was asked {AGAIN} times, and each time nothing was created: {cause}."))
        .help("apply again when the API is well: only what is missing will be created")
        .about(addr)
}

/// 16 hexadecimal digits: a hash of the address, so that even a lost state can be matched, then chance.
fn intent_id(addr: &ObjectAddr) -> String {
    address_hash(addr) + &random_hex(8)
}
