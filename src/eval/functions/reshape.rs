//! Functions that arrange elements anew: `chunklist`, `flatten`, `setproduct`, `transpose`, `zipmap`.

use std::collections::BTreeMap;

use crate::value::{Marks, Str, Type, Value, convert, unify};

use super::arguments::{Arguments, certain_length, entries, integer, is_sequence, items, text};
use super::call::CallError;
use super::sequence::{MOST_ELEMENTS, element_of};
use super::{Function, Param, list_of_any, list_of_text};

fn map_of_texts() -> Type {
    Type::map(list_of_text())
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::typed(
        "chunklist",
        &[Param::new("list", list_of_any).marked(), Param::number("size").marked()],
        |a| Ok(Type::list(a.get(0).ty())),
        chunk_list,
    ),
    Function::typed("flatten", &[Param::any("list").marked()], flatten_type, flatten),
    Function::typed("setproduct", &[], product_type, product).variadic(Param::any("sets").marked()),
    Function::new("transpose", &[Param::new("values", map_of_texts)], map_of_texts, transpose),
    Function::typed(
        "zipmap",
        &[Param::new("keys", list_of_text).marked(), Param::any("values").marked()],
        zip_type,
        zip,
    ),
];

fn chunk_list(args: &Arguments) -> Result<Value, CallError> {
    let marks = args.get(0).marks().union(args.get(1).marks());
    let size = integer(args.number(1)).map_err(|why| CallError::failed(format!("invalid size: {why}")))?;
    let size = usize::try_from(size).map_err(|_| CallError::failed("the size argument must be positive"))?;
    let (list, ty) = (args.items(0), args.get(0).ty());
    // A size of zero means one chunk.
    let size = if size == 0 { list.len().max(1) } else { size };
    let chunks = list.chunks(size).map(|chunk| Value::list(element_of(&ty), chunk.to_vec())).collect();
    Ok(Value::list(ty, chunks).mark(marks))
}

fn flatten_type(args: &Arguments) -> Result<Type, CallError> {
    let value = args.get(0);
    if !value.is_known() {
        return Ok(Type::Dynamic);
    }
    if !is_sequence(&value.ty()) {
        return Err(CallError::failed("can only flatten lists, sets and tuples"));
    }
    let mut flat = Flat::default();
    flat.add(value);
    Ok(if flat.open { Type::Dynamic } else { Type::tuple(flat.items.iter().map(Value::ty).collect()) })
}

fn flatten(args: &Arguments) -> Result<Value, CallError> {
    let mut flat = Flat::default();
    flat.add(args.get(0));
    let value = if flat.open { Value::unknown(Type::Dynamic) } else { Value::tuple(flat.items) };
    Ok(value.mark(flat.marks))
}

/// The elements of nested sequences in one row, and the marks of the sequences.
#[derive(Default)]
struct Flat {
    items: Vec<Value>,
    marks: Marks,
    /// A sequence, or what may become one, is not known yet, and so is the number of elements.
    open: bool,
}

impl Flat {
    fn add(&mut self, sequence: &Value) {
        self.marks = self.marks.union(sequence.marks());
        if certain_length(sequence).is_none() {
            self.open = true;
            return;
        }
        for item in items(sequence) {
            let ty = item.ty();
            match ty {
                Type::Dynamic if !item.is_null() => self.open = true,
                _ if !is_sequence(&ty) || item.is_null() => self.items.push(item.clone()),
                _ => self.add(item),
            }
        }
    }
}

fn product_type(args: &Arguments) -> Result<Type, CallError> {
    if args.len() < 2 {
        return Err(CallError::failed("at least two arguments are required"));
    }
    let mut types = Vec::with_capacity(args.len());
    for (index, value) in args.values.iter().enumerate() {
        types.push(match value.ty() {
            Type::List(ty) | Type::Set(ty) => Type::clone(&ty),
            Type::Tuple(parts) if parts.is_empty() => Type::Dynamic,
            Type::Tuple(parts) => unify(&parts)
                .ok_or_else(|| CallError::argument(index, "all elements must be of the same type"))?,
            _ => return Err(CallError::argument(index, "a set or a list is required")),
        });
    }
    let ordered = args.values.iter().all(|value| matches!(value.ty(), Type::List(_) | Type::Tuple(_)));
    let row = Type::tuple(types);
    Ok(if ordered { Type::list(row) } else { Type::set(row) })
}

