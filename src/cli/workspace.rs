//! `isotope workspace`: several states for one configuration.

use super::args::{Variables, Workspace};
use super::backend::Home;
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, backend, previous, project};
use crate::addr::Name;
use crate::diag::{Diagnostic, Reported};
use crate::state::{Backend, StoreError, is_workspace_name};
use std::collections::BTreeSet;

const DEFAULT: &str = "default";

pub async fn run(args: &Workspace, environment: &Environment, output: &mut Output) -> Outcome {
    if let Workspace::Show = args {
        output.print(&environment.workspace());
        return Ok(Exit::Done);
    }
    let project = project::load(&Variables::default(), environment, output)?;
    let home = Home::of(&project, environment, output)?;
    let place = home.open(environment, output)?;
    previous::check(&home, environment, output).await?;
    let place = place.as_ref();
    match args {
        Workspace::Show => {}
        Workspace::List => list(place, environment, output).await?,
        Workspace::New { name } => {
            refuse_override(
                "The workspace is currently overridden using the ISOTOPE_WORKSPACE environment variable. You cannot create a new workspace when using this setting.",
                environment,
                output,
            )?;
            create(name, place, environment, output).await?;
        }
        Workspace::Select { or_create, name } => {
            refuse_override(
                "The selected workspace is currently overridden using the ISOTOPE_WORKSPACE environment variable.",
                environment,
                output,
            )?;
            match exists(name, place, output).await? {
                true if *environment.workspace() == **name => {}
                true => {
                    switch(name, place, environment, output)?;
                    output.print(&format!("Switched to workspace \"{name}\"."));
                }
                false if *or_create => create(name, place, environment, output).await?,
                false => return Err(output.fail(missing(name))),
            }
        }
        Workspace::Delete { force, name } => delete(name, *force, place, environment, output).await?,
    }
    Ok(Exit::Done)
}

async fn exists(name: &str, home: &dyn Backend, output: &mut Output) -> Result<bool, Reported> {
    if name == DEFAULT || !is_workspace_name(name) {
        return Ok(name == DEFAULT);
    }
    home.has(name).await.map_err(|error| output.fail(backend::complaint(&error)))
}

async fn known(home: &dyn Backend, output: &mut Output) -> Result<Vec<Name>, Reported> {
    let mut known = home.workspaces().await.map_err(|error| output.fail(backend::complaint(&error)))?;
    known.push(DEFAULT.into());
    // The default first, as it is there before all others.
    known.sort_by_key(|name| (**name != *DEFAULT, name.clone()));
    known.dedup();
    Ok(known)
}

async fn list(home: &dyn Backend, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    let known = known(home, output).await?;
    let current = environment.workspace();
    let line = |name: &Name| format!("{} {name}", if *name == current { '*' } else { ' ' });
    output.print(&known.iter().map(line).collect::<Vec<_>>().join("\n"));
    if !home.has_list() {
        output.say(
            "The backend has no list of its workspaces: these were used here. `isotope workspace select NAME` finds any other that is there.",
        );
    }
    if environment.workspace_override().is_some() {
        output.print(
            "\nThe active workspace is being overridden using the ISOTOPE_WORKSPACE environment variable.",
        );
    }
    Ok(())
}

fn refuse_override(problem: &str, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    match environment.workspace_override() {
        None => Ok(()),
        Some(_) => Err(output.fail(
            Diagnostic::error("Workspace is overridden")
                .detail(problem)
                .help("unset the variable, or let it name the workspace"),
        )),
    }
}

async fn create(
    name: &str,
    home: &dyn Backend,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    backend::check_name(name, output)?;
    if exists(name, home, output).await? {
        return Err(output.fail(Diagnostic::error(format!("Workspace {name:?} already exists"))));
    }
    home.create(name).await.map_err(|error| output.fail(backend::complaint(&error)))?;
    switch(name, home, environment, output)?;
    output.print(&format!(
        "Created and switched to workspace \"{name}\"!\n\nYou're now on a new, empty workspace. Workspaces isolate their state, so if you run \"isotope plan\"\nIsotope will not see any existing state for this configuration."
    ));
    Ok(())
}

