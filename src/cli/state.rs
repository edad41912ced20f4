//! `isotope state …`: which command is which, and `list` and `show` themselves.

use super::args::{State, Variables};
use super::backend::Backend;
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, backend, mend, past, project, rekey, repair, transfer};
use crate::addr::ObjectAddr;
use crate::diag::{Diagnostic, Reported, did_you_mean};
use crate::plan::Target;
use crate::render::{self, json};
use crate::state::Record;
use std::collections::BTreeMap;

pub async fn run(args: &State, environment: &Environment, output: &mut Output) -> Outcome {
    match args {
        State::List { json, id, addresses } => {
            let backend = open(environment, output).await?;
            list(&backend.state.records, *json, id.as_deref(), addresses, output)
        }
        State::Show { json, reveal_sensitive, address } => {
            let backend = open(environment, output).await?;
            show(&backend, address, *json, *reveal_sensitive, output).await
        }
        State::Mv { dry_run, source, destination } => {
            mend::rename(source, destination, *dry_run, environment, output).await
        }
        State::Rm { dry_run, addresses } => mend::remove(addresses, *dry_run, environment, output).await,
        State::History { json } => past::history(*json, environment, output).await,
        State::Diff { json, reveal_sensitive, from, to } => {
            past::diff(from, to.as_deref(), *json, *reveal_sensitive, environment, output).await
        }
        State::Rollback { auto_approve, serial } => {
            past::rollback(serial, *auto_approve, environment, output).await
        }
        State::Pull { reveal_sensitive } => transfer::pull(*reveal_sensitive, environment, output).await,
        State::Push { force, path } => transfer::push(path, *force, environment, output).await,
        State::Rekey { variables } => rekey::run(variables, environment, output).await,
        State::Restore { variables } => repair::restore(variables, environment, output).await,
        State::Rebuild { variables, auto_approve, lineage } => {
            repair::rebuild(variables, *auto_approve, lineage.as_deref(), environment, output).await
        }
    }
}

/// The state of the configuration here, without the lock.
pub async fn open(environment: &Environment, output: &mut Output) -> Result<Backend, Reported> {
    let project = project::load(&Variables::default(), environment, output)?;
    backend::open(&project, environment, output).await
}

fn list(
    records: &BTreeMap<ObjectAddr, Record>,
    json: bool,
    id: Option<&str>,
    addresses: &[String],
    output: &mut Output,
) -> Outcome {
    let targets = targets(addresses, output)?;
    if let Some((target, text)) =
        targets.iter().zip(addresses).find(|(t, _)| !records.keys().any(|addr| t.covers(addr)))
    {
        return Err(output.fail(unknown(target, text, records)));
    }
    let wanted = |addr: &ObjectAddr| targets.is_empty() || targets.iter().any(|target| target.covers(addr));
    let has_id = |record: &Record| id.is_none_or(|id| *record.id == *id);
    let found = records.iter().filter(|(addr, record)| wanted(addr) && has_id(record));
    let found: Vec<String> = found.map(|(addr, _)| addr.to_string()).collect();
    if json {
        output.print(&serde_json::json!(found).to_string());
    } else if !found.is_empty() {
        output.print(&found.join("\n"));
    }
    Ok(Exit::Done)
}

/// An address that covers nothing, in Terraform's words.
fn unknown(target: &Target, text: &str, records: &BTreeMap<ObjectAddr, Record>) -> Diagnostic {
    let same_block = |addr: &ObjectAddr| match target {
        Target::Object(wanted) => addr.module == wanted.module && addr.resource == wanted.resource,
        Target::Module(_) => false,
    };
    let (summary, what) = match target {
        Target::Module(_) => ("Unknown module", format!("no module at {text}")),
        Target::Object(_) if records.keys().any(same_block) => {
            ("Unknown resource instance", format!("no resource instance {text}"))
        }
        Target::Object(_) => ("Unknown resource", format!("no resource {text}")),
    };
    Diagnostic::error(summary).detail(format!(
        "The current state contains {what}. If you've just added it to the configuration, you must run \"isotope apply\" first to create its entry in the state."
    ))
}

async fn show(backend: &Backend, text: &str, json: bool, reveal: bool, output: &mut Output) -> Outcome {
    let (address, serial) = past::split(text);
    let addr: ObjectAddr = address.parse().map_err(|error: crate::addr::ParseError| {
        let problem = match address.parse::<Target>() {
            Ok(_) => "This command requires that the address references one specific instance.".to_owned(),
            Err(_) => format!("{error}."),
        };
        output.fail(
            Diagnostic::error("Invalid address")
                .detail(problem)
                .help("`isotope state list` lists the instances"),
        )
    })?;
    let past = match serial {
        Some(_) => past::at(backend, serial, output).await?.records,
        None => backend.state.records.clone(),
    };
    let Some(record) = past.get(&addr) else {
        return Err(output.fail(missing(&addr, serial, &past)));
    };
    if json {
        let shown = json::record(&addr, record, reveal);
        output.data(&format!("{shown}\n"));
    } else {
        let text = render::record(&addr, record, reveal);
        output.data(&format!("{}\n", text.trim_end_matches('\n')));
    }
    Ok(Exit::Done)
}

fn missing(addr: &ObjectAddr, serial: Option<u64>, records: &BTreeMap<ObjectAddr, Record>) -> Diagnostic {
    let known: Vec<String> = records.keys().map(ToString::to_string).collect();
    let at = serial.map(|serial| format!(" at serial {serial}")).unwrap_or_default();
    let verb = if serial.is_some() { "was" } else { "is" };
    let diagnostic = Diagnostic::error("No such object in the state")
        .detail(format!("Nothing {verb} recorded as {addr}{at}."));
    match did_you_mean(&addr.to_string(), known.iter().map(String::as_str)) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help("`isotope state list` lists what is"),
    }
}

fn targets(addresses: &[String], output: &mut Output) -> Result<Vec<Target>, Reported> {
    let parse = |text: &String| {
        text.parse::<Target>()
            .map_err(|error| output.fail(Diagnostic::error("Invalid address").detail(format!("{error}."))))
    };
    addresses.iter().map(parse).collect()
}
