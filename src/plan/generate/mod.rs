//! Objects as the API has them → the blocks that would declare them: for `-generate-config-out`, and for whoever adopts many at once.
//!
//! Written is what a person would write: arguments, not what the API computes; no defaults; of a map to which the service adds
//! settings of its own, the entries that its catalogue describes. A secret becomes a sensitive variable, since the API does not tell
//! it and no file shall hold it. Where many are written at once, those that differ in values only share a block, and what names
//! another object refers to it.

use super::settable;
use crate::addr::{Name, ObjectAddr, ObjectKey, ResourceAddr};
use crate::kind::{Kind, Kinds};
use crate::provider::Object;
use crate::state::ProviderAddr;
use crate::value::{self, Value};
use draft::Argument;
use std::collections::{BTreeMap, BTreeSet};

mod block;
mod draft;
mod group;
mod names;
mod refer;
mod text;

use block::{Member, Writer};

/// An object that is to be declared at an address of the root module, without a key.
pub struct Undeclared<'g> {
    pub addr: &'g ObjectAddr,
    pub kind: &'g Kind,
    /// Written out when it is not the kind's own.
    pub provider: Option<&'g ProviderAddr>,
    pub object: &'g Object,
}

/// An object that is to be declared somewhere.
pub struct Adopted<'g> {
    pub kind: &'g Kind,
    pub provider: &'g ProviderAddr,
    pub object: &'g Object,
    /// By which `import` finds it.
    pub id: &'g str,
}

/// An object that a block declares already: what is written may refer to it.
pub struct Existing<'g> {
    pub kind: &'g Kind,
    pub provider: &'g ProviderAddr,
    pub values: &'g Value,
    pub address: String,
}

/// Blocks, formatted, and the variables that they bring along.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    pub text: String,
    /// The `import` blocks; empty where they stand elsewhere already.
    pub imports: String,
    /// The variables whose values only the user knows.
    pub variables: Vec<String>,
    /// How many blocks of objects there are.
    pub blocks: usize,
}

/// Which names are in use.
pub struct Taken<'t> {
    pub resource: &'t dyn Fn(&ResourceAddr) -> bool,
    pub variable: &'t dyn Fn(&str) -> bool,
}

const HEAD: &str = "# __generated__ by Isotope\n\
    # Please review these blocks and move them into your main configuration files.\n";

const IMPORTS_HEAD: &str = "# __generated__ by Isotope\n\
    # What these blocks import is in the state once they are applied: delete this file then.\n";

/// Writes the blocks of these objects, in the order in which they are given. `taken` says which names of variables are in use.
pub fn generate<'g>(
    objects: impl Iterator<Item = Undeclared<'g>>,
    taken: impl Fn(&str) -> bool,
) -> Generated {
    let mut writer = Writer::new(&taken, &[]);
    let mut text = HEAD.to_owned();
    let mut blocks = 0;
    for Undeclared { addr, kind, provider, object } in objects {
        let arguments = draft::arguments(kind, object, &|_, _, _| None);
        let member = Member { key: ObjectKey::Single, arguments: &arguments };
        let (variables, block) = writer.block(kind, provider, &addr.resource.name, &[member]);
        let from = format!("\n# __generated__ by Isotope from {}", value::quote(&object.id));
        text.extend([variables, from, block]);
        blocks += 1;
    }
    let text = crate::syntax::format(&text);
    Generated { text, imports: String::new(), variables: writer.variables, blocks }
}

