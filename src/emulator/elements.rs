//! `/elements`: the catalogue as the API shows it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::collection::{Page, Paging};
use super::fault::mix;
use super::request::Request;
use super::world::World;
use crate::kind::catalogue::{Auth, Catalogue, Element, Entry, EntryType, Required};

/// The catalogue with ids.
pub(super) struct Elements {
    catalogue: &'static Catalogue,
    numbered: &'static Numbered,
    seed: u64,
}

/// The catalogue's elements under their ids: the same for every emulator, so written once.
struct Numbered {
    by_id: BTreeMap<u64, &'static Element>,
    /// What an instance shows of its element, written once: thousands of instances share it.
    summaries: BTreeMap<&'static str, (u64, Box<RawValue>)>,
}

impl Numbered {
    fn of(catalogue: &'static Catalogue) -> Self {
        let mut numbered = Self { by_id: BTreeMap::new(), summaries: BTreeMap::new() };
        for (index, element) in catalogue.elements().enumerate() {
            // Documented ids come from several environments and collide; further ones are made up above them.
            let mut id = element.ids.first().copied().unwrap_or(900_000 + index as u64);
            while numbered.by_id.contains_key(&id) {
                id = 900_000 + index as u64;
            }
            numbered.by_id.insert(id, element);
            numbered.summaries.insert(&element.key, (id, raw(&summary(id, element))));
        }
        numbered
    }
}

pub(super) fn route(world: &World, request: &Request, rest: &[&str]) -> Result<Answer, Refusal> {
    let elements = &world.elements;
    if request.method != "GET" {
        return Err(Refusal::method(&request.method));
    }
    match rest {
        [] => elements.list(request),
        ["keys"] => elements.keys(request),
        [key] => Answer::json(&elements.show(elements.find(key)?, true)),
        [key, "configuration"] => Answer::json(&elements.configuration(elements.find(key)?)),
        [key, "oauth", "url"] => elements.login_url(elements.find(key)?, request),
        [key, "oauth", "token"] => elements.request_token(elements.find(key)?, world),
        _ => Err(Refusal::no_path()),
    }
}

impl Elements {
    pub(super) fn new(seed: u64) -> Self {
        static NUMBERED: OnceLock<Numbered> = OnceLock::new();
        let catalogue = Catalogue::builtin();
        Self { catalogue, numbered: NUMBERED.get_or_init(|| Numbered::of(catalogue)), seed }
    }

