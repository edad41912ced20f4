//! The Cloud Elements API on this machine, for first runs, rehearsals and tests.
//!
//! [`start`] opens the data, binds the address and serves until [`Running::stop`]. A request travels
//! `serve` (connection, faults, log) → [`world`] (credentials, media types, routes) → one file per collection
//! (`instances/`, `formulas/`, `common/`, `accounts/`, `jobs`, `elements`), whose records live in a [`collection`] kept in memory and written through to the
//! [`store`]. A further collection is one more file beside them, a line in `world::route` and one in
//! `World::dump` and `World::load`.
//!
//! Where the service's behaviour is not documented, the choices are the ones a client has most to fear: lists
//! in no order of ids, tags shuffled, masks instead of secrets, 404 for an empty list. Neither a token nor a
//! secret rests in the data: tokens are derived from the key, secrets are kept as keyed digests.

mod accounts;
mod answer;
mod collection;
mod common;
mod doc;
mod elements;
mod fault;
mod formulas;
mod instances;
mod jobs;
mod keyed;
mod local;
mod log;
mod request;
mod serve;
mod store;
mod world;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use fault::{Effect, Fault, FaultError, Faults, Lateness, parse_duration};
pub use local::{Local, Reply};
pub use log::Call;
pub use world::LoadError;

use serve::Shared;

/// The path every address of the API begins with.
pub const BASE_PATH: &str = "/elements/api-v2";

/// How the emulator is to behave. It holds secrets, so it has no `Debug`.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory of the data; `None` keeps them in memory.
    pub data: Option<PathBuf>,
    /// What tokens and digests of secrets are derived from. The same data needs the same key.
    pub key: [u8; 32],
    /// How long every request waits before it takes effect.
    pub latency: Duration,
    pub faults: Faults,
    /// Decides every order and every random fault.
    pub seed: u64,
    /// The user and organization secrets; `None` accepts any (but never the user secret `invalid`).
    pub accept: Option<(String, String)>,
    /// How many of the last requests [`Running::log`] keeps; 0 keeps none.
    pub record: usize,
    /// A clock that stands still, for answers that repeat byte for byte; `None` takes the system's.
    pub now: Option<jiff::Timestamp>,
    pub quirks: Quirks,
}

/// What the service may do instead, where nobody knows: a client has to survive either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// PUT keeps configuration entries that are left out.
    pub put_merges: bool,
    /// A mask sent back overwrites the secret.
    pub masks_overwrite: bool,
    /// Several tags find what carries any of them instead of all.
    pub tags_any: bool,
}

impl Options {
    /// Returns the plain behaviour: a free port of this machine, data in memory, no faults.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            key,
            latency: Duration::ZERO,
            faults: Faults::default(),
            seed: 0,
            accept: None,
            record: 0,
            now: None,
            quirks: Quirks::default(),
        }
    }
}

/// Why the emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("cannot open the data in {}: {source}", path.display())]
    Data { path: PathBuf, source: std::io::Error },
    #[error("the data in {} are damaged: {problem}", path.display())]
    Damaged { path: PathBuf, problem: String },
}

impl StartError {
    /// What its user can do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "another program may be listening there; `-listen` names another address",
            Self::Data { .. } => "another command may be using the same data; wait for it to end",
            Self::Damaged { .. } => {
                "move that directory away: the emulator starts with nothing then, and `isotope apply` makes what is declared again"
            }
        }
    }
}

/// A running emulator. Dropping it stops it too, without waiting.
pub struct Running {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Opens the data and serves them.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let listen_error = |source| StartError::Listen { address: options.listen, source };
    let listener = tokio::net::TcpListener::bind(options.listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let shared = Arc::new(Shared::open(&options)?);
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve::serve(listener, Arc::clone(&shared), stopped));
    Ok(Running { address, shared, stop, task })
}

impl Running {
    /// Returns what a provider takes as `base_url`.
    pub fn base_url(&self) -> String {
        format!("http://{}{BASE_PATH}", self.address)
    }

    /// Answers what is under way, then closes the connections and the data.
    pub async fn stop(self) {
        /// How long a client may take to finish what it is sending.
        const GRACE: Duration = Duration::from_secs(2);
        let Self { shared, stop, mut task, .. } = self;
        drop(stop);
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
        }
        shared.close();
    }

    /// Returns the last requests in the order they came, as many as [`Options::record`] asked for.
    pub fn log(&self) -> Vec<Call> {
        self.shared.log()
    }

    /// Returns all objects, sorted: `{ "instances": [{ "id": 1001, … }] }`. Secrets appear as digests.
    pub fn dump(&self) -> Value {
        self.shared.world().dump()
    }

    /// Adds objects, as [`Running::dump`] returns them or as a person writes them: `id` and dates may be left
    /// out, secrets may be plain. An object with the id of one that exists takes its place.
    pub async fn load(&self, objects: &Value) -> Result<(), LoadError> {
        self.shared.world().load(objects)?;
        self.shared.flush().await.map_err(|error| LoadError::new("the data", error))
    }

    /// Replaces the faults, counting from here.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.set_faults(faults);
    }
}
