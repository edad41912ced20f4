//! Runs the manual: every `hcl` and `console` block of `README.md`, of the pages in `docs/` and of the notation's, each page in a sandbox of
//! its own with a copy of the examples. `UPDATE=1` rewrites what differs.

mod support;

use std::path::Path;
use support::sandbox::Sandbox;
use support::{compare, leaks, page, read, repository};

fn check(path: &Path) {
    let mut sandbox = Sandbox::new();
    sandbox.copy(&repository("examples"), "examples", &[]);
    let text = read(path);
    let played = page::play(&text, &mut sandbox);
    let found = compare::file(path, &played);
    assert!(found.is_none(), "{}", found.unwrap_or_default());
    assert_eq!(sandbox.leaks(), [] as [String; 0], "{}", path.display());
}

#[test]
fn the_readme_is_true() {
    check(&repository("README.md"));
}

#[test]
fn the_readme_is_one_screen() {
    let text = read(&repository("README.md"));
    assert!(text.lines().count() <= 105, "{} lines", text.lines().count());
}

#[test]
fn the_notation_is_true() {
    check(&repository("src/kind/builtin/README.md"));
}

#[test]
fn the_manual_is_true() {
    let pages = leaks::files(&repository("docs"));
    assert!(pages.len() >= 5, "{pages:?}");
    pages.iter().for_each(|page| check(page));
}
