//! How an object is named from outside: an id that `import` takes, read against the kind's patterns.

use super::{Attribute, Kind, Role};
use crate::addr::Name;
use crate::eval::roots;
use crate::value::{Str, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One way to write an id: `instances/${instance}/${name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPattern(pub(super) Vec<Part>);

/// What stands between two slashes of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// `id`, or an attribute's name.
    Word(Name),
}

/// An id taken apart: the identity, and the attributes that paths need beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub id: String,
    pub values: Value,
}

impl Kind {
    /// Takes an id apart that a person gave. The error says how an id of this kind is written.
    pub fn named(&self, id: &str) -> Result<Named, String> {
        let patterns = self.patterns();
        if patterns.is_empty() {
            return self.found(id.to_owned(), BTreeMap::from([("id", id)]));
        }
        let parts: Vec<&str> = id.split('/').collect();
        let words = patterns.iter().find_map(|pattern| pattern.matches(&parts));
        let Some(words) = words else {
            let forms: Vec<String> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
            return Err(format!("an id of `{}` is written {}", self.name, forms.join(" or ")));
        };
        let id = match self.key.as_slice() {
            [] => words.get("id").copied().unwrap_or(id).to_owned(),
            [key] => words.get(&**key).copied().unwrap_or(id).to_owned(),
            keys => together(keys.iter().filter_map(|key| words.get(&**key).copied())),
        };
        self.found(id, words)
    }

    /// The identity that the user chose, as far as these values tell.
    pub fn chosen(&self, values: &Value) -> Option<Arc<str>> {
        let part = |name: &Name| identity_text(values.get_attr(name)?);
        match self.key.as_slice() {
            [] => None,
            [key] => part(key),
            keys => {
                let parts: Option<Vec<_>> = keys.iter().map(part).collect();
                parts.map(|parts| together(parts.iter().map(|part| &**part)).into())
            }
        }
    }

    /// Whether an attribute is the identity, or a part of it.
    pub fn is_key(&self, attribute: &str) -> bool {
        self.key.iter().any(|key| **key == *attribute)
    }

    /// How an id may be written, where it is more than one word.
    pub fn patterns(&self) -> Vec<IdPattern> {
        let many = self.import.is_empty() && self.key.len() > 1;
        let keys = || IdPattern(self.key.iter().cloned().map(Part::Word).collect());
        if many { vec![keys()] } else { self.import.clone() }
    }

    /// Writes the id by which `import` finds an object, as [`Kind::named`] reads it. `None` if no pattern can say it.
    pub fn import_id(&self, id: &str, values: &Value) -> Option<String> {
        let patterns = self.patterns();
        if patterns.is_empty() {
            return Some(id.to_owned());
        }
        let written = patterns.iter().filter_map(|pattern| pattern.write(id, values));
        // Of several ways of writing it, the one that leads back below the same parents.
        written.into_iter().find(|text| self.named(text).is_ok_and(|named| self.is_named(&named, id, values)))
    }

    /// What a person calls an object: its name, or what else no two of its kind share. `None` if only the id tells it.
    pub fn title(&self, values: &Value) -> Option<String> {
        let own = self.attributes.contains_key("name").then_some("name");
        let names = own.into_iter().chain(self.key.iter().chain(&self.unique).map(|name| &**name));
        names.filter_map(|name| word(values, name)).find(|text| !text.trim().is_empty())
    }

    /// Which entry of its kind's catalogue an object is one of.
    pub fn sort(&self, values: &Value) -> Option<String> {
        word(values, &self.catalogue.as_ref()?.key)
    }

    /// The ways in which objects stand below others: for each, the attributes that a list of them needs to know.
    pub fn places(&self) -> Vec<Vec<&Attribute>> {
        let Some(list) = &self.list else { return Vec::new() };
        let patterns = self.patterns();
        let words = roots(&list.request.path);
        let needed = |name: &&Name| words.contains(&***name) && !self.is_key(name);
        let needed: Vec<&Attribute> =
            self.attributes.keys().filter(needed).map(|name| &self.attributes[name]).collect();
        let said = |attribute: &&&Attribute| {
            patterns.iter().any(|pattern| pattern.words().any(|word| *word == attribute.name))
        };
        let (said, unsaid): (Vec<&Attribute>, Vec<&Attribute>) = needed.iter().partition(|a| said(a));
        let (always, perhaps): (Vec<_>, Vec<_>) =
            unsaid.into_iter().partition(|attribute| matches!(attribute.role, Role::Required));
        let mut places: Vec<Vec<&Attribute>> = match patterns.as_slice() {
            [] => vec![Vec::new()],
            patterns => patterns.iter().map(|pattern| pattern.among(&said)).collect(),
        };
        places.iter_mut().for_each(|place| place.extend(&always));
        let deeper =
            perhaps.iter().flat_map(|more| places.iter().map(|place| [&place[..], &[*more]].concat()));
        let deeper: Vec<_> = deeper.collect();
        places.extend(deeper);
        places
    }

    /// Whether an object that is recorded is the one that an id names: it has the identity, below the same parents.
    pub fn is_named(&self, named: &Named, id: &str, values: &Value) -> bool {
        named.id == id && self.stands_with(&named.values, values)
    }

    /// Whether two objects stand below the same parents, where the path to them leads by those.
    pub fn stands_with(&self, one: &Value, other: &Value) -> bool {
        let mut parents = self.attributes.values().filter(|attribute| attribute.parent);
        parents.all(|attribute| {
            !self.is_read_below(attribute) || one.get_attr(&attribute.name) == other.get_attr(&attribute.name)
        })
    }

    fn found(&self, id: String, words: BTreeMap<&str, &str>) -> Result<Named, String> {
        let mut values = BTreeMap::new();
        for attribute in self.attributes.values() {
            let own = self.key == [attribute.name.clone()] && self.import.is_empty();
            let word = words.get(&*attribute.name).copied().or(own.then_some(id.as_str()));
            let value = match word.map(|word| attribute.convert(&Value::string(word))) {
                Some(Ok(value)) => value,
                // Whether it is an identity is the API's to say.
                Some(Err(problem)) if &*attribute.name != "id" => {
                    return Err(format!("`{}`: {problem}", attribute.name));
                }
                _ => Value::null(attribute.ty()),
            };
            values.insert(Str::from(&*attribute.name), value);
        }
        Ok(Named { id, values: Value::object(values.into()) })
    }
}

/// An identity of several parts.
fn together<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    parts.collect::<Vec<_>>().join("/")
}

/// A value as an identity, or a part of one: text or a number, and never nothing.
pub(crate) fn identity_text(value: &Value) -> Option<Arc<str>> {
    match value.unmarked() {
        Value::String(text) if !text.is_empty() => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

impl IdPattern {
    fn matches<'i>(&self, parts: &[&'i str]) -> Option<BTreeMap<&str, &'i str>> {
        if self.0.len() != parts.len() {
            return None;
        }
        let mut words = BTreeMap::new();
        for (part, text) in self.0.iter().zip(parts) {
            match part {
                Part::Literal(literal) if literal == text => {}
                Part::Word(word) if !text.is_empty() => drop(words.insert(&**word, *text)),
                _ => return None,
            }
        }
        Some(words)
    }

    /// The id of an object in this form; `None` where a word has no value, or one that would be read as two.
    fn write(&self, id: &str, values: &Value) -> Option<String> {
        let part = |part: &Part| match part {
            Part::Literal(literal) => Some(literal.clone()),
            Part::Word(name) if &**name == "id" => Some(id.to_owned()),
            Part::Word(name) => word(values, name),
        };
        let parts: Vec<String> = self.0.iter().map(part).collect::<Option<_>>()?;
        let whole = |part: &String| !part.is_empty() && !part.contains('/');
        parts.iter().all(whole).then(|| parts.join("/"))
    }

    /// Which of some attributes it names.
    fn among<'a>(&self, attributes: &[&'a Attribute]) -> Vec<&'a Attribute> {
        let named = |attribute: &&&Attribute| self.words().any(|word| *word == attribute.name);
        attributes.iter().filter(named).copied().collect()
    }

    /// The words that it names.
    pub(super) fn words(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().filter_map(|part| match part {
            Part::Word(word) => Some(word),
            Part::Literal(_) => None,
        })
    }
}

/// The text of an attribute that is a known string or number.
fn word(values: &Value, name: &str) -> Option<String> {
    identity_text(values.get_attr(name)?).map(|text| text.to_string())
}

impl std::fmt::Display for IdPattern {
    /// As a person reads it: `FORMULA/ID`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            match part {
                Part::Literal(literal) => f.write_str(literal)?,
                Part::Word(word) => f.write_str(&word.to_uppercase())?,
            }
        }
        Ok(())
    }
}
