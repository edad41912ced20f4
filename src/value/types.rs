//! [`Type`]: what kind of value an expression gives, its names for people and its JSON form.

use super::Str;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What kind of value an expression gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Not known yet, or an untyped `null`; "any" in a type constraint.
    Dynamic,
    Bool,
    Number,
    String,
    List(Arc<Type>),
    Set(Arc<Type>),
    Map(Arc<Type>),
    Tuple(Arc<[Type]>),
    Object(Arc<BTreeMap<Str, Type>>),
}

impl Type {
    pub fn list(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    pub fn set(element: Self) -> Self {
        Self::Set(Arc::new(element))
    }

    pub fn map(element: Self) -> Self {
        Self::Map(Arc::new(element))
    }

    pub fn tuple(elements: Vec<Self>) -> Self {
        Self::Tuple(elements.into())
    }

    pub fn object(attributes: BTreeMap<Str, Self>) -> Self {
        Self::Object(Arc::new(attributes))
    }

    pub fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }

    /// Whether it is a list, set or map.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Set(_) | Self::Map(_))
    }

    /// Whether some part of it, however deep, is not known yet.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_dynamic(),
            Self::Tuple(elements) => elements.iter().any(Self::has_dynamic),
            Self::Object(attributes) => attributes.values().any(Self::has_dynamic),
        }
    }

    /// The type of a collection's elements.
    pub fn element_type(&self) -> Option<&Self> {
        match self {
            Self::List(element) | Self::Set(element) | Self::Map(element) => Some(element),
            _ => None,
        }
    }

    /// The type of an object's attribute.
    pub fn attribute(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(attributes) => attributes.get(name),
            _ => None,
        }
    }

    /// What messages call it: `list of string`, `object`.
    pub fn friendly_name(&self) -> String {
        self.name_with("dynamic", "dynamic")
    }

    /// What messages call it where it is wanted rather than found: `any type`, `list of any single type`.
    pub fn friendly_name_for_constraint(&self) -> String {
        self.name_with("any type", "any single type")
    }

    fn name_with(&self, dynamic: &str, dynamic_element: &str) -> String {
        let of = |element: &Self| match element {
            Self::Dynamic => dynamic_element.to_owned(),
            _ => element.name_with(dynamic, dynamic_element),
        };
        match self {
            Self::Dynamic => dynamic.to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Number => "number".to_owned(),
            Self::String => "string".to_owned(),
            Self::List(element) => format!("list of {}", of(element)),
            Self::Set(element) => format!("set of {}", of(element)),
            Self::Map(element) => format!("map of {}", of(element)),
            Self::Tuple(_) => "tuple".to_owned(),
            Self::Object(_) => "object".to_owned(),
        }
    }

    /// What the console's `type()` prints: a type expression over as many lines as it takes.
    pub fn constraint_string(&self) -> String {
        let mut text = String::new();
        self.write_constraint(&mut text, 0);
        text
    }

    fn write_constraint(&self, text: &mut String, depth: usize) {
        match self {
            Self::Dynamic | Self::Bool | Self::Number | Self::String => text.push_str(&self.friendly_name()),
            Self::List(element) => Self::write_collection(text, "list(", element, depth),
            Self::Set(element) => Self::write_collection(text, "set(", element, depth),
            Self::Map(element) => Self::write_collection(text, "map(", element, depth),
            Self::Tuple(elements) => {
                text.push_str("tuple([");
                Self::write_lines(text, depth, elements.iter().map(|element| (None, element)));
                text.push_str("])");
            }
            Self::Object(attributes) => {
                text.push_str("object({");
                Self::write_lines(text, depth, attributes.iter().map(|(name, ty)| (Some(name), ty)));
                text.push_str("})");
            }
        }
    }

    /// Elements that have an inside stand on their own lines.
    fn write_collection(text: &mut String, kind: &str, element: &Self, depth: usize) {
        text.push_str(kind);
        match element {
            Self::Tuple(_) | Self::Object(_) => Self::write_lines(text, depth, [(None, element)].into_iter()),
            _ => element.write_constraint(text, depth),
        }
        text.push(')');
    }

    fn write_lines<'a>(
        text: &mut String,
        depth: usize,
        lines: impl ExactSizeIterator<Item = (Option<&'a Str>, &'a Self)>,
    ) {
        const INDENT: &str = "    ";
        if lines.len() == 0 {
            return;
        }
        text.push('\n');
        for (name, ty) in lines {
            text.push_str(&INDENT.repeat(depth + 1));
            if let Some(name) = name {
                text.push_str(name);
                text.push_str(": ");
            }
            ty.write_constraint(text, depth + 1);
            text.push_str(",\n");
        }
        text.push_str(&INDENT.repeat(depth));
    }

    /// `"string"`, `["list", "string"]`, `["tuple", ["string"]]`, `["object", { "name": "string" }]`, `"dynamic"`.
    pub fn to_json(&self) -> Json {
        // `json!` would copy what is put into it.
        let pair = |word: &str, of: Json| Json::Array(vec![word.into(), of]);
        match self {
            Self::Dynamic | Self::Bool | Self::Number | Self::String => Json::String(self.friendly_name()),
            Self::List(element) => pair("list", element.to_json()),
            Self::Set(element) => pair("set", element.to_json()),
            Self::Map(element) => pair("map", element.to_json()),
            Self::Tuple(elements) => pair("tuple", elements.iter().map(Self::to_json).collect()),
            Self::Object(attributes) => {
                let fields = attributes.iter().map(|(name, ty)| (name.to_string(), ty.to_json()));
                pair("object", Json::Object(fields.collect()))
            }
        }
    }

    /// Reads what [`Type::to_json`] writes.
    pub fn from_json(json: &Json) -> Option<Self> {
        if let Some(name) = json.as_str() {
            return match name {
                "dynamic" => Some(Self::Dynamic),
                "bool" => Some(Self::Bool),
                "number" => Some(Self::Number),
                "string" => Some(Self::String),
                _ => None,
            };
        }
        let [kind, of] = json.as_array()?.as_slice() else { return None };
        match kind.as_str()? {
            "list" => Some(Self::list(Self::from_json(of)?)),
            "set" => Some(Self::set(Self::from_json(of)?)),
            "map" => Some(Self::map(Self::from_json(of)?)),
            "tuple" => of.as_array()?.iter().map(Self::from_json).collect::<Option<_>>().map(Self::tuple),
            "object" => {
                let fields =
                    of.as_object()?.iter().map(|(name, ty)| Some((Str::new(name), Self::from_json(ty)?)));
                fields.collect::<Option<_>>().map(Self::object)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type in its JSON form, what messages call it (found, wanted) and what `type()` prints.
    fn check(json: &str, names: [&str; 2], printed: &str) {
        let json = serde_json::from_str(json).unwrap();
        let ty = Type::from_json(&json).unwrap();
        assert_eq!(ty.to_json(), json);
        assert_eq!([ty.friendly_name(), ty.friendly_name_for_constraint()], names);
        assert_eq!(ty.constraint_string(), printed);
    }

    #[test]
    fn names_and_texts() {
        check(r#""dynamic""#, ["dynamic", "any type"], "dynamic");
        check(r#""string""#, ["string", "string"], "string");
        check(r#"["list", "dynamic"]"#, ["list of dynamic", "list of any single type"], "list(dynamic)");
        check(
            r#"["set", ["list", "bool"]]"#,
            ["set of list of bool", "set of list of bool"],
            "set(list(bool))",
        );
        check(
            r#"["object", {"a": ["list", ["map", ["object", {"y": "number"}]]], "d e": ["tuple", []]}]"#,
            ["object", "object"],
            "object({\n    a: list(map(\n        object({\n            y: number,\n        }),\n    )),\n    d e: tuple([]),\n})",
        );
        check(
            r#"["list", ["tuple", ["bool", ["object", {}]]]]"#,
            ["list of tuple", "list of tuple"],
            "list(\n    tuple([\n        bool,\n        object({}),\n    ]),\n)",
        );
    }

    #[test]
    fn json_that_is_no_type() {
        for json in [
            r#""any""#,
            "1",
            "[]",
            r#"["list"]"#,
            r#"["list", "x"]"#,
            r#"["object", []]"#,
            r#"["map", "bool", 1]"#,
        ] {
            assert_eq!(Type::from_json(&serde_json::from_str(json).unwrap()), None, "{json}");
        }
    }

    #[test]
    fn what_is_open_is_found_at_any_depth() {
        let open = Type::map(Type::tuple(vec![Type::object([("a".into(), Type::Dynamic)].into())]));
        assert!(open.has_dynamic());
        assert!(!Type::map(Type::tuple(vec![Type::Bool])).has_dynamic());
    }
}
