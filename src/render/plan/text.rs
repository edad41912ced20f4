//! Two strings → what changed between them: JSON by its structure, texts line by line, long lines around the change.

use super::content;
use crate::eval::functions::from_yaml_text;
use crate::render::Style;
use crate::render::paint::{Ink, columns, visible};
use crate::render::rows::{Row, Symbol};
use crate::render::value::{SHORT, is_text};
use crate::value::{Value, from_json_text, go_quote};
use similar::{Algorithm, ChangeTag, DiffOp, TextDiff};
use std::time::Duration;

/// Unchanged lines shown around a change.
const AROUND: usize = 2;
/// Unchanged characters shown around a change of a long line.
const CONTEXT: usize = 16;
/// Of longer texts the lines are compared, whatever they are.
const LONGEST_YAML: usize = 1 << 20;
/// A comparison that takes longer settles for a coarser answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Completes the row of a string that changes.
pub(super) fn change(row: Row, before: &str, after: &str, style: &Style) -> Row {
    if let (Some(was), Some(is)) = (document(before), document(after)) {
        return documents(row, "JSON", &was, &is, style);
    }
    if !is_text(before) && !is_text(after) {
        return line(row, before, after, style);
    }
    match (yaml(before), yaml(after)) {
        (Some(was), Some(is)) if was != is => documents(row, "YAML", &was, &is, style),
        // Comments and layout are for readers: what changes of them is shown as text.
        _ => row.with_children(hunks(before, after, style)),
    }
}

/// The value of a string that is a JSON object or array.
fn document(text: &str) -> Option<Value> {
    let looks_so = text.trim_start().starts_with(['{', '[']);
    looks_so.then(|| from_json_text(text).ok()).flatten()
}

/// The value of a text of several lines that is a YAML mapping or sequence. Prose and programs are mostly neither.
fn yaml(text: &str) -> Option<Value> {
    if text.len() > LONGEST_YAML {
        return None;
    }
    let value = from_yaml_text(text).ok()?;
    value.length().is_some().then_some(value)
}

fn documents(row: Row, language: &str, before: &Value, after: &Value, style: &Style) -> Row {
    if before == after {
        return row.with_value(format!("({language}; only how it is written changes)"));
    }
    let inner = content::change("", Some(before), Some(after), style);
    match inner.children.is_empty() {
        true => row.with_value(format!("({language}) {}", inner.value)),
        false => row.with_value(format!("({language})")).with_children(inner.children),
    }
}

/// The lines that change, with a few around them.
fn hunks(before: &str, after: &str, style: &Style) -> Vec<Row> {
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).timeout(PATIENCE).diff_lines(before, after);
    let groups = diff.grouped_ops(AROUND);
    let several = groups.len() > 1;
    let mut rows = Vec::new();
    for group in &groups {
        if several || group.first().is_some_and(|op| op.old_range().start > 0) {
            let line = group.first().map_or(0, |op| op.new_range().start) + 1;
            rows.push(Row::remark(format!("line {line}")));
        }
        rows.extend(group.iter().flat_map(|op| lines(&diff, op, style)));
    }
    rows
}

fn lines(diff: &TextDiff<'_, '_, str>, op: &DiffOp, style: &Style) -> Vec<Row> {
    let line = |change: similar::InlineChange<'_, str>| {
        let (symbol, ink) = match change.tag() {
            ChangeTag::Equal => (Symbol::Same, Ink::Faint),
            ChangeTag::Insert => (Symbol::Add, Ink::Added),
            ChangeTag::Delete => (Symbol::Remove, Ink::Removed),
        };
        let mut text = String::new();
        for (emphasised, part) in change.iter_strings_lossy() {
            let part = visible(part.trim_end_matches(['\n', '\r']));
            text.push_str(&if emphasised { style.paint(ink, &part) } else { part });
        }
        Row::text(text).with_symbol(symbol)
    };
    diff.iter_inline_changes(op).map(line).collect()
}

/// One line each: whole where they are short, else with the ends that they share cut off.
fn line(row: Row, before: &str, after: &str, style: &Style) -> Row {
    let (start, end) = shared(before, after);
    let (was, is) = (&before[start..before.len() - end], &after[start..after.len() - end]);
    let whole = columns(before).max(columns(after)) <= SHORT;
    let head = if whole { before[..start].to_owned() } else { tail_of(&before[..start]) };
    let tail =
        if whole { before[before.len() - end..].to_owned() } else { head_of(&before[before.len() - end..]) };
    let quoted = |part: &str, ink| {
        format!("\"{}{}{}\"", escaped(&head), style.paint(ink, &escaped(part)), escaped(&tail))
    };
    let (was, is) = (quoted(was, Ink::Removed), quoted(is, Ink::Added));
    if columns(&was) + columns(&is) <= 2 * SHORT {
        return row.with_value(format!("{was} → {is}"));
    }
    let below = |text: String, symbol| Row::text(text).with_symbol(symbol);
    row.with_children(vec![below(was, Symbol::Remove), below(is, Symbol::Add)])
}

/// How many bytes the two have in common at the start, and at the end of what is left.
fn shared(before: &str, after: &str) -> (usize, usize) {
    let same = |(one, other): &(char, char)| one == other;
    let start: usize =
        before.chars().zip(after.chars()).take_while(same).map(|(char, _)| char.len_utf8()).sum();
    let (before, after) = (&before[start..], &after[start..]);
    let end =
        before.chars().rev().zip(after.chars().rev()).take_while(same).map(|(char, _)| char.len_utf8()).sum();
    (start, end)
}

fn tail_of(text: &str) -> String {
    match text.char_indices().rev().nth(CONTEXT) {
        Some((at, _)) if at > 0 => format!("…{}", &text[at..]),
        _ => text.to_owned(),
    }
}

fn head_of(text: &str) -> String {
    match text.char_indices().nth(CONTEXT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The text as in a string literal, without the quotes around it.
fn escaped(text: &str) -> String {
    let quoted = go_quote(text);
    quoted[1..quoted.len() - 1].to_owned()
}
