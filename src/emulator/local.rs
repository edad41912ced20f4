//! The emulator without a connection: requests are handed over and answered inside the process.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Request as HttpRequest;
use serde_json::Value;

use super::fault::Lateness;
use super::instances;
use super::log::Call;
use super::request::Request;
use super::serve::{self, Shared};
use super::world::LoadError;
use super::{Options, StartError};

/// An emulator that listens nowhere. Clones share it.
#[derive(Clone)]
pub struct Local(Arc<Shared>);

/// What the emulator answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Local {
    /// Opens the data; [`Options::listen`] is not looked at.
    pub fn open(options: &Options) -> Result<Self, StartError> {
        Shared::open(options).map(|shared| Self(Arc::new(shared)))
    }

    /// Answers one request to an address that begins with [`super::BASE_PATH`]; `None` if a fault drops it.
    pub async fn call(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Option<Reply> {
        let mut builder = HttpRequest::builder().method(method).uri(target);
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let (parts, ()) = builder.body(()).ok()?.into_parts();
        let response = serve::answer_here(&self.0, &Request::new(&parts, Bytes::from(body))).await?;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Some(Reply {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: body.to_vec(),
        })
    }

    /// Returns the last requests in the order they came, as many as [`Options::record`] asked for.
    pub fn log(&self) -> Vec<Call> {
        self.0.log()
    }

    /// Returns all objects, as [`super::Running::dump`] does.
    pub fn dump(&self) -> Value {
        self.0.world().dump()
    }

    /// Returns what a dump shows of a secret entry of an instance.
    pub fn digest(&self, id: u64, entry: &str, secret: &str) -> String {
        self.0.world().settings.keyed.digest(id, entry, secret)
    }

    /// Keeps an instance out of lists for a while.
    pub fn hide(&self, id: u64, time: Duration) {
        self.0.world().hide((instances::NAME, id), Lateness::Time(time));
    }

    /// Adds objects, as [`super::Running::load`] does.
    pub fn load(&self, objects: &Value) -> Result<(), LoadError> {
        self.0.world().load(objects)
    }
}
