//! The lock: taking it, keeping it alive, losing it, and commits that are written only while it is ours.

use super::connection::{Connector, Param, Session, is_lost};
use crate::state::hold::{Hold, Term};
use crate::state::rows::Rows;
use crate::state::{Holder, StoreError, background};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// How often a waiter looks, besides being woken.
const POLL: Duration = Duration::from_millis(250);
/// How long a lost connection is tried again.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long letting go of a lock may take.
const FAREWELL: Duration = Duration::from_secs(4);

/// Which lock is meant, and how long it lasts.
#[derive(Clone)]
pub(super) struct Terms {
    pub connector: Arc<Connector>,
    pub workspace: String,
    pub lasts: Duration,
}

/// A lock that is held. Dropping it lets go.
pub(super) struct Lease {
    pub shared: Arc<Shared>,
    heartbeat: JoinHandle<()>,
}

/// What the writer, the heartbeat and whoever asks whether the lock is still held have in common.
pub(super) struct Shared {
    terms: Terms,
    fence: i64,
    session: Mutex<Signed>,
    term: Term,
}

/// A connection that has, or has yet to take, the advisory lock.
struct Signed {
    session: Session,
    signed: bool,
}

/// Who holds the lock, as far as another session can tell.
enum Held {
    /// Nobody; or its lease has run out.
    Free {
        fence: i64,
    },
    /// Its session has ended, its lease has not.
    Gone {
        holder: Holder,
        fence: i64,
    },
    By {
        holder: Holder,
        fence: i64,
    },
}

impl Terms {
    /// For how long who has lost its session may come back to its lock.
    fn grace(&self) -> Duration {
        self.lasts / 10
    }

    async fn look(&self, session: &mut Session) -> Result<Held, StoreError> {
        let Some(row) = session.one(&self.connector.sql.held, &[&self.workspace]).await? else {
            return Ok(Held::Free { fence: 0 });
        };
        let (fence, run_out, signed): (i64, bool, bool) = (row.get(0), row.get(2), row.get(3));
        let text: Option<String> = row.get(1);
        let holder = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(match holder {
            Some(holder) if !run_out && signed => Held::By { holder, fence },
            Some(holder) if !run_out => Held::Gone { holder, fence },
            _ => Held::Free { fence },
        })
    }

    /// Who holds the lock, if anybody does.
    pub async fn holder(&self) -> Result<Option<(Holder, i64)>, StoreError> {
        let mut session = self.connector.session().await?;
        if !session.has_tables(&self.connector.sql).await? {
            return Ok(None);
        }
        let held = self.look(&mut session).await?;
        self.connector.keep(session);
        Ok(match held {
            Held::By { holder, fence } | Held::Gone { holder, fence } => Some((holder, fence)),
            Held::Free { .. } => None,
        })
    }

    pub async fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        match self.holder().await? {
            Some((holder, fence)) if holder.id == id => {
                let mut session = self.connector.session().await?;
                let broken = session.one(&self.connector.sql.break_lock, &[&self.workspace, &fence]).await?;
                self.connector.keep(session);
                broken.map(drop).ok_or(StoreError::NotLocked)
            }
            Some((holder, _)) => Err(StoreError::Locked { holder }),
            None => Err(StoreError::NotLocked),
        }
    }

    async fn listening(&self) -> Result<Session, StoreError> {
        let mut session = self.connector.connect().await?;
        session.make_tables(&self.connector.sql).await?;
        session.batch(&format!("LISTEN {}", self.connector.sql.channel(&self.workspace))).await?;
        Ok(session)
    }

    /// Takes the next fence, waiting up to `wait` for who holds this one.
    async fn take(&self, holder: &Holder, wait: Duration) -> Result<(Session, i64, Instant), StoreError> {
        let deadline = Instant::now() + wait;
        let mut session = self.listening().await?;
        // Since when the session of the holder of a fence is missing.
        let mut missing: Option<(i64, Instant)> = None;
        loop {
            let looked = match self.look(&mut session).await {
                Err(error) if is_lost(&error) && Instant::now() < deadline => {
                    sleep(POLL).await;
                    session = self.again(session, deadline).await?;
                    continue;
                }
                looked => looked?,
            };
            let free = match &looked {
                Held::Free { fence } => Some(*fence),
                Held::Gone { fence, .. } => {
                    let since =
                        missing.filter(|(of, _)| of == fence).map_or_else(Instant::now, |(_, since)| since);
                    missing = Some((*fence, since));
                    (since.elapsed() >= self.grace()).then_some(*fence)
                }
                Held::By { .. } => {
                    missing = None;
                    None
                }
            };
            let begun = Instant::now();
            match (free, looked) {
                (Some(fence), _) => {
                    if self.claim(&mut session, holder, fence).await? {
                        return Ok((session, fence + 1, begun));
                    }
                    sleep(POLL / 10).await;
                }
                (None, Held::By { holder, .. }) if Instant::now() >= deadline => {
                    return Err(StoreError::Locked { holder });
                }
                (None, Held::By { .. }) => session.woken(POLL.min(deadline - Instant::now())).await,
                (None, _) => sleep(POLL.min(self.grace() / 4)).await,
            }
        }
    }

    /// A new connection for a waiter.
    async fn again(&self, old: Session, deadline: Instant) -> Result<Session, StoreError> {
        match self.listening().await {
            Err(error) if is_lost(&error) && Instant::now() < deadline => Ok(old),
            new => new,
        }
    }

    /// Claims the next fence. Its advisory lock comes first, so that nobody sees a holder without a session.
    async fn claim(&self, session: &mut Session, holder: &Holder, fence: i64) -> Result<bool, StoreError> {
        let sql = &self.connector.sql;
        let next = fence + 1;
        let signed = session.one(&sql.sign, &[&self.workspace, &next]).await?;
        if !signed.is_some_and(|row| row.get(0)) {
            return Ok(false);
        }
        let text = serde_json::to_string(holder)
            .map_err(|error| StoreError::Refused { problem: error.to_string() })?;
        let taken =
            session.one(&sql.take, &[&self.workspace, &fence, &text, &self.lasts.as_secs_f64()]).await?;
        if taken.is_none() {
            session.query(&sql.unsign, &[&self.workspace, &next]).await?;
        }
        Ok(taken.is_some())
    }
}

