//! Values inside attributes: the shape that a kind asks for, what of it is sent, and what of an answer was declared.
//!
//! A constraint such as `list(object({ name = string, properties = optional(map(any)) }))` leaves some parts open. There each part keeps
//! the type it has, which a conversion to one type of list could not give.

use crate::value::{Constraint, ConvertError, Str, Type, Value};
use std::collections::BTreeMap;

/// Converts a value to a constraint; what the constraint leaves open stays as it is.
///
/// Attributes that an object constraint does not name are left out: answers have many.
pub(crate) fn conform(constraint: &Constraint, value: &Value) -> Result<Value, ConvertError> {
    if !constraint.ty().has_dynamic() {
        return constraint.apply(value);
    }
    let (plain, marks) = value.unmark();
    if plain.is_null() || !plain.is_known() {
        return Ok(value.clone());
    }
    let conformed = match (constraint, &plain) {
        (
            Constraint::List(element) | Constraint::Set(element),
            Value::Tuple(_) | Value::List(..) | Value::Set(..),
        ) => {
            let elements = plain.elements().map(|(_, value)| conform(element, &value));
            Value::tuple(elements.collect::<Result<_, _>>()?)
        }
        (Constraint::Map(element), Value::Object(_) | Value::Map(..)) => {
            let field =
                |(key, value): (Value, Value)| Some((Str::from(key.as_str()?), conform(element, &value)));
            let fields = plain.elements().filter_map(field).map(|(key, value)| Ok((key, value?)));
            Value::object(fields.collect::<Result<_, ConvertError>>()?)
        }
        (Constraint::Object(fields), Value::Object(_) | Value::Map(..)) => {
            let mut found = BTreeMap::new();
            for (name, field) in fields {
                let given = plain.get_attr(name).filter(|value| !value.is_null() || field.default.is_none());
                let value = match (given, &field.default) {
                    (Some(value), _) => conform(&field.constraint, value)?,
                    (None, Some(default)) => default.clone(),
                    (None, None) if field.optional => Value::null(field.constraint.ty()),
                    // The conversion says what is missing, in its own words.
                    (None, None) => return constraint.apply(value),
                };
                found.insert(name.clone(), value);
            }
            Value::object(found.into())
        }
        (Constraint::Any, _) => plain.clone(),
        _ => constraint.apply(&plain)?,
    };
    Ok(conformed.mark(marks))
}

/// The first attribute that an object constraint inside does not name: a typing error, since it would be left out.
pub(crate) fn foreign(constraint: &Constraint, value: &Value) -> Option<(String, Vec<String>)> {
    let plain = value.unmarked();
    match constraint {
        Constraint::List(element) | Constraint::Set(element) | Constraint::Map(element) => {
            plain.elements().find_map(|(_, value)| foreign(element, &value))
        }
        Constraint::Object(fields) => plain.elements().find_map(|(key, value)| {
            let key = key.as_str()?.to_owned();
            match fields.get(key.as_str()) {
                Some(field) => foreign(&field.constraint, &value),
                None => Some((key, fields.keys().map(|name| name.to_string()).collect())),
            }
        }),
        _ => None,
    }
}

/// A value as it is sent: without the optional attributes that nobody gave.
pub(crate) fn sent(constraint: &Constraint, value: &Value) -> Value {
    match (constraint, value) {
        (
            Constraint::List(element) | Constraint::Set(element),
            Value::Tuple(_) | Value::List(..) | Value::Set(..),
        ) => Value::tuple(value.elements().map(|(_, value)| sent(element, &value)).collect()),
        (Constraint::Map(element), Value::Object(_) | Value::Map(..)) => {
            let field =
                |(key, value): (Value, Value)| Some((Str::from(key.as_str()?), sent(element, &value)));
            Value::object(value.elements().filter_map(field).collect())
        }
        (Constraint::Object(fields), Value::Object(given)) => {
            let given = given.iter().filter(|(_, value)| !value.is_null());
            let field = |(name, value): (&Str, &Value)| {
                let value =
                    fields.get(name).map_or_else(|| value.clone(), |field| sent(&field.constraint, value));
                (name.clone(), value)
            };
            Value::object(given.map(field).collect())
        }
        _ => value.clone(),
    }
}

/// Whether everything that `want` declares is so in `have`, which may have more: null, in an object, declares nothing.
pub fn covers(want: &Value, have: &Value) -> bool {
    let (want, have) = (want.unmarked(), have.unmarked());
    match (want, have) {
        (Value::Object(wants) | Value::Map(_, wants), Value::Object(_) | Value::Map(..)) => {
            let held = |(name, want): (&Str, &Value)| {
                want.is_null() || have.get_attr(name).is_some_and(|have| covers(want, have))
            };
            wants.iter().all(held)
        }
        (Value::Tuple(_) | Value::List(..), Value::Tuple(_) | Value::List(..)) => {
            let (wants, haves): (Vec<_>, Vec<_>) = (want.elements().collect(), have.elements().collect());
            wants.len() == haves.len()
                && wants.iter().zip(&haves).all(|((_, want), (_, have))| covers(want, have))
        }
        _ if !want.is_wholly_known() || !have.is_wholly_known() => false,
        _ => want == have || (want.ty() == Type::Number && text(want) == text(have)),
    }
}

/// What there is of that which `want` declares: the rest of `have` is left out, for what nobody asked for is no change.
pub fn declared(want: &Value, have: &Value) -> Value {
    match (want, have) {
        (Value::Object(wants) | Value::Map(_, wants), Value::Object(haves)) => {
            let field = |(name, have): (&Str, &Value)| {
                let value = match wants.get(name).filter(|want| !want.is_null()) {
                    Some(want) => declared(want, have),
                    None => Value::null(have.ty()),
                };
                (name.clone(), value)
            };
            Value::object(haves.iter().map(field).collect())
        }
        (Value::Object(wants) | Value::Map(_, wants), Value::Map(ty, haves)) => {
            let entry = |(name, have): (&Str, &Value)| {
                let want = wants.get(name).filter(|want| !want.is_null())?;
                Some((name.clone(), declared(want, have)))
            };
            Value::map(ty.clone(), haves.iter().filter_map(entry).collect())
        }
        (Value::Tuple(wants) | Value::List(_, wants), Value::Tuple(haves)) => {
            Value::tuple(declared_in_order(wants, haves))
        }
        (Value::Tuple(wants) | Value::List(_, wants), Value::List(ty, haves)) => {
            Value::list(ty.clone(), declared_in_order(wants, haves))
        }
        _ => have.clone(),
    }
}

/// The same for elements in order: those before and behind what changed belong together, and what is between if it is as many.
fn declared_in_order(wants: &[Value], haves: &[Value]) -> Vec<Value> {
    let shorter = wants.len().min(haves.len());
    let both = || wants.iter().zip(haves);
    let backwards = || wants.iter().rev().zip(haves.iter().rev());
    let before = both().take_while(|(want, have)| covers(want, have)).count();
    let behind = backwards().take(shorter - before).take_while(|(want, have)| covers(want, have)).count();
    let wanted = |at: usize| match at {
        _ if at < before || wants.len() == haves.len() => wants.get(at),
        _ if at >= haves.len() - behind => wants.get(at + wants.len() - haves.len()),
        _ => None,
    };
    let pair =
        |(at, have): (usize, &Value)| wanted(at).map_or_else(|| have.clone(), |want| declared(want, have));
    haves.iter().enumerate().map(pair).collect()
}

/// A number as the API may write it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
