//! One workspace's state: reading it and its past.

use super::connection::{Connector, Session, is_lost};
use super::lease::{Lease, Terms};
use super::writer::PostgresWriter;
use crate::secret::{KeySlot, Sealer, random_hex};
use crate::state::format::FORMAT;
use crate::state::history::Entry;
use crate::state::ledger::{Chain, Ledger};
use crate::state::rows::{self, Rows};
use crate::state::{
    Holder, Image, Rebuilt, Stamp, State, StateVersion, Store, StoreError, Writer, background,
};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_postgres::Row;

pub(super) type SharedSealer = Arc<RwLock<Option<Arc<Sealer>>>>;

pub(super) struct PostgresStore {
    terms: Terms,
    history: usize,
    /// The lineage of a state that is yet to be written.
    fresh: Arc<str>,
    sealer: SharedSealer,
}

/// What the tables hold of one state.
#[derive(Clone)]
struct Loaded {
    version: StateVersion,
    chain: Chain,
    rows: Rows,
    stamp: Option<Stamp>,
    /// How many rows there should be.
    counted: usize,
}

impl Loaded {
    fn empty(lineage: &Arc<str>) -> Self {
        let version = StateVersion { lineage: lineage.clone(), serial: 0 };
        let chain = Chain::start(lineage);
        Self { version, chain, rows: Rows::new(), stamp: None, counted: 0 }
    }

    /// What is wrong with all of it: rows that somebody took out by hand.
    fn problem(&self) -> Option<String> {
        let (found, counted) = (self.rows.len(), self.counted);
        (found != counted).then(|| format!("there are {found} rows in the table, and {counted} were written"))
    }

    fn damaged(&self) -> BTreeMap<String, String> {
        self.problem().map(|problem| ("the table of rows".to_owned(), problem)).into_iter().collect()
    }

    fn into_image(self) -> Image {
        let damaged = self.damaged();
        Image { version: self.version, stamp: self.stamp, damaged, rows: self.rows }
    }
}

/// Reads the state of a workspace.
#[derive(Clone)]
struct Reading {
    connector: Arc<Connector>,
    workspace: String,
    fresh: Arc<str>,
}

impl Reading {
    /// Reads over a connection that was idle; if that has ended, over another.
    async fn load(self, at: Option<u64>) -> Result<Option<Loaded>, StoreError> {
        let mut session = self.connector.session().await?;
        let loaded = match self.read(&mut session, at).await {
            Err(error) if is_lost(&error) => {
                session = self.connector.connect().await?;
                self.read(&mut session, at).await
            }
            loaded => loaded,
        }?;
        self.connector.keep(session);
        Ok(loaded)
    }

    /// The newest commit, or the state after `at`, all of it as of one moment.
    async fn read(&self, session: &mut Session, at: Option<u64>) -> Result<Option<Loaded>, StoreError> {
        if !session.has_tables(&self.connector.sql).await? {
            return Ok(None);
        }
        session.begin_reading().await?;
        let loaded = match at {
            None => self.newest(session).await,
            Some(at) => self.past(session, i64::try_from(at).unwrap_or(i64::MAX)).await,
        };
        session.end_reading().await?;
        loaded
    }

    /// The version and the row that says how the key is found.
    async fn key(self) -> Result<Option<(StateVersion, Rows)>, StoreError> {
        let mut session = self.connector.session().await?;
        let found = match self.key_row(&mut session).await {
            Err(error) if is_lost(&error) => {
                session = self.connector.connect().await?;
                self.key_row(&mut session).await
            }
            found => found,
        }?;
        self.connector.keep(session);
        let Some(row) = found else { return Ok(None) };
        let (lineage, serial): (Option<String>, i64) = (row.get(0), row.get(1));
        self.check_format(row.get(2))?;
        let rows = row.get::<_, Option<String>>(3).map(|line| ("key".to_owned(), line)).into_iter().collect();
        Ok(lineage.map(|lineage| (StateVersion { lineage: lineage.into(), serial: number(serial) }, rows)))
    }

    async fn key_row(&self, session: &mut Session) -> Result<Option<Row>, StoreError> {
        match session.has_tables(&self.connector.sql).await? {
            true => session.one(&self.connector.sql.key, &[&self.workspace]).await,
            false => Ok(None),
        }
    }

