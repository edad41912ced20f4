//! Where a key comes from: the environment, a passphrase, a program, or a file made with a new state.
//!
//! A state stores a [`KeySlot`]: the key's public name and how to make it again. An existing state is opened by
//! trying every source in turn, and only the key with that name is taken; a key is made for a new state
//! ([`new_key`]) or in place of an old one ([`next_key`]) and never otherwise.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::command::{self, CommandError};
use super::{Key, KeyId, keyfile, random_hex};

/// The variable that gives a key directly: 32 bytes in base64.
pub const KEY_VARIABLE: &str = "ISOTOPE_ENCRYPTION_KEY";

/// While the key is changed: the key to come, in base64.
pub const NEW_KEY_VARIABLE: &str = "ISOTOPE_ENCRYPTION_KEY_NEW";

/// While the key is changed: the key that was, in base64, or the passphrase that was.
pub const OLD_KEY_VARIABLE: &str = "ISOTOPE_ENCRYPTION_KEY_OLD";

/// A shorter passphrase falls to a search, whatever the stretching.
const SHORTEST_PASSPHRASE: usize = 8;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What of the process's surroundings decides about keys; tests make their own.
#[derive(Clone)]
pub struct Environment {
    get: Arc<Lookup>,
    /// `…/isotope` in the user's own configuration directory; `None` for a user without a home.
    pub config_dir: Option<PathBuf>,
}

/// What the configuration's `encryption` block asks for.
#[derive(Clone, Default)]
pub enum KeyChoice {
    /// There is no such block: the key file.
    #[default]
    File,
    Passphrase(Zeroizing<String>),
    /// A program and its arguments; it prints a key in base64 or, being anything else, a passphrase.
    Command(Vec<String>),
}

/// Where a key came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    Environment,
    Passphrase,
    Command,
    File,
}

/// What a state stores of its key: nothing secret, and enough to make or find it again.
/// `{ "key": string, "source": string, "stretch"?: { "salt", "memory_kib", "passes", "lanes" } }`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySlot {
    pub key: KeyId,
    pub source: KeySource,
    /// How a passphrase becomes the key; `None` where the source gives the key itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stretch: Option<Stretch>,
}

/// The parameters of Argon2id (version 0x13, 32 bytes of output).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// 32 hexadecimal digits, used as text.
    pub salt: String,
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

/// Why there is no key. `Missing` and `Other` leave the state usable, with its secrets sealed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No source gives any key.
    #[error("the state's key {key} is not here: there is none in {}", looked.join(", nor in "))]
    Missing { key: KeyId, looked: Vec<String> },
    /// A source gives a key, but not the state's.
    #[error("the state's key is {wanted}, and {given_by} gives another one ({given})")]
    Other { wanted: KeyId, given: KeyId, given_by: String },
    /// A source gives something that cannot be a key.
    #[error("{place} {why}")]
    Unusable { place: String, why: String },
    #[error("the key file `{}` could not be used: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("the encryption command `{program}` gave no key: {error}")]
    Command { program: String, error: CommandError },
    /// A key file is needed and the user has no place for it.
    #[error("there is no directory for a key file: neither `XDG_CONFIG_HOME` nor `HOME` is set")]
    NoHome,
}

impl Environment {
    /// An environment of the caller's making; `config_dir` is the directory `keys` is made in.
    pub fn new(
        get: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        config_dir: Option<PathBuf>,
    ) -> Self {
        Self { get: Arc::new(get), config_dir }
    }

    /// The process's own. What is not UTF-8 is still seen as set, and refused where it is used.
    pub fn of_process() -> Self {
        let get = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self::new(get, config_dir(get))
    }

    /// The value of a variable, if it is set.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.get)(name)
    }

    fn key(&self) -> Result<Option<Key>, KeyError> {
        self.key_in(KEY_VARIABLE)
    }

    fn key_in(&self, variable: &str) -> Result<Option<Key>, KeyError> {
        let Some(text) = self.get(variable).map(Zeroizing::new) else { return Ok(None) };
        Key::from_base64(&text).map(Some).map_err(|bad| {
            let why = format!("{bad}; `openssl rand -base64 32` makes a key");
            KeyError::Unusable { place: format!("`{variable}`"), why }
        })
    }

    fn key_file(&self, lineage: &str) -> Result<PathBuf, KeyError> {
        keyfile::path(self.config_dir.as_deref().ok_or(KeyError::NoHome)?, lineage)
    }
}

