//! `backend` blocks: which types there are, what each may be told, and what that says in the end.
//!
//! A block is read without being evaluated, so that `validate` needs no environment. Whoever opens the backend evaluates it
//! ([`Backend::settle`]): its arguments may use variables, `path` and functions, since nothing else is known before the state is.

use super::Module;
use super::fields::{Fields, converted, labels, missing};
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources, Span, did_you_mean};
use crate::eval::{self, Scope, Subject};
use crate::syntax::{self, Block, Expr, ExprKind, TemplatePart};
use crate::value::{Type, Value, console, quote};
use std::collections::BTreeMap;
use std::fmt;

/// An argument of a type of backend.
struct Argument {
    name: &'static str,
    ty: Type,
    needed: bool,
    /// It may hold a secret, so it is never written down.
    secret: bool,
    /// It may differ from workspace to workspace.
    each: bool,
}

const fn may(name: &'static str, ty: Type) -> Argument {
    Argument { name, ty, needed: false, secret: false, each: false }
}

const fn must(name: &'static str, ty: Type) -> Argument {
    Argument { name, ty, needed: true, secret: false, each: false }
}

const fn secret(name: &'static str) -> Argument {
    Argument { name, ty: Type::String, needed: false, secret: true, each: false }
}

/// An argument that says where the state of each workspace is, where a backend does not keep them apart by itself.
const fn each(name: &'static str, needed: bool) -> Argument {
    Argument { name, ty: Type::String, needed, secret: false, each: true }
}

/// What `isotope.workspace` is in a backend's arguments: it stands for the name of whichever workspace is opened.
pub const EACH_WORKSPACE: &str = "${isotope.workspace}";

/// What is taken where no block says anything.
const DEFAULT: &str = "sled";

/// The types and their arguments. How each is opened is `cli/backend/`'s business.
const TYPES: &[(&str, &[Argument])] =
    &[(DEFAULT, &[may("path", Type::String)]), ("postgres", POSTGRES), ("s3", S3), ("http", HTTP)];

const POSTGRES: &[Argument] = &[
    Argument { name: "conn_str", ty: Type::String, needed: true, secret: true, each: false },
    may("schema", Type::String),
    may("ca_file", Type::String),
    may("lease", Type::String),
];

const S3: &[Argument] = &[
    must("bucket", Type::String),
    may("prefix", Type::String),
    may("region", Type::String),
    may("endpoint", Type::String),
    may("use_path_style", Type::Bool),
    secret("access_key"),
    secret("secret_key"),
    secret("token"),
    may("kms_key_id", Type::String),
    may("lease", Type::String),
];

const HTTP: &[Argument] = &[
    each("address", true),
    may("update_method", Type::String),
    each("lock_address", false),
    may("lock_method", Type::String),
    each("unlock_address", false),
    may("unlock_method", Type::String),
    may("username", Type::String),
    secret("password"),
    may("skip_cert_verification", Type::Bool),
    may("ca_file", Type::String),
    may("retry_max", Type::Number),
    may("retry_wait_min", Type::Number),
    may("retry_wait_max", Type::Number),
];

/// A `backend` block as it stands.
#[derive(Clone, Debug)]
pub struct Backend {
    pub kind: &'static str,
    arguments: BTreeMap<&'static str, Expr>,
    pub span: Span,
}

/// What a `backend` block says, evaluated. Arguments that were not given are not in it.
#[derive(Clone, PartialEq)]
pub struct BackendSettings {
    pub kind: &'static str,
    values: BTreeMap<&'static str, Value>,
}

/// Names what was given, and shows no value: one may be secret.
impl fmt::Debug for BackendSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind, self.values.keys())
    }
}

/// Without a block: the local one, where it is by default.
impl Default for BackendSettings {
    fn default() -> Self {
        Self { kind: DEFAULT, values: BTreeMap::new() }
    }
}

fn arguments(kind: &str) -> &'static [Argument] {
    TYPES.iter().find(|(name, _)| *name == kind).map_or(&[], |(_, arguments)| arguments)
}

pub(super) fn backend(block: &Block, diags: &mut Diagnostics) -> Result<Backend, Reported> {
    let [label] = labels(block, ["type"], diags)?;
    let Some((kind, known)) = TYPES.iter().find(|(name, _)| **name == *label.value) else {
        return Err(diags.error(unsupported(&label.value, label.span)));
    };
    let mut fields = Fields::new("backend", block.header, &block.body);
    let mut arguments = BTreeMap::new();
    for argument in *known {
        match fields.take(argument.name) {
            Some(given) => drop(arguments.insert(argument.name, given.expr.clone())),
            None if argument.needed => drop(missing("backend", argument.name, block.header, diags)),
            None => {}
        }
    }
    fields.finish(diags);
    Ok(Backend { kind, arguments, span: block.header })
}

