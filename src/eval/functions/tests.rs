//! What the functions give. Arguments are written as JSON, which has all shapes but collections and unknowns; for
//! those there are [`call_with`] and the constructors of values.

use std::path::Path;

use super::{CallError, Host, call, lookup, names};
use crate::value::{Fields, Marks, Refinement, Str, Type, Value, console, from_json_text};

/// A world with files of this repository, a fixed time, and one variable.
struct World {
    planning: bool,
}

impl Host for World {
    fn base_dir(&self) -> &Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    fn env(&self, name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("hunter2".to_owned()),
            "HOME" => Some("/home/ada".to_owned()),
            _ => None,
        }
    }

    fn now(&self) -> Option<jiff::Timestamp> {
        (!self.planning).then_some(jiff::Timestamp::UNIX_EPOCH)
    }

    fn plan_time(&self) -> Option<jiff::Timestamp> {
        Some(jiff::Timestamp::UNIX_EPOCH)
    }

    fn random_uuid(&self) -> Option<String> {
        (!self.planning).then(|| "9b2f1c1e-0000-4000-8000-000000000000".to_owned())
    }

    fn pure_only(&self) -> bool {
        self.planning
    }
}

fn call_with(name: &str, args: &[Value]) -> Result<Value, CallError> {
    call(lookup(name).expect("the function exists"), args, &World { planning: true })
}

/// Calls a function with the elements of a JSON array.
fn call_json(name: &str, args: &str) -> Result<Value, CallError> {
    let args = from_json_text(args).expect("the arguments are JSON");
    let args: Vec<Value> = args.elements().map(|(_, value)| value).collect();
    call_with(name, &args)
}

/// Checks calls of one function: arguments as JSON, and what the console prints of the result.
fn check(name: &str, cases: &[(&str, &str)]) {
    for (args, expected) in cases {
        let printed = match call_json(name, args) {
            Ok(value) => console(&value),
            Err(error) => panic!("{name}({args}): {error:?}"),
        };
        assert_eq!(&printed, expected, "{name}({args})");
    }
}

/// Checks what failing calls say, of an argument (`#0: …`) or of the call.
fn check_fails(name: &str, cases: &[(&str, &str)]) {
    for (args, expected) in cases {
        let said = match call_json(name, args) {
            Ok(value) => panic!("{name}({args}) gives {}", console(&value)),
            Err(CallError::Argument { index, message }) => format!("#{index}: {message}"),
            Err(CallError::Failed(message)) => message,
        };
        assert_eq!(&said, expected, "{name}({args})");
    }
}

fn texts(texts: &[&str]) -> Value {
    Value::list(Type::String, texts.iter().map(|text| Value::string(*text)).collect())
}

fn secret(text: &str) -> Value {
    Value::string(text).sensitive()
}

fn unknown(ty: Type) -> Value {
    Value::unknown(ty)
}

#[test]
fn all_functions_are_there() {
    assert_eq!(names().count(), 117);
    assert!(lookup("core::upper").is_some());
    assert!(lookup("templatefile").is_none());
}

