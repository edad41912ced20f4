//! The stage itself: look, read, evaluate and compare, order.

use super::blame::BlameOf;
use super::change::{Comparison, updated};
use super::conclusion::Conclusion;
use super::condition::{self, Held};
use super::current::Current;
use super::data::{self, Question};
use super::desired::{created, desired, seen};
use super::evaluation::{Evaluation, Objects, Visit};
use super::import::record_of;
use super::lifecycle::{create_first, heeded, ignoring, triggered};
use super::look::settled;
use super::moves::{self, Moves};
use super::nodes::{Walk, What};
use super::order::instances;
use super::reading::{Read, look, read};
use super::refresh::Providers;
use super::removed;
use super::rounds::{Round, World, answered, gather, round};
use super::rules::Rules;
use super::{
    Action, Answers, Change, Changes, ConfigDigest, DeleteReason, Edit, Meta, Mode, Plan, Planned, Reading,
    ReplaceOrder, ReplaceReason, Selection, Subject,
};
use crate::addr::{Mode as AddrMode, Name, ObjectAddr, ObjectKey, ResourceAddr};
use crate::config::{Config, Module, ModuleId, ProviderRef, Repetition, Resource, Values};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::eval::functions::Host;
use crate::kind::{Kind, Kinds};
use crate::provider::Object;
use crate::secret::Sealer;
use crate::state::{Dependency, ProviderAddr, Record, State, Status};
use crate::value::{Path, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Everything a plan is made from.
pub struct Request<'r> {
    pub config: &'r Config,
    pub walk: &'r Walk,
    pub kinds: &'r Kinds,
    pub state: &'r State,
    pub providers: &'r Providers,
    pub given: &'r Values,
    pub host: &'r dyn Host,
    pub workspace: Name,
    pub sealer: Option<&'r Sealer>,
    pub mode: Mode,
    /// Whether the world is read.
    pub refresh: bool,
    pub selection: &'r Selection,
    /// `-replace`.
    pub replace: &'r [ObjectAddr],
    /// What the world said when the plan was first made; nothing is asked then.
    pub answers: Option<&'r Answers>,
}

/// Makes a plan. Sends only reads, writes nothing.
pub async fn plan(request: &Request<'_>, diags: &mut Diagnostics) -> Result<Plan, Reported> {
    let started = Instant::now();
    let findings = match request.answers {
        Some(answers) => answers.findings.clone(),
        None => look(request, diags).await?,
    };
    let (recorded, moves) = moves::follow(request.config, settled(request.state, &findings), diags)?;
    let Read { reads, current, guess } = read(request, &recorded, &moves, diags).await?;
    request.providers.expect_nothing();
    let mut answers = match request.answers {
        Some(answers) => answers.clone(),
        None => Answers { reads, findings, ..Answers::default() },
    };
    let world = World { moves: &moves, recorded: &recorded, current: &current };
    if request.answers.is_none() {
        gather(request, &world, &mut answers, diags).await?;
    }
    let mut guess = guess.filter(|_| answers.data.is_empty() && answers.imports.is_empty());
    let conclusion = loop {
        let round = match guess.take() {
            Some(guess) => guess,
            None => round(request, &world, &answers).await,
        };
        match round {
            Round::Asks(questions) => {
                let given = answered(request, &world, &answers, &questions).await;
                answers.data.extend(given);
            }
            Round::Ends(conclusion, found) => {
                diags.append(found);
                break conclusion;
            }
        }
    };
    diags.check()?;
    let Conclusion { changes, steps, outputs, checks, variables, data } = *conclusion?;
    if request.answers.is_none() {
        answers.requests = request.providers.requests();
    }
    let reading =
        Reading { objects: recorded.records.len(), requests: answers.requests, took: started.elapsed() };
    Ok(Plan {
        mode: request.mode,
        base: request.state.version.clone(),
        config: ConfigDigest(request.config.digest.clone()),
        variables,
        steps,
        drift: current.drift(),
        moves,
        changes,
        outputs,
        checks,
        data,
        answers,
        reading,
    })
}

