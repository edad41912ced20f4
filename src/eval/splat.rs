//! Splat expressions: `a.*.b` and `a[*].b` as "`.b` of each".
//!
//! What is neither list, set nor tuple counts as a tuple of itself, and as an empty one if it is null.

use crate::diag::{Diagnostic, Diagnostics};
use crate::syntax::Expr;
use crate::value::{Marks, Refinement, Type, Value};

use super::{Context, ELEMENT, Failed, Local, Outcome, Parts};

impl Context<'_> {
    pub(super) fn splat(&self, base: &Expr, each: &Expr, diags: &mut Diagnostics) -> Outcome {
        let (source, marks) =
            self.eval(base, diags).map_err(|failed| Failed::from(failed.reported))?.unmark();
        match source {
            Value::Null(Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                Err(diags.error(null_source(base)).into())
            }
            Value::Null(_) => Ok(Value::tuple(Vec::new()).mark(marks)),
            Value::Unknown(Type::Dynamic, _) => Ok(Value::unknown(Type::Dynamic).mark(marks)),
            Value::Unknown(Type::List(element) | Type::Set(element), known) => {
                let mut parts = Parts::default();
                let item = parts.take(self.element(Value::unknown((*element).clone()), each, diags));
                parts.finish(unknown_list(item.ty(), &known).mark(marks))
            }
            Value::Unknown(Type::Tuple(types), _) => {
                let items = types.iter().map(|ty| Value::unknown(ty.clone()));
                let (items, parts) = self.elements(items, each, diags);
                parts.finish(Value::unknown_not_null(Value::tuple(items).ty()).mark(marks))
            }
            Value::Unknown(ty, known) => self.upgraded(Value::Unknown(ty, known), marks, each, diags),
            Value::List(element, items) | Value::Set(element, items) => {
                self.splat_collection(element, &items, each, marks, diags)
            }
            Value::Tuple(items) => {
                let (items, parts) = self.elements(items.iter().cloned(), each, diags);
                parts.finish(Value::tuple(items).mark(marks))
            }
            single => {
                let item = self.element(single.mark(marks), each, diags)?;
                Ok(Value::tuple(vec![item]).mark(marks))
            }
        }
    }

    /// Works on an unknown single value. While it may turn out null, the number of elements is not known either, but
    /// what follows the splat is checked all the same.
    fn upgraded(&self, single: Value, marks: Marks, each: &Expr, diags: &mut Diagnostics) -> Outcome {
        let may_be_null = !matches!(&single, Value::Unknown(_, known) if known.not_null);
        let item = self.element(single.mark(marks), each, diags)?;
        let result = if may_be_null { Value::unknown(Type::Dynamic) } else { Value::tuple(vec![item]) };
        Ok(result.mark(marks))
    }

    fn splat_collection(
        &self,
        element: Type,
        items: &[Value],
        each: &Expr,
        marks: Marks,
        diags: &mut Diagnostics,
    ) -> Outcome {
        let (results, parts) = self.elements(items.iter().cloned(), each, diags);
        // An element of this type, whatever its value, tells the type of an empty result.
        let ty = match results.first() {
            Some(first) => first.ty(),
            None => self.element(Value::unknown(element), each, diags)?.ty(),
        };
        if results.iter().any(|item| item.ty() != ty) {
            let reported = parts.failed.unwrap_or_else(|| diags.error(mixed(each)));
            return Err(reported.into());
        }
        parts.finish(Value::list(ty, results).mark(marks))
    }

    fn elements(
        &self,
        items: impl Iterator<Item = Value>,
        each: &Expr,
        diags: &mut Diagnostics,
    ) -> (Vec<Value>, Parts) {
        let mut parts = Parts::default();
        let results = items.map(|item| parts.take(self.element(item, each, diags))).collect();
        (results, parts)
    }

    fn element(&self, value: Value, each: &Expr, diags: &mut Diagnostics) -> Outcome {
        let element = Local { name: ELEMENT, value, outer: self.locals };
        self.with(&element).eval(each, diags)
    }
}

/// The list has as many elements as the source will have.
fn unknown_list(element: Type, source: &Refinement) -> Value {
    let known = Refinement { not_null: true, length: source.length, ..Refinement::default() };
    Value::refined(Type::list(element), known)
}

fn null_source(base: &Expr) -> Diagnostic {
    Diagnostic::error("Splat of null value")
        .at(base.span)
        .detail("Splat expressions (with the * symbol) cannot be applied to null sequences.")
}

fn mixed(each: &Expr) -> Diagnostic {
    Diagnostic::error("Invalid nested splat expressions").at(each.span).detail(
        "The second level of splat expression produced elements of different types, so it isn't possible to construct \
         a valid list to represent the top-level result.\n\nConsider using a for expression instead, to produce a \
         tuple-typed result which can therefore have non-homogenous element types.",
    )
}
