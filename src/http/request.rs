//! What is to be sent, and how it may be repeated.

use std::fmt;
use std::time::Duration;

pub use reqwest::Method;

/// One request. Nothing of it but method, address without query, and sizes shows in `Debug`.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// Absolute, with the query.
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    pub repeat: Repeat,
    /// How long one attempt may take, from connecting to the last byte; `None` for the client's `answer_timeout`.
    pub timeout: Option<Duration>,
}

/// What a repetition would do, which decides when there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The same as once (a read, a list, an update, a delete): repeated whatever went wrong.
    Idempotent,
    /// Make a second object: repeated only if the first was provably not taken up (no connection, or 429).
    Create,
    /// Unknown harm: sent once.
    Never,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: impl Into<String>, repeat: Repeat) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: None, repeat, timeout: None }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        let bytes = self.body.as_ref().map_or(0, Vec::len);
        let Self { method, repeat, .. } = self;
        write!(f, "Request({method} {}, {repeat:?}, headers {names:?}, {bytes} bytes)", plain(&self.url))
    }
}

/// The address without what may hold secrets: user, password and query.
fn plain(url: &str) -> String {
    without_user(url.split(['?', '#']).next().unwrap_or_default())
}

/// The address without user and password.
pub(super) fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// The absolute address of a link found at another address; `None` if it leads to another server.
pub fn resolve(here: &str, link: &str) -> Option<String> {
    let here = reqwest::Url::parse(here).ok()?;
    let there = here.join(link).ok()?;
    (there.origin() == here.origin()).then(|| there.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let mut request =
            Request::new(Method::POST, "https://me:hunter42@host:8443/a/b?key=hunter42#x", Repeat::Create);
        request.headers = vec![("Authorization".to_owned(), "User hunter42".to_owned())];
        request.body = Some(b"hunter42".to_vec());
        let expected = r#"Request(POST https://host:8443/a/b, Create, headers ["Authorization"], 8 bytes)"#;
        assert_eq!(format!("{request:?}"), expected);
    }

    #[test]
    fn a_link_stays_on_its_server() {
        let here = "https://api.example.com/v1/things?page=1";
        for (link, expected) in [
            ("https://api.example.com/v1/things?page=2", Some("https://api.example.com/v1/things?page=2")),
            ("/v1/things?page=2", Some("https://api.example.com/v1/things?page=2")),
            ("?page=2", Some("https://api.example.com/v1/things?page=2")),
            ("http://api.example.com/v1/things", None),
            ("https://evil.example.com/v1/things", None),
            ("//evil.example.com/", None),
            ("https://api.example.com:444/", None),
        ] {
            assert_eq!(resolve(here, link).as_deref(), expected, "{link}");
        }
    }

    #[test]
    fn an_address_of_any_shape_is_shown() {
        for (url, expected) in [
            ("", ""),
            ("no scheme?x", "no scheme"),
            ("http://h", "http://h"),
            ("http://a@b@h/p@q", "http://h/p@q"),
        ] {
            assert_eq!(plain(url), expected);
        }
    }
}