fn switch(
    name: &str,
    home: &dyn Backend,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    let file = environment.workspace_file();
    let written = match name {
        // What nothing is written down for.
        DEFAULT => match std::fs::remove_file(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            done => done,
        },
        name => previous::write_private(&file, &format!("{name}\n")),
    };
    written.and_then(|()| hear_of(name, true, home, environment)).map_err(|error| {
        let detail = format!("The selection cannot be written down: {error}.");
        output.fail(Diagnostic::error("Failed to write file").detail(detail))
    })
}

/// Remembers that a workspace is used here, or that it is no more, where the backend has no list that says so.
fn hear_of(name: &str, used: bool, home: &dyn Backend, environment: &Environment) -> std::io::Result<()> {
    let mut names: BTreeSet<Name> = environment.heard_of().into_iter().collect();
    let changes = if used { names.insert(name.into()) } else { names.remove(name) };
    if home.has_list() || !changes {
        return Ok(());
    }
    let text: String = names.iter().map(|name| format!("{name}\n")).collect();
    previous::write_private(&environment.heard_of_file(), &text)
}

async fn delete(
    name: &str,
    force: bool,
    home: &dyn Backend,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    if !exists(name, home, output).await? {
        return Err(output.fail(missing(name)));
    }
    if *environment.workspace() == *name {
        return Err(output.fail(
            Diagnostic::error(format!("Workspace {name:?} is your active workspace"))
                .detail("You cannot delete the currently active workspace. Please switch to another workspace and try again."),
        ));
    }
    if name == DEFAULT {
        return Err(output.fail(Diagnostic::error("The default workspace cannot be deleted")));
    }
    let full = is_used(name, force, home, output).await?;
    let removed = home.remove(name, &environment.holder("workspace delete")).await;
    removed.map_err(|error| output.fail(backend::complaint(&error)))?;
    if let Err(error) = hear_of(name, false, home, environment) {
        tracing::warn!("{} cannot be written: {error}", environment.heard_of_file().display());
    }
    output.print(&format!("Deleted workspace \"{name}\"!"));
    if full {
        output.say(&format!("Warning: \"{name}\" was not empty. What it recorded may still exist, and nothing manages it any more."));
    }
    Ok(())
}

/// Whether anything is recorded in the workspace, which only `force` lets be lost.
async fn is_used(name: &str, force: bool, home: &dyn Backend, output: &mut Output) -> Result<bool, Reported> {
    let state = match home.open(name).snapshot().await {
        Ok(state) => state,
        Err(StoreError::Damaged { .. }) if force => return Ok(true),
        Err(error) => return Err(output.fail(backend::complaint(&error))),
    };
    let records = state.records.keys().chain(state.deposed.keys().map(|(addr, _)| addr));
    let open = state.intents.values().map(|intent| &intent.addr);
    let mut used: Vec<String> = records.chain(open).map(|addr| format!("- {addr}")).collect();
    used.extend(state.damaged.keys().map(|what| format!("- {what} (damaged)")));
    used.dedup();
    if used.is_empty() || force {
        return Ok(!used.is_empty());
    }
    Err(output.fail(
        Diagnostic::error("Workspace is not empty")
            .detail(format!(
                "Workspace {name:?} is currently tracking the following resource instances:\n{}\nDeleting this workspace would cause Isotope to lose track of them.",
                used.join("\n")
            ))
            .help("destroy them first, or give `-force` to forget them"),
    ))
}

fn missing(name: &str) -> Diagnostic {
    Diagnostic::error(format!("Workspace {name:?} doesn't exist"))
        .help("`isotope workspace new` makes it, and so does `isotope workspace select -or-create`")
}
