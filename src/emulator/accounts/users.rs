//! `/users`, also below an account or the organization: who logs in, with which roles.

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::doc::{self, Doc};
use super::super::request::Request;
use super::super::world::World;
use super::USERS;

const FIELDS: [&str; 11] = [
    "email",
    "firstName",
    "lastName",
    "phone",
    "street1",
    "street2",
    "city",
    "stateProvince",
    "postalCode",
    "country",
    "active",
];
const ROLES: [&str; 5] = ["org-admin", "admin", "org", "default-user", "sys-admin"];
/// What lists show of a secret.
const PLACEHOLDER: &str = "********";

/// Routes `/users/…`.
pub(in super::super) fn route(
    world: &mut World,
    request: &Request,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    match (request.method.as_str(), rest) {
        ("GET", []) => list(world, request, |_| true),
        (method, [id]) => one(world, request, method, id),
        (_, [id, "roles", rest @ ..]) => roles(world, request, id, rest),
        (method, []) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

/// Routes `/accounts/{id}/users/…` and `/organizations/users/…`.
pub(in super::super) fn route_below(
    world: &mut World,
    request: &Request,
    account: Option<&str>,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    if let Some(account) = account {
        doc::find(&world.accounts.accounts, "account", account)?;
    }
    match (request.method.as_str(), rest) {
        ("GET", []) => list(world, request, |user| account.is_none_or(|account| user.below == account)),
        ("POST", []) => create(world, request, account),
        (method, [id]) => one(world, request, method, id),
        (method, []) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

fn list(world: &mut World, request: &Request, fits: impl Fn(&Doc) -> bool) -> Result<Answer, Refusal> {
    let page = doc::page(&mut world.accounts.users, request, fits)?;
    Answer::page(page, "users", |user: &Doc| Ok(shown(user, Some(PLACEHOLDER)).to_string().into_bytes()))
}

/// The user of a number or an address.
fn find<'w>(world: &'w World, name: &str) -> Result<&'w Doc, Refusal> {
    let users = &world.accounts.users;
    let found = users.iter().find(|user| user.text("email") == name);
    found.map_or_else(|| doc::find(users, "user", name), Ok)
}

fn one(world: &mut World, request: &Request, method: &str, name: &str) -> Result<Answer, Refusal> {
    let user = find(world, name)?.clone();
    match method {
        "GET" => Answer::json(&shown(&user, None)),
        "PUT" | "PATCH" => {
            let body = doc::body(request)?;
            let mut changed = user;
            changed.merge(&body, &FIELDS);
            password(world, &mut changed, &body);
            doc::required(&changed.fields, "email")?;
            let user = world.accounts.users.put(changed)?;
            Answer::json(&shown(user, None))
        }
        "DELETE" => {
            world.accounts.users.remove(user.id)?;
            Ok(Answer::empty())
        }
        _ => Err(Refusal::method(method)),
    }
}

fn create(world: &mut World, request: &Request, account: Option<&str>) -> Result<Answer, Refusal> {
    let body = doc::body(request)?;
    let email = doc::required(&body, "email")?;
    for name in ["firstName", "lastName"] {
        doc::required(&body, name)?;
    }
    if world.accounts.users.iter().any(|user| user.text("email") == email) {
        return Err(Refusal::new(409, format!("A user with email {email} exists")));
    }
    let id = world.accounts.users.next_id();
    let mut user = Doc { id, below: account.unwrap_or_default().to_owned(), fields: Map::new() };
    user.merge(&body, &FIELDS);
    user.default("active", true);
    user.set("createdDate", world.settings.now());
    password(world, &mut user, &body);
    let mut granted = Vec::new();
    for role in doc::list(&body, "roles")? {
        granted.push(known(role["key"].as_str().unwrap_or_default())?.to_owned());
    }
    user.set("roles", granted);
    let secret = world.settings.keyed.token(id, "user");
    let user = world.accounts.users.put(user)?;
    Ok(Answer { created: Some((USERS, id)), ..Answer::json(&shown(user, Some(&secret)))? })
}

/// Of a password only a digest rests.
fn password(world: &World, user: &mut Doc, body: &Map<String, Value>) {
    if let Some(password) = body.get("password").and_then(Value::as_str) {
        user.set("passwordDigest", world.settings.keyed.digest(user.id, "password", password));
    }
}

fn roles(world: &mut World, request: &Request, name: &str, rest: &[&str]) -> Result<Answer, Refusal> {
    let mut user = find(world, name)?.clone();
    let mut granted = granted(&user);
    match (request.method.as_str(), rest) {
        ("GET", []) => Answer::json(&granted.iter().map(|key| role(key)).collect::<Vec<_>>()),
        ("PUT", [key]) => {
            if granted.iter().any(|other| other == key) {
                return Err(Refusal::new(409, format!("The user has the role {key} already")));
            }
            granted.push(known(key)?.to_owned());
            user.set("roles", granted);
            world.accounts.users.put(user)?;
            Answer::json(&role(key))
        }
        ("DELETE", [key]) => {
            if !granted.iter().any(|other| other == key) {
                return Err(Refusal::new(404, format!("The user has no role {key}")));
            }
            granted.retain(|other| other != key);
            user.set("roles", granted);
            world.accounts.users.put(user)?;
            Ok(Answer::empty())
        }
        (method, [] | [_]) => Err(Refusal::method(method)),
        _ => Err(Refusal::no_path()),
    }
}

fn granted(user: &Doc) -> Vec<String> {
    let roles = user.fields.get("roles").and_then(Value::as_array);
    roles.into_iter().flatten().filter_map(|role| role.as_str().map(str::to_owned)).collect()
}

fn known(key: &str) -> Result<&str, Refusal> {
    match ROLES.contains(&key) {
        true => Ok(key),
        false => Err(Refusal::bad(format!("There is no role {key}"))),
    }
}

fn role(key: &str) -> Value {
    json!({ "key": key, "name": key, "active": true })
}

/// A user without what is asked for apart: roles, and the secret but once.
fn shown(user: &Doc, secret: Option<&str>) -> Value {
    let mut shown = user.shown();
    if let Some(fields) = shown.as_object_mut() {
        fields.remove("roles");
        fields.remove("passwordDigest");
        fields.extend(secret.map(|secret| ("secret".to_owned(), secret.into())));
    }
    shown
}
