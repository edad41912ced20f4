//! Values as people read them in plans and records: on one line, or as rows where one line would be too long.

use super::paint::columns;
use super::rows::Row;
use crate::value::{Str, Value, go_quote};

pub(super) const UNKNOWN: &str = "(known after apply)";
pub(super) const SENSITIVE: &str = "(sensitive value)";

/// A value on one line may be this long before it becomes a block.
pub(super) const SHORT: usize = 72;

/// The value on one line.
pub(super) fn inline(value: &Value) -> String {
    let list = |elements: &[Value]| elements.iter().map(inline).collect::<Vec<_>>().join(", ");
    match value {
        // What is sensitive stays hidden when it is not known either: a record keeps no secret it was given.
        Value::Marked(..) if value.is_sensitive() => SENSITIVE.to_owned(),
        Value::Marked(..) => "(ephemeral value)".to_owned(),
        Value::Unknown(..) => UNKNOWN.to_owned(),
        Value::Null(_) => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => go_quote(text),
        Value::List(_, elements) | Value::Set(_, elements) | Value::Tuple(elements) => {
            format!("[{}]", list(elements))
        }
        Value::Map(_, entries) | Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(_, entries) | Value::Object(entries) => {
            let pairs = entries.iter().map(|(key, value)| format!("{} = {}", go_quote(key), inline(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A row that shows the whole value under a name: in one line where it is short, else with its parts below.
pub(super) fn row(name: &str, value: &Value) -> Row {
    match block(value) {
        Some(children) => Row::named(name).with_children(children),
        None => Row::named(name).with_value(inline(value)),
    }
}

/// The parts of a value that does not fit one line well.
pub(super) fn block(value: &Value) -> Option<Vec<Row>> {
    match value {
        Value::Map(_, entries) | Value::Object(entries) if !entries.is_empty() => {
            Some(entries.iter().map(|(key, value)| row(&go_quote(key), value)).collect())
        }
        Value::String(text) if is_text(text) => Some(lines(text)),
        Value::List(_, elements) | Value::Set(_, elements) | Value::Tuple(elements)
            if columns(&inline(value)) > SHORT && !elements.is_empty() =>
        {
            Some(elements.iter().enumerate().map(|(at, element)| row(&format!("[{at}]"), element)).collect())
        }
        _ => None,
    }
}

/// Whether a string is better read line by line.
pub(super) fn is_text(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
}

/// Each line of a text as a row of its own.
pub(super) fn lines(text: &str) -> Vec<Row> {
    text.strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .map(|line| Row::text(super::paint::visible(line)))
        .collect()
}

/// A map's key or an object's attribute as a row's name.
pub(super) fn key(key: &Str) -> String {
    go_quote(key)
}
