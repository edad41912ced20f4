//! One request, taken apart once: path segments, query, the parts of `Authorization`, the body's bytes.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, request::Parts};
use serde_json::Value;

use super::BASE_PATH;
use super::answer::Refusal;

pub(super) struct Request {
    pub(super) method: String,
    /// The path's decoded segments below the base path; `None` for an address outside the API.
    pub(super) segments: Option<Vec<String>>,
    pub(super) query: Vec<(String, String)>,
    pub(super) authorization: Authorization,
    pub(super) accept: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) body: Bytes,
}

/// The pairs of an `Authorization` header, in their order: `User …, Organization …, Element …`.
#[derive(Default)]
pub(super) struct Authorization(Vec<(String, String)>);

impl Request {
    pub(super) fn new(parts: &Parts, body: Bytes) -> Self {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0);
        Self {
            method: parts.method.to_string(),
            segments: segments(parts.uri.path()),
            query: query.unwrap_or_default(),
            authorization: Authorization::parse(&header(&parts.headers, AUTHORIZATION).unwrap_or_default()),
            accept: header(&parts.headers, ACCEPT),
            content_type: header(&parts.headers, CONTENT_TYPE),
            body,
        }
    }

    /// Returns the path below the base path, decoded.
    pub(super) fn path(&self) -> String {
        let segments = self.segments.as_deref().unwrap_or_default();
        segments.iter().map(|segment| format!("/{segment}")).collect()
    }

    /// Returns the path with the query, decoded.
    pub(super) fn line(&self) -> String {
        let pairs: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        match pairs.is_empty() {
            true => self.path(),
            false => format!("{}?{}", self.path(), pairs.join("&")),
        }
    }

    /// Returns the first value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body of a request that must have one.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::new(415, "Content-Type must be application/json"));
        }
        let malformed = |error| Refusal::bad(format!("The request body is not valid JSON: {error}"));
        serde_json::from_slice(&self.body).map_err(malformed)
    }

    /// Returns whether the client takes JSON.
    pub(super) fn takes_json(&self) -> bool {
        let Some(accept) = &self.accept else { return true };
        let mut ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
        ranges.any(|range| matches!(range, "*/*" | "application/*" | "application/json"))
    }
}

impl Authorization {
    /// Reads the pairs in any order. Secrets hold no comma, but may hold `=`, `/` and `+`.
    fn parse(header: &str) -> Self {
        let pair = |part: &str| {
            let (scheme, value) = part.trim().split_once(char::is_whitespace)?;
            Some((scheme.to_owned(), value.trim().to_owned()))
        };
        Self(header.split(',').filter_map(pair).collect())
    }

    /// Returns what follows a scheme's word, if anything does.
    pub(super) fn get(&self, scheme: &str) -> Option<&str> {
        let found = self.0.iter().find(|(word, _)| word.eq_ignore_ascii_case(scheme));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn schemes(&self) -> Vec<String> {
        self.0.iter().map(|(scheme, _)| scheme.clone()).collect()
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn segments(path: &str) -> Option<Vec<String>> {
    let below = path.strip_prefix(BASE_PATH)?;
    let below = if below.is_empty() { below } else { below.strip_prefix('/')? };
    Some(below.trim_end_matches('/').split('/').filter(|part| !part.is_empty()).map(decode).collect())
}

/// Undoes percent-encoding; an escape that is none stays as it is.
fn decode(segment: &str) -> String {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| str::from_utf8(hex).ok());
        match digits.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = &tail[2..];
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
