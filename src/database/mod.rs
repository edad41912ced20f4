//! What sled needs from everybody who opens a database with it: damaged files make it panic, and one that was just closed
//! by this process keeps its lock for a moment.

use crate::diag;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a closing database of this very process may keep sled's own lock.
const CLOSING: Duration = Duration::from_secs(2);

/// A database that cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    Broken(String),
}

/// Opens a database, making it if there is none; its directory must be there, and is for its owner alone.
pub fn open(config: &sled::Config) -> Result<sled::Db, DbError> {
    let start = Instant::now();
    loop {
        match guarded(|| config.open()) {
            Err(DbError::Io(error)) if is_lock(&error) && start.elapsed() < CLOSING => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened,
        }
    }
}

fn is_lock(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// Calls into sled: a panic in there, which damaged files cause, is an error, and is not printed.
pub fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, DbError> {
    match diag::guarded(call) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(DbError::Io(error)),
        Ok(Err(error)) => Err(DbError::Broken(error.to_string())),
        Err(said) => Err(DbError::Broken(said.unwrap_or_else(|| "its files cannot be read".to_owned()))),
    }
}

/// Files for their owner alone. What sled makes later is covered by the directory, which nobody else may enter.
pub fn protect(dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let mode = if entry.file_type()?.is_dir() { 0o700 } else { 0o600 };
        match std::fs::set_permissions(entry.path(), Permissions::from_mode(mode)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {} // sled replaces its snapshots
            done => done?,
        }
    }
    Ok(())
}
