//! What holds for every expression, tried on random ones and on all that Terraform was asked about: printing and reading again
//! changes nothing, what is known of a result stays true when the unknown becomes known, and the order of files and blocks is nothing.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod print;

use isotope::diag::{Diagnostics, Reported, Sources};
use isotope::eval::{self, EmptyScope, Host, Reference, Scope, Subject};
use isotope::syntax::{self, Expr};
use isotope::value::{self, Fields, Type, Value};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

struct Planning;

impl Host for Planning {
    fn base_dir(&self) -> &Path {
        Path::new("tests/conformance")
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

fn parse(text: &str) -> Option<Expr> {
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    let file = sources.add("main.hcl", text);
    let expr = syntax::parse_expression(&sources, file, &mut diags);
    expr.filter(|_| !diags.has_errors())
}

/// What an expression gives, as the console shows it, or the summaries of the complaints.
fn outcome(expr: &Expr) -> Result<String, Vec<String>> {
    let mut diags = Diagnostics::new();
    let scope = EmptyScope::new(&Planning, Path::new("/somewhere"));
    match eval::evaluate(expr, &scope, &mut diags) {
        Ok(value) => Ok(value::console(&value)),
        Err(_) => Err(diags.take().into_iter().map(|said| said.summary).collect()),
    }
}

/// Reading, printing and reading again gives the same tree, which gives the same value.
fn survives(text: &str) {
    let Some(read) = parse(text) else { return };
    let printed = print::expr(&read);
    let again = parse(&printed).unwrap_or_else(|| panic!("{text:?} was printed as {printed:?}"));
    assert_eq!(print::expr(&again), printed, "{text:?}");
    assert_eq!(outcome(&again), outcome(&read), "{text:?} was printed as {printed:?}");
}

#[derive(Deserialize)]
struct Case {
    expr: String,
}

#[test]
fn what_terraform_was_asked_survives_printing() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("conformance/expressions.json")).unwrap();
    assert!(cases.len() > 1_000);
    cases.iter().for_each(|case| survives(&case.expr));
}

/// The variables of random expressions, by type; each has a few values it may turn out to have.
const NAMES: &[(&str, &str)] =
    &[("s", "string"), ("n", "number"), ("b", "bool"), ("l", "list"), ("m", "map"), ("o", "object")];

fn type_of(name: &str) -> Type {
    match name {
        "s" => Type::String,
        "n" => Type::Number,
        "b" => Type::Bool,
        "l" => Type::list(Type::Number),
        "m" => Type::map(Type::String),
        _ => Type::object([("a".into(), Type::Number), ("b".into(), Type::String)].into()),
    }
}

/// A value that a variable of that name may turn out to have.
fn value_of(name: &str, pick: usize) -> Value {
    let numbers = |count: usize| (0..count).map(|at| Value::number(at as i64 * 3 - 2)).collect();
    match name {
        "s" => Value::string(["", "a", "12", "true", "é\n", "pre-x"][pick % 6]),
        "n" => Value::number([0, 1, -1, 2, 7, 1_000_000][pick % 6]),
        "b" => Value::bool(pick.is_multiple_of(2)),
        "l" => Value::list(Type::Number, numbers(pick % 4)),
        "m" => {
            let keys = ["k", "l", "m"].into_iter().take(pick % 4);
            Value::map(Type::String, keys.map(|key| (key.into(), Value::string(key))).collect())
        }
        _ => {
            Value::object([("a".into(), Value::number(pick as i64)), ("b".into(), Value::string("x"))].into())
        }
    }
}

/// `None` stands for an unknown value.
struct Variables(BTreeMap<&'static str, Option<usize>>);

impl Scope for Variables {
    fn lookup(&self, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported> {
        let known = match &reference.subject {
            Subject::Variable(name) => self.0.get_key_value(&**name),
            _ => None,
        };
        match known {
            Some((name, Some(pick))) => Ok(value_of(name, *pick)),
            Some((name, None)) => Ok(Value::unknown_not_null(type_of(name))),
            None => Err(diags.error(eval::undeclared(reference))),
        }
    }

    fn host(&self) -> &dyn Host {
        &Planning
    }
}

/// Whether what is known of a value is true of what it became.
fn agrees(before: &Value, after: &Value) -> bool {
    let (before, after) = (before.unmarked(), after.unmarked());
    match (before, after) {
        (Value::Unknown(ty, refinement), after) => {
            (*ty == Type::Dynamic || ty.has_dynamic() || after.ty() == *ty) && refinement.allows(after)
        }
        (Value::Tuple(a), Value::Tuple(b)) => {
            same_length(a, b) && a.iter().zip(&**b).all(|(a, b)| agrees(a, b))
        }
        (Value::List(_, a), Value::List(_, b)) => {
            same_length(a, b) && a.iter().zip(&**b).all(|(a, b)| agrees(a, b))
        }
        (Value::Object(a), Value::Object(b)) => fields_agree(a, b),
        (Value::Map(_, a), Value::Map(_, b)) => fields_agree(a, b),
        // Which element became which cannot be told.
        (Value::Set(..), Value::Set(..)) if !before.is_wholly_known() => true,
        (before, after) => value::console(before) == value::console(after),
    }
}

fn same_length(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len()
}

fn fields_agree(a: &Fields, b: &Fields) -> bool {
    a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| agrees(a, b)))
}

