//! The requests of a kind: `create`, `read`, `update`, `delete` and `list`, with paging and search.

use super::{check, path};
use crate::config::fields::{Fields, missing};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::kind::words::Words;
use crate::kind::{Kind, List, Page, Request};
use crate::syntax::{Attribute, Block, Expr, ExprKind, Ident, ObjectKey, TemplatePart};
use crate::value::{Str, Type, Value};
use std::collections::BTreeMap;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Statuses that mean "not there" unless the kind says otherwise.
const GONE: u16 = 404;

/// Reads the blocks of all requests. `collection` and `object` are the paths of those that name none.
pub(super) fn requests(fields: &mut Fields<'_>, kind: &mut Kind, diags: &mut Diagnostics) {
    let collection = fields.take("collection").map(|a| a.expr.clone());
    let object = fields.take("object").map(|a| a.expr.clone());
    let object = object.or_else(|| collection.as_ref().map(one_of));
    let needed = kind.provider.is_some().then_some(kind.span);
    if kind.read_only {
        for name in ["create", "update", "delete", "marker"] {
            unexpected(fields, name, kind, diags);
        }
    } else {
        kind.create = verb(fields, "create", "POST", collection.as_ref(), needed, diags);
    }
    kind.read = verb(fields, "read", "GET", object.as_ref(), needed, diags);
    if !kind.read_only {
        kind.update = verb(fields, "update", "PATCH", object.as_ref(), None, diags);
        kind.delete = verb(fields, "delete", "DELETE", object.as_ref(), needed, diags);
    }
    kind.list = fields.block("list", diags).and_then(|block| list(block, collection.as_ref(), diags).ok());
    check_words(kind, diags);
}

/// What is only read is neither made nor changed.
fn unexpected(fields: &mut Fields<'_>, name: &'static str, kind: &Kind, diags: &mut Diagnostics) {
    for block in fields.blocks(name) {
        diags.error(
            Diagnostic::error("Unexpected request")
                .at(block.header)
                .label(format!("`{}` is `read_only`", kind.name)),
        );
    }
}

/// `<collection>/${id}`.
fn one_of(collection: &Expr) -> Expr {
    let span = collection.span;
    let mut parts = match &collection.kind {
        ExprKind::Template(parts) => parts.clone(),
        ExprKind::Literal(value) => {
            vec![TemplatePart::Literal(value.as_str().unwrap_or_default().into(), span)]
        }
        _ => vec![TemplatePart::Interpolation(collection.clone())],
    };
    let id = ExprKind::Traversal { root: Ident { name: "id".into(), span }, steps: Vec::new() };
    parts.push(TemplatePart::Literal("/".into(), span));
    parts.push(TemplatePart::Interpolation(Expr { kind: id, span }));
    Expr { kind: ExprKind::Template(parts), span }
}

/// One verb's block, or what follows from the kind's paths. `needed`: where its absence is a mistake.
fn verb(
    fields: &mut Fields<'_>,
    name: &'static str,
    method: &str,
    default: Option<&Expr>,
    needed: Option<Span>,
    diags: &mut Diagnostics,
) -> Option<Request> {
    let default = default.map(|path| Request::plain(method, path.clone()));
    let Some(block) = fields.block(name, diags) else {
        let header = needed?;
        return default.or_else(|| {
            missing("kind", name, header, diags);
            None
        });
    };
    let mut fields = Fields::new(name, block.header, &block.body);
    let request = request(&mut fields, block, default, diags).ok();
    fields.finish(diags);
    request
}

impl Request {
    fn plain(method: &str, path: Expr) -> Self {
        Self {
            method: method.to_owned(),
            span: path.span,
            path,
            query: BTreeMap::new(),
            headers: BTreeMap::new(),
            gone: vec![GONE],
        }
    }
}

/// `request`, `query`, `headers` and `gone` of a block.
fn request(
    fields: &mut Fields<'_>,
    block: &Block,
    default: Option<Request>,
    diags: &mut Diagnostics,
) -> Result<Request, Reported> {
    let line = fields.take("request");
    let query = fields.take("query").map(|a| pairs(a, diags)).unwrap_or_default();
    let headers = fields.take("headers").map(|a| pairs(a, diags)).unwrap_or_default();
    let gone = statuses(fields, "gone", diags).unwrap_or_else(|| vec![GONE]);
    let request = match (line, default) {
        (Some(line), _) => from_line(&line.expr, diags)?,
        (None, Some(default)) => default,
        (None, None) => return Err(missing(&block.kind.name, "request", block.header, diags)),
    };
    Ok(Request { query, headers, gone, ..request })
}

/// `"PUT /instances/${id}/enabled"`.
pub(super) fn from_line(expr: &Expr, diags: &mut Diagnostics) -> Result<Request, Reported> {
    let (first, rest) = match &expr.kind {
        ExprKind::Literal(value) => (value.as_str(), None),
        ExprKind::Template(parts) => match parts.split_first() {
            Some((TemplatePart::Literal(text, _), rest)) => (Some(text.as_str()), Some(rest)),
            _ => (None, None),
        },
        _ => (None, None),
    };
    let Some((method, start)) = first.and_then(|text| text.split_once(' ')) else {
        return Err(not_a_request(expr.span, "expected a method and a path, as in `GET /things`", diags));
    };
    if !METHODS.contains(&method) {
        return Err(not_a_request(expr.span, "the method is one of GET, POST, PUT, PATCH and DELETE", diags));
    }
    if !start.starts_with('/') {
        return Err(not_a_request(
            expr.span,
            "the path starts with `/`, under the provider's base URL",
            diags,
        ));
    }
    let kind = match rest {
        None => ExprKind::Literal(Value::string(start)),
        Some(rest) => {
            let start = TemplatePart::Literal(Str::from(start), expr.span);
            ExprKind::Template(std::iter::once(start).chain(rest.iter().cloned()).collect())
        }
    };
    Ok(Request::plain(method, Expr { kind, span: expr.span }))
}

