//! JSON text as a value: objects, tuples, exact numbers. A parser of our own, because numbers keep all their digits, the
//! complaints are Go's word for word, and depth is limited.

use super::JsonError;
use crate::value::{Fields, Number, Str, Value};
use rustc_hash::FxHashMap;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 1_000;

/// Reads JSON text as Terraform's `jsondecode` does: objects become objects, arrays tuples, `null` is of no type, the last
/// of several equal keys counts. As there, a closing bracket after the value, and all behind it, is overlooked.
pub fn from_json_text(text: &str) -> Result<Value, JsonError> {
    parse_nested(text, MAX_DEPTH)
}

/// The same with another limit to depth.
pub(super) fn parse_nested(text: &str, max_depth: usize) -> Result<Value, JsonError> {
    let names = FxHashMap::default();
    let mut parser = Parser { text, at: 0, levels_left: max_depth, names };
    let value = parser.value()?;
    match parser.peek_past_space() {
        None | Some(b']' | b'}') => Ok(value),
        Some(_) => parser.fail("extraneous data after JSON object"),
    }
}

/// How many keys of objects are remembered.
const NAMES: usize = 256;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    levels_left: usize,
    names: FxHashMap<&'a str, Str>,
}

impl<'a> Parser<'a> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, JsonError> {
        Err(JsonError { message: message.into(), offset: self.at })
    }

    /// Complains about the character here, or about the end.
    fn unexpected<T>(&self, context: &str) -> Result<T, JsonError> {
        match self.text[self.at..].chars().next() {
            None => self.fail("unexpected EOF"),
            Some(char) => self.fail(format!("invalid character {}{context}", quoted(char))),
        }
    }

    /// The same where nothing has begun yet.
    fn unexpected_here<T>(&self, context: &str) -> Result<T, JsonError> {
        if self.at == self.text.len() { self.fail("EOF") } else { self.unexpected(context) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_past_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    fn value(&mut self) -> Result<Value, JsonError> {
        match self.peek_past_space() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::dynamic_null()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.unexpected_here(" looking for beginning of value"),
        }
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<Value, JsonError>) -> Result<Value, JsonError> {
        if self.levels_left == 0 {
            return self.fail("arrays and objects are nested too deep");
        }
        self.levels_left -= 1;
        self.at += 1; // the bracket
        let value = parse(self)?;
        self.at += 1; // the other one
        self.levels_left += 1;
        Ok(value)
    }

    /// What stands between the brackets; stops at the closing one.
    fn array(&mut self) -> Result<Value, JsonError> {
        let mut elements = Vec::new();
        if self.peek_past_space() == Some(b']') {
            return Ok(Value::tuple(elements));
        }
        loop {
            elements.push(self.value()?);
            match self.peek_past_space() {
                Some(b']') => return Ok(Value::tuple(elements)),
                Some(b',') => self.at += 1,
                _ => return self.unexpected_here(" after array element"),
            }
        }
    }

    /// What stands between the braces; stops at the closing one.
    fn object(&mut self) -> Result<Value, JsonError> {
        let mut attributes = Vec::new();
        match self.peek_past_space() {
            Some(b'}') => return Ok(Value::object(Fields::default())),
            Some(b'"') => {}
            _ => return self.unexpected_here(""),
        }
        loop {
            if self.peek_past_space() != Some(b'"') {
                return self.unexpected_here(" looking for beginning of object key string");
            }
            let name = self.name()?;
            if self.peek_past_space() != Some(b':') {
                return self.unexpected_here(" after object key");
            }
            self.at += 1;
            attributes.push((name, self.value()?));
            match self.peek_past_space() {
                Some(b'}') => return Ok(Value::object(attributes.into_iter().collect())),
                Some(b',') => self.at += 1,
                _ => return self.unexpected_here(" after object key:value pair"),
            }
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return self
                    .unexpected(&format!(" in literal {word} (expecting '{}')", char::from(expected)));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1, // a digit after it is not part of the number
            _ => self.digits(" in numeric literal")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits(" after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits(" in exponent of numeric literal")?;
        }
        match Number::parse(&self.text[start..self.at]) {
            Some(number) => Ok(Value::Number(number)),
            None => self.fail("a number is required"), // an exponent out of all bounds
        }
    }

    fn digits(&mut self, context: &str) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.unexpected(context);
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// The key of an object: one that many objects have is held once.
    fn name(&mut self) -> Result<Str, JsonError> {
        let run = self.run(self.at + 1);
        let end = self.at + 1 + run.len();
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return self.string();
        }
        self.at = end + 1;
        if let Some(name) = self.names.get(run) {
            return Ok(name.clone());
        }
        let name = Str::new(run);
        if self.names.len() < NAMES {
            self.names.insert(run, name.clone());
        }
        Ok(name)
    }

    /// What stands from here on for itself in a string.
    fn run(&self, from: usize) -> &'a str {
        let rest = &self.text[from..];
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        &rest[..end.unwrap_or(rest.len())]
    }

    fn string(&mut self) -> Result<Str, JsonError> {
        self.at += 1; // the quote
        let mut string = String::new();
        loop {
            let run = self.run(self.at);
            self.at += run.len();
            if self.at == self.text.len() {
                return self.fail("unexpected EOF");
            }
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let whole = if string.is_empty() { Str::new(run) } else { Str::from(string + run) };
                    return Ok(whole);
                }
                Some(b'\\') => {
                    string.push_str(run);
                    string.push(self.escape()?);
                }
                _ => return self.unexpected(" in string literal"),
            }
        }
    }

    /// An escape sequence, at its backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let char = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.unexpected(" in string escape code"),
        };
        self.at += 1;
        Ok(char)
    }

    /// `u` and four digits, twice for characters beyond 16 bits. Half such a pair gives the replacement character.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.four_digits()?;
        let after = self.at;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 1;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = after;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        self.at += 1; // the `u`
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.unexpected(" in \\u hexadecimal character escape");
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

/// A character as Go's JSON errors show it.
fn quoted(char: char) -> String {
    match char {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        _ => {
            let escaped = crate::value::go_quote(char.encode_utf8(&mut [0; 4]));
            format!("'{}'", &escaped[1..escaped.len() - 1])
        }
    }
}
