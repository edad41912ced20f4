//! What a client can be told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::gate::Gate;
use super::transport::Transport;
use crate::secret::Redactor;

/// The settings of a [`Client`](super::Client); `default()` has what the documentation promises.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    pub user_agent: String,
    pub connect_timeout: Duration,
    /// How long one attempt may take, unless the request says otherwise.
    pub answer_timeout: Duration,
    /// A ceiling for the rate of attempts, evenly spaced.
    pub max_requests_per_second: Option<f64>,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether the server's certificate is believed unseen: for those who were told to, never by default.
    pub believe_any_certificate: bool,
    /// The client's own certificate and its key (PEM); the key may stand in the same file.
    pub certificate: Option<(PathBuf, Option<PathBuf>)>,
    /// Attempts in flight at the start; the limiter takes it from there. An API that bears 20 refuses as many after a doubling of 16.
    pub in_flight: usize,
    pub max_in_flight: usize,
    /// The user's own limit (`-parallelism`).
    pub parallelism: Option<usize>,
    /// The largest body taken, decompressed, in bytes.
    pub body_limit: usize,
    /// How often a request is repeated at most.
    pub repeats: u32,
    /// No repeat but the first starts later than this after the request did. Waits that the server asked for do
    /// not count, nor does waiting for one's turn.
    pub repeat_within: Duration,
    /// The longest first wait; it doubles with each repeat up to `max_back_off`, and the wait is a random part of it.
    pub back_off: Duration,
    pub max_back_off: Duration,
    /// A server that asks for a longer wait is not waited for.
    pub max_retry_after: Duration,
    /// Makes the waits repeatable, for tests.
    pub seed: Option<u64>,
    /// Takes secrets out of errors and traces.
    pub redactor: Redactor,
    /// Asked before every attempt at a request that changes something.
    pub gate: Option<Arc<dyn Gate>>,
    /// What carries requests instead of the network; for tests.
    pub transport: Option<Arc<dyn Transport>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("isotope/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(60),
            max_requests_per_second: None,
            ca_file: None,
            believe_any_certificate: false,
            certificate: None,
            in_flight: 32,
            max_in_flight: 128,
            parallelism: None,
            body_limit: 64 * 1024 * 1024,
            repeats: 5,
            repeat_within: Duration::from_secs(20),
            back_off: Duration::from_millis(250),
            max_back_off: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(120),
            seed: None,
            redactor: Redactor::new(),
            gate: None,
            transport: None,
        }
    }
}

/// Which option cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error("`max_requests_per_second` is {0}; it must be a positive number")]
    Rate(f64),
    #[error("the certificates in `{}` could not be read: {why}", path.display())]
    CaFile { path: PathBuf, why: String },
    #[error("the client's certificate in `{}` cannot be used: {why}", path.display())]
    Certificate { path: PathBuf, why: String },
    #[error("the user agent `{0}` has characters that no header may have")]
    UserAgent(String),
}