fn unsupported(name: &str, span: Span) -> Diagnostic {
    let known: Vec<String> = TYPES.iter().map(|(name, _)| format!("`{name}`")).collect();
    let label = match did_you_mean(name, TYPES.iter().map(|(name, _)| *name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the types are {}", known.join(", ")),
    };
    Diagnostic::error("Unsupported backend type")
        .at(span)
        .label(label)
        .detail(format!("There is no backend type named {name:?}."))
}

impl Backend {
    /// Reports what its arguments may not refer to: nothing that needs the state can say where the state is.
    pub(super) fn check(&self, root: &Module, diags: &mut Diagnostics) {
        for argument in arguments(self.kind) {
            let Some(expr) = self.arguments.get(argument.name) else { continue };
            for reference in eval::references(expr) {
                match &reference.subject {
                    Subject::Path(_) => {}
                    Subject::Variable(name) if root.variables.contains_key(name) => {}
                    Subject::Variable(_) => drop(diags.error(eval::undeclared(&reference))),
                    Subject::Isotope(name) if **name == *"workspace" => {
                        if let Some(problem) = misplaced(argument, expr, reference.span) {
                            diags.push(problem);
                        }
                    }
                    _ => drop(
                        diags.error(
                            Diagnostic::error("Invalid reference")
                                .at(reference.span)
                                .label("a backend's arguments may use variables and functions")
                                .detail(
                                    "Where the state is must be known before anything else is evaluated.",
                                ),
                        ),
                    ),
                }
            }
        }
    }

    /// Evaluates the arguments. An argument that is null counts as not given.
    pub fn settle(&self, scope: &dyn Scope, diags: &mut Diagnostics) -> Result<BackendSettings, Reported> {
        let mut values = BTreeMap::new();
        let mut outcome = Ok(());
        for argument in arguments(self.kind) {
            let Some(expr) = self.arguments.get(argument.name) else { continue };
            match value(expr, &argument.ty, scope, diags) {
                Ok(value) if value.is_null() => {}
                Ok(value) => drop(values.insert(argument.name, value)),
                Err(reported) => outcome = Err(reported),
            }
        }
        outcome.map(|()| BackendSettings { kind: self.kind, values })
    }
}

/// What is wrong with naming the workspace there. Only its place in the text is known when the backend is opened, for all workspaces at
/// once: nothing can be computed from the name.
fn misplaced(argument: &Argument, expr: &Expr, span: Span) -> Option<Diagnostic> {
    let invalid = Diagnostic::error("Invalid reference").at(span);
    let parts = if let ExprKind::Template(parts) = &expr.kind { &parts[..] } else { &[] };
    let is_here =
        |part: &TemplatePart| matches!(part, TemplatePart::Interpolation(expr) if expr.span == span);
    match argument.each {
        false => Some(
            invalid
                .label("only the addresses of `backend \"http\"` may name the workspace")
                .detail("Every other backend keeps the states of workspaces apart by itself."),
        ),
        true if !parts.iter().any(is_here) => Some(
            invalid
                .label("the workspace's name can only be put into the text of an address")
                .detail(format!("Write it there as it is: `\"https://…/{EACH_WORKSPACE}\"`.")),
        ),
        true => None,
    }
}

fn value(expr: &Expr, ty: &Type, scope: &dyn Scope, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let value = eval::evaluate(expr, scope, diags)?.unmark_deep().0;
    if !value.is_wholly_known() {
        let unknown = Diagnostic::error("Invalid value").at(expr.span).label("has no value here");
        return Err(diags.error(unknown));
    }
    converted(&value, expr, ty, diags)
}

impl BackendSettings {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.values.get(name)?.as_bool()
    }

    /// A whole number that is not negative.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.values.get(name)?.as_number()?.as_i64()?.try_into().ok()
    }

    /// The texts that nothing may print.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let secret = arguments(self.kind).iter().filter(|argument| argument.secret);
        secret.filter_map(|argument| self.text(argument.name))
    }

    /// The same without what may be secret.
    pub fn without_secrets(&self) -> Self {
        let mut open = self.clone();
        for argument in arguments(self.kind).iter().filter(|argument| argument.secret) {
            open.values.remove(argument.name);
        }
        open
    }

    /// The same with another text for an argument.
    pub fn with_text(mut self, name: &'static str, text: &str) -> Self {
        self.values.insert(name, Value::string(text));
        self
    }

    /// The block, as [`remembered`] reads it. To be called on what holds no secret.
    pub fn to_text(&self) -> String {
        let shown = |value: &Value| value.as_str().map_or_else(|| console(value), quote);
        let width = self.values.keys().map(|name| name.len()).max().unwrap_or_default();
        let line = |(name, value): (&&str, &Value)| format!("  {name:width$} = {}\n", shown(value));
        let lines = self.values.iter().map(line);
        format!("backend {} {{\n{}}}\n", quote(self.kind), lines.collect::<String>())
    }
}

/// Reads a `backend` block that stands alone in a file: the one that was in use before.
pub fn remembered(
    file: &str,
    bytes: Vec<u8>,
    scope: &dyn Scope,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Result<BackendSettings, Reported> {
    let file = syntax::decode(sources, file, bytes, diags)?;
    let body = syntax::parse(sources, file, diags);
    let mut fields = Fields::new("the remembered backend", Span::new(file, 0..0), &body);
    let block = fields.block("backend", diags);
    let found = block.map(|block| backend(block, diags)?.settle(scope, diags));
    fields.finish(diags);
    found.unwrap_or_else(|| {
        Err(diags.error(Diagnostic::error("Missing backend block").at(Span::new(file, 0..0))))
    })
}