    fn check_format(&self, format: i32) -> Result<(), StoreError> {
        let found = u32::try_from(format).unwrap_or(u32::MAX);
        if found > FORMAT { Err(self.too_new(found)) } else { Ok(()) }
    }

    async fn newest(&self, session: &mut Session) -> Result<Option<Loaded>, StoreError> {
        let sql = &self.connector.sql;
        let Some(head) = session.one(&sql.head, &[&self.workspace]).await? else { return Ok(None) };
        let (serial, counted): (i64, i64) = (head.get(1), head.get(4));
        self.check_format(head.get(3))?;
        let (Some(lineage), Some(chain)) =
            (head.get::<_, Option<String>>(0), head.get::<_, Option<String>>(2))
        else {
            return Ok(None);
        };
        let rows = session.query(&sql.rows, &[&self.workspace]).await?;
        let last = session.one(&sql.entry, &[&self.workspace, &serial]).await?;
        Ok(Some(Loaded {
            version: StateVersion { lineage: lineage.into(), serial: number(serial) },
            chain: Chain::from_text(chain),
            rows: rows.iter().map(|row| (row.get(0), row.get(1))).collect(),
            stamp: last.and_then(|row| serde_json::from_str(row.get(1)).ok()),
            counted: usize::try_from(counted).unwrap_or_default(),
        }))
    }

    /// The newest with the younger commits undone; `None` if that serial is not kept.
    async fn past(&self, session: &mut Session, at: i64) -> Result<Option<Loaded>, StoreError> {
        let sql = &self.connector.sql;
        let Some(entry) = session.one(&sql.entry, &[&self.workspace, &at]).await? else { return Ok(None) };
        let Some(mut loaded) = self.newest(session).await? else { return Ok(None) };
        for row in session.query(&sql.undo, &[&self.workspace, &at]).await? {
            match row.get::<_, Option<String>>(1) {
                Some(line) => drop(loaded.rows.insert(row.get(0), line)),
                None => drop(loaded.rows.remove(row.get::<_, &str>(0))),
            }
        }
        loaded.version.serial = number(at);
        loaded.stamp = serde_json::from_str(entry.get(1)).ok();
        loaded.counted = loaded.rows.len();
        Ok(Some(loaded))
    }

    async fn history(self) -> Result<Vec<Entry>, StoreError> {
        let mut session = self.connector.session().await?;
        if !session.has_tables(&self.connector.sql).await? {
            return Ok(Vec::new());
        }
        let rows = session.query(&self.connector.sql.history, &[&self.workspace]).await?;
        self.connector.keep(session);
        rows.iter().map(|row| self.entry(row)).collect()
    }

    fn entry(&self, row: &Row) -> Result<Entry, StoreError> {
        let serial = number(row.get(0));
        let damaged = |error: serde_json::Error| StoreError::Damaged {
            place: self.connector.place().to_owned(),
            problem: format!("commit {serial} of the history cannot be read: {error}"),
        };
        let stamp = serde_json::from_str(row.get(1)).map_err(damaged)?;
        let changes = serde_json::from_str(row.get(2)).map_err(damaged)?;
        Ok(Entry { serial, stamp, changes })
    }

    fn too_new(&self, found: u32) -> StoreError {
        StoreError::TooNew { place: self.connector.place().to_owned(), found, known: FORMAT }
    }

    fn ledger(&self, loaded: Loaded, sealer: Option<&Sealer>) -> Result<Ledger, StoreError> {
        let damaged = loaded.damaged();
        let ledger = Ledger::new(loaded.rows, loaded.version, loaded.chain, sealer);
        let mut ledger = ledger.map_err(|found| self.too_new(found))?;
        ledger.state.last = loaded.stamp;
        ledger.state.damaged.extend(damaged);
        Ok(ledger)
    }
}

/// Serials are never negative.
fn number(serial: i64) -> u64 {
    serial.unsigned_abs()
}

impl PostgresStore {
    pub fn new(terms: Terms, history: usize) -> Self {
        Self { terms, history, fresh: random_hex(8).into(), sealer: SharedSealer::default() }
    }

