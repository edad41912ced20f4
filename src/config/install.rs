//! Fetched modules: where they lie (`.isotope/modules/`), whether they are what the lock file says, and how they get there.
//!
//! Only `init` fetches. The `git` program does it, as a child process, with everything switched off that would run or
//! read something of the repository's choosing: hooks, content filters, submodules, exotic transports.

use super::lock::{self, Lock, Locked};
use super::source::Git;
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources, Span};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What may be done about modules that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Nothing: that is `init`'s.
    Never,
    /// Those that are missing, at the commit that is locked.
    Missing,
    /// All of them, at what their references mean today.
    Upgrade,
}

/// The fetched modules of a configuration.
pub(super) struct Installed {
    root: PathBuf,
    fetch: Fetch,
    lock: Lock,
    /// The addresses that were asked for, and are in order.
    used: BTreeSet<String>,
}

impl Installed {
    pub fn open(
        root: &Path,
        fetch: Fetch,
        sources: &mut Sources,
        diags: &mut Diagnostics,
    ) -> Result<Self, Reported> {
        let lock = lock::read(root, sources, diags)?;
        Ok(Self { root: root.to_owned(), fetch, lock, used: BTreeSet::new() })
    }

    /// The directory of a fetched module; fetches it if that is allowed. `span` is where the source is written.
    pub fn directory(&mut self, git: &Git, span: Span, diags: &mut Diagnostics) -> Result<PathBuf, Reported> {
        let address = git.address();
        let dir = self.root.join(".isotope").join("modules").join(directory_name(&address));
        if !self.used.contains(&address) {
            self.settle(git, &address, &dir, span, diags)?;
            self.used.insert(address.clone());
        }
        let folder = dir.join(&git.folder);
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(diags.error(
            Diagnostic::error("Unreadable module directory")
                .at(span)
                .label(format!("the repository has no folder `{}`", git.folder)),
        ))
    }

    fn settle(
        &mut self,
        git: &Git,
        address: &str,
        dir: &Path,
        span: Span,
        diags: &mut Diagnostics,
    ) -> Result<(), Reported> {
        let locked = self.lock.get(address).cloned();
        let actual = dir.is_dir().then(|| lock::hash(dir).unwrap_or_default());
        let in_order = locked.as_ref().is_some_and(|locked| actual.as_ref() == Some(&locked.hash));
        match (self.fetch, in_order) {
            (Fetch::Never | Fetch::Missing, true) => Ok(()),
            (Fetch::Never, false) => {
                let label = match (&locked, &actual) {
                    (_, None) => "was not fetched yet",
                    (None, Some(_)) => "is not in the lock file",
                    (Some(_), Some(_)) => "is not what the lock file says: its files were changed",
                };
                Err(diags.error(
                    Diagnostic::error("Module not installed")
                        .at(span)
                        .label(label)
                        .detail("This module is fetched from elsewhere, and what is here is not what the lock file records.")
                        .help("run `isotope init`"),
                ))
            }
            (fetch, _) => {
                let commit = locked.as_ref().filter(|_| fetch == Fetch::Missing);
                let commit = commit.map(|locked| locked.commit.as_str());
                let fetched =
                    fetched(git, commit, dir).map_err(|problem| diags.error(failed(span, &problem)))?;
                if let Some(locked) = locked.filter(|l| fetch == Fetch::Missing && l.hash != fetched.hash) {
                    return Err(diags.error(
                        failed(
                            span,
                            &format!(
                                "commit {} does not have the files that the lock file records",
                                locked.commit
                            ),
                        )
                        .help("if that is expected, run `isotope init -upgrade`"),
                    ));
                }
                self.lock.insert(address.to_owned(), fetched);
                Ok(())
            }
        }
    }

    /// Writes the lock file: what is used, nothing else. Returns it.
    pub fn finish(mut self, diags: &mut Diagnostics) -> Result<Lock, Reported> {
        self.lock.retain(|address, _| self.used.contains(address));
        lock::write(&self.root, &self.lock).map_err(|error| {
            diags.error(
                Diagnostic::error("Failed to write file")
                    .detail(format!("The file {} cannot be written: {error}.", lock::FILE)),
            )
        })?;
        Ok(self.lock)
    }
}

fn failed(span: Span, problem: &str) -> Diagnostic {
    Diagnostic::error("Failed to download module")
        .at(span)
        .label("could not be fetched")
        .detail(format!("The module could not be fetched: {problem}."))
}

/// An address as a directory's name: nothing in it can lead elsewhere.
fn directory_name(address: &str) -> String {
    Sha256::digest(address.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Fetches into `dir`, which holds the old files or the new ones, never a part of them.
fn fetched(git: &Git, commit: Option<&str>, dir: &Path) -> Result<Locked, String> {
    let said = |error: std::io::Error| error.to_string();
    let parent = dir.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent).map_err(said)?;
    let work = tempfile::Builder::new().prefix(".fetch-").tempdir_in(parent).map_err(said)?;
    let clone = work.path().join("module");
    let target = clone.to_string_lossy().into_owned();
    run(None, &["clone", "--quiet", "--no-checkout", "--no-recurse-submodules", "--", &git.url, &target])?;
    let commit = match (commit, &git.reference) {
        (Some(commit), _) => resolve(&clone, commit)?,
        (None, None) => resolve(&clone, "HEAD")?,
        (None, Some(name)) => {
            [format!("refs/remotes/origin/{name}"), format!("refs/tags/{name}"), name.clone()]
                .iter()
                .find_map(|name| resolve(&clone, name).ok())
                .ok_or_else(|| format!("the repository has no branch, tag or commit `{name}`"))?
        }
    };
    run(Some(&clone), &["checkout", "--quiet", "--detach", &commit])?;
    std::fs::remove_dir_all(clone.join(".git")).map_err(said)?;
    let hash = lock::hash(&clone).map_err(said)?;
    if dir.exists() {
        std::fs::remove_dir_all(dir).map_err(said)?;
    }
    std::fs::rename(&clone, dir).map_err(said)?;
    Ok(Locked { commit, hash })
}

fn resolve(clone: &Path, name: &str) -> Result<String, String> {
    let wanted = format!("{name}^{{commit}}");
    run(Some(clone), &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
        .map_err(|_| format!("the repository has no commit `{name}`"))
}

/// Settings under which nothing of a repository's choosing is run.
const SAFE: [&str; 8] = [
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.ext.allow=never",
    "-c",
    "filter.lfs.process=",
    "-c",
    "filter.lfs.smudge=",
];

/// Runs `git` and returns the first line it prints; the error is what it complains.
fn run(dir: Option<&Path>, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new("git");
    command.args(SAFE).args(["-c", "filter.lfs.required=false", "-c", "advice.detachedHead=false"]);
    command.args(arguments);
    if let Some(dir) = dir {
        command.current_dir(dir);
    }
    // No question at a terminal that nobody watches, and no other repository's settings.
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .stdin(std::process::Stdio::null());
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(variable);
    }
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "the program `git` was not found".to_owned(),
        _ => format!("the program `git` did not start: {error}"),
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout).lines().next().unwrap_or_default().to_owned());
    }
    let complaint = text(&output.stderr);
    let last = complaint.lines().rev().find(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    Err(format!("git says: {}", last.unwrap_or(&complaint).trim_end_matches('.')))
}
