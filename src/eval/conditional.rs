//! Conditionals: `condition ? a : b`, and `%{ if }` in templates.
//!
//! Both branches are evaluated, because the result has a type that both convert to; but only the chosen branch's
//! mistakes are reported.

use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::syntax::{Expr, ExprKind};
use crate::value::{Number, Refinement, Type, Value, convert, unify};

use super::{Context, Failed, Outcome, Parts, quote};

/// A branch that was evaluated, with its own complaints.
pub(super) struct Branch {
    value: Value,
    failed: Option<Reported>,
    diags: Diagnostics,
    span: Span,
}

impl Branch {
    pub(super) fn new(span: Span, eval: impl FnOnce(&mut Diagnostics) -> Outcome) -> Self {
        let mut diags = Diagnostics::new();
        let mut parts = Parts::default();
        let value = parts.take(eval(&mut diags));
        Self { value, failed: parts.failed, diags, span }
    }
}

impl Context<'_> {
    /// Goes along a chain of `a ? b : c ? d : …` in a loop, from its end: such chains may be long.
    pub(super) fn conditional(&self, expr: &Expr, diags: &mut Diagnostics) -> Outcome {
        let mut chain = Vec::new();
        let mut last = expr;
        while let ExprKind::Conditional { condition, then, otherwise } = &last.kind {
            chain.push((&**condition, &**then, last.span));
            last = otherwise;
        }
        let mut otherwise = Branch::new(last.span, |diags| self.eval(last, diags));
        let (condition, then, _) = chain.remove(0);
        for (condition, then, span) in chain.into_iter().rev() {
            let then = Branch::new(then.span, |diags| self.eval(then, diags));
            otherwise = Branch::new(span, |diags| self.choose(condition, then, otherwise, diags));
        }
        let then = Branch::new(then.span, |diags| self.eval(then, diags));
        self.choose(condition, then, otherwise, diags)
    }

    pub(super) fn choose(
        &self,
        condition: &Expr,
        then: Branch,
        otherwise: Branch,
        diags: &mut Diagnostics,
    ) -> Outcome {
        let Some(ty) = common_type(&then.value, &otherwise.value) else {
            return Err(diags.error(inconsistent(&then, &otherwise)).into());
        };
        let mut parts = Parts::default();
        let value = parts.take(self.eval(condition, diags));
        let (value, marks) = value.unmark();
        // Which of the two was chosen may tell something of the other, so the marks of both count.
        let both = then.value.marks().union(otherwise.value.marks());
        if !value.is_null() && !value.is_known() {
            return parts.finish(undecided(&then.value, &otherwise.value, &ty).mark(marks));
        }
        let truth = truth(&value, condition.span, diags)
            .map_err(|reported| Failed::as_value(reported, Value::unknown(ty.clone())))?;
        let (branch, which) = if truth { (then, "true") } else { (otherwise, "false") };
        let value = parts.take(take(branch, which, &ty, diags));
        parts.finish(value.mark(marks.union(both)))
    }
}

/// Returns the truth of a known condition.
fn truth(condition: &Value, span: Span, diags: &mut Diagnostics) -> Result<bool, Reported> {
    if condition.is_null() {
        return Err(diags.error(
            Diagnostic::error("Null condition")
                .at(span)
                .detail("The condition value is null. Conditions must either be true or false."),
        ));
    }
    match convert(condition, &Type::Bool) {
        Ok(Value::Bool(truth)) => Ok(truth),
        _ => Err(diags.error(
            Diagnostic::error("Incorrect condition type")
                .at(span)
                .detail("The condition expression must be of type bool."),
        )),
    }
}

/// Reports the chosen branch's mistakes and converts its value to the result's type.
fn take(branch: Branch, which: &str, ty: &Type, diags: &mut Diagnostics) -> Outcome {
    diags.append(branch.diags);
    let converted = if *ty == Type::Dynamic { Ok(branch.value) } else { convert(&branch.value, ty) };
    let value = converted.map_err(|error| {
        let detail = format!("The {which} result value has the wrong type: {}.", error.message);
        let diagnostic =
            Diagnostic::error("Inconsistent conditional result types").at(branch.span).detail(detail);
        Failed::as_value(diags.error(diagnostic), Value::unknown(ty.clone()))
    })?;
    let mut parts = Parts { failed: branch.failed };
    let value = parts.take(Ok(value));
    parts.finish(value)
}

/// Returns the type that both convert to. A bare `null` takes the other's type; with a type not known yet the
/// result's is not known either.
fn common_type(then: &Value, otherwise: &Value) -> Option<Type> {
    let bare_null = |value: &Value| matches!(value, Value::Null(Type::Dynamic));
    let (then_type, otherwise_type) = (then.ty(), otherwise.ty());
    if bare_null(then) {
        Some(otherwise_type)
    } else if bare_null(otherwise) {
        Some(then_type)
    } else if then_type == Type::Dynamic || otherwise_type == Type::Dynamic {
        Some(Type::Dynamic)
    } else {
        unify(&[then_type, otherwise_type])
    }
}

