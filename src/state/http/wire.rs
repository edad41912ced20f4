//! The requests of Terraform's protocol for states.
//!
//! | what | request | answers |
//! | --- | --- | --- |
//! | read | `GET address` | 200 with the document; 404 or 204: there is none |
//! | write | `POST address?ID=lock` with the document and its `Content-MD5` | 2xx; 409, 412, 423: the lock is another's |
//! | remove | `DELETE address?ID=lock` | 2xx, 404 |
//! | lock | `LOCK lock_address` with the lock | 2xx; 409 or 423 with the lock that is held |
//! | unlock | `UNLOCK unlock_address` with the lock | 2xx |

use crate::http::{CallError, Client, ClientOptions, Method, Repeat, Request};
use crate::state::{Holder, StoreError};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A state with a long history is one large answer.
const BODY_LIMIT: usize = 1 << 30;

/// Where the server is, and how it is asked; the defaults are Terraform's.
#[derive(Clone)]
pub struct HttpSettings {
    pub address: String,
    /// What stands in the addresses for the name of a workspace. `None`: there is only one state.
    pub workspaces: Option<String>,
    pub update_method: String,
    /// Without one, nothing is locked.
    pub lock_address: Option<String>,
    pub lock_method: String,
    /// By default where the lock is.
    pub unlock_address: Option<String>,
    pub unlock_method: String,
    pub username: Option<String>,
    pub password: Option<String>,
    /// Whether the server's certificate is believed unseen.
    pub skip_cert_verification: bool,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    pub retry_max: u32,
    pub retry_wait_min: Duration,
    pub retry_wait_max: Duration,
}

impl HttpSettings {
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            workspaces: None,
            update_method: "POST".into(),
            lock_address: None,
            lock_method: "LOCK".into(),
            unlock_address: None,
            unlock_method: "UNLOCK".into(),
            username: None,
            password: None,
            skip_cert_verification: false,
            ca_file: None,
            retry_max: 2,
            retry_wait_min: Duration::from_secs(1),
            retry_wait_max: Duration::from_secs(30),
        }
    }
}

impl HttpSettings {
    /// The same for one workspace, whose name needs no escaping.
    fn of(&self, workspace: &str) -> Self {
        let Some(mark) = &self.workspaces else { return self.clone() };
        let named = |address: &String| address.replace(mark, workspace);
        Self {
            address: named(&self.address),
            lock_address: self.lock_address.as_ref().map(named),
            unlock_address: self.unlock_address.as_ref().map(named),
            ..self.clone()
        }
    }
}

/// Says nothing of the password.
impl std::fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&place(&self.address))
    }
}

/// A lock as the protocol has it. `Info` is ours: it holds what the other fields have no place for.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct LockText {
    #[serde(rename = "ID")]
    id: String,
    operation: String,
    info: String,
    who: String,
    version: String,
    created: String,
    path: String,
}

/// How asking for the lock ended.
pub(super) enum Locking {
    Got,
    /// The id and the holder of the lock that is held.
    Held(String, Holder),
}

/// What a request carries, and its MD5 in base64.
pub(super) struct Body {
    pub bytes: Vec<u8>,
    pub sum: String,
}

impl Body {
    fn new(bytes: Vec<u8>) -> Self {
        let sum = BASE64_STANDARD.encode(Md5::digest(&bytes));
        Self { bytes, sum }
    }
}

/// Speaks with the server.
#[derive(Clone)]
pub(super) struct Wire {
    settings: HttpSettings,
    client: Client,
}

impl Wire {
    pub fn new(settings: HttpSettings) -> Result<Self, StoreError> {
        let options = ClientOptions {
            ca_file: settings.ca_file.clone(),
            believe_any_certificate: settings.skip_cert_verification,
            body_limit: BODY_LIMIT,
            repeats: settings.retry_max,
            repeat_within: settings.retry_wait_max * settings.retry_max.max(1),
            back_off: settings.retry_wait_min,
            max_back_off: settings.retry_wait_max,
            ..ClientOptions::default()
        };
        let client = Client::new(options)
            .map_err(|error| unusable(&settings, io::ErrorKind::InvalidInput, error.to_string()))?;
        Ok(Self { settings, client })
    }

    /// The same for the state of one workspace.
    pub fn of(&self, workspace: &str) -> Self {
        Self { settings: self.settings.of(workspace), client: self.client.clone() }
    }

    pub fn has_workspaces(&self) -> bool {
        self.settings.workspaces.is_some()
    }

    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    pub fn locks(&self) -> bool {
        self.settings.lock_address.is_some()
    }

    /// The address without what may be secret.
    pub fn place(&self) -> String {
        place(&self.settings.address)
    }

