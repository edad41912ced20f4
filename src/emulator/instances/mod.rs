//! `/instances`: element instances, addressed by id, by token, or below their element.
//!
//! [`body`] reads what a client sends, [`provision`] decides what becomes of it, [`record`] is what is kept,
//! [`show`] is what answers look like, [`configuration`] the entries one by one.

mod body;
mod configuration;
mod provision;
mod record;
mod show;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::collection::{Collection, Paging};
use super::elements::Elements;
use super::fault::Lateness;
use super::request::Request;
use super::store::Store;
use super::world::{LoadError, Settings, World, unauthorized};
use crate::database::DbError;
use body::Body;
use provision::Mode;
use record::Instance;
use show::{Detail, Order};

/// The collection's name in the data and in dumps.
pub(super) const NAME: &str = "instances";

/// The first id given out.
const FIRST: u64 = 1001;

/// All instances, with what finds them quickly.
pub(super) struct Instances {
    records: Collection<Instance>,
    by_token: BTreeMap<String, u64>,
    by_tag: BTreeMap<String, BTreeSet<u64>>,
}

/// Routes `/instances/…`.
pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Answer, Refusal> {
    let token = request.authorization.get("Element");
    match (request.method.as_str(), rest) {
        ("GET", []) if token.is_none() => list(world, request, None),
        ("POST", []) => create(world, request, None),
        ("GET", ["count"]) => count(world),
        (_, []) | (_, ["configuration" | "enabled" | "trace-logging", ..]) => {
            let id = token.and_then(|token| world.instances.by_token.get(token).copied());
            route_object(world, request, id.ok_or_else(unauthorized)?, rest)
        }
        (_, ["count"]) => Err(Refusal::method(&request.method)),
        (_, [id, rest @ ..]) => {
            let id = find(world, id, None)?;
            route_object(world, request, id, rest)
        }
    }
}

/// Routes `/elements/{key}/instances/…`, which knows neither PATCH nor what lies below an instance.
pub(super) fn route_nested(
    world: &mut World,
    request: &Request,
    element: &str,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    let element = world.elements.find(element)?.key.as_str();
    match (request.method.as_str(), rest) {
        ("GET", []) => list(world, request, Some(element)),
        ("POST", []) => create(world, request, Some(element)),
        ("GET" | "PUT" | "DELETE", [id]) => {
            let id = find(world, id, Some(element))?;
            route_object(world, request, id, &[])
        }
        (method, [] | [_]) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

/// Routes what is about one instance that exists.
fn route_object(world: &mut World, request: &Request, id: u64, rest: &[&str]) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => show_one(world, id),
        ("PUT", []) => change(world, request, id, Mode::Replace),
        ("PATCH", []) => change(world, request, id, Mode::Merge),
        ("DELETE", []) => delete(world, id),
        ("PUT", ["enabled"]) => toggle(world, id, |instance| instance.disabled = false),
        ("DELETE", ["enabled"]) => toggle(world, id, |instance| instance.disabled = true),
        ("PUT", ["trace-logging"]) => toggle(world, id, |instance| instance.trace_logging = true),
        ("DELETE", ["trace-logging"]) => toggle(world, id, |instance| instance.trace_logging = false),
        (method, [] | ["enabled"] | ["trace-logging"]) => Err(Refusal::method(method)),
        (_, ["configuration", rest @ ..]) => configuration::route(world, request, id, rest),
        _ => Err(Refusal::no_path()),
    }
}

impl Instances {
    pub(super) fn open(store: &Store, settings: &Settings) -> Result<Self, DbError> {
        let records = Collection::open(store, NAME, FIRST, settings.seed)?;
        let mut instances = Self { records, by_token: BTreeMap::new(), by_tag: BTreeMap::new() };
        let found: Vec<Instance> = instances.records.iter().cloned().collect();
        for instance in &found {
            instances.index(instance, settings);
        }
        Ok(instances)
    }

    pub(super) fn hide(&mut self, id: u64, lateness: Lateness) {
        self.records.hide(id, lateness);
    }

    /// Returns the records by id, as they are kept.
    pub(super) fn dump(&self) -> Value {
        self.records.iter().map(|instance| json!(instance)).collect()
    }

    pub(super) fn load(
        &mut self,
        records: &[Value],
        elements: &Elements,
        settings: &Settings,
    ) -> Result<(), LoadError> {
        for record in records {
            let failed = |problem: String| LoadError::new(format!("the instance {record}"), problem);
            let instance = Instance::seed(record, self.records.next_id(), elements, settings);
            self.put(instance.map_err(failed)?, settings).map_err(|error| LoadError::new(NAME, error))?;
        }
        Ok(())
    }

    fn put(&mut self, instance: Instance, settings: &Settings) -> Result<(), DbError> {
        self.forget(instance.id);
        self.index(&instance, settings);
        self.records.put(instance).map(drop)
    }

    fn remove(&mut self, id: u64, settings: &Settings) -> Result<(), DbError> {
        self.forget(id);
        if let Some(instance) = self.records.remove(id)? {
            self.by_token.remove(&settings.keyed.token(id, &instance.created));
        }
        Ok(())
    }

    fn index(&mut self, instance: &Instance, settings: &Settings) {
        let token = settings.keyed.token(instance.id, &instance.created);
        self.by_token.insert(token, instance.id);
        for tag in &instance.tags {
            self.by_tag.entry(tag.clone()).or_default().insert(instance.id);
        }
    }

    /// Takes an instance out of the index of tags.
    fn forget(&mut self, id: u64) {
        let Some(instance) = self.records.get(id) else { return };
        for tag in &instance.tags {
            let Some(ids) = self.by_tag.get_mut(tag) else { continue };
            ids.remove(&id);
            if ids.is_empty() {
                self.by_tag.remove(tag);
            }
        }
    }
}

