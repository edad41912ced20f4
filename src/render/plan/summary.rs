//! The head of a plan: how the world was read, then a line for each object that changes.

use super::object::Group;
use super::{Page, content};
use crate::plan::{Action, Because, Cause, Counts, DeleteReason, Edit, Plan, ReplaceOrder, ReplaceReason};
use crate::render::paint::{Ink, columns, count, enumerate, fold, pad, wrap};
use crate::value::{Path, PathStep};
use std::time::Duration;

/// Times below are not told: they say nothing, and would make every text differ.
const NOTABLE: Duration = Duration::from_millis(100);

/// Columns between addresses, places and reasons.
const GAP: &str = "   ";
/// Where a reason begins that stands below its address.
const BELOW: usize = 8;

/// `isotope plan · 214 instances, read in 2 requests (0.8 s)`.
pub(super) fn header(page: &Page<'_>) -> String {
    let Plan { reading, .. } = page.plan;
    let recorded = reading.objects;
    let number = if recorded == 0 { page.objects().count() } else { recorded };
    let mut text = match number {
        0 if !page.plan.data.is_empty() => {
            format!("isotope plan · {}", count(page.plan.data.len(), "data source"))
        }
        _ => format!("isotope plan · {number} {}", page.noun(number)),
    };
    match (recorded, reading.requests) {
        (0, _) if number > 0 || page.plan.data.is_empty() => text.push_str(", none yet"),
        (_, 0) => {}
        (_, requests) => {
            let requests = count(usize::try_from(requests).unwrap_or(usize::MAX), "request");
            text.push_str(&format!(", read in {requests}"));
            if reading.took >= NOTABLE {
                text.push_str(&format!(" ({:.1} s)", reading.took.as_secs_f64()));
            }
        }
    }
    page.style.paint(Ink::Strong, &wrap(&text, page.style.width))
}

/// `Plan: 3 to add, 0 to change, 1 to destroy.`
pub fn summary_line(counts: Counts) -> String {
    let Counts { import, add, change, destroy } = counts;
    let imported = if import > 0 { format!("{import} to import, ") } else { String::new() };
    format!("Plan: {imported}{add} to add, {change} to change, {destroy} to destroy.")
}

