//! Resource, provider and module blocks: meta-arguments are taken out, the rest stays a body for the kind to judge.

use super::duration;
use super::fields::{Fields, constant, labels};
use super::lifecycle::lifecycle;
use super::variable::{duplicate, list, name};
use super::{Lifecycle, Module, ProviderBlock, ProviderRef, Repetition, Resource};
use crate::addr::{self, Mode, Name, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::syntax::{Attribute, Block, Body, Expr, ExprKind, Step};
use crate::value::Type;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// Arguments that every resource takes whatever its kind.
const META: &[&str] = &["count", "for_each", "depends_on", "provider"];
const META_BLOCKS: &[&str] = &["lifecycle", "timeouts"];

pub(super) fn resource(block: Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [label] = labels(&block, ["name"], diags)?;
    name(&label.value, label.span, "resource", diags)?;
    let addr =
        ResourceAddr { mode: Mode::Managed, kind: addr::shared(&block.kind.name), name: label.value.clone() };
    let (header, kind_span) = (block.header, block.kind.span);
    let resource = decoded(block, addr.clone(), kind_span, lifecycle, diags);
    match module.resources.entry(addr) {
        Entry::Vacant(free) => {
            free.insert(resource);
            Ok(())
        }
        Entry::Occupied(first) => {
            let addr = first.key();
            let summary = format!("Duplicate resource {:?} configuration", addr.kind);
            Err(duplicate(&summary, &addr.to_string(), header, first.get().span, diags))
        }
    }
}

/// A resource of what its block says; a data source differs in what its `lifecycle` may say.
pub(super) fn decoded(
    block: Block,
    addr: ResourceAddr,
    kind_span: Span,
    lifecycle: fn(&mut Fields<'_>, &mut Diagnostics) -> Lifecycle,
    diags: &mut Diagnostics,
) -> Resource {
    let (meta, arguments) = split(block.body, META, META_BLOCKS);
    let mut fields = Fields::new(&block.kind.name, block.header, &meta);
    let resource = Resource {
        arguments,
        repetition: repetition(&mut fields, diags),
        depends_on: fields.take("depends_on").map(|a| list(&a.expr, diags)).unwrap_or_default(),
        provider: fields.take("provider").and_then(|a| provider_ref(a, diags).ok()),
        lifecycle: lifecycle(&mut fields, diags),
        timeouts: timeouts(&mut fields, diags),
        check: None,
        span: block.header,
        kind_span,
        addr,
    };
    fields.finish(diags);
    resource
}

/// The body in two: what is named, and the rest.
pub(super) fn split(body: Body, attributes: &[&str], blocks: &[&str]) -> (Body, Body) {
    let named = body.attributes.iter().any(|a| attributes.contains(&&*a.name.name))
        || body.blocks.iter().any(|b| blocks.contains(&&*b.kind.name));
    if !named {
        return (Body { end: body.end, ..Body::default() }, body);
    }
    let (meta, rest): (Vec<Attribute>, Vec<Attribute>) =
        body.attributes.into_iter().partition(|a| attributes.contains(&&*a.name.name));
    let (meta_blocks, rest_blocks): (Vec<Block>, Vec<Block>) =
        body.blocks.into_iter().partition(|b| blocks.contains(&&*b.kind.name));
    (
        Body { attributes: meta, blocks: meta_blocks, end: body.end },
        Body { attributes: rest, blocks: rest_blocks, end: body.end },
    )
}

pub(super) fn repetition(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Repetition {
    match (fields.take("count"), fields.take("for_each")) {
        (Some(count), Some(for_each)) => {
            diags.error(
                Diagnostic::error("Invalid combination of \"count\" and \"for_each\"")
                    .at(for_each.name.span)
                    .label("`count` is given too")
                    .related(count.name.span, "here")
                    .detail("The \"count\" and \"for_each\" meta-arguments are mutually-exclusive, only one should be used to be explicit about the number of resources to be created."),
            );
            Repetition::Single
        }
        (Some(count), None) => Repetition::Count(count.expr.clone()),
        (None, Some(for_each)) => Repetition::ForEach(for_each.expr.clone()),
        (None, None) => Repetition::Single,
    }
}

fn timeouts(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> BTreeMap<Name, (Duration, Span)> {
    let Some(block) = fields.block("timeouts", diags) else { return BTreeMap::new() };
    let mut inner = Fields::new("timeouts", block.header, &block.body);
    let mut found = BTreeMap::new();
    for operation in ["create", "read", "update", "delete"] {
        let Some((value, span)) = inner.constant(operation, &Type::String, diags) else { continue };
        let text = value.as_str().unwrap_or_default();
        match duration(text) {
            Some(duration) => {
                found.insert(operation.into(), (duration, span));
            }
            None => {
                diags.error(
                    Diagnostic::error("Invalid timeout")
                        .at(span)
                        .label("expected a duration such as \"30s\", \"10m\" or \"1h30m\""),
                );
            }
        }
    }
    inner.finish(diags);
    found
}

/// `provider = cloudelements.eu`: a name and perhaps an alias, not an expression to evaluate.
pub(super) fn provider_ref(
    attribute: &Attribute,
    diags: &mut Diagnostics,
) -> Result<(ProviderRef, Span), Reported> {
    let expr = &attribute.expr;
    if let ExprKind::Traversal { root, steps } = &expr.kind {
        match steps.as_slice() {
            [] => return Ok((ProviderRef { name: root.name.clone(), alias: None }, expr.span)),
            [Step::Attr(alias)] => {
                let alias = Some(alias.name.clone());
                return Ok((ProviderRef { name: root.name.clone(), alias }, expr.span));
            }
            _ => {}
        }
    }
    Err(diags.error(
        Diagnostic::error("Invalid provider configuration reference")
            .at(expr.span)
            .label("expected a provider's name, or name and alias: `cloudelements.eu`")
            .detail("The provider argument requires a provider type name, optionally followed by a period and then a configuration alias."),
    ))
}

pub(super) fn provider(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [label] = labels(block, ["name"], diags)?;
    let (meta, arguments) = split(block.body.clone(), &["alias"], &[]);
    let alias = match meta.attributes.first() {
        Some(attribute) => Some(alias(&attribute.expr, diags)?),
        None => None,
    };
    let configured = module.providers.entry(label.value.clone()).or_default();
    if let Some(first) = configured.iter().find(|p| p.alias == alias) {
        let span = first.span;
        let shown = alias.map_or(label.value.to_string(), |alias| format!("{}.{alias}", label.value));
        return Err(duplicate("Duplicate provider configuration", &shown, block.header, span, diags));
    }
    configured.push(ProviderBlock { name: label.value.clone(), alias, arguments, span: block.header });
    Ok(())
}

fn alias(expr: &Expr, diags: &mut Diagnostics) -> Result<Name, Reported> {
    let value = constant(expr, &Type::String, diags)?;
    let text = value.as_str().unwrap_or_default();
    name(text, expr.span, "provider alias", diags)?;
    Ok(text.into())
}
