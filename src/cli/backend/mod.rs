//! The state of a command: where it is, its key, its lock.

use super::environment::Environment;
use super::output::Output;
use super::previous::{self, Memo};
use super::project::Project;
use crate::addr::ObjectAddr;
use crate::config::Settings;
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::eval;
use crate::secret::{self, Key, KeyChoice, KeySlot, Sealer};
use crate::state::{EarlyRead, Event, Image, Outline, State, Store, StoreError, Writer, is_workspace_name};
use crate::syntax::Block;
use crate::value::{Type, Value, convert};
use futures_util::future::{Either, FutureExt, select};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

mod gate;
mod home;
mod http;
mod postgres;
mod s3;
mod sled;

pub use gate::LockGate;
pub use home::{Home, dir, early};

/// A state that was opened, with its key if there is one.
pub struct Backend {
    pub store: Box<dyn Store>,
    /// Where the state is, for people.
    pub place: String,
    /// Where the emulator inside this process keeps its data.
    emulator: PathBuf,
    /// What asks for the lock before anything is sent.
    pub gate: Arc<LockGate>,
    pub state: State,
    pub sealer: Option<Arc<Sealer>>,
    choice: KeyChoice,
    /// The key's slot, while the state does not name it yet.
    pending: Option<KeySlot>,
    /// Why there is no key.
    trouble: Option<String>,
    memo: Memo,
}

/// Opens the state of a configuration: reads it and finds its key. A key that is not here leaves its secrets sealed, with a warning.
pub async fn open(
    project: &Project,
    environment: &Environment,
    output: &mut Output,
) -> Result<Backend, Reported> {
    let (mut backend, slot) = find(project, None, environment, output).await?;
    backend.unlock(slot.as_ref(), environment, output);
    backend.read(output).await?;
    backend.warn(output);
    Ok(backend)
}

/// The same for a command that may also have the lock, and goes without it. What somebody else has begun and not recorded yet reads like
/// what an interrupted run left behind, so they are named.
pub async fn open_unlocked(
    project: &Project,
    environment: &Environment,
    output: &mut Output,
) -> Result<Backend, Reported> {
    let backend = open(project, environment, output).await?;
    if !backend.state.intents.is_empty()
        && let Ok(Some(holder)) = backend.store.holder().await
    {
        output.say(&format!(
            "Warning: the state is locked by {holder} since {}. What that has begun may look as if it had been interrupted.",
            since(holder.since)
        ));
    }
    Ok(backend)
}

/// The same under the lock: the state is read once, when nobody can change it any more. `meanwhile` is done as soon as the lock is held and
/// it is known what the state holds, if that is before the state is read.
pub async fn open_locked<T>(
    project: &Project,
    early: Option<EarlyRead>,
    (command, wait): (&str, Duration),
    environment: &Environment,
    output: &mut Output,
    meanwhile: impl FnOnce(&Arc<LockGate>, &Outline) -> T,
) -> Result<(Backend, Box<dyn Writer>, Option<T>), Reported> {
    let (mut backend, slot) = find(project, early, environment, output).await?;
    backend.unlock(slot.as_ref(), environment, output);
    // Without a key the lock may have to be taken twice.
    let outline = backend.sealer.as_ref().and_then(|_| backend.store.outline());
    let gate = backend.gate.clone();
    let meanwhile = async { Some(meanwhile(&gate, &outline?.await.ok()?)) };
    let (writer, done) = {
        let locking = pin!(backend.lock(command, wait, environment, output));
        match select(locking, pin!(meanwhile)).await {
            Either::Left((writer, meanwhile)) => (writer?, meanwhile.now_or_never().flatten()),
            Either::Right((done, locking)) => (locking.await?, done),
        }
    };
    backend.warn(output);
    Ok((backend, writer, done))
}

/// Opens the state without looking for its key.
pub async fn look(
    project: &Project,
    environment: &Environment,
    output: &mut Output,
) -> Result<Backend, Reported> {
    let (mut backend, _) = find(project, None, environment, output).await?;
    backend.read(output).await?;
    Ok(backend)
}

