//! Tokens → tree by recursive descent, after HCL's own grammar: for what `hcl-edit` refuses or reads differently, and
//! for saying what is wrong in HCL's words.
//!
//! A mistake ends the body item it is in; the parser goes on at the next line. Recursion happens only between brackets
//! and is counted; chains of operators are loops, but the height of the tree they make is counted too, so that
//! neither parsing nor anything that walks the tree can exhaust the stack.

mod body;
mod collection;
mod expr;
mod postfix;
mod room;
mod template;

pub(super) use collection::object_key;
pub(super) use postfix::{index, step};
pub(super) use room::with_room;

use super::complain;
use super::scan::{Kind, Token};
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};

/// How deep brackets, blocks and template sequences may nest.
const MAX_DEPTH: usize = 250;
/// How many levels an expression's tree may have: `a + b + c` has two, and each operator adds one.
const MAX_HEIGHT: usize = 1_000;

/// How many mistakes of one item are reported: after so many the next ones help nobody.
const MAX_COMPLAINTS: usize = 100;

/// A mistake was found and reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed;

pub(super) type Parsed<T> = Result<T, Failed>;

/// A place among the tokens of one item.
pub(super) struct Parser<'a> {
    text: &'a str,
    file: FileId,
    tokens: &'a [Token],
    at: usize,
    /// The last token that was taken.
    last: Option<Token>,
    /// Where the tokens end: what a complaint about a missing end underlines.
    end: u32,
    /// Whether newlines mean something here; they do not between round or square brackets.
    newlines: bool,
    depth: usize,
    /// Height of the tallest expression built so far within the innermost [`Parser::nested`].
    tallest: usize,
    /// The first token of the body item being read.
    item: usize,
    complaints: usize,
    diags: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    /// A parser of `tokens`; the end of the slice counts as the end of the file.
    pub(super) fn new(text: &'a str, file: FileId, tokens: &'a [Token], diags: &'a mut Diagnostics) -> Self {
        let end = tokens.last().map_or(0, |token| token.end);
        Self {
            text,
            file,
            tokens,
            at: 0,
            last: None,
            end,
            newlines: true,
            depth: 0,
            tallest: 0,
            item: 0,
            complaints: 0,
            diags,
        }
    }

    /// The same, with newlines meaning nothing: a whole text that is one expression.
    pub(super) fn ignoring_newlines(mut self) -> Self {
        self.newlines = false;
        self
    }

    /// The next token that means something, without taking it.
    fn peek(&mut self) -> Token {
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Comment => self.at += 1,
                Kind::Newline if !self.newlines => self.at += 1,
                _ => return *token,
            }
        }
        Token { kind: Kind::Eof, start: self.end, end: self.end }
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len());
        self.last = Some(token);
        token
    }

    fn at(&mut self, kind: Kind) -> bool {
        self.peek().kind == kind
    }

    /// Takes the next token if it is of this kind.
    fn eat(&mut self, kind: Kind) -> Option<Token> {
        self.at(kind).then(|| self.next())
    }

    fn at_word(&mut self, word: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Ident && self.source(token) == word
    }

    fn source(&self, token: Token) -> &'a str {
        &self.text[token.range()]
    }

    fn span(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start, end: token.end }
    }

    /// Where the last token taken ends.
    fn last_end(&self) -> u32 {
        self.last.map_or(0, |token| token.end)
    }

    /// From `start` to the last token taken.
    fn span_from(&self, start: u32) -> Span {
        Span { file: self.file, start, end: self.last_end().max(start) }
    }

    /// Runs `parse` with newlines meaning something or not.
    fn with_newlines<T>(&mut self, newlines: bool, parse: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.newlines, newlines);
        let parsed = parse(self);
        self.newlines = before;
        parsed
    }

    /// Runs `parse` one level deeper, unless that is too deep.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(self.too_deep(MAX_DEPTH));
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.tallest);
        let parsed = parse(self);
        self.depth -= 1;
        self.grow(outer)?;
        parsed
    }

    /// Counts one more level of the tree being built; `outer` is the height of what stands beside it.
    fn grow(&mut self, outer: usize) -> Parsed<()> {
        self.tallest += 1;
        if self.tallest > MAX_HEIGHT {
            self.tallest = 0;
            return Err(self.too_deep(MAX_HEIGHT));
        }
        self.tallest = self.tallest.max(outer);
        Ok(())
    }

    fn too_deep(&mut self, limit: usize) -> Failed {
        let token = self.peek();
        self.fail(
            token,
            "nested too deeply",
            "Expression nested too deeply",
            format!("At most {limit} levels of nesting are read. Name parts of this in `locals`, and use the names."),
        )
    }

    /// Reports a mistake at `token` in HCL's words, unless a character that is wrong in itself explains it.
    fn fail(&mut self, token: Token, label: &str, summary: &str, detail: impl Into<String>) -> Failed {
        self.fail_at(self.span(token), label, summary, detail)
    }

    fn fail_at(&mut self, span: Span, label: &str, summary: &str, detail: impl Into<String>) -> Failed {
        let explained = self.tokens[self.item.min(self.at)..]
            .iter()
            .enumerate()
            .take_while(|(ahead, token)| token.start <= span.end || self.item + ahead <= self.at)
            .any(|(_, token)| token.kind.is_invalid());
        if !explained && self.complaints < MAX_COMPLAINTS {
            self.complaints += 1;
            let diagnostic = Diagnostic::error(summary).at(self.visible(span)).label(label).detail(detail);
            self.diags.push(complain::with_hints(diagnostic, self.text));
        }
        Failed
    }

    /// A complaint about the end of the text underlines the last thing before it.
    fn visible(&self, span: Span) -> Span {
        if span.start < span.end || span.start < self.end {
            return span;
        }
        let last = self.tokens.iter().rev().find(|token| {
            !matches!(token.kind, Kind::Newline | Kind::Comment | Kind::Eof) && token.start < token.end
        });
        last.map_or(span, |token| self.span(*token))
    }
}
