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

/// A compiled pattern, and the names of its groups: in RE2 they may start with a digit and stand twice.
pub(super) struct Pattern {
    pub regex: Regex,
    pub names: Vec<Option<String>>,
}

/// Compiles a pattern.
pub(super) fn compile(pattern: &str) -> Result<Pattern, PatternError> {
    let Translated { text, names } = Translator::new(pattern).run()?;
    let regex = RegexBuilder::new(&text).size_limit(SIZE_LIMIT).build();
    Ok(Pattern { regex: regex.map_err(|error| explain(&error, &text))?, names })
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
        ErrorKind::NestLimitExceeded(_) => "expression nests too deeply",
        _ => "invalid syntax",
    }
}

/// A pattern as the `regex` crate writes it.
struct Translated {
    text: String,
    names: Vec<Option<String>>,
}

/// A group that is open.
struct Group {
    start: usize,
    /// The greatest product of nested repetitions in it.
    weight: u32,
}

/// One pass over a pattern's text.
struct Translator<'a> {
    text: &'a str,
    at: usize,
    out: String,
    names: Vec<Option<String>>,
    /// Where the last thing that can be repeated starts; `None` where there is nothing to repeat.
    atom: Option<usize>,
    /// Where the repetition just before starts, for RE2 refuses two in a row.
    repeated: Option<usize>,
    groups: Vec<Group>,
    /// Where the last closed group ends, and its weight.
    closed: (usize, u32),
}

impl<'a> Translator<'a> {
    fn new(text: &'a str) -> Self {
        let out = String::with_capacity(text.len() + 16);
        let (names, groups) = (Vec::new(), Vec::new());
        Self { text, at: 0, out, names, atom: None, repeated: None, groups, closed: (0, 1) }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error<T>(&self, what: &'static str, at: &str) -> Result<T, PatternError> {
        Err(PatternError { what, at: at.to_owned() })
    }

    fn run(mut self) -> Result<Translated, PatternError> {
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
        if !self.groups.is_empty() {
            return self.error("missing closing )", self.text);
        }
        Ok(Translated { text: self.out, names: self.names })
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
        let group = Group { start: self.at, weight: 1 };
        if !rest.starts_with("(?") {
            self.names.push(None);
            self.groups.push(group);
            self.copy(1, false);
            return Ok(());
        }
        if rest[2..].starts_with("P<") || rest[2..].starts_with('<') {
            self.groups.push(group);
            return self.named_group(rest);
        }
        let Some(flags) = Flags::read(rest) else {
            let wrong = rest[2..].char_indices().find(|(_, c)| !"imsU-".contains(*c));
            let end = wrong.map_or(rest.len(), |(at, c)| 2 + at + c.len_utf8());
            return self.error("invalid or unsupported Perl syntax", &rest[..end]);
        };
        if flags.opens {
            self.groups.push(group);
        }
        self.out.push_str(&flags.shown());
        (self.at, self.atom, self.repeated) = (self.at + flags.length, None, None);
        Ok(())
    }

    /// Names stay where the `regex` crate takes them: a replacement may use them.
    fn named_group(&mut self, rest: &str) -> Result<(), PatternError> {
        let Some(end) = rest.find('>') else {
            return self.error("invalid named capture", rest);
        };
        let start = rest.find('<').map_or(0, |start| start + 1);
        let name = &rest[start..end];
        if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
            return self.error("invalid named capture", &rest[..=end]);
        }
        let known = Some(name.to_owned());
        let plain = name.starts_with(|c: char| c.is_ascii_digit()) || self.names.contains(&known);
        self.names.push(known);
        self.out.push_str(if plain { "(" } else { &rest[..=end] });
        (self.at, self.atom, self.repeated) = (self.at + end + 1, None, None);
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let Some(group) = self.groups.pop() else {
            return self.error("unexpected )", self.text);
        };
        self.copy(1, true);
        self.atom = Some(group.start);
        self.closed = (self.at, group.weight);
        self.weigh(group.weight);
        Ok(())
    }

    /// Notes a product of nested repetitions in the group that is open.
    fn weigh(&mut self, weight: u32) {
        if let Some(group) = self.groups.last_mut() {
            group.weight = group.weight.max(weight);
        }
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
        let inner = if self.closed.0 == self.at { self.closed.1 } else { 1 };
        let count = bounds[1].or(bounds[0]).unwrap_or(0);
        let weight = count.saturating_mul(inner);
        let reversed = matches!(bounds, [Some(least), Some(most)] if least > most);
        if too_many || reversed || count > 1 && weight > MAX_REPEAT {
            return self.error("invalid repeat count", &rest[..length]);
        }
        self.weigh(weight);
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

    fn plain_escape(&mut self, c: char, rest: &str) -> Result<(), PatternError> {
        let (length, translated) = match c {
            'p' | 'P' => self.unicode_class(c, rest)?,
            'A' | 'z' => (2, rest[..2].to_owned()),
            _ => {
                let (length, code) = self.character(rest)?;
                (length, written(code))
            }
        };
        self.out.push_str(&translated);
        self.at += length;
        Ok(())
    }

    /// Reads an escaped character at the start of a text: its length, and the character.
    fn character(&self, text: &str) -> Result<(usize, char), PatternError> {
        character(text).or_else(|length| self.error("invalid escape sequence", &text[..length]))
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
            let rest = self.rest();
            match rest.chars().next() {
                None => return self.error("missing closing ]", whole),
                Some(']') if self.at > first => break,
                Some('[') if rest.starts_with("[:") && rest.contains(":]") => self.posix()?,
                Some('\\') if self.class_of_class()? => {}
                Some(_) => self.range(whole)?,
            }
        }
        self.out.push(']');
        self.at += 1;
        (self.atom, self.repeated) = (Some(start), None);
        Ok(())
    }

