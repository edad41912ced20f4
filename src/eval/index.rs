//! Attributes and elements of a value: `a.b`, `a[b]` and the legacy `a.0`.

use crate::diag::{Diagnostic, Diagnostics, Span, did_you_mean};
use crate::syntax::{Expr, Ident, Step};
use crate::value::{Number, Str, Type, Value, convert};

use super::{Context, Outcome, Parts, quote};

impl Context<'_> {
    pub(super) fn index(&self, whole: Span, base: &Expr, key: &Expr, diags: &mut Diagnostics) -> Outcome {
        let mut parts = Parts::default();
        let collection = parts.take(self.eval(base, diags));
        let key_value = parts.take(self.eval(key, diags));
        let brackets = Span { start: base.span.end.clamp(whole.start, key.span.start), ..whole };
        let value = parts.take(element(&collection, &key_value, brackets, diags));
        parts.finish(value)
    }
}

/// Takes the steps one after another; the first that cannot be taken is reported.
pub(super) fn walk(value: &Value, steps: &[Step], diags: &mut Diagnostics) -> Outcome {
    let mut value = value.clone();
    for step in steps {
        value = match step {
            Step::Attr(name) => attribute(&value, name, diags)?,
            Step::Index(key, span) => element(&value, key, *span, diags)?,
        };
    }
    Ok(value)
}

/// Returns an attribute of an object, or the element of a map, by a name in the source.
fn attribute(value: &Value, ident: &Ident, diags: &mut Diagnostics) -> Outcome {
    let name = Str::from(&ident.name);
    let (plain, marks) = value.unmark();
    let found = match &plain {
        Value::Null(_) => Err(null_attribute()),
        Value::Object(fields) => {
            fields.get(&name).cloned().ok_or_else(|| missing_attribute(&name, fields.keys()))
        }
        Value::Map(_, entries) => {
            entries.get(&name).cloned().ok_or_else(|| missing_element(&name, entries.keys()))
        }
        Value::Unknown(Type::Object(types), _) => match types.get(&name) {
            Some(ty) => Ok(Value::unknown(ty.clone())),
            None => Err(missing_attribute(&name, types.keys())),
        },
        Value::Unknown(Type::Map(element), _) => Ok(Value::unknown((**element).clone())),
        Value::Unknown(Type::Dynamic, _) => Ok(Value::unknown(Type::Dynamic)),
        other => Err(no_attributes(&other.ty(), &name)),
    };
    let found = found.map_err(|diagnostic| diags.error(diagnostic.at(ident.span)))?;
    Ok(found.mark(marks))
}

fn null_attribute() -> Diagnostic {
    Diagnostic::error("Attempt to get attribute from null value")
        .detail("This value is null, so it does not have any attributes.")
}

fn missing_attribute<'a>(name: &str, known: impl Iterator<Item = &'a Str>) -> Diagnostic {
    let detail = format!("This object does not have an attribute named {}.", quote(name));
    suggest(Diagnostic::error("Unsupported attribute").detail(detail), name, known)
}

fn missing_element<'a>(name: &str, known: impl Iterator<Item = &'a Str>) -> Diagnostic {
    let detail = format!("This map does not have an element with the key {}.", quote(name));
    suggest(Diagnostic::error("Missing map element").detail(detail), name, known)
}

