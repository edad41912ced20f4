//! State and planned values: resources in the tree of their modules.

use super::mask::sensitive;
use super::secrets;
use crate::addr::{Mode, ModulePath, Name, ObjectAddr, ObjectKey};
use crate::kind::Kinds;
use crate::state::{Record, State, Status};
use crate::value::{Marks, Secrets, Value, to_json};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// `show -json`: `{ "format_version", "isotope_version", "values": { "outputs", "root_module" } }`; an empty state has no `values`.
pub fn state(state: &State, kinds: &Kinds, reveal: bool) -> Json {
    prior_state(state, &BTreeMap::new(), kinds, reveal)
}

/// The state that a plan was made from, with what its data sources gave.
pub(super) fn prior_state(
    state: &State,
    data: &BTreeMap<ObjectAddr, Value>,
    kinds: &Kinds,
    reveal: bool,
) -> Json {
    let mut document = json!({ "format_version": "1.0" });
    let empty = state.records.is_empty() && state.deposed.is_empty() && state.outputs.is_empty();
    if !empty || !data.is_empty() {
        document["isotope_version"] = env!("CARGO_PKG_VERSION").into();
        document["values"] = values(state, data, kinds, secrets(reveal));
    }
    document
}

/// `output -json`: `{ name: { "sensitive", "type", "value" } }` with true values.
pub fn outputs(outputs: &BTreeMap<Name, Value>) -> Json {
    outputs_with(outputs, Secrets::Reveal)
}

pub(super) fn outputs_with(outputs: &BTreeMap<Name, Value>, secrets: Secrets) -> Json {
    outputs
        .iter()
        .map(|(name, value)| (name.to_string(), output(value, secrets)))
        .collect::<Map<_, _>>()
        .into()
}

fn output(value: &Value, secrets: Secrets) -> Json {
    let sensitive = value.contains_marks(Marks::SENSITIVE);
    json!({ "sensitive": sensitive, "type": value.ty().to_json(), "value": to_json(value, secrets) })
}

fn values(state: &State, data: &BTreeMap<ObjectAddr, Value>, kinds: &Kinds, secrets: Secrets) -> Json {
    let mut modules = Modules::default();
    for (addr, values) in data {
        let provider = kinds.of(&addr.resource).and_then(|kind| kind.provider.as_deref()).unwrap_or_default();
        modules.add(addr, resource(addr, provider, to_json(values, secrets), sensitive(values)));
    }
    for (addr, record) in &state.records {
        modules.add(addr, recorded(addr, record, secrets));
    }
    for ((addr, key), record) in &state.deposed {
        let mut resource = recorded(addr, record, secrets);
        resource.insert("deposed_key".to_owned(), (&**key).into());
        modules.add(addr, resource);
    }
    let mut values = Map::new();
    if !state.outputs.is_empty() {
        values.insert("outputs".to_owned(), outputs_with(&state.outputs, secrets));
    }
    values.insert("root_module".to_owned(), modules.tree());
    Json::Object(values)
}

/// A recorded object as both documents show one.
pub(super) fn recorded(addr: &ObjectAddr, record: &Record, secrets: Secrets) -> Map<String, Json> {
    let mut resource =
        resource(addr, &record.provider.name, to_json(&record.values, secrets), sensitive(&record.values));
    if !record.depends_on.is_empty() {
        let names = record.depends_on.iter().map(|needed| {
            let dot = if needed.module.is_root() { "" } else { "." };
            Json::String(format!("{}{dot}{}", needed.module, needed.resource))
        });
        resource.insert("depends_on".to_owned(), names.collect());
    }
    if record.status == Status::Tainted {
        resource.insert("tainted".to_owned(), true.into());
    }
    resource
}

/// `{ "address", "mode", "type", "name", "index", "provider_name", "schema_version", "values", "sensitive_values" }`.
pub(super) fn resource(
    addr: &ObjectAddr,
    provider: &str,
    values: Json,
    sensitive: Json,
) -> Map<String, Json> {
    let mut resource = Map::new();
    resource.insert("address".to_owned(), addr.to_string().into());
    identify(addr, &mut resource);
    resource.insert("provider_name".to_owned(), provider.into());
    resource.insert("schema_version".to_owned(), 0.into());
    resource.insert("values".to_owned(), values);
    resource.insert("sensitive_values".to_owned(), sensitive);
    resource
}

/// Adds `mode`, `type`, `name` and, where there is one, `index`.
pub(super) fn identify(addr: &ObjectAddr, into: &mut Map<String, Json>) {
    into.insert("mode".to_owned(), mode(addr.resource.mode).into());
    into.insert("type".to_owned(), (&*addr.resource.kind).into());
    into.insert("name".to_owned(), (&*addr.resource.name).into());
    if let Some(index) = index(&addr.key) {
        into.insert("index".to_owned(), index);
    }
}

pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
    }
}

pub(super) fn index(key: &ObjectKey) -> Option<Json> {
    match key {
        ObjectKey::Single => None,
        ObjectKey::Index(index) => Some((*index).into()),
        ObjectKey::Name(name) => Some((&**name).into()),
    }
}

/// Resources by module, to become `{ "resources": [], "child_modules": [{ "address", … }] }`.
#[derive(Default)]
pub(super) struct Modules {
    resources: BTreeMap<ModulePath, Vec<Json>>,
}

impl Modules {
    pub(super) fn add(&mut self, addr: &ObjectAddr, resource: Map<String, Json>) {
        self.resources.entry(addr.module.clone()).or_default().push(Json::Object(resource));
        // Modules on the way have a place in the tree even when nothing stands in them.
        for depth in 0..addr.module.0.len() {
            self.resources.entry(ModulePath(addr.module.0[..depth].into())).or_default();
        }
    }

    pub(super) fn tree(mut self) -> Json {
        self.resources.entry(ModulePath::root()).or_default();
        self.module(&ModulePath::root())
    }

    fn module(&self, path: &ModulePath) -> Json {
        let mut module = Map::new();
        match self.resources.get(path) {
            Some(resources) if !resources.is_empty() => {
                drop(module.insert("resources".to_owned(), resources.clone().into()))
            }
            _ => {}
        }
        if !path.is_root() {
            module.insert("address".to_owned(), path.to_string().into());
        }
        let depth = path.0.len();
        let inner =
            self.resources.keys().filter(|inner| inner.0.len() == depth + 1 && inner.0.starts_with(&path.0));
        let children: Vec<Json> = inner.map(|inner| self.module(inner)).collect();
        if !children.is_empty() {
            module.insert("child_modules".to_owned(), children.into());
        }
        Json::Object(module)
    }
}

/// One object as `state show -json` gives it.
pub fn record(addr: &ObjectAddr, record: &Record, reveal: bool) -> Json {
    Json::Object(recorded(addr, record, if reveal { Secrets::Reveal } else { Secrets::Mask }))
}
