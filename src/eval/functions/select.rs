//! Functions that look for something: `alltrue`, `anytrue`, `coalesce`, `coalescelist`, `contains`, `index`,
//! `matchkeys`, `one`.

use crate::value::{Number, Type, Value, convert, equals, unify};

use super::arguments::{Arguments, certain_length, is_sequence, items};
use super::call::CallError;
use super::sequence::element_of;
use super::{Function, Param, boolean, list_of_any, number};

const BOOLS: &[Param] = &[Param::new("list", || Type::list(Type::Bool))];
const ANY_VALUES: Param = Param::any("vals").null().unknown().dynamic();

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", BOOLS, boolean, all_true),
    Function::new("anytrue", BOOLS, boolean, any_true),
    Function::typed("coalesce", &[], coalesce_type, coalesce).variadic(ANY_VALUES),
    Function::typed("coalescelist", &[], coalesce_list_type, coalesce_list).variadic(ANY_VALUES),
    Function::new("contains", &[Param::any("list"), Param::any("value")], boolean, contains),
    Function::new("index", &[Param::any("list"), Param::any("value")], number, index),
    Function::typed(
        "matchkeys",
        &[
            Param::new("values", list_of_any),
            Param::new("keys", list_of_any),
            Param::new("searchset", list_of_any),
        ],
        match_keys_type,
        match_keys,
    ),
    Function::typed("one", &[Param::any("list")], one_type, one).nullable(),
];

/// A null counts as false; what follows the first false does not matter.
fn all_true(args: &Arguments) -> Result<Value, CallError> {
    for item in args.items(0) {
        match item {
            Value::Unknown(..) => return Ok(Value::unknown(Type::Bool)),
            Value::Bool(true) => {}
            _ => return Ok(Value::bool(false)),
        }
    }
    Ok(Value::bool(true))
}

fn any_true(args: &Arguments) -> Result<Value, CallError> {
    let list = args.items(0);
    if list.contains(&Value::Bool(true)) {
        return Ok(Value::bool(true));
    }
    let open = list.iter().any(|item| !item.is_known());
    Ok(if open { Value::unknown(Type::Bool) } else { Value::bool(false) })
}

fn coalesce_type(args: &Arguments) -> Result<Type, CallError> {
    let types: Vec<Type> = args.values.iter().map(Value::ty).collect();
    let common = if types.is_empty() { None } else { unify(&types) };
    common.ok_or_else(|| CallError::failed("all arguments must have the same type"))
}

/// Returns the first value that is neither null nor an empty string.
fn coalesce(args: &Arguments) -> Result<Value, CallError> {
    for (index, value) in args.values.iter().enumerate() {
        let value =
            convert(value, &args.result).map_err(|error| CallError::argument(index, error.message))?;
        match value {
            Value::Unknown(..) => return Ok(Value::unknown(args.result.clone())),
            Value::Null(_) => {}
            Value::String(text) if text.is_empty() => {}
            value => return Ok(value),
        }
    }
    Err(CallError::failed("no non-null, non-empty-string arguments"))
}

fn coalesce_list_type(args: &Arguments) -> Result<Type, CallError> {
    if args.len() == 0 {
        return Err(CallError::failed("at least one argument is required"));
    }
    for value in args.values {
        match value.ty() {
            _ if !value.is_known() => return Ok(Type::Dynamic),
            Type::List(_) | Type::Tuple(_) => {}
            _ => return Err(CallError::failed("coalescelist arguments must be lists or tuples")),
        }
    }
    let first = args.get(0).ty();
    let same = args.values.iter().all(|value| value.ty() == first);
    Ok(if same { first } else { Type::Dynamic })
}

fn coalesce_list(args: &Arguments) -> Result<Value, CallError> {
    for value in args.values {
        match value.length() {
            _ if value.is_null() => {}
            _ if !value.is_known() => return Ok(Value::unknown(args.result.clone())),
            Some(0) => {}
            _ => return Ok(value.clone()),
        }
    }
    Err(CallError::failed("no non-null arguments"))
}

fn contains(args: &Arguments) -> Result<Value, CallError> {
    if !is_sequence(&args.get(0).ty()) {
        return Err(CallError::failed("argument must be list, tuple, or set"));
    }
    let mut open = false;
    for item in args.items(0) {
        match equals(args.get(1), item) {
            Value::Bool(true) => return Ok(Value::bool(true)),
            Value::Bool(false) => {}
            _ => open = true,
        }
    }
    Ok(if open { Value::unknown(Type::Bool) } else { Value::bool(false) })
}

fn index(args: &Arguments) -> Result<Value, CallError> {
    if !matches!(args.get(0).ty(), Type::List(_) | Type::Tuple(_)) {
        return Err(CallError::failed("argument must be a list or tuple"));
    }
    let list = args.items(0);
    if list.is_empty() {
        return Err(CallError::failed("cannot search an empty list"));
    }
    for (index, item) in list.iter().enumerate() {
        match equals(item, args.get(1)) {
            Value::Bool(true) => return Ok(Value::Number(Number::from_usize_64(index))),
            Value::Bool(false) => {}
            _ => return Ok(Value::unknown(Type::Number)),
        }
    }
    Err(CallError::failed("item not found"))
}

fn match_keys_type(args: &Arguments) -> Result<Type, CallError> {
    match unify(&[args.get(1).ty(), args.get(2).ty()]) {
        Some(_) => Ok(args.get(0).ty()),
        None => Err(CallError::failed("keys and searchset must be of the same type")),
    }
}

fn match_keys(args: &Arguments) -> Result<Value, CallError> {
    let (values, keys) = (args.items(0), args.items(1));
    if values.len() != keys.len() {
        return Err(CallError::failed("length of keys and values should be equal"));
    }
    let ty = unify(&[args.get(1).ty(), args.get(2).ty()]).unwrap_or(Type::Dynamic);
    let convert_to = |index: usize| {
        convert(args.get(index), &ty).map_err(|error| CallError::argument(index, error.message))
    };
    let (keys, wanted) = (convert_to(1)?, convert_to(2)?);
    let element = element_of(&args.result);
    if items(&wanted).is_empty() {
        return Ok(Value::list(element, Vec::new()));
    }
    if !args.get(0).is_wholly_known() || !keys.is_wholly_known() || !wanted.is_wholly_known() {
        return Ok(Value::unknown(args.result.clone()));
    }
    let matches = |key: &Value| items(&wanted).iter().any(|one| equals(key, one) == Value::Bool(true));
    let kept = values.iter().zip(items(&keys)).filter(|(_, key)| matches(key));
    Ok(Value::list(element, kept.map(|(value, _)| value.clone()).collect()))
}

const NOT_ONE: &str = "must be a list, set, or tuple value with either zero or one elements";

fn one_type(args: &Arguments) -> Result<Type, CallError> {
    match args.get(0).ty() {
        Type::List(ty) | Type::Set(ty) => Ok(Type::clone(&ty)),
        Type::Tuple(types) if types.len() <= 1 => Ok(types.first().cloned().unwrap_or(Type::Dynamic)),
        _ => Err(CallError::argument(0, NOT_ONE)),
    }
}

fn one(args: &Arguments) -> Result<Value, CallError> {
    match (certain_length(args.get(0)), args.items(0)) {
        (None, _) => Ok(Value::unknown(args.result.clone())),
        (_, []) => Ok(Value::null(args.result.clone())),
        (_, [only]) => Ok(only.clone()),
        _ => Err(CallError::argument(0, NOT_ONE)),
    }
}
