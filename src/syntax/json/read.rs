//! JSON text → nodes with spans. The first mistake ends the reading, in the words HCL has for it.

use crate::diag::{Diagnostic, Diagnostics, FileId, Reported, Span, did_you_mean};
use crate::value::Number;

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 250;

/// A JSON value and its place.
pub(super) struct Node {
    pub kind: NodeKind,
    pub span: Span,
}

pub(super) enum NodeKind {
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    Array(Vec<Node>),
    Object(Vec<(Text, Span, Node)>),
}

/// What a JSON string says, and where each byte of that stands in the file.
pub(super) struct Text {
    pub text: String,
    /// The file's offset of the first byte.
    pub start: u32,
    /// The offsets of all bytes and of the end, when escapes moved them.
    offsets: Option<Vec<u32>>,
}

impl Text {
    /// The file's offset of byte `at`.
    pub(super) fn offset(&self, at: u32) -> u32 {
        match &self.offsets {
            None => self.start + at,
            Some(offsets) => offsets.get(at as usize).or(offsets.last()).copied().unwrap_or(self.start),
        }
    }
}

/// Reads a text that is one JSON value.
pub(super) fn read(text: &str, file: FileId, diags: &mut Diagnostics) -> Result<Node, Reported> {
    let mut reader =
        Reader { text, file, at: if text.starts_with('\u{feff}') { 3 } else { 0 }, depth: 0, diags };
    let node = reader.value()?;
    reader.blank();
    if reader.at < text.len() {
        let rest = reader.at..reader.at + 1;
        return Err(reader.fail(
            rest,
            "Extraneous data after value",
            "Extra characters appear after the JSON value.",
        ));
    }
    Ok(node)
}

/// Reads the JSON string that starts at byte `at`.
pub(super) fn string_at(text: &str, file: FileId, at: usize) -> Option<Text> {
    let mut unsaid = Diagnostics::new();
    Reader { text, file, at, depth: 0, diags: &mut unsaid }.string().ok()
}

