//! `-generate-config-out=FILE`: the blocks of what is adopted and not declared yet, into a new file.

use super::args::Variables;
use super::backend;
use super::environment::{Environment, Functions};
use super::output::Output;
use super::project::{self, Project};
use super::providers::{self, Besides};
use crate::addr::{Mode, ObjectAddr, ObjectKey};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::kind::Kind;
use crate::plan::{self, Evaluation, Generated, Recorded, Undeclared, Wanted};
use crate::provider::Object;
use crate::render;
use crate::state::{ProviderAddr, State};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Writes the blocks that `import` blocks lack, or the one for `import ADDR ID`. Nothing is written when nothing lacks one.
pub async fn run(
    path: &Path,
    one: Option<Wanted>,
    variables: &Variables,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    must_be_new(path, environment, output)?;
    let project = project::load(variables, environment, output)?;
    let backend = backend::open(&project, environment, output).await?;
    let mut diags = Diagnostics::new();
    let asked = match one {
        Some(one) => vec![one],
        None => asked(&project, &backend.state, environment, &mut diags),
    };
    output.check(&mut diags, &project.sources)?;
    let lacking: Vec<Lacking<'_>> =
        asked.iter().filter_map(|one| lacking(one, &project, &backend.state)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let extra: Vec<ProviderAddr> = lacking.iter().filter_map(|one| one.provider.clone()).collect();
    let besides = Besides { extra: &extra, ..Besides::default() };
    let connected =
        providers::connect_with(&project, &backend, besides, None, false, environment, output).await?;
    let mut objects = Vec::new();
    for one in &lacking {
        match read(one, &connected).await {
            Ok(object) => objects.push(object),
            Err(problem) => drop(diags.error(*problem)),
        }
    }
    if let Some(emulator) = connected.emulator {
        emulator.stop().await;
    }
    output.check(&mut diags, &project.sources)?;
    let root = project.config.root();
    let blocks = lacking.iter().zip(&objects).map(|(one, object)| Undeclared {
        addr: &one.wanted.addr,
        kind: one.kind,
        provider: one.wanted.provider.as_ref(),
        object,
    });
    let generated = plan::generate(blocks, |name| root.variables.contains_key(name));
    write(path, &generated.text, environment, output)?;
    if !output.json {
        output.print(&format!(
            "Wrote {} to {}. Please review the configuration before adding it to version control.\n",
            render::count(lacking.len(), "block"),
            path.display()
        ));
    }
    ask_for_values(path, &generated, output);
    Ok(())
}

/// Generated text goes into new files only.
pub fn must_be_new(path: &Path, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    if !environment.dir.join(path).exists() {
        return Ok(());
    }
    Err(output.fail(
        Diagnostic::error("Target generated file already exists")
            .detail(format!(
                "Isotope can only write generated config into a new file, and {} exists.",
                path.display()
            ))
            .help("choose another file, or move what is in it elsewhere, delete it and try again"),
    ))
}

/// What the `import` blocks adopt.
pub fn asked(
    project: &Project,
    state: &State,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> Vec<Wanted> {
    let functions = Functions::planning(environment);
    let mut evaluation =
        Evaluation::new(&project.config, &project.kinds, &functions, environment.workspace());
    let mut objects = Recorded { records: &state.records, data: &BTreeMap::new() };
    // What is wrong with the configuration is reported when the plan is made.
    plan::walk(&mut evaluation, &project.walk, &project.given, &mut objects, &mut Diagnostics::new());
    plan::wanted(&evaluation, diags)
}

/// An object for which a block can be written.
struct Lacking<'l> {
    wanted: &'l Wanted,
    kind: &'l Kind,
    /// `None`: its kind needs none.
    provider: Option<ProviderAddr>,
}

/// `None` when a block declares it, or when one cannot be written: in a module, or one of several objects. The plan says so.
fn lacking<'l>(wanted: &'l Wanted, project: &'l Project, state: &State) -> Option<Lacking<'l>> {
    let ObjectAddr { module, resource, key } = &wanted.addr;
    let plain = module.is_root() && *key == ObjectKey::Single && resource.mode == Mode::Managed;
    let known =
        project.config.root().resources.contains_key(resource) || state.records.contains_key(&wanted.addr);
    if !plain || known {
        return None;
    }
    let kind = project.kinds.get(&resource.kind)?;
    let own = || Some(ProviderAddr { name: kind.provider.clone()?, alias: None });
    Some(Lacking { wanted, kind, provider: wanted.provider.clone().or_else(own) })
}

async fn read(one: &Lacking<'_>, connected: &providers::Connected) -> Result<Object, Box<Diagnostic>> {
    let Wanted { addr, id, span, .. } = one.wanted;
    let local = ProviderAddr { name: "local".into(), alias: None };
    let provider = connected.providers.of(one.kind, one.provider.as_ref().unwrap_or(&local));
    let Some(provider) = provider else {
        let problem = Diagnostic::error(format!("Cannot import {addr}"));
        return Err(Box::new(problem.about(addr).detail("Its provider is not configured.")));
    };
    plan::found(one.kind, provider.as_ref(), addr, id).await.map_err(|problem| {
        Box::new(match span {
            Some(span) => problem.at(*span),
            None => problem,
        })
    })
}

/// Writes a new file, or says why it cannot be.
pub fn write(
    path: &Path,
    text: &str,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    write_new(&environment.dir.join(path), text).map_err(|error| {
        output.fail(
            Diagnostic::error("Failed to write generated configuration")
                .detail(format!("{} cannot be written: {error}.", path.display())),
        )
    })
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Says which variables the user must give values.
pub fn ask_for_values(path: &Path, generated: &Generated, output: &mut Output) {
    if generated.variables.is_empty() || output.json {
        return;
    }
    let names: Vec<String> = generated.variables.iter().map(|name| format!("ISOTOPE_VAR_{name}")).collect();
    output.say(&format!(
        "Warning: Generated variables need values\n  The API does not tell secrets, so {} has sensitive variables in their place. Set them, to what the objects have now:\n  {}",
        path.display(),
        names.join(", ")
    ));
}
