//! `/accounts`: accounts of the organization; [`users`] are those who log in.

pub(super) mod users;

use serde_json::{Map, Value};

use super::answer::{Answer, Refusal};
use super::collection::Collection;
use super::doc::{self, Doc};
use super::request::Request;
use super::store::Store;
use super::world::{LoadError, Settings, World};
use crate::database::DbError;

/// The collections' names in the data and in dumps.
pub(super) const NAME: &str = "accounts";
pub(super) const USERS: &str = "users";

const FIRST: u64 = 401;
const FIRST_USER: u64 = 501;
const FIELDS: [&str; 4] = ["externalId", "name", "description", "active"];

pub(super) struct Accounts {
    pub(super) accounts: Collection<Doc>,
    pub(super) users: Collection<Doc>,
}

impl Accounts {
    pub(super) fn open(store: &Store, settings: &Settings) -> Result<Self, DbError> {
        Ok(Self {
            accounts: Collection::open(store, NAME, FIRST, settings.seed)?,
            users: Collection::open(store, USERS, FIRST_USER, settings.seed)?,
        })
    }

    pub(super) fn load(&mut self, name: &str, records: &[Value]) -> Result<(), LoadError> {
        let collection = if name == NAME { &mut self.accounts } else { &mut self.users };
        doc::load(collection, name, records)
    }
}

/// Routes `/accounts/…`.
pub(super) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(world, request),
        ("POST", []) => create(world, request),
        (_, [id, "users", rest @ ..]) => users::route_below(world, request, Some(id), rest),
        (method, [id]) => one(world, request, method, id),
        (method, []) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

/// Accounts come by offset, unlike all else.
fn list(world: &mut World, request: &Request) -> Result<Answer, Refusal> {
    let number = |name, usual| match request.parameter(name) {
        None => Ok(usual),
        Some(text) => text.parse().map_err(|_| Refusal::bad(format!("{name} must be a number, not {text}"))),
    };
    let (offset, size): (usize, usize) = (number("offset", 0)?, number("pageSize", 200)?);
    let all: Vec<Value> = world.accounts.accounts.iter().map(Doc::shown).collect();
    Answer::json(&all.into_iter().skip(offset).take(size.min(200)).collect::<Vec<_>>())
}

fn one(world: &mut World, request: &Request, method: &str, id: &str) -> Result<Answer, Refusal> {
    let account = doc::find(&world.accounts.accounts, "account", id)?.clone();
    match method {
        "GET" => Answer::json(&account.shown()),
        "PUT" | "PATCH" => {
            let mut changed = account;
            changed.merge(&doc::body(request)?, &FIELDS);
            changed.set("updatedDate", millis(world));
            Answer::json(&world.accounts.accounts.put(changed)?.shown())
        }
        "DELETE" => {
            let users: Vec<u64> =
                world.accounts.users.iter().filter(|user| user.below == id).map(|user| user.id).collect();
            for user in users {
                world.accounts.users.remove(user)?;
            }
            world.accounts.accounts.remove(account.id)?;
            Ok(Answer::empty())
        }
        _ => Err(Refusal::method(method)),
    }
}

fn create(world: &mut World, request: &Request) -> Result<Answer, Refusal> {
    let body = doc::body(request)?;
    let external = doc::required(&body, "externalId")?;
    if world.accounts.accounts.iter().any(|account| account.text("externalId") == external) {
        return Err(Refusal::new(409, format!("An account with external ID {external} exists")));
    }
    let id = world.accounts.accounts.next_id();
    let mut account = Doc { id, below: String::new(), fields: Map::new() };
    account.merge(&body, &FIELDS);
    account.default("active", true);
    account.set("createdDate", millis(world));
    account.set("companyId", 1);
    account.set("defaultAccount", false);
    account.set("type", "manual");
    let account = world.accounts.accounts.put(account)?;
    Ok(Answer { created: Some((NAME, id)), ..Answer::json(&account.shown())? })
}

/// Accounts have their dates in milliseconds.
fn millis(world: &World) -> i64 {
    world.settings.now().parse::<jiff::Timestamp>().map(|at| at.as_millisecond()).unwrap_or_default()
}
