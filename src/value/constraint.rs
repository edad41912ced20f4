//! [`Constraint`]: a variable's `type`, which knows optional attributes and their defaults.

use super::{ConvertError, Str, Type, Value, convert, quote, show};
use std::collections::BTreeMap;
use std::fmt;

/// What a variable's `type` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// `any`
    Any,
    Bool,
    Number,
    String,
    List(Box<Constraint>),
    Set(Box<Constraint>),
    Map(Box<Constraint>),
    Tuple(Vec<Constraint>),
    Object(BTreeMap<Str, Field>),
}

/// An attribute of an object constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub constraint: Constraint,
    pub optional: bool,
    /// What an optional attribute is when it is absent or null; converted to the attribute's type already.
    pub default: Option<Value>,
}

impl Constraint {
    /// The type of the values that satisfy it.
    pub fn ty(&self) -> Type {
        match self {
            Self::Any => Type::Dynamic,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::List(element) => Type::list(element.ty()),
            Self::Set(element) => Type::set(element.ty()),
            Self::Map(element) => Type::map(element.ty()),
            Self::Tuple(elements) => Type::tuple(elements.iter().map(Self::ty).collect()),
            Self::Object(fields) => Type::object(
                fields.iter().map(|(name, field)| (name.clone(), field.constraint.ty())).collect(),
            ),
        }
    }

    /// The value as the constraint asks for it: defaults stand in for optional attributes that are absent or null, other
    /// absent ones are null, and then the whole is converted.
    pub fn apply(&self, value: &Value) -> Result<Value, ConvertError> {
        if self.has_optional() {
            convert(&self.complete(value), &self.ty())
        } else {
            convert(value, &self.ty())
        }
    }

    fn has_optional(&self) -> bool {
        match self {
            Self::Any | Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_optional(),
            Self::Tuple(elements) => elements.iter().any(Self::has_optional),
            Self::Object(fields) => {
                fields.values().any(|field| field.optional || field.constraint.has_optional())
            }
        }
    }

    /// Puts optional attributes in where they are absent. Collections become tuples and objects, since elements that were of
    /// one type may differ after that; the conversion to come makes them collections again.
    fn complete(&self, value: &Value) -> Value {
        match (self, value) {
            (_, Value::Marked(inner, marks)) => self.complete(inner).mark(*marks),
            (_, Value::Null(ty)) => Value::Null(self.complete_type(ty)),
            (_, Value::Unknown(ty, known)) => Value::Unknown(self.complete_type(ty), known.clone()),
            (
                Self::List(element) | Self::Set(element),
                Value::List(_, values) | Value::Set(_, values) | Value::Tuple(values),
            ) if !values.is_empty() => {
                Value::tuple(values.iter().map(|value| element.complete(value)).collect())
            }
            (Self::Map(element), Value::Map(_, values) | Value::Object(values)) if !values.is_empty() => {
                let complete = |(name, value): (&Str, &Value)| (name.clone(), element.complete(value));
                Value::object(values.iter().map(complete).collect())
            }
            (Self::Tuple(elements), Value::Tuple(values)) if elements.len() == values.len() => Value::tuple(
                elements.iter().zip(&**values).map(|(element, value)| element.complete(value)).collect(),
            ),
            (Self::Object(fields), Value::Map(_, values) | Value::Object(values)) => {
                let mut attributes = BTreeMap::clone(values);
                for (name, field) in fields {
                    if let Some(value) = field.complete(values.get(name)) {
                        attributes.insert(name.clone(), value);
                    }
                }
                Value::object(attributes)
            }
            _ => value.clone(),
        }
    }

    /// The type with optional attributes put in, for values that have only a type.
    fn complete_type(&self, ty: &Type) -> Type {
        match (self, ty) {
            (Self::List(element) | Self::Set(element), Type::List(ty)) => {
                Type::list(element.complete_type(ty))
            }
            (Self::List(element) | Self::Set(element), Type::Set(ty)) => Type::set(element.complete_type(ty)),
            (Self::List(element) | Self::Set(element), Type::Tuple(types)) => {
                Type::tuple(types.iter().map(|ty| element.complete_type(ty)).collect())
            }
            (Self::Map(element), Type::Map(ty)) => Type::map(element.complete_type(ty)),
            (Self::Map(element), Type::Object(types)) => Type::object(
                types.iter().map(|(name, ty)| (name.clone(), element.complete_type(ty))).collect(),
            ),
            (Self::Tuple(elements), Type::Tuple(types)) if elements.len() == types.len() => Type::tuple(
                elements.iter().zip(&**types).map(|(element, ty)| element.complete_type(ty)).collect(),
            ),
            (Self::Object(fields), Type::Object(types)) => {
                let mut types = BTreeMap::clone(types);
                for (name, field) in fields {
                    match types.get_mut(name) {
                        Some(ty) => *ty = field.constraint.complete_type(ty),
                        None if field.optional => drop(types.insert(name.clone(), Type::Dynamic)),
                        None => {}
                    }
                }
                Type::object(types)
            }
            _ => ty.clone(),
        }
    }
}

impl Field {
    /// The attribute's value; `None` where it is absent and must not be.
    fn complete(&self, value: Option<&Value>) -> Option<Value> {
        let given = value.filter(|value| self.default.is_none() || !value.is_null());
        match (given, &self.default) {
            (Some(value), default) => {
                let value = self.constraint.complete(value);
                let never_null = default.as_ref().is_some_and(Value::is_surely_not_null);
                Some(if never_null { refine_not_null(value) } else { value })
            }
            (None, Some(default)) => Some(self.constraint.complete(default)),
            (None, None) => self.optional.then(Value::dynamic_null),
        }
    }
}

fn refine_not_null(value: Value) -> Value {
    match value {
        Value::Unknown(ty, known) => Value::Unknown(ty, super::Refinement { not_null: true, ..known }),
        Value::Marked(inner, marks) => refine_not_null(Value::clone(&inner)).mark(marks),
        known => known,
    }
}

impl fmt::Display for Constraint {
    /// As one writes it in a configuration, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Tuple(elements) => {
                let elements: Vec<_> = elements.iter().map(Self::to_string).collect();
                write!(f, "tuple([{}])", elements.join(", "))
            }
            Self::Object(fields) if fields.is_empty() => f.write_str("object({})"),
            Self::Object(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, field)| format!("{} = {field}", key(name))).collect();
                write!(f, "object({{ {} }})", fields.join(", "))
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.optional, &self.default) {
            (false, _) => self.constraint.fmt(f),
            (true, None) => write!(f, "optional({})", self.constraint),
            (true, Some(default)) => write!(f, "optional({}, {})", self.constraint, show::compact(default)),
        }
    }
}

/// A name as an object's key: plain where it is an identifier.
fn key(name: &str) -> String {
    if crate::addr::is_identifier(name) { name.to_owned() } else { quote(name) }
}
