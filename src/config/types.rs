//! Type expressions → [`Constraint`]: `string`, `list(any)`, `object({ a = optional(number, 1) })`.
//!
//! They look like expressions but are read as they stand, never evaluated; only the default of an `optional` is a
//! value. Variables use them, and the attributes of kinds.

use crate::diag::{Diagnostic, Diagnostics, Reported, Span, did_you_mean};
use crate::eval;
use crate::syntax::{Expr, ExprKind, Ident, ObjectKey};
use crate::value::{Constraint, Field, Str, Value};
use std::collections::BTreeMap;

const PRIMITIVES: [&str; 4] = ["any", "bool", "number", "string"];
const CONSTRUCTORS: [&str; 5] = ["list", "map", "object", "set", "tuple"];
const SUMMARY: &str = "Invalid type specification";

/// Reads a type expression.
pub fn constraint(expr: &Expr, diags: &mut Diagnostics) -> Result<Constraint, Reported> {
    match &expr.kind {
        ExprKind::Literal(value) if value.as_str().is_some() => Err(quoted(value, expr.span, diags)),
        _ => part(expr, diags),
    }
}

/// Reads a type, or a part of one.
fn part(expr: &Expr, diags: &mut Diagnostics) -> Result<Constraint, Reported> {
    match &expr.kind {
        ExprKind::Parens(inner) => part(inner, diags),
        ExprKind::Traversal { root, steps } if steps.is_empty() => keyword(root, diags),
        ExprKind::Call { name, args, expand: false } => constructor(name, args, expr.span, diags),
        _ => Err(refuse(expr.span, "not a type", NEITHER, diags)),
    }
}

const NEITHER: &str = "A type is one of the words `any`, `bool`, `number` and `string`, or is built with `list`, `set`, \
                       `map`, `object` or `tuple`, as in `list(string)`.";

fn keyword(word: &Ident, diags: &mut Diagnostics) -> Result<Constraint, Reported> {
    Ok(match &*word.name {
        "any" => Constraint::Any,
        "bool" => Constraint::Bool,
        "number" => Constraint::Number,
        "string" => Constraint::String,
        // Terraform still reads these two alone, as its first versions wrote them.
        "list" => Constraint::List(Box::new(Constraint::Any)),
        "map" => Constraint::Map(Box::new(Constraint::Any)),
        name if CONSTRUCTORS.contains(&name) => return Err(bare(name, word.span, diags)),
        name => return Err(unknown(name, word.span, diags)),
    })
}

fn constructor(
    name: &Ident,
    args: &[Expr],
    span: Span,
    diags: &mut Diagnostics,
) -> Result<Constraint, Reported> {
    match (&*name.name, args) {
        ("list", [element]) => Ok(Constraint::List(Box::new(part(element, diags)?))),
        ("set", [element]) => Ok(Constraint::Set(Box::new(part(element, diags)?))),
        ("map", [element]) => Ok(Constraint::Map(Box::new(part(element, diags)?))),
        ("tuple", [elements]) => tuple(elements, diags),
        ("object", [attributes]) => object(attributes, diags),
        ("optional", _) => Err(refuse(
            name.span,
            "`optional` belongs around an attribute's type, inside `object({ … })`",
            "Keyword \"optional\" is valid only as a modifier for object type attributes.",
            diags,
        )),
        (word, _) if PRIMITIVES.contains(&word) => {
            let label = format!("`{word}` takes no arguments");
            Err(refuse(span, label, "Write the word alone, without parentheses.", diags))
        }
        (word, _) if CONSTRUCTORS.contains(&word) => Err(bare(word, span, diags)),
        (word, _) => Err(unknown(word, name.span, diags)),
    }
}

fn tuple(expr: &Expr, diags: &mut Diagnostics) -> Result<Constraint, Reported> {
    let ExprKind::Tuple(elements) = &expr.kind else { return Err(bare("tuple", expr.span, diags)) };
    let types: Vec<_> = elements.iter().map(|element| part(element, diags)).collect();
    Ok(Constraint::Tuple(types.into_iter().collect::<Result<_, _>>()?))
}