fn product(args: &Arguments) -> Result<Value, CallError> {
    let marks = args.values.iter().fold(Marks::NONE, |marks, value| marks.union(value.marks()));
    let row = element_of(&args.result);
    let Type::Tuple(types) = &row else {
        return Ok(Value::unknown(args.result.clone()));
    };
    if args.values.iter().any(|value| certain_length(value).is_none()) {
        return Ok(Value::unknown(args.result.clone()).mark(marks));
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for (index, ty) in types.iter().enumerate() {
        let column = args.items(index).iter().map(|item| convert(item, ty));
        let column = column.collect::<Result<Vec<_>, _>>();
        let column = column.map_err(|error| CallError::argument(index, error.message))?;
        if rows.len().saturating_mul(column.len()) > MOST_ELEMENTS {
            return Err(CallError::failed(format!("the product has more than {MOST_ELEMENTS} elements")));
        }
        rows = rows.iter().flat_map(|row| column.iter().map(|item| extended(row, item))).collect();
    }
    let rows = rows.into_iter().map(Value::tuple).collect();
    Ok(match &args.result {
        Type::List(_) => Value::list(row, rows),
        _ => Value::set(row, rows),
    }
    .mark(marks))
}

fn extended(row: &[Value], item: &Value) -> Vec<Value> {
    row.iter().chain([item]).cloned().collect()
}

fn transpose(args: &Arguments) -> Result<Value, CallError> {
    if !args.get(0).is_wholly_known() {
        return Ok(Value::unknown(map_of_texts()));
    }
    let mut swapped: BTreeMap<Str, Vec<&Str>> = BTreeMap::new();
    for (key, list) in entries(args.get(0)) {
        if list.is_null() || items(list).iter().any(Value::is_null) {
            return Err(CallError::failed("input list must not contain null string"));
        }
        items(list).iter().for_each(|item| swapped.entry(Str::new(text(item))).or_default().push(key));
    }
    let list =
        |keys: Vec<&Str>| Value::list(Type::String, keys.into_iter().cloned().map(Value::String).collect());
    Ok(Value::map(list_of_text(), swapped.into_iter().map(|(key, keys)| (key, list(keys))).collect()))
}

fn zip_type(args: &Arguments) -> Result<Type, CallError> {
    let keys = args.get(0);
    match args.get(1).ty() {
        Type::List(ty) => Ok(Type::map(Type::clone(&ty))),
        Type::Tuple(_) if !keys.is_wholly_known() => Ok(Type::Dynamic),
        Type::Tuple(types) => {
            let keys = zip_keys(args, types.len())?;
            Ok(Type::object(keys.into_iter().zip(types.iter().cloned()).collect()))
        }
        _ => Err(CallError::failed("values argument must be a list or tuple value")),
    }
}

fn zip_keys(args: &Arguments, values: usize) -> Result<Vec<Str>, CallError> {
    let keys = args.items(0);
    if keys.len() != values {
        let message = format!("number of keys ({}) does not match number of values ({values})", keys.len());
        return Err(CallError::failed(message));
    }
    if let Some(index) = keys.iter().position(Value::is_null) {
        return Err(CallError::failed(format!("keys list has null value at index {index}")));
    }
    Ok(keys.iter().map(|key| Str::new(text(key))).collect())
}

fn zip(args: &Arguments) -> Result<Value, CallError> {
    let (keys, values) = (args.get(0), args.get(1));
    // A key carries no marks of its own: those of all keys go to the whole.
    let marks = keys.deep_marks().union(values.marks());
    if !keys.is_wholly_known() {
        return Ok(Value::unknown(args.result.clone()).mark(marks));
    }
    let values = items(values.unmarked());
    let keys = zip_keys(args, values.len())?;
    let pairs = keys.into_iter().zip(values.iter().cloned()).collect();
    Ok(match &args.result {
        Type::Map(ty) => Value::map(Type::clone(ty), pairs),
        _ => Value::object(pairs),
    }
    .mark(marks))
}
