//! The lock of a state directory: a file that its holder keeps locked and that says who that is.
//!
//! The file exists only while somebody holds or wants the lock, so that a plan leaves no trace. The holder removes it before letting
//! go; one who waited then has a lock on a file that is no longer there, sees it, and tries again.
//! Directories that had to be made for the lock go with it unless something was written in them.
//! The kernel ends the lock with its process: a file left by a killed one stops nobody.

use crate::state::{Holder, StoreError};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(50);
/// How long a holder may take to write who it is, after it has the lock.
const INTRODUCTION: Duration = Duration::from_millis(250);

pub(super) struct Lock {
    /// Closing it is what lets go.
    file: File,
    path: PathBuf,
    /// Directories made for the lock, the outermost first.
    made: Vec<PathBuf>,
}

enum Attempt {
    Got(File),
    Held(Option<Holder>),
    /// The file was removed or replaced in between.
    Again,
}

impl Lock {
    pub async fn take(dir: &Path, holder: &Holder, wait: Duration) -> Result<Self, StoreError> {
        let failed = |source| StoreError::io(format!("cannot lock the state in {}", dir.display()), source);
        let start = Instant::now();
        let mut made = Vec::new();
        loop {
            match attempt(dir, holder, &mut made).map_err(failed)? {
                Attempt::Got(file) => return Ok(Self { file, path: dir.join("lock"), made }),
                Attempt::Again => {}
                Attempt::Held(Some(holder)) if start.elapsed() >= wait => {
                    return Err(StoreError::Locked { holder });
                }
                Attempt::Held(None) if start.elapsed() >= wait.max(INTRODUCTION) => {
                    return Err(StoreError::Locked { holder: Holder::unknown() });
                }
                Attempt::Held(_) => tokio::time::sleep(POLL.min(wait.max(INTRODUCTION))).await,
            }
        }
    }
}

impl Lock {
    /// Whether the lock file is still the one that this process locked. Not so if the state's directory was removed.
    pub fn is_held(&self) -> bool {
        is_at(&self.file, &self.path).unwrap_or(false)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Failing to tidy up must not fail the command: a lock file without a lock stops nobody.
        let _ = std::fs::remove_file(&self.path);
        for dir in self.made.iter().rev() {
            let _ = std::fs::remove_dir(dir); // refuses unless it is empty
        }
    }
}

/// Who holds the lock, if anybody does.
pub(super) fn holder(dir: &Path) -> io::Result<Option<Holder>> {
    let mut file = match File::open(dir.join("lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(introduction(&mut file)?.unwrap_or_else(Holder::unknown))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn attempt(dir: &Path, holder: &Holder, made: &mut Vec<PathBuf>) -> io::Result<Attempt> {
    made.extend(make_dirs(dir)?);
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    let mut file = match options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Attempt::Again),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Attempt::Held(introduction(&mut file)?)),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    if !is_at(&file, &path)? {
        return Ok(Attempt::Again);
    }
    file.set_len(0)?;
    file.write_all(serde_json::to_string(holder)?.as_bytes())?;
    Ok(Attempt::Got(file))
}

fn introduction(file: &mut File) -> io::Result<Option<Holder>> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text).ok())
}

fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a directory and those above it, for their owner alone; gives the ones that were not there.
pub(super) fn make_dirs(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let there = |dir: &&Path| dir.as_os_str().is_empty() || dir.exists();
    let missing: Vec<_> = dir.ancestors().take_while(|dir| !there(dir)).map(Path::to_path_buf).collect();
    let mut made = Vec::new();
    for dir in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => made.push(dir),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(made)
}
