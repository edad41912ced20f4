//! Function calls: finding the function, expanding `...`, counting and converting arguments, and putting what the
//! function says is wrong into HCL's words.

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::syntax::{Expr, Ident};
use crate::value::{Type, Value, convert};

use super::functions::{self, CallError, Function};
use super::special::{self, Special};
use super::{Context, Failed, Outcome, Parts, Template, quote};

/// A call with its arguments, `...` expanded.
pub(super) struct Call<'a> {
    pub name: &'a Ident,
    pub args: Vec<Argument<'a>>,
    pub span: Span,
}

/// An argument: as written, or an element of the expanded last one.
pub(super) enum Argument<'a> {
    Written(&'a Expr),
    Expanded(Value, Span),
}

impl Argument<'_> {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Written(expr) => expr.span,
            Self::Expanded(_, span) => *span,
        }
    }

    pub(super) fn eval(&self, context: &Context, diags: &mut Diagnostics) -> Outcome {
        match self {
            Self::Written(expr) => context.eval(expr, diags),
            Self::Expanded(value, _) => Ok(value.clone()),
        }
    }
}

/// What a name calls.
enum Callee {
    Function(&'static Function),
    Special(&'static Special),
}

impl Callee {
    fn params(&self) -> Vec<&'static str> {
        match self {
            Self::Function(function) => function.params.iter().map(|param| param.name).collect(),
            Self::Special(special) => special.params.to_vec(),
        }
    }

    fn is_variadic(&self) -> bool {
        match self {
            Self::Function(function) => function.variadic.is_some(),
            Self::Special(special) => special.variadic.is_some(),
        }
    }

    fn param_name(&self, index: usize) -> Option<&'static str> {
        match self {
            Self::Function(function) => function.param(index).map(|param| param.name),
            Self::Special(special) => special.params.get(index).copied().or(special.variadic),
        }
    }
}

fn call_not_allowed(name: &Ident) -> Diagnostic {
    Diagnostic::error("Function calls not allowed")
        .at(name.span)
        .label("nothing is computed here")
        .detail("Functions may not be called here.")
}

impl Context<'_> {
    pub(super) fn call(
        &self,
        span: Span,
        name: &Ident,
        args: &[Expr],
        expand: bool,
        diags: &mut Diagnostics,
    ) -> Outcome {
        if !self.world.calls {
            return Err(diags.error(call_not_allowed(name)).into());
        }
        let Some(callee) = self.callee(&name.name) else {
            return Err(diags.error(unknown_function(name)).into());
        };
        let Some(args) = self.expand(args, expand, diags)? else {
            return Ok(Value::unknown(Type::Dynamic));
        };
        let call = Call { name, args, span };
        if let Some(diagnostic) = miscounted(&callee, &call) {
            return Err(diags.error(diagnostic).into());
        }
        let result = match &callee {
            Callee::Function(function) => self.call_function(function, &call, diags)?,
            Callee::Special(special) => self.call_special(special, &call, diags)?,
        };
        result.map_err(|error| diags.error(failure(&callee, &call, error)).into())
    }

    fn callee(&self, name: &str) -> Option<Callee> {
        let plain = name.strip_prefix("core::").unwrap_or(name);
        match special::lookup(plain, self.world.console) {
            Some(special) => Some(Callee::Special(special)),
            None => functions::lookup(name).map(Callee::Function),
        }
    }

    /// Returns the arguments; `None` if how many there are is not known yet.
    fn expand<'a>(
        &self,
        args: &'a [Expr],
        expand: bool,
        diags: &mut Diagnostics,
    ) -> Result<Option<Vec<Argument<'a>>>, Failed> {
        let Some((last, first)) = args.split_last().filter(|_| expand) else {
            return Ok(Some(args.iter().map(Argument::Written).collect()));
        };
        let value = self.eval(last, diags).map_err(|failed| Failed::from(failed.reported))?;
        let (value, marks) = value.unmark();
        let problem = match &value {
            Value::Null(Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => "must not be null",
            Value::Unknown(Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_), _) => {
                return Ok(None);
            }
            Value::List(_, items) | Value::Set(_, items) | Value::Tuple(items) => {
                let expanded =
                    items.iter().map(|item| Argument::Expanded(item.clone().mark(marks), last.span));
                return Ok(Some(first.iter().map(Argument::Written).chain(expanded).collect()));
            }
            _ => "must be of a tuple, list, or set type",
        };
        let diagnostic = Diagnostic::error("Invalid expanding argument value")
            .at(last.span)
            .detail(format!("The expanding argument (indicated by ...) {problem}."));
        Err(diags.error(diagnostic).into())
    }

    fn call_function(
        &self,
        function: &Function,
        call: &Call,
        diags: &mut Diagnostics,
    ) -> Result<Result<Value, CallError>, Failed> {
        let mut parts = Parts::default();
        let mut values = Vec::with_capacity(call.args.len());
        for (index, arg) in call.args.iter().enumerate() {
            let value = parts.take(arg.eval(self, diags));
            let ty = function.param(index).map_or(Type::Dynamic, |param| (param.constraint)());
            match convert(&value, &ty) {
                Ok(value) => values.push(value),
                Err(error) => {
                    let name = function.param(index).map_or("", |param| param.name);
                    parts.fail(diags.error(invalid_argument(name, &error.message, arg.span())));
                }
            }
        }
        if let Some(reported) = parts.failed {
            return Err(reported.into());
        }
        if self.world.template == Template::Text && special::READS_FILES.contains(&function.name) {
            return Ok(Err(CallError::Failed(format!(
                "cannot use filesystem access functions like {} in templatestring templates; consider passing the \
                 function result as a template variable instead",
                function.name
            ))));
        }
        Ok(functions::call(function, &values, self.world.host))
    }
}

