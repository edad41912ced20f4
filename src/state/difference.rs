//! What differs between two states of one history: objects and outputs, each as it was and as it is.

use super::{DeposedKey, Record, State};
use crate::addr::{Name, ObjectAddr};
use crate::value::{Fields, PathStep, Str, Value};
use std::collections::BTreeSet;

/// Everything that differs, in the order of addresses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    pub objects: Vec<ObjectDifference>,
    /// Name, before, after.
    pub outputs: Vec<(Name, Option<Value>, Option<Value>)>,
}

/// One object. At least one side is there.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectDifference {
    pub addr: ObjectAddr,
    pub deposed: Option<DeposedKey>,
    pub before: Option<Record>,
    pub after: Option<Record>,
}

impl Difference {
    pub fn between(before: &State, after: &State) -> Self {
        let keys: BTreeSet<(&ObjectAddr, Option<&DeposedKey>)> = keys(before).chain(keys(after)).collect();
        let objects = keys.into_iter().filter_map(|(addr, deposed)| {
            let (before, after) = (find(before, addr, deposed), find(after, addr, deposed));
            let differs = !is_same(before, after);
            differs.then(|| ObjectDifference {
                addr: addr.clone(),
                deposed: deposed.cloned(),
                before: before.cloned(),
                after: after.map(|after| with_changed_secrets(before, after)),
            })
        });
        let names: BTreeSet<&Name> = before.outputs.keys().chain(after.outputs.keys()).collect();
        let outputs = names.into_iter().map(|name| (name, before.outputs.get(name), after.outputs.get(name)));
        let outputs = outputs.filter(|(_, before, after)| before != after);
        Self {
            objects: objects.collect(),
            outputs: outputs.map(|(name, one, other)| (name.clone(), one.cloned(), other.cloned())).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.outputs.is_empty()
    }

    /// How many objects were added, changed and removed.
    pub fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for object in &self.objects {
            counts[match (&object.before, &object.after) {
                (None, _) => 0,
                (Some(_), Some(_)) => 1,
                (Some(_), None) => 2,
            }] += 1;
        }
        counts
    }
}

fn keys(state: &State) -> impl Iterator<Item = (&ObjectAddr, Option<&DeposedKey>)> {
    let current = state.records.keys().map(|addr| (addr, None));
    current.chain(state.deposed.keys().map(|(addr, key)| (addr, Some(key))))
}

fn find<'s>(state: &'s State, addr: &ObjectAddr, deposed: Option<&DeposedKey>) -> Option<&'s Record> {
    match deposed {
        None => state.records.get(addr),
        Some(key) => state.deposed.get(&(addr.clone(), key.clone())),
    }
}

/// Fingerprints that are bound to something else cannot be compared.
fn is_same(before: Option<&Record>, after: Option<&Record>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) if before.bound != after.bound => {
            let (bound, fingerprints) = (after.bound.clone(), after.fingerprints.clone());
            *after == Record { bound, fingerprints, ..before.clone() }
        }
        (before, after) => before == after,
    }
}

/// A secret that was given is not kept, so that both sides show the same hole; its fingerprint tells whether it changed. Where it
/// did, the new side gets another secret in its place.
fn with_changed_secrets(before: Option<&Record>, after: &Record) -> Record {
    let mut after = after.clone();
    let Some(before) = before.filter(|before| before.bound == after.bound) else { return after };
    for (path, print) in &after.fingerprints {
        if before.fingerprints.get(path).is_some_and(|old| old != print) {
            after.values = with_part(&after.values, &path.0, &Value::string("another").sensitive());
        }
    }
    after
}

/// The value with another part at the path, if there is one: in a map or an object, whichever the path's step speaks of.
fn with_part(value: &Value, steps: &[PathStep], part: &Value) -> Value {
    let Some((step, rest)) = steps.split_first() else { return part.clone() };
    let name = match step {
        PathStep::Attr(name) => Some(name.clone()),
        PathStep::Index(index) => index.as_str().map(Str::new),
    };
    let inner = |fields: &Fields| {
        let changed =
            name.as_ref().and_then(|name| Some((name.clone(), with_part(fields.get(name)?, rest, part))));
        fields.with(changed)
    };
    match value {
        Value::Object(fields) => Value::object(inner(fields)),
        Value::Map(ty, fields) => Value::map(ty.clone(), inner(fields)),
        other => other.clone(),
    }
}
