//! Making a value be of a wanted type, as cty's conversion does.
//!
//! Whether a conversion exists is a question of types, asked first of the whole ([`possible`]), so that what cannot work is
//! refused before any of it is looked at; then the value is converted part by part, which can still fail on what a
//! string says. `Dynamic` inside the wanted type keeps whatever stands there; a collection of `Dynamic` finds the one
//! type that all its elements can have ([`unify`]).

use super::{Fields, Number, Path, PathStep, Refinement, Str, Type, Value};
use std::collections::BTreeMap;
use std::fmt;

mod mismatch;
mod unify;
#[cfg(test)]
mod tests;

pub use mismatch::mismatch_message;
pub use unify::unify;
use unify::unify_elements;

/// Why a value cannot be of the wanted type. Displayed with the place before it, as Terraform does: `[0]: a number is required`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// The part that is unsuitable; the root where the type as a whole is.
    pub path: Path,
    pub message: String,
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConvertError {}

/// The value as one of the wanted type. Marks stay where they are; unknowns and nulls get the wanted type.
pub fn convert(value: &Value, to: &Type) -> Result<Value, ConvertError> {
    if *to == Type::Dynamic || value.has_type(to) {
        return Ok(value.clone());
    }
    let from = value.ty();
    if !possible(&from, to) {
        return Err(ConvertError { path: Path::root(), message: mismatch_message(&from, to) });
    }
    Conversion { path: Path::root() }.run(value, to)
}

/// Whether values of one type can be converted to the other, some of them at least.
pub(super) fn possible(from: &Type, to: &Type) -> bool {
    match (from, to) {
        _ if from == to => true,
        (_, Type::Dynamic) | (Type::Dynamic, _) => true,
        (Type::Number | Type::Bool, Type::String) | (Type::String, Type::Number | Type::Bool) => true,
        (Type::List(from) | Type::Set(from), Type::List(to) | Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => possible(from, to),
        (Type::Tuple(from), Type::List(to) | Type::Set(to)) => {
            let element = sequence_element(from, to);
            element.is_some_and(|element| from.iter().all(|from| possible(from, &element)))
        }
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(&**to).all(|(from, to)| possible(from, to))
        }
        (Type::Object(from), Type::Map(to)) => {
            let element = mapping_element(from, to);
            element.is_some_and(|element| from.values().all(|from| possible(from, &element)))
        }
        (Type::Object(from), Type::Object(to)) => {
            to.iter().all(|(name, to)| from.get(name).is_some_and(|from| possible(from, to)))
        }
        (Type::Map(from), Type::Object(to)) => to.values().all(|to| possible(from, to)),
        _ => false,
    }
}

/// The type that the elements of a tuple get in a list or set of `wanted`.
fn sequence_element(elements: &[Type], wanted: &Type) -> Option<Type> {
    if *wanted != Type::Dynamic || elements.is_empty() {
        return Some(wanted.clone());
    }
    // Elements that only agree on "not known yet" agree only if that is all there is.
    unify(elements)
        .filter(|element| *element != Type::Dynamic || elements.iter().all(|ty| *ty == Type::Dynamic))
}

/// The type that the attributes of an object get in a map of `wanted`.
fn mapping_element(attributes: &BTreeMap<Str, Type>, wanted: &Type) -> Option<Type> {
    if *wanted != Type::Dynamic || attributes.is_empty() {
        return Some(wanted.clone());
    }
    unify(&attributes.values().cloned().collect::<Vec<_>>())
}

fn types<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<Type> {
    values.map(Value::ty).collect()
}

const NO_COMMON_TYPE: &str = "cannot find a common base type for all elements";

/// A conversion under way: where in the value it is.
struct Conversion {
    path: Path,
}

impl Conversion {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, ConvertError> {
        Err(ConvertError { path: self.path.clone(), message: message.into() })
    }

