//! Functions of lists: `compact`, `concat`, `distinct`, `element`, `length`, `range`, `reverse`, `slice`, `sort`.

use std::collections::BTreeSet;

use crate::value::{Marks, Number, Refinement, Type, Value, convert, graphemes, unify};

use super::arguments::{Arguments, certain_length, integer, items, text};
use super::call::CallError;
use super::{Function, Param, list_of_any, list_of_text, number};

const TEXTS: &[Param] = &[Param::new("list", list_of_text)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("compact", TEXTS, list_of_text, compact),
    Function::typed("concat", &[], concat_type, concat).variadic(Param::any("seqs").marked()),
    Function::typed("distinct", &[Param::new("list", list_of_any)], |a| Ok(a.get(0).ty()), distinct),
    Function::typed("element", &[Param::any("list").marked(), Param::number("index")], element_type, element)
        .nullable(),
    Function::new("length", &[Param::any("value").unknown().marked().dynamic()], number, length),
    Function::new("range", &[], || Type::list(Type::Number), range).variadic(Param::number("params")),
    Function::typed("reverse", &[Param::any("list").marked()], reverse_type, reverse),
    Function::typed(
        "slice",
        &[Param::any("list").marked(), Param::number("start_index"), Param::number("end_index")],
        slice_type,
        slice,
    ),
    Function::new("sort", TEXTS, list_of_text, sort),
];

/// The most elements that one call makes; Terraform stops at 1,024.
pub(super) const MOST_ELEMENTS: usize = 1_000_000;

fn compact(args: &Arguments) -> Result<Value, CallError> {
    if !args.get(0).is_wholly_known() {
        return Ok(Value::unknown(list_of_text()));
    }
    let full = |item: &&Value| !item.is_null() && !text(item).is_empty();
    Ok(Value::list(Type::String, args.items(0).iter().filter(full).cloned().collect()))
}

/// Lists of types with something in common make a list, all else a tuple.
fn concat_type(args: &Arguments) -> Result<Type, CallError> {
    if args.len() == 0 {
        return Err(CallError::failed("at least one argument is required"));
    }
    let types: Vec<Type> = args.values.iter().map(Value::ty).collect();
    if types.iter().all(|ty| matches!(ty, Type::List(_)))
        && let Some(ty @ Type::List(_)) = unify(&types)
    {
        return Ok(ty);
    }
    let mut parts = Vec::new();
    for (index, ty) in types.into_iter().enumerate() {
        match ty {
            Type::Tuple(types) => parts.extend(types.iter().cloned()),
            Type::List(ty) => match args.get(index).length() {
                Some(length) => parts.extend(vec![Type::clone(&ty); length]),
                None => return Ok(Type::Dynamic),
            },
            other => {
                let name = other.friendly_name();
                let message = format!("all arguments must be lists or tuples; got {name}");
                return Err(CallError::argument(index, message));
            }
        }
    }
    Ok(Type::tuple(parts))
}

fn concat(args: &Arguments) -> Result<Value, CallError> {
    let marks = args.values.iter().fold(Marks::NONE, |marks, value| marks.union(value.marks()));
    let mut all = Vec::new();
    for (index, value) in args.values.iter().enumerate() {
        let value = match &args.result {
            Type::List(_) => {
                convert(value, &args.result).map_err(|error| CallError::argument(index, error.message))?
            }
            _ => value.clone(),
        };
        all.extend_from_slice(items(&value));
    }
    Ok(match &args.result {
        Type::List(ty) => Value::list(Type::clone(ty), all),
        _ => Value::tuple(all),
    }
    .mark(marks))
}

fn distinct(args: &Arguments) -> Result<Value, CallError> {
    let list = args.get(0);
    if !list.is_wholly_known() {
        return Ok(Value::unknown(list.ty()));
    }
    let mut seen = BTreeSet::new();
    let kept = items(list).iter().filter(|item| seen.insert(*item)).cloned().collect();
    Ok(Value::list(element_of(&list.ty()), kept))
}

/// Returns the type of the elements; "any" for what has no common one.
pub(super) fn element_of(ty: &Type) -> Type {
    ty.element_type().cloned().unwrap_or(Type::Dynamic)
}

