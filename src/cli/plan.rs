//! `isotope plan`: what apply would do. Also the part of apply that leads to the question.

use super::args;
use super::backend::{self, Backend};
use super::environment::{Environment, Functions};
use super::generate;
use super::output::{Output, timestamp};
use super::project::{self, Project};
use super::providers::{self, Besides, Connected};
use super::{Exit, Outcome};
use super::{live, redaction, saved};
use crate::addr::{self, Name, ObjectAddr};
use crate::config::Settings;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::plan::{self, Mode, Plan, Selection, Target};
use crate::render::{self, Detail, json};
use crate::secret::Sealer;
use crate::state::{State, Writer};
use futures_util::future::join;
use std::sync::Arc;

pub async fn run(args: &args::Plan, environment: &Environment, output: &mut Output) -> Outcome {
    let mode = mode(&args.planning);
    if let Some(path) = args.generate_config_out.as_ref().filter(|_| mode == Mode::Normal) {
        output.json = args.planning.json;
        generate::run(path, None, &args.planning.variables, environment, output).await?;
    }
    let then = if args.out.is_some() { Then::Saved } else { Then::Nothing };
    let mut made = make(&args.planning, mode, "plan", then, environment, output).await?;
    show(&made.plan, &made.project, &args.planning, environment, output)?;
    if let Some(path) = &args.out {
        saved::write(path, &args.planning, &mut made, environment, output)?;
    }
    let changes = made.plan.changes_anything();
    leave(made);
    Ok(if args.detailed_exitcode && changes { Exit::Changes } else { Exit::Done })
}

/// Lets go of the lock, the key and the connections. The rest goes with the process, which ends here: taking a plan of 10,000 objects
/// apart value by value was a tenth of its time.
fn leave(made: Made) {
    let Made { project, backend, plan, .. } = made;
    std::mem::forget((project, backend.state, plan));
}

/// A plan and all that it was made from.
pub struct Made {
    pub project: Project,
    pub backend: Backend,
    pub connected: Connected,
    /// The lock, unless `-lock=false`.
    pub writer: Option<Box<dyn Writer>>,
    pub plan: Plan,
    /// Seconds since 1970.
    pub planned_at: i64,
    /// `-parallelism`.
    pub parallelism: Option<usize>,
    /// Whether `-target` or `-exclude` narrowed it.
    pub targeted: bool,
}

/// What the options ask for.
pub fn mode(planning: &args::Planning) -> Mode {
    match (planning.destroy, planning.refresh_only) {
        (true, _) => Mode::Destroy,
        (_, true) => Mode::RefreshOnly,
        _ => Mode::Normal,
    }
}

/// What becomes of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is looked at.
    Nothing,
    Saved,
    Applied,
}

/// The key that a plan compares with. What is adopted into a state without a key is compared with one too: with the one that the state
/// will have, if more than a look comes of the plan.
fn key(
    backend: &mut Backend,
    project: &Project,
    (mode, then): (Mode, Then),
    environment: &Environment,
    output: &mut Output,
) -> Result<Option<Arc<Sealer>>, Reported> {
    let adopts = mode == Mode::Normal && !project.config.root().imports.is_empty();
    Ok(match (&backend.sealer, &backend.state.key) {
        (Some(sealer), _) => Some(sealer.clone()),
        (None, None) if adopts && then != Then::Nothing => Some(backend.key(environment, output)?.0),
        (None, None) if adopts => backend.passing_key(),
        (None, _) => None,
    })
}