/// Plans the objects that a walk comes to.
pub(super) struct Planner<'p> {
    pub(super) request: &'p Request<'p>,
    /// What was read so far, for whom.
    pub(super) answers: &'p data::Answers,
    /// Objects that are adopted.
    imports: &'p BTreeMap<ObjectAddr, Object>,
    moves: &'p Moves,
    /// The state, with the findings settled and the moves followed.
    pub(super) recorded: &'p State,
    /// The same as the world has it.
    current: &'p Current<'p>,
    /// The blocks whose replacements are created first.
    create_first: BTreeSet<(ModuleId, ResourceAddr)>,
    pub(super) changes: Changes,
    /// What data sources gave.
    pub(super) read: BTreeMap<ObjectAddr, Value>,
    /// What could not be read, and what is known of it.
    pub(super) unread: BTreeMap<ObjectAddr, Value>,
    /// What data sources ask that was not answered yet.
    pub(super) asked: BTreeSet<Question>,
}

impl Objects for Planner<'_> {
    fn object(
        &mut self,
        visit: Visit<'_>,
        evaluation: &Evaluation<'_>,
        diags: &mut Diagnostics,
    ) -> Option<Value> {
        if visit.addr.resource.mode == AddrMode::Data {
            return self.data(&visit, evaluation, diags);
        }
        let kind = self.request.kinds.get(&visit.addr.resource.kind)?;
        let current = self.current.get(&visit.addr);
        let from_record = |record: Option<&Record>| {
            record.map_or_else(|| Value::unknown(super::object_type(kind)), |r| r.values.clone())
        };
        match self.request.mode {
            Mode::Destroy => return Some(from_record(current)),
            Mode::RefreshOnly => {
                self.note(&visit, current);
                return Some(from_record(current));
            }
            Mode::Normal if !self.request.selection.plans(&visit.addr) => return Some(from_record(current)),
            Mode::Normal => {}
        }
        if condition::before(&visit, evaluation, diags) == Held::No {
            return None;
        }
        let desired = desired(kind, &visit, evaluation, diags)?;
        let action = self.action(kind, &visit, desired.clone(), evaluation, diags)?;
        let value = match &action {
            Action::NoOp { record, .. } if record.values.is_wholly_known() => record.values.clone(),
            Action::NoOp { record, .. } => seen(kind, &desired, record),
            Action::Create { planned } | Action::Update { planned, .. } | Action::Replace { planned, .. } => {
                planned.values.clone()
            }
            Action::Delete { prior, .. } | Action::Forget { prior } => prior.values.clone(),
            Action::Read { later } => later.values.clone(),
        };
        let change = Change { action, place: Some(visit.resource.span), previous: None };
        self.changes.insert(Subject::current(visit.addr.clone()), Box::new(change));
        condition::after(&visit, &value, evaluation, diags);
        Some(value)
    }

    /// What is destroyed is recorded, and what is not selected stays as it is: neither needs to know its keys.
    fn needs_keys(&self, module: ModuleId, what: &What) -> bool {
        self.request.mode != Mode::Destroy
            && self.request.selection.expands(self.request.config, module, what)
    }

    fn rules(&self) -> Rules {
        match self.request.mode {
            Mode::Normal => Rules::Enforce,
            Mode::RefreshOnly => Rules::Warn,
            Mode::Destroy => Rules::Ignore,
        }
    }
}

impl<'p> Planner<'p> {
    pub(super) fn new(request: &'p Request<'p>, world: &World<'p>, answers: &'p Answers) -> Self {
        Self {
            request,
            answers: &answers.data,
            imports: &answers.imports,
            moves: world.moves,
            recorded: world.recorded,
            current: world.current,
            create_first: create_first(request.config, request.walk),
            changes: BTreeMap::new(),
            read: BTreeMap::new(),
            unread: BTreeMap::new(),
            asked: BTreeSet::new(),
        }
    }