    /// A character in brackets, or a range of characters.
    fn range(&mut self, whole: &str) -> Result<(), PatternError> {
        let start = self.at;
        let from = self.class_character(whole)?;
        self.out.push_str(&written(from));
        let rest = self.rest();
        if !rest.starts_with('-') || rest.len() < 2 || rest.starts_with("-]") {
            return Ok(());
        }
        self.at += 1;
        let to = self.class_character(whole)?;
        if to < from {
            return self.error("invalid character class range", &self.text[start..self.at]);
        }
        self.out.push('-');
        self.out.push_str(&written(to));
        Ok(())
    }

    fn class_character(&mut self, whole: &str) -> Result<char, PatternError> {
        let rest = self.rest();
        let (length, c) = match rest.chars().next() {
            None => return self.error("missing closing ]", whole),
            Some('\\') => self.character(rest)?,
            Some(c) => (c.len_utf8(), c),
        };
        self.at += length;
        Ok(c)
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

    /// Copies a class such as `\d` or `\pL` that stands in brackets, if one does.
    fn class_of_class(&mut self) -> Result<bool, PatternError> {
        let rest = self.rest();
        let Some(c) = rest[1..].chars().next() else {
            return Ok(false);
        };
        let (length, translated) = match inside_brackets(c) {
            Some(replacement) => (2, replacement.to_owned()),
            None if matches!(c, 'p' | 'P') => self.unicode_class(c, rest)?,
            None => return Ok(false),
        };
        self.out.push_str(&translated);
        self.at += length;
        Ok(true)
    }
}

/// What stands between `(?` and `:` or `)`.
struct Flags {
    on: String,
    off: String,
    /// Whether a group begins; else they hold for the rest of the group they stand in.
    opens: bool,
    length: usize,
}

impl Flags {
    /// Reads them at the start of a text. What is switched both on and off is off.
    fn read(text: &str) -> Option<Self> {
        let end = text.find([':', ')'])?;
        let (on, off) = match text[2..end].split_once('-') {
            Some((_, "")) => return None,
            Some((on, off)) => (on, off),
            None => (&text[2..end], ""),
        };
        let valid = |flags: &str| flags.chars().all(|c| "imsU".contains(c));
        let chosen = |in_text: &dyn Fn(char) -> bool| "imsU".chars().filter(|c| in_text(*c)).collect();
        (valid(on) && valid(off)).then(|| Self {
            on: chosen(&|c| on.contains(c) && !off.contains(c)),
            off: chosen(&|c| off.contains(c)),
            opens: text[end..].starts_with(':'),
            length: end + 1,
        })
    }

    fn shown(&self) -> String {
        let off = if self.off.is_empty() { String::new() } else { format!("-{}", self.off) };
        match (self.opens, self.on.is_empty() && off.is_empty()) {
            (true, _) => format!("(?{}{off}:", self.on),
            (false, true) => String::new(),
            (false, false) => format!("(?{}{off})", self.on),
        }
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

/// Reads an escape that stands for one character: its length and the character, or where it goes wrong.
fn character(text: &str) -> Result<(usize, char), usize> {
    let Some(c) = text[1..].chars().next() else { return Err(text.len()) };
    let simple = match c {
        'a' => Some('\x07'),
        'f' => Some('\x0C'),
        't' => Some('\t'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        'v' => Some('\x0B'),
        'x' => return hexadecimal(text),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    };
    let numbered = || octal(text).and_then(|(length, code)| Some((length, char::from_u32(code)?)));
    simple.map(|c| (2, c)).or_else(numbered).ok_or(1 + c.len_utf8())
}

/// Reads `\x41` or `\x{41}`.
fn hexadecimal(text: &str) -> Result<(usize, char), usize> {
    let braces = text[2..].starts_with('{');
    let start = if braces { 3 } else { 2 };
    let mut code = 0u32;
    for (count, c) in text[start..].chars().enumerate() {
        let end = char_end(text, start + count + 1);
        match c.to_digit(16) {
            _ if braces && c == '}' && count > 0 => return char::from_u32(code).map(|c| (end, c)).ok_or(end),
            Some(digit) => code = code.saturating_mul(16).saturating_add(digit),
            // The two digits are read together.
            None => return Err(if braces { end } else { char_end(text, start + 2) }),
        }
        if !braces && count == 1 {
            return char::from_u32(code).map(|c| (end, c)).ok_or(end);
        }
        if code > u32::from(char::MAX) {
            return Err(end);
        }
    }
    Err(text.len())
}

/// Writes a character that stands for itself, in brackets and outside.
fn written(c: char) -> String {
    if c.is_alphanumeric() { c.to_string() } else { format!("\\x{{{:x}}}", u32::from(c)) }
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
