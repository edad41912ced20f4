//! `key`, `unique` and `import`: by what an object is told from others, and how its id is written.

use super::known_attribute;
use crate::addr::Name;
use crate::config::fields::{Fields, constant};
use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::kind::naming::{IdPattern, Part};
use crate::kind::{Attribute, Kind, Role};
use crate::syntax::{Expr, ExprKind, TemplatePart};
use crate::value::{Constraint, Type, Value};

/// Reads what says which object is which. Every object has an `id`; a kind that does not describe it gets it as text.
pub(super) fn identity(fields: &mut Fields<'_>, kind: &mut Kind, diags: &mut Diagnostics) {
    if kind.provider.is_some() && !kind.attributes.contains_key("id") {
        let mut id = Attribute::new("id".into(), Constraint::String, Role::Computed, kind.span);
        id.at = kind.id.clone();
        kind.attributes.insert(id.name.clone(), id);
    }
    if let Some(argument) = fields.take("key") {
        kind.key = keys(kind, &argument.expr, diags);
    }
    if let Some((names, span)) = fields.constant("unique", &Type::list(Type::String), diags) {
        let names = names.elements().filter_map(|(_, name)| name.as_str().map(str::to_owned));
        let known = names.filter_map(|name| known_attribute(kind, &name, span, diags).ok()).collect();
        kind.unique = known;
    }
    if let Some(import) = fields.take("import") {
        kind.import = patterns(&import.expr, kind, diags);
    }
    resent(kind, diags);
}

/// One attribute, or a list of those that are the identity together.
fn keys(kind: &Kind, expr: &Expr, diags: &mut Diagnostics) -> Vec<Name> {
    let list = Type::list(Type::String);
    let ty = if matches!(expr.kind, ExprKind::Tuple(_)) { &list } else { &Type::String };
    let Ok(value) = constant(expr, ty, diags) else { return Vec::new() };
    let names: Vec<Value> = match value {
        Value::List(..) => value.elements().map(|(_, name)| name).collect(),
        one => vec![one],
    };
    let names = names.iter().filter_map(Value::as_str);
    names.filter_map(|name| key(kind, name, expr.span, diags)).collect()
}

/// An attribute of the identity: always given, and never changed in place.
fn key(kind: &Kind, name: &str, span: Span, diags: &mut Diagnostics) -> Option<Name> {
    let name = known_attribute(kind, name, span, diags).ok()?;
    let attribute = &kind.attributes[&name];
    let given = matches!(attribute.role, Role::Required | Role::Defaulted(_));
    if !given || !attribute.replace {
        diags.error(
            Diagnostic::error("Invalid key")
                .at(span)
                .label(format!("`{name}` must be `required` (or have a `default`) and `replace`"))
                .detail("What names an object is always given, and another name is another object."),
        );
    }
    Some(name)
}

/// What sends a write-only value again, and what goes along with it, must be attributes.
fn resent(kind: &Kind, diags: &mut Diagnostics) {
    for attribute in kind.attributes.values() {
        for name in attribute.resend.iter().chain(&attribute.along) {
            drop(known_attribute(kind, name, attribute.span, diags));
        }
    }
}

/// `"${formula}/${id}"`, or a list of such.
fn patterns(expr: &Expr, kind: &Kind, diags: &mut Diagnostics) -> Vec<IdPattern> {
    let all = match &expr.kind {
        ExprKind::Tuple(all) => all.as_slice(),
        _ => std::slice::from_ref(expr),
    };
    let mut found: Vec<IdPattern> = Vec::new();
    for expr in all {
        let Some(pattern) = pattern(expr) else {
            let label = "expected words between slashes: `\"${parent}/${id}\"`";
            diags.error(Diagnostic::error("Invalid import id").at(expr.span).label(label));
            continue;
        };
        for word in pattern.words().filter(|word| &***word != "id") {
            drop(known_attribute(kind, word, expr.span, diags));
        }
        found.push(pattern);
    }
    found
}

fn pattern(expr: &Expr) -> Option<IdPattern> {
    let parts = match &expr.kind {
        ExprKind::Template(parts) => parts.clone(),
        ExprKind::Wrap(inner) => vec![TemplatePart::Interpolation(inner.as_ref().clone())],
        ExprKind::Literal(Value::String(text)) => vec![TemplatePart::Literal(text.clone(), expr.span)],
        _ => vec![TemplatePart::Interpolation(expr.clone())],
    };
    let mut segments: Vec<Option<Part>> = vec![None];
    for part in parts {
        match part {
            TemplatePart::Literal(text, _) => literal(&text, &mut segments)?,
            TemplatePart::Interpolation(Expr { kind: ExprKind::Traversal { root, steps }, .. })
                if steps.is_empty() && matches!(segments.last(), Some(None)) =>
            {
                segments.pop();
                segments.push(Some(Part::Word(root.name)));
            }
            _ => return None,
        }
    }
    segments.into_iter().collect::<Option<Vec<_>>>().map(IdPattern)
}

/// A text with slashes: each begins a new part.
fn literal(text: &str, segments: &mut Vec<Option<Part>>) -> Option<()> {
    for (index, piece) in text.split('/').enumerate() {
        if index > 0 {
            segments.push(None);
        }
        match segments.last_mut() {
            _ if piece.is_empty() => {}
            Some(empty @ None) => *empty = Some(Part::Literal(piece.to_owned())),
            _ => return None,
        }
    }
    Some(())
}