/// Finds a state and what names its key; of the state itself only the version is known.
async fn find(
    project: &Project,
    early: Option<EarlyRead>,
    environment: &Environment,
    output: &mut Output,
) -> Result<(Backend, Option<secret::KeySlot>), Reported> {
    let mut diags = Diagnostics::new();
    let choice = key_choice(&project.config.settings, environment, &mut diags);
    output.check(&mut diags, &project.sources)?;
    let workspace = environment.workspace();
    check_name(&workspace, output)?;
    let home = Home::of(project, environment, output)?;
    let backend = home.open(environment, output)?;
    previous::check(&home, environment, output).await?;
    let mut store = backend.open(&workspace);
    early.into_iter().for_each(|early| store.take(early));
    let (version, slot) = store.key().await.map_err(|error| output.fail(complaint(&error)))?;
    let state = State { version, ..State::empty("") };
    let emulator = home.beside(environment).join(&*workspace).join("emulator");
    let memo = Memo::new(&home, environment);
    let place = backend.place(&workspace);
    let opened = Backend {
        store,
        place,
        emulator,
        gate: Arc::default(),
        state,
        sealer: None,
        choice: choice?,
        pending: None,
        trouble: None,
        memo,
    };
    Ok((opened, slot))
}

/// Refuses a name that could not be a workspace's.
pub fn check_name(name: &str, output: &mut Output) -> Result<(), Reported> {
    if is_workspace_name(name) {
        return Ok(());
    }
    Err(output.fail(Diagnostic::error("Invalid workspace name").detail(format!(
        "The workspace name {name:?} is not allowed. The name must contain only URL safe characters, and no path separators."
    ))))
}

impl Backend {
    /// Opens the key that the slot names. One that is not here leaves its secrets sealed, with a warning.
    fn unlock(&mut self, slot: Option<&secret::KeySlot>, environment: &Environment, output: &mut Output) {
        let Some(slot) = slot else { return };
        match secret::open_key(&self.choice, slot, &self.state.version.lineage, &environment.keys) {
            Ok(key) => {
                let sealer = Arc::new(Sealer::new(&key, &self.state.version.lineage));
                self.store.unlock_values(sealer.clone());
                self.sealer = Some(sealer);
            }
            Err(error) => {
                output.say(&format!("Warning: {error}; sealed values stay sealed"));
                self.trouble = Some(error.to_string());
            }
        }
    }

    async fn read(&mut self, output: &mut Output) -> Result<(), Reported> {
        self.state = self.store.snapshot().await.map_err(|error| output.fail(complaint(&error)))?;
        Ok(())
    }

    fn warn(&self, output: &mut Output) {
        for (what, problem) in &self.state.damaged {
            output.say(&match what.parse::<ObjectAddr>() {
                Ok(addr) => format!("Warning: the record of {addr} is damaged and left out: {problem}"),
                Err(_) => format!("Warning: the state is damaged: {what}: {problem}"),
            });
        }
    }

