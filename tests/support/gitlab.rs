//! A web server that keeps states by Terraform's protocol, one at each path, in memory: it plays GitLab's side, on a thread of its own.

#![allow(dead_code, reason = "each test uses a part of it")]

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::Digest;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// What `ann` has to say.
pub const PASSWORD: &str = "s3cr3t-password";

/// Where the state is that is spoken of if nothing is said.
const TEAM: &str = "/state/team";

/// What the server holds of one state, and how it behaves.
#[derive(Default)]
pub struct Server {
    pub document: Option<Vec<u8>>,
    /// The lock that is held, as it was asked for.
    pub lock: Option<serde_json::Value>,
    /// Methods of all requests.
    pub asked: Vec<String>,
    /// How many writes are done and then refused, as when an answer is lost and the same version comes again.
    pub lies: usize,
}

type Handle = Arc<Mutex<Server>>;
type Handles = Arc<Mutex<HashMap<String, Handle>>>;

/// A server, and who comes to it.
pub struct Web {
    team: Handle,
    all: Handles,
    paths: AtomicU32,
    /// Where the server is.
    pub socket: SocketAddr,
    /// Of the team's state.
    pub address: String,
}

fn held(server: &Handle) -> MutexGuard<'_, Server> {
    server.lock().expect("no request panics")
}

fn at(all: &Handles, path: &str) -> Handle {
    all.lock().expect("no request panics").entry(path.to_owned()).or_default().clone()
}

async fn answer(
    Shared(all): Shared<Handles>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let server = at(&all, request.uri().path());
    // Of a request that was cut off nothing is done.
    let Ok(body) = axum::body::to_bytes(request.into_body(), usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut server = held(&server);
    server.asked.push(method.to_string());
    if headers.get("authorization").is_none_or(|given| given != authorization().as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let is_mine = |lock: &Option<serde_json::Value>| {
        lock.as_ref().map(|lock| lock["ID"].as_str().expect("a sound request").to_owned())
            == query.get("ID").cloned()
    };
    match method {
        Method::GET => match &server.document {
            Some(document) => document.clone().into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        },
        Method::POST if !is_mine(&server.lock) => StatusCode::CONFLICT.into_response(),
        Method::POST => {
            check_whole(&headers, &body);
            server.document = Some(body.into());
            let lies = server.lies > 0;
            server.lies = server.lies.saturating_sub(1);
            if lies { StatusCode::CONFLICT.into_response() } else { StatusCode::OK.into_response() }
        }
        Method::DELETE if !is_mine(&server.lock) => StatusCode::CONFLICT.into_response(),
        Method::DELETE => {
            server.document = None;
            StatusCode::OK.into_response()
        }
        _ => lock_or_unlock(method.as_str(), &body, &mut server),
    }
}

fn lock_or_unlock(method: &str, body: &Bytes, server: &mut Server) -> Response {
    let asked: serde_json::Value = serde_json::from_slice(body).expect("a sound request");
    for field in ["ID", "Operation", "Info", "Who", "Version", "Created", "Path"] {
        assert!(asked[field].is_string(), "GitLab requires `{field}`: {asked}");
    }
    match (method, &server.lock) {
        ("LOCK", Some(lock)) => (StatusCode::CONFLICT, lock.to_string()).into_response(),
        ("LOCK", None) => {
            server.lock = Some(asked);
            StatusCode::OK.into_response()
        }
        ("UNLOCK", Some(lock)) if lock["ID"] == asked["ID"] => {
            server.lock = None;
            StatusCode::OK.into_response()
        }
        ("UNLOCK", _) => StatusCode::CONFLICT.into_response(),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

fn check_whole(headers: &HeaderMap, body: &Bytes) {
    let sum = BASE64_STANDARD.encode(md5::Md5::digest(body));
    assert_eq!(headers["content-md5"], sum.as_str());
    assert_eq!(headers["content-type"], "application/json");
}

impl Web {
    pub fn start() -> Self {
        let all = Handles::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let socket = listener.local_addr().expect("it is bound");
        listener.set_nonblocking(true).expect("a sound socket");
        let app = Router::new().fallback(answer).with_state(all.clone());
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a sound request");
            runtime.block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener).expect("a sound request"), app)
                    .await
                    .expect("a sound request");
            });
        });
        let address = format!("http://{socket}{TEAM}?x=1");
        Self { team: at(&all, TEAM), all, paths: AtomicU32::new(0), socket, address }
    }

    /// What the server holds of the team's state now.
    pub fn held(&self) -> MutexGuard<'_, Server> {
        held(&self.team)
    }

    /// A path where nobody has kept a state yet.
    pub fn path(&self) -> String {
        format!("/state/{}", self.paths.fetch_add(1, Ordering::Relaxed))
    }

    /// The lock that is held at a path, as it was asked for.
    pub fn lock_at(&self, path: &str) -> Option<serde_json::Value> {
        held(&at(&self.all, path)).lock.clone()
    }
}

fn authorization() -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("ann:{PASSWORD}")))
}
