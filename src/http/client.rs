//! The client: sends, waits, sends again, within its limits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::answer::Response;
use super::attempt::{Answer, Body, End, attempt};
use super::backoff::BackOff;
use super::error::{CallError, Cause};
use super::gate;
use super::judge::{Verdict, judge, load};
use super::limiter::Limiter;
use super::options::{ClientOptions, OptionsError};
use super::pace::Pace;
use super::request::{Request, without_user};
use super::wire::Wire;

/// Sends requests to one API. Clones share connections and limits.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: ClientOptions,
    wire: Wire,
    limiter: Limiter,
    pace: Pace,
    back_off: BackOff,
    sent: AtomicU64,
}

/// How much repeating a request had so far.
#[derive(Default)]
struct Spent {
    repeats: u32,
    /// In attempts and in waits of our own; not in those that the server asked for, nor before the gate.
    time: Duration,
}

impl Client {
    /// Checks the options; opens no connection.
    pub fn new(options: ClientOptions) -> Result<Self, OptionsError> {
        let max = options.max_in_flight.min(options.parallelism.unwrap_or(usize::MAX));
        Ok(Self(Arc::new(Inner {
            wire: Wire::new(&options)?,
            limiter: Limiter::new(options.in_flight, max),
            pace: Pace::new(spacing(options.max_requests_per_second)?),
            back_off: BackOff::new(options.back_off, options.max_back_off, options.seed),
            sent: AtomicU64::new(0),
            options,
        })))
    }

    /// Returns how many requests were sent so far, repeats counted.
    pub fn requests(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Sends `request`, again where its [`Repeat`](super::Repeat) allows it and it may help. Must run within tokio.
    pub async fn send(&self, request: &Request) -> Result<Response, CallError> {
        let mut spent = Spent::default();
        loop {
            let (end, taken) = self.0.attempt(request, spent.repeats + 1).await;
            spent.time += taken;
            match judge(request.repeat, end, spent.repeats + 1, Timestamp::now()) {
                Verdict::Done(response) => return Ok(response),
                Verdict::Fail(error) => return Err(error),
                Verdict::Again { told, or } => self.0.wait(&mut spent, told).await.ok_or(or)?,
            }
        }
    }
}

/// The time between two starts.
fn spacing(per_second: Option<f64>) -> Result<Duration, OptionsError> {
    let Some(rate) = per_second else { return Ok(Duration::ZERO) };
    let spacing = Duration::try_from_secs_f64(1.0 / rate).ok().filter(|_| rate > 0.0);
    spacing.ok_or(OptionsError::Rate(rate))
}

impl Inner {
    /// One attempt, once the gate and the pace let it, and how long it took from there.
    async fn attempt(&self, request: &Request, number: u32) -> (End, Duration) {
        let permit = self.limiter.pass().await;
        self.pace.turn().await;
        if let Err(detail) = gate::pass(self.options.gate.as_deref(), request).await {
            return (End::Unsent(Cause::Request { detail }), Duration::ZERO);
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let begin = Instant::now();
        let mut end = attempt(&self.wire, &self.options, request).await;
        let taken = begin.elapsed();
        permit.end(request.method.as_str(), load(&end, taken));
        // Whoever waited for the permit goes first: the API is to be busy while this answer is read and recorded.
        tokio::task::yield_now().await;
        self.trace(request, &end, number, taken);
        self.redact_refusal(&mut end);
        (end, taken)
    }

    /// Waits before a repeat; `None` if there is to be none.
    async fn wait(&self, spent: &mut Spent, told: Option<Duration>) -> Option<()> {
        let options = &self.options;
        let wait = self.back_off.wait(spent.repeats);
        let in_time = spent.repeats == 0 || spent.time + wait <= options.repeat_within;
        if spent.repeats >= options.repeats || !in_time || told > Some(options.max_retry_after) {
            return None;
        }
        spent.repeats += 1;
        match told {
            Some(told) => {
                self.pace.quiet_for(told);
                sleep(told.max(wait)).await;
            }
            None => {
                spent.time += wait;
                sleep(wait).await;
            }
        }
        Some(())
    }

    /// An API's complaint may quote what it was sent, and ends in messages: secrets leave it here, once for all.
    fn redact_refusal(&self, end: &mut End) {
        if let End::Answered(Answer {
            status: ..200 | 300..,
            body: Body::Whole(body) | Body::Cut(body, _),
            ..
        }) = end
        {
            *body = self.options.redactor.redact_bytes(body).into_owned();
        }
    }

    fn trace(&self, request: &Request, end: &End, attempt: u32, taken: Duration) {
        let url = without_user(&request.url);
        let (method, url) = (&request.method, self.options.redactor.redact(&url));
        let millis = taken.as_millis() as u64;
        match end {
            End::Answered(answer) => {
                tracing::debug!(%method, %url, status = answer.status, attempt, millis, "answered");
                // Never the bodies: an answer may hold secrets that nobody knows as such before it is mapped.
                let (Body::Whole(body) | Body::Cut(body, _)) = &answer.body;
                let sent = request.body.as_ref().map_or(0, Vec::len);
                tracing::trace!(%method, %url, sent, received = body.len(), "bytes of the bodies");
            }
            End::Unsent(cause) => tracing::debug!(%method, %url, attempt, millis, "not sent: {cause}"),
            End::Lost(cause) => tracing::debug!(%method, %url, attempt, millis, "no answer: {cause}"),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}
