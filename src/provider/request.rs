//! A kind's [`Request`] and the values it names → method, path, query and headers as they are sent.

use crate::kind::Request;
use crate::kind::words::Words;
use crate::syntax::{Expr, ExprKind, TemplatePart};
use crate::value::{Type, Value, convert};

/// A request, ready but for the provider's address and headers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    pub(super) method: String,
    /// `/instances/7?hydrate=false`.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
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
    Ok(Call { method: request.method.clone(), target, headers, body: None })
}

/// A path: what a template's author wrote stays, what is filled in is encoded, so that no id can leave its place.
fn path(template: &Expr, words: &Words) -> Result<String, String> {
    let ExprKind::Template(parts) = &template.kind else {
        return text(template, words).map(Option::unwrap_or_default);
    };
    let mut path = String::new();
    for part in parts {
        match part {
            TemplatePart::Literal(literal, _) => path.push_str(literal),
            TemplatePart::Interpolation(expr) => match text(expr, words)?.filter(|text| !text.is_empty()) {
                Some(value) => path.push_str(&encode(&value, "")),
                None => return Err("a part of the path has no value".to_owned()),
            },
            // Directives choose between what the author wrote: nothing in them comes from outside alone.
            other => {
                let part = ExprKind::Template(vec![other.clone()]);
                let expr = Expr { kind: part, span: template.span };
                path.push_str(&text(&expr, words)?.unwrap_or_default());
            }
        }
    }
    Ok(path)
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
fn pair(name: &str, value: &str) -> String {
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

/// The words that an object's own requests may use.
pub(super) fn words_of(id: &str, values: &Value) -> Words {
    Words::new().with_all(values).with("id", Value::string(id))
}
