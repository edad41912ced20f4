//! The key file of a lineage: `keys/<lineage>.key` in the user's own configuration directory, outside any project.
//!
//! It holds a key a line in base64, the newest first, and comments. The directory is 0700 and the file 0600;
//! it appears whole or not at all, and is durable before the key is used: a key that seals something and is
//! then lost would lose the state's secrets with it.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::{Key, KeyError};

/// Returns where the keys of `lineage` are. A lineage that is no plain name is refused, since it may come
/// from a document somebody else wrote.
pub(super) fn path(config_dir: &Path, lineage: &str) -> Result<PathBuf, KeyError> {
    let plain = lineage.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !plain || lineage.is_empty() || lineage.len() > 100 {
        let why = "has something else than letters, digits, `-` and `_`".to_owned();
        return Err(KeyError::Unusable { place: format!("the lineage `{}`", lineage.escape_debug()), why });
    }
    Ok(config_dir.join("keys").join(format!("{lineage}.key")))
}

/// Returns the keys in the file, the newest first; none if there is no file.
pub(super) fn read(path: &Path) -> Result<Vec<Key>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(path, error)),
    };
    let mode = fs::metadata(path).map_err(|error| failed(path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        let why = format!("can be read by others; `chmod 600 {}` closes it", path.display());
        return Err(unusable(path, why));
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<Key> = lines
        .map(Key::from_base64)
        .collect::<Result<_, _>>()
        .map_err(|bad| unusable(path, bad.to_string()))?;
    if keys.is_empty() { Err(unusable(path, "holds no key".to_owned())) } else { Ok(keys) }
}

/// Writes the file with `keys`, the newest first. `Err` of kind `AlreadyExists` inside if there is one and
/// `replace` is false.
pub(super) fn write(path: &Path, keys: &[Key], replace: bool) -> Result<(), KeyError> {
    write_durably(path, &text(keys), replace).map_err(|error| failed(path, error))
}

fn text(keys: &[Key]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(400 + keys.len() * 48));
    text.push_str("# Isotope: the key to the secrets in one state, whose lineage is this file's name.\n");
    text.push_str("# Who has it can read them; without it they are lost. Keep a copy in a safe place.\n");
    for key in keys {
        text.push_str(&key.to_base64());
        text.push('\n');
    }
    text
}

fn write_durably(path: &Path, text: &str, replace: bool) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make_private(dir)?;
    // Made with mode 0600.
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    if replace {
        file.persist(path)?;
    } else {
        file.persist_noclobber(path)?;
    }
    sync_dir(dir)
}

/// Makes the directory with mode 0700, and narrows one that others may enter.
fn make_private(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    if fs::metadata(dir)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    }
    // The names of `keys` and of our directory have to last as well.
    dir.ancestors().skip(1).take(2).try_for_each(sync_dir)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn failed(path: &Path, error: io::Error) -> KeyError {
    KeyError::File { path: path.to_owned(), error }
}

fn unusable(path: &Path, why: String) -> KeyError {
    KeyError::Unusable { place: format!("the key file `{}`", path.display()), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn is_written_private_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(&dir.path().join("isotope"), "4f9c-1").unwrap();
        assert!(read(&path).unwrap().is_empty());
        let keys = [Key::random(), Key::random()];
        write(&path, &keys, false).unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let ids: Vec<_> = read(&path).unwrap().iter().map(Key::id).collect();
        assert_eq!(ids, keys.map(|key| key.id()));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn is_never_overwritten_by_mistake() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(dir.path(), "l").unwrap();
        let (first, second) = (Key::random(), Key::random());
        write(&path, std::slice::from_ref(&first), false).unwrap();
        assert!(write(&path, std::slice::from_ref(&second), false).is_err());
        assert_eq!(read(&path).unwrap()[0].id(), first.id());
        write(&path, &[second.clone(), first], true).unwrap();
        assert_eq!(read(&path).unwrap()[0].id(), second.id());
    }

    #[test]
    fn an_open_directory_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys");
        fs::create_dir(&keys).unwrap();
        fs::set_permissions(&keys, Permissions::from_mode(0o755)).unwrap();
        write(&path(dir.path(), "l").unwrap(), &[Key::random()], false).unwrap();
        assert_eq!(mode(&keys), 0o700);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.key");
        let key = Key::random().to_base64();
        let cases = [
            (0o600, String::new(), "holds no key"),
            (0o600, "# nothing\n\n".to_owned(), "holds no key"),
            (0o600, format!("{}\nnot a key", *key), "is not base64"),
            (0o600, "AAAA".to_owned(), "is base64 of 3 bytes; a key has 32"),
            (0o640, key.to_string(), "can be read by others"),
            (0o604, key.to_string(), "can be read by others"),
        ];
        for (mode, text, expected) in cases {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("l.key"), "{error}");
            assert!(!error.contains(key.as_str()), "{error}");
        }
    }

    #[test]
    fn a_lineage_cannot_leave_the_directory() {
        for lineage in ["", "../x", "a/b", "a\0b", "a.b", "ä", &"a".repeat(101)] {
            assert!(path(Path::new("/config"), lineage).is_err(), "{lineage:?}");
        }
        let fine = path(Path::new("/config"), "0b2e-4F_1").unwrap();
        assert_eq!(fine, Path::new("/config/keys/0b2e-4F_1.key"));
    }
}
