//! Lines: indentation by open brackets, then `=` and comments of neighbouring lines in columns.

use super::Piece;
use super::spacing::{bracket_change, has_space};
use crate::syntax::scan::Kind;
use crate::value::graphemes;
use std::ops::Range;

/// A line's three cells, as ranges of pieces. The latter two may be empty.
struct Line {
    lead: Range<usize>,
    /// From `=` on, when the value ends on this line.
    assign: Range<usize>,
    /// A comment after something else.
    comment: Range<usize>,
}

/// Sets the spaces before all pieces.
pub(super) fn layout(pieces: &mut [Piece<'_>]) {
    let lines = lines(pieces);
    indent(&lines, pieces);
    for line in &lines {
        space(&mut pieces[line.lead.clone()]);
        space(&mut pieces[line.assign.clone()]);
    }
    align(&lines, pieces, |line| line.assign.clone(), |line| line.lead.clone());
    align(&lines, pieces, |line| line.comment.clone(), |line| line.lead.start..line.assign.end);
}

fn lines(pieces: &[Piece<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, piece) in pieces.iter().enumerate() {
        if piece.ends_line() {
            lines.push(cells(pieces, start..at + 1));
            start = at + 1;
        }
    }
    if start < pieces.len() {
        lines.push(cells(pieces, start..pieces.len()));
    }
    lines
}

fn cells(pieces: &[Piece<'_>], line: Range<usize>) -> Line {
    let last_is_comment = line.len() > 1 && pieces[line.end - 1].kind == Kind::Comment;
    let end = line.end - usize::from(last_is_comment);
    let equal = (line.start + 1..end).find(|at| pieces[*at].kind == Kind::Equal);
    // Brackets that stay open begin a value of several lines, which is not aligned.
    let assign = equal.filter(|at| net_brackets(&pieces[*at..end]) == 0).unwrap_or(end);
    Line { lead: line.start..assign, assign: assign..end, comment: end..line.end }
}

fn net_brackets(pieces: &[Piece<'_>]) -> isize {
    pieces.iter().map(|piece| bracket_change(piece.kind)).sum()
}

/// One level for each line that opens more brackets than it closes, however many.
fn indent(lines: &[Line], pieces: &mut [Piece<'_>]) {
    let mut open: Vec<isize> = Vec::new();
    for line in lines {
        let first = line.lead.start;
        if pieces[first].kind == Kind::Newline {
            pieces[first].spaces = 0;
            continue;
        }
        // What a heredoc opens on its first line is not seen: so it is in Terraform, whose output this must equal.
        let whole = &pieces[first..line.assign.end];
        let seen = whole.iter().position(|piece| piece.kind == Kind::OHeredoc).unwrap_or(whole.len());
        let net = net_brackets(&whole[..seen]);
        close(&mut open, -net);
        pieces[first].spaces = 2 * open.len();
        if net > 0 {
            open.push(net);
        }
    }
}

/// Takes `count` brackets off the stack of levels; a level goes when all that it opened are closed.
fn close(open: &mut Vec<isize>, mut count: isize) {
    while count > 0
        && let Some(level) = open.last_mut()
    {
        if *level > count {
            *level -= count;
            return;
        }
        count -= *level;
        open.pop();
    }
}

/// Sets the spaces between the pieces of a cell.
fn space(cell: &mut [Piece<'_>]) {
    for at in 1..cell.len() {
        let before = at.checked_sub(2).map(|before| &cell[before]);
        let space = has_space(before, &cell[at - 1], &cell[at]);
        cell[at].spaces = usize::from(space);
    }
}

/// Puts the `cell`s of neighbouring lines that have one below each other; `before` is what stands left of it.
fn align(
    lines: &[Line],
    pieces: &mut [Piece<'_>],
    cell: impl Fn(&Line) -> Range<usize>,
    before: impl Fn(&Line) -> Range<usize>,
) {
    for chain in lines.chunk_by(|a, b| !cell(a).is_empty() && !cell(b).is_empty()) {
        let widths: Vec<_> = chain.iter().map(|line| columns(&pieces[before(line)])).collect();
        let widest = widths.iter().copied().max().unwrap_or(0);
        for (line, width) in chain.iter().zip(widths) {
            if let Some(first) = pieces[cell(line)].first_mut() {
                first.spaces = widest - width + 1;
            }
        }
    }
}

fn columns(pieces: &[Piece<'_>]) -> usize {
    pieces.iter().map(|piece| piece.spaces + graphemes(&piece.text).count()).sum()
}
