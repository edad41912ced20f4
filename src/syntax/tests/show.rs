//! A tree as one line of text, without spans: `(+ 1 (get a .b [0]))`.

use crate::syntax::{Block, Body, Expr, ExprKind, For, ObjectKey, Step, TemplatePart, UnaryOp};
use crate::value::Value;

pub(super) fn body(body: &Body) -> String {
    let attributes = body.attributes.iter().map(|a| format!("{} = {}", a.name.name, expr(&a.expr)));
    let blocks = body.blocks.iter().map(block);
    attributes.chain(blocks).collect::<Vec<_>>().join("; ")
}

fn block(block: &Block) -> String {
    let labels: Vec<_> = block.labels.iter().map(|label| format!("{:?} ", label.value)).collect();
    format!("{} {}{{{}}}", block.kind.name, labels.concat(), body(&block.body))
}

pub(super) fn expr(expr: &Expr) -> String {
    let show = |e: &Expr| self::expr(e);
    match &expr.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Template(parts) => format!("(template{})", self::parts(parts)),
        ExprKind::Wrap(inner) => format!("(wrap {})", show(inner)),
        ExprKind::Traversal { root, steps } if steps.is_empty() => root.name.to_string(),
        ExprKind::Traversal { root, steps } => format!("(get {}{})", root.name, self::steps(steps)),
        ExprKind::Relative { base, steps } => format!("(of {}{})", show(base), self::steps(steps)),
        ExprKind::Index { base, key } => format!("(index {} {})", show(base), show(key)),
        ExprKind::Splat { base, each, .. } => format!("(splat {} {})", show(base), show(each)),
        ExprKind::Each => "@".into(),
        ExprKind::Call { name, args, expand } => {
            let dots = if *expand { " ..." } else { "" };
            format!("(call {}{}{dots})", name.name, list(args))
        }
        ExprKind::Tuple(elements) => format!("[{}]", list(elements).trim_start()),
        ExprKind::Object(items) => {
            let item = |(key, value): &(ObjectKey, Expr)| format!("{}={}", object_key(key), show(value));
            format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(" "))
        }
        ExprKind::For(each) => self::for_expr(each),
        ExprKind::Conditional { condition, then, otherwise } => {
            format!("(? {} {} {})", show(condition), show(then), show(otherwise))
        }
        ExprKind::Binary { op, left, right, .. } => format!("({op:?} {} {})", show(left), show(right)),
        ExprKind::Unary { op: UnaryOp::Neg, operand, .. } => format!("(- {})", show(operand)),
        ExprKind::Unary { op: UnaryOp::Not, operand, .. } => format!("(! {})", show(operand)),
        ExprKind::Parens(inner) => format!("(p {})", show(inner)),
    }
}

fn for_expr(each: &For) -> String {
    let key_var = each.key_var.as_ref().map(|k| format!("{} ", k.name)).unwrap_or_default();
    let key = each.key.as_ref().map(|k| format!(" {} =>", expr(k))).unwrap_or_default();
    let group = if each.group { " ..." } else { "" };
    let condition = each.condition.as_ref().map(|c| format!(" if {}", expr(c))).unwrap_or_default();
    let (collection, value) = (expr(&each.collection), expr(&each.value));
    format!("(for {key_var}{} {collection} :{key} {value}{group}{condition})", each.value_var.name)
}

fn list(exprs: &[Expr]) -> String {
    exprs.iter().map(|e| format!(" {}", expr(e))).collect()
}

fn object_key(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Word(word) => word.name.to_string(),
        ObjectKey::Expr(key) => expr(key),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null(_) => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}", text.as_str()),
        _ => panic!("not a literal"),
    }
}

fn steps(steps: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Attr(name) => format!(" .{}", name.name),
        Step::Index(value, _) => format!(" [{}]", literal(value)),
    };
    steps.iter().map(step).collect()
}

fn parts(parts: &[TemplatePart]) -> String {
    parts.iter().map(|part| format!(" {}", self::part(part))).collect()
}

fn part(part: &TemplatePart) -> String {
    match part {
        TemplatePart::Literal(text, _) => format!("{:?}", text.as_str()),
        TemplatePart::Interpolation(inner) => expr(inner),
        TemplatePart::If { condition, then, otherwise, .. } => {
            let otherwise = otherwise.as_ref().map(|o| format!(" else{}", parts(o))).unwrap_or_default();
            format!("(if {}{}{otherwise})", expr(condition), parts(then))
        }
        TemplatePart::For { key_var, value_var, collection, body, .. } => {
            let key_var = key_var.as_ref().map(|k| format!("{} ", k.name)).unwrap_or_default();
            format!("(for {key_var}{} {}{})", value_var.name, expr(collection), parts(body))
        }
    }
}
