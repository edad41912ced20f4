//! A key, its short public name, and the subkeys made from it.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{hex, random_bytes};

/// The root secret of one state: 32 bytes, zeroed when the last clone goes, never printed.
#[derive(Clone)]
// Behind an `Arc`, so that moving or cloning a key leaves no second copy in memory.
pub struct Key(Arc<Zeroizing<[u8; 32]>>);

/// The public name of a key, safe to store beside what it sealed: 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(pub(super) [u8; 8]);

/// The text is not 32 bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    #[error("is empty")]
    Empty,
    #[error("is not base64")]
    NotBase64,
    #[error("is base64 of {0} bytes; a key has 32")]
    Length(usize),
}

/// The text is not the name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a key has 16 hexadecimal digits")]
pub struct NotAKeyId;

/// Reads both alphabets with or without padding: secret managers differ in what they hand out.
fn reader(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

impl Key {
    /// Makes a new key.
    pub fn random() -> Self {
        Self::from_bytes(random_bytes())
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(bytes)))
    }

    /// Reads 32 bytes in base64 (either alphabet, padded or not, blanks around it allowed).
    pub fn from_base64(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotAKey::Empty);
        }
        let decode = |alphabet| reader(alphabet).decode(text);
        let bytes = decode(&alphabet::STANDARD).or_else(|_| decode(&alphabet::URL_SAFE));
        let bytes = Zeroizing::new(bytes.map_err(|_| NotAKey::NotBase64)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| NotAKey::Length(bytes.len()))?;
        Ok(Self::from_bytes(bytes))
    }

    /// The text that [`Key::from_base64`] reads: for the key file, and to hand to a secret manager.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(self.0.as_slice()))
    }

    /// The key's public name: the start of a SHA-256 over a subkey that seals nothing.
    pub fn id(&self) -> KeyId {
        let named = Sha256::digest(self.subkey("", "key id").as_slice());
        let mut id = [0; 8];
        id.copy_from_slice(&named[..8]);
        KeyId(id)
    }

    /// The subkey for one purpose within one lineage (HKDF-SHA256), so that no two uses share a key.
    pub(super) fn subkey(&self, lineage: &str, label: &str) -> Zeroizing<[u8; 32]> {
        let mut subkey = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(lineage.as_bytes()), self.0.as_slice())
            .expand(format!("isotope v1 {label}").as_bytes(), subkey.as_mut_slice())
            .expect("32 bytes are within HKDF's limit");
        subkey
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for KeyId {
    type Error = NotAKeyId;

    fn try_from(text: String) -> Result<Self, NotAKeyId> {
        hex::decode(&text).map(Self).ok_or(NotAKeyId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let slashes = "//////////////////////////////////////////8";
        let cases = [
            (zeros.to_owned(), Ok([0; 32])),
            (format!(" {zeros}=\n"), Ok([0; 32])),
            (slashes.to_owned(), Ok([255; 32])),
            (slashes.replace('/', "_"), Ok([255; 32])),
            (String::new(), Err(NotAKey::Empty)),
            (" \n".to_owned(), Err(NotAKey::Empty)),
            ("correct horse".to_owned(), Err(NotAKey::NotBase64)),
            ("AAAA".to_owned(), Err(NotAKey::Length(3))),
            (format!("{zeros}AA"), Err(NotAKey::NotBase64)),
        ];
        for (text, expected) in cases {
            let key = Key::from_base64(&text).map(|key| **key.0);
            assert_eq!(key, expected, "{text:?}");
        }
    }

    #[test]
    fn a_key_survives_its_text_and_shows_nothing() {
        let key = Key::random();
        let again = Key::from_base64(&key.to_base64()).unwrap();
        assert_eq!(again.id(), key.id());
        assert_eq!(format!("{key:?}"), "Key(..)");
        assert_ne!(Key::random().id(), key.id());
    }

    /// The name is stored in every state, so the way it is made must never change.
    #[test]
    fn the_name_of_a_key_is_settled() {
        let id = Key::from_bytes([7; 32]).id();
        assert_eq!(id.to_string(), "fcb2e88396cd3096");
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<KeyId>(&text).unwrap(), id);
        assert!(serde_json::from_str::<KeyId>("\"abc\"").is_err());
    }

    #[test]
    fn subkeys_differ_by_lineage_and_label() {
        let key = Key::from_bytes([7; 32]);
        assert_ne!(key.subkey("a", "state"), key.subkey("b", "state"));
        assert_ne!(key.subkey("a", "state"), key.subkey("a", "plan"));
        assert_eq!(key.subkey("a", "state"), key.subkey("a", "state"));
    }
}
