//! The JSON form of a file → the body that the native form would have given.
//!
//! JSON does not say which properties are blocks, which are expressions and which are words of the language. [`Shape`] says it
//! for every block, so that decoding knows nothing of JSON. (HCL's JSON specification, "Structural Elements".)

use crate::diag::{Diagnostics, Sources};
use crate::syntax::json::{literal, shape, static_expression};
use crate::syntax::{Attribute, Block, Body, Expr, ExprKind, ObjectKey};

/// What the properties of one block are. Those that are not named are expressions, whose strings are templates.
struct Shape {
    /// Blocks: name, number of labels, and what is inside.
    blocks: &'static [(&'static str, usize, &'static Shape)],
    /// Types, references and keywords: their strings are read as code.
    code: &'static [&'static str],
    /// Constants: their strings are taken as they are.
    constants: &'static [&'static str],
}

const PLAIN: Shape = Shape { blocks: &[], code: &[], constants: &[] };

const LIFECYCLE: Shape = Shape {
    blocks: &[("precondition", 0, &PLAIN), ("postcondition", 0, &PLAIN)],
    code: &["ignore_changes", "replace_triggered_by"],
    constants: &[],
};

const RESOURCE: Shape = Shape {
    blocks: &[("lifecycle", 0, &LIFECYCLE), ("timeouts", 0, &PLAIN)],
    code: &["depends_on", "provider"],
    constants: &[],
};

const PAGED: Shape =
    Shape { blocks: &[("page", 0, &PLAIN), ("search", 0, &PLAIN)], code: &[], constants: &[] };

const ATTRIBUTE: Shape = Shape { blocks: &[], code: &["type"], constants: &["description"] };

const KIND: Shape = Shape {
    blocks: &[
        ("attribute", 1, &ATTRIBUTE),
        ("computed", 1, &ATTRIBUTE),
        ("create", 0, &PLAIN),
        ("read", 0, &PLAIN),
        ("update", 0, &PLAIN),
        ("delete", 0, &PLAIN),
        ("list", 0, &PAGED),
        ("marker", 0, &PLAIN),
        ("catalogue", 1, &PLAIN),
        ("errors", 0, &PLAIN),
        ("data", 0, &PLAIN),
    ],
    code: &[],
    constants: &["description", "provider"],
};

const FILE: Shape = Shape {
    blocks: &[
        (
            "isotope",
            0,
            &Shape {
                blocks: &[("backend", 1, &PLAIN), ("encryption", 0, &PLAIN)],
                code: &[],
                constants: &["required_version"],
            },
        ),
        ("provider", 1, &Shape { blocks: &[], code: &[], constants: &["alias"] }),
        (
            "variable",
            1,
            &Shape {
                blocks: &[("validation", 0, &PLAIN)],
                code: &["type"],
                constants: &["default", "description"],
            },
        ),
        ("locals", 0, &PLAIN),
        (
            "output",
            1,
            &Shape {
                blocks: &[("precondition", 0, &PLAIN)],
                code: &["depends_on"],
                constants: &["description"],
            },
        ),
        (
            "module",
            1,
            &Shape { blocks: &[], code: &["depends_on", "providers"], constants: &["source", "version"] },
        ),
        ("kind", 1, &KIND),
        ("data", 2, &RESOURCE),
        ("moved", 0, &Shape { blocks: &[], code: &["from", "to"], constants: &[] }),
        ("removed", 0, &Shape { blocks: &[("lifecycle", 0, &LIFECYCLE)], code: &["from"], constants: &[] }),
        ("import", 0, &Shape { blocks: &[], code: &["to", "provider"], constants: &[] }),
        (
            "check",
            1,
            &Shape { blocks: &[("assert", 0, &PLAIN), ("data", 2, &RESOURCE)], code: &[], constants: &[] },
        ),
    ],
    code: &[],
    constants: &[],
};

/// Turns a configuration file's body, which has arguments only, into blocks.
pub(super) fn configuration(body: Body, sources: &Sources, diags: &mut Diagnostics) -> Body {
    // Whatever is no word of the language is a kind.
    let shaped = shape(body, |name| Some(inner(&FILE, name).map_or(1, |(labels, _)| labels)), diags);
    let blocks = shaped.blocks.into_iter().map(|block| {
        let of = inner(&FILE, &block.kind.name).map_or(&RESOURCE, |(_, shape)| shape);
        within(block, of, sources, diags)
    });
    Body { blocks: blocks.collect(), ..shaped }
}

fn inner(of: &Shape, name: &str) -> Option<(usize, &'static Shape)> {
    let (_, labels, shape) = of.blocks.iter().find(|(known, ..)| *known == name)?;
    Some((*labels, *shape))
}

fn within(block: Block, of: &Shape, sources: &Sources, diags: &mut Diagnostics) -> Block {
    let shaped = shape(block.body, |name| inner(of, name).map(|(labels, _)| labels), diags);
    let attributes = shaped.attributes.into_iter().filter_map(|a| argument(a, of, sources, diags)).collect();
    let blocks = shaped.blocks.into_iter().map(|block| match inner(of, &block.kind.name) {
        Some((_, shape)) => within(block, shape, sources, diags),
        None => block,
    });
    let blocks = blocks.collect();
    Block { body: Body { attributes, blocks, end: shaped.end }, ..block }
}

/// An argument with its strings read as its name wants. `None` after a complaint.
fn argument(
    attribute: Attribute,
    of: &Shape,
    sources: &Sources,
    diags: &mut Diagnostics,
) -> Option<Attribute> {
    let name = &*attribute.name.name;
    let expr = if of.code.contains(&name) {
        code(&attribute.expr, sources, diags)?
    } else if of.constants.contains(&name) {
        literal(sources, &attribute.expr)
    } else {
        return Some(attribute);
    };
    Some(Attribute { expr, ..attribute })
}

/// A string as code; of a list each element, of an object each value.
fn code(expr: &Expr, sources: &Sources, diags: &mut Diagnostics) -> Option<Expr> {
    let kind = match &expr.kind {
        ExprKind::Tuple(elements) => {
            let elements: Vec<_> = elements.iter().map(|element| code(element, sources, diags)).collect();
            ExprKind::Tuple(elements.into_iter().collect::<Option<_>>()?)
        }
        ExprKind::Object(entries) => {
            let entry = |(key, value): &(ObjectKey, Expr)| Some((key.clone(), code(value, sources, diags)?));
            let entries: Vec<_> = entries.iter().map(entry).collect();
            ExprKind::Object(entries.into_iter().collect::<Option<_>>()?)
        }
        _ => return static_expression(sources, expr, diags),
    };
    Some(Expr { kind, span: expr.span })
}