/// Writes all objects, with the blocks that import them. What exists already is referred to.
pub fn adopt(
    mut objects: Vec<Adopted<'_>>,
    existing: &[Existing<'_>],
    kinds: &Kinds,
    taken: &Taken<'_>,
) -> Generated {
    objects.sort_by_cached_key(group::order);
    let names = refer::Names::new(&objects, existing);
    let drafts: Vec<Vec<Argument>> = objects
        .iter()
        .map(|one| {
            let refer =
                |attribute: &_, key: Option<&str>, value: &_| names.target(one, attribute, key, value);
            draft::arguments(one.kind, one.object, &refer)
        })
        .collect();
    let blocks = named(&objects, group::groups(&objects, &drafts, kinds), taken);
    let addresses = addresses(objects.len(), &blocks);
    let mut writer = Writer::new(taken.variable, &addresses);
    let (mut text, mut imports) = (HEAD.to_owned(), IMPORTS_HEAD.to_owned());
    for block in &blocks {
        let first = &objects[block.members[0].0];
        let members =
            block.members.iter().map(|(index, key)| Member { key: key.clone(), arguments: &drafts[*index] });
        let members: Vec<Member<'_>> = members.collect();
        let default = ProviderAddr { name: first.kind.provider.clone().unwrap_or_default(), alias: None };
        let provider = Some(first.provider).filter(|provider| **provider != default);
        let (variables, written) = writer.block(first.kind, provider, &block.addr.name, &members);
        text.extend([variables, written]);
        imports.push_str(&import(block, &objects));
    }
    let (text, imports) = (crate::syntax::format(&text), crate::syntax::format(&imports));
    Generated { text, imports, variables: writer.variables, blocks: blocks.len() }
}

/// Objects that are written together, under the keys that they get.
struct Block {
    addr: ResourceAddr,
    members: Vec<(usize, ObjectKey)>,
}

/// Finds a name for every block, and keys for the objects of those that have several.
fn named(objects: &[Adopted<'_>], groups: Vec<Vec<usize>>, taken: &Taken<'_>) -> Vec<Block> {
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut blocks = Vec::new();
    for members in groups {
        let first = &objects[members[0]];
        let kind = first.kind;
        let title = |index: usize| names::clean(&title(&objects[index]), &kind.name);
        let (name, more) = match members.as_slice() {
            [one] => (title(*one), apart(&objects[*one])),
            _ => (common(first), ""),
        };
        let addr = |name: &str| ResourceAddr {
            mode: crate::addr::Mode::Managed,
            kind: kind.name.clone(),
            name: name.into(),
        };
        let own = used.entry(&kind.name).or_default();
        let name = names::free(&name, more, own, |name| (taken.resource)(&addr(name)));
        let members = match members.as_slice() {
            [one] => vec![(*one, ObjectKey::Single)],
            many => {
                let mut keys = BTreeSet::new();
                let key = |index: &usize| {
                    let key = names::free(&title(*index), apart(&objects[*index]), &mut keys, |_| false);
                    (*index, ObjectKey::Name(key.as_str().into()))
                };
                many.iter().map(key).collect()
            }
        };
        blocks.push(Block { addr: addr(&name), members });
    }
    blocks
}

/// What a person calls an object; without a name, its kind and id.
fn title(object: &Adopted<'_>) -> String {
    object.kind.title(&object.object.values).unwrap_or_else(|| format!("{} {}", object.kind.name, object.id))
}

/// What tells an object from another of its name: its id, without the name in it.
fn apart<'o>(object: &Adopted<'o>) -> &'o str {
    let title = object.kind.title(&object.object.values).unwrap_or_default();
    let above = object.id.strip_suffix(&title).and_then(|above| above.strip_suffix('/'));
    above.filter(|above| !above.is_empty()).unwrap_or(object.id)
}

/// The name of a block of several objects: what all of them are.
fn common(first: &Adopted<'_>) -> String {
    let sort = first.kind.sort(&first.object.values).map(|sort| names::clean(&sort, &first.kind.name));
    let plural = || first.kind.lookup.plural.as_ref().map(Name::to_string);
    sort.or_else(plural).unwrap_or_else(|| format!("{}_all", first.kind.name))
}

/// The address of every object, by its place in the list.
fn addresses(count: usize, blocks: &[Block]) -> Vec<String> {
    let mut addresses = vec![String::new(); count];
    for block in blocks {
        for (index, key) in &block.members {
            addresses[*index] = format!("{}{key}", block.addr);
        }
    }
    addresses
}

/// The `import` block of a block's objects.
fn import(block: &Block, objects: &[Adopted<'_>]) -> String {
    let to = &block.addr;
    match block.members.as_slice() {
        [(index, ObjectKey::Single)] => {
            format!("\nimport {{\nto = {to}\nid = {}\n}}\n", value::quote(objects[*index].id))
        }
        many => {
            let ids = many.iter().filter_map(|(index, key)| match key {
                ObjectKey::Name(key) => Some((key.to_string(), value::quote(objects[*index].id))),
                _ => None,
            });
            let ids = text::entries(&ids.collect::<Vec<_>>());
            format!("\nimport {{\nfor_each = {ids}\nto = {to}[each.key]\nid = each.value\n}}\n")
        }
    }
}
