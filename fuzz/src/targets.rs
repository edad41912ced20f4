//! Three functions that must end, whatever text they get: each reads it in its way and panics if a promise is broken.

use isotope::diag::{Diagnostics, FileId, Reported, Sources};
use isotope::eval::{self, Host, Nowhere, Reference, Scope, Subject};
use isotope::syntax::{self, Expr};
use isotope::value::{self, Marks, Refinement, Type, Value};

/// Reads a text as a file, as JSON, as an expression and as a template. Every complaint has a place within the text.
pub fn parse(text: &str) {
    let (sources, file) = source(text);
    let mut diags = Diagnostics::new();
    syntax::parse(&sources, file, &mut diags);
    syntax::parse_json(&sources, file, &mut diags);
    syntax::parse_json_values(&sources, file, &mut diags);
    syntax::parse_expression(&sources, file, &mut diags);
    syntax::parse_template(&sources, file, &mut diags);
    syntax::is_complete(text);
    for diagnostic in diags.take() {
        let span = diagnostic.span.expect("a complaint about a text has a place");
        assert!(span.start <= span.end && span.end as usize <= text.len(), "outside: {diagnostic:?}");
        assert!(text.get(span.range()).is_some(), "within a character: {diagnostic:?}");
    }
}

/// Evaluates a text as an expression and as a template, over variables of every kind. What has no value is reported; what
/// was sensitive or ephemeral shows its plain text nowhere.
pub fn evaluate(text: &str) {
    let (sources, file) = source(text);
    let mut diags = Diagnostics::new();
    let expression = syntax::parse_expression(&sources, file, &mut diags);
    let template = syntax::parse_template(&sources, file, &mut diags);
    for expr in [expression, template].into_iter().flatten() {
        one(&expr);
    }
}

fn one(expr: &Expr) {
    let mut diags = Diagnostics::new();
    let Ok(value) = eval::evaluate(expr, &Variables, &mut diags) else {
        assert!(diags.has_errors(), "it failed silently");
        return;
    };
    assert!(!diags.has_errors(), "it has a value and a complaint: {diags:?}");
    assert!(value.has_type(&value.ty()), "{value:?} is not of its own type");
    value::console(&value);
    let (plain, _) = value.unmark_deep();
    if plain.is_wholly_known()
        && let Ok(json) = value::to_json_text(&plain)
    {
        value::from_json_text(&json).expect("what was written is JSON");
    }
}

/// Formats a text. What could be read can still be read, and formatting again ends.
pub fn format(text: &str) {
    let formatted = syntax::format(text);
    if reads(text) {
        assert!(reads(&formatted), "formatting broke it:\n{text}\n--- became\n{formatted}");
        syntax::format(&formatted);
    } else {
        assert_eq!(formatted, text, "what cannot be read stays as it is");
    }
}

fn reads(text: &str) -> bool {
    let (sources, file) = source(text);
    let mut diags = Diagnostics::new();
    syntax::parse(&sources, file, &mut diags);
    !diags.has_errors()
}

fn source(text: &str) -> (Sources, FileId) {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", text);
    (sources, file)
}

/// A scope in which `var.…` has values of every kind, and a host that knows nothing.
struct Variables;

impl Scope for Variables {
    fn lookup(&self, reference: &Reference, diags: &mut Diagnostics) -> Result<Value, Reported> {
        let value = match &reference.subject {
            Subject::Variable(name) => variable(name),
            _ => None,
        };
        value.ok_or_else(|| diags.error(eval::undeclared(reference)))
    }

    fn host(&self) -> &dyn Host {
        &Nowhere
    }
}

/// The names are short, so that a fuzzer finds them.
fn variable(name: &str) -> Option<Value> {
    let length = Refinement { not_null: true, length: Some((2, 4)), ..Refinement::default() };
    let prefix = Refinement { not_null: true, prefix: Some("pre".into()), ..Refinement::default() };
    let ephemeral = |value: Value| value.mark(Marks::EPHEMERAL);
    Some(match name {
        "s" => Value::string("text é👨‍👩‍👧"),
        "n" => Value::number(7),
        "b" => Value::bool(true),
        "z" => Value::dynamic_null(),
        "l" => Value::list(Type::Number, vec![Value::number(3), Value::number(1)]),
        "o" => Value::object([("a".into(), Value::number(1)), ("b".into(), Value::string("x"))].into()),
        "m" => Value::map(Type::String, [("k".into(), Value::string("v"))].into()),
        "e" => Value::set(Type::String, vec![Value::string("b"), Value::string("a")]),
        "us" => Value::Unknown(Type::String, prefix.into()),
        "un" => Value::unknown(Type::Number),
        "ub" => Value::unknown_not_null(Type::Bool),
        "ul" => Value::Unknown(Type::list(Type::String), length.into()),
        "uo" => Value::unknown(Type::object([("a".into(), Type::Number)].into())),
        "um" => Value::unknown(Type::map(Type::Number)),
        "ue" => Value::unknown(Type::set(Type::String)),
        "u" => Value::unknown(Type::Dynamic),
        "ss" => Value::string("hidden").sensitive(),
        "sn" => ephemeral(Value::number(5).sensitive()),
        "sl" => Value::list(Type::String, vec![Value::string("hidden").sensitive(), Value::string("seen")]),
        "su" => Value::unknown(Type::Dynamic).sensitive(),
        "es" => ephemeral(Value::string("passing")),
        _ => return None,
    })
}
