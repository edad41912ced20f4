//! Reads an account's own catalogue: the API's answer to `GET /elements`, which says what is required for sure.

use serde_json::Value;

use super::{Auth, Catalogue, Element, Entry, EntryType, Required, is_secret_key};

impl Catalogue {
    /// Returns this catalogue with the elements of `answer` added: `[{ "key", "name", "hub",
    /// "authentication": { "type" }, "configuration": [{ "key", "required", … }] }]`.
    ///
    /// An element that comes without entries keeps those known before. What only documentation tells (provider
    /// data, variants, labels the answer lacks) is kept too. Anything that is no element is passed over.
    pub fn with_answer(&self, answer: &Value) -> Catalogue {
        let mut merged = self.clone();
        for found in answer.as_array().into_iter().flatten() {
            if let Some(key) = text(found, "key") {
                let known = self.elements.get(&key).cloned().unwrap_or_default();
                merged.insert(element(key, found, known));
            }
        }
        merged
    }
}

/// Returns what of an answer's element [`Catalogue::with_answer`] reads: a tenth of it.
pub fn essence(found: &Value) -> Value {
    let of = |value: &Value, names: &[&str]| -> serde_json::Map<String, Value> {
        let field = |name: &&str| Some(((*name).to_owned(), value.get(name)?.clone()));
        names.iter().filter_map(field).filter(|(_, value)| !value.is_null()).collect()
    };
    let mut element = of(found, &["id", "key", "name", "hub", "authentication"]);
    let entry = |entry: &Value| Value::Object(of(entry, &ENTRY));
    if let Some(entries) = found.get("configuration").and_then(Value::as_array) {
        element.insert("configuration".to_owned(), entries.iter().map(entry).collect());
    }
    Value::Object(element)
}

/// What is read of an entry.
const ENTRY: [&str; 8] =
    ["key", "name", "type", "required", "defaultValue", "hideFromConsole", "internal", "options"];

fn element(key: String, found: &Value, known: Element) -> Element {
    let auth = found.pointer("/authentication/type").and_then(Value::as_str).and_then(Auth::parse);
    let auth = auth.unwrap_or(known.auth);
    let entries: Vec<Entry> = found
        .get("configuration")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| self::entry(entry, &known))
        .collect();
    Element {
        name: text(found, "name").unwrap_or(known.name),
        hub: text(found, "hub").or(known.hub),
        ids: found.get("id").and_then(Value::as_u64).map_or(known.ids, |id| vec![id]),
        entries: if entries.is_empty() { known.entries } else { entries },
        auth,
        key,
        ..known
    }
}

fn entry(found: &Value, known: &Element) -> Option<Entry> {
    let key = text(found, "key")?;
    let known = known.entry(&key);
    let flag = |name| found.get(name).and_then(Value::as_bool).unwrap_or(false);
    let ui = text(found, "type").unwrap_or_default();
    let default = text(found, "defaultValue");
    // Many required entries are hidden and filled in by the service: only the others are the user's to give.
    let server_set = flag("hideFromConsole") || flag("internal");
    let required = flag("required") && default.is_none() && !server_set;
    Some(Entry {
        label: text(found, "name").or_else(|| known?.label.clone()),
        required: if required { Required::Yes } else { Required::No },
        secret: ui == "PASSWORD" || is_secret_key(&key) || known.is_some_and(|known| known.secret),
        ty: entry_type(&ui).or(known.map(|known| known.ty)).unwrap_or(EntryType::Any),
        default,
        observed: known.and_then(|known| known.observed.clone()),
        server_set,
        allowed: allowed(found).or_else(|| Some(known?.allowed.clone())).unwrap_or_default(),
        doubtful: false,
        key,
    })
}

/// Returns the values to choose from, if the answer has any: `"options": [{ "value" }]`.
fn allowed(found: &Value) -> Option<Vec<String>> {
    let options = found.get("options")?.as_array()?.iter();
    let values: Vec<String> = options.filter_map(|option| text(option, "value")).collect();
    (!values.is_empty()).then_some(values)
}

/// Returns the type of a field of the console, where it says one: a text field may hold anything.
fn entry_type(ui: &str) -> Option<EntryType> {
    match ui {
        "BOOLEAN" | "BOOLEAN_YESNO" => Some(EntryType::Boolean),
        "PASSWORD" => Some(EntryType::String),
        _ => None,
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}
