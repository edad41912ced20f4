//! Which backend was in use before: a configuration that names another one must say what becomes of the state.
//!
//! `.isotope/backend.hcl` holds the `backend` block as it was when the state was first written there, without its secrets. The default needs no such file:
//! without one, the backend before was the local one in `state/`.

use super::backend::Home;
use super::environment::{Environment, Functions};
use super::output::Output;
use crate::config::{self, BackendSettings};
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources};
use crate::eval::EmptyScope;
use crate::state::{Backend, Event, Hold, Image, Stamp, State, StoreError, Writer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FILE: &str = ".isotope/backend.hcl";

/// What the file must say once the state was written; `None` where nothing needs to be said.
#[derive(Clone)]
pub struct Memo {
    path: PathBuf,
    text: Option<String>,
}

impl Memo {
    pub fn new(now: &Home, environment: &Environment) -> Self {
        let text = (!now.is_same(&Home::default(), environment)).then(|| now.to_text());
        Self { path: environment.dir.join(FILE), text }
    }

    /// A writer that writes it down with the first commit: planning leaves no trace.
    pub fn with(&self, inner: Box<dyn Writer>) -> Box<dyn Writer> {
        match &self.text {
            None => inner,
            Some(_) => Box::new(Remembering { inner, memo: Some(self.clone()) }),
        }
    }

    /// Writes it down, or removes what stands there.
    pub fn keep(&self) -> io::Result<()> {
        match &self.text {
            Some(text) if std::fs::read_to_string(&self.path).is_ok_and(|there| there == *text) => Ok(()),
            Some(text) => write_private(&self.path, text),
            None => match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                done => done,
            },
        }
    }
}

/// Writes a small file of its owner's, whole or not at all, making its directory.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::DirBuilderExt;
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

struct Remembering {
    inner: Box<dyn Writer>,
    memo: Option<Memo>,
}

impl Remembering {
    /// A directory that cannot be written is no reason not to record what was done: only a later change of backend goes unseen.
    fn remember(&mut self) {
        if let Some(memo) = self.memo.take()
            && let Err(error) = memo.keep()
        {
            tracing::warn!("{} cannot be written: {error}", memo.path.display());
        }
    }
}

#[async_trait::async_trait]
impl Writer for Remembering {
    fn state(&self) -> &State {
        self.inner.state()
    }

    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        self.remember();
        self.inner.commit(events, stamp).await
    }

    async fn replace(&mut self, image: &Image, stamp: &Stamp) -> Result<u64, StoreError> {
        self.remember();
        self.inner.replace(image, stamp).await
    }

    fn image(&self) -> Result<Image, StoreError> {
        self.inner.image()
    }

    fn hold(&self) -> Option<Arc<dyn Hold>> {
        self.inner.hold()
    }
}

/// Refuses to go on where the state is still in another place.
pub async fn check(now: &Home, environment: &Environment, output: &mut Output) -> Result<(), Reported> {
    let Some(before) = changed(now, environment, output).await? else { return Ok(()) };
    let (was, is) = (before.describe(), now.describe());
    Err(output.fail(
        Diagnostic::error("Backend initialization required, please run \"isotope init\"")
            .detail(format!("The backend has changed: the state is in {was}, and the configuration names {is}."))
            .help("`isotope init -migrate-state` copies the state; `isotope init -reconfigure` leaves it where it is"),
    ))
}

/// The backend that was in use before, if it is another one and has a state.
pub async fn changed(
    now: &Home,
    environment: &Environment,
    output: &mut Output,
) -> Result<Option<Home>, Reported> {
    let before = read(environment, output)?.map_or_else(Home::default, Home::from);
    if before.is_same(now, environment) {
        return Ok(None);
    }
    let found = has_state(before.open(environment, output)?.as_ref()).await;
    Ok(found.then_some(before))
}

fn read(environment: &Environment, output: &mut Output) -> Result<Option<BackendSettings>, Reported> {
    let bytes = match std::fs::read(environment.dir.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let detail = format!("The file {FILE} cannot be read: {error}.");
            return Err(output.fail(Diagnostic::error("Failed to read file").detail(detail)));
        }
    };
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    let functions = Functions::planning(environment);
    let scope = EmptyScope::new(&functions, &environment.dir);
    let found = config::remembered(FILE, bytes, &scope, &mut sources, &mut diags);
    output.check(&mut diags, &sources)?;
    found.map(Some)
}

/// Whether any workspace has a state. What cannot be read counts as one.
async fn has_state(home: &dyn Backend) -> bool {
    let Ok(workspaces) = home.workspaces().await else { return true };
    for workspace in workspaces {
        if !matches!(home.open(&workspace).image(None).await, Ok(None)) {
            return true;
        }
    }
    false
}
