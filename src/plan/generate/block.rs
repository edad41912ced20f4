//! One block: an object's arguments, or those of several in which what differs comes from `for_each`.

use super::draft::{Argument, Target, Written};
use super::{names, text};
use crate::addr::{ObjectKey, is_identifier};
use crate::kind::{self, Attribute, Kind};
use crate::state::ProviderAddr;
use crate::value;
use std::collections::BTreeSet;

/// An object of a block.
pub(super) struct Member<'m> {
    pub(super) key: ObjectKey,
    pub(super) arguments: &'m [Argument],
}

/// Writes blocks, and remembers which variables they need.
pub(super) struct Writer<'w> {
    taken: &'w dyn Fn(&str) -> bool,
    /// The addresses of the objects that others may refer to.
    addresses: &'w [String],
    used: BTreeSet<String>,
    pub(super) variables: Vec<String>,
}

/// What is to be known while one block is written.
struct Here<'h> {
    kind: &'h Kind,
    name: &'h str,
    /// For each member the values in which it differs.
    rows: Vec<Vec<text::Entry>>,
    /// They differ in one place, which needs no name.
    single: bool,
    fields: BTreeSet<String>,
    /// The variables' blocks.
    variables: String,
}

impl<'w> Writer<'w> {
    pub(super) fn new(taken: &'w dyn Fn(&str) -> bool, addresses: &'w [String]) -> Self {
        Self { taken, addresses, used: BTreeSet::new(), variables: Vec::new() }
    }

    /// The blocks of the variables that a block needs, and the block. All members have the same arguments.
    pub(super) fn block(
        &mut self,
        kind: &Kind,
        provider: Option<&ProviderAddr>,
        name: &str,
        members: &[Member<'_>],
    ) -> (String, String) {
        let arguments = arguments(kind, name, members);
        let differing: usize = arguments.iter().map(|(_, parts)| differences(parts)).sum();
        let rows = vec![Vec::new(); members.len()];
        let (fields, variables) = (BTreeSet::new(), String::new());
        let mut here = Here { kind, name, rows, single: differing == 1, fields, variables };
        let mut body = String::new();
        for (argument, parts) in &arguments {
            let written = self.part(&mut here, argument, parts);
            body.push_str(&format!("{argument} = {written}\n"));
        }
        let mut text = format!("\n{} {} {{\n", kind.name, value::quote(name));
        if let Some(ProviderAddr { name, alias }) = provider {
            let alias = alias.as_ref().map(|alias| format!(".{alias}")).unwrap_or_default();
            text.push_str(&format!("provider = {name}{alias}\n"));
        }
        if members.len() > 1 {
            text.push_str(&format!("for_each = {}\n\n", table(members, &here.rows, here.single)));
        }
        text.push_str(&body);
        text.push_str("}\n");
        (here.variables, text)
    }

    /// A value, or what stands for the values of all members.
    fn part(&mut self, here: &mut Here<'_>, what: &str, parts: &[&Written]) -> String {
        match parts[0] {
            Written::Withheld { what, sensitive } => self.variable(here, what, *sensitive, parts.len() > 1),
            Written::Entries(entries) => {
                let entry = |(at, (key, _)): (usize, &(String, Written))| {
                    let inner: Vec<&Written> = parts.iter().filter_map(|part| entry(part, at)).collect();
                    (key.clone(), self.part(here, key, &inner))
                };
                text::entries(&entries.iter().enumerate().map(entry).collect::<Vec<_>>())
            }
            one if differences(parts) == 0 => self.text(one),
            _ => {
                let field = names::free(&names::clean(what, "value"), "", &mut here.fields, |_| false);
                for (row, part) in here.rows.iter_mut().zip(parts) {
                    row.push((field.clone(), self.text(part)));
                }
                if here.single { "each.value".to_owned() } else { format!("each.value.{field}") }
            }
        }
    }

    fn text(&self, written: &Written) -> String {
        match written {
            Written::Text { text, .. } => text.clone(),
            Written::Refers(Target::Known(text)) => text.clone(),
            Written::Refers(Target::New(index, attribute)) => match self.addresses.get(*index) {
                Some(address) => format!("{address}.{attribute}"),
                None => "null".to_owned(),
            },
            // These are never asked for by themselves.
            Written::Withheld { .. } | Written::Entries(_) => "null".to_owned(),
        }
    }

    /// A variable of its own for what the API does not tell; of several objects, a map by their keys.
    fn variable(&mut self, here: &mut Here<'_>, what: &str, sensitive: bool, several: bool) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let base: String = format!("{}_{what}", here.name).chars().map(word).collect();
        let base = if is_identifier(&base) { base } else { format!("v_{base}") };
        let name = names::free(&base, "", &mut self.used, self.taken);
        let of = format!("{}.{}", here.kind.name, here.name);
        let (each, ty, index) = match several {
            true => (", each object's by its key", "map(string)", "[each.key]"),
            false => ("", "string", ""),
        };
        let comment = match sensitive {
            true => format!("# A secret of {of}{each}: the API does not tell it."),
            false => format!("# The `{what}` of {of}{each}: the API does not tell it."),
        };
        let mark = if sensitive { "sensitive = true\n" } else { "" };
        here.variables
            .push_str(&format!("\n{comment}\nvariable {} {{\ntype = {ty}\n{mark}}}\n", value::quote(&name)));
        self.variables.push(name.clone());
        format!("var.{name}{index}")
    }
}

/// The arguments that are written, each with what it is for all members.
fn arguments<'m>(kind: &Kind, name: &str, members: &[Member<'m>]) -> Vec<(&'m str, Vec<&'m Written>)> {
    let all = members[0].arguments.iter().enumerate().map(|(at, (argument, _))| {
        (argument.as_str(), members.iter().map(|member| &member.arguments[at].1).collect::<Vec<_>>())
    });
    all.filter(|(argument, parts)| {
        let attribute = kind.attributes.get(*argument);
        attribute.is_some_and(|attribute| !is_default(attribute, name, members, parts))
    })
    .collect()
}

