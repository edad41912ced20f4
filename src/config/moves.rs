//! `moved`, `removed` and `import` blocks: what the history of an address is.

use super::fields::{Fields, labels};
use super::resource::provider_ref;
use super::{Endpoint, Import, Module, Moved, RESERVED, Removed};
use crate::addr::{Mode, ModulePath, ObjectAddr, ObjectKey};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::syntax::{Block, Expr, ExprKind, Step};
use crate::value::Value;

pub(super) fn moved(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [] = labels(block, [], diags)?;
    let mut fields = Fields::new("moved", block.header, &block.body);
    let from = fields.require("from", diags).and_then(|a| endpoint(&a.expr, diags));
    let to = fields.require("to", diags).and_then(|a| endpoint(&a.expr, diags));
    fields.finish(diags);
    let (from, to) = (from?, to?);
    if matches!(from, Endpoint::Module(_)) != matches!(to, Endpoint::Module(_)) {
        return Err(diags.error(
            Diagnostic::error("Invalid \"moved\" addresses")
                .at(block.header)
                .label("one is a resource, the other a module")
                .detail("The \"from\" and \"to\" addresses must either both refer to resources or both refer to modules."),
        ));
    }
    for (end, name) in [(&from, "from"), (&to, "to")] {
        if let Endpoint::Object(addr) = end
            && addr.resource.mode == Mode::Data
        {
            return Err(diags.error(
                Diagnostic::error("Invalid \"moved\" addresses")
                    .at(block.header)
                    .label(format!("`{name}` is a data source, which is only read"))
                    .detail(format!(
                        "{addr} is not a managed resource, so there is nothing recorded that could be moved."
                    )),
            ));
        }
    }
    module.moved.push(Moved { from, to, span: block.header });
    Ok(())
}

pub(super) fn removed(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [] = labels(block, [], diags)?;
    let mut fields = Fields::new("removed", block.header, &block.body);
    let from = fields.require("from", diags).and_then(|a| Ok((endpoint(&a.expr, diags)?, a.expr.span)));
    let mut destroy = true;
    if let Some(inner) = fields.block("lifecycle", diags) {
        let mut inner = Fields::new("lifecycle", inner.header, &inner.body);
        destroy = inner.flag("destroy", diags).unwrap_or(true);
        inner.finish(diags);
    }
    fields.finish(diags);
    let (from, span) = from?;
    if matches!(&from, Endpoint::Object(addr) if addr.resource.mode == Mode::Data) {
        return Err(diags.error(
            Diagnostic::error("Data source address not allowed")
                .at(span)
                .label("it is only read, so there is nothing to remove")
                .detail("Data sources are never destroyed, so they are not valid targets of removed blocks."),
        ));
    }
    let keyed = match &from {
        Endpoint::Object(addr) => {
            addr.key != ObjectKey::Single || addr.module.0.iter().any(|step| step.key != ObjectKey::Single)
        }
        Endpoint::Module(path) => path.0.iter().any(|step| step.key != ObjectKey::Single),
    };
    if keyed {
        return Err(diags.error(
            Diagnostic::error("Resource instance keys not allowed")
                .at(span)
                .label("names one of the objects of a block")
                .detail("Resource address must be a resource (e.g. \"test_instance.foo\"), not a resource instance (e.g. \"test_instance.foo[1]\"). Note that a \"removed\" block removes all objects of a block."),
        ));
    }
    module.removed.push(Removed { from, destroy, span: block.header });
    Ok(())
}

pub(super) fn import(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [] = labels(block, [], diags)?;
    if module.parent.is_some() {
        return Err(diags.error(
            Diagnostic::error("Invalid import configuration")
                .at(block.header)
                .label("only the root module may hold `import` blocks")
                .detail("An import block was detected in a child module. Import blocks are only allowed in the root module."),
        ));
    }
    let mut fields = Fields::new("import", block.header, &block.body);
    let to = fields.require("to", diags).and_then(|a| match &a.expr.kind {
        ExprKind::Literal(_) | ExprKind::Template(_) => Err(not_a_reference(&a.expr, diags)),
        _ => Ok(a.expr.clone()),
    });
    let id = fields.require("id", diags).and_then(|a| import_id(&a.expr, diags));
    let for_each = fields.take("for_each").map(|a| a.expr.clone());
    let provider = fields.take("provider").map(|a| provider_ref(a, diags)).transpose()?;
    fields.finish(diags);
    module.imports.push(Import { to: to?, id: id?, for_each, provider, span: block.header });
    Ok(())
}

/// The id, unless it is written as one that no object has.
fn import_id(expr: &Expr, diags: &mut Diagnostics) -> Result<Expr, Reported> {
    let (label, detail) = match &expr.kind {
        ExprKind::Literal(value) if value.is_null() => ("is null", "The import ID cannot be null."),
        ExprKind::Literal(value) if value.as_str() == Some("") => (
            "is empty",
            "The import ID value evaluates to an empty string, please provide a non-empty value.",
        ),
        _ => return Ok(expr.clone()),
    };
    Err(diags
        .error(Diagnostic::error("Invalid import id argument").at(expr.span).label(label).detail(detail)))
}

/// What an address names: an object or all of a block, or a module.
fn endpoint(expr: &Expr, diags: &mut Diagnostics) -> Result<Endpoint, Reported> {
    let text = match &expr.kind {
        ExprKind::Traversal { root, steps } => spelled(&root.name, steps),
        ExprKind::Literal(_) | ExprKind::Template(_) => return Err(not_a_reference(expr, diags)),
        _ => None,
    };
    let invalid = |diags: &mut Diagnostics, label: String, span: Span| {
        diags.error(Diagnostic::error("Invalid address").at(span).label(label).detail(
            "Expected the address of a resource, of one of its objects, or of a module, with constant keys.",
        ))
    };
    let Some(text) = text else {
        return Err(invalid(diags, "expected an address".to_owned(), expr.span));
    };
    match (text.parse::<ObjectAddr>(), text.parse::<ModulePath>()) {
        (Ok(addr), _) if RESERVED.contains(&&*addr.resource.kind) => {
            Err(invalid(diags, format!("`{}` is no kind", addr.resource.kind), expr.span))
        }
        (Ok(addr), _) => Ok(Endpoint::Object(addr)),
        (_, Ok(path)) => Ok(Endpoint::Module(path)),
        (Err(error), Err(_)) => Err(invalid(diags, error.problem, expr.span)),
    }
}

fn not_a_reference(expr: &Expr, diags: &mut Diagnostics) -> Reported {
    diags.error(
        Diagnostic::error("Invalid expression")
            .at(expr.span)
            .label("expected an address, without quotes")
            .detail("A single static variable reference is required: only attribute access and indexing with constant keys. No calculations, function calls, template expressions, etc are allowed here."),
    )
}

/// A traversal as the text of an address.
fn spelled(root: &str, steps: &[Step]) -> Option<String> {
    let mut text = root.to_owned();
    for step in steps {
        match step {
            Step::Attr(name) => text.extend([".", &name.name]),
            Step::Index(Value::String(key), _) => {
                text.push_str(&ObjectKey::Name((&**key).into()).to_string())
            }
            Step::Index(Value::Number(at), _) => {
                text.push_str(&ObjectKey::Index(u32::try_from(at.as_i64()?).ok()?).to_string());
            }
            Step::Index(..) => return None,
        }
    }
    Some(text)
}
