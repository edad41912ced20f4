//! The tree that a file becomes: bodies of attributes and blocks, expressions, templates, all with spans.

use crate::addr::Name;
use crate::diag::Span;
use crate::value::{Str, Value};

/// The contents of a file or of a block: attributes and blocks in source order.
#[derive(Clone, Debug, Default)]
pub struct Body {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
    /// Where the body ends: a missing argument is reported at the block, an empty file at its end.
    pub end: Option<Span>,
}

/// `name = expr`.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: Ident,
    pub expr: Expr,
    pub span: Span,
}

/// `kind "label" … { … }`.
#[derive(Clone, Debug)]
pub struct Block {
    pub kind: Ident,
    pub labels: Vec<Label>,
    pub body: Body,
    /// From the block's type to its opening brace, without it: what a complaint about the block underlines.
    pub header: Span,
    pub span: Span,
}

/// A block's label; bare identifiers are allowed too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub value: Name,
    pub span: Span,
}

/// An identifier and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    pub name: Name,
    pub span: Span,
}

/// An expression and its place. For a parenthesised expression the span includes the parentheses.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

/// The expression forms of HCL (spec, "Expressions").
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A number, `true`, `false`, `null`, or a string without interpolation.
    Literal(Value),
    /// A quoted or heredoc template with at least one sequence that must be evaluated. With `Wrap` (a template that is a
    /// single interpolation, `"${x}"`) the result keeps the type of the expression.
    Template(Vec<TemplatePart>),
    Wrap(Box<Expr>),
    /// A variable and the attributes and literal indexes that follow: `var.x`, `instance.desk["eu"].id`.
    Traversal {
        root: Ident,
        steps: Vec<Step>,
    },
    /// The same steps after anything else: `f(x).y`, `(a)[0]`.
    Relative {
        base: Box<Expr>,
        steps: Vec<Step>,
    },
    /// An index that is computed: `a[b]`. Literal indexes directly after a traversal are `Step::Index` instead.
    Index {
        base: Box<Expr>,
        key: Box<Expr>,
    },
    /// `base.*…` (attribute-only) or `base[*]…` (full). `each` is what follows, applied to an element, which it sees as [`ExprKind::Each`].
    Splat {
        base: Box<Expr>,
        each: Box<Expr>,
        marker: Span,
    },
    /// The element that a splat's `each` works on.
    Each,
    /// A function call; `expand` when the last argument is followed by `...`.
    Call {
        name: Ident,
        args: Vec<Expr>,
        expand: bool,
    },
    Tuple(Vec<Expr>),
    Object(Vec<(ObjectKey, Expr)>),
    For(Box<For>),
    Conditional {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Unary {
        op: UnaryOp,
        op_span: Span,
        operand: Box<Expr>,
    },
    Parens(Box<Expr>),
}

/// A key of an object constructor. A bare word is a key, not a variable; `(word)` is an expression.
#[derive(Clone, Debug)]
pub enum ObjectKey {
    Word(Ident),
    /// `a.b.c = …` without parentheses parses as a traversal, which HCL refuses at evaluation ("Ambiguous attribute key").
    Expr(Box<Expr>),
}

/// `[for k, v in coll : value if cond]` or `{for k, v in coll : key => value... if cond}`.
#[derive(Clone, Debug)]
pub struct For {
    pub key_var: Option<Ident>,
    pub value_var: Ident,
    pub collection: Expr,
    /// Present for the object form.
    pub key: Option<Expr>,
    pub value: Expr,
    /// `...` after the value: collect all values of one key in a tuple.
    pub group: bool,
    pub condition: Option<Expr>,
    /// From the opening bracket to the colon.
    pub intro: Span,
}

/// One step of a traversal.
#[derive(Clone, Debug)]
pub enum Step {
    Attr(Ident),
    /// `[0]`, `["k"]` and the legacy `.0`; the value is a number or a string.
    Index(Value, Span),
}

/// A part of a template, after strip markers and heredoc indentation were applied.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    Literal(Str, Span),
    Interpolation(Expr),
    If { condition: Expr, then: Vec<TemplatePart>, otherwise: Option<Vec<TemplatePart>>, span: Span },
    For { key_var: Option<Ident>, value_var: Ident, collection: Expr, body: Vec<TemplatePart>, span: Span },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    Neg,
    Not,
}
