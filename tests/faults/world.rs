//! An API, a state and the runs over them, all inside this process, under a clock that jumps.

use crate::kept::{Kept, Place};
use crate::mishap::{Mortal, Road, Trial};
use isotope::apply::{self, Apply, Outcome};
use isotope::config::{self, Config, Values};
use isotope::diag::{Diagnostic, Diagnostics, FileId, Sources, Span};
use isotope::emulator::{self, Local};
use isotope::eval::Nowhere;
use isotope::http::ClientOptions;
use isotope::kind::{self, Kinds};
use isotope::plan::{self, Mode, Plan, Providers, Selection, Terms, Walk};
use isotope::provider::{self, LocalProvider, Source};
use isotope::secret::{Key, Sealer};
use isotope::state::{Holder, ProviderAddr, Stamp, State, StoreError};
use isotope::value::Value;
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;

/// A configuration, ready to plan.
pub struct Project {
    config: Config,
    kinds: Kinds,
    walk: Walk,
    mode: Mode,
}

impl Project {
    pub fn new(text: &str, mode: Mode) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("main.hcl"), text).expect("a file");
        let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
        let config = config::load(dir.path(), &mut sources, &mut diags);
        let config = config.unwrap_or_else(|_| panic!("{:?}\n{text}", diags.take()));
        let own: Vec<_> = config.modules[0].kinds.iter().map(|block| kind::kind(block, &mut diags)).collect();
        let own = own.into_iter().map(|kind| kind.expect("a sound kind")).collect();
        let kinds = Kinds::builtin().with(own, &mut diags);
        let walk = plan::check(&config, &kinds, &mut diags);
        let walk = walk.unwrap_or_else(|_| panic!("{:?}\n{text}", diags.take()));
        Self { config, kinds, walk, mode }
    }
}

/// The API and the state.
pub struct World {
    pub api: Local,
    pub store: Kept,
    sealer: Arc<Sealer>,
    /// What the API's clock says.
    clock: jiff::Timestamp,
}

/// How a run ended.
#[derive(Debug)]
pub enum Ran {
    Applied(Box<Outcome>, Vec<Diagnostic>),
    /// Nothing was begun.
    NotPlanned(Vec<Diagnostic>),
    NotWritten(StoreError),
    Killed,
}

impl Ran {
    /// In a few words, for whoever reads why it failed.
    pub fn told(&self) -> String {
        let diagnostics = |all: &[Diagnostic]| {
            let lines = all.iter().map(|one| format!("{}: {} {}", one.summary, one.label, one.detail));
            lines.collect::<Vec<_>>().join("; ")
        };
        match self {
            Self::Applied(outcome, also) => {
                let failed: Vec<Diagnostic> =
                    outcome.failed.iter().map(|failure| failure.problem.clone()).collect();
                let Outcome { added, changed, destroyed, skipped, open, not_started, .. } = outcome.as_ref();
                format!(
                    "applied: {added} added, {changed} changed, {destroyed} destroyed, {} skipped, {} not started, open {open:?}, failed {}, {}",
                    skipped.len(),
                    not_started.len(),
                    diagnostics(&failed),
                    diagnostics(also)
                )
            }
            Self::NotPlanned(diags) => format!("not planned: {}", diagnostics(diags)),
            Self::NotWritten(error) => format!("not written: {error}"),
            Self::Killed => "killed".to_owned(),
        }
    }
}

const LINEAGE: &str = "7f3c9a1e";

impl World {
    /// A world without objects. `clock` is what the API believes the time to be: it may be far from ours.
    pub fn empty(clock: &str) -> Self {
        let clock = clock.parse().expect("a time");
        let sealer = Arc::new(Sealer::new(&Key::from_bytes([3; 32]), LINEAGE));
        Self { api: api(clock), store: Kept::new(LINEAGE), sealer, clock }
    }

    /// The same world once more: what happens in one does not happen in the other.
    pub fn fork(&self) -> Self {
        let api = api(self.clock);
        api.load(&self.api.dump()).expect("what was dumped");
        Self { api, store: self.store.fork(), sealer: self.sealer.clone(), clock: self.clock }
    }

    /// The same world with its state on a server.
    pub async fn on(mut self, place: &Place) -> Self {
        self.store = self.store.on(place).await;
        self
    }

    pub async fn state(&self) -> State {
        let mut store = self.store.open();
        store.unlock_values(self.sealer.clone());
        let _still = self.store.still();
        store.snapshot().await.expect("the state can be read")
    }

    /// All objects that the API holds.
    pub fn objects(&self) -> Vec<Json> {
        self.api.dump()["instances"].as_array().cloned().unwrap_or_default()
    }

