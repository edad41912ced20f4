//! A value as JSON from which it can be read back exactly: for plans and states.
//!
//! `{ "t": type, "v": content }`, where the content is:
//! - of a known value its plain JSON, with numbers as text (precision included where it is not 512 bits) so that no digit is
//!   lost;
//! - within it, for what plain JSON cannot say, an object with the one key `$`, whose value is an array that begins
//!   with a word: `["unknown", refinement]`, `["marked", marks, content]`, `["as", type, content]`.
//!
//! A type is written where the type around it leaves it open: at the top, and as `as` under `dynamic`. The key `$` of a
//! map or object itself is written `$$`, `$$` as `$$$`, and so on.
//!
//! `{ "deep": text }` holds the same as JSON text, where it nests deeper than readers of JSON commonly follow.

use super::decode::{MAX_DEPTH, parse_nested};
use super::tree::{Secrets, to_json};
use crate::value::{Fields, Marks, Number, Refinement, Str, Type, Value};
use serde_json::{Map, Value as Json, json};

/// The value in the storage form, which [`typed_from_json`] reads.
pub fn typed_to_json(value: &Value) -> Json {
    let ty = value.ty();
    // `json!` would copy what is put into it.
    let parts = [("t", ty.to_json()), ("v", content(value, &ty))];
    let json = Json::Object(parts.map(|(name, part)| (name.to_owned(), part)).into_iter().collect());
    if is_deeper(&json, SHALLOW) { json!({ "deep": json.to_string() }) } else { json }
}

/// How deep the form may nest as it is. `serde_json` reads 128 levels, of which a state's own take some.
const SHALLOW: usize = 64;

/// How deep the form of a value of the greatest depth may nest: its type has two levels for one of the value.
const DEEPEST: usize = 3 * MAX_DEPTH;

fn is_deeper(json: &Json, levels: usize) -> bool {
    match json {
        Json::Array(_) | Json::Object(_) if levels == 0 => true,
        Json::Array(parts) => parts.iter().any(|part| is_deeper(part, levels - 1)),
        Json::Object(parts) => parts.values().any(|part| is_deeper(part, levels - 1)),
        _ => false,
    }
}

/// Reads what [`typed_to_json`] wrote; `None` for anything else.
pub fn typed_from_json(json: &Json) -> Option<Value> {
    let fields = json.as_object()?;
    match fields.get("deep") {
        Some(text) => {
            let tree = parse_nested(text.as_str()?, DEEPEST).ok()?;
            read_fields(to_json(&tree, Secrets::Reveal).as_object()?)
        }
        None => read_fields(fields),
    }
}

fn read_fields(fields: &Map<String, Json>) -> Option<Value> {
    if fields.len() != 2 {
        return None;
    }
    let ty = Type::from_json(fields.get("t")?)?;
    read(fields.get("v")?, &ty)
}

fn special(parts: Vec<Json>) -> Json {
    Json::Object([("$".to_owned(), Json::Array(parts))].into_iter().collect())
}

/// The value's content where the type is known to be `ty`.
fn content(value: &Value, ty: &Type) -> Json {
    if let Value::Marked(inner, marks) = value {
        return special(vec!["marked".into(), write_marks(*marks), content(inner, ty)]);
    }
    if *ty == Type::Dynamic && !value.has_type(ty) {
        let own = value.ty();
        return special(vec!["as".into(), own.to_json(), content(value, &own)]);
    }
    match (value, ty) {
        (Value::Unknown(_, refinement), _) => special(vec!["unknown".into(), write_refinement(refinement)]),
        (Value::Null(_) | Value::Marked(..), _) => Json::Null,
        (Value::Bool(value), _) => Json::Bool(*value),
        (Value::Number(number), _) => write_number(number),
        (Value::String(text), _) => Json::String(text.to_string()),
        (Value::List(element, values) | Value::Set(element, values), _) => {
            Json::Array(values.iter().map(|value| content(value, element)).collect())
        }
        (Value::Tuple(values), Type::Tuple(types)) => {
            Json::Array(values.iter().zip(&**types).map(|(value, ty)| content(value, ty)).collect())
        }
        (Value::Map(element, values), _) => named(values, |_, value| content(value, element)),
        (Value::Object(values), Type::Object(types)) => {
            named(values, |name, value| types.get(name).map_or(Json::Null, |ty| content(value, ty)))
        }
        // The type is the value's own, so a tuple's is a tuple and an object's an object.
        (Value::Tuple(_) | Value::Object(_), _) => Json::Null,
    }
}

fn named(values: &Fields, content: impl Fn(&Str, &Value) -> Json) -> Json {
    Json::Object(
        values.iter().map(|(name, value)| (escape(name), content(name, value))).collect::<Map<_, _>>(),
    )
}

/// Keeps names apart from the key `$`.
fn escape(name: &str) -> String {
    if name.bytes().all(|byte| byte == b'$') && !name.is_empty() {
        format!("{name}$")
    } else {
        name.to_owned()
    }
}

pub(super) fn unescape(name: &str) -> &str {
    if name.len() > 1 && name.bytes().all(|byte| byte == b'$') { &name[1..] } else { name }
}

