//! The details of one object, or of several that get the same edits.

use super::summary::{arrival, reason, symbol};
use super::{Detail, Page, edits};
use crate::kind::Kind;
use crate::plan::{Action, Because, Change, Edit, ReplaceReason, Subject};
use crate::render::event::name;
use crate::render::paint::{Ink, columns, fold, pad};
use crate::render::rows::{Row, Symbol, lay_out};
use crate::render::value::{UNKNOWN, row};
use crate::state::Record;
use crate::value::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// The column where places stand, unless a header reaches further.
const PLACE: usize = 70;
/// How many addresses of a group are named.
const NAMED: usize = 3;

/// Objects that are shown as one: the same action with the same edits.
pub(super) struct Group<'p> {
    pub subjects: Vec<(&'p Subject, &'p Change)>,
    /// Of one that may stand for several; the others make theirs when they are written, so that not all are held at once.
    rows: Option<Vec<Row>>,
}

/// What is shown, the riskiest first; within a risk by address.
pub(super) fn groups<'p>(page: &Page<'p>) -> Vec<Group<'p>> {
    let all = page.plan.changes.iter().map(|(subject, change)| (subject, &**change));
    let mut shown: Vec<(&Subject, &Change)> =
        all.filter(|(subject, change)| page.is_shown(subject, change)).collect();
    shown.sort_by_key(|(_, change)| risk(&change.action));
    let mut groups: Vec<Group<'p>> = Vec::new();
    let mut known: HashMap<Alike<'p>, usize> = HashMap::new();
    for (subject, change) in shown {
        let rows = may_be_alike(page, subject, change).then(|| rows(page, subject, change));
        let alike = rows.as_ref().filter(|rows| !rows.is_empty()).map(|rows| alike(subject, change, rows));
        match alike.as_ref().and_then(|alike| known.get(alike)) {
            Some(at) => groups[*at].subjects.push((subject, change)),
            None => {
                known.extend(alike.map(|alike| (alike, groups.len())));
                groups.push(Group { subjects: vec![(subject, change)], rows });
            }
        }
    }
    groups
}

/// Objects for which this is the same stand in one group.
type Alike<'p> = (&'static str, &'p str, Vec<Row>);

fn alike<'p>(subject: &'p Subject, change: &Change, rows: &[Row]) -> Alike<'p> {
    (symbol(&change.action).0, &*subject.addr.resource.kind, rows.to_vec())
}

/// Whether an object may stand in a group with others.
fn may_be_alike(page: &Page<'_>, subject: &Subject, change: &Change) -> bool {
    let edited = matches!(change.action, Action::Update { .. } | Action::Replace { .. });
    let plain = change.previous.is_none() && !page.imports.contains_key(&subject.addr);
    page.detail != Detail::Full && edited && plain
}

fn risk(action: &Action) -> u8 {
    match action {
        Action::Replace { .. } => 0,
        Action::Delete { .. } => 1,
        Action::Forget { .. } => 2,
        Action::Update { .. } => 3,
        Action::Create { .. } => 4,
        Action::Read { .. } => 5,
        Action::NoOp { .. } => 6,
    }
}

impl<'p> Group<'p> {
    /// The object that stands for all.
    pub(super) fn first(&self) -> (&'p Subject, &'p Change) {
        self.subjects[0]
    }

