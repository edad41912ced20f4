//! States in a bucket of any store that speaks S3 and honours conditional writes.
//!
//! ```text
//! <prefix>/state/default/log/…    an object for each commit        (log.rs)
//! <prefix>/state/default/base/…   a whole state now and then
//! <prefix>/lock/default           who writes, and until when       (lock.rs)
//! ```
//!
//! A commit is one small object that nobody else may have written, so it is whole or nothing and costs what it changes. Readers list
//! and read; they never lock.

mod lock;
mod log;
mod objects;

use super::logged::{HISTORY, LogStore, Shelf};
use super::{Backend, Holder, Store, StoreError, is_workspace_name};
use crate::addr::Name;
use lock::{Connect, LockPlace};
use log::S3Log;
use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use objects::Objects;
use std::sync::Arc;
use std::time::Duration;

/// How long a lock outlives a holder that renews it no more.
const LEASE: Duration = Duration::from_secs(30);

/// Where the bucket is, and who asks. What is not given is taken from the usual variables (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, …), the
/// credentials at last from the machine's or container's own role.
#[derive(Clone, Default)]
pub struct S3Settings {
    pub bucket: String,
    pub prefix: String,
    pub region: Option<String>,
    /// Of another store than Amazon's.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path instead of the host's name; by default where there is an endpoint.
    pub use_path_style: Option<bool>,
    pub access_key: Option<String>,
    pub secret_key: Option<String>,
    pub token: Option<String>,
    /// A key of AWS's own key management, with which the store encrypts what rests there.
    pub kms_key_id: Option<String>,
    pub lease: Option<Duration>,
}

/// Says nothing of the keys.
impl std::fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place())
    }
}

impl S3Settings {
    /// Where the states are, for people.
    pub fn place(&self) -> String {
        let prefix = self.prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        format!("s3://{}{slash}{prefix}", self.bucket)
    }

    fn builder(&self) -> AmazonS3Builder {
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(&self.bucket);
        let given = [
            (AmazonS3ConfigKey::Region, &self.region),
            (AmazonS3ConfigKey::Endpoint, &self.endpoint),
            (AmazonS3ConfigKey::AccessKeyId, &self.access_key),
            (AmazonS3ConfigKey::SecretAccessKey, &self.secret_key),
            (AmazonS3ConfigKey::Token, &self.token),
        ];
        for (key, value) in given {
            if let Some(value) = value {
                builder = builder.with_config(key, value);
            }
        }
        if let Some(path_style) = self.use_path_style {
            builder = builder.with_virtual_hosted_style_request(!path_style);
        }
        match &self.kms_key_id {
            Some(key) => builder.with_sse_kms_encryption(key),
            None => builder,
        }
    }
}

/// States in a bucket.
pub struct S3Backend {
    objects: Objects,
    connect: Connect,
    prefix: Path,
    lease: Duration,
    history: usize,
}

impl S3Backend {
    /// Opens no connection yet.
    pub fn new(settings: &S3Settings) -> Result<Self, StoreError> {
        let (builder, place) = (settings.builder(), settings.place());
        let connect: Connect = Arc::new(move || Objects::connect(builder.clone(), &place));
        Self::with(connect, settings)
    }

    /// The same over another store of objects, which two clients may share: for tests.
    pub fn over(store: Arc<dyn ObjectStore>, settings: &S3Settings) -> Result<Self, StoreError> {
        let place = settings.place();
        Self::with(Arc::new(move || Ok(Objects::new(store.clone(), &place))), settings)
    }

    fn with(connect: Connect, settings: &S3Settings) -> Result<Self, StoreError> {
        let prefix = Path::parse(settings.prefix.trim_matches('/')).map_err(|error| {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, error.to_string());
            StoreError::io(format!("the prefix {:?} cannot be used", settings.prefix), error)
        })?;
        let lease = settings.lease.unwrap_or(LEASE);
        Ok(Self { objects: connect()?, connect, prefix, lease, history: HISTORY })
    }

    /// Keeps at least `serials` commits in the history of each state.
    pub fn with_history(mut self, serials: usize) -> Self {
        self.history = serials.max(1);
        self
    }

    fn log(&self, workspace: &str) -> S3Log {
        let prefix = &self.prefix;
        let path = below(&below(prefix, "lock"), workspace);
        let lock = LockPlace { path, clock: below(prefix, "clock"), lasts: self.lease };
        S3Log {
            objects: self.objects.clone(),
            connect: self.connect.clone(),
            dir: below(&below(prefix, "state"), workspace),
            lock,
            history: self.history,
        }
    }
}

/// A name below a folder, as it is: joining would escape what a workspace's name may have.
fn below(folder: &Path, name: &str) -> Path {
    Path::parse(format!("{folder}/{name}")).unwrap_or_else(|_| folder.clone().join(name))
}

#[async_trait::async_trait]
impl Backend for S3Backend {
    fn place(&self, workspace: &str) -> String {
        self.log(workspace).place()
    }

    async fn workspaces(&self) -> Result<Vec<Name>, StoreError> {
        let found = self.objects.folders(&below(&self.prefix, "state")).await?;
        let mut names: Vec<Name> =
            found.into_iter().filter(|name| is_workspace_name(name)).map(Name::from).collect();
        names.sort();
        Ok(names)
    }

    async fn check(&self) -> Result<(), StoreError> {
        lock::probe(&self.objects, &below(&self.prefix, "clock")).await
    }

    fn open(&self, workspace: &str) -> Box<dyn Store> {
        Box::new(LogStore::new(self.log(workspace)))
    }

    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.objects.put(&self.log(workspace).dir.join("created"), Vec::new()).await
    }

    async fn remove(&self, workspace: &str, holder: &Holder) -> Result<(), StoreError> {
        self.log(workspace).lock(holder, Duration::ZERO).await?.clear().await
    }
}
