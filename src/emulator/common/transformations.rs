//! `…/transformations/{name}`: how an element's object becomes a common one.

use serde_json::{Map, Value};

use super::super::answer::{Answer, Refusal};
use super::super::doc::{self, Doc};
use super::super::request::Request;
use super::super::world::World;
use super::{Level, definitions};

/// What a client may set.
const FIELDS: [&str; 7] =
    ["vendorName", "startDate", "isLegacy", "fields", "configuration", "script", "objectName"];

pub(super) fn route(
    world: &mut World,
    request: &Request,
    level: Level<'_>,
    element: &str,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => all(world, level, element),
        (_, [name]) => one(world, request, level, element, name),
        (method, []) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

fn all(world: &World, level: Level<'_>, element: &str) -> Result<Answer, Refusal> {
    let below = level.below();
    let own = world.common.transformations.iter();
    let own = own.filter(|doc| doc.below == below && doc.text("element") == element);
    let found: Map<String, Value> = own.map(|doc| (doc.text("objectName").to_owned(), shown(doc))).collect();
    match found.is_empty() {
        true => Err(Refusal::new(404, "No transformations found")),
        false => Answer::json(&found),
    }
}

fn one(
    world: &mut World,
    request: &Request,
    level: Level<'_>,
    element: &str,
    name: &str,
) -> Result<Answer, Refusal> {
    let below = level.below();
    let same =
        |doc: &&Doc| doc.below == below && doc.text("element") == element && doc.text("objectName") == name;
    let found = world.common.transformations.iter().find(same).cloned();
    let there =
        found.clone().ok_or_else(|| Refusal::new(404, format!("No transformation found with name {name}")));
    match request.method.as_str() {
        "GET" => Answer::json(&shown(&there?)),
        "POST" if found.is_some() => {
            Err(Refusal::new(409, format!("{name} is transformed already at this level")))
        }
        "POST" => put(world, request, level, element, name, None),
        "PUT" => put(world, request, level, element, name, Some(there?.id)),
        "DELETE" => {
            world.common.transformations.remove(there?.id)?;
            Ok(Answer::empty())
        }
        method => Err(Refusal::method(method)),
    }
}

fn put(
    world: &mut World,
    request: &Request,
    level: Level<'_>,
    element: &str,
    name: &str,
    id: Option<u64>,
) -> Result<Answer, Refusal> {
    let body = doc::body(request)?;
    if !definitions::is_defined(world, name) {
        return Err(Refusal::bad(format!("No object definition found for {name}")));
    }
    doc::required(&body, "vendorName")?;
    let id = id.unwrap_or_else(|| world.common.transformations.next_id());
    let mut made = Doc { id, below: level.below(), fields: Map::new() };
    made.merge(&body, &FIELDS);
    let mut fields = Vec::new();
    for field in doc::list(&body, "fields")? {
        let Value::Object(mut field) = field else { return Err(Refusal::bad("fields must hold objects")) };
        field.entry("level").or_insert_with(|| level.word.into());
        fields.push(Value::Object(field));
    }
    made.set("fields", fields);
    made.default("isLegacy", false);
    made.default("startDate", world.settings.now());
    made.default("configuration", Value::Array(Vec::new()));
    made.set("objectName", name);
    made.set("level", level.word);
    made.set("element", element);
    Answer::json(&shown(world.common.transformations.put(made)?))
}

/// What a transformation shows: its element stands in its path.
fn shown(doc: &Doc) -> Value {
    let mut shown = doc.fields.clone();
    shown.remove("element");
    Value::Object(shown)
}
