//! File name patterns of `fileset`: `*`, `?`, `[a-z]` and `{a,b}` within a name, `**` for any directories.
//!
//! A pattern without alternatives is a row of parts, one for each directory; the walk follows it part by part and
//! looks only at directories that can still match.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::host::{FileKind, Host};

pub(super) enum GlobError {
    Pattern,
    TooMany,
    Io(io::Error),
}

/// The most patterns the alternatives of one may multiply to.
const MOST_PATTERNS: usize = 1_000;
/// The deepest directory looked at; links may lead in circles.
const DEEPEST: usize = 64;

/// Returns the regular files below `root` that match, as paths from there with `/` between the parts.
pub(super) fn find(host: &dyn Host, root: &Path, pattern: &str) -> Result<Vec<String>, GlobError> {
    let mut found = BTreeSet::new();
    for pattern in alternatives(pattern)? {
        let parts = parts(&pattern);
        parts.iter().try_for_each(|part| check(part))?;
        Walk { host, root, found: &mut found }.step("", &parts)?;
    }
    Ok(found.into_iter().collect())
}

/// Splits a pattern at `/`; `..` takes back the part before it, whatever that is.
fn parts(pattern: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

struct Walk<'a> {
    host: &'a dyn Host,
    root: &'a Path,
    found: &'a mut BTreeSet<String>,
}

impl Walk<'_> {
    /// Matches the parts of a pattern below the directory `at`.
    fn step(&mut self, at: &str, parts: &[&str]) -> Result<(), GlobError> {
        if at.split('/').count() > DEEPEST {
            return Err(GlobError::TooMany);
        }
        let Some((part, rest)) = parts.split_first() else {
            return Ok(());
        };
        if *part == ".." {
            return self.step(&join(at, part), rest);
        }
        if *part == "**" {
            self.step(at, rest)?;
        }
        for name in self.names(at)? {
            let path = join(at, &name);
            match (*part, rest.is_empty(), self.kind(&path)) {
                ("**", _, FileKind::Directory) => self.step(&path, parts)?,
                (part, true, FileKind::File) if matches(part, &name) => {
                    self.found.insert(path);
                }
                (part, false, FileKind::Directory) if part != "**" && matches(part, &name) => {
                    self.step(&path, rest)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The names in a directory; one that does not exist or may not be read has none.
    fn names(&self, at: &str) -> Result<Vec<String>, GlobError> {
        use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
        match self.host.list_dir(&self.root.join(at)) {
            Ok(names) => Ok(names),
            Err(error) if matches!(error.kind(), NotFound | NotADirectory | PermissionDenied) => {
                Ok(Vec::new())
            }
            Err(error) => Err(GlobError::Io(error)),
        }
    }

    fn kind(&self, path: &str) -> FileKind {
        self.host.kind(&self.root.join(path)).unwrap_or(FileKind::Other)
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") }
}

/// Writes out the alternatives in braces: `a{b,c}` is `ab` and `ac`.
fn alternatives(pattern: &str) -> Result<Vec<String>, GlobError> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        if done.len() + open.len() > MOST_PATTERNS {
            return Err(GlobError::TooMany);
        }
        match braces(&pattern)? {
            None => done.push(pattern),
            Some((start, end, choices)) => {
                let write = |choice: &String| format!("{}{choice}{}", &pattern[..start], &pattern[end..]);
                open.extend(choices.iter().map(write));
            }
        }
    }
    Ok(done)
}

/// Finds the first braces: where they start and end, and what stands between them at the commas.
fn braces(pattern: &str) -> Result<Option<(usize, usize, Vec<String>)>, GlobError> {
    let mut depth = 0;
    let (mut start, mut part) = (0, 0);
    let mut choices = Vec::new();
    let mut chars = pattern.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '{' => {
                if depth == 0 {
                    (start, part) = (at, at + 1);
                }
                depth += 1;
            }
            ',' if depth == 1 => {
                choices.push(pattern[part..at].to_owned());
                part = at + 1;
            }
            '}' if depth == 1 => {
                choices.push(pattern[part..at].to_owned());
                return Ok(Some((start, at + 1, choices)));
            }
            '}' if depth > 1 => depth -= 1,
            _ => {}
        }
    }
    if depth > 0 { Err(GlobError::Pattern) } else { Ok(None) }
}

/// Refuses a part with a class that is not closed or an escape of nothing.
fn check(part: &str) -> Result<(), GlobError> {
    let chars: Vec<char> = part.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        at = match chars[at] {
            '[' => class(&chars, at, '\0').ok_or(GlobError::Pattern)?.1,
            '\\' if at + 1 == chars.len() => return Err(GlobError::Pattern),
            '\\' => at + 2,
            _ => at + 1,
        };
    }
    Ok(())
}

/// Returns whether a name matches a part; of several stars only the last needs to be tried again.
fn matches(part: &str, name: &str) -> bool {
    let (part, name): (Vec<char>, Vec<char>) = (part.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if part.get(p) == Some(&'*') {
            p += 1;
            retry = Some((p, n));
            continue;
        }
        let next = name.get(n).and_then(|c| one(&part, p, *c));
        match (next, retry) {
            _ if p == part.len() && n == name.len() => return true,
            (Some(next), _) => (p, n) = (next, n + 1),
            (None, Some((start, from))) if from < name.len() => {
                (p, n) = (start, from + 1);
                retry = Some((start, from + 1));
            }
            _ => return false,
        }
    }
}

/// Matches one character at `at`; returns where the pattern goes on.
fn one(part: &[char], at: usize, c: char) -> Option<usize> {
    match part.get(at)? {
        '?' => Some(at + 1),
        '[' => class(part, at, c).and_then(|(matched, end)| matched.then_some(end)),
        '\\' => (part.get(at + 1) == Some(&c)).then_some(at + 2),
        literal => (*literal == c).then_some(at + 1),
    }
}

/// Matches a character with the class at `at`: whether it is in it, and where the class ends.
fn class(part: &[char], at: usize, c: char) -> Option<(bool, usize)> {
    let negated = part.get(at + 1) == Some(&'^');
    let first = at + 1 + usize::from(negated);
    let (mut at, mut found) = (first, false);
    let member = |at: usize| match part.get(at)? {
        '\\' => Some((*part.get(at + 1)?, at + 2)),
        c => Some((*c, at + 1)),
    };
    loop {
        if part.get(at) == Some(&']') && at > first {
            return Some((found != negated, at + 1));
        }
        let (low, after) = member(at)?;
        let range = part.get(after) == Some(&'-') && part.get(after + 1).is_some_and(|c| *c != ']');
        let (high, end) = if range { member(after + 1)? } else { (low, after) };
        found |= (low..=high).contains(&c);
        at = end;
    }
}
