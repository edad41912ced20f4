//! Which mistake is reported where.

use super::{expression, file, in_body, show};
use crate::diag::{Diagnostics, Sources};
use crate::syntax::decode;

/// Checks the complaints about a file, and which items are left.
fn check(text: &str, complaints: &[&str], left: &str) {
    let (body, said) = file(text);
    assert_eq!(said, complaints, "{text}");
    assert_eq!(show::body(&body), left, "{text}");
}

#[test]
fn every_broken_item_is_reported_and_the_others_are_kept() {
    check(
        "a {\n  x = \n}\nb {}\nc = 'x'\nd {\n y = 1 2\n z = (\n}\n\ne {}\n",
        &[
            "2:7 Invalid expression",
            "5:5 Invalid character",
            "7:8 Missing newline after argument",
            "9:1 Invalid expression",
        ],
        "b {}; e {}",
    );
}

#[test]
fn an_item_without_an_end_does_not_swallow_the_next() {
    check("a {\n  x = 1\n\nb {\n}\n", &["1:3 Unclosed configuration block"], "b {}");
    check("a {\n  x = [1\n\nb {\n}\n", &["2:7 Unterminated tuple constructor expression"], "b {}");
    check("a {\n  x = \"abc\n}\nb {\n}\n", &["2:7 Invalid multi-line string"], "b {}");
    check("a {\n  x = <<EOT\nabc\n}\nb {\n}\n", &["2:7 Unterminated template string"], "b {}");
    check("x = [1\ny = 2\n", &["1:5 Unterminated tuple constructor expression"], "y = 2");
    check("a \"b {\n  x = 1\n}\nc {}\n", &["1:3 Invalid multi-line string"], "c {}");
}

#[test]
fn mistakes_in_expressions_are_worded_as_hcl_words_them() {
    for (summary, detail, texts) in CASES {
        for (text, in_a_body) in *texts {
            let said = if *in_a_body { in_body(text) } else { expression(text) };
            assert_eq!(said, Err((summary.to_string(), detail.to_string())), "{text}");
        }
    }
}

#[test]
fn mistakes_in_bodies() {
    let cases = [
        ("a = 1, b = 2", "1:6 Unexpected comma after argument"),
        ("a = 1 b = 2", "1:7 Missing newline after argument"),
        ("a 1", "1:1 Argument or block definition required"),
        ("\"a\" = 1", "1:1 Invalid argument name"),
        ("a { x = 1, y = 2 }", "1:10 Invalid single-argument block definition"),
        ("a { x = 1\n}", "1:10 Invalid single-argument block definition"),
        ("a { x = 1 y = 2 }", "1:11 Invalid single-argument block definition"),
        ("a { x { } }", "1:5 Argument definition required"),
        ("a { 1 }", "1:5 Argument or block definition required"),
        ("a \"b\"\n{\n}", "1:6 Invalid block definition"),
        ("a {\n  b\n  {\n  }\n}", "2:3 Argument or block definition required"),
        ("a \"b\" = {}", "1:7 Invalid block definition"),
        ("a \"b${1}\" {}", "1:5 Invalid string literal"),
        ("a {} x", "1:6 Missing newline after block definition"),
        ("a = f(1)\n == 1", "2:2 Argument or block definition required"),
        ("a = (1 2)", "1:8 Unbalanced parentheses"),
        ("a = f(1 2)", "1:9 Missing argument separator"),
        ("a = b[1", "1:7 Missing close bracket on index"),
        ("a = b.*.*", "1:9 Nested splat expression not allowed"),
        ("a = f::1()", "1:8 Missing function name"),
        ("a = f::b", "1:8 Missing open parenthesis"),
        ("a = 1e99999999999", "1:5 Invalid number literal"),
        ("a = 1.2.3", "1:5 Invalid number literal"),
        ("a = {b c = 1}", "1:8 Missing key/value separator"),
        ("a = {b}", "1:7 Missing key/value separator"),
        ("a = {b, c}", "1:7 Missing attribute value"),
        ("a = \"%{ if b }c\" d = \"e%{ endif }\"", "1:6 Unexpected end of template"),
        ("a = \"%{ fro b }\"", "1:9 Invalid template control keyword"),
        ("a = \"%{ if b c }%{ endif }\"", "1:14 Extra characters in if marker"),
        ("a = \"%{ if b }%{ endfor }\"", "1:15 Unexpected endfor directive"),
        ("a = \"%{ for b in c }%{ else }\"", "1:21 Unexpected else directive"),
        ("a = \"%{ endif }\"", "1:6 Unexpected endif directive"),
        ("a = \"%{ for 1 in b }%{ endfor }\"", "1:13 Invalid 'for' directive"),
        ("a = \"${b c}\"", "1:10 Extra characters after interpolation expression"),
        ("a = \"\\u12\"", "1:6 Invalid escape sequence"),
        ("a = 1\na = 2", "2:1 Attribute redefined"),
        ("b {\n a = 1\n a = 2\n}", "3:2 Attribute redefined"),
    ];
    for (text, complaint) in cases {
        let said = file(text).1;
        assert!(said.len() == 1 && said[0].starts_with(complaint), "{text}: {said:?}");
    }
}