#[test]
fn numbers() {
    check("abs", &[("[-1.5]", "1.5"), (r#"["-2"]"#, "2")]);
    check("ceil", &[("[5.1]", "6"), ("[-5.9]", "-5")]);
    check("max", &[("[3, 12, 9]", "12")]);
    check("min", &[("[3, -12, 9]", "-12")]);
    check("log", &[("[3, 2]", "1.584962500721156"), ("[50, 10]", "1.6989700043360185"), ("[0, 10]", "-Inf")]);
    check("pow", &[("[3, 2]", "9"), ("[2, 0.5]", "1.4142135623730951"), ("[10, 1.5]", "31.622776601683796")]);
    check("parseint", &[(r#"["zZ", 62]"#, "2231"), (r#"["-ff", 16]"#, "-255")]);
    check("sum", &[("[[10, 0.1, 0.2]]", "10.3")]);
    check_fails("max", &[("[]", "must pass at least one number")]);
    check_fails("log", &[("[-1, 10]", "the result is not a number")]);
    check_fails(
        "abs",
        &[("[null]", "#0: argument must not be null"), (r#"["x"]"#, "#0: a number is required")],
    );
    check_fails(
        "sum",
        &[("[[]]", "#0: cannot sum an empty list"), (r#"["a"]"#, "#0: cannot sum noniterable")],
    );
}

#[test]
fn text_is_counted_in_characters() {
    check("substr", &[(r#"["he\u0301llo", 1, 1]"#, "\"é\""), (r#"["hello", -3, 0]"#, "\"llo\"")]);
    check("strrev", &[(r#"["e\u0301🇩🇪x"]"#, "\"x🇩🇪é\"")]);
    check("length", &[(r#"["👨‍👩‍👧x"]"#, "2"), ("[[1, 2]]", "2"), (r#"[{"a": 1}]"#, "1")]);
    check("upper", &[(r#"["ßﬁᾳ"]"#, "\"ßﬁᾼ\"")]);
    check("lower", &[(r#"["ΣΑΣ İ"]"#, "\"σασ i\"")]);
    check("title", &[(r#"["a_b c-d"]"#, "\"A_b C-D\"")]);
    check("split", &[(r#"[",", "a,b"]"#, "tolist([\n  \"a\",\n  \"b\",\n])"), (r#"["", ""]"#, "tolist([])")]);
    check("join", &[(r#"["-", ["a", 1], [true]]"#, "\"a-1-true\"")]);
    check("trim", &[(r#"["?!hello?!", "!?"]"#, "\"hello\"")]);
    check("indent", &[(r#"[2, "a\nb"]"#, "<<EOT\na\n  b\nEOT")]);
    check_fails("indent", &[(r#"[-1, "a"]"#, "#0: the number of spaces must be between 0 and 1048576")]);
    check_fails("join", &[(r#"["", ["a", null]]"#, "#1: element 1 is null; cannot concatenate null values")]);
}

#[test]
fn patterns_are_of_re2() {
    check(
        "regex",
        &[
            (r#"["\\d+", "a12"]"#, "\"12\""),
            (r#"["(a)(b)?", "a"]"#, "[\n  \"a\",\n  tostring(null),\n]"),
            (r#"["(?P<y>\\d)", "7"]"#, "{\n  \"y\" = \"7\"\n}"),
            (r#"["[a&&b]+", "x&b"]"#, "\"&b\""),
            (r#"["\\Q.*\\E", "a.*"]"#, "\".*\""),
            (r#"["a{,2}", "a{,2}"]"#, "\"a{,2}\""),
            (r#"["[[]", "["]"#, "\"[\""),
            (r#"["\\101", "A"]"#, "\"A\""),
        ],
    );
    check("regexall", &[(r#"["\\w", "é"]"#, "tolist([])")]);
    check("replace", &[(r#"["a.b", ".", "$0"]"#, "\"a$0b\""), (r#"["abc", "/(b)/", "[$1]"]"#, "\"a[b]c\"")]);
    check_fails(
        "regex",
        &[
            (r#"["(", ""]"#, "#0: invalid regexp pattern: missing closing ) in ("),
            (r#"["a**", ""]"#, "#0: invalid regexp pattern: invalid nested repetition operator in **"),
            (r#"["a{1001}", ""]"#, "#0: invalid regexp pattern: invalid repeat count in {1001}"),
            (r#"["[b-a]", ""]"#, "#0: invalid regexp pattern: invalid character class range in b-a"),
            (r#"["b", "a"]"#, "pattern did not match any part of the given string"),
        ],
    );
}

#[test]
fn format_follows_go() {
    check(
        "format",
        &[
            (r#"["%5d|%-5d|%05d|%+d|%x|%#o", 42, 42, 42, 42, 255, 8]"#, "\"   42|42   |00042|+42|ff|010\""),
            (r#"["%.1f %.0f %.0f", 0.15, 0.5, 1.5]"#, "\"0.2 0 2\""),
            (r#"["%e %g %g", 12345.678, 100000, 1000000]"#, "\"1.234568e+04 100000 1e+06\""),
            (r#"["%v %v %#v", [1, null], "a", "a"]"#, "\"[1,null] a \\\"a\\\"\""),
            (r#"["%[2]s%[1]s %%", "a", "b"]"#, "\"ba %\""),
            (r#"["%.3s|%6.3s|%q", "héllo", "héllo", "<"]"#, "\"hél|   hél|\\\"\\\\u003c\\\"\""),
        ],
    );
    check_fails(
        "format",
        &[
            (r#"["%d", 1.5]"#, "unsupported value for \"%d\" at 0: an integer is required"),
            (r#"["%s"]"#, "not enough arguments for \"%s\" at 0: need index 1 but have 0 total"),
            (r#"["x", 1]"#, "#1: too many arguments; no verbs in format string"),
            (r#"["%", 1]"#, "invalid format string starting at offset 1"),
            (r#"["%999999999d", 1]"#, "the number 999999999 in the format string is too large"),
        ],
    );
    check("formatlist", &[(r#"["%s-%s", ["a", "b"], "c"]"#, "tolist([\n  \"a-c\",\n  \"b-c\",\n])")]);
}

#[test]
fn collections() {
    check("element", &[(r#"[["a", "b"], 3]"#, "\"b\""), (r#"[["a", "b"], -1]"#, "\"b\"")]);
    check("concat", &[(r#"[["a"], [1]]"#, "[\n  \"a\",\n  1,\n]")]);
    check("flatten", &[(r#"[[["a", []], ["b", [null]]]]"#, "[\n  \"a\",\n  \"b\",\n  null,\n]")]);
    check("merge", &[(r#"[{"a": 1, "b": 2}, null, {"a": 3}]"#, "{\n  \"a\" = 3\n  \"b\" = 2\n}")]);
    check("zipmap", &[(r#"[["a", "b"], [1, 2]]"#, "{\n  \"a\" = 1\n  \"b\" = 2\n}")]);
    check("coalesce", &[(r#"[null, "", "b"]"#, "\"b\"")]);
    check("contains", &[(r#"[["a", 1], 1]"#, "true"), (r#"[["1"], 1]"#, "false")]);
    check(
        "setproduct",
        &[(
            r#"[["a"], [1, 2]]"#,
            "tolist([\n  [\n    \"a\",\n    1,\n  ],\n  [\n    \"a\",\n    2,\n  ],\n])",
        )],
    );
    check("setunion", &[(r#"[["b"], ["a", "b"]]"#, "toset([\n  \"a\",\n  \"b\",\n])")]);
    check(
        "transpose",
        &[(r#"[{"a": ["x"], "b": ["x"]}]"#, "tomap({\n  \"x\" = tolist([\n    \"a\",\n    \"b\",\n  ])\n})")],
    );
    check("range", &[("[3, 0]", "tolist([\n  3,\n  2,\n  1,\n])"), ("[1, 1, 0]", "tolist([])")]);
    check_fails("lookup", &[(r#"[{"a": 1}, "b"]"#, "#0: the given object has no attribute \"b\"")]);
    check_fails("merge", &[(r#"[null, [1]]"#, "arguments must be maps or objects, got \"tuple\"")]);
    check_fails("range", &[("[1, 4, 0]", "#2: step must not be zero")]);
    assert_eq!(call_json("range", "[5000]").map(|list| list.length()), Ok(Some(5000)));
    assert!(call_json("range", "[1e9]").is_err());
}

#[test]
fn encodings() {
    check("base64decode", &[(r#"["aGk="]"#, "\"hi\"")]);
    check("urlencode", &[(r#"["a b/é"]"#, "\"a+b%2F%C3%A9\"")]);
    check(
        "csvdecode",
        &[(r#"["a,b\n1,\"x,y\"\n"]"#, "tolist([\n  {\n    \"a\" = \"1\"\n    \"b\" = \"x,y\"\n  },\n])")],
    );
    check(
        "jsonencode",
        &[(r#"[{"b": "<", "a": [1.50, null]}]"#, r#""{\"a\":[1.5,null],\"b\":\"\\u003c\"}""#)],
    );
    check(
        "textencodebase64",
        &[(r#"["é", "UTF-16LE"]"#, "\"6QA=\""), (r#"["日", "Shift_JIS"]"#, "\"k/o=\"")],
    );
    check("textdecodebase64", &[(r#"["6Q==", "ISO-8859-1"]"#, "\"é\"")]);
    check_fails("base64decode", &[(r#"["_w=="]"#, "failed to decode base64 data \"_w==\"")]);
    check_fails("csvdecode", &[(r#"["a\nx\"y"]"#, "CSV parse error on line 2: bare \" in non-quoted-field")]);
    check_fails(
        "textencodebase64",
        &[(
            r#"["日", "US-ASCII"]"#,
            "#0: the given string contains characters that cannot be represented in US-ASCII",
        )],
    );
}

/// What YAML gives a meaning to, in any order, is read or refused.
#[test]
fn any_yaml_ends() {
    use proptest::prelude::*;
    let pieces = vec![
        "a",
        "b: ",
        "- ",
        "? ",
        ": ",
        "\n",
        "\n ",
        "\n  ",
        "\t",
        " ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "|",
        ">",
        "|-",
        ">+\n ",
        "\"",
        "'",
        "&x ",
        "*x",
        "!!str ",
        "!",
        "%YAML 1.1\n",
        "%TAG ! x\n",
        "---",
        "...\n",
        "#",
        "\\",
        "\\x4",
        "<<: ",
        "~",
        "1",
        "@",
        "é",
        "\u{2028}",
        "\r",
        "\u{feff}",
        "\u{0}",
        "😀",
    ];
    let texts = prop::collection::vec(prop::sample::select(pieces), 0..14).prop_map(|all| all.concat());
    let config =
        proptest::test_runner::Config { cases: 2_000, failure_persistence: None, ..Default::default() };
    proptest!(config, |(text in texts)| {
        let _: Result<_, _> = super::from_yaml_text(&text);
    });
}

#[test]
fn yaml() {
    let read = [
        ("yes", "true"),
        ("0o17", "15"),
        ("017", "17"),
        ("'1_000'", "\"1_000\""),
        ("1_000", "\"1_000\""),
        ("2020-1-2", "\"2020-01-02T00:00:00Z\""),
        ("[1., ~, a]", "[\n  1,\n  null,\n  \"a\",\n]"),
        (
            "a: &x {b: 1}\\nc: {<<: *x, d: 2}",
            "{\n  \"a\" = {\n    \"b\" = 1\n  }\n  \"c\" = {\n    \"b\" = 1\n    \"d\" = 2\n  }\n}",
        ),
    ];
    for (text, expected) in read {
        check("yamldecode", &[(&format!(r#"["{text}"]"#), expected)]);
    }
    check_fails(
        "yamldecode",
        &[
            (r#"[""]"#, "on line 1, column 1: missing start of document"),
            (r#"["!custom x"]"#, "unsupported tag \"!custom\""),
            (r#"["{[1]: 2}"]"#, "only strings are allowed as mapping keys"),
        ],
    );
    let write = [
        (r#"{"a": [1, {"b": []}], "c": null}"#, "\"a\":\n- 1\n- \"b\": []\n\"c\": null\n"),
        (r#"["x\ny", " x\n", "a \nb"]"#, "- |-\n  x\n  y\n- |2\n   x\n- \"a \\nb\"\n"),
        ("1.5", "1.5\n...\n"),
    ];
    for (value, expected) in write {
        let text = call_json("yamlencode", &format!("[{value}]")).expect("it can be written");
        assert_eq!(text, Value::string(expected), "{value}");
    }
}

#[test]
fn a_small_document_cannot_grow_huge() {
    let levels: String = (1..40).map(|i| format!("\nl{i}: &l{i} [*l{}, *l{}]", i - 1, i - 1)).collect();
    let bomb = Value::string(format!("l0: &l0 [x]{levels}"));
    assert!(call_with("yamldecode", &[bomb]).is_err());
    let deep = Value::string("[".repeat(100_000));
    assert!(call_with("yamldecode", &[deep]).is_err());
}

#[test]
fn times() {
    let time = "2024-02-29T23:04:05+05:30";
    check(
        "formatdate",
        &[(
            &format!(r#"["EEEE D MMM YY, H:mm aa ZZZZ 'o''clock'", "{time}"]"#),
            "\"Thursday 29 Feb 24, 11:04 pm +0530 o'clock\"",
        )],
    );
    check(
        "timeadd",
        &[
            (&format!(r#"["{time}", "1h30m"]"#), "\"2024-03-01T00:34:05+05:30\""),
            (r#"["9999-12-31T23:59:59Z", "24h"]"#, "\"10000-01-01T23:59:59Z\""),
            (r#"["0001-01-01T00:00:00Z", "-24h"]"#, "\"0000-12-31T00:00:00Z\""),
        ],
    );
    check("timecmp", &[(r#"["2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00"]"#, "0")]);
    check_fails(
        "timeadd",
        &[
            (&format!(r#"["{time}", "1d"]"#), "time: unknown unit \"d\" in duration \"1d\""),
            (r#"["2023-02-29T00:00:00Z", "1h"]"#, "not a valid RFC3339 timestamp: day out of range"),
        ],
    );
}

#[test]
fn networks() {
    check(
        "cidrhost",
        &[(r#"["10.0.0.0/8", -1]"#, "\"10.255.255.255\""), (r#"["fd00::/64", 5]"#, "\"fd00::5\"")],
    );
    check("cidrnetmask", &[(r#"["10.0.0.0/12"]"#, "\"255.240.0.0\""), (r#"["0.0.0.0/0"]"#, "\"0.0.0.0\"")]);
    check("cidrsubnet", &[(r#"["fd00::/16", 80, 1]"#, "\"fd00::1:0:0/96\"")]);
    check(
        "cidrsubnets",
        &[(r#"["10.0.0.0/16", 8, 4]"#, "tolist([\n  \"10.0.0.0/24\",\n  \"10.0.16.0/20\",\n])")],
    );
    check_fails(
        "cidrhost",
        &[(r#"["10.0.0.0/30", -5]"#, "prefix of 30 does not accommodate a host numbered -1")],
    );
    check_fails(
        "cidrsubnets",
        &[(
            r#"["10.0.0.0/16", 1, 1, 1]"#,
            "#3: not enough remaining address space for a subnet with a prefix of 17 bits after 10.0.128.0/17",
        )],
    );
}

#[test]
fn files_and_paths() {
    check("fileexists", &[(r#"["Cargo.toml"]"#, "true"), (r#"["no/such"]"#, "false")]);
    check(
        "fileset",
        &[
            (
                r#"["src/eval", "functions/{time,da*}.rs"]"#,
                "toset([\n  \"functions/date.rs\",\n  \"functions/time.rs\",\n])",
            ),
            (r#"["src", "**/functions/ti[a-m]e.rs"]"#, "toset([\n  \"eval/functions/time.rs\",\n])"),
            (r#"["src", "eval/functions/../../lib.rs"]"#, "toset([\n  \"lib.rs\",\n])"),
        ],
    );
    check("dirname", &[(r#"["/a//b/../c"]"#, "\"/a\""), (r#"["a"]"#, "\".\"")]);
    check("basename", &[(r#"["/a/b/"]"#, "\"b\"")]);
    check("pathexpand", &[(r#"["~/x"]"#, "\"/home/ada/x\"")]);
    check_fails("fileexists", &[(r#"["src"]"#, "\"src\" is a directory, not a file")]);
    check_fails(
        "fileset",
        &[(
            "[\"src\", \"[\"]",
            &format!(
                "failed to glob pattern \"{}/src/[\": syntax error in pattern",
                env!("CARGO_MANIFEST_DIR")
            ),
        )],
    );
    check_fails("filemd5", &[(r#"["nope"]"#, "open nope: no such file or directory")]);
}

#[test]
fn hashes() {
    check("md5", &[(r#"[""]"#, "\"d41d8cd98f00b204e9800998ecf8427e\"")]);
    check("base64sha256", &[(r#"["hello"]"#, "\"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=\"")]);
    check("uuidv5", &[(r#"["dns", "tada"]"#, "\"faa898db-9b9d-5b75-86a9-149e7bb8e3b8\"")]);
}

#[test]
fn what_is_not_pure_is_unknown_while_planning() {
    for name in ["timestamp", "uuid"] {
        assert_eq!(call_with(name, &[]), Ok(Value::unknown_not_null(Type::String)), "{name}");
        let applied = call(lookup(name).expect("it exists"), &[], &World { planning: false });
        assert!(applied.is_ok_and(|value| value.is_known()), "{name}");
    }
    assert_eq!(call_with("bcrypt", &[Value::string("x")]), Ok(Value::unknown_not_null(Type::String)));
}

#[test]
fn the_environment_is_secret() {
    assert_eq!(call_json("env", r#"["TOKEN"]"#), Ok(secret("hunter2")));
    check("env", &[(r#"["NOTHING"]"#, "tostring(null)")]);
}

#[test]
fn marks_reach_the_result() {
    let marked = call_with("upper", &[secret("a")]);
    assert_eq!(marked, Ok(secret("A")));
    let nested = Value::tuple(vec![Value::string("a"), secret("b")]);
    assert_eq!(call_with("join", &[Value::string(""), nested.clone()]), Ok(secret("ab")));
    // Functions that only move elements leave the marks where they are.
    let moved = call_with("reverse", &[nested]).expect("a tuple can be reversed");
    assert_eq!(moved.marks(), Marks::NONE);
    assert_eq!(moved.deep_marks(), Marks::SENSITIVE);
    // Also marks behind the first unknown argument count.
    let late = call_with("trim", &[unknown(Type::String), secret("b")]).expect("it is unknown");
    assert!(late.is_sensitive() && !late.is_known());
}

#[test]
fn errors_do_not_tell_secrets() {
    let calls: [(&str, &[Value]); 9] = [
        ("tonumber", &[secret("hunter2")]),
        ("base64decode", &[secret("hunter2")]),
        ("parseint", &[secret("hunter2"), Value::number(10i64)]),
        ("regex", &[secret("hunter2("), Value::string("x")]),
        ("timeadd", &[Value::string("2024-01-01T00:00:00Z"), secret("hunter2")]),
        ("timecmp", &[secret("hunter2"), secret("hunter2")]),
        ("file", &[secret("hunter2")]),
        ("cidrhost", &[secret("hunter2"), Value::number(1i64)]),
        ("lookup", &[Value::map(Type::String, Fields::default()), secret("hunter2")]),
    ];
    for (name, args) in calls {
        let error = format!("{:?}", call_with(name, args).expect_err(name));
        assert!(!error.contains("hunter2"), "{name}: {error}");
    }
}

#[test]
fn nonsensitive_and_its_kin() {
    assert_eq!(call_with("nonsensitive", &[secret("a")]), Ok(Value::string("a")));
    assert_eq!(call_with("issensitive", &[secret("a")]), Ok(Value::bool(true)));
    assert_eq!(call_with("issensitive", &[Value::tuple(vec![secret("a")])]), Ok(Value::bool(false)));
    let brief = Value::tuple(vec![Value::string("a").mark(Marks::EPHEMERAL), Value::string("b")]);
    let kept = Value::tuple(vec![Value::null(Type::String), Value::string("b")]);
    assert_eq!(call_with("ephemeralasnull", &[brief]), Ok(kept));
}

#[test]
fn unknown_arguments_give_what_can_be_said() {
    let string = || unknown(Type::String);
    let known_prefix = |prefix: &str| {
        Value::refined(Type::String, Refinement { prefix: Some(Str::new(prefix)), ..Refinement::not_null() })
    };
    let not_null = Value::unknown_not_null;
    let cases: Vec<(&str, Vec<Value>, Value)> = vec![
        ("upper", vec![string()], not_null(Type::String)),
        ("upper", vec![unknown(Type::Dynamic)], not_null(Type::String)),
        ("split", vec![Value::string(","), string()], not_null(Type::list(Type::String))),
        ("format", vec![Value::string("id-%s"), string()], known_prefix("id-")),
        ("jsonencode", vec![Value::tuple(vec![string()])], known_prefix("[")),
        ("startswith", vec![known_prefix("id-"), Value::string("x")], Value::bool(false)),
        ("startswith", vec![known_prefix("id-"), Value::string("id")], Value::bool(true)),
        ("startswith", vec![known_prefix("id-"), Value::string("id-1")], not_null(Type::Bool)),
        (
            "keys",
            vec![unknown(Type::object([(Str::new("a"), Type::Bool)].into()))],
            Value::tuple(vec![Value::string("a")]),
        ),
        ("element", vec![Value::list(Type::String, vec![string()]), Value::number(0i64)], string()),
        ("jsondecode", vec![string()], unknown(Type::Dynamic)),
        ("regex", vec![Value::string("(a)"), string()], not_null(Type::tuple(vec![Type::String]))),
        (
            "contains",
            vec![Value::tuple(vec![string(), Value::string("a")]), Value::string("a")],
            Value::bool(true),
        ),
        (
            "alltrue",
            vec![Value::list(Type::Bool, vec![unknown(Type::Bool), Value::bool(false)])],
            not_null(Type::Bool),
        ),
        (
            "concat",
            vec![texts(&["a"]), unknown(Type::list(Type::String))],
            not_null(Type::list(Type::String)),
        ),
        ("tostring", vec![unknown(Type::Number)], string()),
        (
            "sort",
            vec![Value::tuple(vec![Value::string("a"), string()])],
            Value::list(Type::String, vec![string(), string()]),
        ),
    ];
    for (name, args, expected) in cases {
        assert_eq!(call_with(name, &args), Ok(expected), "{name}");
    }
}
