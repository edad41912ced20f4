//! One object's block → what it shall be: arguments evaluated, converted to the kind's schema, defaults filled in, secrets marked.

use super::evaluation::{Evaluation, Visit};
use crate::config::{Config, Resource};
use crate::diag::Span;
use crate::diag::{Diagnostic, Diagnostics, did_you_mean};
use crate::eval;
use crate::kind::{self, Attribute, Generate, Kind, Role};
use crate::syntax::{Expr, ExprKind, ObjectKey, Step};
use crate::value::{Marks, Path, PathStep, Str, Type, Value};
use std::collections::BTreeMap;

/// An object of every attribute that a configuration may set; null where it does not.
pub(super) fn desired(
    kind: &Kind,
    visit: &Visit<'_>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let before = diags.errors();
    let mut fields = BTreeMap::new();
    for attribute in kind.attributes.values().filter(|a| settable(a)) {
        let value = match argument(attribute, visit, evaluation, diags) {
            Argument::Given(value) => value,
            Argument::Absent => absent(attribute, visit, diags),
            Argument::Wrong => Value::unknown(attribute.ty()),
        };
        fields.insert(Str::from(&attribute.name), value);
    }
    let desired = kind::secrets(kind, Value::object(fields.into()));
    let place = |path: &Path| place(visit, path);
    kind::check(kind, &desired, &place, visit.resource.span, &visit.addr.to_string(), diags);
    (diags.errors() == before).then_some(desired)
}

/// Whether the configuration sets it.
pub fn settable(attribute: &Attribute) -> bool {
    matches!(attribute.role, Role::Required | Role::Optional | Role::Defaulted(_))
}

pub(super) enum Argument {
    Given(Value),
    Absent,
    Wrong,
}

/// One argument of a block, evaluated and converted.
pub(super) fn argument(
    attribute: &Attribute,
    visit: &Visit<'_>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Argument {
    let given = visit.resource.arguments.attributes.iter().find(|a| a.name.name == attribute.name);
    let Some(given) = given else { return Argument::Absent };
    let scope = evaluation.scope(visit.module, &visit.addr.module, &visit.repeat);
    let Ok(value) = eval::evaluate(&given.expr, &scope, diags) else { return Argument::Wrong };
    if value.contains_marks(Marks::EPHEMERAL) {
        diags.error(
            Diagnostic::error("Invalid use of ephemeral value")
                .at(given.expr.span)
                .label("comes from an ephemeral value, which is never stored")
                .detail("Ephemeral values are not valid in resource arguments, because resource instances must persist between Isotope phases.")
                .about(&visit.addr),
        );
        return Argument::Wrong;
    }
    if value.is_null() {
        return Argument::Absent;
    }
    if let Some((name, known)) = attribute.foreign(&value) {
        diags.error(foreign(attribute, &name, &known).at(given.expr.span).about(&visit.addr));
        return Argument::Wrong;
    }
    match attribute.convert(&value) {
        Ok(value) => Argument::Given(value),
        Err(problem) => {
            diags.error(
                Diagnostic::error("Incorrect attribute value type")
                    .at(given.expr.span)
                    .label(problem.to_string())
                    .detail(format!("Inappropriate value for attribute {:?}: {problem}.", &*attribute.name))
                    .about(&visit.addr),
            );
            Argument::Wrong
        }
    }
}

/// A name inside a value that the kind does not know: it would go nowhere.
fn foreign(attribute: &Attribute, name: &str, known: &[String]) -> Diagnostic {
    let near = did_you_mean(name, known.iter().map(String::as_str));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let detail =
        format!("Inappropriate value for attribute {:?}: unsupported attribute {name:?}.", &*attribute.name);
    Diagnostic::error("Incorrect attribute value type")
        .label(format!("`{}` has nothing called `{name}` in it{hint}", attribute.name))
        .detail(detail)
}

fn absent(attribute: &Attribute, visit: &Visit<'_>, diags: &mut Diagnostics) -> Value {
    match &attribute.role {
        Role::Defaulted(_) => default(attribute, visit, diags),
        Role::Required => {
            let given = visit.resource.arguments.attributes.iter().find(|a| a.name.name == attribute.name);
            // One that is missing altogether was reported with the block; here it is null.
            if let Some(given) = given {
                diags.error(
                    Diagnostic::error("Missing required argument")
                        .at(given.expr.span)
                        .label(format!("`{}` must not be null", attribute.name))
                        .detail(format!(
                            "The argument {:?} is required, but no definition was found.",
                            &*attribute.name
                        )),
                );
            }
            Value::null(attribute.ty())
        }
        _ => Value::null(attribute.ty()),
    }
}

fn default(attribute: &Attribute, visit: &Visit<'_>, diags: &mut Diagnostics) -> Value {
    match kind::default_value(attribute, &visit.addr.resource.name, &visit.addr.key) {
        Ok(value) => value.unwrap_or_else(|| Value::null(attribute.ty())),
        Err(problem) => {
            diags.error(
                Diagnostic::error("Invalid default value for attribute")
                    .at(visit.resource.span)
                    .label(format!("the default of `{}` cannot be evaluated: {problem}", attribute.name)),
            );
            Value::unknown(attribute.ty())
        }
    }
}

