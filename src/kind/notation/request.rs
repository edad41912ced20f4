//! The requests of a kind: `create`, `read`, `update`, `delete`, and the words that all requests share.

use super::{check, list, path, wait};
use crate::config::fields::{Fields, missing};
use crate::diag::{Diagnostic, Diagnostics, Reported, Span};
use crate::kind::words::Words;
use crate::kind::{Envelope, Kind, Request};
use crate::syntax::{Attribute, Block, Expr, ExprKind, Ident, ObjectKey, TemplatePart};
use crate::value::{Str, Type, Value};
use std::collections::BTreeMap;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// Statuses that mean "not there" unless the kind says otherwise.
const GONE: u16 = 404;

/// The paths that a kind names once: a request may say `"PUT object"`, or nothing of a path.
#[derive(Default)]
pub(super) struct Paths {
    collection: Option<Expr>,
    object: Option<Expr>,
}

impl Paths {
    /// Takes `collection` and `object` out of a kind's arguments.
    pub(super) fn take(fields: &mut Fields<'_>) -> Self {
        let collection = fields.take("collection").map(|a| a.expr.clone());
        let object = fields.take("object").map(|a| a.expr.clone());
        Self { object: object.or_else(|| collection.as_ref().map(one_of)), collection }
    }

    /// The request of a list that names none.
    pub(super) fn list(&self) -> Option<Request> {
        self.collection.as_ref().map(|path| Request::plain("GET", path.clone()))
    }

    fn named(&self, word: &str) -> Option<&Expr> {
        match word {
            "collection" => self.collection.as_ref(),
            "object" => self.object.as_ref(),
            _ => None,
        }
    }
}

/// Reads the blocks of all requests.
pub(super) fn requests(fields: &mut Fields<'_>, kind: &mut Kind, paths: &Paths, diags: &mut Diagnostics) {
    let needed = kind.provider.is_some().then_some(kind.span);
    if kind.read_only {
        for name in ["create", "update", "delete", "marker"] {
            unexpected(fields, name, kind, diags);
        }
    }
    let made = !kind.read_only;
    let mut verb = |name, method, path: &Option<Expr>, needed| {
        let default = path.as_ref().map(|path| Request::plain(method, path.clone()));
        verb(fields, name, default, needed, paths, diags)
    };
    kind.create = made.then(|| verb("create", "POST", &paths.collection, needed)).flatten();
    kind.read = verb("read", "GET", &paths.object, needed);
    kind.update = made.then(|| verb("update", "PATCH", &paths.object, None)).flatten();
    kind.delete = made.then(|| verb("delete", "DELETE", &paths.object, needed)).flatten();
    let block = fields.block("list", diags);
    kind.list = block.and_then(|block| list::list(block, paths, &kind.attributes, diags).ok());
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
    let mut parts = parts_of(collection);
    let id = ExprKind::Traversal { root: Ident { name: "id".into(), span }, steps: Vec::new() };
    parts.push(TemplatePart::Literal("/".into(), span));
    parts.push(TemplatePart::Interpolation(Expr { kind: id, span }));
    Expr { kind: ExprKind::Template(parts), span }
}

/// The parts of a path's template.
fn parts_of(path: &Expr) -> Vec<TemplatePart> {
    match &path.kind {
        ExprKind::Template(parts) => parts.clone(),
        ExprKind::Literal(value) => {
            vec![TemplatePart::Literal(value.as_str().unwrap_or_default().into(), path.span)]
        }
        _ => vec![TemplatePart::Interpolation(path.clone())],
    }
}

