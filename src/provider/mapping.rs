//! Objects ↔ the JSON of an API, as a kind describes it: where each attribute stands, what comes back as text, what is
//! masked, where the marker hides.

use super::{MARKER_PREFIX, Object, Update};
use crate::kind::words::Words;
use crate::kind::{Attribute, Kind, echoed, secrets};
use crate::value::{
    Constraint, Path, PathStep, Str, Type, Value, convert, from_json_text, to_json_text, transform,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Returns the body that makes an object, or replaces it whole: all arguments that are not null, and the marker.
pub(super) fn whole(kind: &Kind, desired: &Value, marker: Option<&str>) -> Result<String, String> {
    let mut body = Tree::default();
    for attribute in sent_in_body(kind) {
        let value = desired.get_attr(&attribute.name).unwrap_or(&Value::Null(Type::Dynamic));
        let value = match clear(attribute, value)? {
            Value::Null(_) => None,
            value => entries(attribute, &value).or(Some(value)),
        };
        let value = with_marker(kind, attribute, value, marker);
        if let Some(value) = value {
            body.put(&attribute.at, value);
        }
    }
    body.text()
}

/// Returns the body that changes what `update` names and nothing else; `None` if nothing of it travels in a body.
pub(super) fn changes(kind: &Kind, update: &Update<'_>) -> Result<Option<String>, String> {
    let mut body = Tree::default();
    for (name, keys) in by_attribute(update.paths) {
        let Some(attribute) = sent_in_body(kind).find(|attribute| *attribute.name == *name) else { continue };
        let desired = update.desired.get_attr(&name).unwrap_or(&Value::Null(Type::Dynamic));
        let desired = clear(attribute, desired)?;
        if attribute.partial && (keys.is_some() || !desired.is_null()) {
            let prior = update.prior.get_attr(&name);
            put_entries(&mut body, attribute, prior, &desired, keys);
            continue;
        }
        let given = Some(desired).filter(|value| !value.is_null());
        let value = with_marker(kind, attribute, given, update.marker);
        body.put(&attribute.at, value.unwrap_or_else(|| empty(kind, attribute)));
    }
    if body.0.is_empty() { Ok(None) } else { body.text().map(Some) }
}

/// What clears an attribute: null, but of the collection that may carry markers an empty one.
fn empty(kind: &Kind, attribute: &Attribute) -> Value {
    match kind.marker.as_ref() == Some(&attribute.name) {
        true => Value::tuple(Vec::new()),
        false => Value::null(Type::Dynamic),
    }
}

/// Attributes that travel in a body: what the user sets, without those that are switched by requests of their own.
fn sent_in_body(kind: &Kind) -> impl Iterator<Item = &Attribute> {
    kind.attributes.values().filter(|a| a.is_argument() && a.toggle.is_none())
}

/// A value without marks, and known: what may leave.
fn clear(attribute: &Attribute, value: &Value) -> Result<Value, String> {
    let plain = value.unmark_deep().0;
    if !plain.is_wholly_known() {
        return Err(format!("`{}` is not known, so it cannot be sent", attribute.name));
    }
    Ok(plain)
}

/// The entries of a map that are sent: neither null nor a mask. `None` if it is no map.
fn entries(attribute: &Attribute, value: &Value) -> Option<Value> {
    let (Value::Object(entries) | Value::Map(_, entries)) = value else { return None };
    let sent = entries.iter().filter(|(_, value)| !value.is_null() && !is_mask(attribute, value));
    Some(Value::object(sent.map(|(key, value)| (key.clone(), value.clone())).collect()))
}

fn is_mask(attribute: &Attribute, value: &Value) -> bool {
    attribute.masked.as_deref().is_some_and(|mask| value.as_str() == Some(mask))
}

/// Puts the changed entries of a partial map, each by itself; one that is declared no more is sent as null.
fn put_entries(
    body: &mut Tree,
    attribute: &Attribute,
    prior: Option<&Value>,
    desired: &Value,
    keys: Option<BTreeSet<Str>>,
) {
    let keys = keys.unwrap_or_else(|| {
        prior.into_iter().chain([desired]).flat_map(|map| keys_of(map.unmarked())).collect()
    });
    for key in keys {
        let value = desired.get_attr(&key).cloned().unwrap_or_else(|| Value::null(Type::Dynamic));
        if !is_mask(attribute, &value) {
            let mut at = attribute.at.clone();
            at.push(key.to_string());
            body.put(&at, value);
        }
    }
}

fn keys_of(map: &Value) -> Vec<Str> {
    match map {
        Value::Object(entries) | Value::Map(_, entries) => entries.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The changed attributes; of a map perhaps only some keys.
fn by_attribute(paths: &[Path]) -> BTreeMap<Str, Option<BTreeSet<Str>>> {
    let mut found: BTreeMap<Str, Option<BTreeSet<Str>>> = BTreeMap::new();
    for path in paths {
        let mut steps = path.0.iter().filter_map(step_name);
        let Some(name) = steps.next() else { continue };
        let key = steps.next();
        let keys = found.entry(name).or_insert_with(|| Some(BTreeSet::new()));
        match (key, keys) {
            (Some(key), Some(keys)) => drop(keys.insert(key)),
            (None, keys) => *keys = None,
            (Some(_), None) => {}
        }
    }
    found
}

fn step_name(step: &PathStep) -> Option<Str> {
    match step {
        PathStep::Attr(name) => Some(name.clone()),
        PathStep::Index(key) => key.as_str().map(Str::from),
    }
}

/// The user's value of the attribute that carries markers, with the marker beside it.
fn with_marker(
    kind: &Kind,
    attribute: &Attribute,
    value: Option<Value>,
    marker: Option<&str>,
) -> Option<Value> {
    let (true, Some(marker)) = (kind.marker.as_ref() == Some(&attribute.name), marker) else { return value };
    let own = value.iter().flat_map(Value::elements).map(|(_, element)| element);
    Some(Value::tuple(own.chain([Value::string(marker)]).collect()))
}

/// A JSON object under construction.
#[derive(Default)]
struct Tree(BTreeMap<Str, Node>);

enum Node {
    Leaf(Value),
    Branch(Tree),
}

impl Tree {
    fn put(&mut self, at: &[String], value: Value) {
        let [first, rest @ ..] = at else { return };
        let name = Str::from(first.as_str());
        if rest.is_empty() {
            self.0.insert(name, Node::Leaf(value));
            return;
        }
        let node = self.0.entry(name).or_insert_with(|| Node::Branch(Tree::default()));
        if let Node::Leaf(_) = node {
            *node = Node::Branch(Tree::default());
        }
        if let Node::Branch(tree) = node {
            tree.put(rest, value);
        }
    }

    fn value(self) -> Value {
        let fields = self.0.into_iter().map(|(name, node)| match node {
            Node::Leaf(value) => (name, value),
            Node::Branch(tree) => (name, tree.value()),
        });
        Value::object(fields.collect())
    }

    fn text(self) -> Result<String, String> {
        to_json_text(&self.value()).map_err(|error| error.to_string())
    }
}

/// Reads the text of an answer; numbers keep all their digits.
pub(super) fn json(text: &str) -> Result<Value, String> {
    from_json_text(text).map_err(|error| format!("the answer is not JSON: {}", error.message))
}

/// Returns the object that an answer describes.
pub(super) fn object(kind: &Kind, answer: &Value) -> Result<Object, String> {
    let id = identity(kind, answer)?;
    let mut values = BTreeMap::new();
    let mut marker = None;
    for attribute in kind.attributes.values() {
        let mut value = read(attribute, answer)?;
        if kind.marker.as_ref() == Some(&attribute.name) {
            (value, marker) = without_marker(value);
        }
        values.insert(Str::from(&*attribute.name), value);
    }
    Ok(Object { id, values: secrets(kind, Value::object(values)), marker })
}

/// Whether an answer leaves out a partial map, as the short forms of lists do: the whole object must be read then.
pub(super) fn is_short(kind: &Kind, answer: &Value) -> bool {
    kind.attributes.values().any(|a| a.partial && !a.write_only && at(answer, &a.at).is_none())
}

/// Returns the identity that an answer carries.
pub(super) fn identity(kind: &Kind, answer: &Value) -> Result<Arc<str>, String> {
    match at(answer, &kind.id) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.as_str().into()),
        Some(Value::Number(number)) => Ok(number.to_string().into()),
        _ => Err(format!("the answer has no `{}`", kind.id.join("."))),
    }
}

/// What stands at a path of JSON keys.
pub(super) fn at<'a>(json: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(json, |json, key| match json {
        Value::Object(fields) => fields.get(key.as_str()),
        _ => None,
    })
}

