//! Which brackets are open: for finding the end of what cannot be parsed.

use super::scan::Kind;

/// The brackets and templates that are open.
#[derive(Default)]
pub(super) struct Nesting {
    open: Vec<Kind>,
    braces: usize,
}

impl Nesting {
    pub(super) fn is_closed(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether a `}` would close something.
    pub(super) fn has_brace(&self) -> bool {
        self.braces > 0
    }

    /// Closers close what they can: a missing `)` must not hide the `}` after it.
    pub(super) fn see(&mut self, kind: Kind) {
        use Kind::*;
        match kind {
            OBrace => {
                self.braces += 1;
                self.open.push(kind);
            }
            OBrack | OParen | OQuote | OHeredoc | Interp | Control => self.open.push(kind),
            CBrack if self.open.last() == Some(&OBrack) => drop(self.open.pop()),
            CParen if self.open.last() == Some(&OParen) => drop(self.open.pop()),
            CBrace if self.braces > 0 => self.close(&[OBrace]),
            SeqEnd => self.close(&[Interp, Control]),
            CQuote | CHeredoc | QuotedNewline => self.close(&[OQuote, OHeredoc]),
            _ => {}
        }
    }

    fn close(&mut self, openers: &[Kind]) {
        if !self.open.iter().any(|open| openers.contains(open)) {
            return;
        }
        while let Some(open) = self.open.pop() {
            self.braces -= usize::from(open == Kind::OBrace);
            if openers.contains(&open) {
                return;
            }
        }
    }
}