    pub async fn get(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.send("GET", &self.settings.address, None).await {
            Ok(body) => Ok(Some(body).filter(|body| !body.is_empty())),
            Err(CallError::Rejected { status: 404, .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    pub async fn post(&self, document: Body, lock: Option<&str>) -> Result<(), StoreError> {
        let (method, address) = (&self.settings.update_method, with_id(&self.settings.address, lock));
        self.send(method, &address, Some(document)).await.map(drop).map_err(|error| self.refused(error))
    }

    pub async fn delete(&self, lock: Option<&str>) -> Result<(), StoreError> {
        match self.send("DELETE", &with_id(&self.settings.address, lock), None).await {
            Ok(_) | Err(CallError::Rejected { status: 404, .. }) => Ok(()),
            Err(error) => Err(self.refused(error)),
        }
    }

    pub async fn lock(&self, id: &str, holder: &Holder) -> Result<Locking, StoreError> {
        let Some(address) = &self.settings.lock_address else { return Ok(Locking::Got) };
        let text = LockText::of(id, holder, &self.place()).to_body();
        match self.send(&self.settings.lock_method, address, Some(text)).await {
            Ok(_) => Ok(Locking::Got),
            Err(CallError::Rejected { status: 409 | 423, body, .. }) => {
                let held: LockText = serde_json::from_slice(&body).unwrap_or_default();
                // Ours, by an earlier try whose answer was lost.
                if held.id == id {
                    Ok(Locking::Got)
                } else {
                    Ok(Locking::Held(held.id.clone(), held.holder()))
                }
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    pub async fn unlock(&self, id: &str, holder: &Holder) -> Result<(), StoreError> {
        let Some(address) = self.settings.unlock_address.as_ref().or(self.settings.lock_address.as_ref())
        else {
            return Ok(());
        };
        let text = LockText::of(id, holder, &self.place()).to_body();
        let sent = self.send(&self.settings.unlock_method, address, Some(text)).await;
        sent.map(drop).map_err(|error| self.failed(error))
    }

    async fn send(&self, method: &str, address: &str, body: Option<Body>) -> Result<Vec<u8>, CallError> {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST);
        // Everything here may be sent twice: a second lock with the same id, and a second write of the same document, change nothing.
        let mut request = Request::new(method, address, Repeat::Idempotent);
        let HttpSettings { username, password, .. } = &self.settings;
        if let Some(username) = username {
            let pair = format!("{username}:{}", password.as_deref().unwrap_or_default());
            let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
            request.headers.push(("Authorization".to_owned(), basic));
        }
        if let Some(body) = body {
            request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
            request.headers.push(("Content-MD5".to_owned(), body.sum));
            request.body = Some(body.bytes);
        }
        self.client.send(&request).await.map(|response| response.body)
    }

    /// Why a write was refused: a lock that is not ours any more is something else than a server that is not well.
    fn refused(&self, error: CallError) -> StoreError {
        match error {
            CallError::Rejected { status: 409 | 412 | 423, .. } => StoreError::Fenced,
            error => self.failed(error),
        }
    }

    fn failed(&self, error: CallError) -> StoreError {
        let kind = match error.status() {
            Some(401 | 403) => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        unusable(&self.settings, kind, error.to_string())
    }
}

fn unusable(settings: &HttpSettings, kind: io::ErrorKind, problem: String) -> StoreError {
    let what = format!("the state at {} cannot be used", place(&settings.address));
    StoreError::io(what, io::Error::new(kind, problem))
}

/// The address without user, password and query, any of which may be secret.
fn place(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    match address.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
        }
        None => address.to_owned(),
    }
}

fn with_id(address: &str, lock: Option<&str>) -> String {
    let Some(id) = lock else { return address.to_owned() };
    let join = if address.contains('?') { '&' } else { '?' };
    format!("{address}{join}ID={id}")
}

impl LockText {
    fn of(id: &str, holder: &Holder, path: &str) -> Self {
        let created = jiff::Timestamp::from_second(holder.since).unwrap_or_default();
        Self {
            id: id.to_owned(),
            operation: holder.command.clone(),
            info: serde_json::to_string(holder).unwrap_or_default(),
            who: format!("{}@{}", holder.user, holder.host),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: created.to_string(),
            path: path.to_owned(),
        }
    }

    fn to_body(&self) -> Body {
        Body::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Who holds it: one of us, or what the fields say of another program.
    fn holder(&self) -> Holder {
        if let Ok(holder) = serde_json::from_str(&self.info) {
            return holder;
        }
        let unknown = Holder::unknown();
        let (user, host) = self.who.split_once('@').unwrap_or((&self.who, &unknown.host));
        let since: Option<jiff::Timestamp> = self.created.parse().ok();
        Holder {
            id: self.id.clone(),
            user: user.to_owned(),
            host: host.to_owned(),
            command: self.operation.clone(),
            since: since.map_or(0, |since| since.as_second()),
            ..unknown
        }
    }
}
