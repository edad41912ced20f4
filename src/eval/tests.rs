//! Cases as data: an expression and what the console prints for it, or the complaint. The answers are Terraform's.

use std::path::Path;

use super::{Host, Reference, Scope, Subject, console, evaluate, references, undeclared};
use crate::addr::ResourceAddr;
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources};
use crate::syntax::{Expr, parse_expression};
use crate::value::{Refinement, Type, Value};

/// The world as it is while planning, with variables of every kind.
struct TestScope;

impl Host for TestScope {
    fn base_dir(&self) -> &Path {
        Path::new(".")
    }

    fn read_file(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("hello.tpl") => Ok(b"Hello ${name}!".to_vec()),
            Some("wrong.tpl") => Ok(b"${name.x} ${1 + name}".to_vec()),
            Some("nested.tpl") => Ok(b"${templatefile(\"hello.tpl\", {})}".to_vec()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        None
    }

    fn plan_time(&self) -> Option<jiff::Timestamp> {
        None
    }

    fn random_uuid(&self) -> Option<String> {
        None
    }

    fn pure_only(&self) -> bool {
        true
    }
}

impl Scope for TestScope {
    fn lookup(&self, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported> {
        let value = match &reference.subject {
            Subject::Variable(name) => variable(name),
            Subject::Resource(addr) if *addr == ResourceAddr::managed("instance", "desk") => {
                Some(object(&[(
                    "eu",
                    object(&[
                        ("id", Value::unknown_not_null(Type::String)),
                        ("tags", Value::tuple(vec!["a".into()])),
                    ]),
                )]))
            }
            _ => None,
        };
        value.ok_or_else(|| diags.error(undeclared(reference)))
    }

    fn host(&self) -> &dyn Host {
        self
    }
}

fn variable(name: &str) -> Option<Value> {
    let length = Some((2, 4));
    let known = Refinement { not_null: true, length, ..Refinement::default() };
    Some(match name {
        "string" => Value::unknown_not_null(Type::String),
        "number" => Value::unknown(Type::Number),
        "bool" => Value::unknown(Type::Bool),
        "list" => Value::refined(Type::list(Type::String), known),
        "any" => Value::unknown(Type::Dynamic),
        "objects" => Value::unknown(Type::list(Type::object([("a".into(), Type::Number)].into()))),
        "tuple" => Value::unknown(Type::tuple(vec![Type::Number, Type::String])),
        "set" => Value::unknown(Type::set(Type::String)),
        "secret" => Value::string("s3cret").sensitive(),
        "secret_number" => Value::number(1).sensitive(),
        "secret_bool" => Value::bool(true).sensitive(),
        "secret_null" => Value::dynamic_null().sensitive(),
        "secret_list" => Value::list(Type::Number, vec![1.into(), 2.into()]).sensitive(),
        "secret_object" => object(&[("a", Value::number(1))]).sensitive(),
        "one_secret" => Value::list(Type::Number, vec![Value::number(1).sensitive(), 2.into()]),
        "numbers" => Value::list(Type::Number, vec![1.into(), 2.into()]),
        "no_numbers" => Value::list(Type::Number, vec![]),
        "words" => Value::list(Type::String, vec!["a".into(), "b".into()]),
        "word_set" => Value::set(Type::String, vec!["b".into(), "a".into()]),
        "object_set" => {
            Value::set(Type::object([("a".into(), Type::Number)].into()), vec![object(&[("a", 1.into())])])
        }
        "map" => Value::map(Type::Number, [("a".into(), 1.into())].into()),
        "strings" => Value::map(Type::String, [("a".into(), "x".into())].into()),
        "null_string" => Value::null(Type::String),
        "null_list" => Value::null(Type::list(Type::String)),
        "hello" => Value::string("Hello ${name}!"),
        "number_text" => Value::string("${n}"),
        "calls_file" => Value::string("${file(n)}"),
        "unclosed" => Value::string("${n"),
        _ => return None,
    })
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::number(number)
    }
}

fn object(fields: &[(&str, Value)]) -> Value {
    Value::object(fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
}

fn parse(text: &str) -> Expr {
    let mut sources = Sources::new();
    let file = sources.add("test", text);
    let mut diags = Diagnostics::new();
    parse_expression(&sources, file, &mut diags).unwrap_or_else(|| panic!("{text}: {diags:?}"))
}

fn run(text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut diags = Diagnostics::new();
    match console(&parse(text), &TestScope, &mut diags) {
        Ok(printed) => {
            assert!(diags.is_empty(), "{text}: {diags:?}");
            Ok(printed)
        }
        Err(_) => Err(diags.take()),
    }
}

fn run_wrong(text: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::new();
    let file = sources.add("test", text);
    let mut diags = Diagnostics::new();
    if let Some(expr) = parse_expression(&sources, file, &mut diags) {
        assert!(evaluate(&expr, &TestScope, &mut diags).is_err(), "{text}");
    }
    diags.take()
}

/// Each expression prints the text beside it.
fn check(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        match run(text) {
            Ok(printed) => assert_eq!(&printed, wanted, "{text}"),
            Err(problems) => panic!("{text}: {problems:?}"),
        }
    }
}

/// Each expression is refused with the complaints beside it: `Summary: detail @underlined source`, one a line.
fn refused(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        let problems = run(text).expect_err(text);
        let lines = problems.iter().map(|problem| {
            let place = problem.span.map_or("", |span| &text[span.range()]);
            format!("{}: {} @{place}", problem.summary, problem.detail)
        });
        assert_eq!(&lines.collect::<Vec<_>>().join("\n"), wanted, "{text}");
    }
}

