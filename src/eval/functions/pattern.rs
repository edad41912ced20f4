//! Regular expressions in RE2's syntax, translated to that of the `regex` crate.
//!
//! Both match in the same way, but write some things differently: classes such as `\d` and `\b` are of ASCII in RE2,
//! `\Q…\E` quotes, braces that are no repetition are literal, and in brackets `[`, `&&`, `--` and `~~` have no
//! meaning. What RE2 refuses is refused here too, with its words for the mistake.

use regex::{Regex, RegexBuilder};

/// A mistake in a pattern: what is wrong, and the part of the pattern that is.
pub(super) struct PatternError {
    pub what: &'static str,
    pub at: String,
}

/// The memory a compiled pattern may take.
const SIZE_LIMIT: usize = 16 << 20;

/// RE2's limit of a repetition's bounds.
const MAX_REPEAT: u32 = 1000;

/// Compiles a pattern.
pub(super) fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let translated = Translator::new(pattern).run()?;
    RegexBuilder::new(&translated)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| explain(&error, &translated))
}

/// The words for what only the regex crate noticed.
fn explain(error: &regex::Error, translated: &str) -> PatternError {
    use regex_syntax::{Error, hir};
    let (what, span) = match (error, regex_syntax::Parser::new().parse(translated)) {
        (regex::Error::CompiledTooBig(_), _) => ("expression too large", None),
        (_, Err(Error::Parse(error))) => (words(error.kind()), Some(*error.span())),
        (_, Err(Error::Translate(error))) => match error.kind() {
            hir::ErrorKind::UnicodePropertyNotFound => ("invalid character class range", Some(*error.span())),
            _ => ("invalid syntax", Some(*error.span())),
        },
        _ => ("invalid syntax", None),
    };
    let part = span.and_then(|span| translated.get(span.start.offset..span.end.offset));
    PatternError { what, at: part.unwrap_or(translated).to_owned() }
}

fn words(kind: &regex_syntax::ast::ErrorKind) -> &'static str {
    use regex_syntax::ast::ErrorKind;
    match kind {
        ErrorKind::ClassRangeInvalid | ErrorKind::UnicodeClassInvalid => "invalid character class range",
        ErrorKind::GroupNameDuplicate { .. } => "duplicate capture group name",
        ErrorKind::NestLimitExceeded(_) => "expression nests too deeply",
        ErrorKind::EscapeHexInvalid | ErrorKind::EscapeHexInvalidDigit | ErrorKind::EscapeHexEmpty => {
            "invalid escape sequence"
        }
        _ => "invalid syntax",
    }
}

/// One pass over a pattern's text.
struct Translator<'a> {
    text: &'a str,
    at: usize,
    out: String,
    depth: usize,
    /// Where the last thing that can be repeated starts; `None` where there is nothing to repeat.
    atom: Option<usize>,
    /// Where the repetition just before starts, for RE2 refuses two in a row.
    repeated: Option<usize>,
    groups: Vec<Option<usize>>,
}

impl<'a> Translator<'a> {
    fn new(text: &'a str) -> Self {
        let out = String::with_capacity(text.len() + 16);
        Self { text, at: 0, out, depth: 0, atom: None, repeated: None, groups: Vec::new() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error<T>(&self, what: &'static str, at: &str) -> Result<T, PatternError> {
        Err(PatternError { what, at: at.to_owned() })
    }

    fn run(mut self) -> Result<String, PatternError> {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '(' => self.open()?,
                ')' => self.close()?,
                '|' => self.copy(1, false),
                '^' | '$' | '.' => self.copy(1, true),
                '*' | '+' | '?' => self.repeat(1)?,
                '{' => self.braces()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                c => self.literal(c),
            }
        }
        if self.depth > 0 {
            return self.error("missing closing )", self.text);
        }
        Ok(self.out)
    }

    fn copy(&mut self, length: usize, atom: bool) {
        self.atom = atom.then_some(self.at);
        self.repeated = None;
        self.out.push_str(&self.rest()[..length]);
        self.at += length;
    }

    fn literal(&mut self, c: char) {
        self.atom = Some(self.at);
        self.repeated = None;
        if matches!(c, '}' | ']') {
            self.out.push('\\');
        }
        self.out.push(c);
        self.at += c.len_utf8();
    }

