//! Body → [`Config`]: variables, locals, resources, providers, modules, outputs; `load.rs` reads the files, `install.rs` fetches modules.
//!
//! Decoding knows the shape of every block but evaluates nothing beyond constants: expressions are kept for the planner.
//! What a resource's arguments may be is its kind's business, so they stay a [`Body`] here.

use crate::addr::{ModulePath, Name, ObjectAddr, ObjectKey, ResourceAddr};
use crate::diag::Span;
use crate::syntax::{Block, Body, Expr};
use crate::value::{Constraint, Path, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

mod backend;
pub use backend::{Backend, BackendSettings, EACH_WORKSPACE, remembered};
mod check;
mod data;
mod install;
mod load;
pub use load::{ReadError, fetch, is_configured, load, load_any, vars_file};
mod lock;
pub use lock::Locked;
mod passing;
mod decode;
mod duration;
pub use duration::duration;
pub(crate) mod fields;
mod json;
mod lifecycle;
mod moves;
mod resource;
mod settings;
mod source;
mod variable;
pub mod types;
mod values;
pub use values::{Assignment, Source, Values, assigned};

/// Block words and reference roots that no kind may take (language.md, "Blocks").
pub const RESERVED: &[&str] = &[
    "var", "local", "module", "data", "each", "count", "self", "path", "isotope", "provider", "variable",
    "locals", "output", "kind", "moved", "removed", "import", "check",
];

/// A whole configuration: the root module and every module it calls.
#[derive(Clone, Debug)]
pub struct Config {
    pub dir: PathBuf,
    pub settings: Settings,
    /// The modules; 0 is the root. A module called from two blocks stands here twice.
    pub modules: Vec<Module>,
    /// SHA-256 over the names and contents of all files, in hexadecimal.
    pub digest: Arc<str>,
}

/// A module's place in [`Config::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// The `isotope` block.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub required_version: Option<(String, Span)>,
    pub backend: Option<Backend>,
    pub encryption: Option<Block>,
    /// How many serials of history are kept.
    pub history: Option<u64>,
    /// How much a plan may delete.
    pub max_destroy: Option<MaxDestroy>,
    pub span: Option<Span>,
}

/// `max_destroy`: a number of objects, or a share of those that are recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum MaxDestroy {
    Objects(usize),
    /// From 0 to 100.
    Percent(f64),
}

/// One module's blocks.
#[derive(Clone, Debug, Default)]
pub struct Module {
    pub dir: PathBuf,
    /// The names on the way from the root.
    pub path: Vec<Name>,
    pub parent: Option<ModuleId>,
    pub variables: BTreeMap<Name, Variable>,
    pub locals: BTreeMap<Name, Local>,
    pub outputs: BTreeMap<Name, Output>,
    pub resources: BTreeMap<ResourceAddr, Resource>,
    pub calls: BTreeMap<Name, Call>,
    pub providers: BTreeMap<crate::addr::Name, Vec<ProviderBlock>>,
    /// In a called module: what its names of provider configurations mean in the root.
    pub passed: BTreeMap<ProviderRef, ProviderRef>,
    pub kinds: Vec<Block>,
    pub checks: BTreeMap<Name, Check>,
    pub moved: Vec<Moved>,
    pub removed: Vec<Removed>,
    pub imports: Vec<Import>,
}

/// What `moved` and `removed` blocks speak of, seen from their module. A missing key stands for all objects of a block, unless the
/// other end of the move has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Object(ObjectAddr),
    Module(ModulePath),
}

