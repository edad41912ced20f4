//! Text → [`Body`] with spans: the one door to the parser.
//!
//! A file is scanned ([`scan`]), cut into its top-level items ([`items`]), and each item is parsed by `hcl-edit`
//! ([`convert`]); what that crate refuses or reads differently from HCL goes to our own parser ([`native`]), which also
//! words the complaints as HCL does. Strings and heredocs are always read by the latter. Later stages see one tree
//! whatever the file looked like.

mod ast;
mod complain;
mod complete;
pub use complete::is_complete;
mod convert;
mod format;
mod heredoc;
mod items;
pub mod json;
mod literal;
mod native;
mod nesting;
mod scan;

#[cfg(test)]
mod tests;

pub use ast::{
    Attribute, BinaryOp, Block, Body, Expr, ExprKind, For, Ident, Label, ObjectKey, Step, TemplatePart,
    UnaryOp,
};

pub use format::format;

use crate::diag::{Diagnostic, Diagnostics, FileId, Reported, Sources, Span};
use scan::Token;
use std::path::PathBuf;

/// Adds a file's bytes to the sources, if they are UTF-8; reports where they are not.
pub fn decode(
    sources: &mut Sources,
    path: impl Into<PathBuf>,
    bytes: Vec<u8>,
    diags: &mut Diagnostics,
) -> Result<FileId, Reported> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(sources.add(path, text)),
        Err(error) => error,
    };
    let at = bytes.utf8_error().valid_up_to();
    let bad = bytes.as_bytes()[at];
    let file = sources.add(path, String::from_utf8_lossy(bytes.as_bytes()));
    let replaced = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
    let diagnostic = Diagnostic::error("Invalid character encoding")
        .at(Span::new(file, replaced))
        .label(format!("byte 0x{bad:02X} is not UTF-8 here"))
        .detail(
            "All input files must be UTF-8 encoded. Ensure that UTF-8 encoding is selected in your editor.",
        );
    Err(diags.error(diagnostic))
}

/// Parses a configuration file. Keeps every top-level item that can be read, reports every one that cannot.
pub fn parse(sources: &Sources, file: FileId, diags: &mut Diagnostics) -> Body {
    items::parse(sources.text(file), file, diags)
}

/// Parses a file in HCL's JSON syntax. Its body has arguments only: [`json::shape`] tells the blocks among them.
pub fn parse_json(sources: &Sources, file: FileId, diags: &mut Diagnostics) -> Body {
    json::parse(sources.text(file), file, json::Strings::Templates, diags)
}

/// Parses a file of values in JSON: its strings are no templates.
pub fn parse_json_values(sources: &Sources, file: FileId, diags: &mut Diagnostics) -> Body {
    let body = json::parse(sources.text(file), file, json::Strings::Plain, diags);
    json::shape(body, |_| None, diags)
}

/// Parses a text that is one expression, as typed at a prompt: newlines mean nothing.
pub fn parse_expression(sources: &Sources, file: FileId, diags: &mut Diagnostics) -> Option<Expr> {
    let text = sources.text(file);
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    whole_expression(text, file, &scan::code(text, start), diags)
}

/// Parses a text that is a template as a whole.
pub fn parse_template(sources: &Sources, file: FileId, diags: &mut Diagnostics) -> Option<Expr> {
    let text = sources.text(file);
    whole_template(text, file, &scan::template(text), diags)
}

fn whole_expression(text: &str, file: FileId, tokens: &[Token], diags: &mut Diagnostics) -> Option<Expr> {
    let invalid = complain::invalid_tokens(text, file, tokens, diags);
    let mut parser = native::Parser::new(text, file, tokens, diags).ignoring_newlines();
    native::with_room(tokens, || parser.whole_expression()).ok().filter(|_| !invalid)
}

fn whole_template(text: &str, file: FileId, tokens: &[Token], diags: &mut Diagnostics) -> Option<Expr> {
    let invalid = complain::invalid_tokens(text, file, tokens, diags);
    let mut parser = native::Parser::new(text, file, tokens, diags);
    native::with_room(tokens, || parser.whole_template()).ok().filter(|_| !invalid)
}