    fn action(
        &self,
        kind: &Kind,
        visit: &Visit<'_>,
        desired: Value,
        evaluation: &Evaluation<'_>,
        diags: &mut Diagnostics,
    ) -> Option<Action> {
        let meta = self.meta(visit, evaluation);
        let imported = self.request_import(kind, &visit.addr, &desired, &meta);
        let Some(current) = self.current.get(&visit.addr).or(imported.as_ref()) else {
            if let Some(warning) = crate::kind::login(kind, &desired, visit.resource.span) {
                diags.push(warning.about(&visit.addr));
            }
            let values = created(kind, &desired);
            return Some(Action::Create { planned: Planned { values, desired, meta } });
        };
        // A replacement is a new object: it gets what is declared.
        let declared = desired;
        let desired = ignoring(visit.resource, declared.clone(), Some(current));
        let recorded = self.recorded.records.get(&visit.addr).unwrap_or(current);
        let blame = BlameOf { changes: &self.changes, evaluation, visit };
        let comparison = Comparison { kind, sealer: self.request.sealer, blame: &blame };
        let edits = heeded(visit.resource, comparison.edits(&desired, current, recorded));
        let triggered = triggered(visit, &self.changes, evaluation, diags);
        if let Some(because) = self.replacement(kind, visit, current, &edits, triggered) {
            let order = match (visit.resource.lifecycle.keep, meta.create_before_destroy) {
                (true, _) => ReplaceOrder::ForgetFirst,
                (false, true) => ReplaceOrder::CreateFirst,
                (false, false) => ReplaceOrder::DeleteFirst,
            };
            if visit.resource.lifecycle.prevent_destroy && order != ReplaceOrder::ForgetFirst {
                diags.error(protected(&visit.addr, Some(visit.resource.span)));
                return None;
            }
            let values = created(kind, &declared);
            let planned = Planned { values, desired: declared, meta };
            return Some(Action::Replace { prior: current.clone(), planned, edits, order, because });
        }
        if !edits.is_empty() {
            let values = updated(kind, &desired, current, &edits);
            let planned = Planned { values, desired, meta };
            return Some(Action::Update { prior: current.clone(), planned, edits });
        }
        let record = Record {
            provider: meta.provider,
            depends_on: meta.depends_on,
            create_before_destroy: meta.create_before_destroy,
            prevent_destroy: meta.prevent_destroy,
            ..current.clone()
        };
        let write = self.stored(&visit.addr) != Some(&record);
        Some(Action::NoOp { record, write })
    }

    /// The record of an object that an `import` block adopts.
    fn request_import(&self, kind: &Kind, addr: &ObjectAddr, desired: &Value, meta: &Meta) -> Option<Record> {
        let object = self.imports.get(addr)?;
        Some(record_of(addr, kind, desired, meta, object, self.request.sealer))
    }

    fn replacement(
        &self,
        kind: &Kind,
        visit: &Visit<'_>,
        current: &Record,
        edits: &[Edit],
        triggered: bool,
    ) -> Option<ReplaceReason> {
        if triggered {
            return Some(ReplaceReason::Triggered);
        }
        if current.status == Status::Tainted {
            return Some(ReplaceReason::Tainted);
        }
        if self.request.replace.contains(&visit.addr) {
            return Some(ReplaceReason::Requested);
        }
        // Whole attributes are what forces it: the kind knows nothing of their parts.
        let mut forced: Vec<_> = edits
            .iter()
            .filter(|edit| edit.forces_replace || (kind.update.is_none() && kind.provider.is_some()))
            .map(|edit| Path(edit.path.0.iter().take(1).cloned().collect()))
            .collect();
        forced.dedup();
        (!forced.is_empty()).then_some(ReplaceReason::CannotUpdate(forced))
    }

    pub(super) fn meta(&self, visit: &Visit<'_>, evaluation: &Evaluation<'_>) -> Meta {
        Meta {
            provider: provider_of(
                self.request.kinds,
                self.request.config.module(visit.module),
                visit.resource,
            ),
            depends_on: dependencies(self.request.walk, visit, evaluation),
            create_before_destroy: self.create_first.contains(&(visit.module, visit.addr.resource.clone())),
            prevent_destroy: visit.resource.lifecycle.prevent_destroy,
        }
    }

    /// What the state holds of an object.
    fn stored(&self, addr: &ObjectAddr) -> Option<&Record> {
        self.request.state.records.get(self.moves.previous(addr).unwrap_or(addr))
    }

    /// In `-refresh-only`: what was read is written, nothing else.
    fn note(&mut self, visit: &Visit<'_>, current: Option<&Record>) {
        let Some(current) = current else { return };
        let write = self.stored(&visit.addr) != Some(current);
        let action = Action::NoOp { record: current.clone(), write };
        let change = Change { action, place: Some(visit.resource.span), previous: None };
        self.changes.insert(Subject::current(visit.addr.clone()), Box::new(change));
    }

