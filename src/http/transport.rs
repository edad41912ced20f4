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

#[cfg(test)]
mod tests {
    use super::super::{CallError, Client, Method, Repeat};
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    /// Answers with a body of that many bytes after that many seconds.
    #[derive(Debug)]
    struct Slow(usize, u64);

    #[async_trait::async_trait]
    impl Transport for Slow {
        async fn carry(&self, _: &Request) -> Carried {
            tokio::time::sleep(Duration::from_secs(self.1)).await;
            Carried::Answered {
                status: 200,
                headers: Headers::default(),
                body: vec![b' '; self.0],
                cut: None,
            }
        }
    }

    async fn send(transport: Slow) -> Result<usize, CallError> {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        let options =
            ClientOptions { transport: Some(transport), body_limit: 10, ..ClientOptions::default() };
        let client = Client::new(options).unwrap();
        let request = Request::new(Method::POST, "https://h:1/a", Repeat::Create);
        Ok(client.send(&request).await?.body.len())
    }

    #[tokio::test(start_paused = true)]
    async fn limits_hold_as_over_the_network() {
        assert_eq!(send(Slow(10, 59)).await, Ok(10));
        let host = || "h:1".to_owned();
        let late = Cause::Timeout { host: host(), after: Duration::from_secs(60) };
        assert_eq!(send(Slow(10, 61)).await, Err(CallError::Indeterminate(late)));
        let large = Cause::TooLarge { host: host(), limit: 10 };
        assert_eq!(send(Slow(11, 0)).await, Err(CallError::Indeterminate(large)));
    }
}
