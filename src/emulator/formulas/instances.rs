//! `/formulas/{id}/instances`: a template put to work with values of its variables.

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::doc::{self, Doc};
use super::super::request::Request;
use super::super::world::World;
use super::{INSTANCES, template};

/// Routes `/formulas/instances/…`, the instances of all formulas.
pub(super) fn route_all(world: &mut World, request: &Request, rest: &[&str]) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let element = request.parameter("elementInstanceId");
            let text = request.parameter("searchText").filter(|text| !text.is_empty());
            list(world, request, |instance| {
                let values = instance.fields.get("configuration").and_then(Value::as_object);
                let uses = |id: &str| values.into_iter().flatten().any(|(_, value)| value == id);
                element.is_none_or(uses) && text.is_none_or(|text| instance.text("name").contains(text))
            })
        }
        ("GET", [id]) => {
            let instance = doc::find(&world.formulas.instances, "formula instance", id)?;
            Answer::json(&shown(world, instance))
        }
        (method, []) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

/// Routes `/formulas/{formula}/instances/…`.
pub(super) fn route(
    world: &mut World,
    request: &Request,
    formula: &str,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    doc::find(&world.formulas.templates, "formula", formula)?;
    match (request.method.as_str(), rest) {
        ("GET", []) => list(world, request, |instance| instance.below == formula),
        ("POST", []) => create(world, request, formula),
        (method, []) => Err(Refusal::method(method)),
        (method, [id, part @ ..]) => {
            let instance = doc::find(&world.formulas.instances, "formula instance", id)?;
            if instance.below != formula {
                return Err(Refusal::new(404, format!("No formula instance found with ID {id}")));
            }
            let instance = instance.clone();
            one(world, request, method, instance, part)
        }
    }
}

fn one(
    world: &mut World,
    request: &Request,
    method: &str,
    mut instance: Doc,
    part: &[&str],
) -> Result<Answer, Refusal> {
    match (method, part) {
        ("GET", []) => Answer::json(&shown(world, &instance)),
        ("PUT", []) => {
            let fields = read(world, &doc::body(request)?, &instance.below)?;
            let created = instance.text("createdDate").to_owned();
            instance.fields = fields;
            instance.set("createdDate", created);
            instance.set("updatedDate", world.settings.now());
            let instance = world.formulas.instances.put(instance)?.clone();
            Answer::json(&shown(world, &instance))
        }
        ("DELETE", []) => {
            world.formulas.instances.remove(instance.id)?;
            Ok(Answer::empty())
        }
        ("PUT" | "DELETE", ["active"]) => {
            instance.set("active", method == "PUT");
            world.formulas.instances.put(instance)?;
            Ok(Answer::empty())
        }
        (method, [] | ["active"]) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

fn list(world: &mut World, request: &Request, fits: impl Fn(&Doc) -> bool) -> Result<Answer, Refusal> {
    let (formulas, templates) = (&mut world.formulas.instances, &world.formulas.templates);
    doc::answer_list(formulas, request, fits, |instance| {
        let name =
            instance.below.parse().ok().and_then(|id| templates.get(id)).map(|formula| formula.text("name"));
        with_formula(instance, name.unwrap_or_default())
    })
}

fn create(world: &mut World, request: &Request, formula: &str) -> Result<Answer, Refusal> {
    let fields = read(world, &doc::body(request)?, formula)?;
    let id = world.formulas.instances.next_id();
    let mut instance = Doc { id, below: formula.to_owned(), fields };
    instance.set("createdDate", world.settings.now());
    let instance = world.formulas.instances.put(instance)?.clone();
    Ok(Answer { created: Some((INSTANCES, id)), ..Answer::json(&shown(world, &instance))? })
}

/// Reads what a client sends, against the template.
fn read(world: &World, body: &Map<String, Value>, formula: &str) -> Result<Map<String, Value>, Refusal> {
    let formula = doc::find(&world.formulas.templates, "formula", formula)?;
    doc::required(body, "name")?;
    if let Some(step) = template::dangling(formula).first() {
        return Err(Refusal::bad(format!("There is no step {step}")));
    }
    let given = body.get("configuration").and_then(Value::as_object).cloned().unwrap_or_default();
    let values: Map<String, Value> = given.into_iter().map(|(key, value)| (key, as_text(value))).collect();
    for variable in doc::list(&formula.fields, "configuration")? {
        variable_is_set(world, &variable, &values)?;
    }
    let mut instance = Doc { id: 0, below: String::new(), fields: Map::new() };
    instance.merge(body, &["name", "active", "settings"]);
    instance.default("active", true);
    instance.default("settings", json!({}));
    instance.set("configuration", values);
    Ok(instance.fields)
}

/// Refuses a variable that must have a value and has none, or that names an element instance that is not there.
fn variable_is_set(world: &World, variable: &Value, values: &Map<String, Value>) -> Result<(), Refusal> {
    let key = variable["key"].as_str().unwrap_or_default();
    let value = values.get(key).and_then(Value::as_str);
    match (value, variable["type"].as_str()) {
        (None, _) if variable["required"] == true => {
            Err(Refusal::bad(format!("Missing required configuration: {key}")))
        }
        (Some(id), Some("elementInstance")) if !world.instances.has(id) => {
            Err(Refusal::bad(format!("No element instance found with ID {id} for {key}")))
        }
        _ => Ok(()),
    }
}

/// Values come back as text.
fn as_text(value: Value) -> Value {
    match value {
        Value::String(_) | Value::Null => value,
        other => other.to_string().into(),
    }
}

fn shown(world: &World, instance: &Doc) -> Value {
    let formula = doc::find(&world.formulas.templates, "formula", &instance.below);
    with_formula(instance, formula.map(|formula| formula.text("name")).unwrap_or_default())
}

fn with_formula(instance: &Doc, name: &str) -> Value {
    let mut shown = instance.shown();
    shown["formula"] =
        json!({ "id": instance.below.parse::<u64>().unwrap_or(0), "name": name, "active": true });
    shown
}