fn read(attribute: &Attribute, answer: &Value) -> Result<Value, String> {
    let ty = attribute.ty();
    if let Some(toggle) = &attribute.toggle {
        let state = Words::new().with("object", answer.clone()).value(&toggle.read);
        return Ok(state.ok().and_then(|v| convert(&v, &ty).ok()).unwrap_or_else(|| Value::null(ty)));
    }
    let found = at(answer, &attribute.at).filter(|value| !value.is_null() && !attribute.write_only);
    let Some(found) = found else { return Ok(Value::null(ty)) };
    let found = unwrapped(attribute, found);
    let value = if attribute.text { echoed(attribute, &found) } else { typed(attribute, &found)? };
    Ok(unmasked(attribute, value))
}

fn typed(attribute: &Attribute, value: &Value) -> Result<Value, String> {
    if attribute.ty() == Type::Dynamic && matches!(attribute.constraint, Constraint::Any | Constraint::Map(_))
    {
        return Ok(value.clone());
    }
    attribute.constraint.apply(value).map_err(|problem| {
        format!("`{}` in the answer is of another type: {problem}", attribute.at.join("."))
    })
}

/// Elements that are objects, by the value that they wrap.
fn unwrapped(attribute: &Attribute, value: &Value) -> Value {
    let (Some(key), Value::Tuple(elements)) = (&attribute.unwrap, value) else { return value.clone() };
    let inner = |element: &Value| match element {
        Value::Object(fields) => fields.get(key.as_str()).cloned().unwrap_or_else(|| element.clone()),
        _ => element.clone(),
    };
    Value::tuple(elements.iter().map(inner).collect())
}

/// A mask says that there is a secret, not which.
fn unmasked(attribute: &Attribute, value: Value) -> Value {
    if attribute.masked.is_none() {
        return value;
    }
    transform(&value, &mut |_, value| match is_mask(attribute, &value) {
        true => Value::unknown_not_null(Type::String).sensitive(),
        false => value,
    })
}

/// Takes every marker out of a collection of strings, and gives the first.
fn without_marker(value: Value) -> (Value, Option<Arc<str>>) {
    let is_marker = |value: &Value| value.as_str().is_some_and(|text| text.starts_with(MARKER_PREFIX));
    let (Value::Set(_, elements) | Value::List(_, elements)) = &value else { return (value, None) };
    let marker = elements.iter().find(|element| is_marker(element));
    let marker = marker.and_then(Value::as_str).map(Arc::from);
    let own = elements.iter().filter(|element| !is_marker(element)).cloned().collect();
    let value = match &value {
        Value::Set(ty, _) => Value::set(ty.clone(), own),
        _ => Value::list(Type::String, own),
    };
    (value, marker)
}
