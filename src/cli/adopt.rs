//! `isotope import -all`: blocks for everything that exists and is not in the state, and the `import` blocks that adopt it.
//!
//! Nothing is imported yet: that is the next plan's, which shows it first.

use super::args;
use super::discover::{self, Look};
use super::environment::Environment;
use super::generate::{ask_for_values, asked, must_be_new, write};
use super::output::Output;
use super::project::Project;
use super::{Exit, Outcome};
use crate::addr::{ObjectAddr, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::plan::{self, Adopted, Existing, Found, Generated, Standing, Taken};
use crate::render;
use crate::state::Record;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where the blocks go, unless a file is named.
const FILE: &str = "adopted.hcl";

pub async fn run(args: &args::Import, environment: &Environment, output: &mut Output) -> Outcome {
    let file = args.generate_config_out.clone().unwrap_or_else(|| FILE.into());
    let imports = beside(&file);
    must_be_new(&file, environment, output)?;
    must_be_new(&imports, environment, output)?;
    let look = discover::look(&args.variables, &args.which, environment, output).await?;
    let mut diags = Diagnostics::new();
    let named = asked(&look.project, &look.backend.state, environment, &mut diags);
    output.check(&mut diags, &look.project.sources)?;
    let named: BTreeSet<(&str, &str)> =
        named.iter().map(|wanted| (&*wanted.addr.resource.kind, &*wanted.id)).collect();
    let is_named =
        |found: &Found| found.id.as_deref().is_some_and(|id| named.contains(&(&*found.kind.name, id)));
    let matching = |found: &&Found| discover::matches(found, args.which.text.as_deref()) && !is_named(found);
    let found: Vec<&Found> = look.discovery.found.iter().filter(matching).collect();
    let adopted: Vec<&Found> = found.iter().copied().filter(|found| found.is_free()).collect();
    left_out(&found, output);
    if adopted.is_empty() {
        output.print("Nothing was found that is neither in the state nor imported by a block.");
        return Ok(Exit::Done);
    }
    let generated = blocks(&look, &adopted);
    keep(&file, &imports, &generated, environment, output)?;
    let many = adopted.len() > 1;
    output.print(&format!(
        "Wrote {} for {} to {}, and what imports {} to {}.\n\n`isotope plan` shows what is imported. Once that is applied, {} can be deleted.",
        render::count(generated.blocks, "block"),
        render::count(adopted.len(), "object"),
        file.display(),
        if many { "them" } else { "it" },
        imports.display(),
        imports.display(),
    ));
    ask_for_values(&file, &generated, output);
    Ok(Exit::Done)
}

/// `adopted.hcl` → `adopted.imports.hcl`.
fn beside(file: &Path) -> PathBuf {
    let name = file.to_string_lossy();
    format!("{}.imports.hcl", name.strip_suffix(".hcl").unwrap_or(&name)).into()
}

/// Says what is not adopted, although it is not in the state.
fn left_out(found: &[&Found], output: &mut Output) {
    let names = |wanted: &dyn Fn(&Found) -> bool| {
        let names = found
            .iter()
            .filter(|found| wanted(found))
            .map(|found| format!("{} {}", found.kind.name, found.id.as_deref().unwrap_or(&found.object.id)));
        names.collect::<Vec<_>>()
    };
    let reasons: [(Vec<String>, &str, &str); 3] = [
        (
            names(&|found| matches!(found.standing, Standing::Foreign { .. })),
            "Made by another state",
            "with two states, each would undo what the other does. `isotope import ADDRESS ID` adopts one all the same",
        ),
        (
            names(&|found| found.standing == Standing::Open),
            "Made by an interrupted run",
            "the next `isotope apply` settles what became of it",
        ),
        (
            names(&|found| found.standing == Standing::Free && found.id.is_none()),
            "Cannot be named",
            "no id says which it is, since its name has a slash or is empty",
        ),
    ];
    for (names, why, more) in reasons.iter().filter(|(names, ..)| !names.is_empty()) {
        let shown = names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        let rest = if names.len() > 10 { ", …" } else { "" };
        output.say(&format!("Left out: {shown}{rest}. {why}: {more}."));
    }
}

/// The blocks of what is adopted, which may refer to what is declared already.
fn blocks(look: &Look, adopted: &[&Found]) -> Generated {
    let config = &look.project.config;
    let state = &look.backend.state;
    let objects = adopted.iter().filter_map(|found| {
        let Found { kind, provider, object, id, .. } = found;
        Some(Adopted { kind, provider, object, id: id.as_deref()? })
    });
    let records = state.records.iter();
    let existing: Vec<Existing<'_>> =
        records.filter_map(|(addr, record)| existing(addr, record, &look.project)).collect();
    let here = state.records.keys().filter(|addr| addr.module.is_root());
    let recorded: BTreeSet<&ResourceAddr> = here.map(|addr| &addr.resource).collect();
    let taken = Taken {
        resource: &|addr| config.root().resources.contains_key(addr) || recorded.contains(addr),
        variable: &|name| config.root().variables.contains_key(name),
    };
    plan::adopt(objects.collect(), &existing, &look.project.kinds, &taken)
}

/// An object that a block of the root module declares.
fn existing<'r>(addr: &ObjectAddr, record: &'r Record, project: &'r Project) -> Option<Existing<'r>> {
    let declared = addr.module.is_root() && project.config.root().resources.contains_key(&addr.resource);
    let kind = project.kinds.get(&addr.resource.kind).filter(|_| declared)?;
    Some(Existing { kind, provider: &record.provider, values: &record.values, address: addr.to_string() })
}

/// Writes both files, or neither.
fn keep(
    file: &Path,
    imports: &Path,
    generated: &Generated,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    write(file, &generated.text, environment, output)?;
    write(imports, &generated.imports, environment, output).inspect_err(|_| {
        // Blocks without their imports would make everything a second time.
        if let Err(error) = std::fs::remove_file(environment.dir.join(file)) {
            let left = Diagnostic::error("Blocks without imports are left behind")
                .detail(format!("{} cannot be removed: {error}.", file.display()))
                .help("remove it before anything is applied: it would make all of it a second time");
            output.fail(left);
        }
    })
}