/// Loads, locks, connects and plans.
pub async fn make(
    planning: &args::Planning,
    mode: Mode,
    command: &str,
    then: Then,
    environment: &Environment,
    output: &mut Output,
) -> Result<Made, Reported> {
    output.compact_warnings = planning.compact_warnings;
    begin(planning, output);
    let early = planning.locking.lock.then(|| backend::early(environment)).flatten();
    let project = project::load(&planning.variables, environment, output)?;
    let wait = planning.locking.lock_timeout;
    let parallelism = planning.parallelism;
    let (mut backend, writer, ahead) = match planning.locking.lock {
        true => {
            // What is narrowed may read less.
            let reads_all = planning.refresh && planning.target.is_empty() && planning.exclude.is_empty();
            let redactor = output.redactor();
            let ahead = |gate: &_, outline: &_| match reads_all {
                true => providers::ahead(&project, outline, parallelism, gate, environment, &redactor),
                false => Vec::new(),
            };
            let locked =
                backend::open_locked(&project, early, (command, wait), environment, output, ahead).await?;
            (locked.0, Some(locked.1), locked.2.unwrap_or_default())
        }
        false => (backend::open_unlocked(&project, environment, output).await?, None, Vec::new()),
    };
    let (keep, besides) = (then == Then::Applied, Besides { ahead, ..Besides::default() });
    let connected =
        providers::connect_with(&project, &backend, besides, parallelism, keep, environment, output).await?;
    let sealer = key(&mut backend, &project, (mode, then), environment, output)?;
    let mut diags = Diagnostics::new();
    let planned_at = environment.now();
    let asked = ask(&project, &backend.state, mode, planning, &mut diags);
    let planned = match asked {
        Ok((selection, replace)) => {
            let functions = Functions::planning_at(environment, planned_at);
            let workspace = environment.workspace();
            let request = plan::Request {
                sealer: sealer.as_deref(),
                mode,
                refresh: planning.refresh,
                replace: &replace,
                ..request(&project, &backend, &connected, &functions, workspace, &selection)
            };
            let reading = |elapsed| render::reading(connected.providers.requests(), elapsed);
            let redactor = output.redactor();
            let learned = async {
                if planning.refresh && !connected.providers.is_empty() {
                    redaction::of_records(&backend.state, &redactor).await;
                }
            };
            let planned = join(plan::plan(&request, &mut diags), learned);
            live::waiting(environment, output, reading, planned).await.0
        }
        Err(reported) => Err(reported),
    };
    if let Ok(plan) = &planned {
        redaction::of_plan(plan, &backend.state, &output.redactor());
        let recorded = backend.state.records.len();
        limit(plan, &project.config.settings, recorded, planning, &mut diags);
    }
    output.check(&mut diags, &project.sources)?;
    let targeted = !planning.target.is_empty() || !planning.exclude.is_empty();
    Ok(Made { plan: planned?, project, backend, connected, writer, planned_at, parallelism, targeted })
}

/// Starts a JSON stream with its version message.
pub fn begin(planning: &args::Planning, output: &mut Output) {
    output.json = planning.json;
    if planning.json {
        output.message(&json::version_message(&timestamp()));
    }
}

/// `-target`, `-exclude` and `-replace`.
fn ask(
    project: &Project,
    state: &State,
    mode: Mode,
    planning: &args::Planning,
    diags: &mut Diagnostics,
) -> Result<(Selection, Vec<ObjectAddr>), Reported> {
    let targets =
        planning.target.iter().map(|text| parse::<Target>("-target", text, diags)).collect::<Vec<_>>();
    let excludes =
        planning.exclude.iter().map(|text| parse::<Target>("-exclude", text, diags)).collect::<Vec<_>>();
    let replace = planning.replace.iter().map(|text| parse("-replace", text, diags)).collect::<Vec<_>>();
    let targets: Vec<_> = targets.into_iter().collect::<Result<_, _>>()?;
    let excludes: Vec<_> = excludes.into_iter().collect::<Result<_, _>>()?;
    let replace: Vec<ObjectAddr> = replace.into_iter().collect::<Result<_, _>>()?;
    if let Some(addr) = replace.iter().find(|addr| addr.resource.mode == addr::Mode::Data) {
        return Err(diags.error(
            Diagnostic::error(format!("Invalid force-replace address \"{addr}\""))
                .detail("Only managed resources can be used with the -replace=... option."),
        ));
    }
    let selection = Selection::new((&project.config, &project.walk), state, mode, targets, excludes);
    if !selection.is_all() {
        diags.push(Diagnostic::warning("Resource targeting is in effect").detail(
            "With -target or -exclude, the result of this plan may not represent all of the changes requested by the current configuration.",
        ));
    }
    for (option, target) in selection.unmatched((&project.config, &project.walk), state) {
        diags.push(
            Diagnostic::warning(format!("{option} matches nothing"))
                .detail(format!("{target} is neither declared nor in the state.")),
        );
    }
    Ok((selection, replace))
}

