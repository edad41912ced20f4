//! An object as the API has it → the arguments that one would write for it, before it is known where they stand.

use super::text;
use crate::kind::catalogue::Required;
use crate::kind::{self, Attribute, Kind, Role, normalise};
use crate::provider::Object;
use crate::value::{Marks, Value};

/// An argument's value, or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Written {
    /// What is written as it is. `plain`: one value or a list of such, which may differ among objects that are written together.
    Text {
        text: String,
        plain: bool,
    },
    /// What another object is called by.
    Refers(Target),
    /// What the API does not tell, or tells and no file shall hold: a variable of its own.
    Withheld {
        what: String,
        sensitive: bool,
    },
    Entries(Vec<(String, Written)>),
}

/// An attribute of another object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// One that is written too, by its place in the list, and the attribute.
    New(usize, String),
    /// One that is declared already.
    Known(String),
}

/// An argument by name.
pub(super) type Argument = (String, Written);

/// What is asked of whoever knows the other objects.
pub(super) type Refer<'r> = &'r dyn Fn(&Attribute, Option<&str>, &Value) -> Option<Target>;

/// Returns the arguments: required ones, the name, the others. Left out is what nobody would write; what the kind takes by itself, which depends on the
/// block's name, is left to the writer.
pub(super) fn arguments(kind: &Kind, object: &Object, refer: Refer<'_>) -> Vec<Argument> {
    let draft = Draft { kind, object, refer };
    let mut all: Vec<&Attribute> =
        kind.attributes.values().filter(|attribute| is_written(attribute)).collect();
    all.sort_by_key(|attribute| (!matches!(attribute.role, Role::Required), &*attribute.name != "name"));
    all.into_iter()
        .filter_map(|attribute| Some((attribute.name.to_string(), draft.argument(attribute)?)))
        .collect()
}

/// What the user sets, and what is not handed over once only.
fn is_written(attribute: &Attribute) -> bool {
    super::settable(attribute) && !attribute.write_only && !attribute.local
}

struct Draft<'d> {
    kind: &'d Kind,
    object: &'d Object,
    refer: Refer<'d>,
}

impl Draft<'_> {
    fn argument(&self, attribute: &Attribute) -> Option<Written> {
        let value = self.object.values.get_attr(&attribute.name)?;
        let required = matches!(attribute.role, Role::Required);
        if !value.unmarked().is_known() {
            let sensitive = value.is_sensitive();
            let withheld = || Written::Withheld { what: attribute.name.to_string(), sensitive };
            // A mask says that there is something; of what is never told nobody knows.
            return ((sensitive && attribute.echo) || required).then(withheld);
        }
        if value.is_null() || (!required && self.is_initial(attribute, value)) {
            return None;
        }
        if value.is_sensitive() {
            return Some(Written::Withheld { what: attribute.name.to_string(), sensitive: true });
        }
        let plain = value.unmark().0;
        match &plain {
            Value::List(..) | Value::Set(..) | Value::Tuple(_) => self.list(attribute, &plain),
            Value::Map(..) | Value::Object(_) => self.entries(attribute, &plain),
            _ => Some(match (self.refer)(attribute, None, &plain) {
                Some(target) => Written::Refers(target),
                None => known(text::expression(&plain), &plain),
            }),
        }
    }

    /// Whether the service makes it so by itself.
    fn is_initial(&self, attribute: &Attribute, value: &Value) -> bool {
        let initial = kind::initial_value(attribute, &self.object.values);
        initial.is_some_and(|initial| {
            normalise(attribute, &initial) == normalise(attribute, &value.unmark_deep().0)
        })
    }

    fn list(&self, attribute: &Attribute, list: &Value) -> Option<Written> {
        // Nobody writes an empty one.
        list.elements().next()?;
        let given = attribute.given(list).map(|given| bare(&given));
        let list = given.unwrap_or_else(|| list.clone());
        Some(known(text::expression(&list), &list))
    }

    /// A map's entries, or an object's, without those that nobody would write.
    fn entries(&self, attribute: &Attribute, map: &Value) -> Option<Written> {
        let map = attribute.given(map).unwrap_or_else(|| map.clone());
        let mut entries = Vec::new();
        for (key, value) in map.elements() {
            let Some(key) = key.as_str().map(str::to_owned) else { continue };
            if value.unmarked().is_null() || (attribute.partial && !self.is_own(attribute, &key, &value)) {
                continue;
            }
            let written = self.entry(attribute, &key, &value);
            entries.push((key, written));
        }
        (!entries.is_empty()).then_some(Written::Entries(entries))
    }

    fn entry(&self, attribute: &Attribute, key: &str, value: &Value) -> Written {
        if value.contains_marks(Marks::SENSITIVE) || !value.is_wholly_known() {
            return Written::Withheld { what: key.to_owned(), sensitive: true };
        }
        match (self.refer)(attribute, Some(key), value) {
            Some(target) => Written::Refers(target),
            None if attribute.text => known(text::textual(value), value),
            None => known(text::expression(value), value),
        }
    }

    /// Whether an entry is the user's, as far as can be told: described by the catalogue, and not what the service sets by itself.
    fn is_own(&self, attribute: &Attribute, key: &str, value: &Value) -> bool {
        let used = self.kind.catalogue.as_ref().filter(|used| used.entries == attribute.name);
        let Some((used, catalogue)) = used.and_then(|used| Some((used, used.catalogue()?))) else {
            return true;
        };
        let chosen = self.object.values.get_attr(&used.key).map(|key| key.unmark().0);
        let element = chosen.as_ref().and_then(Value::as_str).and_then(|chosen| catalogue.element(chosen));
        let common = || catalogue.common().iter().find(|entry| entry.key == key);
        let Some(entry) = element.and_then(|element| element.entry(key)).or_else(common) else {
            // Of an element that nobody described, everything may be the user's.
            return element.is_none();
        };
        let text = value.unmark().0;
        let needed = matches!(entry.required, Required::Yes | Required::Likely);
        !entry.server_set && (needed || text.as_str().is_none() || text.as_str() != entry.initial())
    }
}

fn known(text: String, value: &Value) -> Written {
    let scalar = |value: &Value| matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_));
    let plain = match value.unmarked() {
        list @ (Value::List(..) | Value::Set(..) | Value::Tuple(_)) => {
            list.elements().all(|(_, element)| scalar(element.unmarked()))
        }
        other => scalar(other),
    };
    Written::Text { text, plain }
}

/// Elements without the lists and maps in them that are empty: the service shows such in the place of what nobody gave.
fn bare(list: &Value) -> Value {
    let empty = |value: &Value| match value.unmarked() {
        Value::List(..) | Value::Set(..) | Value::Tuple(_) | Value::Map(..) | Value::Object(_) => {
            value.elements().next().is_none()
        }
        _ => false,
    };
    let element = |element: Value| match &element {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !empty(value));
            Value::object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        _ => element,
    };
    Value::tuple(list.elements().map(|(_, value)| element(value)).collect())
}
