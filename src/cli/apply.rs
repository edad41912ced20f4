//! `isotope apply`, `destroy` and `refresh`: show, ask, do, report.

use super::args;
use super::environment::{Environment, Functions};
use super::live::{self, Live};
use super::output::{Output, timestamp};
use super::plan::{self as planning, Made, Then};
use super::{Exit, Outcome, prompt, redaction, saved, signals, transfer};
use crate::apply::{self, Apply, Event};
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources};
use crate::plan::Mode;
use crate::render::{self, json};
use std::cell::RefCell;

/// Which of the three commands it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Apply,
    Destroy,
    Refresh,
}

impl Flavour {
    fn command(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Refresh => "refresh",
        }
    }
}

pub async fn run(
    args: args::Apply,
    flavour: Flavour,
    environment: &Environment,
    output: &mut Output,
) -> Outcome {
    let mut args = args;
    match flavour {
        Flavour::Apply => {}
        Flavour::Destroy => args.planning.destroy = true,
        Flavour::Refresh => args.planning.refresh_only = true,
    }
    let saved = args.plan.is_some();
    if args.planning.json && !args.auto_approve && !saved {
        planning::begin(&args.planning, output);
        return Err(output.fail(Diagnostic::error("Plan file or auto-approve required").detail(
            "Isotope cannot ask for interactive approval when -json is set. You can either apply a saved plan file, or enable the -auto-approve option.",
        )));
    }
    let made = match &args.plan {
        Some(path) => {
            let made = saved::read(path, &args, environment, output).await?;
            planning::write_markdown(&made.plan, &made.project, &args.planning, environment, output)?;
            made
        }
        None => {
            let mode = planning::mode(&args.planning);
            let made =
                planning::make(&args.planning, mode, flavour.command(), Then::Applied, environment, output)
                    .await?;
            planning::show(&made.plan, &made.project, &args.planning, environment, output)?;
            made
        }
    };
    if made.plan.changes_anything() && !saved && !args.auto_approve {
        approve(&made, args.planning.input, environment, output)?;
    }
    execute(made, flavour, environment, output).await
}

/// Asks. Anything but `yes` ends the command.
fn approve(made: &Made, input: bool, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    let destroy = made.plan.mode == Mode::Destroy;
    let (question, explanation, cancelled) = match destroy {
        true => (
            "Do you really want to destroy all resources?",
            "Isotope will destroy everything that is listed above.\n  Only 'yes' will be accepted to confirm.",
            "Destroy cancelled.",
        ),
        false => (
            "Do you want to perform these actions?",
            "Isotope will perform the actions described above.\n  Only 'yes' will be accepted to approve.",
            "Apply cancelled.",
        ),
    };
    let answer =
        prompt::ask(&format!("\n{question}\n  {explanation}"), input, environment, output).map_err(|()| {
            output.fail(
                Diagnostic::error("Approval needed, and nobody to ask")
                    .detail("Standard input is not a terminal, so nothing can be asked. Nothing was changed.")
                    .help("give `-auto-approve`, or apply a saved plan"),
            )
        })?;
    if answer.as_deref() == Some("yes") {
        output.print("");
        return Ok(());
    }
    output.print(&format!("\n{cancelled}"));
    Err(prompt::declined())
}

