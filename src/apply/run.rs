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
    self, Action, Evaluation, Known, Looking, Mode, Plan, Planned, Providers, ReplaceOrder, Verb, Walk,
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
        begun: BTreeSet::new(),
        attempts: BTreeMap::new(),
        surveys: BTreeMap::new(),
        deferred: Vec::new(),
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
    intent: Option<Intent>,
    /// It is only looked what is there: the intent is not written yet.
    surveys: bool,
    desired: Option<Value>,
}

impl Flight {
    /// Something that is asked from now on.
    fn new(id: Option<Arc<str>>) -> Self {
        let started = Instant::now();
        Self { started, mention: started + PROGRESS, id, intent: None, surveys: false, desired: None }
    }
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
    /// The steps that were told of, however often they are sent.
    begun: BTreeSet<Node>,
    attempts: BTreeMap<Node, u32>,
    /// What was there that looks like the object of a create without a marker.
    surveys: BTreeMap<Node, Option<Vec<Arc<str>>>>,
    /// Creates whose objects could be taken for those of others in flight: they wait until something has ended.
    deferred: Vec<Node>,
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
            known: Known::of(writer.state()),
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
                    self.record(all, &looking.known, writer, tell).await?;
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
                self.send(node, planned, None, state, batch, tell);
            }
            (Verb::Update, Some(Action::Update { prior, planned, edits })) => {
                self.send(node, planned, Some((prior, edits)), state, batch, tell);
            }
            (Verb::Delete, Some(Action::Delete { prior, .. } | Action::Replace { prior, .. })) => {
                let key = subject.deposed.clone().or_else(|| self.deposed.get(addr).cloned());
                let recorded = match &key {
                    Some(key) => state.deposed.get(&(addr.clone(), key.clone())),
                    None => state.records.get(addr),
                };
                self.delete(node, recorded.unwrap_or(prior).clone(), key, state, batch, tell);
            }
            _ => batch.done.push(node),
        }
    }

    /// Lets a data source ask, with what is known by now.
    fn ask(&mut self, node: Node, later: &plan::Later, batch: &mut Batch, tell: &mut dyn FnMut(Event)) {
        let subject = &self.step(node).subject;
        match read::question(&subject.addr, later, &self.evaluation) {
            Ok(question) => {
                self.begin(node, None, tell);
                self.flying.insert(node, Flight::new(None));
                batch.questions.push((node, question));
            }
            Err(problem) => {
                self.fail(node, *problem, tell);
                batch.done.push(node);
            }
        }
    }

    /// The key under which the object that a create replaces waits for its deletion.
    fn replaces(&mut self, node: Node) -> Option<DeposedKey> {
        let subject = &self.step(node).subject;
        let action = self.apply.plan.changes.get(subject).map(|change| &change.action);
        let first = matches!(action, Some(Action::Replace { order: ReplaceOrder::CreateFirst, .. }));
        let key = || DeposedKey::from(random_hex(8));
        first.then(|| self.deposed.entry(subject.addr.clone()).or_insert_with(key).clone())
    }

    fn send(
        &mut self,
        node: Node,
        planned: &Planned,
        update: Option<(&Record, &Vec<plan::Edit>)>,
        state: &state::State,
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
        let meta = &planned.meta;
        let work = match update {
            None => Work::Create { desired: desired.clone(), meta: meta.clone() },
            Some((prior, edits)) => Work::Update {
                prior: Box::new(prior.clone()),
                desired: desired.clone(),
                meta: meta.clone(),
                paths: plan::sent(&kind, edits),
            },
        };
        let mut intent = self.intent_to_make(addr, &kind, meta, &desired, prior);
        if intent.operation == Operation::Create {
            if intent.marker.is_none() && kind.provider.is_some() && !self.surveys.contains_key(&node) {
                self.survey(node, Call { kind, provider, intent, work: Work::Survey }, batch, tell);
                return;
            }
            intent.before = self.surveys.remove(&node).flatten();
            intent.deposed = self.replaces(node);
        }
        *self.attempts.entry(node).or_default() += 1;
        self.launch(node, Call { kind, provider, intent, work }, Some(desired), state, batch, tell);
    }

    /// Looks what is there before a create is sent that carries no marker, unless it could be taken for another one in flight.
    fn survey(&mut self, node: Node, call: Call, batch: &mut Batch, tell: &mut dyn FnMut(Event)) {
        let addr = &call.intent.addr;
        let alike = |other: &Intent| {
            other.operation == Operation::Create
                && other.addr.resource.kind == addr.resource.kind
                && other.record.provider == call.intent.record.provider
                && plan::confusable(&call.kind, &other.record.values, &call.intent.record.values)
        };
        if self.flying.values().filter_map(|flight| flight.intent.as_ref()).any(alike) {
            self.deferred.push(node);
            return;
        }
        self.fly(node, call, None, batch, tell);
    }

    fn delete(
        &mut self,
        node: Node,
        prior: Record,
        key: Option<DeposedKey>,
        state: &state::State,
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
        let intent = Intent { deposed: key, ..self.intent(addr, Operation::Delete, prior.clone(), None) };
        let call = Call { kind, provider, intent, work: Work::Delete { prior: Box::new(prior) } };
        self.launch(node, call, None, state, batch, tell);
    }

    /// The kind with the time limits that the object's block sets.
    fn timed(&self, addr: &ObjectAddr, kind: Arc<Kind>) -> Arc<Kind> {
        let limits = plan::visit_of(addr, &self.evaluation).map(|visit| &visit.resource.timeouts);
        match limits.filter(|limits| !limits.is_empty()) {
            Some(limits) => Arc::new(kind.within(|verb| limits.get(verb).map(|(limit, _)| *limit))),
            None => kind,
        }
    }

    /// Lets a call fly once its intent is durable.
    fn launch(
        &mut self,
        node: Node,
        call: Call,
        desired: Option<Value>,
        state: &state::State,
        batch: &mut Batch,
        tell: &mut dyn FnMut(Event),
    ) {
        batch.events.extend(state.opening(&call.intent));
        self.fly(node, call, desired, batch, tell);
    }

    fn fly(
        &mut self,
        node: Node,
        call: Call,
        desired: Option<Value>,
        batch: &mut Batch,
        tell: &mut dyn FnMut(Event),
    ) {
        let id = (!call.intent.record.id.is_empty()).then(|| call.intent.record.id.clone());
        self.begin(node, id.as_ref(), tell);
        let surveys = matches!(call.work, Work::Survey);
        let intent = Some(call.intent.clone());
        self.flying.insert(node, Flight { intent, surveys, desired, ..Flight::new(id) });
        batch.calls.push((node, call));
    }

    /// Tells of a step once, however often it is sent.
    fn begin(&mut self, node: Node, id: Option<&Arc<str>>, tell: &mut dyn FnMut(Event)) {
        let step = self.step(node);
        if self.begun.insert(node) {
            tell(Event::Started { subject: step.subject.clone(), verb: step.verb, id: id.cloned() });
        }
    }

    fn door(
        &self,
        addr: &ObjectAddr,
        provider: &state::ProviderAddr,
    ) -> Option<(Arc<Kind>, Arc<dyn crate::provider::Provider>)> {
        let kind = self.apply.kinds.get(&addr.resource.kind)?;
        Some((kind.clone(), self.apply.providers.of(kind, provider)?.clone()))
    }

    /// The intent of a create or, with what is changed, of an update.
    fn intent_to_make(
        &self,
        addr: &ObjectAddr,
        kind: &Kind,
        meta: &plan::Meta,
        desired: &Value,
        prior: Option<&Record>,
    ) -> Intent {
        let operation = if prior.is_some() { Operation::Update } else { Operation::Create };
        let mark = self.apply.providers.terms(&meta.provider).mark && kind.marker.is_some();
        let id = intent_id(addr);
        let marker = (mark && operation == Operation::Create)
            .then(|| format!("isotope:{}:{id}", self.apply.plan.base.lineage));
        let of = Of { addr, sealer: self.apply.sealer };
        let draft = record(kind, meta, desired, None, prior, marker.as_deref(), of);
        Intent { id: id.into(), ..self.intent(addr, operation, draft, marker) }
    }

    fn intent(
        &self,
        addr: &ObjectAddr,
        operation: Operation,
        record: Record,
        marker: Option<String>,
    ) -> Intent {
        let what = crate::value::typed_to_json(&record.values).to_string();
        Intent {
            id: intent_id(addr).into(),
            addr: addr.clone(),
            deposed: None,
            operation,
            fingerprint: self.apply.sealer.fingerprint(&["request", &addr.to_string()], what.as_bytes()),
            record,
            marker: marker.map(Into::into),
            before: None,
            stamp: self.apply.stamp.clone(),
        }
    }

    /// Records how calls ended, in one commit, then tells of it and makes their dependents ready.
    async fn record(
        &mut self,
        ended: Vec<(Node, End)>,
        known: &Known,
        writer: &mut dyn Writer,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), StoreError> {
        let mut events = Vec::new();
        for (node, end) in &ended {
            let flight = self.flying.get(node).filter(|flight| !flight.surveys);
            if let Some(intent) = flight.and_then(|flight| flight.intent.as_ref()) {
                events.extend(writer.state().closing(intent, &end.journal()));
            }
            if let End::Stands(record) | End::Flawed(record, _) = end {
                known.add(&self.step(*node).subject.addr.resource.kind, &record.id);
            }
        }
        if !events.is_empty() {
            writer.commit(&events, &self.apply.stamp).await?;
        }
        for (node, end) in ended {
            self.finish(node, end, tell);
        }
        for node in std::mem::take(&mut self.deferred) {
            self.ready.again(node);
        }
        Ok(())
    }

    fn finish(&mut self, node: Node, end: End, tell: &mut dyn FnMut(Event)) {
        let step = self.step(node);
        let Some(flight) = self.flying.remove(&node) else { return };
        if let (Verb::Create, End::Refused(_) | End::Again(_)) = (step.verb, &end) {
            // What it was to replace is the current object again.
            self.deposed.remove(&step.subject.addr);
        }
        match end {
            End::Surveyed(before) => {
                self.surveys.insert(node, before);
                self.ready.again(node);
                return;
            }
            End::Again(cause) if self.attempts.get(&node).copied().unwrap_or(0) >= AGAIN => {
                self.flying.insert(node, flight);
                self.fail(node, never_taken_up(&step.subject.addr, &cause), tell);
            }
            End::Again(_) => {
                self.ready.again(node);
                return;
            }
            End::Refused(problem) | End::Flawed(_, problem) => {
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
            if flight.surveys {
                self.outcome.not_started.push((step.subject.clone(), step.verb));
                continue;
            }
            tracing::debug!(intent = %intent.id, "left open");
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
