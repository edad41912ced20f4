//! All collections, and the way of a request to the one it is about: credentials, media types, routes.

use serde_json::{Map, Value};

use super::answer::{Answer, Refusal};
use super::elements::{self, Elements};
use super::fault::Lateness;
use super::instances::{self, Instances};
use super::keyed::Keyed;
use super::request::Request;
use super::store::{Store, StoreError};
use super::{Options, Quirks};

/// The state behind the API.
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) elements: Elements,
    pub(super) instances: Instances,
    store: Store,
}

/// What handlers need to know of the options.
pub(super) struct Settings {
    pub(super) keyed: Keyed,
    pub(super) seed: u64,
    pub(super) quirks: Quirks,
    accept: Option<(String, String)>,
    now: Option<jiff::Timestamp>,
}

/// Objects that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot load {subject}: {problem}")]
pub struct LoadError {
    subject: String,
    problem: String,
}

impl LoadError {
    pub(super) fn new(subject: impl Into<String>, problem: impl ToString) -> Self {
        Self { subject: subject.into(), problem: problem.to_string() }
    }
}

impl Settings {
    /// Returns the time as the service writes it: UTC, whole seconds.
    pub(super) fn now(&self) -> String {
        self.now.unwrap_or_else(jiff::Timestamp::now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

impl World {
    pub(super) fn open(options: &Options) -> Result<Self, StoreError> {
        let store = Store::open(options.data.as_deref())?;
        let settings = Settings {
            keyed: Keyed::new(&options.key),
            seed: options.seed,
            quirks: options.quirks,
            accept: options.accept.clone(),
            now: options.now,
        };
        Ok(Self {
            elements: Elements::new(options.seed),
            instances: Instances::open(&store, &settings)?,
            settings,
            store,
        })
    }

    /// Returns a handle that makes changes durable without holding the world.
    pub(super) fn store(&self) -> Store {
        self.store.clone()
    }

    /// Answers one request.
    pub(super) fn handle(&mut self, request: &Request) -> Result<Answer, Refusal> {
        self.admit(request)?;
        if !request.takes_json() {
            return Err(Refusal::new(406, "Accept must allow application/json"));
        }
        let segments = request.segments.as_ref().ok_or_else(Refusal::no_path)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        route(self, request, &segments)
    }

    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let given = (request.authorization.get("User"), request.authorization.get("Organization"));
        let admitted = match (given, &self.settings.accept) {
            ((Some(user), Some(organization)), Some(expected)) => {
                (user, organization) == (expected.0.as_str(), expected.1.as_str())
            }
            ((Some(user), Some(_)), None) => user != "invalid",
            _ => false,
        };
        if admitted { Ok(()) } else { Err(unauthorized()) }
    }

    /// Keeps a created object out of lists for a while.
    pub(super) fn hide(&mut self, (collection, id): (&str, u64), lateness: Lateness) {
        if collection == instances::NAME {
            self.instances.hide(id, lateness);
        }
    }

    pub(super) fn dump(&self) -> Value {
        let mut objects = Map::new();
        objects.insert(instances::NAME.to_owned(), self.instances.dump());
        Value::Object(objects)
    }

    pub(super) fn load(&mut self, objects: &Value) -> Result<(), LoadError> {
        let objects = objects.as_object().ok_or_else(|| LoadError::new("objects", "expected an object"))?;
        for (collection, records) in objects {
            let records = records.as_array().ok_or_else(|| LoadError::new(collection, "expected a list"))?;
            match collection.as_str() {
                instances::NAME => self.instances.load(records, &self.elements, &self.settings)?,
                _ => return Err(LoadError::new(collection, "there is no such collection")),
            }
        }
        Ok(())
    }
}

/// The answer to credentials that are missing, incomplete or wrong.
pub(super) fn unauthorized() -> Refusal {
    Refusal::new(401, "Invalid organization or user secret, or invalid element token")
}

fn route(world: &mut World, request: &Request, segments: &[&str]) -> Result<Answer, Refusal> {
    match segments {
        ["instances", rest @ ..] => instances::route(world, request, rest),
        ["elements", key, "instances", rest @ ..] => instances::route_nested(world, request, key, rest),
        ["elements", rest @ ..] => elements::route(world, request, rest),
        _ => Err(Refusal::no_path()),
    }
}
