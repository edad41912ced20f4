//! Where the states of a configuration are: its `backend` block, evaluated, and the types of backend there are.
//!
//! Adding one is a row in `config/backend.rs` (its arguments), a file here and a line in [`TYPES`].

use super::super::environment::{Environment, Functions};
use super::super::output::Output;
use super::super::project::Project;
use super::http::Http;
use super::postgres::Postgres;
use super::s3::S3;
use super::sled::Sled;
pub use super::sled::early;
use crate::config::{self, BackendSettings, Values, duration};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::eval::{self, EmptyScope, Host, Reference, Subject};
use crate::plan;
use crate::state;
use crate::value::Value;
use std::path::PathBuf;
use std::time::Duration;

/// A type of backend: how the place that its settings name is reached.
pub trait BackendType: Sync {
    fn name(&self) -> &'static str;

    /// Connects to nothing yet. An error says what is wrong with the settings.
    fn open(&self, at: &Home, environment: &Environment) -> Result<Box<dyn state::Backend>, String>;

    /// The place, in a sentence.
    fn describe(&self, settings: &BackendSettings) -> String;

    /// What says which place it is: two settings with the same have the same states.
    fn identity(&self, settings: &BackendSettings, environment: &Environment) -> String;

    /// The settings without what is secret: all that may be written down.
    fn open_settings(&self, settings: &BackendSettings) -> BackendSettings {
        settings.without_secrets()
    }

    /// What nothing may print.
    fn secrets(&self, settings: &BackendSettings) -> Vec<String> {
        settings.secrets().map(str::to_owned).collect()
    }

    /// The directory with the states, if they are on this machine.
    fn directory(&self, _: &BackendSettings, _: &Environment) -> Option<PathBuf> {
        None
    }
}

/// The first is the default.
const TYPES: &[&dyn BackendType] = &[&Sled, &Postgres, &S3, &Http];

/// Where what belongs beside a state is kept, if the state itself is not on this machine.
const BESIDE: &str = ".isotope/local";

/// A place with states, before it is opened.
#[derive(Clone)]
pub struct Home {
    kind: &'static dyn BackendType,
    pub settings: BackendSettings,
    /// How many serials of history are kept.
    pub history: Option<usize>,
}

impl From<BackendSettings> for Home {
    fn from(settings: BackendSettings) -> Self {
        let found = TYPES.iter().find(|kind| kind.name() == settings.kind);
        Self { kind: *found.unwrap_or(&TYPES[0]), settings, history: None }
    }
}

/// The local one, where it is if nothing is said.
impl Default for Home {
    fn default() -> Self {
        BackendSettings::default().into()
    }
}

impl Home {
    /// The one that the configuration names. Its secrets are told to the redactor.
    pub fn of(project: &Project, environment: &Environment, output: &mut Output) -> Result<Self, Reported> {
        let mut diags = Diagnostics::new();
        let settled = settle(&project.config, &project.given, environment, &mut diags);
        output.check(&mut diags, &project.sources)?;
        let history = project.config.settings.history;
        let history = history.map(|serials| usize::try_from(serials).unwrap_or(usize::MAX));
        let home = Self { history, ..settled?.into() };
        for secret in home.kind.secrets(&home.settings) {
            output.redactor().add(&secret);
        }
        Ok(home)
    }

    pub fn open(
        &self,
        environment: &Environment,
        output: &mut Output,
    ) -> Result<Box<dyn state::Backend>, Reported> {
        self.kind.open(self, environment).map_err(|problem| {
            output.fail(Diagnostic::error("Invalid backend configuration").detail(format!("{problem}.")))
        })
    }

    /// The `backend` block as it may be written down.
    pub fn to_text(&self) -> String {
        self.kind.open_settings(&self.settings).to_text()
    }

    pub fn describe(&self) -> String {
        self.kind.describe(&self.settings)
    }

    pub fn is_same(&self, other: &Self, environment: &Environment) -> bool {
        let identity = |home: &Self| home.kind.identity(&home.settings, environment);
        self.kind.name() == other.kind.name() && identity(self) == identity(other)
    }

    /// Where on this machine what belongs beside the states is kept; each workspace has a directory there.
    pub fn beside(&self, environment: &Environment) -> PathBuf {
        let own = self.kind.directory(&self.settings, environment);
        own.unwrap_or_else(|| environment.dir.join(BESIDE))
    }
}

fn settle(
    config: &config::Config,
    given: &Values,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> Result<BackendSettings, Reported> {
    let Some(backend) = &config.settings.backend else { return Ok(BackendSettings::default()) };
    let functions = Functions::planning(environment);
    let empty = EmptyScope::new(&functions, &environment.dir);
    backend.settle(&Scope { config, given, empty }, diags)
}

/// How long a lock lasts that is not renewed.
pub fn lease(text: &str) -> Result<Duration, String> {
    let lease = duration(text).filter(|lease| *lease >= Duration::from_secs(1));
    lease.ok_or_else(|| {
        format!("`lease` is {text:?}, and it must be a duration such as \"30s\", at least \"1s\"")
    })
}

/// What stands beside the state of this workspace, as far as can be told without any variable.
pub fn dir(config: &config::Config, environment: &Environment) -> PathBuf {
    let settings = settle(config, &Values::new(), environment, &mut Diagnostics::new());
    Home::from(settings.unwrap_or_default()).beside(environment).join(&*environment.workspace())
}

/// What a backend's arguments may refer to: the root's variables, and what needs no configuration.
struct Scope<'a> {
    config: &'a config::Config,
    given: &'a Values,
    empty: EmptyScope<'a>,
}

impl eval::Scope for Scope<'_> {
    fn lookup(&self, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported> {
        match &reference.subject {
            Subject::Variable(name) => match self.config.root().variables.get(name) {
                Some(variable) => plan::root_variable(variable, self.given, diags),
                None => Err(diags.error(eval::undeclared(reference))),
            },
            // The check of the block has let it stand only where it is put into a text.
            Subject::Isotope(name) if **name == *"workspace" => Ok(Value::string(config::EACH_WORKSPACE)),
            _ => self.empty.lookup(reference, diags),
        }
    }

    fn host(&self) -> &dyn Host {
        self.empty.host()
    }
}
