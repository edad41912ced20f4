//! Conditions and how they came out: `checks` of a plan.

use super::state::{index, mode};
use crate::addr::{ModulePath, Name, ObjectAddr};
use crate::plan::{Checkable, Checked, Instance, Status};
use serde_json::{Value as Json, json};

/// `[{ "address", "status", "instances": [{ "address", "status", "problems" }] }]`, in the order of what is displayed.
pub(super) fn checks(all: &[Checked]) -> Json {
    let mut shown: Vec<Json> = all.iter().map(checked).collect();
    shown.sort_by_cached_key(|of| of["address"]["to_display"].as_str().unwrap_or_default().to_owned());
    shown.into()
}

fn checked(of: &Checked) -> Json {
    let status = of.instances.iter().map(|instance| instance.status).max().unwrap_or(Status::Pass);
    let instances: Vec<Json> = of.instances.iter().map(|instance| one(&of.what, instance)).collect();
    json!({ "address": address(of), "status": word(status), "instances": instances })
}

fn address(of: &Checked) -> Json {
    let module = of.module.iter().map(|name| format!("module.{name}")).collect::<Vec<_>>().join(".");
    let (kind, name, own) = match &of.what {
        Checkable::Check(name) => ("check", name, format!("check.{name}")),
        Checkable::Output(name) => ("output_value", name, format!("output.{name}")),
        Checkable::Variable(name) => ("var", name, format!("var.{name}")),
        Checkable::Resource(resource) => ("resource", &resource.name, resource.to_string()),
    };
    let mut address = json!({ "kind": kind, "name": &**name, "to_display": inside(&module, &own) });
    if !module.is_empty() {
        address["module"] = module.into();
    }
    if let Checkable::Resource(resource) = &of.what {
        address["mode"] = mode(resource.mode).into();
        address["type"] = (&*resource.kind).into();
    }
    address
}

fn one(what: &Checkable, of: &Instance) -> Json {
    let named = |sort: &str, name: &Name| inside(&of.module.to_string(), &format!("{sort}.{name}"));
    let mut address = match what {
        Checkable::Check(name) => json!({ "to_display": named("check", name) }),
        Checkable::Output(name) => json!({ "to_display": named("output", name) }),
        Checkable::Variable(name) => json!({ "to_display": named("var", name) }),
        Checkable::Resource(resource) => {
            let (module, key) = (of.module.clone(), of.key.clone());
            let addr = ObjectAddr { module, resource: resource.clone(), key };
            let mut address = json!({ "to_display": addr.to_string() });
            if let Some(key) = index(&of.key) {
                address["instance_key"] = key;
            }
            address
        }
    };
    if of.module != ModulePath::root() {
        address["module"] = of.module.to_string().into();
    }
    let mut shown = json!({ "address": address, "status": word(of.status) });
    if !of.problems.is_empty() {
        shown["problems"] = of.problems.iter().map(|message| json!({ "message": message })).collect();
    }
    shown
}

fn inside(module: &str, own: &str) -> String {
    if module.is_empty() { own.to_owned() } else { format!("{module}.{own}") }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Unknown => "unknown",
        Status::Fail => "fail",
        Status::Error => "error",
    }
}
