//! What becomes of an instance that is created or changed: the rules of the service.

use std::collections::{BTreeMap, BTreeSet};

use super::super::answer::Refusal;
use super::super::elements::Elements;
use super::super::world::Settings;
use super::body::Body;
use super::record::Instance;
use super::show::MASK;
use crate::kind::catalogue::Element;

/// The value of a secret entry that the service behind the element refuses.
const WRONG: &str = "wrong";

/// How a change treats what the body leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// PATCH: it stays.
    Merge,
    /// PUT: entries that are left out go.
    Replace,
    /// PUT with `reAuthenticate=false`: secrets that are left out stay.
    ReplaceSettings,
    /// PUT with `reAuthenticate=true`: an element with a browser login needs a fresh one.
    ReplaceLogin,
}

/// Returns the instance a POST makes.
pub(super) fn create(
    body: Body,
    id: u64,
    nested: Option<&str>,
    elements: &Elements,
    settings: &Settings,
) -> Result<Instance, Refusal> {
    let name = required_name(body.name)?;
    let key = nested.map(str::to_owned).or(body.element);
    let key = key.ok_or_else(|| Refusal::bad("Missing required field: element.key"))?;
    let element = elements.find(&key)?;
    let mut instance = Instance {
        id,
        tags: body.tags.unwrap_or_else(|| vec![name.clone()]),
        name,
        element: element.key.clone(),
        configuration: BTreeMap::new(),
        created: settings.now(),
        updated: None,
        disabled: false,
        trace_logging: false,
        external_authentication: body.external_authentication,
        logged_in: !body.provider_data.is_empty(),
    };
    let given = body.configuration.unwrap_or_default();
    verify(element, &given, elements)?;
    for (key, value) in given {
        if let Some(value) = value {
            instance.set(&key, value, elements, settings);
        }
    }
    complete(element, &instance)?;
    if !instance.logged_in {
        log_in(element, &instance)?;
    }
    Ok(instance)
}

/// Returns the instance as a PUT or PATCH leaves it.
pub(super) fn change(
    current: &Instance,
    body: Body,
    mode: Mode,
    elements: &Elements,
    settings: &Settings,
) -> Result<Instance, Refusal> {
    let mut changed = current.clone();
    match (mode, body.name) {
        (Mode::Merge, None) => {}
        (_, name) => changed.name = required_name(name)?,
    }
    same_element(current, body.element.as_deref(), elements)?;
    if let Some(tags) = body.tags {
        changed.tags = tags;
    }
    if let Some(external) = body.external_authentication {
        changed.external_authentication = Some(external);
    }
    let given = body.configuration.unwrap_or_default();
    // An instance of an element nobody knows can only have been loaded: it is kept as it is given.
    let element = elements.catalogue().element(&current.element);
    if let Some(element) = element {
        verify(element, &given, elements)?;
    }
    // A loaded instance may lack what is required: a PATCH is refused only for taking something away.
    let unsets = given.values().any(|value| value.as_deref().is_none_or(str::is_empty));
    settle(&mut changed, current, given, mode, elements, settings);
    if let Some(element) = element {
        if mode != Mode::Merge || unsets {
            complete(element, &changed)?;
        }
        if mode == Mode::ReplaceLogin && body.provider_data.is_empty() {
            log_in(element, &changed)?;
        }
    }
    changed.logged_in |= !body.provider_data.is_empty();
    changed.updated = Some(settings.now());
    Ok(changed)
}

fn required_name(name: Option<String>) -> Result<String, Refusal> {
    let name = name.filter(|name| !name.trim().is_empty());
    name.ok_or_else(|| Refusal::bad("Missing required field: name"))
}

/// Refuses another element than the instance has: only the same one is known to work.
fn same_element(current: &Instance, key: Option<&str>, elements: &Elements) -> Result<(), Refusal> {
    let Some(key) = key.filter(|key| *key != current.element) else { return Ok(()) };
    if elements.find(key)?.key == current.element {
        return Ok(());
    }
    Err(Refusal::bad("The element of an instance cannot be changed"))
}

/// Plays the service behind the element, checking what credentials it is given.
fn verify(
    element: &Element,
    given: &BTreeMap<String, Option<String>>,
    elements: &Elements,
) -> Result<(), Refusal> {
    let is_secret = |key: &str| elements.catalogue().is_secret(Some(element), key);
    let refused = given.iter().any(|(key, value)| value.as_deref() == Some(WRONG) && is_secret(key));
    if !refused {
        return Ok(());
    }
    Err(Refusal {
        status: 401,
        message: format!("Failed to authenticate with {}", element.name),
        provider: Some("Invalid credentials".to_owned()),
    })
}

/// Writes what was given into the configuration, as the mode says.
fn settle(
    changed: &mut Instance,
    current: &Instance,
    given: BTreeMap<String, Option<String>>,
    mode: Mode,
    elements: &Elements,
    settings: &Settings,
) {
    let secret =
        |key: &str| elements.catalogue().is_secret(elements.catalogue().element(&current.element), key);
    match mode {
        Mode::Merge => {}
        _ if settings.quirks.put_merges => {}
        Mode::ReplaceSettings => changed.configuration.retain(|key, _| secret(key)),
        Mode::Replace | Mode::ReplaceLogin => changed.configuration.clear(),
    }
    for (key, value) in given {
        let masked = value.as_deref() == Some(MASK) && secret(&key) && !settings.quirks.masks_overwrite;
        match (value, current.configuration.get(&key)) {
            (_, Some(kept)) if masked => {
                changed.configuration.insert(key, kept.clone());
            }
            (Some(value), _) => changed.set(&key, value, elements, settings),
            (None, _) => {
                changed.configuration.remove(&key);
            }
        }
    }
}

/// Refuses an instance that lacks required entries, naming all of them.
fn complete(element: &Element, instance: &Instance) -> Result<(), Refusal> {
    let present: BTreeSet<&str> = instance.present().collect();
    let missing = element.missing(&present).required;
    if missing.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = missing.iter().map(|entry| entry.key.as_str()).collect();
    Err(Refusal::bad(format!("Missing required configuration: {}", keys.join(", "))))
}

/// Refuses an instance that needs a browser login and has neither its result nor tokens from elsewhere.
fn log_in(element: &Element, instance: &Instance) -> Result<(), Refusal> {
    let has_tokens =
        instance.present().any(|key| matches!(key, "oauth.user.token" | "oauth.user.refresh_token"));
    if has_tokens || !element.needs_login(instance.plain("authentication.type")) {
        return Ok(());
    }
    Err(Refusal::bad("An OAuth code must be provided to create this instance"))
}