#[test]
fn characters_that_do_not_belong() {
    let cases = [
        "a = b\0",
        "a = b\u{a0}c",
        "a = b \r c",
        "a = ‘x’",
        "a = “x”",
        "a = \u{feff}1",
        "a = @b",
        "a = 1;",
        "a = `b`",
    ];
    for text in cases {
        let said = file(text).1;
        assert!(said.len() == 1 && said[0].ends_with("Invalid character"), "{text}: {said:?}");
    }
    check("a = \"x\0\"\n", &[], "a = \"x\\0\"");
    check("a = 1 | 2\nb = 3", &["1:7 Unsupported operator"], "b = 3");
}

#[test]
fn some_lines_get_help() {
    let help = |text: &str| {
        let (sources, id) = super::source(text);
        let mut diags = Diagnostics::new();
        crate::syntax::parse(&sources, id, &mut diags);
        diags.take().into_iter().flat_map(|d| d.help).next().unwrap_or_default()
    };
    assert!(help("<<<<<<< HEAD\na = 1\n").contains("merge conflict"));
    assert!(help("a {\n  x = 1\n=======\n}\n").contains("merge conflict"));
    assert!(help("a = 2 ** 3").contains("pow("));
    assert!(help("a = /* b").contains("*/"));
    assert!(help("a = b\u{a0}").contains("ordinary space"));
}

#[test]
fn bytes_that_are_not_utf_8_are_shown() {
    let mut sources = Sources::new();
    let mut diags = Diagnostics::new();
    let decoded = decode(&mut sources, "main.hcl", b"a = 1\nb = \"\xff\"\n".to_vec(), &mut diags);
    assert!(decoded.is_err());
    assert_eq!(super::said(&sources, &diags), ["2:6 Invalid character encoding"]);
    assert!(decode(&mut sources, "main.hcl", "é".into(), &mut Diagnostics::new()).is_ok());
}

/// Texts, and whether they stand in a body.
type Texts = &'static [(&'static str, bool)];