fn object(expr: &Expr, diags: &mut Diagnostics) -> Result<Constraint, Reported> {
    let ExprKind::Object(attributes) = &expr.kind else { return Err(bare("object", expr.span, diags)) };
    let mut seen = std::collections::BTreeSet::new();
    let mut named = |key: &ObjectKey, diags: &mut Diagnostics| {
        let name = attribute_name(key, diags)?;
        match seen.insert(name.clone()) {
            true => Ok(name),
            false => Err(refuse(
                expr.span,
                format!("`{name}` stands here twice"),
                "Object constructor map keys must be unique.",
                diags,
            )),
        }
    };
    let fields: Vec<_> =
        attributes.iter().map(|(key, expr)| Ok((named(key, diags)?, field(expr, diags)?))).collect();
    Ok(Constraint::Object(fields.into_iter().collect::<Result<BTreeMap<_, _>, Reported>>()?))
}

fn attribute_name(key: &ObjectKey, diags: &mut Diagnostics) -> Result<Str, Reported> {
    let (text, span) = match key {
        ObjectKey::Word(word) => (Some(&*word.name), word.span),
        ObjectKey::Expr(expr) => match &expr.kind {
            ExprKind::Literal(value) => (value.as_str(), expr.span),
            _ => (None, expr.span),
        },
    };
    let hint = "Object constructor map keys must be attribute names.";
    text.map(Str::from).ok_or_else(|| refuse(span, "an attribute's name belongs here", hint, diags))
}

/// An attribute's type, which may stand in `optional(type, default)`.
fn field(expr: &Expr, diags: &mut Diagnostics) -> Result<Field, Reported> {
    let ExprKind::Call { name, args, expand: false } = &expr.kind else { return plain_field(expr, diags) };
    if &*name.name != "optional" {
        return plain_field(expr, diags);
    }
    match args.as_slice() {
        [ty] => Ok(Field { constraint: part(ty, diags)?, optional: true, default: None }),
        [ty, default] => {
            let constraint = part(ty, diags)?;
            let default = default_value(default, &constraint, diags)?;
            Ok(Field { constraint, optional: true, default: Some(default) })
        }
        _ => Err(refuse(
            expr.span,
            "`optional` takes a type and, if you like, a default",
            "Write `optional(string)` or `optional(string, \"default\")`.",
            diags,
        )),
    }
}

fn plain_field(expr: &Expr, diags: &mut Diagnostics) -> Result<Field, Reported> {
    Ok(Field { constraint: part(expr, diags)?, optional: false, default: None })
}

fn default_value(expr: &Expr, constraint: &Constraint, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let value = eval::literal(expr, diags)?;
    constraint.apply(&value).map_err(|problem| {
        diags.error(
            Diagnostic::error("Invalid default value for optional attribute")
                .at(expr.span)
                .label(problem.to_string())
                .detail(format!(
                    "This default value is not compatible with the attribute's type constraint: {problem}."
                )),
        )
    })
}

/// A constructor without what it is to be built from.
fn bare(name: &str, span: Span, diags: &mut Diagnostics) -> Reported {
    let (needs, example) = match name {
        "object" => ("the attributes' types", "object({ name = string })"),
        "tuple" => ("the elements' types", "tuple([string, number])"),
        "set" => ("the elements' type", "set(string)"),
        "map" => ("the elements' type", "map(string)"),
        _ => ("the elements' type", "list(string)"),
    };
    refuse(span, format!("`{name}` needs {needs}: `{example}`"), "", diags)
}

fn unknown(name: &str, span: Span, diags: &mut Diagnostics) -> Reported {
    let near = did_you_mean(name, PRIMITIVES.into_iter().chain(CONSTRUCTORS));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    refuse(span, format!("`{name}` is not a type{hint}"), NEITHER, diags)
}

