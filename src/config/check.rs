//! `check` blocks: assertions that warn.

use super::fields::{Fields, labels};
use super::variable::{duplicate, name, rule};
use super::{Check, Module};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::syntax::Block;

pub(super) fn check(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [label] = labels(block, ["name"], diags)?;
    let named = name(&label.value, label.span, "check block", diags);
    let mut fields = Fields::new("check", block.header, &block.body);
    let asserts = fields.blocks("assert");
    if asserts.is_empty() {
        diags.error(
            Diagnostic::error("Zero assert blocks")
                .at(block.header)
                .label("nothing is checked")
                .detail("Check blocks must have at least one assert block."),
        );
    }
    for data in fields.blocks("data") {
        diags.error(
            Diagnostic::error("Unsupported block type")
                .at(data.kind.span)
                .label("data sources inside a check are not supported yet; assert on objects, variables and locals")
                .detail("Blocks of type \"data\" are not expected here."),
        );
    }
    let asserts = asserts.into_iter().filter_map(|assert| rule(assert, diags).ok()).collect();
    fields.finish(diags);
    named?;
    if let Some(first) = module.checks.get(&label.value) {
        let summary = format!("Duplicate check {:?} configuration", &*label.value);
        return Err(duplicate(&summary, &label.value, block.header, first.span, diags));
    }
    module.checks.insert(label.value.clone(), Check { asserts, span: block.header });
    Ok(())
}
