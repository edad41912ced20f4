//! A `kind` block → [`Kind`], with a complaint about every mistake in it.
//!
//! | block | words | |
//! | --- | --- | --- |
//! | `kind "name"` | `description`, `provider`, `id` | without a provider, the engine makes the objects itself |
//! | | `read_only` | the objects are never made here: there is a data source and no resource |
//! | | `collection`, `object` | paths of the requests that name none; `object` defaults to `<collection>/${id}` |
//! | | `key`, `unique`, `import` | the attribute (or list of them) that is the identity; those no two share; how an id is written for `import` |
//! | `attribute "name"` | `type`, `required`, `default`, `replace` | what the user sets; `default` is over `block.name` and `block.key` |
//! | | `at` | its place in requests and answers: JSON keys with dots between them |
//! | | `partial`, `text`, `masked`, `unwrap`, `wrap` | how its value travels and comes back ([`Attribute`]) |
//! | | `parent`, `local`, `echo`, `write_only`, `resend`, `along` | where it does not travel |
//! | | `sensitive`, `description` | |
//! | | `initial`, `refers_to`, `refers_if` | for blocks that are written of what exists: what nobody would write down, and which values name other objects |
//! | | `on`, `off`, `read` | switched by requests of its own; `read` is over `object`, the answer |
//! | | `members { list add remove at }` | a set whose elements have requests of their own, over `value` |
//! | `computed "name"` | `type`, `at`, `text`, `masked`, `unwrap`, `sensitive`, `once` | what the API sets |
//! | | `generate = "uuid"`, `value` | what the engine sets; `value` is over `object`, the object's attributes |
//! | `create`, `read`, `update`, `delete` | `request`, `query`, `headers`, `success`, `gone`, `timeout` | over `id` and the attributes |
//! | | `body`, `answer`, `id_header`, `reread` | where the object stands, and what an answer lacks |
//! | | `body = { … }`, `answer = …` | the same as expressions ([`Envelope`](super::Envelope)) |
//! | | `wait { until fail every timeout }` | an effect that comes later; over `object`, the answer |
//! | `list` | `request`…, `empty`, `at`, `keys` | `page { … }` ([`list`]), `search { tag }` |
//! | `data` | `by`, `plural`, `search` | how data sources find objects: see `builtin/README.md` |
//! | `marker` | `attribute` | the strings beside which a marker stands |
//! | `catalogue "name"` | `key`, `entries`, `list { … }` | the attributes that choose an entry and that it describes; where the account has its own |
//! | `errors` | `message`, `detail`, `request_id` | where a refusal says what |
//!
//! The attributes are read first, since they are the words that requests may use. Every expression is then evaluated once over
//! unknown values of the right types: a misspelt word in a path shows when the file is read, not when the request is due.

use super::words::Words;
use super::{Attribute, CatalogueUse, ErrorShape, Kind, Lookup, Role, catalogue_named, schema_type};
use crate::addr::{Name, is_identifier};
use crate::config::RESERVED;
use crate::config::fields::{Fields, labels, missing};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span, did_you_mean};
use crate::syntax::{Block, Expr, Label};
use crate::value::{Constraint, Type, Value};
use std::collections::BTreeMap;

mod attribute;
mod identity;
mod list;
mod lookup;
mod request;
#[cfg(test)]
mod tests;
mod wait;

/// Reads a `kind` block.
pub fn kind(block: &Block, diags: &mut Diagnostics) -> Result<Kind, Reported> {
    let mut own = Diagnostics::new();
    let kind = decode(block, &mut own);
    let clean = own.check();
    diags.append(own);
    clean.and(kind)
}

