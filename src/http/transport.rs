//! Another way to the server than the network: an API inside this process, or one that misbehaves by plan.
//!
//! A [`Transport`] stands in for exactly one attempt. Everything above it (what an end means, repeats, back-off, limits, time limits)
//! is the same as over the network, so that faults can be tried by the thousand under a clock that jumps.

use super::answer::Headers;
use super::attempt::{Answer, Body, End};
use super::error::Cause;
use super::options::ClientOptions;
use super::request::Request;

/// Carries one request to a server and its answer back.
#[async_trait::async_trait]
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// One attempt. It is dropped when it takes longer than the request may.
    async fn carry(&self, request: &Request) -> Carried;
}

/// How an attempt ended, as the network would tell it.
#[derive(Debug)]
pub enum Carried {
    Answered {
        status: u16,
        headers: Headers,
        body: Vec<u8>,
        /// Why there is no more of the body, if it broke off.
        cut: Option<Cause>,
    },
    /// Provably nothing was sent.
    Unsent(Cause),
    /// Something may have been sent, and no status came.
    Lost(Cause),
}

/// Sends `request` once.
pub(super) async fn carry(transport: &dyn Transport, options: &ClientOptions, request: &Request) -> End {
    let host = || host(&request.url);
    let after = request.timeout.unwrap_or(options.answer_timeout);
    let Ok(carried) = tokio::time::timeout(after, transport.carry(request)).await else {
        return End::Lost(Cause::Timeout { host: host(), after });
    };
    match carried {
        Carried::Unsent(cause) => End::Unsent(cause),
        Carried::Lost(cause) => End::Lost(cause),
        Carried::Answered { status, headers, mut body, cut } => {
            let limit = options.body_limit;
            let large = (body.len() > limit).then(|| Cause::TooLarge { host: host(), limit });
            body.truncate(limit);
            let body = match large.or(cut) {
                None => Body::Whole(body),
                Some(cause) => Body::Cut(body, cause),
            };
            End::Answered(Answer { host: host(), status, headers, body })
        }
    }
}

fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default().to_owned()
}
