//! Objects that differ in values only, to be written as one block with `for_each`.

use super::Adopted;
use super::draft::{Argument, Target, Written};
use crate::addr::Name;
use crate::kind::{Kind, Kinds};
use crate::state::ProviderAddr;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet};

/// So many blocks of one form are better written once.
const MANY: usize = 3;

/// Returns what is written together, as places in the list: each object once, in the order of the first of each.
pub(super) fn groups(objects: &[Adopted<'_>], drafts: &[Vec<Argument>], kinds: &Kinds) -> Vec<Vec<usize>> {
    let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, (object, draft)) in objects.iter().zip(drafts).enumerate() {
        let form = form(draft);
        let sort = object.kind.sort(&object.object.values).unwrap_or_default();
        alike.entry((&object.kind.name, object.provider, sort, form)).or_default().push(index);
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for members in alike.into_values() {
        let circular = || refers_to_itself(objects[members[0]].kind, kinds);
        match members.len() >= MANY && !circular() {
            true => groups.push(members),
            false => groups.extend(members.into_iter().map(|member| vec![member])),
        }
    }
    groups.sort_by_key(|members| members[0]);
    groups
}

/// Everything of a draft but the values that may differ.
fn form(draft: &[Argument]) -> String {
    draft.iter().map(|(name, written)| format!("{name}={};", part(written))).collect()
}

fn part(written: &Written) -> String {
    match written {
        Written::Text { plain: true, .. } => "*".to_owned(),
        Written::Text { text, .. } => format!("{text:?}"),
        Written::Refers(Target::New(_, attribute)) => format!("new.{attribute}"),
        Written::Refers(Target::Known(_)) => "*".to_owned(),
        Written::Withheld { what, sensitive } => format!("{what:?}{sensitive}"),
        Written::Entries(entries) => {
            let entries = entries.iter().map(|(key, written)| format!("{key:?}={};", part(written)));
            format!("{{{}}}", entries.collect::<String>())
        }
    }
}

/// Whether objects of a kind may name others of it, be it in several steps: in one block they would make a circle.
fn refers_to_itself(kind: &Kind, kinds: &Kinds) -> bool {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Kind> = vec![kind];
    while let Some(next) = open.pop() {
        for refers in next.attributes.values().filter_map(|attribute| attribute.refers_to.as_ref()) {
            if refers.kind == kind.name {
                return true;
            }
            if let Some(other) = kinds.get(&refers.kind).filter(|_| seen.insert(&refers.kind)) {
                open.push(other);
            }
        }
    }
    false
}

/// What tells an object from its like, for the order in which they are written.
pub(super) fn order(object: &Adopted<'_>) -> (Name, ProviderAddr, String, String, u64, String) {
    let title = object.kind.title(&object.object.values).unwrap_or_default().to_lowercase();
    let number = match object.object.values.get_attr("id").map(Value::unmarked) {
        Some(Value::Number(number)) => {
            number.as_i64().and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX)
        }
        _ => u64::MAX,
    };
    let sort = object.kind.sort(&object.object.values).unwrap_or_default();
    (object.kind.name.clone(), object.provider.clone(), sort, title, number, object.id.to_owned())
}
