//! The one helper of this module's tests: sources that say in comments what is wrong with them.

use crate::diag::{Diagnostic, Severity, Sources};

/// Compares complaints with the comments `# ^^^ Summary: label` of a source, each of which speaks of the nearest line above that is
/// no such comment. A warning is written `# ^^^ (warning) Summary: label`.
pub(super) fn compare(text: &str, found: &[Diagnostic], sources: &Sources) {
    let mut line = 0;
    let mut expected = Vec::new();
    for (number, source) in text.lines().enumerate() {
        match source.trim_start().strip_prefix("# ^") {
            Some(_) => {
                let start = source.find('^').expect("just found");
                let length = source[start..].chars().take_while(|c| *c == '^').count();
                expected.push((line, start + 1, length, source[start + length..].trim().to_owned()));
            }
            None => line = number + 1,
        }
    }
    let found: Vec<_> = found.iter().map(|diagnostic| place(diagnostic, sources)).collect();
    assert_eq!(found, expected, "in {text}");
}

fn place(diagnostic: &Diagnostic, sources: &Sources) -> (usize, usize, usize, String) {
    let span = diagnostic.span.expect("every mistake here has a place");
    let at = sources.position(span.file, span.start as usize);
    let length = (span.end - span.start) as usize;
    let severity = if diagnostic.severity == Severity::Warning { "(warning) " } else { "" };
    let said = format!("{severity}{}: {}", diagnostic.summary, diagnostic.label);
    (at.line, at.column, length, said.trim_end_matches(": ").to_owned())
}
