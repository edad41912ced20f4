//! What is said to the author of a configuration: diagnostics with a place, and the files they point into.
//!
//! Every stage puts all it finds into one [`Diagnostics`] sink, its last argument; [`Reported`] is the proof
//! that an error was put there, so that `?` stays usable without carrying the error twice.

mod guard;
mod source;
pub use guard::guarded;
pub use source::{FileId, LineColumn, Sources, Span};

use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;
use std::sync::Arc;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Error,
    Warning,
}

/// One complaint. `summary` is one line without a full stop (Terraform's words where Terraform has the same
/// mistake); `label` stands under the underlined source; `detail` explains; `help` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    pub severity: Severity,
    pub summary: String,
    /// Said right at the underlined place, in a few words. May be empty.
    pub label: String,
    /// The longer explanation; may span lines; may be empty.
    pub detail: String,
    /// What to do next, each its own line (`= help: …`).
    pub help: Vec<String>,
    pub span: Option<Span>,
    /// Further places that matter (the other definition, the rest of a cycle), with what to say there.
    pub related: Vec<(Span, String)>,
    /// The address it is about, as text, when it is about one object.
    pub address: Option<Arc<str>>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            label: String::new(),
            detail: String::new(),
            help: Vec::new(),
            span: None,
            related: Vec::new(),
            address: None,
        }
    }

    /// A warning without a place.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary) }
    }

    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    pub fn about(mut self, address: impl ToString) -> Self {
        self.address = Some(address.to_string().into());
        self
    }
}

/// Proof that an error was put before the user. Only [`Diagnostics::error`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported(());

/// The sink: all complaints of a run.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    errors: usize,
    /// Where complaints with this hash stand.
    places: FxHashMap<u64, Vec<usize>>,
}

impl Diagnostics {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a complaint of any severity.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let places = self.places.entry(FxBuildHasher.hash_one(&diagnostic)).or_default();
        if places.iter().any(|at| self.all[*at] == diagnostic) {
            return;
        }
        places.push(self.all.len());
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.all.push(diagnostic);
    }

    /// Adds an error and gives the proof of it.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        debug_assert_eq!(diagnostic.severity, Severity::Error);
        self.push(diagnostic);
        Reported(())
    }

    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    pub fn errors(&self) -> usize {
        self.errors
    }

    pub fn warnings(&self) -> usize {
        self.all.len() - self.errors()
    }

    /// `Err` if an error was reported: the end of a stage that reports all it finds.
    pub fn check(&self) -> Result<(), Reported> {
        if self.has_errors() { Err(Reported(())) } else { Ok(()) }
    }

    pub fn append(&mut self, other: Diagnostics) {
        for diagnostic in other.all {
            self.push(diagnostic);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All complaints, sorted by place (those without one first, in the order they came).
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut sorted: Vec<_> = self.all.iter().collect();
        sorted.sort_by_key(|d| d.span.map(|s| (s.file, s.start, s.end)));
        sorted
    }

    /// Takes all complaints out, sorted, leaving the sink empty.
    pub fn take(&mut self) -> Vec<Diagnostic> {
        let mut taken = std::mem::take(self).all;
        taken.sort_by_key(|d| d.span.map(|s| (s.file, s.start, s.end)));
        taken
    }
}

/// The candidate that `word` was probably meant to be, if one is near: at most a third of the letters differ.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance (insert, delete, replace, swap of neighbours), case folded.
fn edit_distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_near_words_only() {
        let words = ["element", "name", "configuration", "tags"];
        assert_eq!(did_you_mean("elment", words), Some("element"));
        assert_eq!(did_you_mean("tgas", words), Some("tags"));
        assert_eq!(did_you_mean("secrets", words), None);
    }

    #[test]
    fn the_same_complaint_is_kept_once() {
        let mut diags = Diagnostics::new();
        diags.error(Diagnostic::error("Unsupported argument"));
        diags.error(Diagnostic::error("Unsupported argument"));
        assert_eq!(diags.errors(), 1);
    }
}
