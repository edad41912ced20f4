//! An expression's tree as text that reads as the same tree.

use isotope::syntax::{BinaryOp, Expr, ExprKind, For, ObjectKey, Step, TemplatePart, UnaryOp};
use isotope::value::{self, Value};
use std::fmt::Write;

pub fn expr(of: &Expr) -> String {
    match &of.kind {
        ExprKind::Literal(value) => literal(value),
        ExprKind::Template(parts) => format!("\"{}\"", template(parts)),
        ExprKind::Wrap(inner) => format!("\"${{{}}}\"", expr(inner)),
        ExprKind::Traversal { root, steps } => format!("{}{}", root.name, all_steps(steps)),
        ExprKind::Relative { base, steps } => format!("{}{}", before_steps(base), all_steps(steps)),
        ExprKind::Index { base, key } => format!("{}[{}]", before_steps(base), expr(key)),
        ExprKind::Splat { base, each, .. } => format!("{}[*]{}", expr(base), expr(each)),
        ExprKind::Each => String::new(),
        ExprKind::Call { name, args, expand } => {
            format!("{}({}{})", name.name, list(args), if *expand { "..." } else { "" })
        }
        ExprKind::Tuple(elements) => format!("[{}]", list(elements)),
        ExprKind::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{} = {}", object_key(key), expr(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        ExprKind::For(spec) => loop_over(spec),
        ExprKind::Conditional { condition, then, otherwise } => {
            format!("{} ? {} : {}", expr(condition), expr(then), expr(otherwise))
        }
        ExprKind::Binary { op, left, right, .. } => {
            format!("{} {} {}", expr(left), operator(*op), expr(right))
        }
        ExprKind::Unary { op: UnaryOp::Neg, operand, .. } => format!("-{}", expr(operand)),
        ExprKind::Unary { op: UnaryOp::Not, operand, .. } => format!("!{}", expr(operand)),
        ExprKind::Parens(inner) => format!("({})", expr(inner)),
    }
}

/// What steps follow. All that follows `[*]` belongs to it, so that a splat before steps was written `.*`.
fn before_steps(base: &Expr) -> String {
    match &base.kind {
        ExprKind::Splat { base, each, .. } => format!("{}.*{}", expr(base), expr(each)),
        _ => expr(base),
    }
}

fn list(elements: &[Expr]) -> String {
    elements.iter().map(expr).collect::<Vec<_>>().join(", ")
}

fn object_key(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Word(word) => word.name.to_string(),
        ObjectKey::Expr(key) => expr(key),
    }
}

fn loop_over(of: &For) -> String {
    let key = of.key_var.as_ref().map(|key| format!("{}, ", key.name)).unwrap_or_default();
    let intro = format!("for {key}{} in {} : ", of.value_var.name, expr(&of.collection));
    let condition =
        of.condition.as_ref().map(|condition| format!(" if {}", expr(condition))).unwrap_or_default();
    let group = if of.group { "..." } else { "" };
    match &of.key {
        Some(key) => format!("{{{intro}{} => {}{group}{condition}}}", expr(key), expr(&of.value)),
        None => format!("[{intro}{}{condition}]", expr(&of.value)),
    }
}

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "||",
        BinaryOp::And => "&&",
        BinaryOp::Eq => "==",
        BinaryOp::NotEq => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEq => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEq => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Mod => "%",
    }
}

fn all_steps(steps: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Attr(name) => format!(".{}", name.name),
        Step::Index(key, _) => format!("[{}]", literal(key)),
    };
    steps.iter().map(step).collect()
}

fn literal(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("\"{}\"", escaped(text)),
        None if value.is_null() => "null".to_owned(),
        None => value::console(value),
    }
}

fn template(parts: &[TemplatePart]) -> String {
    parts.iter().map(template_part).collect()
}

fn template_part(part: &TemplatePart) -> String {
    match part {
        TemplatePart::Literal(text, _) => escaped(text),
        TemplatePart::Interpolation(inner) => format!("${{{}}}", expr(inner)),
        TemplatePart::If { condition, then, otherwise, .. } => {
            let otherwise = otherwise.as_ref().map(|parts| format!("%{{ else }}{}", template(parts)));
            let (condition, then) = (expr(condition), template(then));
            format!("%{{ if {condition} }}{then}{}%{{ endif }}", otherwise.unwrap_or_default())
        }
        TemplatePart::For { key_var, value_var, collection, body, .. } => {
            let key = key_var.as_ref().map(|key| format!("{}, ", key.name)).unwrap_or_default();
            let (collection, body) = (expr(collection), template(body));
            format!("%{{ for {key}{} in {collection} }}{body}%{{ endfor }}", value_var.name)
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if text[at + 1..].starts_with('{') => out.extend([c, c]),
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => out.push(c),
        }
    }
    out
}
