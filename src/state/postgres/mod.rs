//! States in PostgreSQL: a row for each row of the state, one transaction for each commit, intents included.
//!
//! | table | holds |
//! | --- | --- |
//! | `states` | one row a workspace: lineage, serial, chain, how many rows; who holds the lock, and its `fence`, which rises with each lock given |
//! | `rows` | key → line, as every store has them |
//! | `commits` | the history: who, when, what |
//! | `undo` | what a commit's rows were before it, so that every serial that is kept can be had again |
//!
//! **The lock** is a lease with a heartbeat *and* an advisory lock of the session. A lease that has run out says that the holder is frozen or
//! cut off; an advisory lock that is free, that its session has ended: killed, most likely, so that after a moment in which it could
//! have come back its lock is given to another. Either raises the fence, and a commit states its fence: who was thought dead
//! and is not can write nothing more.
//!
//! **A connection that drops** is made again in the middle of an apply. A commit whose end was lost with it is looked for by serial
//! and chain, and sent again only if it is not there.

mod address;
mod connection;
mod lease;
mod sql;
mod store;
mod writer;

use super::{Holder, Store, StoreError, background, is_workspace_name};
use crate::addr::Name;
pub use address::Address;
use connection::Connector;
use lease::{Lease, Terms};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::PostgresStore;

/// How long a lock lasts that is not renewed.
const LEASE: Duration = Duration::from_secs(30);
const HISTORY: usize = 100;

/// A schema of a database, with a state for each workspace.
pub struct PostgresBackend {
    connector: Arc<Connector>,
    history: usize,
    lease: Duration,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the connection string is not understood: {0}")]
    ConnStr(String),
    #[error("{0:?} is no name of a schema: letters, digits and underscores, at most 63")]
    Schema(String),
    #[error("the certificates of {path} cannot be used: {problem}")]
    Certificates { path: String, problem: String },
}

impl PostgresBackend {
    /// Connects to nothing yet. `ca_file` has the certificates that vouch for the server; without it, this machine's do.
    pub fn new(address: Address, ca_file: Option<&Path>) -> Result<Self, SettingsError> {
        let connector = Connector::new(address, ca_file)?;
        Ok(Self { connector: Arc::new(connector), history: HISTORY, lease: LEASE })
    }

    /// Keeps `serials` commits in the history of each state.
    pub fn with_history(mut self, serials: usize) -> Self {
        self.history = serials.max(1);
        self
    }

    /// How long a lock lasts that is not renewed (30 s).
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    fn terms(&self, workspace: &str) -> Terms {
        Terms { connector: self.connector.clone(), workspace: workspace.to_owned(), lasts: self.lease }
    }
}

#[async_trait::async_trait]
impl super::Backend for PostgresBackend {
    fn place(&self, workspace: &str) -> String {
        format!("{} ({workspace})", self.connector.place())
    }

    async fn workspaces(&self) -> Result<Vec<Name>, StoreError> {
        let connector = self.connector.clone();
        let found = background::run(async move {
            let mut session = connector.session().await?;
            if !session.has_tables(&connector.sql).await? {
                return Ok(Vec::new());
            }
            let rows = session.query(&connector.sql.workspaces, &[]).await?;
            connector.keep(session);
            Ok(rows.iter().map(|row| row.get::<_, String>(0)).collect())
        });
        let found: Vec<String> = found.await?;
        Ok(found.into_iter().filter(|name| is_workspace_name(name)).map(Name::from).collect())
    }

    fn open(&self, workspace: &str) -> Box<dyn Store> {
        Box::new(PostgresStore::new(self.terms(workspace), self.history))
    }

    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        let (connector, workspace) = (self.connector.clone(), workspace.to_owned());
        background::run(async move {
            let mut session = connector.session().await?;
            session.make_tables(&connector.sql).await?;
            session.query(&connector.sql.create, &[&workspace]).await?;
            connector.keep(session);
            Ok(())
        })
        .await
    }

    async fn remove(&self, workspace: &str, holder: &Holder) -> Result<(), StoreError> {
        Lease::take(self.terms(workspace), holder, Duration::ZERO).await?.remove().await
    }
}
