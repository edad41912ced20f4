//! Templates: strings in quotes, heredocs, and whole texts.
//!
//! First the pieces in source order (literals a line at a time, sequences), with `~` trimming its neighbours; then the
//! indentation of a `<<-` heredoc goes; then directives become a tree. The order is HCL's and shows in results: what `~` took of
//! a line's start no longer counts as indentation.

use super::{Failed, Parsed, Parser};
use crate::diag::{Span, did_you_mean};
use crate::syntax::ast::{Expr, ExprKind, Ident, TemplatePart};
use crate::syntax::scan::{Kind, Token};
use crate::syntax::{heredoc, literal};
use crate::value::{Str, Value, graphemes};
use std::iter::Peekable;

enum Piece {
    Literal(String, Span),
    Interpolation(Expr),
    If(Expr, Span),
    Else(Span),
    EndIf(Span),
    For { key_var: Option<Ident>, value_var: Ident, collection: Expr, span: Span },
    EndFor(Span),
}

type Pieces = Peekable<std::vec::IntoIter<Piece>>;

impl Parser<'_> {
    /// Reads the tokens as one template.
    pub(in crate::syntax) fn whole_template(&mut self) -> Parsed<Expr> {
        let open = self.peek();
        let pieces = self.pieces(open, Kind::Eof)?;
        let span = Span { file: self.file, start: 0, end: self.end };
        self.assemble(pieces, span)
    }

    /// Reads a quoted string or a heredoc.
    pub(in crate::syntax) fn string(&mut self) -> Parsed<Expr> {
        let open = self.next();
        let pieces = if open.kind == Kind::OHeredoc {
            let mut pieces = self.pieces(open, Kind::CHeredoc)?;
            if heredoc::is_flush(self.source(open)) {
                dedent(&mut pieces);
            }
            pieces
        } else {
            self.pieces(open, Kind::CQuote)?
        };
        let span = self.span_from(open.start);
        self.assemble(pieces, span)
    }

    fn pieces(&mut self, open: Token, close: Kind) -> Parsed<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut trim_next = false;
        loop {
            let token = self.next();
            let trim = std::mem::take(&mut trim_next);
            match token.kind {
                kind if kind == close => return Ok(pieces),
                Kind::QuotedLit | Kind::StringLit => {
                    let text = self.literal(token)?;
                    let text = if trim { text.trim_start().to_owned() } else { text };
                    pieces.push(Piece::Literal(text, self.span(token)));
                }
                Kind::Interp | Kind::Control => {
                    self.trim_previous(token, &mut pieces);
                    let read = if token.kind == Kind::Interp { Self::interpolation } else { Self::directive };
                    let piece = self.with_newlines(false, |p| p.nested(|p| read(p, token)))?;
                    pieces.push(piece);
                    trim_next = self.last.is_some_and(|last| self.source(last).starts_with('~'));
                }
                _ => return Err(self.unterminated(open)),
            }
        }
    }

    fn literal(&mut self, token: Token) -> Parsed<String> {
        let raw = self.source(token);
        let mut text = String::with_capacity(raw.len());
        let sound = match token.kind {
            Kind::QuotedLit => literal::unescape(raw, self.span(token), &mut text, self.diags),
            _ => {
                literal::unescape_markers(raw, &mut text);
                true
            }
        };
        if sound { Ok(text) } else { Err(Failed) }
    }

    /// `${~` and `%{~` take the blanks off the end of the literal just before.
    fn trim_previous(&self, opener: Token, pieces: &mut [Piece]) {
        if self.source(opener).ends_with('~')
            && let Some(Piece::Literal(text, _)) = pieces.last_mut()
        {
            text.truncate(text.trim_end().len());
        }
    }

    fn unterminated(&mut self, open: Token) -> Failed {
        self.fail(
            open,
            "never closed",
            "Unterminated template string",
            "No closing marker was found for the string.",
        )
    }

    fn interpolation(&mut self, opener: Token) -> Parsed<Piece> {
        let expr = self.expression()?;
        if self.eat(Kind::SeqEnd).is_some() {
            return Ok(Piece::Interpolation(expr));
        }
        Err(self.interpolation_goes_on(opener))
    }

    fn interpolation_goes_on(&mut self, opener: Token) -> Failed {
        let token = self.peek();
        let unclosed = |end: &str| {
            format!(
                "There is no closing brace for this interpolation sequence before the end of the {end}. This might be caused by \
                 incorrect nesting inside the given expression."
            )
        };
        let (at, label, summary, detail) = match token.kind {
            Kind::Eof => (opener, "never closed", "Unclosed template interpolation sequence", unclosed("file")),
            Kind::OQuote | Kind::CQuote => {
                (opener, "never closed", "Unclosed template interpolation sequence", unclosed("quoted template"))
            }
            Kind::Colon => (
                token,
                "not expected here",
                "Extra characters after interpolation expression",
                "Template interpolation doesn't expect a colon at this location. Did you intend this to be a literal sequence \
                 to be processed as part of another language? If so, you can escape it by starting with \"$${\" instead of just \
                 \"${\"."
                .into(),
            ),
            _ => (
                token,
                "`}` is expected before this",
                "Extra characters after interpolation expression",
                "Expected a closing brace to end the interpolation expression, but found extra characters.\n\nThis can happen \
                 when you include interpolation syntax for another language, such as shell scripting, but forget to escape the \
                 interpolation start token. If this is an embedded sequence for another language, escape it by starting with \
                 \"$${\" instead of just \"${\"."
                .into(),
            ),
        };
        self.fail(at, label, summary, detail)
    }

    fn directive(&mut self, opener: Token) -> Parsed<Piece> {
        let token = self.peek();
        if token.kind != Kind::Ident {
            return Err(self.fail(
                token,
                "`if` or `for` is expected",
                "Invalid template directive",
                "A template directive keyword (\"if\", \"for\", etc) is expected at the beginning of a %{ sequence.",
            ));
        }
        self.next();
        let keyword = self.source(token);
        let piece = match keyword {
            "if" => Piece::If(self.expression()?, self.span(opener)),
            "else" => Piece::Else(self.span(opener)),
            "endif" => Piece::EndIf(self.span(opener)),
            "for" => {
                let (key_var, value_var) = self.for_names("Invalid 'for' directive", "For directive")?;
                Piece::For { key_var, value_var, collection: self.expression()?, span: self.span(opener) }
            }
            "endfor" => Piece::EndFor(self.span(opener)),
            _ => return Err(self.unknown_directive(token)),
        };
        if self.eat(Kind::SeqEnd).is_none() {
            let token = self.peek();
            return Err(self.fail(
                token,
                "`}` is expected before this",
                &format!("Extra characters in {keyword} marker"),
                "Expected a closing brace to end the sequence, but found extra characters.",
            ));
        }
        Ok(piece.ending_at(self.last_end()))
    }

    fn unknown_directive(&mut self, token: Token) -> Failed {
        let keyword = self.source(token);
        let mut detail = format!("{keyword:?} is not a valid template control keyword.");
        if let Some(near) = did_you_mean(keyword, ["if", "for", "else", "endif", "endfor"]) {
            detail.push_str(&format!(" Did you mean {near:?}?"));
        }
        self.fail(token, "not a directive", "Invalid template control keyword", detail)
    }

    fn assemble(&mut self, mut pieces: Vec<Piece>, span: Span) -> Parsed<Expr> {
        if let [Piece::Interpolation(_)] = pieces.as_slice()
            && let Some(Piece::Interpolation(inner)) = pieces.pop()
        {
            return Ok(Expr { kind: ExprKind::Wrap(Box::new(inner)), span });
        }
        let mut pieces = pieces.into_iter().peekable();
        let mut parts = self.parts(&mut pieces)?;
        if let Some(stray) = pieces.next() {
            let summary = format!("Unexpected {} directive", stray.keyword());
            let detail = "The control directives within this template are unbalanced.";
            return Err(self.fail_at(stray.span(), "nothing to end here", &summary, detail));
        }
        let kind = match parts.as_mut_slice() {
            [] => ExprKind::Literal(Value::String(Str::new(""))),
            [TemplatePart::Literal(text, _)] => ExprKind::Literal(Value::String(text.clone())),
            _ => ExprKind::Template(parts),
        };
        Ok(Expr { kind, span })
    }

    /// Reads parts up to a directive that ends or divides one, which is left, or to the end. Neighbouring literals become one.
    fn parts(&mut self, pieces: &mut Pieces) -> Parsed<Vec<TemplatePart>> {
        let mut parts = Vec::new();
        while let Some(piece) =
            pieces.next_if(|piece| !matches!(piece, Piece::Else(_) | Piece::EndIf(_) | Piece::EndFor(_)))
        {
            match piece {
                Piece::Literal(text, span) => {
                    let (text, span) = meld(text, span, pieces);
                    parts.push(TemplatePart::Literal(Str::new(&text), span));
                }
                Piece::Interpolation(expr) => parts.push(TemplatePart::Interpolation(expr)),
                Piece::If(condition, span) => {
                    parts.push(self.nested(|p| p.if_directive(condition, span, pieces))?);
                }
                Piece::For { key_var, value_var, collection, span } => {
                    let body = self.nested(|p| p.parts(pieces))?;
                    let span = self.end_of_for(span, pieces)?;
                    parts.push(TemplatePart::For { key_var, value_var, collection, body, span });
                }
                Piece::Else(_) | Piece::EndIf(_) | Piece::EndFor(_) => {}
            }
        }
        Ok(parts)
    }

    fn if_directive(&mut self, condition: Expr, span: Span, pieces: &mut Pieces) -> Parsed<TemplatePart> {
        let then = self.parts(pieces)?;
        let otherwise = match pieces.next_if(|piece| matches!(piece, Piece::Else(_))) {
            Some(_) => Some(self.parts(pieces)?),
            None => None,
        };
        match pieces.next() {
            Some(Piece::EndIf(end)) => {
                Ok(TemplatePart::If { condition, then, otherwise, span: span.to(end) })
            }
            None => Err(self.no_end(span, "if", "endif")),
            Some(other @ Piece::Else(_)) => {
                let detail = "Already in the else clause for the if directive.";
                Err(self.fail_at(other.span(), "a second `else`", "Unexpected else directive", detail))
            }
            Some(other) => Err(self.wrong_end(&other, "Expecting an endif directive for the if directive.")),
        }
    }

    fn end_of_for(&mut self, span: Span, pieces: &mut Pieces) -> Parsed<Span> {
        match pieces.next() {
            Some(Piece::EndFor(end)) => Ok(span.to(end)),
            None => Err(self.no_end(span, "for", "endfor")),
            Some(other @ Piece::Else(_)) => {
                Err(self.wrong_end(&other, "An else clause is not expected for a for directive."))
            }
            Some(other) => {
                Err(self
                    .wrong_end(&other, "Expecting an endfor directive corresponding to the for directive."))
            }
        }
    }

    fn no_end(&mut self, span: Span, directive: &str, end: &str) -> Failed {
        let detail = format!("The {directive} directive is missing its corresponding {end} directive.");
        self.fail_at(span, &format!("no `%{{ {end} }}` follows"), "Unexpected end of template", detail)
    }

    fn wrong_end(&mut self, piece: &Piece, detail: &str) -> Failed {
        let summary = format!("Unexpected {} directive", piece.keyword());
        self.fail_at(piece.span(), "not expected here", &summary, detail)
    }
}

