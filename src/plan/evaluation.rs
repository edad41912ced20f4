//! A configuration's values: what every variable, local, output and object is, in every instance of its module.
//!
//! One walk in dependency order fills the tables; objects come from a callback, which is all that differs between
//! validating (unknown), planning (compared with the state), applying (the plan's) and the console (the state's). Something
//! that is not wholly known is evaluated afresh once an object has changed, so that apply sees what became known.

use super::held::{Age, Held};
use super::nodes::{Item, Walk, What};
use super::rules::{self, Rules};
use super::scope::{Repeat, Scope};
use crate::addr::{ModulePath, Name, ObjectAddr, ObjectKey, ResourceAddr};
use crate::config::{Call, Config, ModuleId, Repetition, Resource, Values};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::eval::functions::Host;
use crate::eval::{self};
use crate::kind::Kinds;
use crate::syntax::Expr;
use crate::value::{Marks, Str, Type, Value};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::Hash;

/// The tables. Filled by [`walk`], read by [`Scope`].
pub struct Evaluation<'a> {
    pub config: &'a Config,
    pub kinds: &'a Kinds,
    pub host: &'a dyn Host,
    pub workspace: Name,
    /// The instances of each module.
    pub(super) instances: FxHashMap<ModuleId, Vec<ModulePath>>,
    pub(super) variables: FxHashMap<(ModulePath, Name), Held>,
    pub(super) locals: FxHashMap<(ModulePath, Name), Held>,
    pub(super) outputs: FxHashMap<(ModulePath, Name), Held>,
    pub(super) expansions: FxHashMap<(ModulePath, ResourceAddr), Expansion>,
    pub(super) calls: FxHashMap<(ModulePath, Name), Expansion>,
    objects: FxHashMap<ObjectAddr, Value>,
    /// Whole resources, as references see them; emptied when one of their objects changes.
    whole: RefCell<FxHashMap<(ModulePath, ResourceAddr), Value>>,
    /// The outputs of called modules.
    called: RefCell<FxHashMap<(ModulePath, Name), Held>>,
    /// The values of `for_each` that were not wholly known when the keys were, by where they stand.
    repeated: RefCell<FxHashMap<(ModulePath, Span), Held>>,
    age: Age,
}

/// The objects that a block makes in one instance of its module.
#[derive(Clone, Debug)]
pub enum Expansion {
    Single,
    Count(u32),
    /// Keys with `each.value`.
    ForEach(BTreeMap<Name, Value>),
    /// Not known until apply (or not at all, when validating).
    Unknown,
}

impl Expansion {
    pub fn keys(&self) -> Vec<ObjectKey> {
        match self {
            Self::Single => vec![ObjectKey::Single],
            Self::Count(count) => (0..*count).map(ObjectKey::Index).collect(),
            Self::ForEach(values) => values.keys().cloned().map(ObjectKey::Name).collect(),
            Self::Unknown => Vec::new(),
        }
    }

    /// Whether it makes an object of that key.
    pub fn has(&self, key: &ObjectKey) -> bool {
        match (self, key) {
            (Self::Single, ObjectKey::Single) => true,
            (Self::Count(count), ObjectKey::Index(index)) => index < count,
            (Self::ForEach(values), ObjectKey::Name(name)) => values.contains_key(name),
            _ => false,
        }
    }

    /// What `each` and `count` are for the object of that key.
    pub(super) fn repeat(&self, key: &ObjectKey) -> Repeat {
        match (self, key) {
            (Self::ForEach(values), ObjectKey::Name(name)) => Repeat::Each {
                key: Value::string(&**name),
                value: values.get(name).cloned().unwrap_or_else(Value::dynamic_null),
            },
            (_, ObjectKey::Index(index)) => Repeat::Count(Value::number(u64::from(*index))),
            _ => Repeat::None,
        }
    }
}

/// One object that the walk came to.
pub struct Visit<'v> {
    pub addr: ObjectAddr,
    pub resource: &'v Resource,
    pub module: ModuleId,
    pub repeat: Repeat,
}

/// What becomes of the objects: gives each its value. `None` after a complaint.
pub trait Objects {
    fn object(
        &mut self,
        visit: Visit<'_>,
        evaluation: &Evaluation<'_>,
        diags: &mut Diagnostics,
    ) -> Option<Value>;

