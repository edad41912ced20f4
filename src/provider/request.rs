//! A kind's [`Request`] and the values it names → method, path, query and headers as they are sent.

use crate::kind::Request;
use crate::kind::words::Words;
use crate::syntax::{Expr, ExprKind, TemplatePart};
use crate::value::{Type, Value, convert};

/// A request, ready but for the provider's address and headers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) method: String,
    /// An address that an answer gave, whole; it goes before the target.
    pub(super) url: Option<String>,
    /// `/instances/7?hydrate=false`.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
    pub(super) timeout: Option<std::time::Duration>,
}

/// Fills in a request. `query` goes after the request's own.
pub(super) fn call(request: &Request, words: &Words, query: &[(&str, &str)]) -> Result<Call, String> {
    let mut target = path(&request.path, words)?;
    let mut pairs = Vec::new();
    for (name, expr) in &request.query {
        if let Some(value) = text(expr, words)? {
            pairs.push(pair(name, &value));
        }
    }
    pairs.extend(query.iter().map(|(name, value)| pair(name, value)));
    if !pairs.is_empty() {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&pairs.join("&"));
    }
    let mut headers = Vec::new();
    for (name, expr) in &request.headers {
        headers.extend(text(expr, words)?.map(|value| (name.clone(), value)));
    }
    Ok(Call {
        method: request.method.clone(),
        url: None,
        target,
        headers,
        body: None,
        timeout: request.timeout,
    })
}

/// A path: what a template's author wrote stays, what is filled in is encoded, so that no id can leave its place.
fn path(template: &Expr, words: &Words) -> Result<String, String> {
    match &template.kind {
        ExprKind::Template(parts) => parts_of_path(parts, template, words),
        ExprKind::Wrap(inner) => filled(inner, words),
        _ => text(template, words).map(Option::unwrap_or_default),
    }
}

fn parts_of_path(parts: &[TemplatePart], template: &Expr, words: &Words) -> Result<String, String> {
    let mut path = String::new();
    for part in parts {
        match part {
            TemplatePart::Literal(literal, _) => path.push_str(literal),
            TemplatePart::Interpolation(expr) => path.push_str(&filled(expr, words)?),
            TemplatePart::If { condition, then, otherwise, .. } => {
                let chosen = match words.value(condition)?.unmark().0.as_bool() {
                    Some(true) => Some(then),
                    Some(false) => otherwise.as_ref(),
                    None => return Err("a part of the path is not known yet".to_owned()),
                };
                let parts = chosen.map(Vec::as_slice).unwrap_or_default();
                path.push_str(&parts_of_path(parts, template, words)?);
            }
            // What a loop makes comes whole: its author encodes it.
            other @ TemplatePart::For { .. } => {
                let part = ExprKind::Template(vec![other.clone()]);
                let expr = Expr { kind: part, span: template.span };
                path.push_str(&text(&expr, words)?.unwrap_or_default());
            }
        }
    }
    Ok(path)
}

fn filled(expr: &Expr, words: &Words) -> Result<String, String> {
    match text(expr, words)?.filter(|text| !text.is_empty()) {
        Some(value) => Ok(encode(&value, "")),
        None => Err("a part of the path has no value".to_owned()),
    }
}

/// An expression's text; `None` when it is null.
fn text(expr: &Expr, words: &Words) -> Result<Option<String>, String> {
    let value = words.value(expr)?.unmark_deep().0;
    if !value.is_known() {
        return Err("a part of the request is not known yet".to_owned());
    }
    if value.is_null() {
        return Ok(None);
    }
    let text = convert(&value, &Type::String).map_err(|problem| problem.to_string())?;
    Ok(text.as_str().map(str::to_owned))
}

/// `tags[]=isotope%3A…`: the brackets of a name stay, as the API's own samples have them.
pub(super) fn pair(name: &str, value: &str) -> String {
    format!("{}={}", encode(name, "[]"), encode(value, ""))
}

/// Percent-encodes everything but unreserved characters and `also`.
fn encode(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || (c.is_ascii() && also.contains(c)) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // A segment of dots would climb.
    if out.chars().all(|c| c == '.') { out.replace('.', "%2E") } else { out }
}

/// Undoes percent-encoding; an escape that is none stays as it is.
pub(super) fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The words that an object's own requests may use.
pub(super) fn words_of(id: &str, values: &Value) -> Words {
    Words::new().with_all(values).with("id", Value::string(id))
}
