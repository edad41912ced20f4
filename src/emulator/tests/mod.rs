//! The emulator over HTTP: requests and what they answer.

mod data;
mod elements;
mod families;
mod faults;
mod instances;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::*;

/// An emulator and a client for it.
struct Api {
    running: Running,
    client: reqwest::Client,
}

/// What came back.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    fn id(&self) -> u64 {
        self.body["id"].as_u64().unwrap_or_else(|| panic!("no id in {}", self.body))
    }
}

const USER: &str = "User u=, Organization 0f";

fn options() -> Options {
    Options { seed: 42, record: 100, ..Options::new([7; 32]) }
}

async fn api() -> Api {
    api_with(options()).await
}

async fn api_with(options: Options) -> Api {
    // Another test of this process may have been first; any provider will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Api { running: start(options).await.unwrap(), client: reqwest::Client::new() }
}

impl Api {
    fn request(&self, line: &str) -> reqwest::RequestBuilder {
        let (method, path) = line.split_once(' ').unwrap();
        let url = format!("{}{path}", self.running.base_url());
        self.client.request(method.parse().unwrap(), url).header("Authorization", USER)
    }

    /// Sends `POST /instances` and the like.
    async fn call(&self, line: &str, body: impl Into<Option<Value>>) -> Reply {
        read(self.request_with(line, body.into()).send().await.unwrap()).await
    }

    fn request_with(&self, line: &str, body: Option<Value>) -> reqwest::RequestBuilder {
        match body {
            None => self.request(line),
            Some(body) => {
                self.request(line).header("Content-Type", "application/json").body(body.to_string())
            }
        }
    }

    async fn create(&self, name: &str) -> Reply {
        let reply = self.call("POST /instances", freshdesk(name)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply
    }

    /// Calls each line; the answer must have the status and contain the JSON (`contains`).
    async fn check(&self, cases: &[(&str, Value, u16, Value)]) {
        for (line, body, status, expected) in cases {
            let reply = self.call(line, Some(body.clone()).filter(|body| !body.is_null())).await;
            assert_eq!(reply.status, *status, "{line} {body} answered {}", reply.body);
            assert!(contains(&reply.body, expected), "{line}: {expected} is not in {}", reply.body);
        }
    }
}

async fn read(response: reqwest::Response) -> Reply {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Reply { status, headers, body }
}

fn freshdesk(name: &str) -> Value {
    json!({
        "element": { "key": "freshdesk" },
        "name": name,
        "configuration": { "username": "ops@example.com", "password": "s3cret", "subdomain": "acme" },
    })
}

/// Whether all of `expected` is in `found`: objects may have more fields; a text may be part of a longer one.
fn contains(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(key, value)| contains(found.get(key).unwrap_or(&json!("(nothing)")), value))
        }
        (Value::Array(found), Value::Array(expected)) if expected.iter().any(Value::is_object) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(one, other)| contains(one, other))
        }
        (Value::String(found), Value::String(expected)) => found.contains(expected.as_str()),
        _ => found == expected,
    }
}
