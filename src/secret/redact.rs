//! Redaction by value: every secret of the run, in every form, is taken out of all text that leaves it.
//!
//! The index knows the first six bytes of each form, the lengths of the forms that start so, and the forms
//! themselves in a set. A text is walked once; at each place the lengths are tried, the longest first. That keeps
//! the cost linear in the text with 100,000 tokens that all begin alike, and adding a secret never rebuilds
//! anything.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;
use zeroize::Zeroize;

use super::forms::forms;

/// What stands where a secret stood.
pub const SENSITIVE: &str = "(sensitive value)";

/// Shorter values are not redacted: they would take half of every text with them.
const SHORTEST: usize = 6;

/// Knows the secrets of a run. Clones share them; safe to use from many threads.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Index>>);

#[derive(Default)]
struct Index {
    /// The lengths of the patterns that start with these bytes, the longest first.
    lengths: FxHashMap<[u8; SHORTEST], Vec<usize>>,
    /// The forms, and of each whether it is a secret itself, whose own forms are known too.
    patterns: FxHashMap<Pattern, bool>,
}

#[derive(PartialEq, Eq, Hash)]
struct Pattern(Box<[u8]>);

impl Drop for Pattern {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Borrow<[u8]> for Pattern {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl Redactor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a secret, and of one with several lines each line too. What has fewer than six characters
    /// is not registered.
    pub fn add(&self, secret: &str) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        index.insert_forms(secret);
        if secret.contains('\n') {
            // The frame of a PEM file is no secret, and hiding it would hide every certificate's frame.
            let lines = secret.lines().map(str::trim);
            lines.filter(|line| !line.starts_with("-----")).for_each(|line| index.insert_forms(line));
        }
    }

    /// Replaces every occurrence of a secret; where two overlap, all that either covers goes.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.find(text.as_bytes());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut redacted = String::with_capacity(text.len());
        let mut done = 0;
        for Range { start, end } in found {
            redacted.push_str(&text[done..start]);
            redacted.push_str(SENSITIVE);
            done = end;
        }
        redacted.push_str(&text[done..]);
        Cow::Owned(redacted)
    }

    /// The same for bytes that may not be text.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.find(bytes);
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut redacted = Vec::with_capacity(bytes.len());
        let mut done = 0;
        for Range { start, end } in found {
            redacted.extend_from_slice(&bytes[done..start]);
            redacted.extend_from_slice(SENSITIVE.as_bytes());
            done = end;
        }
        redacted.extend_from_slice(&bytes[done..]);
        Cow::Owned(redacted)
    }

    /// A pattern is whole UTF-8 text, so that in a text it begins and ends between characters.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(text)
    }
}

impl Index {
    fn insert_forms(&mut self, secret: &str) {
        if secret.chars().count() < SHORTEST {
            return;
        }
        if self.patterns.get(secret.as_bytes()) == Some(&true) {
            return;
        }
        for form in forms(secret) {
            let whole = form == secret;
            self.insert(form.into_bytes(), whole);
        }
    }

    fn insert(&mut self, pattern: Vec<u8>, whole: bool) {
        let Some(start) = pattern.first_chunk::<SHORTEST>() else { return };
        let lengths = self.lengths.entry(*start).or_default();
        if let Err(at) = lengths.binary_search_by(|length| pattern.len().cmp(length)) {
            lengths.insert(at, pattern.len());
        }
        *self.patterns.entry(Pattern(pattern.into_boxed_slice())).or_default() |= whole;
    }

