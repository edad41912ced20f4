//! A data source in a plan: read now, or while applying.
//!
//! It is read now when its arguments are known and nothing that it waits for changes ([`Walk::waits`](crate::plan::Walk::waits)).

use super::{Answer, Because, Later, Question, arguments, expected, found, read_or_unknown};
use crate::addr::{Mode as AddrMode, ModulePath, ObjectAddr, ObjectKey, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::kind::Source;
use crate::plan::condition::{self, Held};
use crate::plan::evaluation::{Evaluation, Visit};
use crate::plan::planner::{Planner, provider_of};
use crate::plan::{Action, Change, Mode, Subject};
use crate::provider::CallError;
use crate::value::Value;
use std::collections::BTreeMap;

impl Planner<'_> {
    /// What references see of a data source. `None` after a complaint, which of a check's is a warning.
    pub(in crate::plan) fn data(
        &mut self,
        visit: &Visit<'_>,
        evaluation: &Evaluation<'_>,
        diags: &mut Diagnostics,
    ) -> Option<Value> {
        let source = self.request.kinds.source(&visit.addr.resource.kind)?;
        if self.request.mode == Mode::Destroy || !self.request.selection.plans(&visit.addr) {
            return Some(read_or_unknown(&visit.addr, &BTreeMap::new(), evaluation));
        }
        if condition::before(visit, evaluation, diags) == Held::No {
            return None;
        }
        let arguments = arguments(source, visit, evaluation, diags)?;
        if let Some(because) = self.put_off(visit, &arguments, evaluation) {
            let value = expected(source, &arguments);
            self.later(visit, value.clone(), because, evaluation);
            condition::after(visit, &value, evaluation, diags);
            return Some(value);
        }
        let module = self.request.config.module(visit.module);
        let question =
            Question::of(source, provider_of(self.request.kinds, module, visit.resource), &arguments);
        let Some(answer) = question.answer(self.answers) else {
            self.asked.insert(question);
            return Some(expected(source, &arguments));
        };
        match given(source, visit, &arguments, answer) {
            Ok(value) => {
                self.read.insert(visit.addr.clone(), value.clone());
                condition::after(visit, &value, evaluation, diags);
                Some(value)
            }
            Err(problem) => {
                diags.push(of_check(visit, *problem));
                self.unread.insert(visit.addr.clone(), expected(source, &arguments));
                None
            }
        }
    }

    /// Why it cannot be read now.
    fn put_off(&self, visit: &Visit<'_>, arguments: &Value, evaluation: &Evaluation<'_>) -> Option<Because> {
        if !arguments.is_wholly_known() {
            return Some(Because::ConfigUnknown);
        }
        if self.request.mode != Mode::Normal {
            return None;
        }
        let block = (visit.module, visit.addr.resource.clone());
        let mut waits = self.request.walk.waits.get(&block).into_iter().flatten();
        let pending = waits.any(|(module, resource)| {
            if *module == visit.module {
                return self.is_pending(&visit.addr.module, resource);
            }
            evaluation.module_instances(*module).iter().any(|path| self.is_pending(path, resource))
        });
        pending.then_some(Because::DependencyPending)
    }

    /// Whether an object of a block changes, or is not declared any more.
    fn is_pending(&self, module: &ModulePath, resource: &ResourceAddr) -> bool {
        let lowest =
            ObjectAddr { module: module.clone(), resource: resource.clone(), key: ObjectKey::Single };
        let of_block = |addr: &ObjectAddr| addr.module == *module && addr.resource == *resource;
        let changes = self.changes.range(Subject::current(lowest.clone())..);
        let mut changes = changes.take_while(|(subject, _)| of_block(&subject.addr));
        let left = |addr: &ObjectAddr| {
            !self.changes.contains_key(&Subject::current(addr.clone())) && self.request.selection.plans(addr)
        };
        let mut records = self.recorded.records.range(lowest..).take_while(|(addr, _)| of_block(addr));
        changes.any(|(_, change)| !matches!(change.action, Action::NoOp { .. }))
            || records.any(|(addr, _)| left(addr))
    }

    /// Puts the reading among the changes.
    fn later(&mut self, visit: &Visit<'_>, values: Value, because: Because, evaluation: &Evaluation<'_>) {
        // Nothing is done in such a plan that it could wait for.
        if self.request.mode != Mode::Normal {
            return;
        }
        let meta = self.meta(visit, evaluation);
        let later = Later { values, because, provider: meta.provider, depends_on: meta.depends_on };
        let change =
            Change { action: Action::Read { later }, place: Some(visit.resource.span), previous: None };
        self.changes.insert(Subject::current(visit.addr.clone()), Box::new(change));
    }

    /// Lets checks look again when everything is done, if anything is.
    pub(in crate::plan) fn look_again(&mut self, evaluation: &Evaluation<'_>) {
        let does = |subject: &Subject, change: &Change| {
            subject.addr.resource.mode == AddrMode::Managed
                && !matches!(change.action, Action::NoOp { .. } | Action::Forget { .. })
        };
        if self.request.mode != Mode::Normal
            || !self.changes.iter().any(|(subject, change)| does(subject, change))
        {
            return;
        }
        let read: Vec<_> =
            self.read.iter().chain(&self.unread).map(|(a, v)| (a.clone(), v.clone())).collect();
        for (addr, value) in read {
            let Some(visit) = crate::plan::visit_of(&addr, evaluation) else { continue };
            if visit.resource.check.is_some() {
                self.later(&visit, value, Because::CheckNested, evaluation);
            }
        }
    }
}

/// The value that an answer gives, or what is wrong.
pub(super) fn given(
    source: &Source,
    visit: &Visit<'_>,
    arguments: &Value,
    answer: &Answer,
) -> Result<Value, Box<Diagnostic>> {
    let at = |problem: Diagnostic| Box::new(problem.at(visit.resource.span));
    match answer {
        Ok(objects) => found(source, &visit.addr, arguments, objects).map_err(|problem| at(*problem)),
        Err(error) => Err(at(unreadable(&visit.addr, error))),
    }
}

fn unreadable(addr: &ObjectAddr, error: &CallError) -> Diagnostic {
    Diagnostic::error(format!("Cannot read {addr}"))
        .label(error.to_string())
        .detail(error.to_string())
        .about(addr)
}

/// What a data source gives that was asked while applying. `None` after a complaint.
pub fn read_answer(
    addr: &ObjectAddr,
    answer: &Answer,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let (source, arguments) = super::arguments_of(addr, evaluation, diags)?;
    let visit = crate::plan::visit_of(addr, evaluation)?;
    match given(&source, &visit, &arguments, answer) {
        Ok(value) => Some(value),
        Err(problem) => {
            diags.push(of_check(&visit, *problem));
            None
        }
    }
}

/// What is wrong with what a check reads is a warning: a check never stops anything.
pub(super) fn of_check(visit: &Visit<'_>, problem: Diagnostic) -> Diagnostic {
    match visit.resource.check {
        Some(_) => Diagnostic { severity: Severity::Warning, ..problem },
        None => problem,
    }
}
