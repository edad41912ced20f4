//! The scope of a configuration that declares nothing, and the complaints about names that nothing declares.

use std::path::{Path, PathBuf};

use crate::addr::{Mode, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::value::Value;

use super::{Host, Reference, Scope, Subject, quote};

/// A scope in which only `path.…` has a value: the console's in an empty directory.
pub struct EmptyScope<'a> {
    host: &'a dyn Host,
    cwd: PathBuf,
}

impl<'a> EmptyScope<'a> {
    /// `cwd` is what `path.cwd` gives.
    pub fn new(host: &'a dyn Host, cwd: &Path) -> Self {
        Self { host, cwd: cwd.to_owned() }
    }
}

impl Scope for EmptyScope<'_> {
    fn lookup(&self, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported> {
        match &reference.subject {
            Subject::Path(name) if &**name == "cwd" => Ok(Value::string(self.cwd.display().to_string())),
            Subject::Path(_) => Ok(Value::string(".")),
            _ => Err(diags.error(undeclared(reference))),
        }
    }

    fn host(&self) -> &dyn Host {
        self.host
    }
}

/// The complaint that nothing declares what a reference is about, in Terraform's words.
pub fn undeclared(reference: &Reference) -> Diagnostic {
    not_declared(&reference.subject).at(reference.span)
}

pub(super) fn not_declared(subject: &Subject) -> Diagnostic {
    let (summary, detail) = match subject {
        Subject::Variable(name) => ("Reference to undeclared input variable", variable(name)),
        Subject::Local(name) => (
            "Reference to undeclared local value",
            format!("A local value with the name {} has not been declared.", quote(name)),
        ),
        Subject::Module(name) => (
            "Reference to undeclared module",
            format!("No module call named {} is declared in the root module.", quote(name)),
        ),
        Subject::Resource(addr) => ("Reference to undeclared resource", resource(addr)),
        Subject::Each(name) if &**name == "value" => {
            ("each.value cannot be used in this context", VALUE.to_owned())
        }
        Subject::Each(_) => ("Reference to \"each\" in context without for_each", EACH.to_owned()),
        Subject::Count(_) => ("Reference to \"count\" in non-counted context", COUNT.to_owned()),
        Subject::SelfObject => ("Invalid \"self\" reference", SELF.to_owned()),
        Subject::Path(name) => ("Invalid \"path\" attribute", attribute("path", name)),
        Subject::Isotope(name) => ("Invalid \"isotope\" attribute", attribute("isotope", name)),
    };
    Diagnostic::error(summary).detail(detail)
}

const EACH: &str = "The \"each\" object can be used only in \"module\" or \"resource\" blocks, and only when the \
    \"for_each\" argument is set.";
const VALUE: &str = "A reference to \"each.value\" has been used in a context in which it is unavailable, such as when \
    the configuration no longer contains the value in its \"for_each\" expression. Remove this reference to each.value \
    in your configuration to work around this error.";
const COUNT: &str = "The \"count\" object can only be used in \"module\", \"resource\", and \"data\" blocks, and only \
    when the \"count\" argument is set.";
const SELF: &str = "The \"self\" object is not available in this context. This object can be used only in resource \
    provisioner, connection, and postcondition blocks.";

fn variable(name: &str) -> String {
    let name = quote(name);
    format!(
        "An input variable with the name {name} has not been declared. This variable can be declared with a variable \
         {name} {{}} block."
    )
}

fn resource(addr: &ResourceAddr) -> String {
    let mode = match addr.mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
    };
    let (kind, name) = (quote(&addr.kind), quote(&addr.name));
    format!("A {mode} resource {kind} {name} has not been declared in the root module.")
}

fn attribute(object: &str, name: &str) -> String {
    format!("The \"{object}\" object does not have an attribute named {}.", quote(name))
}