    fn run(&mut self, value: &Value, to: &Type) -> Result<Value, ConvertError> {
        match (value, to) {
            (_, Type::Dynamic) => Ok(value.clone()),
            (Value::Marked(inner, marks), _) => Ok(self.run(inner, to)?.mark(*marks)),
            _ if value.has_type(to) => Ok(value.clone()),
            (Value::Null(from), _) => Ok(Value::Null(fill_dynamic(from, to))),
            (Value::Unknown(from, known), _) => {
                Ok(Value::refined(fill_dynamic(from, to), converted_refinement(from, to, known)))
            }
            (Value::Bool(value), Type::String) => Ok(Value::string(if *value { "true" } else { "false" })),
            (Value::Number(number), Type::String) => Ok(Value::string(number.to_string())),
            (Value::String(text), Type::Number) => match Number::parse(text) {
                Some(number) => Ok(Value::Number(number)),
                None => self.fail("a number is required"),
            },
            (Value::String(text), Type::Bool) => self.parse_bool(text),
            // How many elements the set will have, and in which order, is not known either.
            (Value::Set(from, elements), Type::List(_)) if elements.len() > 1 && !value.is_wholly_known() => {
                let ty = fill_dynamic(&Type::set(from.clone()), to);
                let length = Some((1, elements.len()));
                Ok(Value::refined(ty, Refinement { length, ..Refinement::not_null() }))
            }
            (_, Type::List(element)) => {
                self.sequence(value, element).map(|(ty, elements)| Value::list(ty, elements))
            }
            (_, Type::Set(element)) => {
                self.sequence(value, element).map(|(ty, elements)| Value::set(ty, elements))
            }
            (Value::Tuple(elements), Type::Tuple(types)) => {
                let parts = elements.iter().zip(&**types).enumerate();
                let parts = parts.map(|(at, (element, to))| self.part(position(at), element, to));
                parts.collect::<Result<_, _>>().map(Value::tuple)
            }
            (Value::Object(elements) | Value::Map(_, elements), Type::Map(element)) => {
                self.mapping(value, elements, element)
            }
            (Value::Object(attributes), Type::Object(types)) => {
                self.attributes(attributes, types, |name| PathStep::Attr(name.clone()))
            }
            (Value::Map(_, elements), Type::Object(types)) => {
                if let Some(name) = types.keys().find(|name| !elements.contains_key(*name)) {
                    return self.fail(format!("map has no element for required attribute {name:?}"));
                }
                self.attributes(elements, types, |name| PathStep::Index(Value::String(name.clone())))
            }
            // Types hidden behind an unknown one until now.
            _ => self.fail(mismatch_message(&value.ty(), to)),
        }
    }

    fn part(&mut self, step: PathStep, value: &Value, to: &Type) -> Result<Value, ConvertError> {
        self.path.0.push(step);
        let converted = self.run(value, to)?; // after an error the path is not used again
        self.path.0.pop();
        Ok(converted)
    }

    fn parse_bool(&self, text: &str) -> Result<Value, ConvertError> {
        match text {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => match text.to_ascii_lowercase().as_str() {
                lower @ ("true" | "false") => self
                    .fail(format!("a bool is required; to convert from string, use lowercase \"{lower}\"")),
                _ => self.fail("a bool is required"),
            },
        }
    }

    /// The elements of a list or set, and their type.
    fn sequence(&mut self, value: &Value, wanted: &Type) -> Result<(Type, Vec<Value>), ConvertError> {
        let (elements, before) = match value {
            Value::List(ty, elements) | Value::Set(ty, elements) => (elements, Some(ty)),
            Value::Tuple(elements) => (elements, None),
            _ => return self.fail(mismatch_message(&value.ty(), &Type::list(wanted.clone()))),
        };
        if elements.is_empty() {
            return Ok((empty_element(before, wanted), Vec::new()));
        }
        let element = match before {
            None if *wanted == Type::Dynamic => sequence_element(&types(elements.iter()), wanted),
            _ => Some(wanted.clone()),
        };
        let Some(element) = element else { return self.fail(NO_COMMON_TYPE) };
        let parts = elements.iter().enumerate().map(|(at, part)| self.part(position(at), part, &element));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        self.agree(element, parts)
    }

    fn mapping(&mut self, value: &Value, elements: &Fields, wanted: &Type) -> Result<Value, ConvertError> {
        let before = if let Value::Map(ty, _) = value { Some(ty) } else { None };
        if elements.is_empty() {
            return Ok(Value::map(empty_element(before, wanted), Fields::default()));
        }
        let element = match before {
            None if *wanted == Type::Dynamic => unify(&types(elements.values())),
            _ => Some(wanted.clone()),
        };
        let Some(element) = element else { return self.fail(NO_COMMON_TYPE) };
        let step = |name: &Str| PathStep::Index(Value::String(name.clone()));
        let parts = elements.iter().map(|(name, part)| self.part(step(name), part, &element));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let (element, parts) = self.agree(element, parts)?;
        Ok(Value::map(element, elements.keys().cloned().zip(parts).collect()))
    }

