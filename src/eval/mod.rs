//! Expression + [`Scope`] → Value, with HCL's semantics as of Terraform 1.11.
//!
//! First every reference of an expression is looked up, also in the branches that will not be taken, so that a
//! misspelt name is always reported. Then the tree is walked. A part that failed does not stop the walk: a value that
//! stands for it ([`Failed`]) is carried on, so that one run reports all independent mistakes.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::syntax::{Expr, ExprKind, Ident, Step};
use crate::value::{Str, Type, Value, go_quote as quote};

pub mod functions;
mod call;
mod closed;
mod collection;
mod conditional;
mod console;
mod empty;
mod index;
mod loops;
mod operators;
mod references;
mod render;
mod special;
mod splat;
mod template;
#[cfg(test)]
mod tests;

pub use closed::{Nowhere, constant, evaluate_with, literal};
pub use console::console;
pub use empty::{EmptyScope, undeclared};
pub use functions::{FileKind, Host};
pub use references::{Reference, Subject, reference, references, roots};

/// What names mean where an expression stands.
pub trait Scope {
    /// Returns the whole value of the reference's subject (of a resource with `for_each`, all its objects); the steps
    /// in `rest` are the evaluator's to take.
    fn lookup(&self, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported>;

    fn host(&self) -> &dyn Host;
}

/// Evaluates an expression.
pub fn evaluate(expr: &Expr, scope: &dyn Scope, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let found = references::look_up(expr, scope, diags)?;
    let world = World::new(Roots::Found(&found), scope.host(), Template::None);
    Context::new(&world).eval(expr, diags).map_err(|failed| failed.reported)
}

/// How deep expressions may nest: far beyond what people write, and safe on a stack of 8 MiB.
const MAX_DEPTH: usize = 1_000;

/// What stays the same during one evaluation.
struct World<'a> {
    roots: Roots<'a>,
    host: &'a dyn Host,
    /// Which template function the evaluation is for.
    template: Template,
    /// Whether the console asks, which has the function `type`.
    console: bool,
    /// Whether functions may be called.
    calls: bool,
    depth: Cell<usize>,
}

/// What names that no `for` declares mean.
enum Roots<'a> {
    /// References of the language, looked up before.
    Found(&'a BTreeMap<Subject, Value>),
    /// The variables of a template.
    Variables(&'a BTreeMap<Str, Value>),
}

/// What is being rendered: templates may not call template functions, nor, if they came as text, read files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Template {
    None,
    File,
    Text,
}

/// Where in an expression the walk is: the world, and the variables declared on the way.
#[derive(Clone, Copy)]
struct Context<'a> {
    world: &'a World<'a>,
    locals: Option<&'a Local<'a>>,
}

/// A variable of a `for`, or the element of a splat, and those declared further out.
struct Local<'a> {
    name: &'a str,
    value: Value,
    outer: Option<&'a Local<'a>>,
}

/// The name of a splat's element, which no identifier can have.
const ELEMENT: &str = "*";

/// The outcome of evaluating a part.
type Outcome = Result<Value, Failed>;

/// The part's mistakes were reported; `stand_in` is what others may still check it as.
struct Failed {
    stand_in: Box<Value>,
    reported: Reported,
}

impl From<Reported> for Failed {
    fn from(reported: Reported) -> Self {
        Self::as_value(reported, Value::unknown(Type::Dynamic))
    }
}

impl Failed {
    fn as_value(reported: Reported, stand_in: Value) -> Self {
        Self { stand_in: Box::new(stand_in), reported }
    }
}

/// Keeps account of whether a part of something failed.
#[derive(Default)]
struct Parts {
    failed: Option<Reported>,
}

impl Parts {
    /// Returns the value, or what stands for it.
    fn take(&mut self, outcome: Outcome) -> Value {
        outcome.unwrap_or_else(|failed| {
            self.failed = Some(failed.reported);
            *failed.stand_in
        })
    }

    fn fail(&mut self, reported: Reported) {
        self.failed = Some(reported);
    }

    /// Returns the whole, which failed if a part did.
    fn finish(self, whole: Value) -> Outcome {
        match self.failed {
            None => Ok(whole),
            Some(reported) => Err(Failed::as_value(reported, whole)),
        }
    }
}

