//! What must hold: validations of variables, preconditions of outputs, assertions of checks.
//!
//! A condition that is not known while planning is judged again when everything is done ([`conclude`]).

use super::evaluation::Evaluation;
use super::scope::{Repeat, Scope};
use crate::addr::{ModulePath, Name, ObjectAddr, ObjectKey};
use crate::config::{ModuleId, Rule};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::eval;
use crate::value::{Marks, Type, Value, convert};
use std::collections::BTreeSet;

/// What a walk makes of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// A condition that does not hold is an error; of a check, a warning.
    Enforce,
    /// One that does not hold is a warning: nothing is changed on its account.
    Warn,
    /// Validating: of a check, only what is wrong with the rule itself is reported.
    Shape,
    /// Nobody looks at them.
    Ignore,
}

/// How one sort of rule speaks.
pub(super) struct Words {
    /// The summary when the condition does not hold.
    failed: &'static str,
    /// The summary when the condition is neither true nor false.
    invalid: &'static str,
    subject: &'static str,
}

pub(super) const VALIDATION: Words = Words {
    failed: "Invalid value for variable",
    invalid: "Invalid variable validation result",
    subject: "Validation condition",
};
pub(super) const PRECONDITION: Words = Words {
    failed: "Module output value precondition failed",
    invalid: "Invalid condition result",
    subject: "Condition",
};
pub(super) const ASSERTION: Words = Words { failed: "Check block assertion failed", ..PRECONDITION };

pub(super) enum Verdict {
    Holds,
    Unknown,
    /// It does not hold; the author's message.
    Fails(String),
    /// The rule itself is wrong, which was reported.
    Wrong,
}

/// Judges a variable's validations. What fails is an error of whoever gave the value.
pub(super) fn validations(
    evaluation: &Evaluation<'_>,
    module: ModuleId,
    path: &ModulePath,
    name: &Name,
    diags: &mut Diagnostics,
) {
    let variable = &evaluation.config.module(module).variables[name];
    let scope = evaluation.scope(module, path, &Repeat::None);
    for rule in &variable.validations {
        if let Verdict::Fails(message) = judge(rule, &scope, &VALIDATION, diags) {
            diags.error(failure(rule, &VALIDATION, &message, Severity::Error).at(variable.span));
        }
    }
}

/// Judges an output's preconditions. `false` if one does not hold.
pub(super) fn preconditions(
    evaluation: &Evaluation<'_>,
    module: ModuleId,
    path: &ModulePath,
    name: &Name,
    rules: Rules,
    diags: &mut Diagnostics,
) -> bool {
    let output = &evaluation.config.module(module).outputs[name];
    let scope = evaluation.scope(module, path, &Repeat::None);
    let severity = if rules == Rules::Warn { Severity::Warning } else { Severity::Error };
    let mut hold = true;
    for rule in output.preconditions.iter().filter(|_| rules != Rules::Ignore) {
        if let Verdict::Fails(message) = judge(rule, &scope, &PRECONDITION, diags) {
            hold = false;
            diags.push(failure(rule, &PRECONDITION, &message, severity));
        }
    }
    hold
}

/// Judges a check's assertions. One that does not hold is a warning: a check never stops anything.
pub(super) fn assertions(
    evaluation: &Evaluation<'_>,
    module: ModuleId,
    path: &ModulePath,
    name: &Name,
    rules: Rules,
    diags: &mut Diagnostics,
) {
    if rules == Rules::Ignore {
        return;
    }
    let check = &evaluation.config.module(module).checks[name];
    if unread(evaluation, module, path, name) {
        return;
    }
    let scope = evaluation.scope(module, path, &Repeat::None);
    for rule in &check.asserts {
        match judge(rule, &scope, &ASSERTION, diags) {
            _ if rules == Rules::Shape => {}
            Verdict::Fails(message) => diags.push(failure(rule, &ASSERTION, &message, Severity::Warning)),
            Verdict::Unknown => diags.push(
                Diagnostic::warning("Check block assertion known after apply")
                    .at(rule.condition.span)
                    .label("cannot be told before the apply")
                    .detail("The condition could not be evaluated at this time, a result will be known when this plan is applied."),
            ),
            Verdict::Holds | Verdict::Wrong => {}
        }
    }
}

