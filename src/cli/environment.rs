//! What surrounds the process: variables, directory, clock, terminals. Asked here and nowhere else.

use crate::addr::Name;
use crate::eval::functions::Host;
use crate::secret;
use crate::state::{Holder, Stamp};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// The process's surroundings.
#[derive(Clone)]
pub struct Environment {
    /// Where relative paths start: the configuration directory.
    pub dir: PathBuf,
    /// Where the process was started: what paths on the command line are relative to.
    pub started_in: PathBuf,
    pub keys: secret::Environment,
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
}

impl Environment {
    pub fn of_process() -> Self {
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        Self {
            dir: here.clone(),
            started_in: here,
            keys: secret::Environment::of_process(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// The same, in another directory (`-chdir`). Paths on the command line are relative to it too, as Terraform has it.
    pub fn in_directory(mut self, dir: Option<&Path>) -> Result<Self, String> {
        if let Some(dir) = dir {
            self.dir = self.started_in.join(dir);
            if !self.dir.is_dir() {
                return Err(format!("There is no directory {}.", dir.display()));
            }
        }
        Ok(self)
    }

    pub fn var(&self, name: &str) -> Option<String> {
        self.keys.get(name)
    }

    /// The workspace that `ISOTOPE_WORKSPACE` names, else the one that `workspace select` wrote down, else `default`.
    pub fn workspace(&self) -> Name {
        let selected = || {
            let text = std::fs::read_to_string(self.workspace_file()).ok()?;
            Some(text.trim().to_owned()).filter(|name| !name.is_empty())
        };
        self.workspace_override().or_else(selected).map_or("default".into(), Into::into)
    }

    /// What `ISOTOPE_WORKSPACE` says.
    pub fn workspace_override(&self) -> Option<String> {
        self.var("ISOTOPE_WORKSPACE").filter(|name| !name.is_empty())
    }

    /// Where `workspace select` writes the name down.
    pub fn workspace_file(&self) -> PathBuf {
        self.dir.join(".isotope").join("workspace")
    }

    /// Where the names of workspaces are kept that were used here, one a line, if the backend has no list of them.
    pub fn heard_of_file(&self) -> PathBuf {
        self.dir.join(".isotope").join("workspaces")
    }

    /// The workspaces that are known to be used here, besides the current one.
    pub fn heard_of(&self) -> Vec<Name> {
        let text = std::fs::read_to_string(self.heard_of_file()).unwrap_or_default();
        text.lines().filter(|name| crate::state::is_workspace_name(name)).map(Name::from).collect()
    }

    /// Whether a question may be asked: there is a person, and nothing forbids it.
    pub fn may_ask(&self, input: bool) -> bool {
        let forbidden =
            self.var("ISOTOPE_INPUT").is_some_and(|v| v == "0" || v.eq_ignore_ascii_case("false"));
        input && !forbidden && self.stdin_is_terminal
    }

    /// Seconds since 1970, UTC.
    pub fn now(&self) -> i64 {
        jiff::Timestamp::now().as_second()
    }

    fn user(&self) -> String {
        self.var("USER").or_else(|| self.var("USERNAME")).unwrap_or_else(|| "unknown".to_owned())
    }

    fn host(&self) -> String {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| self.var("HOSTNAME"));
        name.map_or_else(|| "localhost".to_owned(), |name| name.trim().to_owned())
    }

    /// Who does what is recorded now.
    pub fn stamp(&self, command: &str) -> Stamp {
        Stamp {
            at: self.now(),
            who: format!("{}@{}", self.user(), self.host()).into(),
            command: command.into(),
            pid: std::process::id(),
        }
    }

    /// Who holds the lock while a command runs.
    pub fn holder(&self, command: &str) -> Holder {
        Holder {
            id: secret::random_hex(16),
            pid: std::process::id(),
            host: self.host(),
            user: self.user(),
            command: command.to_owned(),
            since: self.now(),
        }
    }
}

/// What functions may ask of the world.
pub struct Functions<'e> {
    environment: &'e Environment,
    /// Applying: what differs at each call has a value now.
    applying: bool,
    validating: bool,
    now: jiff::Timestamp,
}

impl<'e> Functions<'e> {
    pub fn planning(environment: &'e Environment) -> Self {
        Self::planning_at(environment, environment.now())
    }

    /// Planning at a given time, in seconds since 1970: what `plantimestamp()` gives.
    pub fn planning_at(environment: &'e Environment, at: i64) -> Self {
        let now = jiff::Timestamp::from_second(at).unwrap_or_else(|_| jiff::Timestamp::now());
        Self { environment, applying: false, validating: false, now }
    }

    /// Validating: what the environment holds is not known.
    pub fn validating(environment: &'e Environment) -> Self {
        Self { validating: true, ..Self::planning(environment) }
    }

    pub fn applying(environment: &'e Environment) -> Self {
        Self { applying: true, ..Self::planning(environment) }
    }
}

impl Host for Functions<'_> {
    fn base_dir(&self) -> &Path {
        &self.environment.dir
    }

    fn env(&self, name: &str) -> Option<String> {
        self.environment.var(name)
    }

    fn knows_env(&self) -> bool {
        !self.validating
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        self.applying.then(jiff::Timestamp::now)
    }

    fn plan_time(&self) -> Option<jiff::Timestamp> {
        Some(self.now)
    }

    fn random_uuid(&self) -> Option<String> {
        self.applying.then(|| uuid::Uuid::new_v4().to_string())
    }

    fn pure_only(&self) -> bool {
        !self.applying
    }
}
