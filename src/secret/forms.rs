//! The forms in which a secret may turn up in text: as it is, in JSON, in an address, in base64, in hexadecimal.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt::Write;

use super::hex;

/// Returns every form of `secret`; some may be equal.
pub(super) fn forms(secret: &str) -> Vec<String> {
    let digits = hex::encode(secret.as_bytes());
    if secret.bytes().all(is_unreserved) {
        // Most secrets: JSON and addresses write them as they are.
        let base64 = [STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)];
        return [secret.to_owned(), digits.to_uppercase(), digits].into_iter().chain(base64).collect();
    }
    let strict = percent(secret, is_unreserved);
    let component = percent(secret, |byte| byte.is_ascii_alphanumeric() || b"-._~!*'()".contains(&byte));
    let query = percent(secret, |byte| byte.is_ascii_graphic() && !b"\"#<>'".contains(&byte));
    vec![
        secret.to_owned(),
        json(secret, |c| c.is_ascii_control()),
        json(secret, |c| c.is_ascii_control() || "<>&\u{2028}\u{2029}".contains(c)),
        json(secret, |c| c.is_ascii_control() || !c.is_ascii()),
        strict.replace("%20", "+"),
        lower_escapes(&strict),
        strict,
        component,
        query,
        // Without padding, which would not stand there in the middle of a longer text.
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        digits.to_uppercase(),
        digits,
    ]
}

/// The inside of a JSON string. Writers differ in what they escape beyond need: Go the three of HTML, many
/// others all that is not ASCII.
fn json(text: &str, numeric: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            c if numeric(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A character that stands for itself in any part of an address (RFC 3986, 2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn percent(text: &str, kept: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if kept(byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// `%2F` as `%2f`, which some writers prefer.
fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let mut lowered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at(2);
        let _ = write!(lowered, "%{}{rest}", escape.to_lowercase());
    }
    lowered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writer_is_covered() {
        let cases = [
            ("p\"a\\ss\n", r#"p\"a\\ss\n"#),
            ("p<a>&ss", r"p\u003ca\u003e\u0026ss"),
            ("pä😀ss", r"p\u00e4\ud83d\ude00ss"),
            ("p/a s+s", "p%2Fa%20s%2Bs"),
            ("p/a s+s", "p%2fa%20s%2bs"),
            ("p/a s+s", "p%2Fa+s%2Bs"),
            ("p/a s!s", "p%2Fa%20s!s"),
            ("p/a s+s", "p/a%20s+s"),
            ("hunter4", "aHVudGVyNA"),
            ("~~~???", "fn5+Pz8/"),
            ("~~~???", "fn5-Pz8_"),
            ("hunter4", "68756e74657234"),
            ("hunter4", "68756E74657234"),
        ];
        for (secret, form) in cases {
            assert!(forms(secret).iter().any(|it| it == form), "{secret:?} as {form:?}: {:?}", forms(secret));
        }
    }
}
