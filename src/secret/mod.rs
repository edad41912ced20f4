//! Keys, sealing, fingerprints and redaction: what keeps secrets out of files, screens and logs.
//!
//! A [`Key`] belongs to a state's lineage and comes from outside the project ([`keys`](open_key)). A [`Sealer`]
//! made from it seals the results that must be given back (a token) and fingerprints the inputs of which only
//! a change must be seen (a password). A [`Redactor`] knows every secret value of a run and takes it out of
//! all text that leaves the process.

mod command;
mod fingerprint;
mod forms;
mod hex;
mod key;
mod keyfile;
mod keys;
mod random;
mod redact;
mod sealing;

pub use command::CommandError;
pub use fingerprint::{Fingerprint, NotAFingerprint};
pub use key::{Key, KeyId, NotAKey, NotAKeyId};
pub use keys::{Environment, KEY_VARIABLE, NEW_KEY_VARIABLE, OLD_KEY_VARIABLE};
pub use keys::{KeyChoice, KeyError, KeySlot, KeySource, Stretch};
pub use keys::{new_key, next_key, old_key, open_key};
pub use random::{random_bytes, random_hex};
pub use redact::{RedactingWriter, Redactor, SENSITIVE};
pub use sealing::{OpenError, Purpose, Sealed, Sealer};
