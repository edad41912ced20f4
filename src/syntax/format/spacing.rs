//! Between which tokens of a line a space belongs.

use super::Piece;
use crate::syntax::scan::Kind;

/// How many brackets a token opens (1) or closes (-1).
pub(super) fn bracket_change(kind: Kind) -> isize {
    use Kind::*;
    match kind {
        OBrace | OBrack | OParen | Interp | Control => 1,
        CBrace | CBrack | CParen | SeqEnd => -1,
        _ => 0,
    }
}

/// Whether a space belongs after `subject`, given its neighbours on the line.
pub(super) fn has_space(before: Option<&Piece<'_>>, subject: &Piece<'_>, after: &Piece<'_>) -> bool {
    use Kind::*;
    match (subject.kind, after.kind) {
        (_, Newline) => false,
        (Ident, OParen | DoubleColon) | (DoubleColon, Ident) => false,
        (Dot, _) | (_, Dot | Comma | Ellipsis) => false,
        (Comma, _) => true,
        (QuotedLit | StringLit | OQuote | OHeredoc, _) => false,
        (_, QuotedLit | StringLit | CQuote | CHeredoc) => false,
        // `for x in [1]`: here `in` is no name that is indexed.
        (Ident, _) if subject.text == "in" && before.is_some_and(|before| before.kind == Ident) => true,
        (Ident | Number, OBrack) => false,
        (kind, OBrack) if bracket_change(kind) < 0 => false,
        (Bang, _) => false,
        (Minus, _) => before.is_some_and(|before| ends_operand(before.kind)),
        (OBrace, CBrace) => false,
        (OBrace, _) | (_, CBrace) => true,
        (Interp | Control, OBrace) | (CBrace, SeqEnd) => true,
        (SeqEnd, Interp | Control) => false,
        (kind, _) if bracket_change(kind) > 0 => false,
        (_, kind) => bracket_change(kind) >= 0,
    }
}

/// Whether a minus after this token subtracts; else it is a sign.
fn ends_operand(kind: Kind) -> bool {
    use Kind::*;
    !matches!(
        kind,
        OParen
            | OBrace
            | OBrack
            | Equal
            | Colon
            | Comma
            | Question
            | Plus
            | Star
            | Slash
            | Percent
            | Minus
            | EqualOp
            | NotEqual
            | Greater
            | GreaterEq
            | Less
            | LessEq
            | And
            | Or
            | Bang
    )
}
