//! Randomness from the operating system.

use super::hex;

/// Returns `N` random bytes.
///
/// # Panics
/// Where the operating system has no random source, in which case nothing here can be done safely.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    bytes
}

/// Returns `digits` random hexadecimal digits in lower case; each holds four bits.
pub fn random_hex(digits: usize) -> String {
    let mut bytes = vec![0; digits.div_ceil(2)];
    getrandom::fill(&mut bytes).expect("the operating system has a random source");
    let mut text = hex::encode(&bytes);
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_has_the_length_asked_for_and_differs() {
        for digits in [0, 1, 7, 32] {
            let text = random_hex(digits);
            assert_eq!(text.len(), digits);
            assert!(text.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()));
        }
        assert_ne!(random_hex(32), random_hex(32));
        assert_ne!(random_bytes::<16>(), random_bytes::<16>());
    }
}