fn quoted(value: &Value, span: Span, diags: &mut Diagnostics) -> Reported {
    let text = value.as_str().unwrap_or_default();
    if !["string", "list", "map"].contains(&text) {
        return diags.error(
            Diagnostic::error("Invalid legacy variable type hint")
                .at(span)
                .label("write the type without quotes")
                .detail("To provide a full type expression, remove the surrounding quotes and give the type expression directly."),
        );
    }
    diags.error(
        Diagnostic::error("Invalid quoted type constraints")
            .at(span)
            .label(format!("write `{text}` without the quotes")),
    )
}

fn refuse(span: Span, label: impl Into<String>, detail: &str, diags: &mut Diagnostics) -> Reported {
    diags.error(Diagnostic::error(SUMMARY).at(span).label(label).detail(detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::syntax;

    /// The constraint as text, or `summary: label` of the first complaint.
    fn read(text: &str) -> String {
        let mut sources = Sources::new();
        let file = sources.add("main.hcl", text);
        let mut diags = Diagnostics::new();
        let expr = syntax::parse_expression(&sources, file, &mut diags).expect("an expression");
        match constraint(&expr, &mut diags) {
            Ok(constraint) => constraint.to_string(),
            Err(_) => {
                let first = diags.take().remove(0);
                format!("{}: {}", first.summary, first.label)
            }
        }
    }

    #[test]
    fn types_are_read_as_they_are_written() {
        for text in [
            "any",
            "bool",
            "number",
            "string",
            "list(string)",
            "set(number)",
            "map(any)",
            "map(list(string))",
            "tuple([string, number])",
        ] {
            assert_eq!(read(text), text);
        }
        assert_eq!(read("(string)"), "string");
        assert_eq!(read("list"), "list(any)");
        assert_eq!(read("map"), "map(any)");
    }

    #[test]
    fn objects_know_optional_attributes_and_defaults() {
        let mut sources = Sources::new();
        let file = sources
            .add("main.hcl", r#"object({ a = string, b = optional(number), "c" = optional(number, "3") })"#);
        let mut diags = Diagnostics::new();
        let expr = syntax::parse_expression(&sources, file, &mut diags).expect("an expression");
        let Ok(Constraint::Object(fields)) = constraint(&expr, &mut diags) else { panic!("an object") };
        let shown: Vec<_> =
            fields.iter().map(|(name, f)| (name.as_str(), f.optional, f.default.clone())).collect();
        let three = Value::number(3);
        assert_eq!(shown, [("a", false, None), ("b", true, None), ("c", true, Some(three))]);
    }

    #[test]
    fn mistakes_name_what_was_expected() {
        let cases = [
            ("strin", "Invalid type specification: `strin` is not a type; did you mean `string`?"),
            ("1 + 2", "Invalid type specification: not a type"),
            ("\"string\"", "Invalid quoted type constraints: write `string` without the quotes"),
            ("\"text\"", "Invalid legacy variable type hint: write the type without quotes"),
            ("list(\"string\")", "Invalid type specification: not a type"),
            ("set", "Invalid type specification: `set` needs the elements' type: `set(string)`"),
            ("list()", "Invalid type specification: `list` needs the elements' type: `list(string)`"),
            (
                "list(string, number)",
                "Invalid type specification: `list` needs the elements' type: `list(string)`",
            ),
            ("string(1)", "Invalid type specification: `string` takes no arguments"),
            (
                "object(string)",
                "Invalid type specification: `object` needs the attributes' types: `object({ name = string })`",
            ),
            (
                "tuple(string)",
                "Invalid type specification: `tuple` needs the elements' types: `tuple([string, number])`",
            ),
            ("object({ (a) = string })", "Invalid type specification: an attribute's name belongs here"),
            (
                "optional(string)",
                "Invalid type specification: `optional` belongs around an attribute's type, inside `object({ … })`",
            ),
            (
                "object({ a = optional() })",
                "Invalid type specification: `optional` takes a type and, if you like, a default",
            ),
            (
                "object({ a = optional(number, \"x\") })",
                "Invalid default value for optional attribute: a number is required",
            ),
            ("enum(string)", "Invalid type specification: `enum` is not a type"),
            ("list(lst(string))", "Invalid type specification: `lst` is not a type; did you mean `list`?"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
