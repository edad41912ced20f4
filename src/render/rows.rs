//! Rows: symbol, name, value and a note, nested; laid out in columns.

use super::Style;
use super::paint::{Ink, columns, fold, pad, push_blanks};
use std::borrow::Cow;

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

/// A laid-out line: what happens, how deep it stands, and the rest.
pub(super) struct Line {
    pub symbol: Option<Symbol>,
    pub indent: usize,
    /// Everything behind the symbol.
    pub text: String,
    /// Where a continuation begins, counted from the start of `text`.
    hang: usize,
}

impl Line {
    /// A line by itself.
    pub(super) fn text(symbol: Symbol, text: String) -> Self {
        Self { symbol: Some(symbol), indent: 0, text, hang: 0 }
    }

    fn sign(&self, style: &Style) -> String {
        let sign = |symbol: Symbol| format!("{} ", style.paint(symbol.ink(), symbol.text()));
        self.symbol.map(sign).unwrap_or_default()
    }

    fn print(&self, style: &Style) -> String {
        let mut line = String::with_capacity(self.indent + 2 + self.text.len());
        push_blanks(&mut line, self.indent);
        line.push_str(&self.sign(style));
        line.push_str(&self.text);
        line.truncate(line.trim_end().len());
        if style.width.is_none() {
            return line;
        }
        let signed = if self.symbol.is_some() { 2 } else { 0 };
        fold(&line, style.width, self.indent + signed + self.hang)
    }
}

/// The rows as lines, the first level indented by `indent` blanks. Names, values and notes of one level stand below each other.
pub(super) fn lay_out(rows: &[Row], indent: usize, style: &Style) -> Vec<String> {
    lines(rows, indent, style).iter().map(|line| line.print(style)).collect()
}

/// The same before symbols and indentation are put in front.
pub(super) fn lines(rows: &[Row], indent: usize, style: &Style) -> Vec<Line> {
    let named = rows.iter().filter(|row| !row.loose).map(|row| columns(&row.name));
    let width = named.filter(|width| *width <= LONGEST_NAME).max().unwrap_or(0);
    let texts: Vec<String> = rows.iter().map(|row| text(row, width, style)).collect();
    let before = |row: &Row| indent + if row.symbol.is_some() { 2 } else { 0 };
    let noted = rows.iter().zip(&texts).filter(|(row, _)| !row.note.is_empty());
    let reach = noted.map(|(row, text)| before(row) + columns(text));
    let column = reach.filter(|width| *width <= LONGEST_LINE).max().unwrap_or(0);
    let mut lines = Vec::with_capacity(rows.len());
    for (row, text) in rows.iter().zip(texts) {
        let text = match row.note.as_str() {
            "" => text,
            note => {
                let text = pad(&text, column.saturating_sub(before(row)));
                format!("{text}   {}", style.paint(Ink::Faint, note))
            }
        };
        let named = if row.name.is_empty() { 0 } else { width.max(columns(&row.name)) + 2 };
        let mut text = text;
        text.truncate(text.trim_end().len());
        lines.push(Line { symbol: row.symbol, indent, text, hang: named });
        if !row.children.is_empty() && !fits_inline(row) {
            lines.extend(self::lines(&row.children, indent + 4, style));
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

/// Everything of a row but its symbol and its note.
fn text(row: &Row, width: usize, style: &Style) -> String {
    let value: Cow<'_, str> = if fits_inline(row) {
        let child = |child: &Row| match child.symbol {
            Some(symbol) => {
                format!("{} {}", style.paint(symbol.ink(), symbol.text()), text(child, 0, style))
            }
            None => text(child, 0, style),
        };
        row.children.iter().map(child).collect::<Vec<_>>().join(", ").into()
    } else {
        row.value.as_str().into()
    };
    let gap = if row.inline { 1 } else { 2 };
    match (row.name.is_empty(), value.is_empty()) {
        (true, _) => value.into_owned(),
        (false, true) => row.name.clone(),
        (false, false) => {
            let blanks = width.saturating_sub(columns(&row.name)) + gap;
            let mut text = String::with_capacity(row.name.len() + blanks + value.len());
            text.push_str(&row.name);
            push_blanks(&mut text, blanks);
            text.push_str(&value);
            text
        }
    }
}
