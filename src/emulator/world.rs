//! All collections, and the way of a request to the one it is about: credentials, media types, routes.

use serde_json::{Map, Value, json};

use super::accounts::{self, Accounts, users};
use super::answer::{Answer, Refusal};
use super::collection::Collection;
use super::common::{self, Common};
use super::doc::{self, Doc};
use super::elements::{self, Elements};
use super::fault::Lateness;
use super::formulas::{self, Formulas};
use super::instances::{self, Instances};
use super::jobs;
use super::keyed::Keyed;
use super::request::Request;
use super::store::Store;
use super::{Options, Quirks};
use crate::database::DbError;

/// The state behind the API.
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) elements: Elements,
    pub(super) instances: Instances,
    pub(super) formulas: Formulas,
    pub(super) common: Common,
    pub(super) accounts: Accounts,
    pub(super) jobs: Collection<Doc>,
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
    pub(super) fn open(options: &Options) -> Result<Self, DbError> {
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
            formulas: Formulas::open(&store, &settings)?,
            common: Common::open(&store, &settings)?,
            accounts: Accounts::open(&store, &settings)?,
            jobs: Collection::open(&store, jobs::NAME, jobs::FIRST, settings.seed)?,
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
        match collection {
            instances::NAME => self.instances.hide(id, lateness),
            formulas::NAME => self.formulas.templates.hide(id, lateness),
            formulas::INSTANCES => self.formulas.instances.hide(id, lateness),
            accounts::USERS => self.accounts.users.hide(id, lateness),
            jobs::NAME => self.jobs.hide(id, lateness),
            _ => {}
        }
    }

    /// Every collection but the instances, by name.
    fn docs(&self) -> impl Iterator<Item = (&'static str, &Collection<Doc>)> {
        let own = [
            (formulas::NAME, &self.formulas.templates),
            (formulas::INSTANCES, &self.formulas.instances),
            (accounts::NAME, &self.accounts.accounts),
            (accounts::USERS, &self.accounts.users),
            (jobs::NAME, &self.jobs),
        ];
        own.into_iter().chain(self.common.dump())
    }

    pub(super) fn dump(&self) -> Value {
        let mut objects = Map::new();
        objects.insert(instances::NAME.to_owned(), self.instances.dump());
        for (name, docs) in self.docs().filter(|(_, docs)| docs.iter().len() > 0) {
            objects.insert(name.to_owned(), docs.iter().map(|doc| json!(doc)).collect());
        }
        Value::Object(objects)
    }

    pub(super) fn load(&mut self, objects: &Value) -> Result<(), LoadError> {
        let objects = objects.as_object().ok_or_else(|| LoadError::new("objects", "expected an object"))?;
        for (collection, records) in objects {
            let records = records.as_array().ok_or_else(|| LoadError::new(collection, "expected a list"))?;
            match collection.as_str() {
                instances::NAME => self.instances.load(records, &self.elements, &self.settings)?,
                name @ (formulas::NAME | formulas::INSTANCES) => {
                    self.formulas.load(name, records)?;
                }
                name @ (common::DEFINITIONS | common::TRANSFORMATIONS) => {
                    self.common.load(name, records)?;
                }
                name @ (accounts::NAME | accounts::USERS) => {
                    self.accounts.load(name, records)?;
                }
                jobs::NAME => doc::load(&mut self.jobs, jobs::NAME, records)?,
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
    if let Some(answer) = common::route(world, request, segments) {
        return answer;
    }
    match segments {
        ["formulas", rest @ ..] => formulas::route(world, request, rest),
        ["accounts", rest @ ..] => accounts::route(world, request, rest),
        ["users", rest @ ..] => users::route(world, request, rest),
        ["organizations", "users", rest @ ..] => users::route_below(world, request, None, rest),
        ["jobs", rest @ ..] => jobs::route(world, request, rest),
        ["instances", rest @ ..] => instances::route(world, request, rest),
        ["elements", key, "instances", rest @ ..] => instances::route_nested(world, request, key, rest),
        ["elements", rest @ ..] => elements::route(world, request, rest),
        _ => Err(Refusal::no_path()),
    }
}
