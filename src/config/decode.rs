//! One file's body → blocks of a module.

use super::check::check;
use super::data::data;
use super::fields::labels;
use super::moves::{import, moved, removed};
use super::resource::{provider, resource};
use super::settings::isotope;
use super::variable::{locals, output, variable};
use super::{Module, Settings};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::syntax::{Block, Body};

/// What decoding a module found beside its own blocks.
#[derive(Default)]
pub(super) struct Found {
    pub settings: Settings,
    pub calls: Vec<Block>,
}

/// Adds a file's blocks to its module. Every mistake is reported; what is right is kept.
pub(super) fn file(body: Body, module: &mut Module, found: &mut Found, diags: &mut Diagnostics) {
    for attribute in &body.attributes {
        diags.error(
            Diagnostic::error("Unsupported argument")
                .at(attribute.name.span)
                .label("only blocks stand at the top level of a configuration")
                .detail(format!("An argument named \"{}\" is not expected here.", attribute.name.name))
                .help("values belong in a `locals` block, variables' values in a `.vars.hcl` file"),
        );
    }
    for block in body.blocks {
        // Whatever is wrong was reported; the other blocks are read all the same.
        let _: Result<(), Reported> = decode(block, module, found, diags);
    }
}

fn decode(
    block: Block,
    module: &mut Module,
    found: &mut Found,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    match &*block.kind.name.clone() {
        "isotope" => isotope(&block, &mut found.settings, diags),
        "provider" => provider(&block, module, diags),
        "variable" => variable(&block, module, diags),
        "locals" => locals(&block, module, diags),
        "output" => output(&block, module, diags),
        "check" => check(&block, module, diags),
        "module" => {
            labels(&block, ["name"], diags)?;
            found.calls.push(block);
            Ok(())
        }
        "kind" => {
            labels(&block, ["name"], diags)?;
            module.kinds.push(block);
            Ok(())
        }
        "moved" => moved(&block, module, diags),
        "removed" => removed(&block, module, diags),
        "import" => import(&block, module, diags),
        "data" => data(block, None, module, diags),
        "resource" => Err(diags.error(
            Diagnostic::error("Unsupported block type")
                .at(block.kind.span)
                .label("the kind is the block: write `instance \"name\" {` instead of `resource …`")
                .detail("Blocks of type \"resource\" are not expected here."),
        )),
        _ => resource(block, module, diags),
    }
}