/// Returns the id in a path if such an instance exists, of that element if one is asked for.
fn find(world: &World, id: &str, element: Option<&str>) -> Result<u64, Refusal> {
    let instance = id.parse().ok().and_then(|id| world.instances.records.get(id));
    let instance = instance.filter(|instance| element.is_none_or(|key| key == instance.element));
    instance.map(|instance| instance.id).ok_or_else(|| missing(id))
}

fn missing(id: impl std::fmt::Display) -> Refusal {
    Refusal::new(404, format!("No element instance found with ID {id}"))
}

fn get(world: &World, id: u64) -> Result<&Instance, Refusal> {
    world.instances.records.get(id).ok_or_else(|| missing(id))
}

fn list(world: &mut World, request: &Request, element: Option<&str>) -> Result<Answer, Refusal> {
    let paging = Paging::of(request)?;
    let search = Search::of(request, element);
    let detail = if request.parameter("hydrate") == Some("false") { Detail::Light } else { Detail::Full };
    world.instances.records.unveil();
    let world = &*world;
    let records = &world.instances.records;
    let page = match search.is_empty() {
        true => records.page(paging),
        false => records.page_of(search.find(world).into_iter(), paging),
    };
    Answer::page(page, "element instances", |instance| show::bytes(world, instance, detail, Order::List))
}

/// What a list is narrowed to.
struct Search<'a> {
    tags: Vec<&'a str>,
    text: Option<&'a str>,
    element: Option<&'a str>,
}

impl<'a> Search<'a> {
    fn of(request: &'a Request, element: Option<&'a str>) -> Self {
        let text = request.parameter("searchText").filter(|text| !text.is_empty());
        Self { tags: request.parameters("tags[]").collect(), text, element }
    }

    fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.text.is_none() && self.element.is_none()
    }

    /// Returns the ids of what fits. Tags are looked up, so that a search for one costs what it finds.
    fn find(&self, world: &World) -> Vec<u64> {
        let instances = &world.instances;
        let fits = |instance: &&Instance| {
            self.text.is_none_or(|text| instance.name.contains(text))
                && self.element.is_none_or(|element| instance.element == element)
        };
        let candidates: Box<dyn Iterator<Item = &Instance>> = match self.tagged(world) {
            Some(ids) => Box::new(ids.into_iter().filter_map(|id| instances.records.get(id))),
            None => Box::new(instances.records.iter()),
        };
        candidates.filter(fits).map(|instance| instance.id).collect()
    }

    fn tagged(&self, world: &World) -> Option<BTreeSet<u64>> {
        let sets = self.tags.iter().map(|tag| world.instances.by_tag.get(*tag).cloned().unwrap_or_default());
        match world.settings.quirks.tags_any {
            true => sets.reduce(|all, set| &all | &set),
            false => sets.reduce(|all, set| &all & &set),
        }
    }
}

impl Instances {
    /// Whether there is one of that number.
    pub(super) fn has(&self, id: &str) -> bool {
        id.parse().is_ok_and(|id| self.records.get(id).is_some())
    }

    /// The element's key of the instance of that number.
    pub(super) fn element_of(&self, id: &str) -> Option<String> {
        Some(self.records.get(id.parse().ok()?)?.element.clone())
    }
}

/// Answers how many there are; the second number's meaning is a guess: how many of each element.
fn count(world: &World) -> Result<Answer, Refusal> {
    let mut by_element: BTreeMap<&str, usize> = BTreeMap::new();
    for instance in world.instances.records.iter() {
        *by_element.entry(&instance.element).or_default() += 1;
    }
    let total = world.instances.records.iter().len();
    Answer::json(&json!({ "totalInstances": total, "elementInstances": by_element }))
}

fn show_one(world: &World, id: u64) -> Result<Answer, Refusal> {
    let body = show::bytes(world, get(world, id)?, Detail::Full, Order::Single)?;
    Ok(Answer { body, ..Answer::default() })
}

fn create(world: &mut World, request: &Request, element: Option<&str>) -> Result<Answer, Refusal> {
    let body = Body::read(&request.json()?)?;
    let with_objects = body.with_objects;
    let id = world.instances.records.next_id();
    let instance = provision::create(body, id, element, &world.elements, &world.settings)?;
    world.instances.put(instance, &world.settings)?;
    let detail = if with_objects { Detail::WithObjects } else { Detail::Full };
    let body = show::bytes(world, get(world, id)?, detail, Order::Single)?;
    Ok(Answer { body, created: Some((NAME, id)), ..Answer::default() })
}

fn change(world: &mut World, request: &Request, id: u64, mode: Mode) -> Result<Answer, Refusal> {
    let body = Body::read(&request.json()?)?;
    let mode = match (mode, request.parameter("reAuthenticate")) {
        (Mode::Replace, Some("false")) => Mode::ReplaceSettings,
        (Mode::Replace, Some("true")) => Mode::ReplaceLogin,
        (mode, _) => mode,
    };
    let changed = provision::change(get(world, id)?, body, mode, &world.elements, &world.settings)?;
    world.instances.put(changed, &world.settings)?;
    show_one(world, id)
}

fn delete(world: &mut World, id: u64) -> Result<Answer, Refusal> {
    world.instances.remove(id, &world.settings)?;
    world.common.forget(id)?;
    Ok(Answer::empty())
}

fn toggle(world: &mut World, id: u64, set: impl FnOnce(&mut Instance)) -> Result<Answer, Refusal> {
    let mut instance = get(world, id)?.clone();
    set(&mut instance);
    instance.updated = Some(world.settings.now());
    world.instances.put(instance, &world.settings)?;
    Ok(Answer::empty())
}