fn decode(block: &Block, diags: &mut Diagnostics) -> Result<Kind, Reported> {
    let [label] = labels(block, ["name"], diags)?;
    let mut fields = Fields::new("kind", block.header, &block.body);
    let paths = request::Paths::take(&mut fields);
    let attributes = attributes(&mut fields, &paths, diags);
    let named = named(label, diags);
    let mut kind = Kind {
        name: label.value.clone(),
        description: fields.text("description", diags).unwrap_or_default(),
        provider: fields.text("provider", diags).map(Name::from),
        id: path(fields.text("id", diags).unwrap_or_else(|| "id".to_owned())),
        key: Vec::new(),
        unique: Vec::new(),
        import: Vec::new(),
        attributes,
        create: None,
        read: None,
        update: None,
        delete: None,
        list: None,
        read_only: fields.flag("read_only", diags).unwrap_or(false),
        lookup: Lookup::default(),
        marker: None,
        catalogue: None,
        errors: ErrorShape::default(),
        span: block.header,
    };
    request::requests(&mut fields, &mut kind, &paths, diags);
    identity::identity(&mut fields, &mut kind, diags);
    request::check_words(&kind, diags);
    lookup::lookup(&mut fields, &mut kind, diags);
    if let Some(block) = fields.block("marker", diags) {
        kind.marker = marker(block, &kind, diags).ok();
    }
    if let Some(block) = fields.block("catalogue", diags) {
        kind.catalogue = catalogue_use(block, &kind, &paths, diags).ok();
    }
    if let Some(block) = fields.block("errors", diags) {
        kind.errors = errors(block, diags);
    }
    fields.finish(diags);
    defaults(&kind, diags);
    without_provider(&kind, diags);
    named.map(|()| kind)
}

/// A path of JSON keys: `element.key`.
fn path(text: String) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn named(label: &Label, diags: &mut Diagnostics) -> Result<(), Reported> {
    if RESERVED.contains(&&*label.value) {
        let words = "A kind is used as a block and as the root of references, so it cannot take a word of the language.";
        return Err(diags.error(
            Diagnostic::error("Invalid kind name")
                .at(label.span)
                .label(format!("`{}` is a word of the language", label.value))
                .detail(words),
        ));
    }
    identifier(label, "kind", diags)
}

fn identifier(label: &Label, what: &str, diags: &mut Diagnostics) -> Result<(), Reported> {
    if is_identifier(&label.value) {
        return Ok(());
    }
    let rule =
        "A name starts with a letter or underscore and goes on with letters, digits, underscores and dashes.";
    Err(diags.error(
        Diagnostic::error(format!("Invalid {what} name"))
            .at(label.span)
            .label("not a valid name")
            .detail(rule),
    ))
}

fn attributes(
    fields: &mut Fields<'_>,
    paths: &request::Paths,
    diags: &mut Diagnostics,
) -> BTreeMap<Name, Attribute> {
    let arguments = fields.blocks("attribute").into_iter().map(|block| (block, false));
    let computed = fields.blocks("computed").into_iter().map(|block| (block, true));
    let mut found: BTreeMap<Name, Attribute> = BTreeMap::new();
    for (block, computed) in arguments.chain(computed) {
        let Ok(attribute) = attribute::attribute(block, computed, paths, diags) else { continue };
        if let Some(first) = found.get(&attribute.name) {
            diags.error(
                Diagnostic::error("Duplicate attribute")
                    .at(block.header)
                    .label(format!("`{}` is described a second time", attribute.name))
                    .related(first.span, "the first one"),
            );
            continue;
        }
        found.insert(attribute.name.clone(), attribute);
    }
    found
}

fn marker(block: &Block, kind: &Kind, diags: &mut Diagnostics) -> Result<Name, Reported> {
    let mut fields = Fields::new("marker", block.header, &block.body);
    let name = named_attribute(&mut fields, "attribute", block.header, kind, diags);
    fields.finish(diags);
    let (name, span) = name?;
    let strings = |c: &Constraint| matches!(c, Constraint::Set(e) | Constraint::List(e) if matches!(**e, Constraint::String));
    if kind.attributes.get(&name).is_some_and(|a| strings(&a.constraint)) {
        return Ok(name);
    }
    Err(diags.error(Diagnostic::error("Invalid marker").at(span).label(format!(
        "`{name}` is not a `set(string)` or `list(string)`, beside whose elements a marker could stand"
    ))))
}

/// An argument that names an attribute of the kind.
fn named_attribute(
    fields: &mut Fields<'_>,
    argument: &'static str,
    header: Span,
    kind: &Kind,
    diags: &mut Diagnostics,
) -> Result<(Name, Span), Reported> {
    let Some((value, span)) = fields.constant(argument, &Type::String, diags) else {
        return Err(missing("block", argument, header, diags));
    };
    let name = value.as_str().unwrap_or_default();
    known_attribute(kind, name, span, diags).map(|name| (name, span))
}