/// `$XDG_CONFIG_HOME/isotope`, else `~/.config/isotope`. The XDG specification says to ignore relative paths.
fn config_dir(get: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |name| get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(base.join("isotope"))
}

/// Returns the key of an existing state: from the environment, from what `choice` asks for, or from the key
/// file, whichever gives the one that `slot` names. Never makes a key. Blocks while a command runs.
pub fn open_key(
    choice: &KeyChoice,
    slot: &KeySlot,
    lineage: &str,
    env: &Environment,
) -> Result<Key, KeyError> {
    let mut search = Search { wanted: slot.key, looked: Vec::new(), other: None };
    if let Some(key) = search.take(format!("`{KEY_VARIABLE}`"), env.key()?) {
        return Ok(key);
    }
    if let Some(key) = search.take(choice.place(), chosen_key(choice, slot)?) {
        return Ok(key);
    }
    if env.config_dir.is_some() {
        let path = env.key_file(lineage)?;
        let place = format!("`{}`", path.display());
        if let Some(key) = search.take_any(place, keyfile::read(&path)?) {
            return Ok(key);
        }
    }
    Err(search.into_error())
}

/// Makes the key of a new state: takes what the environment or `choice` gives, else makes a key file. A file that
/// is there already (a run that was killed before its state was written) is used, never overwritten.
pub fn new_key(choice: &KeyChoice, lineage: &str, env: &Environment) -> Result<(Key, KeySlot), KeyError> {
    if let Some(key) = env.key()? {
        return Ok(with_slot(key, KeySource::Environment));
    }
    make_key(choice, lineage, env, |path| match keyfile::read(path)?.into_iter().next() {
        Some(key) => Ok(key),
        None => {
            let key = Key::random();
            keyfile::write(path, std::slice::from_ref(&key), false)?;
            Ok(key)
        }
    })
}

/// Returns the key that seals a state which is about to get another: what `OLD_KEY_VARIABLE` gives, a key or a passphrase, else as
/// [`open_key`] finds it.
pub fn old_key(
    choice: &KeyChoice,
    slot: &KeySlot,
    lineage: &str,
    env: &Environment,
) -> Result<Key, KeyError> {
    let Some(text) = env.get(OLD_KEY_VARIABLE).map(Zeroizing::new) else {
        return open_key(choice, slot, lineage, env);
    };
    let place = format!("`{OLD_KEY_VARIABLE}`");
    let key = match &slot.stretch {
        Some(stretch) => stretch.key(&text)?,
        None => Key::from_base64(&text)
            .map_err(|bad| KeyError::Unusable { place: place.clone(), why: bad.to_string() })?,
    };
    match key.id() == slot.key {
        true => Ok(key),
        false => Err(KeyError::Other { wanted: slot.key, given: key.id(), given_by: place }),
    }
}

/// Makes another key for a state that has one: what `NEW_KEY_VARIABLE` gives, else what `choice` asks for. The environment's ordinary
/// key is not asked, being the old one; a key file keeps the old key behind the new, so that a rekeying that is killed half-way loses
/// nothing.
pub fn next_key(choice: &KeyChoice, lineage: &str, env: &Environment) -> Result<(Key, KeySlot), KeyError> {
    if let Some(key) = env.key_in(NEW_KEY_VARIABLE)? {
        return Ok(with_slot(key, KeySource::Environment));
    }
    make_key(choice, lineage, env, |path| {
        let mut keys = keyfile::read(path)?;
        keys.insert(0, Key::random());
        keyfile::write(path, &keys, true)?;
        Ok(keys.swap_remove(0))
    })
}

fn make_key(
    choice: &KeyChoice,
    lineage: &str,
    env: &Environment,
    in_file: impl FnOnce(&Path) -> Result<Key, KeyError>,
) -> Result<(Key, KeySlot), KeyError> {
    match choice {
        KeyChoice::File => Ok(with_slot(in_file(&env.key_file(lineage)?)?, KeySource::File)),
        KeyChoice::Passphrase(phrase) => stretched(phrase, KeySource::Passphrase),
        KeyChoice::Command(argv) => {
            let printed = run(argv)?;
            match Key::from_base64(&printed) {
                Ok(key) => Ok(with_slot(key, KeySource::Command)),
                Err(_) => stretched(&printed, KeySource::Command),
            }
        }
    }
}