/// One verb's block, or what follows from the kind's paths. `needed`: where its absence is a mistake.
fn verb(
    fields: &mut Fields<'_>,
    name: &'static str,
    default: Option<Request>,
    needed: Option<Span>,
    paths: &Paths,
    diags: &mut Diagnostics,
) -> Option<Request> {
    let Some(block) = fields.block(name, diags) else {
        let header = needed?;
        return default.or_else(|| {
            missing("kind", name, header, diags);
            None
        });
    };
    let mut fields = Fields::new(name, block.header, &block.body);
    let request = request(&mut fields, block, default, paths, diags).ok();
    let reread = fields.flag("reread", diags).unwrap_or(false);
    let id_header = if name == "create" { fields.text("id_header", diags) } else { None };
    let body = if name == "read" { None } else { envelope(&mut fields, "body", diags) };
    if let ("delete", Some(Envelope::At(_))) = (name, &body) {
        let label = "a deletion carries no object; an expression says what it carries: `body = { … }`";
        diags.error(Diagnostic::error("Invalid request").at(block.header).label(label));
    }
    let answer = if name == "delete" { None } else { envelope(&mut fields, "answer", diags) };
    let timeout = wait::limit(&mut fields, "timeout", diags);
    let block = if name == "read" { None } else { fields.block("wait", diags) };
    let wait = block.and_then(|block| wait::wait(block, name == "delete", diags).ok());
    fields.finish(diags);
    let request = Request { reread, id_header, timeout, wait, ..request? };
    Some(Request {
        body: body.unwrap_or(Envelope::none()),
        answer: answer.unwrap_or(Envelope::none()),
        ..request
    })
}

/// JSON keys with dots between them, or an expression.
fn envelope(fields: &mut Fields<'_>, name: &'static str, diags: &mut Diagnostics) -> Option<Envelope> {
    let expr = &fields.take(name)?.expr;
    let ExprKind::Literal(value) = &expr.kind else { return Some(Envelope::Made(expr.clone())) };
    let keys = value.as_str().map(|keys| Envelope::At(path(keys.to_owned())));
    if keys.is_none() {
        let label = "expected keys (`\"data.thing\"`), or an expression over `object`";
        diags.error(Diagnostic::error("Incorrect attribute value type").at(expr.span).label(label));
    }
    keys
}

impl Request {
    pub(super) fn plain(method: &str, path: Expr) -> Self {
        Self {
            method: method.to_owned(),
            span: path.span,
            path,
            query: BTreeMap::new(),
            headers: BTreeMap::new(),
            success: Vec::new(),
            gone: vec![GONE],
            body: Envelope::none(),
            answer: Envelope::none(),
            id_header: None,
            reread: false,
            timeout: None,
            wait: None,
        }
    }
}

/// `request`, `query`, `headers`, `success` and `gone` of a block.
pub(super) fn request(
    fields: &mut Fields<'_>,
    block: &Block,
    default: Option<Request>,
    paths: &Paths,
    diags: &mut Diagnostics,
) -> Result<Request, Reported> {
    let line = fields.take("request");
    let query = fields.take("query").map(|a| pairs(a, diags)).unwrap_or_default();
    let headers = fields.take("headers").map(|a| pairs(a, diags)).unwrap_or_default();
    let success = statuses(fields, "success", diags).unwrap_or_default();
    let gone = statuses(fields, "gone", diags).unwrap_or_else(|| vec![GONE]);
    let request = match (line, default) {
        (Some(line), _) => from_line(&line.expr, paths, diags)?,
        (None, Some(default)) => default,
        (None, None) => return Err(missing(&block.kind.name, "request", block.header, diags)),
    };
    Ok(Request { query, headers, success, gone, ..request })
}

