//! Moves the places in a tree.

use crate::diag::Span;
use crate::syntax::ast::{Expr, ExprKind, For, Ident, ObjectKey, Step, TemplatePart};

/// Replaces every span in `expr` by what `place` makes of it.
pub(super) fn expr(expr: &mut Expr, place: &dyn Fn(Span) -> Span) {
    expr.span = place(expr.span);
    match &mut expr.kind {
        ExprKind::Literal(_) | ExprKind::Each => {}
        ExprKind::Template(parts) => self::parts(parts, place),
        ExprKind::Wrap(inner) | ExprKind::Parens(inner) => self::expr(inner, place),
        ExprKind::Traversal { root, steps } => {
            ident(root, place);
            self::steps(steps, place);
        }
        ExprKind::Relative { base, steps } => {
            self::expr(base, place);
            self::steps(steps, place);
        }
        ExprKind::Index { base, key } => all([&mut **base, &mut **key], place),
        ExprKind::Splat { base, each, marker } => {
            *marker = place(*marker);
            all([&mut **base, &mut **each], place);
        }
        ExprKind::Call { name, args, .. } => {
            ident(name, place);
            all(args, place);
        }
        ExprKind::Tuple(elements) => all(elements, place),
        ExprKind::Object(items) => items.iter_mut().for_each(|(key, value)| {
            match key {
                ObjectKey::Word(word) => ident(word, place),
                ObjectKey::Expr(key) => self::expr(key, place),
            }
            self::expr(value, place);
        }),
        ExprKind::For(each) => for_expr(each, place),
        ExprKind::Conditional { condition, then, otherwise } => {
            all([&mut **condition, &mut **then, &mut **otherwise], place);
        }
        ExprKind::Binary { op_span, left, right, .. } => {
            *op_span = place(*op_span);
            all([&mut **left, &mut **right], place);
        }
        ExprKind::Unary { op_span, operand, .. } => {
            *op_span = place(*op_span);
            self::expr(operand, place);
        }
    }
}

fn all<'a>(exprs: impl IntoIterator<Item = &'a mut Expr>, place: &dyn Fn(Span) -> Span) {
    exprs.into_iter().for_each(|expr| self::expr(expr, place));
}

fn ident(ident: &mut Ident, place: &dyn Fn(Span) -> Span) {
    ident.span = place(ident.span);
}

fn steps(steps: &mut [Step], place: &dyn Fn(Span) -> Span) {
    for step in steps {
        match step {
            Step::Attr(name) => ident(name, place),
            Step::Index(_, span) => *span = place(*span),
        }
    }
}

fn for_expr(each: &mut For, place: &dyn Fn(Span) -> Span) {
    each.intro = place(each.intro);
    each.key_var.iter_mut().chain([&mut each.value_var]).for_each(|name| ident(name, place));
    all([&mut each.collection, &mut each.value], place);
    all(each.key.iter_mut().chain(&mut each.condition), place);
}

fn parts(parts: &mut [TemplatePart], place: &dyn Fn(Span) -> Span) {
    for part in parts {
        match part {
            TemplatePart::Literal(_, span) => *span = place(*span),
            TemplatePart::Interpolation(inner) => expr(inner, place),
            TemplatePart::If { condition, then, otherwise, span } => {
                *span = place(*span);
                expr(condition, place);
                self::parts(then, place);
                otherwise.iter_mut().for_each(|otherwise| self::parts(otherwise, place));
            }
            TemplatePart::For { key_var, value_var, collection, body, span } => {
                *span = place(*span);
                key_var.iter_mut().chain([value_var]).for_each(|name| ident(name, place));
                expr(collection, place);
                self::parts(body, place);
            }
        }
    }
}
