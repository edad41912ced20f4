//! What a file says against what it should: a readable difference, or the file rewritten.

use similar::TextDiff;
use std::path::Path;

/// Returns the difference, or rewrites the file if that is asked for. A file that is not there says nothing.
pub fn file(path: &Path, actual: &str) -> Option<String> {
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return None;
    }
    if super::updating() {
        match actual {
            "" => std::fs::remove_file(path).expect("a file to remove"),
            _ => std::fs::write(path, actual).expect("a file to write"),
        }
        return None;
    }
    let diff = TextDiff::from_lines(&expected, actual);
    let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display().to_string();
    Some(diff.unified_diff().context_radius(4).header(&name, "what happened").to_string())
}