/// Expressions over the variables, most of them of a type that fits.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "var.s",
        "var.n",
        "var.b",
        "var.l",
        "var.m",
        "var.o",
        "var.o.a",
        "var.o.b",
        "1",
        "2.5",
        "\"x\"",
        "true",
        "null",
        "[]",
        "{}",
        "\"pre-${var.s}\"",
        "length(var.l)",
        "var.l[0]",
        "[1, 2]",
        "{ k = 1 }",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let operators = vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"];
        let calls = vec![
            "tostring",
            "length",
            "tolist",
            "toset",
            "jsonencode",
            "keys",
            "values",
            "upper",
            "abs",
            "flatten",
            "reverse",
            "tonumber",
            "compact",
            "sort",
            "sum",
            "distinct",
            "one",
            "try",
            "can",
            "nonsensitive",
            "sensitive",
            "title",
            "strrev",
            "alltrue",
            "toset",
        ];
        prop_oneof![
            (two.clone(), prop::sample::select(operators))
                .prop_map(|((a, b), op)| format!("({a}) {op} ({b})")),
            (prop::sample::select(calls), inner.clone()).prop_map(|(call, a)| format!("{call}({a})")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            two.clone().prop_map(|(a, b)| format!("{{ a = {a}, b = {b} }}")),
            two.clone().prop_map(|(a, b)| format!("[for v in {a} : {b}]")),
            two.clone().prop_map(|(a, b)| format!("{{ for k, v in {a} : k => {b} }}")),
            two.clone().prop_map(|(a, b)| format!("concat({a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("merge({a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("format(\"%s-%v\", {a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("min({a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("contains({a}, {b})")),
            two.clone().prop_map(|(a, b)| format!("({a})[{b}]")),
            two.clone().prop_map(|(a, b)| format!("\"${{{a}}}-${{{b}}}\"")),
            (inner.clone(), two).prop_map(|(c, (a, b))| format!("({c}) ? ({a}) : ({b})")),
            inner.clone().prop_map(|a| format!("({a})[*]")),
            inner.clone().prop_map(|a| format!("!({a})")),
            inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

fn evaluate(expr: &Expr, variables: Variables) -> Option<Value> {
    eval::evaluate(expr, &variables, &mut Diagnostics::new()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn random_expressions_survive_printing(text in expressions()) {
        prop_assert!(parse(&text).is_some(), "{text}");
        survives(&text);
    }

    #[test]
    fn what_is_known_stays_true(
        text in expressions(),
        unknown in prop::collection::vec(any::<bool>(), 6),
        picks in prop::collection::vec(0usize..12, 6),
    ) {
        let expr = parse(&text).unwrap();
        let names = || NAMES.iter().map(|(name, _)| *name).enumerate();
        let before = names().map(|(at, name)| (name, (!unknown[at]).then_some(picks[at]))).collect();
        let after = names().map(|(at, name)| (name, Some(picks[at]))).collect();
        let (Some(before), Some(after)) = (evaluate(&expr, Variables(before)), evaluate(&expr, Variables(after))) else {
            return Ok(());
        };
        // A function that unifies its arguments' types does so only when it knows them all, as Terraform's `coalesce`.
        let converted = value::convert(&before, &after.ty()).ok();
        let same = agrees(&before, &after) || converted.is_some_and(|before| agrees(&before, &after));
        prop_assert!(same, "{text}\n{before:?}\nbecame\n{after:?}");
    }
}

/// A configuration as blocks: each local refers to earlier ones, and every one is an output.
fn blocks(refers: &[(usize, usize)]) -> Vec<String> {
    let mut all = vec!["variable \"x\" {\n  default = [3, 1, 2]\n}\n".to_owned()];
    for (at, (first, second)) in refers.iter().enumerate() {
        let name = |of: &usize| if at == 0 { "var.x".to_owned() } else { format!("local.l{}", of % at) };
        let (first, second) = (name(first), name(second));
        all.push(format!("locals {{\n  l{at} = flatten([length({first}), {second}, \"{at}\"])\n}}\n"));
        all.push(format!("output \"o{at}\" {{\n  value = local.l{at}\n}}\n"));
    }
    all
}

fn outputs(files: &[Vec<String>]) -> String {
    let dir = tempfile::tempdir().unwrap();
    for (at, file) in files.iter().enumerate() {
        std::fs::write(dir.path().join(format!("f{at}.hcl")), file.concat()).unwrap();
    }
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
        let output =
            command.args(args).current_dir(&dir).env_clear().env("HOME", dir.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["apply", "-auto-approve"]);
    run(&["output", "-json"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_files_and_blocks_is_nothing(
        refers in prop::collection::vec((0usize..20, 0usize..20), 1..12),
        order in Just(()).prop_perturb(|(), mut rng| (0..64).map(|_| rng.random::<u32>()).collect::<Vec<_>>()),
    ) {
        let blocks = blocks(&refers);
        let mut shuffled: Vec<_> = blocks.iter().cloned().zip(order.iter().cycle()).collect();
        shuffled.sort_by_key(|(_, key)| **key);
        let mut files = vec![Vec::new(); 3];
        shuffled.into_iter().enumerate().for_each(|(at, (block, _))| files[at % 3].push(block));
        prop_assert_eq!(outputs(&files), outputs(&[blocks]));
    }
}
