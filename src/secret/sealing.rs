//! Sealing: XChaCha20-Poly1305 with a fresh nonce, bound to the place the value belongs to.
//!
//! A sealed value is `version (1) | key id (8) | nonce (24) | ciphertext | tag (16)`. The header, the purpose
//! and the caller's place (address, attribute, …) are authenticated, so that a value moved elsewhere, or a
//! header that was changed, does not open.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::Zeroizing;

use super::{Key, KeyId, random_bytes};

const VERSION: u8 = 1;
const ID_END: usize = 1 + 8;
const NONCE_END: usize = ID_END + 24;
const TAG: usize = 16;

/// What is sealed. Each purpose has its own subkey: a plan's bytes never open as state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    State,
    Plan,
    Emulator,
    Export,
}

/// Seals and opens for one lineage and one purpose; also makes its fingerprints. Clones are cheap.
#[derive(Clone)]
pub struct Sealer {
    key: Key,
    id: KeyId,
    lineage: Arc<str>,
    purpose: Purpose,
    subkey: Arc<Zeroizing<[u8; 32]>>,
    pub(super) fingerprint_key: Arc<Zeroizing<[u8; 32]>>,
}

/// A sealed value. As text (serde, `Display`): base64 of the bytes above.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sealed(Vec<u8>);

/// Why a sealed value stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another key sealed it: with that one it opens.
    #[error("it was sealed with the key {sealed_with}, and the key here is {given}")]
    WrongKey { sealed_with: KeyId, given: KeyId },
    /// It was changed, cut or moved from the place it belongs to: no key opens it.
    #[error("the sealed value is damaged, or was moved from the place it belongs to")]
    Damaged,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Plan => "plan",
            Self::Emulator => "emulator",
            Self::Export => "export",
        }
    }
}

impl Sealer {
    /// A sealer for the state of `lineage`; see [`Sealer::for_purpose`] for other uses.
    pub fn new(key: &Key, lineage: &str) -> Self {
        Self {
            key: key.clone(),
            id: key.id(),
            lineage: lineage.into(),
            purpose: Purpose::State,
            subkey: Arc::new(key.subkey(lineage, Purpose::State.label())),
            fingerprint_key: Arc::new(key.subkey(lineage, "fingerprint")),
        }
    }

    /// The same key and lineage for another purpose. Fingerprints stay the same.
    pub fn for_purpose(&self, purpose: Purpose) -> Self {
        let subkey = Arc::new(self.key.subkey(&self.lineage, purpose.label()));
        Self { purpose, subkey, ..self.clone() }
    }

    /// The name of the key it seals with.
    pub fn key_id(&self) -> KeyId {
        self.id
    }

    /// Seals `plain` for the place `aad` names, component by component (`["instance.desk", "token"]`).
    pub fn seal(&self, aad: &[&str], plain: &[u8]) -> Sealed {
        let nonce: [u8; 24] = random_bytes();
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(&nonce);
        let aad = self.associated(&bytes[..ID_END], aad);
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .expect("no value in memory reaches the cipher's limit of 256 GiB");
        bytes.extend_from_slice(&sealed);
        Sealed(bytes)
    }

    /// Opens what [`Sealer::seal`] made for the same place.
    pub fn open(&self, aad: &[&str], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if sealed.key() != self.id {
            return Err(OpenError::WrongKey { sealed_with: sealed.key(), given: self.id });
        }
        let aad = self.associated(&sealed.0[..ID_END], aad);
        let mut nonce = [0; 24];
        nonce.copy_from_slice(&sealed.0[ID_END..NONCE_END]);
        self.cipher()
            .decrypt(&XNonce::from(nonce), Payload { msg: &sealed.0[NONCE_END..], aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Damaged)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&**self.subkey).into())
    }

    fn associated(&self, header: &[u8], place: &[&str]) -> Vec<u8> {
        let mut aad = header.to_vec();
        for part in [self.purpose.label()].iter().chain(place) {
            frame(part.as_bytes(), |bytes| aad.extend_from_slice(bytes));
        }
        aad
    }
}

/// Feeds `part` with its length before it, so that no two lists of parts give the same bytes.
pub(super) fn frame(part: &[u8], mut feed: impl FnMut(&[u8])) {
    feed(&(part.len() as u64).to_le_bytes());
    feed(part);
}