    /// The key of the state, made if the state is new; then with what makes the state name it, to be committed first. `Err` if the
    /// state has a key that is not here: nothing secret could be kept.
    pub fn key(
        &mut self,
        environment: &Environment,
        output: &mut Output,
    ) -> Result<(Arc<Sealer>, Option<Event>), Reported> {
        if let Some(sealer) = &self.sealer {
            return Ok((sealer.clone(), self.pending.clone().map(Event::KeySlot)));
        }
        let lineage = &self.state.version.lineage;
        if let Some(slot) = &self.state.key {
            let why = self.trouble.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let detail = format!("The state is sealed with the key {}, which is not here{why}.", slot.key);
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
        self.pending = Some(slot.clone());
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
        let holder = environment.holder(command);
        let failed = |error: StoreError, output: &mut Output| output.fail(complaint(&error));
        let mut writer = self.store.lock(&holder, wait).await.map_err(|error| failed(error, output))?;
        let without_key = self.state.key.is_none() && self.sealer.is_none() && self.trouble.is_none();
        self.state = writer.state().clone();
        if let (true, Some(slot)) = (without_key, self.state.key.clone()) {
            // Somebody made the state, and its key, since it was looked at.
            drop(writer);
            self.unlock(Some(&slot), environment, output);
            writer = self.store.lock(&holder, wait).await.map_err(|error| failed(error, output))?;
            self.state = writer.state().clone();
        }
        self.gate.guard(writer.hold());
        Ok(self.memo.with(writer))
    }
}

/// An error of the store as a person reads it.
pub fn complaint(error: &StoreError) -> Diagnostic {
    match error {
        StoreError::Locked { holder } => Diagnostic::error("Error acquiring the state lock")
            .detail(format!("{error} since {}; the lock's id is {}.", since(holder.since), holder.id))
            .help("wait for it to end, or give `-lock-timeout=30s` to wait here"),
        StoreError::Damaged { .. } => Diagnostic::error("State is damaged")
            .detail(error.to_string())
            .help("`isotope state restore` makes it whole from what is left"),
        StoreError::TooNew { .. } => {
            Diagnostic::error("State was written by a newer version").detail(error.to_string())
        }
        StoreError::Alive { .. } => Diagnostic::error("Lock is alive")
            .detail(format!("{error}; ending that process is what lets go."))
            .help("wait for it to end"),
        StoreError::NotLocked => Diagnostic::error("Nothing to unlock").detail(
            "Nobody holds the lock. A local lock ends with its process, so none is ever left behind.",
        ),
        StoreError::Fenced => Diagnostic::error("Lock was lost").detail(error.to_string()),
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
        self.emulator.clone()
    }

    /// A state that was never written takes the lineage of the plan that is about to write it.
    pub fn adopt_lineage(&mut self, lineage: &str) {
        if self.state.version.serial == 0 {
            self.store.begin_with(lineage);
            self.state.version.lineage = lineage.into();
        }
    }

    /// The sealers of the key that is and of the key to come, and how that is found.
    pub fn keys(
        &self,
        slot: &KeySlot,
        environment: &Environment,
    ) -> Result<(Sealer, Sealer, KeySlot), secret::KeyError> {
        let lineage = &self.state.version.lineage;
        let old = secret::old_key(&self.choice, slot, lineage, &environment.keys)?;
        let (new, slot) = secret::next_key(&self.choice, lineage, &environment.keys)?;
        Ok((Sealer::new(&old, lineage), Sealer::new(&new, lineage), slot))
    }

    /// What is stored, now or after a commit; a commit that is not kept any more is an error that says which are.
    pub async fn image(&self, at: Option<u64>, output: &mut Output) -> Result<Option<Image>, Reported> {
        let found = self.store.image(at).await.map_err(|error| output.fail(complaint(&error)))?;
        let (Some(serial), None) = (at, &found) else { return Ok(found) };
        let kept = self.store.history().await.map_err(|error| output.fail(complaint(&error)))?;
        let kept = match (kept.first(), kept.last()) {
            (Some(first), Some(last)) => format!("It goes from serial {} to {}.", first.serial, last.serial),
            _ => "It is empty.".to_owned(),
        };
        Err(output.fail(
            Diagnostic::error("No such serial")
                .detail(format!("The history does not have serial {serial}. {kept}"))
                .help("`isotope state history` lists what it has"),
        ))
    }

    /// The key that a saved plan names: the state's, or the one made for a state that the plan will begin.
    pub fn key_for(
        &mut self,
        slot: &KeySlot,
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
        let sealer = Arc::new(Sealer::new(&key, lineage));
        if self.state.key.is_none() {
            self.store.unlock_values(sealer.clone());
            self.sealer = Some(sealer.clone());
            self.pending = Some(slot.clone());
        }
        Ok(sealer)
    }

    /// A key that is for looking only: what is compared with it is compared now, and nothing of it is kept. `None` for a state that
    /// has a key, be it here or not.
    pub fn passing_key(&self) -> Option<Arc<Sealer>> {
        let lineage = &self.state.version.lineage;
        self.state.key.is_none().then(|| Arc::new(Sealer::new(&Key::random(), lineage)))
    }
}
