//! Saved plans: `plan -out=FILE`, and the check before `apply FILE` sends anything.

use super::args;
use super::backend;
use super::environment::{Environment, Functions};
use super::output::Output;
use super::plan::{self as planning, Made};
use super::{project, prompt, providers, redaction};
use crate::config::Source;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::plan::saved::{
    Asked, Head, Saved, SavedError, digest, head, is_plan, read as open, write as seal,
};
use crate::plan::{self, Selection};
use crate::state::Event;
use std::path::Path;
use std::time::Duration;

/// Writes a plan to a file, mode 0600.
pub fn write(
    path: &Path,
    options: &args::Planning,
    made: &mut Made,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    let (sealer, slot) = made.backend.key(environment, output)?;
    let slot = match (slot, &made.backend.state.key) {
        (Some(Event::KeySlot(slot)), _) => slot,
        (_, Some(slot)) => slot.clone(),
        _ => return Err(output.fail(Diagnostic::error("Encryption key is missing"))),
    };
    let head = Head {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        lineage: made.plan.base.lineage.to_string(),
        serial: made.plan.base.serial,
        config: made.plan.config.0.to_string(),
        workspace: environment.workspace().to_string(),
        key: slot,
        digest: digest(&made.plan),
        made: made.planned_at,
    };
    let asked = Asked {
        mode: made.plan.mode.into(),
        refresh: options.refresh,
        targets: options.target.clone(),
        excludes: options.exclude.clone(),
        replace: options.replace.clone(),
    };
    let written = seal(&head, asked, &made.plan, &sealer)
        .map_err(|error| error.to_string())
        .and_then(|bytes| replace_file(&environment.dir.join(path), &bytes).map_err(|e| e.to_string()));
    written.map_err(|problem| {
        output.fail(
            Diagnostic::error("Failed to write plan file")
                .detail(format!("The plan could not be written to {}: {problem}.", path.display())),
        )
    })?;
    if !output.json {
        output.print(&format!(
            "\nSaved the plan to {0}. To do exactly this: isotope apply {0}",
            path.display()
        ));
    }
    Ok(())
}

/// Writes beside the file and renames, so that there is a whole plan or none. Only a new file or an older plan is written over.
fn replace_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::{Error, ErrorKind, Write};
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_file() => {
            return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Ok(metadata) if metadata.len() > 0 && !is_plan(&std::fs::read(&path)?) => {
            return Err(Error::new(ErrorKind::AlreadyExists, "there is a file that is not a saved plan"));
        }
        Ok(_) => {}
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Error::new(ErrorKind::NotFound, format!("there is no directory {}", dir.display()))
        }
        // What it says besides names the temporary file.
        kind => Error::from(kind),
    })?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Reads a saved plan, makes sure that nothing has changed since, and makes the same plan again.
pub async fn read(
    path: &Path,
    args: &args::Apply,
    environment: &Environment,
    output: &mut Output,
) -> Result<Made, Reported> {
    planning::begin(&args.planning, output);
    if !args.planning.variables.0.is_empty() {
        return Err(output.fail(
            Diagnostic::error("Can't set variables when applying a saved plan")
                .detail("The plan holds its variables; -var and -var-file cannot change them.")
                .help("make a new plan with these values"),
        ));
    }
    let bytes = std::fs::read(environment.dir.join(path)).map_err(|error| {
        output.fail(
            Diagnostic::error("Failed to read plan file")
                .detail(format!("{} cannot be read: {error}.", path.display())),
        )
    })?;
    rebuild(path, &bytes, Some(args), environment, output).await
}

