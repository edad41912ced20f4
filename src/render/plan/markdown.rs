//! A plan for a pull request: title and counts, a table with a line for each object, and the details folded away.
//!
//! Services cut long comments anywhere, even inside a fence; this leaves out whole objects instead, and says which.

use super::object::{self, Group};
use super::summary::{self, reason, symbol};
use super::{Detail, ONLY_OUTPUTS, ONLY_REFRESHES, Page, notes};
use crate::diag::Sources;
use crate::kind::Kinds;
use crate::plan::{Action, Mode, Plan};
use crate::render::Style;
use crate::render::paint::{cut, visible};
use crate::render::rows::{Line, Row, Symbol, lines};

/// A comment of a pull request holds 65,536 characters.
pub const LONGEST: usize = 65_000;
/// Kept free for the line that says what was left out.
const REMARK: usize = 600;
/// A cell, or the line of something folded, is cut at this many columns.
const CELL: usize = 300;
/// How many of the things left out are named.
const NAMED: usize = 5;

/// The plan as Markdown of at most `limit` characters; what does not fit is left out by whole objects.
pub fn markdown(plan: &Plan, sources: &Sources, kinds: &Kinds, detail: Detail, limit: usize) -> String {
    let style = Style::default();
    let page = Page::new(plan, sources, kinds, detail, &style);
    let groups = object::groups(&page);
    let parts = parts(&page, &groups);
    let head = head(&page, groups.is_empty() && parts.is_empty());
    let room = limit.saturating_sub(length(&head) + REMARK);
    let table = table(&page, &groups, if parts.is_empty() { room } else { room / 2 });
    let mut text = head;
    text.push_str(&table.text);
    text.push_str(&fitted(parts, table.left_out, room.saturating_sub(length(&table.text))));
    text
}

/// A foldable piece, and what it is called when it must be left out.
struct Part {
    name: String,
    text: String,
}

/// As many parts as there is room for; at the end, what was left out.
fn fitted(parts: Vec<Part>, unlisted: usize, room: usize) -> String {
    let mut text = String::new();
    let mut left_out = Vec::new();
    let mut used = 0;
    for part in parts {
        let length = length(&part.text);
        if used + length <= room {
            text.push_str(&part.text);
            used += length;
        } else {
            left_out.push(part.name);
        }
    }
    text.push_str(&remark(&left_out, unlisted));
    text
}

fn remark(left_out: &[String], unlisted: usize) -> String {
    let mut said = Vec::new();
    if unlisted > 0 {
        said.push(format!("{unlisted} lines of the table"));
    }
    if !left_out.is_empty() {
        let named: Vec<String> =
            left_out.iter().take(NAMED).map(|name| code(&cut(name, REMARK / 2 / NAMED))).collect();
        let more = left_out.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        said.push(format!("the details of {}{more}", named.join(", ")));
    }
    if said.is_empty() {
        return String::new();
    }
    format!("\n**Left out, because this would be too long:** {}.\n", said.join("; "))
}

/// Title, how the world was read, and what must not be overlooked.
fn head(page: &Page<'_>, is_nothing: bool) -> String {
    if is_nothing {
        let said = page.nothing(false);
        return format!("## No changes\n\n{}\n", said.trim_start_matches("No changes.").trim_start());
    }
    let title = match page.plan.mode {
        Mode::RefreshOnly => "Refresh only".to_owned(),
        _ => summary::summary_line(page.plan.counts()).trim_end_matches('.').to_owned(),
    };
    let mut text = format!("## {title}\n\n{}\n", summary::header(page));
    if page.plan.mode == Mode::RefreshOnly {
        text.push_str(&format!("\n{ONLY_REFRESHES}\n"));
    } else if page.plan.changes.iter().all(|(subject, change)| !page.is_shown(subject, change)) {
        text.push_str(&format!("\n{ONLY_OUTPUTS}\n"));
    }
    if let Some(everything) = page.everything_goes() {
        text.push_str(&format!("\n> [!CAUTION]\n> {}\n", prose(&everything)));
    }
    for finding in notes::finding_texts(page) {
        text.push_str(&format!("\n{}\n", prose(&finding)));
    }
    text
}

struct Table {
    text: String,
    left_out: usize,
}

