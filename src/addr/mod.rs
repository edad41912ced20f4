//! Names of things, as every stage spells them: modules, resources, their objects.
//!
//! Text such as `module.crm["eu"].instance.desk[0]` becomes a typed, ordered address here, once, at the
//! edge; `Display` writes the same text back. The grammar is Terraform's without the `resource` keyword:
//! `<module path>.<kind>.<name>[key]`, and `data.<kind>.<name>` for what is only read.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

mod parse;
mod shared;
pub use parse::{ParseError, is_identifier};
pub use shared::shared;

/// A name that many addresses share; cheap to clone.
pub type Name = Arc<str>;

/// Which of the objects of a resource (or of a module call) is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKey {
    /// Neither `count` nor `for_each`.
    Single,
    /// An object of `count`, from 0.
    Index(u32),
    /// An object of `for_each`.
    Name(Name),
}

/// One step into a module: `module.crm["eu"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    pub name: Name,
    pub key: ObjectKey,
}

/// The path from the root module to a module's instance; empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ModulePath(pub Arc<[ModuleStep]>);

/// Whether a resource is managed or only read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    Managed,
    Data,
}

/// One resource block within its module: `instance.support`, `data.element.freshdesk`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceAddr {
    pub mode: Mode,
    pub kind: Name,
    pub name: Name,
}

/// One managed object: `module.crm.instance.desk["eu"]`. Ordered, so plans and tests are stable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectAddr {
    pub module: ModulePath,
    pub resource: ResourceAddr,
    pub key: ObjectKey,
}

// Addresses are compared more often than anything else, mostly with those of the same module and kind: what is shared is not read.
impl Ord for ModulePath {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for ModulePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By mode, kind and name.
impl Ord for ResourceAddr {
    fn cmp(&self, other: &Self) -> Ordering {
        let kinds = || match Arc::ptr_eq(&self.kind, &other.kind) {
            true => Ordering::Equal,
            false => self.kind.cmp(&other.kind),
        };
        self.mode.cmp(&other.mode).then_with(kinds).then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for ResourceAddr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl ModulePath {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path one step further in.
    pub fn child(&self, name: &str, key: ObjectKey) -> Self {
        let mut steps = self.0.to_vec();
        steps.push(ModuleStep { name: name.into(), key });
        Self(steps.into())
    }

    /// The names alone: which module *block* this is an instance of.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|step| &*step.name)
    }
}

impl ResourceAddr {
    /// A managed resource.
    pub fn managed(kind: &str, name: &str) -> Self {
        Self { mode: Mode::Managed, kind: kind.into(), name: name.into() }
    }

    /// A data source.
    pub fn data(kind: &str, name: &str) -> Self {
        Self { mode: Mode::Data, kind: kind.into(), name: name.into() }
    }
}

impl ObjectAddr {
    /// The object of a resource in the root module.
    pub fn root(resource: ResourceAddr, key: ObjectKey) -> Self {
        Self { module: ModulePath::root(), resource, key }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single => Ok(()),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => write!(f, "[{}]", parse::quote(name)),
        }
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}module.{}{}", step.name, step.key)?;
        }
        Ok(())
    }
}

impl fmt::Display for ResourceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mode {
            Mode::Managed => write!(f, "{}.{}", self.kind, self.name),
            Mode::Data => write!(f, "data.{}.{}", self.kind, self.name),
        }
    }
}

impl fmt::Display for ObjectAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}{}", self.resource, self.key)
    }
}
