//! Common resources on three levels: definitions of objects, and how an element's objects map to them.

mod definitions;
mod transformations;

use serde_json::Value;

use super::answer::{Answer, Refusal};
use super::collection::Collection;
use super::doc::{self, Doc};
use super::request::Request;
use super::store::Store;
use super::world::{LoadError, Settings, World};
use crate::database::DbError;

/// The collections' names in the data and in dumps.
pub(super) const DEFINITIONS: &str = "definitions";
pub(super) const TRANSFORMATIONS: &str = "transformations";

pub(super) struct Common {
    definitions: Collection<Doc>,
    transformations: Collection<Doc>,
}

impl Common {
    pub(super) fn open(store: &Store, settings: &Settings) -> Result<Self, DbError> {
        Ok(Self {
            definitions: Collection::open(store, DEFINITIONS, 1, settings.seed)?,
            transformations: Collection::open(store, TRANSFORMATIONS, 1, settings.seed)?,
        })
    }

    pub(super) fn load(&mut self, name: &str, records: &[Value]) -> Result<(), LoadError> {
        let is_definition = name == DEFINITIONS;
        let collection = if is_definition { &mut self.definitions } else { &mut self.transformations };
        doc::load(collection, name, records)
    }

    pub(super) fn dump(&self) -> [(&'static str, &Collection<Doc>); 2] {
        [(DEFINITIONS, &self.definitions), (TRANSFORMATIONS, &self.transformations)]
    }

    /// Forgets what an instance had of its own.
    pub(super) fn forget(&mut self, instance: u64) -> Result<(), DbError> {
        let below = format!("instances/{instance}");
        for collection in [&mut self.definitions, &mut self.transformations] {
            let gone: Vec<u64> =
                collection.iter().filter(|doc| doc.below == below).map(|doc| doc.id).collect();
            for id in gone {
                collection.remove(id)?;
            }
        }
        Ok(())
    }
}

/// Where something is defined.
#[derive(Clone, Copy)]
struct Level<'a> {
    /// `organization`, `account`, `instance`.
    word: &'static str,
    id: Option<&'a str>,
}

impl Level<'_> {
    /// What records of this level stand below.
    fn below(self) -> String {
        match self.id {
            Some(id) => format!("{}s/{id}", self.word),
            None => format!("{}s", self.word),
        }
    }
}

/// Routes what is about common resources; `None` if it is not.
pub(super) fn route(
    world: &mut World,
    request: &Request,
    segments: &[&str],
) -> Option<Result<Answer, Refusal>> {
    let (level, rest) = match segments {
        ["organizations", rest @ ..] => (Level { word: "organization", id: None }, rest),
        ["accounts", rest @ ..] if matches!(rest.first(), Some(&"objects" | &"elements")) => {
            (Level { word: "account", id: None }, rest)
        }
        ["accounts", id, rest @ ..] => (Level { word: "account", id: Some(id) }, rest),
        ["instances", id, rest @ ..] => (Level { word: "instance", id: Some(id) }, rest),
        _ => return None,
    };
    let answer = |world: &mut World| match (level.word, rest) {
        (_, ["objects", "definitions"]) => Some(definitions::all(world, request, level)),
        (_, ["objects", name, "definitions"]) => Some(definitions::one(world, request, level, name)),
        ("instance", ["transformations", rest @ ..]) => {
            let element = world.instances.element_of(level.id.unwrap_or_default())?;
            Some(transformations::route(world, request, level, &element, rest))
        }
        ("organization" | "account", ["elements", key, "transformations", rest @ ..]) => {
            let element = match world.elements.find(key) {
                Ok(element) => element.key.clone(),
                Err(refusal) => return Some(Err(refusal)),
            };
            Some(transformations::route(world, request, level, &element, rest))
        }
        _ => None,
    };
    if let ("instance" | "account", Some(id), ["objects" | "transformations" | "elements", ..]) =
        (level.word, level.id, rest)
        && !exists(world, level.word, id)
    {
        return Some(Err(Refusal::new(404, format!("No {} found with ID {id}", level.word))));
    }
    answer(world)
}

fn exists(world: &World, word: &str, id: &str) -> bool {
    match word {
        "instance" => world.instances.has(id),
        _ => doc::find(&world.accounts.accounts, "account", id).is_ok(),
    }
}
