//! The configuration: which blocks there are, and of each expression its value if it is constant, else what it refers to.

use super::secrets;
use crate::addr::Name;
use crate::config::{Call, Config, Module, ModuleId, Output, ProviderBlock, Repetition, Resource, Variable};
use crate::diag::Diagnostics;
use crate::eval::{self, Reference, Subject};
use crate::kind::catalogue::is_secret_key;
use crate::kind::{self, Kinds};
use crate::syntax::{Body, Expr, Step};
use crate::value::{Secrets, Str, Value, to_json};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// `{ "provider_config", "root_module" }`.
pub(super) fn configuration(config: &Config, kinds: &Kinds, reveal: bool) -> Json {
    let writer = Writer { config, kinds, secrets: secrets(reveal) };
    json!({ "provider_config": writer.providers(), "root_module": writer.module(config.root()) })
}

struct Writer<'w> {
    config: &'w Config,
    kinds: &'w Kinds,
    secrets: Secrets,
}

impl Writer<'_> {
    fn providers(&self) -> Json {
        let mut providers = Map::new();
        for resource in self.config.modules().flat_map(|(_, module)| module.resources.values()) {
            let name = self.provider(resource);
            providers.entry(name.clone()).or_insert_with(|| json!({ "name": name, "full_name": name }));
        }
        for block in self.config.root().providers.values().flatten() {
            let key = key(&block.name, block.alias.as_ref());
            providers.insert(key, self.provider_block(block));
        }
        providers.into()
    }

    fn provider_block(&self, block: &ProviderBlock) -> Json {
        let mut provider = json!({ "name": &*block.name, "full_name": &*block.name });
        if let Some(alias) = &block.alias {
            provider["alias"] = (&**alias).into();
        }
        let named_secret = |name: &str| is_secret_key(name);
        let expressions =
            self.expressions(
                &block.arguments,
                |name, value| {
                    if named_secret(name) { value.sensitive() } else { value }
                },
            );
        provider["expressions"] = expressions;
        provider
    }

    fn module(&self, module: &Module) -> Json {
        let mut document = Map::new();
        let mut add = |name: &str, part: Map<String, Json>| {
            if !part.is_empty() {
                document.insert(name.to_owned(), part.into());
            }
        };
        add("outputs", module.outputs.iter().map(|(name, o)| (name.to_string(), self.output(o))).collect());
        add("module_calls", module.calls.iter().map(|(name, c)| (name.to_string(), self.call(c))).collect());
        add(
            "variables",
            module.variables.iter().map(|(name, v)| (name.to_string(), self.variable(v))).collect(),
        );
        let resources: Vec<Json> =
            module.resources.values().map(|resource| self.resource(resource)).collect();
        if !resources.is_empty() {
            document.insert("resources".to_owned(), resources.into());
        }
        Json::Object(document)
    }

    fn output(&self, output: &Output) -> Json {
        let hide = |value: Value| if output.sensitive { value.sensitive() } else { value };
        let mut document = json!({ "expression": self.expression(&output.value, hide) });
        if output.sensitive {
            document["sensitive"] = true.into();
        }
        if let Some(description) = &output.description {
            document["description"] = description.as_str().into();
        }
        depends_on(&output.depends_on, &mut document);
        document
    }

    fn variable(&self, variable: &Variable) -> Json {
        let mut document = json!({});
        if let Some(default) = &variable.default {
            let default = if variable.sensitive { default.clone().sensitive() } else { default.clone() };
            document["default"] = to_json(&default, self.secrets);
        }
        if let Some(description) = &variable.description {
            document["description"] = description.as_str().into();
        }
        if variable.sensitive {
            document["sensitive"] = true.into();
        }
        document
    }

    fn call(&self, call: &Call) -> Json {
        let inner: &Module = self.config.module(ModuleId(call.module.0));
        let secret = |name: &str| inner.variables.get(name).is_some_and(|variable| variable.sensitive);
        let expressions = self
            .expressions(&call.arguments, |name, value| if secret(name) { value.sensitive() } else { value });
        let mut document = json!({
            "source": call.source,
            "expressions": expressions,
            "module": self.module(inner),
        });
        self.repetition(&call.repetition, &mut document);
        depends_on(&call.depends_on, &mut document);
        document
    }

    fn resource(&self, resource: &Resource) -> Json {
        let addr = &resource.addr;
        let secrets = self.secret_constants(resource);
        let hide = |name: &str, value: Value| secrets.get(name).cloned().unwrap_or(value);
        let mut document = json!({
            "address": addr.to_string(),
            "mode": super::state::mode(addr.mode),
            "type": &*addr.kind,
            "name": &*addr.name,
            "provider_config_key": self.provider(resource),
            "expressions": self.expressions(&resource.arguments, hide),
            "schema_version": 0,
        });
        self.repetition(&resource.repetition, &mut document);
        depends_on(&resource.depends_on, &mut document);
        document
    }

    /// The constant arguments with everything marked that the kind, or an entry's name, calls secret.
    fn secret_constants(&self, resource: &Resource) -> BTreeMap<Str, Value> {
        let constants = resource
            .arguments
            .attributes
            .iter()
            .filter_map(|argument| Some((Str::new(&argument.name.name), constant(&argument.expr)?)));
        let constants = Value::object(constants.collect());
        let marked = match self.kinds.of(&resource.addr) {
            Some(kind) => kind::secrets(kind, constants),
            None => constants.sensitive(),
        };
        match marked.unmarked() {
            Value::Object(attributes) => attributes.to_map(),
            _ => BTreeMap::new(),
        }
    }

    fn provider(&self, resource: &Resource) -> String {
        match &resource.provider {
            Some((chosen, _)) => key(&chosen.name, chosen.alias.as_ref()),
            None => {
                let of_kind = self.kinds.of(&resource.addr).and_then(|kind| kind.provider.clone());
                of_kind.map_or_else(|| "local".to_owned(), |name| name.to_string())
            }
        }
    }

    fn repetition(&self, repetition: &Repetition, document: &mut Json) {
        match repetition {
            Repetition::Single => {}
            Repetition::Count(expr) => document["count_expression"] = self.expression(expr, |value| value),
            Repetition::ForEach(expr) => {
                document["for_each_expression"] = self.expression(expr, |value| value)
            }
        }
    }

    fn expressions(&self, body: &Body, hide: impl Fn(&str, Value) -> Value) -> Json {
        let shown = body.attributes.iter().map(|argument| {
            let name = &argument.name.name;
            (name.to_string(), self.expression(&argument.expr, |value| hide(name, value)))
        });
        let mut shown: Map<String, Json> = shown.collect();
        shown.sort_keys();
        shown.into()
    }

    /// `{ "constant_value": … }`, `{ "references": […] }` or `{}`.
    fn expression(&self, expr: &Expr, hide: impl FnOnce(Value) -> Value) -> Json {
        let references = references(expr);
        if !references.is_empty() {
            return json!({ "references": references });
        }
        match constant(expr) {
            Some(value) => json!({ "constant_value": to_json(&hide(value), self.secrets) }),
            None => json!({}),
        }
    }
}

