//! The state of a command: where it is, its key, its lock.

use super::environment::Environment;
use super::output::Output;
use crate::config::{Config, Settings};
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources};
use crate::eval;
use crate::secret::{self, KeyChoice, Sealer};
use crate::state::{Event, Rebuilt, SledStore, State, Store, StoreError, Writer};
use crate::syntax::Block;
use crate::value::{Type, Value, convert};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where the default backend keeps its state, relative to the configuration directory.
const DEFAULT_PATH: &str = "state";

/// A state that was opened, with its key if there is one.
pub struct Backend {
    store: SledStore,
    /// The directory of this workspace's state.
    pub dir: PathBuf,
    pub state: State,
    pub sealer: Option<Arc<Sealer>>,
    choice: KeyChoice,
}

/// Opens the state of a configuration: reads it and finds its key. A key that is not here leaves its secrets sealed, with a warning.
pub async fn open(
    config: &Config,
    sources: &Sources,
    environment: &Environment,
    output: &mut Output,
) -> Result<Backend, Reported> {
    let mut diags = Diagnostics::new();
    let choice = key_choice(&config.settings, environment, &mut diags);
    output.check(&mut diags, sources)?;
    let dir = dir(config, environment);
    let mut store = SledStore::open(&dir);
    if let Some(serials) = config.settings.history {
        store = store.with_history(usize::try_from(serials).unwrap_or(usize::MAX));
    }
    let state = store.snapshot().await.map_err(|error| output.fail(complaint(&error)))?;
    let mut backend = Backend { store, dir, state, sealer: None, choice: choice? };
    backend.unlock(environment, output).await?;
    for (addr, problem) in &backend.state.damaged {
        output.say(&format!("Warning: the record of {addr} is damaged and left out: {problem}"));
    }
    Ok(backend)
}

/// The directory of this workspace's state.
pub fn dir(config: &Config, environment: &Environment) -> PathBuf {
    let path = config.settings.backend.as_ref().and_then(|b| b.path.as_deref()).unwrap_or(DEFAULT_PATH);
    environment.dir.join(path).join(&*environment.workspace())
}

impl Backend {
    async fn unlock(&mut self, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
        let Some(slot) = self.state.key.clone() else { return Ok(()) };
        match secret::open_key(&self.choice, &slot, &self.state.version.lineage, &environment.keys) {
            Ok(key) => {
                let sealer = Arc::new(Sealer::new(&key, &self.state.version.lineage));
                self.store.unlock_values(sealer.clone());
                self.sealer = Some(sealer);
                self.state = self.store.snapshot().await.map_err(|error| output.fail(complaint(&error)))?;
                Ok(())
            }
            Err(error) => {
                output.say(&format!("Warning: {error}; sealed values stay sealed"));
                Ok(())
            }
        }
    }

    /// The key of the state, made if the state is new. `Err` if the state has a key that is not here: nothing secret could be kept.
    pub fn key(
        &mut self,
        environment: &Environment,
        output: &mut Output,
    ) -> Result<(Arc<Sealer>, Option<Event>), Reported> {
        if let Some(sealer) = &self.sealer {
            return Ok((sealer.clone(), None));
        }
        let lineage = &self.state.version.lineage;
        if let Some(slot) = &self.state.key {
            let detail = format!("The state is sealed with the key {}, which is not here.", slot.key);
            return Err(output.fail(
                Diagnostic::error("Encryption key is missing")
                    .detail(detail)
                    .help(format!("set `{}`, or bring the key file", secret::KEY_VARIABLE)),
            ));
        }
        let made = secret::new_key(&self.choice, lineage, &environment.keys);
        let (key, slot) = made.map_err(|error| {
            output.fail(Diagnostic::error("Encryption key cannot be made").detail(error.to_string()))
        })?;
        let sealer = Arc::new(Sealer::new(&key, lineage));
        self.store.unlock_values(sealer.clone());
        self.sealer = Some(sealer.clone());
        Ok((sealer, Some(Event::KeySlot(slot))))
    }

    /// Takes the lock, and the state as it is under the lock.
    pub async fn lock(
        &mut self,
        command: &str,
        wait: Duration,
        environment: &Environment,
        output: &mut Output,
    ) -> Result<Box<dyn Writer>, Reported> {
        let writer = self
            .store
            .lock(&environment.holder(command), wait)
            .await
            .map_err(|error| output.fail(complaint(&error)))?;
        self.state = writer.state().clone();
        Ok(writer)
    }
}

