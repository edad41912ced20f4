//! How a call fails: three ways, which differ in what the caller must do next.

use std::fmt;
use std::time::Duration;

use super::answer::Headers;

/// Why there is no usable answer. All texts and bodies inside are free of the run's secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum CallError {
    /// Nothing was sent: safe to send again.
    Unreached(Cause),
    /// Refused, nothing changed; or a 5xx that an idempotent request met to the end.
    Rejected { status: u16, headers: Headers, body: Vec<u8> },
    /// Sent, and no usable answer: only a read can tell what happened.
    Indeterminate(Cause),
}

/// What went wrong on the way, at `host` (with the port where the address names one).
#[derive(Clone, PartialEq, Eq)]
pub enum Cause {
    /// The name has no address.
    Dns {
        host: String,
        detail: String,
    },
    Refused {
        host: String,
    },
    Tls {
        host: String,
        detail: String,
    },
    ConnectTimeout {
        host: String,
        after: Duration,
    },
    /// No connection for another reason: no route, a proxy that refuses, …
    Connect {
        host: String,
        detail: String,
    },
    Timeout {
        host: String,
        after: Duration,
    },
    /// The connection ended before there was a status.
    Lost {
        host: String,
        detail: String,
    },
    /// The connection ended in the middle of the body, or the body did not decode.
    Truncated {
        host: String,
        detail: String,
    },
    TooLarge {
        host: String,
        limit: usize,
    },
    /// An answer that leaves open what happened: a 5xx, for instance.
    Answer {
        host: String,
        status: u16,
        headers: Headers,
        body: Vec<u8>,
    },
    /// The request itself cannot be sent: a bad address or header.
    Request {
        detail: String,
    },
}

impl Cause {
    /// Whether the server gave no sign of life in time.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::ConnectTimeout { .. })
    }
}

impl CallError {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Rejected { status, .. } | Self::Indeterminate(Cause::Answer { status, .. }) => {
                Some(*status)
            }
            _ => None,
        }
    }
}

impl std::error::Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached(cause) | Self::Indeterminate(cause) => cause.fmt(f),
            Self::Rejected { status, .. } => write!(f, "the server answered {}", Status(*status)),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns { host, detail } => write!(f, "the name of `{host}` could not be resolved: {detail}"),
            Self::Refused { host } => write!(f, "`{host}` refused the connection; nothing listens there"),
            Self::Tls { host, detail } => write!(f, "no secure connection (TLS) to `{host}`: {detail}"),
            Self::ConnectTimeout { host, after } => {
                write!(f, "`{host}` took no connection within {}", Seconds(*after))
            }
            Self::Connect { host, detail } => write!(f, "no connection to `{host}`: {detail}"),
            Self::Timeout { host, after } => write!(f, "`{host}` did not answer within {}", Seconds(*after)),
            Self::Lost { host, detail } => {
                write!(f, "the connection to `{host}` was lost before it answered: {detail}")
            }
            Self::Truncated { host, detail } => {
                write!(f, "the answer of `{host}` ended in the middle: {detail}")
            }
            Self::TooLarge { host, limit } => {
                write!(f, "the answer of `{host}` is larger than {}", Size(*limit))
            }
            Self::Answer { host, status, .. } => write!(f, "`{host}` answered {}", Status(*status)),
            Self::Request { detail } => write!(f, "the request cannot be sent: {detail}"),
        }
    }
}

/// `Debug` is the text: bodies and headers must not show.
impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cause({self})")
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached(cause) => write!(f, "Unreached({cause})"),
            Self::Rejected { status, body, .. } => write!(f, "Rejected({status}, {} bytes)", body.len()),
            Self::Indeterminate(cause) => write!(f, "Indeterminate({cause})"),
        }
    }
}

/// `503 (Service Unavailable)`.
struct Status(u16);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = reqwest::StatusCode::from_u16(self.0).ok().and_then(|status| status.canonical_reason());
        match known {
            Some(reason) => write!(f, "{} ({reason})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

/// `10 s`, `0.25 s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

/// `64 MiB`, `1000 bytes`.
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: usize = 1024 * 1024;
        if self.0 >= MIB && self.0.is_multiple_of(MIB) {
            write!(f, "{} MiB", self.0 / MIB)
        } else {
            write!(f, "{} bytes", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_apart() {
        let (host, detail) = ("h:8443".to_owned(), "why".to_owned());
        let after = Duration::from_millis(250);
        let answer = Cause::Answer {
            host: host.clone(),
            status: 502,
            headers: Headers::default(),
            body: b"hunter42".to_vec(),
        };
        let cases = [
            (
                Cause::Dns { host: host.clone(), detail: detail.clone() },
                "the name of `h:8443` could not be resolved: why",
            ),
            (Cause::Refused { host: host.clone() }, "`h:8443` refused the connection; nothing listens there"),
            (
                Cause::Tls { host: host.clone(), detail: detail.clone() },
                "no secure connection (TLS) to `h:8443`: why",
            ),
            (
                Cause::ConnectTimeout { host: host.clone(), after },
                "`h:8443` took no connection within 0.25 s",
            ),
            (Cause::Connect { host: host.clone(), detail: detail.clone() }, "no connection to `h:8443`: why"),
            (
                Cause::Timeout { host: host.clone(), after: 60 * 4 * after },
                "`h:8443` did not answer within 60 s",
            ),
            (
                Cause::Lost { host: host.clone(), detail: detail.clone() },
                "the connection to `h:8443` was lost before it answered: why",
            ),
            (
                Cause::Truncated { host: host.clone(), detail },
                "the answer of `h:8443` ended in the middle: why",
            ),
            (
                Cause::TooLarge { host: host.clone(), limit: 64 << 20 },
                "the answer of `h:8443` is larger than 64 MiB",
            ),
            (Cause::TooLarge { host, limit: 1000 }, "the answer of `h:8443` is larger than 1000 bytes"),
            (answer, "`h:8443` answered 502 (Bad Gateway)"),
        ];
        for (cause, expected) in cases {
            assert_eq!(cause.to_string(), expected);
            assert_eq!(
                format!("{:?}", CallError::Indeterminate(cause)),
                format!("Indeterminate({expected})")
            );
        }
        let refused =
            CallError::Rejected { status: 599, headers: Headers::default(), body: b"hunter42".to_vec() };
        assert_eq!(format!("{refused} {refused:?}"), "the server answered 599 Rejected(599, 8 bytes)");
    }
}
