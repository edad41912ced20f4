//! The language's `==`: through unknowns, nulls and marks.

use super::{Fields, Type, Value};

/// Whether the values are equal, as the language's `==` answers: a bool, or an unknown bool where it depends on what is not known
/// yet. Values of different types are different, except that all nulls are equal; nothing is converted. The marks of
/// both, at any depth, are on the answer.
pub fn equals(a: &Value, b: &Value) -> Value {
    let answer = |answer: Option<bool>| match answer {
        Some(equal) => Value::Bool(equal),
        None => Value::unknown_not_null(Type::Bool),
    };
    if !a.has_marks() && !b.has_marks() {
        return answer(compare_whole(a, b));
    }
    let ((a, a_marks), (b, b_marks)) = (a.unmark_deep(), b.unmark_deep());
    answer(compare_whole(&a, &b)).mark(a_marks.union(b_marks))
}

/// Types decide before any element does: tuples of different types are different, whatever is unknown in them.
fn compare_whole(a: &Value, b: &Value) -> Option<bool> {
    let structured = |value: &Value| matches!(value, Value::Tuple(_) | Value::Object(_));
    let differ = structured(a) && structured(b) && !a.has_type(&b.ty());
    if differ && !has_open_type(a) && !has_open_type(b) { Some(false) } else { compare(a, b) }
}

/// Whether the type is still to be known, of the value or of something in it.
fn has_open_type(value: &Value) -> bool {
    match value {
        Value::Unknown(ty, _) => ty.has_dynamic(),
        known => known.children().any(has_open_type),
    }
}

/// `None` where it is not known yet.
fn compare(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Unknown(..), Value::Unknown(..)) => None,
        (Value::Unknown(ty, refinement), known) | (known, Value::Unknown(ty, refinement)) => {
            // A null of any type is equal to other nulls, so the type tells nothing about one.
            let other_type = !known.is_null() && !ty.has_dynamic() && !known.has_type(ty);
            if other_type || !refinement.allows(known) { Some(false) } else { None }
        }
        (Value::Null(_), _) | (_, Value::Null(_)) => Some(a.is_null() && b.is_null()),
        _ => compare_known(a, b),
    }
}

fn compare_known(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Number(a), Value::Number(b)) => Some(a == b),
        (Value::String(a), Value::String(b)) => Some(a == b),
        (Value::List(a_type, a), Value::List(b_type, b)) => same_types(a_type, b_type, || sequences(a, b)),
        (Value::Tuple(a), Value::Tuple(b)) => sequences(a, b),
        (Value::Set(a_type, _), Value::Set(b_type, _)) => same_types(a_type, b_type, || {
            if a.is_wholly_known() && b.is_wholly_known() { Some(a == b) } else { None }
        }),
        (Value::Map(a_type, a), Value::Map(b_type, b)) => same_types(a_type, b_type, || named(a, b)),
        (Value::Object(a), Value::Object(b)) => named(a, b),
        _ => Some(false),
    }
}

/// Collections of different types are different, be they empty.
fn same_types(a: &Type, b: &Type, elements: impl FnOnce() -> Option<bool>) -> Option<bool> {
    if a == b { elements() } else { Some(false) }
}

fn sequences(a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    let mut parts = a.iter().zip(b).map(|(a, b)| typed(a, b));
    // The first element that is unknown or different decides, as in Terraform.
    parts.find(|part| *part != Some(true)).unwrap_or(Some(true))
}

fn named(a: &Fields, b: &Fields) -> Option<bool> {
    if a.len() != b.len() || !a.keys().eq(b.keys()) {
        return Some(false);
    }
    all(a.values().zip(b.values()).map(|(a, b)| typed(a, b)))
}

/// Parts are equal only if their types are, be they null.
fn typed(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Null(a), Value::Null(b)) => Some(a == b),
        _ => compare(a, b),
    }
}

