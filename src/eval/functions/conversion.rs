//! Conversions of type: `tobool`, `tolist`, `tomap`, `tonumber`, `toset`, `tostring`.

use crate::value::{Marks, Type, Value, convert, go_quote};

use super::arguments::{Arguments, Body};
use super::call::CallError;
use super::{Function, Param, boolean, list_of_any, number, text};

const V: &[Param] = &[Param::any("v").null().unknown().marked().dynamic()];

fn map_of_any() -> Type {
    Type::map(Type::Dynamic)
}

fn set_of_any() -> Type {
    Type::set(Type::Dynamic)
}

pub(super) const FUNCTIONS: &[Function] = &[
    conversion("tobool", boolean, |a| convert_to(a, Type::Bool)),
    conversion("tolist", list_of_any, |a| convert_to(a, list_of_any())),
    conversion("tomap", map_of_any, |a| convert_to(a, map_of_any())),
    conversion("tonumber", number, |a| convert_to(a, Type::Number)),
    conversion("toset", set_of_any, |a| convert_to(a, set_of_any())),
    conversion("tostring", text, |a| convert_to(a, Type::String)),
    Function::typed(
        "list",
        &[],
        |_| Err(gone("list", "tolist([ ... ])")),
        |_| Err(gone("list", "tolist([ ... ])")),
    )
    .variadic(GONE),
    Function::typed(
        "map",
        &[],
        |_| Err(gone("map", "tomap({ ... })")),
        |_| Err(gone("map", "tomap({ ... })")),
    )
    .variadic(GONE),
];

const GONE: Param = Param::any("vals").null().unknown().dynamic();

/// Says what to write instead of a function that Terraform had once.
fn gone(name: &str, instead: &str) -> CallError {
    CallError::failed(format!(
        "the \"{name}\" function was deprecated in Terraform v0.12 and is no longer available; use {instead} \
         syntax to write a literal {name}"
    ))
}

const fn conversion(name: &'static str, returns: fn() -> Type, body: Body) -> Function {
    Function::new(name, V, returns, body).nullable()
}

fn convert_to(args: &Arguments, wanted: Type) -> Result<Value, CallError> {
    let value = args.get(0);
    convert(value, &wanted).map_err(|_| CallError::argument(0, refusal(value, &wanted)))
}

/// Says why a value cannot be converted, without showing a secret one.
fn refusal(value: &Value, wanted: &Type) -> String {
    let (given, to) = (value.ty().friendly_name(), wanted.friendly_name_for_constraint());
    let secret = value.contains_marks(Marks::SENSITIVE) || value.contains_marks(Marks::EPHEMERAL);
    let text = value.as_str().map(go_quote);
    match (wanted, text) {
        (Type::Bool | Type::Number, _) if secret && value.ty() == Type::String => {
            format!("cannot convert this sensitive {given} to {to}")
        }
        (Type::Bool, Some(text)) => {
            format!("cannot convert {text} to bool; only the strings \"true\" or \"false\" are allowed")
        }
        (Type::Number, Some(text)) => format!(
            "cannot convert {text} to number; given string must be a decimal representation of a number"
        ),
        _ => format!("cannot convert {given} to {to}"),
    }
}
