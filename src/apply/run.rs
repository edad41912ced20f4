//! The loop: what is ready is written down, sent, recorded, and makes its dependents ready.

use super::read::{self, Readings};
use super::record::visible;
use super::resolve::{Planning, postconditions, preconditions};
use super::step::{self, Call, End};
use super::{Event, Failure, Outcome, Stop};
use crate::addr::{ModulePath, Name, ObjectAddr};
use crate::config::{Config, ModuleId, Source, Values};
use crate::diag::{Diagnostic, Diagnostics, Reported, Severity};
use crate::eval::functions::Host;
use crate::graph::{Node, Ready};
use crate::kind::Kinds;
use crate::plan::{self, Action, Block, Evaluation, Known, Looking, Mode, Plan, Providers, Verb, Walk};
use crate::secret::Sealer;
use crate::state::{self, DeposedKey, Intent, Record, Stamp, StoreError, Writer};
use crate::value::Value;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

mod launch;

/// How often a step that takes long is mentioned (engine.md §7).
const PROGRESS: Duration = Duration::from_secs(10);

/// At least so many requests have their intents in one commit, and as many as are prepared while one commit takes: a store that is
/// far away is not asked more often than it answers.
const TOGETHER: usize = 32;

/// So many requests are prepared before they can be sent: twice as many as are ever in flight at once.
const AHEAD: usize = 256;

/// And so many for each millisecond that a commit takes: an API that answers 128 in 50 ms takes them up as fast.
const AHEAD_A_MILLI: usize = 3;

/// No longer than this is prepared at a stretch: what is on its way is looked after in between.
const STRETCH: Duration = Duration::from_millis(5);

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
    if !apply.plan.moves.is_empty() {
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
        wake: Instant::now(),
        commit: Duration::ZERO,
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
    /// When to look whether a flight is to be mentioned: not after the first of them.
    wake: Instant,
    /// How long the last commit took.
    commit: Duration,
    /// The keys of what this run deposed, by address.
    deposed: BTreeMap<ObjectAddr, DeposedKey>,
    /// Steps that cannot run any more, and the address that is to blame.
    blocked: BTreeMap<Node, ObjectAddr>,
    /// The steps that were told of, however often they are sent.
    begun: BTreeSet<Node>,
    attempts: BTreeMap<Node, u32>,
    /// What was there that looks like the object of a create without a marker.
    surveys: BTreeMap<Node, Survey>,
    /// Creates whose objects could be taken for those of others in flight: they wait until something has ended.
    deferred: Vec<Node>,
    outcome: Outcome,
}

