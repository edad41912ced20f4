//! States on a web server that speaks Terraform's protocol: GitLab, and many small ones.
//!
//! The state is one document, read with GET and written whole with POST, under a lock that is asked for with LOCK and given back with
//! UNLOCK (`wire.rs`). The document is the log, so that it has everything that other stores have, its history too (`document.rs`).
//! What that costs: each commit sends all of it, and a lock does not end with its process.

mod document;
mod wire;

use super::ledger::Group;
use super::log::{Base, Told};
use super::logged::{HISTORY, Held, LogStore, Shelf, Span};
use super::rows::Rows;
use super::{Backend, Holder, Store, StoreError};
use crate::addr::Name;
use crate::secret::random_hex;
use document::Document;
use std::time::Duration;
pub use wire::HttpSettings;
use wire::{Locking, Wire};

/// How often a waiter asks for the lock.
const POLL: Duration = Duration::from_secs(1);
/// The one workspace that there is: the protocol knows no others.
const DEFAULT: &str = "default";

/// A state on a web server.
pub struct HttpBackend {
    wire: Wire,
    history: usize,
}

impl HttpBackend {
    /// Opens no connection yet.
    pub fn new(settings: HttpSettings) -> Result<Self, StoreError> {
        Ok(Self { wire: Wire::new(settings)?, history: HISTORY })
    }

    /// Keeps at least `serials` commits in the history.
    pub fn with_history(mut self, serials: usize) -> Self {
        self.history = serials.max(1);
        self
    }

    fn shelf(&self, workspace: &str) -> HttpShelf {
        HttpShelf { wire: self.wire.clone(), history: self.history, workspace: workspace.to_owned() }
    }
}

#[async_trait::async_trait]
impl Backend for HttpBackend {
    fn place(&self, workspace: &str) -> String {
        self.shelf(workspace).place()
    }

    async fn workspaces(&self) -> Result<Vec<Name>, StoreError> {
        let written = self.wire.get().await?.is_some();
        Ok(written.then(|| DEFAULT.into()).into_iter().collect())
    }

    fn open(&self, workspace: &str) -> Box<dyn Store> {
        Box::new(LogStore::new(self.shelf(workspace)))
    }

    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.shelf(workspace).check()
    }

    async fn remove(&self, workspace: &str, holder: &Holder) -> Result<(), StoreError> {
        let held = self.shelf(workspace).lock(holder, Duration::ZERO).await?;
        self.wire.delete(held.lock.id()).await
    }
}

/// The document of a state.
struct HttpShelf {
    wire: Wire,
    history: usize,
    workspace: String,
}

impl HttpShelf {
    fn check(&self) -> Result<(), StoreError> {
        if self.workspace == DEFAULT {
            return Ok(());
        }
        let problem = format!(
            "the protocol of `backend \"http\"` knows only one state, so there is no workspace {:?} there",
            self.workspace
        );
        Err(StoreError::Refused { problem })
    }

    async fn document(&self) -> Result<Option<Document>, StoreError> {
        self.check()?;
        let text = self.wire.get().await?;
        text.map(|text| Document::parse(&text, &self.place())).transpose()
    }
}

#[async_trait::async_trait]
impl Shelf for HttpShelf {
    type Held = HttpHeld;

    async fn read(&self, span: Span) -> Result<Option<Told>, StoreError> {
        self.document().await?.map(|document| document.told(span, &self.place())).transpose()
    }

    async fn lock(&self, holder: &Holder, wait: Duration) -> Result<HttpHeld, StoreError> {
        self.check()?;
        let (start, id) = (tokio::time::Instant::now(), random_hex(32));
        loop {
            match self.wire.lock(&id, holder).await? {
                Locking::Got => break,
                Locking::Held(_, holder) if start.elapsed() >= wait => {
                    return Err(StoreError::Locked { holder });
                }
                Locking::Held(..) => tokio::time::sleep(POLL.min(wait)).await,
            }
        }
        let lock = Lock { wire: self.wire.clone(), id, holder: holder.clone() };
        Ok(HttpHeld { lock, document: None, history: self.history, place: self.place() })
    }

