//! The values of a kind's objects: their types, defaults and secrets, and the form in which they are compared.

use super::catalogue::is_secret_key;
use super::shape::{conform, foreign, sent};
use super::words::Words;
use super::{Attribute, Kind, Role};
use crate::addr::ObjectKey;
use crate::value::{Constraint, ConvertError, Str, Type, Value, convert, from_json_text, to_json_text};

/// Returns the type of a kind's objects: an object of all attributes.
pub fn schema_type(kind: &Kind) -> Type {
    Type::object(kind.attributes.values().map(|a| (Str::from(&*a.name), a.ty())).collect())
}

impl Attribute {
    /// Returns the type of its values. A map of anything is `Dynamic`, since each value keeps a type of its own.
    pub fn ty(&self) -> Type {
        let ty = self.constraint.ty();
        if self.is_free_map() || ty.has_dynamic() { Type::Dynamic } else { ty }
    }

    /// Converts what a block gives to the attribute's type. In a map of anything each value keeps its own.
    pub fn convert(&self, value: &Value) -> Result<Value, ConvertError> {
        let free = matches!(value.unmarked().ty(), Type::Object(_) | Type::Map(_) | Type::Dynamic);
        match self.is_free_map() && free {
            true if value.is_null() => Ok(Value::null(self.ty())),
            true => Ok(value.clone()),
            false => conform(&self.constraint, value),
        }
    }

    /// The attribute inside the value that the type does not know, and those that it knows.
    pub fn foreign(&self, value: &Value) -> Option<(String, Vec<String>)> {
        foreign(&self.constraint, value)
    }

    /// The value without the optional parts that nobody gave, where its objects have such: what a person would have written.
    pub fn given(&self, value: &Value) -> Option<Value> {
        let is_list = matches!(&self.constraint, Constraint::List(e) if matches!(**e, Constraint::Object(_)));
        (is_list || matches!(self.constraint, Constraint::Object(_))).then(|| sent(&self.constraint, value))
    }

    /// Whether it is a `map(any)`: what an object literal of mixed values gives is kept as it is.
    fn is_free_map(&self) -> bool {
        matches!(&self.constraint, Constraint::Map(element) if matches!(**element, Constraint::Any))
    }
}

/// Returns what an argument is when the user left it out: the kind's default over the block's name and the object's key. `None`
/// without a default; an error is the kind's fault.
pub fn default_value(attribute: &Attribute, name: &str, key: &ObjectKey) -> Result<Option<Value>, String> {
    let Role::Defaulted(expr) = &attribute.role else { return Ok(None) };
    let key = match key {
        ObjectKey::Single => Value::null(Type::String),
        ObjectKey::Index(index) => Value::number(*index),
        ObjectKey::Name(name) => Value::string(&**name),
    };
    let block = [("name".into(), Value::string(name)), ("key".into(), key)];
    let value = Words::new().with("block", Value::object(block.into())).value(expr)?;
    attribute.constraint.apply(&value).map(Some).map_err(|problem| problem.to_string())
}

/// Returns what the service makes of an argument that nobody gives, for an object with these attributes. `None` where that is not known.
pub fn initial_value(attribute: &Attribute, values: &Value) -> Option<Value> {
    let value = Words::new().with_all(values).value(attribute.initial.as_ref()?).ok()?;
    attribute.constraint.apply(&value.unmark_deep().0).ok().filter(Value::is_wholly_known)
}

/// Returns the form in which two values of an attribute are compared: what the API changes by itself is evened out.
///
/// Values of a `text` attribute become strings as the API echoes them, JSON inside them is written anew (keys sorted, no blanks); the
/// elements of a set are put in order. Marks and unknown values stay where they are.
pub fn normalise(attribute: &Attribute, value: &Value) -> Value {
    if !attribute.text {
        return convert(value, &attribute.ty()).unwrap_or_else(|_| value.clone());
    }
    as_text(attribute, value, json_anew)
}