const UNKNOWN: &str = "(known after apply)";
const SECRET: &str = "(sensitive value)";

#[test]
fn operators() {
    check(&[
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("\"2\" * 3", "6"),
        ("-7 % 3", "-1"),
        ("0.1 + 0.2 == 0.3", "true"),
        ("1 / 0 == 1 / 0", "true"),
        ("1 == \"1\"", "false"),
        ("null == null", "true"),
        ("[1] == [\"1\"]", "false"),
        ("\"b\" == \"b\" && !false", "true"),
        ("\"true\" || false", "true"),
        ("var.bool && false", UNKNOWN),
        ("var.bool || true", UNKNOWN),
        ("!var.bool == null", "false"),
        ("(1 + var.number) == null", "false"),
        ("var.number == null", UNKNOWN),
        ("var.string == null", "false"),
        ("var.any == 1", UNKNOWN),
        ("[var.string, 1] == [\"a\", 2]", UNKNOWN),
        ("[var.string] == [1, 2]", "false"),
        ("-var.secret_number", SECRET),
        ("var.secret_number > 0", SECRET),
        ("[var.secret_number] == [2]", SECRET),
    ]);
    refused(&[
        ("1 + null", "Operation failed: Error during operation: argument must not be null. @1 + null"),
        ("-null", "Operation failed: Error during operation: argument must not be null. @-null"),
        (
            "\"x\" + [1]",
            "Invalid operand: Unsuitable value for left operand: a number is required. @\"x\"\n\
             Invalid operand: Unsuitable value for right operand: number required. @[1]",
        ),
        ("!1", "Invalid operand: Unsuitable value for unary operand: bool required. @1"),
        (
            "0 / 0",
            "Operation failed: Error during operation: can't divide zero by zero or infinity by infinity. @0 / 0",
        ),
        (
            "false && [][0]",
            "Invalid index: The given key does not identify an element in this collection value: the collection has \
             no elements. @[0]",
        ),
    ]);
}

