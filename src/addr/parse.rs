//! Text → address, for the command line, `moved` blocks and state keys. A hand-written scan: the grammar has
//! three tokens (identifier, `.`, bracketed key) and the errors should say which was expected.

use super::{Mode, ModulePath, ModuleStep, Name, ObjectAddr, ObjectKey, ResourceAddr};
use std::str::FromStr;

/// What is wrong with an address that a person typed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {problem}")]
pub struct ParseError {
    pub text: String,
    pub problem: String,
}

/// Whether `text` is an HCL identifier (Unicode `ID_Start`, then `ID_Continue` or `-`).
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| unicode_ident::is_xid_start(c) || c == '_')
        && chars.all(|c| unicode_ident::is_xid_continue(c) || c == '-')
}

/// Writes a key as HCL would: quoted, with escapes, and `${`/`%{` kept literal.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for (at, c) in text.char_indices() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if text[at + 1..].starts_with('{') => {
                out.push(c);
                out.push(c);
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn fail<T>(&self, problem: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError { text: self.text.to_owned(), problem: problem.into() })
    }

    fn identifier(&mut self, what: &str) -> Result<&'a str, ParseError> {
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if !is_identifier(word) {
            let found = if self.rest.is_empty() { "the end" } else { "something else" };
            return self.fail(format!("expected {what}, found {found}"));
        }
        self.rest = rest;
        Ok(word)
    }

    fn dot(&mut self, before: &str) -> Result<(), ParseError> {
        match self.rest.strip_prefix('.') {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => self.fail(format!("expected `.` and {before}")),
        }
    }

    fn key(&mut self) -> Result<ObjectKey, ParseError> {
        let Some(inner) = self.rest.strip_prefix('[') else { return Ok(ObjectKey::Single) };
        if let Some(text) = inner.strip_prefix('"') {
            let (name, after) = self.unquote(text)?;
            self.rest = match after.strip_prefix(']') {
                Some(rest) => rest,
                None => return self.fail("expected `]` after the key"),
            };
            return Ok(ObjectKey::Name(name));
        }
        let Some((digits, rest)) = inner.split_once(']') else { return self.fail("expected `]`") };
        let Ok(index) = digits.parse() else {
            return self.fail("a key is a whole number or a quoted string, as in `[0]` or `[\"eu\"]`");
        };
        self.rest = rest;
        Ok(ObjectKey::Index(index))
    }

    fn unquote(&self, text: &'a str) -> Result<(Name, &'a str), ParseError> {
        let mut out = String::new();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => return Ok((out.into(), &text[at + 1..])),
                '$' | '%' if text[at + 1..].starts_with([c]) && text[at + 2..].starts_with('{') => {
                    chars.next();
                    out.push(c);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, 't')) => out.push('\t'),
                    Some((at, 'u')) => {
                        let hex = text.get(at + 1..at + 5).unwrap_or_default();
                        match u32::from_str_radix(hex, 16).ok().and_then(char::from_u32) {
                            Some(c) => out.push(c),
                            None => return self.fail("a `\\u` escape needs four hexadecimal digits"),
                        }
                        chars.nth(3);
                    }
                    Some((_, c @ ('"' | '\\'))) => out.push(c),
                    _ => return self.fail("unknown escape in a key"),
                },
                c => out.push(c),
            }
        }
        self.fail("the key's closing quote is missing")
    }

    fn modules(&mut self) -> Result<Vec<ModuleStep>, ParseError> {
        let mut steps = Vec::new();
        while let Some(rest) = self.rest.strip_prefix("module.") {
            self.rest = rest;
            let name = self.identifier("a module's name")?.into();
            let key = self.key()?;
            steps.push(ModuleStep { name, key });
            if self.rest.is_empty() {
                break;
            }
            self.dot("a kind or `module`")?;
        }
        Ok(steps)
    }

    fn resource(&mut self) -> Result<ResourceAddr, ParseError> {
        let mut kind = self.identifier("a kind")?;
        let mut mode = Mode::Managed;
        if kind == "data" {
            mode = Mode::Data;
            self.dot("a kind")?;
            kind = self.identifier("a kind")?;
        }
        self.dot("a name")?;
        let name = self.identifier("a name")?.into();
        Ok(ResourceAddr { mode, kind: super::shared(kind), name })
    }
}

impl FromStr for ObjectAddr {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut scanner = Scanner { text, rest: text };
        let module = ModulePath(scanner.modules()?.into());
        let resource = scanner.resource()?;
        let key = scanner.key()?;
        if !scanner.rest.is_empty() {
            return scanner.fail(format!("unexpected `{}` at the end", scanner.rest));
        }
        Ok(Self { module, resource, key })
    }
}

impl FromStr for ModulePath {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut scanner = Scanner { text, rest: text };
        let steps = scanner.modules()?;
        if steps.is_empty() || !scanner.rest.is_empty() {
            return scanner.fail("expected a module, as in `module.crm`");
        }
        Ok(Self(steps.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_a_round_trip() {
        for text in [
            "instance.support",
            "instance.desk[\"eu\"]",
            "instance.pool[0]",
            "module.crm.instance.support",
            "module.crm[\"a.b\"].module.x[3].data.element.freshdesk",
            "instance.odd[\"say \\\"hi\\\" \\\\ $${x} \\n\"]",
        ] {
            let addr: ObjectAddr = text.parse().expect(text);
            assert_eq!(addr.to_string(), text);
        }
    }

    #[test]
    fn mistakes_name_what_was_expected() {
        for (text, problem) in [
            ("instance", "expected `.` and a name"),
            ("instance.", "expected a name, found the end"),
            ("instance.a[x]", "a key is a whole number or a quoted string, as in `[0]` or `[\"eu\"]`"),
            ("instance.a[\"x]", "the key's closing quote is missing"),
            ("instance.a.b", "unexpected `.b` at the end"),
            ("module.x", "expected a kind, found the end"),
        ] {
            assert_eq!(text.parse::<ObjectAddr>().expect_err(text).problem, problem, "{text}");
        }
    }
}
