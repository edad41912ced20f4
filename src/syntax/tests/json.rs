//! The JSON form.

use super::{said, show, source};
use crate::diag::Diagnostics;
use crate::syntax::{Body, json, parse_json};

/// Parses and shapes: `a`, `b` are blocks with one and two labels, `inner` one without.
fn shaped(text: &str) -> (Body, Vec<String>) {
    let (sources, id) = source(text);
    let mut diags = Diagnostics::new();
    let body = parse_json(&sources, id, &mut diags);
    let labels = |name: &str| match name {
        "a" => Some(1),
        "b" => Some(2),
        "inner" => Some(0),
        _ => None,
    };
    let mut body = json::shape(body, labels, &mut diags);
    for block in &mut body.blocks {
        block.body = json::shape(std::mem::take(&mut block.body), labels, &mut diags);
    }
    (body, said(&sources, &diags))
}

fn check(text: &str, tree: &str) {
    let (body, said) = shaped(text);
    assert_eq!(said, [""; 0], "{text}");
    assert_eq!(show::body(&body), tree, "{text}");
}

fn check_error(text: &str, complaint: &str) {
    assert_eq!(shaped(text).1, [complaint], "{text}");
}

#[test]
fn arguments_and_blocks() {
    check(r#"{"x": [1, -2.5e3, true, null], "//": "comment"}"#, "x = [1 -2500 true null]");
    check(r#"[{"x": 1}, {"y": {"k": "v"}}]"#, r#"x = 1; y = {"k"="v"}"#);
    check(r#"{"a": {"n": {"x": 1}, "m": [{}, {}]}}"#, r#"a "n" {x = 1}; a "m" {}; a "m" {}"#);
    check(r#"{"b": [{"t": {"n": {"inner": {"z": 1}}}}]}"#, r#"b "t" "n" {inner {z = 1}}"#);
    check(r#"{"inner": null}"#, "");
    check("\u{feff}{}", "");
}

#[test]
fn strings_are_templates() {
    check(
        r#"{"x": "a${b}\n", "y": "${c}", "z": "$${d}"}"#,
        r#"x = (template "a" b "\n"); y = (wrap c); z = "${d}""#,
    );
    check(r#"{"x": {"${k}": 1}, "y": "\"\u00e9\ud83d\ude00"}"#, r#"x = {(wrap k)=1}; y = "\"é😀""#);
}

#[test]
fn places_inside_strings_are_those_of_the_file() {
    check_error(r#"{"x": "\t\"${1+}"}"#, "1:16 Invalid expression");
    check_error(r#"{"x": "${b"}"#, "1:8 Unclosed template interpolation sequence");
}

#[test]
fn strings_can_be_read_as_expressions() {
    let (sources, id) = source(r#"{"x": "list(\"a\")", "y": "1 2"}"#);
    let mut diags = Diagnostics::new();
    let body = parse_json(&sources, id, &mut diags);
    let read = |at: usize, diags: &mut Diagnostics| {
        json::static_expression(&sources, &body.attributes[at].expr, diags).map(|expr| show::expr(&expr))
    };
    assert_eq!(read(0, &mut diags).as_deref(), Some(r#"(call list "a")"#));
    assert_eq!(read(1, &mut diags), None);
    assert_eq!(said(&sources, &diags), ["1:30 Extra characters after expression"]);
}

#[test]
fn strings_can_be_taken_as_they_are() {
    let (sources, id) = source(r#"{"x": ["${a}", "$${b}", {"${c}": 1}]}"#);
    let body = parse_json(&sources, id, &mut Diagnostics::new());
    let raw = json::literal(&sources, &body.attributes[0].expr);
    assert_eq!(show::expr(&raw), r#"["${a}" "$${b}" {"${c}"=1}]"#);
}

#[test]
fn complaints_are_those_of_hcl() {
    let cases = [
        ("", "1:1 Missing value"),
        ("{", "1:1 Unclosed object"),
        ("1", "1:1 Root value must be object"),
        (r#"{"x""#, "1:4 Missing property value colon"),
        (r#"{"x":"#, "1:5 Missing value"),
        (r#"{"x":}"#, "1:6 Missing JSON value"),
        (r#"{"x":1,}"#, "1:7 Trailing comma in object"),
        (r#"{"x":[1,]}"#, "1:8 Trailing comma in array"),
        (r#"{"x" 1}"#, "1:6 Missing property value colon"),
        (r#"{x: 1}"#, "1:2 Invalid object property name"),
        (r#"{"x":1 "y":2}"#, "1:8 Missing attribute seperator comma"),
        (r#"{"x":[1 2]}"#, "1:9 Missing attribute seperator comma"),
        (r#"{"x":tru}"#, "1:6 Invalid JSON keyword"),
        (r#"{"x":01}"#, "1:6 Invalid JSON number"),
        (r#"{"x":1.}"#, "1:6 Invalid JSON number"),
        (r#"{"x":"y}"#, "1:6 Invalid JSON string"),
        (r#"{"x":"\q"}"#, "1:7 Invalid JSON string"),
        (r#"{"x":[1}"#, "1:8 Mismatched brackets"),
        (r#"{"x":{"y":1]"#, "1:12 Mismatched braces"),
        (r#"{} x"#, "1:4 Extraneous data after value"),
        (r#"{'x':1}"#, "1:2 Invalid object property name"),
        (r#"{"x":'1'}"#, "1:6 Invalid start of value"),
        (r#"{"x":1,"x":2}"#, "1:8 Duplicate attribute definition"),
        (r#"{"inner":1}"#, "1:10 Incorrect JSON value type"),
        (r#"{"inner":[1]}"#, "1:11 Incorrect JSON value type"),
        (r#"{"a":{"n":1}}"#, "1:11 Incorrect JSON value type"),
        (r#"{"a":{}}"#, "1:6 Missing block label"),
        (r#"{"a":"x"}"#, "1:6 Incorrect JSON value type"),
    ];
    for (text, complaint) in cases {
        check_error(text, complaint);
    }
}

#[test]
fn deep_nesting_is_refused() {
    let deep = |levels: usize| format!(r#"{{"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(shaped(&deep(200)).1, [""; 0]);
    assert!(shaped(&deep(1_000_000)).1[0].ends_with("JSON nested too deeply"));
}
