//! The past of a state: its commits, and what differs between two of them.

use super::Style;
use super::paint::{Ink, columns, count, pad};
use super::plan::content;
use super::rows::{Row, lay_out};
use crate::state::history::{Did, Entry};
use crate::state::{Difference, ObjectDifference, Record, Status};
use crate::value::{Fields, Str, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What is counted of a commit, in this order: the noun, and what it is counted from.
const COUNTED: [(&str, &[Did]); 6] = [
    ("recorded", &[Did::Recorded, Did::Restored]),
    ("removed", &[Did::Removed, Did::RemovedDeposed]),
    ("moved", &[Did::Moved]),
    ("deposed", &[Did::Deposed]),
    ("begun", &[Did::Intended]),
    ("ended", &[Did::Settled]),
];

/// How many changes of each sort a commit has, without those it has none of.
pub(super) fn counts(entry: &Entry) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for change in &entry.changes {
        let noun = COUNTED.iter().find(|(_, all)| all.contains(&change.did)).map(|(noun, _)| *noun);
        let noun = noun.unwrap_or(match change.did {
            Did::SetKey => "key",
            _ => "outputs",
        });
        *counts.entry(noun).or_default() += 1;
    }
    counts
}

/// A line for each commit, the newest first: serial, time (UTC), command, what it changed, and who.
pub fn history(entries: &[Entry], style: &Style) -> String {
    let rows: Vec<[String; 5]> = entries.iter().rev().map(cells).collect();
    let head = ["serial", "time (UTC)", "command", "changes", "who"].map(str::to_owned);
    let widths: Vec<usize> =
        (0..5).map(|at| widest(rows.iter().chain([&head]).map(|row| &row[at]))).collect();
    let line = |row: &[String; 5]| {
        let padded = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{}{cell}", " ".repeat(width - columns(cell))),
            _ => pad(cell, *width),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![style.paint(Ink::Faint, &line(&head))];
    lines.extend(rows.iter().map(line));
    lines.join("\n")
}

fn widest<'t>(texts: impl Iterator<Item = &'t String>) -> usize {
    texts.map(|text| columns(text)).max().unwrap_or(0)
}

fn cells(entry: &Entry) -> [String; 5] {
    let at = jiff::Timestamp::from_second(entry.stamp.at);
    let at = at.map_or_else(|_| "unknown".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string());
    [
        entry.serial.to_string(),
        at,
        entry.stamp.command.to_string(),
        changes(entry),
        entry.stamp.who.to_string(),
    ]
}

/// `recorded instance.a, instance.b; 2 ended`: by name where few are concerned.
fn changes(entry: &Entry) -> String {
    const NAMED: usize = 3;
    let mut parts = Vec::new();
    for (noun, all) in COUNTED {
        let of: Vec<_> = entry.changes.iter().filter(|change| all.contains(&change.did)).collect();
        // The end of an operation names no address; what it was about stands beside it.
        if of.is_empty() || noun == "ended" {
            continue;
        }
        let name = |change: &&crate::state::history::Change| match &change.to {
            Some(to) => format!("{} to {to}", change.at),
            None => change.at.clone(),
        };
        let mut names = of.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
        if of.len() > NAMED {
            names.push_str(&format!(" and {} more", of.len() - NAMED));
        }
        parts.push(format!("{noun} {names}"));
    }
    let counts = counts(entry);
    parts.extend(counts.get("ended").filter(|_| parts.is_empty()).map(|ended| format!("{ended} ended")));
    parts.extend(counts.get("outputs").map(|number| count(*number, "output")));
    parts.extend(counts.get("key").map(|_| "key".to_owned()));
    parts.join("; ")
}

/// What differs, rendered as the details of a plan are.
pub fn difference(difference: &Difference, style: &Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    for object in &difference.objects {
        lines.extend(one(object, style));
    }
    if !difference.outputs.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(style.paint(Ink::Strong, "Outputs:"));
        let rows = difference
            .outputs
            .iter()
            .map(|(name, before, after)| content::change(name, before.as_ref(), after.as_ref(), style));
        lines.extend(lay_out(&rows.collect::<Vec<_>>(), 2, style));
    }
    lines.join("\n")
}

fn one(object: &ObjectDifference, style: &Style) -> Vec<String> {
    let (sign, ink) = match (&object.before, &object.after) {
        (None, _) => ("+", Ink::Added),
        (Some(_), Some(_)) => ("~", Ink::Changed),
        (Some(_), None) => ("-", Ink::Removed),
    };
    let id = object.before.as_ref().or(object.after.as_ref()).map_or("", |record| &*record.id);
    let deposed = object.deposed.as_ref().map(|key| format!(" (deposed object {key})")).unwrap_or_default();
    let name = style.paint(Ink::Strong, &format!("{}{deposed}", object.addr));
    let mut lines = vec![format!("  {} {name}  [id={id}]", style.paint(ink, sign))];
    if let (Some(before), Some(after)) = (&object.before, &object.after) {
        lines.extend(lay_out(&rows(before, after, style), 6, style));
    }
    lines
}

fn rows(before: &Record, after: &Record, style: &Style) -> Vec<Row> {
    let mut rows = match (before.values.unmarked(), after.values.unmarked()) {
        (Value::Object(before), Value::Object(after)) => attributes(before, after, style),
        (one, other) => content::change("values", Some(one), Some(other), style).children,
    };
    let (was, is) = (beside(before), beside(after));
    let differing = is.iter().filter(|(name, value)| was.get(*name) != Some(value));
    rows.extend(differing.map(|(name, value)| content::change(name, was.get(name), Some(value), style)));
    rows
}

fn attributes(before: &Fields, after: &Fields, style: &Style) -> Vec<Row> {
    let names: BTreeSet<&Str> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differing.map(|name| content::change(name, before.get(name), after.get(name), style)).collect()
}

/// What a record says beside the object's attributes.
fn beside(record: &Record) -> BTreeMap<Str, Value> {
    let alias = record.provider.alias.as_ref().map(|alias| format!(".{alias}")).unwrap_or_default();
    [
        ("(status)", Value::string(if record.status == Status::Tainted { "tainted" } else { "ready" })),
        ("(provider)", Value::string(format!("{}{alias}", record.provider.name).as_str())),
        ("(prevent_destroy)", Value::bool(record.prevent_destroy)),
        ("(create_before_destroy)", Value::bool(record.create_before_destroy)),
    ]
    .map(|(name, value)| (Str::new(name), value))
    .into()
}
