//! `isotope state history`, `diff` and `rollback`: travels in time. A serial is written `@3`.

use super::args::Variables;
use super::backend::{self, Backend};
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, project, prompt, state as command};
use crate::diag::{Diagnostic, Reported};
use crate::render::{self, json};
use crate::state::{Difference, State};
use std::time::Duration;

pub async fn history(json: bool, environment: &Environment, output: &mut Output) -> Outcome {
    let backend = command::open(environment, output).await?;
    let entries = backend.store.history().await.map_err(|error| output.fail(backend::complaint(&error)))?;
    if json {
        output.print(&json::history(&entries).to_string());
    } else if !entries.is_empty() {
        output.print(&render::history(&entries, &output.out.clone()));
    }
    Ok(Exit::Done)
}

pub async fn diff(
    from: &str,
    to: Option<&str>,
    json: bool,
    reveal: bool,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let backend = command::open(environment, output).await?;
    let from = at(&backend, Some(serial(from, output)?), output).await?;
    let to = match to {
        Some(to) => at(&backend, Some(serial(to, output)?), output).await?,
        None => backend.state.clone(),
    };
    let difference = Difference::between(&from, &to);
    let (first, second) = (from.version.serial, to.version.serial);
    if json {
        // What is revealed was asked for; all else is masked already.
        output.data(&format!("{}\n", json::difference(&difference, first, second, reveal)));
    } else {
        output.print(&shown(&difference, first, second, output));
    }
    Ok(Exit::Done)
}

fn shown(difference: &Difference, from: u64, to: u64, output: &Output) -> String {
    if difference.is_empty() {
        return format!("Nothing differs between serial {from} and serial {to}.");
    }
    let [added, changed, removed] = difference.counts();
    let head = format!("Serial {from} → {to}: {added} added, {changed} changed, {removed} removed.");
    format!("{head}\n\n{}", render::difference(difference, &output.out))
}

pub async fn rollback(
    text: &str,
    auto_approve: bool,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let wanted = serial(text, output)?;
    let project = project::load(&Variables::default(), environment, output)?;
    let mut backend = backend::open(&project, environment, output).await?;
    let mut writer = backend.lock("state rollback", Duration::ZERO, environment, output).await?;
    refuse_open(&backend.state, output)?;
    let Some(image) = backend.image(Some(wanted), output).await? else { return Ok(Exit::Done) };
    let key = |slot: Option<crate::secret::KeySlot>| slot.map(|slot| slot.key);
    if key(image.key()) != key(backend.state.key.clone()) && image.key().is_some() {
        return Err(output.fail(
            Diagnostic::error("State was sealed with another key then")
                .detail(format!(
                    "The key was changed after serial {wanted}, so what was sealed then could not be read."
                ))
                .help("return to a serial after the change of the key"),
        ));
    }
    let then =
        image.open(backend.sealer.as_deref()).map_err(|error| output.fail(backend::complaint(&error)))?;
    let difference = Difference::between(&backend.state, &then);
    let now = backend.state.version.serial;
    if difference.is_empty() && then.intents.is_empty() {
        output.print(&format!("The state is what it was at serial {wanted} already."));
        return Ok(Exit::Done);
    }
    output.print(&shown(&difference, now, wanted, output));
    if auto_approve {
        output.print("");
    } else {
        let explanation = "Only the state changes, not the world: what was made since exists on without being managed,\n  and what was deleted since is made again by the next apply.";
        confirm(
            &format!("Do you want to return the state to serial {wanted}?"),
            explanation,
            "Rollback cancelled.",
            "-auto-approve",
            environment,
            output,
        )?;
    }
    let written = writer.replace(&image, &environment.stamp("state rollback")).await;
    let serial = written.map_err(|error| output.fail(backend::complaint(&error)))?;
    output.print(&format!("The state is what it was at serial {wanted}, as serial {serial}. `isotope plan` shows how the world differs."));
    Ok(Exit::Done)
}

/// Refuses while operations are open: what the world makes of them could not be told any more.
pub fn refuse_open(state: &State, output: &mut Output) -> Result<(), Reported> {
    if state.intents.is_empty() {
        return Ok(());
    }
    let open: Vec<String> = state.intents.values().map(|intent| intent.addr.to_string()).collect();
    Err(output.fail(
        Diagnostic::error("Operations are open")
            .detail(format!(
                "An earlier run ended while it was changing {}, and what came of it is not recorded yet.",
                open.join(", ")
            ))
            .help("`isotope apply` settles them"),
    ))
}

/// Asks; anything but `yes` ends the command. `unasked` is the option that saves the question.
pub fn confirm(
    question: &str,
    explanation: &str,
    cancelled: &str,
    unasked: &str,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    let text = format!("\n{question}\n  {explanation}\n  Only 'yes' will be accepted to approve.");
    let answer = prompt::ask(&text, true, environment, output).map_err(|()| {
        output.fail(
            Diagnostic::error("Approval needed, and nobody to ask")
                .detail("Standard input is not a terminal, so nothing can be asked. Nothing was changed.")
                .help(format!("give `{unasked}`")),
        )
    })?;
    if answer.as_deref() == Some("yes") {
        output.print("");
        return Ok(());
    }
    output.print(&format!("\n{cancelled}"));
    Err(prompt::declined())
}

/// The state now, or as it was after a commit.
pub async fn at(backend: &Backend, serial: Option<u64>, output: &mut Output) -> Result<State, Reported> {
    match backend.image(serial, output).await? {
        Some(image) => {
            image.open(backend.sealer.as_deref()).map_err(|error| output.fail(backend::complaint(&error)))
        }
        None => Ok(backend.state.clone()),
    }
}

/// `@3` or `3`.
fn serial(text: &str, output: &mut Output) -> Result<u64, Reported> {
    text.strip_prefix('@').unwrap_or(text).parse().map_err(|_| {
        let detail = format!("{text:?} is no serial.");
        output.fail(
            Diagnostic::error("Invalid serial")
                .detail(detail)
                .help("write `@3`; `isotope state history` lists them"),
        )
    })
}

/// `instance.a@3` → the address and the serial. An `@` inside a key's quotes is no serial's.
pub fn split(text: &str) -> (&str, Option<u64>) {
    match text.rsplit_once('@') {
        Some((address, serial)) if !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_digit()) => {
            (address, serial.parse().ok())
        }
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_serial_stands_behind_the_address() {
        for (text, expected) in [
            ("instance.a", ("instance.a", None)),
            ("instance.a@3", ("instance.a", Some(3))),
            ("instance.a[\"x@3\"]", ("instance.a[\"x@3\"]", None)),
            ("instance.a[\"x@3\"]@12", ("instance.a[\"x@3\"]", Some(12))),
            ("instance.a@", ("instance.a@", None)),
        ] {
            assert_eq!(split(text), expected);
        }
    }
}
