//! Colours, widths and wrapping: the only place that knows escape sequences.

use super::Style;
use anstyle::{AnsiColor, Effects};
use unicode_width::UnicodeWidthStr;

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
pub(super) fn columns(text: &str) -> usize {
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

/// The text, filled with blanks up to that many columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
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

/// The text with control characters made visible, so that no text from outside can steer a terminal. Line breaks and tabs stay.
pub(super) fn visible(text: &str) -> String {
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