    fn open(&mut self) -> Result<(), PatternError> {
        let rest = self.rest();
        self.groups.push(Some(self.at));
        self.depth += 1;
        if !rest.starts_with("(?") {
            self.copy(1, false);
            return Ok(());
        }
        let inner = &rest[2..];
        if inner.starts_with("P<") || inner.starts_with('<') {
            return self.named_group(rest);
        }
        let end = inner.find([':', ')']).map(|end| end + 3);
        let valid = |flags: &str| flags.chars().all(|c| "imsU-".contains(c));
        match end {
            Some(end) if valid(&rest[2..end - 1]) => {
                self.copy(end, false);
                if rest[..end].ends_with(')') {
                    self.depth -= 1;
                    self.groups.pop();
                }
                Ok(())
            }
            _ => self.error("invalid or unsupported Perl syntax", &rest[..3.min(char_end(rest, 3))]),
        }
    }

    fn named_group(&mut self, rest: &str) -> Result<(), PatternError> {
        let Some(end) = rest.find('>') else {
            return self.error("invalid named capture", rest);
        };
        let start = rest.find('<').map_or(0, |start| start + 1);
        let name = &rest[start..end];
        if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
            return self.error("invalid named capture", &rest[..=end]);
        }
        self.copy(end + 1, false);
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        if self.depth == 0 {
            return self.error("unexpected )", self.text);
        }
        self.depth -= 1;
        let start = self.groups.pop().flatten();
        self.copy(1, true);
        self.atom = start.or(self.atom);
        Ok(())
    }

    /// Copies a repetition of `length` bytes, and the `?` after it.
    fn repeat(&mut self, length: usize) -> Result<(), PatternError> {
        let operator = &self.rest()[..length];
        let lazy = self.rest()[length..].starts_with('?');
        let end = length + usize::from(lazy);
        if let Some(start) = self.repeated {
            return self.error("invalid nested repetition operator", &self.text[start..self.at + end]);
        }
        if self.atom.is_none() {
            return self.error("missing argument to repetition operator", operator);
        }
        let start = self.at;
        self.copy(end, true);
        self.repeated = Some(start);
        Ok(())
    }

    /// A repetition in braces, or braces that stand for themselves.
    fn braces(&mut self) -> Result<(), PatternError> {
        let rest = self.rest();
        let Some((length, bounds)) = repetition(rest) else {
            self.out.push('\\');
            self.copy(1, true);
            return Ok(());
        };
        let too_many = bounds.iter().flatten().any(|bound| *bound > MAX_REPEAT);
        if too_many || matches!(bounds, [Some(least), Some(most)] if least > most) {
            return self.error("invalid repeat count", &rest[..length]);
        }
        self.repeat(length)
    }

    fn escape(&mut self) -> Result<(), PatternError> {
        let rest = self.rest();
        let Some(c) = rest[1..].chars().next() else {
            return self.error("trailing backslash at end of expression", "");
        };
        if c == 'Q' {
            let quoted = rest[2..].split("\\E").next().unwrap_or("");
            self.at += 2;
            quoted.chars().for_each(|c| self.quoted_char(c));
            self.at += if self.rest().starts_with("\\E") { 2 } else { 0 };
            return Ok(());
        }
        if let Some(replacement) = outside_brackets(c) {
            self.out.push_str(replacement);
            (self.at, self.atom, self.repeated) = (self.at + 2, Some(self.at), None);
            return Ok(());
        }
        let start = self.at;
        self.plain_escape(c, rest)?;
        (self.atom, self.repeated) = (Some(start), None);
        Ok(())
    }

    fn quoted_char(&mut self, c: char) {
        (self.atom, self.repeated) = (Some(self.at), None);
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        self.at += c.len_utf8();
    }

    /// Translates an escape that means the same in brackets and outside.
    fn plain_escape(&mut self, c: char, rest: &str) -> Result<(), PatternError> {
        let (length, translated) = match c {
            'p' | 'P' => self.unicode_class(c, rest)?,
            'x' if rest[2..].starts_with('{') => match rest.find('}') {
                Some(end) => (end + 1, rest[..=end].to_owned()),
                None => return self.error("invalid escape sequence", rest),
            },
            'x' => {
                let end = char_end(rest, 4);
                (end, rest[..end].to_owned())
            }
            'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'A' | 'z' => (2, rest[..2].to_owned()),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => (2, literal_escape(c)),
            c => match octal(rest) {
                Some((length, code)) => (length, format!("\\x{{{code:x}}}")),
                None => return self.error("invalid escape sequence", &rest[..1 + c.len_utf8()]),
            },
        };
        self.out.push_str(&translated);
        self.at += length;
        Ok(())
    }

    /// Translates a class of Unicode; `^` in its braces negates it.
    fn unicode_class(&self, c: char, rest: &str) -> Result<(usize, String), PatternError> {
        if !rest[2..].starts_with('{') {
            let end = char_end(rest, 3);
            return Ok((end, rest[..end].to_owned()));
        }
        let Some(end) = rest.find('}') else {
            return self.error("invalid character class range", rest);
        };
        let translated = match (rest[3..end].strip_prefix('^'), c) {
            (Some(name), 'p') => format!("\\P{{{name}}}"),
            (Some(name), _) => format!("\\p{{{name}}}"),
            (None, _) => rest[..=end].to_owned(),
        };
        Ok((end + 1, translated))
    }

    fn class(&mut self) -> Result<(), PatternError> {
        let whole = self.rest();
        let start = self.at;
        let negated = whole.starts_with("[^");
        self.out.push_str(if negated { "[^" } else { "[" });
        self.at += if negated { 2 } else { 1 };
        let first = self.at;
        loop {
            let Some(c) = self.rest().chars().next() else {
                return self.error("missing closing ]", whole);
            };
            match c {
                ']' if self.at > first => break,
                '[' if self.rest().starts_with("[:") && self.rest().contains(":]") => self.posix()?,
                '\\' => self.class_escape()?,
                '[' | ']' | '&' | '~' | '#' | '^' => self.escaped_in_class(c),
                '-' if self.at == first || self.rest()[1..].starts_with(']') => self.escaped_in_class(c),
                c => {
                    self.out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        self.out.push(']');
        self.at += 1;
        (self.atom, self.repeated) = (Some(start), None);
        Ok(())
    }

    fn escaped_in_class(&mut self, c: char) {
        self.out.push('\\');
        self.out.push(c);
        self.at += c.len_utf8();
    }

    fn posix(&mut self) -> Result<(), PatternError> {
        let rest = self.rest();
        let length = rest.find(":]").map_or(rest.len(), |end| end + 2);
        let name = rest[..length].trim_start_matches("[:^").trim_start_matches("[:").trim_end_matches(":]");
        let known = "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit";
        if !known.split(' ').any(|class| class == name) {
            return self.error("invalid character class range", &rest[..length]);
        }
        self.out.push_str(&rest[..length]);
        self.at += length;
        Ok(())
    }

    fn class_escape(&mut self) -> Result<(), PatternError> {
        let rest = self.rest();
        let Some(c) = rest[1..].chars().next() else {
            return self.error("missing closing ]", rest);
        };
        if let Some(replacement) = inside_brackets(c) {
            self.out.push_str(replacement);
            self.at += 2;
            return Ok(());
        }
        if matches!(c, 'A' | 'z' | 'b' | 'B') {
            return self.error("invalid escape sequence", &rest[..2]);
        }
        self.plain_escape(c, rest)
    }
}

/// Perl's classes and word boundaries, which RE2 limits to ASCII.
fn outside_brackets(c: char) -> Option<&'static str> {
    match c {
        'd' => Some("[0-9]"),
        'D' => Some("[^0-9]"),
        'w' => Some("[0-9A-Za-z_]"),
        'W' => Some("[^0-9A-Za-z_]"),
        's' => Some("[\\t\\n\\f\\r ]"),
        'S' => Some("[^\\t\\n\\f\\r ]"),
        'b' => Some("(?-u:\\b)"),
        'B' => Some("(?-u:\\B)"),
        _ => None,
    }
}

fn inside_brackets(c: char) -> Option<&'static str> {
    match c {
        'd' => Some("0-9"),
        'w' => Some("0-9A-Za-z_"),
        's' => Some("\\t\\n\\f\\r "),
        other => outside_brackets(other).filter(|class| class.starts_with("[^")),
    }
}

/// Reads a character's code in octal, `\0` or two or three digits: its length and the code.
fn octal(text: &str) -> Option<(usize, u32)> {
    let digits = text[1..].bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    if digits == 0 || digits == 1 && !text[1..].starts_with('0') {
        return None;
    }
    let code = u32::from_str_radix(&text[1..=digits], 8).ok()?;
    Some((1 + digits, code))
}

/// Writes a character that stands for itself.
fn literal_escape(c: char) -> String {
    if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }
}

/// Reads `{n}`, `{n,}` or `{n,m}` at the start of the text: its length and bounds.
fn repetition(text: &str) -> Option<(usize, [Option<u32>; 2])> {
    let end = text.find('}')?;
    let inner = &text[1..end];
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if least.is_empty() || !digits(least) || !digits(most) {
        return None;
    }
    let bound = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap_or(u32::MAX));
    Some((end + 1, [bound(least), bound(most)]))
}

/// Returns the byte after the first `count` characters.
fn char_end(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}