/// The key of the `encryption` block; `None` where it asks for the file, or where the slot was made from a key
/// itself and the block gives a passphrase.
fn chosen_key(choice: &KeyChoice, slot: &KeySlot) -> Result<Option<Key>, KeyError> {
    let text = match choice {
        KeyChoice::File => return Ok(None),
        KeyChoice::Passphrase(phrase) => phrase.clone(),
        KeyChoice::Command(argv) => run(argv)?,
    };
    match &slot.stretch {
        Some(stretch) => stretch.key(&text).map(Some),
        None => Ok(Key::from_base64(&text).ok()),
    }
}

fn run(argv: &[String]) -> Result<Zeroizing<String>, KeyError> {
    let program = argv.first().cloned().unwrap_or_default();
    command::output(argv).map_err(|error| KeyError::Command { program, error })
}

fn stretched(phrase: &str, source: KeySource) -> Result<(Key, KeySlot), KeyError> {
    let stretch = Stretch::new();
    if phrase.chars().count() < SHORTEST_PASSPHRASE {
        let why = format!("has fewer than {SHORTEST_PASSPHRASE} characters");
        return Err(KeyError::Unusable { place: "the encryption passphrase".to_owned(), why });
    }
    let key = stretch.key(phrase)?;
    Ok((key.clone(), KeySlot { key: key.id(), source, stretch: Some(stretch) }))
}

fn with_slot(key: Key, source: KeySource) -> (Key, KeySlot) {
    let slot = KeySlot { key: key.id(), source, stretch: None };
    (key, slot)
}

/// The search for one key: where it was looked for, and the first other key that turned up.
struct Search {
    wanted: KeyId,
    looked: Vec<String>,
    other: Option<KeyError>,
}

impl Search {
    fn take(&mut self, place: String, key: Option<Key>) -> Option<Key> {
        self.take_any(place, key.into_iter().collect())
    }

    /// The wanted key, if it is among those that `place` gives.
    fn take_any(&mut self, place: String, keys: Vec<Key>) -> Option<Key> {
        if let Some(first) = keys.first() {
            let other = KeyError::Other { wanted: self.wanted, given: first.id(), given_by: place };
            self.other.get_or_insert(other);
        } else {
            self.looked.push(place);
        }
        keys.into_iter().find(|key| key.id() == self.wanted)
    }

    fn into_error(self) -> KeyError {
        self.other.unwrap_or(KeyError::Missing { key: self.wanted, looked: self.looked })
    }
}

impl KeyChoice {
    fn place(&self) -> String {
        match self {
            Self::File => "the configuration's `encryption` block".to_owned(),
            Self::Passphrase(_) => "the `encryption` block's passphrase".to_owned(),
            Self::Command(_) => "the `encryption` block's command".to_owned(),
        }
    }
}

impl Stretch {
    /// 64 MiB and three passes: about 0.15 s, and as much memory for each guess of a thief.
    fn new() -> Self {
        Self { salt: random_hex(32), memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }

    fn key(&self, phrase: &str) -> Result<Key, KeyError> {
        // A damaged slot must not take all memory, nor forever.
        let sane = self.memory_kib <= 1024 * 1024 && self.passes <= 100 && self.lanes <= 16;
        let unusable = |why: String| KeyError::Unusable { place: "the state's key slot".to_owned(), why };
        if !sane {
            return Err(unusable("asks for more than 1 GiB, 100 passes or 16 lanes".to_owned()));
        }
        let mut key = Zeroizing::new([0; 32]);
        Params::new(self.memory_kib, self.passes, self.lanes, Some(key.len()))
            .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
            .and_then(|argon| {
                argon.hash_password_into(phrase.as_bytes(), self.salt.as_bytes(), key.as_mut_slice())
            })
            .map_err(|error| unusable(format!("cannot be used: {error}")))?;
        Ok(Key::from_bytes(*key))
    }
}

impl fmt::Debug for KeyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("File"),
            Self::Passphrase(_) => f.write_str("Passphrase(..)"),
            Self::Command(argv) => write!(f, "Command({:?}, ..)", argv.first()),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({:?})", self.config_dir)
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
