//! What the console prints for an expression, with its own function `type`.

use crate::diag::{Diagnostics, Reported};
use crate::syntax::{Expr, ExprKind};
use crate::value::{self, Value};

use super::{Context, Roots, Scope, Template, World, references};

/// Evaluates a line of the console and returns the text to print: the value, or for `type(…)` as the whole of the line
/// its type.
pub fn console(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Result<String, Reported> {
    match type_argument(expr) {
        Some(argument) => Ok(evaluate(argument, scope, diags)?.ty().constraint_string()),
        None => Ok(value::console(&evaluate(expr, scope, diags)?)),
    }
}

fn evaluate(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let found = references::look_up(expr, scope, diags)?;
    let mut world = World::new(Roots::Found(&found), scope.host(), Template::None);
    world.console = true;
    Context::new(&world).eval(expr, diags).map_err(|failed| failed.reported)
}

fn type_argument(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Parens(inner) => type_argument(inner),
        ExprKind::Call { name, args, expand: false } if &*name.name == "type" => match &args[..] {
            [argument] => Some(argument),
            _ => None,
        },
        _ => None,
    }
}
