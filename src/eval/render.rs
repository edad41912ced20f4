//! `templatefile` and `templatestring`: a template from elsewhere, rendered with variables of its own.

use std::collections::BTreeMap;

use crate::addr::is_identifier;
use crate::diag::{Diagnostic, Diagnostics, Sources, Span};
use crate::syntax::{self, Expr, ExprKind};
use crate::value::{Marks, Str, Type, Value, convert};

use super::call::{Argument, Call};
use super::functions::{self, CallError};
use super::references::traversals;
use super::{Context, Failed, Parts, Roots, Template, World, quote};

type Called = Result<Value, CallError>;

impl Context<'_> {
    pub(super) fn template_file(&self, call: &Call, diags: &mut Diagnostics) -> Result<Called, Failed> {
        let mut parts = Parts::default();
        let args: Vec<_> = call.args.iter().map(|arg| parts.take(arg.eval(self, diags))).collect();
        match (parts.failed, &args[..]) {
            (None, [path, vars]) => Ok(self.render_file(path, vars)),
            (Some(reported), _) => Err(reported.into()),
            (None, _) => Ok(Err(CallError::Failed("two arguments are needed".to_owned()))),
        }
    }

    fn render_file(&self, path: &Value, vars: &Value) -> Called {
        let path = convert(path, &Type::String).map_err(|error| argument(0, error.message))?;
        let ((path, path_marks), (vars, var_marks)) = (path.unmark(), vars.unmark_deep());
        not_null(0, &path)?;
        not_null(1, &vars)?;
        self.refuse_nesting("templatefile")?;
        let marks = path_marks.union(var_marks);
        let Value::String(name) = &path else { return Ok(untyped(marks)) };
        if !vars.is_known() {
            return Ok(untyped(marks));
        }
        let text = self.read(&path)?;
        let page = Page::new(name, &text);
        let template = page.parse().map_err(CallError::Failed)?;
        Ok(self.render(&page, &template, &vars, Template::File)?.mark(marks))
    }

    fn read(&self, path: &Value) -> Result<Str, CallError> {
        let Some(file) = functions::lookup("file") else {
            return Err(CallError::Failed("files cannot be read here".to_owned()));
        };
        match functions::call(file, std::slice::from_ref(path), self.world.host)?.unmark() {
            (Value::String(text), _) => Ok(text),
            _ => Err(argument(0, "the file's contents are not known yet")),
        }
    }

    pub(super) fn template_string(&self, call: &Call, diags: &mut Diagnostics) -> Result<Called, Failed> {
        let [template, vars] = &call.args[..] else {
            return Ok(Err(CallError::Failed("two arguments are needed".to_owned())));
        };
        let vars = vars.eval(self, diags).map_err(|failed| Failed::from(failed.reported))?;
        Ok(self.render_text(template, &vars))
    }

    fn render_text(&self, template: &Argument, vars: &Value) -> Called {
        let (vars, var_marks) = vars.unmark_deep();
        not_null(1, &vars)?;
        self.refuse_nesting("templatestring")?;
        if !vars.is_known() {
            return Ok(Value::unknown_not_null(Type::String).mark(var_marks));
        }
        let template = self.template_text(template)?;
        let (text, marks) = template.unmark();
        let marks = marks.union(var_marks);
        let text = match text {
            Value::String(text) => text,
            Value::Unknown(..) => return Ok(Value::unknown_not_null(Type::String).mark(marks)),
            _ => return Err(argument(0, "invalid template value: a string is required")),
        };
        let page = Page::new("<templatestring argument>", &text);
        let parsed = page.parse().map_err(|problems| argument(0, format!("invalid template: {problems}")))?;
        let result = self.render(&page, &parsed, &vars, Template::Text)?;
        let result = convert(&result, &Type::String)
            .map_err(|error| CallError::Failed(format!("invalid template result: {}", error.message)))?;
        Ok(result.mark(marks))
    }

    /// Evaluates the template argument, which must be a plain reference: a template written in place needs no function.
    fn template_text(&self, arg: &Argument) -> Called {
        if let Argument::Written(expr) = arg
            && let Some(remark) = not_a_reference(expr)
        {
            return Err(argument(0, format!("invalid template expression: {remark}")));
        }
        let mut diags = Diagnostics::new();
        arg.eval(self, &mut diags).map_err(|_| {
            let problems = diags.take();
            let first = problems.first().map_or(String::new(), |d| format!("{}; {}", d.summary, d.detail));
            argument(0, format!("invalid template expression: {first}{}", others(problems.len())))
        })
    }

    fn refuse_nesting(&self, name: &str) -> Result<(), CallError> {
        match self.world.template {
            Template::None => Ok(()),
            _ => Err(CallError::Failed(format!(
                "cannot recursively call {name} from inside another template function"
            ))),
        }
    }

    fn render(&self, page: &Page, template: &Expr, vars: &Value, kind: Template) -> Called {
        let variables = variables(vars)?;
        for (root, _) in traversals(template) {
            if !variables.contains_key(&Str::new(&root.name)) {
                let (name, place) = (quote(&root.name), page.place(root.span));
                return Err(argument(
                    1,
                    format!("vars map does not contain key {name}, referenced at {place}"),
                ));
            }
        }
        let world = World::new(Roots::Variables(&variables), self.world.host, kind);
        world.depth.set(self.world.depth.get());
        let mut diags = Diagnostics::new();
        let value = Context::new(&world).eval(template, &mut diags);
        match value {
            Ok(value) if value.is_null() => Err(CallError::Failed(page.describe(&[null_result(template)]))),
            Ok(value) => Ok(value),
            Err(_) => Err(CallError::Failed(page.describe(&diags.take()))),
        }
    }
}

