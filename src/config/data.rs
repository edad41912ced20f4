//! `data` blocks: at the top of a module, and the one that a `check` may hold.

use super::fields::{Fields, labels};
use super::lifecycle::conditions;
use super::resource::decoded;
use super::variable::{duplicate, name};
use super::{Lifecycle, Module, Repetition};
use crate::addr::{Name, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::syntax::Block;

/// Adds a data source to its module. `check` is the check that it stands in.
pub(super) fn data(
    block: Block,
    check: Option<&Name>,
    module: &mut Module,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let [kind, label] = labels(&block, ["type", "name"], diags)?;
    name(&kind.value, kind.span, "data source", diags)?;
    name(&label.value, label.span, "data resource", diags)?;
    let addr = ResourceAddr::data(&kind.value, &label.value);
    let lifecycle = if check.is_some() { refused } else { lifecycle };
    let (header, kind_span) = (block.header, kind.span);
    let mut data = decoded(block, addr.clone(), kind_span, lifecycle, diags);
    if check.is_some() {
        single(&mut data.repetition, diags);
    }
    data.check = check.cloned();
    if let Some(first) = module.resources.get(&addr) {
        let summary = format!("Duplicate data {:?} configuration", &*addr.kind);
        return Err(duplicate(&summary, &addr.to_string(), header, first.span, diags));
    }
    module.resources.insert(addr, data);
    Ok(())
}

/// Of a `lifecycle` block only the conditions mean something for what is never changed.
fn lifecycle(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Lifecycle {
    let Some(block) = fields.block("lifecycle", diags) else { return Lifecycle::default() };
    let mut inner = Fields::new("lifecycle", block.header, &block.body);
    let (preconditions, postconditions) = conditions(&mut inner, diags);
    for argument in
        ["create_before_destroy", "prevent_destroy", "destroy", "ignore_changes", "replace_triggered_by"]
    {
        let Some(given) = inner.take(argument) else { continue };
        diags.error(
            Diagnostic::error("Invalid data resource lifecycle argument")
                .at(given.name.span)
                .label("only for what is managed")
                .detail(format!("The lifecycle argument {argument:?} is defined only for managed resources, and is not valid for data resources.")),
        );
    }
    inner.finish(diags);
    Lifecycle { preconditions, postconditions, ..Lifecycle::default() }
}

fn refused(fields: &mut Fields<'_>, diags: &mut Diagnostics) -> Lifecycle {
    if let Some(block) = fields.block("lifecycle", diags) {
        diags.error(
            Diagnostic::error("Invalid lifecycle block")
                .at(block.header)
                .label("the check's assertions are its conditions")
                .detail("Nested data blocks do not support \"lifecycle\" blocks as the lifecycle is managed by the containing block."),
        );
    }
    Lifecycle::default()
}

fn single(repetition: &mut Repetition, diags: &mut Diagnostics) {
    let (word, span) = match repetition {
        Repetition::Single => return,
        Repetition::Count(expr) => ("count", expr.span),
        Repetition::ForEach(expr) => ("for_each", expr.span),
    };
    diags.error(
        Diagnostic::error(format!("Invalid {word:?} attribute"))
            .at(span)
            .label("a check reads one thing")
            .detail(
                "The \"count\" and \"for_each\" meta-arguments are not supported within nested data blocks.",
            ),
    );
    *repetition = Repetition::Single;
}