    /// The protocol has no question for it, so the lock is asked for, and given back at once if it is given.
    async fn holder(&self) -> Result<Option<Holder>, StoreError> {
        Ok(self.held_by().await?.map(|(_, holder)| holder))
    }

    async fn break_lock(&self, id: &str) -> Result<(), StoreError> {
        match self.held_by().await? {
            Some((theirs, holder)) if holder.id == id || theirs == id => {
                self.wire.unlock(&theirs, &holder).await
            }
            Some((_, holder)) => Err(StoreError::Locked { holder }),
            None => Err(StoreError::NotLocked),
        }
    }

    fn place(&self) -> String {
        self.wire.place()
    }
}

impl HttpShelf {
    /// The server's id of the lock, and who holds it.
    async fn held_by(&self) -> Result<Option<(String, Holder)>, StoreError> {
        self.check()?;
        let (id, nobody) = (random_hex(32), Holder::unknown());
        match self.wire.lock(&id, &nobody).await? {
            Locking::Got => self.wire.unlock(&id, &nobody).await.map(|()| None),
            Locking::Held(id, holder) => Ok(Some((id, holder))),
        }
    }
}

/// A lock that is held. Dropping it lets go.
struct Lock {
    wire: Wire,
    id: String,
    holder: Holder,
}

impl Lock {
    /// What a server asks for with each write; without locks, nothing.
    fn id(&self) -> Option<&str> {
        self.wire.locks().then_some(&self.id)
    }
}

impl Drop for Lock {
    /// Waits until the lock is let go of: nothing else will end it. On a thread of its own, since this one may be waited for.
    fn drop(&mut self) {
        let (settings, id, holder) = (self.wire.settings().clone(), self.id.clone(), self.holder.clone());
        let release = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let unlocked =
                runtime.map_err(|error| StoreError::io("a thread cannot be started", error)).and_then(
                    |runtime| runtime.block_on(async { Wire::new(settings)?.unlock(&id, &holder).await }),
                );
            if let Err(error) = unlocked {
                tracing::warn!("the lock on the state was not let go of, and needs `force-unlock`: {error}");
            }
        };
        if self.wire.locks()
            && let Ok(thread) = std::thread::Builder::new().name("unlock".to_owned()).spawn(release)
        {
            drop(thread.join());
        }
    }
}

/// The document while its lock is held.
struct HttpHeld {
    lock: Lock,
    /// As it is on the server.
    document: Option<Document>,
    history: usize,
    place: String,
}

impl HttpHeld {
    /// Sends the document, and looks what is there if the answer leaves that open.
    async fn send(&mut self, next: Document) -> Result<(), StoreError> {
        let text = next.to_text()?;
        let sent = match self.lock.wire.post(text.clone(), self.lock.id()).await {
            Err(error) if self.is_there(&text).await => {
                tracing::warn!("the state was written though the server said otherwise: {error}");
                Ok(())
            }
            sent => sent,
        };
        sent.map(|()| self.document = Some(next))
    }

    async fn is_there(&self, text: &[u8]) -> bool {
        matches!(self.lock.wire.get().await, Ok(Some(there)) if there == text)
    }
}

#[async_trait::async_trait]
impl Held for HttpHeld {
    async fn read(&mut self) -> Result<Option<Told>, StoreError> {
        if self.document.is_none() {
            let text = self.lock.wire.get().await?;
            self.document = text.map(|text| Document::parse(&text, &self.place)).transpose()?;
        }
        self.document.as_ref().map(|document| document.told(Span::Newest, &self.place)).transpose()
    }

    async fn append(&mut self, base: Option<&Base>, group: &Group) -> Result<(), StoreError> {
        let next = match (base, &self.document) {
            (Some(base), _) => Document::begin(base, &Rows::new())?,
            (None, Some(document)) => document.clone(),
            (None, None) => {
                return Err(StoreError::Refused { problem: "there is nothing to go on from".into() });
            }
        };
        self.send(next.after(group).cut(self.history, &self.place)?).await
    }

    async fn rebase(&mut self, base: Base, rows: &Rows) -> Result<(), StoreError> {
        self.send(Document::begin(&base, rows)?).await
    }

    fn reached(&self) -> u64 {
        self.document.as_ref().map_or(0, |document| document.serial)
    }
}
