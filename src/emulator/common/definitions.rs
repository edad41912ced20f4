//! `…/objects/{name}/definitions`: the fields of a common object.

use serde_json::{Map, Value};

use super::super::answer::{Answer, Refusal};
use super::super::doc::{self, Doc};
use super::super::request::Request;
use super::super::world::World;
use super::Level;

/// All definitions of a level, an object by their names.
pub(super) fn all(world: &mut World, request: &Request, level: Level<'_>) -> Result<Answer, Refusal> {
    match request.method.as_str() {
        "GET" => {
            let own = world.common.definitions.iter().filter(|doc| doc.below == level.below());
            let found: Map<String, Value> =
                own.map(|doc| (doc.text("objectName").to_owned(), shown(doc))).collect();
            match found.is_empty() {
                true => Err(Refusal::new(404, "No object definitions found")),
                false => Answer::json(&found),
            }
        }
        "POST" => {
            let body = doc::body(request)?;
            for name in body.keys() {
                free(world, level, name)?;
            }
            for (name, definition) in &body {
                put(world, level, name, definition, None)?;
            }
            Answer::json(&body)
        }
        method => Err(Refusal::method(method)),
    }
}

/// One definition.
pub(super) fn one(
    world: &mut World,
    request: &Request,
    level: Level<'_>,
    name: &str,
) -> Result<Answer, Refusal> {
    let found = find(world, level, name).map(|doc| doc.id);
    let there =
        || found.ok_or_else(|| Refusal::new(404, format!("No object definition found with name {name}")));
    match request.method.as_str() {
        "GET" => {
            there()?;
            Answer::json(&find(world, level, name).map(shown))
        }
        "POST" => {
            free(world, level, name)?;
            put(world, level, name, &Value::Object(doc::body(request)?), None)
        }
        "PUT" => {
            let id = there()?;
            put(world, level, name, &Value::Object(doc::body(request)?), Some(id))
        }
        "DELETE" => {
            let id = there()?;
            let below = level.below();
            let used = |doc: &Doc| doc.below == below && doc.text("objectName") == name;
            if world.common.transformations.iter().any(used) {
                return Err(Refusal::new(409, format!("{name} is used by a transformation")));
            }
            world.common.definitions.remove(id)?;
            Ok(Answer::empty())
        }
        method => Err(Refusal::method(method)),
    }
}

pub(super) fn find<'w>(world: &'w World, level: Level<'_>, name: &str) -> Option<&'w Doc> {
    let below = level.below();
    world.common.definitions.iter().find(|doc| doc.below == below && doc.text("objectName") == name)
}

/// Whether any level defines the object.
pub(super) fn is_defined(world: &World, name: &str) -> bool {
    world.common.definitions.iter().any(|doc| doc.text("objectName") == name)
}

fn free(world: &World, level: Level<'_>, name: &str) -> Result<(), Refusal> {
    match find(world, level, name) {
        Some(_) => Err(Refusal::new(409, format!("{name} is defined already at this level"))),
        None => Ok(()),
    }
}

fn put(
    world: &mut World,
    level: Level<'_>,
    name: &str,
    definition: &Value,
    id: Option<u64>,
) -> Result<Answer, Refusal> {
    let body = definition.as_object().ok_or_else(|| Refusal::bad("A definition must be an object"))?;
    let mut fields = Vec::new();
    for field in doc::list(body, "fields")? {
        let Value::Object(mut field) = field else { return Err(Refusal::bad("fields must hold objects")) };
        doc::required(&field, "path")?;
        field.insert("associatedLevel".to_owned(), level.word.into());
        if let Some(id) = level.id {
            field.insert("associatedId".to_owned(), id.into());
        }
        fields.push(Value::Object(field));
    }
    let id = id.unwrap_or_else(|| world.common.definitions.next_id());
    let mut definition = Doc { id, below: level.below(), fields: Map::new() };
    definition.set("objectName", name);
    definition.set("level", level.word);
    definition.set("fields", fields);
    Answer::json(&shown(world.common.definitions.put(definition)?))
}

/// A definition has no number of its own.
fn shown(doc: &Doc) -> Value {
    Value::Object(doc.fields.clone())
}
