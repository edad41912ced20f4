//! Saying why values of one type cannot be converted to another, in Terraform's words.

use super::possible;
use crate::value::{Str, Type, go_quote};
use std::collections::BTreeMap;

/// Why a value of the one type is not suitable as the other: `a number is required` says the value, this says the type
/// (`number required`, `attribute "x" is required`). Meaningful where no conversion exists.
pub fn mismatch_message(got: &Type, want: &Type) -> String {
    match (got, want) {
        (Type::Object(got), Type::Object(want)) => objects(got, want),
        (Type::Tuple(_), Type::List(element)) if **element == Type::Dynamic => same_type("list"),
        (Type::Tuple(_), Type::Set(element)) if **element == Type::Dynamic => same_type("set"),
        (Type::Object(_), Type::Map(element)) if **element == Type::Dynamic => same_type("map"),
        (Type::Tuple(got), Type::List(element) | Type::Set(element)) => {
            let places = got.iter().enumerate().map(|(at, got)| (at.to_string(), got));
            elements(places, element)
        }
        (Type::Object(got), Type::Map(element)) => {
            elements(got.iter().map(|(name, got)| (go_quote(name), got)), element)
        }
        (Type::List(got) | Type::Set(got), Type::List(element)) => collection("list", got, element),
        (Type::List(got) | Type::Set(got), Type::Set(element)) => collection("set", got, element),
        (Type::Map(got), Type::Map(element)) => collection("map", got, element),
        _ => required(want),
    }
}

fn required(want: &Type) -> String {
    format!("{} required", want.friendly_name_for_constraint())
}

fn same_type(kind: &str) -> String {
    format!("all {kind} elements must have the same type")
}

fn collection(kind: &str, got: &Type, want: &Type) -> String {
    format!("incorrect {kind} element type: {}", mismatch_message(got, want))
}

/// Names the first element that does not fit.
fn elements<'a>(got: impl Iterator<Item = (String, &'a Type)>, want: &Type) -> String {
    let mut got = got.filter(|(_, got)| !possible(got, want));
    match got.next() {
        Some((place, got)) => format!("element {place}: {}", mismatch_message(got, want)),
        None => format!("all elements must be {}", want.friendly_name_for_constraint()),
    }
}

fn objects(got: &BTreeMap<Str, Type>, want: &BTreeMap<Str, Type>) -> String {
    let missing: Vec<_> =
        want.keys().filter(|name| !got.contains_key(*name)).map(|name| go_quote(name)).collect();
    match missing.as_slice() {
        [] => {}
        [only] => return format!("attribute {only} is required"),
        [first, second] => return format!("attributes {first} and {second} are required"),
        [others @ .., last] => return format!("attributes {}, and {last} are required", others.join(", ")),
    }
    let mut pairs = want.iter().filter_map(|(name, want)| Some((name, got.get(name)?, want)));
    match pairs.find(|(_, got, want)| !possible(got, want)) {
        Some((name, got, want)) => format!("attribute {}: {}", go_quote(name), mismatch_message(got, want)),
        None => "incorrect object attributes".to_owned(),
    }
}
