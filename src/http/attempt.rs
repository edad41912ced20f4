//! One attempt: sends a request once and reads the whole answer, or says how far it came.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::answer::Headers;
use super::error::Cause;
use super::options::ClientOptions;
use super::request::Request;
use super::transport;
use super::wire::{Wire, deepest};

/// How an attempt ended.
pub(super) enum End {
    /// There was a status.
    Answered(Answer),
    /// Provably nothing was sent.
    Unsent(Cause),
    /// Something may have been sent, and no status came.
    Lost(Cause),
}

pub(super) struct Answer {
    pub(super) host: String,
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Body,
}

pub(super) enum Body {
    Whole(Vec<u8>),
    /// What came before it broke off.
    Cut(Vec<u8>, Cause),
}

/// One exchange under way: what the texts of errors need.
struct Exchange<'a> {
    options: &'a ClientOptions,
    host: String,
    timeout: Duration,
}

/// Sends `request` once.
pub(super) async fn attempt(wire: &Wire, options: &ClientOptions, request: &Request) -> End {
    if let Some(transport) = &options.transport {
        return transport::carry(transport.as_ref(), options, request).await;
    }
    let ready = prepare(wire, options, request)
        .map_err(|detail| Cause::Request { detail: options.redactor.redact(&detail).into_owned() });
    let (exchange, sending) = match ready {
        Ok(ready) => ready,
        Err(cause) => return End::Unsent(cause),
    };
    match sending.send().await {
        Ok(response) => exchange.read(response).await,
        Err(error) if error.is_builder() => End::Unsent(Cause::Request { detail: exchange.detail(&error) }),
        Err(error) if error.is_connect() => End::Unsent(exchange.no_connection(&error)),
        Err(error) if error.is_timeout() => End::Lost(exchange.timed_out()),
        Err(error) => End::Lost(Cause::Lost { detail: exchange.detail(&error), host: exchange.host }),
    }
}

fn prepare<'a>(
    wire: &Wire,
    options: &'a ClientOptions,
    request: &Request,
) -> Result<(Exchange<'a>, reqwest::RequestBuilder), String> {
    let url = Url::parse(&request.url).map_err(|error| format!("bad address: {error}"))?;
    let host = host(&url).ok_or("the address has no host; it starts with `https://` or `http://`")?;
    let timeout = request.timeout.unwrap_or(options.answer_timeout);
    let mut sending = wire
        .client(&url)?
        .request(request.method.clone(), url)
        .timeout(timeout)
        .headers(headers(&request.headers)?);
    if let Some(body) = &request.body {
        sending = sending.body(body.clone());
    }
    Ok((Exchange { options, host, timeout }, sending))
}

/// `host`, or `host:port` where the address names a port.
fn host(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"))?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn headers(fields: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let bad =
            |what: &str| format!("the header `{}` has {what} that no header may have", name.escape_debug());
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("a name"))?;
        let mut value =
            HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad("a value with characters"))?;
        // Kept out of the libraries' own texts, and out of HTTP/2's tables.
        value.set_sensitive(!matches!(name.as_str(), "accept" | "content-type"));
        headers.append(name, value);
    }
    Ok(headers)
}

impl Exchange<'_> {
    async fn read(self, mut response: reqwest::Response) -> End {
        let status = response.status().as_u16();
        let lossy = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str(), lossy(value))).collect();
        let mut bytes = Vec::new();
        let cut = loop {
            match response.chunk().await {
                Ok(None) => break None,
                Ok(Some(chunk)) if bytes.len() + chunk.len() > self.options.body_limit => {
                    break Some(Cause::TooLarge { host: self.host.clone(), limit: self.options.body_limit });
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Err(error) if error.is_timeout() => break Some(self.timed_out()),
                Err(error) => {
                    let detail = self.detail(&error);
                    break Some(Cause::Truncated { host: self.host.clone(), detail });
                }
            }
        };
        let body = match cut {
            None => Body::Whole(bytes),
            Some(cause) => Body::Cut(bytes, cause),
        };
        End::Answered(Answer { host: self.host, status, headers, body })
    }

    fn no_connection(&self, error: &reqwest::Error) -> Cause {
        let host = self.host.clone();
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if error.is_timeout() {
            Cause::ConnectTimeout { host, after: self.options.connect_timeout.min(self.timeout) }
        } else if error.is_dns() {
            Cause::Dns { host, detail: self.detail(error) }
        } else if causes(error).any(|cause| cause.downcast_ref::<io::Error>().is_some_and(refused)) {
            Cause::Refused { host }
        } else if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            Cause::Tls { host, detail: self.redact(&tls.to_string()) }
        } else {
            Cause::Connect { host, detail: self.detail(error) }
        }
    }

    fn timed_out(&self) -> Cause {
        Cause::Timeout { host: self.host.clone(), after: self.timeout }
    }

    fn detail(&self, error: &reqwest::Error) -> String {
        self.redact(&deepest(error))
    }

    fn redact(&self, text: &str) -> String {
        self.options.redactor.redact(text).into_owned()
    }
}

/// An error and all its causes, also those inside of an `io::Error`, which its own `source` passes over.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inside.map(|error| error as &(dyn Error + 'static)).or_else(|| error.source())
    })
}