/// What was there before an unmarked create, which is sent next.
struct Survey {
    before: Option<Vec<Arc<str>>>,
    intent: Intent,
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
        let mut ended = Vec::new();
        let mut stop = apply.stop.clone();
        loop {
            self.outcome.stopped = *stop.borrow_and_update();
            let more = self.turn(&mut ended, writer, &mut calls, looking, tell).await?;
            if self.wake <= Instant::now() {
                self.mention(tell);
            }
            if more || !ended.is_empty() {
                tokio::task::yield_now().await;
                continue;
            }
            if calls.is_empty() || self.outcome.stopped == Stop::Now {
                break;
            }
            tokio::select! {
                biased;
                Some(end) = calls.next() => ended.push(end),
                Ok(()) = stop.changed() => {}
                () = tokio::time::sleep_until(self.wake) => {}
            }
            while let Some(Some(end)) = calls.next().now_or_never() {
                ended.push(end);
            }
        }
        self.account();
        Ok(())
    }

    /// Writes down in one commit how calls ended and what is meant to be done next, tells of the former and sends the latter.
    /// Whatever ends meanwhile is left in `ended`. Gives whether there is more to do at once.
    async fn turn<'f>(
        &mut self,
        ended: &mut Vec<(Node, End)>,
        writer: &mut dyn Writer,
        calls: &mut Calls<'f>,
        looking: &'f Looking<'f>,
        tell: &mut dyn FnMut(Event),
    ) -> Result<bool, StoreError>
    where
        'a: 'f,
    {
        let over = std::mem::take(ended);
        let mut batch = Batch { events: self.closing(&over, writer.state()), ..Batch::default() };
        let mut told = Vec::new();
        let more = self.outcome.stopped == Stop::No
            && self.fill(&mut batch, writer.state(), &mut |event| told.push(event));
        if !batch.events.is_empty() {
            let begun = Instant::now();
            let writing = writer.commit(&batch.events, &self.apply.stamp);
            meanwhile(writing, calls, ended).await?;
            self.commit = begun.elapsed();
        }
        let again = more || !over.is_empty() || !batch.done.is_empty();
        self.conclude(over, tell);
        told.into_iter().for_each(tell);
        self.send_off(batch, calls, looking);
        Ok(again)
    }

    /// Prepares what is ready. Gives whether there is more than goes together.
    fn fill(&mut self, batch: &mut Batch, state: &state::State, tell: &mut dyn FnMut(Event)) -> bool {
        let ahead = AHEAD.max(self.commit.as_millis() as usize * AHEAD_A_MILLI);
        let most = self.apply.parallelism.unwrap_or(usize::MAX).min(ahead);
        let room = most.saturating_sub(self.flying.len());
        let begun = Instant::now();
        while batch.calls.len() + batch.questions.len() < room {
            let Some(node) = self.ready.next() else { return false };
            self.prepare(node, state, batch, tell);
            if batch.calls.len() >= TOGETHER && begun.elapsed() >= self.commit.min(STRETCH) {
                return true;
            }
        }
        false
    }

    /// Sends what is written down now.
    fn send_off<'f>(&mut self, batch: Batch, calls: &mut Calls<'f>, looking: &'f Looking<'f>)
    where
        'a: 'f,
    {
        let sealer: &'f Sealer = self.apply.sealer;
        for (node, call) in batch.calls {
            let calling = async move {
                let end = step::run(&call, looking, sealer).await;
                if let End::Stands(record) | End::Flawed(record, _) = &end {
                    looking.known.add(&call.intent.addr.resource.kind, &record.id);
                }
                (node, end)
            };
            calls.push(calling.boxed());
        }
        let mut readings = Readings::new(self.apply.kinds, self.apply.providers);
        for (node, question) in batch.questions {
            calls.push(readings.ask(question).map(move |answer| (node, End::Answered(answer))).boxed());
        }
        for node in batch.done {
            self.ready.done(&self.apply.plan.steps, node);
        }
    }

    fn step(&self, node: Node) -> &'a plan::Step {
        self.apply.plan.steps.get(node)
    }

    /// What the journal says of calls that ended.
    fn closing(&self, over: &[(Node, End)], state: &state::State) -> Vec<state::Event> {
        let mut events = Vec::new();
        for (node, end) in over {
            let flight = self.flying.get(node).filter(|flight| !flight.surveys);
            if let Some(intent) = flight.and_then(|flight| flight.intent.as_ref()) {
                events.extend(state.closing(intent, &end.journal()));
            }
        }
        events
    }

    /// Tells of calls that ended and makes their dependents ready.
    fn conclude(&mut self, over: Vec<(Node, End)>, tell: &mut dyn FnMut(Event)) {
        for (node, end) in over {
            self.finish(node, end, tell);
        }
        for node in std::mem::take(&mut self.deferred) {
            self.ready.again(node);
        }
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
                if let Some(intent) = flight.intent {
                    self.surveys.insert(node, Survey { before, intent });
                }
                self.ready.again(node);
                return;
            }
            End::Again(cause) if self.attempts.get(&node).copied().unwrap_or(0) >= AGAIN => {
                self.flying.insert(node, flight);
                self.fail(node, never_taken_up(&step.subject.addr, &cause), false, tell);
            }
            End::Again(_) => {
                self.ready.again(node);
                return;
            }
            End::Refused(problem) => {
                self.flying.insert(node, flight);
                self.fail(node, *problem, false, tell);
            }
            End::Flawed(_, problem) => {
                self.flying.insert(node, flight);
                self.fail(node, *problem, true, tell);
            }
            End::Open(problem) => {
                self.outcome.open.push(step.subject.addr.clone());
                self.flying.insert(node, flight);
                self.fail(node, *problem, false, tell);
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
                self.fail(node, *problem, false, tell);
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
            let (subject, verb) = (step.subject.clone(), step.verb);
            self.outcome.failed.push(Failure { subject, verb, stands: true, problem: *problem });
            self.block(node);
        }
    }

    /// Checks the conditions of what does not change: what they speak of may have.
    fn hold_the_rest(&mut self) {
        for addr in self.apply.plan.data.keys() {
            let Some(value) = self.evaluation.object(addr) else { continue };
            if let Err(problem) = postconditions(addr, value, &self.evaluation) {
                let subject = plan::Subject::current(addr.clone());
                self.outcome.failed.push(Failure {
                    subject,
                    verb: Verb::Read,
                    stands: true,
                    problem: *problem,
                });
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
                let (subject, verb) = (subject.clone(), Verb::Record);
                self.outcome.failed.push(Failure { subject, verb, stands: true, problem: *problem });
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

    /// Notes a failure and blocks what depends on it. `stands` is [`Failure::stands`].
    fn fail(&mut self, node: Node, mut problem: Diagnostic, stands: bool, tell: &mut dyn FnMut(Event)) {
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
        let (subject, verb) = (step.subject.clone(), step.verb);
        self.outcome.failed.push(Failure { subject, verb, stands, problem });
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
        self.wake = now + PROGRESS;
        for (node, flight) in &mut self.flying {
            if flight.mention <= now {
                flight.mention += PROGRESS;
                let step = apply.plan.steps.get(*node);
                tell(Event::Still {
                    subject: step.subject.clone(),
                    verb: step.verb,
                    id: flight.id.clone(),
                    elapsed: now - flight.started,
                });
            }
            self.wake = self.wake.min(flight.mention);
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

    /// Evaluates the root outputs with what is known now and records those that changed. One that needs something that was not
    /// done stays as it was, even where its planned value is known: it would speak of what is not there.
    async fn outputs(&mut self, writer: &mut dyn Writer, diags: &mut Diagnostics) -> Result<(), StoreError> {
        let before = writer.state().outputs.clone();
        let root = ModulePath::root();
        let refused = match self.apply.plan.mode {
            Mode::Normal => plan::conclude(&self.evaluation, diags),
            Mode::Destroy | Mode::RefreshOnly => BTreeSet::new(),
        };
        let mut events = Vec::new();
        let stays = |name: &Name| refused.contains(name) || self.is_undone(name);
        for (name, change) in self.apply.plan.outputs.iter().filter(|(name, _)| !stays(name)) {
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

    /// Whether a root output needs a block of which an object was not done.
    fn is_undone(&self, output: &Name) -> bool {
        let needs = self.apply.walk.outputs.get(output).map(Vec::as_slice).unwrap_or_default();
        let stands_in = |addr: &ObjectAddr, module: ModuleId| {
            addr.module.names().eq(self.apply.config.module(module).path.iter().map(|name| &**name))
        };
        let is_of = |addr: &ObjectAddr, (module, resource): &Block| {
            addr.resource == *resource && stands_in(addr, *module)
        };
        undone(&self.outcome).any(|addr| needs.iter().any(|block| is_of(addr, block)))
    }
}

/// Lets what is on its way go on while something is written down.
async fn meanwhile<T>(
    writing: impl Future<Output = T>,
    calls: &mut Calls<'_>,
    ended: &mut Vec<(Node, End)>,
) -> T {
    let mut writing = std::pin::pin!(writing);
    loop {
        tokio::select! {
            biased;
            written = &mut writing => return written,
            Some(end) = calls.next() => ended.push(end),
        }
    }
}

/// What was to be made, changed or read, and was not.
fn undone(outcome: &Outcome) -> impl Iterator<Item = &ObjectAddr> {
    let failed = outcome.failed.iter().map(|failure| (&failure.subject, failure.verb));
    let skipped = outcome.skipped.iter().map(|(subject, verb, _)| (subject, *verb));
    let not_started = outcome.not_started.iter().map(|(subject, verb)| (subject, *verb));
    let all = failed.chain(skipped).chain(not_started).filter(|(_, verb)| *verb != Verb::Delete);
    all.map(|(subject, _)| &subject.addr).chain(&outcome.open)
}

fn never_taken_up(addr: &ObjectAddr, cause: &str) -> Diagnostic {
    Diagnostic::error(format!("The API does not create {addr}"))
        .label(cause.to_owned())
        .detail(format!("It was asked {AGAIN} times, and each time nothing was created: {cause}."))
        .help("apply again when the API is well: only what is missing will be created")
        .about(addr)
}
