//! `/instances/{id}/configuration`: the entries of an instance one by one, under numbers of their own.

use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::elements::ui_type;
use super::super::fault::mix;
use super::super::request::Request;
use super::super::world::World;
use super::body::Body;
use super::provision::{self, Mode};
use super::record::Instance;
use super::{get, show};
use crate::kind::catalogue::Required;

pub(super) fn route(world: &mut World, request: &Request, id: u64, rest: &[&str]) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => Answer::json(&entries(world, get(world, id)?)),
        ("GET", [number]) => Answer::json(&find(world, get(world, id)?, number)?),
        ("PATCH", [number]) => patch(world, request, id, number),
        (method, [] | [_]) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

/// Changes one entry, as a PATCH of the instance with that entry alone would.
fn patch(world: &mut World, request: &Request, id: u64, number: &str) -> Result<Answer, Refusal> {
    let instance = get(world, id)?;
    let entry = find(world, instance, number)?;
    let body = request.json()?;
    let value =
        body.get("propertyValue").ok_or_else(|| Refusal::bad("Missing required field: propertyValue"))?;
    let key = entry["key"].as_str().unwrap_or_default();
    let body = Body::read(&json!({ "configuration": { key: value } }))?;
    let changed = provision::change(instance, body, Mode::Merge, &world.elements, &world.settings)?;
    world.instances.put(changed, &world.settings)?;
    Answer::json(&find(world, get(world, id)?, number)?)
}

fn entries(world: &World, instance: &Instance) -> Vec<Value> {
    let shown = show::configuration(world.elements.catalogue(), instance);
    shown.into_iter().map(|(key, value)| entry(world, instance, key, value)).collect()
}

fn find(world: &World, instance: &Instance, number: &str) -> Result<Value, Refusal> {
    let missing = || Refusal::new(404, format!("No configuration found with ID {number}"));
    let wanted: u64 = number.parse().map_err(|_| missing())?;
    entries(world, instance).into_iter().find(|entry| entry["id"] == wanted).ok_or_else(missing)
}

fn entry(world: &World, instance: &Instance, key: &str, value: Option<&str>) -> Value {
    let catalogue = world.elements.catalogue();
    let element = catalogue.element(&instance.element);
    let known = element.and_then(|element| catalogue.entry(element, key));
    let unknown_type = if catalogue.is_secret(element, key) { "PASSWORD" } else { "TEXTFIELD_1000" };
    json!({
        "id": number(instance.id, key),
        "key": key,
        "name": known.and_then(|entry| entry.label.as_deref()).unwrap_or(key),
        "propertyValue": value,
        "type": known.map_or(unknown_type, ui_type),
        "required": known.is_some_and(|entry| entry.required == Required::Yes),
        "active": true,
        "hideFromConsole": known.is_some_and(|entry| entry.server_set),
    })
}

/// Returns an entry's number: it belongs to the instance and stays, whatever other entries come and go.
fn number(id: u64, key: &str) -> u64 {
    key.bytes().fold(mix(id), |hash, byte| mix(hash ^ u64::from(byte))) >> 32
}