    fn reading(&self) -> Reading {
        let Terms { connector, workspace, .. } = self.terms.clone();
        Reading { connector, workspace, fresh: self.fresh.clone() }
    }

    /// Takes the lock, and reads the state as it is under it.
    async fn locked(&self, holder: &Holder, wait: Duration) -> Result<(Lease, Loaded), StoreError> {
        let lease = Lease::take(self.terms.clone(), holder, wait).await?;
        let (reading, shared) = (self.reading(), lease.shared.clone());
        let loaded = background::run(async move {
            let loaded = shared.with_session(async |session| reading.read(session, None).await).await?;
            Ok(loaded.unwrap_or_else(|| Loaded::empty(&reading.fresh)))
        });
        Ok((lease, loaded.await?))
    }
}

#[async_trait::async_trait]
impl Store for PostgresStore {
    async fn snapshot(&self) -> Result<State, StoreError> {
        let reading = self.reading();
        let loaded = background::run(reading.clone().load(None)).await?;
        let loaded = loaded.unwrap_or_else(|| Loaded::empty(&reading.fresh));
        Ok(reading.ledger(loaded, sealer_of(&self.sealer).as_deref())?.state)
    }

    async fn key(&self) -> Result<(StateVersion, Option<KeySlot>), StoreError> {
        let reading = self.reading();
        let Some((version, rows)) = background::run(reading.clone().key()).await? else {
            return Ok((StateVersion { lineage: self.fresh.clone(), serial: 0 }, None));
        };
        let slot = rows::key_slot(&rows).map_err(|found| reading.too_new(found))?;
        Ok((version, slot))
    }

    async fn image(&self, at: Option<u64>) -> Result<Option<Image>, StoreError> {
        let loaded = background::run(self.reading().load(at)).await?;
        Ok(loaded.filter(|loaded| loaded.version.serial > 0).map(Loaded::into_image))
    }

    async fn history(&self) -> Result<Vec<Entry>, StoreError> {
        background::run(self.reading().history()).await
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Box<dyn Writer>, StoreError> {
        let (lease, loaded) = self.locked(holder, wait).await?;
        if let Some(problem) = loaded.problem() {
            let place = self.terms.connector.place().to_owned();
            return Err(StoreError::Damaged { place, problem });
        }
        let keys = loaded.rows.keys().cloned().collect();
        let ledger = self.reading().ledger(loaded, sealer_of(&self.sealer).as_deref())?;
        let sealer = self.sealer.clone();
        Ok(Box::new(PostgresWriter { lease, ledger, keys, history: self.history, sealer }))
    }

    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        background::released(Duration::from_secs(1)).await;
        let terms = self.terms.clone();
        let held = background::run(async move { terms.holder().await }).await?;
        Ok(held.map(|(holder, _)| holder))
    }

    async fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        let (terms, id) = (self.terms.clone(), id.to_owned());
        background::run(async move { terms.break_lock(&id).await }).await
    }

    /// The database keeps itself whole, and what is damaged in a row stays named. What is no longer there is not missed from here on.
    async fn repair(&self, holder: &Holder, wait: Duration) -> Result<Rebuilt, StoreError> {
        let (lease, loaded) = self.locked(holder, wait).await?;
        let serial = loaded.version.serial;
        let Some(problem) = loaded.problem() else { return Ok(Rebuilt::Nothing { serial }) };
        let rows = i64::try_from(loaded.rows.len()).unwrap_or(i64::MAX);
        let shared = lease.shared.clone();
        background::run(async move { shared.recount(rows).await }).await?;
        Ok(Rebuilt::Accepted { serial, problem })
    }

    fn begin_with(&mut self, lineage: &str) {
        self.fresh = lineage.into();
    }

    fn unlock_values(&mut self, sealer: Arc<Sealer>) {
        *self.sealer.write().unwrap_or_else(PoisonError::into_inner) = Some(sealer);
    }
}

pub(super) fn sealer_of(sealer: &SharedSealer) -> Option<Arc<Sealer>> {
    sealer.read().unwrap_or_else(PoisonError::into_inner).clone()
}
