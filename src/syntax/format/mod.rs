//! `terraform fmt`: the same text with spaces, labels and old spellings as everybody writes them.
//!
//! The text becomes a flat list of pieces (tokens with the spaces before them). [`rewrite`] exchanges what has a
//! better spelling; [`layout`] cuts the list into lines and sets every indentation and alignment; [`spacing`] knows between which
//! tokens a space belongs. Apart from the rewriting only blanks change.

mod layout;
mod rewrite;
mod spacing;

use super::scan::{self, Kind, Token};
use super::{complain, native};
use crate::diag::{Diagnostics, FileId};
use std::borrow::Cow;

/// A token and how many spaces stand before it.
#[derive(Clone, Debug)]
struct Piece<'a> {
    kind: Kind,
    text: Cow<'a, str>,
    spaces: usize,
}

impl Piece<'_> {
    /// Whether a line ends with it. A `#` comment has its newline in it.
    fn ends_line(&self) -> bool {
        matches!(self.kind, Kind::Newline | Kind::Comment) && self.text.ends_with('\n')
    }
}

/// Formats a configuration. What is not valid syntax comes back as it is.
pub fn format(text: &str) -> String {
    let bom = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let tokens = scan::code(text, bom);
    let mut unsaid = Diagnostics::new();
    let file = FileId(0);
    if complain::invalid_tokens(text, file, &tokens, &mut unsaid) {
        return text.to_owned();
    }
    let mut parser = native::Parser::new(text, file, &tokens, &mut unsaid);
    let read = native::with_room(&tokens, || parser.file());
    // A label with a wrong escape is read all the same, and reported.
    let Some(body) = read.filter(|_| !unsaid.has_errors()) else { return text.to_owned() };
    let pieces = pieces(text, bom, &tokens);
    let mut pieces = rewrite::rewrite(text, &body, &pieces);
    layout::layout(&mut pieces);
    let mut formatted = write(&pieces);
    // Terraform leaves blanks at the end of a file, where no line ends.
    let end =
        tokens.iter().rev().find(|token| token.kind != Kind::Eof).map_or(bom, |token| token.range().end);
    formatted.extend(std::iter::repeat_n(' ', text[end..].chars().count()));
    formatted
}

/// The tokens of a text, without the last, each with what stands before it. A line comment takes its newline.
fn pieces<'a>(text: &'a str, start: usize, tokens: &[Token]) -> Vec<(usize, Piece<'a>)> {
    let mut pieces: Vec<(usize, Piece<'a>)> = Vec::with_capacity(tokens.len());
    let mut end = start;
    for token in tokens.iter().filter(|token| token.kind != Kind::Eof) {
        let range = token.range();
        if token.kind == Kind::Newline
            && let Some((at, comment)) = pieces.last_mut()
            && comment.kind == Kind::Comment
            && !comment.text.starts_with("/*")
            && !comment.ends_line()
        {
            comment.text = Cow::Borrowed(&text[*at..range.end]);
        } else {
            // A tab counts as one column, as any character.
            let spaces = text[end..range.start].chars().count();
            let piece = Piece { kind: token.kind, text: Cow::Borrowed(&text[range.clone()]), spaces };
            pieces.push((range.start, piece));
        }
        end = range.end;
    }
    pieces
}

fn write(pieces: &[Piece<'_>]) -> String {
    let mut out = String::new();
    for piece in pieces {
        out.extend(std::iter::repeat_n(' ', piece.spaces));
        out.push_str(&piece.text);
    }
    out
}
