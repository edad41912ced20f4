//! States on a web server: a small one plays GitLab's side, in memory, on a thread of its own.

use super::*;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::Digest;
use std::collections::HashMap;
use std::sync::Mutex;

/// What the server holds, and how it behaves.
#[derive(Default)]
struct Server {
    document: Option<Vec<u8>>,
    /// The lock that is held, as it was asked for.
    lock: Option<serde_json::Value>,
    /// Methods of all requests.
    asked: Vec<String>,
    /// How many writes are done and then refused, as when an answer is lost and the same version comes again.
    lies: usize,
}

type Handle = Arc<Mutex<Server>>;

/// A server, and who comes to it.
struct Web {
    server: Handle,
    address: String,
}

fn held(server: &Handle) -> std::sync::MutexGuard<'_, Server> {
    server.lock().unwrap()
}

async fn answer(
    Shared(server): Shared<Handle>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut server = held(&server);
    server.asked.push(method.to_string());
    if headers.get("authorization").is_none_or(|given| given != "Basic YW5uOnMzY3IzdC1wYXNzd29yZA==") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let is_mine = |lock: &Option<serde_json::Value>| {
        lock.as_ref().map(|lock| lock["ID"].as_str().unwrap().to_owned()) == query.get("ID").cloned()
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
    let asked: serde_json::Value = serde_json::from_slice(body).unwrap();
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
    fn start() -> Self {
        let server = Handle::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/state/team?x=1", listener.local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        let app = Router::new().fallback(answer).with_state(server.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await.unwrap();
            });
        });
        Self { server, address }
    }

    fn settings(&self) -> HttpSettings {
        HttpSettings {
            lock_address: Some(self.address.clone()),
            username: Some("ann".into()),
            password: Some("s3cr3t-password".into()),
            retry_wait_min: Duration::from_millis(1),
            ..HttpSettings::new(&self.address)
        }
    }

    fn backend(&self) -> HttpBackend {
        HttpBackend::new(self.settings()).unwrap()
    }

    fn open(&self) -> Box<dyn Store> {
        self.backend().open("default")
    }

    fn damage(&self, key: &str) {
        let mut server = held(&self.server);
        let mut document: serde_json::Value =
            serde_json::from_slice(server.document.as_ref().unwrap()).unwrap();
        let at = format!("{{\"at\":\"{key}\"");
        for line in document["log"].as_array_mut().unwrap() {
            let text = line.as_str().unwrap();
            if text.contains(&at) {
                *line = text.replacen("\"is\":", "\"iz\":", 1).into();
            }
        }
        server.document = Some(document.to_string().into_bytes());
    }
}

pub(super) fn stores() -> Stores {
    let web = std::rc::Rc::new(Web::start());
    let damaged = web.clone();
    Stores { open: Box::new(move || web.open()), damage: Box::new(move |key| damaged.damage(key)) }
}

async fn commit(web: &Web, name: &str) -> u64 {
    let mut writer = web.open().lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap()
}

#[tokio::test]
async fn a_commit_sends_the_whole_document_under_the_lock() {
    let web = Web::start();
    commit(&web, "a").await;
    assert_eq!(held(&web.server).asked, ["LOCK", "GET", "POST", "UNLOCK"]);
    let document: serde_json::Value =
        serde_json::from_slice(held(&web.server).document.as_ref().unwrap()).unwrap();
    assert_eq!(document["serial"], 1, "servers keep their versions by it");
    assert!(document["lineage"].is_string());
}

#[tokio::test]
async fn a_write_that_arrived_counts_whatever_was_answered() {
    let web = Web::start();
    commit(&web, "a").await;
    held(&web.server).lies = 1;
    assert_eq!(commit(&web, "b").await, 2);
    assert_eq!(names(&web.open().snapshot().await.unwrap()), ["instance.a", "instance.b"]);
}

#[tokio::test]
async fn a_document_of_somebody_else_is_left_alone() {
    let web = Web::start();
    let foreign = br#"{"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"x","resources":[]}"#;
    held(&web.server).document = Some(foreign.to_vec());
    let Err(StoreError::Damaged { problem, .. }) = web.open().snapshot().await else { panic!("it was read") };
    assert!(problem.contains("is no state of Isotope's"), "{problem}");
    assert!(web.open().lock(&holder("apply"), NOW).await.is_err());
    assert_eq!(held(&web.server).document.as_deref(), Some(&foreign[..]));
}

#[tokio::test]
async fn a_document_that_lost_its_end_is_damaged() {
    let web = Web::start();
    commit(&web, "a").await;
    commit(&web, "b").await;
    let mut document: serde_json::Value =
        serde_json::from_slice(held(&web.server).document.as_ref().unwrap()).unwrap();
    document["log"].as_array_mut().unwrap().truncate(4);
    held(&web.server).document = Some(document.to_string().into_bytes());
    assert!(matches!(web.open().lock(&holder("apply"), NOW).await, Err(StoreError::Damaged { .. })));
    let rebuilt = web.open().repair(&holder("state restore"), NOW).await.unwrap();
    assert_eq!(rebuilt, Rebuilt::Salvaged { serial: 3, damaged: vec![] });
    assert_eq!(commit(&web, "c").await, 4);
    assert_eq!(names(&web.open().snapshot().await.unwrap()), ["instance.a", "instance.c"]);
}

#[tokio::test]
async fn a_long_history_is_cut() {
    let web = Web::start();
    let open = || web.backend().with_history(5).open("default");
    let mut writer = open().lock(&holder("apply"), NOW).await.unwrap();
    for step in 1..=23 {
        let name = ["a", "b", "c"][step % 3];
        assert_eq!(writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap(), step as u64);
    }
    drop(writer);
    let history: Vec<u64> = open().history().await.unwrap().iter().map(|entry| entry.serial).collect();
    assert!((5..10).contains(&history.len()), "{history:?}");
    assert_eq!(history.last(), Some(&23));
    let past = open().image(Some(history[0])).await.unwrap().unwrap();
    assert_eq!(names(&past.open(None).unwrap()), ["instance.a", "instance.b", "instance.c"]);
    assert!(open().image(Some(1)).await.unwrap().is_none(), "forgotten");
}

#[tokio::test]
async fn what_is_wrong_is_said_without_the_password() {
    let web = Web::start();
    let wrong = HttpSettings { password: Some("0ther-passw0rd".into()), ..web.settings() };
    let error = HttpBackend::new(wrong).unwrap().open("default").snapshot().await.unwrap_err();
    let said = format!("{error} {error:?} {:?}", web.settings());
    assert!(said.contains("401") && !said.contains("passw"), "{said}");
    let refused = web.backend().create("staging").await.unwrap_err();
    assert!(refused.to_string().contains("no workspace \"staging\""), "{refused}");
}
