//! The functions that take expressions rather than values, or need the parser: `try`, `can`, `type`, `templatefile`,
//! `templatestring`.

use crate::diag::{Diagnostic, Diagnostics};
use crate::value::{Type, Value};

use super::call::Call;
use super::functions::CallError;
use super::{Context, Failed};

/// A special function's name and parameters.
pub(super) struct Special {
    pub name: &'static str,
    pub params: &'static [&'static str],
    pub variadic: Option<&'static str>,
    pub run: Run,
}

pub(super) enum Run {
    Try,
    Can,
    Type,
    TemplateFile,
    TemplateString,
}

const SPECIAL: &[Special] = &[
    Special { name: "try", params: &[], variadic: Some("expressions"), run: Run::Try },
    Special { name: "can", params: &["expression"], variadic: None, run: Run::Can },
    Special { name: "templatefile", params: &["path", "vars"], variadic: None, run: Run::TemplateFile },
    Special {
        name: "templatestring",
        params: &["template", "vars"],
        variadic: None,
        run: Run::TemplateString,
    },
    Special { name: "type", params: &["value"], variadic: None, run: Run::Type },
];

/// The functions that a template given as text may not call.
pub(super) const READS_FILES: &[&str] = &[
    "file",
    "fileexists",
    "fileset",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "filemd5",
    "filesha1",
    "filesha256",
    "filesha512",
];

/// Returns the special function of this name; `type` exists in the console only.
pub(super) fn lookup(name: &str, console: bool) -> Option<&'static Special> {
    SPECIAL.iter().find(|special| special.name == name && (console || special.name != "type"))
}

/// Returns the names that are special everywhere.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SPECIAL.iter().map(|special| special.name).filter(|name| *name != "type")
}

impl Context<'_> {
    pub(super) fn call_special(
        &self,
        special: &Special,
        call: &Call,
        diags: &mut Diagnostics,
    ) -> Result<Result<Value, CallError>, Failed> {
        match special.run {
            Run::Try => Ok(self.try_in_turn(call)),
            Run::Can => Ok(Ok(self.can(call))),
            Run::Type => Err(diags.error(misplaced_type(call)).into()),
            Run::TemplateFile => self.template_file(call, diags),
            Run::TemplateString => self.template_string(call, diags),
        }
    }

    /// Gives the first argument that can be evaluated. As long as a part of it is unknown, so is whether it can.
    fn try_in_turn(&self, call: &Call) -> Result<Value, CallError> {
        if call.args.is_empty() {
            return Err(CallError::Failed("at least one argument is required".to_owned()));
        }
        let mut problems = String::new();
        for arg in &call.args {
            let mut diags = Diagnostics::new();
            match arg.eval(self, &mut diags) {
                Ok(value) if value.is_wholly_known() => return Ok(value),
                Ok(value) => return Ok(Value::unknown(Type::Dynamic).mark(value.deep_marks())),
                Err(_) => problems.extend(diags.take().iter().map(problem)),
            }
        }
        Err(CallError::Failed(format!(
            "no expression succeeded:\n{problems}\nAt least one expression must produce a successful result"
        )))
    }

    fn can(&self, call: &Call) -> Value {
        let results = call.args.iter().map(|arg| arg.eval(self, &mut Diagnostics::new()));
        for result in results {
            match result {
                Ok(value) if !value.is_wholly_known() => return Value::unknown(Type::Bool),
                Ok(_) => {}
                Err(_) => return Value::bool(false),
            }
        }
        Value::bool(true)
    }
}

fn problem(diagnostic: &Diagnostic) -> String {
    format!("- {}\n  {}\n", diagnostic.summary, diagnostic.detail)
}

fn misplaced_type(call: &Call) -> Diagnostic {
    Diagnostic::error("Invalid use of type function")
        .at(call.span)
        .detail("The console-only \"type\" function cannot be used as part of an expression.")
}
