//! Evaluation outside a module: of constants, and of expressions over a few given variables.
//!
//! There are no references here, and the host offers neither files nor environment nor clock: the result depends on what
//! is given alone.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::diag::{Diagnostic, Diagnostics, Reported};
use crate::syntax::Expr;
use crate::value::{Str, Value};

use super::{Context, FileKind, Host, Roots, Template, World, references};

/// Evaluates an expression in which only these names mean something.
pub fn evaluate_with(
    expr: &Expr,
    variables: &BTreeMap<Str, Value>,
    diags: &mut Diagnostics,
) -> Result<Value, Reported> {
    let world = World::new(Roots::Variables(variables), &Nowhere, Template::None);
    Context::new(&world).eval(expr, diags).map_err(|failed| failed.reported)
}

/// Evaluates an expression in which nothing is computed: it may neither refer to anything nor call a function.
pub fn literal(expr: &Expr, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let variables = BTreeMap::new();
    no_references(expr, diags)?;
    let mut world = World::new(Roots::Variables(&variables), &Nowhere, Template::None);
    world.calls = false;
    Context::new(&world).eval(expr, diags).map_err(|failed| failed.reported)
}

/// Evaluates an expression that may not refer to anything.
pub fn constant(expr: &Expr, diags: &mut Diagnostics) -> Result<Value, Reported> {
    no_references(expr, diags)?;
    evaluate_with(expr, &BTreeMap::new(), diags)
}

fn no_references(expr: &Expr, diags: &mut Diagnostics) -> Result<(), Reported> {
    let mut failed = None;
    for reference in references(expr) {
        failed = Some(
            diags.error(
                Diagnostic::error("Variables not allowed")
                    .at(reference.span)
                    .label("only a constant can stand here")
                    .detail("Variables may not be used here."),
            ),
        );
    }
    failed.map_or(Ok(()), Err)
}

/// A host that knows nothing: no file, no environment, no time, no chance.
pub struct Nowhere;

fn nothing<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "files cannot be read here"))
}

impl Host for Nowhere {
    fn base_dir(&self) -> &Path {
        Path::new("")
    }

    fn read_file(&self, _: &Path) -> io::Result<Vec<u8>> {
        nothing()
    }

    fn kind(&self, _: &Path) -> io::Result<FileKind> {
        nothing()
    }

    fn list_dir(&self, _: &Path) -> io::Result<Vec<String>> {
        nothing()
    }

    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        None
    }

    fn plan_time(&self) -> Option<jiff::Timestamp> {
        None
    }

    fn random_uuid(&self) -> Option<String> {
        None
    }

    fn pure_only(&self) -> bool {
        true
    }
}
