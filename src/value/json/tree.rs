//! A value as a plain JSON tree, for machines that read plans and states.

use crate::value::{Number, Value};
use serde_json::Value as Json;

/// The text that stands for a marked value.
const MASK: &str = "(sensitive)";

/// What becomes of marked values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Reveal,
    /// The string `(sensitive)` stands in their place.
    Mask,
}

/// The value as a JSON tree. What is not known yet is left out of objects and null elsewhere. A number that neither
/// 64-bit integers nor 64-bit floats can say digit by digit is a string of its digits, so that nothing is lost.
pub fn to_json(value: &Value, secrets: Secrets) -> Json {
    match value {
        Value::Marked(inner, _) => match secrets {
            Secrets::Reveal => to_json(inner, secrets),
            Secrets::Mask => Json::String(MASK.to_owned()),
        },
        Value::Null(_) | Value::Unknown(..) => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => number_to_json(number),
        Value::String(text) => Json::String(text.to_string()),
        Value::List(_, elements) | Value::Set(_, elements) | Value::Tuple(elements) => {
            Json::Array(elements.iter().map(|element| to_json(element, secrets)).collect())
        }
        Value::Map(_, elements) | Value::Object(elements) => {
            let shown = |value: &Value| value.is_known() || value.is_marked() && secrets == Secrets::Mask;
            let pairs = elements.iter().filter(|(_, value)| shown(value));
            Json::Object(pairs.map(|(name, value)| (name.to_string(), to_json(value, secrets))).collect())
        }
    }
}

fn number_to_json(number: &Number) -> Json {
    if let Some(integer) = number.as_i64() {
        return integer.into();
    }
    let text = number.to_string();
    if let Ok(integer) = text.parse::<u64>() {
        return integer.into();
    }
    let float = number.to_f64();
    match serde_json::Number::from_f64(float) {
        Some(json) if float.to_string() == text => Json::Number(json),
        _ => Json::String(text),
    }
}