fn invalid_argument(name: &str, message: &str, span: Span) -> Diagnostic {
    Diagnostic::error("Invalid function argument")
        .at(span)
        .detail(format!("Invalid value for {} parameter: {message}.", quote(name)))
}

/// From the name to the opening parenthesis: what a failed call underlines.
fn head(call: &Call) -> Span {
    Span { end: (call.name.span.end + 1).min(call.span.end), ..call.name.span }
}

fn failure(callee: &Callee, call: &Call, error: CallError) -> Diagnostic {
    match error {
        CallError::Argument { index, message } => match callee.param_name(index) {
            Some(name) => {
                invalid_argument(name, &message, call.args.get(index).map_or(call.span, Argument::span))
            }
            None => failure(callee, call, CallError::Failed(message)),
        },
        CallError::Failed(message) => Diagnostic::error("Error in function call")
            .at(head(call))
            .detail(format!("Call to function {} failed: {message}.", quote(&call.name.name))),
    }
}

fn miscounted(callee: &Callee, call: &Call) -> Option<Diagnostic> {
    let params = callee.params();
    let (name, expected) = (quote(&call.name.name), params.len());
    if let Some(missing) = params.get(call.args.len()) {
        let at_least = if callee.is_variadic() { " at least" } else { "" };
        let parenthesis = Span { start: call.span.end.saturating_sub(1), ..call.span };
        return Some(Diagnostic::error("Not enough function arguments").at(parenthesis).detail(format!(
            "Function {name} expects{at_least} {expected} argument(s). Missing value for {}.",
            quote(missing)
        )));
    }
    let extra = call.args.get(expected).filter(|_| !callee.is_variadic())?;
    Some(
        Diagnostic::error("Too many function arguments")
            .at(extra.span())
            .detail(format!("Function {name} expects only {expected} argument(s).")),
    )
}

fn unknown_function(name: &Ident) -> Diagnostic {
    if let Some((namespace, _)) = name.name.split_once("::") {
        return unknown_namespace(name, namespace);
    }
    let known = functions::names().chain(special::names());
    let near = known.map(|known| (distance(&name.name, known), known)).min().filter(|(far, _)| *far < 3);
    let suggestion = near.map_or(String::new(), |(_, near)| format!(" Did you mean {}?", quote(near)));
    Diagnostic::error("Call to unknown function")
        .at(name.span)
        .detail(format!("There is no function named {}.{suggestion}", quote(&name.name)))
}

fn unknown_namespace(name: &Ident, namespace: &str) -> Diagnostic {
    let mut after = name.name.split("::").skip(1);
    let detail = match (namespace, after.next(), after.next()) {
        ("provider", Some(provider), Some(function)) => format!(
            "There is no function named {}. Ensure that provider name {} is declared in this module's \
             required_providers block, and that this provider offers a function named {}.",
            quote(&name.name),
            quote(provider),
            quote(function)
        ),
        _ => format!(
            "The function namespace {} is not valid. Provider function calls must use the \"provider::\" namespace \
             prefix.",
            quote(namespace)
        ),
    };
    Diagnostic::error("Unknown provider function").at(name.span).detail(detail)
}

/// Returns how many letters must be inserted, left out or replaced to make `b` of `a` (Levenshtein's distance, which is
/// what Terraform goes by here; case counts).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
