//! An expression → the resources whose values flow into it, through locals, variables of modules and outputs of modules.

use crate::addr::{ModulePath, ModuleStep, Name, ObjectKey, ResourceAddr};
use crate::config::{Config, Module, ModuleId};
use crate::eval::{self, Subject};
use crate::syntax::{Expr, Step};
use crate::value::Value;
use std::collections::BTreeSet;

/// Where a value comes from: a block in one instance of its module, and what is taken from it.
#[derive(Clone, Debug)]
pub struct Source {
    pub module: ModulePath,
    pub resource: ResourceAddr,
    pub rest: Vec<Step>,
}

/// Follows references. It evaluates nothing, so that a branch that is not taken counts too.
pub struct Flow<'f> {
    pub config: &'f Config,
    /// The instances of a module.
    pub instances: &'f dyn Fn(ModuleId) -> Vec<ModulePath>,
}

/// One instance of a module.
#[derive(Clone)]
struct Here {
    id: ModuleId,
    path: ModulePath,
}

/// What was followed, so that nothing is twice.
type Seen = BTreeSet<(ModulePath, Subject, Option<Name>)>;

impl Flow<'_> {
    /// The sources of an expression that stands in an instance of a module, in the order of the text.
    pub fn sources(&self, expr: &Expr, id: ModuleId, path: &ModulePath) -> Vec<Source> {
        let mut found = Vec::new();
        self.follow(expr, &Here { id, path: path.clone() }, &mut Seen::new(), &mut found);
        found
    }

    fn follow(&self, expr: &Expr, here: &Here, seen: &mut Seen, found: &mut Vec<Source>) {
        for reference in eval::references(expr) {
            let rest = &reference.rest;
            match &reference.subject {
                Subject::Resource(resource) => {
                    let (module, resource) = (here.path.clone(), resource.clone());
                    found.push(Source { module, resource, rest: rest.clone() });
                }
                Subject::Local(_) | Subject::Variable(_) | Subject::Module(_) => {
                    let output = attribute(rest);
                    if seen.insert((here.path.clone(), reference.subject.clone(), output)) {
                        self.inside(&reference.subject, rest, here, seen, found);
                    }
                }
                _ => {}
            }
        }
    }

    fn inside(&self, of: &Subject, rest: &[Step], here: &Here, seen: &mut Seen, found: &mut Vec<Source>) {
        let module = self.config.module(here.id);
        match of {
            Subject::Local(name) => {
                if let Some(local) = module.locals.get(name) {
                    self.follow(&local.expr, here, seen, found);
                }
            }
            Subject::Variable(name) => {
                if let Some((expr, caller)) = self.argument(module, name, here) {
                    self.follow(expr, &caller, seen, found);
                }
            }
            Subject::Module(name) => {
                let Some(call) = module.calls.get(name) else { return };
                let inner = self.config.module(call.module);
                let Some(output) = attribute(rest).and_then(|output| inner.outputs.get(&output)) else {
                    return;
                };
                for path in self.called(call.module, rest, here) {
                    self.follow(&output.value, &Here { id: call.module, path }, seen, found);
                }
            }
            _ => {}
        }
    }

    /// What the caller gives for a variable.
    fn argument(&self, module: &Module, name: &Name, here: &Here) -> Option<(&Expr, Here)> {
        let id = module.parent?;
        let (_, outer) = here.path.0.split_last()?;
        let call = self.config.module(id).calls.values().find(|call| call.module == here.id)?;
        let given = call.arguments.attributes.iter().find(|argument| argument.name.name == *name)?;
        Some((&given.expr, Here { id, path: ModulePath(outer.into()) }))
    }

    /// The instances of a called module that a reference means.
    fn called(&self, id: ModuleId, rest: &[Step], here: &Here) -> Vec<ModulePath> {
        let wanted = key(rest);
        let own = |path: &ModulePath| match path.0.split_last() {
            Some((ModuleStep { key, .. }, outer)) => {
                outer == &*here.path.0 && wanted.as_ref().is_none_or(|wanted| wanted == key)
            }
            None => false,
        };
        (self.instances)(id).into_iter().filter(own).collect()
    }
}

/// The first attribute, behind an index if there is one.
fn attribute(rest: &[Step]) -> Option<Name> {
    rest.iter().find_map(|step| match step {
        Step::Attr(name) => Some(name.name.clone()),
        Step::Index(..) => None,
    })
}

/// The key that a reference names.
pub fn key(rest: &[Step]) -> Option<ObjectKey> {
    match rest.first()? {
        Step::Index(Value::String(name), _) => Some(ObjectKey::Name((&**name).into())),
        Step::Index(Value::Number(index), _) => index.to_string().parse().ok().map(ObjectKey::Index),
        _ => None,
    }
}