    /// The attributes wanted; all are there.
    fn attributes(
        &mut self,
        elements: &Fields,
        types: &BTreeMap<Str, Type>,
        step: impl Fn(&Str) -> PathStep,
    ) -> Result<Value, ConvertError> {
        let mut attributes = BTreeMap::new();
        for (name, ty) in types {
            let Some(value) = elements.get(name) else {
                return self.fail(format!("attribute {name:?} is required"));
            };
            attributes.insert(name.clone(), self.part(step(name), value, ty)?);
        }
        Ok(Value::object(attributes.into()))
    }

    /// Where the wanted type leaves parts open, the elements' types may differ after conversion: finds one for all.
    fn agree(&mut self, wanted: Type, parts: Vec<Value>) -> Result<(Type, Vec<Value>), ConvertError> {
        if !wanted.has_dynamic() {
            return Ok((wanted, parts));
        }
        let Some(element) = unify_elements(&parts) else { return self.fail(NO_COMMON_TYPE) };
        let parts = self.all(&parts, &element)?;
        // What the unified type still leaves open must not differ, except that untyped elements (nulls) fit in anywhere.
        let mut typed = parts.iter().map(Value::ty).filter(|ty| *ty != Type::Dynamic);
        let Some(element) = typed.next() else { return Ok((Type::Dynamic, parts)) };
        if typed.any(|ty| ty != element) {
            return self.fail("element types must all match");
        }
        let parts = self.all(&parts, &element)?;
        Ok((element, parts))
    }

    fn all(&mut self, parts: &[Value], to: &Type) -> Result<Vec<Value>, ConvertError> {
        parts.iter().enumerate().map(|(at, part)| self.part(position(at), part, to)).collect()
    }
}

/// An empty collection keeps its element type where another is not asked for.
fn empty_element(before: Option<&Type>, wanted: &Type) -> Type {
    match (wanted, before) {
        (Type::Dynamic, Some(before)) => before.clone(),
        _ => wanted.clone(),
    }
}

fn position(at: usize) -> PathStep {
    PathStep::Index(Value::number(at))
}

/// The wanted type with what it leaves open taken from the type there was.
fn fill_dynamic(from: &Type, to: &Type) -> Type {
    match (from, to) {
        (Type::Dynamic, _) | (_, Type::Bool | Type::Number | Type::String) => to.clone(),
        (_, Type::Dynamic) => from.clone(),
        (Type::List(from) | Type::Set(from), Type::List(to)) => Type::list(fill_dynamic(from, to)),
        (Type::List(from) | Type::Set(from), Type::Set(to)) => Type::set(fill_dynamic(from, to)),
        (Type::Tuple(from), Type::List(to)) => Type::list(fill_unified(from.iter(), to)),
        (Type::Tuple(from), Type::Set(to)) => Type::set(fill_unified(from.iter(), to)),
        (Type::Map(from), Type::Map(to)) => Type::map(fill_dynamic(from, to)),
        (Type::Object(from), Type::Map(to)) => Type::map(fill_unified(from.values(), to)),
        (Type::Tuple(from), Type::Tuple(to)) if from.len() == to.len() => {
            Type::tuple(from.iter().zip(&**to).map(|(from, to)| fill_dynamic(from, to)).collect())
        }
        (Type::Object(from), Type::Object(to)) => {
            let fill = |(name, to): (&Str, &Type)| {
                (name.clone(), from.get(name).map_or_else(|| to.clone(), |from| fill_dynamic(from, to)))
            };
            Type::object(to.iter().map(fill).collect())
        }
        (Type::Map(from), Type::Object(to)) => {
            Type::object(to.iter().map(|(name, to)| (name.clone(), fill_dynamic(from, to))).collect())
        }
        _ => to.clone(),
    }
}

fn fill_unified<'a>(from: impl Iterator<Item = &'a Type>, to: &Type) -> Type {
    let unified = unify(&from.cloned().collect::<Vec<_>>());
    unified.map_or_else(|| to.clone(), |from| fill_dynamic(&from, to))
}

/// What is still known of an unknown once its type has changed.
fn converted_refinement(from: &Type, to: &Type, known: &Refinement) -> Refinement {
    let length = match (from, to) {
        (Type::Object(attributes), Type::Map(_)) => Some((attributes.len(), attributes.len())),
        (Type::Tuple(elements), Type::List(_)) => Some((elements.len(), elements.len())),
        // Elements of a set may turn out equal.
        (Type::Tuple(elements), Type::Set(_)) => Some((elements.len().min(1), elements.len())),
        (_, Type::Set(_)) if from.is_collection() => known.length.map(|(least, most)| (least.min(1), most)),
        _ if from.is_collection() && to.is_collection() => known.length,
        _ => None,
    };
    Refinement { length, ..known.only_nullness() }
}
