//! `check` blocks: assertions that warn.

use super::data::data;
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
    let scoped = fields.blocks("data");
    for extra in scoped.iter().skip(1) {
        diags.error(
            Diagnostic::error("Multiple data resource blocks")
                .at(extra.header)
                .label("a check reads one thing")
                .related(scoped[0].header, "the first one")
                .detail("This check block already has a data resource defined."),
        );
    }
    if let Some(block) = scoped.first() {
        // What is wrong with it was reported; the check is read all the same.
        let _: Result<(), Reported> = data((*block).clone(), Some(&label.value), module, diags);
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
