//! `isotope state rekey`: seals the state with another key, in one commit.
//!
//! Sealed values are opened and sealed again. A fingerprint cannot be turned into another: it is made anew from the value that the
//! configuration gives, where that is still the one that was sent. Where it is not, the fingerprint is dropped, which the next
//! plan shows as a change, and said here.

use super::args::Variables;
use super::environment::{Environment, Functions};
use super::output::Output;
use super::past::refuse_open;
use super::project::Project;
use super::{Exit, Outcome, backend, project};
use crate::addr::ObjectAddr;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::plan::{self, Evaluation, Recorded};
use crate::secret::{KeySource, NEW_KEY_VARIABLE, OLD_KEY_VARIABLE, Sealer};
use crate::state::{Image, Record, State};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub async fn run(variables: &Variables, environment: &Environment, output: &mut Output) -> Outcome {
    let project = project::load(variables, environment, output)?;
    let mut backend = backend::look(&project, environment, output).await?;
    let mut writer = backend.lock("state rekey", Duration::ZERO, environment, output).await?;
    refuse_open(&backend.state, output)?;
    let (Some(image), Some(slot)) = (backend.image(None, output).await?, backend.state.key.clone()) else {
        output.print("Nothing is sealed yet: the first apply makes the key.");
        return Ok(Exit::Done);
    };
    let keys = backend.keys(&slot, environment);
    let (old, new, slot) = keys.map_err(|error| {
        output.fail(Diagnostic::error("Key cannot be changed").detail(format!("{error}.")).help(format!(
            "`{OLD_KEY_VARIABLE}` gives the old key or passphrase, `{NEW_KEY_VARIABLE}` the new key"
        )))
    })?;
    if old.key_id() == new.key_id() {
        return Err(output.fail(
            Diagnostic::error("Key is the same")
                .detail("What should give the new key gives the one that the state has.")
                .help(format!("change it where it comes from, or give the new one in `{NEW_KEY_VARIABLE}`")),
        ));
    }
    let source = slot.source;
    let (sealed, lost) = reseal(&project, &backend.state, &image, [&old, &new], slot, environment, output)?;
    backend.store.unlock_values(Arc::new(new.clone()));
    let written = writer.replace(&sealed, &environment.stamp("state rekey")).await;
    let serial = written.map_err(|error| output.fail(backend::complaint(&error)))?;
    report(serial, &new, source, &lost, output);
    Ok(Exit::Done)
}

/// The state under the new key, and the secrets whose fingerprints could not be made anew.
fn reseal(
    project: &Project,
    state: &State,
    image: &Image,
    [old, new]: [&Sealer; 2],
    slot: crate::secret::KeySlot,
    environment: &Environment,
    output: &mut Output,
) -> Result<(Image, Vec<String>), Reported> {
    let functions = Functions::planning(environment);
    let mut evaluation =
        Evaluation::new(&project.config, &project.kinds, &functions, environment.workspace());
    let opened = image.open(Some(old)).map_err(|error| output.fail(backend::complaint(&error)))?;
    let mut objects = Recorded { records: &opened.records, data: &BTreeMap::new() };
    // What cannot be evaluated now counts as not known: its fingerprints are dropped.
    let mut diags = Diagnostics::new();
    plan::walk(&mut evaluation, &project.walk, &project.given, &mut objects, &mut diags);
    let mut lost = Vec::new();
    let refit = |addr: &ObjectAddr, record: &mut Record| {
        let desired = plan::desired_of(addr, None, &evaluation, &mut diags);
        let paths = match project.kinds.get(&addr.resource.kind) {
            Some(kind) => plan::refit(kind, desired.as_ref(), record, old, new, &addr.to_string()),
            None => std::mem::take(&mut record.fingerprints).into_keys().collect(),
        };
        lost.extend(paths.into_iter().map(|path| format!("{addr}{path}")));
    };
    debug_assert_eq!(state.version, image.version);
    let sealed =
        image.rekeyed(old, new, slot, refit).map_err(|error| output.fail(backend::complaint(&error)))?;
    Ok((sealed, lost))
}

fn report(serial: u64, new: &Sealer, source: KeySource, lost: &[String], output: &mut Output) {
    output.print(&format!("The state is sealed with the key {} now, at serial {serial}.", new.key_id()));
    output.print(match source {
        KeySource::Environment => "Set `ISOTOPE_ENCRYPTION_KEY` to the new key from here on.",
        KeySource::File => "The key file has the old key too, behind the new one: the history before is still sealed with it.",
        KeySource::Passphrase | KeySource::Command => {
            "The history before is still sealed with the old key: keep that as long as you may need it."
        }
    });
    if !lost.is_empty() {
        output.say(&format!(
            "Warning: these secrets could not be fingerprinted again, since the configuration does not give the values that were sent:\n  {}\nThe next plan shows them as changed, and apply sends them.",
            lost.join("\n  ")
        ));
    }
}
