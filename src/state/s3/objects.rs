//! The door to the object store: whole small objects, written on conditions. The only place that knows `object_store`.
//!
//! A condition that fails may have failed because of our own earlier try, whose answer was lost: who writes puts something of its own into
//! what it writes, and reads back.

use crate::state::StoreError;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig,
    UpdateVersion,
};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How many small objects are read or deleted side by side.
const SIDE_BY_SIDE: usize = 32;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one request is repeated.
const PATIENCE: Duration = Duration::from_secs(15);

/// A bucket, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Where it is, for people.
    place: Arc<str>,
}

/// An object that was read.
pub(super) struct Object {
    pub text: Vec<u8>,
    pub version: UpdateVersion,
    /// Seconds since 1970, by the server's clock.
    pub modified: i64,
}

impl Objects {
    pub fn new(store: Arc<dyn ObjectStore>, place: &str) -> Self {
        Self { store, place: place.into() }
    }

    /// Opens no connection yet.
    pub fn connect(builder: AmazonS3Builder, place: &str) -> Result<Self, StoreError> {
        crate::http::ready_tls();
        let options = ClientOptions::new()
            .with_allow_http(true)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_timeout(ANSWER_TIMEOUT);
        let retry = RetryConfig { max_retries: 5, retry_timeout: PATIENCE, ..RetryConfig::default() };
        let store = builder
            .with_client_options(options)
            .with_retry(retry)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            // Not every server that speaks S3 deletes many at once.
            .with_disable_bulk_delete(true)
            .build();
        let store = store.map_err(|error| failed(place, "cannot be used", &error))?;
        Ok(Self::new(Arc::new(store), place))
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub async fn get(&self, path: &Path) -> Result<Option<Object>, StoreError> {
        let read = async {
            let got = self.store.get(path).await?;
            let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            let modified = got.meta.last_modified.timestamp();
            Ok(Object { text: got.bytes().await?.into(), version, modified })
        };
        match read.await {
            Ok(object) => Ok(Some(object)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("cannot be read", &error)),
        }
    }

    /// Reads many objects, in their order; `None` for those that are not there.
    pub async fn get_all(&self, paths: Vec<Path>) -> Result<Vec<Option<Object>>, StoreError> {
        let reading = paths.into_iter().map(|path| async move { self.get(&path).await });
        futures_util::stream::iter(reading).buffered(SIDE_BY_SIDE).try_collect().await
    }

    pub async fn put(&self, path: &Path, text: Vec<u8>) -> Result<(), StoreError> {
        self.put_if(path, text, PutMode::Overwrite).await.map(drop)
    }

    /// Writes an object that must not be there yet; `None` if it is.
    pub async fn put_new(&self, path: &Path, text: Vec<u8>) -> Result<Option<UpdateVersion>, StoreError> {
        self.put_if(path, text, PutMode::Create).await
    }

    /// Writes over an object that must be the one that was read; `None` if it is not.
    pub async fn put_over(
        &self,
        path: &Path,
        text: Vec<u8>,
        version: UpdateVersion,
    ) -> Result<Option<UpdateVersion>, StoreError> {
        self.put_if(path, text, PutMode::Update(version)).await
    }

    async fn put_if(
        &self,
        path: &Path,
        text: Vec<u8>,
        mode: PutMode,
    ) -> Result<Option<UpdateVersion>, StoreError> {
        let options = PutOptions::from(mode);
        match self.store.put_opts(path, PutPayload::from(text), options).await {
            Ok(put) => Ok(Some(put.into())),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(None),
            Err(error) => Err(self.failed("cannot be written", &error)),
        }
    }

    /// The names of all objects below `prefix`, in order.
    pub async fn list(&self, prefix: &Path) -> Result<Vec<Path>, StoreError> {
        let listed: Result<Vec<_>, _> =
            self.store.list(Some(prefix)).map_ok(|meta| meta.location).try_collect().await;
        let mut found = listed.map_err(|error| self.failed("cannot be listed", &error))?;
        found.sort();
        Ok(found)
    }

    /// The names right below `prefix` that have objects below them.
    pub async fn folders(&self, prefix: &Path) -> Result<Vec<String>, StoreError> {
        let listed = self.store.list_with_delimiter(Some(prefix)).await;
        let listed = listed.map_err(|error| self.failed("cannot be listed", &error))?;
        Ok(listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    /// Deletes objects; those that are gone already are no error.
    pub async fn delete(&self, paths: Vec<Path>) -> Result<(), StoreError> {
        let deleting = paths.into_iter().map(|path| async move {
            match self.store.delete(&path).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(self.failed("cannot be cleared", &error)),
            }
        });
        futures_util::stream::iter(deleting).buffer_unordered(SIDE_BY_SIDE).try_collect().await
    }

    fn failed(&self, what: &str, error: &Error) -> StoreError {
        failed(&self.place, what, error)
    }
}

fn failed(place: &str, what: &str, error: &Error) -> StoreError {
    let kind = match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
        Error::NotSupported { .. } | Error::NotImplemented { .. } => io::ErrorKind::Unsupported,
        _ => io::ErrorKind::Other,
    };
    StoreError::io(format!("the state at {place} {what}"), io::Error::new(kind, said(error)))
}

/// What the server or the network said: the outer errors say only that they met one.
fn said(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
