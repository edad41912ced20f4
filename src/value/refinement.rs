//! [`Refinement`]: what is known of an unknown value.

use super::{Number, Str, Value};
use std::sync::{Arc, LazyLock};

/// What is known of an unknown value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// A string that starts so.
    pub prefix: Option<Str>,
    /// A number's bounds, each with whether the bound itself is possible.
    pub at_least: Option<(Number, bool)>,
    pub at_most: Option<(Number, bool)>,
    /// A collection's length: least and greatest.
    pub length: Option<(usize, usize)>,
}

/// What nearly all unknowns have, shared: a value is a third as large without its refinement in it.
static NOTHING: LazyLock<Arc<Refinement>> = LazyLock::new(Arc::default);
static NOT_NULL: LazyLock<Arc<Refinement>> = LazyLock::new(|| Arc::new(Refinement::not_null()));

impl Refinement {
    /// Only that it will not be null.
    pub fn not_null() -> Self {
        Self { not_null: true, ..Self::default() }
    }

    pub(super) fn nothing() -> Arc<Self> {
        NOTHING.clone()
    }

    pub(super) fn only_not_null() -> Arc<Self> {
        NOT_NULL.clone()
    }

    /// What may still be said once the type has changed.
    pub fn only_nullness(&self) -> Self {
        Self { not_null: self.not_null, ..Self::default() }
    }

    /// Whether the known, unmarked value could be what this turns into.
    pub fn allows(&self, value: &Value) -> bool {
        let above =
            |bound: &Number, inclusive, number: &Number| number > bound || inclusive && number == bound;
        let below =
            |bound: &Number, inclusive, number: &Number| number < bound || inclusive && number == bound;
        match value {
            Value::Null(_) => !self.not_null,
            Value::String(text) => self.prefix.as_ref().is_none_or(|prefix| text.starts_with(&**prefix)),
            Value::Number(number) => {
                self.at_least.as_ref().is_none_or(|(bound, inclusive)| above(bound, *inclusive, number))
                    && self.at_most.as_ref().is_none_or(|(bound, inclusive)| below(bound, *inclusive, number))
            }
            Value::List(..) | Value::Set(..) | Value::Map(..) => {
                let within =
                    |(least, most)| value.length().is_none_or(|length| (least..=most).contains(&length));
                // Elements of a set that are not known yet may turn out equal, so its length is not known either.
                matches!(value, Value::Set(..)) && !value.is_wholly_known() || self.length.is_none_or(within)
            }
            _ => true,
        }
    }
}