fn argument(index: usize, message: impl Into<String>) -> CallError {
    CallError::Argument { index, message: message.into() }
}

fn not_null(index: usize, value: &Value) -> Result<(), CallError> {
    if value.is_null() { Err(argument(index, "argument must not be null")) } else { Ok(()) }
}

fn untyped(marks: Marks) -> Value {
    Value::unknown(Type::Dynamic).mark(marks)
}

fn null_result(template: &Expr) -> Diagnostic {
    Diagnostic::error("Template result is null")
        .at(template.span)
        .detail("The result of the template is null, which is not a valid result for a templatestring call.")
}

fn variables(vars: &Value) -> Result<BTreeMap<Str, Value>, CallError> {
    let entries = match vars {
        Value::Map(_, entries) | Value::Object(entries) => entries,
        _ => return Err(argument(1, "invalid vars value: must be a map")),
    };
    match entries.keys().find(|name| !is_identifier(name)) {
        None => Ok(entries.to_map()),
        Some(name) => Err(argument(
            1,
            format!(
                "invalid template variable name {}: must start with a letter, followed by zero or more letters, \
                 digits, and underscores",
                quote(name)
            ),
        )),
    }
}

/// Says what is wrong with the expression as `templatestring`'s first argument, if anything.
fn not_a_reference(expr: &Expr) -> Option<&'static str> {
    match &expr.kind {
        ExprKind::Wrap(_) => Some(
            "templatestring is only for rendering templates retrieved dynamically from elsewhere; to treat the inner \
             expression as template syntax, write the reference expression directly without any template interpolation \
             syntax",
        ),
        ExprKind::Literal(Value::String(_)) => Some(
            "templatestring is only for rendering templates retrieved dynamically from elsewhere, and so does not \
             support providing a literal template; consider using a template string expression instead",
        ),
        ExprKind::Template(_) => Some(
            "templatestring is only for rendering templates retrieved dynamically from elsewhere; to render an inline \
             template, consider using a plain template string expression",
        ),
        _ if starts_as_reference(expr) => None,
        _ => Some(
            "must be a direct reference to a single string from elsewhere, containing valid Terraform template syntax",
        ),
    }
}

fn starts_as_reference(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Traversal { .. } => true,
        ExprKind::Relative { base, .. } | ExprKind::Index { base, .. } | ExprKind::Splat { base, .. } => {
            starts_as_reference(base)
        }
        _ => false,
    }
}

/// A template's text, with places counted in it.
struct Page {
    sources: Sources,
    file: crate::diag::FileId,
}

impl Page {
    fn new(name: &str, text: &str) -> Self {
        let mut sources = Sources::new();
        let file = sources.add(name, text);
        Self { sources, file }
    }

    /// The error tells all that is wrong with the syntax.
    fn parse(&self) -> Result<Expr, String> {
        let mut diags = Diagnostics::new();
        let template = syntax::parse_template(&self.sources, self.file, &mut diags);
        template.filter(|_| !diags.has_errors()).ok_or_else(|| self.describe(&diags.take()))
    }

    /// Puts complaints into one line of text, as HCL does: the first, and how many more there are.
    fn describe(&self, problems: &[Diagnostic]) -> String {
        let Some(first) = problems.first() else { return "the template is not valid".to_owned() };
        let place = first.span.map_or(String::new(), |span| format!("{}: ", self.place(span)));
        format!("{place}{}; {}{}", first.summary, first.detail, others(problems.len()))
    }

    /// `name:line,column-column`, or with the last line too if it is another.
    fn place(&self, span: Span) -> String {
        let range = span.range();
        let start = self.sources.position(self.file, range.start);
        let end = self.sources.position(self.file, range.end);
        let name = self.sources.path(self.file).display();
        if start.line == end.line {
            format!("{name}:{},{}-{}", start.line, start.column, end.column)
        } else {
            format!("{name}:{},{}-{},{}", start.line, start.column, end.line, end.column)
        }
    }
}

fn others(count: usize) -> String {
    if count > 1 { format!(", and {} other diagnostic(s)", count - 1) } else { String::new() }
}
