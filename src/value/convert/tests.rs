//! Conversion and unification against Terraform's own answers, and properties.

use super::*;
use crate::value::testing::{any_type, any_value};
use crate::value::{Marks, console, from_json_text};
use proptest::prelude::*;

fn ty(json: &str) -> Type {
    Type::from_json(&serde_json::from_str(json).unwrap()).unwrap_or_else(|| panic!("{json} is no type"))
}

/// What a value given as JSON is as another type, printed without spaces; or why it cannot be.
fn check(value: &str, to: &str, expected: Result<&str, &str>) {
    let converted = convert(&from_json_text(value).unwrap(), &ty(to));
    let shown = converted.map(|value| console(&value).split_whitespace().collect::<String>());
    let expected = expected.map(str::to_owned).map_err(str::to_owned);
    assert_eq!(shown.map_err(|error| error.to_string()), expected, "{value} as {to}");
}

#[test]
fn primitives() {
    check("1.50", r#""string""#, Ok("\"1.5\""));
    check("true", r#""string""#, Ok("\"true\""));
    check("\"0x1F\"", r#""number""#, Err("a number is required"));
    check("\"1e3\"", r#""number""#, Ok("1000"));
    check("\"1\"", r#""bool""#, Ok("true"));
    check("\"yes\"", r#""bool""#, Err("a bool is required"));
    check("\"True\"", r#""bool""#, Err("a bool is required; to convert from string, use lowercase \"true\""));
    check("1", r#""bool""#, Err("bool required"));
    check("false", r#""number""#, Err("number required"));
    check("[1]", r#""string""#, Err("string required"));
    check("null", r#""string""#, Ok("tostring(null)"));
}

#[test]
fn collections() {
    check("[1,\"2\"]", r#"["list","number"]"#, Ok("tolist([1,2,])"));
    check("[1,\"x\"]", r#"["list","number"]"#, Err("[1]: a number is required"));
    check("{\"a\":1}", r#"["list","number"]"#, Err("list of number required"));
    check("[[1]]", r#"["list","number"]"#, Err("element 0: number required"));
    check("{\"a\":\"x\"}", r#"["map","number"]"#, Err("[\"a\"]: a number is required"));
    check("[1]", r#"["map","number"]"#, Err("map of number required"));
    check("{\"a.b\":[]}", r#"["map","number"]"#, Err("element \"a.b\": number required"));
    check("{\"a\":[],\"b\":{}}", r#"["map","number"]"#, Err("element \"a\": number required"));
    check("[2,1,\"2\"]", r#"["set","number"]"#, Ok("toset([1,2,])"));
    check("[]", r#"["set","number"]"#, Ok("toset([])"));
    check("{}", r#"["map","dynamic"]"#, Ok("tomap({})"));
}

#[test]
fn structures() {
    let object = r#"["object",{"x":"number","y":"string"}]"#;
    check(r#"{"x":"1","y":2,"z":3}"#, object, Ok(r#"{"x"=1"y"="2"}"#));
    check("{}", object, Err(r#"attributes "x" and "y" are required"#));
    check(
        "{}",
        r#"["object",{"x":"bool","y":"bool","z":"bool"}]"#,
        Err(r#"attributes "x", "y", and "z" are required"#),
    );
    check(r#"{"x":1}"#, object, Err(r#"attribute "y" is required"#));
    check(r#"{"x":"q","y":1}"#, object, Err(".x: a number is required"));
    check(r#"{"x":[],"y":1}"#, object, Err(r#"attribute "x": number required"#));
    check("[1]", object, Err("object required"));
    check("[{}]", r#"["set",["object",{"x":"number"}]]"#, Err(r#"element 0: attribute "x" is required"#));
    check(
        r#"{"k":{}}"#,
        r#"["map",["object",{"x":"number"}]]"#,
        Err(r#"element "k": attribute "x" is required"#),
    );
    check(
        r#"{"k":{"x":"q"}}"#,
        r#"["map",["object",{"x":"number"}]]"#,
        Err(r#"["k"].x: a number is required"#),
    );
    check("[]", r#"["map",["object",{"x":"number"}]]"#, Err("map of object required"));
    check(r#"["1",2]"#, r#"["tuple",["number","string"]]"#, Ok(r#"[1,"2",]"#));
    check("[1]", r#"["tuple",["number","string"]]"#, Err("tuple required"));
}

#[test]
fn elements_find_a_type_of_their_own() {
    let list = r#"["list","dynamic"]"#;
    let differ = Err("all list elements must have the same type");
    check(r#"[1,"a",true]"#, list, Ok(r#"tolist(["1","a","true",])"#));
    check("[1,true]", list, differ);
    check("[1,{}]", list, differ);
    check("[[1],{}]", list, differ);
    check(r#"["1",[1]]"#, list, differ);
    check(r#"[{"a":1},{"b":2}]"#, list, Ok(r#"tolist([tomap({"a"=1}),tomap({"b"=2}),])"#));
    check(r#"[{"a":1},{"a":"x"}]"#, list, Ok(r#"tolist([{"a"="1"},{"a"="x"},])"#));
    check(r#"[[1],["a"]]"#, list, Ok(r#"tolist([["1",],["a",],])"#));
    check(r#"[[1],["a",true]]"#, list, Ok(r#"tolist([tolist(["1",]),tolist(["a","true",]),])"#));
    check("[[1],[]]", list, Ok("tolist([tolist([1,]),tolist([]),])"));
    check("[1,null]", list, Ok("tolist([1,tonumber(null),])"));
    check("[null,null]", list, Ok("tolist([null,null,])"));
    check(r#"[[null],["x"]]"#, list, Ok(r#"tolist([[tostring(null),],["x",],])"#));
    check("{\"a\":1,\"b\":[1]}", r#"["map","dynamic"]"#, Err("all map elements must have the same type"));
    check("{\"a\":null}", r#"["map","dynamic"]"#, Ok("tomap({\"a\"=null})"));
    check("[[1],{\"a\":1}]", r#"["set","dynamic"]"#, Err("all set elements must have the same type"));
    check("{}", list, Err("list of any single type required"));
}

#[test]
fn collections_of_collections() {
    let list = Value::list(Type::String, vec!["1".into(), "x".into()]);
    let error = |value: &Value, to: &str| convert(value, &ty(to)).unwrap_err().to_string();
    assert_eq!(error(&list, r#"["list","number"]"#), "[1]: a number is required");
    assert_eq!(error(&list, r#"["map","string"]"#), "map of string required");
    assert_eq!(
        error(&list, r#"["set",["list","string"]]"#),
        "incorrect set element type: list of string required"
    );
    let map = Value::map(Type::String, [("x".into(), "1".into())].into());
    assert_eq!(
        error(&map, r#"["object",{"x":"number","y":"string"}]"#),
        r#"map has no element for required attribute "y""#
    );
    let object = convert(&map, &ty(r#"["object",{"x":"number"}]"#)).unwrap();
    assert_eq!(object, Value::object([("x".into(), Value::number(1))].into()));
}

#[test]
fn marks_stay_in_place() {
    let value = Value::tuple(vec![Value::string("1").sensitive(), "2".into()]).mark(Marks::EPHEMERAL);
    let converted = convert(&value, &Type::list(Type::Number)).unwrap();
    let elements = vec![Value::number(1).sensitive(), Value::number(2)];
    assert_eq!(converted, Value::list(Type::Number, elements).mark(Marks::EPHEMERAL));
}

#[test]
fn unknowns_take_the_type_and_keep_what_still_holds() {
    let length = |least, most| Refinement { length: Some((least, most)), ..Refinement::default() };
    let cases = [
        (r#"["tuple",["bool","string"]]"#, r#"["list","dynamic"]"#, r#"["list","string"]"#, length(2, 2)),
        (r#"["tuple",["bool","string"]]"#, r#"["set","string"]"#, r#"["set","string"]"#, length(1, 2)),
        (r#"["object",{"a":"bool"}]"#, r#"["map","string"]"#, r#"["map","string"]"#, length(1, 1)),
        (r#""dynamic""#, r#"["list","dynamic"]"#, r#"["list","dynamic"]"#, Refinement::default()),
        (r#"["list","bool"]"#, r#"["set","dynamic"]"#, r#"["set","bool"]"#, Refinement::default()),
        (r#""bool""#, r#""string""#, r#""string""#, Refinement::default()),
    ];
    for (from, to, result, refinement) in cases {
        let converted = convert(&Value::unknown(ty(from)), &ty(to));
        assert_eq!(converted, Ok(Value::refined(ty(result), refinement)), "{from} as {to}");
    }
    let known =
        Value::refined(Type::String, Refinement { prefix: Some("1".into()), ..Refinement::not_null() });
    assert_eq!(convert(&known, &Type::Number), Ok(Value::unknown_not_null(Type::Number)));
}

#[test]
fn unification() {
    let cases: [(&[&str], Option<&str>); 16] = [
        (&[], None),
        (&[r#""bool""#], Some(r#""bool""#)),
        (&[r#""number""#, r#""bool""#], None),
        (&[r#""number""#, r#""bool""#, r#""string""#], Some(r#""string""#)),
        (&[r#""dynamic""#, r#""number""#], Some(r#""number""#)),
        (&[r#""dynamic""#, r#"["list","number"]"#], Some(r#""dynamic""#)),
        (&[r#"["tuple",["number"]]"#, r#"["tuple",["string","string"]]"#], Some(r#"["list","string"]"#)),
        (&[r#"["tuple",["number"]]"#, r#"["list","string"]"#], Some(r#"["list","string"]"#)),
        (&[r#"["tuple",["string"]]"#, r#"["list","number"]"#], Some(r#"["list","string"]"#)),
        (&[r#"["set","number"]"#, r#"["list","number"]"#], Some(r#"["list","number"]"#)),
        (&[r#"["list","bool"]"#, r#"["list","string"]"#], Some(r#"["list","string"]"#)),
        (&[r#"["list","bool"]"#, r#"["map","bool"]"#], None),
        (&[r#"["object",{"a":"number"}]"#, r#"["object",{}]"#], Some(r#"["map","number"]"#)),
        (&[r#"["object",{"a":"number"}]"#, r#"["map","string"]"#], Some(r#"["map","string"]"#)),
        (&[r#"["object",{"a":"number"}]"#, r#"["tuple",["string"]]"#], None),
        (&[r#"["object",{"a":"number"}]"#, r#"["object",{"a":["list","string"]}]"#], None),
    ];
    for (types, unified) in cases {
        let types: Vec<_> = types.iter().map(|json| ty(json)).collect();
        assert_eq!(unify(&types), unified.map(ty), "{types:?}");
    }
}

proptest! {
    #[test]
    fn converting_twice_changes_nothing(value in any_value(), to in any_type()) {
        if let Ok(once) = convert(&value, &to) {
            prop_assert!(once.has_type(&to) && once.ty() == to);
            prop_assert_eq!(convert(&once, &to), Ok(once));
        }
    }

    #[test]
    fn every_value_is_of_its_own_type_and_of_any(value in any_value()) {
        prop_assert!(value.has_type(&value.ty()));
        prop_assert_eq!(convert(&value, &value.ty()), Ok(value.clone()));
        prop_assert_eq!(convert(&value, &Type::Dynamic), Ok(value));
    }

    #[test]
    fn conversion_drops_no_mark(value in any_value(), to in any_type()) {
        // Attributes that an object type leaves out take their marks with them.
        let keeps_all = !to.to_json().to_string().contains("object");
        if let Ok(converted) = convert(&value, &to) && keeps_all {
            prop_assert_eq!(converted.deep_marks(), value.deep_marks());
        }
    }

    #[test]
    fn what_unifies_converts(types in proptest::collection::vec(any_type(), 1..4)) {
        if let Some(unified) = unify(&types) {
            for from in &types {
                prop_assert!(possible(from, &unified), "{from:?} to {unified:?}");
            }
        }
    }

    #[test]
    fn a_refusal_is_explained(value in any_value(), to in any_type()) {
        if let Err(error) = convert(&value, &to) {
            prop_assert!(error.message.contains("require") || error.message.contains("must"), "{error}");
        }
    }
}
