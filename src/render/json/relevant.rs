//! `relevant_attributes`: what of which object may have led to the changes of a plan.

use crate::addr::{ModulePath, ObjectAddr, ObjectKey};
use crate::config::{Config, Module, ModuleId};
use crate::plan::{Action, Flow, Plan, Source, source_key};
use crate::syntax::{Expr, Step};
use crate::value::{Secrets, Value, to_json};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// `[{ "resource": "instance.a", "attribute": ["token"] }]`: what flows into each object and each root output that changes.
pub(super) fn relevant(plan: &Plan, config: &Config) -> Json {
    let modules = Modules::new(plan, config);
    let instances = |id: ModuleId| modules.instances.get(&id).cloned().unwrap_or_default();
    let flow = Flow { config, instances: &instances };
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    let mut take = |expr: &Expr, id: ModuleId, path: &ModulePath| {
        found.extend(flow.sources(expr, id, path).iter().map(named));
    };
    for (subject, change) in &plan.changes {
        let addr = &subject.addr;
        let changes = !matches!(change.action, Action::NoOp { .. } | Action::Forget { .. });
        let Some((id, module)) = modules.of(&addr.module).filter(|_| changes) else { continue };
        let Some(resource) = module.resources.get(&addr.resource) else { continue };
        let arguments = resource.arguments.attributes.iter().map(|argument| &argument.expr);
        arguments.chain(resource.repetition.expr()).for_each(|expr| take(expr, id, &addr.module));
    }
    for (name, _) in plan.outputs.iter().filter(|(_, change)| change.is_change()) {
        if let Some(output) = config.root().outputs.get(name) {
            take(&output.value, ModuleId(0), &ModulePath::root());
        }
    }
    let entry = |(resource, attribute): &(String, String)| {
        let attribute: Json = serde_json::from_str(attribute).unwrap_or_default();
        json!({ "resource": resource, "attribute": attribute })
    };
    found.iter().map(entry).collect()
}

/// The blocks and instances of modules that a plan's objects stand in.
struct Modules<'m> {
    config: &'m Config,
    by_names: BTreeMap<Vec<String>, ModuleId>,
    instances: BTreeMap<ModuleId, Vec<ModulePath>>,
}

impl<'m> Modules<'m> {
    fn new(plan: &Plan, config: &'m Config) -> Self {
        let names = |module: &Module| module.path.iter().map(ToString::to_string).collect();
        let by_names: BTreeMap<Vec<String>, ModuleId> =
            config.modules().map(|(id, module)| (names(module), id)).collect();
        let paths: BTreeSet<&ModulePath> = plan.changes.keys().map(|subject| &subject.addr.module).collect();
        let mut modules = Self { config, by_names, instances: BTreeMap::new() };
        for path in paths {
            if let Some((id, _)) = modules.of(path) {
                modules.instances.entry(id).or_default().push(path.clone());
            }
        }
        modules
    }

    fn of(&self, path: &ModulePath) -> Option<(ModuleId, &'m Module)> {
        let names: Vec<String> = path.names().map(str::to_owned).collect();
        let id = *self.by_names.get(&names)?;
        Some((id, self.config.module(id)))
    }
}

/// The object or block, and the path inside as JSON text, which has an order.
fn named(source: &Source) -> (String, String) {
    let key = source_key(&source.rest);
    let inside = &source.rest[usize::from(key.is_some())..];
    let (module, resource) = (source.module.clone(), source.resource.clone());
    let addr = ObjectAddr { module, resource, key: key.unwrap_or(ObjectKey::Single) };
    let step = |step: &Step| match step {
        Step::Attr(name) => Json::from(&*name.name),
        Step::Index(key, _) => to_json(&Value::clone(key), Secrets::Mask),
    };
    (addr.to_string(), Json::Array(inside.iter().map(step).collect()).to_string())
}
