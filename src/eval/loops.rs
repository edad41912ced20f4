//! `for` expressions: `[for …]`, `{for …}` and `%{ for }` in templates.
//!
//! An element whose condition or key is unknown makes the whole result unknown, but the rest is still checked. The marks
//! of the collection, the conditions and the keys go to the whole result.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::syntax::{Expr, For, Ident};
use crate::value::{Marks, Str, Type, Value, convert};

use super::{Context, Failed, Local, Outcome, Parts, quote};

/// The variables that a `for` declares.
#[derive(Clone, Copy)]
pub(super) struct Variables<'a> {
    pub key: Option<&'a Ident>,
    pub value: &'a Ident,
}

/// The keys and values to iterate over (`None` while they are unknown), and the collection's marks.
pub(super) type Items = (Option<Vec<(Value, Value)>>, Marks);

/// What the elements so far tell of the whole.
struct Gathered {
    parts: Parts,
    marks: Marks,
    /// False once an element makes the whole unknown.
    known: bool,
}

impl Gathered {
    fn finish(self, whole: impl FnOnce() -> Value) -> Outcome {
        let value = if self.known { whole() } else { Value::unknown(Type::Dynamic) };
        self.parts.finish(value.mark(self.marks))
    }

    /// Reports what is wrong with an element; of the same mistake in many elements only the first counts.
    fn complain(&mut self, diagnostic: Diagnostic, diags: &mut Diagnostics) {
        if self.known || self.parts.failed.is_none() {
            self.parts.fail(diags.error(diagnostic));
        }
        self.known = false;
    }
}

