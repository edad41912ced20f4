//! `/formulas`: templates ([`template`] holds them to the service's rules) and below them their instances ([`instances`]).

mod instances;
mod template;
pub(super) use template::is_cron;

use serde_json::{Map, Value};

use super::answer::{Answer, Refusal};
use super::collection::Collection;
use super::doc::{self, Doc};
use super::request::Request;
use super::store::Store;
use super::world::{LoadError, Settings, World};
use crate::database::DbError;

/// The collections' names in the data and in dumps.
pub(super) const NAME: &str = "formulas";
pub(super) const INSTANCES: &str = "formulaInstances";

/// The first ids given out.
const FIRST: u64 = 201;
const FIRST_INSTANCE: u64 = 301;

/// What a PATCH may change; steps, triggers and configuration take a PUT.
const PATCHED: [&str; 5] = ["name", "description", "active", "engine", "debugLoggingEnabled"];

pub(super) struct Formulas {
    pub(super) templates: Collection<Doc>,
    pub(super) instances: Collection<Doc>,
}

impl Formulas {
    pub(super) fn open(store: &Store, settings: &Settings) -> Result<Self, DbError> {
        Ok(Self {
            templates: Collection::open(store, NAME, FIRST, settings.seed)?,
            instances: Collection::open(store, INSTANCES, FIRST_INSTANCE, settings.seed)?,
        })
    }

    pub(super) fn load(&mut self, name: &str, records: &[Value]) -> Result<(), LoadError> {
        let collection = if name == NAME { &mut self.templates } else { &mut self.instances };
        doc::load(collection, name, records)
    }
}

/// Routes `/formulas/…`.
pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => doc::answer_list(&mut world.formulas.templates, request, |_| true, Doc::shown),
        ("POST", []) => create(world, request),
        (_, ["instances", rest @ ..]) => instances::route_all(world, request, rest),
        (_, [id, "instances", rest @ ..]) => instances::route(world, request, id, rest),
        (method, [id]) => one(world, request, method, id),
        (method, []) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

fn one(world: &mut World, request: &Request, method: &str, id: &str) -> Result<Answer, Refusal> {
    let formula = doc::find(&world.formulas.templates, "formula", id)?;
    match method {
        "GET" => Answer::json(&formula.shown()),
        "PUT" => {
            let body = doc::body(request)?;
            let changed = Doc { fields: template::read(&body, Some(formula))?, ..formula.clone() };
            change(world, changed)
        }
        "PATCH" => {
            let mut changed = formula.clone();
            changed.merge(&doc::body(request)?, &PATCHED);
            template::check(&changed.fields)?;
            change(world, changed)
        }
        "DELETE" => delete(world, id),
        _ => Err(Refusal::method(method)),
    }
}

fn create(world: &mut World, request: &Request) -> Result<Answer, Refusal> {
    let body = doc::body(request)?;
    let id = world.formulas.templates.next_id();
    let mut formula = Doc { id, below: String::new(), fields: template::read(&body, None)? };
    formula.set("createdDate", world.settings.now());
    formula.set("userId", 1);
    formula.set("accountId", 1);
    let formula = world.formulas.templates.put(formula)?;
    Ok(Answer { created: Some((NAME, id)), ..Answer::json(&formula.shown())? })
}

fn change(world: &mut World, mut formula: Doc) -> Result<Answer, Refusal> {
    let kept = world.formulas.templates.get(formula.id).map(|formula| formula.fields.clone());
    keep(&mut formula.fields, &kept.unwrap_or_default());
    formula.set("updatedDate", world.settings.now());
    Answer::json(&world.formulas.templates.put(formula)?.shown())
}

/// What is the service's own survives a PUT.
fn keep(fields: &mut Map<String, Value>, kept: &Map<String, Value>) {
    for name in ["createdDate", "userId", "accountId"] {
        if let Some(value) = kept.get(name) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
}

/// Refuses a template that is in use, the choice that shows a wrong order: what the service does is not known.
fn delete(world: &mut World, id: &str) -> Result<Answer, Refusal> {
    if world.formulas.instances.iter().any(|instance| instance.below == id) {
        return Err(Refusal::new(409, format!("Formula {id} has instances")));
    }
    let number = doc::find(&world.formulas.templates, "formula", id)?.id;
    world.formulas.templates.remove(number)?;
    Ok(Answer::empty())
}
