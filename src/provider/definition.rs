//! What a provider is called, what it must be told and how it addresses its API: a `provider` definition, shipped as data.
//!
//! ```hcl
//! provider "example" {
//!   argument "token" {
//!     type      = string
//!     required  = true
//!     sensitive = true
//!     env       = "EXAMPLE_TOKEN" # asked when the argument is left out or null
//!   }
//!   base_url = "https://api.example.com"             # expressions over the arguments
//!   headers  = { Authorization = "Bearer ${token}" }
//!   query    = { tenant = "7" }                      # may be left out, as what follows
//!   errors   = { message = "error.message" }
//!   files    = { ca = ca_file, certificate = null, key = null }
//! }
//! ```

use crate::addr::Name;
use crate::config::fields::{Fields, constant, labels};
use crate::config::types;
use crate::diag::{Diagnostics, Reported, Sources};
use crate::kind::words::Words;
use crate::syntax::{self, Block, Expr};
use crate::value::{Constraint, Type, Value};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const BUILTIN: &[&str] = &[include_str!("builtin/cloudelements.hcl"), include_str!("builtin/rest.hcl")];

/// One provider type.
#[derive(Debug)]
pub struct Definition {
    pub name: Name,
    pub description: String,
    pub arguments: BTreeMap<Name, Argument>,
    /// Over the arguments' names.
    pub(super) base_url: Expr,
    pub(super) headers: Expr,
    pub(super) query: Option<Expr>,
    /// Where a refusal says what, unless the kind says so: an object of `message`, `detail` and `request_id`.
    pub(super) errors: Option<Expr>,
    /// Files: certificates to trust, and the client's own with its key.
    pub(super) files: Option<Expr>,
}

/// What a provider block may say.
#[derive(Debug)]
pub struct Argument {
    pub constraint: Constraint,
    pub required: bool,
    pub sensitive: bool,
    /// The environment variable that is asked when the argument is left out.
    pub env: Option<String>,
    pub default: Option<Value>,
}

/// Returns the definition of a provider type.
pub fn definition(name: &str) -> Option<&'static Definition> {
    definitions().get(name)
}

/// Returns the names of all provider types.
pub fn names() -> impl Iterator<Item = &'static str> {
    definitions().keys().map(|name| &**name)
}

fn definitions() -> &'static BTreeMap<Name, Definition> {
    static DEFINITIONS: OnceLock<BTreeMap<Name, Definition>> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let mut diags = Diagnostics::new();
        let all = BUILTIN.iter().flat_map(|text| read(text, &mut diags)).collect();
        assert!(diags.is_empty(), "a built-in provider is wrong: {:?}", diags.take());
        all
    })
}

fn read(text: &str, diags: &mut Diagnostics) -> Vec<(Name, Definition)> {
    let mut sources = Sources::new();
    let file = sources.add("builtin.hcl", text);
    let body = syntax::parse(&sources, file, diags);
    let decoded = body.blocks.iter().filter_map(|block| decode(block, diags).ok());
    decoded.map(|definition| (definition.name.clone(), definition)).collect()
}

fn decode(block: &Block, diags: &mut Diagnostics) -> Result<Definition, Reported> {
    let [label] = labels(block, ["type"], diags)?;
    let mut fields = Fields::new("provider", block.header, &block.body);
    let mut arguments = BTreeMap::new();
    for block in fields.blocks("argument") {
        let [label] = labels(block, ["name"], diags)?;
        arguments.insert(label.value.clone(), argument(block, diags)?);
    }
    let definition = Definition {
        name: label.value.clone(),
        description: fields.text("description", diags).unwrap_or_default(),
        base_url: fields.require("base_url", diags)?.expr.clone(),
        headers: fields.require("headers", diags)?.expr.clone(),
        query: fields.take("query").map(|a| a.expr.clone()),
        errors: fields.take("errors").map(|a| a.expr.clone()),
        files: fields.take("files").map(|a| a.expr.clone()),
        arguments,
    };
    fields.finish(diags);
    let mut words = Words::new();
    for (name, argument) in &definition.arguments {
        words = words.with(name, Value::unknown(argument.constraint.ty()));
    }
    words.check(&definition.base_url, diags)?;
    words.check(&definition.headers, diags)?;
    for expr in [&definition.query, &definition.errors, &definition.files].into_iter().flatten() {
        words.check(expr, diags)?;
    }
    Ok(definition)
}

fn argument(block: &Block, diags: &mut Diagnostics) -> Result<Argument, Reported> {
    let mut fields = Fields::new("argument", block.header, &block.body);
    let constraint = types::constraint(&fields.require("type", diags)?.expr, diags)?;
    let default = fields.take("default").map(|a| constant(&a.expr, &Type::Dynamic, diags)).transpose()?;
    let argument = Argument {
        default: default.and_then(|value| constraint.apply(&value).ok()),
        constraint,
        required: fields.flag("required", diags).unwrap_or(false),
        sensitive: fields.flag("sensitive", diags).unwrap_or(false),
        env: fields.text("env", diags),
    };
    fields.finish(diags);
    Ok(argument)
}
