//! Functions of sets: `setintersection`, `setsubtract`, `setunion`.

use std::collections::BTreeSet;

use crate::value::{Type, Value, convert, unify};

use super::arguments::{Arguments, items};
use super::call::CallError;
use super::sequence::element_of;
use super::{Function, Param};

fn set_of_any() -> Type {
    Type::set(Type::Dynamic)
}

const fn set(name: &'static str) -> Param {
    Param::new(name, set_of_any).dynamic()
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::typed("setintersection", &[set("first_set")], set_type, |a| {
        fold(a, |set, other| set.intersection(other).copied().collect())
    })
    .variadic(set("other_sets")),
    Function::typed("setsubtract", &[set("a"), set("b")], set_type, |a| {
        fold(a, |set, other| set.difference(other).copied().collect())
    }),
    Function::typed("setunion", &[set("first_set")], set_type, union).variadic(set("other_sets")),
];

/// Returns the type all elements can be converted to; an empty set that has no type fits every other.
fn set_type(args: &Arguments) -> Result<Type, CallError> {
    let typed =
        args.values.iter().filter(|set| set.length() != Some(0) || element_of(&set.ty()) != Type::Dynamic);
    let types: Vec<Type> = typed.map(|set| element_of(&set.ty())).collect();
    if types.is_empty() {
        return Ok(set_of_any());
    }
    let common = unify(&types).map(Type::set);
    common.ok_or_else(|| CallError::failed("given sets must all have compatible element types"))
}

fn converted(args: &Arguments) -> Result<Vec<Value>, CallError> {
    let one = |(index, set): (usize, &Value)| {
        convert(set, &args.result).map_err(|error| CallError::argument(index, error.message))
    };
    args.values.iter().enumerate().map(one).collect()
}

/// Unknown elements stay: whatever they turn out to be, they belong to the union.
fn union(args: &Arguments) -> Result<Value, CallError> {
    let all = converted(args)?.iter().flat_map(|set| items(set).to_vec()).collect();
    Ok(Value::set(element_of(&args.result), all))
}

fn fold(
    args: &Arguments,
    combine: for<'a> fn(&BTreeSet<&'a Value>, &BTreeSet<&'a Value>) -> BTreeSet<&'a Value>,
) -> Result<Value, CallError> {
    let sets = converted(args)?;
    if !sets.iter().all(Value::is_wholly_known) {
        return Ok(Value::unknown(args.result.clone()));
    }
    let sets = sets.iter().map(|set| items(set).iter().collect::<BTreeSet<_>>());
    let result = sets.reduce(|set, other| combine(&set, &other)).unwrap_or_default();
    Ok(Value::set(element_of(&args.result), result.into_iter().cloned().collect()))
}
