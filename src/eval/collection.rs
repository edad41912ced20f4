//! Tuple and object constructors: `[a, b]` and `{ k = v }`.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::syntax::{Expr, ExprKind, ObjectKey};
use crate::value::{Marks, Str, Type, Value, convert};

use super::{Context, Outcome, Parts};

/// A key as far as it is known, and its marks, which go to the whole object.
type Key = (Option<Str>, Marks);

impl Context<'_> {
    pub(super) fn tuple(&self, elements: &[Expr], diags: &mut Diagnostics) -> Outcome {
        let mut parts = Parts::default();
        let values = elements.iter().map(|element| parts.take(self.eval(element, diags))).collect();
        parts.finish(Value::tuple(values))
    }

    /// If a key is unknown or wrong, so is the object's type; the rest is still checked. Of two entries with one key
    /// the later counts.
    pub(super) fn object(&self, entries: &[(ObjectKey, Expr)], diags: &mut Diagnostics) -> Outcome {
        let mut parts = Parts::default();
        let mut fields = BTreeMap::new();
        let mut marks = Marks::NONE;
        let mut all_known = true;
        for (key, value) in entries {
            let key = self.object_key(key, diags);
            let value = parts.take(self.eval(value, diags));
            match key {
                Ok((Some(key), key_marks)) => {
                    marks = marks.union(key_marks);
                    fields.insert(key, value);
                }
                Ok((None, key_marks)) => {
                    marks = marks.union(key_marks);
                    all_known = false;
                }
                Err(reported) => {
                    parts.fail(reported);
                    all_known = false;
                }
            }
        }
        let whole = if all_known { Value::object(fields.into()) } else { Value::unknown(Type::Dynamic) };
        parts.finish(whole.mark(marks))
    }

    fn object_key(&self, key: &ObjectKey, diags: &mut Diagnostics) -> Result<Key, Reported> {
        match key {
            ObjectKey::Word(word) => Ok((Some(Str::from(&word.name)), Marks::NONE)),
            ObjectKey::Expr(expr) if is_bare_traversal(expr) => Err(diags.error(ambiguous(expr.span))),
            ObjectKey::Expr(expr) => {
                let value = self.eval(expr, diags).map_err(|failed| failed.reported)?;
                as_key(&value, expr.span, diags)
            }
        }
    }
}

fn as_key(value: &Value, span: Span, diags: &mut Diagnostics) -> Result<Key, Reported> {
    let (value, marks) = value.unmark();
    if value.is_null() {
        let null = Diagnostic::error("Null value as key").detail("Can't use a null value as a key.");
        return Err(diags.error(null.at(span)));
    }
    match convert(&value, &Type::String) {
        Ok(Value::String(key)) => Ok((Some(key), marks)),
        Ok(_) => Ok((None, marks)),
        Err(error) => {
            let detail = format!("Can't use this value as a key: {}.", error.message);
            Err(diags.error(Diagnostic::error("Incorrect key type").at(span).detail(detail)))
        }
    }
}

/// `a.b = …` could mean a reference or a name with a dot in it.
fn is_bare_traversal(key: &Expr) -> bool {
    matches!(&key.kind, ExprKind::Traversal { steps, .. } if !steps.is_empty())
}

fn ambiguous(span: Span) -> Diagnostic {
    Diagnostic::error("Ambiguous attribute key").at(span).detail(
        "If this expression is intended to be a reference, wrap it in parentheses. If it's instead intended as a \
         literal name containing periods, wrap it in quotes to create a string literal.",
    )
}
