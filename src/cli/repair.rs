//! `isotope state restore` and `rebuild`: a store that is damaged, and one that is lost.
//!
//! Both end by asking the API which objects carry a marker of this state and are not recorded: those were made since what the store
//! still knows.

use super::args::Variables;
use super::backend::Home;
use super::backend::{self, Backend};
use super::environment::{Environment, Functions};
use super::output::Output;
use super::past::confirm;
use super::project::Project;
use super::providers::{self, Connected};
use super::{Exit, Outcome, project};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::plan::{self, Evaluation, Orphan, Recorded};
use crate::state::{Event, Rebuilt, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How orphans are to be adopted.
#[derive(Clone, Copy)]
struct Adoption<'a> {
    command: &'a str,
    /// Only those of this state.
    lineage: Option<&'a str>,
    auto_approve: bool,
}

/// Makes the store whole, then adopts what it has lost.
pub async fn restore(variables: &Variables, environment: &Environment, output: &mut Output) -> Outcome {
    let project = project::load(variables, environment, output)?;
    let home = Home::of(&project, environment, output)?.open(environment, output)?;
    let store = home.open(&environment.workspace());
    let rebuilt = store.repair(&environment.holder("state restore"), Duration::ZERO).await;
    let rebuilt = rebuilt.map_err(|error| {
        output.fail(match error {
            StoreError::Damaged { .. } => Diagnostic::error("State cannot be restored")
                .detail(error.to_string())
                .help("move the directory away; `isotope state rebuild` finds the objects by their markers"),
            _ => backend::complaint(&error),
        })
    })?;
    output.print(&said(&rebuilt));
    let mut backend = backend::open(&project, environment, output).await?;
    let lineage = backend.state.version.lineage.to_string();
    let adoption = Adoption { command: "state restore", lineage: Some(&lineage), auto_approve: true };
    adopt(&project, &mut backend, adoption, environment, output).await
}

fn said(rebuilt: &Rebuilt) -> String {
    match rebuilt {
        Rebuilt::Nothing { serial: 0 } => {
            "There is no state yet; `isotope state rebuild` looks for a lost one.".to_owned()
        }
        Rebuilt::Nothing { serial } => format!("The store is whole, at serial {serial}."),
        Rebuilt::Database { serial } => format!(
            "The database was made anew from the log, at serial {serial}; the old one is kept in `db.damaged`."
        ),
        Rebuilt::Log { serial } => {
            format!(
                "The log was made anew from the database, at serial {serial}; the history before it is gone."
            )
        }
        Rebuilt::Accepted { serial, problem } => {
            format!(
                "The state was damaged: {problem}. What is left is taken for whole now, at serial {serial}."
            )
        }
        Rebuilt::Salvaged { serial, damaged } => {
            let kept = format!(
                "Both the log and the database were damaged. What is whole in either was kept, as serial {serial}; the files as they were are in `log.damaged` and `db.damaged`."
            );
            match damaged.as_slice() {
                [] => kept,
                lost => format!("{kept}\nLost: {}.", lost.join(", ")),
            }
        }
    }
}

/// Makes the state of a lost store: what carries a marker whose hash is that of a declared address.
pub async fn rebuild(
    variables: &Variables,
    auto_approve: bool,
    lineage: Option<&str>,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let project = project::load(variables, environment, output)?;
    let mut backend = backend::open(&project, environment, output).await?;
    let serial = backend.state.version.serial;
    if serial > 0 {
        return Err(output.fail(
            Diagnostic::error("There is a state")
                .detail(format!(
                    "The state in {} is at serial {serial}; only a lost one is made anew.",
                    backend.place
                ))
                .help("`isotope state restore` adds what it has lost"),
        ));
    }
    let adoption = Adoption { command: "state rebuild", lineage, auto_approve };
    adopt(&project, &mut backend, adoption, environment, output).await
}

/// Looks for orphans, shows them, asks, and records those that fit one address.
async fn adopt(
    project: &Project,
    backend: &mut Backend,
    adoption: Adoption<'_>,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let connected = providers::connect(project, backend, None, true, environment, output).await?;
    let done = adopt_with(project, backend, &connected, adoption, environment, output).await;
    if let Some(emulator) = connected.emulator {
        emulator.stop().await;
    }
    done
}

