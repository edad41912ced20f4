//! Which parts of a value are sensitive, or not known yet: trees of `true` beside a value's own tree.

use crate::value::{Marks, Path, Secrets, Value, to_json, transform};
use serde_json::{Map, Value as Json};

/// `true` where the value is sensitive.
pub(super) fn sensitive(value: &Value) -> Json {
    mask(value, &|value| value.is_sensitive() || is_secret_set(value))
}

/// `true` where the value is only known after apply.
pub(super) fn unknown(value: &Value) -> Json {
    mask(value, &|value| !value.is_known() || is_unknown_set(value))
}

/// Elements of a set have no place of their own.
fn is_secret_set(value: &Value) -> bool {
    matches!(value, Value::Set(..)) && value.contains_marks(Marks::SENSITIVE)
}

fn is_unknown_set(value: &Value) -> bool {
    matches!(value.unmarked(), Value::Set(..)) && !value.is_wholly_known()
}

/// Lists keep a place for each element; of objects and maps only what holds a `true`, or parts of its own, is there.
fn mask(value: &Value, holds: &impl Fn(&Value) -> bool) -> Json {
    if holds(value) {
        return true.into();
    }
    match value.unmarked() {
        Value::List(_, elements) | Value::Set(_, elements) | Value::Tuple(elements) => {
            elements.iter().map(|element| mask(element, holds)).collect()
        }
        Value::Map(_, entries) | Value::Object(entries) => {
            let masked = entries.iter().map(|(key, value)| (key.to_string(), mask(value, holds)));
            Json::Object(masked.filter(|(_, mask)| *mask != Json::Bool(false)).collect::<Map<_, _>>())
        }
        _ => false.into(),
    }
}

/// A planned value: what is not known yet is left out, sensitive or not.
pub(super) fn planned(value: &Value, secrets: Secrets) -> Json {
    let open = |_: &Path, value: Value| if value.is_known() { value } else { value.unmark().0 };
    to_json(&transform(value, &mut { open }), secrets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Type;
    use serde_json::json;

    fn sample() -> Value {
        Value::object(
            [
                ("id".into(), Value::unknown(Type::Number)),
                ("token".into(), Value::unknown(Type::String).sensitive()),
                ("password".into(), Value::string("hush").sensitive()),
                ("steps".into(), Value::tuple(vec!["a".into(), Value::string("b").sensitive()])),
                ("tags".into(), Value::set(Type::String, vec!["x".into(), Value::string("y").sensitive()])),
                ("name".into(), "n".into()),
            ]
            .into(),
        )
    }

    #[test]
    fn masks_have_a_true_for_each_part() {
        assert_eq!(
            sensitive(&sample()),
            json!({"password": true, "steps": [false, true], "tags": true, "token": true})
        );
        assert_eq!(
            unknown(&sample()),
            json!({"id": true, "token": true, "steps": [false, false], "tags": [false, false]})
        );
        assert_eq!(sensitive(&Value::number(1)), json!(false));
    }

    #[test]
    fn planned_values_leave_out_what_is_not_known() {
        assert_eq!(
            planned(&sample(), Secrets::Mask),
            json!({"name": "n", "password": "(sensitive)", "steps": ["a", "(sensitive)"], "tags": "(sensitive)"})
        );
        assert_eq!(
            planned(&sample(), Secrets::Reveal),
            json!({"name": "n", "password": "hush", "steps": ["a", "b"], "tags": ["x", "y"]})
        );
    }
}
