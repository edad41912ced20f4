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
    /// May stand on its parent's line, beside others of its kind.
    pub inline: bool,
    /// Does not push the values of its neighbours aside.
    pub loose: bool,
}

/// A name longer than this does not push the values of its neighbours aside.
const LONGEST_NAME: usize = 28;
/// A line longer than this does not push the notes of its neighbours aside.
const LONGEST_LINE: usize = 60;

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

/// The rows as lines, the first level indented by `indent` blanks. Names, values and notes of one level stand below each other.
pub(super) fn lay_out(rows: &[Row], indent: usize, style: &Style) -> Vec<String> {
    let named = rows.iter().filter(|row| !row.loose).map(|row| columns(&row.name));
    let width = named.filter(|width| *width <= LONGEST_NAME).max().unwrap_or(0);
    let texts: Vec<String> = rows.iter().map(|row| text(row, indent, width, style)).collect();
    let with_note = rows.iter().zip(&texts).filter(|(row, _)| !row.note.is_empty());
    let column =
        with_note.map(|(_, text)| columns(text)).filter(|width| *width <= LONGEST_LINE).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (row, text) in rows.iter().zip(&texts) {
        let line = match row.note.as_str() {
            "" => text.clone(),
            note => format!("{}   {}", pad(text, column), style.paint(Ink::Faint, note)),
        };
        lines.push(line.trim_end().to_owned());
        if !fits_inline(row) {
            lines.extend(lay_out(&row.children, indent + 4, style));
        }
    }
    lines
}

/// Whether the children stand on the row's own line.
fn fits_inline(row: &Row) -> bool {
    let lengths = row.children.iter().map(|child| columns(&child.name) + columns(&child.value) + 5);
    !row.children.is_empty()
        && row.value.is_empty()
        && row.children.iter().all(|child| child.inline && child.children.is_empty() && child.note.is_empty())
        && lengths.sum::<usize>() <= super::value::SHORT
}

/// Everything of a row but its note.
fn text(row: &Row, indent: usize, width: usize, style: &Style) -> String {
    let value = if fits_inline(row) {
        row.children.iter().map(|child| text(child, 0, 0, style)).collect::<Vec<_>>().join(", ")
    } else {
        row.value.clone()
    };
    let gap = if row.inline { " " } else { "  " };
    let content = match (row.name.is_empty(), value.is_empty()) {
        (true, _) => value,
        (false, true) => row.name.clone(),
        (false, false) => format!("{}{gap}{value}", pad(&row.name, width)),
    };
    format!("{}{}{content}", " ".repeat(indent), sign(row, style))
}

fn sign(row: &Row, style: &Style) -> String {
    row.symbol.map(|symbol| format!("{} ", style.paint(symbol.ink(), symbol.text()))).unwrap_or_default()
}
