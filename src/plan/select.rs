//! `-target` and `-exclude`: which objects a plan may touch.
//!
//! A target brings what it depends on; an exclusion takes what depends on it along; the other way round to destroy. Both work on blocks, since that is where
//! dependencies are declared; an instance key narrows a target itself.

use super::Mode;
use super::nodes::{Block, Walk, What};
use crate::addr::{ModulePath, ObjectAddr, ObjectKey, ResourceAddr};
use crate::config::{Config, ModuleId};
use crate::state::State;
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

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(addr) => addr.fmt(f),
            Self::Module(path) => path.fmt(f),
        }
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
    /// For each block, whether any of its objects may be planned; of what is not named here they may.
    blocks: BTreeMap<(ModuleId, ResourceAddr), bool>,
}

impl Selection {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// To destroy, a target takes along what depends on it, and an exclusion what it needs itself; then the records count as well, since
    /// what they speak of may be declared no more.
    pub fn new(
        (config, walk): (&Config, &Walk),
        state: &State,
        mode: Mode,
        targets: Vec<Target>,
        excludes: Vec<Target>,
    ) -> Self {
        let mut selection = Self { targets, excludes, ..Self::default() };
        if selection.is_all() {
            return selection;
        }
        let destroys = mode == Mode::Destroy;
        let mut needs = declared(config, walk);
        if destroys {
            recorded(state, &mut needs);
        }
        selection.wanted = closure(&needs, &selection.targets, !destroys);
        selection.unwanted = closure(&needs, &selection.excludes, destroys);
        selection.blocks = walk.needs.keys().map(|b| (b.clone(), selection.plans_of(config, b))).collect();
        selection
    }

    /// The targets and exclusions that neither a block nor a record fits, each with its option.
    pub fn unmatched(&self, (config, walk): (&Config, &Walk), state: &State) -> Vec<(&'static str, &Target)> {
        let needs = declared(config, walk);
        let fits = |target: &Target| {
            needs.keys().any(|block| names_block(target, block))
                || state.records.keys().any(|addr| covers(target, addr))
        };
        let targets = self.targets.iter().map(|target| ("-target", target));
        let all = targets.chain(self.excludes.iter().map(|target| ("-exclude", target)));
        all.filter(|(_, target)| !fits(target)).collect()
    }

    pub fn is_all(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }

    /// Whether the plan may change the object.
    pub fn plans(&self, addr: &ObjectAddr) -> bool {
        if self.is_all() {
            return true;
        }
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

    /// Whether the keys of a block's objects matter, or of a module's instances: if anything of them may be planned.
    pub fn expands(&self, config: &Config, module: ModuleId, what: &What) -> bool {
        match what {
            What::Resource(addr) => self.blocks.get(&(module, addr.clone())).copied().unwrap_or(true),
            What::Call(name) => {
                let mut outer = config.module(module).path.clone();
                outer.push(name.clone());
                let inside = |id: ModuleId| config.module(id).path.starts_with(&outer);
                let mut blocks = self.blocks.iter().filter(|((id, _), _)| inside(*id));
                self.is_all() || blocks.any(|(_, planned)| *planned)
            }
            _ => true,
        }
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

/// A block by the names of the modules it stands in.
type Named = (Vec<String>, ResourceAddr);

/// What each block needs.
type Needs = BTreeMap<Named, BTreeSet<Named>>;

fn declared(config: &Config, walk: &Walk) -> Needs {
    let named = |(module, resource): &Block| -> Named {
        (config.module(*module).path.iter().map(|name| name.to_string()).collect(), resource.clone())
    };
    walk.needs.iter().map(|(block, needs)| (named(block), needs.iter().map(named).collect())).collect()
}

/// Adds what the records say.
fn recorded(state: &State, needs: &mut Needs) {
    for (addr, record) in &state.records {
        let of_block = needs.entry((names(&addr.module), addr.resource.clone())).or_default();
        let needed = record.depends_on.iter();
        of_block.extend(needed.map(|needed| (names(&needed.module), needed.resource.clone())));
    }
}

/// Whether a block, or the objects of one, are what a target names.
fn names_block(target: &Target, (path, resource): &Named) -> bool {
    match target {
        Target::Object(addr) => addr.resource == *resource && names(&addr.module) == *path,
        Target::Module(outer) => path.starts_with(&names(outer)),
    }
}

/// The blocks that are reached from those of `targets`: what they need, or what needs them. Without the targets themselves.
fn closure(needs: &Needs, targets: &[Target], forwards: bool) -> BTreeSet<Named> {
    let named = |block: &&Named| targets.iter().any(|target| names_block(target, block));
    let mut frontier: Vec<&Named> = needs.keys().filter(named).collect();
    let mut reached = BTreeSet::new();
    while let Some(block) = frontier.pop() {
        let next: Vec<&Named> = match forwards {
            true => needs.get(block).into_iter().flatten().collect(),
            false => needs.iter().filter(|(_, all)| all.contains(block)).map(|(block, _)| block).collect(),
        };
        frontier.extend(next.into_iter().filter(|block| reached.insert((*block).clone())));
    }
    reached
}
