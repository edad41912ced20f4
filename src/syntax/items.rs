//! A file → its top-level items, each parsed by itself, so that a broken one does not hide the others.
//!
//! Items are cut where brackets balance. When one never balances, what follows it is found again at the next line that is
//! indented as the item is and looks like the beginning of a block or argument.

use super::ast::Body;
use super::nesting::Nesting;
use super::scan::{self, Kind, Token};
use super::{complain, convert, native};
use crate::diag::{Diagnostics, FileId, Span};
use std::collections::HashMap;

/// How often a file is scanned again after an item without an end. Each time costs a pass over the rest of the file, and
/// after so many mistakes the next ones help nobody.
const MAX_RESCANS: usize = 20;

/// A file of more tokens than people write (some 500 blocks) was generated, and is read by our own parser alone: both make the same
/// tree, and of reading 10,000 blocks about half was the other one and copying its tree.
const GENERATED: usize = 20_000;

/// How many mistakes of a file are reported before the rest of it is left unread.
const MAX_COMPLAINTS: usize = 100;

/// Reads all items of a file. Those that are broken are reported and left out.
pub(super) fn parse(text: &str, file: FileId, diags: &mut Diagnostics) -> Body {
    let limit = diags.errors() + MAX_COMPLAINTS;
    let mut reader = Reader {
        text,
        file,
        diags,
        body: Body::default(),
        seen: HashMap::new(),
        broken_at: None,
        limit,
        generated: false,
    };
    let mut at = Some(if text.starts_with('\u{feff}') { 3 } else { 0 });
    for _ in 0..MAX_RESCANS {
        let Some(from) = at else { break };
        at = reader.read_from(from);
    }
    reader.body.end = Some(Span::new(file, text.len()..text.len()));
    reader.body
}

struct Reader<'a> {
    text: &'a str,
    file: FileId,
    diags: &'a mut Diagnostics,
    body: Body,
    /// Arguments by name: a second one is refused, in whatever item.
    seen: HashMap<String, Span>,
    /// The indentation of the item before, if that was broken: deeper ones are taken to be its debris.
    broken_at: Option<usize>,
    /// At so many errors reading stops.
    limit: usize,
    generated: bool,
}

impl Reader<'_> {
    /// Reads items from a byte offset. If one has no end, gives the offset to go on from.
    fn read_from(&mut self, from: usize) -> Option<usize> {
        let tokens = scan::code(self.text, from);
        self.generated = tokens.len() > GENERATED;
        let mut at = 0;
        while let Some(item) = next_item(&tokens, at) {
            let mut slice = &tokens[item.start..item.end];
            let resync = if item.closed { None } else { self.next_header(slice) };
            if let Some(offset) = resync {
                slice = &slice[..slice.partition_point(|token| (token.start as usize) < offset)];
            }
            self.read_item(slice);
            if self.broken_at.is_some() && self.diags.errors() >= self.limit {
                return None;
            }
            if resync.is_some() {
                return resync;
            }
            at = item.end;
        }
        None
    }

    fn read_item(&mut self, tokens: &[Token]) {
        let first = tokens[0];
        let indent = self.indent(first);
        let is_debris = self
            .broken_at
            .is_some_and(|broken| indent > broken || matches!(first.kind, Kind::OBrace | Kind::CBrace));
        if is_debris {
            return;
        }
        let parsed = self.parse_item(tokens).and_then(|body| self.add(body));
        self.broken_at = parsed.is_none().then_some(indent);
    }

    fn parse_item(&mut self, tokens: &[Token]) -> Option<Body> {
        let invalid = complain::invalid_tokens(self.text, self.file, tokens, self.diags);
        let theirs = !invalid && !self.generated;
        if theirs && let Some(body) = convert::item(self.text, self.file, tokens) {
            return Some(body);
        }
        let mut parser = native::Parser::new(self.text, self.file, tokens, self.diags);
        let body = native::with_room(tokens, || parser.file());
        if invalid { None } else { body }
    }

    fn add(&mut self, item: Body) -> Option<()> {
        for attribute in &item.attributes {
            let name = &attribute.name;
            if let Some(first) = self.seen.get(&*name.name) {
                self.diags.push(complain::redefined(name, *first));
                return None;
            }
            self.seen.insert(name.name.to_string(), name.span);
        }
        self.body.attributes.extend(item.attributes);
        self.body.blocks.extend(item.blocks);
        Some(())
    }

    /// How many bytes stand before a token on its line.
    fn indent(&self, token: Token) -> usize {
        let start = token.start as usize;
        start - self.text[..start].rfind('\n').map_or(0, |at| at + 1)
    }

    /// The next line that begins an item as deep as the one of `tokens` does.
    fn next_header(&self, tokens: &[Token]) -> Option<usize> {
        let first = tokens[0];
        let indent = self.indent(first);
        let start = first.start as usize;
        let mut offset = start + self.text[start..].find('\n')? + 1;
        // Inside a block, `a = 1` is just one of its lines; after an argument it is the next argument.
        let mut kinds = tokens.iter().map(|token| token.kind).filter(|kind| *kind != Kind::Comment);
        let in_block = kinds.nth(1) != Some(Kind::Equal);
        for line in self.text[offset..].split_inclusive('\n') {
            let trimmed = line.trim_start_matches([' ', '\t']);
            if line.len() - trimmed.len() == indent
                && (is_block_header(trimmed) || (!in_block && is_argument(trimmed)))
            {
                return Some(offset + indent);
            }
            offset += line.len();
        }
        None
    }
}

/// Whether a line begins `kind "label" {`.
fn is_block_header(line: &str) -> bool {
    let Some((header, _)) = line.split_once('{') else { return false };
    header.starts_with(scan::is_word_start)
        && header.chars().all(|c| scan::is_word_part(c) || matches!(c, ' ' | '\t' | '"' | '.'))
}

fn is_argument(line: &str) -> bool {
    let rest = line.trim_start_matches(scan::is_word_part).trim_start();
    line.starts_with(scan::is_word_start) && rest.starts_with('=') && !rest.starts_with("==")
}

struct Item {
    start: usize,
    /// After the newline that ends it.
    end: usize,
    /// Whether all its brackets and templates were closed.
    closed: bool,
}

/// The next item at or after token `at`.
fn next_item(tokens: &[Token], at: usize) -> Option<Item> {
    let blank = |token: &Token| matches!(token.kind, Kind::Newline | Kind::Comment);
    let start = at + tokens[at..].iter().take_while(|token| blank(token)).count();
    let mut nesting = Nesting::default();
    for (end, token) in tokens.iter().enumerate().skip(start) {
        match token.kind {
            Kind::Eof => {
                return (end > start).then_some(Item { start, end, closed: nesting.is_closed() });
            }
            Kind::Newline if nesting.is_closed() => {
                return Some(Item { start, end: end + 1, closed: true });
            }
            kind => nesting.see(kind),
        }
    }
    None
}