#[test]
fn conditionals() {
    check(&[
        ("true ? 1 : \"a\"", "\"1\""),
        ("true ? null : 1", "tonumber(null)"),
        ("true ? null : null", "null"),
        ("false ? [1] : [\"a\"]", "[\n  \"a\",\n]"),
        ("true ? {} : { a = 1 }", "tomap({})"),
        ("true ? \"a\" : null.x", "\"a\""),
        ("\"true\" ? 1 : 2", "1"),
        ("var.bool ? null : null", "null"),
        ("(var.bool ? 1 : 2) < 3", "true"),
        ("(var.bool ? 1 : 2) < 2", UNKNOWN),
        ("(var.bool ? 1 : 2) <= 2", UNKNOWN),
        ("(var.bool ? 1 : 2) > 0", "true"),
        ("(var.bool ? 1 : 2) * 2 < 10", UNKNOWN),
        ("(var.bool ? 1 : var.number) < 3", UNKNOWN),
        ("{ a = var.bool ? 1 : 2 } == { a = 5 }", "false"),
        ("(var.bool ? null : 2) == null", UNKNOWN),
        ("(var.bool ? \"a\" : \"b\") == null", "false"),
        ("var.secret_bool ? 1 : 2", SECRET),
        ("true ? 1 : var.secret_number", SECRET),
        ("true ? [1] : [var.secret_number]", "[\n  1,\n]"),
    ]);
    let differ = "Inconsistent conditional result types: The true and false result expressions must have consistent types.";
    refused(&[
        (
            "null ? 1 : 2",
            "Null condition: The condition value is null. Conditions must either be true or false. @null",
        ),
        ("1 ? 1 : 2", "Incorrect condition type: The condition expression must be of type bool. @1"),
        (
            "true ? [] : {}",
            &format!("{differ} The 'true' value is tuple, but the 'false' value is object. @[] : {{}}"),
        ),
        (
            "true ? { a = { b = [] } } : { a = { b = {} }, c = 1 }",
            &format!(
                "{differ} Type mismatch for object attribute \"a\": Type mismatch for object attribute \"b\": The 'true' \
                 value is tuple, but the 'false' value is object. @{{ a = {{ b = [] }} }} : {{ a = {{ b = {{}} }}, c = 1 }}"
            ),
        ),
        (
            "true ? [1 + null] : {}",
            &format!(
                "{differ} The 'true' value is tuple, but the 'false' value is object. @[1 + null] : {{}}"
            ),
        ),
    ]);
}

#[test]
fn elements_and_attributes() {
    check(&[
        ("[1, 2][\"1\"]", "2"),
        ("var.map.a + var.map[\"a\"]", "2"),
        ("{ \"1\" = 5 }[1]", "5"),
        ("[[1], [2]].1[0]", "2"),
        ("[1, 2][var.number]", UNKNOWN),
        ("var.tuple[1]", UNKNOWN),
        ("var.tuple[1] == 1", "false"),
        ("var.any.b[0].c", UNKNOWN),
        ("var.objects[0].a", UNKNOWN),
        ("instance.desk[\"eu\"].tags[0]", "\"a\""),
        ("instance.desk[\"eu\"].id", UNKNOWN),
        ("var.secret_list[0]", SECRET),
        ("var.numbers[var.secret_number]", SECRET),
        ("{ a = 1 }[\"${\"a\"}\"]", "1"),
        ("var.one_secret[1]", "2"),
    ]);
    let no_such = "Invalid index: The given key does not identify an element in this collection value";
    refused(&[
        (
            "{ abc = 1 }.abd",
            "Unsupported attribute: This object does not have an attribute named \"abd\". @abd",
        ),
        ("var.map.b", "Missing map element: This map does not have an element with the key \"b\". @b"),
        (
            "null.a",
            "Attempt to get attribute from null value: This value is null, so it does not have any attributes. @a",
        ),
        ("null[0]", "Attempt to index null value: This value is null, so it does not have any indices. @[0]"),
        ("[1][null]", "Invalid index: Can't use a null value as an indexing key. @[null]"),
        (
            "[1][1.5]",
            &format!(
                "{no_such}: indexing a sequence requires a whole number, but the given index has a fractional part. @[1.5]"
            ),
        ),
        ("[1][-1]", &format!("{no_such}: a negative number is not a valid index for a sequence. @[-1]")),
        (
            "[1][1]",
            &format!(
                "{no_such}: the given index is greater than or equal to the length of the collection. @[1]"
            ),
        ),
        ("[1][2]", &format!("{no_such}. @[2]")),
        ("[1][\"a\"]", &format!("{no_such}: a number is required. @[\"a\"]")),
        (
            "{ a = 1 }[0]",
            &format!(
                "{no_such}. An object only supports looking up attributes by name, not by numeric index. @[0]"
            ),
        ),
        ("var.tuple.x", "Unsupported attribute: This value does not have any attributes. @x"),
        ("\"a\".b", "Unsupported attribute: Can't access attributes on a primitive-typed value (string). @b"),
        (
            "var.objects.a",
            "Unsupported attribute: Can't access attributes on a list of objects. Did you mean to access attribute \
             \"a\" for a specific element of the list, or across all elements of the list? @a",
        ),
        ("1[0]", "Invalid index: This value does not have any indices. @[0]"),
    ]);
}