fn table(page: &Page<'_>, groups: &[Group<'_>], room: usize) -> Table {
    let mut text = String::new();
    let mut left_out = 0;
    let head = "\n| | object | where | why |\n|---|---|---|---|\n";
    let mut used = length(head);
    for group in groups {
        let row = table_row(page, group);
        used += length(&row);
        if used <= room {
            text.push_str(&row);
        } else {
            left_out += 1;
        }
    }
    if !text.is_empty() {
        text.insert_str(0, head);
    }
    Table { text, left_out }
}

fn table_row(page: &Page<'_>, group: &Group<'_>) -> String {
    let places = group.places(page);
    let place = if places.is_empty() { String::new() } else { code(&cut(&places, CELL)) };
    let (sign, _) = symbol(group.action());
    let names = code(&cut(&group.names(page.detail), CELL));
    format!("| {} | {names} | {place} | {} |\n", code(sign), prose(&cut(&reason(page, group), CELL)))
}

/// What is folded away: objects with edits, what was changed outside, outputs.
fn parts(page: &Page<'_>, groups: &[Group<'_>]) -> Vec<Part> {
    let shown = page.detail != Detail::Concise;
    let mut parts: Vec<Part> =
        groups.iter().filter(|_| shown).filter_map(|group| of_group(page, group)).collect();
    parts.extend(notes::drifted(page).into_iter().map(|drifted| {
        let title = format!("changed outside: {}", code(&drifted.header()));
        let own = Line::text(drifted.symbol(), drifted.header());
        part(drifted.header(), &title, std::iter::once(own).chain(lines(&drifted.rows, 4, page.style)))
    }));
    let outputs = page.output_rows();
    if !outputs.is_empty() {
        let name = "changes to outputs".to_owned();
        parts.push(part(name.clone(), &name, lines(&outputs, 0, page.style)));
    }
    parts
}

/// `None` for one that has no edits to show.
fn of_group(page: &Page<'_>, group: &Group<'_>) -> Option<Part> {
    let rows = Some(group.rows(page)).filter(|rows| !rows.is_empty())?;
    let (sign, _) = symbol(group.action());
    let names = group.names(page.detail);
    let cells = [code(sign), code(&cut(&names, CELL)), code(&cut(&group.ids(), CELL))];
    let title = cells.join(" ").trim_end().to_owned();
    let rows: Vec<Row> = match group.action() {
        Action::Create { .. } => rows.iter().map(|row| row.clone().all(Symbol::Add)).collect(),
        _ => rows.into_owned(),
    };
    Some(part(names, &title, lines(&rows, 0, page.style)))
}

fn part(name: String, title: &str, rows: impl IntoIterator<Item = Line>) -> Part {
    let rows: Vec<String> = rows.into_iter().map(|line| diff_line(&line)).collect();
    let rows = rows.join("\n");
    let fence = fence(&rows);
    let text =
        format!("\n<details>\n<summary>{title}</summary>\n\n{fence}diff\n{rows}\n{fence}\n\n</details>\n");
    Part { name, text }
}

/// The symbol at the start of the line, where it gives the line its colour.
fn diff_line(line: &Line) -> String {
    let sign = match line.symbol {
        Some(Symbol::Add) => '+',
        Some(Symbol::Remove) => '-',
        Some(Symbol::Change) => '!',
        Some(Symbol::Same) | None => ' ',
    };
    let text = line.text.replace('\n', " ");
    format!("{sign} {}{text}", " ".repeat(line.indent)).trim_end().to_owned()
}

/// A fence longer than every row of backticks inside.
fn fence(text: &str) -> String {
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Text as code; nothing in it is markup.
fn code(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("<code>{}</code>", escape(text)) }
}

/// Text with its `code`; nothing else in it is markup, and nobody is mentioned.
fn prose(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escape(text);
    }
    let piece = |(at, piece): (usize, &&str)| if at % 2 == 1 { code(piece) } else { escape(piece) };
    pieces.iter().enumerate().map(piece).collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in visible(text).chars() {
        match char {
            '&' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '|' | '~' | '\\' | '!' | '$' => {
                escaped.push_str(&format!("&#{};", u32::from(char)));
            }
            // A space of no width, so that this is neither a person's name nor an issue's number.
            '@' | '#' => escaped.extend([char, '\u{200b}']),
            '\n' | '\t' => escaped.push(' '),
            char => escaped.push(char),
        }
    }
    escaped
}
