//! Keyed fingerprints: enough to see that a secret input changed, useless to whoever steals the state.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::hex;
use super::sealing::{Sealer, frame};

/// The first 128 bits of an HMAC-SHA-256; as text 32 hexadecimal digits. Compared in constant time.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 16]);

/// The text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 32 hexadecimal digits")]
pub struct NotAFingerprint;

impl Sealer {
    /// The fingerprint of a value in its canonical form, at the place `context` names: the same value
    /// elsewhere has another one, so that nobody sees that two passwords are equal.
    pub fn fingerprint(&self, context: &[&str], canonical: &[u8]) -> Fingerprint {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.fingerprint_key.as_slice())
            .expect("HMAC takes a key of any length");
        for part in context.iter().map(|part| part.as_bytes()).chain([canonical]) {
            frame(part, |bytes| mac.update(bytes));
        }
        let mut short = [0; 16];
        short.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        Fingerprint(short)
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        let differences = self.0.iter().zip(other.0).fold(0, |seen, (a, b)| seen | (a ^ b));
        std::hint::black_box(differences) == 0
    }
}

impl Eq for Fingerprint {}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotAFingerprint;

    fn try_from(text: String) -> Result<Self, NotAFingerprint> {
        hex::decode(&text).map(Self).ok_or(NotAFingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{Key, Purpose};

    fn print(key: u8, lineage: &str, context: &[&str], value: &str) -> String {
        let sealer = Sealer::new(&Key::from_bytes([key; 32]), lineage);
        sealer.fingerprint(context, value.as_bytes()).to_string()
    }

    #[test]
    fn differs_by_key_lineage_place_and_value_alone() {
        let base = print(1, "l", &["desk", "password"], "hunter42");
        assert_eq!(base, print(1, "l", &["desk", "password"], "hunter42"));
        let others = [
            print(2, "l", &["desk", "password"], "hunter42"),
            print(1, "m", &["desk", "password"], "hunter42"),
            print(1, "l", &["desk", "token"], "hunter42"),
            print(1, "l", &["deskpassword"], "hunter42"),
            print(1, "l", &["desk", "password", "hunter42"], ""),
            print(1, "l", &["desk", "password"], "hunter43"),
        ];
        for (at, other) in others.iter().enumerate() {
            assert_ne!(*other, base, "case {at}");
        }
    }

    #[test]
    fn is_the_same_for_every_purpose() {
        let sealer = Sealer::new(&Key::from_bytes([1; 32]), "l");
        let plan = sealer.for_purpose(Purpose::Plan);
        assert_eq!(sealer.fingerprint(&["a"], b"b"), plan.fingerprint(&["a"], b"b"));
    }

    /// Stored in every state, so the way it is made must never change.
    #[test]
    fn the_value_is_settled() {
        assert_eq!(print(1, "l", &["desk", "password"], "hunter42"), "e021f01ce95817ee0a299143fc32b514");
    }

    #[test]
    fn survives_its_text() {
        let print = Sealer::new(&Key::from_bytes([1; 32]), "l").fingerprint(&[], b"");
        let text = serde_json::to_string(&print).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&text).unwrap(), print);
        for bad in ["\"\"", "\"zz\"", "12"] {
            assert!(serde_json::from_str::<Fingerprint>(bad).is_err(), "{bad}");
        }
    }
}