#[derive(Clone, Debug)]
pub struct Moved {
    pub from: Endpoint,
    pub to: Endpoint,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Removed {
    pub from: Endpoint,
    pub destroy: bool,
    pub span: Span,
}

/// An `import` block.
#[derive(Clone, Debug)]
pub struct Import {
    /// An address, perhaps with keys that are computed.
    pub to: Expr,
    pub id: Expr,
    pub for_each: Option<Expr>,
    /// The provider configuration of a block that is to be generated.
    pub provider: Option<(ProviderRef, Span)>,
    pub span: Span,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(addr) => addr.fmt(f),
            Self::Module(path) => path.fmt(f),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Variable {
    pub name: Name,
    pub constraint: Constraint,
    pub default: Option<Value>,
    pub description: Option<String>,
    pub sensitive: bool,
    pub ephemeral: bool,
    pub nullable: bool,
    pub validations: Vec<Rule>,
    pub span: Span,
}

/// `condition` and `error_message` of a validation, precondition, postcondition or assertion.
#[derive(Clone, Debug)]
pub struct Rule {
    pub condition: Expr,
    pub error_message: Expr,
    pub span: Span,
}

/// A `check` block.
#[derive(Clone, Debug)]
pub struct Check {
    pub asserts: Vec<Rule>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Local {
    pub expr: Expr,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Output {
    pub name: Name,
    pub value: Expr,
    pub description: Option<String>,
    pub sensitive: bool,
    pub ephemeral: bool,
    pub depends_on: Vec<Expr>,
    pub preconditions: Vec<Rule>,
    pub span: Span,
}

/// How many objects a block makes.
#[derive(Clone, Debug)]
pub enum Repetition {
    Single,
    Count(Expr),
    ForEach(Expr),
}

#[derive(Clone, Debug)]
pub struct Resource {
    pub addr: ResourceAddr,
    /// The arguments, without the meta-arguments.
    pub arguments: Body,
    pub repetition: Repetition,
    pub depends_on: Vec<Expr>,
    /// The alias chosen with `provider = cloudelements.eu`.
    pub provider: Option<(ProviderRef, Span)>,
    pub lifecycle: Lifecycle,
    pub timeouts: BTreeMap<Name, (std::time::Duration, Span)>,
    /// The check it stands in: a data source that only its assertions may refer to.
    pub check: Option<Name>,
    /// The block's header.
    pub span: Span,
    /// The place of the kind's word in the header.
    pub kind_span: Span,
}

/// `cloudelements` or `cloudelements.eu`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProviderRef {
    pub name: Name,
    pub alias: Option<Name>,
}

#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    pub create_before_destroy: bool,
    pub prevent_destroy: bool,
    /// `destroy = false`: what would be deleted is dropped from the state only.
    pub keep: bool,
    pub ignore_changes: Ignore,
    pub replace_triggered_by: Vec<Expr>,
    pub preconditions: Vec<Rule>,
    pub postconditions: Vec<Rule>,
}

/// `ignore_changes`: what stays as it is whatever the configuration says.
#[derive(Clone, Debug)]
pub enum Ignore {
    All,
    /// An attribute, then keys and positions; with the place of each.
    Paths(Vec<(Path, Span)>),
}

impl Default for Ignore {
    fn default() -> Self {
        Self::Paths(Vec::new())
    }
}

#[derive(Clone, Debug)]
pub struct ProviderBlock {
    pub name: Name,
    pub alias: Option<Name>,
    pub arguments: Body,
    pub span: Span,
}

/// A `module` block.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: Name,
    /// Where the module comes from, as it is written.
    pub source: String,
    pub module: ModuleId,
    pub repetition: Repetition,
    pub depends_on: Vec<Expr>,
    /// The child's variables.
    pub arguments: Body,
    pub span: Span,
}

impl std::str::FromStr for Endpoint {
    type Err = crate::addr::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Object).or_else(|error| text.parse().map(Self::Module).map_err(|_| error))
    }
}

impl Config {
    pub fn root(&self) -> &Module {
        &self.modules[0]
    }

    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The module that the names lead to, call by call from the root.
    pub fn module_at<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<(ModuleId, &Module)> {
        let called = |id: ModuleId, name: &str| self.module(id).calls.get(name).map(|call| call.module);
        let id = names.into_iter().try_fold(ModuleId(0), called)?;
        Some((id, self.module(id)))
    }

    pub fn modules(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        (0u32..).map(ModuleId).zip(&self.modules)
    }
}

impl Module {
    /// The root's name of the provider configuration that this module calls so. `None`: it was not passed on.
    pub fn provider(&self, called: &ProviderRef) -> Option<ProviderRef> {
        let own = self.parent.is_none() || called.alias.is_none();
        self.passed.get(called).or(own.then_some(called)).cloned()
    }
}

impl Repetition {
    pub fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Single => None,
            Self::Count(expr) | Self::ForEach(expr) => Some(expr),
        }
    }

    /// Whether `key` is of the form that this repetition makes.
    pub fn fits(&self, key: &ObjectKey) -> bool {
        matches!(
            (self, key),
            (Self::Single, ObjectKey::Single)
                | (Self::Count(_), ObjectKey::Index(_))
                | (Self::ForEach(_), ObjectKey::Name(_))
        )
    }
}
