//! Templates: literal text, interpolations and directives, rendered to one string.
//!
//! A template with an unknown part is an unknown string of which the text before that part is known.

use unicode_segmentation::UnicodeSegmentation;

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::syntax::{Expr, TemplatePart};
use crate::value::{Marks, Refinement, Str, Type, Value, convert};

use super::conditional::Branch;
use super::loops::Variables;
use super::{Context, Outcome, Parts};

/// What was rendered so far.
struct Rendered {
    /// The text up to the first unknown part.
    text: String,
    known: bool,
    marks: Marks,
    parts: Parts,
}

impl Context<'_> {
    pub(super) fn template(&self, parts: &[TemplatePart], diags: &mut Diagnostics) -> Outcome {
        let mut rendered = Rendered::new();
        for part in parts {
            match part {
                TemplatePart::Literal(text, _) => rendered.push(text),
                TemplatePart::Interpolation(expr) => {
                    let outcome = self.eval(expr, diags);
                    rendered.add(outcome, expr.span, diags);
                }
                TemplatePart::If { condition, then, otherwise, span } => {
                    let outcome = self.if_directive(condition, then, otherwise.as_deref(), *span, diags);
                    rendered.add(outcome, *span, diags);
                }
                TemplatePart::For { key_var, value_var, collection, body, span } => {
                    let variables = Variables { key: key_var.as_ref(), value: value_var };
                    let outcome = self.for_directive(variables, collection, body, diags);
                    rendered.add(outcome, *span, diags);
                }
            }
        }
        rendered.finish()
    }

    fn if_directive(
        &self,
        condition: &Expr,
        then: &[TemplatePart],
        otherwise: Option<&[TemplatePart]>,
        span: Span,
        diags: &mut Diagnostics,
    ) -> Outcome {
        let then = Branch::new(span, |diags| self.template(then, diags));
        let otherwise = Branch::new(span, |diags| self.template(otherwise.unwrap_or_default(), diags));
        self.choose(condition, then, otherwise, diags)
    }

    fn for_directive(
        &self,
        variables: Variables,
        collection: &Expr,
        body: &[TemplatePart],
        diags: &mut Diagnostics,
    ) -> Outcome {
        let (items, marks) = self.items(collection, diags)?;
        let mut rendered = Rendered::new();
        rendered.marks = marks;
        rendered.known = items.is_some();
        for item in items.unwrap_or_default() {
            let outcome = self.with_item(variables, item, |inner| inner.template(body, diags));
            rendered.add(outcome, collection.span, diags);
        }
        rendered.finish()
    }
}

impl Rendered {
    fn new() -> Self {
        Self { text: String::new(), known: true, marks: Marks::NONE, parts: Parts::default() }
    }

    fn push(&mut self, text: &str) {
        if self.known {
            self.text.push_str(text);
        }
    }

    fn add(&mut self, outcome: Outcome, span: Span, diags: &mut Diagnostics) {
        let (value, marks) = self.parts.take(outcome).unmark();
        self.marks = self.marks.union(marks);
        let problem = match &value {
            Value::Null(_) => {
                "The expression result is null. Cannot include a null value in a string template.".to_owned()
            }
            Value::Unknown(..) => return self.known = false,
            _ => match convert(&value, &Type::String) {
                Ok(Value::String(text)) => return self.push(&text),
                Ok(_) => return self.known = false,
                Err(error) => {
                    format!("Cannot include the given value in a string template: {}.", error.message)
                }
            },
        };
        let diagnostic = Diagnostic::error("Invalid template interpolation value").at(span).detail(problem);
        self.parts.fail(diags.error(diagnostic));
    }

    fn finish(self) -> Outcome {
        let value = if self.known {
            Value::string(self.text)
        } else {
            let prefix = if self.parts.failed.is_none() { safe_prefix(&self.text) } else { None };
            Value::refined(Type::String, Refinement { not_null: true, prefix, ..Refinement::default() })
        };
        self.parts.finish(value.mark(self.marks))
    }
}

/// How much of the known text is kept.
const PREFIX_LIMIT: usize = 128;

/// Returns as much of the text as stays the same whatever follows: not its last cluster, which may still combine.
fn safe_prefix(text: &str) -> Option<Str> {
    let text = &text[..text.floor_char_boundary(PREFIX_LIMIT)];
    let (last, _) = text.grapheme_indices(true).next_back()?;
    (last > 0).then(|| Str::new(&text[..last]))
}
