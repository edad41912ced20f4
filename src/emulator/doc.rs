//! What is kept of the objects that are little more than what a client sent: formulas, definitions, accounts, jobs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::collection::{Collection, Page, Paging, Record};
use super::request::Request;
use super::world::LoadError;

/// An object: a number, what it stands below, and its fields as the API shows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Doc {
    pub(super) id: u64,
    /// What it stands below, if anything: a formula's number, a level.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) below: String,
    #[serde(flatten)]
    pub(super) fields: Map<String, Value>,
}

impl Record for Doc {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Doc {
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The fields with the number.
    pub(super) fn shown(&self) -> Value {
        let mut shown = self.fields.clone();
        shown.insert("id".to_owned(), self.id.into());
        Value::Object(shown)
    }

    /// Gives a field a value unless it has one.
    pub(super) fn default(&mut self, name: &str, value: impl Into<Value>) {
        let empty = self.fields.get(name).is_none_or(Value::is_null);
        if empty {
            self.fields.insert(name.to_owned(), value.into());
        }
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    /// Takes over the fields of a body that a client may set; null clears one.
    pub(super) fn merge(&mut self, body: &Map<String, Value>, allowed: &[&str]) {
        for (name, value) in body.iter().filter(|(name, _)| allowed.contains(&name.as_str())) {
            match value {
                Value::Null => drop(self.fields.remove(name)),
                value => drop(self.fields.insert(name.clone(), value.clone())),
            }
        }
    }
}

/// The object in a request's body.
pub(super) fn body(request: &Request) -> Result<Map<String, Value>, Refusal> {
    match request.json()? {
        Value::Object(body) => Ok(body),
        _ => Err(Refusal::bad("The request body must be a JSON object")),
    }
}

/// The text of a field that must be there and not blank.
pub(super) fn required<'b>(body: &'b Map<String, Value>, name: &str) -> Result<&'b str, Refusal> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| Refusal::bad(format!("Missing required field: {name}")))
}

/// The list in a field; one that is missing is empty.
pub(super) fn list(body: &Map<String, Value>, name: &str) -> Result<Vec<Value>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => Ok(list.clone()),
        Some(_) => Err(Refusal::bad(format!("{name} must be a list"))),
    }
}

/// The object of that number, as a path says it.
pub(super) fn find<'c>(collection: &'c Collection<Doc>, things: &str, id: &str) -> Result<&'c Doc, Refusal> {
    let found = id.parse().ok().and_then(|id| collection.get(id));
    found.ok_or_else(|| Refusal::new(404, format!("No {things} found with ID {id}")))
}

/// Answers with a page of what fits; a list that is empty is an empty array.
pub(super) fn answer_list(
    collection: &mut Collection<Doc>,
    request: &Request,
    fits: impl Fn(&Doc) -> bool,
    show: impl Fn(&Doc) -> Value,
) -> Result<Answer, Refusal> {
    let page = page(collection, request, fits)?;
    Answer::list(page, |doc: &Doc| Ok(show(doc).to_string().into_bytes()))
}

/// A page of what fits.
pub(super) fn page<'c>(
    collection: &'c mut Collection<Doc>,
    request: &Request,
    fits: impl Fn(&Doc) -> bool,
) -> Result<Page<'c, Doc>, Refusal> {
    collection.unveil();
    let ids: Vec<u64> = collection.iter().filter(|doc| fits(doc)).map(|doc| doc.id).collect();
    Ok(collection.page_of(ids.into_iter(), Paging::of(request)?))
}

/// Puts objects to load into a collection: fields as a person writes them, `id` may be left out.
pub(super) fn load(collection: &mut Collection<Doc>, name: &str, records: &[Value]) -> Result<(), LoadError> {
    for record in records {
        let mut record = record.clone();
        if record.get("id").is_none() && record.is_object() {
            record["id"] = json!(collection.next_id());
        }
        let doc: Doc = serde_json::from_value(record).map_err(|error| LoadError::new(name, error))?;
        collection.put(doc).map_err(|error| LoadError::new(name, error))?;
    }
    Ok(())
}
