//! A server that answers what the test says, in order, and writes down what it was asked.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Status, headers and body of an answer.
pub(super) type Canned = (u16, Vec<(&'static str, &'static str)>, String);

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Canned>>>,
    asked: Arc<Mutex<Vec<String>>>,
    authorization: Arc<Mutex<Option<String>>>,
}

pub(super) struct Server {
    pub(super) url: String,
    script: Script,
}

impl Server {
    pub(super) async fn new(answers: impl IntoIterator<Item = Canned>) -> Self {
        let script = Script::default();
        script.answers.lock().unwrap().extend(answers);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// What was asked: `PATCH /elements/api-v2/instances/1 {"name":"x"}`.
    pub(super) fn asked(&self) -> Vec<String> {
        self.script.asked.lock().unwrap().clone()
    }

    /// The header of the last request.
    pub(super) fn authorization(&self) -> Option<String> {
        self.script.authorization.lock().unwrap().clone()
    }
}

pub(super) fn ok(body: &str) -> Canned {
    (200, Vec::new(), body.to_owned())
}

pub(super) fn refuse(status: u16, body: &str) -> Canned {
    (status, Vec::new(), body.to_owned())
}

async fn answer(State(script): State<Script>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let asked = format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    script.asked.lock().unwrap().push(asked.trim().to_owned());
    let authorization = parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    *script.authorization.lock().unwrap() = authorization;
    let canned = script.answers.lock().unwrap().pop_front();
    let (status, headers, body) = canned.unwrap_or((418, Vec::new(), "nothing left to say".to_owned()));
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}
