//! The arguments as a body sees them: converted, and checked as their parameters ask.

use crate::value::{Fields, Marks, Number, Type, Value, go_quote};

use super::call::CallError;
use super::host::Host;

/// A function's body.
pub(super) type Body = fn(&Arguments) -> Result<Value, CallError>;

/// The arguments of one call, and what belongs to the call.
pub(super) struct Arguments<'a> {
    pub values: &'a [Value],
    /// The marks taken off each argument.
    pub marks: &'a [Marks],
    /// The type that the result has; "any" while it is being found out.
    pub result: Type,
    pub host: &'a dyn Host,
}

impl<'a> Arguments<'a> {
    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn get(&self, index: usize) -> &'a Value {
        &self.values[index]
    }

    /// Returns the text of an argument whose parameter is of type string, neither null nor unknown.
    pub fn text(&self, index: usize) -> &'a str {
        text(self.get(index).unmarked())
    }

    /// Returns the number of an argument whose parameter is of type number, neither null nor unknown.
    pub fn number(&self, index: usize) -> &'a Number {
        match self.get(index).unmarked() {
            Value::Number(number) => number,
            _ => unreachable!("the parameter is of type number"),
        }
    }

    pub fn integer(&self, index: usize) -> Result<i64, CallError> {
        integer(self.number(index)).map_err(CallError::Failed)
    }

    /// Returns the elements of a list, set or tuple.
    pub fn items(&self, index: usize) -> &'a [Value] {
        items(self.get(index).unmarked())
    }

    /// Quotes an argument's text for a message, unless it is secret.
    pub fn quoted(&self, index: usize, text: &str) -> String {
        self.shown(index, go_quote(text))
    }

    /// Returns `text`, which tells of the argument at `index`, or a substitute if that argument is secret.
    pub fn shown(&self, index: usize, text: impl ToString) -> String {
        if self.is_secret(index) { "(sensitive value)".to_owned() } else { text.to_string() }
    }

    pub fn is_secret(&self, index: usize) -> bool {
        let taken = self.marks.get(index).is_some_and(|marks| !marks.is_empty());
        taken || self.get(index).has_marks()
    }
}

/// Returns the text of a known string that is not null.
pub(super) fn text(value: &Value) -> &str {
    match value.unmarked() {
        Value::String(text) => text,
        _ => unreachable!("the value was converted to a string"),
    }
}

/// Returns the elements of a known list, set or tuple.
pub(super) fn items(value: &Value) -> &[Value] {
    match value.unmarked() {
        Value::List(_, items) | Value::Set(_, items) | Value::Tuple(items) => items,
        _ => unreachable!("the type was checked to be a sequence"),
    }
}

/// Returns the elements of a known map or object.
pub(super) fn entries(value: &Value) -> &Fields {
    match value.unmarked() {
        Value::Map(_, entries) | Value::Object(entries) => entries,
        _ => unreachable!("the type was checked to be a map"),
    }
}

/// Returns whether the type is a list, set or tuple.
pub(super) fn is_sequence(ty: &Type) -> bool {
    matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_))
}

/// Returns a number as an integer of 64 bits; the error is Terraform's text.
pub(super) fn integer(number: &Number) -> Result<i64, String> {
    let range = "value must be a whole number, between -9223372036854775808 and 9223372036854775807";
    number.as_i64().ok_or_else(|| range.to_owned())
}

/// Returns the length of a known collection; `None` for a set whose unknown elements may turn out to be equal.
pub(super) fn certain_length(value: &Value) -> Option<usize> {
    let value = value.unmarked();
    match (value, value.length()) {
        (Value::Set(..), Some(length)) if length > 1 && !value.is_wholly_known() => None,
        (_, length) => length,
    }
}
