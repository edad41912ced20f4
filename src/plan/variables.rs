//! Variables: from what was given to what expressions see, with type, default, null rule, marks and validation.

use crate::config::{Source, Values, Variable};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::value::{Marks, Value};

/// The value of a root variable.
pub fn root(variable: &Variable, given: &Values, diags: &mut Diagnostics) -> Result<Value, Reported> {
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
        // Reported with the call, whether or not anything is evaluated.
        (None, None) => return Ok(mark(variable, Value::unknown(variable.constraint.ty()))),
    };
    let invalid = |detail: String| {
        Diagnostic::error("Invalid value for input variable")
            .at(span.unwrap_or(variable.span))
            .label(format!("not a valid value for `var.{}`: {}", variable.name, detail))
            .detail(format!("The given value is not suitable for var.{}: {detail}.", variable.name))
    };
    if value.is_null() && !variable.nullable {
        let complaint = invalid("required variable may not be set to null".to_owned());
        return Err(diags.error(Diagnostic { summary: "Required variable not set".to_owned(), ..complaint }));
    }
    if !variable.ephemeral && value.contains_marks(Marks::EPHEMERAL) {
        return Err(diags.error(
            Diagnostic::error("Ephemeral value not allowed")
                .at(span.unwrap_or(variable.span))
                .label("comes from an ephemeral value")
                .detail("This input variable is not declared as accepting ephemeral values, so it cannot be set to a result derived from an ephemeral value.")
                .help(format!("declare `{}` with `ephemeral = true`", variable.name)),
        ));
    }
    let value =
        variable.constraint.apply(&value).map_err(|problem| diags.error(invalid(problem.to_string())))?;
    Ok(mark(variable, value))
}

fn mark(variable: &Variable, value: Value) -> Value {
    let value = if variable.sensitive { value.sensitive() } else { value };
    if variable.ephemeral { value.mark(Marks::EPHEMERAL) } else { value }
}
