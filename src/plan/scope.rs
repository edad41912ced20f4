//! What names mean in one instance of a module: the planner's side of `eval`'s door.

use super::evaluation::Evaluation;
use crate::addr::{Mode, ModulePath, Name, ResourceAddr};
use crate::config::{Module, ModuleId, Repetition};
use crate::diag::{Diagnostic, Diagnostics, Reported, did_you_mean};
use crate::eval::functions::Host;
use crate::eval::{self, Reference, Subject};
use crate::syntax::Step;
use crate::value::Value;

/// What `each` and `count` are.
#[derive(Clone, Debug)]
pub enum Repeat {
    None,
    Count(Value),
    Each { key: Value, value: Value },
}

/// Names, in one instance of a module and for one object of a block.
pub struct Scope<'s, 'a> {
    pub(super) evaluation: &'s Evaluation<'a>,
    pub(super) module: ModuleId,
    pub(super) path: &'s ModulePath,
    pub(super) repeat: &'s Repeat,
    /// What `self` is, where it may be used.
    pub(super) this: Option<&'s Value>,
}

impl eval::Scope for Scope<'_, '_> {
    fn lookup(&self, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported> {
        let module = self.evaluation.config.module(self.module);
        declared(module, reference).map_err(|diagnostic| diags.error(*diagnostic))?;
        match &reference.subject {
            Subject::Variable(name) => self.evaluation.variable_of(self.module, self.path, name, diags),
            Subject::Local(name) => self.evaluation.local_of(self.module, self.path, name, diags),
            Subject::Module(name) => self.evaluation.called(self.path, &module.calls[name], diags),
            Subject::Resource(addr) => Ok(self.evaluation.whole(self.path, addr)),
            Subject::Each(name) => self.each(name, reference, diags),
            Subject::Count(_) => match &self.repeat {
                Repeat::Count(index) => Ok(index.clone()),
                _ => Err(diags.error(
                    Diagnostic::error("Reference to \"count\" in non-counted context")
                        .at(reference.span)
                        .label("this block has no `count`")
                        .detail("The \"count\" object can only be used in \"module\" and resource blocks, and only when the \"count\" argument is set."),
                )),
            },
            Subject::SelfObject => self.this.cloned().ok_or_else(|| {
                diags.error(
                    Diagnostic::error("Invalid \"self\" reference")
                        .at(reference.span)
                        .label("there is no `self` here")
                        .detail("The \"self\" object is not available in this context. This object can be used only in resource postcondition blocks."),
                )
            }),
            Subject::Path(name) => self.path_value(name, reference, diags),
            Subject::Isotope(name) => match &**name {
                "workspace" => Ok(Value::string(&*self.evaluation.workspace)),
                "version" => Ok(Value::string(env!("CARGO_PKG_VERSION"))),
                _ => Err(diags.error(unsupported("isotope", name, ["workspace", "version"], reference))),
            },
        }
    }

    fn host(&self) -> &dyn Host {
        self.evaluation.host
    }
}

impl Scope<'_, '_> {
    fn each(&self, name: &str, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported> {
        match (self.repeat, name) {
            (Repeat::Each { key, .. }, "key") => Ok(key.clone()),
            (Repeat::Each { value, .. }, "value") => Ok(value.clone()),
            (Repeat::Each { .. }, _) => Err(diags.error(
                Diagnostic::error("Invalid \"each\" attribute")
                    .at(reference.span)
                    .label("`each` has `key` and `value`")
                    .detail(format!("The \"each\" object does not have an attribute named {name:?}. The supported attributes are each.key and each.value, the current key and value pair of the \"for_each\" attribute set.")),
            )),
            (_, "value") => Err(diags.error(
                Diagnostic::error("each.value cannot be used in this context")
                    .at(reference.span)
                    .label("this block has no `for_each`")
                    .detail("A reference to \"each.value\" has been used in a context in which it is unavailable: only \"module\" and resource blocks with the \"for_each\" argument have it."),
            )),
            _ => Err(diags.error(
                Diagnostic::error("Reference to \"each\" in context without for_each")
                    .at(reference.span)
                    .label("this block has no `for_each`")
                    .detail("The \"each\" object can be used only in \"module\" or resource blocks, and only when the \"for_each\" argument is set."),
            )),
        }
    }

    fn path_value(
        &self,
        name: &str,
        reference: &Reference,
        diags: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let config = self.evaluation.config;
        let shown = |dir: &std::path::Path| {
            let relative = dir.strip_prefix(&config.dir).unwrap_or(dir);
            let text = relative.to_string_lossy();
            Value::string(if text.is_empty() { "." } else { &*text })
        };
        match name {
            "module" => Ok(shown(&config.module(self.module).dir)),
            "root" => Ok(shown(&config.dir)),
            "cwd" => Ok(Value::string(&*self.evaluation.host.base_dir().to_string_lossy())),
            _ => Err(diags.error(unsupported("path", name, ["module", "root", "cwd"], reference))),
        }
    }
}

fn unsupported<const N: usize>(
    root: &str,
    name: &str,
    known: [&str; N],
    reference: &Reference,
) -> Diagnostic {
    let near = did_you_mean(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Diagnostic::error(format!("Invalid {root:?} attribute"))
        .at(reference.span)
        .label(format!("`{root}` has {}{near}", known.map(|k| format!("`{k}`")).join(", ")))
        .detail(format!("The {root:?} object does not have an attribute named {name:?}."))
}

/// Whether a module declares what a reference names; else the complaint, in Terraform's words.
pub(super) fn declared(module: &Module, reference: &Reference) -> Result<(), Box<Diagnostic>> {
    let complaint = match &reference.subject {
        Subject::Variable(name) if !module.variables.contains_key(name) => {
            let explanation = format!("An input variable with the name {name:?} has not been declared.");
            undeclared("input variable", "variable", name, module.variables.keys(), reference)
                .detail(explanation)
                .help(format!("declare it with `variable {:?} {{ }}`", &**name))
        }
        Subject::Local(name) if !module.locals.contains_key(name) => {
            let explanation = format!("A local value with the name {name:?} has not been declared.");
            undeclared("local value", "local value", name, module.locals.keys(), reference)
                .detail(explanation)
        }
        Subject::Module(name) if !module.calls.contains_key(name) => {
            let explanation = format!("No module call named {name:?} is declared in {}.", place(module));
            undeclared("module", "module", name, module.calls.keys(), reference).detail(explanation)
        }
        Subject::Resource(addr) if !module.resources.contains_key(addr) => {
            undeclared_resource(addr, module, reference)
        }
        Subject::Resource(addr)
            if module.resources[addr].check.is_some() && !in_check(module, addr, reference) =>
        {
            Diagnostic::error("Reference to scoped resource")
                .at(reference.span)
                .label("stands in a check, for its assertions alone")
                .related(module.resources[addr].span, "declared here")
                .detail(format!(
                    "The referenced data resource {:?} {:?} is not available from this context.",
                    &*addr.kind, &*addr.name
                ))
        }
        Subject::Resource(addr) => return keyed(addr, &module.resources[addr].repetition, reference),
        _ => return Ok(()),
    };
    Err(Box::new(complaint))
}

/// Whether a reference stands in an assertion of the check that its data source belongs to.
fn in_check(module: &crate::config::Module, addr: &ResourceAddr, reference: &Reference) -> bool {
    let check = module.resources[addr].check.as_ref().and_then(|name| module.checks.get(name));
    let rules = check.into_iter().flat_map(|check| &check.asserts);
    let mut spans = rules.flat_map(|rule| [rule.condition.span, rule.error_message.span]);
    spans.any(|span| {
        span.file == reference.span.file && (span.start..=span.end).contains(&reference.span.start)
    })
}

/// Whether a reference to a resource has a key exactly if its objects do.
fn keyed(addr: &ResourceAddr, repetition: &Repetition, reference: &Reference) -> Result<(), Box<Diagnostic>> {
    let (word, example, hint) = match (repetition, reference.rest.first()) {
        (Repetition::Single, Some(Step::Index(_, span))) => {
            return Err(Box::new(
                Diagnostic::error("Unexpected resource instance key")
                    .at(reference.span.to(*span))
                    .label("there is one object, without a key")
                    .detail(format!("Because {addr} does not have \"count\" or \"for_each\" set, references to it must not include an index key. Remove the bracketed index to refer to the single instance of this resource.")),
            ));
        }
        (Repetition::Count(_), Some(Step::Attr(_))) => ("count", "count.index", "of all of them: `[*]`"),
        (Repetition::ForEach(_), Some(Step::Attr(_))) => {
            ("for_each", "each.key", "of all of them: `values(…)[*]`")
        }
        _ => return Ok(()),
    };
    Err(Box::new(
        Diagnostic::error("Missing resource instance key")
            .at(reference.span)
            .label(format!("there may be several objects: say which one, as in `{addr}[{example}]`"))
            .detail(format!(
                "Because {addr} has \"{word}\" set, its attributes must be accessed on specific instances."
            ))
            .help(hint),
    ))
}

fn undeclared<'n>(
    summary: &str,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n Name>,
    reference: &Reference,
) -> Diagnostic {
    let near = did_you_mean(name, known.map(|n| &**n));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Diagnostic::error(format!("Reference to undeclared {summary}"))
        .at(reference.span)
        .label(format!("no {what} is called `{name}`{hint}"))
}

/// A module as complaints name it.
fn place(module: &Module) -> String {
    let names: Vec<String> = module.path.iter().map(|name| format!("module.{name}")).collect();
    if names.is_empty() { "the root module".to_owned() } else { names.join(".") }
}

fn undeclared_resource(addr: &ResourceAddr, module: &Module, reference: &Reference) -> Diagnostic {
    let texts: Vec<String> = module.resources.keys().map(ToString::to_string).collect();
    let near = did_you_mean(&addr.to_string(), texts.iter().map(String::as_str));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let mode = match addr.mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
    };
    Diagnostic::error("Reference to undeclared resource")
        .at(reference.span)
        .label(format!("nothing is declared as `{addr}`{hint}"))
        .detail(format!(
            "A {mode} resource {:?} {:?} has not been declared in {}.",
            &*addr.kind,
            &*addr.name,
            place(module)
        ))
}
