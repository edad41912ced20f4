//! `yamlencode`: writes a value as YAML, byte for byte as Terraform does.
//!
//! All text is quoted, but what has several lines and survives it is a literal block. Quoted text is broken at
//! spaces beyond column 80; a key that is long or has several lines is written after `?`.

use crate::value::Value;

use super::arguments::Arguments;
use super::call::CallError;

/// The column after which quoted text is continued on the next line.
const WIDTH: usize = 80;
/// The longest key, in bytes, that may stand on one line with its value.
const LONGEST_KEY: usize = 128;

pub(super) fn encode(args: &Arguments) -> Result<Value, CallError> {
    let value = args.get(0);
    if !value.is_wholly_known() {
        return Ok(Value::unknown(crate::value::Type::String));
    }
    let mut writer = Writer { out: String::new(), column: 0 };
    writer.value(value, 0);
    match value {
        Value::String(_) => {}
        value if value.length().is_some() => {}
        _ => writer.out.push_str("\n..."),
    }
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    Ok(Value::string(writer.out))
}

struct Writer {
    out: String,
    column: usize,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, indent: usize) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.column = 0;
        self.push(&" ".repeat(indent));
    }

    /// Writes a value; `indent` is where the lines of a block inside it start.
    fn value(&mut self, value: &Value, indent: usize) {
        match value {
            Value::String(text) => self.text(text, indent + 2),
            Value::List(_, items) | Value::Set(_, items) | Value::Tuple(items) if items.is_empty() => {
                self.push("[]");
            }
            Value::List(_, items) | Value::Set(_, items) | Value::Tuple(items) => {
                self.sequence(items, indent);
            }
            Value::Map(_, entries) | Value::Object(entries) if entries.is_empty() => self.push("{}"),
            Value::Map(_, entries) | Value::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.as_str(), value));
                self.mapping(entries, indent);
            }
            Value::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Value::Number(number) if number.is_infinite() => {
                self.push(if number.is_negative() { "-Inf" } else { "+Inf" });
            }
            Value::Number(number) => self.push(&number.to_string()),
            Value::Null(_) | Value::Unknown(..) => self.push("null"),
            Value::Marked(inner, _) => self.value(inner, indent),
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            self.push("- ");
            self.nested(item, indent);
        }
    }

    /// Writes what follows `- ` or `? `: a block there starts in the same line, two columns further.
    fn nested(&mut self, value: &Value, indent: usize) {
        let block = !matches!(value, Value::String(_));
        self.value(value, if block { indent + 2 } else { indent });
    }

    fn mapping<'a>(&mut self, entries: impl Iterator<Item = (&'a str, &'a Value)>, indent: usize) {
        for (index, (key, value)) in entries.enumerate() {
            if index > 0 {
                self.line(indent);
            }
            if key.len() > LONGEST_KEY || key.contains(is_break) {
                self.push("? ");
                self.text(key, indent + 2);
                self.line(indent);
                self.push(": ");
                self.nested(value, indent);
            } else {
                self.quoted(key, None);
                self.push(":");
                self.entry(value, indent);
            }
        }
    }

    /// Writes what follows `key:`: blocks start on the next line, those of sequences not indented.
    fn entry(&mut self, value: &Value, indent: usize) {
        match value {
            value if value.length().is_none_or(|length| length == 0) => {
                self.push(" ");
                self.value(value, indent);
            }
            Value::Map(..) | Value::Object(_) => {
                self.line(indent + 2);
                self.value(value, indent + 2);
            }
            value => {
                self.line(indent);
                self.value(value, indent);
            }
        }
    }

    fn text(&mut self, text: &str, indent: usize) {
        if text.contains('\n') && allows_block(text) {
            self.block(text, indent)
        } else {
            self.quoted(text, Some(indent))
        }
    }

    /// Writes a literal block; its header says what the lines alone do not.
    fn block(&mut self, text: &str, indent: usize) {
        self.push("|");
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.push("2");
        }
        let end = text.trim_end_matches(is_break);
        match text[end.len()..].chars().count() {
            0 => self.push("-"),
            1 if !end.is_empty() => {}
            _ => self.push("+"),
        }
        let body = text.strip_suffix('\n').unwrap_or(text);
        for line in body.split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.out.push_str(&" ".repeat(indent));
                self.out.push_str(line);
            }
        }
        if text.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// Writes quoted text, continued on lines with this indent if there is one.
    fn quoted(&mut self, text: &str, indent: Option<usize>) {
        self.push("\"");
        let chars: Vec<char> = text.chars().collect();
        let mut after_space = false;
        for (index, c) in chars.iter().enumerate() {
            let inside = index > 0 && index + 1 < chars.len();
            match indent {
                Some(indent) if *c == ' ' && !after_space && self.column > WIDTH && inside => {
                    self.out.push('\n');
                    self.line(indent);
                    // A space at the start of a line would be taken for its indent.
                    if chars[index + 1] == ' ' {
                        self.push("\\");
                    }
                }
                _ => self.push(&escaped(*c)),
            }
            after_space = *c == ' ';
        }
        self.push("\"");
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether a literal block gives the text back: nothing to escape, and no space before a line's end.
fn allows_block(text: &str) -> bool {
    let chars = || text.chars();
    let space_before_break = chars().zip(chars().skip(1)).any(|(c, next)| c == ' ' && is_break(next));
    !space_before_break && !text.ends_with(' ') && chars().all(|c| c == '\n' || is_printable(c))
}

fn is_printable(c: char) -> bool {
    match c {
        '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' => true,
        '\u{e000}'..='\u{fffd}' => c != '\u{feff}',
        _ => false,
    }
}

fn escaped(c: char) -> String {
    match c {
        '\0' => "\\0".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\u{1b}' => "\\e".to_owned(),
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\u{85}' => "\\N".to_owned(),
        '\u{2028}' => "\\L".to_owned(),
        '\u{2029}' => "\\P".to_owned(),
        c if is_printable(c) => c.to_string(),
        c if (c as u32) <= 0xff => format!("\\x{:02X}", c as u32),
        c if (c as u32) <= 0xffff => format!("\\u{:04X}", c as u32),
        c => format!("\\U{:08X}", c as u32),
    }
}