    /// Returns where secrets stand, in order, those that overlap as one.
    fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        if self.patterns.is_empty() {
            return found;
        }
        for at in 0..text.len() {
            let Some(length) = self.longest_at(&text[at..]) else { continue };
            match found.last_mut() {
                Some(last) if at < last.end => last.end = last.end.max(at + length),
                _ => found.push(at..at + length),
            }
        }
        found
    }

    fn longest_at(&self, text: &[u8]) -> Option<usize> {
        let lengths = self.lengths.get(text.first_chunk::<SHORTEST>()?)?;
        let is_secret =
            |&length: &usize| text.get(..length).is_some_and(|part| self.patterns.contains_key(part));
        lengths.iter().copied().find(is_secret)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

/// Redacts what is written through it. It holds the current line back until it ends, is flushed, or the
/// writer goes, so that a secret written in pieces is seen whole.
pub struct RedactingWriter<W: Write> {
    inner: W,
    redactor: Redactor,
    line: Vec<u8>,
}

impl<W: Write> RedactingWriter<W> {
    pub fn new(inner: W, redactor: Redactor) -> Self {
        Self { inner, redactor, line: Vec::new() }
    }

    /// Writes the held bytes up to `end`. They are given up even where writing fails: repeating half of a
    /// line would be worse than losing it.
    fn emit(&mut self, end: usize) -> io::Result<()> {
        let rest = self.line.split_off(end);
        let written = self.inner.write_all(&self.redactor.redact_bytes(&self.line));
        self.line.zeroize();
        self.line = rest;
        written
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let held = self.line.len();
        self.line.extend_from_slice(bytes);
        if let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n') {
            self.emit(held + last + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.emit(self.line.len())?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for RedactingWriter<W> {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        let redactor = Redactor::new();
        secrets.iter().for_each(|secret| redactor.add(secret));
        redactor
    }

    fn check(secrets: &[&str], text: &str, expected: &str) {
        let redactor = redactor(secrets);
        let expected = expected.replace('#', SENSITIVE);
        assert_eq!(redactor.redact(text), expected, "{secrets:?} in {text:?}");
        assert_eq!(redactor.redact_bytes(text.as_bytes()), expected.as_bytes(), "{secrets:?} in {text:?}");
    }

    #[test]
    fn takes_secrets_out_of_text() {
        check(&[], "anything", "anything");
        check(&["hunter42"], "nothing here", "nothing here");
        check(&["hunter42"], "hunter42", "#");
        check(&["hunter42"], "a hunter42, ahunter42b hunter4", "a #, a#b hunter4");
        check(&["hunter42"], "hunter42hunter42", "##");
        check(&["short"], "short", "short");
        check(&["grün☃\u{fe0f}"], "grün☃\u{fe0f}", "#");
        check(&["ünder42"], "fünder42", "f#");
    }

    #[test]
    fn the_longest_wins_and_overlaps_leave_nothing() {
        check(&["hunter", "hunter42"], "hunter42 hunter4", "# #4");
        check(&["abcdef", "defghi"], "xabcdefghix", "x#x");
        check(&["abcdef", "cdefghijkl", "efghij"], "abcdefghijkl", "#");
        check(&["aaaaaa"], "aaaaaaaaa", "#");
    }

    #[test]
    fn knows_a_secret_in_other_clothes() {
        check(&["pass/w \"42\""], r#"{"a": "pass/w \"42\""}"#, r##"{"a": "#"}"##);
        check(&["pass/w 42"], "GET /?q=pass%2Fw%2042 q=pass%2fw%2042 q=pass%2Fw+42", "GET /?q=# q=# q=#");
        check(&["hunter42"], "aHVudGVyNDI= 68756e7465723432 68756E7465723432", "#= # #");
    }

    #[test]
    fn knows_every_line_of_a_secret() {
        let pem = "-----BEGIN KEY-----\nMIIEvQIBADAN\r\n  9w0BAQEFAA\nend\n-----END KEY-----\n";
        check(&[pem], pem, "#");
        check(&[pem], "1: MIIEvQIBADAN", "1: #");
        check(&[pem], "9w0BAQEFAA, end -----BEGIN KEY-----", "#, end -----BEGIN KEY-----");
        check(&[pem], &format!("{pem:?}"), "\"#\"");
    }

    #[test]
    fn clones_share_what_they_know_across_threads() {
        let redactor = Redactor::new();
        let clone = redactor.clone();
        std::thread::spawn(move || clone.add("hunter42")).join().unwrap();
        assert_eq!(redactor.redact("hunter42"), SENSITIVE);
        assert_eq!(format!("{redactor:?}"), "Redactor(..)");
    }

    /// 20,000 tokens with one beginning, and a text of 2 MB: seconds in a quadratic search, even in release.
    #[test]
    fn stays_fast_with_many_alike() {
        let tokens: Vec<String> = (0..20_000).map(|n| format!("eyJhbGciOi{n:08}")).collect();
        let redactor = Redactor::new();
        tokens.iter().for_each(|token| redactor.add(token));
        let text =
            tokens.iter().map(|token| format!("{token} and {token}x, eyJhbGciOi0;")).collect::<String>();
        let begin = std::time::Instant::now();
        let redacted = redactor.redact(&text);
        assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
        assert_eq!(redacted.matches(SENSITIVE).count(), 40_000);
        assert_eq!(redacted.len(), 20_000 * (2 * SENSITIVE.len() + " and x, eyJhbGciOi0;".len()));
    }

    fn write_all(pieces: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = RedactingWriter::new(&mut out, redactor(&["hunter42"]));
        pieces.iter().for_each(|piece| writer.write_all(piece).unwrap());
        drop(writer);
        out
    }

    #[test]
    fn a_secret_in_pieces_is_still_seen() {
        let line = b"one hunter42\ntwo \xff hunter42";
        let expected = b"one (sensitive value)\ntwo \xff (sensitive value)".to_vec();
        for at in 0..line.len() {
            assert_eq!(write_all(&[&line[..at], &line[at..]]), expected, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = line.chunks(1).collect();
        assert_eq!(write_all(&bytes), expected);
    }

    #[test]
    fn whole_lines_leave_at_once_and_a_prompt_on_flush() {
        let mut out = Vec::new();
        let mut writer = RedactingWriter::new(&mut out, redactor(&["hunter42"]));
        writer.write_all(b"one\ntwo\nEnter").unwrap();
        assert_eq!(writer.inner.as_slice(), b"one\ntwo\n");
        writer.flush().unwrap();
        assert_eq!(writer.inner.as_slice(), b"one\ntwo\nEnter");
    }

    proptest! {
        #[test]
        fn no_registered_secret_is_left(
            secrets in prop::collection::vec("[ab\"ä]{6,9}", 1..5),
            texts in prop::collection::vec("[ab\"ä/]{0,8}", 1..9),
        ) {
            let redactor = Redactor::new();
            secrets.iter().for_each(|secret| redactor.add(secret));
            let text = texts.iter().zip(secrets.iter().cycle()).flat_map(|(a, b)| [a.as_str(), b]).collect::<String>();
            let redacted = redactor.redact(&text);
            for part in redacted.split(SENSITIVE) {
                prop_assert!(!secrets.iter().any(|secret| part.contains(secret)), "{part:?} of {text:?}");
            }
        }
    }
}
