//! [`Value`] itself: its shape, how values are made, and the questions one may ask.

use super::fields::{self, Fields};
use super::{Marks, Number, Refinement, Str, Type};
use std::fmt;
use std::sync::Arc;

/// A value.
///
/// Invariants, kept by the constructors: elements of a list, set or map have the collection's element type; a set is
/// sorted and free of duplicates and its elements carry no marks (the set carries them all); `Marked` is
/// never directly inside `Marked`, and never has empty marks. An unknown of a type of which only one value exists
/// does not arise.
///
/// Comparing, dropping and walking recurse as deep as the value is; all sources of values (the parser, JSON) limit
/// depth to 1,000 or less, for which [`STACK_SIZE`] is enough.
///
/// `==` compares representations; the language's `==` is [`equals`](super::equals).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null(Type),
    Bool(bool),
    Number(Number),
    String(Str),
    List(Type, Arc<[Value]>),
    Set(Type, Arc<[Value]>),
    Map(Type, Fields),
    Tuple(Arc<[Value]>),
    Object(Fields),
    /// The API decides it during apply; what is known of it is kept.
    Unknown(Type, Arc<Refinement>),
    /// Sensitive or ephemeral: never rendered, never logged.
    Marked(Arc<Value>, Marks),
}

/// The stack, in bytes, of a thread that handles values as deep as they may be. Measured at a depth of 1,000 without
/// optimisation: up to 4 MiB for reading JSON, walking and rebuilding, 12 for reading the storage form back, less than one
/// for dropping and comparing. The system provides only what is touched.
pub const STACK_SIZE: usize = 32 << 20;

/// How values are made. (Sets: see `set.rs`.)
impl Value {
    pub fn string(text: impl Into<Str>) -> Self {
        Self::String(text.into())
    }

    pub fn number(number: impl Into<Number>) -> Self {
        Self::Number(number.into())
    }

    pub fn bool(value: bool) -> Self {
        Self::Bool(value)
    }

    pub fn null(ty: Type) -> Self {
        Self::Null(ty)
    }

    /// The `null` of no type.
    pub fn dynamic_null() -> Self {
        Self::Null(Type::Dynamic)
    }

    /// An unknown of which nothing but the type is known.
    pub fn unknown(ty: Type) -> Self {
        Self::Unknown(ty, Refinement::nothing())
    }

    /// An unknown with what is known of it.
    pub fn refined(ty: Type, refinement: Refinement) -> Self {
        Self::Unknown(ty, Arc::new(refinement))
    }

    pub fn unknown_not_null(ty: Type) -> Self {
        Self::Unknown(ty, Refinement::only_not_null())
    }

    /// A list. The elements have the type given.
    pub fn list(element: Type, elements: Vec<Self>) -> Self {
        Self::List(element, elements.into())
    }

    /// A map. The elements have the type given.
    pub fn map(element: Type, elements: Fields) -> Self {
        Self::Map(element, elements)
    }

    pub fn tuple(elements: Vec<Self>) -> Self {
        Self::Tuple(elements.into())
    }

    pub fn object(attributes: Fields) -> Self {
        Self::Object(attributes)
    }
}

