//! `precondition` and `postcondition`: what must hold before an object is touched, and after.

use super::evaluation::{Evaluation, Visit};
use super::scope::Scope;
use crate::config::Rule;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::eval;
use crate::value::{Marks, Type, Value, convert};

/// How a block's rules came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    Yes,
    /// A condition is known only after apply.
    Later,
    /// Reported.
    No,
}

/// Checks an object's preconditions.
pub fn before(visit: &Visit<'_>, evaluation: &Evaluation<'_>, diags: &mut Diagnostics) -> Held {
    let rules = &visit.resource.lifecycle.preconditions;
    all(rules, "precondition", visit, None, evaluation, diags)
}

/// Checks an object's postconditions; `this` is what `self` means in them.
pub fn after(visit: &Visit<'_>, this: &Value, evaluation: &Evaluation<'_>, diags: &mut Diagnostics) -> Held {
    let rules = &visit.resource.lifecycle.postconditions;
    all(rules, "postcondition", visit, Some(this), evaluation, diags)
}

/// Checks that an object's rules make sense, whatever they say of it.
pub fn shape(visit: &Visit<'_>, this: &Value, evaluation: &Evaluation<'_>, diags: &mut Diagnostics) {
    let lifecycle = &visit.resource.lifecycle;
    for (rules, this) in [(&lifecycle.preconditions, None), (&lifecycle.postconditions, Some(this))] {
        let mut scope = evaluation.scope(visit.module, &visit.addr.module, &visit.repeat);
        scope.this = this;
        for rule in rules {
            // What is wrong is reported; what the condition says of unknown values means nothing.
            let _: Option<Option<bool>> = condition(rule, &scope, diags);
            let _: Result<Value, Reported> = eval::evaluate(&rule.error_message, &scope, diags);
        }
    }
}

/// What a condition says: `Some(None)` if that is not known yet, `None` after a complaint.
fn condition(rule: &Rule, scope: &Scope<'_, '_>, diags: &mut Diagnostics) -> Option<Option<bool>> {
    let (value, _) = eval::evaluate(&rule.condition, scope, diags).ok()?.unmark();
    if !value.is_known() {
        return Some(None);
    }
    let said = convert(&value, &Type::Bool).ok().and_then(|value| value.as_bool());
    if said.is_none() {
        diags.error(
            Diagnostic::error("Invalid condition result")
                .at(rule.condition.span)
                .label("must be true or false")
                .detail("Condition expression must return either true or false, not null."),
        );
    }
    said.map(Some)
}

fn all(
    rules: &[Rule],
    what: &str,
    visit: &Visit<'_>,
    this: Option<&Value>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Held {
    let held = rules.iter().map(|rule| one(rule, what, visit, this, evaluation, diags));
    held.max().unwrap_or(Held::Yes)
}

fn one(
    rule: &Rule,
    what: &str,
    visit: &Visit<'_>,
    this: Option<&Value>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Held {
    let mut scope = evaluation.scope(visit.module, &visit.addr.module, &visit.repeat);
    scope.this = this;
    match condition(rule, &scope, diags) {
        None => return Held::No,
        Some(None) => return Held::Later,
        Some(Some(true)) => return Held::Yes,
        Some(Some(false)) => {}
    }
    let Ok(message) = eval::evaluate(&rule.error_message, &scope, diags) else { return Held::No };
    let (message, marks) = message.unmark();
    let message = match message.as_str() {
        Some(text) if !marks.contains(Marks::SENSITIVE) => text.to_owned(),
        Some(_) => "The error message included a sensitive value, so it will not be displayed.".to_owned(),
        None => "The error message is not known yet.".to_owned(),
    };
    diags.error(
        Diagnostic::error(format!("Resource {what} failed"))
            .at(rule.condition.span)
            .label(message.clone())
            .related(visit.resource.span, format!("for {}", visit.addr))
            .detail(message)
            .about(&visit.addr),
    );
    Held::No
}
