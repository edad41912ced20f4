//! Rows: symbol, name, value and a note, nested; laid out in columns.

use super::Style;
use super::paint::{Ink, columns, pad};

/// What happens to the thing of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Symbol {
    Add,
    Change,
    Remove,
    /// It stays; the column is kept free.
    Same,
}

/// One line, and the lines below it that belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Row {
    /// `None`: there is no column for symbols.
    pub symbol: Option<Symbol>,
    pub name: String,
    pub value: String,
    /// Why, behind the value.
    pub note: String,
    pub children: Vec<Row>,
    /// May stand on its parent's line when it is the only child.
    pub inline: bool,
}

/// A name longer than this does not push the values of its neighbours aside.
const LONGEST_NAME: usize = 28;

impl Symbol {
    fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Change => "~",
            Self::Remove => "-",
            Self::Same => " ",
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Add => Ink::Added,
            Self::Change => Ink::Changed,
            Self::Remove => Ink::Removed,
            Self::Same => Ink::Faint,
        }
    }
}

impl Row {
    pub(super) fn named(name: &str) -> Self {
        Self { name: super::paint::visible(name), ..Self::default() }
    }

    /// A line of text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { value: text.into(), ..Self::default() }
    }

    /// A remark on what is not shown.
    pub(super) fn remark(text: impl std::fmt::Display) -> Self {
        Self::text(format!("# {text}")).with_symbol(Symbol::Same)
    }

    pub(super) fn with_symbol(mut self, symbol: Symbol) -> Self {
        self.symbol = Some(symbol);
        self
    }

    pub(super) fn with_value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(super) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub(super) fn with_children(mut self, children: Vec<Row>) -> Self {
        self.children = children;
        self
    }

    /// The row and all below it under a symbol.
    pub(super) fn all(mut self, symbol: Symbol) -> Self {
        self.symbol = Some(symbol);
        self.children = self.children.into_iter().map(|child| child.all(symbol)).collect();
        self
    }
}

/// The rows as lines, the first level indented by `indent` blanks.
pub(super) fn lay_out(rows: &[Row], indent: usize, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let names = rows.iter().filter(|row| has_value(row)).map(|row| columns(&row.name));
    let width = names.filter(|width| *width <= LONGEST_NAME).max().unwrap_or(0);
    for row in rows {
        lines.push(line(row, indent, width, style));
        if only_inline_child(row).is_none() {
            lines.extend(lay_out(&row.children, indent + 4, style));
        }
    }
    lines
}

fn has_value(row: &Row) -> bool {
    !row.name.is_empty() && (!row.value.is_empty() || only_inline_child(row).is_some())
}

fn only_inline_child(row: &Row) -> Option<&Row> {
    match row.children.as_slice() {
        [child] if child.inline && child.children.is_empty() && row.value.is_empty() => Some(child),
        _ => None,
    }
}

fn line(row: &Row, indent: usize, width: usize, style: &Style) -> String {
    let symbol = row.symbol.map(|symbol| format!("{} ", style.paint(symbol.ink(), symbol.text())));
    let mut line = format!("{}{}", " ".repeat(indent), symbol.unwrap_or_default());
    let value = match only_inline_child(row) {
        Some(child) => content(child, 0, style),
        None => row.value.clone(),
    };
    line.push_str(&name_and_value(&row.name, &value, width));
    if !row.note.is_empty() {
        line.push_str("   ");
        line.push_str(&style.paint(Ink::Faint, &row.note));
    }
    line.truncate(line.trim_end().len());
    line
}

fn content(row: &Row, width: usize, style: &Style) -> String {
    let symbol = row.symbol.map(|symbol| format!("{} ", style.paint(symbol.ink(), symbol.text())));
    let note = if row.note.is_empty() {
        String::new()
    } else {
        format!("   {}", style.paint(Ink::Faint, &row.note))
    };
    format!("{}{}{note}", symbol.unwrap_or_default(), name_and_value(&row.name, &row.value, width))
}

fn name_and_value(name: &str, value: &str, width: usize) -> String {
    match (name.is_empty(), value.is_empty()) {
        (true, _) => value.to_owned(),
        (false, true) => name.to_owned(),
        (false, false) => format!("{}  {value}", pad(name, width)),
    }
}