    pub(super) fn action(&self) -> &'p Action {
        &self.first().1.action
    }

    pub(super) fn kind(&self, page: &Page<'p>) -> Option<&'p Arc<Kind>> {
        page.kinds.of(&self.first().0.addr.resource)
    }

    /// `instance.a, instance.b`; of many the first ones and how many more.
    pub(super) fn names(&self, detail: Detail) -> String {
        let named = if detail == Detail::Full { usize::MAX } else { NAMED };
        listed(self.subjects.iter().map(|(subject, _)| name(subject)), named)
    }

    /// `main.hcl:12,19`, a file after the other.
    pub(super) fn places(&self, page: &Page<'_>) -> String {
        if let [(_, change)] = self.subjects.as_slice() {
            return change.place.map(|span| page.sources.place(span)).unwrap_or_default();
        }
        let mut files: Vec<(String, Vec<usize>)> = Vec::new();
        for span in self.subjects.iter().filter_map(|(_, change)| change.place) {
            let file = page.sources.path(span.file).display().to_string();
            let line = page.sources.line(span);
            match files.iter_mut().find(|(known, _)| *known == file) {
                Some((_, lines)) if lines.contains(&line) => {}
                Some((_, lines)) => lines.push(line),
                None => files.push((file, vec![line])),
            }
        }
        let file = |(file, lines): (String, Vec<usize>)| {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            format!("{file}:{}", lines.join(","))
        };
        files.into_iter().map(file).collect::<Vec<_>>().join(" ")
    }

    /// `  [id=1, 2]`, or nothing.
    pub(super) fn ids(&self) -> String {
        let ids: Vec<&str> = self.subjects.iter().filter_map(|(_, change)| id(&change.action)).collect();
        match ids.is_empty() {
            true => String::new(),
            false => format!("  [id={}]", listed(ids.iter().map(ToString::to_string), NAMED)),
        }
    }

    /// What its objects get.
    pub(super) fn rows(&self, page: &Page<'_>) -> Cow<'_, [Row]> {
        match &self.rows {
            Some(rows) => Cow::Borrowed(rows),
            None => Cow::Owned(rows(page, self.first().0, self.first().1)),
        }
    }
}

fn listed(names: impl ExactSizeIterator<Item = String>, named: usize) -> String {
    let all = names.len();
    let mut text = names.take(named).collect::<Vec<_>>().join(", ");
    if all > named {
        text.push_str(&format!(" and {} more", all - named));
    }
    text
}

/// The block of a group: its header, why, and the rows. `None` if that says no more than the line in the list has said.
pub(super) fn details(page: &Page<'_>, group: &Group<'_>, listed: bool) -> Option<String> {
    let rows = group.rows(page);
    if listed && page.detail != Detail::Full && rows.is_empty() {
        return None;
    }
    let (sign, ink) = symbol(group.action());
    let names = page.style.paint(Ink::Strong, &group.names(page.detail));
    let header = format!("  {} {names}{}", page.style.paint(ink, sign), group.ids());
    let mut lines = vec![with_place(&header, &group.places(page), page)];
    if let Some(why) = explanation(page, group) {
        let line = page.style.paint(Ink::Faint, &format!("      # {why}"));
        lines.push(fold(&line, page.style.width, 8));
    }
    lines.extend(lay_out(&rows, 6, page.style));
    Some(lines.join("\n"))
}

/// Why, where the edits do not say so themselves.
fn explanation(page: &Page<'_>, group: &Group<'_>) -> Option<String> {
    let said = match group.action() {
        Action::Update { .. } => true,
        Action::Replace { because, .. } => matches!(because, ReplaceReason::CannotUpdate(_)),
        _ => false,
    };
    let why = if said { arrival(page, group) } else { Some(reason(page, group)) };
    why.filter(|why| !why.is_empty())
}

fn with_place(header: &str, place: &str, page: &Page<'_>) -> String {
    if place.is_empty() {
        return fold(header, page.style.width, 6);
    }
    let column = page.style.width.map_or(PLACE, |width| PLACE.min(width.saturating_sub(columns(place))));
    let line = format!("{}  {}", pad(header, column.saturating_sub(2)), page.style.paint(Ink::Faint, place));
    fold(&line, page.style.width, 6)
}

fn id(action: &Action) -> Option<&str> {
    match action {
        Action::Create { .. } | Action::Read { .. } => None,
        Action::NoOp { record: prior, .. }
        | Action::Update { prior, .. }
        | Action::Replace { prior, .. }
        | Action::Delete { prior, .. }
        | Action::Forget { prior } => (!prior.id.is_empty()).then_some(&*prior.id),
    }
}

fn rows(page: &Page<'_>, subject: &Subject, change: &Change) -> Vec<Row> {
    let kind = page.kinds.of(&subject.addr.resource).map(|kind| &**kind);
    let full = page.detail == Detail::Full;
    match &change.action {
        Action::Create { planned } => created(kind, &planned.values),
        Action::Read { later } if later.because == Because::CheckNested && !full => Vec::new(),
        Action::Read { later } => created(kind, &later.values),
        Action::Update { edits, planned, .. } => edits::rows(page, kind, edits, &planned.values),
        Action::Replace { edits, planned, because, .. } => {
            edits::rows(page, kind, &forcing(edits, because), &planned.values)
        }
        Action::Delete { prior, .. } if full => recorded(kind, prior, Symbol::Remove),
        Action::NoOp { record, .. } if full => recorded(kind, record, Symbol::Same),
        Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. } => Vec::new(),
    }
}

/// The edits, with those marked that are the reason of the replacement.
fn forcing(edits: &[Edit], because: &ReplaceReason) -> Vec<Edit> {
    let ReplaceReason::CannotUpdate(paths) = because else { return edits.to_vec() };
    let forces = |edit: &Edit| edit.forces_replace || paths.contains(&edit.path);
    edits.iter().map(|edit| Edit { forces_replace: forces(edit), ..edit.clone() }).collect()
}

/// Every attribute of a new object; those that only the API decides on one line.
fn created(kind: Option<&Kind>, values: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut later = Vec::new();
    for (name, value) in attributes(kind, values) {
        match value.unmarked() {
            Value::Null(_) => {}
            Value::Unknown(..) => later.push(name),
            _ => {
                let attribute = kind.and_then(|kind| kind.attributes.get(name));
                let given = attribute.and_then(|attribute| attribute.given(value));
                rows.push(row(name, given.as_ref().unwrap_or(value)));
            }
        }
    }
    if !later.is_empty() {
        rows.push(Row { loose: true, ..Row::named(&later.join(", ")).with_value(UNKNOWN) });
    }
    rows
}

fn recorded(kind: Option<&Kind>, record: &Record, symbol: Symbol) -> Vec<Row> {
    let shown = attributes(kind, &record.values).into_iter().filter(|(_, value)| !value.is_null());
    shown.map(|(name, value)| row(name, value).all(symbol)).collect()
}

/// The attributes as the kind declares them, one after the other.
pub(super) fn attributes<'v>(kind: Option<&Kind>, values: &'v Value) -> Vec<(&'v str, &'v Value)> {
    let Value::Object(fields) = values.unmarked() else { return Vec::new() };
    let mut all: Vec<(&str, &Value)> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
    all.sort_by_cached_key(|(name, _)| position(kind, name));
    all
}

/// Where the kind declares an attribute.
pub(super) fn position(kind: Option<&Kind>, name: &str) -> u32 {
    kind.and_then(|kind| kind.attributes.get(name)).map_or(u32::MAX, |attribute| attribute.span.start)
}
