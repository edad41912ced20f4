//! The few variables that a kind's expressions may use (`id`, `object`, an attribute's name), and their evaluation.
//!
//! Such an expression is evaluated like any other, but in a world without references, files, environment and clock.

use super::Kind;
use crate::diag::{Diagnostics, Reported};
use crate::eval::evaluate_with;
use crate::syntax::Expr;
use crate::value::{Str, Value};
use std::collections::BTreeMap;

/// Variables by name.
#[derive(Default)]
pub(crate) struct Words(BTreeMap<Str, Value>);

impl Words {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.into(), value);
        self
    }

    /// Adds every attribute of an object under its name.
    pub(crate) fn with_all(mut self, object: &Value) -> Self {
        if let Value::Object(attributes) = object.unmarked() {
            self.0.extend(attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        self
    }

    /// Adds every attribute of a kind, of which nothing but the type is known.
    pub(crate) fn with_types(self, kind: &Kind) -> Self {
        kind.attributes.values().fold(self, |words, attribute| {
            words.with(&attribute.name, Value::unknown(attribute.constraint.ty()))
        })
    }

    /// Evaluates an expression over these variables, telling its author what is wrong with it.
    pub(crate) fn check(&self, expr: &Expr, diags: &mut Diagnostics) -> Result<Value, Reported> {
        let mut own = Diagnostics::new();
        let outcome = evaluate_with(expr, &self.0, &mut own);
        for mut complaint in own.take() {
            if complaint.label.is_empty() && complaint.summary == "Unknown variable" {
                complaint.label = self.known();
            }
            diags.push(complaint);
        }
        outcome
    }

    /// What there is instead of a name that means nothing.
    fn known(&self) -> String {
        let names: Vec<_> = self.0.keys().map(|name| format!("`{name}`")).collect();
        format!("known here: {}", names.join(", "))
    }

    /// Evaluates an expression that was checked when its kind was read; an error is about the values.
    pub(crate) fn value(&self, expr: &Expr) -> Result<Value, String> {
        let mut diags = Diagnostics::new();
        self.check(expr, &mut diags).map_err(|_| {
            let complaints = diags.take();
            complaints.first().map(|d| format!("{}: {}{}", d.summary, d.label, d.detail)).unwrap_or_default()
        })
    }
}
