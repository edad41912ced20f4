//! `isotope graph`: what depends on what, of the configuration or of a saved plan.

use super::args::{self, GraphFormat};
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, project, saved};
use crate::render::graph::{self, Format};

pub async fn run(args: &args::Graph, environment: &Environment, output: &mut Output) -> Outcome {
    let format = match args.format {
        GraphFormat::Dot => Format::Dot,
        GraphFormat::Svg => Format::Svg,
        GraphFormat::Mermaid => Format::Mermaid,
    };
    let text = match &args.plan {
        Some(path) => {
            let made = saved::look(path, environment, output).await?;
            graph::objects(&made.plan, format)
        }
        None => {
            let project = project::load_without_values(environment, output)?;
            graph::blocks(&project.config, &project.walk, format)
        }
    };
    output.print(&text);
    Ok(Exit::Done)
}
