//! What a client sends of an instance, with every part optional; which must be there is the verb's business.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::answer::Refusal;

/// A request body, read and normalised as the service does: values as text, names without markup.
pub(super) struct Body {
    pub(super) name: Option<String>,
    pub(super) element: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    /// `None`: the entry is to be unset.
    pub(super) configuration: Option<BTreeMap<String, Option<String>>>,
    /// What a browser login gave. Looked at, never kept.
    pub(super) provider_data: Map<String, Value>,
    pub(super) external_authentication: Option<String>,
    pub(super) with_objects: bool,
}

impl Body {
    pub(super) fn read(body: &Value) -> Result<Self, Refusal> {
        let body = body.as_object().ok_or_else(|| Refusal::bad("The request body must be a JSON object"))?;
        let field = |name| body.get(name).filter(|value| !value.is_null());
        Ok(Self {
            name: field("name").map(|name| text("name", name)).transpose()?.map(|name| strip_markup(&name)),
            element: field("element").map(element).transpose()?,
            tags: field("tags").map(tags).transpose()?,
            configuration: field("configuration").map(configuration).transpose()?,
            provider_data: field("providerData").and_then(Value::as_object).cloned().unwrap_or_default(),
            external_authentication: field("externalAuthentication")
                .map(|value| text("externalAuthentication", value))
                .transpose()?,
            with_objects: field("retrieveObjectsAfterInstantiation")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        })
    }
}

fn text(name: &str, value: &Value) -> Result<String, Refusal> {
    let text = value.as_str().ok_or_else(|| Refusal::bad(format!("{name} must be a string")))?;
    Ok(text.to_owned())
}

/// Reads `{ "key": "freshdesk" }` or `{ "id": 144 }`; the key counts if both are there.
fn element(value: &Value) -> Result<String, Refusal> {
    let key = value.get("key").and_then(Value::as_str).map(str::to_owned);
    let id = || value.get("id").and_then(Value::as_u64).map(|id| id.to_string());
    key.or_else(id).ok_or_else(|| Refusal::bad("element must have a key or an ID"))
}

/// Reads a list of strings as a set.
fn tags(value: &Value) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::bad("tags must be a list of strings");
    let mut tags: Vec<String> = Vec::new();
    for tag in value.as_array().ok_or_else(wrong)? {
        let tag = tag.as_str().ok_or_else(wrong)?;
        if !tags.iter().any(|found| found == tag) {
            tags.push(tag.to_owned());
        }
    }
    Ok(tags)
}

fn configuration(value: &Value) -> Result<BTreeMap<String, Option<String>>, Refusal> {
    let entries = value.as_object().ok_or_else(|| Refusal::bad("configuration must be an object"))?;
    Ok(entries.iter().map(|(key, value)| (key.clone(), as_text(value))).collect())
}

/// Returns a value as the service keeps it: text, whatever JSON type it had.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Takes markup out of a name: whatever looks like a tag, up to its `>`.
fn strip_markup(name: &str) -> String {
    let mut stripped = String::new();
    let mut rest = name;
    while let Some(start) = rest.find('<') {
        let (before, after) = rest.split_at(start);
        stripped.push_str(before);
        let opens = after[1..].starts_with(|next: char| next.is_ascii_alphabetic() || "/!?".contains(next));
        match after.find('>').filter(|_| opens) {
            Some(end) => rest = &after[end + 1..],
            None => {
                stripped.push('<');
                rest = &after[1..];
            }
        }
    }
    stripped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_comparisons_stay() {
        let cases = [
            ("plain", "plain"),
            ("<b>bold</b> name", "bold name"),
            ("<script>alert(1)</script>", "alert(1)"),
            ("1 < 2 > 0", "1 < 2 > 0"),
            ("a <b", "a <b"),
            ("é<br/>ü", "éü"),
        ];
        for (name, expected) in cases {
            assert_eq!(strip_markup(name), expected);
        }
    }
}
