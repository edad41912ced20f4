//! JSON schemas → properties and types of the language.

use super::document::{Document, entries, is_true, text};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// How deep a schema is written out; what lies deeper (or contains itself) is `any`.
const DEEPEST: usize = 6;

/// One property of an object, with what the schemas say of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Property {
    pub ty: String,
    pub description: String,
    pub required: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub secret: bool,
    pub default: Option<Json>,
    /// What the type cannot say.
    pub doubts: Vec<String>,
}

/// The properties of an object's schema, `allOf` merged.
pub(super) fn properties(document: &Document<'_>, schema: &Json) -> BTreeMap<String, Property> {
    let mut found = BTreeMap::new();
    collect(document, schema, DEEPEST, &mut found);
    found
}

fn collect(document: &Document<'_>, schema: &Json, depth: usize, found: &mut BTreeMap<String, Property>) {
    let schema = resolved(document, schema);
    if depth == 0 {
        return;
    }
    for part in parts(schema, "allOf") {
        collect(document, part, depth - 1, found);
    }
    for (name, property) in entries(schema, "properties") {
        found.insert(name.clone(), self::property(document, property, depth - 1));
    }
    for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
    {
        found.entry(name.to_owned()).and_modify(|property| property.required = true);
    }
}

/// The schema behind a reference. The document outlives what is read of it.
fn resolved<'a>(document: &Document<'a>, schema: &'a Json) -> &'a Json {
    document.follow(schema)
}

fn parts<'a>(schema: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    schema.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn property(document: &Document<'_>, schema: &Json, depth: usize) -> Property {
    let target = resolved(document, schema);
    let mut doubts = Vec::new();
    let ty = ty(document, schema, depth, &mut doubts);
    let flag = |key| is_true(schema, key) || is_true(target, key);
    let said = |key| Some(text(schema, key)).filter(|text| !text.is_empty()).unwrap_or(text(target, key));
    Property {
        ty,
        description: said("description").split_whitespace().collect::<Vec<_>>().join(" "),
        required: false,
        read_only: flag("readOnly"),
        write_only: flag("writeOnly"),
        secret: said("format") == "password",
        default: target.get("default").filter(|default| !default.is_null()).cloned(),
        doubts,
    }
}

/// A type constraint as it is written.
fn ty(document: &Document<'_>, schema: &Json, depth: usize, doubts: &mut Vec<String>) -> String {
    let schema = resolved(document, schema);
    if depth == 0 {
        return "any".to_owned();
    }
    let alternatives = ["oneOf", "anyOf"].into_iter().flat_map(|key| parts(schema, key));
    let mut real = alternatives.filter(|part| kind_of(resolved(document, part)) != "null");
    if let Some(first) = real.next() {
        if real.next().is_none() {
            return ty(document, first, depth - 1, doubts);
        }
        doubts.push("the document allows several shapes here".to_owned());
        return "any".to_owned();
    }
    match kind_of(schema) {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "bool".to_owned(),
        "array" => {
            let of =
                schema.get("items").map_or("any".to_owned(), |items| ty(document, items, depth - 1, doubts));
            let collection = if is_true(schema, "uniqueItems") { "set" } else { "list" };
            format!("{collection}({of})")
        }
        "object" => object(document, schema, depth, doubts),
        "" => {
            doubts.push("the document does not say what this is".to_owned());
            "any".to_owned()
        }
        other => {
            doubts.push(format!("the document calls it `{other}`"));
            "any".to_owned()
        }
    }
}

fn object(document: &Document<'_>, schema: &Json, depth: usize, doubts: &mut Vec<String>) -> String {
    let mut inner = BTreeMap::new();
    collect(document, schema, depth, &mut inner);
    if inner.is_empty() {
        return match schema.get("additionalProperties") {
            Some(of @ Json::Object(_)) => format!("map({})", ty(document, of, depth - 1, doubts)),
            _ => "map(any)".to_owned(),
        };
    }
    if let Some(odd) = inner.keys().find(|name| !crate::addr::is_identifier(name)) {
        doubts.push(format!("`{odd}` is no name that an object type can have"));
        return "map(any)".to_owned();
    }
    let field = |(name, property): (&String, &Property)| match property.required {
        true => format!("{name} = {}", property.ty),
        false => format!("{name} = optional({})", property.ty),
    };
    let fields: Vec<String> = inner.iter().map(field).collect();
    format!("object({{ {} }})", fields.join(", "))
}

/// The schema's type. Version 3.1 may list several, of which `null` says nothing here.
fn kind_of(schema: &Json) -> &str {
    match schema.get("type") {
        Some(Json::String(kind)) => kind,
        Some(Json::Array(kinds)) => {
            let mut kinds = kinds.iter().filter_map(Json::as_str).filter(|kind| *kind != "null");
            match (kinds.next(), kinds.next()) {
                (Some(one), None) => one,
                (None, _) => "null",
                _ => "",
            }
        }
        _ if schema.get("properties").is_some() || schema.get("allOf").is_some() => "object",
        _ if schema.get("additionalProperties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ if schema.get("enum").is_some() => "string",
        _ => "",
    }
}

/// The schema of the elements, if this is an array.
pub(super) fn elements<'a>(document: &Document<'a>, schema: &'a Json) -> Option<&'a Json> {
    let schema = document.follow(schema);
    (kind_of(schema) == "array").then(|| schema.get("items").map(|items| document.follow(items))).flatten()
}
