//! `yamldecode`: one YAML document becomes a value of tuples, objects and primitives.
//!
//! The values are built from the parser's events with a stack, so nesting costs no stack of ours. An alias shares
//! what its anchor holds, but is counted as if it were written out: a value that small text makes huge is refused.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use crate::value::{Str, Type, Value, convert};

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
    let mut builder = Builder::default();
    let mut document = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| syntax_error(&error))?;
        match event {
            Event::DocumentStart(_) if document > 0 => {
                let (line, column) = (span.start.line(), span.start.col() + 1);
                let message =
                    format!("on line {line}, column {column}: unexpected extra content after value");
                return Err(CallError::failed(message));
            }
            Event::DocumentStart(_) => document += 1,
            event => builder.event(event).map_err(CallError::Failed)?,
        }
    }
    builder
        .root
        .map(|(value, _)| value)
        .ok_or_else(|| CallError::failed("on line 1, column 1: missing start of document"))
}

fn syntax_error(error: &ScanError) -> CallError {
    let (line, column) = (error.marker().line(), error.marker().col() + 1);
    CallError::failed(format!("on line {line}, column {column}: {}", error.info()))
}

/// A value and how many values it consists of.
type Sized = (Value, usize);

/// A collection that is being read.
enum Open {
    Sequence { anchor: usize, items: Vec<Value>, size: usize },
    Mapping { anchor: usize, entries: BTreeMap<Str, Value>, key: Option<Key>, size: usize },
}

/// A mapping's key, when its value is awaited.
enum Key {
    Name(Str),
    Merge,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Sized>,
    root: Option<Sized>,
}

impl Builder {
    fn event(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref()),
            Event::Alias(anchor) => {
                let sized = self.anchors.get(&anchor).cloned();
                let sized = sized.ok_or("cannot refer to an anchor from inside its own definition")?;
                self.add(sized, 0)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag("sequence", tag.as_deref(), "seq")?;
                self.begin(Open::Sequence { anchor, items: Vec::new(), size: 1 })
            }
            Event::MappingStart(anchor, tag) => {
                check_tag("mapping", tag.as_deref(), "map")?;
                self.begin(Open::Mapping { anchor, entries: BTreeMap::new(), key: None, size: 1 })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), String> {
        if text == "<<" && tag.is_none() && self.awaits_key() {
            return self.set_key(Key::Merge);
        }
        let value = match tag {
            None if style != ScalarStyle::Plain => Value::string(text),
            tag => resolve(&tag.map(full_tag).unwrap_or_default(), text, style != ScalarStyle::Plain)?,
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
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        match self.open.pop() {
            Some(Open::Sequence { anchor, items, size }) => self.add((Value::tuple(items), size), anchor),
            Some(Open::Mapping { anchor, entries, size, .. }) => {
                self.add((Value::object(entries), size), anchor)
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
    fn add(&mut self, sized: Sized, anchor: usize) -> Result<(), String> {
        if anchor > 0 {
            self.anchors.insert(anchor, sized.clone());
        }
        if self.awaits_key() {
            return self.set_key(Key::Name(key_name(&sized.0)?));
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
        Value::Object(entries) => Ok(entries.as_ref().clone()),
        other => Err(format!("cannot merge {} into mapping", other.ty().friendly_name())),
    }
}

fn full_tag(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

fn check_tag(what: &str, tag: Option<&Tag>, expected: &str) -> Result<(), String> {
    match tag.map(full_tag) {
        Some(tag) if tag != format!("tag:yaml.org,2002:{expected}") => {
            Err(format!("can't interpret {what} as {tag}"))
        }
        _ => Ok(()),
    }
}
