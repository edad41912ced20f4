//! The references of an expression: which traversals mean something outside it, and what they mean.
//!
//! The grammar is Terraform's: `var.x`, `local.x`, `module.x…`, `data.kind.name…`, `each.key`, `count.index`, `self`,
//! `path.module`; any other root is a kind, and the attribute after it names a resource.

use std::collections::{BTreeMap, BTreeSet};

use crate::addr::{Name, ResourceAddr};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::syntax::{Expr, ExprKind, For, Ident, ObjectKey, Step, TemplatePart};
use crate::value::Value;

use super::{Scope, quote};

/// A traversal that leaves the expression.
#[derive(Clone, Debug)]
pub struct Reference {
    pub subject: Subject,
    /// The steps after the subject.
    pub rest: Vec<Step>,
    /// Where the subject is written, without `rest`.
    pub span: Span,
}

/// What a reference is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Variable(Name),
    Local(Name),
    Module(Name),
    /// A managed resource or a data source, with all its objects.
    Resource(ResourceAddr),
    /// `each.key` or `each.value`.
    Each(Name),
    /// `count.index`.
    Count(Name),
    SelfObject,
    /// `path.module`, `path.root` or `path.cwd`.
    Path(Name),
    /// `isotope.workspace` or `isotope.version`.
    Isotope(Name),
}

/// Returns what a traversal refers to. The error has Terraform's words.
#[expect(clippy::result_large_err, reason = "the error is reported at once and never passed on")]
pub fn reference(root: &Ident, steps: &[Step]) -> Result<Reference, Diagnostic> {
    match &*root.name {
        "var" => named(root, steps, Subject::Variable),
        "local" => named(root, steps, Subject::Local),
        "module" => module(root, steps),
        "data" => data(root, steps),
        "each" => named(root, steps, Subject::Each),
        "count" => named(root, steps, Subject::Count),
        "path" => named(root, steps, Subject::Path),
        "isotope" => named(root, steps, Subject::Isotope),
        "self" => Ok(Reference { subject: Subject::SelfObject, rest: steps.to_vec(), span: root.span }),
        _ => resource(root.span, root, steps, ResourceAddr::managed, "resource type"),
    }
}

/// Returns every reference of an expression in the order of the source; malformed ones are left out.
pub fn references(expr: &Expr) -> Vec<Reference> {
    traversals(expr).into_iter().filter_map(|(root, steps)| reference(root, steps).ok()).collect()
}

/// Returns the first words of all that an expression refers to: in an expression over a few variables, those it uses.
pub fn roots(expr: &Expr) -> BTreeSet<Name> {
    traversals(expr).into_iter().map(|(root, _)| root.name.clone()).collect()
}

/// Looks up every reference of an expression, and reports all that are wrong.
pub(super) fn look_up(
    expr: &Expr,
    scope: &dyn Scope,
    diags: &mut Diagnostics,
) -> Result<BTreeMap<Subject, Value>, Reported> {
    let mut found = BTreeMap::new();
    let mut failed = None;
    for (root, steps) in traversals(expr) {
        let looked_up = reference(root, steps)
            .map_err(|diagnostic| diags.error(diagnostic))
            .and_then(|reference| Ok((scope.lookup(&reference, diags)?, reference.subject)));
        match looked_up {
            Ok((value, subject)) => drop(found.insert(subject, value)),
            Err(reported) => failed = Some(reported),
        }
    }
    failed.map_or(Ok(found), Err)
}

/// Returns the traversals whose root no `for` of the expression declares.
pub(super) fn traversals(expr: &Expr) -> Vec<(&Ident, &[Step])> {
    let mut walk = Walk::default();
    walk.expr(expr);
    walk.found
}

#[expect(clippy::result_large_err, reason = "see `reference`")]
fn named(root: &Ident, steps: &[Step], subject: fn(Name) -> Subject) -> Result<Reference, Diagnostic> {
    let Some(Step::Attr(name)) = steps.first() else {
        return Err(without_name(root, steps.first(), subject(Name::from(""))));
    };
    let subject = subject(name.name.clone());
    let span = root.span.to(name.span);
    match invalid_attribute(&subject) {
        Some(diagnostic) => Err(diagnostic.at(span)),
        None => Ok(Reference { subject, rest: steps[1..].to_vec(), span }),
    }
}

