//! What makes a formula's template sound, and what the service adds to it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::answer::Refusal;
use super::super::doc::{self, Doc};
use super::super::fault::mix;

/// What a client may set.
const FIELDS: [&str; 13] = [
    "name",
    "description",
    "active",
    "engine",
    "debugLoggingEnabled",
    "singleThreaded",
    "configuration",
    "triggers",
    "steps",
    "api",
    "uri",
    "method",
    "subFormulas",
];

/// Steps that the third engine does not run.
const OLD_STEPS: [&str; 2] = ["transform", "amqpRequest"];

/// Returns the template that a POST or PUT makes; parts keep the numbers they have in `current`.
pub(super) fn read(body: &Map<String, Value>, current: Option<&Doc>) -> Result<Map<String, Value>, Refusal> {
    let mut formula = Doc { id: 0, below: String::new(), fields: Map::new() };
    formula.merge(body, &FIELDS);
    formula.default("active", true);
    formula.default("engine", "v1");
    formula.default("debugLoggingEnabled", true);
    formula.default("singleThreaded", false);
    for (part, name) in [("configuration", "key"), ("triggers", "type"), ("steps", "name")] {
        let list = doc::list(&formula.fields, part)?;
        let numbered = list.into_iter().map(|one| complete(part, name, one, current));
        let numbered: Vec<Value> = numbered.collect::<Result<_, _>>()?;
        formula.set(part, numbered);
    }
    check(&formula.fields)?;
    Ok(formula.fields)
}

/// A part with its number and what the service fills in.
fn complete(part: &str, name: &str, one: Value, current: Option<&Doc>) -> Result<Value, Refusal> {
    let Value::Object(mut one) = one else {
        return Err(Refusal::bad(format!("{part} must hold objects")));
    };
    let own = doc::required(&one, name)?.to_owned();
    let known = current.and_then(|formula| formula.fields.get(part)).and_then(Value::as_array);
    let same = known.into_iter().flatten().find(|other| other[name] == own.as_str());
    let id = same.map_or_else(|| number(part, &own), |other| other["id"].clone());
    one.insert("id".to_owned(), id);
    let defaults: &[(&str, Value)] = match part {
        "configuration" => &[("required", Value::Bool(false))],
        "triggers" => &[("async", Value::Bool(true)), ("onFailure", json!([]))],
        _ => &[("onSuccess", json!([])), ("onFailure", json!([]))],
    };
    for (name, value) in defaults {
        one.entry(*name).or_insert_with(|| value.clone());
    }
    Ok(Value::Object(one))
}

fn number(part: &str, name: &str) -> Value {
    let seed = part.bytes().chain(name.bytes()).fold(0, |hash, byte| mix(hash ^ u64::from(byte)));
    (seed >> 44).into()
}

/// Holds a template to the rules that vendor tests assert.
pub(super) fn check(formula: &Map<String, Value>) -> Result<(), Refusal> {
    doc::required(formula, "name")?;
    unique(formula, "configuration", "key", 409)?;
    unique(formula, "steps", "name", 400)?;
    let steps = doc::list(formula, "steps")?;
    let third = formula.get("engine").and_then(Value::as_str) == Some("v3");
    if third && steps.iter().any(|step| step["type"].as_str().is_some_and(|ty| OLD_STEPS.contains(&ty))) {
        return Err(Refusal::bad("Invalid formula for the v3 engine: unsupported step"));
    }
    if !third && formula.get("debugLoggingEnabled") == Some(&Value::Bool(false)) {
        return Err(Refusal::bad("Execution debug logging can be disabled only for formula engine v3"));
    }
    if steps.iter().any(|step| step["type"].as_str().is_none_or(str::is_empty)) {
        return Err(Refusal::bad("A step must have a type"));
    }
    for trigger in doc::list(formula, "triggers")? {
        let cron = &trigger["properties"]["cron"];
        if trigger["type"] == "scheduled" && !cron.as_str().is_some_and(is_cron) {
            return Err(Refusal::bad(format!("Invalid cron expression: {cron}")));
        }
    }
    Ok(())
}

fn unique(formula: &Map<String, Value>, part: &str, name: &str, status: u16) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for one in doc::list(formula, part)? {
        let own = one[name].as_str().unwrap_or_default().to_owned();
        if !seen.insert(own.clone()) {
            return Err(Refusal::new(status, format!("Duplicate {name} in {part}: {own}")));
        }
    }
    Ok(())
}

/// Five to seven fields of what cron knows: digits, signs, and names in capitals.
pub(in super::super) fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let sound = |field: &&str| {
        field.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || "*/,-?#".contains(c))
    };
    matches!(fields.len(), 5..=7) && fields.iter().all(sound)
}

/// Steps that triggers and steps lead to and that are not there.
pub(super) fn dangling(formula: &Doc) -> Vec<String> {
    let part = |name| formula.fields.get(name).and_then(Value::as_array).into_iter().flatten();
    let names: BTreeSet<&str> = part("steps").filter_map(|step| step["name"].as_str()).collect();
    let ways = part("triggers").chain(part("steps")).flat_map(|one| {
        ["onSuccess", "onFailure"].into_iter().filter_map(|way| one[way].as_array()).flatten()
    });
    ways.filter_map(Value::as_str).filter(|name| !names.contains(name)).map(str::to_owned).collect()
}
