//! Colours, widths and wrapping: the only place that knows escape sequences.

use super::Style;
use anstyle::{AnsiColor, Effects};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What a piece of text is; how it looks follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Added,
    Changed,
    Removed,
    Strong,
    Faint,
    Good,
}

impl Ink {
    fn style(self) -> anstyle::Style {
        let color = |color: AnsiColor| anstyle::Style::new().fg_color(Some(color.into()));
        match self {
            Self::Added => color(AnsiColor::Green),
            Self::Changed => color(AnsiColor::Yellow),
            Self::Removed => color(AnsiColor::Red),
            Self::Strong => anstyle::Style::new().bold(),
            Self::Faint => anstyle::Style::new().effects(Effects::DIMMED),
            Self::Good => color(AnsiColor::Green).bold(),
        }
    }
}

impl Style {
    /// The text in that ink, if there may be colour.
    pub(super) fn paint(&self, ink: Ink, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let style = ink.style();
        format!("{}{text}{}", style.render(), style.render_reset())
    }
}

/// How many columns a text takes; escape sequences take none.
pub fn columns(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    if !text.contains('\x1b') {
        return text.width();
    }
    let mut rest = text;
    let mut columns = 0;
    while let Some(at) = rest.find('\x1b') {
        columns += rest[..at].width();
        let after = &rest[at..];
        rest = after.find('m').map_or("", |end| &after[end + 1..]);
    }
    columns + rest.width()
}

/// Whether every byte is a character that takes one column: most texts are.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The text, filled with blanks up to that many columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    let mut padded = String::with_capacity(text.len() + blanks);
    padded.push_str(text);
    push_blanks(&mut padded, blanks);
    padded
}

/// Adds so many blanks.
pub(super) fn push_blanks(text: &mut String, count: usize) {
    const BLANKS: &str = "                                                                ";
    let mut left = count;
    while left > 0 {
        let next = left.min(BLANKS.len());
        text.push_str(&BLANKS[..next]);
        left -= next;
    }
}

/// The text broken at blanks so that no line is longer than `width` where that can be; line breaks in it stay.
pub(super) fn wrap(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.to_owned() };
    text.split('\n').map(|line| wrap_line(line, width.max(20))).collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, width: usize) -> String {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    let mut wrapped = indent.to_owned();
    let mut used = columns(indent);
    for (at, word) in text.split(' ').enumerate() {
        let length = columns(word);
        if at > 0 && used + 1 + length > width {
            wrapped.push('\n');
            wrapped.push_str(indent);
            used = columns(indent);
        } else if at > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += length;
    }
    wrapped
}

/// One line, broken so that it fits: at the last blank if that is not too far left, else anywhere. What follows is indented by `hang`.
/// Escape sequences take no columns and are never cut.
pub(super) fn fold(line: &str, width: Option<usize>, hang: usize) -> String {
    let Some(width) = width.filter(|width| columns(line) > *width) else { return line.to_owned() };
    let start = line.len() - line.trim_start_matches(' ').len();
    let hang = match width.saturating_sub(20) {
        room if hang <= room => hang,
        room if start + 4 <= room => start + 4,
        room => room.min(6),
    };
    let mut lines = Vec::new();
    let mut rest = line;
    while columns(rest) + if lines.is_empty() { 0 } else { hang } > width {
        let room = if lines.is_empty() { width } else { width - hang };
        // What stands before the hanging column of the first line is no place to break.
        let least = if lines.is_empty() { hang.max(start + 3).min(room - 1) } else { 1 };
        let at = break_at(rest, room, least);
        let (head, tail) = rest.split_at(at);
        lines.push(head.trim_end());
        rest = tail.trim_start_matches(' ');
    }
    lines.push(rest);
    lines.join(&format!("\n{}", " ".repeat(hang)))
}

