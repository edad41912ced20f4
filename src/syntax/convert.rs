//! `hcl-edit`'s tree of an item → ours, with spans in the file.
//!
//! The crate is asked only for items whose tokens show none of the forms that it is known to read differently from
//! HCL ([`is_plain`]); numbers and strings are read again from the source, since its own values lose digits, escapes and
//! indentation. Whatever cannot be converted is left to [`super::native`].

use super::ast::{
    Attribute, BinaryOp, Block, Body, Expr, ExprKind, For, Ident, Label, ObjectKey, Step, UnaryOp,
};
use super::native;
use super::scan::{Kind, Token};
use crate::diag::{Diagnostics, FileId, Span};
use crate::value::{Number, Str, Type, Value};
use hcl_edit::Span as _;
use hcl_edit::expr::{self as theirs, Expression, TraversalOperator};
use hcl_edit::structure::{self, BlockLabel, Structure};
use std::ops::Range;

/// The crate needs time quadratic in the number of an object's keys, and much stack for deep nesting.
const MAX_TOKENS: usize = 4_000;
const MAX_DEPTH: usize = 16;

/// Parses an item. `None` if the crate refuses it or might misread it.
pub(super) fn item(text: &str, file: FileId, tokens: &[Token]) -> Option<Body> {
    if !is_plain(text, tokens) {
        return None;
    }
    let (start, end) = (tokens.first()?.start, tokens.last()?.end);
    let body = hcl_edit::parser::parse_body(&text[start as usize..end as usize]).ok()?;
    Converter { text, file, tokens, start }.body(&body, Span { file, start: end, end })
}

/// Whether an item has none of the forms that the crate reads differently from HCL.
fn is_plain(text: &str, tokens: &[Token]) -> bool {
    use Kind::*;
    let mut depth = 0usize;
    let mut deepest = 0;
    for token in tokens {
        match token.kind {
            OBrace | OBrack | OParen | Interp => depth += 1,
            CBrace | CBrack | CParen | SeqEnd => depth = depth.saturating_sub(1),
            // It does not see where the quotes of a template with directives end.
            Control => return false,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let pairs = tokens.windows(2).all(|pair| match (pair[0].kind, pair[1].kind) {
        // It takes chained legacy indexes, and applies an index after `.*` differently.
        (Dot, Number | Star) => false,
        // It finds an attribute's name in the line after the dot.
        (Dot, Newline | Comment) => false,
        // It lets an expression go on in the next line after a call or a list.
        (Newline | Comment, kind) => !continues(kind),
        // A carriage return is a blank to it.
        (_, Newline) => text.as_bytes()[pair[1].start as usize] == b'\n',
        _ => true,
    });
    pairs && deepest <= MAX_DEPTH && tokens.len() <= MAX_TOKENS
}

/// Whether an expression that seemed complete could go on with this token.
fn continues(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Star | Slash
            | Percent
            | Plus
            | Minus
            | EqualOp
            | NotEqual
            | Less
            | LessEq
            | Greater
            | GreaterEq
            | And
            | Or
            | Question
            | Colon
            | Dot
            | OBrack
            | OParen
            | Equal
    )
}

struct Converter<'a> {
    text: &'a str,
    file: FileId,
    tokens: &'a [Token],
    /// Where the item starts in the file; the crate's spans are relative to it.
    start: u32,
}

