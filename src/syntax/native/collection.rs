//! Tuples, objects, `for` expressions and the arguments of calls: what stands between brackets.

use super::{Failed, Parsed, Parser};
use crate::diag::Span;
use crate::syntax::ast::{Expr, ExprKind, For, Ident, ObjectKey};
use crate::syntax::scan::{Kind, Token};
use crate::value::{Type, Value};

impl Parser<'_> {
    pub(super) fn tuple(&mut self) -> Parsed<Expr> {
        let open = self.next();
        let kind = self.with_newlines(false, |parser| {
            if parser.at_word("for") {
                return parser.for_expression(open);
            }
            let mut elements = Vec::new();
            while parser.eat(Kind::CBrack).is_none() {
                elements.push(parser.expression()?);
                if parser.at(Kind::CBrack) {
                    continue;
                }
                let separator = parser.peek();
                if separator.kind != Kind::Comma {
                    return Err(parser.no_comma(open, separator));
                }
                parser.next();
            }
            elements.shrink_to_fit();
            Ok(ExprKind::Tuple(elements))
        })?;
        Ok(Expr { kind, span: self.span_from(open.start) })
    }

    fn no_comma(&mut self, open: Token, token: Token) -> Failed {
        if token.kind == Kind::Eof {
            return self.fail(
                open,
                "never closed",
                "Unterminated tuple constructor expression",
                "There is no corresponding closing bracket before the end of the file. This may be caused by incorrect bracket \
                 nesting elsewhere in this file.",
            );
        }
        self.fail(
            token,
            "`,` or `]` is expected before this",
            "Missing item separator",
            "Expected a comma to mark the beginning of the next item.",
        )
    }

    pub(super) fn object(&mut self) -> Parsed<Expr> {
        let open = self.next();
        let is_for = self.with_newlines(false, |parser| parser.at_word("for"));
        let kind = if is_for {
            self.with_newlines(false, |parser| parser.for_expression(open))?
        } else {
            self.with_newlines(true, |parser| parser.object_items(open))?
        };
        Ok(Expr { kind, span: self.span_from(open.start) })
    }

    fn object_items(&mut self, open: Token) -> Parsed<ExprKind> {
        let mut items = Vec::new();
        loop {
            match self.peek().kind {
                Kind::Newline => {
                    self.next();
                    continue;
                }
                Kind::CBrace => {
                    self.next();
                    items.shrink_to_fit();
                    return Ok(ExprKind::Object(items));
                }
                _ => {}
            }
            let key = self.expression()?;
            let token = self.peek();
            if !matches!(token.kind, Kind::Equal | Kind::Colon) {
                return Err(self.no_object_value(open, token));
            }
            self.next();
            items.push((object_key(key), self.expression()?));
            let token = self.peek();
            match token.kind {
                Kind::Comma | Kind::Newline => {
                    self.next();
                }
                Kind::CBrace => {}
                _ => return Err(self.no_object_separator(open, token)),
            }
        }
    }

    fn no_object_value(&mut self, open: Token, token: Token) -> Failed {
        let (label, summary, detail) = match token.kind {
            Kind::Eof => return self.unterminated_object(open),
            Kind::Newline | Kind::Comma => (
                "`= value` is expected before this",
                "Missing attribute value",
                "Expected an attribute value, introduced by an equals sign (\"=\").",
            ),
            Kind::Ident => (
                "`=` is expected before this",
                "Missing key/value separator",
                "Expected an equals sign (\"=\") to mark the beginning of the attribute value. If you intended to given an \
                 attribute name containing periods or spaces, write the name in quotes to create a string literal.",
            ),
            _ => (
                "`=` is expected before this",
                "Missing key/value separator",
                "Expected an equals sign (\"=\") to mark the beginning of the attribute value.",
            ),
        };
        let token = if token.kind == Kind::Newline { self.before_newline() } else { token };
        self.fail(token, label, summary, detail)
    }

    /// The last token before a line break, which itself cannot be underlined.
    fn before_newline(&mut self) -> Token {
        let before = self.tokens[..self.at].iter().rev().find(|token| token.kind != Kind::Comment);
        before.copied().unwrap_or_else(|| self.peek())
    }

    fn no_object_separator(&mut self, open: Token, token: Token) -> Failed {
        if token.kind == Kind::Eof {
            return self.unterminated_object(open);
        }
        self.fail(
            token,
            "a newline or `,` is expected before this",
            "Missing attribute separator",
            "Expected a newline or comma to mark the beginning of the next attribute.",
        )
    }

    fn unterminated_object(&mut self, open: Token) -> Failed {
        self.fail(
            open,
            "never closed",
            "Unterminated object constructor expression",
            "There is no corresponding closing brace before the end of the file. This may be caused by incorrect brace nesting \
             elsewhere in this file.",
        )
    }

    pub(super) fn call(&mut self, first: Token) -> Parsed<Expr> {
        let name = self.function_name(first)?;
        let open = self.peek();
        if open.kind != Kind::OParen {
            return Err(self.fail(
                open,
                "`(` is expected",
                "Missing open parenthesis",
                "Function selector must be followed by an open parenthesis to begin the function call.",
            ));
        }
        self.next();
        let (args, expand) = self.with_newlines(false, |parser| parser.arguments(open))?;
        Ok(Expr { kind: ExprKind::Call { name, args, expand }, span: self.span_from(first.start) })
    }

    /// `name` or `space::name`.
    fn function_name(&mut self, first: Token) -> Parsed<Ident> {
        let mut name = self.source(first).to_owned();
        while self.eat(Kind::DoubleColon).is_some() {
            let token = self.peek();
            if token.kind != Kind::Ident {
                return Err(self.fail(
                    token,
                    "a function's name is expected",
                    "Missing function name",
                    "Function scope resolution symbol :: must be followed by a function name in this scope.",
                ));
            }
            self.next();
            name.push_str("::");
            name.push_str(self.source(token));
        }
        Ok(Ident { name: name.into(), span: self.span_from(first.start) })
    }

    fn arguments(&mut self, open: Token) -> Parsed<(Vec<Expr>, bool)> {
        let mut args = Vec::new();
        while self.eat(Kind::CParen).is_none() {
            args.push(self.expression()?);
            let token = self.peek();
            match token.kind {
                Kind::CParen => {}
                Kind::Comma => {
                    self.next();
                }
                Kind::Ellipsis => {
                    self.next();
                    self.end_of_expansion()?;
                    return Ok((args, true));
                }
                _ => return Err(self.no_argument_separator(open, token)),
            }
        }
        Ok((args, false))
    }

    fn end_of_expansion(&mut self) -> Parsed<()> {
        if self.eat(Kind::CParen).is_some() {
            return Ok(());
        }
        let token = self.peek();
        Err(self.fail(
            token,
            "`)` is expected",
            "Missing closing parenthesis",
            "An expanded function argument (with ...) must be immediately followed by closing parentheses.",
        ))
    }

    fn no_argument_separator(&mut self, open: Token, token: Token) -> Failed {
        if token.kind == Kind::Eof {
            return self.fail(
                open,
                "never closed",
                "Unterminated function call",
                "There is no closing parenthesis for this function call before the end of the file. This may be caused by \
                 incorrect parenthesis nesting elsewhere in this file.",
            );
        }
        self.fail(
            token,
            "`,` or `)` is expected before this",
            "Missing argument separator",
            "A comma is required to separate each function argument from the next.",
        )
    }

    /// The rest of a `for` expression, from the word `for`.
    fn for_expression(&mut self, open: Token) -> Parsed<ExprKind> {
        let makes_object = open.kind == Kind::OBrace;
        self.next();
        let (key_var, value_var) = self.for_names("Invalid 'for' expression", "For expression")?;
        let collection = self.expression()?;
        if self.eat(Kind::Colon).is_none() {
            return Err(self.bad_for(
                "`:` is expected",
                "For expression requires a colon after the collection expression.",
            ));
        }
        let intro = self.span_from(open.start);
        let first = self.expression()?;
        let (key, value) = match self.eat(Kind::FatArrow) {
            Some(_) => (Some(first), self.expression()?),
            None => (None, first),
        };
        let group = self.eat(Kind::Ellipsis).map(|token| self.span(token));
        let condition = if self.at_word("if") {
            self.next();
            Some(self.expression()?)
        } else {
            None
        };
        if self.eat(if makes_object { Kind::CBrace } else { Kind::CBrack }).is_none() {
            return Err(self.bad_for("unexpected", "Extra characters after the end of the 'for' expression."));
        }
        self.check_for(makes_object, key.as_ref(), &value, group)?;
        let group = group.is_some();
        Ok(ExprKind::For(Box::new(For {
            key_var,
            value_var,
            collection,
            key,
            value,
            group,
            condition,
            intro,
        })))
    }

    /// `k, v in` or `v in`; `what` begins the sentences of complaints.
    pub(super) fn for_names(&mut self, summary: &str, what: &str) -> Parsed<(Option<Ident>, Ident)> {
        let first = self.name_or(summary, format!("{what} requires variable name after 'for'."))?;
        let second = match self.eat(Kind::Comma) {
            Some(_) => {
                Some(self.name_or(summary, format!("{what} requires value variable name after comma."))?)
            }
            None => None,
        };
        if !self.at_word("in") {
            let token = self.peek();
            let detail = match what {
                "For expression" => format!("{what} requires the 'in' keyword after its name declarations."),
                _ => format!("{what} requires 'in' keyword after names."),
            };
            return Err(self.fail(token, "`in` is expected", summary, detail));
        }
        self.next();
        Ok(match second {
            Some(second) => (Some(first), second),
            None => (None, first),
        })
    }

    fn name_or(&mut self, summary: &str, detail: String) -> Parsed<Ident> {
        let token = self.peek();
        if token.kind != Kind::Ident {
            return Err(self.fail(token, "a name is expected", summary, detail));
        }
        self.next();
        Ok(self.ident(token))
    }

    fn bad_for(&mut self, label: &str, detail: &str) -> Failed {
        let token = self.peek();
        self.fail(token, label, "Invalid 'for' expression", detail)
    }

    fn check_for(
        &mut self,
        makes_object: bool,
        key: Option<&Expr>,
        value: &Expr,
        group: Option<Span>,
    ) -> Parsed<()> {
        let (span, label, detail) = match (makes_object, key, group) {
            (false, Some(key), _) => {
                (key.span, "a tuple has no keys", "Key expression is not valid when building a tuple.")
            }
            (false, None, Some(group)) => {
                (group, "only for objects", "Grouping ellipsis (...) cannot be used when building a tuple.")
            }
            (true, None, _) => (
                value.span,
                "`key => value` is expected",
                "Key expression is required when building an object.",
            ),
            _ => return Ok(()),
        };
        Err(self.fail_at(span, label, "Invalid 'for' expression", detail))
    }
}

/// A bare word is a key by itself, even `null`; `(word)` and all else is an expression.
pub(in crate::syntax) fn object_key(key: Expr) -> ObjectKey {
    let word = match &key.kind {
        ExprKind::Traversal { root, steps } if steps.is_empty() => Some(root.name.clone()),
        ExprKind::Literal(Value::Bool(value)) => Some(value.to_string().into()),
        ExprKind::Literal(Value::Null(Type::Dynamic)) => Some("null".into()),
        _ => None,
    };
    match word {
        Some(name) => ObjectKey::Word(Ident { name, span: key.span }),
        None => ObjectKey::Expr(Box::new(key)),
    }
}
