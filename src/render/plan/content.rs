//! Two values → what changed between them, by their content: maps by key, sets by element, lists by what was inserted, removed or
//! moved, strings by [`text`].

use super::text;
use crate::plan::{Action, Change, Edit};
use crate::render::Style;
use crate::render::paint::{columns, count};
use crate::render::rows::{Row, Symbol};
use crate::render::value::{SENSITIVE, SHORT, UNKNOWN, inline, key, row};
use crate::value::{Fields, Path, Str, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet};

/// The row of a value that appears, disappears or changes.
pub(in crate::render) fn change(
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    style: &Style,
) -> Row {
    match (before, after) {
        (None, None) => Row::named(name).with_symbol(Symbol::Same),
        (None, Some(after)) => row(name, after).all(Symbol::Add),
        (Some(before), None) => row(name, before).all(Symbol::Remove),
        (Some(before), Some(after)) => changed(name, before, after, style).with_symbol(Symbol::Change),
    }
}

fn changed(name: &str, before: &Value, after: &Value, style: &Style) -> Row {
    let row = Row::named(name);
    if is_hidden(before) || is_hidden(after) {
        return row.with_value("(sensitive, changed)");
    }
    let (was, is) = (before.unmarked(), after.unmarked());
    match (was, is) {
        (_, Value::Unknown(..)) => row.with_value(format!("{} → {UNKNOWN}", brief(was))),
        (Value::Map(_, was) | Value::Object(was), Value::Map(_, is) | Value::Object(is)) => {
            row.with_children(entries(was, is, style))
        }
        (Value::Set(_, was), Value::Set(_, is)) => row.with_children(members(was, is, style)),
        (Value::List(_, was) | Value::Tuple(was), Value::List(_, is) | Value::Tuple(is)) => {
            sequence(row, was, is, style)
        }
        (Value::String(was), Value::String(is)) => text::change(row, was, is, style),
        _ => plain(row, was, is),
    }
}

/// Whether a value, or one of several parts that have no names, must not be seen.
fn is_hidden(value: &Value) -> bool {
    let nameless = matches!(value, Value::List(..) | Value::Set(..) | Value::Tuple(_));
    value.is_marked() || (nameless && value.has_marks())
}

/// `before → after`, below each other where they are long.
pub(super) fn plain(row: Row, before: &Value, after: &Value) -> Row {
    let text = format!("{} → {}", inline(before), inline(after));
    if columns(&text) <= 2 * SHORT {
        return row.with_value(text);
    }
    let line = |value: &Value, symbol| self::row("", value).all(symbol);
    row.with_children(vec![line(before, Symbol::Remove), line(after, Symbol::Add)])
}

/// A value that goes away, without its parts.
fn brief(value: &Value) -> String {
    let text = inline(value);
    match value.length() {
        Some(length) if columns(&text) > SHORT => format!("({})", count(length, "element")),
        _ if columns(&text) > SHORT => "(long text)".to_owned(),
        _ => text,
    }
}

pub(super) fn entries(before: &Fields, after: &Fields, style: &Style) -> Vec<Row> {
    let keys: BTreeSet<&Str> = before.keys().chain(after.keys()).collect();
    let (same, different): (Vec<&Str>, Vec<&Str>) =
        keys.into_iter().partition(|name| before.get(*name) == after.get(*name));
    let mut rows: Vec<Row> = different
        .into_iter()
        .map(|name| change(&key(name), before.get(name), after.get(name), style))
        .collect();
    if !same.is_empty() {
        rows.push(Row::remark(format!("{} more, unchanged", same.len())));
    }
    rows
}

/// What comes and goes; an object that comes where one of the same id, key or name goes has changed.
fn members(before: &[Value], after: &[Value], style: &Style) -> Vec<Row> {
    let mut removed: Vec<&Value> = before.iter().filter(|element| !after.contains(element)).collect();
    let added: Vec<&Value> = after.iter().filter(|element| !before.contains(element)).collect();
    let mut changed = Vec::new();
    let mut fresh = Vec::new();
    for is in added {
        match removed.iter().position(|was| twins_by(was, is).is_some()) {
            Some(at) => changed.push((removed.remove(at), is)),
            None => fresh.push(element("", is, Symbol::Add)),
        }
    }
    let gone = removed.into_iter().map(|was| element("", was, Symbol::Remove));
    let changed = changed.into_iter().map(|(was, is)| {
        let name = twins_by(was, is).map(|(name, value)| format!("{name} {}", inline(&value)));
        change(&name.unwrap_or_default(), Some(was), Some(is), style)
    });
    gone.chain(changed).chain(fresh).collect()
}

/// An element that comes or goes.
fn element(name: &str, value: &Value, symbol: Symbol) -> Row {
    let row = row(name, value).all(symbol);
    Row { inline: row.children.is_empty(), ..row }
}

