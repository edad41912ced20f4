//! Bodies: arguments, blocks and their labels.

use super::{Failed, Parsed, Parser};
use crate::addr::{self, Name};
use crate::diag::Span;
use crate::syntax::ast::{Attribute, Block, Body, Ident, Label};
use crate::syntax::literal;
use crate::syntax::nesting::Nesting;
use crate::syntax::scan::{Kind, Token};
use rustc_hash::FxHashMap;

/// So many arguments are looked through faster than a table of their names is made.
const FEW: usize = 12;

const REQUIRED: &str = "Argument or block definition required";

impl Parser<'_> {
    /// Reads all items up to the end of the tokens. `None` if one of them was wrong; each that was is reported.
    pub(in crate::syntax) fn file(&mut self) -> Option<Body> {
        let (body, sound) = self.items(Kind::Eof);
        sound.then_some(body)
    }

    /// Reads items up to `end`, which is left. The second is whether all of them could be read.
    fn items(&mut self, end: Kind) -> (Body, bool) {
        let mut body = Body::default();
        let mut seen = FxHashMap::default();
        let mut sound = true;
        let mut broken = false;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Newline => {
                    self.next();
                }
                kind if kind == end || kind == Kind::Eof => break,
                _ => {
                    let outer = std::mem::replace(&mut self.item, self.at);
                    // A brace on its own belongs to the broken item before it.
                    let is_debris = broken && token.kind == Kind::OBrace;
                    broken = is_debris || self.body_item(&mut body, &mut seen).is_err();
                    if broken {
                        sound = false;
                        self.skip_item(end);
                    }
                    self.item = outer;
                }
            }
        }
        body.end = Some(self.end_of_body());
        // What is kept for a whole run has no room to spare: most bodies are short, and a vector grows by fours.
        body.attributes.shrink_to_fit();
        body.blocks.shrink_to_fit();
        (body, sound)
    }

    fn end_of_body(&mut self) -> Span {
        let token = self.peek();
        self.span(token)
    }

    fn body_item(&mut self, body: &mut Body, seen: &mut FxHashMap<Name, Span>) -> Parsed<()> {
        let name = self.next();
        if name.kind != Kind::Ident {
            return Err(self.not_an_item(name));
        }
        let next = self.peek();
        match next.kind {
            Kind::Equal => {
                let attribute = self.attribute(name)?;
                if !self.at(Kind::Eof) && self.eat(Kind::Newline).is_none() {
                    return Err(self.no_newline_after_argument());
                }
                self.only_once(&attribute, &body.attributes, seen)?;
                body.attributes.push(attribute);
            }
            Kind::OQuote | Kind::OBrace | Kind::Ident => {
                let block = self.nested(|parser| parser.block(name))?;
                body.blocks.push(block);
            }
            _ => {
                return Err(self.fail(
                    name,
                    "neither an argument nor a block",
                    REQUIRED,
                    "An argument or block definition is required here. To set an argument, use the equals sign \"=\" to \
                     introduce the argument value.",
                ));
            }
        }
        Ok(())
    }

    fn not_an_item(&mut self, token: Token) -> Failed {
        if token.kind == Kind::OQuote {
            return self.fail(
                token,
                "a name without quotes is expected",
                "Invalid argument name",
                "Argument names must not be quoted.",
            );
        }
        self.fail(token, "unexpected", REQUIRED, "An argument or block definition is required here.")
    }

    fn attribute(&mut self, name: Token) -> Parsed<Attribute> {
        self.next();
        let expr = self.expression()?;
        let name = self.ident(name);
        let span = name.span.to(expr.span);
        Ok(Attribute { name, expr, span })
    }

    fn no_newline_after_argument(&mut self) -> Failed {
        let token = self.peek();
        if token.kind == Kind::Comma {
            return self.fail(
                token,
                "a newline is expected here",
                "Unexpected comma after argument",
                "Argument definitions must be separated by newlines, not commas. An argument definition must end with a \
                 newline.",
            );
        }
        self.fail(
            token,
            "a newline is expected before this",
            "Missing newline after argument",
            "An argument definition must end with a newline.",
        )
    }

    /// `before` are the arguments of the same body so far, `seen` the same by name once they are many.
    fn only_once(
        &mut self,
        attribute: &Attribute,
        before: &[Attribute],
        seen: &mut FxHashMap<Name, Span>,
    ) -> Parsed<()> {
        let name = &attribute.name;
        let first = if before.len() < FEW {
            before.iter().find(|other| other.name.name == name.name).map(|other| other.name.span)
        } else {
            if seen.is_empty() {
                seen.extend(before.iter().map(|other| (other.name.name.clone(), other.name.span)));
            }
            let first = seen.get(&*name.name).copied();
            if first.is_none() {
                seen.insert(name.name.clone(), name.span);
            }
            first
        };
        match first {
            None => Ok(()),
            Some(first) => {
                self.diags.push(super::complain::redefined(name, first));
                Err(Failed)
            }
        }
    }

    pub(super) fn ident(&self, token: Token) -> Ident {
        // The same few in every block of a file.
        Ident { name: addr::shared(self.source(token)), span: self.span(token) }
    }

    fn block(&mut self, kind: Token) -> Parsed<Block> {
        let labels = self.labels()?;
        let header = self.span_from(kind.start);
        let open = self.peek();
        if open.kind != Kind::OBrace {
            return Err(self.no_block_body(open));
        }
        self.next();
        let body = match self.peek().kind {
            Kind::Newline | Kind::Eof | Kind::CBrace => self.block_body(open)?,
            _ => self.one_line_body()?,
        };
        let span = self.span_from(kind.start);
        if !self.at(Kind::Eof) && self.eat(Kind::Newline).is_none() {
            let token = self.peek();
            return Err(self.fail(
                token,
                "a newline is expected before this",
                "Missing newline after block definition",
                "A block definition must end with a newline.",
            ));
        }
        Ok(Block { kind: self.ident(kind), labels, body, header, span })
    }

    fn labels(&mut self) -> Parsed<Vec<Label>> {
        let mut labels = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Ident => {
                    let ident = self.next();
                    labels.push(Label { value: self.source(ident).into(), span: self.span(ident) });
                }
                Kind::OQuote => labels.push(self.quoted_label()?),
                _ => {
                    labels.shrink_to_fit();
                    return Ok(labels);
                }
            }
        }
    }

    fn quoted_label(&mut self) -> Parsed<Label> {
        let open = self.next();
        let mut value = String::new();
        loop {
            let token = self.next();
            match token.kind {
                Kind::CQuote => break,
                Kind::QuotedLit => {
                    literal::unescape(self.source(token), self.span(token), &mut value, self.diags);
                }
                Kind::Interp | Kind::Control => {
                    return Err(self.fail(
                        token,
                        "not possible in a label",
                        "Invalid string literal",
                        "Template sequences are not allowed in this string. To include a literal \"$\", double it (as \
                         \"$$\") to escape it.",
                    ));
                }
                _ => {
                    return Err(self.fail(
                        open,
                        "never closed",
                        "Unterminated string literal",
                        "Unable to find the closing quote mark before the end of the file.",
                    ));
                }
            }
        }
        let value = crate::value::Str::new(&value);
        Ok(Label { value: value.as_str().into(), span: self.span_from(open.start) })
    }

    fn no_block_body(&mut self, token: Token) -> Failed {
        let (label, detail) = match token.kind {
            Kind::Equal => (
                "not expected after a label",
                "The equals sign \"=\" indicates an argument definition, and must not be used when defining a block.",
            ),
            Kind::Newline => (
                "`{` is expected before the line ends",
                "A block definition must have block content delimited by \"{\" and \"}\", starting on the same line as the \
                 block header.",
            ),
            _ => (
                "a label or `{` is expected",
                "Either a quoted string block label or an opening brace (\"{\") is expected here.",
            ),
        };
        self.fail(token, label, "Invalid block definition", detail)
    }

    fn block_body(&mut self, open: Token) -> Parsed<Body> {
        let (body, sound) = self.items(Kind::CBrace);
        if !sound {
            return Err(Failed);
        }
        if self.eat(Kind::CBrace).is_none() {
            return Err(self.fail(
                open,
                "never closed",
                "Unclosed configuration block",
                "There is no closing brace for this block before the end of the file. This may be caused by incorrect brace \
                 nesting elsewhere in this file.",
            ));
        }
        Ok(body)
    }

    fn one_line_body(&mut self) -> Parsed<Body> {
        let name = self.next();
        if name.kind != Kind::Ident {
            return Err(self.not_an_item(name));
        }
        let token = self.peek();
        let attribute = match token.kind {
            Kind::Equal => self.attribute(name)?,
            Kind::OQuote | Kind::OBrace | Kind::Ident => return Err(self.not_an_argument(name)),
            _ => {
                return Err(self.fail(
                    name,
                    "neither an argument nor a block",
                    REQUIRED,
                    "An argument or block definition is required here. To set an argument, use the equals sign \"=\" to \
                     introduce the argument value.",
                ));
            }
        };
        let close = self.peek();
        if close.kind != Kind::CBrace {
            return Err(self.one_line_body_goes_on(close));
        }
        let end = Some(self.span(close));
        self.next();
        Ok(Body { attributes: vec![attribute], blocks: Vec::new(), end })
    }

    fn not_an_argument(&mut self, name: Token) -> Failed {
        let detail = format!(
            "A single-line block definition can contain only a single argument. If you meant to define argument {:?}, use an \
             equals sign to assign it a value. To define a nested block, place it on a line of its own within its parent \
             block.",
            self.source(name)
        );
        self.fail(name, "only one argument can stand here", "Argument definition required", detail)
    }

    fn one_line_body_goes_on(&mut self, token: Token) -> Failed {
        let detail = match token.kind {
            Kind::Comma => {
                "Single-line block syntax can include only one argument definition. To define multiple arguments, use the \
                 multi-line block syntax with one argument definition per line."
            }
            Kind::Newline => {
                "An argument definition on the same line as its containing block creates a single-line block definition, which \
                 must also be closed on the same line. Place the block's closing brace immediately after the argument \
                 definition."
            }
            _ => {
                "A single-line block definition must end with a closing brace immediately after its single argument definition."
            }
        };
        self.fail(token, "`}` is expected", "Invalid single-argument block definition", detail)
    }

    /// Goes past a broken item: to the end of its line, or of the lines its brackets span; not past the end of the body.
    fn skip_item(&mut self, end: Kind) {
        self.at = self.item;
        self.newlines = true;
        let mut nesting = Nesting::default();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Eof => return,
                Kind::Newline if nesting.is_closed() => {
                    self.next();
                    return;
                }
                Kind::CBrace if end == Kind::CBrace && !nesting.has_brace() => return,
                kind => nesting.see(kind),
            }
            self.next();
        }
    }
}