impl Lease {
    /// Takes the lock, waiting up to `wait` for its holder.
    pub async fn take(terms: Terms, holder: &Holder, wait: Duration) -> Result<Self, StoreError> {
        background::released(FAREWELL).await;
        let (own, holder) = (terms.clone(), holder.clone());
        let taking = async move { own.take(&holder, wait).await };
        let (session, fence, begun) = background::run(taking).await?;
        let term = Term::new(terms.lasts, begun.into_std());
        let session = Mutex::new(Signed { session, signed: true });
        let shared = Arc::new(Shared { terms, fence, session, term });
        let heartbeat = background::start(beat(shared.clone()))?;
        Ok(Self { shared, heartbeat })
    }

    /// Removes the workspace with all that is in it, and the lock with it.
    pub async fn remove(self) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        background::run(async move {
            let session = &mut shared.session.lock().await.session;
            let terms = &shared.terms;
            let found = session.one(&terms.connector.sql.remove, &[&terms.workspace, &shared.fence]).await?;
            match found.is_some_and(|row| row.get::<_, i64>(0) == 1) {
                true => Ok(()),
                false => Err(shared.fenced()),
            }
        })
        .await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.heartbeat.abort();
        let shared = self.shared.clone();
        background::release(async move { drop(tokio::time::timeout(FAREWELL, shared.release()).await) });
    }
}

/// Renews the lease until it is lost, and makes a connection that has ended anew before anybody takes its holder for dead.
async fn beat(shared: Arc<Shared>) {
    let tick = shared.terms.grace() / 4;
    let mut renewed = Instant::now();
    while !shared.term.is_lost() {
        sleep(tick).await;
        // Whoever has the session now takes care of it.
        let wanting = |own: tokio::sync::MutexGuard<'_, Signed>| own.session.is_closed() || !own.signed;
        if shared.session.try_lock().is_ok_and(wanting) || renewed.elapsed() >= shared.terms.lasts / 3 {
            // What fails is tried again with the next beat, or by whoever needs it first.
            drop(shared.renew(shared.terms.lasts / 3).await);
            renewed = Instant::now();
        }
    }
}

impl Shared {
    fn fenced(&self) -> StoreError {
        self.term.lose();
        StoreError::Fenced
    }

    async fn release(&self) -> Result<(), StoreError> {
        let session = &mut self.session.lock().await.session;
        let Terms { connector, workspace, .. } = &self.terms;
        let channel = connector.sql.channel(workspace);
        session.query(&connector.sql.release, &[workspace, &self.fence, &channel]).await.map(drop)
    }

    /// Extends the lease, over a new connection if it must be.
    async fn renew(&self, patience: Duration) -> Result<(), StoreError> {
        let deadline = Instant::now() + patience;
        let mut own = self.session.lock().await;
        match self.extend(&mut own).await {
            Err(error) if is_lost(&error) => self.reconnect(&mut own, deadline).await,
            done => done,
        }
    }

