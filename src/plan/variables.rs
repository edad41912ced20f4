//! Variables: from what was given to what expressions see, with type, default, null rule, marks and validation.

use super::evaluation::Evaluation;
use super::scope::Repeat;
use crate::addr::{ModulePath, Name};
use crate::config::{ModuleId, Source, Values, Variable};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::eval;
use crate::value::{Marks, Type, Value, convert};

/// The value of a root variable.
pub(super) fn root(variable: &Variable, given: &Values, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let given = given.get(&variable.name);
    let span = match given {
        Some((_, Source::File(span))) => Some(*span),
        _ => None,
    };
    if given.is_none() && variable.default.is_none() {
        return Err(diags.error(
            Diagnostic::error("No value for required variable")
                .at(variable.span)
                .label("has no default and was not given")
                .detail(format!(
                    "The root module input variable {:?} is not set, and has no default value.",
                    variable.name
                ))
                .help(format!(
                    "set it with `-var '{0}=…'`, in a `.vars.hcl` file or as `ISOTOPE_VAR_{0}`",
                    variable.name
                )),
        ));
    }
    settle(variable, given.map(|(value, _)| value.clone()), span, diags)
}

/// Converts a given value, or takes the default; marks it as the variable says. `span` is where it was given.
pub(super) fn settle(
    variable: &Variable,
    given: Option<Value>,
    span: Option<Span>,
    diags: &mut Diagnostics,
) -> Result<Value, Reported> {
    let given = given.filter(|value| !(value.is_null() && !variable.nullable && variable.default.is_some()));
    let value = match (given, &variable.default) {
        (Some(value), _) => value,
        (None, Some(default)) => return Ok(mark(variable, default.clone())),
        (None, None) => {
            return Err(diags.error(
                Diagnostic::error("Missing required argument")
                    .at(span.unwrap_or(variable.span))
                    .label(format!("`{}` is required", variable.name))
                    .detail(format!(
                        "The argument {:?} is required, but no definition was found.",
                        variable.name
                    )),
            ));
        }
    };
    let invalid = |detail: String| {
        Diagnostic::error("Invalid value for input variable")
            .at(span.unwrap_or(variable.span))
            .label(format!("not a valid value for `var.{}`: {}", variable.name, detail))
            .detail(format!("The given value is not suitable for var.{}: {detail}.", variable.name))
    };
    if value.is_null() && !variable.nullable {
        return Err(diags.error(invalid("required variable may not be set to null".to_owned())));
    }
    let value =
        variable.constraint.apply(&value).map_err(|problem| diags.error(invalid(problem.to_string())))?;
    Ok(mark(variable, value))
}

fn mark(variable: &Variable, value: Value) -> Value {
    let value = if variable.sensitive { value.sensitive() } else { value };
    if variable.ephemeral { value.mark(Marks::EPHEMERAL) } else { value }
}

/// Checks the `validation` blocks. A condition that is not known yet is not a failure.
pub(super) fn validate(
    evaluation: &Evaluation<'_>,
    module: ModuleId,
    path: &ModulePath,
    name: &Name,
    diags: &mut Diagnostics,
) {
    let variable = &evaluation.config.module(module).variables[name];
    let scope = evaluation.scope(module, path, &Repeat::None);
    for rule in &variable.validations {
        let Ok(condition) = eval::evaluate(&rule.condition, &scope, diags) else { continue };
        let (condition, _) = condition.unmark();
        let Ok(condition) = convert(&condition, &Type::Bool) else {
            diags.error(
                Diagnostic::error("Invalid variable validation result")
                    .at(rule.condition.span)
                    .label("must be true or false")
                    .detail("Validation condition expression must return either true or false."),
            );
            continue;
        };
        if condition.as_bool() != Some(false) {
            continue;
        }
        let message = eval::evaluate(&rule.error_message, &scope, diags);
        let (message, marks) = match message {
            Ok(message) => message.unmark(),
            Err(_) => continue,
        };
        let message = match message.as_str() {
            Some(text) if !marks.contains(Marks::SENSITIVE) => text.to_owned(),
            _ => "The error message included a sensitive value, so it will not be displayed.".to_owned(),
        };
        diags.error(
            Diagnostic::error("Invalid value for variable")
                .at(variable.span)
                .label(message.clone())
                .related(rule.condition.span, "this condition does not hold")
                .detail(message),
        );
    }
}