impl Piece {
    fn span(&self) -> Span {
        match self {
            Piece::Interpolation(expr) => expr.span,
            Piece::Literal(_, span) | Piece::If(_, span) | Piece::Else(span) => *span,
            Piece::EndIf(span) | Piece::EndFor(span) | Piece::For { span, .. } => *span,
        }
    }

    fn keyword(&self) -> &'static str {
        match self {
            Piece::If(..) => "if",
            Piece::Else(_) => "else",
            Piece::EndIf(_) => "endif",
            Piece::For { .. } => "for",
            Piece::EndFor(_) => "endfor",
            Piece::Literal(..) | Piece::Interpolation(_) => "template",
        }
    }

    fn ending_at(mut self, end: u32) -> Self {
        if let Piece::If(_, span)
        | Piece::Else(span)
        | Piece::EndIf(span)
        | Piece::EndFor(span)
        | Piece::For { span, .. } = &mut self
        {
            span.end = end;
        }
        self
    }
}

/// Appends the literals that follow directly.
fn meld(mut text: String, mut span: Span, pieces: &mut Pieces) -> (String, Span) {
    while let Some(Piece::Literal(more, place)) = pieces.next_if(|piece| matches!(piece, Piece::Literal(..)))
    {
        text.push_str(&more);
        span = span.to(place);
    }
    (text, span)
}

/// Takes the indentation that all lines share off each. A line that begins with a sequence has none; blank lines do not count.
fn dedent(pieces: &mut [Piece]) {
    let mut least = None;
    let mut starts = Vec::new();
    let mut line_start = true;
    for (at, piece) in pieces.iter().enumerate() {
        let literal = match piece {
            Piece::Literal(text, _) => Some(text.as_str()),
            _ => None,
        };
        if line_start {
            match literal {
                Some(text) if text.trim_start().is_empty() && text.ends_with('\n') => {}
                Some(text) => {
                    let indent = &text[..text.len() - text.trim_start().len()];
                    let columns = graphemes(indent).count();
                    least = Some(least.map_or(columns, |least: usize| least.min(columns)));
                    starts.push(at);
                }
                None => least = Some(0),
            }
        }
        line_start = literal.is_some_and(|text| text.ends_with('\n'));
    }
    for at in starts {
        if let Piece::Literal(text, _) = &mut pieces[at] {
            let cut: usize = graphemes(text).take(least.unwrap_or(0)).map(str::len).sum();
            text.drain(..cut);
        }
    }
}