/// The complaint about `var`, `var[0]` and the like. Terraform first speaks of a thing with an empty name.
fn without_name(root: &Ident, step: Option<&Step>, subject: Subject) -> Diagnostic {
    let (span, explanation) = match step {
        None => (root.span, cannot_access(&root.name)),
        Some(step) => (span_of(step), does_not_support(&root.name)),
    };
    let diagnostic = match &subject {
        Subject::Module(_) => return Diagnostic::error("Invalid reference").at(span).detail(explanation),
        subject => invalid_attribute(subject).unwrap_or_else(|| super::empty::not_declared(subject)),
    };
    diagnostic.at(span).help(explanation)
}

fn cannot_access(root: &str) -> String {
    format!("The {} object cannot be accessed directly. Instead, access one of its attributes.", quote(root))
}

fn does_not_support(root: &str) -> String {
    format!("The {} object does not support this operation.", quote(root))
}

/// The complaint about a name that an object with a fixed set of names does not have.
fn invalid_attribute(subject: &Subject) -> Option<Diagnostic> {
    let (object, name, known, remark): (_, _, &[&str], _) = match subject {
        Subject::Each(name) => ("each", name, &["key", "value"], EACH_NAMES),
        Subject::Count(name) => ("count", name, &["index"], COUNT_NAMES),
        Subject::Path(name) => ("path", name, &["module", "root", "cwd"], ""),
        Subject::Isotope(name) => ("isotope", name, &["workspace", "version"], ISOTOPE_NAMES),
        _ => return None,
    };
    if known.contains(&&**name) {
        return None;
    }
    let detail = format!("The \"{object}\" object does not have an attribute named {}.{remark}", quote(name));
    let diagnostic = Diagnostic::error(format!("Invalid \"{object}\" attribute")).detail(detail);
    Some(match crate::diag::did_you_mean(name, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{object}.{near}`?")),
        None => diagnostic,
    })
}

const EACH_NAMES: &str = " The supported attributes are each.key and each.value, the current key and value pair of \
    the \"for_each\" attribute set.";
const COUNT_NAMES: &str = " The only supported attribute is count.index, which is the index of each instance of a \
    resource block that has the \"count\" argument set.";
const ISOTOPE_NAMES: &str = " The only supported attributes are isotope.workspace, the name of the currently-selected \
    workspace, and isotope.version, the version of this program.";

#[expect(clippy::result_large_err, reason = "see `reference`")]
fn module(root: &Ident, steps: &[Step]) -> Result<Reference, Diagnostic> {
    let reference = named(root, steps, Subject::Module)?;
    let mut after = &reference.rest[..];
    if let [Step::Index(key, span), rest @ ..] = after {
        check_key(key, *span, "module")?;
        after = rest;
    }
    match after.first() {
        Some(step @ Step::Index(..)) => Err(Diagnostic::error("Invalid reference")
            .at(span_of(step))
            .detail("Module instance objects do not support this operation.")),
        _ => Ok(reference),
    }
}

#[expect(clippy::result_large_err, reason = "see `reference`")]
fn data(root: &Ident, steps: &[Step]) -> Result<Reference, Diagnostic> {
    let invalid = |span, detail: &str| Diagnostic::error("Invalid reference").at(span).detail(detail);
    match steps {
        [] | [_] => {
            let span = steps.last().map_or(root.span, |step| root.span.to(span_of(step)));
            Err(invalid(
                span,
                "The \"data\" object must be followed by two attribute names: the data source type and the resource name.",
            ))
        }
        [Step::Attr(kind), rest @ ..] => resource(root.span, kind, rest, ResourceAddr::data, "data source"),
        [step, ..] => Err(invalid(span_of(step), "The \"data\" object does not support this operation.")),
    }
}

#[expect(clippy::result_large_err, reason = "see `reference`")]
fn resource(
    start: Span,
    kind: &Ident,
    steps: &[Step],
    addr: fn(&str, &str) -> ResourceAddr,
    what: &str,
) -> Result<Reference, Diagnostic> {
    let Some(Step::Attr(name)) = steps.first() else {
        return Err(Diagnostic::error("Invalid reference").at(steps.first().map_or(kind.span, span_of)).detail(
            format!(
                "A reference to a {what} must be followed by at least one attribute access, specifying the resource name."
            ),
        ));
    };
    if let Some(Step::Index(key, span)) = steps.get(1) {
        check_key(key, *span, "resource")?;
    }
    let subject = Subject::Resource(addr(&kind.name, &name.name));
    Ok(Reference { subject, rest: steps[1..].to_vec(), span: start.to(name.span) })
}

/// The key of an object must be a string or a whole number.
#[expect(clippy::result_large_err, reason = "see `reference`")]
fn check_key(key: &Value, span: Span, what: &str) -> Result<(), Diagnostic> {
    let problem = match key {
        Value::String(_) => return Ok(()),
        Value::Number(number) if number.as_i64().is_some() => return Ok(()),
        Value::Number(_) => {
            "value must be a whole number, between -9223372036854775808 and 9223372036854775807"
        }
        _ => "either a string or an integer is required",
    };
    Err(Diagnostic::error("Invalid index key")
        .at(span)
        .detail(format!("Invalid index for {what} instance: {problem}.")))
}

fn span_of(step: &Step) -> Span {
    match step {
        Step::Attr(name) => name.span,
        Step::Index(_, span) => *span,
    }
}

/// Collects traversals; `declared` are the variables of the `for`s around the place.
#[derive(Default)]
struct Walk<'a> {
    declared: Vec<&'a str>,
    found: Vec<(&'a Ident, &'a [Step])>,
}

impl<'a> Walk<'a> {
    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Each => {}
            ExprKind::Traversal { root, steps } => self.traversal(root, steps),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::Wrap(inner) | ExprKind::Parens(inner) => self.expr(inner),
            ExprKind::Relative { base, .. } => self.expr(base),
            ExprKind::Index { base, key } => self.exprs([&**base, key]),
            ExprKind::Splat { base, each, .. } => self.exprs([&**base, each]),
            ExprKind::Call { args, .. } => self.exprs(args),
            ExprKind::Tuple(elements) => self.exprs(elements),
            ExprKind::Object(entries) => self.object(entries),
            ExprKind::For(spec) => self.for_expr(spec),
            ExprKind::Conditional { .. } => self.conditional(expr),
            ExprKind::Binary { .. } => self.binary(expr),
            ExprKind::Unary { operand, .. } => self.expr(operand),
        }
    }

    fn exprs(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn traversal(&mut self, root: &'a Ident, steps: &'a [Step]) {
        if !self.declared.contains(&&*root.name) {
            self.found.push((root, steps));
        }
    }

    /// Goes down the left operands in a loop: long chains of one operator are common.
    fn binary(&mut self, expr: &'a Expr) {
        let mut operands = Vec::new();
        let mut next = expr;
        while let ExprKind::Binary { left, right, .. } = &next.kind {
            operands.push(&**right);
            next = left;
        }
        self.expr(next);
        self.exprs(operands.into_iter().rev());
    }

    /// Likewise along the last branches.
    fn conditional(&mut self, expr: &'a Expr) {
        let mut next = expr;
        while let ExprKind::Conditional { condition, then, otherwise } = &next.kind {
            self.exprs([&**condition, then]);
            next = otherwise;
        }
        self.expr(next);
    }

    fn object(&mut self, entries: &'a [(ObjectKey, Expr)]) {
        for (key, value) in entries {
            if let ObjectKey::Expr(key) = key {
                self.expr(key);
            }
            self.expr(value);
        }
    }

    fn for_expr(&mut self, spec: &'a For) {
        self.expr(&spec.collection);
        self.declaring(spec.key_var.as_ref(), &spec.value_var, |walk| {
            walk.exprs(spec.key.iter().chain([&spec.value]).chain(&spec.condition));
        });
    }

    fn template(&mut self, parts: &'a [TemplatePart]) {
        for part in parts {
            match part {
                TemplatePart::Literal(..) => {}
                TemplatePart::Interpolation(expr) => self.expr(expr),
                TemplatePart::If { condition, then, otherwise, .. } => {
                    self.expr(condition);
                    self.template(then);
                    self.template(otherwise.as_deref().unwrap_or_default());
                }
                TemplatePart::For { key_var, value_var, collection, body, .. } => {
                    self.expr(collection);
                    self.declaring(key_var.as_ref(), value_var, |walk| walk.template(body));
                }
            }
        }
    }

    fn declaring(&mut self, key: Option<&'a Ident>, value: &'a Ident, inside: impl FnOnce(&mut Self)) {
        let outside = self.declared.len();
        self.declared.extend(key.into_iter().chain([value]).map(|ident| &*ident.name));
        inside(self);
        self.declared.truncate(outside);
    }
}