fn parse<T: std::str::FromStr<Err = crate::addr::ParseError>>(
    option: &str,
    text: &str,
    diags: &mut Diagnostics,
) -> Result<T, Reported> {
    text.parse().map_err(|error: crate::addr::ParseError| {
        diags.error(Diagnostic::error(format!("Invalid {option} option")).detail(format!("{error}.")))
    })
}

/// What every plan is asked with: nothing is replaced by wish, and the world is asked.
pub fn request<'r>(
    project: &'r Project,
    backend: &'r Backend,
    connected: &'r Connected,
    host: &'r Functions<'_>,
    workspace: Name,
    selection: &'r Selection,
) -> plan::Request<'r> {
    plan::Request {
        config: &project.config,
        walk: &project.walk,
        kinds: &project.kinds,
        state: &backend.state,
        providers: &connected.providers,
        given: &project.given,
        host,
        workspace,
        sealer: backend.sealer.as_deref(),
        mode: Mode::Normal,
        refresh: true,
        selection,
        replace: &[],
        answers: None,
    }
}

/// Refuses a plan that deletes more than `-allow-destroy` allows, or else the configuration's `max_destroy`.
fn limit(
    plan: &Plan,
    settings: &Settings,
    recorded: usize,
    planning: &args::Planning,
    diags: &mut Diagnostics,
) {
    let destroys = plan.counts().destroy;
    let option = planning.allow_destroy.map(|allowed| (allowed, format!("`-allow-destroy={allowed}`")));
    let setting =
        settings.max_destroy.as_ref().map(|limit| (limit.of(recorded), format!("`max_destroy = {limit}`")));
    let Some((allowed, by)) = option.or(setting).filter(|(allowed, _)| destroys > *allowed) else { return };
    diags.error(
        Diagnostic::error("Plan destroys more than allowed")
            .detail(format!("It would destroy {destroys} of {recorded} objects, and {by} allows {allowed}."))
            .help(format!("look at the plan; if it is what you want, give `-allow-destroy={destroys}`")),
    );
}

/// Prints a plan, or its messages; `-markdown` writes it to a file too.
pub fn show(
    plan: &Plan,
    project: &Project,
    planning: &args::Planning,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    print(plan, project, planning, output);
    write_markdown(plan, project, planning, environment, output)
}

/// Writes the plan for a pull request, where that is asked for.
pub fn write_markdown(
    plan: &Plan,
    project: &Project,
    planning: &args::Planning,
    environment: &Environment,
    output: &mut Output,
) -> Result<(), Reported> {
    let Some(path) = &planning.markdown else { return Ok(()) };
    let redactor = output.redactor();
    let mut limit = render::LONGEST;
    let text = loop {
        let text = render::markdown(plan, &project.sources, &project.kinds, detail(planning), limit);
        let text = redactor.redact(&text).into_owned();
        let length = text.chars().count();
        // What stands for a secret may be longer than the secret.
        match length.checked_sub(render::LONGEST) {
            Some(excess) if excess > 0 && limit > excess => limit -= excess,
            _ => break text,
        }
    };
    std::fs::write(environment.dir.join(path), text).map_err(|error| {
        output.fail(
            Diagnostic::error("Failed to write Markdown file")
                .detail(format!("The plan could not be written to {}: {error}.", path.display())),
        )
    })
}

fn detail(planning: &args::Planning) -> Detail {
    match (planning.concise, planning.full) {
        (true, _) => Detail::Concise,
        (_, true) => Detail::Full,
        _ => Detail::Normal,
    }
}

fn print(plan: &Plan, project: &Project, planning: &args::Planning, output: &mut Output) {
    if output.json {
        let at = timestamp();
        let mut messages = json::resource_drift(plan, &at);
        messages.extend(json::planned_changes(plan, &at));
        messages.push(json::change_summary(plan.counts(), "plan", &at));
        if !plan.outputs.is_empty() {
            messages.push(json::planned_outputs_message(plan, &at));
        }
        messages.iter().for_each(|message| output.message(message));
        return;
    }
    let text = render::plan(plan, &project.sources, &project.kinds, detail(planning), &output.out);
    output.print(text.trim_end_matches('\n'));
}