    /// Plans and applies, as the command does, until it ends or is killed.
    pub async fn run(&self, project: &Project, trial: &Arc<Trial>) -> Ran {
        // Long enough for every repeat and wait that is promised, and then some.
        let limit = Duration::from_secs(3 * 3600);
        tokio::select! {
            biased;
            () = trial.death() => Ran::Killed,
            ran = tokio::time::timeout(limit, self.process(project, trial)) => ran.expect("a run ends"),
        }
    }

    async fn process(&self, project: &Project, trial: &Arc<Trial>) -> Ran {
        let mut store = self.store.open();
        store.unlock_values(self.sealer.clone());
        let holder = Holder {
            id: "1".to_owned(),
            pid: 1,
            host: "h".to_owned(),
            user: "u".to_owned(),
            command: "apply".to_owned(),
            since: 0,
        };
        let mortal = Mortal { store, kept: self.store.clone(), trial: trial.clone() };
        let mut writer = mortal.lock(&holder).await.expect("nobody else is there");
        let state = isotope::state::Writer::state(&writer).clone();
        let providers = self.providers(trial);
        let mut diags = Diagnostics::new();
        let stamp = stamp();
        let planned = self.plan(project, &state, &providers, &mut diags).await;
        let Ok(plan) = planned else { return Ran::NotPlanned(diags.take()) };
        let request = Apply {
            plan: &plan,
            config: &project.config,
            walk: &project.walk,
            kinds: &project.kinds,
            providers: &providers,
            host: &Nowhere,
            workspace: "default".into(),
            sealer: &self.sealer,
            stamp,
            parallelism: None,
            stop: trial.stop(),
        };
        match apply::apply(&request, &mut writer, &mut |_| {}, &mut diags).await {
            Ok(outcome) => Ran::Applied(Box::new(outcome), diags.take()),
            Err(error) => Ran::NotWritten(error),
        }
    }

    async fn plan(
        &self,
        project: &Project,
        state: &State,
        providers: &Providers,
        diags: &mut Diagnostics,
    ) -> Result<Plan, isotope::diag::Reported> {
        let selection =
            Selection::new((&project.config, &project.walk), state, project.mode, Vec::new(), Vec::new());
        let request = plan::Request {
            config: &project.config,
            walk: &project.walk,
            kinds: &project.kinds,
            state,
            providers,
            given: &Values::default(),
            host: &Nowhere,
            workspace: "default".into(),
            sealer: Some(&self.sealer),
            mode: project.mode,
            refresh: true,
            selection: &selection,
            replace: &[],
            answers: None,
        };
        plan::plan(&request, diags).await
    }

    /// The provider twice: as it is, and (alias `plain`) without markers.
    fn providers(&self, trial: &Arc<Trial>) -> Providers {
        let road = Arc::new(Road { api: self.api.clone(), trial: trial.clone() });
        let options = ClientOptions {
            transport: Some(road),
            body_limit: 1 << 16,
            seed: Some(trial.schedule.seed),
            ..ClientOptions::default()
        };
        let span = Span::new(FileId(0), 0..0);
        let source = Source { place: &|_| span, block: None, env: &|_| None };
        let mut providers = Providers::new(Arc::new(LocalProvider));
        for (alias, marker) in [(None, "tag"), (Some("plain".into()), "none")] {
            let given = object([
                ("base_url", "https://api.test"),
                ("user_secret", "user-secret"),
                ("organization_secret", "org-secret"),
                ("marker", marker),
            ]);
            let settings = provider::settings("cloudelements", &given, &source, &mut Diagnostics::new());
            let settings = settings.unwrap_or_else(|_| panic!("sound settings"));
            let terms = Terms { mark: settings.marker, settle: settings.settle };
            let connected = provider::connect(&settings, options.clone());
            let connected = connected.unwrap_or_else(|problem| panic!("{problem:?}"));
            providers.add(ProviderAddr { name: "cloudelements".into(), alias }, connected, terms);
        }
        providers
    }
}

fn api(clock: jiff::Timestamp) -> Local {
    let options =
        emulator::Options { seed: 1, record: 1_000_000, now: Some(clock), ..emulator::Options::new([7; 32]) };
    Local::open(&options).expect("an emulator in memory")
}

fn stamp() -> Stamp {
    Stamp { at: jiff::Timestamp::now().as_second(), who: "u@h".into(), command: "apply".into(), pid: 1 }
}

fn object<const N: usize>(fields: [(&str, &str); N]) -> Value {
    Value::object(fields.map(|(name, value)| (name.into(), Value::string(value))).into())
}
