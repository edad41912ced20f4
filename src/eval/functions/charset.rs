//! Text in other character encodings: `textencodebase64` and `textdecodebase64`.
//!
//! The names are IANA's. What the web calls by these names differs in places, so UTF-16, US-ASCII and ISO 8859-1 are
//! done here, and all others by `encoding_rs`.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use crate::value::Value;

use super::arguments::Arguments;
use super::call::CallError;
use super::encoding::{from_base64, to_base64};

enum Charset {
    Utf8,
    /// Big-endian after a byte order mark, unless the mark says otherwise.
    Utf16,
    Utf16Be,
    Utf16Le,
    Ascii,
    Latin1,
    Other(&'static Encoding),
}

impl Charset {
    fn find(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf-8" | "csutf8" => Self::Utf8,
            "utf-16" | "csutf16" => Self::Utf16,
            "utf-16be" | "csutf16be" => Self::Utf16Be,
            "utf-16le" | "csutf16le" => Self::Utf16Le,
            "us-ascii" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso_646.irv:1991" | "iso646-us"
            | "iso-ir-6" | "us" | "ibm367" | "cp367" | "csascii" => Self::Ascii,
            "iso-8859-1" | "iso_8859-1" | "iso_8859-1:1987" | "iso-ir-100" | "latin1" | "l1" | "ibm819"
            | "cp819" | "csisolatin1" => Self::Latin1,
            "windows-1252" | "cswindows1252" => Self::Other(WINDOWS_1252),
            label => Self::Other(iana(label)?),
        })
    }

    /// The name for messages.
    fn name(&self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::Utf16Be => "UTF-16BE",
            Self::Utf16Le => "UTF-16LE",
            Self::Ascii => "US-ASCII",
            Self::Latin1 => "ISO_8859-1:1987",
            Self::Other(encoding) => encoding.name(),
        }
    }

    /// Returns `None` if a character has no representation.
    fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let limited = |most: u32| {
            text.chars().map(|c| u8::try_from(c as u32).ok().filter(|b| u32::from(*b) <= most)).collect()
        };
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Utf16 => Some([0xfe, 0xff].into_iter().chain(utf16(text, u16::to_be_bytes)).collect()),
            Self::Utf16Be => Some(utf16(text, u16::to_be_bytes).collect()),
            Self::Utf16Le => Some(utf16(text, u16::to_le_bytes).collect()),
            Self::Ascii => limited(0x7f),
            Self::Latin1 => limited(0xff),
            Self::Other(encoding) => {
                let (bytes, _, unmappable) = encoding.encode(text);
                (!unmappable).then(|| bytes.into_owned())
            }
        }
    }

    /// Returns `None` if the bytes stand for nothing in the encoding.
    fn decode(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
            Self::Utf16 => match bytes {
                [0xff, 0xfe, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
                [0xfe, 0xff, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
                bytes => from_utf16(bytes, u16::from_be_bytes),
            },
            Self::Utf16Be => from_utf16(bytes, u16::from_be_bytes),
            Self::Utf16Le => from_utf16(bytes, u16::from_le_bytes),
            Self::Ascii => String::from_utf8(bytes.to_vec()).ok().filter(|text| text.is_ascii()),
            Self::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            Self::Other(encoding) => decode_other(encoding, bytes),
        }
    }
}

/// Finds an encoding of the web that IANA knows by the same name.
fn iana(label: &str) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
    let other_idea = [UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED].contains(&encoding);
    // The web accepts spaces around a name.
    (!other_idea && label.trim() == label).then_some(encoding)
}

/// Decodes; the control characters that the web reads for a code page's empty places are mistakes.
fn decode_other(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let control = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
    let page = encoding.name().starts_with("windows-");
    (encoding == GB18030 || !page || !text.contains(control)).then(|| text.into_owned())
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> impl Iterator<Item = u8> {
    text.encode_utf16().flat_map(bytes)
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

fn find(args: &Arguments) -> Result<Charset, CallError> {
    let name = args.text(1);
    Charset::find(name).ok_or_else(|| {
        let name = args.quoted(1, name);
        let message =
            format!("{name} is not a supported IANA encoding name or alias in this Terraform version");
        CallError::argument(1, message)
    })
}

pub(super) fn encode(args: &Arguments) -> Result<Value, CallError> {
    let charset = find(args)?;
    let bytes = charset.encode(args.text(0)).ok_or_else(|| {
        let name = charset.name();
        let message = format!("the given string contains characters that cannot be represented in {name}");
        CallError::argument(0, message)
    })?;
    Ok(Value::string(to_base64(&bytes)))
}

pub(super) fn decode(args: &Arguments) -> Result<Value, CallError> {
    let charset = find(args)?;
    let bytes = from_base64(args.text(0)).ok_or_else(|| {
        let at = invalid_symbol(args.text(0));
        CallError::argument(0, format!("the given value is has an invalid base64 symbol at offset {at}"))
    })?;
    let text = charset.decode(&bytes).ok_or_else(|| {
        let name = charset.name();
        CallError::argument(0, format!("the given string contains symbols that are not defined for {name}"))
    })?;
    Ok(Value::string(text))
}

/// Returns where Base64 goes wrong, as Terraform counts: the offset of the first symbol that is none.
fn invalid_symbol(text: &str) -> usize {
    let symbol = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\r' | b'\n');
    text.bytes().position(|b| !symbol(b)).unwrap_or(0)
}
