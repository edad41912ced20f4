//! What can be known to be wrong without state, variables or network; and the plainest source of objects, the state itself.

use super::data;
use super::depend;
use super::desired::{desired, unknown_object};
use super::evaluation::{Evaluation, Objects, Visit, walk};
use super::nodes::{self, Walk, What};
use super::rules::Rules;
use crate::addr::{Mode, Name, ObjectAddr};
use crate::config::{Config, Module, ModuleId, ProviderRef, RESERVED, Resource, Source, Values};
use crate::diag::{Diagnostic, Diagnostics, Reported, did_you_mean};
use crate::eval::functions::Host;
use crate::kind::{self, Kinds};
use crate::state::Record;
use crate::value::Value;
use std::collections::BTreeMap;

/// Checks all blocks against their kinds, all references against what is declared, and orders the configuration. `Err` only if it has
/// no order; other mistakes are in `diags`, and evaluating finds those that do not hang on them.
pub fn check(config: &Config, kinds: &Kinds, diags: &mut Diagnostics) -> Result<Walk, Reported> {
    for (_, module) in config.modules() {
        for resource in module.resources.values() {
            block(resource, kinds, diags);
        }
        for call in module.calls.values() {
            let variables = &config.module(call.module).variables;
            for given in call.arguments.attributes.iter().filter(|a| !variables.contains_key(&a.name.name)) {
                let near = did_you_mean(&given.name.name, variables.keys().map(|n| &**n));
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                diags.error(
                    Diagnostic::error("Unsupported argument")
                        .at(given.name.span)
                        .label(format!("the module has no variable `{}`{hint}", given.name.name))
                        .detail(format!("An argument named {:?} is not expected here.", &*given.name.name)),
                );
            }
            let given = |name: &Name| call.arguments.attributes.iter().any(|a| a.name.name == *name);
            for needed in variables.values().filter(|v| v.default.is_none() && !given(&v.name)) {
                diags.error(
                    Diagnostic::error("Missing required argument")
                        .at(call.span)
                        .label(format!("the module needs `{}`", needed.name))
                        .related(needed.span, "declared here, without a default")
                        .detail(format!(
                            "The argument {:?} is required, but no definition was found.",
                            &*needed.name
                        )),
                );
            }
            for extra in &call.arguments.blocks {
                if ["lifecycle", "locals", "provider"].contains(&&*extra.kind.name) {
                    diags.error(
                        Diagnostic::error("Reserved block type name in module block")
                            .at(extra.kind.span)
                            .label("has no meaning in a `module` block")
                            .detail(format!(
                                "The block type name {:?} is reserved for use in a future version.",
                                &*extra.kind.name
                            )),
                    );
                    continue;
                }
                diags.error(
                    Diagnostic::error("Unsupported block type")
                        .at(extra.kind.span)
                        .label("a module's variables are arguments, not blocks")
                        .detail(format!("Blocks of type {:?} are not expected here.", &*extra.kind.name)),
                );
            }
        }
        depend::check(module, diags);
        module.resources.values().for_each(|resource| alias(config, module, resource, diags));
        misplaced_providers(module, diags);
    }
    super::removed::check(config, diags);
    nodes::order(config, diags)
}

/// A provider configuration that is chosen by alias is one of the root's, passed on by every call on the way.
fn alias(config: &Config, module: &Module, resource: &Resource, diags: &mut Diagnostics) {
    let Some((chosen, span)) = &resource.provider else { return };
    let meant = module.provider(chosen);
    let exists = |meant: &ProviderRef| {
        let mut blocks = config.root().providers.get(&meant.name).into_iter().flatten();
        meant.alias.is_none() || blocks.any(|block| block.alias == meant.alias)
    };
    if meant.as_ref().is_some_and(exists) {
        return;
    }
    let shown =
        chosen.alias.as_ref().map_or(chosen.name.to_string(), |alias| format!("{}.{alias}", chosen.name));
    let help = match module.parent {
        Some(_) => format!("pass it in the `module` block: `providers = {{ {shown} = … }}`"),
        None => format!("declare it: `provider \"{}\" {{ alias = … }}`", chosen.name),
    };
    diags.error(
        Diagnostic::error("Provider configuration not present")
            .at(*span)
            .label(format!("no `provider` block is meant by `{shown}`"))
            .detail(format!("There is no provider block for {shown}."))
            .help(help),
    );
}

/// Provider blocks stand in the root: in another module nobody would read them.
fn misplaced_providers(module: &Module, diags: &mut Diagnostics) {
    for block in module.providers.values().flatten().filter(|_| module.parent.is_some()) {
        let called = Diagnostic::warning("Redundant empty provider block")
            .at(block.span)
            .label("says nothing: the module gets its providers from its caller")
            .detail("The block is not needed, and may be removed.");
        if block.arguments.attributes.is_empty() && block.arguments.blocks.is_empty() {
            diags.push(called);
            continue;
        }
        diags.error(
            Diagnostic::error("Provider configuration in a called module")
                .at(block.span)
                .label("provider blocks stand in the root module")
                .detail("A called module uses the provider configurations of its caller.")
                .help(format!(
                    "move it to the root module, with an `alias`, and pass it in the `module` block: `providers = {{ {0} = {0}.… }}`",
                    block.name
                )),
        );
    }
}

