//! `isotope state list`, `state show` and `state restore`; the others are in `mend.rs`.

use super::args::{State, Variables};
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, backend, project};
use crate::addr::ObjectAddr;
use crate::diag::{Diagnostic, Reported, did_you_mean};
use crate::plan::Target;
use crate::render::{self, json};
use crate::state::Rebuilt;

pub async fn run(args: &State, environment: &Environment, output: &mut Output) -> Outcome {
    match args {
        State::Mv { dry_run, source, destination } => {
            return super::mend::rename(source, destination, *dry_run, environment, output).await;
        }
        State::Rm { dry_run, addresses } => {
            return super::mend::remove(addresses, *dry_run, environment, output).await;
        }
        State::List { .. } | State::Show { .. } | State::Restore => {}
    }
    let project = project::load(&Variables::default(), environment, output)?;
    let backend = backend::open(&project.config, &project.sources, environment, output).await?;
    let records = &backend.state.records;
    match args {
        State::Restore => {
            let text = match backend.restore(std::time::Duration::ZERO, environment, output).await? {
                Rebuilt::Nothing { serial } => {
                    format!("Nothing is damaged; the state is at serial {serial}.")
                }
                Rebuilt::Database { serial } => format!(
                    "The database was made anew from the log, at serial {serial}; the old one is kept in `db.damaged`."
                ),
                Rebuilt::Log { serial } => format!(
                    "The log was made anew from the database, at serial {serial}; the history before it is gone."
                ),
                Rebuilt::Salvaged { serial, damaged } => salvaged(serial, &damaged),
            };
            output.print(&text);
        }
        State::List { json, addresses } => {
            let targets = targets(addresses, output)?;
            let wanted = |addr: &&ObjectAddr| targets.is_empty() || targets.iter().any(|t| t.covers(addr));
            let found: Vec<String> = records.keys().filter(wanted).map(ToString::to_string).collect();
            if *json {
                output.print(&serde_json::json!(found).to_string());
            } else if !found.is_empty() {
                output.print(&found.join("\n"));
            }
        }
        State::Show { json, reveal_sensitive, address } => {
            let addr: ObjectAddr = address.parse().map_err(|error: crate::addr::ParseError| {
                output.fail(Diagnostic::error("Invalid address").detail(format!("{error}.")))
            })?;
            let Some(record) = records.get(&addr) else {
                let known: Vec<String> = records.keys().map(ToString::to_string).collect();
                let near = did_you_mean(address, known.iter().map(String::as_str));
                let mut diagnostic = Diagnostic::error("No such object in the state")
                    .detail(format!("Nothing is recorded as {addr}."))
                    .help("`isotope state list` lists what is");
                if let Some(near) = near {
                    diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                }
                return Err(output.fail(diagnostic));
            };
            if *json {
                let shown = json::record(&addr, record, *reveal_sensitive);
                output.data(&format!("{shown}\n"));
            } else {
                let text = render::record(&addr, record, *reveal_sensitive);
                output.data(&format!("{}\n", text.trim_end_matches('\n')));
            }
        }
        State::Mv { .. } | State::Rm { .. } => {}
    }
    Ok(Exit::Done)
}

fn salvaged(serial: u64, damaged: &[String]) -> String {
    let kept = format!(
        "Both the log and the database were damaged. What is whole in either was kept, as serial {serial}; the files as they were are in `log.damaged` and `db.damaged`."
    );
    match damaged {
        [] => kept,
        lost => format!("{kept}\nLost: {}.", lost.join(", ")),
    }
}

fn targets(addresses: &[String], output: &mut Output) -> Result<Vec<Target>, Reported> {
    let parse = |text: &String| {
        text.parse::<Target>()
            .map_err(|error| output.fail(Diagnostic::error("Invalid address").detail(format!("{error}."))))
    };
    addresses.iter().map(parse).collect()
}
