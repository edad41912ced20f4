//! Which values are names of other objects: the ids of what is written too, or declared already.

use super::draft::Target;
use super::{Adopted, Existing};
use crate::kind::words::Words;
use crate::kind::{Attribute, Kind, Reference, identity_text};
use crate::state::ProviderAddr;
use crate::value::{Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An object that others may name.
struct Named<'n> {
    kind: &'n Kind,
    provider: &'n ProviderAddr,
    values: &'n Value,
    place: Place<'n>,
}

#[derive(Clone, Copy)]
enum Place<'n> {
    New(usize),
    Declared(&'n str),
}

/// The objects by what they are named by: kind, attribute, value.
pub(super) struct Names<'n> {
    all: Vec<Named<'n>>,
    by_value: BTreeMap<(&'n str, &'n str, Arc<str>), Vec<usize>>,
}

impl<'n> Names<'n> {
    pub(super) fn new(new: &'n [Adopted<'n>], existing: &'n [Existing<'n>]) -> Self {
        let new_ones = new.iter().enumerate().map(|(index, one)| Named {
            kind: one.kind,
            provider: one.provider,
            values: &one.object.values,
            place: Place::New(index),
        });
        let declared = existing.iter().map(|one| Named {
            kind: one.kind,
            provider: one.provider,
            values: one.values,
            place: Place::Declared(&one.address),
        });
        let asked =
            new.iter().flat_map(|one| one.kind.attributes.values()).filter_map(|a| a.refers_to.as_ref());
        let asked: BTreeSet<(&str, &str)> = asked.map(|to| (&*to.kind, &*to.attribute)).collect();
        let all: Vec<Named<'n>> = new_ones.chain(declared).collect();
        let mut by_value: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (kind, attribute) in asked {
            for (index, named) in all.iter().enumerate().filter(|(_, named)| *named.kind.name == *kind) {
                let Some(value) = named.values.get_attr(attribute).and_then(identity_text) else { continue };
                by_value.entry((kind, attribute, value)).or_default().push(index);
            }
        }
        Self { all, by_value }
    }

    /// What a value of an object's attribute names, if it names anything; `key` is where it stands in a map.
    pub(super) fn target(
        &self,
        of: &Adopted<'_>,
        attribute: &Attribute,
        key: Option<&str>,
        value: &Value,
    ) -> Option<Target> {
        let refers = attribute.refers_to.as_ref()?;
        let named = self.find(of, refers, value)?;
        // Only what the object is known by leads back to it: other values are what they are.
        let identity = &*refers.attribute == "id" || named.kind.key == [refers.attribute.clone()];
        if !identity || !self.holds(of, refers, key) {
            return None;
        }
        Some(match named.place {
            Place::New(index) => Target::New(index, refers.attribute.to_string()),
            Place::Declared(address) => Target::Known(format!("{address}.{}", refers.attribute)),
        })
    }

    /// Whether what the kind says of its entries makes this one a name.
    fn holds(&self, of: &Adopted<'_>, refers: &Reference, key: Option<&str>) -> bool {
        let Some(only) = &refers.only else { return true };
        let words = Words::new().with("key", key.map_or_else(|| Value::null(Type::String), Value::string));
        let parent = self.parent(of).map_or_else(|| Value::null(Type::Dynamic), |named| named.values.clone());
        let holds = words.with("parent", parent).value(only);
        holds.is_ok_and(|holds| holds.unmark_deep().0.as_bool() == Some(true))
    }

    /// The object that another one stands below.
    fn parent(&self, of: &Adopted<'_>) -> Option<&Named<'n>> {
        of.kind.attributes.values().filter(|attribute| attribute.parent).find_map(|attribute| {
            let value = of.object.values.get_attr(&attribute.name)?;
            self.find(of, attribute.refers_to.as_ref()?, value)
        })
    }

    /// The one object of that name; of several the one that stands where this one stands, or else below nothing.
    fn find(&self, of: &Adopted<'_>, refers: &Reference, value: &Value) -> Option<&Named<'n>> {
        let found = self.by_value.get(&(&*refers.kind, &*refers.attribute, identity_text(value)?))?;
        let itself = |named: &Named<'_>| std::ptr::eq(named.values, &of.object.values);
        let found = || {
            let all = found.iter().map(|index| &self.all[*index]);
            all.filter(|named| named.provider == of.provider && !itself(named))
        };
        let beside = found().filter(|named| shared(of.kind, named.kind).all(|name| same(of, named, name)));
        let above = found().filter(|named| shared(of.kind, named.kind).all(|name| is_nothing(named, name)));
        one(beside).or_else(|| one(above))
    }
}

/// The attributes by which both kinds say what their objects stand below.
fn shared<'k>(one: &'k Kind, other: &'k Kind) -> impl Iterator<Item = &'k str> {
    let parents = one.attributes.values().filter(|attribute| attribute.parent);
    let both = parents.filter(|a| other.attributes.get(&a.name).is_some_and(|b| b.parent));
    both.map(|attribute| &*attribute.name)
}

fn same(of: &Adopted<'_>, named: &Named<'_>, name: &str) -> bool {
    of.object.values.get_attr(name).and_then(identity_text)
        == named.values.get_attr(name).and_then(identity_text)
}

fn is_nothing(named: &Named<'_>, name: &str) -> bool {
    named.values.get_attr(name).and_then(identity_text).is_none()
}

fn one<'n, 'a: 'n>(mut all: impl Iterator<Item = &'n Named<'a>>) -> Option<&'n Named<'a>> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
