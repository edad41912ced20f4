//! A body's arguments and blocks, taken out one by one by name; what nobody took is a mistake of the author.

use crate::diag::{Diagnostic, Diagnostics, Reported, Span, did_you_mean};
use crate::eval;
use crate::syntax::{Attribute, Block, Body, Expr};
use crate::value::{Type, Value, convert};

/// The contents of one block while it is decoded.
pub(crate) struct Fields<'a> {
    /// What the block is called in complaints: `variable`, `lifecycle`.
    what: &'a str,
    header: Span,
    attributes: Vec<&'a Attribute>,
    blocks: Vec<&'a Block>,
    known: Vec<&'static str>,
    known_blocks: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(what: &'a str, header: Span, body: &'a Body) -> Self {
        Self {
            what,
            header,
            attributes: body.attributes.iter().collect(),
            blocks: body.blocks.iter().collect(),
            known: Vec::new(),
            known_blocks: Vec::new(),
        }
    }

    /// The argument of that name, if given.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Attribute> {
        self.known.push(name);
        let at = self.attributes.iter().position(|a| &*a.name.name == name)?;
        Some(self.attributes.remove(at))
    }

    pub(crate) fn require(
        &mut self,
        name: &'static str,
        diags: &mut Diagnostics,
    ) -> Result<&'a Attribute, Reported> {
        self.take(name).ok_or_else(|| missing(self.what, name, self.header, diags))
    }

    /// The blocks of that type.
    pub(crate) fn blocks(&mut self, name: &'static str) -> Vec<&'a Block> {
        self.known_blocks.push(name);
        let (taken, rest) = self.blocks.drain(..).partition(|b| &*b.kind.name == name);
        self.blocks = rest;
        taken
    }

    /// The one block of that type, if given; a second is reported.
    pub(crate) fn block(&mut self, name: &'static str, diags: &mut Diagnostics) -> Option<&'a Block> {
        let blocks = self.blocks(name);
        for extra in blocks.iter().skip(1) {
            diags.error(
                Diagnostic::error(format!("Duplicate {name} block"))
                    .at(extra.header)
                    .label(format!("only one `{name}` block may stand here"))
                    .related(blocks[0].header, "the first one"),
            );
        }
        blocks.first().copied()
    }

    /// A constant argument, converted; `None` when it is not given or null.
    pub(crate) fn constant(
        &mut self,
        name: &'static str,
        ty: &Type,
        diags: &mut Diagnostics,
    ) -> Option<(Value, Span)> {
        let attribute = self.take(name)?;
        let value = constant(&attribute.expr, ty, diags).ok()?;
        (!value.is_null()).then_some((value, attribute.expr.span))
    }

    pub(crate) fn text(&mut self, name: &'static str, diags: &mut Diagnostics) -> Option<String> {
        self.literal(name, &Type::String, diags)?.as_str().map(str::to_owned)
    }

    pub(crate) fn flag(&mut self, name: &'static str, diags: &mut Diagnostics) -> Option<bool> {
        self.literal(name, &Type::Bool, diags)?.as_bool()
    }

    /// An argument in which nothing is computed and that, where it stands, is not null.
    fn literal(&mut self, name: &'static str, ty: &Type, diags: &mut Diagnostics) -> Option<Value> {
        let expr = &self.take(name)?.expr;
        let value = eval::literal(expr, diags).ok()?;
        if value.is_null() {
            diags.error(unsuitable(expr, "null value is not allowed"));
            return None;
        }
        converted(&value, expr, ty, diags).ok()
    }

    /// Reports whatever was not taken.
    pub(crate) fn finish(self, diags: &mut Diagnostics) {
        for attribute in &self.attributes {
            let name = &*attribute.name.name;
            let near = did_you_mean(name, self.known.iter().copied());
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            diags.error(
                Diagnostic::error("Unsupported argument")
                    .at(attribute.name.span)
                    .label(format!("`{}` has no argument `{name}`{hint}", self.what))
                    .detail(format!("An argument named \"{name}\" is not expected here.")),
            );
        }
        for block in &self.blocks {
            let name = &*block.kind.name;
            let near = did_you_mean(name, self.known_blocks.iter().copied());
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            diags.error(
                Diagnostic::error("Unsupported block type")
                    .at(block.kind.span)
                    .label(format!("`{}` has no block `{name}`{hint}", self.what))
                    .detail(format!("Blocks of type \"{name}\" are not expected here.")),
            );
        }
    }
}

pub(crate) fn missing(what: &str, name: &str, header: Span, diags: &mut Diagnostics) -> Reported {
    diags.error(
        Diagnostic::error("Missing required argument")
            .at(header)
            .label(format!("`{what}` needs `{name}`"))
            .detail(format!("The argument \"{name}\" is required, but no definition was found.")),
    )
}

/// Evaluates an expression that may not refer to anything, and converts it.
pub(crate) fn constant(expr: &Expr, ty: &Type, diags: &mut Diagnostics) -> Result<Value, Reported> {
    let value = eval::constant(expr, diags)?;
    converted(&value, expr, ty, diags)
}

pub(super) fn converted(
    value: &Value,
    expr: &Expr,
    ty: &Type,
    diags: &mut Diagnostics,
) -> Result<Value, Reported> {
    convert(value, ty).map_err(|problem| diags.error(unsuitable(expr, &problem.to_string())))
}

fn unsuitable(expr: &Expr, problem: &str) -> Diagnostic {
    Diagnostic::error("Unsuitable value type")
        .at(expr.span)
        .label(problem)
        .detail(format!("Unsuitable value: {problem}"))
}

/// The label that names a block, or a complaint about its number of labels.
pub(crate) fn labels<'a, const N: usize>(
    block: &'a Block,
    names: [&str; N],
    diags: &mut Diagnostics,
) -> Result<[&'a crate::syntax::Label; N], Reported> {
    let what = &block.kind.name;
    if let Some(name) = names.get(block.labels.len()) {
        return Err(diags.error(
            Diagnostic::error(format!("Missing {name} for {what}"))
                .at(block.header)
                .label(format!("a name belongs here: `{what} \"…\" {{`"))
                .detail(format!("All {what} blocks must have {N} labels ({}).", names.join(", "))),
        ));
    }
    if let Some(extra) = block.labels.get(N) {
        return Err(diags.error(
            Diagnostic::error(format!("Extraneous label for {what}"))
                .at(extra.span)
                .label(format!("`{what}` takes {N} label{}", if N == 1 { "" } else { "s" }))
                .detail(format!("Only {N} labels ({}) are expected for {what} blocks.", names.join(", "))),
        ));
    }
    let mut found = block.labels.iter();
    Ok(std::array::from_fn(|_| found.next().unwrap_or(&block.labels[0])))
}