    /// Whether an unknown `count` or `for_each` is a mistake (planning) or expected (validating): of a block, or of the call of
    /// a module.
    fn needs_keys(&self, _: ModuleId, _: &What) -> bool {
        true
    }

    /// What becomes of preconditions and checks.
    fn rules(&self) -> Rules {
        Rules::Enforce
    }
}

impl<'a> Evaluation<'a> {
    pub fn new(config: &'a Config, kinds: &'a Kinds, host: &'a dyn Host, workspace: Name) -> Self {
        Self {
            config,
            kinds,
            host,
            workspace,
            instances: [(ModuleId(0), vec![ModulePath::root()])].into_iter().collect(),
            variables: FxHashMap::default(),
            locals: FxHashMap::default(),
            outputs: FxHashMap::default(),
            expansions: FxHashMap::default(),
            calls: FxHashMap::default(),
            objects: FxHashMap::default(),
            whole: RefCell::default(),
            called: RefCell::default(),
            repeated: RefCell::default(),
            age: Age::default(),
        }
    }

    /// The scope of expressions in one instance of a module.
    pub fn scope<'s>(&'s self, module: ModuleId, path: &'s ModulePath, repeat: &'s Repeat) -> Scope<'s, 'a> {
        Scope { evaluation: self, module, path, repeat, this: None }
    }

    /// Records what an object is, or became.
    pub fn set_object(&mut self, addr: ObjectAddr, value: Value) {
        self.whole.get_mut().remove(&(addr.module.clone(), addr.resource.clone()));
        // What was evaluated before an object is there does not hang on it: so says the order.
        if self.objects.insert(addr, value).is_some() {
            self.age.advance();
        }
    }

    /// What an object is, if it was visited.
    pub fn object(&self, addr: &ObjectAddr) -> Option<&Value> {
        self.objects.get(addr)
    }

    /// The objects of a block in one instance of its module.
    pub fn expansion(&self, module: &ModulePath, resource: &ResourceAddr) -> Option<&Expansion> {
        self.expansions.get(&(module.clone(), resource.clone()))
    }

    /// The value of a root output.
    pub fn output(&self, name: &str) -> Option<Value> {
        self.outputs.get(&(ModulePath::root(), name.into())).map(Held::value)
    }

    /// The value of a variable of the root module.
    pub fn variable(&self, name: &str) -> Option<Value> {
        self.variables.get(&(ModulePath::root(), name.into())).map(Held::value)
    }

    pub fn module_instances(&self, module: ModuleId) -> &[ModulePath] {
        self.instances.get(&module).map(Vec::as_slice).unwrap_or_default()
    }

    /// A whole resource as a reference sees it: one object, a tuple of them (`count`) or an object by key (`for_each`).
    pub(super) fn whole(&self, module: &ModulePath, resource: &ResourceAddr) -> Value {
        let key = (module.clone(), resource.clone());
        if let Some(value) = self.whole.borrow().get(&key) {
            return value.clone();
        }
        let value = self.gather(module, resource);
        self.whole.borrow_mut().insert(key, value.clone());
        value
    }

    fn gather(&self, module: &ModulePath, resource: &ResourceAddr) -> Value {
        let object = |key: ObjectKey| {
            let addr = ObjectAddr { module: module.clone(), resource: resource.clone(), key };
            self.objects.get(&addr).cloned().unwrap_or_else(|| Value::unknown(Type::Dynamic))
        };
        match self.expansion(module, resource) {
            Some(Expansion::Single) => object(ObjectKey::Single),
            Some(Expansion::Count(count)) => {
                Value::tuple((0..*count).map(|index| object(ObjectKey::Index(index))).collect())
            }
            Some(Expansion::ForEach(values)) => {
                let of = |name: &Name| (Str::from(name), object(ObjectKey::Name(name.clone())));
                Value::object(values.keys().map(of).collect())
            }
            Some(Expansion::Unknown) | None => Value::unknown(Type::Dynamic),
        }
    }

    /// `module.NAME`: the outputs of a called module, in the shape of the call's repetition.
    pub(super) fn called(
        &self,
        path: &ModulePath,
        call: &Call,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let key = (path.clone(), call.name.clone());
        self.kept(&self.called, key, || self.call_outputs(path, call, diags))
    }

    /// What a table holds of something that was evaluated; after a complaint an unknown value of that type.
    fn hold(&self, value: Result<Value, Reported>, ty: Type) -> Held {
        match value {
            Ok(value) => Held::new(value, self.age),
            Err(_) => Held::failed(Value::unknown(ty)),
        }
    }

    /// What a table holds for a key, or what is found, which is kept there.
    fn kept<K: Hash + Eq>(
        &self,
        table: &RefCell<FxHashMap<K, Held>>,
        key: K,
        find: impl FnOnce() -> Result<Value, Reported>,
    ) -> Result<Value, Reported> {
        if let Some(value) = table.borrow().get(&key).and_then(|held| held.at(self.age)) {
            return Ok(value);
        }
        let value = find()?;
        table.borrow_mut().insert(key, Held::new(value.clone(), self.age));
        Ok(value)
    }

    fn call_outputs(
        &self,
        path: &ModulePath,
        call: &Call,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let outputs = |key: ObjectKey, diags: &mut Diagnostics| -> Result<Value, Reported> {
            let child = path.child(&call.name, key);
            let mut fields = BTreeMap::new();
            for name in self.config.module(call.module).outputs.keys() {
                fields.insert(Str::from(name), self.output_of(call.module, &child, name, diags)?);
            }
            Ok(Value::object(fields.into()))
        };
        match self.calls.get(&(path.clone(), call.name.clone())) {
            Some(Expansion::Single) => outputs(ObjectKey::Single, diags),
            Some(Expansion::Count(count)) => {
                let all: Result<Vec<_>, _> =
                    (0..*count).map(|index| outputs(ObjectKey::Index(index), diags)).collect();
                Ok(Value::tuple(all?))
            }
            Some(Expansion::ForEach(values)) => {
                let mut all = BTreeMap::new();
                for name in values.keys() {
                    all.insert(Str::from(name), outputs(ObjectKey::Name(name.clone()), diags)?);
                }
                Ok(Value::object(all.into()))
            }
            Some(Expansion::Unknown) | None => Ok(Value::unknown(Type::Dynamic)),
        }
    }

    /// An output's value: as it was filled in if that holds still, else evaluated afresh.
    pub(super) fn output_of(
        &self,
        module: ModuleId,
        path: &ModulePath,
        name: &Name,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        match self.outputs.get(&(path.clone(), name.clone())) {
            Some(held) => held.at_or(self.age, || self.evaluate_output(module, path, name, diags)),
            None => Ok(Value::unknown(Type::Dynamic)),
        }
    }

    /// Evaluates an output of one instance of a module.
    pub fn evaluate_output(
        &self,
        module: ModuleId,
        path: &ModulePath,
        name: &Name,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let output = &self.config.module(module).outputs[name];
        let value = eval::evaluate(&output.value, &self.scope(module, path, &Repeat::None), diags)?;
        if !output.sensitive && path.is_root() && value.contains_marks(Marks::SENSITIVE) {
            return Err(diags.error(
                Diagnostic::error("Output refers to sensitive values")
                    .at(output.span)
                    .label("holds a sensitive value, but is not marked `sensitive = true`")
                    .detail("To reduce the risk of accidentally exporting sensitive data that was intended to be only internal, a root module output that contains sensitive data must be explicitly marked as sensitive.")
                    .help("add `sensitive = true` to the output, or use `nonsensitive(…)` if it may be shown"),
            ));
        }
        if !output.ephemeral && value.contains_marks(Marks::EPHEMERAL) {
            return Err(diags.error(
                Diagnostic::error("Ephemeral value not allowed")
                    .at(output.value.span)
                    .label("comes from an ephemeral value")
                    .detail("This output value is not declared as returning an ephemeral value, so it cannot be set to a result derived from an ephemeral value."),
            ));
        }
        let value = if output.sensitive { value.sensitive() } else { value };
        Ok(if output.ephemeral { value.mark(Marks::EPHEMERAL) } else { value })
    }

    pub(super) fn local_of(
        &self,
        module: ModuleId,
        path: &ModulePath,
        name: &Name,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        match self.locals.get(&(path.clone(), name.clone())) {
            Some(held) => held.at_or(self.age, || self.evaluate_local(module, path, name, diags)),
            None => Ok(Value::unknown(Type::Dynamic)),
        }
    }

    /// What `each` and `count` are for an object of a block, or an instance of a module. A value of `for_each` that was not wholly
    /// known when the keys were is evaluated afresh.
    pub(super) fn repeat(
        &self,
        module: ModuleId,
        path: &ModulePath,
        repetition: &Repetition,
        expansion: &Expansion,
        key: &ObjectKey,
    ) -> Repeat {
        let known = expansion.repeat(key);
        let (Repeat::Each { key: name, value }, Repetition::ForEach(expr)) = (&known, repetition) else {
            return known;
        };
        if value.is_wholly_known() {
            return known;
        }
        let fresh = self.kept(&self.repeated, (path.clone(), expr.span), || {
            let scope = self.scope(module, path, &Repeat::None);
            eval::evaluate(expr, &scope, &mut Diagnostics::new()).map(|value| value.unmark().0)
        });
        let fresh = fresh.ok().and_then(|whole| whole.get_attr(name.as_str()?).cloned());
        match fresh {
            Some(value) => Repeat::Each { key: name.clone(), value },
            None => known,
        }
    }

    fn evaluate_local(
        &self,
        module: ModuleId,
        path: &ModulePath,
        name: &Name,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let local = &self.config.module(module).locals[name];
        eval::evaluate(&local.expr, &self.scope(module, path, &Repeat::None), diags)
    }

    pub(super) fn variable_of(
        &self,
        module: ModuleId,
        path: &ModulePath,
        name: &Name,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        match self.variables.get(&(path.clone(), name.clone())) {
            Some(held) if path.is_root() => Ok(held.value()),
            Some(held) => held.at_or(self.age, || self.evaluate_argument(module, path, name, diags)),
            None => Ok(Value::unknown(Type::Dynamic)),
        }
    }

    /// The value of a child module's variable, from its call's argument.
    fn evaluate_argument(
        &self,
        module: ModuleId,
        path: &ModulePath,
        name: &Name,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let variable = &self.config.module(module).variables[name];
        let (Some(parent), Some((last, above))) = (self.config.module(module).parent, path.0.split_last())
        else {
            return Ok(Value::unknown(Type::Dynamic));
        };
        let parent_path = ModulePath(above.into());
        let call = &self.config.module(parent).calls[&last.name];
        let given = call.arguments.attributes.iter().find(|a| a.name.name == *name);
        let (value, span) = match given {
            None => (None, call.span),
            Some(attribute) => {
                let repeat = match self.calls.get(&(parent_path.clone(), call.name.clone())) {
                    Some(expansion) => {
                        self.repeat(parent, &parent_path, &call.repetition, expansion, &last.key)
                    }
                    None => Repeat::None,
                };
                let scope = self.scope(parent, &parent_path, &repeat);
                (Some(eval::evaluate(&attribute.expr, &scope, diags)?), attribute.expr.span)
            }
        };
        super::variables::settle(variable, value, Some(span), diags)
    }
}

