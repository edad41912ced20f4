//! Connections: how one is made, with TLS as the connection string asks, and what a failure of it means.

use super::sql::{MAKING, SETUP, Sql};
use super::{Address, SettingsError};
use crate::state::StoreError;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A peer that is gone is noticed after so long without an answer.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Where the database is, and how it is talked to.
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    place: String,
    pub sql: Sql,
    /// A connection that nobody uses now.
    idle: Mutex<Option<Session>>,
}

/// A connection with what is asked over it.
pub(super) struct Session {
    client: Client,
    place: String,
    woken: Arc<Notify>,
    /// What was prepared, by its text.
    statements: HashMap<String, Statement>,
}

pub(super) type Param<'a> = &'a (dyn ToSql + Sync);

impl Connector {
    pub fn new(address: Address, ca_file: Option<&Path>) -> Result<Self, SettingsError> {
        let tls = MakeRustlsConnect::new(tls(ca_file)?);
        let place = address.to_string();
        let sql = Sql::new(&address.schema);
        Ok(Self { config: prepared(address.config), tls, place, sql, idle: Mutex::default() })
    }

    /// Which schema on which machine, without what is secret.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A connection that is free, or a new one.
    pub async fn session(&self) -> Result<Session, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        match idle.filter(|session| !session.client.is_closed()) {
            Some(session) => Ok(session),
            None => self.connect().await,
        }
    }

    /// Keeps a connection for the next who needs one.
    pub fn keep(&self, session: Session) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }

    pub async fn connect(&self) -> Result<Session, StoreError> {
        let place = self.place.clone();
        let failed = |error| broken(&place, "cannot connect", &error);
        let (client, mut connection) = self.config.connect(self.tls.clone()).await.map_err(failed)?;
        let woken = Arc::new(Notify::new());
        let waker = woken.clone();
        // It ends with the client; what went wrong is told to whoever asks next.
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(_) = message {
                    waker.notify_one();
                }
            }
        });
        let session = Session { client, place, woken, statements: HashMap::new() };
        session.batch(SETUP).await?;
        Ok(session)
    }
}

fn prepared(mut config: Config) -> Config {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("isotope");
    }
    config.keepalives(true).keepalives_idle(KEEPALIVE).tcp_user_timeout(KEEPALIVE);
    config
}

fn tls(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, SettingsError> {
    let unusable = |problem: String| SettingsError::Certificates {
        path: ca_file.map_or("this machine".to_owned(), |path| path.display().to_string()),
        problem,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| unusable(error.to_string()))?;
    let Some(path) = ca_file else {
        use rustls_platform_verifier::BuilderVerifierExt;
        let builder = builder.with_platform_verifier().map_err(|error| unusable(error.to_string()))?;
        return Ok(builder.with_no_client_auth());
    };
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is none in it".to_owned()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

impl Session {
    /// Asks; what is asked again is prepared once.
    pub async fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        let place = self.place.clone();
        let failed = |error| broken(&place, "cannot ask", &error);
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(sql).await.map_err(failed)?;
                self.statements.insert(sql.to_owned(), statement.clone());
                statement
            }
        };
        self.client.query(&statement, params).await.map_err(failed)
    }

    pub async fn one(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    async fn is(&mut self, sql: &str) -> Result<bool, StoreError> {
        Ok(self.one(sql, &[]).await?.is_some_and(|row| row.get(0)))
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Something that gives nothing back.
    pub async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(|error| broken(&self.place, "cannot ask", &error))
    }

    pub async fn has_tables(&mut self, sql: &Sql) -> Result<bool, StoreError> {
        self.is(&sql.has_tables).await
    }

    /// Makes the tables, unless they are there.
    pub async fn make_tables(&mut self, sql: &Sql) -> Result<(), StoreError> {
        if self.has_tables(sql).await? {
            return Ok(());
        }
        // Making a schema needs a right that the owner of one that is there may not have.
        let schema = if self.is(&sql.has_schema).await? { "" } else { &sql.make_schema };
        let place = self.place.clone();
        let failed = |error| broken(&place, "cannot make the tables", &error);
        let transaction = self.client.transaction().await.map_err(failed)?;
        transaction.query(MAKING, &[&sql.schema]).await.map_err(failed)?;
        transaction.batch_execute(&format!("{schema};{}", sql.tables)).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// All that is read from here to [`Self::end_reading`] is of one moment.
    pub async fn begin_reading(&self) -> Result<(), StoreError> {
        self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    pub async fn end_reading(&self) -> Result<(), StoreError> {
        self.batch("COMMIT").await
    }

    /// Returns when somebody let go of a lock that this session listens for, or after `at_most`.
    pub async fn woken(&self, at_most: Duration) {
        drop(tokio::time::timeout(at_most, self.woken.notified()).await);
    }
}

/// A failure as the callers know it. What the server refused is no matter of the connection: it is not tried again.
fn broken(place: &str, what: &str, error: &tokio_postgres::Error) -> StoreError {
    // 57P: it was ended or is about to start; 08: the connection; 53300: there are too many.
    let passing = |code: &str| code.starts_with("57P") || code.starts_with("08") || code == "53300";
    let kind = match error.as_db_error() {
        Some(refusal) if !passing(refusal.code().code()) => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::ConnectionAborted,
    };
    StoreError::io(format!("{place}: {what}"), io::Error::new(kind, told(error)))
}

fn told(error: &tokio_postgres::Error) -> String {
    let cause = cause(error);
    match cause.as_str() {
        "password missing" => format!("{cause}; `PGPASSWORD` gives it"),
        _ => cause,
    }
}

/// Whether the connection failed, so that another one may do.
pub(super) fn is_lost(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { source, .. } if source.kind() == io::ErrorKind::ConnectionAborted)
}

/// The innermost message: the outer ones say only that there is one.
pub(super) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
