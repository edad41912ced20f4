//! The one door to a function's body: conversion, then null, unknown and marked arguments as the parameters say.
//!
//! The order of the checks is cty's, because it decides which error a call with several mistakes reports. Unlike
//! cty, the marks of every argument reach an unknown result, not only those before the first unknown argument.

use crate::value::{Marks, Refinement, Type, Value, convert};

use super::arguments::Arguments;
use super::host::Host;
use super::{Function, Param, Returns};

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// One argument is at fault: "Invalid value for … parameter: message."
    Argument { index: usize, message: String },
    /// "Call to function … failed: message."
    Failed(String),
}

impl CallError {
    pub(super) fn argument(index: usize, message: impl Into<String>) -> Self {
        Self::Argument { index, message: message.into() }
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// Calls a function. That the number of arguments fits is the caller's to check.
pub fn call(function: &Function, args: &[Value], host: &dyn Host) -> Result<Value, CallError> {
    let converted = convert_arguments(function, args)?;
    let (values, marks) = take_marks(function, converted);
    let all_marks = unite(&values, &marks);
    let early = |ty: Type| Ok(refine(function, Value::unknown(ty)).mark(all_marks));

    if has_untyped(function, &values)? {
        return early(Type::Dynamic);
    }
    let mut arguments = Arguments { values: &values, marks: &marks, result: Type::Dynamic, host };
    arguments.result = match function.returns {
        Returns::Always(ty) => ty(),
        Returns::Of(ty) => ty(&arguments)?,
    };
    if parameters(function, &values).any(|(param, value)| !param.allow_unknown && !value.is_known()) {
        return early(arguments.result);
    }
    let result = (function.body)(&arguments)?;
    Ok(refine(function, result).mark(marks.iter().fold(Marks::NONE, |all, one| all.union(*one))))
}

fn parameters<'a>(
    function: &'a Function,
    values: &'a [Value],
) -> impl Iterator<Item = (&'a Param, &'a Value)> {
    values.iter().enumerate().filter_map(|(i, value)| Some((function.param(i)?, value)))
}

fn convert_arguments(function: &Function, args: &[Value]) -> Result<Vec<Value>, CallError> {
    let convert_one = |(index, arg): (usize, &Value)| {
        let Some(param) = function.param(index) else {
            return Err(CallError::failed("too many arguments"));
        };
        match (param.constraint)() {
            Type::Dynamic => Ok(arg.clone()),
            ty => convert(arg, &ty).map_err(|error| CallError::argument(index, error.message)),
        }
    };
    args.iter().enumerate().map(convert_one).collect()
}

/// Takes the marks off the arguments whose parameters are not ready for them.
fn take_marks(function: &Function, values: Vec<Value>) -> (Vec<Value>, Vec<Marks>) {
    let take = |(index, value): (usize, Value)| match function.param(index) {
        Some(param) if !param.allow_marked => value.unmark_deep(),
        _ => (value, Marks::NONE),
    };
    values.into_iter().enumerate().map(take).unzip()
}

/// Returns all marks of the arguments, those taken and those left.
fn unite(values: &[Value], taken: &[Marks]) -> Marks {
    let left = values.iter().map(Value::deep_marks);
    taken.iter().copied().chain(left).fold(Marks::NONE, Marks::union)
}

/// Returns whether an argument's type is not known yet where it must be; nulls before it are errors.
fn has_untyped(function: &Function, values: &[Value]) -> Result<bool, CallError> {
    for (index, (param, value)) in parameters(function, values).enumerate() {
        if value.is_null() && !param.allow_null {
            return Err(CallError::argument(index, "argument must not be null"));
        }
        if value.ty() == Type::Dynamic && !param.allow_dynamic {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes on an unknown result that it will not be null, if the function promises so.
fn refine(function: &Function, value: Value) -> Value {
    if function.may_be_null {
        return value;
    }
    let (inner, marks) = value.unmark();
    match inner {
        Value::Unknown(ty, known) if ty != Type::Dynamic => {
            Value::refined(ty, Refinement { not_null: true, ..(*known).clone() }).mark(marks)
        }
        other => other.mark(marks),
    }
}
