//! Everything with a condition → how it came out while planning, for documents that list it.
//!
//! The conditions have been judged, and complained about, where they stand; here they are read once more, in silence.

use super::Changes;
use super::desired::visit_of;
use super::evaluation::Evaluation;
use super::rules::{ASSERTION, PRECONDITION, VALIDATION, Verdict, Words, judge};
use super::scope::{Repeat, Scope};
use crate::addr::{ModulePath, Name, ObjectAddr, ObjectKey, ResourceAddr};
use crate::config::{ModuleId, Rule};
use crate::diag::Diagnostics;

/// One block with conditions, in all instances of its module.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The names of its module on the way from the root.
    pub module: Vec<Name>,
    pub what: Checkable,
    pub instances: Vec<Instance>,
}

/// What may have conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Checkable {
    Check(Name),
    Output(Name),
    Resource(ResourceAddr),
    Variable(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub module: ModulePath,
    /// Of a resource: which of its objects.
    pub key: ObjectKey,
    pub status: Status,
    /// The authors' messages of the conditions that do not hold.
    pub problems: Vec<String>,
}

/// The worse the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Pass,
    /// It is known only after apply.
    Unknown,
    Fail,
    /// The condition itself is wrong.
    Error,
}

/// Reads every condition that the plan is about.
pub(super) fn checks(evaluation: &Evaluation<'_>, changes: &Changes) -> Vec<Checked> {
    let mut all = Vec::new();
    for (id, module) in evaluation.config.modules() {
        let in_module = InModule { evaluation, id };
        let variables = module.variables.iter().map(|(name, variable)| {
            in_module.block(Checkable::Variable(name.clone()), &variable.validations, &VALIDATION)
        });
        let outputs = module.outputs.iter().map(|(name, output)| {
            in_module.block(Checkable::Output(name.clone()), &output.preconditions, &PRECONDITION)
        });
        let asserts = module
            .checks
            .iter()
            .map(|(name, check)| in_module.block(Checkable::Check(name.clone()), &check.asserts, &ASSERTION));
        all.extend(variables.chain(outputs).chain(asserts).flatten());
    }
    all.extend(resources(evaluation, changes));
    all
}

struct InModule<'i> {
    evaluation: &'i Evaluation<'i>,
    id: ModuleId,
}

impl InModule<'_> {
    /// `None` for a block without conditions, or in a module that has no instance.
    fn block(&self, what: Checkable, rules: &[Rule], words: &Words) -> Option<Checked> {
        let instances = self.evaluation.module_instances(self.id);
        if rules.is_empty() || instances.is_empty() {
            return None;
        }
        let instance = |path: &ModulePath| {
            let scope = self.evaluation.scope(self.id, path, &Repeat::None);
            let (status, problems) = judge_all(rules, &scope, words);
            Instance { module: path.clone(), key: ObjectKey::Single, status, problems }
        };
        let module = self.evaluation.config.module(self.id).path.clone();
        Some(Checked { module, what, instances: instances.iter().map(instance).collect() })
    }
}

fn judge_all(rules: &[Rule], scope: &Scope<'_, '_>, words: &Words) -> (Status, Vec<String>) {
    let mut problems = Vec::new();
    let verdicts = rules.iter().map(|rule| match judge(rule, scope, words, &mut Diagnostics::new()) {
        Verdict::Holds => Status::Pass,
        Verdict::Unknown => Status::Unknown,
        Verdict::Wrong => Status::Error,
        Verdict::Fails(message) => {
            problems.push(message);
            Status::Fail
        }
    });
    (verdicts.max().unwrap_or(Status::Pass), problems)
}

/// The objects whose blocks have `precondition` or `postcondition`.
fn resources(evaluation: &Evaluation<'_>, changes: &Changes) -> Vec<Checked> {
    let mut found: Vec<Checked> = Vec::new();
    for addr in changes.keys().filter(|subject| subject.deposed.is_none()).map(|subject| &subject.addr) {
        let Some(instance) = object(addr, evaluation) else { continue };
        let module: Vec<Name> = addr.module.names().map(Into::into).collect();
        let what = Checkable::Resource(addr.resource.clone());
        match found.iter_mut().find(|known| known.module == module && known.what == what) {
            Some(known) => known.instances.push(instance),
            None => found.push(Checked { module, what, instances: vec![instance] }),
        }
    }
    found
}

fn object(addr: &ObjectAddr, evaluation: &Evaluation<'_>) -> Option<Instance> {
    let visit = visit_of(addr, evaluation)?;
    let lifecycle = &visit.resource.lifecycle;
    if lifecycle.preconditions.is_empty() && lifecycle.postconditions.is_empty() {
        return None;
    }
    let mut scope = evaluation.scope(visit.module, &addr.module, &visit.repeat);
    let before = judge_all(&lifecycle.preconditions, &scope, &PRECONDITION);
    scope.this = evaluation.object(addr);
    let after = judge_all(&lifecycle.postconditions, &scope, &PRECONDITION);
    let problems = before.1.into_iter().chain(after.1).collect();
    Some(Instance {
        module: addr.module.clone(),
        key: addr.key.clone(),
        status: before.0.max(after.0),
        problems,
    })
}