/// Fills the tables in the order of `walk`.
pub fn walk(
    evaluation: &mut Evaluation<'_>,
    walk: &Walk,
    given: &Values,
    objects: &mut dyn Objects,
    diags: &mut Diagnostics,
) {
    walk_items(evaluation, &walk.order, given, objects, diags);
}

/// Fills a part of the tables, in the order of `items`.
pub(super) fn walk_items(
    evaluation: &mut Evaluation<'_>,
    items: &[Item],
    given: &Values,
    objects: &mut dyn Objects,
    diags: &mut Diagnostics,
) {
    for node in items {
        let paths = evaluation.module_instances(node.module).to_vec();
        for path in &paths {
            // What is wrong with one was reported; what does not need it is evaluated all the same.
            let _: Result<(), Reported> =
                visit(evaluation, node.module, path, &node.what, given, objects, diags);
        }
    }
}

fn visit(
    evaluation: &mut Evaluation<'_>,
    module: ModuleId,
    path: &ModulePath,
    what: &What,
    given: &Values,
    objects: &mut dyn Objects,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let key = |name: &Name| (path.clone(), name.clone());
    match what {
        What::Variable(name) => {
            let value = if path.is_root() {
                super::variables::root(&evaluation.config.root().variables[name], given, diags)
            } else {
                evaluation.evaluate_argument(module, path, name, diags)
            };
            let ty = evaluation.config.module(module).variables[name].constraint.ty();
            let failed = value.is_err();
            let held = evaluation.hold(value, ty);
            evaluation.variables.insert(key(name), held);
            if !failed {
                rules::validations(evaluation, module, path, name, diags);
            }
        }
        What::Local(name) => {
            let value = evaluation.evaluate_local(module, path, name, diags);
            let held = evaluation.hold(value, Type::Dynamic);
            evaluation.locals.insert(key(name), held);
        }
        What::Output(name) => {
            rules::preconditions(evaluation, module, path, name, objects.rules(), diags);
            let value = evaluation.evaluate_output(module, path, name, diags);
            let held = evaluation.hold(value, Type::Dynamic);
            evaluation.outputs.insert(key(name), held);
        }
        What::Call(name) => {
            let call = &evaluation.config.module(module).calls[name];
            let expansion =
                expand(evaluation, module, path, &call.repetition, objects.needs_keys(module, what), diags)?;
            let children = expansion.keys().into_iter().map(|key| path.child(name, key));
            let children: Vec<_> = children.collect();
            evaluation.instances.entry(call.module).or_default().extend(children);
            evaluation.calls.insert(key(name), expansion);
        }
        What::Check(name) => {
            rules::assertions(evaluation, module, path, name, objects.rules(), diags);
        }
        What::Resource(addr) => resource(evaluation, module, path, addr, objects, diags)?,
    }
    Ok(())
}

