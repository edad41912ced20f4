//! Objects ↔ the JSON of an API, as a kind describes it: where each attribute stands, what comes back as text, what is
//! masked, where the marker hides.

use super::{MARKER_PREFIX, Object, Update};
use crate::addr::Name;
use crate::kind::words::Words;
use crate::kind::{Attribute, Kind, echoed, identity_text, secrets, sent};
use crate::value::{
    Fields, Marks, Path, PathStep, Str, Type, Value, convert, from_json_text, transform, walk,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Returns what makes an object: all arguments that are not null, and the marker.
pub(super) fn whole(kind: &Kind, desired: &Value, marker: Option<&str>) -> Result<Value, String> {
    entire(kind, desired, marker, |_| true)
}

/// Returns what replaces an object whole.
pub(super) fn replacement(kind: &Kind, update: &Update<'_>) -> Result<Value, String> {
    entire(kind, update.desired, update.marker, |attribute| {
        !attribute.write_only || is_resent(attribute, update)
    })
}

fn entire(
    kind: &Kind,
    desired: &Value,
    marker: Option<&str>,
    wanted: impl Fn(&Attribute) -> bool,
) -> Result<Value, String> {
    let mut body = Tree::default();
    for attribute in sent_in_body(kind).filter(|attribute| wanted(attribute)) {
        let value = desired.get_attr(&attribute.name).unwrap_or(&Value::Null(Type::Dynamic));
        let value = match clear(attribute, value)? {
            Value::Null(_) => None,
            value => entries(attribute, &value).or(Some(value)),
        };
        let value = with_marker(kind, attribute, value, marker);
        if let Some(value) = value {
            body.put(&attribute.at, wrapped(attribute, value));
        }
    }
    Ok(body.value())
}

/// Returns what changes what `update` names and nothing else; `None` if nothing of it travels in a body.
pub(super) fn changes(kind: &Kind, update: &Update<'_>) -> Result<Option<Value>, String> {
    let mut body = Tree::default();
    for (name, keys) in by_attribute(update.paths) {
        let Some(attribute) = sent_in_body(kind).find(|attribute| *attribute.name == *name) else { continue };
        let desired = update.desired.get_attr(&name).unwrap_or(&Value::Null(Type::Dynamic));
        let desired = clear(attribute, desired)?;
        let is_map = !matches!(&desired, Value::Tuple(_) | Value::List(..) | Value::Set(..));
        if attribute.partial && is_map && (keys.is_some() || !desired.is_null()) {
            let prior = update.prior.get_attr(&name);
            put_entries(&mut body, attribute, prior, &desired, keys);
            continue;
        }
        let given = Some(desired).filter(|value| !value.is_null());
        let value = with_marker(kind, attribute, given, update.marker);
        let value = value.map(|value| wrapped(attribute, value));
        body.put(&attribute.at, value.unwrap_or_else(|| empty(kind, attribute)));
    }
    for attribute in sent_in_body(kind).filter(|attribute| is_resent(attribute, update)) {
        let value = update.desired.get_attr(&attribute.name).unwrap_or(&Value::Null(Type::Dynamic));
        let value = clear(attribute, value)?;
        if !value.is_null() {
            body.put(&attribute.at, wrapped(attribute, value));
            put_along(&mut body, kind, attribute, update)?;
        }
    }
    Ok((!body.0.is_empty()).then(|| body.value()))
}

/// Puts what a value that is sent again needs beside it: as a whole, but for what was not declared.
fn put_along(body: &mut Tree, kind: &Kind, attribute: &Attribute, update: &Update<'_>) -> Result<(), String> {
    for other in attribute.along.iter().filter_map(|name| kind.attributes.get(name)) {
        let value = update.desired.get_attr(&other.name).unwrap_or(&Value::Null(Type::Dynamic));
        let value = clear(other, value)?;
        for (key, value) in entries(other, &value).iter().flat_map(Value::elements) {
            let Some(key) = key.as_str() else { continue };
            let at: Vec<String> = other.at.iter().cloned().chain([key.to_owned()]).collect();
            body.put(&at, value);
        }
    }
    Ok(())
}

/// Whether anything of an update travels in a body.
pub(super) fn touches_body(kind: &Kind, update: &Update<'_>) -> bool {
    let named = |attribute: &Attribute| by_attribute(update.paths).contains_key(&*attribute.name);
    sent_in_body(kind).any(|attribute| named(attribute) || is_resent(attribute, update))
}

/// Whether an update sends a write-only value again: because a secret changes beside which it must be given, or something that
/// stands in the state for this purpose alone.
fn is_resent(attribute: &Attribute, update: &Update<'_>) -> bool {
    let causes = |path: &Path| {
        let name = path.0.first().and_then(step_name)?;
        let named = attribute.resend.iter().any(|other| **other == *name);
        let value = update.desired.get_attr(&name).filter(|_| named)?;
        // One entry of a map, or the whole; an entry that is declared no more is no new secret.
        let (whole, part) = match path.0.get(1).and_then(step_name) {
            Some(key) => (false, value.get_attr(&key)?),
            None => (!matches!(value.unmarked(), Value::Object(_) | Value::Map(..)), value),
        };
        Some(whole || part.contains_marks(Marks::SENSITIVE))
    };
    attribute.write_only && update.paths.iter().any(|path| causes(path).unwrap_or(false))
}

/// Elements as the API takes them: objects that have the value under a key. What nobody gave inside is left out.
fn wrapped(attribute: &Attribute, value: Value) -> Value {
    let value = sent(&attribute.constraint, &value);
    let Some(key) = &attribute.wrap else { return value };
    let wrap = |value: Value| Value::object([(Str::from(key.as_str()), value)].into());
    match &value {
        Value::Tuple(_) | Value::List(..) | Value::Set(..) => {
            Value::tuple(value.elements().map(|(_, value)| wrap(value)).collect())
        }
        _ => wrap(value),
    }
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
    kind.attributes.values().filter(|attribute| attribute.in_body())
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
}

/// Reads the text of an answer; numbers keep all their digits.
pub(super) fn json(text: &str) -> Result<Value, String> {
    from_json_text(text).map_err(|error| format!("the answer is not JSON: {}", error.message))
}

/// The set of strings that a list of members holds.
pub(super) fn members(attribute: &Attribute, json: &Value) -> Result<Value, String> {
    typed(attribute, &unwrapped(attribute, json))
}

/// What is known of an object beside an answer: the path it was asked at.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) values: &'a Value,
}