impl Context<'_> {
    pub(super) fn for_expr(&self, spec: &For, diags: &mut Diagnostics) -> Outcome {
        let (items, marks) = self.items(&spec.collection, diags)?;
        let Some(items) = items else {
            return Ok(Value::unknown(Type::Dynamic).mark(marks));
        };
        if let Some(condition) = &spec.condition {
            self.check_condition(spec, condition, diags)?;
        }
        let gathered = Gathered { parts: Parts::default(), marks, known: true };
        match &spec.key {
            None => self.gather_tuple(spec, items, gathered, diags),
            Some(key) if spec.group => self.gather_groups(spec, key, items, gathered, diags),
            Some(key) => self.gather_object(spec, key, items, gathered, diags),
        }
    }

    /// Evaluates the collection of a `for`.
    pub(super) fn items(&self, collection: &Expr, diags: &mut Diagnostics) -> Result<Items, Failed> {
        let value = self.eval(collection, diags).map_err(|failed| Failed::from(failed.reported))?;
        let (value, marks) = value.unmark();
        let refuse = |diagnostic: Diagnostic, diags: &mut Diagnostics| {
            diags.error(diagnostic.at(collection.span)).into()
        };
        match &value {
            Value::Null(_) => Err(refuse(over_null(), diags)),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Err(refuse(not_iterable(&value.ty()), diags))
            }
            Value::Unknown(ty, _) if ty.is_primitive() => Err(refuse(not_iterable(ty), diags)),
            Value::Unknown(..) => Ok((None, marks)),
            _ => Ok((Some(value.elements().collect()), marks)),
        }
    }

    /// Runs `inside` with the variables set to one element.
    pub(super) fn with_item<R>(
        &self,
        variables: Variables,
        (key, value): (Value, Value),
        inside: impl FnOnce(&Context) -> R,
    ) -> R {
        let key_name = variables.key.map(|ident| &*ident.name);
        let outer = key_name.map(|name| Local { name, value: key, outer: self.locals });
        let value = Local { name: &variables.value.name, value, outer: outer.as_ref().or(self.locals) };
        inside(&self.with(&value))
    }

    /// Tries the condition on elements of which nothing is known: what is wrong whatever the element is reported once,
    /// and also for a collection that is empty.
    fn check_condition(&self, spec: &For, condition: &Expr, diags: &mut Diagnostics) -> Result<(), Failed> {
        let unknown = || Value::unknown(Type::Dynamic);
        let value =
            self.with_item(variables(spec), (unknown(), unknown()), |inner| inner.eval(condition, diags))?;
        let problem = if value.is_null() {
            Diagnostic::error("Condition is null").detail("The value of the 'if' clause must not be null.")
        } else if let Err(error) = convert(&value, &Type::Bool) {
            invalid_condition(&error.message)
        } else {
            return Ok(());
        };
        Err(diags.error(problem.at(condition.span)).into())
    }

    fn gather_tuple(
        &self,
        spec: &For,
        items: Vec<(Value, Value)>,
        mut gathered: Gathered,
        diags: &mut Diagnostics,
    ) -> Outcome {
        let mut values = Vec::new();
        for item in items {
            self.with_item(variables(spec), item, |inner| {
                if inner.included(spec, &mut gathered, diags) {
                    values.push(gathered.parts.take(inner.eval(&spec.value, diags)));
                }
            });
        }
        gathered.finish(|| Value::tuple(values))
    }

    fn gather_groups(
        &self,
        spec: &For,
        key: &Expr,
        items: Vec<(Value, Value)>,
        mut gathered: Gathered,
        diags: &mut Diagnostics,
    ) -> Outcome {
        let mut groups: BTreeMap<Str, Vec<Value>> = BTreeMap::new();
        for item in items {
            self.with_item(variables(spec), item, |inner| {
                if let Some((key, value)) = inner.entry(spec, key, &mut gathered, diags) {
                    groups.entry(key).or_default().push(value);
                }
            });
        }
        gathered.finish(|| {
            Value::object(groups.into_iter().map(|(key, values)| (key, Value::tuple(values))).collect())
        })
    }

    fn gather_object(
        &self,
        spec: &For,
        key: &Expr,
        items: Vec<(Value, Value)>,
        mut gathered: Gathered,
        diags: &mut Diagnostics,
    ) -> Outcome {
        let mut fields = BTreeMap::new();
        for item in items {
            self.with_item(variables(spec), item, |inner| {
                let Some((name, value)) = inner.entry(spec, key, &mut gathered, diags) else { return };
                match fields.entry(name) {
                    Entry::Vacant(place) => drop(place.insert(value)),
                    Entry::Occupied(taken) => {
                        gathered.parts.fail(diags.error(duplicate(taken.key(), key.span)));
                    }
                }
            });
        }
        gathered.finish(|| Value::object(fields.into()))
    }

    /// Returns the key and value of one element, if it has any.
    fn entry(
        &self,
        spec: &For,
        key: &Expr,
        gathered: &mut Gathered,
        diags: &mut Diagnostics,
    ) -> Option<(Str, Value)> {
        if !self.included(spec, gathered, diags) {
            return None;
        }
        let name = self.key(key, gathered, diags)?;
        let value = gathered.parts.take(self.eval(&spec.value, diags));
        Some((name, value))
    }

    fn key(&self, key: &Expr, gathered: &mut Gathered, diags: &mut Diagnostics) -> Option<Str> {
        let value = gathered.parts.take(self.eval(key, diags));
        let (value, marks) = value.unmark();
        let invalid = |detail: String| Diagnostic::error("Invalid object key").at(key.span).detail(detail);
        if value.is_null() {
            let detail = "Key expression in 'for' expression must not produce a null value.";
            gathered.complain(invalid(detail.to_owned()), diags);
            return None;
        }
        gathered.marks = gathered.marks.union(marks);
        if !value.is_known() {
            gathered.known = false;
            return None;
        }
        match convert(&value, &Type::String) {
            Ok(Value::String(name)) => Some(name),
            Ok(_) => None,
            Err(error) => {
                let detail = format!("The key expression produced an invalid result: {}.", error.message);
                gathered.complain(invalid(detail), diags);
                None
            }
        }
    }

    /// Returns whether the condition lets the element in.
    fn included(&self, spec: &For, gathered: &mut Gathered, diags: &mut Diagnostics) -> bool {
        let Some(condition) = &spec.condition else { return true };
        let value = gathered.parts.take(self.eval(condition, diags));
        let (value, marks) = value.unmark();
        gathered.marks = gathered.marks.union(marks);
        if value.is_null() {
            let null = Diagnostic::error("Invalid 'for' condition")
                .detail("The value of the 'if' clause must not be null.");
            gathered.complain(null.at(condition.span), diags);
            return false;
        }
        match convert(&value, &Type::Bool) {
            Ok(Value::Bool(included)) => included,
            Ok(_) => {
                gathered.known = false;
                false
            }
            Err(error) => {
                gathered.complain(invalid_condition(&error.message).at(condition.span), diags);
                false
            }
        }
    }
}

fn variables(spec: &For) -> Variables<'_> {
    Variables { key: spec.key_var.as_ref(), value: &spec.value_var }
}

fn over_null() -> Diagnostic {
    Diagnostic::error("Iteration over null value")
        .detail("A null value cannot be used as the collection in a 'for' expression.")
}

fn not_iterable(ty: &Type) -> Diagnostic {
    Diagnostic::error("Iteration over non-iterable value").detail(format!(
        "A value of type {} cannot be used as the collection in a 'for' expression.",
        ty.friendly_name()
    ))
}

fn invalid_condition(message: &str) -> Diagnostic {
    Diagnostic::error("Invalid 'for' condition")
        .detail(format!("The 'if' clause value is invalid: {message}."))
}

fn duplicate(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Duplicate object key").at(span).detail(format!(
        "Two different items produced the key {} in this 'for' expression. If duplicates are expected, use the \
         ellipsis (...) after the value expression to enable grouping by key.",
        quote(name)
    ))
}
