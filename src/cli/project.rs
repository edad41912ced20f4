//! The configuration of a command: files, kinds, order of evaluation, given variables.

use super::args::Variables;
use super::catalogue;
use super::environment::{Environment, Functions};
use super::output::Output;
use crate::config::{self, Config, Values};
use crate::diag::{Diagnostics, Reported, Sources};
use crate::kind::{self, Kinds};
use crate::plan::{self, Walk};
use std::path::Path;

/// A configuration that is sound as far as can be told without evaluating it.
pub struct Project {
    pub config: Config,
    pub sources: Sources,
    pub kinds: Kinds,
    pub walk: Walk,
    pub given: Values,
}

/// Loads and checks the configuration of the directory. All that is wrong is shown at once.
pub fn load(
    variables: &Variables,
    environment: &Environment,
    output: &mut Output,
) -> Result<Project, Reported> {
    load_with(config::load, variables, environment, output)
}

/// The same, and a directory without configuration is one that declares nothing.
pub fn load_any(
    variables: &Variables,
    environment: &Environment,
    output: &mut Output,
) -> Result<Project, Reported> {
    load_with(config::load_any, variables, environment, output)
}

type Load = fn(&Path, &mut Sources, &mut Diagnostics) -> Result<Config, Reported>;

fn load_with(
    load: Load,
    variables: &Variables,
    environment: &Environment,
    output: &mut Output,
) -> Result<Project, Reported> {
    let mut sources = Sources::new();
    let mut diags = Diagnostics::new();
    let project = load(&environment.dir, &mut sources, &mut diags)
        .and_then(|config| gather(config, variables, environment, &mut sources, &mut diags));
    output.check(&mut diags, &sources)?;
    let (config, kinds, walk, given) = project?;
    Ok(Project { config, sources, kinds, walk, given })
}

/// The same for a saved plan, which brings its values.
pub fn load_without_values(environment: &Environment, output: &mut Output) -> Result<Project, Reported> {
    load(&Variables::default(), environment, output)
}

fn gather(
    config: Config,
    variables: &Variables,
    environment: &Environment,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<(Config, Kinds, Walk, Values), Reported> {
    let given = assigned(&config, variables, environment, sources, diags);
    let kinds = kinds(&config, environment, diags);
    let walk = plan::check(&config, &kinds, diags)?;
    if diags.has_errors() {
        // Mistakes that only evaluation shows belong to the same list.
        let host = Functions::planning(environment);
        plan::rehearse(&config, &kinds, &walk, &given, &host, diags);
    }
    Ok((config, kinds, walk, given))
}

/// The built-in kinds and those of the configuration, with the account's catalogue if it was fetched.
pub fn kinds(config: &Config, environment: &Environment, diags: &mut Diagnostics) -> Kinds {
    let blocks = config.modules.iter().flat_map(|module| &module.kinds);
    let own: Vec<_> = blocks.filter_map(|block| kind::kind(block, diags).ok()).collect();
    let kinds = Kinds::builtin().with(own, diags);
    catalogue::with_own(kinds, config, environment, diags)
}

fn assigned(
    config: &Config,
    variables: &Variables,
    environment: &Environment,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Values {
    let env = |name: &str| environment.var(name);
    config::assigned(config, &variables.0, &env, &environment.dir, sources, diags)
}
