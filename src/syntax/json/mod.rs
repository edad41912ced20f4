//! HCL's JSON syntax: a file of objects → [`Body`].
//!
//! What a JSON property is, an argument or blocks, only the reader's schema can tell. So a body comes out with arguments
//! alone, whose expressions are literals, tuples, objects and the templates that strings are; [`shape`] turns those
//! that are blocks into such, given how many labels each kind has, one level at a time.

mod read;
mod respan;

use super::ast::{Attribute, Block, Body, Expr, ExprKind, Ident, Label, ObjectKey};
use super::scan;
use crate::diag::{Diagnostic, Diagnostics, FileId, Sources, Span};
use crate::value::{Str, Type, Value};
use read::{Node, NodeKind, Text};
use std::collections::HashMap;

const WRONG_TYPE: &str = "Incorrect JSON value type";

/// Whether a string in the file may be a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strings {
    Templates,
    Plain,
}

/// Parses a file. After a mistake in the JSON itself the body is empty.
pub(super) fn parse(text: &str, file: FileId, strings: Strings, diags: &mut Diagnostics) -> Body {
    let mut body = Body { end: Some(Span::new(file, text.len()..text.len())), ..Body::default() };
    let Ok(root) = read::read(text, file, diags) else { return body };
    let objects = match root.kind {
        NodeKind::Array(items) => items,
        _ => vec![root],
    };
    for object in objects {
        match object.kind {
            NodeKind::Object(items) => {
                let items = items.into_iter().filter(|(name, ..)| name.text != "//");
                let items: Vec<_> = items.map(|item| attribute(item, strings, diags)).collect();
                body.attributes.extend(items.into_iter().flatten());
            }
            _ => root_is_no_object(object.span, diags),
        }
    }
    body
}

fn root_is_no_object(span: Span, diags: &mut Diagnostics) {
    let detail = "The root value in a JSON-based configuration must be either a JSON object or a JSON array of objects.";
    diags.push(Diagnostic::error("Root value must be object").at(span).detail(detail));
}

fn attribute(
    (name, name_span, value): (Text, Span, Node),
    strings: Strings,
    diags: &mut Diagnostics,
) -> Option<Attribute> {
    let expr = expression(value, strings, diags)?;
    let span = name_span.to(expr.span);
    Some(Attribute { name: Ident { name: name.text.as_str().into(), span: name_span }, expr, span })
}

/// A value as an expression. `None` if a template in it is wrong, which was reported.
fn expression(node: Node, strings: Strings, diags: &mut Diagnostics) -> Option<Expr> {
    let span = node.span;
    let kind = match node.kind {
        NodeKind::Null => ExprKind::Literal(Value::Null(Type::Dynamic)),
        NodeKind::Bool(value) => ExprKind::Literal(Value::Bool(value)),
        NodeKind::Number(number) => ExprKind::Literal(Value::Number(number)),
        NodeKind::String(text) => return string(&text, span, strings, diags),
        NodeKind::Array(items) => {
            let items: Vec<_> = items.into_iter().map(|item| expression(item, strings, diags)).collect();
            ExprKind::Tuple(items.into_iter().collect::<Option<_>>()?)
        }
        NodeKind::Object(items) => {
            let item = |(name, name_span, value): (Text, Span, Node)| {
                let key = string(&name, name_span, strings, diags);
                let value = expression(value, strings, diags);
                Some((ObjectKey::Expr(Box::new(key?)), value?))
            };
            let items: Vec<_> = items.into_iter().map(item).collect();
            ExprKind::Object(items.into_iter().collect::<Option<_>>()?)
        }
    };
    Some(Expr { kind, span })
}

/// A string: a template, if it has a sequence or an escaped one.
fn string(text: &Text, span: Span, strings: Strings, diags: &mut Diagnostics) -> Option<Expr> {
    let has_sequence = text.text.contains("${") || text.text.contains("%{");
    if strings == Strings::Plain || !has_sequence {
        let literal = Value::String(Str::new(&text.text));
        return Some(Expr { kind: ExprKind::Literal(literal), span });
    }
    let tokens = scan::template(&text.text);
    let expr = within(text, diags, |said| super::whole_template(&text.text, span.file, &tokens, said))?;
    Some(Expr { span, ..expr })
}

