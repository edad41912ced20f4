//! JSON against Terraform's own answers, and round trips.

use super::*;
use crate::value::testing::any_value;
use crate::value::{Marks, Number, Refinement, Type, Value, console};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn decoding() {
    let cases = [
        (r#"{"a":1,"a":2}"#, "{\n  \"a\" = 2\n}"),
        ("1e5", "100000"),
        ("-0", "-0"),
        ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
        ("  null  ", "null"),
        (
            r#"["\u00e9\"\\\/\b\f\n\r\t", true, [], {}]"#,
            "[\n  <<-EOT\n  é\"\\/\u{8}\u{c}\n  \r\t\n  EOT,\n  true,\n  [],\n  {},\n]",
        ),
        (r#""\ud83d\ude00""#, "\"😀\""),
        (r#""\ude00x\ud83dx\ud83d\u0041""#, "\"\u{fffd}x\u{fffd}x\u{fffd}A\""),
        (r#""\u0000""#, r#""\x00""#),
        (r#"{"e\u0301":1}"#, "{\n  \"é\" = 1\n}"),
        ("[1]]", "[\n  1,\n]"),
        ("{} }", "{}"),
    ];
    for (text, shown) in cases {
        assert_eq!(from_json_text(text).map(|value| console(&value)).as_deref(), Ok(shown), "{text}");
    }
}

#[test]
fn complaints_are_terraforms() {
    let cases = [
        ("", 0, "EOF"),
        ("{", 1, "EOF"),
        ("[1,", 3, "EOF"),
        (r#"{"a":1"#, 6, "EOF"),
        ("nul", 3, "unexpected EOF"),
        ("\"abc", 4, "unexpected EOF"),
        ("-", 1, "unexpected EOF"),
        ("1e+", 3, "unexpected EOF"),
        ("{}x", 2, "extraneous data after JSON object"),
        ("01", 1, "extraneous data after JSON object"),
        ("[1,]", 3, "invalid character ']' looking for beginning of value"),
        (r#"{"a" 1}"#, 5, "invalid character '1' after object key"),
        ("{1:2}", 1, "invalid character '1'"),
        (r#"{"a":1,}"#, 7, "invalid character '}' looking for beginning of object key string"),
        (r#"{"a":1 "b":2}"#, 7, "invalid character '\"' after object key:value pair"),
        ("[1 2]", 3, "invalid character '2' after array element"),
        ("\"a\nb\"", 2, "invalid character '\\n' in string literal"),
        (r#""\x""#, 2, "invalid character 'x' in string escape code"),
        (r#""\u12zz""#, 5, "invalid character 'z' in \\u hexadecimal character escape"),
        ("'a'", 0, "invalid character '\\'' looking for beginning of value"),
        ("nulx", 3, "invalid character 'x' in literal null (expecting 'l')"),
        ("[-]", 2, "invalid character ']' in numeric literal"),
        ("[1.]", 3, "invalid character ']' after decimal point in numeric literal"),
        ("1e99999999999", 13, "a number is required"),
        ("é", 0, "invalid character 'é' looking for beginning of value"),
    ];
    for (text, offset, message) in cases {
        let error = JsonError { message: message.to_owned(), offset };
        assert_eq!(from_json_text(text), Err(error), "{text}");
    }
}

#[test]
fn depth_is_limited() {
    let deep = std::thread::Builder::new().stack_size(crate::value::STACK_SIZE).spawn(check_depth);
    deep.unwrap().join().unwrap();
}

fn check_depth() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = from_json_text(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(deepest, deepest.clone());
    assert!(equals_itself(&deepest));
    assert_eq!(to_json_text(&deepest), Ok(nested(MAX_DEPTH)));
    assert_eq!(console(&deepest).lines().count(), 2 * MAX_DEPTH - 1);
    let stored = typed_to_json(&deepest).to_string();
    assert_eq!(typed_from_text(&stored), Some(deepest.clone()));
    assert_eq!(typed_from_json(&serde_json::from_str(&stored).unwrap()), Some(deepest));
    let half = from_json_text(&nested(100)).unwrap().sensitive();
    let stored = typed_to_json(&half).to_string();
    assert_eq!(typed_from_json(&serde_json::from_str(&stored).unwrap()), Some(half));
    for depth in [MAX_DEPTH + 1, 1_000_000] {
        assert!(from_json_text(&nested(depth)).unwrap_err().message.contains("nested"));
        assert!(from_json_text(&"{\"a\":".repeat(depth)).unwrap_err().message.contains("nested"));
    }
}

fn equals_itself(value: &Value) -> bool {
    crate::value::equals(value, value) == Value::Bool(true)
}

#[test]
fn encoding() {
    let text = "<>&\u{2028}\u{1}\t\u{7f} é 😀\"\\\u{8}";
    let value = Value::object(
        [
            ("b".into(), Value::set(Type::String, vec!["z".into(), "a".into()])),
            ("a".into(), text.into()),
            ("n".into(), Value::number(Number::parse("1e30").unwrap())),
            ("z".into(), Value::null(Type::Bool)),
        ]
        .into(),
    );
    let expected = "{\"a\":\"\\u003c\\u003e\\u0026\\u2028\\u0001\\t\u{7f} é 😀\\\"\\\\\\b\",\"b\":[\"a\",\"z\"],\"n\":1000000000000000000000000000000,\"z\":null}";
    assert_eq!(to_json_text(&value).as_deref(), Ok(expected));
}

#[test]
fn what_has_no_json_form() {
    let cases = [
        (Value::number(Number::infinity()), "cannot serialize infinity as JSON"),
        (Value::unknown(Type::Bool), "value is not known"),
        (
            Value::tuple(vec![Value::bool(true).sensitive()]),
            "value has marks, so it cannot be serialized as JSON",
        ),
    ];
    for (value, message) in cases {
        assert_eq!(to_json_text(&value).unwrap_err().message, message);
    }
}

#[test]
fn trees_for_machines() {
    let number = |text| Value::number(Number::parse(text).unwrap());
    let value = Value::object(
        [
            ("a".into(), Value::unknown(Type::Bool)),
            ("b".into(), Value::tuple(vec![Value::unknown(Type::Bool), number("18446744073709551615")])),
            ("c".into(), Value::tuple(vec!["s".into(), number("1")]).sensitive()),
            ("d".into(), Value::unknown(Type::Bool).sensitive()),
            (
                "e".into(),
                Value::tuple(vec![
                    number("0.1"),
                    number("-7"),
                    number("0.1000000000000000000001"),
                    number("1e40"),
                ]),
            ),
        ]
        .into(),
    );
    let digits = json!([0.1, -7, "0.1000000000000000000001", 1e40]);
    let digits = json!([digits[0], digits[1], digits[2], "10000000000000000000000000000000000000000"]);
    let masked = json!({"b": [null, u64::MAX], "c": "(sensitive)", "d": "(sensitive)", "e": digits});
    let mut shown = to_json(&value, Secrets::Mask);
    // 1e40 is a float too, if its digits are written out: either form is exact.
    if shown["e"][3].is_number() {
        shown["e"][3] = digits[3].clone();
    }
    assert_eq!(shown, masked);
    assert_eq!(to_json(&value, Secrets::Reveal)["c"], json!(["s", 1]));
    assert_eq!(to_json(&value, Secrets::Reveal).get("d"), None);
}

#[test]
fn storage_form() {
    let refinement = Refinement { not_null: true, prefix: Some("ab".into()), ..Refinement::default() };
    let value = Value::object(
        [
            ("$".into(), Value::string("x").mark(Marks::SENSITIVE)),
            ("l".into(), Value::list(Type::Number, vec![Value::number(1), Value::null(Type::Number)])),
            ("u".into(), Value::refined(Type::String, refinement)),
        ]
        .into(),
    );
    let expected = json!({
        "t": ["object", {"$": "string", "l": ["list", "number"], "u": "string"}],
        "v": {
            "$$": {"$": ["marked", ["sensitive"], "x"]},
            "l": ["1", null],
            "u": {"$": ["unknown", {"not_null": true, "prefix": "ab"}]},
        },
    });
    assert_eq!(typed_to_json(&value), expected);
    assert_eq!(typed_from_json(&expected), Some(value));
}

#[test]
fn storage_that_is_damaged() {
    let cases = [
        json!(null),
        json!({"t": "bool"}),
        json!({"t": "bool", "v": "true"}),
        json!({"t": "number", "v": 1}),
        json!({"t": "number", "v": "1@0"}),
        json!({"t": "number", "v": "1@4000000000"}),
        json!({"t": ["tuple", ["bool"]], "v": []}),
        json!({"t": ["object", {"a": "bool"}], "v": {"b": true}}),
        json!({"t": "bool", "v": {"$": ["marked", ["secret"], true]}}),
        json!({"t": "bool", "v": {"$": ["as", "bool", true]}}),
        json!({"t": "bool", "v": {"$": []}}),
    ];
    for json in cases {
        assert_eq!(typed_from_json(&json), None, "{json}");
        assert_eq!(typed_from_text(&json.to_string()), None, "{json}");
    }
}

#[test]
fn storage_in_another_order_reads_the_same() {
    let written = r#"{"t":["object",{"a":"bool","b":["map","number"]}],"v":{"a":true,"b":{"x":"1"}}}"#;
    let shuffled =
        r#"{ "v": {"b": {"x": "1"}, "a": true}, "t": ["object", {"b": ["map", "number"], "a": "bool"}] }"#;
    assert!(typed_from_text(written).is_some());
    assert_eq!(typed_from_text(shuffled), typed_from_text(written));
}

proptest! {
    #[test]
    fn storage_loses_nothing(value in any_value()) {
        let text = typed_to_json(&value).to_string();
        let back = typed_from_json(&serde_json::from_str(&text).unwrap());
        prop_assert_eq!(back.as_ref().map(describe), Some(describe(&value)));
        let straight = typed_from_text(&text);
        prop_assert_eq!(straight.as_ref().map(describe), Some(describe(&value)));
        prop_assert_eq!(back, Some(value));
    }

    #[test]
    fn encoded_text_decodes_to_the_same_text(value in any_value()) {
        if let Ok(text) = to_json_text(&value) {
            let back = from_json_text(&text).unwrap();
            prop_assert_eq!(to_json_text(&back), Ok(text));
        }
    }

    #[test]
    fn any_text_is_answered(text in "[\\[\\]{}\",:0-9a-z\\\\ .+-]{0,40}") {
        if let Ok(value) = from_json_text(&text) {
            prop_assert!(to_json_text(&value).is_ok());
        }
    }

    #[test]
    fn masked_trees_show_nothing_marked(value in any_value()) {
        let secret = Value::tuple(vec![value, Value::string("hush").sensitive()]).sensitive();
        prop_assert_eq!(to_json(&secret, Secrets::Mask), json!("(sensitive)"));
        prop_assert_eq!(format!("{:?}", &secret), "Marked(..)");
    }
}

/// Sees what `==` does not: precision and what marks hide.
fn describe(value: &Value) -> String {
    let mut text = String::new();
    crate::value::walk(value, &mut |path, part| {
        let number = part.unmarked().as_number().map(|number| (number.to_string(), number.precision()));
        text.push_str(&format!("{path} {:?} {:?} {:?}\n", part.ty(), part.marks(), number));
        true
    });
    text
}
