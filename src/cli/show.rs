//! `isotope show` and `isotope output`: what is recorded, what is planned.

use super::args;
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, backend, project, saved};
use crate::diag::{Diagnostic, did_you_mean};
use crate::render::{self, Detail, json};
use crate::value::{self, Type};

pub async fn run(args: &args::Show, environment: &Environment, output: &mut Output) -> Outcome {
    if let Some(path) = &args.plan {
        let made = saved::look(path, environment, output).await?;
        if args.json {
            let kinds = &made.project.kinds;
            let shown = json::plan(
                &made.plan,
                &made.project.config,
                &made.backend.state,
                kinds,
                &super::output::rfc3339(made.planned_at),
                args.reveal_sensitive,
            );
            output.data(&format!("{shown}\n"));
        } else {
            let text = render::plan(
                &made.plan,
                &made.project.sources,
                &made.project.kinds,
                Detail::Normal,
                &output.out,
            );
            output.print(text.trim_end_matches('\n'));
        }
        return Ok(Exit::Done);
    }
    let project = project::load(&args::Variables::default(), environment, output)?;
    let backend = backend::open(&project, environment, output).await?;
    let state = &backend.state;
    if args.json {
        let shown = json::state(state, &project.kinds, args.reveal_sensitive);
        output.data(&format!("{shown}\n"));
    } else if state.records.is_empty() && state.outputs.is_empty() {
        output.print("No state.");
    } else {
        let text = render::state(state, args.reveal_sensitive);
        output.data(&format!("{}\n", text.trim_end_matches('\n')));
    }
    Ok(Exit::Done)
}

pub async fn output(args: &args::Output, environment: &Environment, output: &mut Output) -> Outcome {
    let project = project::load(&args::Variables::default(), environment, output)?;
    let backend = backend::open(&project, environment, output).await?;
    let outputs = &backend.state.outputs;
    let Some(name) = &args.name else {
        if args.json {
            if let Some((name, _)) = outputs.iter().find(|(_, value)| !value.is_wholly_known()) {
                return Err(output.fail(sealed(name)));
            }
            output.data(&format!("{}\n", json::outputs(outputs)));
        } else if outputs.is_empty() {
            output.say("Warning: No outputs found\n\n  The state has no outputs. Declare one with an `output` block, then apply.");
        } else {
            output.print(render::outputs(outputs).trim_end_matches('\n'));
        }
        return Ok(Exit::Done);
    };
    let Some(value) = outputs.get(name.as_str()) else {
        let near = did_you_mean(name, outputs.keys().map(|name| &**name));
        let mut diagnostic = Diagnostic::error(format!("Output {name:?} not found"))
            .detail("The output is not in the state. A new one has a value after the next apply.");
        if let Some(near) = near {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        return Err(output.fail(diagnostic));
    };
    let (plain, _) = value.unmark_deep();
    if !plain.is_wholly_known() {
        return Err(output.fail(sealed(name)));
    }
    let text = match (args.raw, args.json) {
        (true, _) => match value::convert(&plain, &Type::String).ok().filter(|v| !v.is_null()) {
            Some(text) => text.as_str().unwrap_or_default().to_owned(),
            None => {
                return Err(output.fail(
                    Diagnostic::error("Unsupported value for raw output")
                        .detail("The -raw option only supports strings, numbers, and boolean values.")
                        .help("use `-json` for other values"),
                ));
            }
        },
        (_, true) => match value::to_json_text(&plain) {
            Ok(text) => format!("{text}\n"),
            Err(error) => {
                return Err(
                    output.fail(Diagnostic::error("Value has no JSON form").detail(error.to_string()))
                );
            }
        },
        _ => {
            // Asked for by name, a sensitive value is shown, as Terraform does.
            format!("{}\n", value::console(&plain))
        }
    };
    output.data(&text);
    Ok(Exit::Done)
}

/// A script that asks for a value must not go on without it.
fn sealed(name: &str) -> Diagnostic {
    Diagnostic::error("Value is sealed")
        .detail(format!("The output {name:?} is sealed in the state, and the state's key is not here."))
        .help("give the key that the warning above names")
}