/// The place of an attribute, or of the key of an entry that is written out.
fn place(visit: &Visit<'_>, path: &Path) -> Span {
    let Some(argument) = argument_of(visit.resource, path) else { return visit.resource.span };
    match path.0.get(1).and_then(|step| entry(&argument.expr, step)) {
        Some((ObjectKey::Word(word), _)) => word.span,
        Some((ObjectKey::Expr(expr), _)) => expr.span,
        None => argument.expr.span,
    }
}

/// The expression that gives what is at a path: as deep as the block writes it out.
pub(super) fn written<'r>(resource: &'r Resource, path: &Path) -> Option<&'r Expr> {
    let mut expr = &argument_of(resource, path)?.expr;
    for step in path.0.iter().skip(1) {
        match entry(expr, step) {
            Some((_, inner)) => expr = inner,
            None => break,
        }
    }
    Some(expr)
}

fn argument_of<'r>(resource: &'r Resource, path: &Path) -> Option<&'r crate::syntax::Attribute> {
    let Some(PathStep::Attr(name)) = path.0.first() else { return None };
    resource.arguments.attributes.iter().find(|a| *a.name.name == **name)
}

/// The entry of an object constructor that a step leads to.
fn entry<'e>(expr: &'e Expr, step: &PathStep) -> Option<(&'e ObjectKey, &'e Expr)> {
    let ExprKind::Object(entries) = &expr.kind else { return None };
    let key: &str = match step {
        PathStep::Attr(key) | PathStep::Index(Value::String(key)) => key,
        PathStep::Index(_) => return None,
    };
    let found = entries.iter().find(|(entry, _)| match entry {
        ObjectKey::Word(word) => *word.name == *key,
        ObjectKey::Expr(expr) => matches!(&expr.kind, ExprKind::Literal(Value::String(s)) if **s == *key),
    });
    found.map(|(key, value)| (key, value))
}

/// What an object will be when it is made: what is desired, and unknown where the API decides.
pub(super) fn created(kind: &Kind, desired: &Value) -> Value {
    assemble(kind, desired, |attribute| match &attribute.role {
        // Made of nothing, it is nothing, and that is known already.
        Role::Generated(Generate::From(expr)) if made_of_nothing(expr, desired) => {
            Value::null(attribute.ty())
        }
        _ => unknown(attribute),
    })
}

/// Whether an expression of a kind is one attribute of its object, and that one is null.
fn made_of_nothing(expr: &Expr, desired: &Value) -> bool {
    match &expr.kind {
        ExprKind::Traversal { root, steps } => match steps.as_slice() {
            [Step::Attr(name)] if &*root.name == "object" => {
                desired.get_attr(&name.name).is_some_and(Value::is_null)
            }
            _ => false,
        },
        _ => false,
    }
}

/// An attribute that is not known before the API (or the engine) has answered.
pub(super) fn unknown(attribute: &Attribute) -> Value {
    let value = Value::unknown(attribute.ty());
    if attribute.sensitive { value.sensitive() } else { value }
}

/// An object with every attribute: the settable ones from `desired`, the others from `other`.
pub(super) fn assemble(kind: &Kind, desired: &Value, other: impl Fn(&Attribute) -> Value) -> Value {
    let field = |attribute: &Attribute| {
        if settable(attribute) {
            desired.get_attr(&attribute.name).cloned().unwrap_or_else(|| Value::null(attribute.ty()))
        } else {
            other(attribute)
        }
    };
    let fields = kind.attributes.values().map(|a| (Str::from(&a.name), field(a)));
    Value::object(fields.collect())
}

/// What references see of an object without a change: what is declared, secrets that no record keeps included, and for the rest the record.
pub fn seen(kind: &Kind, desired: &Value, record: &crate::state::Record) -> Value {
    assemble(kind, desired, |attribute| {
        let recorded = record.values.get_attr(&attribute.name).cloned();
        recorded.unwrap_or_else(|| unknown(attribute))
    })
}

/// An object of unknown values in the schema's types: what validation sees.
pub fn unknown_object(kind: &Kind, desired: &Value) -> Value {
    assemble(kind, desired, unknown)
}

/// The type that references to an object have.
pub fn object_type(kind: &Kind) -> Type {
    Type::object(kind.attributes.values().map(|a| (Str::from(&a.name), a.ty())).collect())
}

/// The visit of an object that the walk came to. `None` when no block declares it.
pub fn visit_of<'c>(addr: &crate::addr::ObjectAddr, evaluation: &Evaluation<'c>) -> Option<Visit<'c>> {
    let config: &'c Config = evaluation.config;
    let (module, of) = config.module_at(addr.module.names())?;
    let resource = of.resources.get(&addr.resource)?;
    let expansion = evaluation.expansion(&addr.module, &addr.resource)?;
    let repeat = expansion
        .has(&addr.key)
        .then(|| evaluation.repeat(module, &addr.module, &resource.repetition, expansion, &addr.key))?;
    Some(Visit { addr: addr.clone(), resource, module, repeat })
}

/// What an object shall be, once more, with what is known by now. `prior` is what `ignore_changes` keeps. `None` after a
/// complaint, or when no block declares it.
pub fn desired_of(
    addr: &crate::addr::ObjectAddr,
    prior: Option<&crate::state::Record>,
    evaluation: &Evaluation<'_>,
    diags: &mut Diagnostics,
) -> Option<Value> {
    let kind = evaluation.kinds.get(&addr.resource.kind)?;
    let visit = visit_of(addr, evaluation)?;
    let desired = desired(kind, &visit, evaluation, diags)?;
    Some(super::lifecycle::ignoring(visit.resource, desired, prior))
}
