//! States on a web server that speaks Terraform's protocol: GitLab, and many small ones.
//!
//! The state is one document, read with GET and written whole with POST, under a lock that is asked for with LOCK and given back with
//! UNLOCK (`wire.rs`). The document is the log, so that it has everything that other stores have, its history too (`document.rs`).
//! What that costs: each commit sends all of it, and a lock does not end with its process (`lock.rs`).
//!
//! The protocol knows one state at an address and has no list of them. Where the address has a place for a workspace's name there is a
//! state for each; which there are is then known only of names that one has heard of.

mod document;
mod lock;
mod wire;

use super::ledger::{Chain, Group};
use super::log::{Base, Told};
use super::logged::{HISTORY, Held, LogStore, Shelf, Span};
use super::rows::Rows;
use super::{Backend, Hold, Holder, Store, StoreError};
use crate::addr::Name;
use crate::secret::random_hex;
use document::Document;
use lock::Lock;
use std::sync::Arc;
use std::time::{Duration, Instant};
pub use wire::HttpSettings;
use wire::{Locking, Wire};

/// The one workspace that there always is.
const DEFAULT: &str = "default";

/// States on a web server.
pub struct HttpBackend {
    wire: Wire,
    history: usize,
    heard_of: Vec<Name>,
}

impl HttpBackend {
    /// Opens no connection yet.
    pub fn new(settings: HttpSettings) -> Result<Self, StoreError> {
        Ok(Self { wire: Wire::new(settings)?, history: HISTORY, heard_of: Vec::new() })
    }

    /// Looks whether these workspaces are there when it is asked which there are.
    pub fn with_heard_of(mut self, names: Vec<Name>) -> Self {
        self.heard_of = names;
        self
    }

    /// Keeps at least `serials` commits in the history.
    pub fn with_history(mut self, serials: usize) -> Self {
        self.history = serials.max(1);
        self
    }

    fn shelf(&self, workspace: &str) -> HttpShelf {
        HttpShelf { wire: self.wire.of(workspace), history: self.history, workspace: workspace.to_owned() }
    }
}

#[async_trait::async_trait]
impl Backend for HttpBackend {
    fn place(&self, workspace: &str) -> String {
        self.shelf(workspace).place()
    }

    async fn workspaces(&self) -> Result<Vec<Name>, StoreError> {
        let heard_of = self.heard_of.iter().filter(|_| self.wire.has_workspaces());
        let mut names: Vec<Name> = heard_of.cloned().chain([DEFAULT.into()]).collect();
        names.sort();
        names.dedup();
        let mut found = Vec::new();
        for name in names {
            if self.has(&name).await? {
                found.push(name);
            }
        }
        Ok(found)
    }

    async fn has(&self, workspace: &str) -> Result<bool, StoreError> {
        let shelf = self.shelf(workspace);
        Ok(shelf.check().is_ok() && shelf.wire.get().await?.is_some())
    }

    fn has_list(&self) -> bool {
        !self.wire.has_workspaces()
    }

    fn open(&self, workspace: &str) -> Box<dyn Store> {
        Box::new(LogStore::new(self.shelf(workspace)))
    }

    /// Puts a document there that no commit was made to: what others see of a workspace is its document.
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        let mut held = self.shelf(workspace).lock(&Holder::unknown(), Duration::ZERO).await?;
        if held.read().await?.is_none() {
            let lineage = random_hex(8);
            let chain = Chain::start(&lineage);
            let base = Base { lineage, serial: 0, chain, rows: 0, stamp: None };
            held.rebase(base, &Rows::new()).await?;
        }
        Ok(())
    }

    async fn remove(&self, workspace: &str, holder: &Holder) -> Result<(), StoreError> {
        let shelf = self.shelf(workspace);
        let held = shelf.lock(holder, Duration::ZERO).await?;
        shelf.wire.delete(held.lock.id()).await
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
        if self.workspace == DEFAULT || self.wire.has_workspaces() {
            return Ok(());
        }
        let problem = format!(
            "the protocol of `backend \"http\"` knows one state at an address, so there is no workspace {:?} there; \
             with `${{isotope.workspace}}` in its addresses, each workspace has its own",
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
        let lock = Lock::take(&self.wire, holder, wait).await?;
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

/// The document while its lock is held.
struct HttpHeld {
    lock: Lock,
    /// As it is on the server.
    document: Option<Document>,
    history: usize,
    place: String,
}

impl HttpHeld {
    /// Lets a document take the place of what there is.
    async fn begin(&mut self, document: Document) -> Result<(), StoreError> {
        send(&self.lock, &document).await?;
        self.document = Some(document);
        Ok(())
    }
}

/// Sends the document, and looks what is there if the answer leaves that open.
async fn send(lock: &Lock, document: &Document) -> Result<(), StoreError> {
    let begun = Instant::now();
    let sent = match lock.wire().post(document.to_body(), lock.id()).await {
        Err(error) if matches!(lock.wire().get().await, Ok(Some(there)) if there == document.to_body().bytes) =>
        {
            tracing::warn!("the state was written though the server said otherwise: {error}");
            Ok(())
        }
        sent => sent,
    };
    lock.learn(&sent, begun);
    sent
}

#[async_trait::async_trait]
impl Held for HttpHeld {
    async fn read(&mut self) -> Result<Option<Told>, StoreError> {
        if self.document.is_none() {
            let text = self.lock.wire().get().await?;
            self.document = text.map(|text| Document::parse(&text, &self.place)).transpose()?;
        }
        self.document.as_ref().map(|document| document.told(Span::Newest, &self.place)).transpose()
    }

    async fn append(&mut self, base: Option<&Base>, group: &Group) -> Result<(), StoreError> {
        if let Some(base) = base {
            let mut document = Document::begin(base, &Rows::new())?;
            document.push(group)?;
            return self.begin(document).await;
        }
        let Some(document) = &mut self.document else {
            return Err(StoreError::Refused { problem: "there is nothing to go on from".into() });
        };
        let before = document.push(group)?;
        let sent = match document.shortened(self.history, &self.place) {
            Ok(None) => send(&self.lock, document).await,
            Ok(Some(shorter)) => send(&self.lock, &shorter).await.map(|()| *document = shorter),
            Err(error) => Err(error),
        };
        if sent.is_err() {
            document.go_back(before);
        }
        sent
    }

    async fn rebase(&mut self, base: Base, rows: &Rows) -> Result<(), StoreError> {
        self.begin(Document::begin(&base, rows)?).await
    }

    fn hold(&self) -> Option<Arc<dyn Hold>> {
        self.lock.hold()
    }

    fn reached(&self) -> u64 {
        self.document.as_ref().map_or(0, |document| document.serial)
    }
}
