//! `lifecycle` blocks: how a resource may be changed, replaced and deleted, and what must hold of it.

use super::fields::Fields;
use super::variable::{elements, list, rule};
use super::{Ignore, Lifecycle, Rule};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::eval;
use crate::syntax::{Expr, ExprKind, Step};
use crate::value::{Path, PathStep, Value};

pub(super) fn lifecycle(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Lifecycle {
    let Some(block) = fields.block("lifecycle", diags) else { return Lifecycle::default() };
    let mut inner = Fields::new("lifecycle", block.header, &block.body);
    let (preconditions, postconditions) = conditions(&mut inner, diags);
    let lifecycle = Lifecycle {
        create_before_destroy: inner.flag("create_before_destroy", diags).unwrap_or(false),
        prevent_destroy: inner.flag("prevent_destroy", diags).unwrap_or(false),
        keep: !inner.flag("destroy", diags).unwrap_or(true),
        ignore_changes: match inner.take("ignore_changes") {
            Some(attribute) => ignore(&attribute.expr, diags),
            None => Ignore::default(),
        },
        replace_triggered_by: match inner.take("replace_triggered_by") {
            Some(attribute) => triggers(&attribute.expr, diags),
            None => Vec::new(),
        },
        preconditions,
        postconditions,
    };
    inner.finish(diags);
    lifecycle
}

/// The preconditions and postconditions of a `lifecycle` block.
pub(super) fn conditions(inner: &mut Fields<'_>, diags: &mut Diagnostics) -> (Vec<Rule>, Vec<Rule>) {
    let mut rules =
        |name| inner.blocks(name).into_iter().filter_map(|block| rule(block, diags).ok()).collect();
    (rules("precondition"), rules("postcondition"))
}

/// `all`, or a list of attributes and parts of them.
fn ignore(expr: &Expr, diags: &mut Diagnostics) -> Ignore {
    if let ExprKind::Traversal { root, steps } = &expr.kind
        && &*root.name == "all"
        && steps.is_empty()
    {
        return Ignore::All;
    }
    if let [only] = &elements(expr, &mut Diagnostics::new())[..]
        && let ExprKind::Literal(value) = &only.kind
        && value.as_str() == Some("*")
    {
        diags.error(
            Diagnostic::error("Invalid ignore_changes wildcard")
                .at(expr.span)
                .label("write `ignore_changes = all`")
                .detail("The [\"*\"] form of ignore_changes wildcard is invalid. Use \"ignore_changes = all\" to ignore changes to all attributes."),
        );
        return Ignore::default();
    }
    let paths = list(expr, diags).into_iter().filter_map(|element| path(&element, diags).ok());
    Ignore::Paths(paths.collect())
}

/// `tags["env"]` as the path of what it names: an attribute, then keys and positions.
fn path(expr: &Expr, diags: &mut Diagnostics) -> Result<(Path, Span), Reported> {
    let ExprKind::Traversal { root, steps } = &expr.kind else {
        return Err(diags.error(
            Diagnostic::error("Invalid expression")
                .at(expr.span)
                .label("expected an attribute of this block, as in `tags` or `tags[\"env\"]`")
                .detail("A single static variable reference is required: only attribute access and indexing with constant keys. No calculations, function calls, template expressions, etc are allowed here."),
        ));
    };
    let key = |step: &Step| match step {
        Step::Attr(name) => PathStep::Index(Value::string(&*name.name)),
        Step::Index(key, _) => PathStep::Index(key.clone()),
    };
    let first = Path::root().child_attr(&root.name);
    Ok((Path(first.0.into_iter().chain(steps.iter().map(key)).collect()), expr.span))
}

/// References to resources, their objects or attributes.
fn triggers(expr: &Expr, diags: &mut Diagnostics) -> Vec<Expr> {
    let mut kept = Vec::new();
    for element in elements(expr, diags) {
        let references = eval::references(&element);
        let of_resource = references.iter().any(|r| matches!(r.subject, eval::Subject::Resource(_)));
        if of_resource && is_reference(&element) {
            kept.push(element);
        } else {
            diags.error(
                Diagnostic::error("Invalid replace_triggered_by expression")
                    .at(element.span)
                    .label("expected a resource, one of its objects or an attribute")
                    .detail("Only resources, count.index, and each.key may be used in replace_triggered_by."),
            );
        }
    }
    kept
}

/// Whether it is a reference, perhaps with computed keys: no calculation around it.
fn is_reference(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Traversal { .. } => true,
        ExprKind::Relative { base, .. } | ExprKind::Index { base, .. } => is_reference(base),
        _ => false,
    }
}