/// `"PUT /instances/${id}/enabled"`, or `"PUT object/enabled"` with the path that the kind names.
pub(super) fn from_line(expr: &Expr, paths: &Paths, diags: &mut Diagnostics) -> Result<Request, Reported> {
    let mut parts = parts_of(expr);
    let first = match parts.first() {
        Some(TemplatePart::Literal(text, _)) => text.to_string(),
        _ => String::new(),
    };
    let Some((method, start)) = first.split_once(' ') else {
        return Err(not_a_request(expr.span, "expected a method and a path, as in `GET /things`", diags));
    };
    if !METHODS.contains(&method) {
        return Err(not_a_request(expr.span, "the method is one of GET, POST, PUT, PATCH and DELETE", diags));
    }
    let (word, rest) = start.split_at(start.find('/').unwrap_or(start.len()));
    let before = match (word, paths.named(word)) {
        // A path may begin with a directive that chooses between several.
        ("", _) if rest.starts_with('/') || parts.len() > 1 => Vec::new(),
        (_, Some(path)) => parts_of(path),
        ("collection" | "object", None) => {
            return Err(not_a_request(expr.span, &format!("this kind names no `{word}` path"), diags));
        }
        _ => {
            let label =
                "the path starts with `/`, under the provider's base URL, or is `object` or `collection`";
            return Err(not_a_request(expr.span, label, diags));
        }
    };
    parts[0] = TemplatePart::Literal(Str::from(rest), expr.span);
    let kind = match (before.is_empty(), parts.as_slice()) {
        (true, [TemplatePart::Literal(path, _)]) => ExprKind::Literal(Value::string(path.clone())),
        _ => ExprKind::Template(before.into_iter().chain(parts).collect()),
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
            ObjectKey::Expr(key) => match &key.kind {
                ExprKind::Literal(value) => value.as_str().map(str::to_owned),
                _ => None,
            },
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
pub(super) fn statuses(
    fields: &mut Fields<'_>,
    name: &'static str,
    diags: &mut Diagnostics,
) -> Option<Vec<u16>> {
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

/// Evaluates every path, query and header once, over unknown values: what a create or list may name is known before there is an object.
pub(super) fn check_words(kind: &Kind, diags: &mut Diagnostics) {
    let mut before = Words::new();
    for attribute in kind.attributes.values().filter(|attribute| attribute.is_argument() || kind.read_only) {
        before = before.with(&attribute.name, Value::unknown(attribute.constraint.ty()));
    }
    if !kind.key.is_empty() {
        before = before.with("id", Value::unknown_not_null(Type::String));
    }
    let after = after(kind);
    let toggles = kind.attributes.values().filter_map(|attribute| attribute.toggle.as_ref());
    let members = kind.attributes.values().filter_map(|attribute| attribute.members.as_ref());
    let later = [&kind.read, &kind.update, &kind.delete].into_iter().flatten();
    let later = later.chain(toggles.flat_map(|toggle| [&toggle.on, &toggle.off]));
    for request in later.chain(members.clone().map(|members| &members.list)) {
        check_request(request, &after, diags);
    }
    for request in members.flat_map(|members| [&members.add, &members.remove]) {
        let words = self::after(kind).with("value", Value::unknown_not_null(Type::String));
        check_request(request, &words, diags);
    }
    for request in kind.create.iter().chain(kind.list.as_ref().map(|list| &list.request)) {
        check_request(request, &before, diags);
    }
    check_envelopes(kind, before, diags);
    let object = Words::new().with("object", Value::unknown(Type::Dynamic));
    let waits = [&kind.create, &kind.update, &kind.delete].into_iter().flatten();
    for wait in waits.filter_map(|request| request.wait.as_ref()) {
        wait.until.iter().chain(&wait.fail).for_each(|expr| check(expr, &object, diags));
    }
}

/// Evaluates once what makes bodies, and what finds objects in answers.
fn check_envelopes(kind: &Kind, before: Words, diags: &mut Diagnostics) {
    let json = || Value::unknown(Type::Dynamic);
    let with_body = |words: Words| words.with("object", json()).with("changes", json());
    let (before, after) = (with_body(before), with_body(after(kind)));
    let later = [&kind.update, &kind.delete].into_iter().flatten().map(|request| (request, &after));
    for (request, words) in kind.create.iter().map(|request| (request, &before)).chain(later) {
        request.body.made().into_iter().for_each(|expr| check(expr, words, diags));
    }
    let answer = Words::new().with("object", json());
    for request in [&kind.create, &kind.read, &kind.update].into_iter().flatten() {
        request.answer.made().into_iter().for_each(|expr| check(expr, &answer, diags));
    }
}

/// The words of a request about an object that there is.
fn after(kind: &Kind) -> Words {
    let words = kind.attributes.values().fold(Words::new(), |words, attribute| {
        words.with(&attribute.name, Value::unknown(attribute.constraint.ty()))
    });
    words.with("id", Value::unknown_not_null(Type::String))
}

fn check_request(request: &Request, words: &Words, diags: &mut Diagnostics) {
    let parts = std::iter::once(&request.path).chain(request.query.values()).chain(request.headers.values());
    parts.for_each(|expr| check(expr, words, diags));
}