impl<'a> World<'a> {
    fn new(roots: Roots<'a>, host: &'a dyn Host, template: Template) -> Self {
        Self { roots, host, template, console: false, calls: true, depth: Cell::new(0) }
    }
}

/// One level of nesting, left when dropped.
struct Level<'a>(&'a Cell<usize>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<'a> Context<'a> {
    fn new(world: &'a World<'a>) -> Self {
        Self { world, locals: None }
    }

    /// The context in which one more variable is declared.
    fn with<'b>(&'b self, local: &'b Local<'b>) -> Context<'b> {
        Context { world: self.world, locals: Some(local) }
    }

    fn local(&self, name: &str) -> Option<&'a Value> {
        let mut next = self.locals;
        while let Some(local) = next {
            if local.name == name {
                return Some(&local.value);
            }
            next = local.outer;
        }
        None
    }

    fn enter(&self, span: Span, diags: &mut Diagnostics) -> Result<Level<'a>, Reported> {
        let depth = &self.world.depth;
        if depth.get() >= MAX_DEPTH {
            return Err(diags.error(
                Diagnostic::error("Expression nested too deeply")
                    .at(span)
                    .detail(format!("Expressions may nest at most {MAX_DEPTH} levels deep."))
                    .help("move inner parts of this expression into local values"),
            ));
        }
        depth.set(depth.get() + 1);
        Ok(Level(depth))
    }

    fn eval(&self, expr: &Expr, diags: &mut Diagnostics) -> Outcome {
        let _level = self.enter(expr.span, diags)?;
        match &expr.kind {
            ExprKind::Literal(value) => Ok(value.clone()),
            ExprKind::Template(parts) => self.template(parts, diags),
            ExprKind::Wrap(inner) | ExprKind::Parens(inner) => self.eval(inner, diags),
            ExprKind::Traversal { root, steps } => self.traversal(root, steps, diags),
            ExprKind::Relative { base, steps } => self.relative(base, steps, diags),
            ExprKind::Index { base, key } => self.index(expr.span, base, key, diags),
            ExprKind::Splat { base, each, .. } => self.splat(base, each, diags),
            ExprKind::Each => {
                Ok(self.local(ELEMENT).cloned().unwrap_or_else(|| Value::unknown(Type::Dynamic)))
            }
            ExprKind::Call { name, args, expand } => self.call(expr.span, name, args, *expand, diags),
            ExprKind::Tuple(elements) => self.tuple(elements, diags),
            ExprKind::Object(entries) => self.object(entries, diags),
            ExprKind::For(spec) => self.for_expr(spec, diags),
            ExprKind::Conditional { .. } => self.conditional(expr, diags),
            ExprKind::Binary { .. } => self.binary(expr, diags),
            ExprKind::Unary { op, operand, .. } => self.unary(*op, operand, expr.span, diags),
        }
    }

    fn traversal(&self, root: &Ident, steps: &[Step], diags: &mut Diagnostics) -> Outcome {
        if let Some(value) = self.local(&root.name) {
            return index::walk(value, steps, diags);
        }
        match self.world.roots {
            Roots::Found(found) => {
                let reference = reference(root, steps).map_err(|diagnostic| diags.error(diagnostic))?;
                match found.get(&reference.subject) {
                    Some(value) => index::walk(value, &reference.rest, diags),
                    None => Err(diags.error(unknown_variable(root)).into()),
                }
            }
            Roots::Variables(variables) => match variables.get(&Str::new(&root.name)) {
                Some(value) => index::walk(value, steps, diags),
                None => Err(diags.error(unknown_variable(root)).into()),
            },
        }
    }

    fn relative(&self, base: &Expr, steps: &[Step], diags: &mut Diagnostics) -> Outcome {
        let mut parts = Parts::default();
        let base = parts.take(self.eval(base, diags));
        let value = parts.take(index::walk(&base, steps, diags));
        parts.finish(value)
    }
}

fn unknown_variable(root: &Ident) -> Diagnostic {
    Diagnostic::error("Unknown variable")
        .at(root.span)
        .detail(format!("There is no variable named {}.", quote(&root.name)))
}
