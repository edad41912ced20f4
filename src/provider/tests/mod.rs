//! Providers: what is sent for which change, what becomes of answers, what settings a block makes.

mod local;
mod mapping;
mod rest;
mod server;
mod settings;

use crate::diag::{Diagnostics, Sources};
use crate::eval::constant;
use crate::kind::{self, Kind, Kinds, secrets};
use crate::syntax;
use crate::value::{Path, Str, Value};

fn instance() -> &'static Kind {
    Kinds::builtin().get("instance").expect("it is built in")
}

/// A value of the language, from its text.
fn value(text: &str) -> Value {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", text);
    let mut diags = Diagnostics::new();
    let expr = syntax::parse_expression(&sources, file, &mut diags).expect(text);
    constant(&expr, &mut diags).expect(text)
}

/// An instance's arguments as the planner hands them over: all there, converted, secrets marked.
fn desired(text: &str) -> Value {
    let given = value(text);
    let arguments = instance().attributes.values().filter(|attribute| attribute.is_argument());
    let fields = arguments.map(|attribute| {
        let value = given.get_attr(&attribute.name).map(|value| attribute.convert(value).expect(text));
        (Str::from(&*attribute.name), value.unwrap_or_else(|| Value::null(attribute.ty())))
    });
    secrets(instance(), Value::object(fields.collect()))
}

/// A kind from its text.
fn kind_of(text: &str) -> Kind {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", text);
    let mut diags = Diagnostics::new();
    let body = syntax::parse(&sources, file, &mut diags);
    let kind = kind::kind(&body.blocks[0], &mut diags);
    assert!(diags.is_empty(), "{:?}", diags.take());
    kind.expect(text)
}

/// Paths such as `tags` and `configuration.password`.
fn paths(texts: &[&str]) -> Vec<Path> {
    let path = |text: &&str| match text.split_once('.') {
        Some((name, key)) => Path::root().child_attr(name).child_index(Value::string(key)),
        None => Path::root().child_attr(text),
    };
    texts.iter().map(path).collect()
}
