//! What answers show of an instance.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::answer::Refusal;
use super::super::fault::mix;
use super::super::world::World;
use super::record::{Instance, Setting};
use crate::kind::catalogue::{Catalogue, Entry};

/// What stands in place of a secret.
pub(super) const MASK: &str = "********";

/// Settings the service adds to every instance, whatever the element.
const EVERYWHERE: [&str; 2] = ["event.notification.enabled", "filter.response.nulls"];

/// How much is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// No configuration.
    Light,
    Full,
    /// With the list of the element's objects, which a create may ask for.
    WithObjects,
}

/// Where it is shown: tags come in another order in lists.
#[derive(Clone, Copy)]
pub(super) enum Order {
    Single,
    List,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: u64,
    name: &'a str,
    created_date: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_date: Option<&'a str>,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<&'a RawValue>,
    element_id: u64,
    tags: Vec<&'a str>,
    provision_interactions: [(); 0],
    valid: bool,
    disabled: bool,
    max_cache_size: u32,
    cache_time_to_live: u32,
    caching_enabled: bool,
    events_enabled: bool,
    trace_logging_enabled: bool,
    external_authentication: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<BTreeMap<&'a str, Option<&'a str>>>,
    transformation_data: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<[(); 0]>,
    user: User,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: u64,
    email_address: &'static str,
    first_name: &'static str,
    last_name: &'static str,
}

/// The creator of everything.
const USER: User =
    User { id: 1, email_address: "user@emulator.invalid", first_name: "Local", last_name: "User" };

/// Writes an instance as the API answers it.
pub(super) fn bytes(
    world: &World,
    instance: &Instance,
    detail: Detail,
    order: Order,
) -> Result<Vec<u8>, Refusal> {
    let (element_id, element) = world.elements.summary(&instance.element);
    let settings = configuration(world.elements.catalogue(), instance);
    let shown = Shown {
        id: instance.id,
        name: &instance.name,
        created_date: &instance.created,
        updated_date: instance.updated.as_deref(),
        token: world.settings.keyed.token(instance.id, &instance.created),
        element,
        element_id,
        tags: shuffled(&instance.tags, order, world.settings.seed ^ instance.id),
        provision_interactions: [],
        valid: true,
        disabled: instance.disabled,
        max_cache_size: 0,
        cache_time_to_live: 0,
        caching_enabled: false,
        events_enabled: settings.get("event.notification.enabled") == Some(&Some("true")),
        trace_logging_enabled: instance.trace_logging,
        external_authentication: instance.external_authentication.as_deref().unwrap_or("none"),
        configuration: (detail != Detail::Light).then_some(settings),
        transformation_data: [],
        objects: (detail == Detail::WithObjects).then_some([]),
        user: USER,
    };
    serde_json::to_vec(&shown).map_err(|error| Refusal::new(500, error.to_string()))
}

/// Returns all entries an instance shows: the element's, with what the service sets, and the user's own.
pub(super) fn configuration<'a>(
    catalogue: &'a Catalogue,
    instance: &'a Instance,
) -> BTreeMap<&'a str, Option<&'a str>> {
    let element = catalogue.element(&instance.element);
    let own = element.into_iter().flat_map(|element| &element.entries).filter(|entry| !entry.doubtful);
    let common = catalogue.common().iter().filter(|entry| EVERYWHERE.contains(&entry.key.as_str()));
    let mut shown: BTreeMap<_, _> =
        common.chain(own).map(|entry| (entry.key.as_str(), initial(catalogue, entry, instance))).collect();
    shown.extend(instance.configuration.iter().map(|(key, setting)| (key.as_str(), Some(setting.shown()))));
    shown
}

/// Returns what an entry shows that the user gave no value.
fn initial<'a>(catalogue: &Catalogue, entry: &'a Entry, instance: &Instance) -> Option<&'a str> {
    let element = catalogue.element(&instance.element);
    if !catalogue.is_secret(element, &entry.key) {
        return entry.initial();
    }
    let by_login = instance.logged_in && entry.server_set && element.is_some_and(|e| e.needs_login(None));
    (by_login || entry.initial().is_some()).then_some(MASK)
}

impl Setting {
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret { .. } => MASK,
        }
    }
}

impl Instance {
    /// Returns the keys of the entries that have a value; an empty text is none.
    pub(super) fn present(&self) -> impl Iterator<Item = &str> {
        let given = |setting: &Setting| !matches!(setting, Setting::Plain(text) if text.is_empty());
        self.configuration.iter().filter(move |(_, setting)| given(setting)).map(|(key, _)| key.as_str())
    }

    /// Returns the value of an entry that is no secret.
    pub(super) fn plain(&self, key: &str) -> Option<&str> {
        match self.configuration.get(key)? {
            Setting::Plain(text) => Some(text),
            Setting::Secret { .. } => None,
        }
    }
}

/// Returns the tags in an order that is neither theirs nor the same in lists, but always the same.
fn shuffled(tags: &[String], order: Order, seed: u64) -> Vec<&str> {
    let salt = match order {
        Order::Single => 1,
        Order::List => 2,
    };
    let scramble = |tag: &&str| tag.bytes().fold(mix(seed ^ salt), |hash, byte| mix(hash ^ u64::from(byte)));
    let mut tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    tags.sort_by_key(scramble);
    tags
}
