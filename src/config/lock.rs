//! `.isotope.lock.hcl`: which commit every fetched module is at, and a hash of its files.
//!
//! ```hcl
//! module "git::https://example.com/crm.git?ref=v2" {
//!   commit = "5f0c…"
//!   hash   = "sha256:9b1d…"
//! }
//! ```
//!
//! The hash is SHA-256 over every file below the module's root, sorted by path: kind, path and contents, each with its length.

use super::fields::{Fields, labels};
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources};
use crate::syntax;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const FILE: &str = ".isotope.lock.hcl";

/// What was fetched for one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    pub commit: String,
    pub hash: String,
}

/// The lock file's entries by address.
pub(super) type Lock = BTreeMap<String, Locked>;

/// Reads the lock file of a directory; without one, nothing is locked.
pub(super) fn read(dir: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Result<Lock, Reported> {
    let bytes = match std::fs::read(dir.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Lock::new()),
        Err(error) => {
            return Err(diags.error(
                Diagnostic::error("Failed to read file")
                    .detail(format!("The file {FILE} cannot be read: {error}.")),
            ));
        }
    };
    let file = syntax::decode(sources, FILE, bytes, diags)?;
    let body = syntax::parse(sources, file, diags);
    let mut own = Diagnostics::new();
    let mut lock = Lock::new();
    let mut fields =
        Fields::new("the lock file", body.end.unwrap_or(crate::diag::Span::new(file, 0..0)), &body);
    for block in fields.blocks("module") {
        let Ok([address]) = labels(block, ["address"], &mut own) else { continue };
        let mut fields = Fields::new("module", block.header, &block.body);
        let (commit, hash) = (fields.text("commit", &mut own), fields.text("hash", &mut own));
        fields.finish(&mut own);
        lock.insert(
            address.value.to_string(),
            Locked { commit: commit.unwrap_or_default(), hash: hash.unwrap_or_default() },
        );
    }
    fields.finish(&mut own);
    let sound = own.check();
    diags.append(own);
    sound.map(|()| lock)
}

/// Writes the lock file, if it would change; removes one that would be empty.
pub(super) fn write(dir: &Path, lock: &Lock) -> std::io::Result<()> {
    let path = dir.join(FILE);
    if lock.is_empty() {
        return match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let mut text = "# Written by `isotope init`. Keep it under version control.\n".to_owned();
    for (address, locked) in lock {
        let quoted =
            address.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{");
        text += &format!(
            "\nmodule \"{quoted}\" {{\n  commit = \"{}\"\n  hash   = \"{}\"\n}}\n",
            locked.commit, locked.hash
        );
    }
    if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let temporary = dir.join(format!("{FILE}.new"));
    std::fs::write(&temporary, text)?;
    std::fs::rename(temporary, path)
}

/// The hash of a directory's files, as the lock file has it.
pub(super) fn hash(dir: &Path) -> std::io::Result<String> {
    let mut entries = Vec::new();
    list(dir, dir, &mut entries)?;
    entries.sort();
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for path in entries {
        let full = dir.join(&path);
        add(path.as_os_str().as_encoded_bytes());
        if std::fs::symlink_metadata(&full)?.is_symlink() {
            add(b"link");
            add(std::fs::read_link(&full)?.as_os_str().as_encoded_bytes());
        } else {
            add(b"file");
            add(&std::fs::read(&full)?);
        }
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}

/// The paths of all files and links below `dir`, relative to `root`.
fn list(root: &Path, dir: &Path, found: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list(root, &path, found)?;
        } else {
            found.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
        }
    }
    Ok(())
}
