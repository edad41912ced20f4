//! The files that were read, and places in them. Spans are byte offsets; lines and columns are worked out only
//! when a person or a JSON document needs them.

use crate::value::graphemes;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which file of [`Sources`]. Ordered as the files were added, which is by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A stretch of bytes of one file, `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, range: std::ops::Range<usize>) -> Self {
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// The smallest span that covers both (which must be in one file).
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// A place as people count: line and column from 1 (columns in grapheme clusters), byte from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineColumn {
    pub line: usize,
    pub column: usize,
    pub byte: usize,
}

struct Source {
    path: PathBuf,
    text: Arc<str>,
    /// Byte offset of each line's start.
    lines: Vec<u32>,
}

/// All source texts of a run.
#[derive(Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text. `path` is what diagnostics show: relative to the configuration directory.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> FileId {
        let text: Arc<str> = text.into();
        let starts = text.match_indices('\n').map(|(at, _)| clamp(at + 1));
        let lines = std::iter::once(0).chain(starts).collect();
        self.files.push(Source { path: path.into(), text, lines });
        FileId(clamp(self.files.len() - 1))
    }

    pub fn path(&self, file: FileId) -> &Path {
        &self.files[file.0 as usize].path
    }

    pub fn text(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].text
    }

    /// The text a span covers, moved inwards to character boundaries if need be.
    pub fn slice(&self, span: Span) -> &str {
        let text = self.text(span.file);
        let start = text.floor_char_boundary(span.start as usize);
        let end = text.floor_char_boundary(span.end as usize).max(start);
        &text[start..end]
    }

    /// Line and column of a byte offset.
    pub fn position(&self, file: FileId, byte: usize) -> LineColumn {
        let source = &self.files[file.0 as usize];
        let byte = source.text.floor_char_boundary(byte);
        let line = source.lines.partition_point(|start| *start as usize <= byte);
        let start = source.lines[line - 1] as usize;
        let column = graphemes(&source.text[start..byte]).count() + 1;
        LineColumn { line, column, byte }
    }

    /// The line of a span's start, from 1.
    pub fn line(&self, span: Span) -> usize {
        self.position(span.file, span.start as usize).line
    }

    /// `main.hcl:17`, as plans show a place.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}", self.path(span.file).display(), self.line(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_graphemes() {
        let mut sources = Sources::new();
        let file = sources.add("main.hcl", "a\nbé́x\n");
        let at = |byte| sources.position(file, byte);
        assert_eq!((at(0).line, at(0).column), (1, 1));
        assert_eq!((at(2).line, at(2).column), (2, 1));
        assert_eq!((at(7).line, at(7).column), (2, 3));
        assert_eq!((at(99).line, at(99).column), (3, 1));
    }
}