/// One difference decides, whatever else is unknown; Terraform looks at attributes in no particular order.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = false,
        }
    }
    known.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Marks, Refinement, from_json_text};

    fn json(text: &str) -> Value {
        from_json_text(text).unwrap()
    }

    fn check(a: &Value, b: &Value, expected: Option<bool>) {
        let expected = expected.map_or_else(|| Value::unknown_not_null(Type::Bool), Value::Bool);
        assert_eq!(equals(a, b), expected, "{a:?} == {b:?}");
        assert_eq!(equals(b, a), expected, "{b:?} == {a:?}");
    }

    #[test]
    fn known_values() {
        for (a, b, equal) in [
            ("1", "1.0", true),
            ("1", "\"1\"", false),
            ("true", "\"true\"", false),
            ("null", "null", true),
            ("null", "0", false),
            ("[1, [2]]", "[1, [2]]", true),
            ("[1]", "[1, 1]", false),
            (r#"{"a": 1, "b": {}}"#, r#"{"b": {}, "a": 1}"#, true),
            (r#"{"a": 1}"#, r#"{"b": 1}"#, false),
            ("[]", "{}", false),
        ] {
            check(&json(a), &json(b), Some(equal));
        }
    }

    #[test]
    fn types_must_agree() {
        let list = Value::list(Type::Number, vec![Value::number(1)]);
        check(&list, &json("[1]"), Some(false));
        check(&Value::set(Type::Number, vec![Value::number(1)]), &list, Some(false));
        check(&Value::list(Type::Number, vec![]), &Value::list(Type::String, vec![]), Some(false));
        check(&Value::list(Type::Dynamic, vec![]), &Value::list(Type::String, vec![]), Some(false));
        check(&Value::null(Type::Bool), &Value::null(Type::String), Some(true));
        check(&json("[null]"), &Value::tuple(vec![Value::null(Type::String)]), Some(false));
    }

    #[test]
    fn what_is_not_known_yet_may_be_anything_it_is_not_known_not_to_be() {
        let text = Value::unknown(Type::String);
        let prefixed = Refinement { prefix: Some("ab".into()), ..Refinement::not_null() };
        let prefixed = Value::refined(Type::String, prefixed);
        let long = Refinement { length: Some((2, 3)), ..Refinement::not_null() };
        let long = Value::refined(Type::list(Type::Bool), long);
        check(&text, &text, None);
        check(&text, &json("1"), Some(false));
        check(&text, &json("\"x\""), None);
        check(&text, &json("null"), None);
        check(&Value::unknown(Type::Dynamic), &json("1"), None);
        check(&Value::unknown_not_null(Type::String), &json("null"), Some(false));
        check(&prefixed, &json("\"abc\""), None);
        check(&prefixed, &json("\"b\""), Some(false));
        check(&long, &Value::list(Type::Bool, vec![true.into()]), Some(false));
        let pair = |first: &Value| Value::tuple(vec![first.clone(), Value::number(1)]);
        check(&pair(&text), &json(r#"["a", 2]"#), None);
        check(&pair(&text), &json(r#"["a", "2"]"#), Some(false));
        check(&Value::tuple(vec![Value::number(1), text.clone()]), &json(r#"[2, "a"]"#), Some(false));
        check(&pair(&Value::unknown(Type::Dynamic)), &json(r#"["a", 1]"#), None);
        check(&Value::tuple(vec![text.clone()]), &json(r#"["a"]"#), None);
        check(&Value::set(Type::String, vec![text]), &Value::set(Type::String, vec!["a".into()]), None);
    }

    #[test]
    fn marks_of_both_are_on_the_answer() {
        let a = Value::tuple(vec![Value::number(1).sensitive()]);
        let b = json("[2]").mark(Marks::EPHEMERAL);
        assert_eq!(equals(&a, &b), Value::Bool(false).mark(Marks::SENSITIVE.union(Marks::EPHEMERAL)));
        assert_eq!(equals(&Value::unknown(Type::Bool).sensitive(), &a).marks(), Marks::SENSITIVE);
    }
}