/// What happened to the elements of a list.
fn sequence(row: Row, before: &[Value], after: &[Value], style: &Style) -> Row {
    if is_permutation(before, after) && columns(&list(after)) <= SHORT {
        return row.with_value(format!("order changed: {}", list(after)));
    }
    let mut steps = Steps::default();
    for op in capture_diff_slices(Algorithm::Myers, before, after) {
        steps.take(&op, before, after);
    }
    row.with_children(steps.rows(style))
}

fn list(elements: &[Value]) -> String {
    format!("[{}]", elements.iter().map(inline).collect::<Vec<_>>().join(", "))
}

fn is_permutation(before: &[Value], after: &[Value]) -> bool {
    let sorted = |elements: &[Value]| {
        let mut sorted: Vec<Value> = elements.to_vec();
        sorted.sort();
        sorted
    };
    before.len() == after.len() && sorted(before) == sorted(after)
}

/// Elements by their position, before and after.
#[derive(Default)]
struct Steps<'v> {
    removed: Vec<(usize, &'v Value)>,
    added: Vec<(usize, &'v Value)>,
    /// Positions, new and old, where one value may have taken the place of another.
    places: BTreeMap<usize, usize>,
}

impl<'v> Steps<'v> {
    fn take(&mut self, op: &DiffOp, before: &'v [Value], after: &'v [Value]) {
        if let DiffOp::Equal { .. } = op {
            return;
        }
        let (old, new) = (op.old_range(), op.new_range());
        if old.len() == new.len() {
            self.places.extend(new.clone().zip(old.clone()));
        }
        self.removed.extend(old.map(|at| (at, &before[at])));
        self.added.extend(new.map(|at| (at, &after[at])));
    }

    /// The rows by position. What is gone here and new there has moved; what is gone and has a twin (an object of the same name or
    /// key), or another value in its place, has changed.
    fn rows(mut self, style: &Style) -> Vec<Row> {
        let mut rows: Vec<(usize, Row)> = Vec::new();
        let mut fresh = Vec::new();
        for (at, is) in std::mem::take(&mut self.added) {
            match self.take_removed(|_, was| was == is) {
                Some((from, _)) => rows.push((at, moved(at, from, is))),
                None => fresh.push((at, is)),
            }
        }
        for (at, is) in fresh {
            let place = self.places.get(&at).copied();
            let was = self.take_removed(|_, was| are_twins(was, is));
            let was = was.or_else(|| self.take_removed(|from, _| place == Some(from)));
            let row = match was {
                Some((_, was)) => change(&position(at), Some(was), Some(is), style),
                None => element(&position(at), is, Symbol::Add),
            };
            rows.push((at, row));
        }
        rows.extend(self.removed.iter().map(|(at, was)| (*at, element(&position(*at), was, Symbol::Remove))));
        rows.sort_by_key(|(at, _)| *at);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn take_removed(&mut self, is_it: impl Fn(usize, &Value) -> bool) -> Option<(usize, &'v Value)> {
        let found = self.removed.iter().position(|(at, was)| is_it(*at, was))?;
        Some(self.removed.remove(found))
    }
}

fn moved(at: usize, from: usize, value: &Value) -> Row {
    let row = Row::named(&position(at)).with_symbol(Symbol::Change).with_value(brief(value));
    row.with_note(format!("moved from {}", position(from)))
}

fn position(at: usize) -> String {
    format!("[{at}]")
}

/// Whether two objects are one, seen at different times.
fn are_twins(one: &Value, other: &Value) -> bool {
    twins_by(one, other).is_some()
}

/// By what two objects are one, seen at different times.
fn twins_by(one: &Value, other: &Value) -> Option<(&'static str, Value)> {
    ["id", "key", "name"].into_iter().find_map(|name| {
        let (one, other) = (one.get_attr(name)?, other.get_attr(name)?);
        (one == other && one.is_known() && !one.is_null() && !one.is_marked()).then(|| (name, one.clone()))
    })
}

/// `: before → after` where that is short, else nothing: for a line that has little room.
pub(super) fn short_change(edit: &Edit) -> String {
    let (Some(before), Some(after)) = (&edit.before, &edit.after) else { return String::new() };
    let text = format!(": {} → {}", inline(before), inline(after));
    if text.contains(SENSITIVE) || columns(&text) > SHORT { String::new() } else { text }
}

/// Whether a change has an edit at the path, around it or below it, or makes or ends the object.
pub(super) fn is_put_back(change: Option<&Change>, path: &Path) -> bool {
    match change.map(|change| &change.action) {
        Some(Action::Update { edits, .. } | Action::Replace { edits, .. }) => {
            edits.iter().any(|edit| edit.path.is_prefix_of(path) || path.is_prefix_of(&edit.path))
        }
        Some(Action::Delete { .. } | Action::Create { .. }) => true,
        _ => false,
    }
}
