//! `format` and `formatlist`.

use crate::value::{Refinement, Str, Type, Value};

use super::arguments::{Arguments, is_sequence, items};
use super::call::CallError;
use super::verb::format_text;
use super::{Function, Param, list_of_text, text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("format", &[Param::text("format")], text, format)
        .variadic(Param::any("args").null().unknown()),
    Function::new("formatlist", &[Param::text("format")], list_of_text, format_list)
        .variadic(Param::any("args").null().unknown()),
];

fn format(args: &Arguments) -> Result<Value, CallError> {
    let (format, values) = (args.text(0), &args.values[1..]);
    if values.iter().all(Value::is_wholly_known) {
        return Ok(Value::string(format_text(args, format, values)?));
    }
    // What stands before the first verb is known already.
    let start = format.split('%').next().unwrap_or("");
    let prefix = (!start.is_empty()).then(|| Str::new(start));
    Ok(Value::refined(Type::String, Refinement { not_null: true, prefix, ..Refinement::default() }))
}

/// Formats once for each element of the sequences among the arguments, which must be equally long.
fn format_list(args: &Arguments) -> Result<Value, CallError> {
    let (format, values) = (args.text(0), &args.values[1..]);
    let Some(length) = common_length(values)? else {
        return Ok(Value::unknown(list_of_text()));
    };
    let mut lines = Vec::with_capacity(length);
    for index in 0..length {
        let row: Vec<Value> = values.iter().map(|value| pick(value, index)).collect();
        if !row.iter().all(Value::is_wholly_known) {
            lines.push(Value::unknown(Type::String));
            continue;
        }
        let line = format_text(args, format, &row).map_err(|error| in_iteration(error, index, values))?;
        lines.push(Value::string(line));
    }
    Ok(Value::list(Type::String, lines))
}

fn in_iteration(error: CallError, index: usize, values: &[Value]) -> CallError {
    match error {
        error if values.is_empty() => error,
        CallError::Failed(message) | CallError::Argument { message, .. } => {
            CallError::failed(format!("error on format iteration {index}: {message}"))
        }
    }
}

fn iterates(value: &Value) -> bool {
    is_sequence(&value.ty()) && !value.is_null()
}

fn pick(value: &Value, index: usize) -> Value {
    if iterates(value) { items(value)[index].clone() } else { value.clone() }
}

/// Returns how long the sequences among the values are, one if there are none; `None` if that is not known.
fn common_length(values: &[Value]) -> Result<Option<usize>, CallError> {
    let mut chosen: Option<(usize, usize)> = None;
    let mut known = true;
    for (index, value) in values.iter().enumerate().filter(|(_, value)| iterates(value)) {
        known &= value.is_known();
        let length = match (value.length(), value.ty()) {
            (Some(length), _) => length,
            (None, Type::Tuple(types)) => types.len(),
            _ => continue,
        };
        match chosen {
            Some((first, expected)) if expected != length => {
                return Err(CallError::argument(index + 1, unequal(index, length, first, expected)));
            }
            Some(_) => {}
            None => chosen = Some((index, length)),
        }
    }
    Ok(known.then_some(chosen.map_or(1, |(_, length)| length)))
}

fn unequal(index: usize, length: usize, first: usize, expected: usize) -> String {
    format!(
        "argument {} has length {length}, which is inconsistent with argument {} of length {expected}",
        index + 1,
        first + 1
    )
}
