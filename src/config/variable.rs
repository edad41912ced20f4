//! `variable`, `locals` and `output` blocks.

use super::fields::{Fields, labels};
use super::{Local, Module, Output, Rule, Variable, types};
use crate::addr::{Name, is_identifier};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::eval;
use crate::syntax::{Block, Expr, ExprKind, Ident, Step};
use crate::value::Constraint;

/// Names that a module call's meta-arguments take.
const RESERVED_VARIABLES: &[&str] =
    &["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];

pub(super) fn variable(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [label] = labels(block, ["name"], diags)?;
    name(&label.value, label.span, "variable", diags)?;
    if RESERVED_VARIABLES.contains(&&*label.value) {
        // It is declared all the same, so that references to it are no further mistakes.
        diags.error(
            Diagnostic::error("Invalid variable name")
                .at(label.span)
                .label(format!("`{}` is reserved", label.value))
                .detail(format!(
                    "The variable name {:?} is reserved due to its special meaning inside module blocks.",
                    label.value
                )),
        );
    }
    let mut fields = Fields::new("variable", block.header, &block.body);
    let constraint = match fields.take("type") {
        Some(attribute) => types::constraint(&attribute.expr, diags)?,
        None => Constraint::Any,
    };
    let nullable = fields.flag("nullable", diags).unwrap_or(true);
    let default =
        fields.take("default").map(|a| default(&a.expr, &constraint, nullable, diags)).transpose()?;
    let variable = Variable {
        name: label.value.clone(),
        description: fields.text("description", diags),
        sensitive: fields.flag("sensitive", diags).unwrap_or(false),
        ephemeral: fields.flag("ephemeral", diags).unwrap_or(false),
        validations: validations(&mut fields, &label.value, diags),
        constraint,
        default,
        nullable,
        span: block.header,
    };
    fields.finish(diags);
    if let Some(first) = module.variables.get(&label.value) {
        return Err(duplicate(
            "Duplicate variable declaration",
            &label.value,
            block.header,
            first.span,
            diags,
        ));
    }
    module.variables.insert(label.value.clone(), variable);
    Ok(())
}

fn default(
    expr: &Expr,
    constraint: &Constraint,
    nullable: bool,
    diags: &mut Diagnostics,
) -> Result<crate::value::Value, Reported> {
    let value = eval::literal(expr, diags)?;
    if value.is_null() && !nullable {
        return Err(diags.error(
            Diagnostic::error("Invalid default value for variable")
                .at(expr.span)
                .label("null, but the variable is not nullable")
                .detail("A null default value is not valid when nullable=false."),
        ));
    }
    constraint.apply(&value).map_err(|problem| {
        diags.error(
            Diagnostic::error("Invalid default value for variable")
                .at(expr.span)
                .label(problem.to_string())
                .detail(format!(
                    "This default value is not compatible with the variable's type constraint: {problem}."
                )),
        )
    })
}

/// The `validation` blocks, each of which must be about the variable.
fn validations(fields: &mut Fields<'_>, name: &Name, diags: &mut Diagnostics) -> Vec<Rule> {
    let mut rules = Vec::new();
    for block in fields.blocks("validation") {
        let Ok(rule) = rule(block, diags) else { continue };
        let own = eval::Subject::Variable(name.clone());
        if eval::references(&rule.condition).iter().any(|reference| reference.subject == own) {
            rules.push(rule);
            continue;
        }
        diags.error(
            Diagnostic::error("Invalid variable validation condition")
                .at(rule.condition.span)
                .label(format!("says nothing about `var.{name}`"))
                .detail(format!(
                    "The condition for variable {:?} must refer to var.{name} in order to test incoming values.",
                    &**name
                )),
        );
    }
    rules
}

/// `condition` and `error_message`.
pub(super) fn rule(block: &Block, diags: &mut Diagnostics) -> Result<Rule, Reported> {
    let mut fields = Fields::new(&block.kind.name, block.header, &block.body);
    let condition = fields.require("condition", diags).map(|a| a.expr.clone());
    let error_message = fields.require("error_message", diags).map(|a| a.expr.clone());
    fields.finish(diags);
    let condition = condition?;
    // Validations have a complaint of their own.
    if &*block.kind.name != "validation" && eval::references(&condition).is_empty() {
        return Err(diags.error(
            Diagnostic::error(format!("Invalid {} expression", block.kind.name))
                .at(condition.span)
                .label("always the same: refers to nothing")
                .detail("The condition expression must refer to at least one object from elsewhere in the configuration, or else its result would not be checking anything."),
        ));
    }
    Ok(Rule { condition, error_message: error_message?, span: block.header })
}

pub(super) fn locals(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [] = labels(block, [], diags)?;
    for attribute in &block.body.attributes {
        let local = Local { expr: attribute.expr.clone(), span: attribute.name.span };
        if let Some(first) = module.locals.get(&attribute.name.name) {
            duplicate(
                "Duplicate local value definition",
                &attribute.name.name,
                attribute.name.span,
                first.span,
                diags,
            );
        } else {
            module.locals.insert(attribute.name.name.clone(), local);
        }
    }
    for extra in &block.body.blocks {
        diags.error(
            Diagnostic::error(format!("Unexpected {:?} block", &*extra.kind.name))
                .at(extra.kind.span)
                .label("`locals` holds arguments only")
                .detail("Blocks are not allowed here."),
        );
    }
    Ok(())
}

pub(super) fn output(block: &Block, module: &mut Module, diags: &mut Diagnostics) -> Result<(), Reported> {
    let [label] = labels(block, ["name"], diags)?;
    name(&label.value, label.span, "output", diags)?;
    let mut fields = Fields::new("output", block.header, &block.body);
    let value = fields.require("value", diags).map(|a| a.expr.clone());
    let output = Output {
        name: label.value.clone(),
        description: fields.text("description", diags),
        sensitive: fields.flag("sensitive", diags).unwrap_or(false),
        ephemeral: fields.flag("ephemeral", diags).unwrap_or(false),
        depends_on: fields.take("depends_on").map(|a| list(&a.expr, diags)).unwrap_or_default(),
        preconditions: fields
            .blocks("precondition")
            .into_iter()
            .filter_map(|b| rule(b, diags).ok())
            .collect(),
        span: block.header,
        value: match value {
            Ok(value) => value,
            Err(reported) => {
                fields.finish(diags);
                return Err(reported);
            }
        },
    };
    fields.finish(diags);
    if output.ephemeral && module.parent.is_none() {
        diags.error(
            Diagnostic::error("Ephemeral output not allowed")
                .at(block.header)
                .label("outputs of the root module are stored")
                .detail("Ephemeral outputs are not allowed in context of a root module"),
        );
    }
    if let Some(first) = module.outputs.get(&label.value) {
        return Err(duplicate("Duplicate output definition", &label.value, block.header, first.span, diags));
    }
    module.outputs.insert(label.value.clone(), output);
    Ok(())
}

/// References that are written as a list (`depends_on = [a, b]`).
pub(super) fn list(expr: &Expr, diags: &mut Diagnostics) -> Vec<Expr> {
    elements(expr, diags).iter().map(|element| unquoted(element, diags)).collect()
}

/// The elements of a list that is written as one.
pub(super) fn elements(expr: &Expr, diags: &mut Diagnostics) -> Vec<Expr> {
    match &expr.kind {
        ExprKind::Tuple(elements) => elements.clone(),
        _ => {
            diags.error(
                Diagnostic::error("Invalid expression")
                    .at(expr.span)
                    .label("expected a list of references: `[instance.a, instance.b]`")
                    .detail("A static list expression is required."),
            );
            Vec::new()
        }
    }
}

/// A reference that is written in quotes, as Terraform's first versions had it, without them.
fn unquoted(expr: &Expr, diags: &mut Diagnostics) -> Expr {
    let ExprKind::Literal(value) = &expr.kind else { return expr.clone() };
    let Some(words) = value.as_str().map(|text| text.split('.').collect::<Vec<_>>()) else {
        return expr.clone();
    };
    if !words.iter().all(|word| is_identifier(word)) {
        return expr.clone();
    }
    diags.push(
        Diagnostic::warning("Quoted references are deprecated")
            .at(expr.span)
            .label("write it without the quotes")
            .detail("In this context, references are expected literally rather than in quotes."),
    );
    let ident = |word: &str| Ident { name: word.into(), span: expr.span };
    let steps = words[1..].iter().map(|word| Step::Attr(ident(word))).collect();
    Expr { kind: ExprKind::Traversal { root: ident(words[0]), steps }, span: expr.span }
}

pub(super) fn name(text: &str, span: Span, what: &str, diags: &mut Diagnostics) -> Result<(), Reported> {
    if is_identifier(text) {
        return Ok(());
    }
    Err(diags.error(
        Diagnostic::error(format!("Invalid {what} name")).at(span).label("not a valid name").detail(
            "A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.",
        ),
    ))
}

pub(super) fn duplicate(
    summary: &str,
    name: &str,
    span: Span,
    first: Span,
    diags: &mut Diagnostics,
) -> Reported {
    diags.error(
        Diagnostic::error(summary)
            .at(span)
            .label(format!("`{name}` is declared a second time"))
            .related(first, "the first one"),
    )
}