    /// Everything recorded that no block declares any more; everything at all, to destroy.
    pub(super) fn delete_the_rest(&mut self, evaluation: &Evaluation<'_>, diags: &mut Diagnostics) {
        for (addr, record) in &self.recorded.records {
            let subject = Subject::current(addr.clone());
            if self.changes.contains_key(&subject) || !self.request.selection.plans(addr) {
                continue;
            }
            let place = self.place(addr);
            let action = match self.current.get(addr) {
                // Gone from the world: the record goes too.
                None => Action::Forget { prior: record.clone() },
                Some(current) if self.request.mode == Mode::RefreshOnly => {
                    let write = self.stored(addr) != Some(current);
                    Action::NoOp { record: current.clone(), write }
                }
                Some(current) if self.keeps(addr) => Action::Forget { prior: current.clone() },
                Some(current) => {
                    if record.prevent_destroy && !self.unprotected(addr) {
                        diags.error(protected(addr, place));
                        continue;
                    }
                    let because = self.reason(addr, evaluation);
                    Action::Delete { prior: current.clone(), because }
                }
            };
            self.changes.insert(subject, Box::new(Change { action, place, previous: None }));
        }
        if self.request.mode == Mode::RefreshOnly {
            return;
        }
        for ((addr, key), record) in &self.recorded.deposed {
            let subject = Subject { addr: addr.clone(), deposed: Some(key.clone()) };
            let action = Action::Delete { prior: record.clone(), because: DeleteReason::Deposed };
            self.changes
                .insert(subject, Box::new(Change { action, place: self.place(addr), previous: None }));
        }
    }

    fn block(&self, addr: &ObjectAddr) -> Option<(ModuleId, &Resource)> {
        let (id, module) = self.request.config.module_at(addr.module.names())?;
        Some((id, module.resources.get(&addr.resource)?))
    }

    fn place(&self, addr: &ObjectAddr) -> Option<Span> {
        self.block(addr).map(|(_, resource)| resource.span)
    }

    /// Whether the configuration says today that the object may be destroyed.
    fn unprotected(&self, addr: &ObjectAddr) -> bool {
        removed::of(self.request.config, addr).is_some()
            || self.block(addr).is_some_and(|(_, resource)| !resource.lifecycle.prevent_destroy)
    }

    /// Whether the configuration says that the object shall be forgotten instead of destroyed.
    fn keeps(&self, addr: &ObjectAddr) -> bool {
        removed::of(self.request.config, addr).is_some_and(|removed| !removed.destroy)
            || self.block(addr).is_some_and(|(_, resource)| resource.lifecycle.keep)
    }

    fn reason(&self, addr: &ObjectAddr, evaluation: &Evaluation<'_>) -> DeleteReason {
        if self.request.mode == Mode::Destroy {
            return DeleteReason::Requested;
        }
        let Some((module, resource)) = self.block(addr) else { return DeleteReason::NoResourceConfig };
        if !evaluation.module_instances(module).contains(&addr.module) {
            return DeleteReason::NoModule;
        }
        match (&resource.repetition, &addr.key) {
            (Repetition::Count(_), ObjectKey::Index(_)) => DeleteReason::CountIndex,
            (Repetition::ForEach(_), ObjectKey::Name(_)) => DeleteReason::EachKey,
            _ => DeleteReason::WrongRepetition,
        }
    }
}

/// What an object needs, by its configuration.
pub fn dependencies(walk: &Walk, visit: &Visit<'_>, evaluation: &Evaluation<'_>) -> Vec<Dependency> {
    let key = (visit.module, visit.addr.resource.clone());
    let needs = walk.needs.get(&key).into_iter().flatten();
    let found = needs.flat_map(|(module, resource)| {
        instances(&visit.addr.module, evaluation.module_instances(*module), resource)
    });
    found.collect()
}

/// The provider configuration that a resource uses.
pub fn provider_of(kinds: &Kinds, module: &Module, resource: &Resource) -> ProviderAddr {
    let of_kind = kinds.of(&resource.addr).and_then(|kind| kind.provider.clone());
    let default = || ProviderRef { name: of_kind.unwrap_or_else(|| "local".into()), alias: None };
    let called = resource.provider.as_ref().map_or_else(default, |(chosen, _)| chosen.clone());
    let ProviderRef { name, alias } = module.provider(&called).unwrap_or(called);
    ProviderAddr { name, alias }
}

fn protected(addr: &ObjectAddr, place: Option<Span>) -> Diagnostic {
    let help = match place {
        Some(_) => "set `prevent_destroy = false` and apply that first, or leave it out of the plan",
        None => "bring its block back with `prevent_destroy = false`, apply, then remove it",
    };
    let mut diagnostic = Diagnostic::error("Instance cannot be destroyed")
        .label("protected by `prevent_destroy`")
        .detail(format!("Resource {addr} has lifecycle.prevent_destroy set, but the plan calls for this resource to be destroyed."))
        .help(help)
        .about(addr);
    diagnostic.span = place;
    diagnostic
}