fn constant(expr: &Expr) -> Option<Value> {
    if !eval::references(expr).is_empty() {
        return None;
    }
    eval::constant(expr, &mut Diagnostics::new()).ok()
}

fn key(name: &Name, alias: Option<&Name>) -> String {
    alias.map_or_else(|| name.to_string(), |alias| format!("{name}.{alias}"))
}

fn depends_on(exprs: &[Expr], document: &mut Json) {
    let names: Vec<String> =
        exprs.iter().flat_map(eval::references).map(|reference| subject(&reference)).collect();
    if !names.is_empty() {
        document["depends_on"] = names.into();
    }
}

/// Every reference, the longest form first: `instance.a[0].token`, `instance.a[0]`, `instance.a`.
fn references(expr: &Expr) -> Vec<String> {
    let mut names = Vec::new();
    for reference in eval::references(expr) {
        let written: Vec<String> = reference.rest.iter().map_while(step).collect();
        // A module with a key is no reference to the module as a whole.
        let shortest = match (&reference.subject, reference.rest.first()) {
            (Subject::Module(_), Some(Step::Index(..))) => 1,
            _ => 0,
        };
        let longest = written.len();
        for length in (shortest..=longest).rev() {
            names.push(format!("{}{}", subject(&reference), written[..length].concat()));
        }
    }
    names
}

fn step(step: &Step) -> Option<String> {
    match step {
        Step::Attr(name) => Some(format!(".{}", name.name)),
        Step::Index(Value::Number(index), _) => Some(format!("[{index}]")),
        Step::Index(Value::String(key), _) => Some(format!("[{}]", crate::value::quote(key))),
        Step::Index(..) => None,
    }
}

fn subject(reference: &Reference) -> String {
    match &reference.subject {
        Subject::Variable(name) => format!("var.{name}"),
        Subject::Local(name) => format!("local.{name}"),
        Subject::Module(name) => format!("module.{name}"),
        Subject::Resource(addr) => addr.to_string(),
        Subject::Each(name) => format!("each.{name}"),
        Subject::Count(name) => format!("count.{name}"),
        Subject::SelfObject => "self".to_owned(),
        Subject::Path(name) => format!("path.{name}"),
        Subject::Isotope(name) => format!("isotope.{name}"),
    }
}