impl Sealed {
    /// Takes bytes that [`Sealed::as_bytes`] gave. A version this program does not know counts as damaged.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, OpenError> {
        let whole = bytes.first() == Some(&VERSION) && bytes.len() >= NONCE_END + TAG;
        if whole { Ok(Self(bytes)) } else { Err(OpenError::Damaged) }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name of the key that sealed it.
    pub fn key(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[1..ID_END]);
        KeyId(id)
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, {} bytes)", self.key(), self.0.len() - NONCE_END - TAG)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({}, {:?})", self.id, self.purpose)
    }
}

impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        sealed.to_string()
    }
}

impl TryFrom<String> for Sealed {
    type Error = OpenError;

    fn try_from(text: String) -> Result<Self, OpenError> {
        Self::from_bytes(STANDARD.decode(text).map_err(|_| OpenError::Damaged)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: [&str; 2] = ["instance.desk", "token"];

    fn sealer(key: u8) -> Sealer {
        Sealer::new(&Key::from_bytes([key; 32]), "lineage")
    }

    #[test]
    fn opens_what_it_sealed() {
        for plain in [&b""[..], b"x", b"hunter42", &[0; 5000]] {
            let sealed = sealer(1).seal(&PLACE, plain);
            let text = serde_json::to_string(&sealed).unwrap();
            let again: Sealed = serde_json::from_str(&text).unwrap();
            assert_eq!(sealer(1).open(&PLACE, &again).unwrap().as_slice(), plain);
        }
    }

    #[test]
    fn opens_nowhere_else() {
        let sealed = sealer(1).seal(&PLACE, b"hunter42");
        let cases: [&[&str]; 6] = [
            &[],
            &["instance.desk"],
            &["instance.desktoken"],
            &["instance.desk", "token", ""],
            &["instance.des", "ktoken"],
            &["token", "instance.desk"],
        ];
        for place in cases {
            assert_eq!(sealer(1).open(place, &sealed), Err(OpenError::Damaged), "{place:?}");
        }
        let elsewhere = Sealer::new(&Key::from_bytes([1; 32]), "other lineage");
        assert_eq!(elsewhere.open(&PLACE, &sealed), Err(OpenError::Damaged));
        for purpose in [Purpose::Plan, Purpose::Emulator, Purpose::Export] {
            assert_eq!(sealer(1).for_purpose(purpose).open(&PLACE, &sealed), Err(OpenError::Damaged));
        }
        assert!(
            sealer(1).for_purpose(Purpose::Plan).for_purpose(Purpose::State).open(&PLACE, &sealed).is_ok()
        );
    }

    #[test]
    fn another_key_is_told_from_damage() {
        let sealed = sealer(1).seal(&PLACE, b"hunter42");
        let expected = OpenError::WrongKey { sealed_with: sealer(1).key_id(), given: sealer(2).key_id() };
        assert_eq!(sealer(2).open(&PLACE, &sealed), Err(expected));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let sealed = sealer(1).seal(&PLACE, b"hunter42");
        let opens = |bytes: Vec<u8>| Sealed::from_bytes(bytes).and_then(|it| sealer(1).open(&PLACE, &it));
        for bit in 0..sealed.as_bytes().len() * 8 {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(opens(bytes).is_err(), "bit {bit}");
        }
        for length in 0..sealed.as_bytes().len() {
            assert!(opens(sealed.as_bytes()[..length].to_vec()).is_err(), "length {length}");
        }
    }

    #[test]
    fn the_same_value_never_seals_to_the_same_bytes() {
        assert_ne!(sealer(1).seal(&PLACE, b"hunter42"), sealer(1).seal(&PLACE, b"hunter42"));
    }

    /// States of today must open tomorrow.
    #[test]
    fn the_format_is_settled() {
        let text = "AdmMvNFHj1BM9A67zINe2vKuqYoZJ91g1p0Hxw3fRKi+f7i8RA4qEm4nny2LjzuLPINMp63LBGc2";
        let sealed = Sealed::try_from(text.to_owned()).unwrap();
        assert_eq!(sealer(1).open(&PLACE, &sealed).unwrap().as_slice(), b"hunter42");
    }

    #[test]
    fn nothing_is_shown() {
        let sealer = sealer(1);
        let shown = format!("{sealer:?} {:?}", sealer.seal(&PLACE, b"hunter42"));
        let id = sealer.key_id();
        assert_eq!(shown, format!("Sealer({id}, State) Sealed({id}, 8 bytes)"));
    }
}