    async fn extend(&self, own: &mut Signed) -> Result<(), StoreError> {
        let begun = Instant::now();
        let Terms { connector, workspace, lasts } = &self.terms;
        let renewed =
            own.session.one(&connector.sql.renew, &[workspace, &self.fence, &lasts.as_secs_f64()]).await?;
        if renewed.is_none() {
            return Err(self.fenced());
        }
        self.term.renewed(begun.into_std());
        if !own.signed {
            // The server may need time to notice that the old session is gone; the lease holds until then.
            let signed = own.session.one(&connector.sql.sign, &[workspace, &self.fence]).await?;
            own.signed = signed.is_some_and(|row| row.get(0));
        }
        Ok(())
    }

    /// Makes a new connection for the same lock, unless somebody took it meanwhile.
    async fn reconnect(&self, own: &mut Signed, deadline: Instant) -> Result<(), StoreError> {
        let mut pause = Duration::from_millis(50);
        loop {
            let again = match self.terms.connector.connect().await {
                Ok(session) => {
                    *own = Signed { session, signed: false };
                    self.extend(own).await
                }
                Err(error) => Err(error),
            };
            match again {
                Err(error) if is_lost(&error) && Instant::now() + pause < deadline => sleep(pause).await,
                done => return done,
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// Writes a commit, if the lock is still ours. One whose end was lost with the connection is looked for first.
    pub async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let deadline = Instant::now() + PATIENCE;
        let mut own = self.session.lock().await;
        loop {
            let begun = Instant::now();
            let written = match commit.write(&self.terms, self.fence, &mut own.session).await {
                Ok(false) => commit.is_written(&self.terms, &mut own.session).await,
                written => written,
            };
            match written {
                Ok(true) => {
                    self.term.renewed(begun.into_std());
                    return Ok(());
                }
                // Nothing was written: another fence or another serial stands there.
                Ok(false) => return Err(self.fenced()),
                Err(error) if !is_lost(&error) || Instant::now() >= deadline => return Err(error),
                Err(_) => self.reconnect(&mut own, deadline).await?,
            }
        }
    }

    /// Asks over the lock's own session, so that what is read is what the next commit finds.
    pub async fn with_session<T>(
        &self,
        ask: impl AsyncFnOnce(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        ask(&mut self.session.lock().await.session).await
    }

    /// The rows as they are stored now.
    pub async fn rows(&self) -> Result<Rows, StoreError> {
        let Terms { connector, workspace, .. } = &self.terms;
        let session = &mut self.session.lock().await.session;
        let rows = session.query(&connector.sql.rows, &[workspace]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Writes down how many rows there are, where what was written is not what is there.
    pub async fn recount(&self, rows: i64) -> Result<(), StoreError> {
        let Terms { connector, workspace, .. } = &self.terms;
        let session = &mut self.session.lock().await.session;
        let found = session.one(&connector.sql.recount, &[workspace, &self.fence, &rows]).await?;
        found.map(drop).ok_or_else(|| self.fenced())
    }
}

/// Asked before something is sent that changes the world. A lease that has run out may still be ours: then it is renewed.
#[async_trait::async_trait]
impl Hold for Arc<Shared> {
    async fn confirm(&self) -> Result<(), StoreError> {
        if self.term.is_running() {
            return Ok(());
        }
        if self.term.is_lost() {
            return Err(StoreError::Fenced);
        }
        let shared = self.clone();
        background::run(async move { shared.renew(PATIENCE).await }).await
    }
}

/// One commit as the tables take it.
pub(super) struct Commit {
    pub before: i64,
    pub serial: i64,
    pub chain: String,
    pub lineage: String,
    /// Keys, and their lines.
    pub written: (Vec<String>, Vec<String>),
    pub removed: Vec<String>,
    pub stamp: String,
    pub changes: String,
    /// The last serial that leaves the history.
    pub forgotten: i64,
    /// How many rows there are with it.
    pub rows: i64,
}

impl Commit {
    async fn write(&self, terms: &Terms, fence: i64, session: &mut Session) -> Result<bool, StoreError> {
        let (keys, lines) = &self.written;
        let lasts = terms.lasts.as_secs_f64();
        let params: [Param<'_>; 14] = [
            &terms.workspace,
            &fence,
            &self.before,
            &self.serial,
            &self.chain,
            &self.lineage,
            keys,
            lines,
            &self.removed,
            &self.stamp,
            &self.changes,
            &self.forgotten,
            &self.rows,
            &lasts,
        ];
        let found = session.one(&terms.connector.sql.commit, &params).await?;
        Ok(found.is_some_and(|row| row.get::<_, i64>(0) == 1))
    }

    /// Whether it stands there already: its serial and its chain, which no other commit has.
    async fn is_written(&self, terms: &Terms, session: &mut Session) -> Result<bool, StoreError> {
        let head = session.one(&terms.connector.sql.head, &[&terms.workspace]).await?;
        Ok(head.is_some_and(|row| {
            row.get::<_, i64>(1) == self.serial && row.get::<_, Option<&str>>(2) == Some(&self.chain)
        }))
    }
}
