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
                let mut attributes = values.to_map();
                for (name, field) in fields {
                    if let Some(value) = field.complete(values.get(name)) {
                        attributes.insert(name.clone(), value);
                    }
                }
                Value::object(attributes.into())
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
        Value::Unknown(ty, known) => {
            Value::refined(ty, super::Refinement { not_null: true, ..(*known).clone() })
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Fields;
    use crate::value::{console, from_json_text};

    fn field(constraint: Constraint) -> Field {
        Field { constraint, optional: false, default: None }
    }

    fn optional(constraint: Constraint, default: Option<Value>) -> Field {
        Field { constraint, optional: true, default }
    }

    fn object<const N: usize>(fields: [(&str, Field); N]) -> Constraint {
        Constraint::Object(fields.map(|(name, field)| (name.into(), field)).into())
    }

    fn example() -> Constraint {
        let empty = Value::object(Fields::default());
        let inner = object([("p", optional(Constraint::Number, Some(Value::number(7))))]);
        object([
            ("x", field(Constraint::Number)),
            ("y", optional(Constraint::String, Some("d".into()))),
            ("z", optional(Constraint::List(Box::new(Constraint::Bool)), None)),
            ("in", optional(inner, Some(empty))),
        ])
    }

    /// A value given as JSON as the constraint asks for it, printed without spaces; or why it is unsuitable.
    fn check(constraint: &Constraint, value: &str, expected: Result<&str, &str>) {
        let applied = constraint.apply(&from_json_text(value).unwrap());
        if let Ok(applied) = &applied {
            assert!(constraint.ty().has_dynamic() || applied.has_type(&constraint.ty()), "{value}");
            assert_eq!(constraint.apply(applied).as_ref(), Ok(applied), "{value} again");
        }
        let shown = applied.map(|value| console(&value).split_whitespace().collect::<String>());
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(shown.map_err(|error| error.to_string()), expected, "{value}");
    }

    #[test]
    fn absent_attributes_get_their_defaults() {
        let full = r#"{"in"={"p"=7}"x"=1"y"="d""z"=tolist(null)/*ofbool*/}"#;
        check(&example(), r#"{"x":"1"}"#, Ok(full));
        check(&example(), r#"{"x":1,"y":null,"in":{},"extra":[]}"#, Ok(full));
        check(
            &example(),
            r#"{"x":1,"in":{"p":"8"},"z":["true"]}"#,
            Ok(r#"{"in"={"p"=8}"x"=1"y"="d""z"=tolist([true,])}"#),
        );
        check(&example(), "null", Ok("null/*object*/"));
    }

    #[test]
    fn what_is_unsuitable_is_said_in_terraforms_words() {
        check(&example(), "{}", Err(r#"attribute "x" is required"#));
        check(&example(), r#"{"x":"q"}"#, Err(".x: a number is required"));
        check(&example(), r#"{"x":1,"z":["maybe"]}"#, Err(".z[0]: a bool is required"));
        check(&example(), r#"{"x":1,"z":{}}"#, Err(r#"attribute "z": list of bool required"#));
        check(&example(), "[1]", Err("object required"));
    }

    #[test]
    fn elements_get_their_defaults_each() {
        let list = Constraint::List(Box::new(example()));
        check(
            &list,
            r#"[{"x":1},{"x":2,"y":"e"}]"#,
            Ok(concat!(
                r#"tolist([{"in"={"p"=7}"x"=1"y"="d""z"=tolist(null)/*ofbool*/},"#,
                r#"{"in"={"p"=7}"x"=2"y"="e""z"=tolist(null)/*ofbool*/},])"#,
            )),
        );
        check(&list, "[]", Ok("tolist([])"));
        check(&list, "[{}]", Err(r#"element 0: attribute "x" is required"#));
        let map = Constraint::Map(Box::new(object([("a", optional(Constraint::Any, None))])));
        check(&map, r#"{"k":{"a":1},"l":{"a":"s"}}"#, Ok(r#"tomap({"k"={"a"="1"}"l"={"a"="s"}})"#));
    }

    #[test]
    fn a_map_may_stand_for_an_object() {
        let map = Value::map(Type::String, [("x".into(), "1".into())].into());
        let applied = example().apply(&map).unwrap();
        assert_eq!(applied.get_attr("x"), Some(&Value::number(1)));
        assert_eq!(applied.get_attr("y"), Some(&"d".into()));
    }

    #[test]
    fn what_is_not_known_yet_and_what_is_secret() {
        let value = Value::object(
            [("x".into(), Value::number(1).sensitive()), ("y".into(), Value::unknown(Type::String))].into(),
        );
        let applied = example().apply(&value.sensitive()).unwrap();
        assert!(applied.is_sensitive());
        assert_eq!(applied.unmarked().get_attr("x"), Some(&Value::number(1).sensitive()));
        // Were it null, the default would stand in its place.
        assert_eq!(applied.unmarked().get_attr("y"), Some(&Value::unknown_not_null(Type::String)));
        let unknown = Value::unknown(Type::object([("x".into(), Type::String)].into()));
        assert_eq!(example().apply(&unknown), Ok(Value::unknown(example().ty())));
    }

    #[test]
    fn display_is_the_languages_text() {
        assert_eq!(
            example().to_string(),
            r#"object({ in = optional(object({ p = optional(number, 7) }), {}), x = number, y = optional(string, "d"), z = optional(list(bool)) })"#,
        );
        let tuple = Constraint::Tuple(vec![Constraint::Any, Constraint::Set(Box::new(object([])))]);
        assert_eq!(tuple.to_string(), "tuple([any, set(object({}))])");
    }
}
