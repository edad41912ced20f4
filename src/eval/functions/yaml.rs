//! `yamldecode`: one YAML document becomes a value of tuples, objects and primitives.
//!
//! The values are built from the parser's events with a stack, so nesting costs no stack of ours. An alias shares
//! what its anchor holds, but is counted as if it were written out: a value that small text makes huge is refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use libyaml_safer::{Error, ErrorKind, Event, EventData, Mark, Parser, ScalarStyle};

use crate::diag::guarded;
use crate::value::{Str, Type, Value, convert, go_quote};

use super::arguments::Arguments;
use super::call::CallError;
use super::yaml_scalar::resolve;

/// The most values in a document, aliases written out.
const MOST_VALUES: usize = 1_000_000;
const DEEPEST: usize = 1_000;

pub(super) fn decode(args: &Arguments) -> Result<Value, CallError> {
    from_yaml_text(args.text(0))
}

/// Reads one document; a text with several is refused.
pub fn from_yaml_text(text: &str) -> Result<Value, CallError> {
    // The parser panics on some texts that mean nothing, such as `[!,`.
    let read = guarded(|| document(text));
    read.unwrap_or_else(|_| Err(CallError::failed("did not find what a document consists of")))
}

fn document(text: &str) -> Result<Value, CallError> {
    let whole = if text.ends_with('\n') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}\n")) };
    let mut bytes = whole.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut bytes);
    let unended = unended(text);
    let mut builder = Builder { slashes: escaped_slashes(text), unended, ..Builder::default() };
    let mut documents = 0;
    loop {
        let event = parser.parse().map_err(|error| syntax_error(&error))?;
        let fail = |message: String| CallError::Failed(placed(event.start_mark, &message));
        match &event.data {
            EventData::DocumentStart { .. } if documents > 0 => {
                return Err(fail("unexpected extra content after value".to_owned()));
            }
            EventData::DocumentStart { version_directive: Some(version), .. } if version.minor != 1 => {
                return Err(fail("found incompatible YAML document".to_owned()));
            }
            EventData::DocumentStart { .. } => documents += 1,
            EventData::StreamEnd => {
                let root = builder.root.map(|(value, _)| value);
                return root.ok_or_else(|| fail("missing start of document".to_owned()));
            }
            _ => builder.event(&event).map_err(fail)?,
        }
    }
}

/// What is wrong with the text. Terraform counts the lines of these from zero, and leaves the first one out.
fn syntax_error(error: &Error) -> CallError {
    let at = error.problem_mark().unwrap_or_default();
    let scanner = error.kind() == ErrorKind::Scanner && at.line > 0;
    CallError::Failed(match scanner {
        true => format!("on line {}, column 1: {}", at.line + 1, error.problem()),
        false => placed(at, error.problem()),
    })
}

fn placed(at: Mark, message: &str) -> String {
    match at.line {
        0 => message.to_owned(),
        line => format!("on line {line}, column {}: {message}", at.column + 1),
    }
}

/// The last line of a text, if nothing ends it, and how many bytes there are before the end that the parser needs.
fn unended(text: &str) -> Option<(String, u64)> {
    let last = text.rsplit('\n').next().filter(|last| !last.is_empty())?;
    Some((last.to_owned(), text.len() as u64))
}

/// The text of a block that ends with the document, without the end of line that was not there.
fn without_end<'t>(block: &'t str, last: &str) -> &'t str {
    let Some(shorter) = block.strip_suffix('\n') else { return block };
    let kept = shorter.rsplit('\n').next().unwrap_or_default();
    let is_blank = |line: &str| line.bytes().all(|b| b == b' ');
    // A blank last line is none of the block's, unless the block says so itself.
    if is_blank(last) && !is_blank(kept) { block } else { shorter }
}

/// Where `\/` stands: an escape that YAML has since 1.2.
fn escaped_slashes(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped && c == '/' {
            found.push(at as u64);
        }
        escaped = c == '\\' && !escaped;
    }
    found
}

/// A value and how many values it consists of.
type Sized = (Value, usize);

/// A collection that is being read.
enum Open {
    Sequence { anchor: Option<String>, items: Vec<Value>, size: usize },
    Mapping { anchor: Option<String>, entries: BTreeMap<Str, Value>, key: Option<Key>, size: usize },
}

/// A mapping's key, when its value is awaited.
enum Key {
    Name(Str),
    Merge,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<String, Sized>,
    /// The anchors of what is being read: nothing can refer to them yet.
    unfinished: HashSet<String>,
    /// See [`unended`].
    unended: Option<(String, u64)>,
    /// Where an escape stands that is none here.
    slashes: Vec<u64>,
    root: Option<Sized>,
}