/// In how many places of an argument the members differ.
fn differences(parts: &[&Written]) -> usize {
    match parts[0] {
        Written::Withheld { .. } => 0,
        Written::Entries(entries) => (0..entries.len())
            .map(|at| differences(&parts.iter().filter_map(|part| entry(part, at)).collect::<Vec<_>>()))
            .sum(),
        one => usize::from(parts.iter().any(|part| *part != one)),
    }
}

fn entry(part: &Written, at: usize) -> Option<&Written> {
    match part {
        Written::Entries(entries) => entries.get(at).map(|(_, written)| written),
        _ => None,
    }
}

/// What `for_each` goes over.
fn table(members: &[Member<'_>], rows: &[Vec<text::Entry>], single: bool) -> String {
    let key = |member: &Member<'_>| match &member.key {
        ObjectKey::Name(key) => key.to_string(),
        _ => String::new(),
    };
    let entries: Vec<text::Entry> = members
        .iter()
        .zip(rows)
        .map(|(member, row)| match row.as_slice() {
            [(_, value)] if single => (key(member), value.clone()),
            row => (key(member), text::entries(row)),
        })
        .collect();
    if rows.iter().all(Vec::is_empty) {
        let keys: Vec<String> = entries.iter().map(|(key, _)| value::quote(key)).collect();
        return format!("toset([{}])", keys.join(", "));
    }
    text::entries(&entries)
}

/// Whether the kind takes this by itself, for each member.
fn is_default(attribute: &Attribute, name: &str, members: &[Member<'_>], parts: &[&Written]) -> bool {
    members.iter().zip(parts).all(|(member, part)| {
        let default = kind::default_value(attribute, name, &member.key).ok().flatten();
        default.is_some_and(
            |default| matches!(part, Written::Text { text, .. } if *text == text::expression(&default)),
        )
    })
}
