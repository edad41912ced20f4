//! `jsonencode` and `jsondecode`.

use crate::value::{Refinement, Str, Type, Value, from_json_text, to_json_text};

use super::arguments::Arguments;
use super::call::CallError;

pub(super) fn decode(args: &Arguments) -> Result<Value, CallError> {
    from_json_text(args.text(0)).map_err(|error| CallError::failed(error.message))
}

/// Of a value that is not known as a whole, at least the first character is.
pub(super) fn encode(args: &Arguments) -> Result<Value, CallError> {
    let value = args.get(0);
    if !value.is_wholly_known() {
        let prefix = first_character(value).map(Str::new);
        return Ok(Value::refined(Type::String, Refinement { prefix, ..Refinement::not_null() }));
    }
    let text = to_json_text(value).map_err(|error| CallError::failed(error.message))?;
    Ok(Value::string(text))
}

fn first_character(value: &Value) -> Option<&'static str> {
    if !value.is_surely_not_null() {
        return None;
    }
    match value.ty() {
        Type::String => Some("\""),
        Type::Object(_) | Type::Map(_) => Some("{"),
        Type::List(_) | Type::Set(_) | Type::Tuple(_) => Some("["),
        _ => None,
    }
}
