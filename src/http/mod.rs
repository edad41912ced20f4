//! The one HTTP client: TLS, time-outs, repeats, limits; knows no kind.
//!
//! [`Client::send`] takes a [`Request`] that says how it may be repeated and ends in an answer or in one of three
//! errors, which differ in what the caller must do next: nothing was sent, it was refused, or only looking can
//! tell. `attempt` sends once, `judge` decides what an end means, `limiter` and `pace` hold the number in flight
//! and the rate to what the API bears.

mod aimd;
mod answer;
mod attempt;
mod backoff;
mod client;
mod error;
mod gate;
mod judge;
mod limiter;
mod options;
mod pace;
mod request;
mod transport;
mod wire;

pub use answer::{Headers, Response};
pub use client::Client;
pub use error::{CallError, Cause};
pub use gate::Gate;
pub use options::{ClientOptions, OptionsError};
pub use request::{Method, Repeat, Request, resolve};
pub use transport::{Carried, Transport};
pub use wire::ready_tls;

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
