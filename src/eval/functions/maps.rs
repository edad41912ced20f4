//! Functions of maps and objects: `keys`, `lookup`, `merge`, `values`.

use std::collections::BTreeMap;

use crate::value::{Marks, Str, Type, Value, convert};

use super::arguments::{Arguments, entries};
use super::call::CallError;
use super::sequence::element_of;
use super::{Function, Param};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::typed("keys", &[Param::any("inputMap").unknown().marked()], keys_type, keys),
    Function::typed(
        "lookup",
        &[Param::any("inputMap").marked(), Param::text("key").marked()],
        lookup_type,
        lookup,
    )
    .variadic(Param::any("default").null().unknown().marked().dynamic())
    .nullable(),
    Function::typed("merge", &[], merge_type, merge).variadic(Param::any("maps").null().marked().dynamic()),
    Function::typed("values", &[Param::any("mapping").marked()], values_type, values),
];

fn keys_type(args: &Arguments) -> Result<Type, CallError> {
    match args.get(0).ty() {
        Type::Map(_) => Ok(Type::list(Type::String)),
        Type::Object(fields) => Ok(Type::tuple(vec![Type::String; fields.len()])),
        _ => Err(CallError::argument(0, "must have map or object type")),
    }
}

/// An object's keys are known from its type, even if it is not.
fn keys(args: &Arguments) -> Result<Value, CallError> {
    let map = args.get(0);
    let text = |key: &Str| Value::String(key.clone());
    let keys = match (map.ty(), map.unmarked()) {
        (Type::Object(fields), _) => Value::tuple(fields.keys().map(text).collect()),
        (_, Value::Map(_, entries)) => Value::list(Type::String, entries.keys().map(text).collect()),
        _ => Value::unknown(args.result.clone()),
    };
    Ok(keys.mark(map.marks()))
}

fn values_type(args: &Arguments) -> Result<Type, CallError> {
    match args.get(0).ty() {
        Type::Map(ty) => Ok(Type::List(ty)),
        Type::Object(fields) => Ok(Type::tuple(fields.values().cloned().collect())),
        _ => Err(CallError::failed("values() requires a map as the first argument")),
    }
}

fn values(args: &Arguments) -> Result<Value, CallError> {
    let map = args.get(0);
    let all = entries(map).values().cloned().collect();
    let values = match &args.result {
        Type::List(ty) => Value::list(Type::clone(ty), all),
        _ => Value::tuple(all),
    };
    Ok(values.mark(map.marks()))
}

fn lookup_type(args: &Arguments) -> Result<Type, CallError> {
    if args.len() > 3 {
        let message = format!("lookup() takes two or three arguments, got {}", args.len());
        return Err(CallError::failed(message));
    }
    let default = args.values.get(2);
    match args.get(0).ty() {
        Type::Object(_) if !args.get(1).is_known() => Ok(Type::Dynamic),
        Type::Object(fields) => match (fields.get(args.text(1)), default) {
            (Some(ty), _) => Ok(ty.clone()),
            (None, Some(default)) => Ok(default.ty()),
            (None, None) => {
                let key = args.quoted(1, args.text(1));
                Err(CallError::argument(0, format!("the given object has no attribute {key}")))
            }
        },
        Type::Map(ty) => match default.map(|default| convert(default, &ty)) {
            Some(Err(_)) => {
                let message = "the default value must have the same type as the map elements";
                Err(CallError::argument(2, message))
            }
            _ => Ok(Type::clone(&ty)),
        },
        _ => Err(CallError::argument(0, "lookup() requires a map as the first argument")),
    }
}

fn lookup(args: &Arguments) -> Result<Value, CallError> {
    let marks = args.get(0).marks().union(args.get(1).marks());
    if let Some(found) = entries(args.get(0)).get(args.text(1)) {
        return Ok(found.clone().mark(marks));
    }
    let Some(default) = args.values.get(2) else {
        let key = args.quoted(1, args.text(1));
        return Err(CallError::failed(format!("lookup failed to find key {key}")));
    };
    let default = convert(default, &args.result).map_err(|error| CallError::argument(2, error.message))?;
    Ok(default.mark(marks))
}

fn merge_type(args: &Arguments) -> Result<Type, CallError> {
    let mut fields: BTreeMap<Str, Type> = BTreeMap::new();
    let mut all_known = true;
    for value in args.values {
        let ty = value.ty();
        match (&ty, value.unmarked()) {
            (Type::Dynamic, _) => return Ok(Type::Dynamic),
            (Type::Map(_) | Type::Object(_), Value::Null(_)) => {}
            (Type::Object(attributes), _) => fields.extend(attributes.as_ref().clone()),
            (Type::Map(ty), Value::Map(_, entries)) => {
                fields.extend(entries.keys().map(|key| (key.clone(), Type::clone(ty))));
            }
            (Type::Map(_), _) => all_known = false,
            (other, _) => return Err(not_a_map(other)),
        }
    }
    match args.values {
        [first, rest @ ..] if rest.iter().all(|value| value.ty() == first.ty()) => Ok(first.ty()),
        _ if all_known => Ok(Type::object(fields)),
        _ => Ok(Type::Dynamic),
    }
}

fn not_a_map(ty: &Type) -> CallError {
    CallError::failed(format!("arguments must be maps or objects, got \"{}\"", ty.friendly_name()))
}

fn merge(args: &Arguments) -> Result<Value, CallError> {
    let mut merged: BTreeMap<Str, Value> = BTreeMap::new();
    let mut marks = Marks::NONE;
    for value in args.values {
        marks = marks.union(value.marks());
        match value.unmarked() {
            Value::Null(_) => {}
            Value::Map(_, entries) | Value::Object(entries) => {
                merged.extend(entries.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            // Next to an untyped null nobody has looked at its type yet.
            other => return Err(not_a_map(&other.ty())),
        }
    }
    Ok(match &args.result {
        ty @ Type::Map(_) => Value::map(element_of(ty), merged.into()),
        _ => Value::object(merged.into()),
    }
    .mark(marks))
}