/// Whether a check's own data source could not be read, which was said: there is nothing to judge then.
fn unread(evaluation: &Evaluation<'_>, module: ModuleId, path: &ModulePath, name: &Name) -> bool {
    let mut resources = evaluation.config.module(module).resources.values();
    let Some(data) = resources.find(|resource| resource.check.as_ref() == Some(name)) else { return false };
    let addr = ObjectAddr { module: path.clone(), resource: data.addr.clone(), key: ObjectKey::Single };
    evaluation.object(&addr).is_some_and(|value| *value == Value::unknown(Type::Dynamic))
}

/// Judges everything once more, when an apply is done. Returns the root outputs whose preconditions do not hold.
pub fn conclude(evaluation: &Evaluation<'_>, diags: &mut Diagnostics) -> BTreeSet<Name> {
    let mut refused = BTreeSet::new();
    let root = ModulePath::root();
    for (id, module) in evaluation.config.modules() {
        for path in evaluation.module_instances(id) {
            for (name, variable) in &module.variables {
                if !variable.validations.is_empty() {
                    validations(evaluation, id, path, name, diags);
                }
            }
            for name in module.outputs.keys() {
                if !preconditions(evaluation, id, path, name, Rules::Enforce, diags) && *path == root {
                    refused.insert(name.clone());
                }
            }
            for name in module.checks.keys() {
                let mut own = Diagnostics::new();
                assertions(evaluation, id, path, name, Rules::Enforce, &mut own);
                // What is still unknown belongs to an object that failed, which is complaint enough.
                let known =
                    own.take().into_iter().filter(|said| !said.summary.ends_with("known after apply"));
                known.for_each(|said| diags.push(said));
            }
        }
    }
    refused
}

fn failure(rule: &Rule, words: &Words, message: &str, severity: Severity) -> Diagnostic {
    let diagnostic = Diagnostic::error(words.failed).label(message).detail(message);
    let diagnostic = match words.failed == VALIDATION.failed {
        true => diagnostic.related(rule.condition.span, "this condition does not hold"),
        false => diagnostic.at(rule.condition.span),
    };
    Diagnostic { severity, ..diagnostic }
}

pub(super) fn judge(rule: &Rule, scope: &Scope<'_, '_>, words: &Words, diags: &mut Diagnostics) -> Verdict {
    let invalid = |label: &str, detail: String| {
        Diagnostic::error(words.invalid).at(rule.condition.span).label(label).detail(detail)
    };
    // The message is looked at even if the condition holds: what is wrong with it should not wait for the day it is needed.
    let condition = eval::evaluate(&rule.condition, scope, diags);
    let message = message(rule, scope, diags);
    let Ok(condition) = condition else { return Verdict::Wrong };
    let (condition, _) = condition.unmark();
    if condition.is_null() {
        let detail = format!("{} expression must return either true or false, not null.", words.subject);
        diags.error(invalid("is null", detail));
        return Verdict::Wrong;
    }
    match convert(&condition, &Type::Bool) {
        Ok(condition) => match (condition.as_bool(), message) {
            (Some(true), _) => Verdict::Holds,
            (None, _) => Verdict::Unknown,
            (Some(false), Some(message)) => Verdict::Fails(message),
            (Some(false), None) => Verdict::Wrong,
        },
        Err(problem) => {
            let detail = format!("Invalid {} result value: {problem}.", words.subject.to_lowercase());
            diags.error(invalid("must be true or false", detail));
            Verdict::Wrong
        }
    }
}

/// The author's message; a stand-in where it cannot be shown. `None` after a complaint.
fn message(rule: &Rule, scope: &Scope<'_, '_>, diags: &mut Diagnostics) -> Option<String> {
    let span = rule.error_message.span;
    let (value, marks) = eval::evaluate(&rule.error_message, scope, diags).ok()?.unmark();
    for (mark, word) in [(Marks::SENSITIVE, "a sensitive"), (Marks::EPHEMERAL, "an ephemeral")] {
        if marks.contains(mark) {
            return Some(format!("The error message included {word} value, so it will not be displayed."));
        }
    }
    match convert(&value, &Type::String) {
        Ok(text) if !text.is_known() => Some("The message is known only after apply.".to_owned()),
        Ok(text) if !text.is_null() => text.as_str().map(str::to_owned),
        outcome => {
            let problem = outcome.err().map_or("must not be null".to_owned(), |problem| problem.to_string());
            diags.error(
                Diagnostic::error("Invalid error message")
                    .at(span)
                    .label(problem.clone())
                    .detail(format!("Unsuitable value for error message: {problem}.")),
            );
            None
        }
    }
}
