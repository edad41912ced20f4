//! What functions may ask of the world: files, environment, clock and chance, all through [`Host`].

use std::io;
use std::path::Path;

/// What a function may ask of the world; the scope of an evaluation hands it out.
pub trait Host {
    /// The directory that relative paths start from.
    fn base_dir(&self) -> &Path;

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    /// What is at the path, symbolic links followed.
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        Ok(FileKind::of(&std::fs::metadata(path)?))
    }

    /// The names in a directory, in no order; names that are not Unicode are left out.
    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Whether the environment is the one that will count: not while validating, when variables may yet be set.
    fn knows_env(&self) -> bool {
        true
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// The time for `timestamp()`; `None` while planning, which makes it unknown.
    fn now(&self) -> Option<jiff::Timestamp>;

    /// The time for `plantimestamp()`; `None` before there is a plan.
    fn plan_time(&self) -> Option<jiff::Timestamp>;

    /// A UUID for `uuid()`; `None` while planning, which makes it unknown.
    fn random_uuid(&self) -> Option<String>;

    /// Whether only what is the same at every call may be computed: true while planning.
    fn pure_only(&self) -> bool;
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    File,
    Directory,
    Other,
}

impl FileKind {
    fn of(metadata: &std::fs::Metadata) -> Self {
        if metadata.is_file() {
            Self::File
        } else if metadata.is_dir() {
            Self::Directory
        } else {
            Self::Other
        }
    }
}
