//! A flat list of edits → rows in the shape of the object: attribute, entry, element.

use super::object::{attributes, position};
use super::summary::DRIFT;
use super::{Detail, Page, content};
use crate::kind::Kind;
use crate::plan::{Cause, Edit};
use crate::render::Style;
use crate::render::rows::{Row, Symbol};
use crate::render::value::{inline, key, row};
use crate::value::{Path, PathStep, Value};

/// The rows of all edits; what is around them in `planned` is counted, or shown when everything is asked for.
pub(super) fn rows(page: &Page<'_>, kind: Option<&Kind>, edits: &[Edit], planned: &Value) -> Vec<Row> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| first_name(edit).map(|name| position(kind, &name)));
    let tree = Tree { style: page.style, planned, unchanged: page.detail == Detail::Full };
    let mut rows = tree.level(&edits, 0);
    if page.detail == Detail::Full {
        rows.extend(unchanged(kind, &edits, planned));
    }
    rows
}

/// The attributes without an edit.
fn unchanged(kind: Option<&Kind>, edits: &[&Edit], planned: &Value) -> Vec<Row> {
    let edited = |name: &str| edits.iter().any(|edit| first_name(edit).as_deref() == Some(name));
    let others =
        attributes(kind, planned).into_iter().filter(|(name, value)| !edited(name) && !value.is_null());
    others.map(|(name, value)| row(name, value).all(Symbol::Same)).collect()
}

fn first_name(edit: &Edit) -> Option<String> {
    match edit.path.0.first() {
        Some(PathStep::Attr(name)) => Some(name.to_string()),
        _ => None,
    }
}

struct Tree<'t> {
    style: &'t Style,
    planned: &'t Value,
    /// Whether entries without an edit are shown.
    unchanged: bool,
}

impl Tree<'_> {
    /// The rows of edits that share their first `depth` steps.
    fn level(&self, edits: &[&Edit], depth: usize) -> Vec<Row> {
        let same_step = |a: &&Edit, b: &&Edit| a.path.0.get(depth) == b.path.0.get(depth);
        edits.chunk_by(same_step).filter_map(|chunk| self.node(chunk, depth)).collect()
    }

    fn node(&self, edits: &[&Edit], depth: usize) -> Option<Row> {
        let first = edits.first()?;
        let name = first.path.0.get(depth).map(step_name).unwrap_or_default();
        if let [edit] = edits
            && edit.path.0.len() <= depth + 1
        {
            let row = content::change(&name, edit.before.as_ref(), edit.after.as_ref(), self.style);
            return Some(row.with_note(note(edit)));
        }
        let path = Path(first.path.0[..=depth].to_vec());
        let mut children = self.level(edits, depth + 1);
        children.extend(self.others(&path, edits));
        Some(Row::named(&name).with_symbol(Symbol::Change).with_children(children))
    }

    /// What stands beside the edited entries of a map.
    fn others(&self, path: &Path, edits: &[&Edit]) -> Vec<Row> {
        let Some(whole) = self.planned.at(path) else { return Vec::new() };
        let edited = |key: &Value| edits.iter().any(|edit| step_is(edit.path.0.get(path.0.len()), key));
        let others: Vec<(Value, Value)> = whole.elements().filter(|(key, _)| !edited(key)).collect();
        match (others.len(), self.unchanged) {
            (0, _) => Vec::new(),
            (_, true) => {
                others.iter().map(|(key, value)| row(&inline(key), value).all(Symbol::Same)).collect()
            }
            (more, false) => vec![Row::remark(format!("{more} more, unchanged"))],
        }
    }
}

fn step_is(step: Option<&PathStep>, key: &Value) -> bool {
    match step {
        Some(PathStep::Attr(name)) => key.as_str() == Some(name),
        Some(PathStep::Index(index)) => index == key,
        None => false,
    }
}

fn step_name(step: &PathStep) -> String {
    match step {
        PathStep::Attr(name) => name.to_string(),
        PathStep::Index(Value::String(text)) => key(text),
        PathStep::Index(index) => format!("[{}]", inline(index)),
    }
}

/// Who wants it, where that is not plainly the configuration, and whether it makes the object a new one.
fn note(edit: &Edit) -> String {
    let cause = match &edit.cause {
        Cause::Drift => Some(DRIFT.to_owned()),
        Cause::Upstream(addr) => Some(format!("from {addr}")),
        Cause::Configuration(_) | Cause::Computed => None,
    };
    let forces = edit.forces_replace.then(|| "forces replacement".to_owned());
    forces.into_iter().chain(cause).collect::<Vec<_>>().join("; ")
}