impl Builder {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        match &event.data {
            EventData::Scalar { anchor, tag, value, style, .. } => {
                self.scalar(event, value, *style, tag.as_deref(), anchor.clone())
            }
            EventData::Alias { anchor } => {
                let sized = self.aliased(anchor)?;
                self.add(sized, None)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                check_tag("sequence", tag.as_deref(), "seq")?;
                self.begin(Open::Sequence { anchor: anchor.clone(), items: Vec::new(), size: 1 })
            }
            EventData::MappingStart { anchor, tag, .. } => {
                check_tag("mapping", tag.as_deref(), "map")?;
                let anchor = anchor.clone();
                self.begin(Open::Mapping { anchor, entries: BTreeMap::new(), key: None, size: 1 })
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn aliased(&self, anchor: &str) -> Result<Sized, String> {
        let name = go_quote(anchor);
        if self.unfinished.contains(anchor) {
            return Err(format!("cannot refer to anchor {name} from inside its own definition"));
        }
        let sized = self.anchors.get(anchor).cloned();
        sized.ok_or_else(|| format!("reference to undefined anchor {name}"))
    }

    fn scalar(
        &mut self,
        event: &Event,
        text: &str,
        style: ScalarStyle,
        tag: Option<&str>,
        anchor: Option<String>,
    ) -> Result<(), String> {
        if text == "<<" && tag.is_none() && self.awaits_key() {
            return self.set_key(Key::Merge);
        }
        let within = event.start_mark.index..event.end_mark.index;
        if style == ScalarStyle::DoubleQuoted && self.slashes.iter().any(|at| within.contains(at)) {
            return Err("found unknown escape character".to_owned());
        }
        let text = match &self.unended {
            Some((last, end)) if is_block(style) && event.end_mark.index > *end => without_end(text, last),
            _ => text,
        };
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let value = match tag {
            None if quoted => Value::string(text),
            // What stands in a block is read like plain text first: `yes` in one is the text "true".
            None if is_block(style) => {
                convert(&resolve("", text, false)?, &Type::String).map_err(|error| error.message)?
            }
            tag => resolve(tag.unwrap_or_default(), text, quoted)?,
        };
        self.add((value, 1), anchor)
    }

    fn begin(&mut self, open: Open) -> Result<(), String> {
        if self.awaits_key() {
            return Err("only strings are allowed as mapping keys".to_owned());
        }
        if self.open.len() == DEEPEST {
            return Err(format!("the document is nested more than {DEEPEST} levels deep"));
        }
        let (Open::Sequence { anchor, .. } | Open::Mapping { anchor, .. }) = &open;
        self.unfinished.extend(anchor.clone());
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        match self.open.pop() {
            Some(Open::Sequence { anchor, items, size }) => self.add((Value::tuple(items), size), anchor),
            Some(Open::Mapping { anchor, entries, size, .. }) => {
                self.add((Value::object(entries.into()), size), anchor)
            }
            None => Ok(()),
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping { key: None, .. }))
    }

    fn set_key(&mut self, new: Key) -> Result<(), String> {
        if let Some(Open::Mapping { key, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
        Ok(())
    }

    /// Puts a finished value where it belongs; it is a key if a mapping awaits one.
    fn add(&mut self, sized: Sized, anchor: Option<String>) -> Result<(), String> {
        if self.awaits_key() {
            // As in Terraform, nothing can refer to a key.
            return self.set_key(Key::Name(key_name(&sized.0)?));
        }
        if let Some(anchor) = anchor {
            self.unfinished.remove(&anchor);
            self.anchors.insert(anchor, sized.clone());
        }
        let (value, added) = sized;
        match self.open.last_mut() {
            None => self.root = Some((value, added)),
            Some(Open::Sequence { items, size, .. }) => {
                grow(size, added)?;
                items.push(value);
            }
            Some(Open::Mapping { entries, key, size, .. }) => {
                grow(size, added)?;
                match key.take() {
                    Some(Key::Name(name)) => {
                        entries.insert(name, value);
                    }
                    _ => entries.extend(merged(&value)?),
                }
            }
        }
        Ok(())
    }
}

fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

fn grow(size: &mut usize, added: usize) -> Result<(), String> {
    *size = size.saturating_add(added);
    if *size > MOST_VALUES {
        return Err(format!("the document has more than {MOST_VALUES} values"));
    }
    Ok(())
}

fn key_name(value: &Value) -> Result<Str, String> {
    if value.is_null() {
        return Err("mapping key cannot be null".to_owned());
    }
    match convert(value, &Type::String) {
        Ok(Value::String(name)) => Ok(name),
        _ => Err("only strings are allowed as mapping keys".to_owned()),
    }
}

/// Returns the entries that the value of the key `<<` stands for.
fn merged(value: &Value) -> Result<BTreeMap<Str, Value>, String> {
    match value {
        Value::Object(entries) => Ok(entries.to_map()),
        other => Err(format!("cannot merge {} into mapping", other.ty().friendly_name())),
    }
}

fn check_tag(what: &str, tag: Option<&str>, expected: &str) -> Result<(), String> {
    match tag {
        Some(tag) if tag != format!("tag:yaml.org,2002:{expected}") => {
            Err(format!("can't interpret {what} as {tag}"))
        }
        _ => Ok(()),
    }
}
