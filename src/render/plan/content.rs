//! Two values → what changed between them, by their content.

use crate::plan::Edit;
use crate::render::Style;
use crate::render::paint::columns;
use crate::render::rows::{Row, Symbol};
use crate::render::value::{SENSITIVE, SHORT, inline, row};
use crate::value::{Marks, Value};

/// The row of a value that appears, disappears or changes.
pub(super) fn change(name: &str, before: Option<&Value>, after: Option<&Value>, _style: &Style) -> Row {
    match (before, after) {
        (None, None) => Row::named(name).with_symbol(Symbol::Same),
        (None, Some(after)) => row(name, after).all(Symbol::Add),
        (Some(before), None) => row(name, before).all(Symbol::Remove),
        (Some(before), Some(after)) => changed(name, before, after),
    }
}

fn changed(name: &str, before: &Value, after: &Value) -> Row {
    let row = Row::named(name).with_symbol(Symbol::Change);
    if secret(before) || secret(after) {
        return row.with_value("(sensitive, changed)");
    }
    row.with_value(format!("{} → {}", inline(before), inline(after)))
}

fn secret(value: &Value) -> bool {
    value.contains_marks(Marks::SENSITIVE)
}

/// ` : before → after` where that is short, else nothing: for a line that has little room.
pub(super) fn short_change(edit: &Edit, _style: &Style) -> String {
    let (Some(before), Some(after)) = (&edit.before, &edit.after) else { return String::new() };
    let text = format!(": {} → {}", inline(before), inline(after));
    if text.contains(SENSITIVE) || columns(&text) > SHORT { String::new() } else { text }
}

/// Whether a change has an edit at the path, around it or below it, or ends the object.
pub(super) fn is_put_back(change: Option<&crate::plan::Change>, path: &crate::value::Path) -> bool {
    use crate::plan::Action;
    match change.map(|change| &change.action) {
        Some(Action::Update { edits, .. } | Action::Replace { edits, .. }) => {
            edits.iter().any(|edit| edit.path.is_prefix_of(path) || path.is_prefix_of(&edit.path))
        }
        Some(Action::Delete { .. } | Action::Create { .. }) => true,
        _ => false,
    }
}
