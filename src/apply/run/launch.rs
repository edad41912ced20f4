//! What starts: a ready step → the call that it makes and the intent that must be durable first.

use super::{Batch, Flight, Run};
use crate::addr::ObjectAddr;
use crate::apply::Event;
use crate::apply::read;
use crate::apply::record::{Of, record};
use crate::apply::resolve::{preconditions, resolve};
use crate::apply::step::{Call, Work};
use crate::diag::Diagnostic;
use crate::graph::Node;
use crate::kind::Kind;
use crate::plan::{self, Action, Planned, ReplaceOrder, Verb};
use crate::secret::random_hex;
use crate::state::{self, DeposedKey, Intent, Operation, Record, address_hash};
use crate::value::Value;
use std::sync::Arc;

impl Run<'_> {
    /// Makes one step ready to send, or does it at once when it sends nothing.
    pub(super) fn prepare(
        &mut self,
        node: Node,
        state: &state::State,
        batch: &mut Batch,
        tell: &mut dyn FnMut(Event),
    ) {
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
                self.fail(node, *problem, false, tell);
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
            self.fail(node, unknown_kind(addr), false, tell);
            batch.done.push(node);
            return;
        };
        let prior = update.map(|(prior, _)| prior);
        let resolved = preconditions(addr, &self.evaluation)
            .and_then(|()| resolve(addr, planned, prior, &self.evaluation));
        let desired = match resolved {
            Ok(desired) => desired,
            Err(problem) => {
                self.fail(node, *problem, false, tell);
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
                let call = Call { kind, provider, intent, work: Work::Survey };
                self.survey(node, call, state, batch, tell);
                return;
            }
            intent.before = self.surveys.remove(&node).and_then(|survey| survey.before);
            intent.deposed = self.replaces(node);
        }
        *self.attempts.entry(node).or_default() += 1;
        self.launch(node, Call { kind, provider, intent, work }, Some(desired), state, batch, tell);
    }

    /// Looks what is there before a create is sent that carries no marker. One that could be taken for another waits until that
    /// is done; if nobody knows what came of that, it is not begun: afterwards nobody could tell whose an object is.
    fn survey(
        &mut self,
        node: Node,
        call: Call,
        state: &state::State,
        batch: &mut Batch,
        tell: &mut dyn FnMut(Event),
    ) {
        let addr = &call.intent.addr;
        let alike = |other: &&Intent| {
            other.operation == Operation::Create
                && other.addr.resource.kind == addr.resource.kind
                && other.record.provider == call.intent.record.provider
                && plan::confusable(&call.kind, &other.record.values, &call.intent.record.values)
        };
        let flying = self.flying.values().filter_map(|flight| flight.intent.as_ref());
        let mut begun = flying.chain(self.surveys.values().map(|survey| &survey.intent));
        if begun.any(|intent| alike(&intent)) {
            self.deferred.push(node);
            return;
        }
        if let Some(open) = state.intents.values().find(alike) {
            self.blocked.insert(node, open.addr.clone());
            self.block(node);
            batch.done.push(node);
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
            self.fail(node, unknown_kind(addr), false, tell);
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
}

fn unknown_kind(addr: &ObjectAddr) -> Diagnostic {
    Diagnostic::error(format!("{addr} cannot be applied"))
        .detail("Its kind or its provider is not known to this configuration.")
        .about(addr)
}

/// 16 hexadecimal digits: a hash of the address, so that even a lost state can be matched, then chance.
fn intent_id(addr: &ObjectAddr) -> String {
    address_hash(addr) + &random_hex(8)
}
