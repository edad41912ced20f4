//! Expressions: conditionals, binary and unary operators, and the terms between them.

use super::{Failed, Parsed, Parser};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::syntax::scan::{Kind, Token};
use crate::value::{Number, Type, Value};

impl Parser<'_> {
    /// Reads the tokens as one expression with nothing after it.
    pub(in crate::syntax) fn whole_expression(&mut self) -> Parsed<Expr> {
        let expr = self.expression()?;
        let token = self.peek();
        if token.kind == Kind::Eof {
            return Ok(expr);
        }
        Err(self.fail(
            token,
            "not part of the expression",
            "Extra characters after expression",
            "An expression was successfully parsed, but extra characters were found after it.",
        ))
    }

    /// Reads an expression, as far as it goes.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(Self::conditional)
    }

    /// `a ? b : c ? d : e`: a loop over the conditions, so that a long chain of them does not recurse.
    fn conditional(&mut self) -> Parsed<Expr> {
        let mut chain = Vec::new();
        let last = loop {
            let condition = self.binary()?;
            if self.eat(Kind::Question).is_none() {
                break condition;
            }
            let then = self.expression()?;
            if self.eat(Kind::Colon).is_none() {
                return Err(self.no_false_expression());
            }
            chain.push((condition, then));
        };
        chain.into_iter().rev().try_fold(last, |otherwise, (condition, then)| {
            self.grow(0)?;
            let span = condition.span.to(otherwise.span);
            let kind = ExprKind::Conditional {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            };
            Ok(Expr { kind, span })
        })
    }

    fn no_false_expression(&mut self) -> Failed {
        let token = self.peek();
        self.fail(
            token,
            "`:` is expected",
            "Missing false expression in conditional",
            "The conditional operator (...?...:...) requires a false expression, delimited by a colon.",
        )
    }

    /// Operands and operators by precedence, with a stack of what waits for its right side.
    fn binary(&mut self) -> Parsed<Expr> {
        let mut left = self.operand()?;
        let mut waiting: Vec<(Expr, BinaryOp, Token)> = Vec::new();
        loop {
            let token = self.peek();
            let op = binary_op(token.kind);
            while let Some((.., before, _)) = waiting.last()
                && op.is_none_or(|op| precedence(op) <= precedence(*before))
                && let Some((first, before, before_token)) = waiting.pop()
            {
                left = self.combine(first, before, before_token, left)?;
            }
            let Some(op) = op else { return Ok(left) };
            self.next();
            let right = self.operand()?;
            waiting.push((std::mem::replace(&mut left, right), op, token));
        }
    }

    fn combine(&mut self, left: Expr, op: BinaryOp, token: Token, right: Expr) -> Parsed<Expr> {
        self.grow(0)?;
        let span = left.span.to(right.span);
        let op_span = self.span(token);
        Ok(Expr {
            kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) },
            span,
        })
    }

    /// A term with its signs before it and its accesses after it: `-a.b[0]` negates `a.b[0]`.
    fn operand(&mut self) -> Parsed<Expr> {
        let mut signs = Vec::new();
        loop {
            let token = self.peek();
            let op = match token.kind {
                Kind::Minus => UnaryOp::Neg,
                Kind::Bang => UnaryOp::Not,
                _ => break,
            };
            self.next();
            signs.push((op, self.span(token)));
        }
        let term = self.postfix()?;
        signs.into_iter().rev().try_fold(term, |operand, (op, op_span)| {
            self.grow(0)?;
            let span = op_span.to(operand.span);
            Ok(Expr { kind: ExprKind::Unary { op, op_span, operand: Box::new(operand) }, span })
        })
    }

    pub(super) fn term(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        match token.kind {
            Kind::Number => {
                self.next();
                self.number(token)
            }
            Kind::Ident => self.word(),
            Kind::OQuote | Kind::OHeredoc => self.string(),
            Kind::OParen => self.parens(),
            Kind::OBrack => self.tuple(),
            Kind::OBrace => self.object(),
            _ => Err(self.no_expression(token)),
        }
    }

    pub(super) fn number(&mut self, token: Token) -> Parsed<Expr> {
        let Some(number) = Number::parse(self.source(token)) else {
            return Err(self.fail(
                token,
                "not a number",
                "Invalid number literal",
                "Failed to recognize the value of this number literal.",
            ));
        };
        Ok(Expr { kind: ExprKind::Literal(Value::Number(number)), span: self.span(token) })
    }

    fn word(&mut self) -> Parsed<Expr> {
        let token = self.next();
        if matches!(self.peek().kind, Kind::OParen | Kind::DoubleColon) {
            return self.call(token);
        }
        let kind = match self.source(token) {
            "true" => ExprKind::Literal(Value::Bool(true)),
            "false" => ExprKind::Literal(Value::Bool(false)),
            "null" => ExprKind::Literal(Value::Null(Type::Dynamic)),
            _ => ExprKind::Traversal { root: self.ident(token), steps: Vec::new() },
        };
        Ok(Expr { kind, span: self.span(token) })
    }

    fn parens(&mut self) -> Parsed<Expr> {
        let open = self.next();
        let inner = self.with_newlines(false, |parser| {
            let inner = parser.expression()?;
            let close = parser.peek();
            if close.kind != Kind::CParen {
                return Err(parser.fail(
                    close,
                    "`)` is expected before this",
                    "Unbalanced parentheses",
                    "Expected a closing parenthesis to terminate the expression.",
                ));
            }
            parser.next();
            Ok(inner)
        })?;
        Ok(Expr { kind: ExprKind::Parens(Box::new(inner)), span: self.span_from(open.start) })
    }

    fn no_expression(&mut self, token: Token) -> Failed {
        if token.kind == Kind::Eof {
            return self.fail(
                token,
                "an expression is expected after this",
                "Missing expression",
                "Expected the start of an expression, but found the end of the file.",
            );
        }
        self.fail(
            token,
            "an expression is expected here",
            "Invalid expression",
            "Expected the start of an expression, but found an invalid expression token.",
        )
    }
}

fn binary_op(kind: Kind) -> Option<BinaryOp> {
    Some(match kind {
        Kind::Or => BinaryOp::Or,
        Kind::And => BinaryOp::And,
        Kind::EqualOp => BinaryOp::Eq,
        Kind::NotEqual => BinaryOp::NotEq,
        Kind::Less => BinaryOp::Less,
        Kind::LessEq => BinaryOp::LessEq,
        Kind::Greater => BinaryOp::Greater,
        Kind::GreaterEq => BinaryOp::GreaterEq,
        Kind::Plus => BinaryOp::Add,
        Kind::Minus => BinaryOp::Sub,
        Kind::Star => BinaryOp::Mul,
        Kind::Slash => BinaryOp::Div,
        Kind::Percent => BinaryOp::Mod,
        _ => return None,
    })
}

/// How strongly an operator binds; operators of one level group from the left.
fn precedence(op: BinaryOp) -> u8 {
    use BinaryOp::*;
    match op {
        Or => 1,
        And => 2,
        Eq | NotEq => 3,
        Less | LessEq | Greater | GreaterEq => 4,
        Add | Sub => 5,
        Mul | Div | Mod => 6,
    }
}