#[test]
fn splats() {
    check(&[
        ("[{ a = 1 }, { a = 2 }][*].a", "[\n  1,\n  2,\n]"),
        ("[[1, 2], [3]].*.0", "[\n  1,\n  3,\n]"),
        ("null[*]", "[]"),
        ("var.null_string[*]", "[]"),
        ("\"a\"[*]", "[\n  \"a\",\n]"),
        ("{ a = 1 }[*].a", "[\n  1,\n]"),
        ("var.word_set[*]", "tolist([\n  \"a\",\n  \"b\",\n])"),
        ("var.no_numbers[*]", "tolist([])"),
        ("var.string[*]", "[\n  (known after apply),\n]"),
        ("var.number[*]", UNKNOWN),
        ("var.list[*] == null", "false"),
        ("var.objects[*].a", UNKNOWN),
        ("var.secret_list[*]", SECRET),
        ("var.secret_null[*]", SECRET),
        ("var.one_secret[*]", "tolist([\n  (sensitive value),\n  2,\n])"),
    ]);
    refused(&[
        (
            "var.null_list[*]",
            "Splat of null value: Splat expressions (with the * symbol) cannot be applied to null sequences. @var.null_list",
        ),
        ("var.objects[*].b", "Unsupported attribute: This object does not have an attribute named \"b\". @b"),
        (
            "[{ a = 1 }, null][*].a",
            "Attempt to get attribute from null value: This value is null, so it does not have any attributes. @a",
        ),
    ]);
}

