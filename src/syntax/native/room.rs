//! Stack for deeply nested input: parsing 250 levels needs more than a worker thread has in an unoptimised build.

use crate::syntax::scan::{Kind, Token};

/// What is nested less than this is parsed where it is.
const SHALLOW: usize = 24;
/// Many times what the depth limit needs; pages never touched cost nothing.
const STACK: usize = 64 << 20;

/// Runs `parse` with enough stack for `tokens`.
pub(in crate::syntax) fn with_room<T: Send>(tokens: &[Token], parse: impl FnOnce() -> T + Send) -> T {
    if nesting(tokens) < SHALLOW {
        return parse();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse);
        match thread.expect("the system can start one more thread").join() {
            Ok(parsed) => parsed,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// At least how deep the parser will recurse: open brackets, and what nests without closing.
fn nesting(tokens: &[Token]) -> usize {
    use Kind::*;
    let (mut open, mut deepest, mut others) = (0usize, 0, 0);
    for token in tokens {
        match token.kind {
            OBrace | OBrack | OParen | OQuote | OHeredoc | Interp => open += 1,
            CBrace | CBrack | CParen | CQuote | CHeredoc | SeqEnd => open = open.saturating_sub(1),
            Question | Star | Control => others += 1,
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest + others
}
