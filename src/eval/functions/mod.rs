//! The functions of the language: Terraform 1.11's, and `env`.
//!
//! A function is a row in its family's table: a name, parameters, how the type of its result follows from its
//! arguments, and a body. [`call`] is the one door: it converts the arguments, deals with null, unknown and marked
//! ones as each parameter says, and only then runs the body, which so sees plain values of the right types.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::value::Type;

mod arguments;
mod call;
mod host;
mod numeric;
mod power;
mod text;
mod regex;
mod pattern;
mod format;
mod verb;
mod digits;
mod sequence;
mod select;
mod reshape;
mod sets;
mod maps;
mod encoding;
mod charset;
mod csv;
mod json;
mod yaml;
mod yaml_scalar;
mod yaml_write;
mod time;
mod date;
mod filesystem;
mod glob;
mod hash;
mod network;
mod conversion;
mod marks;
#[cfg(test)]
mod tests;

pub use call::{CallError, call};
pub use host::{FileKind, Host};

pub use yaml::from_yaml_text;

use arguments::{Arguments, Body};

/// A function of the language.
pub struct Function {
    pub name: &'static str,
    pub params: &'static [Param],
    /// Takes all arguments after `params`.
    pub variadic: Option<Param>,
    returns: Returns,
    may_be_null: bool,
    body: Body,
}

/// A parameter: what its argument is converted to, and what the body is ready to see of it.
#[derive(Clone, Copy)]
pub struct Param {
    pub name: &'static str,
    /// The argument is converted to this type; "any" leaves it as it is.
    pub constraint: fn() -> Type,
    pub allow_null: bool,
    /// Otherwise an unknown argument makes the result unknown and the body does not run.
    pub allow_unknown: bool,
    /// Otherwise marks are taken off at every depth, and put on the result.
    pub allow_marked: bool,
    /// Otherwise an argument of a type not known yet makes the result so.
    pub allow_dynamic: bool,
}

/// How the type of the result follows.
#[derive(Clone, Copy)]
enum Returns {
    Always(fn() -> Type),
    /// From the arguments, which may be unknown; the function's type errors come from here.
    Of(fn(&Arguments) -> Result<Type, CallError>),
}

impl Function {
    /// A function whose result is always of one type.
    const fn new(name: &'static str, params: &'static [Param], returns: fn() -> Type, body: Body) -> Self {
        Self { name, params, variadic: None, returns: Returns::Always(returns), may_be_null: false, body }
    }

    /// A function the type of whose result depends on its arguments.
    const fn typed(
        name: &'static str,
        params: &'static [Param],
        returns: fn(&Arguments) -> Result<Type, CallError>,
        body: Body,
    ) -> Self {
        Self { name, params, variadic: None, returns: Returns::Of(returns), may_be_null: false, body }
    }

    const fn variadic(mut self, param: Param) -> Self {
        self.variadic = Some(param);
        self
    }

    /// Its result may be null, so nothing is promised of an unknown one.
    const fn nullable(mut self) -> Self {
        self.may_be_null = true;
        self
    }

    /// Returns the parameter that takes the argument at `index`; `None` if there is one argument too many.
    pub fn param(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.variadic.as_ref())
    }
}

impl Param {
    const fn new(name: &'static str, constraint: fn() -> Type) -> Self {
        Self {
            name,
            constraint,
            allow_null: false,
            allow_unknown: false,
            allow_marked: false,
            allow_dynamic: false,
        }
    }

    const fn any(name: &'static str) -> Self {
        Self::new(name, any)
    }

    const fn text(name: &'static str) -> Self {
        Self::new(name, text)
    }

    const fn number(name: &'static str) -> Self {
        Self::new(name, number)
    }

    const fn null(mut self) -> Self {
        self.allow_null = true;
        self
    }

    const fn unknown(mut self) -> Self {
        self.allow_unknown = true;
        self
    }

    const fn marked(mut self) -> Self {
        self.allow_marked = true;
        self
    }

    const fn dynamic(mut self) -> Self {
        self.allow_dynamic = true;
        self
    }
}

fn any() -> Type {
    Type::Dynamic
}

fn boolean() -> Type {
    Type::Bool
}

fn number() -> Type {
    Type::Number
}

fn text() -> Type {
    Type::String
}

fn list_of_any() -> Type {
    Type::list(Type::Dynamic)
}

fn list_of_text() -> Type {
    Type::list(Type::String)
}

static FAMILIES: &[&[Function]] = &[
    numeric::FUNCTIONS,
    text::FUNCTIONS,
    regex::FUNCTIONS,
    format::FUNCTIONS,
    sequence::FUNCTIONS,
    select::FUNCTIONS,
    reshape::FUNCTIONS,
    sets::FUNCTIONS,
    maps::FUNCTIONS,
    encoding::FUNCTIONS,
    time::FUNCTIONS,
    filesystem::FUNCTIONS,
    hash::FUNCTIONS,
    network::FUNCTIONS,
    conversion::FUNCTIONS,
    marks::FUNCTIONS,
];

static BY_NAME: LazyLock<BTreeMap<&'static str, &'static Function>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|family| family.iter()).map(|f| (f.name, f)).collect());

/// Returns the names of all functions here, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

/// Returns the function of this name; `core::NAME` is the same.
pub fn lookup(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name.strip_prefix("core::").unwrap_or(name)).copied()
}