/// Runs a parser on what a JSON string says, and moves all places to where they are in the file.
fn within(
    text: &Text,
    diags: &mut Diagnostics,
    parse: impl FnOnce(&mut Diagnostics) -> Option<Expr>,
) -> Option<Expr> {
    let mut said = Diagnostics::new();
    let place = |span: Span| Span { start: text.offset(span.start), end: text.offset(span.end), ..span };
    let mut expr = parse(&mut said);
    if let Some(expr) = &mut expr {
        respan::expr(expr, &place);
    }
    for mut diagnostic in said.take() {
        diagnostic.span = diagnostic.span.map(place);
        diagnostic.related.iter_mut().for_each(|(span, _)| *span = place(*span));
        diags.push(diagnostic);
    }
    expr
}

/// Reads a string as the expression that its text is: what stands where the language wants a type, a reference or a name
/// (`"type": "list(string)"`, `"depends_on": ["instance.x"]`). Every other expression comes back as it is.
pub fn static_expression(sources: &Sources, expr: &Expr, diags: &mut Diagnostics) -> Option<Expr> {
    let is_string = matches!(expr.kind, ExprKind::Literal(Value::String(_)));
    let Some(text) = string_of(sources, expr).filter(|_| is_string) else { return Some(expr.clone()) };
    let file = expr.span.file;
    let tokens = scan::code(&text.text, 0);
    within(&text, diags, |said| super::whole_expression(&text.text, file, &tokens, said))
}

/// The same value with its strings taken as they are, not as templates: for files of variables and for defaults.
pub fn literal(sources: &Sources, expr: &Expr) -> Expr {
    let raw = |expr: &Expr| literal(sources, expr);
    let kind = match &expr.kind {
        ExprKind::Tuple(items) => ExprKind::Tuple(items.iter().map(raw).collect()),
        ExprKind::Object(items) => {
            let key = |key: &ObjectKey| match key {
                ObjectKey::Expr(key) => ObjectKey::Expr(Box::new(raw(key))),
                ObjectKey::Word(word) => ObjectKey::Word(word.clone()),
            };
            ExprKind::Object(items.iter().map(|(name, value)| (key(name), raw(value))).collect())
        }
        kind => match string_of(sources, expr) {
            Some(text) => ExprKind::Literal(Value::String(Str::new(&text.text))),
            None => kind.clone(),
        },
    };
    Expr { kind, span: expr.span }
}

/// The string that an expression was made of.
fn string_of(sources: &Sources, expr: &Expr) -> Option<Text> {
    let source = sources.text(expr.span.file);
    source.get(expr.span.range())?.starts_with('"').then_some(())?;
    read::string_at(source, expr.span.file, expr.span.start as usize)
}

/// Turns the arguments of a JSON body that are blocks into blocks. `labels` tells how many labels a kind of block has, or
/// that a name is an argument. Bodies of the blocks have arguments only: they are shaped in turn by whoever knows theirs.
pub fn shape(body: Body, labels: impl Fn(&str) -> Option<usize>, diags: &mut Diagnostics) -> Body {
    let mut shaped = Body { attributes: Vec::new(), ..body };
    let mut seen: HashMap<std::sync::Arc<str>, Span> = HashMap::new();
    for attribute in body.attributes {
        match labels(&attribute.name.name) {
            Some(count) => shaped.blocks.extend(as_blocks(&attribute, count, diags)),
            None => {
                let name = &attribute.name;
                if let Some(first) = seen.get(&name.name) {
                    let detail = format!("The argument {:?} was already set.", &*name.name);
                    let diagnostic = Diagnostic::error("Duplicate attribute definition").at(name.span);
                    diags.push(diagnostic.detail(detail).related(*first, "first set here"));
                    continue;
                }
                seen.insert(name.name.clone(), name.span);
                shaped.attributes.push(attribute);
            }
        }
    }
    shaped
}