/// What HCL says of which texts: summary and detail.
const CASES: &[(&str, &str, Texts)] = &[
    (
        "Invalid character",
        "Single quotes are not valid. Use double quotes (\") to enclose strings.",
        &[("{ \"with space\" = 1, 'x' = 2 }", false), ("'abc'", false)],
    ),
    (
        "Invalid 'for' expression",
        "For expression requires variable name after 'for'.",
        &[("{ for = 1, in = 2, if = 3 }", false)],
    ),
    (
        "Extra characters after expression",
        "An expression was successfully parsed, but extra characters were found after it.",
        &[
            ("1e+", false),
            ("1 => 2", false),
            ("1 = 1", false),
            ("true and false", false),
            ("true or false", false),
            ("true : 1", false),
            ("\"a\" \"b\"", false),
            ("max 1", false),
            ("max()()", false),
            ("\"upper\"(\"a\")", false),
            ("[upper][0](\"a\")", false),
        ],
    ),
    (
        "Invalid expression",
        "Expected the start of an expression, but found an invalid expression token.",
        &[
            ("{ = 1 }", false),
            ("+ 1", false),
            ("* 2", false),
            ("1 ++ 1", false),
            ("1 << 2", false),
            ("1 <> 2", false),
            ("> 1", false),
            ("1 >< 2", false),
            ("1 !== 2", false),
            ("\"%{ if }a%{ endif }\"", false),
            ("\"a${}\"", false),
            ("<<\nx", true),
            ("<<\"EOT\"\nquoted\nEOT", true),
            ("{ for x in [1] : x => }", false),
            ("{ for x in [1] : => x }", false),
            ("1 /* unterminated", false),
            ("true ?\n1 : 2", true),
            ("1 +\n2", true),
        ],
    ),
    (
        "Missing attribute separator",
        "Expected a newline or comma to mark the beginning of the next attribute.",
        &[("{ a = 1 b = 2 }", false), ("{ a = 1 b = 2\n}", true)],
    ),
    ("Invalid character", "This character is not used within the language.", &[("$", false)]),
    (
        "Invalid character",
        "The \"`\" character is not valid. To create a multi-line string, use the \"heredoc\" syntax, like \"<<EOT\".",
        &[("`x`", false)],
    ),
    (
        "Missing expression",
        "Expected the start of an expression, but found the end of the file.",
        &[("true ||", false)],
    ),
    (
        "Missing false expression in conditional",
        "The conditional operator (...?...:...) requires a false expression, delimited by a colon.",
        &[("true ? 1", false)],
    ),
    (
        "Invalid escape sequence",
        "The symbol \"'\" is not a valid escape sequence selector.",
        &[("\"\\'\"", false)],
    ),
    (
        "Invalid escape sequence",
        "The symbol \"0\" is not a valid escape sequence selector.",
        &[("\"\\0\"", false)],
    ),
    ("Invalid escape sequence", "Cannot encode character U+110000 in UTF-8.", &[("\"\\U00110000\"", false)]),
    ("Invalid escape sequence", "Cannot encode character U+d800 in UTF-8.", &[("\"\\ud800\"", false)]),
    (
        "Invalid escape sequence",
        "The symbol \"$\" is not a valid escape sequence selector.",
        &[("\"\\$\"", false)],
    ),
    (
        "Unexpected else directive",
        "The control directives within this template are unbalanced.",
        &[("\"%{ else }\"", false)],
    ),
    ("Unterminated template string", "No closing marker was found for the string.", &[("\"${\"", false)]),
    (
        "Unclosed template interpolation sequence",
        "There is no closing brace for this interpolation sequence before the end of the quoted template. This might be caused by incorrect nesting inside the given expression.",
        &[("\"${1\"", false)],
    ),
    (
        "Invalid template directive",
        "A template directive keyword (\"if\", \"for\", etc) is expected at the beginning of a %{ sequence.",
        &[("\"%{\"", false)],
    ),
    (
        "Unsupported operator",
        "Bitwise operators are not supported. Did you mean boolean NOT (\"!\")?",
        &[("\"a ${ ~ \"b\" } c\"", false)],
    ),
    (
        "Unexpected end of template",
        "The if directive is missing its corresponding endif directive.",
        &[("<<EOT\n%{ if true }\nEOT", true)],
    ),
    (
        "Invalid legacy index syntax",
        "When using the legacy index syntax, chaining two indexes together is not permitted. Use the proper index syntax instead, like [1][0].",
        &[("[[1, 2], [3, 4]].1.0", false)],
    ),
    (
        "Invalid attribute name",
        "An attribute name is required after a dot.",
        &[("{ a = 1 }..a", false), ("[{ a = 1 }][*].", false), ("[1].*.", false), ("upper.(\"a\")", false)],
    ),
    (
        "Missing close bracket on splat index",
        "The star for a full splat operator must be immediately followed by a closing bracket (\"]\").",
        &[("[1][*", false)],
    ),
    (
        "Invalid 'for' expression",
        "For expression requires the 'in' keyword after its name declarations.",
        &[("[for x [1] : x]", false)],
    ),
    (
        "Invalid 'for' expression",
        "Extra characters after the end of the 'for' expression.",
        &[("[for x in [1] : x,]", false)],
    ),
    (
        "Invalid 'for' expression",
        "Key expression is required when building an object.",
        &[("{ for x in [1] : x }", false)],
    ),
    (
        "Invalid 'for' expression",
        "Grouping ellipsis (...) cannot be used when building a tuple.",
        &[("[for x in [1, 2] : x...]", false)],
    ),
    (
        "Missing item separator",
        "Expected a comma to mark the beginning of the next item.",
        &[("[\n  1\n  2\n]", true)],
    ),
    (
        "Missing attribute value",
        "Expected an attribute value, introduced by an equals sign (\"=\").",
        &[("{\n  a\n  = 1\n}", true)],
    ),
    (
        "Missing closing parenthesis",
        "An expanded function argument (with ...) must be immediately followed by closing parentheses.",
        &[("max([1, 2]...,)", false)],
    ),
    (
        "Unterminated function call",
        "There is no closing parenthesis for this function call before the end of the file. This may be caused by incorrect parenthesis nesting elsewhere in this file.",
        &[("max(1", false)],
    ),
];
