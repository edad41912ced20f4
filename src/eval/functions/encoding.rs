//! Encodings of text: `base64…`, `csvdecode`, `jsondecode`, `jsonencode`, `text…base64`, `urlencode`, `yaml…`.

use std::io::Write;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::value::Value;

use super::arguments::Arguments;
use super::call::CallError;
use super::{Function, Param, any, charset, csv, json, text, yaml, yaml_write};

const STR: &[Param] = &[Param::text("str")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64decode", STR, text, base64_decode),
    Function::new("base64encode", STR, text, |a| Ok(Value::string(to_base64(a.text(0).as_bytes())))),
    Function::new("base64gzip", STR, text, base64_gzip),
    Function::new("csvdecode", STR, any, csv::decode),
    Function::new("jsondecode", STR, any, json::decode).nullable(),
    Function::new("jsonencode", &[Param::any("val").null().unknown().dynamic()], text, json::encode),
    Function::new(
        "textdecodebase64",
        &[Param::text("source"), Param::text("encoding")],
        text,
        charset::decode,
    ),
    Function::new(
        "textencodebase64",
        &[Param::text("string"), Param::text("encoding")],
        text,
        charset::encode,
    ),
    Function::new("urlencode", STR, text, |a| Ok(Value::string(url_encode(a.text(0))))),
    Function::new("yamldecode", &[Param::text("src")], any, yaml::decode).nullable(),
    Function::new("yamlencode", &[Param::any("value").null().dynamic()], text, yaml_write::encode),
];

/// Go's decoder requires the padding, but not that the bits it stands for are zero.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub(super) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Decodes Base64, in which line breaks may stand anywhere.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.replace(['\r', '\n'], "")).ok()
}

fn base64_decode(args: &Arguments) -> Result<Value, CallError> {
    let source = args.text(0);
    let bytes = from_base64(source).ok_or_else(|| {
        CallError::failed(format!("failed to decode base64 data {}", args.quoted(0, source)))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CallError::failed("the result of decoding the provided string is not valid UTF-8"))?;
    Ok(Value::string(text))
}

fn base64_gzip(args: &Arguments) -> Result<Value, CallError> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let packed = encoder.write_all(args.text(0).as_bytes()).and_then(|()| encoder.finish());
    let packed = packed.map_err(|error| CallError::failed(format!("failed to compress: {error}")))?;
    Ok(Value::string(to_base64(&packed)))
}

/// Encodes as in a query: a space becomes `+`.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
