//! Operators: arithmetic, comparison, equality and logic.
//!
//! Operands are converted to what the operator wants, null ones are refused, and an unknown operand makes the result
//! unknown, except where bounds of unknown numbers decide a comparison. `&&` and `||` evaluate both sides.

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::syntax::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::value::{Number, Type, Value, convert, equals};

use super::{Context, Failed, Outcome, Parts};

impl Context<'_> {
    /// Evaluates a chain of left operands in a loop: `a + b + …` may have hundreds of terms.
    pub(super) fn binary(&self, expr: &Expr, diags: &mut Diagnostics) -> Outcome {
        let mut chain = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { op, left, right, .. } = &first.kind {
            chain.push((*op, &**left, &**right, first.span));
            first = left;
        }
        let mut outcome = self.eval(first, diags);
        for (op, left, right, span) in chain.into_iter().rev() {
            outcome = self.apply(op, (outcome, left.span), right, span, diags);
        }
        outcome
    }

    fn apply(
        &self,
        op: BinaryOp,
        (left, left_span): (Outcome, Span),
        right: &Expr,
        span: Span,
        diags: &mut Diagnostics,
    ) -> Outcome {
        let mut parts = Parts::default();
        let left = parts.take(left);
        let right_value = parts.take(self.eval(right, diags));
        let left = parts.take(operand(&left, op, "left", left_span, diags));
        let right = parts.take(operand(&right_value, op, "right", right.span, diags));
        if let Some(reported) = parts.failed {
            return Err(Failed::as_value(reported, Value::unknown(result_type(op))));
        }
        compute(op, &left, &right).map_err(|message| {
            let reported = diags.error(operation_failed(span, &message));
            Failed::as_value(reported, Value::unknown(result_type(op)))
        })
    }

    pub(super) fn unary(&self, op: UnaryOp, operand: &Expr, span: Span, diags: &mut Diagnostics) -> Outcome {
        let ty = match op {
            UnaryOp::Neg => Type::Number,
            UnaryOp::Not => Type::Bool,
        };
        let mut parts = Parts::default();
        let value = parts.take(self.eval(operand, diags));
        let value = parts.take(converted(&value, &ty, "unary", operand.span, diags));
        if let Some(reported) = parts.failed {
            return Err(Failed::as_value(reported, Value::unknown(ty)));
        }
        let (value, marks) = value.unmark();
        let result = match (op, value) {
            (_, Value::Null(_)) => {
                let reported = diags.error(operation_failed(span, NULL));
                return Err(Failed::as_value(reported, Value::unknown(ty)));
            }
            (UnaryOp::Neg, Value::Number(number)) => Value::Number(number.neg()),
            (UnaryOp::Not, Value::Bool(truth)) => Value::Bool(!truth),
            _ => Value::unknown_not_null(ty),
        };
        Ok(result.mark(marks))
    }
}

const NULL: &str = "argument must not be null";

fn operation_failed(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error("Operation failed").at(span).detail(format!("Error during operation: {message}."))
}

fn operand_type(op: BinaryOp) -> Option<Type> {
    match op {
        BinaryOp::Or | BinaryOp::And => Some(Type::Bool),
        BinaryOp::Eq | BinaryOp::NotEq => None,
        _ => Some(Type::Number),
    }
}

fn result_type(op: BinaryOp) -> Type {
    match op {
        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => Type::Number,
        _ => Type::Bool,
    }
}

fn operand(value: &Value, op: BinaryOp, side: &str, span: Span, diags: &mut Diagnostics) -> Outcome {
    match operand_type(op) {
        Some(ty) => converted(value, &ty, side, span, diags),
        None => Ok(value.clone()),
    }
}

fn converted(value: &Value, ty: &Type, side: &str, span: Span, diags: &mut Diagnostics) -> Outcome {
    convert(value, ty).map_err(|error| {
        let detail = format!("Unsuitable value for {side} operand: {}.", error.message);
        diags.error(Diagnostic::error("Invalid operand").at(span).detail(detail)).into()
    })
}

/// Computes with operands of the right types; the error is what is wrong with them.
fn compute(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, String> {
    if matches!(op, BinaryOp::Eq | BinaryOp::NotEq) {
        return Ok(equality(op, left, right));
    }
    let (left, left_marks) = left.unmark();
    let (right, right_marks) = right.unmark();
    if left.is_null() || right.is_null() {
        return Err(NULL.to_owned());
    }
    let result = match (&left, &right) {
        (Value::Bool(left), Value::Bool(right)) => Value::Bool(logic(op, *left, *right)),
        (Value::Number(left), Value::Number(right)) => numeric(op, left, right)?,
        _ => match by_bounds(op, &left, &right) {
            Some(truth) => Value::Bool(truth),
            None => Value::unknown_not_null(result_type(op)),
        },
    };
    Ok(result.mark(left_marks.union(right_marks)))
}

fn equality(op: BinaryOp, left: &Value, right: &Value) -> Value {
    let (equal, marks) = equals(left, right).unmark();
    let result = match equal {
        Value::Bool(equal) => Value::Bool(equal == (op == BinaryOp::Eq)),
        unknown => unknown,
    };
    result.mark(marks)
}

fn logic(op: BinaryOp, left: bool, right: bool) -> bool {
    if op == BinaryOp::And { left && right } else { left || right }
}

fn numeric(op: BinaryOp, left: &Number, right: &Number) -> Result<Value, String> {
    let number = match op {
        BinaryOp::Add => left.add(right),
        BinaryOp::Sub => left.sub(right),
        BinaryOp::Mul => left.mul(right),
        BinaryOp::Div => left.div(right),
        BinaryOp::Mod => left.rem(right),
        BinaryOp::Less => return Ok(Value::Bool(left < right)),
        BinaryOp::LessEq => return Ok(Value::Bool(left <= right)),
        BinaryOp::Greater => return Ok(Value::Bool(left > right)),
        BinaryOp::GreaterEq => return Ok(Value::Bool(left >= right)),
        BinaryOp::Or | BinaryOp::And | BinaryOp::Eq | BinaryOp::NotEq => {
            unreachable!("these take no numbers")
        }
    };
    number.map(Value::Number).map_err(|error| error.to_string())
}

/// Decides `<` and `>` when the bounds of an unknown number leave no doubt. As in Terraform, a bound counts as
/// possible even if it is exclusive, and `<=` and `>=` stay unknown.
fn by_bounds(op: BinaryOp, left: &Value, right: &Value) -> Option<bool> {
    let (low, high) = match op {
        BinaryOp::Less => (left, right),
        BinaryOp::Greater => (right, left),
        _ => return None,
    };
    let below = |a: Option<&Number>, b: Option<&Number>| matches!((a, b), (Some(a), Some(b)) if a < b);
    if below(upper(low), lower(high)) {
        Some(true)
    } else if below(upper(high), lower(low)) {
        Some(false)
    } else {
        None
    }
}

fn lower(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => Some(number),
        Value::Unknown(_, known) => known.at_least.as_ref().map(|(number, _)| number),
        _ => None,
    }
}

fn upper(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => Some(number),
        Value::Unknown(_, known) => known.at_most.as_ref().map(|(number, _)| number),
        _ => None,
    }
}
