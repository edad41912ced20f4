//! `isotope state pull` and `push`: the whole state as a document; and `isotope force-unlock`.

use super::args::{self, Variables};
use super::backend::Home;
use super::environment::Environment;
use super::output::Output;
use super::past::{confirm, refuse_open};
use super::{Exit, Outcome, backend, project, state as command};
use crate::diag::{Diagnostic, Reported};
use crate::state::{Image, State, StoreError, Writer};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

pub async fn pull(reveal: bool, environment: &Environment, output: &mut Output) -> Outcome {
    let backend = command::open(environment, output).await?;
    let Some(image) = backend.image(None, output).await? else { return Ok(Exit::Done) };
    let sealer = backend.sealer.as_deref().filter(|_| reveal);
    let document = image.document(sealer).map_err(|error| {
        output.fail(
            Diagnostic::error("State cannot be written as a document")
                .detail(format!("{error}."))
                .help("`isotope state restore` mends what can be mended"),
        )
    })?;
    output.data(&format!("{document}\n"));
    Ok(Exit::Done)
}

pub async fn push(path: &Path, force: bool, environment: &Environment, output: &mut Output) -> Outcome {
    let text = read(path, environment).map_err(|error| {
        let detail = format!("{} cannot be read: {error}.", path.display());
        output.fail(Diagnostic::error("Failed to read state document").detail(detail))
    })?;
    let project = project::load(&Variables::default(), environment, output)?;
    let mut backend = backend::open(&project, environment, output).await?;
    let image = Image::from_document(&text, backend.sealer.as_deref()).map_err(|error| {
        let detail = format!("{} is not usable: {error}.", path.display());
        output.fail(Diagnostic::error("Failed to read state document").detail(detail))
    })?;
    let mut writer = backend.lock("state push", Duration::ZERO, environment, output).await?;
    let now = backend.image(None, output).await?;
    check(&image, now.as_ref(), &backend.state, force, output)?;
    let written = writer.replace(&image, &environment.stamp("state push")).await;
    let serial = written.map_err(|error| output.fail(backend::complaint(&error)))?;
    output.print(&match now.is_some_and(|now| now.version.serial == serial) {
        true => format!("The state is the same already, at serial {serial}."),
        false => format!("The state is at serial {serial} now."),
    });
    Ok(Exit::Done)
}

fn read(path: &Path, environment: &Environment) -> std::io::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(environment.dir.join(path))
}

/// Whether the document may take the state's place: never that of another history; of a newer one, or one with open operations, only
/// by force.
fn check(
    image: &Image,
    now: Option<&Image>,
    state: &State,
    force: bool,
    output: &mut Output,
) -> Result<(), Reported> {
    let Some(now) = now else { return Ok(()) };
    let (given, here) = (&image.version, &now.version);
    let refuse = |detail: String, help: &str, output: &mut Output| {
        Err(output.fail(Diagnostic::error("Failed to write state").detail(detail).help(help.to_owned())))
    };
    if given.lineage != here.lineage {
        let detail = format!(
            "cannot import state with lineage {:?} over unrelated state with lineage {:?}.",
            given.lineage, here.lineage
        );
        return refuse(
            detail,
            "another state belongs into a workspace of its own: `isotope workspace new`",
            output,
        );
    }
    let same = image.differences(now).is_empty();
    if force || same && given.serial == here.serial {
        return Ok(());
    }
    refuse_open(state, output)?;
    match given.serial {
        serial if serial < here.serial => refuse(
            format!("cannot import state with serial {serial} over newer state with serial {}.", here.serial),
            "pull the state anew, or give `-force`",
            output,
        ),
        serial if serial == here.serial => refuse(
            format!(
                "cannot overwrite existing state with serial {serial} with a different state that has the same serial."
            ),
            "raise the document's `serial`, or give `-force`",
            output,
        ),
        _ => Ok(()),
    }
}

/// Writes down what a writer knows by heart, where its store cannot be written any more. Gives the file's name.
pub fn rescue(writer: &dyn Writer, error: &StoreError, environment: &Environment) -> Option<&'static str> {
    const FILE: &str = "errored.state.json";
    if !matches!(error, StoreError::Io { .. } | StoreError::Damaged { .. }) {
        return None;
    }
    let document = writer.image().ok()?.document(None).ok()?;
    super::previous::write_private(&environment.dir.join(FILE), &document).ok()?;
    Some(FILE)
}

/// `force-unlock ID`.
pub async fn force_unlock(
    args: &args::ForceUnlock,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let project = project::load(&Variables::default(), environment, output)?;
    let home = Home::of(&project, environment, output)?.open(environment, output)?;
    let store = home.open(&environment.workspace());
    let holder = store.holder().await.map_err(|error| output.fail(backend::complaint(&error)))?;
    if let Some(holder) = holder.filter(|_| !args.force) {
        let explanation = format!("{holder} holds it. If that process still runs, two would write at once.");
        confirm(
            "Do you really want to force-unlock?",
            &explanation,
            "force-unlock cancelled.",
            "-force",
            environment,
            output,
        )?;
    }
    store.break_lock(&args.id).await.map_err(|error| output.fail(backend::complaint(&error)))?;
    output.print("The state has been unlocked.");
    Ok(Exit::Done)
}