/// Returns what is known of the result while the condition is not.
fn undecided(then: &Value, otherwise: &Value, ty: &Type) -> Value {
    let (then, then_marks) = then.unmark();
    let (otherwise, otherwise_marks) = otherwise.unmark();
    let marks = then_marks.union(otherwise_marks);
    if then.is_null() && otherwise.is_null() {
        return Value::null(ty.clone()).mark(marks);
    }
    let mut known =
        Refinement { not_null: never_null(&then) && never_null(&otherwise), ..Refinement::default() };
    let (then_type, otherwise_type) = (then.ty(), otherwise.ty());
    if then_type == Type::Number && otherwise_type == Type::Number {
        known.at_least = outer(at_least(&then), at_least(&otherwise), |a, b| a < b);
        known.at_most = outer(at_most(&then), at_most(&otherwise), |a, b| a > b);
    } else if ty.is_collection() && then_type == otherwise_type {
        known.length = lengths(&then, &otherwise);
    }
    Value::refined(ty.clone(), known).mark(marks)
}

fn never_null(value: &Value) -> bool {
    match value {
        Value::Null(_) => false,
        Value::Unknown(_, known) => known.not_null,
        _ => true,
    }
}

type Bound = (Number, bool);

fn at_least(value: &Value) -> Option<Bound> {
    match value {
        Value::Number(number) => Some((number.clone(), true)),
        Value::Unknown(_, known) => known.at_least.clone(),
        _ => None,
    }
}

fn at_most(value: &Value) -> Option<Bound> {
    match value {
        Value::Number(number) => Some((number.clone(), true)),
        Value::Unknown(_, known) => known.at_most.clone(),
        _ => None,
    }
}

/// Returns the bound that lies further out; of equal ones the one that is itself possible.
fn outer(a: Option<Bound>, b: Option<Bound>, further: fn(&Number, &Number) -> bool) -> Option<Bound> {
    let ((a, a_possible), (b, b_possible)) = (a?, b?);
    Some(if further(&a, &b) {
        (a, a_possible)
    } else if further(&b, &a) {
        (b, b_possible)
    } else {
        (a, a_possible || b_possible)
    })
}

fn lengths(a: &Value, b: &Value) -> Option<(usize, usize)> {
    let range = |value: &Value| match value {
        Value::Unknown(_, known) => known.length,
        // A set with unknown elements may lose some of them when they turn out equal.
        Value::Set(_, items) if !value.is_wholly_known() => Some((1, items.len())),
        _ => value.length().map(|length| (length, length)),
    };
    let (a, b) = (range(a)?, range(b)?);
    Some((a.0.min(b.0), a.1.max(b.1)))
}

fn inconsistent(then: &Branch, otherwise: &Branch) -> Diagnostic {
    let mismatch = mismatch(&then.value.ty(), &otherwise.value.ty());
    Diagnostic::error("Inconsistent conditional result types")
        .at(then.span.to(otherwise.span))
        .detail(format!("The true and false result expressions must have consistent types. {mismatch}."))
}

/// Says how the types of the branches differ: as far inside as their kinds agree, and first by name.
fn mismatch(then: &Type, otherwise: &Type) -> String {
    let inside = match (then, otherwise) {
        (Type::Object(then), Type::Object(otherwise)) => objects(then, otherwise),
        (Type::Tuple(then), Type::Tuple(otherwise)) => tuples(then, otherwise),
        (Type::List(then), Type::List(otherwise)) => elements("list", then, otherwise),
        (Type::Set(then), Type::Set(otherwise)) => elements("set", then, otherwise),
        (Type::Map(then), Type::Map(otherwise)) => elements("map", then, otherwise),
        _ => None,
    };
    inside.unwrap_or_else(|| kinds(then, otherwise))
}

type Fields = std::collections::BTreeMap<crate::value::Str, Type>;

fn objects(then: &Fields, otherwise: &Fields) -> Option<String> {
    let absent = |name: &str, here: &str, there: &str| {
        let name = quote(name);
        format!("The '{here}' value includes object attribute {name}, which is absent in the '{there}' value")
    };
    for (name, ty) in then {
        match otherwise.get(name) {
            None => return Some(absent(name, "true", "false")),
            Some(other) if other != ty => {
                let inside = mismatch(ty, other);
                return Some(format!("Type mismatch for object attribute {}: {inside}", quote(name)));
            }
            Some(_) => {}
        }
    }
    let extra = otherwise.keys().find(|name| !then.contains_key(*name))?;
    Some(absent(extra, "false", "true"))
}

fn tuples(then: &[Type], otherwise: &[Type]) -> Option<String> {
    let (here, there) = (then.len(), otherwise.len());
    if here != there {
        return Some(format!("The 'true' tuple has length {here}, but the 'false' tuple has length {there}"));
    }
    let (at, (ty, other)) = then.iter().zip(otherwise).enumerate().find(|(_, (ty, other))| ty != other)?;
    Some(format!("Type mismatch for tuple element {at}: {}", mismatch(ty, other)))
}

/// "list of object" on both sides would say nothing, so look inside.
fn elements(noun: &str, then: &Type, otherwise: &Type) -> Option<String> {
    match (then, otherwise) {
        (Type::Object(_), Type::Object(_)) | (Type::Tuple(_), Type::Tuple(_)) => {
            Some(format!("Mismatched {noun} element types: {}", mismatch(then, otherwise)))
        }
        _ => None,
    }
}

fn kinds(then: &Type, otherwise: &Type) -> String {
    let (then, otherwise) = (then.friendly_name(), otherwise.friendly_name());
    if then == otherwise {
        "At least one deeply-nested attribute or element is not compatible across both the 'true' and the 'false' \
         value"
            .to_owned()
    } else {
        format!("The 'true' value is {then}, but the 'false' value is {otherwise}")
    }
}