fn resource(
    evaluation: &mut Evaluation<'_>,
    module: ModuleId,
    path: &ModulePath,
    addr: &ResourceAddr,
    objects: &mut dyn Objects,
    diags: &mut Diagnostics,
) -> Result<(), Reported> {
    let config: &Config = evaluation.config;
    let resource = &config.module(module).resources[addr];
    let needs_keys = objects.needs_keys(module, &What::Resource(addr.clone()));
    let expansion = expand(evaluation, module, path, &resource.repetition, needs_keys, diags)?;
    if matches!(expansion, Expansion::Unknown) {
        let addr = ObjectAddr { module: path.clone(), resource: addr.clone(), key: ObjectKey::Single };
        let repeat = match resource.repetition {
            Repetition::Count(_) => Repeat::Count(Value::unknown_not_null(Type::Number)),
            _ => Repeat::Each {
                key: Value::unknown_not_null(Type::String),
                value: Value::unknown(Type::Dynamic),
            },
        };
        objects.object(Visit { addr, resource, module, repeat }, evaluation, diags);
    }
    evaluation.expansions.insert((path.clone(), addr.clone()), expansion.clone());
    for key in expansion.keys() {
        let repeat = expansion.repeat(&key);
        let object = ObjectAddr { module: path.clone(), resource: addr.clone(), key };
        let visit = Visit { addr: object.clone(), resource, module, repeat };
        let value = objects.object(visit, evaluation, diags);
        evaluation.set_object(object, value.unwrap_or_else(|| Value::unknown(Type::Dynamic)));
    }
    Ok(())
}

/// Evaluates `count` or `for_each`.
fn expand(
    evaluation: &Evaluation<'_>,
    module: ModuleId,
    path: &ModulePath,
    repetition: &Repetition,
    needs_keys: bool,
    diags: &mut Diagnostics,
) -> Result<Expansion, Reported> {
    let scope = evaluation.scope(module, path, &Repeat::None);
    match repetition {
        Repetition::Single => Ok(Expansion::Single),
        Repetition::Count(expr) => {
            super::expansion::count(expr, eval::evaluate(expr, &scope, diags)?, needs_keys, diags)
        }
        Repetition::ForEach(expr) => {
            super::expansion::for_each(expr, eval::evaluate(expr, &scope, diags)?, needs_keys, diags)
        }
    }
}

/// Evaluates an expression of the root module, for the console.
pub fn console(evaluation: &Evaluation<'_>, expr: &Expr, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let root = ModulePath::root();
    eval::evaluate(expr, &evaluation.scope(ModuleId(0), &root, &Repeat::None), diags)
}
