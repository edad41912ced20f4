//! Values as text for people: what `terraform console` prints, and string literals.

use super::Value;
use regex::Regex;
use std::sync::LazyLock;

/// The value in the language's syntax, with the conversion functions that say its exact type: what a console prints.
/// Indented by two; no line break at the end. Marked values are not shown.
pub fn console(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, 0, &mut text);
    text
}

fn write_value(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Unknown(..) => text.push_str("(known after apply)"),
        Value::Marked(inner, _) if !inner.is_known() => text.push_str("(known after apply)"),
        Value::Marked(..) if value.is_sensitive() => text.push_str("(sensitive value)"),
        Value::Marked(..) => text.push_str("(ephemeral value)"),
        Value::Null(ty) => text.push_str(&null(ty)),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::String(string) => write_string(string, indent, text),
        Value::List(..) => wrap("tolist(", text, |text| write_sequence(value, indent, text)),
        Value::Set(..) => wrap("toset(", text, |text| write_sequence(value, indent, text)),
        Value::Map(..) => wrap("tomap(", text, |text| write_mapping(value, indent, text)),
        Value::Tuple(_) => write_sequence(value, indent, text),
        Value::Object(_) => write_mapping(value, indent, text),
    }
}

fn wrap(function: &str, text: &mut String, write: impl FnOnce(&mut String)) {
    text.push_str(function);
    write(text);
    text.push(')');
}

fn null(ty: &super::Type) -> String {
    use super::Type;
    match ty {
        Type::Dynamic => "null".to_owned(),
        Type::Bool | Type::Number | Type::String => format!("to{}(null)", ty.friendly_name()),
        Type::List(element) => format!("tolist(null) /* of {} */", element.friendly_name()),
        Type::Set(element) => format!("toset(null) /* of {} */", element.friendly_name()),
        Type::Map(element) => format!("tomap(null) /* of {} */", element.friendly_name()),
        Type::Tuple(_) | Type::Object(_) => format!("null /* {} */", ty.friendly_name()),
    }
}

fn write_sequence(value: &Value, indent: usize, text: &mut String) {
    text.push('[');
    for element in value.children() {
        new_line(indent + 2, text);
        write_value(element, indent + 2, text);
        text.push(',');
    }
    end_lines(value, indent, text);
    text.push(']');
}

fn write_mapping(value: &Value, indent: usize, text: &mut String) {
    text.push('{');
    if let Value::Map(_, elements) | Value::Object(elements) = value {
        for (name, element) in elements {
            new_line(indent + 2, text);
            write_string(name, indent + 2, text);
            text.push_str(" = ");
            write_value(element, indent + 2, text);
        }
    }
    end_lines(value, indent, text);
    text.push('}');
}

fn end_lines(value: &Value, indent: usize, text: &mut String) {
    if value.length() != Some(0) {
        new_line(indent, text);
    }
}

fn new_line(indent: usize, text: &mut String) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', indent));
}

/// A quoted string, or a heredoc where it has several lines.
fn write_string(string: &str, indent: usize, text: &mut String) {
    if !string.contains('\n') {
        return text.push_str(&go_quote(string));
    }
    let mut delimiter = "EOT".to_owned();
    while string.lines().any(|line| line.trim() == delimiter) {
        delimiter.push('_');
    }
    text.push_str(if indent > 0 { "<<-" } else { "<<" });
    text.push_str(&delimiter);
    for line in string.split('\n').chain([&*delimiter]) {
        new_line(indent, text);
        text.push_str(line);
    }
}

/// A string literal of the language: quotes and control characters are escaped, and so is the start of a template.
pub fn quote(string: &str) -> String {
    let mut text = String::with_capacity(string.len() + 2);
    text.push('"');
    for (at, char) in string.char_indices() {
        if matches!(char, '$' | '%') && string[at + 1..].starts_with('{') {
            text.push(char);
        }
        push_escaped(char, &mut text);
    }
    text.push('"');
    text
}

/// A string as Go's `%q` writes it: the language's literal, but templates are left alone and some control characters
/// have names the language does not know.
pub fn go_quote(string: &str) -> String {
    let mut text = String::with_capacity(string.len() + 2);
    text.push('"');
    if string.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        // Most strings.
        text.push_str(string);
        text.push('"');
        return text;
    }
    for char in string.chars() {
        match char {
            '\x07' => text.push_str("\\a"),
            '\x08' => text.push_str("\\b"),
            '\x0b' => text.push_str("\\v"),
            '\x0c' => text.push_str("\\f"),
            '\0'..='\x1f' | '\x7f' if !matches!(char, '\n' | '\r' | '\t') => {
                text.push_str(&format!("\\x{:02x}", u32::from(char)));
            }
            _ => push_escaped(char, &mut text),
        }
    }
    text.push('"');
    text
}