fn element_type(args: &Arguments) -> Result<Type, CallError> {
    let index = args.get(1).is_known().then(|| args.number(1));
    match (args.get(0).ty(), index) {
        (Type::List(ty), _) => Ok(Type::clone(&ty)),
        (Type::Tuple(_), None) => Ok(Type::Dynamic),
        (Type::Tuple(types), Some(_)) => Ok(types[wrapped(args, types.len())?].clone()),
        (other, _) => Err(CallError::failed(format!("cannot read elements from {}", other.friendly_name()))),
    }
}

/// Returns the index of the wanted element; past either end it starts over.
fn wrapped(args: &Arguments, length: usize) -> Result<usize, CallError> {
    let index = integer(args.number(1)).map_err(|why| CallError::failed(format!("invalid index: {why}")))?;
    match length {
        0 => Err(CallError::failed("cannot use element function with an empty list")),
        length => Ok(index.rem_euclid(length as i64) as usize),
    }
}

fn element(args: &Arguments) -> Result<Value, CallError> {
    let list = args.items(0);
    let index = wrapped(args, list.len())?;
    Ok(list[index].clone().mark(args.get(0).marks()))
}

fn length(args: &Arguments) -> Result<Value, CallError> {
    let value = args.get(0).unmarked();
    let length = match (value.ty(), value) {
        (Type::Bool | Type::Number, _) => {
            let message = "argument must be a string, a collection type, or a structural type";
            return Err(CallError::failed(message));
        }
        (_, Value::Null(_)) => return Err(CallError::argument(0, "argument must not be null")),
        (_, Value::String(text)) => Some(graphemes(text).count()),
        (Type::Tuple(types), _) => Some(types.len()),
        (Type::Object(fields), _) => Some(fields.len()),
        _ => certain_length(value),
    };
    let known = |length| Value::Number(Number::from_usize_64(length));
    Ok(length.map_or_else(|| length_range(value), known).mark(args.get(0).marks()))
}

/// Returns what is known of a length that is not.
fn length_range(value: &Value) -> Value {
    let (least, most) = match value {
        Value::Set(_, items) => (1, Some(items.len())),
        Value::Unknown(_, known) => match known.length {
            Some((least, most)) => (least, Some(most).filter(|most| *most < i64::MAX as usize)),
            None => (0, None),
        },
        _ => (0, None),
    };
    let bound = |length| (Number::from_usize_64(length), true);
    Value::refined(
        Type::Number,
        Refinement {
            not_null: true,
            at_least: Some(bound(least)),
            at_most: most.map(bound),
            ..Refinement::default()
        },
    )
}

fn range(args: &Arguments) -> Result<Value, CallError> {
    let zero = Number::from(0i64);
    let (start, end, step) = match args.len() {
        1 => (&zero, args.number(0), None),
        2 => (args.number(0), args.number(1), None),
        3 => (args.number(0), args.number(1), Some(args.number(2))),
        _ => return Err(CallError::failed("must have one, two, or three arguments")),
    };
    let default = Number::from(if end < start { -1i64 } else { 1 });
    let step = step.unwrap_or(&default);
    let down = step.is_negative();
    if down && end > start {
        return Err(CallError::argument(1, "end must be less than start when step is negative"));
    }
    if !down && end < start {
        return Err(CallError::argument(1, "end must be greater than start when step is positive"));
    }
    if step.is_zero() && start != end {
        return Err(CallError::argument(2, "step must not be zero"));
    }
    count(start, end, step, down)
}

fn count(start: &Number, end: &Number, step: &Number, down: bool) -> Result<Value, CallError> {
    let mut values = Vec::new();
    let mut next = start.clone();
    while if down { &next > end } else { &next < end } {
        if values.len() == MOST_ELEMENTS {
            return Err(CallError::failed(format!(
                "more than {MOST_ELEMENTS} values were generated; either decrease the difference between start \
                 and end or use a larger step"
            )));
        }
        let following = next.add(step).map_err(|_| CallError::failed("start and step must be finite"))?;
        values.push(Value::Number(std::mem::replace(&mut next, following)));
    }
    Ok(Value::list(Type::Number, values))
}