/// Returns a value of a `text` attribute as strings, as the API gives it.
pub(crate) fn echoed(attribute: &Attribute, value: &Value) -> Value {
    as_text(attribute, value, |text| Value::string(text.clone()))
}

fn as_text(attribute: &Attribute, value: &Value, string: fn(&Str) -> Value) -> Value {
    let (plain, marks) = value.unmark();
    let strings = || Type::map(Type::String);
    let entry = |(key, value): (Value, Value)| Some((Str::from(key.as_str()?), text(&value, string)));
    let textual = match &plain {
        Value::Object(_) | Value::Map(..) => {
            Value::map(Type::String, plain.elements().filter_map(entry).collect())
        }
        Value::Null(_) if attribute.is_free_map() => Value::null(strings()),
        Value::Unknown(..) if attribute.is_free_map() => Value::unknown(strings()),
        _ => text(&plain, string),
    };
    textual.mark(marks)
}

/// A value as the text that the API makes of it.
fn text(value: &Value, string: fn(&Str) -> Value) -> Value {
    let (plain, marks) = value.unmark_deep();
    let text = match &plain {
        Value::Null(_) => Value::null(Type::String),
        Value::String(text) => string(text),
        Value::Bool(value) => Value::string(value.to_string()),
        Value::Number(number) => Value::string(number.to_string()),
        whole if whole.is_wholly_known() => {
            to_json_text(whole).map_or_else(|_| Value::unknown(Type::String), Value::string)
        }
        _ => Value::unknown(Type::String),
    };
    text.mark(marks)
}

/// JSON text written our way, if it is an object or array: the API gives such entries back as text, laid out as it likes.
fn json_anew(text: &Str) -> Value {
    let anew = || to_json_text(&from_json_text(text).ok()?).ok();
    let looks_so = text.trim_start().starts_with(['{', '[']);
    Value::string(looks_so.then(anew).flatten().map_or_else(|| text.clone(), Str::from))
}

/// Returns an object's values with everything sensitive marked: what the kind says, what the catalogue calls secret, and what
/// has a secret's name. Null stays unmarked: that nothing is set is no secret.
pub fn secrets(kind: &Kind, values: Value) -> Value {
    if kind.catalogue.is_none() && !kind.attributes.values().any(|a| a.sensitive || a.masked.is_some()) {
        return values;
    }
    let (plain, marks) = values.unmark();
    let Value::Object(attributes) = &plain else { return values };
    let marked = attributes.iter().map(|(name, value)| {
        let value = match kind.attributes.get(&**name) {
            Some(attribute) if attribute.sensitive => hide(value.clone()),
            Some(attribute) => hide_entries(kind, attribute, &plain, value),
            None => value.clone(),
        };
        (name.clone(), value)
    });
    Value::object(marked.collect()).mark(marks)
}

fn hide(value: Value) -> Value {
    if value.is_null() { value } else { value.sensitive() }
}

/// Marks the secret entries of a map.
fn hide_entries(kind: &Kind, attribute: &Attribute, object: &Value, value: &Value) -> Value {
    let described = kind.catalogue.as_ref().filter(|used| used.entries == attribute.name);
    if described.is_none() && attribute.masked.is_none() {
        return value.clone();
    }
    let element = described.and_then(|used| {
        let key = object.get_attr(&used.key)?.unmark().0;
        Some((used.catalogue()?, used.catalogue()?.element(key.as_str()?)))
    });
    let secret = |key: &str| match element {
        Some((catalogue, element)) => catalogue.is_secret(element, key),
        None => is_secret_key(key),
    };
    let (plain, marks) = value.unmark();
    let entry = |(key, value): (&Str, &Value)| {
        (key.clone(), if secret(key) { hide(value.clone()) } else { value.clone() })
    };
    match &plain {
        Value::Object(entries) => Value::object(entries.iter().map(entry).collect()).mark(marks),
        Value::Map(element, entries) => {
            Value::map(element.clone(), entries.iter().map(entry).collect()).mark(marks)
        }
        _ => value.clone(),
    }
}