/// Returns the object that an answer describes.
pub(super) fn object(kind: &Kind, answer: &Value, known: Known<'_>) -> Result<Object, String> {
    if !matches!(answer, Value::Object(_)) {
        return Err("the answer is not an object".to_owned());
    }
    let id = identity(kind, answer, known)?;
    let mut values = Vec::with_capacity(kind.attributes.len());
    let mut marker = None;
    for attribute in kind.attributes.values() {
        let mut value = match &*attribute.name {
            // An answer need not repeat what it was asked for.
            "id" if at(answer, &attribute.at).is_none() => identified(attribute, &id),
            _ => read(kind, attribute, answer, known)?,
        };
        if kind.marker.as_ref() == Some(&attribute.name) {
            (value, marker) = without_marker(value);
        }
        values.push((Str::from(&attribute.name), value));
    }
    Ok(Object { id, values: secrets(kind, Value::object(values.into_iter().collect())), marker })
}

fn identified(attribute: &Attribute, id: &str) -> Value {
    attribute.convert(&Value::string(id)).unwrap_or_else(|_| Value::null(attribute.ty()))
}

/// The object as it was read, with what only the answer to its creation said.
pub(super) fn with_once(kind: &Kind, read: Object, made: &Object) -> Object {
    let Value::Object(values) = &read.values else { return read };
    let once = kind.attributes.values().filter(|attribute| attribute.once);
    let known = once.filter_map(|attribute| {
        let value = made.values.get_attr(&attribute.name).filter(|value| value.is_wholly_known())?;
        Some((Str::from(&*attribute.name), value.clone()))
    });
    Object { values: Value::Object(values.with(known)), ..read }
}