fn reverse_type(args: &Arguments) -> Result<Type, CallError> {
    match args.get(0).ty() {
        Type::Tuple(types) => Ok(Type::tuple(types.iter().rev().cloned().collect())),
        Type::List(ty) | Type::Set(ty) => Ok(Type::List(ty)),
        other => {
            let message = format!("can only reverse list or tuple values, not {}", other.friendly_name());
            Err(CallError::argument(0, message))
        }
    }
}

fn reverse(args: &Arguments) -> Result<Value, CallError> {
    let reversed: Vec<Value> = args.items(0).iter().rev().cloned().collect();
    Ok(like(&args.result, reversed).mark(args.get(0).marks()))
}

/// Makes a list or tuple, as the type says.
fn like(ty: &Type, items: Vec<Value>) -> Value {
    match ty {
        Type::List(ty) => Value::list(Type::clone(ty), items),
        _ => Value::tuple(items),
    }
}

fn slice_type(args: &Arguments) -> Result<Type, CallError> {
    let ty = args.get(0).ty();
    let bounds = match &ty {
        Type::List(_) => slice_bounds(args, certain_length(args.get(0)))?,
        Type::Tuple(types) => slice_bounds(args, Some(types.len()))?,
        Type::Set(_) => {
            let message = "cannot slice a set, because its elements do not have indices; explicitly convert to \
                           a list if the ordering of the result is not important";
            return Err(CallError::argument(0, message));
        }
        _ => return Err(CallError::argument(0, "must be a list or tuple value")),
    };
    match (ty, bounds) {
        (Type::Tuple(types), Some((start, end))) => Ok(Type::tuple(types[start..end].to_vec())),
        (Type::Tuple(_), None) => Ok(Type::Dynamic),
        (list, _) => Ok(list),
    }
}

/// Checks the bounds as far as they and the length are known; returns them if both are.
fn slice_bounds(args: &Arguments, length: Option<usize>) -> Result<Option<(usize, usize)>, CallError> {
    let start = slice_bound(args, 1, "start", length)?;
    let end = slice_bound(args, 2, "end", length)?;
    match (start, end) {
        (Some(start), Some(end)) if start > end => {
            Err(CallError::argument(1, "start index must not be greater than end index"))
        }
        (Some(start), Some(end)) => Ok(Some((start, end))),
        _ => Ok(None),
    }
}

fn slice_bound(
    args: &Arguments,
    position: usize,
    name: &str,
    length: Option<usize>,
) -> Result<Option<usize>, CallError> {
    if !args.get(position).is_known() {
        return Ok(None);
    }
    let wrong = |message: String| CallError::argument(position, message);
    let index =
        integer(args.number(position)).map_err(|why| wrong(format!("invalid {name} index: {why}")))?;
    let index =
        usize::try_from(index).map_err(|_| wrong(format!("{name} index must not be less than zero")))?;
    if length.is_some_and(|length| index > length) {
        return Err(wrong(format!("{name} index must not be greater than the length of the list")));
    }
    Ok(Some(index))
}

fn slice(args: &Arguments) -> Result<Value, CallError> {
    let list = args.items(0);
    let Some((start, end)) = slice_bounds(args, Some(list.len()))? else {
        return Ok(Value::unknown(args.result.clone()));
    };
    Ok(like(&args.result, list[start..end].to_vec()).mark(args.get(0).marks()))
}

fn sort(args: &Arguments) -> Result<Value, CallError> {
    let list = args.items(0);
    if !args.get(0).is_wholly_known() {
        // Any element may move, but none comes or goes.
        return Ok(Value::list(Type::String, vec![Value::unknown(Type::String); list.len()]));
    }
    if let Some(index) = list.iter().position(Value::is_null) {
        let message = format!("given list element {index} is null; a null string cannot be sorted");
        return Err(CallError::failed(message));
    }
    let mut sorted = list.to_vec();
    sorted.sort_by(|a, b| text(a).cmp(text(b)));
    Ok(Value::list(Type::String, sorted))
}
