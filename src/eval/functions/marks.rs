//! Functions of marks: `ephemeralasnull`, `issensitive`, `nonsensitive`, `sensitive`.

use crate::value::{Marks, Type, Value, transform};

use super::arguments::Arguments;
use super::call::CallError;
use super::{Function, Param, boolean};

const VALUE: &[Param] = &[Param::any("value").null().unknown().marked().dynamic()];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::typed("ephemeralasnull", VALUE, same_type, ephemeral_as_null).nullable(),
    Function::new("issensitive", VALUE, boolean, is_sensitive),
    Function::typed("nonsensitive", VALUE, same_type, nonsensitive).nullable(),
    Function::typed("sensitive", VALUE, same_type, |a| Ok(a.get(0).clone().sensitive())).nullable(),
];

fn same_type(args: &Arguments) -> Result<Type, CallError> {
    Ok(args.get(0).ty())
}

/// Takes the mark off the value itself; what is inside keeps its own.
fn nonsensitive(args: &Arguments) -> Result<Value, CallError> {
    let (value, marks) = args.get(0).unmark();
    Ok(value.mark(marks.without(Marks::SENSITIVE)))
}

/// An unknown value may still turn out to be sensitive.
fn is_sensitive(args: &Arguments) -> Result<Value, CallError> {
    let value = args.get(0);
    Ok(match value.is_sensitive() {
        true => Value::bool(true),
        false if value.is_known() => Value::bool(false),
        false => Value::unknown_not_null(Type::Bool),
    })
}

fn ephemeral_as_null(args: &Arguments) -> Result<Value, CallError> {
    let replace = &mut |_: &crate::value::Path, value: Value| {
        let (inner, marks) = value.unmark();
        match marks.contains(Marks::EPHEMERAL) {
            true => Value::null(inner.ty()).mark(marks.without(Marks::EPHEMERAL)),
            false => inner.mark(marks),
        }
    };
    Ok(transform(args.get(0), replace))
}
