//! A known value → the text that one would write for it.

use crate::addr::is_identifier;
use crate::value::{self, Value, from_json_text};

/// An entry of a map or object as it is written.
pub(super) type Entry = (String, String);

/// A known value without secrets, as one would write it.
pub(super) fn expression(value: &Value) -> String {
    let (plain, _) = value.unmark();
    match &plain {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => string(text),
        Value::List(..) | Value::Set(..) | Value::Tuple(_) => list(&plain),
        Value::Map(..) | Value::Object(_) => {
            let entry = |(key, value): (Value, Value)| Some((key.as_str()?.to_owned(), expression(&value)));
            entries(&plain.elements().filter_map(entry).collect::<Vec<_>>())
        }
        _ => "null".to_owned(),
    }
}

/// A value of an attribute whose values travel as text: JSON in it is written as what it says.
pub(super) fn textual(value: &Value) -> String {
    let json = value.unmarked().as_str().filter(|text| text.trim_start().starts_with(['{', '[']));
    match json.and_then(|text| from_json_text(text).ok()) {
        Some(json) => format!("jsonencode({})", expression(&json)),
        None => expression(value),
    }
}

/// `{ … }` with a line for each entry. Keys are quoted where one of them has to be.
pub(super) fn entries(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let bare = entries.iter().all(|(key, _)| is_word(key));
    let name = |key: &str| if bare { key.to_owned() } else { value::quote(key) };
    let lines: String = entries.iter().map(|(key, value)| format!("{} = {value}\n", name(key))).collect();
    format!("{{\n{lines}}}")
}

/// Whether a key may stand without quotes: a name, and none that means something else there.
fn is_word(key: &str) -> bool {
    is_identifier(key) && !matches!(key, "for" | "null" | "true" | "false")
}

/// Plain elements on one line, others on lines of their own.
fn list(list: &Value) -> String {
    let elements: Vec<Value> = list.elements().map(|(_, element)| element.unmark().0).collect();
    let plain = |element: &Value| {
        !matches!(element, Value::Map(..) | Value::Object(_))
            && element.as_str().is_none_or(|text| !text.contains('\n'))
    };
    let texts: Vec<String> = elements.iter().map(expression).collect();
    match elements.iter().all(plain) {
        true => format!("[{}]", texts.join(", ")),
        false => format!("[\n{}]", texts.iter().map(|text| format!("{text},\n")).collect::<String>()),
    }
}

/// A string literal; a text of several lines as such.
fn string(text: &str) -> String {
    let lines = text.trim_end_matches('\n').contains('\n');
    let printable = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    if !lines || !printable {
        return value::quote(text);
    }
    let end = terminator(text);
    let body = text.replace("${", "$${").replace("%{", "%%{");
    match text.ends_with('\n') {
        true => format!("<<{end}\n{body}{end}"),
        false => format!("chomp(<<{end}\n{body}\n{end}\n)"),
    }
}

/// A word that is no line of the text.
fn terminator(text: &str) -> String {
    let is_free = |word: &String| !text.lines().any(|line| line.trim() == word);
    let more = (2..).map(|number| format!("EOT{number}"));
    std::iter::once("EOT".to_owned()).chain(more).find(is_free).unwrap_or_default()
}