/// The attribute of that name, or a complaint that there is none.
fn known_attribute(kind: &Kind, name: &str, span: Span, diags: &mut Diagnostics) -> Result<Name, Reported> {
    if let Some(attribute) = kind.attributes.get(name) {
        return Ok(attribute.name.clone());
    }
    let near = did_you_mean(name, kind.attributes.keys().map(|name| &**name));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let label = format!("`{}` has no attribute `{name}`{hint}", kind.name);
    Err(diags.error(Diagnostic::error("Unknown attribute").at(span).label(label)))
}

fn catalogue_use(
    block: &Block,
    kind: &Kind,
    paths: &request::Paths,
    diags: &mut Diagnostics,
) -> Result<CatalogueUse, Reported> {
    let [label] = labels(block, ["name"], diags)?;
    let mut fields = Fields::new("catalogue", block.header, &block.body);
    let key = named_attribute(&mut fields, "key", block.header, kind, diags);
    let entries = named_attribute(&mut fields, "entries", block.header, kind, diags);
    let list = fields.block("list", diags);
    let list = list.and_then(|block| list::list(block, paths, &kind.attributes, diags).ok());
    fields.finish(diags);
    if catalogue_named(&label.value).is_none() {
        let label_text = format!("there is no catalogue `{}`", label.value);
        return Err(diags.error(Diagnostic::error("Unknown catalogue").at(label.span).label(label_text)));
    }
    Ok(CatalogueUse { name: label.value.to_string(), key: key?.0, entries: entries?.0, list, synced: None })
}

fn errors(block: &Block, diags: &mut Diagnostics) -> ErrorShape {
    let mut fields = Fields::new("errors", block.header, &block.body);
    let mut at = |name| fields.text(name, diags).map(path).unwrap_or_default();
    let shape = ErrorShape { message: at("message"), detail: at("detail"), request_id: at("request_id") };
    fields.finish(diags);
    shape
}

/// Evaluates every default, toggle and the like once, over unknown values.
fn defaults(kind: &Kind, diags: &mut Diagnostics) {
    let block = Value::object(
        BTreeMap::from([
            ("name".into(), Value::unknown_not_null(Type::String)),
            ("key".into(), Value::unknown(Type::String)),
        ])
        .into(),
    );
    let block = Words::new().with("block", block);
    let object = Words::new().with("object", Value::unknown(Type::Dynamic));
    let own = Words::new().with("object", Value::unknown(schema_type(kind)));
    let attributes = Words::new().with_types(kind);
    let entry = Words::new().with("key", Value::unknown(Type::String));
    let entry = entry.with("parent", Value::unknown(Type::Dynamic));
    for attribute in kind.attributes.values() {
        match &attribute.role {
            Role::Defaulted(expr) => drop(block.check(expr, diags)),
            Role::Generated(super::Generate::From(expr)) => drop(own.check(expr, diags)),
            _ => {}
        }
        if let Some(read) = attribute.toggle.as_ref().and_then(|toggle| toggle.read.as_ref()) {
            drop(object.check(read, diags));
        }
        if let Some(initial) = &attribute.initial {
            drop(attributes.check(initial, diags));
        }
        if let Some(only) = attribute.refers_to.as_ref().and_then(|refers| refers.only.as_ref()) {
            drop(entry.check(only, diags));
        }
    }
}

/// A kind without a provider has nobody to ask: the engine must be able to make every value.
fn without_provider(kind: &Kind, diags: &mut Diagnostics) {
    if kind.provider.is_some() {
        return;
    }
    let requests = [&kind.create, &kind.read, &kind.update, &kind.delete];
    let asked = requests.into_iter().flatten().map(|request| request.span);
    for span in asked.chain(kind.list.as_ref().map(|list| list.request.span)) {
        diags.error(
            Diagnostic::error("Unexpected request")
                .at(span)
                .label(format!("`{}` has no provider to send it to", kind.name))
                .help("add `provider = \"…\"` to the kind"),
        );
    }
    for attribute in kind.attributes.values().filter(|a| matches!(a.role, Role::Computed)) {
        diags.error(
            Diagnostic::error("Missing required argument")
                .at(attribute.span)
                .label("without a provider, a computed attribute needs `value` or `generate`"),
        );
    }
}

/// Checks an expression over some words, for whoever reads a request.
fn check(expr: &Expr, words: &Words, diags: &mut Diagnostics) {
    drop(words.check(expr, diags));
}
