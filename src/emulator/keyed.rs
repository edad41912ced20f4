//! Everything derived from the emulator's key, so that neither tokens nor secrets rest in its data.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key, ready to derive.
pub(super) struct Keyed(Hmac<Sha256>);

impl Keyed {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// Returns an object's token: the same each time, 32 bytes in base64.
    pub(super) fn token(&self, id: u64, created: &str) -> String {
        STANDARD.encode(self.derive(&["token", &id.to_string(), created]))
    }

    /// Returns what is kept of a secret: enough to see that it changed, 16 bytes in hexadecimal.
    pub(super) fn digest(&self, id: u64, key: &str, secret: &str) -> String {
        let bytes = self.derive(&["secret", &id.to_string(), key, secret]);
        bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Hashes the parts with their lengths, so that no two lists of parts look alike.
    fn derive(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}