/// An error of the store as a person reads it.
pub fn complaint(error: &StoreError) -> Diagnostic {
    match error {
        StoreError::Locked { holder } => Diagnostic::error("Error acquiring the state lock")
            .detail(format!("{error} since {}.", since(holder.since)))
            .help("wait for it to end, or give `-lock-timeout=30s` to wait here"),
        StoreError::Damaged { .. } => Diagnostic::error("State is damaged")
            .detail(error.to_string())
            .help("`isotope state restore` makes the broken half anew from the whole one"),
        StoreError::TooNew { .. } => {
            Diagnostic::error("State was written by a newer version").detail(error.to_string())
        }
        StoreError::Io { .. } => Diagnostic::error("State cannot be used").detail(error.to_string()),
        _ => Diagnostic::error("State cannot be written").detail(error.to_string()),
    }
}

fn since(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| "an unknown time".to_owned(), |at| at.to_string())
}

/// What the `encryption` block asks for. Its arguments may use `env()`, not variables: the key must be known before them.
fn key_choice(
    settings: &Settings,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> Result<KeyChoice, Reported> {
    let Some(block) = &settings.encryption else { return Ok(KeyChoice::File) };
    let functions = super::environment::Functions::planning(environment);
    let scope = eval::EmptyScope::new(&functions, &environment.dir);
    let argument =
        |block: &Block, name: &str, ty: &Type, diags: &mut Diagnostics| -> Result<Option<Value>, Reported> {
            let Some(given) = block.body.attributes.iter().find(|a| &*a.name.name == name) else {
                return Ok(None);
            };
            let value = eval::evaluate(&given.expr, &scope, diags)?.unmark_deep().0;
            let value = convert(&value, ty).map_err(|problem| {
                diags.error(Diagnostic::error("Invalid value").at(given.expr.span).label(problem.to_string()))
            })?;
            if value.is_null() || !value.is_wholly_known() {
                let label = "has no value here";
                return Err(diags.error(Diagnostic::error("Invalid value").at(given.expr.span).label(label)));
            }
            Ok(Some(value))
        };
    if let Some(phrase) = argument(block, "passphrase", &Type::String, diags)? {
        return Ok(KeyChoice::Passphrase(Zeroizing::new(phrase.as_str().unwrap_or_default().to_owned())));
    }
    if let Some(command) = argument(block, "command", &Type::list(Type::String), diags)? {
        let words = command.elements().filter_map(|(_, word)| word.as_str().map(str::to_owned));
        return Ok(KeyChoice::Command(words.collect()));
    }
    Err(diags.error(
        Diagnostic::error("Missing required argument")
            .at(block.header)
            .label("`encryption` needs `passphrase` or `command`"),
    ))
}

impl Backend {
    /// Where the emulator inside this process keeps its data: beside the state.
    pub fn emulator_dir(&self) -> PathBuf {
        self.dir.join("emulator")
    }
}

impl Backend {
    /// A state that was never written takes the lineage of the plan that is about to write it.
    pub fn adopt_lineage(&mut self, lineage: &str) {
        if self.state.version.serial == 0 {
            let store = std::mem::replace(&mut self.store, SledStore::open(&self.dir));
            self.store = store.with_lineage(lineage);
            self.state.version.lineage = lineage.into();
        }
    }

    /// The key that a saved plan names: the state's, or the one made for a state that the plan will begin.
    pub fn key_for(
        &mut self,
        slot: &secret::KeySlot,
        environment: &Environment,
        output: &mut Output,
    ) -> Result<Arc<Sealer>, Reported> {
        if let Some(sealer) = &self.sealer {
            return Ok(sealer.clone());
        }
        let lineage = &self.state.version.lineage;
        let key = secret::open_key(&self.choice, slot, lineage, &environment.keys).map_err(|error| {
            output.fail(Diagnostic::error("Encryption key is missing").detail(error.to_string()))
        })?;
        Ok(Arc::new(Sealer::new(&key, lineage)))
    }
}

impl Backend {
    /// Makes the broken half of the store anew from the whole one.
    pub async fn restore(
        &self,
        wait: Duration,
        environment: &Environment,
        output: &mut Output,
    ) -> Result<Rebuilt, Reported> {
        let rebuilt = self.store.rebuild(&environment.holder("state restore"), wait).await;
        rebuilt.map_err(|error| output.fail(complaint(&error)))
    }
}