    pub(super) fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }

    /// Returns the element of a key or a number.
    pub(super) fn find(&self, key_or_id: &str) -> Result<&'static Element, Refusal> {
        let by_id = || self.numbered.by_id.get(&key_or_id.parse().ok()?).copied();
        let found = self.catalogue.element(key_or_id).or_else(by_id);
        found.ok_or_else(|| Refusal::new(404, format!("No element found with key or ID {key_or_id}")))
    }

    /// Returns what an instance shows of its element: the number and the summary.
    pub(super) fn summary(&self, key: &str) -> (u64, Option<&RawValue>) {
        self.numbered.summaries.get(key).map_or((0, None), |(id, summary)| (*id, Some(summary)))
    }

    fn list(&self, request: &Request) -> Result<Answer, Refusal> {
        let abridged = request.parameter("abridged") == Some("true");
        Answer::page(self.page(request)?, "elements", |element: &Element| {
            bytes(&self.show(element, !abridged))
        })
    }

    fn keys(&self, request: &Request) -> Result<Answer, Refusal> {
        Answer::page(self.page(request)?, "elements", |element: &Element| bytes(&json!(element.key)))
    }

    fn page(&self, request: &Request) -> Result<Page<'static, Element>, Refusal> {
        let wanted = wanted_keys(request.parameter("where"))?;
        let fits = |element: &&Element| wanted.as_ref().is_none_or(|wanted| wanted.contains(&element.key));
        let found = self.numbered.by_id.iter().map(|(id, element)| (mix(self.seed ^ id), *element));
        Ok(Page::cut(found.filter(|(_, element)| fits(element)).collect(), Paging::of(request)?))
    }

    /// Returns the element as the API shows it; `whole` adds its configuration.
    fn show(&self, element: &Element, whole: bool) -> Value {
        let (id, _) = self.summary(&element.key);
        let mut shown = summary(id, element);
        if whole {
            shown["configuration"] = self.configuration(element);
        }
        shown
    }

    fn configuration(&self, element: &Element) -> Value {
        element.entries.iter().enumerate().map(|(order, entry)| show_entry(entry, order)).collect()
    }

    /// Answers where a browser would go. Nothing listens there: any code is good.
    fn login_url(&self, element: &Element, request: &Request) -> Result<Answer, Refusal> {
        let missing: Vec<_> = ["apiKey", "apiSecret", "callbackUrl"]
            .into_iter()
            .filter(|name| request.parameter(name).is_none_or(str::is_empty))
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::bad(format!("Missing required parameters: {}", missing.join(", "))));
        }
        let url = format!("https://login.invalid/{}/authorize?response_type=code", element.key);
        Answer::json(&json!({ "element": element.key, "oauthUrl": url }))
    }

    fn request_token(&self, element: &Element, world: &World) -> Result<Answer, Refusal> {
        if element.auth != Auth::OAuth1 {
            return Err(Refusal::bad(format!("Element {} does not use OAuth 1", element.key)));
        }
        let derive = |what| world.settings.keyed.token(0, what);
        Answer::json(&json!({ "token": derive("request token"), "secret": derive("request secret") }))
    }
}

/// Reads the two forms of `where` that clients send: `key='a'` and `key in ('a','b')`.
fn wanted_keys(filter: Option<&str>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(filter) = filter.filter(|filter| !filter.is_empty()) else { return Ok(None) };
    let rest = filter.trim().strip_prefix("key").map(str::trim_start);
    let list = rest.and_then(|rest| match rest.strip_prefix("in") {
        Some(list) => list.trim().strip_prefix('(')?.strip_suffix(')'),
        None => rest.strip_prefix('='),
    });
    let list = list.ok_or_else(|| Refusal::bad(format!("Invalid where clause: {filter}")))?;
    Ok(Some(list.split(',').map(|key| key.trim().trim_matches('\'').to_owned()).collect()))
}

fn summary(id: u64, element: &Element) -> Value {
    json!({
        "id": id,
        "name": element.name,
        "key": element.key,
        "hub": element.hub,
        "active": true,
        "deleted": false,
        "typeOauth": matches!(element.auth, Auth::OAuth1 | Auth::OAuth2),
        "trialAccount": false,
        "authentication": { "type": element.auth.as_str() },
        "private": false,
        "extended": false,
        "resources": [],
        "parameters": [],
    })
}

fn show_entry(entry: &Entry, order: usize) -> Value {
    json!({
        "key": entry.key,
        "name": entry.label.as_deref().unwrap_or(&entry.key),
        "defaultValue": entry.default,
        "type": ui_type(entry),
        "required": entry.required == Required::Yes,
        "displayOrder": order,
        "hideFromConsole": entry.server_set,
        "active": true,
        "internal": false,
        "options": entry.allowed.iter().map(|value| json!({ "value": value })).collect::<Vec<_>>(),
    })
}

/// Returns the console's field for an entry.
pub(super) fn ui_type(entry: &Entry) -> &'static str {
    match entry.ty {
        _ if entry.secret => "PASSWORD",
        EntryType::Boolean => "BOOLEAN",
        EntryType::Json => "TEXTAREA",
        EntryType::Number => "TEXTFIELD_32",
        EntryType::String | EntryType::Any => "TEXTFIELD_1000",
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).expect("a JSON value prints as JSON")
}

fn bytes(value: &Value) -> Result<Vec<u8>, Refusal> {
    Ok(value.to_string().into_bytes())
}