/// A line for each group.
pub(super) fn lines(page: &Page<'_>, groups: &[Group<'_>]) -> Option<String> {
    let cells: Vec<(String, String, String)> = groups
        .iter()
        .map(|group| (group.names(page.detail), group.places(page), reason(page, group)))
        .collect();
    let first = widest(cells.iter().map(|(name, ..)| name));
    let second = widest(cells.iter().map(|(_, place, _)| place));
    let lines = groups.iter().zip(&cells).map(|(group, (name, place, reason))| {
        let (symbol, ink) = symbol(group.action());
        let symbol = pad(&page.style.paint(ink, symbol), 3);
        let place = if second == 0 { String::new() } else { format!("{GAP}{}", pad(place, second)) };
        let head = format!("  {symbol} {}{place}", pad(name, first));
        with_reason(&head, reason, page)
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The reason behind the head, or below it where both are too wide together.
fn with_reason(head: &str, reason: &str, page: &Page<'_>) -> String {
    let line = format!("{head}{GAP}{}", page.style.paint(Ink::Faint, reason));
    let line = line.trim_end();
    match page.style.width.filter(|width| columns(line) > *width) {
        None => line.to_owned(),
        Some(_) if reason.is_empty() => fold(line, page.style.width, BELOW),
        Some(_) => {
            let below = format!("{}{}", " ".repeat(BELOW), page.style.paint(Ink::Faint, reason));
            let head = fold(head.trim_end(), page.style.width, BELOW);
            format!("{head}\n{}", fold(&below, page.style.width, BELOW))
        }
    }
}

/// The widest of the texts; very wide ones do not push the rest aside.
fn widest<'t>(texts: impl Iterator<Item = &'t String>) -> usize {
    texts.map(|text| columns(text)).filter(|width| *width <= 60).max().unwrap_or(0)
}

/// What stands before an object.
pub(super) fn symbol(action: &Action) -> (&'static str, Ink) {
    match action {
        Action::NoOp { .. } => ("·", Ink::Faint),
        Action::Forget { .. } => (".", Ink::Changed),
        Action::Create { .. } => ("+", Ink::Added),
        Action::Update { .. } => ("~", Ink::Changed),
        Action::Replace { order: ReplaceOrder::DeleteFirst, .. } => ("-/+", Ink::Removed),
        Action::Replace { order: ReplaceOrder::CreateFirst, .. } => ("+/-", Ink::Removed),
        Action::Replace { order: ReplaceOrder::ForgetFirst, .. } => ("./+", Ink::Changed),
        Action::Delete { .. } => ("-", Ink::Removed),
        Action::Read { .. } => ("<=", Ink::Faint),
    }
}

/// Why, in a few words; empty where it is plain.
pub(super) fn reason(page: &Page<'_>, group: &Group<'_>) -> String {
    let (subject, change) = group.first();
    let mut reasons = Vec::new();
    match &change.action {
        Action::Create { .. } if page.gone.contains(&subject.addr) => {
            reasons.push("deleted outside, will be created again".to_owned());
        }
        Action::Update { edits, .. } => reasons.extend(update_reason(edits, group.subjects.len())),
        Action::Replace { edits, because, .. } => reasons.push(replace_reason(edits, because)),
        Action::Delete { because, .. } => reasons.push(delete_reason(page, group, *because)),
        Action::Forget { .. } => reasons.push("no longer managed, and left as it is".to_owned()),
        Action::Read { later } => reasons.push(read_reason(later.because).to_owned()),
        _ => {}
    }
    reasons.extend(arrival(page, group));
    reasons.retain(|reason| !reason.is_empty());
    reasons.join("; ")
}

/// How the object came to its address: renamed, or adopted.
pub(super) fn arrival(page: &Page<'_>, group: &Group<'_>) -> Option<String> {
    let (subject, change) = group.first();
    let moved = change.previous.as_ref().map(|previous| format!("moved from {previous}"));
    let of_current = subject.deposed.is_none().then(|| page.imports.get(&subject.addr)).flatten();
    let adopted = of_current.map(|id| format!("import [id={id}]"));
    let both: Vec<String> = moved.into_iter().chain(adopted).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

fn update_reason(edits: &[Edit], times: usize) -> Option<String> {
    let same = match times {
        0 | 1 => None,
        2 => Some("the same edit twice".to_owned()),
        times => Some(format!("the same edit {times} times")),
    };
    let drifted = edits.iter().all(|edit| edit.cause == Cause::Drift).then(|| DRIFT.to_owned());
    let parts: Vec<String> = drifted.or_else(|| Some(names(edits))).into_iter().chain(same).collect();
    Some(parts.join(", "))
}

pub(super) const DRIFT: &str = "drift: changed outside, will be put back";

/// The attributes that change.
fn names(edits: &[Edit]) -> String {
    let mut names: Vec<String> = edits.iter().map(|edit| attribute(&edit.path)).collect();
    names.dedup();
    names.join(", ")
}

fn attribute(path: &Path) -> String {
    match path.0.first() {
        Some(PathStep::Attr(name)) => name.to_string(),
        _ => String::new(),
    }
}

/// `element`, `triggers_replace["version"]`.
fn place_in_object(path: &Path) -> String {
    path.to_string().trim_start_matches('.').to_owned()
}

fn replace_reason(edits: &[Edit], because: &ReplaceReason) -> String {
    match because {
        ReplaceReason::Tainted => "tainted".to_owned(),
        ReplaceReason::Requested => "asked for with -replace".to_owned(),
        ReplaceReason::Triggered => "asked for by `replace_triggered_by`".to_owned(),
        ReplaceReason::CannotUpdate(paths) => {
            let forces = |edit: &&Edit| paths.iter().any(|path| path.is_prefix_of(&edit.path));
            let forcing: Vec<&Edit> = edits.iter().filter(forces).collect();
            if let [edit] = forcing.as_slice() {
                return format!("{} changed{}", place_in_object(&edit.path), content::short_change(edit));
            }
            let mut names: Vec<String> = paths.iter().map(attribute).collect();
            names.dedup();
            format!("{} changed", enumerate(&names))
        }
    }
}

fn read_reason(because: Because) -> &'static str {
    match because {
        Because::ConfigUnknown => "read during apply (config refers to values not yet known)",
        Because::DependencyPending => "read during apply (depends on changes)",
        Because::CheckNested => "read during apply (again, to verify a check)",
    }
}

fn delete_reason(page: &Page<'_>, group: &Group<'_>, because: DeleteReason) -> String {
    let reason = match because {
        DeleteReason::NoResourceConfig => "no longer declared".to_owned(),
        DeleteReason::NoModule => format!("{} is no longer declared", group.first().0.addr.module),
        DeleteReason::WrongRepetition => "`count` or `for_each` was added or removed".to_owned(),
        DeleteReason::CountIndex => "its index is beyond `count`".to_owned(),
        DeleteReason::EachKey => "its key is no longer in `for_each`".to_owned(),
        DeleteReason::Requested => String::new(),
        DeleteReason::Deposed => return "left over from a replacement".to_owned(),
    };
    let lost = group.kind(page).map(|kind| {
        let secrets =
            kind.attributes.values().filter(|attribute| attribute.sensitive && !attribute.is_argument());
        secrets.map(|attribute| attribute.name.to_string()).collect::<Vec<_>>()
    });
    match lost.filter(|lost| !lost.is_empty() && because != DeleteReason::Requested) {
        Some(lost) => format!("{reason}; its {} will stop working", enumerate(&lost)),
        None => reason,
    }
}