fn not_a_request(span: Span, label: &str, diags: &mut Diagnostics) -> Reported {
    diags.error(Diagnostic::error("Invalid request").at(span).label(label))
}

/// The pairs of `query = { hydrate = "false" }`.
pub(super) fn pairs(attribute: &Attribute, diags: &mut Diagnostics) -> BTreeMap<String, Expr> {
    let ExprKind::Object(pairs) = &attribute.expr.kind else {
        let label = "expected pairs in braces: `{ name = value }`";
        diags.error(Diagnostic::error("Incorrect attribute value type").at(attribute.expr.span).label(label));
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (key, expr) in pairs {
        let name = match key {
            ObjectKey::Word(word) => Some(word.name.to_string()),
            ObjectKey::Expr(Expr { kind: ExprKind::Literal(value), .. }) => value.as_str().map(str::to_owned),
            ObjectKey::Expr(_) => None,
        };
        match name {
            Some(name) => drop(found.insert(name, expr.clone())),
            None => {
                let label = "a name here is a word or a quoted string";
                diags.error(Diagnostic::error("Invalid name").at(expr.span).label(label));
            }
        }
    }
    found
}

/// A list of HTTP statuses.
fn statuses(fields: &mut Fields<'_>, name: &'static str, diags: &mut Diagnostics) -> Option<Vec<u16>> {
    let (value, span) = fields.constant(name, &Type::list(Type::Number), diags)?;
    let status = |value: Value| {
        let status = value.as_number()?.as_i64()?;
        u16::try_from(status).ok().filter(|status| (100..600).contains(status))
    };
    let found: Option<Vec<_>> = value.elements().map(|(_, value)| status(value)).collect();
    if found.is_none() {
        let label = "a status is a whole number from 100 to 599";
        diags.error(Diagnostic::error("Invalid status").at(span).label(label));
    }
    found
}

fn list(block: &Block, collection: Option<&Expr>, diags: &mut Diagnostics) -> Result<List, Reported> {
    let mut fields = Fields::new("list", block.header, &block.body);
    let default = collection.map(|path| Request::plain("GET", path.clone()));
    let request = request(&mut fields, block, default, diags);
    let empty = statuses(&mut fields, "empty", diags).unwrap_or_default();
    let at = fields.text("at", diags).map(path).unwrap_or_default();
    let page = fields.block("page", diags).and_then(|block| page(block, diags));
    let marker_param = fields.block("search", diags).and_then(|block| search(block, diags));
    fields.finish(diags);
    Ok(List { request: request?, empty, at, page, marker_param })
}

fn page(block: &Block, diags: &mut Diagnostics) -> Option<Page> {
    let mut fields = Fields::new("page", block.header, &block.body);
    let size = size(&mut fields, block.header, diags);
    let mut text = |name| {
        let text = fields.text(name, diags);
        text.or_else(|| {
            missing("page", name, block.header, diags);
            None
        })
    };
    let params = (text("size_param"), text("token_param"), text("token_header"));
    fields.finish(diags);
    let (size_param, token_param, token_header) = params;
    Some(Page {
        size: size?,
        size_param: size_param?,
        token_param: token_param?,
        token_header: token_header?,
    })
}

fn size(fields: &mut Fields<'_>, header: Span, diags: &mut Diagnostics) -> Option<u32> {
    let Some((value, span)) = fields.constant("size", &Type::Number, diags) else {
        missing("page", "size", header, diags);
        return None;
    };
    let size =
        value.as_number().and_then(|n| n.as_i64()).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    if size.is_none() {
        let label = "a page holds a whole number of objects, at least 1";
        diags.error(Diagnostic::error("Invalid page size").at(span).label(label));
    }
    size
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

/// Evaluates every path, query and header once, over unknown values: what a create or list may name is known before there is an object.
fn check_words(kind: &Kind, diags: &mut Diagnostics) {
    let mut before = Words::new();
    for attribute in kind.attributes.values().filter(|attribute| attribute.is_argument() || kind.read_only) {
        before = before.with(&attribute.name, Value::unknown(attribute.constraint.ty()));
    }
    let mut after = Words::new().with("id", Value::unknown_not_null(Type::String));
    for attribute in kind.attributes.values().filter(|attribute| &*attribute.name != "id") {
        after = after.with(&attribute.name, Value::unknown(attribute.constraint.ty()));
    }
    let toggles = kind.attributes.values().filter_map(|attribute| attribute.toggle.as_ref());
    let later = [&kind.read, &kind.update, &kind.delete].into_iter().flatten();
    for request in later.chain(toggles.flat_map(|toggle| [&toggle.on, &toggle.off])) {
        check_request(request, &after, diags);
    }
    for request in kind.create.iter().chain(kind.list.as_ref().map(|list| &list.request)) {
        check_request(request, &before, diags);
    }
}

fn check_request(request: &Request, words: &Words, diags: &mut Diagnostics) {
    let parts = std::iter::once(&request.path).chain(request.query.values()).chain(request.headers.values());
    parts.for_each(|expr| check(expr, words, diags));
}
