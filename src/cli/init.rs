//! `isotope init`: checks what can be prepared. Everything local works without it.

use super::args::Variables;
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, backend, project};

pub async fn run(environment: &Environment, output: &mut Output) -> Outcome {
    let project = project::load(&Variables::default(), environment, output)?;
    let backend = backend::open(&project.config, &project.sources, environment, output).await?;
    let version = &backend.state.version;
    let state = match version.serial {
        0 => "no state yet; the first apply makes it".to_owned(),
        serial => {
            format!("lineage {}, serial {serial}, {} objects", version.lineage, backend.state.records.len())
        }
    };
    output.print(&format!("State: {} ({state})", backend.dir.display()));
    output.print("Isotope has been initialized. Nothing else needs to be prepared: try `isotope plan`.");
    Ok(Exit::Done)
}