#[test]
fn loops() {
    check(&[
        ("[for i, x in [\"a\", \"b\"] : \"${i}${x}\"]", "[\n  \"0a\",\n  \"1b\",\n]"),
        ("[for k, v in var.word_set : \"${k}${v}\"]", "[\n  \"aa\",\n  \"bb\",\n]"),
        ("{ for k, v in { b = 1, a = 2 } : v => k }", "{\n  \"1\" = \"b\"\n  \"2\" = \"a\"\n}"),
        (
            "{ for i, x in [\"a\", \"b\", \"a\"] : x => i... }",
            "{\n  \"a\" = [\n    0,\n    2,\n  ]\n  \"b\" = [\n    1,\n  ]\n}",
        ),
        ("[for x in [1, 2, 3] : x if x != 2]", "[\n  1,\n  3,\n]"),
        ("[for var in [{ x = 1 }] : var.x]", "[\n  1,\n]"),
        ("[for x in [1] : [for x in [2] : x]]", "[\n  [\n    2,\n  ],\n]"),
        ("[for x, x in [5] : x]", "[\n  5,\n]"),
        ("[for x in var.list : x]", UNKNOWN),
        ("[for x in [1] : x if var.bool]", UNKNOWN),
        ("{ for x in [1] : var.string => x }", UNKNOWN),
        ("[for x in var.secret_list : x]", SECRET),
        ("[for x in [1] : x if var.secret_bool]", SECRET),
        ("{ for x in [var.secret] : x => 1 }", SECRET),
        ("[for x in [var.secret, 1] : x]", "[\n  (sensitive value),\n  1,\n]"),
    ]);
    refused(&[
        (
            "[for x in null : x]",
            "Iteration over null value: A null value cannot be used as the collection in a 'for' expression. @null",
        ),
        (
            "[for x in 1 : x]",
            "Iteration over non-iterable value: A value of type number cannot be used as the collection in a 'for' expression. @1",
        ),
        (
            "[for x in [] : x if 1]",
            "Invalid 'for' condition: The 'if' clause value is invalid: bool required. @1",
        ),
        (
            "[for x in [] : x if null]",
            "Condition is null: The value of the 'if' clause must not be null. @null",
        ),
        (
            "[for x in [null] : x if x]",
            "Invalid 'for' condition: The value of the 'if' clause must not be null. @x",
        ),
        (
            "{ for x in [null] : x => 1 }",
            "Invalid object key: Key expression in 'for' expression must not produce a null value. @x",
        ),
        (
            "{ for x in [[]] : x => 1 }",
            "Invalid object key: The key expression produced an invalid result: string required. @x",
        ),
        (
            "{ for x in [1, 1] : \"a\" => x }",
            "Duplicate object key: Two different items produced the key \"a\" in this 'for' expression. If duplicates are \
             expected, use the ellipsis (...) after the value expression to enable grouping by key. @\"a\"",
        ),
    ]);
}

#[test]
fn collections() {
    check(&[
        (
            "{ a = 1, \"a\" = 2, (\"b\") = 3, 4 = 5, true = 6 }",
            "{\n  \"4\" = 5\n  \"a\" = 2\n  \"b\" = 3\n  \"true\" = 6\n}",
        ),
        ("{ (var.string) = 1 }", UNKNOWN),
        ("{ (var.secret) = 1 }", SECRET),
        ("{ a = var.secret }", "{\n  \"a\" = (sensitive value)\n}"),
    ]);
    refused(&[
        ("{ (null) = 1 }", "Null value as key: Can't use a null value as a key. @(null)"),
        ("{ ([]) = 1 }", "Incorrect key type: Can't use this value as a key: string required. @([])"),
        (
            "{ var.map.a = 1 }",
            "Ambiguous attribute key: If this expression is intended to be a reference, wrap it in parentheses. If it's \
             instead intended as a literal name containing periods, wrap it in quotes to create a string literal. \
             @var.map.a",
        ),
        (
            "[1 + null, { a = -null }]",
            "Operation failed: Error during operation: argument must not be null. @1 + null\n\
             Operation failed: Error during operation: argument must not be null. @-null",
        ),
    ]);
}

