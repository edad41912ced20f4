//! A unified diff of two texts, for `fmt -diff`.

use similar::TextDiff;

/// The differences of a file before and after, as `diff -u` writes them.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&format!("old/{name}"), &format!("new/{name}"))
        .to_string()
}
