//! Building sets: cty's order of elements, without duplicates.
//!
//! Primitive elements stand in their natural order, known before unknown before null. Other elements are ordered by a text made
//! of their parts, which is no promise of the language but is what users of Terraform see.

use super::show::go_quote;
use super::{Marks, Type, Value};
use std::fmt::Write;

impl Value {
    /// A set: the elements in order, each once. Marks in the elements become the set's, because equality with the other
    /// elements would show what is marked. Elements not known yet are all kept.
    pub fn set(element: Type, elements: Vec<Self>) -> Self {
        if !elements.iter().any(Self::has_marks) {
            return Self::Set(element, ordered(elements).into());
        }
        let (plain, marks): (Vec<_>, Vec<_>) = elements.iter().map(Self::unmark_deep).unzip();
        let set = Self::Set(element, ordered(plain).into());
        set.mark(marks.into_iter().fold(Marks::NONE, Marks::union))
    }
}

fn ordered(mut elements: Vec<Value>) -> Vec<Value> {
    let primitive = |value: &Value| {
        matches!(
            value,
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null(_) | Value::Unknown(..)
        )
    };
    if elements.iter().all(primitive) {
        elements.sort_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
    } else {
        elements.sort_by_cached_key(|value| {
            let mut key = String::new();
            write_key(value, &mut key);
            (rank(value), key)
        });
    }
    elements.dedup_by(|a, b| a == b && a.is_wholly_known());
    elements
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Unknown(..) => 1,
        Value::Null(_) => 2,
        _ => 0,
    }
}

/// Writes the text that orders elements which are themselves collections, tuples or objects.
fn write_key(value: &Value, key: &mut String) {
    match value {
        Value::Null(_) => key.push('~'),
        Value::Unknown(..) => key.push('?'),
        Value::Bool(value) => key.push(if *value { 'T' } else { 'F' }),
        Value::Number(number) => key.push_str(&number.sort_text()),
        Value::String(text) => key.push_str(&go_quote(text)),
        Value::Marked(inner, _) => write_key(inner, key),
        Value::Map(_, elements) => {
            key.push('{');
            for (name, element) in elements {
                let _ = write!(key, "{}:", go_quote(name)); // writing to a string cannot fail
                write_key(element, key);
                key.push(';');
            }
            key.push('}');
        }
        Value::List(..) | Value::Set(..) => write_keys('[', value.children(), ']', key),
        Value::Tuple(_) | Value::Object(_) => write_keys('<', value.children(), '>', key),
    }
}

fn write_keys<'a>(open: char, elements: impl Iterator<Item = &'a Value>, close: char, key: &mut String) {
    key.push(open);
    for element in elements {
        write_key(element, key);
        key.push(';');
    }
    key.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{console, convert, from_json_text};

    /// The elements of the set made of a JSON array, on one line.
    fn check(json: &str, expected: &str) {
        let set = convert(&from_json_text(json).unwrap(), &Type::set(Type::Dynamic)).unwrap();
        let text: String = console(&set).split_whitespace().collect();
        assert_eq!(text, format!("toset([{expected}])"), "{json}");
    }

    #[test]
    fn elements_stand_in_terraforms_order() {
        check(r#"["b", "a", "é", "Z", "", null, "a"]"#, r#""","Z","a","b","é",tostring(null),"#);
        check("[10, 9, -1, 1.5, null, 9.0]", "-1,1.5,9,10,tonumber(null),");
        check("[true, false, true]", "false,true,");
        check("[[2], [1], [2]]", "[1,],[2,],");
        check("[[10000000000], [9]]", "[10000000000,],[9,],");
        check(r#"[{"a": 10}, {"a": 9}]"#, r#"{"a"=10},{"a"=9},"#);
        check(r#"[{"a": null}, {"a": 1}]"#, r#"{"a"=1},{"a"=tonumber(null)},"#);
        check(r#"[["b"], ["a"], ["a\""]]"#, r#"["a",],["a\"",],["b",],"#);
    }

    #[test]
    fn marks_become_the_sets() {
        let inner = Value::tuple(vec![Value::string("x").mark(Marks::EPHEMERAL)]);
        let set = Value::set(inner.ty(), vec![inner]);
        assert_eq!(set.marks(), Marks::EPHEMERAL);
        assert!(!set.unmarked().has_marks());
    }

    #[test]
    fn elements_not_known_yet_are_all_kept() {
        let unknown = Value::unknown(Type::String);
        let set = Value::set(
            Type::String,
            vec![unknown.clone(), "a".into(), unknown.clone(), Value::null(Type::String)],
        );
        let elements: Vec<_> = set.elements().map(|(_, element)| element).collect();
        assert_eq!(elements, ["a".into(), unknown.clone(), unknown, Value::null(Type::String)]);
    }
}
