//! A directory with a state for each workspace: `state/default/`, `state/staging/`, …

use super::SledStore;
use super::lock::{Lock, make_dirs};
use crate::addr::Name;
use crate::state::{Backend, Holder, Store, StoreError, is_workspace_name};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// States in directories of this machine.
pub struct SledBackend {
    dir: PathBuf,
    history: Option<usize>,
}

impl SledBackend {
    /// The states below `dir`, which need not exist.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), history: None }
    }

    /// Keeps `serials` commits in the history of each state.
    pub fn with_history(mut self, serials: usize) -> Self {
        self.history = Some(serials);
        self
    }

    fn failed(&self, what: &str, source: io::Error) -> StoreError {
        StoreError::io(format!("cannot {what} in {}", self.dir.display()), source)
    }
}

#[async_trait::async_trait]
impl Backend for SledBackend {
    fn place(&self, workspace: &str) -> String {
        self.dir.join(workspace).display().to_string()
    }

    async fn workspaces(&self) -> Result<Vec<Name>, StoreError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.failed("list the states", error))?,
        };
        let dirs =
            entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let names = dirs.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<Name> = names.filter(|name| is_workspace_name(name)).map(Name::from).collect();
        names.sort();
        Ok(names)
    }

    fn open(&self, workspace: &str) -> Box<dyn Store> {
        let store = SledStore::open(self.dir.join(workspace));
        Box::new(match self.history {
            Some(serials) => store.with_history(serials),
            None => store,
        })
    }

    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        make_dirs(&self.dir.join(workspace)).map(drop).map_err(|error| self.failed("make a workspace", error))
    }

    async fn remove(&self, workspace: &str, holder: &Holder) -> Result<(), StoreError> {
        let dir = self.dir.join(workspace);
        let _lock = Lock::take(&dir, holder, Duration::ZERO).await?;
        std::fs::remove_dir_all(&dir).map_err(|error| self.failed("remove a workspace", error))
    }
}