#[test]
fn templates() {
    check(&[
        ("\"a${1}${true}\"", "\"a1true\""),
        ("\"${[1]}\"", "[\n  1,\n]"),
        ("\"%{ if true }a%{ else }b%{ endif }\"", "\"a\""),
        ("\"%{ if false }a%{ endif }\"", "\"\""),
        ("\"%{ for k, v in { a = 1 } }${k}=${v};%{ endfor }\"", "\"a=1;\""),
        ("\"a${var.string}b\"", UNKNOWN),
        ("\"a${var.string}\" == \"b\"", UNKNOWN),
        ("\"ab${var.string}\" == \"b\"", "false"),
        ("\"pre%{ if var.bool }x%{ else }y%{ endif }\" == \"x\"", "false"),
        ("\"%{ for x in var.list }${x}%{ endfor }\" == null", "false"),
        ("\"a${var.secret}\"", SECRET),
        ("\"%{ for x in var.secret_list }${x}%{ endfor }\"", SECRET),
        ("\"%{ if var.secret_bool }x%{ endif }\"", SECRET),
    ]);
    refused(&[
        (
            "\"a${null}\"",
            "Invalid template interpolation value: The expression result is null. Cannot include a null value in a \
             string template. @null",
        ),
        (
            "\"a${[]}\"",
            "Invalid template interpolation value: Cannot include the given value in a string template: string \
             required. @[]",
        ),
        (
            "\"%{ if null }a%{ endif }\"",
            "Null condition: The condition value is null. Conditions must either be true or false. @null",
        ),
    ]);
}

#[test]
fn names() {
    refused(&[
        (
            "[var.nope, module.nope.x, data.element.x.id, instance.nope.id]",
            "Reference to undeclared input variable: An input variable with the name \"nope\" has not been declared. This \
             variable can be declared with a variable \"nope\" {} block. @var.nope\n\
             Reference to undeclared module: No module call named \"nope\" is declared in the root module. @module.nope\n\
             Reference to undeclared resource: A data resource \"element\" \"x\" has not been declared in the root module. \
             @data.element.x\n\
             Reference to undeclared resource: A managed resource \"instance\" \"nope\" has not been declared in the root \
             module. @instance.nope",
        ),
        (
            "false ? foo : 1",
            "Invalid reference: A reference to a resource type must be followed by at least one attribute access, \
             specifying the resource name. @foo",
        ),
        (
            "data.x",
            "Invalid reference: The \"data\" object must be followed by two attribute names: the data source type and \
             the resource name. @data.x",
        ),
        ("data[0].x", "Invalid reference: The \"data\" object does not support this operation. @[0]"),
        (
            "module",
            "Invalid reference: The \"module\" object cannot be accessed directly. Instead, access one of its attributes. @module",
        ),
        ("module.x[0][1]", "Invalid reference: Module instance objects do not support this operation. @[1]"),
        (
            "a.b[1.5]",
            "Invalid index key: Invalid index for resource instance: value must be a whole number, between \
             -9223372036854775808 and 9223372036854775807. @[1.5]",
        ),
        (
            "path.modul",
            "Invalid \"path\" attribute: The \"path\" object does not have an attribute named \"modul\". @path.modul",
        ),
        (
            "{ a.b = 1 }",
            "Reference to undeclared resource: A managed resource \"a\" \"b\" has not been declared in the root module. @a.b",
        ),
    ]);
}

#[test]
fn references_are_found_in_order_and_without_declared_names() {
    let text =
        "[for k, v in var.a : instance.x[k].id if local.b] == { (each.key) = \"${self.y}\", k = module.m }";
    let found = references(&parse(text));
    let places: Vec<_> = found.iter().map(|reference| &text[reference.span.range()]).collect();
    assert_eq!(places, ["var.a", "instance.x", "local.b", "each.key", "self", "module.m"]);
}

#[test]
fn nesting_has_a_limit_and_chains_have_none() {
    // The main thread's stack; that of a test's thread is too small for the parser's limit in a debug build.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(deep_and_long);
    thread.expect("a thread").join().expect("no panic");
}

fn deep_and_long() {
    let refused = |text: &str| {
        let problems = run_wrong(text);
        assert_eq!(
            problems.first().map(|problem| &*problem.summary),
            Some("Expression nested too deeply"),
            "{text}"
        );
    };
    let nested = |open: &str, inner: &str, close: &str, times| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    for (open, inner, close) in
        [("-(", "1", ")"), ("[", "", "]"), ("[for x in [1] : ", "x", "]"), ("{ a = ", "1", "}")]
    {
        assert!(run(&nested(open, inner, close, 120)).is_ok(), "{open}");
        refused(&nested(open, inner, close, 10_000));
    }
    let calls = nested("try([for x in { a = \"${", "[1][*]", "}\" } : x], 1)", 40);
    assert!(run(&calls).is_ok());
    refused(&nested("\"${", "1", "}\"", 10_000));
    check(&[
        (&format!("1{}", " + 1".repeat(700)), "701"),
        (&format!("{}2", "false ? 1 : ".repeat(700)), "2"),
    ]);
}

