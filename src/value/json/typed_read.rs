//! The storage form → value, straight from its text.
//!
//! A state holds many values of few types, so a type is read once and shared, names included; the content is read along
//! its type without a tree in between. What is written in another order, or nests too deeply for that, is left to
//! [`typed_from_json`], which reads everything.

use super::typed::{read_number, typed_from_json, unescape};
use crate::value::{Str, Type, Value};
use rustc_hash::FxHashMap;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Reads what [`typed_to_json`](super::typed_to_json) wrote; `None` for anything else.
pub fn typed_from_text(text: &str) -> Option<Value> {
    read_straight(text).ok().or_else(|| typed_from_json(&serde_json::from_str(text).ok()?))
}

fn read_straight(text: &str) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = reader.deserialize_map(Whole)?;
    reader.end()?;
    Ok(value)
}

/// How many types are remembered: more than kinds and shapes that people write, few enough to forget nothing of weight.
const REMEMBERED: usize = 1024;

thread_local! {
    /// Types by their text.
    static TYPES: RefCell<FxHashMap<Box<str>, Type>> = RefCell::default();
}

fn type_of(text: &str) -> Option<Type> {
    TYPES.with_borrow_mut(|types| {
        if let Some(known) = types.get(text) {
            return Some(known.clone());
        }
        let ty = Type::from_json(&serde_json::from_str(text).ok()?)?;
        if types.len() >= REMEMBERED {
            types.clear();
        }
        types.insert(text.into(), ty.clone());
        Some(ty)
    })
}

/// `{ "t": type, "v": content }`.
struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type and a value of it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let other = || A::Error::custom("another form");
        let key = |key: Option<&str>, wanted| if key == Some(wanted) { Ok(()) } else { Err(other()) };
        key(fields.next_key()?, "t")?;
        let ty = type_of(fields.next_value::<&RawValue>()?.get()).ok_or_else(other)?;
        key(fields.next_key()?, "v")?;
        let value = fields.next_value_seed(Content(&ty))?;
        fields.next_key::<&str>()?.map_or(Ok(value), |_| Err(other()))
    }
}

/// The content of a value of this type.
struct Content<'t>(&'t Type);

impl<'de> DeserializeSeed<'de> for Content<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn mismatch<E: Error>() -> E {
    E::custom("not of the type it says")
}

impl<'de> Visitor<'de> for Content<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the type it says")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null(self.0.clone()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        if *self.0 == Type::Bool { Ok(Value::Bool(value)) } else { Err(mismatch()) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        match self.0 {
            Type::String => Ok(Value::string(text)),
            Type::Number => read_number(text).map(Value::Number).ok_or_else(mismatch),
            _ => Err(mismatch()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        match self.0 {
            Type::List(element) => Ok(Value::list(Type::clone(element), all(elements, element)?)),
            Type::Set(element) => Ok(Value::set(Type::clone(element), all(elements, element)?)),
            Type::Tuple(types) => {
                let mut values = Vec::with_capacity(types.len());
                for ty in &**types {
                    values.push(elements.next_element_seed(Content(ty))?.ok_or_else(mismatch)?);
                }
                elements.next_element::<IgnoredAny>()?.map_or(Ok(Value::tuple(values)), |_| Err(mismatch()))
            }
            _ => Err(mismatch()),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Value, A::Error> {
        match self.0 {
            Type::Object(types) => object(fields, types),
            Type::Map(element) => map(fields, element),
            // A special form, or nothing of this type.
            _ => tree(fields, None, self.0),
        }
    }
}

fn all<'de, A: SeqAccess<'de>>(mut elements: A, element: &Type) -> Result<Vec<Value>, A::Error> {
    let mut values = Vec::new();
    while let Some(value) = elements.next_element_seed(Content(element))? {
        values.push(value);
    }
    Ok(values)
}

fn object<'de, A: MapAccess<'de>>(
    mut fields: A,
    types: &Arc<BTreeMap<Str, Type>>,
) -> Result<Value, A::Error> {
    let whole = || Type::Object(types.clone());
    let mut values = Vec::with_capacity(types.len());
    let mut types_left = types.iter();
    while let Some(key) = fields.next_key_seed(Key)? {
        if key == SPECIAL {
            return tree(fields, Some(key), &whole());
        }
        // Both are in order; anything else is not what was written.
        let Some((name, ty)) = types_left.next().filter(|(name, _)| ***name == *unescape(&key)) else {
            return Err(mismatch());
        };
        values.push((name.clone(), fields.next_value_seed(Content(ty))?));
    }
    if types_left.next().is_some() {
        Err(mismatch())
    } else {
        Ok(Value::object(values.into_iter().collect()))
    }
}

fn map<'de, A: MapAccess<'de>>(mut fields: A, element: &Arc<Type>) -> Result<Value, A::Error> {
    let mut values = Vec::new();
    while let Some(key) = fields.next_key_seed(Key)? {
        if key == SPECIAL {
            return tree(fields, Some(key), &Type::Map(element.clone()));
        }
        values.push((Str::new(unescape(&key)), fields.next_value_seed(Content(element))?));
    }
    Ok(Value::map(Type::clone(element), values.into_iter().collect()))
}

/// The key of what plain JSON cannot say: unknown, marked, of a type of its own.
const SPECIAL: &str = "$";

/// Reads a special form by way of a tree. `key` is the first key if it was taken already.
fn tree<'de, A: MapAccess<'de>>(
    mut fields: A,
    key: Option<std::borrow::Cow<'de, str>>,
    ty: &Type,
) -> Result<Value, A::Error> {
    let key = match key {
        Some(key) => Some(key),
        None => fields.next_key_seed(Key)?,
    };
    if key.as_deref() != Some(SPECIAL) {
        return Err(mismatch());
    }
    let parts: Vec<serde_json::Value> = fields.next_value()?;
    if fields.next_key::<IgnoredAny>()?.is_some() {
        return Err(mismatch());
    }
    super::typed::read_special(&parts, ty).ok_or_else(mismatch)
}

/// A key, borrowed where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.to_owned().into())
    }
}