/// Makes the saved plan again. With `args` it is about to be applied: then it must be fresh, and the state is locked.
async fn rebuild(
    path: &Path,
    bytes: &[u8],
    args: Option<&args::Apply>,
    environment: &Environment,
    output: &mut Output,
) -> Result<Made, Reported> {
    let unusable = |error: SavedError| {
        Diagnostic::error("Failed to read plan file")
            .detail(format!("{} is not usable: {error}.", path.display()))
    };
    let head = head(bytes).map_err(|error| output.fail(unusable(error)))?;
    let mut project = project::load_without_values(environment, output)?;
    let mut backend = backend::open(&project, environment, output).await?;
    backend.adopt_lineage(&head.lineage);
    let writer = match args {
        Some(args) => {
            Some(backend.lock("apply", args.planning.locking.lock_timeout, environment, output).await?)
        }
        None => None,
    };
    fresh(path, &head, &project, &backend, environment).map_err(|stale| output.fail(*stale))?;
    let sealer = backend.key_for(&head.key, environment, output)?;
    let saved = open(bytes, &sealer).map_err(|error| output.fail(unusable(error)))?;
    let declared = &project.config.root().variables;
    // Ephemeral ones are not in the plan: they come from the environment or the files again.
    project.given.retain(|name, _| declared.get(name).is_some_and(|variable| variable.ephemeral));
    let variables = saved.variables.iter();
    project.given.extend(variables.map(|(name, value)| (name.clone(), (value.clone(), Source::CommandLine))));
    let parallelism = args.and_then(|args| args.planning.parallelism);
    let connected =
        providers::connect(&project, &backend, parallelism, args.is_some(), environment, output).await?;
    let plan = again(&saved, head.made, &project, &backend, &connected, environment, output).await?;
    if digest(&plan) != head.digest {
        return Err(output.fail(
            Diagnostic::error("Saved plan is stale")
                .detail(format!("{} does not lead to the same steps any more: a file or a variable of the environment that the configuration reads has changed.", path.display()))
                .help("make a new plan"),
        ));
    }
    redaction::of_plan(&plan, &backend.state, &output.redactor());
    let targeted = !saved.asked.targets.is_empty() || !saved.asked.excludes.is_empty();
    Ok(Made { project, backend, connected, writer, plan, planned_at: head.made, parallelism, targeted })
}

/// Reads a saved plan to show it: without the lock, and whether or not it is stale.
pub async fn look(path: &Path, environment: &Environment, output: &mut Output) -> Result<Made, Reported> {
    let bytes = std::fs::read(environment.dir.join(path)).map_err(|error| {
        output.fail(
            Diagnostic::error("Failed to read plan file")
                .detail(format!("{} cannot be read: {error}.", path.display())),
        )
    })?;
    rebuild(path, &bytes, None, environment, output).await
}

async fn again(
    saved: &Saved,
    planned_at: i64,
    project: &project::Project,
    backend: &backend::Backend,
    connected: &providers::Connected,
    environment: &Environment,
    output: &mut Output,
) -> Result<plan::Plan, Reported> {
    let targets = saved.asked.targets.iter().filter_map(|text| text.parse().ok()).collect();
    let excludes = saved.asked.excludes.iter().filter_map(|text| text.parse().ok()).collect();
    let replace: Vec<_> = saved.asked.replace.iter().filter_map(|text| text.parse().ok()).collect();
    let selection = Selection::new(
        (&project.config, &project.walk),
        &backend.state,
        saved.asked.mode.into(),
        targets,
        excludes,
    );
    let functions = Functions::planning_at(environment, planned_at);
    let request = plan::Request {
        mode: saved.asked.mode.into(),
        refresh: saved.asked.refresh,
        replace: &replace,
        answers: Some(&saved.answers),
        ..planning::request(project, backend, connected, &functions, environment.workspace(), &selection)
    };
    let mut diags = Diagnostics::new();
    let plan = plan::plan(&request, &mut diags).await;
    output.check(&mut diags, &project.sources)?;
    plan.map_err(|_| prompt::declined())
}

/// Whether configuration, state and workspace are those that the plan was made from.
fn fresh(
    path: &Path,
    head: &Head,
    project: &project::Project,
    backend: &backend::Backend,
    environment: &Environment,
) -> Result<(), Box<Diagnostic>> {
    let shown = path.display();
    let stale = |detail: String| {
        Err(Box::new(Diagnostic::error("Saved plan is stale").detail(detail).help("make a new plan")))
    };
    let version = &backend.state.version;
    if head.workspace != *environment.workspace() {
        return stale(format!(
            "{shown} was made in the workspace {}, this is {}.",
            head.workspace,
            environment.workspace()
        ));
    }
    if head.lineage != *version.lineage {
        return stale(format!(
            "{shown} was made from another state ({}, this is {}).",
            head.lineage, version.lineage
        ));
    }
    if head.serial != version.serial {
        let by = backend.state.last.as_ref().map(|last| {
            let ago = ago(environment.now() - last.at);
            format!(" ({} by {}, {ago})", last.command, last.who)
        });
        return stale(format!(
            "{shown} was made from serial {} of this state; it is at serial {} now{}.",
            head.serial,
            version.serial,
            by.unwrap_or_default()
        ));
    }
    if head.config != *project.config.digest {
        return stale(format!("The configuration has changed since {shown} was made."));
    }
    Ok(())
}

fn ago(seconds: i64) -> String {
    let of = |number: i64, unit: &str| format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" });
    match Duration::from_secs(seconds.unsigned_abs()).as_secs() {
        0..60 => "just now".to_owned(),
        60..3600 => of(seconds / 60, "minute"),
        3600..86_400 => of(seconds / 3600, "hour"),
        _ => of(seconds / 86_400, "day"),
    }
}