/// One resource block: its kind is known, and its arguments are the kind's.
fn block(resource: &Resource, kinds: &Kinds, diags: &mut Diagnostics) {
    if resource.addr.mode == Mode::Data {
        return data::check(resource, kinds, diags);
    }
    let Some(kind) = kinds.get(&resource.addr.kind) else {
        let known = kinds.names().chain(RESERVED.iter().copied());
        let near = did_you_mean(&resource.addr.kind, known);
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        diags.error(
            Diagnostic::error("Unsupported block type")
                .at(resource.kind_span)
                .label(format!("there is no kind `{}`{hint}", resource.addr.kind))
                .detail(format!("Blocks of type {:?} are not expected here.", &*resource.addr.kind)),
        );
        return;
    };
    if kind.read_only {
        diags.error(only_read(resource));
        return;
    }
    for given in &resource.arguments.attributes {
        if let Err(diagnostic) = kind::argument(kind, &given.name.name) {
            diags.error(diagnostic.at(given.name.span));
        }
    }
    let given: Vec<&str> = resource.arguments.attributes.iter().map(|a| &*a.name.name).collect();
    for diagnostic in kind::missing(kind, &given) {
        diags.error(diagnostic.at(resource.span));
    }
    super::lifecycle::check(resource, kind, diags);
    for extra in &resource.arguments.blocks {
        diags.error(
            Diagnostic::error("Unsupported block type")
                .at(extra.kind.span)
                .label(format!("`{}` has no block `{}`", kind.name, extra.kind.name))
                .detail(format!("Blocks of type {:?} are not expected here.", &*extra.kind.name)),
        );
    }
}

fn only_read(resource: &Resource) -> Diagnostic {
    let addr = &resource.addr;
    Diagnostic::error("Unsupported block type")
        .at(resource.kind_span)
        .label(format!("a thing of kind `{}` can only be read", addr.kind))
        .detail(format!("Blocks of type {:?} are not expected here.", &*addr.kind))
        .help(format!("`data \"{}\" \"{}\" {{ … }}` reads one", addr.kind, addr.name))
}

/// Evaluates a whole configuration with every variable and every attribute of the API unknown.
pub fn validate(
    config: &Config,
    kinds: &Kinds,
    host: &dyn Host,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let order = check(config, kinds, diags)?;
    let unknown: Values = config
        .root()
        .variables
        .iter()
        .map(|(name, variable)| {
            (name.clone(), (Value::unknown(variable.constraint.ty()), Source::CommandLine))
        })
        .collect();
    rehearse(config, kinds, &order, &unknown, host, diags);
    diags.check()
}

/// Evaluates with the given variables and every attribute of the API unknown: finds what is wrong, keeps nothing.
pub fn rehearse(
    config: &Config,
    kinds: &Kinds,
    order: &Walk,
    given: &Values,
    host: &dyn Host,
    diags: &mut Diagnostics,
) {
    let mut evaluation = Evaluation::new(config, kinds, host, "default".into());
    walk(&mut evaluation, order, given, &mut Unknowns, diags);
}

struct Unknowns;

impl Objects for Unknowns {
    fn object(
        &mut self,
        visit: Visit<'_>,
        evaluation: &Evaluation<'_>,
        diags: &mut Diagnostics,
    ) -> Option<Value> {
        if visit.addr.resource.mode == Mode::Data {
            return data::rehearsed(&visit, evaluation, diags);
        }
        let kind = evaluation.kinds.get(&visit.addr.resource.kind)?;
        let desired = desired(kind, &visit, evaluation, diags)?;
        if let Some(warning) = crate::kind::login(kind, &desired, visit.resource.span) {
            diags.push(warning.about(&visit.addr));
        }
        let object = unknown_object(kind, &desired);
        super::condition::shape(&visit, &object, evaluation, diags);
        Some(object)
    }

    fn needs_keys(&self, _: ModuleId, _: &What) -> bool {
        false
    }

    fn rules(&self) -> Rules {
        Rules::Shape
    }
}

/// Objects as they are recorded: what the console and saved plans' outputs see.
pub struct Recorded<'r> {
    pub records: &'r BTreeMap<ObjectAddr, Record>,
    /// What data sources gave, as far as they were read.
    pub data: &'r BTreeMap<ObjectAddr, Value>,
}

impl Objects for Recorded<'_> {
    fn object(
        &mut self,
        visit: Visit<'_>,
        evaluation: &Evaluation<'_>,
        _: &mut Diagnostics,
    ) -> Option<Value> {
        if visit.addr.resource.mode == Mode::Data {
            return Some(data::read_or_unknown(&visit.addr, self.data, evaluation));
        }
        let kind = evaluation.kinds.get(&visit.addr.resource.kind)?;
        let recorded = self.records.get(&visit.addr).map(|record| record.values.clone());
        Some(recorded.unwrap_or_else(|| Value::unknown(super::object_type(kind))))
    }

    fn needs_keys(&self, _: ModuleId, _: &What) -> bool {
        false
    }

    fn rules(&self) -> Rules {
        Rules::Ignore
    }
}