#[test]
fn calls() {
    check(&[
        ("max([1, 2]...)", "2"),
        ("max(1, var.numbers...)", "2"),
        ("max(var.list...)", UNKNOWN),
        ("max(var.any...)", UNKNOWN),
        ("max(var.secret_list...)", SECRET),
        ("max(var.one_secret...)", SECRET),
        ("core::upper(\"a\")", "\"A\""),
        ("length(var.bool ? [1, 2] : [3, 4])", "2"),
        ("length(var.bool ? var.numbers : var.no_numbers) < 3", "true"),
        ("length(var.list) == 5", "false"),
        ("startswith(\"abc${var.string}\", \"ab\")", "true"),
        ("upper(var.string) == null", "false"),
        ("tolist(toset([var.string, \"b\"]))", UNKNOWN),
        ("tolist(toset([var.string]))", "tolist([\n  (known after apply),\n])"),
        ("tomap({ a = null, b = [1] })[\"b\"]", "[\n  1,\n]"),
    ]);
    let wrong = "Invalid function argument: Invalid value for";
    refused(&[
        (
            "upper()",
            "Not enough function arguments: Function \"upper\" expects 1 argument(s). Missing value for \"str\". @)",
        ),
        (
            "upper([]...)",
            "Not enough function arguments: Function \"upper\" expects 1 argument(s). Missing value for \"str\". @)",
        ),
        (
            "upper(\"a\", \"b\")",
            "Too many function arguments: Function \"upper\" expects only 1 argument(s). @\"b\"",
        ),
        (
            "setunion()",
            "Not enough function arguments: Function \"setunion\" expects at least 1 argument(s). Missing value for \"first_set\". @)",
        ),
        (
            "uper(\"a\")",
            "Call to unknown function: There is no function named \"uper\". Did you mean \"upper\"? @uper",
        ),
        ("xyzzy(1)", "Call to unknown function: There is no function named \"xyzzy\". @xyzzy"),
        (
            "type(1) == 1",
            "Invalid use of type function: The console-only \"type\" function cannot be used as part of an expression. @type(1)",
        ),
        (
            "a::b(1)",
            "Unknown provider function: The function namespace \"a\" is not valid. Provider function calls must use the \
             \"provider::\" namespace prefix. @a::b",
        ),
        (
            "max(\"a\", \"b\")",
            &format!(
                "{wrong} \"numbers\" parameter: a number is required. @\"a\"\n{wrong} \"numbers\" parameter: a number is required. @\"b\""
            ),
        ),
        (
            "max(null...)",
            "Invalid expanding argument value: The expanding argument (indicated by ...) must not be null. @null",
        ),
        (
            "max({}...)",
            "Invalid expanding argument value: The expanding argument (indicated by ...) must be of a tuple, list, or set type. @{}",
        ),
        (
            "length(5)",
            "Error in function call: Call to function \"length\" failed: argument must be a string, a collection type, or a structural type. @length(",
        ),
        ("chunklist([1], [])", &format!("{wrong} \"size\" parameter: number required. @[]")),
    ]);
}