/// The byte where a line is broken: behind the last blank within `room` columns, but not before `least` columns.
fn break_at(line: &str, room: usize, least: usize) -> usize {
    let (mut used, mut blank, mut escaped) = (0, None, false);
    for (at, char) in line.char_indices() {
        if char == '\x1b' || escaped {
            escaped = char != 'm';
            continue;
        }
        let next = used + UnicodeWidthChar::width(char).unwrap_or(0);
        if next > room && at > 0 {
            return blank.unwrap_or(at);
        }
        used = next;
        if char == ' ' && used > least {
            blank = Some(at + 1);
        }
    }
    line.len()
}

/// The text cut to that many columns; where something is cut off, it ends with `…`. For text without escape sequences.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |char: &char| {
        used += UnicodeWidthChar::width(*char).unwrap_or(0);
        used < width
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// The text cut in the middle to that many columns: of an address both the start and the key say much. Without escape sequences.
pub(super) fn cut_middle(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let tail_room = width.saturating_sub(1) / 2;
    let mut used = 0;
    let fits = |char: &char| {
        used += UnicodeWidthChar::width(*char).unwrap_or(0);
        used <= tail_room
    };
    let tail: Vec<char> = text.chars().rev().take_while(fits).collect();
    let tail: String = tail.into_iter().rev().collect();
    format!("{}{tail}", cut(text, width.saturating_sub(columns(&tail))))
}

/// The text with control characters made visible, so that no text from outside can steer a terminal. Line breaks and tabs stay.
pub(super) fn visible(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    text.chars().map(visible_char).collect()
}

fn visible_char(char: char) -> char {
    match char {
        '\n' | '\t' => char,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(char)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '\u{fffd}'
        }
        _ => char,
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn enumerate(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 thing`, `2 things`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_take_no_columns() {
        let style = Style { color: true, width: None };
        assert_eq!(columns(&style.paint(Ink::Added, "né日")), 4);
        assert_eq!(pad(&style.paint(Ink::Strong, "ab"), 4).len() - style.paint(Ink::Strong, "ab").len(), 2);
        assert_eq!(Style::default().paint(Ink::Added, "x"), "x");
    }

    #[test]
    fn lines_are_wrapped_at_blanks_and_keep_their_indentation() {
        let text = "  the quick brown fox jumps over\nthe dog";
        assert_eq!(wrap(text, Some(20)), "  the quick brown\n  fox jumps over\nthe dog");
        assert_eq!(wrap(text, None), text);
        assert_eq!(wrap("aaaaaaaaaaaaaaaaaaaaaaaaa b", Some(20)), "aaaaaaaaaaaaaaaaaaaaaaaaa\nb");
    }

    #[test]
    fn long_lines_are_folded_below_their_value() {
        assert_eq!(
            fold("  ~ name  one two three four five six", Some(30), 10),
            "  ~ name  one two three four\n          five six"
        );
        assert_eq!(fold("abcdefghij", Some(4), 0), "abcd\nefgh\nij");
        assert_eq!(fold("short", Some(20), 10), "short");
        assert_eq!(fold("long enough to be folded somewhere", None, 3), "long enough to be folded somewhere");
        let painted = Style { color: true, width: None }.paint(Ink::Added, &"x".repeat(30));
        assert!(fold(&painted, Some(24), 2).lines().all(|line| columns(line) <= 24), "{painted:?}");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(
            (cut("abcdef", 4), cut("abcd", 4), cut("日本語", 5)),
            ("abc…".to_owned(), "abcd".to_owned(), "日本…".to_owned())
        );
    }

    #[test]
    fn both_ends_of_an_address_are_kept() {
        assert_eq!(cut_middle("instance.pool[12]", 12), "instan…l[12]");
        assert_eq!(
            (cut_middle("abc", 3), cut_middle("abc", 1), cut_middle("abc", 0)),
            ("abc".into(), "…".into(), String::new())
        );
    }

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(visible("a\x1b[31m\u{202e}b\x7f\n"), "a␛[31m\u{fffd}b␡\n");
    }

    #[test]
    fn words_are_listed_as_in_a_sentence() {
        let words: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(enumerate(&words), "a, b and c");
        assert_eq!(enumerate(&words[..1]), "a");
        assert_eq!((count(1, "error"), count(0, "error")), ("1 error".to_owned(), "0 errors".to_owned()));
    }
}
