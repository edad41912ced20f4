//! `/jobs`: requests of the platform to itself, on a schedule. A job is never changed but for its schedule and its being enabled.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::collection::Collection;
use super::doc::{self, Doc};
use super::fault::mix;
use super::formulas::is_cron;
use super::request::Request;
use super::world::World;

/// The collection's name in the data and in dumps.
pub(super) const NAME: &str = "jobs";

/// The first number; a job's id is made of it.
pub(super) const FIRST: u64 = 601;

const FIELDS: [&str; 8] = ["name", "description", "method", "uri", "body", "query", "headers", "instanceId"];

/// Routes `/jobs/…`.
pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => doc::answer_list(&mut world.jobs, request, |_| true, shown),
        ("POST", []) => create(world, request),
        ("GET", [id]) => Answer::json(&shown(find(&world.jobs, id)?)),
        ("DELETE", [id]) => {
            let number = find(&world.jobs, id)?.id;
            world.jobs.remove(number)?;
            Ok(Answer::empty())
        }
        ("PUT", [id, word @ ("enable" | "disable")]) => {
            let mut job = find(&world.jobs, id)?.clone();
            job.set("disabled", *word == "disable");
            world.jobs.put(job)?;
            Ok(Answer::empty())
        }
        ("PATCH", [id, "reschedule"]) => {
            let mut job = find(&world.jobs, id)?.clone();
            job.set("cron", cron(&doc::body(request)?)?);
            let job = world.jobs.put(job)?;
            Answer::json(&json!({ "id": key(job.id) }))
        }
        (method, [] | [_]) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

fn find<'c>(jobs: &'c Collection<Doc>, id: &str) -> Result<&'c Doc, Refusal> {
    jobs.iter()
        .find(|job| key(job.id) == id)
        .ok_or_else(|| Refusal::new(404, format!("No job found with ID {id}")))
}

/// A job's id: a text, as the service has it.
fn key(number: u64) -> String {
    format!("job-{:08x}", mix(number) >> 32)
}

fn create(world: &mut World, request: &Request) -> Result<Answer, Refusal> {
    let body = doc::body(request)?;
    for name in ["name", "method", "uri"] {
        doc::required(&body, name)?;
    }
    let trigger = body.get("trigger").and_then(Value::as_object).cloned().unwrap_or_default();
    let id = world.jobs.next_id();
    let mut job = Doc { id, below: String::new(), fields: Map::new() };
    job.merge(&body, &FIELDS);
    job.set("cron", cron(&trigger)?);
    world.jobs.put(job)?;
    Ok(Answer { created: Some((NAME, id)), ..Answer::json(&json!({ "id": key(id) }))? })
}

fn cron(trigger: &Map<String, Value>) -> Result<String, Refusal> {
    let cron = doc::required(trigger, "cron")?;
    match is_cron(cron) {
        true => Ok(cron.to_owned()),
        false => Err(Refusal::bad(format!("Invalid cron expression: {cron}"))),
    }
}

/// A job as it is read: what it sends stands in `data`.
fn shown(job: &Doc) -> Value {
    let data: Map<String, Value> = job
        .fields
        .iter()
        .filter(|(name, _)| {
            matches!(name.as_str(), "method" | "uri" | "body" | "query" | "headers" | "instanceId")
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "id": key(job.id),
        "name": job.text("name"),
        "description": job.fields.get("description"),
        "disallowConcurrent": true,
        "trigger": { "cron": job.text("cron") },
        "data": data,
    })
}
