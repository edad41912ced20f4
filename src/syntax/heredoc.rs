//! The two lines that frame a heredoc: what opens one, and what closes it.

use super::scan::{is_word_part, is_word_start};
use std::ops::Range;

/// `<<NAME⏎` or `<<-NAME⏎` at the start of a text.
pub(super) struct Introducer {
    /// The name's place, relative to the text.
    pub marker: Range<usize>,
    /// How long it is, with its newline.
    pub len: usize,
}

/// Reads an introducer. Between name and newline nothing may stand, not even a blank.
pub(super) fn introducer(text: &str) -> Option<Introducer> {
    let after = text.strip_prefix("<<")?;
    let name = after.strip_prefix('-').unwrap_or(after);
    name.starts_with(is_word_start).then_some(())?;
    let start = text.len() - name.len();
    let end = start + name.find(|c| !is_word_part(c))?;
    let newline = match &text.as_bytes()[end..] {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => return None,
    };
    Some(Introducer { marker: start..end, len: end + newline })
}

/// Whether blanks before each line are taken off: `<<-`.
pub(super) fn is_flush(introducer: &str) -> bool {
    introducer.starts_with("<<-")
}

/// If the first line of `text` is the closing one, its length without the newline. The newline must be there.
pub(super) fn closing_line(text: &str, marker: &str) -> Option<usize> {
    // Most lines are refused by their first letter, before the end of the line is looked for.
    text.trim_start_matches([' ', '\t']).starts_with(marker).then_some(())?;
    let (line, _) = text.split_once('\n')?;
    (line.trim() == marker).then(|| line.strip_suffix('\r').unwrap_or(line).len())
}
