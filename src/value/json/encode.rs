//! A value as JSON text, byte for byte what Terraform's `jsonencode` gives.

use super::JsonError;
use crate::value::Value;
use std::fmt::Write;

/// The value as JSON text: names sorted, no spaces, numbers with all their digits, and the characters that are special in
/// HTML escaped, as Go does. The value is wholly known and unmarked; infinities, and what is not so, are errors.
pub fn to_json_text(value: &Value) -> Result<String, JsonError> {
    let mut text = String::new();
    write_value(value, &mut text)?;
    Ok(text)
}

fn write_value(value: &Value, text: &mut String) -> Result<(), JsonError> {
    match value {
        Value::Null(_) => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) if number.is_infinite() => {
            return Err(unfit("cannot serialize infinity as JSON"));
        }
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => write_string(string, text),
        Value::List(_, elements) | Value::Set(_, elements) | Value::Tuple(elements) => {
            text.push('[');
            for (at, element) in elements.iter().enumerate() {
                separate(at, text);
                write_value(element, text)?;
            }
            text.push(']');
        }
        Value::Map(_, elements) | Value::Object(elements) => {
            text.push('{');
            for (at, (name, element)) in elements.iter().enumerate() {
                separate(at, text);
                write_string(name, text);
                text.push(':');
                write_value(element, text)?;
            }
            text.push('}');
        }
        Value::Unknown(..) => return Err(unfit("value is not known")),
        Value::Marked(..) => return Err(unfit("value has marks, so it cannot be serialized as JSON")),
    }
    Ok(())
}

fn unfit(message: &str) -> JsonError {
    JsonError { message: message.to_owned(), offset: 0 }
}

fn separate(at: usize, text: &mut String) {
    if at > 0 {
        text.push(',');
    }
}

fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for char in string.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\x08' => text.push_str("\\b"),
            '\x0c' => text.push_str("\\f"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(char)); // writing to a string cannot fail
            }
            _ => text.push(char),
        }
    }
    text.push('"');
}