fn suggest<'a>(diagnostic: Diagnostic, name: &str, known: impl Iterator<Item = &'a Str>) -> Diagnostic {
    match did_you_mean(name, known.map(|known| known.as_str())) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

fn no_attributes(ty: &Type, name: &str) -> Diagnostic {
    let detail = match ty {
        Type::List(element) => match &**element {
            Type::Object(types) if types.contains_key(name) => format!(
                "Can't access attributes on a list of objects. Did you mean to access attribute {} for a specific \
                 element of the list, or across all elements of the list?",
                quote(name)
            ),
            Type::Object(_) => {
                "Can't access attributes on a list of objects. Did you mean to access an attribute for \
                                a specific element of the list, or across all elements of the list?"
                    .to_owned()
            }
            _ => "This value does not have any attributes.".to_owned(),
        },
        Type::Set(element) if matches!(**element, Type::Object(_)) => {
            "Can't access attributes on a set of objects. \
             Did you mean to access an attribute across all elements of the set?"
                .to_owned()
        }
        Type::Bool | Type::Number | Type::String => {
            format!("Can't access attributes on a primitive-typed value ({}).", ty.friendly_name())
        }
        _ => "This value does not have any attributes.".to_owned(),
    };
    Diagnostic::error("Unsupported attribute").detail(detail)
}

/// Why there is no element; the place is added where it is known.
type Refusal = Box<Diagnostic>;

/// Returns the element that `collection[key]` gives.
pub(super) fn element(collection: &Value, key: &Value, span: Span, diags: &mut Diagnostics) -> Outcome {
    let (plain, marks) = collection.unmark();
    let (key, key_marks) = key.unmark();
    let found = match (&plain, &key) {
        (Value::Null(_), _) => Err(null_collection()),
        (_, Value::Null(_)) => Err(invalid("Can't use a null value as an indexing key.")),
        (Value::Unknown(Type::Dynamic, _), _) | (_, Value::Unknown(Type::Dynamic, _)) => {
            Ok(Value::unknown(Type::Dynamic))
        }
        (Value::Object(fields), _) => by_name(&key, |name| fields.get(name).cloned()),
        (Value::Unknown(Type::Object(types), _), _) => {
            by_name(&key, |name| types.get(name).cloned().map(Value::unknown))
        }
        // An attribute has its own marks only: which names an object has is no secret.
        _ => sequence_or_map(&plain, &key).map(|value| value.mark(key_marks)),
    };
    let found = found.map_err(|refusal| diags.error(refusal.at(span)))?;
    Ok(found.mark(marks))
}

fn sequence_or_map(collection: &Value, key: &Value) -> Result<Value, Refusal> {
    match collection {
        Value::List(element, items) => {
            at(key, items.len(), || Value::unknown(element.clone()), |i| items[i].clone())
        }
        Value::Tuple(items) => at(key, items.len(), untyped, |i| items[i].clone()),
        Value::Unknown(Type::Tuple(types), _) => {
            at(key, types.len(), untyped, |i| Value::unknown(types[i].clone()))
        }
        Value::Unknown(Type::List(element), _) => {
            to(key, &Type::Number).map(|_| Value::unknown((**element).clone()))
        }
        Value::Unknown(Type::Map(element), _) => {
            to(key, &Type::String).map(|_| Value::unknown((**element).clone()))
        }
        Value::Map(element, entries) => match to(key, &Type::String)? {
            Value::String(name) => entries.get(&name).cloned().ok_or_else(|| no_such("")),
            _ => Ok(Value::unknown(element.clone())),
        },
        Value::Set(..) | Value::Unknown(Type::Set(_), _) => Err(invalid(SET)),
        _ => Err(invalid("This value does not have any indices.")),
    }
}

const SET: &str = "Elements of a set are identified only by their value and don't have any separate index or key to \
    select with, so it's only possible to perform operations across all elements of the set.";

fn untyped() -> Value {
    Value::unknown(Type::Dynamic)
}

/// Picks by a number, which may be unknown.
fn at(
    key: &Value,
    length: usize,
    unknown: impl Fn() -> Value,
    pick: impl Fn(usize) -> Value,
) -> Result<Value, Refusal> {
    let Value::Number(number) = to(key, &Type::Number)? else {
        return Ok(unknown());
    };
    match number.as_usize() {
        Some(index) if index < length => Ok(pick(index)),
        _ => Err(no_such(outside(&number, length))),
    }
}

fn outside(index: &Number, length: usize) -> &'static str {
    if !index.is_integer() {
        ": indexing a sequence requires a whole number, but the given index has a fractional part"
    } else if index.is_negative() {
        ": a negative number is not a valid index for a sequence"
    } else if *index != Number::from(length) {
        // Terraform explains only the first index beyond the end.
        ""
    } else if length == 0 {
        ": the collection has no elements"
    } else {
        ": the given index is greater than or equal to the length of the collection"
    }
}

/// Picks an attribute of an object by a name, which may be unknown.
fn by_name(key: &Value, pick: impl Fn(&str) -> Option<Value>) -> Result<Value, Refusal> {
    let Value::String(name) = to(key, &Type::String)? else {
        return Ok(untyped());
    };
    pick(&name).ok_or_else(|| match key {
        Value::Number(_) => invalid(&format!(
            "{NO_SUCH}. An object only supports looking up attributes by name, not by numeric index."
        )),
        _ => no_such(""),
    })
}

fn to(key: &Value, ty: &Type) -> Result<Value, Refusal> {
    convert(key, ty).map_err(|error| no_such(&format!(": {}", error.message)))
}

const NO_SUCH: &str = "The given key does not identify an element in this collection value";

fn no_such(why: &str) -> Refusal {
    invalid(&format!("{NO_SUCH}{why}."))
}

fn invalid(detail: &str) -> Refusal {
    Box::new(Diagnostic::error("Invalid index").detail(detail))
}

fn null_collection() -> Refusal {
    Box::new(
        Diagnostic::error("Attempt to index null value")
            .detail("This value is null, so it does not have any indices."),
    )
}