#[test]
fn trying() {
    check(&[
        ("try([][0], {}.a, 3)", "3"),
        ("try(null, 1)", "null"),
        ("try(nosuch(), 1)", "1"),
        ("try(var.any.foo, \"x\")", UNKNOWN),
        ("try([var.string][5], \"x\")", "\"x\""),
        ("try({ a = var.string }, 2)", UNKNOWN),
        ("try(var.secret, 1)", SECRET),
        ("can([][0])", "false"),
        ("can(var.string)", UNKNOWN),
        ("can(var.secret)", "true"),
        ("type({ a = var.numbers })", "object({\n    a: list(number),\n})"),
        ("(type(var.any))", "dynamic"),
    ]);
    refused(&[
        (
            "try([][0], 1 + null)",
            "Error in function call: Call to function \"try\" failed: no expression succeeded:\n- Invalid index\n  The given \
             key does not identify an element in this collection value: the collection has no elements.\n- Operation \
             failed\n  Error during operation: argument must not be null.\n\nAt least one expression must produce a \
             successful result. @try(",
        ),
        (
            "try()",
            "Error in function call: Call to function \"try\" failed: at least one argument is required. @try(",
        ),
        (
            "can()",
            "Not enough function arguments: Function \"can\" expects 1 argument(s). Missing value for \"expression\". @)",
        ),
        (
            "try(var.nope, 1)",
            "Reference to undeclared input variable: An input variable with the name \"nope\" has not been declared. This \
             variable can be declared with a variable \"nope\" {} block. @var.nope",
        ),
    ]);
}

#[test]
fn templates_from_elsewhere() {
    check(&[
        ("templatestring(var.hello, { name = \"you\" })", "\"Hello you!\""),
        ("templatestring(var.number_text, { n = 1 })", "\"1\""),
        ("templatestring(var.hello, { name = var.secret })", SECRET),
        ("templatestring(var.string, {})", UNKNOWN),
        ("templatestring(var.hello, { name = var.string })", UNKNOWN),
        ("templatefile(\"hello.tpl\", { name = \"you\" })", "\"Hello you!\""),
        ("templatefile(\"hello.tpl\", { name = var.secret })", SECRET),
        ("templatefile(var.string, {})", UNKNOWN),
    ]);
    let argument = "Invalid function argument: Invalid value for";
    let failed = "Error in function call: Call to function";
    let literal = "templatestring is only for rendering templates retrieved dynamically from elsewhere";
    refused(&[
        (
            "templatestring(\"a\", {})",
            &format!(
                "{argument} \"template\" parameter: invalid template expression: {literal}, and so does not support \
                 providing a literal template; consider using a template string expression instead. @\"a\""
            ),
        ),
        (
            "templatestring(var.hello, [])",
            &format!("{argument} \"vars\" parameter: invalid vars value: must be a map. @[]"),
        ),
        (
            "templatestring(var.hello, {})",
            &format!(
                "{argument} \"vars\" parameter: vars map does not contain key \"name\", referenced at <templatestring \
                 argument>:1,9-13. @{{}}"
            ),
        ),
        (
            "templatestring(var.calls_file, { n = 1 })",
            &format!(
                "{failed} \"templatestring\" failed: <templatestring argument>:1,3-8: Error in function call; Call to \
                 function \"file\" failed: cannot use filesystem access functions like file in templatestring templates; \
                 consider passing the function result as a template variable instead.. @templatestring("
            ),
        ),
        (
            "templatefile(\"wrong.tpl\", { name = \"x\" })",
            &format!(
                "{failed} \"templatefile\" failed: wrong.tpl:1,8-9: Unsupported attribute; Can't access attributes on a \
                 primitive-typed value (string)., and 1 other diagnostic(s). @templatefile("
            ),
        ),
        (
            "templatefile(\"nested.tpl\", {})",
            &format!(
                "{failed} \"templatefile\" failed: nested.tpl:1,3-16: Error in function call; Call to function \
                 \"templatefile\" failed: cannot recursively call templatefile from inside another template function.. \
                 @templatefile("
            ),
        ),
        (
            "templatefile(null, {})",
            &format!("{argument} \"path\" parameter: argument must not be null. @null"),
        ),
    ]);
}