/// The blocks that an argument stands for: an object for each label, inside them an object, or a list of them, for each block.
pub fn as_blocks(attribute: &Attribute, labels: usize, diags: &mut Diagnostics) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut maker = Maker { kind: &attribute.name, labels, path: Vec::new(), blocks: &mut blocks, diags };
    maker.level(&attribute.expr);
    blocks
}

struct Maker<'a> {
    kind: &'a Ident,
    labels: usize,
    path: Vec<Label>,
    blocks: &'a mut Vec<Block>,
    diags: &'a mut Diagnostics,
}

impl Maker<'_> {
    fn level(&mut self, expr: &Expr) {
        if self.path.len() == self.labels {
            return self.bodies(expr);
        }
        match &expr.kind {
            ExprKind::Object(items) if !items.is_empty() => self.labelled(items),
            ExprKind::Tuple(items) if !items.is_empty() => items.iter().for_each(|item| self.level(item)),
            ExprKind::Object(_) | ExprKind::Tuple(_) | ExprKind::Literal(Value::Null(_)) => {
                self.no_label(expr)
            }
            _ => {
                self.wrong_type(
                    expr.span,
                    "Either a JSON object or JSON array of objects is required here, to specify labels for this block.",
                );
            }
        }
    }

    fn labelled(&mut self, items: &[(ObjectKey, Expr)]) {
        for (key, value) in items {
            match label(key) {
                Some(label) if &*label.value == "//" => {}
                Some(label) => {
                    self.path.push(label);
                    self.level(value);
                    self.path.pop();
                }
                None => self.wrong_type(value.span, "A block's label cannot be a template."),
            }
        }
    }

    fn bodies(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Tuple(items) => items.iter().for_each(|item| self.body(item)),
            ExprKind::Literal(Value::Null(_)) => {}
            ExprKind::Object(_) => self.body(expr),
            _ => {
                let detail = format!(
                    "Either a JSON object or a JSON array is required, representing the contents of one or more {:?} blocks.",
                    &*self.kind.name
                );
                self.wrong_type(expr.span, &detail);
            }
        }
    }

    fn body(&mut self, expr: &Expr) {
        let ExprKind::Object(items) = &expr.kind else {
            return self.wrong_type(
                expr.span,
                "A JSON object is required here, setting the arguments for this block.",
            );
        };
        let argument = |(key, value): &(ObjectKey, Expr)| {
            let Label { value: name, span } = label(key)?;
            (&*name != "//").then(|| Attribute {
                name: Ident { name, span },
                span: span.to(value.span),
                expr: value.clone(),
            })
        };
        let end = Span { start: expr.span.end.saturating_sub(1), ..expr.span };
        let body = Body {
            attributes: items.iter().filter_map(argument).collect(),
            blocks: Vec::new(),
            end: Some(end),
        };
        let header = self.path.last().map_or(self.kind.span, |label| label.span);
        self.blocks.push(Block {
            kind: self.kind.clone(),
            labels: self.path.clone(),
            body,
            header,
            span: expr.span,
        });
    }

    fn no_label(&mut self, expr: &Expr) {
        let which = if self.path.len() + 1 == self.labels { "name" } else { "type" };
        let detail = format!(
            "At least one object property is required, whose name represents the {} block's {which}.",
            self.kind.name
        );
        self.diags.push(Diagnostic::error("Missing block label").at(expr.span).detail(detail));
    }

    fn wrong_type(&mut self, span: Span, detail: &str) {
        self.diags.push(Diagnostic::error(WRONG_TYPE).at(span).detail(detail));
    }
}

/// The text of a property's name, if it is not a template.
fn label(key: &ObjectKey) -> Option<Label> {
    match key {
        ObjectKey::Word(word) => Some(Label { value: word.name.clone(), span: word.span }),
        ObjectKey::Expr(key) => match &key.kind {
            ExprKind::Literal(Value::String(text)) => {
                Some(Label { value: text.as_str().into(), span: key.span })
            }
            _ => None,
        },
    }
}
