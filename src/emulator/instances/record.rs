//! What is kept of an instance. No secret and no token is: secrets are digests, tokens are derived.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::collection::Record;
use super::super::elements::Elements;
use super::super::world::Settings;
use super::body::as_text;

/// An instance as it rests in the data and appears in dumps.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instance {
    pub(super) id: u64,
    pub(super) name: String,
    /// The element's key.
    pub(super) element: String,
    pub(super) tags: Vec<String>,
    /// What users gave; what the service adds comes from the catalogue when it is shown.
    pub(super) configuration: BTreeMap<String, Setting>,
    #[serde(rename = "createdDate")]
    pub(super) created: String,
    #[serde(rename = "updatedDate", default, skip_serializing_if = "Option::is_none")]
    pub(super) updated: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) disabled: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) trace_logging: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) external_authentication: Option<String>,
    /// A browser login gave it tokens of the service behind it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) logged_in: bool,
}

/// The value of a configuration entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Setting {
    Plain(String),
    Secret {
        /// The keyed digest: shows that a secret changed, not what it is.
        secret: String,
    },
}

impl Record for Instance {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Instance {
    /// Gives an entry a value, kept as a digest if it is secret.
    pub(super) fn set(&mut self, key: &str, value: String, elements: &Elements, settings: &Settings) {
        let element = elements.catalogue().element(&self.element);
        let setting = match elements.catalogue().is_secret(element, key) {
            true => Setting::Secret { secret: settings.keyed.digest(self.id, key, &value) },
            false => Setting::Plain(value),
        };
        self.configuration.insert(key.to_owned(), setting);
    }

    /// Reads an object to load: a record, or one a person wrote, where `element` alone is needed.
    pub(super) fn seed(
        record: &Value,
        next_id: u64,
        elements: &Elements,
        settings: &Settings,
    ) -> Result<Self, String> {
        let seed: Seed = serde_json::from_value(record.clone()).map_err(|error| error.to_string())?;
        let name = seed.name.unwrap_or_else(|| seed.element.clone());
        let mut instance = Self {
            id: seed.id.unwrap_or(next_id),
            tags: seed.tags.unwrap_or_else(|| vec![name.clone()]),
            name,
            element: seed.element,
            configuration: BTreeMap::new(),
            created: seed.created_date.unwrap_or_else(|| settings.now()),
            updated: seed.updated_date,
            disabled: seed.disabled,
            trace_logging: seed.trace_logging,
            external_authentication: seed.external_authentication,
            logged_in: seed.logged_in,
        };
        for (key, value) in seed.configuration {
            match serde_json::from_value(value.clone()) {
                Ok(secret @ Setting::Secret { .. }) => {
                    instance.configuration.insert(key, secret);
                }
                _ => {
                    as_text(&value).into_iter().for_each(|text| instance.set(&key, text, elements, settings))
                }
            }
        }
        Ok(instance)
    }
}

/// An object to load. Unknown fields are refused: they are typing errors in a test.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Seed {
    id: Option<u64>,
    name: Option<String>,
    element: String,
    tags: Option<Vec<String>>,
    #[serde(default)]
    configuration: BTreeMap<String, Value>,
    created_date: Option<String>,
    updated_date: Option<String>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    trace_logging: bool,
    external_authentication: Option<String>,
    #[serde(default)]
    logged_in: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}
