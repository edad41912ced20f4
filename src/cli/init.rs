//! `isotope init`: checks what can be prepared, and moves states between backends. Everything local works without it.

use super::args::{self, Variables};
use super::backend::Home;
use super::environment::Environment;
use super::output::Output;
use super::previous::{self, Memo};
use super::project::Project;
use super::{Exit, Outcome, backend, project};
use crate::config;
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources};
use crate::state::{self, Migrated};

pub async fn run(args: &args::Init, environment: &Environment, output: &mut Output) -> Outcome {
    fetch(args, environment, output)?;
    let project = project::load(&Variables::default(), environment, output)?;
    settle(args, &project, environment, output).await?;
    show(&project, environment, output).await?;
    output.print("Isotope has been initialized. Nothing else needs to be prepared: try `isotope plan`.");
    Ok(Exit::Done)
}

async fn show(project: &Project, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    let backend = backend::open(project, environment, output).await?;
    let version = &backend.state.version;
    let state = match version.serial {
        0 => "no state yet; the first apply makes it".to_owned(),
        serial => {
            format!("lineage {}, serial {serial}, {} objects", version.lineage, backend.state.records.len())
        }
    };
    output.print(&format!("State: {} ({state})", backend.place));
    Ok(())
}

/// Where the backend is another one than before: copies its states, or leaves them, as asked.
async fn settle(
    args: &args::Init,
    project: &Project,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    let now = Home::of(project, environment, output)?;
    let checked = now.open(environment, output)?.check().await;
    checked.map_err(|error| output.fail(backend::complaint(&error)))?;
    let before = previous::changed(&now, environment, output).await?;
    match &before {
        None => {}
        Some(_) if args.reconfigure => {}
        Some(before) if args.migrate_state => {
            migrate(before, &now, environment, output).await?;
        }
        Some(_) => {
            return Err(output.fail(
                Diagnostic::error("Backend configuration changed")
                    .detail("A change in the backend configuration has been detected, which may require migrating existing state.")
                    .help("to copy the state, use `isotope init -migrate-state`; to keep it where it is and go on without it, `isotope init -reconfigure`"),
            ));
        }
    }
    if before.is_none() && args.migrate_state {
        output.print("There is no state elsewhere: nothing was copied.");
    }
    let memo = Memo::new(&now, environment);
    memo.keep().map_err(|error| {
        let detail = format!("Which backend is used cannot be written down: {error}.");
        output.fail(Diagnostic::error("Failed to write file").detail(detail))
    })
}

async fn migrate(
    before: &Home,
    now: &Home,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    let (from, to) = (before.open(environment, output)?, now.open(environment, output)?);
    let command = "init -migrate-state";
    let (holder, stamp) = (environment.holder(command), environment.stamp(command));
    let done = state::migrate(from.as_ref(), to.as_ref(), &holder, &stamp).await.map_err(|error| {
        output.fail(
            Diagnostic::error("State cannot be migrated")
                .detail(format!("{error}."))
                .help("the state is still where it was, and nothing of it was changed"),
        )
    })?;
    let (was, is) = (before.beside(environment), now.beside(environment));
    for Migrated { workspace, serial, rows } in &done {
        let emulator = |dir: &std::path::Path| dir.join(&**workspace).join("emulator");
        copy_dir(&emulator(&was), &emulator(&is)).map_err(|error| {
            let detail = format!("What the emulator holds cannot be copied: {error}.");
            output.fail(Diagnostic::error("State cannot be migrated").detail(detail))
        })?;
        output.print(&match serial {
            Some(serial) => format!(
                "Workspace {workspace}: copied {rows} rows at serial {serial}, read back and compared."
            ),
            None => format!("Workspace {workspace}: it has no state yet."),
        });
    }
    if !from.has_list() {
        output.say("The backend has no list of its workspaces: those that were used here were copied, and no others.");
    }
    output.print(&format!(
        "What is in {} was left as it is; remove it when you do not need it any more.",
        before.describe()
    ));
    Ok(())
}

/// Copies a directory that exists to where none does.
fn copy_dir(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if !from.is_dir() || to.exists() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_dir(&entry.path(), &target)?,
            false => drop(std::fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

/// Fetches modules that come from elsewhere, and says at which commits they are.
fn fetch(args: &args::Init, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    let fetched = config::fetch(&environment.dir, args.upgrade, &mut sources, &mut diags);
    output.check(&mut diags, &sources)?;
    for (address, locked) in fetched? {
        output.print(&format!("Module: {address} at {}", locked.commit));
    }
    Ok(())
}
