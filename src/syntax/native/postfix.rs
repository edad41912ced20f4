//! What follows a term: attributes, indexes, splats.

use super::{Failed, Parsed, Parser};
use crate::diag::Span;
use crate::syntax::ast::{Expr, ExprKind, Step};
use crate::syntax::scan::{Kind, Token};
use crate::value::Value;

impl Parser<'_> {
    pub(super) fn postfix(&mut self) -> Parsed<Expr> {
        let outer = std::mem::take(&mut self.tallest);
        let term = self.term()?;
        let expr = self.accesses(term)?;
        self.tallest = self.tallest.max(outer);
        Ok(expr)
    }

    /// Reads accesses to `expr` as long as there are any.
    fn accesses(&mut self, mut expr: Expr) -> Parsed<Expr> {
        loop {
            expr = match self.peek().kind {
                Kind::Dot => self.dot(expr)?,
                Kind::OBrack => self.bracket(expr)?,
                _ => return Ok(expr),
            };
        }
    }

    fn dot(&mut self, base: Expr) -> Parsed<Expr> {
        self.next();
        let token = self.peek();
        match token.kind {
            Kind::Ident => {
                self.next();
                let step = Step::Attr(self.ident(token));
                self.step(base, step)
            }
            Kind::Number => {
                self.next();
                let step = self.legacy_index(token)?;
                self.step(base, step)
            }
            Kind::Star => self.attribute_splat(base),
            _ => Err(self.no_attribute_name(token)),
        }
    }

    fn no_attribute_name(&mut self, token: Token) -> Failed {
        self.fail(
            token,
            "an attribute's name is expected",
            "Invalid attribute name",
            "An attribute name is required after a dot.",
        )
    }

    /// `.0`, from before there were brackets.
    fn legacy_index(&mut self, token: Token) -> Parsed<Step> {
        if let Some((first, second)) = self.source(token).split_once('.') {
            let detail = format!(
                "When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index \
                 syntax instead, like [{first}][{second}]."
            );
            return Err(self.fail(
                token,
                "write `[…]` for each index",
                "Invalid legacy index syntax",
                detail,
            ));
        }
        let span = self.span(token);
        match self.number(token)?.kind {
            ExprKind::Literal(value) => Ok(Step::Index(value, span)),
            _ => Err(Failed),
        }
    }

    fn step(&mut self, base: Expr, step: Step) -> Parsed<Expr> {
        self.grow(0)?;
        Ok(self::step(base, step, self.last_end()))
    }

    /// `.*` takes the attributes and legacy indexes that follow for itself; a bracket after them works on the whole result.
    fn attribute_splat(&mut self, base: Expr) -> Parsed<Expr> {
        let marker = self.next();
        let marker = self.span(marker);
        let mut each = Expr { kind: ExprKind::Each, span: marker };
        while self.eat(Kind::Dot).is_some() {
            let token = self.peek();
            let step = match token.kind {
                Kind::Ident => Step::Attr(self.ident(token)),
                Kind::Number => Step::Index(self.plain_number(token)?, self.span(token)),
                Kind::Star => return Err(self.nested_splat(token)),
                _ => return Err(self.no_attribute_name(token)),
            };
            self.next();
            each = self.step(each, step)?;
        }
        self.splat(base, each, marker)
    }

    fn plain_number(&mut self, token: Token) -> Parsed<Value> {
        match self.number(token)?.kind {
            ExprKind::Literal(value) => Ok(value),
            _ => Err(Failed),
        }
    }

    fn nested_splat(&mut self, token: Token) -> Failed {
        self.fail(
            token,
            "a second splat",
            "Nested splat expression not allowed",
            "A splat expression (*) cannot be used inside another attribute-only splat expression.",
        )
    }

    fn splat(&mut self, base: Expr, each: Expr, marker: Span) -> Parsed<Expr> {
        self.grow(0)?;
        let span = self.span_from(base.span.start);
        Ok(Expr { kind: ExprKind::Splat { base: Box::new(base), each: Box::new(each), marker }, span })
    }

    fn bracket(&mut self, base: Expr) -> Parsed<Expr> {
        let open = self.next();
        if self.at(Kind::Star) { self.full_splat(base, open) } else { self.index(base, open) }
    }

    /// `[*]` takes everything that follows for itself.
    fn full_splat(&mut self, base: Expr, open: Token) -> Parsed<Expr> {
        self.next();
        let close = self.peek();
        if close.kind != Kind::CBrack {
            return Err(self.fail(
                close,
                "`]` is expected",
                "Missing close bracket on splat index",
                "The star for a full splat operator must be immediately followed by a closing bracket (\"]\").",
            ));
        }
        self.next();
        let marker = self.span_from(open.start);
        let each = Expr { kind: ExprKind::Each, span: marker };
        let each = self.nested(|parser| parser.accesses(each))?;
        self.splat(base, each, marker)
    }

    fn index(&mut self, base: Expr, open: Token) -> Parsed<Expr> {
        let key = self.with_newlines(false, |parser| {
            let key = parser.expression()?;
            let close = parser.peek();
            if close.kind != Kind::CBrack {
                return Err(parser.fail(
                    close,
                    "`]` is expected",
                    "Missing close bracket on index",
                    "The index operator must end with a closing bracket (\"]\").",
                ));
            }
            parser.next();
            Ok(key)
        })?;
        self.grow(0)?;
        Ok(self::index(base, key, self.span_from(open.start)))
    }
}

/// Adds a step to a traversal, or makes one of anything else. `end` is where the step ends.
pub(in crate::syntax) fn step(base: Expr, step: Step, end: u32) -> Expr {
    let span = Span { end, ..base.span };
    let kind = match base.kind {
        ExprKind::Traversal { root, mut steps } => {
            steps.push(step);
            ExprKind::Traversal { root, steps }
        }
        ExprKind::Relative { base, mut steps } => {
            steps.push(step);
            ExprKind::Relative { base, steps }
        }
        kind => {
            let base = Box::new(Expr { kind, span: base.span });
            ExprKind::Relative { base, steps: vec![step] }
        }
    };
    Expr { kind, span }
}

/// `base[key]`: a step if the key is written out, else an index to be computed.
pub(in crate::syntax) fn index(base: Expr, key: Expr, bracket: Span) -> Expr {
    match key.kind {
        ExprKind::Literal(value @ (Value::Number(_) | Value::String(_))) => {
            step(base, Step::Index(value, bracket), bracket.end)
        }
        _ => {
            let span = base.span.to(bracket);
            Expr { kind: ExprKind::Index { base: Box::new(base), key: Box::new(key) }, span }
        }
    }
}
