//! Cases as data: what parses to which tree, and which complaint stands where.

mod complaints;
mod differential;
mod expressions;
mod formatting;
mod json;
mod limits;
mod show;
mod templates;

use super::{Body, parse, parse_expression, parse_template};
use crate::diag::{Diagnostics, FileId, Sources};

/// Parses a file and gives what was found and what was said, as `line:column summary`.
fn file(text: &str) -> (Body, Vec<String>) {
    let (sources, id) = source(text);
    let mut diags = Diagnostics::new();
    let body = parse(&sources, id, &mut diags);
    (body, said(&sources, &diags))
}

fn source(text: &str) -> (Sources, FileId) {
    let mut sources = Sources::new();
    let id = sources.add("main.hcl", text);
    (sources, id)
}

fn said(sources: &Sources, diags: &Diagnostics) -> Vec<String> {
    let place = |d: &&crate::diag::Diagnostic| {
        let at = d.span.map(|span| sources.position(span.file, span.start as usize));
        at.map_or(d.summary.clone(), |at| format!("{}:{} {}", at.line, at.column, d.summary))
    };
    diags.sorted().iter().map(place).collect()
}

/// The tree of an expression as typed at a prompt, or the first complaint's summary and detail.
fn expression(text: &str) -> Result<String, (String, String)> {
    let (sources, id) = source(text);
    let mut diags = Diagnostics::new();
    let expr = parse_expression(&sources, id, &mut diags);
    outcome(expr, &diags)
}

fn template(text: &str) -> Result<String, (String, String)> {
    let (sources, id) = source(text);
    let mut diags = Diagnostics::new();
    let expr = parse_template(&sources, id, &mut diags);
    outcome(expr, &diags)
}

/// The tree of an expression as the value of an argument.
fn in_body(text: &str) -> Result<String, (String, String)> {
    let (sources, id) = source(&format!("e = {text}\n"));
    let mut diags = Diagnostics::new();
    let mut body = parse(&sources, id, &mut diags);
    outcome(body.attributes.pop().map(|attribute| attribute.expr), &diags)
}

fn outcome(expr: Option<super::Expr>, diags: &Diagnostics) -> Result<String, (String, String)> {
    if let Some(first) = diags.sorted().first() {
        assert!(expr.is_none(), "an expression with a complaint was kept");
        return Err((first.summary.clone(), first.detail.clone()));
    }
    Ok(show::expr(&expr.expect("no complaint, so an expression")))
}

/// Checks that a text gives a tree, both at a prompt and as an argument's value.
fn check(text: &str, tree: &str) {
    assert_eq!(expression(text).as_deref(), Ok(tree), "at a prompt: {text}");
    assert_eq!(in_body(text).as_deref(), Ok(tree), "in a body: {text}");
}
