//! The values of the language: cty's types and semantics, as Terraform 1.11 has them.
//!
//! A [`Value`] is its shape; sharing is by `Arc`, so a clone is cheap whatever the size. What is not known until
//! apply is [`Value::Unknown`] with its type and what can be said of it; what must not be shown is
//! [`Value::Marked`]. Both pass **one door**, [`lift`], before an operator's or function's body runs.

use std::collections::BTreeMap;
use std::sync::Arc;

mod number;
pub use number::Number;

/// Text in Unicode normal form C. Made by [`Str::new`], which normalises; ordered by bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(Arc<str>);

/// What kind of value an expression gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Not known yet, or an untyped `null`; "any" in a type constraint.
    Dynamic,
    Bool,
    Number,
    String,
    List(Arc<Type>),
    Set(Arc<Type>),
    Map(Arc<Type>),
    Tuple(Arc<[Type]>),
    Object(Arc<BTreeMap<Str, Type>>),
}

/// Why a value must be handled with care. A value may carry several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marks(u8);

/// What is known of an unknown value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// A string that starts so.
    pub prefix: Option<Str>,
    /// A number's bounds, each with whether the bound itself is possible.
    pub at_least: Option<(Number, bool)>,
    pub at_most: Option<(Number, bool)>,
    /// A collection's length: least and greatest.
    pub length: Option<(usize, usize)>,
}

/// A value.
///
/// Invariants, kept by the constructors: elements of a list, set or map have the collection's element type; a set is
/// sorted and free of duplicates and its elements carry no marks (the set carries them all); `Marked` is
/// never directly inside `Marked`, and never has empty marks. An unknown of a type of which only one value exists
/// does not arise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Null(Type),
    Bool(bool),
    Number(Number),
    String(Str),
    List(Type, Arc<[Value]>),
    Set(Type, Arc<[Value]>),
    Map(Type, Arc<BTreeMap<Str, Value>>),
    Tuple(Arc<[Value]>),
    Object(Arc<BTreeMap<Str, Value>>),
    /// The API decides it during apply; what is known of it is kept.
    Unknown(Type, Refinement),
    /// Sensitive or ephemeral: never rendered, never logged.
    Marked(Arc<Value>, Marks),
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value")
    }
}

impl std::fmt::Debug for Str {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&*self.0, f)
    }
}