impl Converter<'_> {
    fn span(&self, range: Option<Range<usize>>) -> Option<Span> {
        let range = range?;
        let start = self.start as usize;
        Some(Span::new(self.file, start + range.start..start + range.end))
    }

    fn body(&self, body: &structure::Body, end: Span) -> Option<Body> {
        let mut converted = Body { end: Some(end), ..Body::default() };
        for structure in body.iter() {
            match structure {
                Structure::Attribute(attribute) => converted.attributes.push(self.attribute(attribute)?),
                Structure::Block(block) => converted.blocks.push(self.block(block)?),
            }
        }
        Some(converted)
    }

    fn attribute(&self, attribute: &structure::Attribute) -> Option<Attribute> {
        let name = self.ident(&attribute.key)?;
        let expr = self.expr(&attribute.value)?;
        let span = name.span.to(expr.span);
        Some(Attribute { name, expr, span })
    }

    fn block(&self, block: &structure::Block) -> Option<Block> {
        let kind = self.ident(&block.ident)?;
        let labels = block.labels.iter().map(|label| self.label(label)).collect::<Option<Vec<_>>>()?;
        let header = labels.last().map_or(kind.span, |label| kind.span.to(label.span));
        let outer = self.span(block.span())?;
        let close = self.closing_brace(outer)?;
        let body = self.body(&block.body, close)?;
        Some(Block { span: kind.span.to(close), kind, labels, body, header })
    }

    /// The last closing brace within a span.
    fn closing_brace(&self, within: Span) -> Option<Span> {
        let end = self.tokens.partition_point(|token| token.end <= within.end);
        let brace = self.tokens[..end].iter().rev().find(|token| token.kind == Kind::CBrace)?;
        Some(Span { file: self.file, start: brace.start, end: brace.end })
    }

    fn label(&self, label: &BlockLabel) -> Option<Label> {
        let span = self.span(label.span())?;
        let value = match label {
            BlockLabel::Ident(ident) => ident.as_str().into(),
            BlockLabel::String(text) => Str::new(text.as_str()).as_str().into(),
        };
        Some(Label { value, span })
    }

    fn ident(&self, ident: &hcl_edit::Decorated<hcl_edit::Ident>) -> Option<Ident> {
        Some(Ident { name: ident.as_str().into(), span: self.span(ident.span())? })
    }

    fn boxed(&self, expr: &Expression) -> Option<Box<Expr>> {
        self.expr(expr).map(Box::new)
    }

    fn expr(&self, expr: &Expression) -> Option<Expr> {
        let span = self.span(expr.span())?;
        let kind = match expr {
            Expression::Null(_) => ExprKind::Literal(Value::Null(Type::Dynamic)),
            Expression::Bool(value) => ExprKind::Literal(Value::Bool(*value.value())),
            Expression::Number(_) => return self.number(span),
            Expression::String(_) | Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => {
                return self.string(span);
            }
            Expression::Array(array) => ExprKind::Tuple(self.all(array.iter())?),
            Expression::Object(object) => self.object(object)?,
            Expression::Parenthesis(inner) => ExprKind::Parens(self.boxed(inner.inner())?),
            Expression::Variable(name) => ExprKind::Traversal { root: self.ident(name)?, steps: Vec::new() },
            Expression::Conditional(conditional) => return self.conditional(conditional),
            Expression::FuncCall(call) => self.call(call)?,
            Expression::Traversal(traversal) => return self.traversal(traversal),
            Expression::UnaryOp(op) => return self.unary(op),
            Expression::BinaryOp(op) => return self.binary(op),
            Expression::ForExpr(each) => self.for_expr(each, span)?,
        };
        Some(Expr { kind, span })
    }

    fn all<'b>(&self, exprs: impl Iterator<Item = &'b Expression>) -> Option<Vec<Expr>> {
        exprs.map(|expr| self.expr(expr)).collect()
    }

    /// A number, from its text. The crate takes a sign as part of it; HCL does not.
    fn number(&self, span: Span) -> Option<Expr> {
        let text = &self.text[span.range()];
        let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
        let start = span.end - u32::try_from(digits.len()).ok()?;
        let literal = ExprKind::Literal(Value::Number(Number::parse(digits)?));
        let number = Expr { kind: literal, span: Span { start, ..span } };
        match text.starts_with('-') {
            false => Some(number),
            true => {
                let op_span = Span { end: span.start + 1, ..span };
                let kind = ExprKind::Unary { op: UnaryOp::Neg, op_span, operand: Box::new(number) };
                Some(Expr { kind, span })
            }
        }
    }

    /// A string or heredoc, read again from the source.
    fn string(&self, span: Span) -> Option<Expr> {
        let at = self.tokens.partition_point(|token| token.start < span.start);
        let token = self.tokens.get(at)?;
        (token.start == span.start && matches!(token.kind, Kind::OQuote | Kind::OHeredoc)).then_some(())?;
        let mut unsaid = Diagnostics::new();
        native::Parser::new(self.text, self.file, &self.tokens[at..], &mut unsaid).string().ok()
    }

    fn object(&self, object: &theirs::Object) -> Option<ExprKind> {
        let item = |(key, value): (&theirs::ObjectKey, &theirs::ObjectValue)| {
            let key = match key {
                theirs::ObjectKey::Ident(name) => ObjectKey::Word(self.ident(name)?),
                theirs::ObjectKey::Expression(key) => native::object_key(self.expr(key)?),
            };
            Some((key, self.expr(value.expr())?))
        };
        object.iter().map(item).collect::<Option<_>>().map(ExprKind::Object)
    }

    fn conditional(&self, conditional: &theirs::Conditional) -> Option<Expr> {
        let condition = self.boxed(&conditional.cond_expr)?;
        let then = self.boxed(&conditional.true_expr)?;
        let otherwise = self.boxed(&conditional.false_expr)?;
        let span = condition.span.to(otherwise.span);
        Some(Expr { kind: ExprKind::Conditional { condition, then, otherwise }, span })
    }

    fn call(&self, call: &theirs::FuncCall) -> Option<ExprKind> {
        let last = self.ident(&call.name.name)?;
        let name = match call.name.namespace.first() {
            None => last,
            Some(first) => {
                let parts = call.name.namespace.iter().chain([&call.name.name]);
                let name = parts.map(|part| part.as_str()).collect::<Vec<_>>().join("::");
                Ident { name: name.into(), span: self.span(first.span())?.to(last.span) }
            }
        };
        Some(ExprKind::Call { name, args: self.all(call.args.iter())?, expand: call.args.expand_final() })
    }

    fn unary(&self, op: &theirs::UnaryOp) -> Option<Expr> {
        let op_span = self.span(op.operator.span())?;
        let operand = self.boxed(&op.expr)?;
        let span = op_span.to(operand.span);
        let op = match op.operator.value() {
            theirs::UnaryOperator::Neg => UnaryOp::Neg,
            theirs::UnaryOperator::Not => UnaryOp::Not,
        };
        Some(Expr { kind: ExprKind::Unary { op, op_span, operand }, span })
    }

    fn binary(&self, op: &theirs::BinaryOp) -> Option<Expr> {
        let left = self.boxed(&op.lhs_expr)?;
        let right = self.boxed(&op.rhs_expr)?;
        let span = left.span.to(right.span);
        let op_span = self.span(op.operator.span())?;
        Some(Expr {
            kind: ExprKind::Binary { op: binary_op(*op.operator.value()), op_span, left, right },
            span,
        })
    }

    fn for_expr(&self, each: &theirs::ForExpr, span: Span) -> Option<ExprKind> {
        let key_var = match &each.intro.key_var {
            Some(name) => Some(self.ident(name)?),
            None => None,
        };
        let value_var = self.ident(&each.intro.value_var)?;
        let collection = self.expr(&each.intro.collection_expr)?;
        let intro = Span { end: self.colon_after(collection.span)?, ..span };
        let key = match &each.key_expr {
            Some(key) => Some(self.expr(key)?),
            None => None,
        };
        let value = self.expr(&each.value_expr)?;
        let condition = match &each.cond {
            Some(condition) => Some(self.expr(&condition.expr)?),
            None => None,
        };
        let group = each.grouping;
        let each = For { key_var, value_var, collection, key, value, group, condition, intro };
        Some(ExprKind::For(Box::new(each)))
    }

    fn colon_after(&self, span: Span) -> Option<u32> {
        let after = self.tokens.partition_point(|token| token.start < span.end);
        self.tokens[after..].iter().find(|token| token.kind == Kind::Colon).map(|token| token.end)
    }

    fn traversal(&self, traversal: &theirs::Traversal) -> Option<Expr> {
        let base = self.expr(&traversal.expr)?;
        self.steps(base, &traversal.operators)
    }

    fn steps(&self, mut base: Expr, operators: &[hcl_edit::Decorated<TraversalOperator>]) -> Option<Expr> {
        for (at, operator) in operators.iter().enumerate() {
            let place = self.span(operator.span())?;
            base = match operator.value() {
                TraversalOperator::GetAttr(name) => {
                    native::step(base, Step::Attr(self.ident(name)?), place.end)
                }
                TraversalOperator::Index(key) => native::index(base, self.expr(key)?, place),
                TraversalOperator::FullSplat(_) => {
                    let each = Expr { kind: ExprKind::Each, span: place };
                    let each = Box::new(self.steps(each, &operators[at + 1..])?);
                    let span = base.span.to(each.span);
                    let kind = ExprKind::Splat { base: Box::new(base), each, marker: place };
                    return Some(Expr { kind, span });
                }
                TraversalOperator::AttrSplat(_) | TraversalOperator::LegacyIndex(_) => return None,
            };
        }
        Some(base)
    }
}

fn binary_op(op: theirs::BinaryOperator) -> BinaryOp {
    use theirs::BinaryOperator::*;
    match op {
        Eq => BinaryOp::Eq,
        NotEq => BinaryOp::NotEq,
        LessEq => BinaryOp::LessEq,
        GreaterEq => BinaryOp::GreaterEq,
        Less => BinaryOp::Less,
        Greater => BinaryOp::Greater,
        Plus => BinaryOp::Add,
        Minus => BinaryOp::Sub,
        Mul => BinaryOp::Mul,
        Div => BinaryOp::Div,
        Mod => BinaryOp::Mod,
        And => BinaryOp::And,
        Or => BinaryOp::Or,
    }
}