struct Reader<'a> {
    text: &'a str,
    file: FileId,
    at: usize,
    depth: usize,
    diags: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn blank(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn fail(&mut self, range: std::ops::Range<usize>, summary: &str, detail: impl Into<String>) -> Reported {
        // The end of the file cannot be underlined; what stands last can.
        let text = self.text.trim_end();
        let start = text.floor_char_boundary(range.start.min(text.len().saturating_sub(1)));
        let end = text.ceil_char_boundary(range.end.max(start + 1).min(text.len()));
        let span = Span::new(self.file, start..end.max(start));
        self.diags.error(Diagnostic::error(summary).at(span).detail(detail))
    }

    fn fail_here(&mut self, summary: &str, detail: &str) -> Reported {
        self.fail(self.at..self.at + 1, summary, detail)
    }

    fn value(&mut self) -> Result<Node, Reported> {
        self.blank();
        let start = self.at;
        let kind = match self.peek() {
            _ if start >= self.text.len() => {
                return Err(self.fail_here("Missing value", "The JSON data ends prematurely."));
            }
            b'{' => self.nested(Self::object)?,
            b'[' => self.nested(Self::array)?,
            b'"' => NodeKind::String(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            byte if byte.is_ascii_alphabetic() => self.keyword()?,
            byte => {
                let is_closer = matches!(byte, b'}' | b']' | b',' | b':');
                let summary = if is_closer { "Missing JSON value" } else { "Invalid start of value" };
                let detail =
                    "A JSON value must start with a brace, a bracket, a number, a string, or a keyword.";
                return Err(self.fail_here(summary, detail));
            }
        };
        Ok(Node { kind, span: Span::new(self.file, start..self.at) })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<NodeKind, Reported>) -> Result<NodeKind, Reported> {
        if self.depth >= MAX_DEPTH {
            let detail = format!("At most {MAX_DEPTH} levels of nesting are read.");
            return Err(self.fail(self.at..self.at + 1, "JSON nested too deeply", detail));
        }
        self.depth += 1;
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    fn object(&mut self) -> Result<NodeKind, Reported> {
        let open = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank();
            let start = self.at;
            match self.peek() {
                b'}' if items.is_empty() => break,
                b'"' => {}
                _ if start >= self.text.len() => return Err(self.unclosed(open, "object", "brace")),
                _ => {
                    let detail = "A JSON object property name must be a string";
                    return Err(self.fail_here("Invalid object property name", detail));
                }
            }
            let name = self.string()?;
            let span = Span::new(self.file, start..self.at);
            self.blank();
            if self.peek() != b':' {
                let detail = "A colon must appear between an object property's name and its value.";
                return Err(self.fail_here("Missing property value colon", detail));
            }
            self.at += 1;
            items.push((name, span, self.value()?));
            if self.closes(open, b'}')? {
                break;
            }
        }
        self.at += 1;
        Ok(NodeKind::Object(items))
    }

    fn array(&mut self) -> Result<NodeKind, Reported> {
        let open = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.peek() != b']' {
            loop {
                items.push(self.value()?);
                if self.closes(open, b']')? {
                    break;
                }
            }
        }
        self.at += 1;
        Ok(NodeKind::Array(items))
    }

    /// After a member: whether the closer follows (which is left), or a comma (which is taken).
    fn closes(&mut self, open: usize, closer: u8) -> Result<bool, Reported> {
        self.blank();
        let in_object = closer == b'}';
        let kind = if in_object { "object" } else { "array" };
        match self.peek() {
            byte if byte == closer => Ok(true),
            b',' => {
                let comma = self.at;
                self.at += 1;
                self.blank();
                if self.peek() != closer {
                    return Ok(false);
                }
                let last = if in_object { "property in an object" } else { "value in an array" };
                let detail = format!("JSON does not permit a trailing comma after the final {last}.");
                Err(self.fail(comma..comma + 1, &format!("Trailing comma in {kind}"), detail))
            }
            b']' if in_object => {
                let detail = "A JSON object must be closed with a brace, not a bracket.";
                Err(self.fail_here("Mismatched braces", detail))
            }
            b'}' => {
                let detail = "A JSON array must be closed with a bracket, not a brace.";
                Err(self.fail_here("Mismatched brackets", detail))
            }
            _ if self.at >= self.text.len() => {
                Err(self.unclosed(open, kind, if in_object { "brace" } else { "bracket" }))
            }
            // The spelling is HCL's.
            _ => {
                let between =
                    if in_object { "property definition in an object" } else { "value in an array" };
                let detail = format!("A comma must appear between each {between}.");
                Err(self.fail_here("Missing attribute seperator comma", &detail))
            }
        }
    }

    fn unclosed(&mut self, open: usize, kind: &str, closer: &str) -> Reported {
        let detail = format!("No closing {closer} was found for this JSON {kind}.");
        self.fail(open..open + 1, &format!("Unclosed {kind}"), detail)
    }

    fn keyword(&mut self) -> Result<NodeKind, Reported> {
        let rest = &self.text[self.at..];
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..len];
        let kind = match word {
            "true" => NodeKind::Bool(true),
            "false" => NodeKind::Bool(false),
            "null" => NodeKind::Null,
            _ => {
                let near = did_you_mean(word, ["true", "false", "null"]);
                let near = near.map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
                let detail = format!("{word:?} is not a valid JSON keyword.{near}");
                return Err(self.fail(self.at..self.at + len, "Invalid JSON keyword", detail));
            }
        };
        self.at += len;
        Ok(kind)
    }

    fn number(&mut self) -> Result<NodeKind, Reported> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        match Some(&rest[..len]).filter(|text| is_json_number(text)).and_then(Number::parse) {
            Some(number) => {
                self.at += len;
                Ok(NodeKind::Number(number))
            }
            None => Err(self.fail(
                self.at..self.at + len,
                "Invalid JSON number",
                "There is a syntax error in the given JSON number.",
            )),
        }
    }

    fn string(&mut self) -> Result<Text, Reported> {
        let open = self.at;
        self.at += 1;
        let mut read = Text { text: String::new(), start: clamp(self.at), offsets: None };
        loop {
            let rest = &self.text[self.at..];
            let run = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            read.push(&rest[..run], self.at);
            self.at += run;
            match self.peek() {
                b'"' => {
                    if let Some(offsets) = &mut read.offsets {
                        offsets.push(clamp(self.at));
                    }
                    self.at += 1;
                    return Ok(read);
                }
                b'\\' => self.escape(&mut read)?,
                _ => {
                    let end = if self.at < self.text.len() { self.at..self.at + 1 } else { open..self.at };
                    return Err(self.bad_string(end));
                }
            }
        }
    }

    fn bad_string(&mut self, range: std::ops::Range<usize>) -> Reported {
        self.fail(range, "Invalid JSON string", "There is a syntax error in the given JSON string.")
    }

    fn escape(&mut self, read: &mut Text) -> Result<(), Reported> {
        let start = self.at;
        let selector = self.text.as_bytes().get(start + 1).copied().unwrap_or(0);
        let (c, len) = match selector {
            b'"' | b'\\' | b'/' => (char::from(selector), 2),
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => match code_point(&self.text[start..]) {
                Some(read) => read,
                None => return Err(self.bad_string(start..start + 2)),
            },
            _ => return Err(self.bad_string(start..start + 2)),
        };
        read.push_escape(c, start);
        self.at = start + len;
        Ok(())
    }
}

impl Text {
    /// Appends characters that stand in the file as they are.
    fn push(&mut self, run: &str, at: usize) {
        if let Some(offsets) = &mut self.offsets {
            offsets.extend((at..at + run.len()).map(clamp));
        }
        self.text.push_str(run);
    }

    fn push_escape(&mut self, c: char, at: usize) {
        let start = self.start;
        let read = self.text.len();
        let offsets = self.offsets.get_or_insert_with(|| (0..read).map(|i| start + clamp(i)).collect());
        offsets.extend(std::iter::repeat_n(clamp(at), c.len_utf8()));
        self.text.push(c);
    }
}

fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// `\uXXXX`, two of them for a character beyond the basic plane; half a pair stands for the replacement character.
fn code_point(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        hex.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(hex, 16).ok())?
    };
    let first = unit(0)?;
    let pair = [first, unit(6).unwrap_or(0)];
    match char::decode_utf16([first]).next()? {
        Ok(c) => Some((c, 6)),
        Err(_) => match char::decode_utf16(pair).next()? {
            Ok(c) => Some((c, 12)),
            Err(_) => Some((char::REPLACEMENT_CHARACTER, 6)),
        },
    }
}

/// JSON's grammar of numbers: no leading zeros, digits on both sides of the dot.
fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let text = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text.starts_with('0')) {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    match rest.strip_prefix(['e', 'E']) {
        None => rest.is_empty(),
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
    }
}
