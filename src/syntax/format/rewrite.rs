//! Spellings that have a better one: `"${x}"` is `x`, labels are quoted, a variable's type is no string.

use super::Piece;
use crate::diag::Span;
use crate::syntax::ast::{Body, Label};
use crate::syntax::scan::Kind;
use regex::Regex;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// Pieces to put in place of others, in source order.
type Edits<'a> = Vec<(Range<usize>, Vec<Piece<'a>>)>;

/// The pieces of a text with everything rewritten. Each piece comes with its offset.
pub(super) fn rewrite<'a>(text: &str, body: &Body, pieces: &[(usize, Piece<'a>)]) -> Vec<Piece<'a>> {
    let mut edits = Vec::new();
    Rewriter { text, pieces, edits: &mut edits }.body(body, &[]);
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = Vec::with_capacity(pieces.len());
    let mut at = 0;
    for (range, replacement) in edits {
        out.extend(pieces[at..range.start].iter().map(|(_, piece)| piece.clone()));
        out.extend(replacement);
        at = range.end;
    }
    out.extend(pieces[at..].iter().map(|(_, piece)| piece.clone()));
    out
}

struct Rewriter<'a, 'b> {
    text: &'b str,
    pieces: &'b [(usize, Piece<'a>)],
    edits: &'b mut Edits<'a>,
}

impl<'a> Rewriter<'a, '_> {
    fn body(&mut self, body: &Body, inside: &[&str]) {
        for attribute in &body.attributes {
            let range = self.range(attribute.expr.span);
            let value: Vec<_> = self.pieces[range.clone()].iter().map(|(_, piece)| piece.clone()).collect();
            let is_type = inside == ["variable"] && &*attribute.name.name == "type";
            let better = if is_type { type_constraint(&value) } else { unwrapped(&value) };
            if let Some(better) = better {
                self.edits.push((range, better));
            }
        }
        for block in &body.blocks {
            if let [first, ..] = &*block.labels
                && let Some(last) = block.labels.last()
            {
                let labels = self.range(first.span.to(last.span));
                // Comments before the first label go too: so it is in Terraform.
                let range = self.range(block.kind.span).end..labels.end;
                self.edits.push((range, self.labels(&block.labels)));
            }
            let inside: Vec<_> = inside.iter().copied().chain([&*block.kind.name]).collect();
            self.body(&block.body, &inside);
        }
    }

    /// The pieces that a span covers.
    fn range(&self, span: Span) -> Range<usize> {
        let at = |offset: u32| self.pieces.partition_point(|(start, _)| *start < offset as usize);
        at(span.start)..at(span.end)
    }

    /// The labels in quotes, without what stood between them.
    fn labels(&self, labels: &[Label]) -> Vec<Piece<'a>> {
        labels.iter().flat_map(|label| quoted(&self.text[label.span.range()], &label.value)).collect()
    }
}

fn piece<'a>(kind: Kind, text: impl Into<Cow<'a, str>>) -> Piece<'a> {
    Piece { kind, text: text.into(), spaces: 0 }
}

fn quoted<'a>(source: &str, value: &str) -> [Piece<'a>; 3] {
    let is_quoted = source.starts_with('"');
    let text = if is_quoted { escaped(value) } else { value.to_owned() };
    [piece(Kind::OQuote, "\""), piece(Kind::QuotedLit, text), piece(Kind::CQuote, "\"")]
}

/// A string's text as it is written between quotes.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '$' | '%' if chars.peek() == Some(&'{') => out.extend([c, c]),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out
}

/// Whether a character shows, as Go sees it: of the blanks only the plain space does.
fn is_printable(c: char) -> bool {
    static SHOWS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    let shows = |shows: &Regex| shows.is_match(c.encode_utf8(&mut [0; 4]));
    (' '..='~').contains(&c) || SHOWS.as_ref().is_some_and(shows)
}

/// The inside of a template that is one interpolation and nothing else.
fn unwrapped<'a>(value: &[Piece<'a>]) -> Option<Vec<Piece<'a>>> {
    let [open, interp, inside @ .., end, close] = value else { return None };
    let kinds = [open.kind, interp.kind, end.kind, close.kind];
    let is_wrapped = kinds == [Kind::OQuote, Kind::Interp, Kind::SeqEnd, Kind::CQuote];
    if !is_wrapped || inside.is_empty() || !is_one_interpolation(inside) {
        return None;
    }
    let inside = trim_newlines(inside);
    let several_lines = inside.iter().any(|piece| piece.kind == Kind::Newline);
    let in_parens =
        matches!(inside, [first, .., last] if first.kind == Kind::OParen && last.kind == Kind::CParen);
    let mut out = inside.to_vec();
    if several_lines && !in_parens {
        out.insert(0, piece(Kind::OParen, "("));
        out.push(piece(Kind::CParen, ")"));
    }
    Some(out)
}

/// Whether no sequence ends or begins, and no text stands, between the outermost quotes.
fn is_one_interpolation(inside: &[Piece<'_>]) -> bool {
    let mut quotes = 0usize;
    for piece in inside {
        match piece.kind {
            Kind::OQuote => quotes += 1,
            Kind::CQuote => quotes = quotes.saturating_sub(1),
            Kind::Interp | Kind::SeqEnd | Kind::QuotedLit if quotes == 0 => return false,
            _ => {}
        }
    }
    true
}

fn trim_newlines<'b, 'a>(mut pieces: &'b [Piece<'a>]) -> &'b [Piece<'a>] {
    while let [first, rest @ ..] = pieces
        && first.kind == Kind::Newline
    {
        pieces = rest;
    }
    while let [rest @ .., last] = pieces
        && last.kind == Kind::Newline
    {
        pieces = rest;
    }
    pieces
}

/// The types of old: a name in quotes, or a collection without its elements' type.
fn type_constraint<'a>(value: &[Piece<'a>]) -> Option<Vec<Piece<'a>>> {
    let of = |collection: &str, element: &'static str| {
        let name = piece(Kind::Ident, collection.to_owned());
        vec![name, piece(Kind::OParen, "("), piece(Kind::Ident, element), piece(Kind::CParen, ")")]
    };
    match value {
        [name] if matches!(&*name.text, "list" | "map" | "set") => Some(of(&name.text, "any")),
        [open, name, _] if open.kind == Kind::OQuote => match &*name.text {
            "string" => Some(vec![piece(Kind::Ident, "string")]),
            "list" | "map" => Some(of(&name.text, "string")),
            _ => None,
        },
        _ => None,
    }
}
