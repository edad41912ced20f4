//! Configurations, states and hosts of any size, for benches and for the tests that count.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made is a failure")]
#![allow(dead_code, reason = "each user takes its part")]

use isotope::apply::{self, Apply, Stop};
use isotope::config::{self, Config, Values};
use isotope::diag::{Diagnostics, Sources};
use isotope::eval::functions::Host;
use isotope::kind::Kinds;
use isotope::plan::{self, Mode, Plan, Providers, Request, Selection, Walk};
use isotope::provider::LocalProvider;
use isotope::secret::{Key, Sealer};
use isotope::state::{Holder, MemoryStore, Stamp, State, Store};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Asks nothing of the machine, and counts how often the environment is asked for.
#[derive(Default)]
pub struct Counting {
    pub asked: Cell<usize>,
}

impl Host for Counting {
    fn base_dir(&self) -> &Path {
        Path::new("/")
    }

    fn env(&self, _: &str) -> Option<String> {
        self.asked.set(self.asked.get() + 1);
        Some("eu".to_owned())
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        None
    }

    fn plan_time(&self) -> Option<jiff::Timestamp> {
        None
    }

    fn random_uuid(&self) -> Option<String> {
        None
    }

    fn pure_only(&self) -> bool {
        true
    }
}

/// So many values, `edited` of them with another number of seats.
pub fn flat(count: usize, edited: usize) -> String {
    let every = count.checked_div(edited).unwrap_or(usize::MAX);
    let block = |at: usize| {
        let seats = if at.is_multiple_of(every) && edited > 0 { 4 } else { 3 };
        format!(
            "value \"r{at:06}\" {{\n  input = {{\n    name   = \"customer-{at:06}\"\n    region = \"eu-1\"\n    seats  = {seats}\n    \
             labels = [\"crm\", \"billing\"]\n  }}\n}}\n"
        )
    };
    (0..count).map(block).collect()
}

/// A configuration, ready to be planned.
pub struct Project {
    pub config: Config,
    pub walk: Walk,
    pub host: Counting,
    _dir: tempfile::TempDir,
}

impl Project {
    pub fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("main.hcl"), text).unwrap();
        let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
        let config = config::load(dir.path(), &mut sources, &mut diags).unwrap();
        let walk = plan::check(&config, Kinds::builtin(), &mut diags).unwrap();
        assert!(diags.is_empty(), "{diags:?}");
        Self { config, walk, host: Counting::default(), _dir: dir }
    }

    /// The plan that leads from `state` to the configuration.
    pub fn plan(&self, state: &State) -> Plan {
        let key = sealer();
        let request = Request {
            config: &self.config,
            walk: &self.walk,
            kinds: Kinds::builtin(),
            state,
            providers: &Providers::new(Arc::new(LocalProvider)),
            given: &Values::new(),
            host: &self.host,
            workspace: "default".into(),
            sealer: Some(&key),
            mode: Mode::Normal,
            refresh: true,
            selection: &Selection::all(),
            replace: &[],
            answers: None,
        };
        let mut diags = Diagnostics::new();
        let plan = run(plan::plan(&request, &mut diags));
        plan.unwrap_or_else(|_| panic!("{diags:?}"))
    }

    /// The state after everything was applied.
    pub fn applied(&self) -> State {
        let store = MemoryStore::with_lineage(LINEAGE);
        run(async {
            let empty = store.snapshot().await.unwrap();
            let plan = self.plan(&empty);
            let mut writer = store.lock(&holder(), Duration::ZERO).await.unwrap();
            let (_never, stop) = tokio::sync::watch::channel(Stop::No);
            let apply = Apply {
                plan: &plan,
                config: &self.config,
                walk: &self.walk,
                kinds: Kinds::builtin(),
                providers: &Providers::new(Arc::new(LocalProvider)),
                host: &self.host,
                workspace: "default".into(),
                sealer: &sealer(),
                stamp: stamp(),
                parallelism: None,
                stop,
            };
            let mut diags = Diagnostics::new();
            let outcome = apply::apply(&apply, writer.as_mut(), &mut |_| {}, &mut diags).await.unwrap();
            assert!(outcome.is_complete(), "{diags:?}");
            writer.state().clone()
        })
    }
}

pub const LINEAGE: &str = "9b1f03aa";

pub fn sealer() -> Sealer {
    Sealer::new(&Key::from_bytes([7; 32]), LINEAGE)
}

pub fn holder() -> Holder {
    let text = || "bench".to_owned();
    Holder { id: text(), pid: 1, host: text(), user: text(), command: text(), since: 0 }
}

pub fn stamp() -> Stamp {
    Stamp { at: 0, who: "bench".into(), command: "bench".into(), pid: 1 }
}

/// Runs a future to its end, on this thread; within another such run, too.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match tokio::runtime::Handle::try_current() {
        // Nothing of the local provider waits; what gives others their turn is asked again.
        Ok(_) => loop {
            if let Some(end) = futures_util::FutureExt::now_or_never(future.as_mut()) {
                break end;
            }
        },
        Err(_) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
        }
    }
}