async fn adopt_with(
    project: &Project,
    backend: &mut Backend,
    connected: &Connected,
    adoption: Adoption<'_>,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let Adoption { command, lineage, auto_approve } = adoption;
    let functions = Functions::planning(environment);
    let mut evaluation =
        Evaluation::new(&project.config, &project.kinds, &functions, environment.workspace());
    let mut diags = Diagnostics::new();
    let records = backend.state.records.clone();
    let mut objects = Recorded { records: &records, data: &BTreeMap::new() };
    plan::walk(&mut evaluation, &project.walk, &project.given, &mut objects, &mut diags);
    output.check(&mut diags, &project.sources)?;
    let orphans = plan::orphans(&evaluation, &connected.providers, &backend.state, lineage).await;
    let orphans = orphans.map_err(|problem| output.fail(problem))?;
    if orphans.is_empty() {
        output.print("The API holds nothing that carries a marker of this state and is not recorded.");
        return Ok(Exit::Done);
    }
    let lineage = one_lineage(&orphans, output)?;
    backend.adopt_lineage(&lineage);
    output.print(&listed(&orphans, &lineage));
    let clear = clear(&orphans);
    if clear.is_empty() {
        return Ok(Exit::Done);
    }
    if auto_approve {
        output.print("");
    } else {
        let explanation = "They are recorded as they are, and nothing is sent to change them.";
        confirm(
            "Do you want to record these objects?",
            explanation,
            "Nothing was recorded.",
            "-auto-approve",
            environment,
            output,
        )?;
    }
    let mut writer = backend.lock(command, Duration::ZERO, environment, output).await?;
    let (sealer, slot) = backend.key(environment, output)?;
    let mut events: Vec<Event> = slot.into_iter().collect();
    for orphan in &clear {
        let addr = &orphan.fits[0];
        let record = plan::adopted(orphan, addr, &evaluation, &sealer, &mut diags);
        output.check(&mut diags, &project.sources)?;
        events.extend(record.map(|record| Event::Recorded(addr.clone(), Box::new(record))));
    }
    let written = writer.commit(&events, &environment.stamp(command)).await;
    let serial = written.map_err(|error| output.fail(backend::complaint(&error)))?;
    let count = clear.len();
    output.print(&format!(
        "Recorded {count} object(s), at serial {serial}. `isotope plan` shows what differs."
    ));
    Ok(Exit::Done)
}

/// The state that all of them belong to: markers of two could only be told apart by whoever made them.
fn one_lineage(orphans: &[Orphan], output: &mut Output) -> Result<String, Reported> {
    let fitting = orphans.iter().filter(|orphan| !orphan.fits.is_empty());
    let lineages: BTreeSet<&str> = fitting.map(|orphan| &*orphan.lineage).collect();
    match lineages.into_iter().collect::<Vec<_>>().as_slice() {
        [] => Ok(orphans.first().map(|orphan| orphan.lineage.clone()).unwrap_or_default()),
        [one] => Ok((*one).to_owned()),
        several => Err(output.fail(
            Diagnostic::error("Several states are meant")
                .detail(format!("Objects of several states fit the configuration: {}.", several.join(", ")))
                .help("say which one it was: `-lineage=ID`"),
        )),
    }
}

/// Those that fit one address that no other fits.
fn clear(orphans: &[Orphan]) -> Vec<&Orphan> {
    let rivals = |orphan: &Orphan| orphans.iter().filter(|other| other.fits == orphan.fits).count();
    orphans.iter().filter(|orphan| orphan.fits.len() == 1 && rivals(orphan) == 1).collect()
}

fn listed(orphans: &[Orphan], lineage: &str) -> String {
    let certain: BTreeSet<&str> = clear(orphans).iter().map(|orphan| &*orphan.object.id).collect();
    let line = |orphan: &Orphan| {
        let (kind, id) = (&orphan.kind.name, &orphan.object.id);
        let fits: Vec<String> = orphan.fits.iter().map(ToString::to_string).collect();
        match fits.as_slice() {
            [addr] if certain.contains(&**id) => format!("  {addr}  [id={id}]"),
            [] => format!(
                "  {kind} {id} belongs to no address that is declared: `isotope import ADDRESS {id}`, or delete it"
            ),
            several => format!(
                "  {kind} {id} may be {}, as others: `isotope import ADDRESS {id}`",
                several.join(" or ")
            ),
        }
    };
    let lines: Vec<String> = orphans.iter().map(line).collect();
    format!(
        "These objects carry a marker of the state {lineage} and are not recorded:\n\n{}",
        lines.join("\n")
    )
}
