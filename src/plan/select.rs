//! `-target` and `-exclude`: which objects a plan may touch.
//!
//! A target brings what it depends on; an exclusion takes what depends on it along. Both work on blocks, since that is where
//! dependencies are declared; an instance key narrows a target itself.

use super::nodes::Walk;
use crate::addr::{ModulePath, ObjectAddr, ObjectKey, ResourceAddr};
use crate::config::{Config, ModuleId};
use std::collections::{BTreeMap, BTreeSet};

/// One `-target` or `-exclude`: an object, all objects of a block, or a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Object(ObjectAddr),
    Module(ModulePath),
}

impl std::str::FromStr for Target {
    type Err = crate::addr::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Object).or_else(|error| text.parse().map(Self::Module).map_err(|_| error))
    }
}

/// What may be touched.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    targets: Vec<Target>,
    excludes: Vec<Target>,
    /// Blocks that targets depend on, with the names of their modules.
    wanted: BTreeSet<(Vec<String>, ResourceAddr)>,
    /// Blocks that depend on excluded ones.
    unwanted: BTreeSet<(Vec<String>, ResourceAddr)>,
    /// For each block, whether any of its objects may be planned.
    blocks: BTreeMap<(ModuleId, ResourceAddr), bool>,
}

impl Selection {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    pub fn new(config: &Config, walk: &Walk, targets: Vec<Target>, excludes: Vec<Target>) -> Self {
        let mut selection = Self { targets, excludes, ..Self::default() };
        selection.wanted = closure(config, walk, &selection.targets, true);
        selection.unwanted = closure(config, walk, &selection.excludes, false);
        selection.blocks = walk.needs.keys().map(|b| (b.clone(), selection.plans_of(config, b))).collect();
        selection
    }

    pub fn is_all(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }

    /// Whether the plan may change the object.
    pub fn plans(&self, addr: &ObjectAddr) -> bool {
        let block = (names(&addr.module), addr.resource.clone());
        let targeted = self.targets.is_empty()
            || self.targets.iter().any(|target| covers(target, addr))
            || self.wanted.contains(&block);
        let excluded =
            self.excludes.iter().any(|target| covers(target, addr)) || self.unwanted.contains(&block);
        targeted && !excluded
    }

    /// Whether objects of a block may be planned, as far as names tell.
    fn plans_of(&self, config: &Config, (module, resource): &(ModuleId, ResourceAddr)) -> bool {
        let path: Vec<String> = config.module(*module).path.iter().map(|name| name.to_string()).collect();
        let named = |target: &Target| match target {
            Target::Object(addr) => addr.resource == *resource && names(&addr.module) == path,
            Target::Module(outer) => path.starts_with(&names(outer)),
        };
        let whole = |target: &Target| match target {
            Target::Object(addr) => addr.key == ObjectKey::Single && named(target),
            Target::Module(_) => named(target),
        };
        let block = (path.clone(), resource.clone());
        let targeted =
            self.targets.is_empty() || self.targets.iter().any(named) || self.wanted.contains(&block);
        targeted && !self.excludes.iter().any(whole) && !self.unwanted.contains(&block)
    }

    /// Whether a root output is computed: if all that it comes from is planned. With targets, something must be.
    pub fn gives(&self, output: &str, walk: &Walk) -> bool {
        let needs = walk.outputs.get(output).map(Vec::as_slice).unwrap_or_default();
        let covered = needs.iter().all(|block| self.blocks.get(block).copied().unwrap_or(true));
        covered && (self.targets.is_empty() || !needs.is_empty())
    }

    /// Whether the object is read at all.
    pub fn reads(&self, addr: &ObjectAddr) -> bool {
        self.plans(addr)
    }
}

fn names(path: &ModulePath) -> Vec<String> {
    path.names().map(str::to_owned).collect()
}

impl Target {
    /// Whether it names an object: itself, its block, or a module around it.
    pub fn covers(&self, addr: &ObjectAddr) -> bool {
        covers(self, addr)
    }
}

fn covers(target: &Target, addr: &ObjectAddr) -> bool {
    match target {
        Target::Object(wanted) => {
            wanted.resource == addr.resource
                && within(&wanted.module, &addr.module)
                && wanted.module.0.len() == addr.module.0.len()
                && (wanted.key == ObjectKey::Single || wanted.key == addr.key)
        }
        Target::Module(module) => within(module, &addr.module),
    }
}

/// Whether `inner` is `outer` or a module in it; a step without a key stands for all its instances.
fn within(outer: &ModulePath, inner: &ModulePath) -> bool {
    outer.0.len() <= inner.0.len()
        && outer
            .0
            .iter()
            .zip(inner.0.iter())
            .all(|(o, i)| o.name == i.name && (o.key == ObjectKey::Single || o.key == i.key))
}

/// The blocks that are reached from those of `targets`: what they need, or what needs them. Without the targets themselves.
fn closure(
    config: &Config,
    walk: &Walk,
    targets: &[Target],
    needs: bool,
) -> BTreeSet<(Vec<String>, ResourceAddr)> {
    let path = |module: ModuleId| -> Vec<String> {
        config.module(module).path.iter().map(|name| name.to_string()).collect()
    };
    let named = |(module, resource): &(ModuleId, ResourceAddr)| {
        targets.iter().any(|target| match target {
            Target::Object(addr) => addr.resource == *resource && names(&addr.module) == path(*module),
            Target::Module(outer) => path(*module).starts_with(&names(outer)),
        })
    };
    let mut frontier: Vec<&(ModuleId, ResourceAddr)> = walk.needs.keys().filter(|b| named(b)).collect();
    let mut reached = BTreeSet::new();
    while let Some(block) = frontier.pop() {
        let next: Vec<&(ModuleId, ResourceAddr)> = match needs {
            true => walk.needs.get(block).into_iter().flatten().collect(),
            false => walk.needs.iter().filter(|(_, all)| all.contains(block)).map(|(b, _)| b).collect(),
        };
        for block in next {
            if reached.insert((path(block.0), block.1.clone())) {
                frontier.push(block);
            }
        }
    }
    reached
}
