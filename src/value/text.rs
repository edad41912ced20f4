//! [`Str`]: the text of string values and of the names in them.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Text in Unicode normal form C. Made by [`Str::new`], which normalises; ordered by bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(Arc<str>);

impl Str {
    pub fn new(text: &str) -> Self {
        if is_normal(text) { Self(text.into()) } else { Self(text.nfc().collect::<String>().into()) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text surely is in normal form; a doubtful one is normalised, which then changes nothing.
fn is_normal(text: &str) -> bool {
    text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes
}

/// Returns what people see as characters: extended grapheme clusters as Unicode 15.0 has them, which is Terraform's.
///
/// Unicode 15.1 keeps Indic conjuncts (a consonant, a virama, a consonant) together; before, they were two.
pub fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let cluster = rest.graphemes(true).next()?;
        let length = if cluster.len() < 6 { cluster.len() } else { first_conjunct(cluster) };
        let (first, after) = rest.split_at(length);
        rest = after;
        Some(first)
    })
}

/// Where the second consonant of a conjunct starts in a cluster, or the cluster's end.
fn first_conjunct(cluster: &str) -> usize {
    let mut before = None;
    for (at, c) in cluster.char_indices() {
        if before.is_some_and(|before| is_indic_letter(c) && !joins(before, 'a') && !joins('a', c)) {
            return at;
        }
        before = Some(c);
    }
    cluster.len()
}

/// Whether the character may be a consonant of a conjunct: a letter of a script of South or South-East Asia.
fn is_indic_letter(c: char) -> bool {
    let script = matches!(c, '\u{900}'..='\u{10FF}' | '\u{1700}'..='\u{1CFF}' | '\u{A800}'..='\u{ABFF}' | '\u{11000}'..='\u{11FFF}');
    script && c.is_alphabetic()
}

/// Whether two characters are one cluster.
fn joins(first: char, second: char) -> bool {
    [first, second].iter().collect::<String>().graphemes(true).count() == 1
}

impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&String> for Str {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

/// A name that others share is shared on.
impl From<&Arc<str>> for Str {
    fn from(text: &Arc<str>) -> Self {
        if is_normal(text) { Self(text.clone()) } else { Self::new(text) }
    }
}

impl From<&Str> for Str {
    fn from(text: &Str) -> Self {
        text.clone()
    }
}

impl Deref for Str {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_those_of_unicode_15_0() {
        let texts = [
            ("abc", 3),
            ("ab\r\n", 3),
            ("e\u{301}x", 2),
            ("नमस्ते", 4),
            ("क्ष", 2),
            ("क्\u{200d}ष", 2),
            ("\u{d4e}ക", 1),
            ("กำ", 1),
            ("각", 1),
            ("👨‍👩‍👧", 1),
            ("🇩🇪🇫🇷", 2),
            ("🅰\u{200d}🅰", 1),
        ];
        for (text, count) in texts {
            assert_eq!(graphemes(text).count(), count, "{text}");
            assert_eq!(graphemes(text).collect::<String>(), text);
        }
    }

    #[test]
    fn text_is_normalised_and_ordered_by_bytes() {
        for (given, kept) in
            [("plain", "plain"), ("e\u{301}", "\u{e9}"), ("\u{e9}", "\u{e9}"), ("\u{2126}", "\u{3a9}")]
        {
            assert_eq!(Str::new(given), kept);
        }
        assert!(Str::new("Z") < Str::new("a") && Str::new("z") < Str::new("e\u{301}"));
    }
}
