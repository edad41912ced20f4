//! `isotope init`: checks what can be prepared. Everything local works without it.

use super::args::{self, Variables};
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome, backend, project};
use crate::config;
use crate::diag::{Diagnostics, Reported, Sources};

pub async fn run(args: &args::Init, environment: &Environment, output: &mut Output) -> Outcome {
    fetch(args, environment, output)?;
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

/// Fetches modules that come from elsewhere, and says at which commits they are.
fn fetch(args: &args::Init, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    let fetched = config::fetch(&environment.dir, args.upgrade, &mut sources, &mut diags);
    output.check(&mut diags, &sources)?;
    for (address, locked) in fetched? {
        output.print(&format!("Module: {address} at {}", locked.commit));
    }
    Ok(())
}
