//! Planned values with unknowns → the values that are sent, now that what they depend on is done.

use crate::addr::ObjectAddr;
use crate::config::ModuleId;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::plan::{
    Action, Evaluation, Objects, Plan, Planned, Rules, Subject, Visit, What, condition, desired_of, seen,
    visit_of,
};
use crate::state::Record;
use crate::value::{Path, Value};

/// The objects of an evaluation as a plan has them: what is known now, and unknown what the steps will bring.
pub(super) struct Planning<'p> {
    pub plan: &'p Plan,
    pub recorded: &'p crate::state::State,
}

impl Objects for Planning<'_> {
    fn object(
        &mut self,
        visit: Visit<'_>,
        evaluation: &Evaluation<'_>,
        _: &mut Diagnostics,
    ) -> Option<Value> {
        let change = self.plan.changes.get(&Subject::current(visit.addr.clone()));
        if let Some(value) = self.plan.data.get(&visit.addr) {
            return Some(value.clone());
        }
        match change.map(|change| &change.action) {
            Some(Action::NoOp { record, .. }) if record.values.is_wholly_known() => {
                Some(record.values.clone())
            }
            // A secret that was declared is in the configuration, not in the record.
            Some(Action::NoOp { record, .. }) => {
                let kind = evaluation.kinds.get(&visit.addr.resource.kind)?;
                let declared = desired_of(&visit.addr, Some(record), evaluation, &mut Diagnostics::new());
                Some(declared.map_or_else(|| record.values.clone(), |declared| seen(kind, &declared, record)))
            }
            Some(
                Action::Create { planned } | Action::Update { planned, .. } | Action::Replace { planned, .. },
            ) => Some(planned.values.clone()),
            Some(Action::Read { later }) => Some(later.values.clone()),
            Some(Action::Delete { .. } | Action::Forget { .. }) | None => {
                self.recorded.records.get(&visit.addr).map(|record| record.values.clone())
            }
        }
    }

    /// The plan has the objects it makes; what is not selected may well be unknown.
    fn needs_keys(&self, _: ModuleId, _: &What) -> bool {
        false
    }

    /// The plan judged them; what was unknown then is judged at the end.
    fn rules(&self) -> Rules {
        Rules::Ignore
    }
}

/// The values to send for a planned object. `Err` if one is still unknown, or is not what was planned.
pub(super) fn resolve(
    addr: &ObjectAddr,
    planned: &Planned,
    prior: Option<&Record>,
    evaluation: &Evaluation<'_>,
) -> Result<Value, Box<Diagnostic>> {
    if planned.desired.is_wholly_known() {
        return Ok(planned.desired.clone());
    }
    let mut diags = Diagnostics::new();
    let Some(desired) = desired_of(addr, prior, evaluation, &mut diags) else {
        let first = diags.take().into_iter().next();
        return Err(Box::new(first.unwrap_or_else(|| inconsistent(addr, "its block is gone"))));
    };
    if let Some(path) = broken(&planned.desired, &desired) {
        let what = format!("`{path}` was planned with another value than it has now");
        return Err(Box::new(inconsistent(addr, &what)));
    }
    if !desired.is_wholly_known() {
        return Err(Box::new(inconsistent(addr, "a value is still unknown")));
    }
    Ok(desired)
}

pub(super) fn inconsistent(addr: &ObjectAddr, what: &str) -> Diagnostic {
    Diagnostic::error(format!("{addr} cannot be applied as planned"))
        .detail(format!("What was shown is what is done, and {what}."))
        .help("plan again")
        .about(addr)
}

/// The first place where a value that was known in the plan is another one now.
fn broken(planned: &Value, now: &Value) -> Option<Path> {
    let mut found = None;
    crate::value::walk(planned, &mut |path, value| {
        if found.is_some() {
            return false;
        }
        let (plain, _) = value.unmark();
        if !plain.is_known() {
            return false;
        }
        if plain.is_wholly_known() {
            let current = now.at(path).map(|value| value.unmark_deep().0);
            if current.as_ref() != Some(&plain.unmark_deep().0) {
                found = Some(path.clone());
            }
            return false;
        }
        true
    });
    found
}

/// The first complaint of a check that did not hold.
pub(super) fn first(diags: &mut Diagnostics) -> Option<Diagnostic> {
    diags.take().into_iter().find(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Whether an object's preconditions hold now.
pub(super) fn preconditions(addr: &ObjectAddr, evaluation: &Evaluation<'_>) -> Result<(), Box<Diagnostic>> {
    let mut diags = Diagnostics::new();
    if let Some(visit) = visit_of(addr, evaluation) {
        condition::before(&visit, evaluation, &mut diags);
    }
    first(&mut diags).map_or(Ok(()), |problem| Err(Box::new(problem)))
}

/// Whether an object's postconditions hold of what it is now.
pub(super) fn postconditions(
    addr: &ObjectAddr,
    this: &Value,
    evaluation: &Evaluation<'_>,
) -> Result<(), Box<Diagnostic>> {
    let mut diags = Diagnostics::new();
    if let Some(visit) = visit_of(addr, evaluation) {
        condition::after(&visit, this, evaluation, &mut diags);
    }
    first(&mut diags).map_or(Ok(()), |problem| Err(Box::new(problem)))
}
