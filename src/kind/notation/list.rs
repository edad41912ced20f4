//! `list` blocks: where the objects are in an answer, how pages follow each other, how a marker is searched.

use super::path;
use super::request::{Paths, request, statuses};
use crate::addr::Name;
use crate::config::fields::{Fields, missing};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::kind::{Attribute, List, Next, Page, Place};
use crate::syntax::Block;
use crate::value::Type;
use std::collections::BTreeMap;

pub(super) fn list(
    block: &Block,
    paths: &Paths,
    attributes: &BTreeMap<Name, Attribute>,
    diags: &mut Diagnostics,
) -> Result<List, Reported> {
    let mut fields = Fields::new("list", block.header, &block.body);
    let request = request(&mut fields, block, paths.list(), paths, diags);
    let empty = statuses(&mut fields, "empty", diags).unwrap_or_default();
    let at = fields.text("at", diags).map(path).unwrap_or_default();
    let keys = keys(&mut fields, attributes, diags);
    let page = fields.block("page", diags).and_then(|block| page(block, diags));
    let marker_param = fields.block("search", diags).and_then(|block| search(block, diags));
    fields.finish(diags);
    Ok(List { request: request?, empty, at, keys, page, marker_param })
}

fn keys(
    fields: &mut Fields<'_>,
    attributes: &BTreeMap<Name, Attribute>,
    diags: &mut Diagnostics,
) -> Option<Name> {
    let (name, span) = fields.constant("keys", &Type::String, diags)?;
    let name = name.as_str().unwrap_or_default();
    if !attributes.contains_key(name) {
        diags.error(
            Diagnostic::error("Unknown attribute").at(span).label(format!("there is no attribute `{name}`")),
        );
    }
    Some(name.into())
}

/// The ways to the next page, and the words of each.
const WAYS: [(&str, &[&str]); 4] = [
    ("a token", &["token_param", "token_header", "token_at"]),
    ("a link", &["link", "link_at"]),
    ("a page number", &["number_param", "first"]),
    ("an offset", &["offset_param"]),
];

fn page(block: &Block, diags: &mut Diagnostics) -> Option<Page> {
    let mut fields = Fields::new("page", block.header, &block.body);
    let size = whole(&mut fields, "size", 1, "a page holds a whole number of objects, at least 1", diags);
    let size_param = fields.text("size_param", diags);
    let total = place(&mut fields, "total_header", "total_at", diags);
    let given: Vec<&str> = WAYS
        .iter()
        .filter(|(_, words)| block.body.attributes.iter().any(|a| words.contains(&&*a.name.name)))
        .map(|(way, _)| *way)
        .collect();
    let next = next(&mut fields, block.header, diags);
    fields.finish(diags);
    if let [one, other, ..] = given.as_slice() {
        diags.error(
            Diagnostic::error("Conflicting arguments")
                .at(block.header)
                .label(format!("the next page is asked for by {one} or by {other}, not both")),
        );
    }
    Some(Page { size: size.map(|size| (size, size_param)), next: next?, total })
}

fn next(fields: &mut Fields<'_>, header: Span, diags: &mut Diagnostics) -> Option<Next> {
    let token = fields.text("token_param", diags);
    let from = place(fields, "token_header", "token_at", diags);
    let link = fields.flag("link", diags).unwrap_or(false);
    let link_at = fields.text("link_at", diags).map(path);
    let number = fields.text("number_param", diags);
    let first = whole(fields, "first", 0, "pages are counted from a whole number, 0 or 1", diags);
    let offset = fields.text("offset_param", diags);
    match (token, from, number, offset) {
        (Some(param), Some(from), ..) => Some(Next::Token { param, from }),
        (Some(_), None, ..) => {
            missing("page", "token_header` or `token_at", header, diags);
            None
        }
        (None, Some(_), ..) => {
            missing("page", "token_param", header, diags);
            None
        }
        (_, _, Some(param), _) => Some(Next::Number { param, first: first.unwrap_or(1) }),
        (_, _, _, Some(param)) => Some(Next::Offset { param }),
        _ if link || link_at.is_some() => Some(Next::Link(link_at)),
        _ => {
            diags.error(
                Diagnostic::error("Missing required argument")
                    .at(header)
                    .label("`page` does not say how the next one is asked for")
                    .help("`token_param` with `token_header` or `token_at`, `link`, `link_at`, `number_param` or `offset_param`"),
            );
            None
        }
    }
}

/// Where an answer says something: in a header or in its body.
fn place(
    fields: &mut Fields<'_>,
    header: &'static str,
    body: &'static str,
    diags: &mut Diagnostics,
) -> Option<Place> {
    let header = fields.text(header, diags).map(Place::Header);
    let body = fields.text(body, diags).map(|at| Place::Body(path(at)));
    header.or(body)
}

fn whole(
    fields: &mut Fields<'_>,
    name: &'static str,
    least: u32,
    rule: &str,
    diags: &mut Diagnostics,
) -> Option<u32> {
    let (value, span) = fields.constant(name, &Type::Number, diags)?;
    let number = value.as_number().and_then(|n| n.as_i64()).and_then(|n| u32::try_from(n).ok());
    let number = number.filter(|n| *n >= least);
    if number.is_none() {
        diags.error(Diagnostic::error("Invalid page size").at(span).label(rule));
    }
    number
}

fn search(block: &Block, diags: &mut Diagnostics) -> Option<String> {
    let mut fields = Fields::new("search", block.header, &block.body);
    let tag = fields.text("tag", diags);
    if tag.is_none() {
        missing("search", "tag", block.header, diags);
    }
    fields.finish(diags);
    tag
}