fn push_escaped(char: char, text: &mut String) {
    match char {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        ' '..='~' => text.push(char),
        _ if is_printable(char) => text.push(char),
        _ if u32::from(char) < 0x10000 => text.push_str(&format!("\\u{:04x}", u32::from(char))),
        _ => text.push_str(&format!("\\U{:08x}", u32::from(char))),
    }
}

/// Whether Go prints the character as it is: letters, marks, numbers, punctuation and symbols.
fn is_printable(char: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    let mut buffer = [0; 4];
    PRINTABLE.as_ref().is_none_or(|regex| regex.is_match(char.encode_utf8(&mut buffer)))
}

/// The value in the language's syntax on one line, without saying its exact type: for defaults in a type's text.
pub(super) fn compact(value: &Value) -> String {
    let list = || value.children().map(compact).collect::<Vec<_>>().join(", ");
    match value {
        Value::Null(_) => "null".to_owned(),
        Value::String(text) => quote(text),
        Value::List(..) | Value::Set(..) | Value::Tuple(_) => format!("[{}]", list()),
        Value::Map(_, elements) | Value::Object(elements) if elements.is_empty() => "{}".to_owned(),
        Value::Map(_, elements) | Value::Object(elements) => {
            let pairs = elements.iter().map(|(name, value)| format!("{} = {}", quote(name), compact(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        _ => console(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Marks, Type, from_json_text};

    /// What the console prints for a value given as JSON.
    fn check(json: &str, printed: &str) {
        assert_eq!(console(&from_json_text(json).unwrap()), printed, "{json}");
    }

    #[test]
    fn plain_values() {
        check(r#""a\"b\\c""#, r#""a\"b\\c""#);
        check("\"é\u{a0}\u{200b}\\u0007😀\u{7f}\"", r#""é\u00a0\u200b\a😀\x7f""#);
        check(r#""${x} %{y}""#, r#""${x} %{y}""#);
        check("[true, 1.50, null, {}, []]", "[\n  true,\n  1.5,\n  null,\n  {},\n  [],\n]");
        check(
            r#"{"b": [null], "c d": {"x": 1}}"#,
            "{\n  \"b\" = [\n    null,\n  ]\n  \"c d\" = {\n    \"x\" = 1\n  }\n}",
        );
    }

    #[test]
    fn lines_become_heredocs() {
        check(r#""a\nb""#, "<<EOT\na\nb\nEOT");
        check(r#"["a\nb"]"#, "[\n  <<-EOT\n  a\n  b\n  EOT,\n]");
        check(
            r#"{"k\nx": "a\nEOT\n EOT_ \n"}"#,
            "{\n  <<-EOT\n  k\n  x\n  EOT = <<-EOT__\n  a\n  EOT\n   EOT_ \n  \n  EOT__\n}",
        );
    }

    #[test]
    fn collections_and_nulls_say_their_type() {
        let object = Type::object([("a".into(), Type::Bool)].into());
        let cases = [
            (Value::list(Type::Bool, vec![]), "tolist([])"),
            (Value::set(Type::String, vec!["b".into(), "a".into()]), "toset([\n  \"a\",\n  \"b\",\n])"),
            (Value::map(Type::Bool, [("a".into(), true.into())].into()), "tomap({\n  \"a\" = true\n})"),
            (Value::map(Type::Bool, [].into()), "tomap({})"),
            (Value::null(Type::Dynamic), "null"),
            (Value::null(Type::String), "tostring(null)"),
            (Value::null(Type::list(object.clone())), "tolist(null) /* of object */"),
            (Value::null(Type::map(Type::Dynamic)), "tomap(null) /* of dynamic */"),
            (Value::null(Type::set(Type::String)), "toset(null) /* of string */"),
            (Value::null(Type::tuple(vec![])), "null /* tuple */"),
            (Value::null(object), "null /* object */"),
        ];
        for (value, printed) in cases {
            assert_eq!(console(&value), printed);
        }
    }

    #[test]
    fn what_is_hidden_or_not_known() {
        let secret = Value::string("hush").sensitive();
        assert_eq!(console(&Value::tuple(vec![secret.clone()])), "[\n  (sensitive value),\n]");
        assert_eq!(console(&Value::set(Type::String, vec![secret])), "(sensitive value)");
        assert_eq!(console(&Value::bool(true).mark(Marks::EPHEMERAL)), "(ephemeral value)");
        assert_eq!(console(&Value::unknown(Type::Bool).sensitive()), "(known after apply)");
    }

    #[test]
    fn literals_escape_templates_and_control_characters() {
        let cases = [
            ("${a} $${ %{ $ %", r#""$${a} $$${ %%{ $ %""#),
            ("\u{7}\n\t\"\\\u{1f600}\u{e000}\u{10ffff}", r#""\u0007\n\t\"\\😀\ue000\U0010ffff""#),
        ];
        for (text, literal) in cases {
            assert_eq!(quote(text), literal);
        }
    }
}
