//! What an attempt's end means: the table of faults, as one function.
//!
//! | end | idempotent | create |
//! | --- | --- | --- |
//! | no connection, DNS, TLS | repeat | repeat |
//! | 2xx, whole | done | done |
//! | 2xx, cut or too large | repeat (too large: indeterminate) | indeterminate |
//! | 429 | repeat | repeat |
//! | 408, 5xx, lost, time-out | repeat | indeterminate |
//! | 302, 303 | rejected | indeterminate: what those answer may have been done |
//! | anything else | rejected | rejected |
//!
//! A request that is never repeated is judged like a create, and every repeat is the error it would end in.

use std::time::Duration;

use jiff::Timestamp;

use super::answer::{Headers, Response};
use super::attempt::{Answer, Body, End};
use super::backoff::retry_after;
use super::error::{CallError, Cause};
use super::limiter::Load;
use super::request::Repeat;

pub(super) enum Verdict {
    Done(Response),
    /// Send again, not before `told` if the server said so; `or` is the error once the repeats are used up.
    Again {
        told: Option<Duration>,
        or: CallError,
    },
    Fail(CallError),
}

pub(super) fn judge(repeat: Repeat, end: End, attempts: u32, now: Timestamp) -> Verdict {
    let verdict = match end {
        End::Unsent(cause @ Cause::Request { .. }) => Verdict::Fail(CallError::Unreached(cause)),
        End::Unsent(cause) => Verdict::Again { told: None, or: CallError::Unreached(cause) },
        End::Lost(cause) => indeterminate(repeat, cause),
        End::Answered(answer) => judge_answer(repeat, answer, attempts, now),
    };
    match verdict {
        Verdict::Again { or, .. } if repeat == Repeat::Never => Verdict::Fail(or),
        verdict => verdict,
    }
}

fn judge_answer(repeat: Repeat, answer: Answer, attempts: u32, now: Timestamp) -> Verdict {
    let Answer { host, status, headers, body } = answer;
    let told = headers.get("retry-after").and_then(|field| retry_after(field, now));
    match (status, body) {
        (200..=299, Body::Whole(body)) => Verdict::Done(Response { status, headers, body, attempts }),
        (200..=299, Body::Cut(_, cause @ Cause::TooLarge { .. })) => {
            // The next one would be as large.
            Verdict::Fail(CallError::Indeterminate(cause))
        }
        (200..=299, Body::Cut(_, cause)) => indeterminate(repeat, cause),
        // The status decides; a body that broke off only makes the message shorter.
        (_, Body::Whole(body) | Body::Cut(body, _)) => {
            refused(repeat, Refusal { host, status, headers, body }, told)
        }
    }
}

struct Refusal {
    host: String,
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

fn refused(repeat: Repeat, refusal: Refusal, told: Option<Duration>) -> Verdict {
    let Refusal { host, status, headers, body } = refusal;
    let may_be_done = matches!(status, 302 | 303 | 408 | 500..=599);
    if repeat != Repeat::Idempotent && may_be_done {
        return Verdict::Fail(CallError::Indeterminate(Cause::Answer { host, status, headers, body }));
    }
    let rejected = CallError::Rejected { status, headers, body };
    match status {
        408 | 429 | 500..=599 => Verdict::Again { told, or: rejected },
        _ => Verdict::Fail(rejected),
    }
}

fn indeterminate(repeat: Repeat, cause: Cause) -> Verdict {
    let or = CallError::Indeterminate(cause);
    if repeat == Repeat::Idempotent { Verdict::Again { told: None, or } } else { Verdict::Fail(or) }
}

/// What an end says about the API's load, after `latency`.
pub(super) fn load(end: &End, latency: Duration) -> Load {
    match end {
        End::Answered(Answer { status: 429 | 503, .. }) => Load::Over,
        End::Answered(Answer { body: Body::Cut(_, cause), .. }) if cause.is_timeout() => Load::Over,
        End::Answered(Answer { status: ..=499, body: Body::Whole(_), .. }) => Load::Borne(latency),
        End::Unsent(cause) | End::Lost(cause) if cause.is_timeout() => Load::Over,
        _ => Load::Unknown,
    }
}