fn write_marks(marks: Marks) -> Json {
    let names = [(Marks::SENSITIVE, "sensitive"), (Marks::EPHEMERAL, "ephemeral")];
    names.iter().filter(|(mark, _)| marks.contains(*mark)).map(|(_, name)| Json::from(*name)).collect()
}

fn read_marks(json: &Json) -> Option<Marks> {
    let read = |name: &Json| match name.as_str()? {
        "sensitive" => Some(Marks::SENSITIVE),
        "ephemeral" => Some(Marks::EPHEMERAL),
        _ => None,
    };
    json.as_array()?.iter().try_fold(Marks::NONE, |all, name| Some(all.union(read(name)?)))
}

/// The digits; with the precision where it is not the usual one.
fn write_number(number: &Number) -> Json {
    match number.precision() {
        512 => Json::String(number.to_string()),
        bits => Json::String(format!("{number}@{bits}")),
    }
}

pub(super) fn read_number(text: &str) -> Option<Number> {
    match text.split_once('@') {
        None => Number::parse(text),
        Some((digits, bits)) => Number::parse_with_precision(digits, bits.parse().ok()?),
    }
}

fn write_refinement(refinement: &Refinement) -> Json {
    let Refinement { not_null, prefix, at_least, at_most, length } = refinement;
    let bound = |bound: &(Number, bool)| json!([write_number(&bound.0), bound.1]);
    let mut fields = Map::new();
    if *not_null {
        fields.insert("not_null".to_owned(), true.into());
    }
    if let Some(prefix) = prefix {
        fields.insert("prefix".to_owned(), prefix.to_string().into());
    }
    if let Some(least) = at_least {
        fields.insert("at_least".to_owned(), bound(least));
    }
    if let Some(most) = at_most {
        fields.insert("at_most".to_owned(), bound(most));
    }
    if let Some((least, most)) = length {
        fields.insert("length".to_owned(), json!([least, most]));
    }
    Json::Object(fields)
}

fn read_refinement(json: &Json) -> Option<Refinement> {
    let mut refinement = Refinement::default();
    for (name, json) in json.as_object()? {
        match name.as_str() {
            "not_null" => refinement.not_null = json.as_bool()?,
            "prefix" => refinement.prefix = Some(json.as_str()?.into()),
            "at_least" => refinement.at_least = Some(read_bound(json)?),
            "at_most" => refinement.at_most = Some(read_bound(json)?),
            "length" => {
                let [least, most] = json.as_array()?.as_slice() else { return None };
                refinement.length =
                    Some((usize::try_from(least.as_u64()?).ok()?, usize::try_from(most.as_u64()?).ok()?));
            }
            _ => return None,
        }
    }
    Some(refinement)
}

fn read_bound(json: &Json) -> Option<(Number, bool)> {
    let [number, inclusive] = json.as_array()?.as_slice() else { return None };
    Some((read_number(number.as_str()?)?, inclusive.as_bool()?))
}

fn read(json: &Json, ty: &Type) -> Option<Value> {
    if let Some(parts) = json.as_object().and_then(|fields| fields.get("$")) {
        return read_special(parts.as_array()?, ty);
    }
    match (json, ty) {
        (Json::Null, _) => Some(Value::Null(ty.clone())),
        (Json::Bool(value), Type::Bool) => Some(Value::Bool(*value)),
        (Json::String(text), Type::Number) => read_number(text).map(Value::Number),
        (Json::String(text), Type::String) => Some(Value::string(text.as_str())),
        (Json::Array(values), Type::List(element)) => {
            read_all(values, element).map(|values| Value::list(Type::clone(element), values))
        }
        (Json::Array(values), Type::Set(element)) => {
            read_all(values, element).map(|values| Value::set(Type::clone(element), values))
        }
        (Json::Array(values), Type::Tuple(types)) if values.len() == types.len() => {
            let values = values.iter().zip(&**types).map(|(json, ty)| read(json, ty));
            values.collect::<Option<_>>().map(Value::tuple)
        }
        (Json::Object(values), Type::Map(element)) => {
            let values =
                values.iter().map(|(name, json)| Some((unescape(name).into(), read(json, element)?)));
            values.collect::<Option<_>>().map(|values| Value::map(Type::clone(element), values))
        }
        (Json::Object(values), Type::Object(types)) if values.len() == types.len() => {
            let values =
                types.iter().map(|(name, ty)| Some((name.clone(), read(values.get(&escape(name))?, ty)?)));
            values.collect::<Option<_>>().map(Value::object)
        }
        _ => None,
    }
}

fn read_all(values: &[Json], element: &Type) -> Option<Vec<Value>> {
    values.iter().map(|json| read(json, element)).collect()
}

pub(super) fn read_special(parts: &[Json], ty: &Type) -> Option<Value> {
    let (word, parts) = parts.split_first()?;
    match (word.as_str()?, parts) {
        ("unknown", [refinement]) => Some(Value::refined(ty.clone(), read_refinement(refinement)?)),
        ("marked", [marks, content]) => Some(read(content, ty)?.mark(read_marks(marks)?)),
        ("as", [own, content]) if *ty == Type::Dynamic => read(content, &Type::from_json(own)?),
        _ => None,
    }
}