/// Whether an answer leaves out a part, as the short forms of lists do: the whole object must be read then.
pub(super) fn is_short(kind: &Kind, answer: &Value) -> bool {
    let apart = |a: &Attribute| a.members.is_some();
    let absent =
        |a: &Attribute| a.partial && a.echo && a.in_body() && !a.write_only && at(answer, &a.at).is_none();
    kind.attributes.values().any(|a| absent(a) || apart(a))
}

/// Returns the identity: what an answer carries, else what the user chose, else by what it was asked for.
pub(super) fn identity(kind: &Kind, answer: &Value, known: Known<'_>) -> Result<Arc<str>, String> {
    let said = |key: &Name| at(answer, &kind.attributes.get(key)?.at);
    let chosen = |key: &Name| {
        let value = said(key).filter(|value| identity_text(value).is_some()).or(known.values.get_attr(key));
        Some((Str::from(&**key), value?.clone()))
    };
    let carried = match kind.key.is_empty() {
        true => at(answer, &kind.id).and_then(identity_text),
        false => kind.chosen(&Value::object(kind.key.iter().filter_map(chosen).collect())),
    };
    // Only where identities come in a header may answers lack them: elsewhere an answer without one is something else.
    let elsewhere = kind.create.as_ref().is_some_and(|create| create.id_header.is_some());
    let found = carried.or_else(|| known.id.filter(|_| elsewhere).map(Arc::from));
    found.ok_or_else(|| format!("the answer has no `{}`", kind.id.join(".")))
}

/// An object with a text put where an attribute stands.
pub(super) fn placed(object: &Value, at: &[String], text: &Str) -> Value {
    let Some((key, rest)) = at.split_first() else { return Value::string(text.clone()) };
    let mut fields = match object {
        Value::Object(fields) => fields.to_map(),
        _ => BTreeMap::new(),
    };
    let inner = fields.get(key.as_str()).cloned().unwrap_or_else(|| Value::object(Fields::default()));
    fields.insert(key.as_str().into(), placed(&inner, rest, text));
    Value::object(fields.into())
}

/// What stands at a path of JSON keys.
pub(super) fn at<'a>(json: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(json, |json, key| match json {
        Value::Object(fields) => fields.get(key.as_str()),
        _ => None,
    })
}

fn read(kind: &Kind, attribute: &Attribute, answer: &Value, known: Known<'_>) -> Result<Value, String> {
    let ty = attribute.ty();
    if let Some(toggle) = &attribute.toggle {
        let Some(read) = &toggle.read else { return Ok(Value::unknown(ty)) };
        let state = Words::new().with("object", answer.clone()).value(read);
        return Ok(state.ok().and_then(|v| convert(&v, &ty).ok()).unwrap_or_else(|| Value::null(ty)));
    }
    if attribute.local || !attribute.echo || attribute.members.is_some() {
        // Nothing is said of it: what is recorded stays.
        return Ok(Value::unknown(ty));
    }
    let found = at(answer, &attribute.at).filter(|value| !value.is_null() && !attribute.write_only);
    let Some(found) = found else { return Ok(unsaid(kind, attribute, known)) };
    let found = unwrapped(attribute, found);
    let value = if attribute.text { echoed(attribute, &found) } else { typed(attribute, &found)? };
    Ok(unmasked(attribute, value))
}

/// What an attribute is that an answer leaves out.
fn unsaid(kind: &Kind, attribute: &Attribute, known: Known<'_>) -> Value {
    let ty = attribute.ty();
    if attribute.once {
        return Value::unknown(ty);
    }
    if !attribute.parent && !kind.is_key(&attribute.name) {
        return Value::null(ty);
    }
    match known.values.get_attr(&attribute.name).filter(|value| value.is_wholly_known()) {
        // It was asked for without: an object elsewhere would have been found at another path.
        Some(value) if !value.is_null() || kind.is_read_below(attribute) => value.clone(),
        _ => Value::unknown(ty),
    }
}

fn typed(attribute: &Attribute, value: &Value) -> Result<Value, String> {
    attribute.convert(value).map_err(|problem| {
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
    let mut masked = false;
    walk(&value, &mut |_, part| {
        masked |= is_mask(attribute, part);
        !masked
    });
    if !masked {
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