/// What one may ask.
impl Value {
    pub fn ty(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::Null(ty) | Self::Unknown(ty, _) => ty.clone(),
            Self::List(element, _) => Type::list(element.clone()),
            Self::Set(element, _) => Type::set(element.clone()),
            Self::Map(element, _) => Type::map(element.clone()),
            Self::Tuple(elements) => Type::Tuple(elements.iter().map(Self::ty).collect()),
            Self::Object(attributes) => {
                Type::object(attributes.iter().map(|(name, value)| (name.clone(), value.ty())).collect())
            }
            Self::Marked(inner, _) => inner.ty(),
        }
    }

    /// Whether the value has exactly this type; without building its type.
    pub fn has_type(&self, ty: &Type) -> bool {
        match (self, ty) {
            (Self::Marked(inner, _), _) => inner.has_type(ty),
            (Self::Null(own) | Self::Unknown(own, _), _) => own == ty,
            (Self::Bool(_), Type::Bool)
            | (Self::Number(_), Type::Number)
            | (Self::String(_), Type::String) => true,
            (Self::List(own, _), Type::List(element))
            | (Self::Set(own, _), Type::Set(element))
            | (Self::Map(own, _), Type::Map(element)) => *own == **element,
            (Self::Tuple(elements), Type::Tuple(types)) => {
                elements.len() == types.len()
                    && elements.iter().zip(&**types).all(|(value, ty)| value.has_type(ty))
            }
            (Self::Object(attributes), Type::Object(types)) => {
                let same = |((name, value), (wanted, ty)): ((&Str, &Self), (&Str, &Type))| {
                    name == wanted && value.has_type(ty)
                };
                attributes.len() == types.len() && attributes.iter().zip(&**types).all(same)
            }
            _ => false,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.unmarked(), Self::Null(_))
    }

    /// Whether the value as a whole is known; parts of it may not be.
    pub fn is_known(&self) -> bool {
        !matches!(self.unmarked(), Self::Unknown(..))
    }

    pub fn is_wholly_known(&self) -> bool {
        self.is_known() && self.unmarked().children().all(Self::is_wholly_known)
    }

    /// Whether it is surely not null: known and not, or unknown and refined so.
    pub fn is_surely_not_null(&self) -> bool {
        match self.unmarked() {
            Self::Null(_) => false,
            Self::Unknown(_, refinement) => refinement.not_null,
            _ => true,
        }
    }

    /// The text of an unmarked string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// How many elements or attributes an unmarked, known value has; `None` for what has no length.
    pub fn length(&self) -> Option<usize> {
        match self {
            Self::List(_, elements) | Self::Set(_, elements) | Self::Tuple(elements) => Some(elements.len()),
            Self::Map(_, elements) | Self::Object(elements) => Some(elements.len()),
            _ => None,
        }
    }

    /// The elements with their keys, in order: positions in a list or tuple (64 bits of precision, as the language
    /// counts), names in a map or object, and in a set the element itself. None of other values. The marks of the
    /// value as a whole pass to each element.
    pub fn elements(&self) -> Box<dyn Iterator<Item = (Self, Self)> + '_> {
        match self {
            Self::List(_, elements) | Self::Tuple(elements) => {
                let position = |at| Self::Number(Number::from_usize_64(at));
                Box::new(
                    elements.iter().enumerate().map(move |(at, element)| (position(at), element.clone())),
                )
            }
            Self::Set(_, elements) => {
                Box::new(elements.iter().map(|element| (element.clone(), element.clone())))
            }
            Self::Map(_, elements) | Self::Object(elements) => {
                Box::new(elements.iter().map(|(name, element)| (Self::String(name.clone()), element.clone())))
            }
            Self::Marked(inner, marks) => {
                Box::new(inner.elements().map(|(key, element)| (key, element.mark(*marks))))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The attribute of an unmarked, known object, or the element of such a map.
    pub fn get_attr(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(attributes) | Self::Map(_, attributes) => attributes.get(name),
            _ => None,
        }
    }

    /// The parts one level in, through the mark on the whole.
    pub(super) fn children(&self) -> Children<'_> {
        match self.unmarked() {
            Self::List(_, elements) | Self::Set(_, elements) | Self::Tuple(elements) => {
                Children::Sequence(elements.iter())
            }
            Self::Map(_, elements) | Self::Object(elements) => Children::Named(elements.values()),
            _ => Children::Sequence([].iter()),
        }
    }
}

pub(super) enum Children<'a> {
    Sequence(std::slice::Iter<'a, Value>),
    Named(fields::Values<'a>),
}

impl<'a> Iterator for Children<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<&'a Value> {
        match self {
            Self::Sequence(elements) => elements.next(),
            Self::Named(elements) => elements.next(),
        }
    }
}

impl fmt::Debug for Value {
    /// Never shows what is marked: this is what reaches logs and failed assertions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(ty) => f.debug_tuple("Null").field(ty).finish(),
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::String(text) => fmt::Debug::fmt(text, f),
            Self::List(ty, elements) => f.debug_tuple("List").field(ty).field(elements).finish(),
            Self::Set(ty, elements) => f.debug_tuple("Set").field(ty).field(elements).finish(),
            Self::Map(ty, elements) => f.debug_tuple("Map").field(ty).field(elements).finish(),
            Self::Tuple(elements) => f.debug_tuple("Tuple").field(elements).finish(),
            Self::Object(attributes) => f.debug_tuple("Object").field(attributes).finish(),
            Self::Unknown(ty, refinement) => f.debug_tuple("Unknown").field(ty).field(refinement).finish(),
            Self::Marked(..) => f.write_str("Marked(..)"),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Self::String(text)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}