async fn execute(made: Made, flavour: Flavour, environment: &Environment, output: &mut Output) -> Outcome {
    let Made { project, mut backend, connected, writer, plan, parallelism, targeted, .. } = made;
    let mut writer = match writer {
        Some(writer) => writer,
        None => backend.lock(flavour.command(), std::time::Duration::ZERO, environment, output).await?,
    };
    let stamp = environment.stamp(flavour.command());
    let (sealer, slot) = match plan.writes_anything() {
        true => backend.key(environment, output)?,
        false => {
            return finish(
                &apply::Outcome { outputs: backend.state.outputs.clone(), ..Default::default() },
                &plan,
                true,
                output,
            );
        }
    };
    if let Some(slot) = slot {
        writer
            .commit(&[slot], &stamp)
            .await
            .map_err(|error| output.fail(super::backend::complaint(&error)))?;
    }
    let functions = Functions::applying(environment);
    let stop = signals::watch();
    let request = Apply {
        plan: &plan,
        config: &project.config,
        walk: &project.walk,
        kinds: &project.kinds,
        providers: &connected.providers,
        host: &functions,
        workspace: environment.workspace(),
        sealer: &sealer,
        stamp,
        parallelism,
        stop: stop.clone(),
    };
    let mut diags = Diagnostics::new();
    let applied = {
        let live = RefCell::new(Live::new(&plan, environment, output));
        let mut tell = |event: Event| live.borrow_mut().tell(&event);
        live::watch(&live, stop, apply::apply(&request, writer.as_mut(), &mut tell, &mut diags)).await
    };
    let outcome = match applied {
        Ok(outcome) => outcome,
        Err(error) => {
            output.show(&mut diags, &project.sources);
            let mut problem = super::backend::complaint(&error)
                .help("nothing more was sent; the next run settles what was in flight");
            if let Some(file) = transfer::rescue(writer.as_ref(), &error, environment) {
                problem = problem.help(format!(
                    "the state as it was recorded last is in {file}: when the place can be written again, `isotope state push {file}`"
                ));
            }
            return Err(output.fail(problem));
        }
    };
    if targeted {
        diags.push(Diagnostic::warning("Applied changes may be incomplete").detail(
            "The plan was created with the -target or -exclude option in effect, so some changes requested in the configuration may have been ignored and the output values may not be fully updated.",
        ));
    }
    outcome.warnings.iter().for_each(|warning| diags.push(warning.clone()));
    for failure in &outcome.failed {
        diags.error(failure.problem.clone());
    }
    let checked = diags.check();
    output.show(&mut diags, &project.sources);
    redaction::of_state(writer.state(), &output.redactor());
    if let Some(emulator) = connected.emulator {
        emulator.stop().await;
    }
    let done = finish(&outcome, &plan, checked.is_ok(), output);
    checked.and(done)
}

/// The end: the counts or the ledger, and the outputs if every condition holds too.
fn finish(
    outcome: &apply::Outcome,
    plan: &crate::plan::Plan,
    all_holds: bool,
    output: &mut Output,
) -> Outcome {
    let destroy = plan.mode == Mode::Destroy;
    // After a failure the ledger is what matters, and outputs may be old ones.
    let shows_outputs = all_holds && outcome.is_complete() && !destroy && !outcome.outputs.is_empty();
    if output.json {
        let counts = crate::plan::Counts {
            import: outcome.imported,
            add: outcome.added,
            change: outcome.changed,
            destroy: outcome.destroyed,
        };
        let at = timestamp();
        let ledger = render::outcome(outcome, plan, &render::Style::default());
        let (first, rest) = ledger.split_once('\n').unwrap_or((&ledger, ""));
        // Failures have spoken for themselves; a run that was only stopped has not.
        if !outcome.is_complete() && outcome.failed.is_empty() {
            let unfinished = Diagnostic::error(first.trim_end_matches('.')).detail(rest.trim());
            output.message(&json::diagnostic_message(&unfinished, &Sources::new(), &at));
        }
        let mut summary = json::change_summary(counts, if destroy { "destroy" } else { "apply" }, &at);
        if !outcome.is_complete() {
            summary["@level"] = "error".into();
            summary["@message"] = first.into();
        }
        output.message(&summary);
        if shows_outputs {
            output.message(&json::outputs_message(&outcome.outputs, &at));
        }
    } else {
        let ledger = render::outcome(outcome, plan, &output.out);
        output.print(&format!("\n{}", ledger.trim_end_matches('\n')));
        if shows_outputs {
            let outputs = render::outputs(&outcome.outputs);
            output.print(&format!("\nOutputs:\n\n{}", outputs.trim_end_matches('\n')));
        }
    }
    match outcome.is_complete() {
        true => Ok(Exit::Done),
        false => Err(prompt::declined()),
    }
}
