//! Which mistake is reported where.

use super::{expression, file, show};

/// Checks the complaints about a file, and which items are left.
fn check(text: &str, complaints: &[&str], left: &str) {
    let (body, said) = file(text);
    assert_eq!(said, complaints, "{text}");
    assert_eq!(show::body(&body), left, "{text}");
}

#[test]
fn every_broken_item_is_reported_and_the_others_are_kept() {
    check(
        "a {\n  x = \n}\nb {}\nc = 'x'\nd {\n y = 1 2\n z = (\n}\n\ne {}\n",
        &[
            "2:7 Invalid expression",
            "5:5 Invalid character",
            "7:8 Missing newline after argument",
            "9:1 Invalid expression",
        ],
        "b {}; e {}",
    );
}

#[test]
fn an_item_without_an_end_does_not_swallow_the_next() {
    check("a {\n  x = 1\n\nb {\n}\n", &["1:3 Unclosed configuration block"], "b {}");
    check("a {\n  x = [1\n\nb {\n}\n", &["2:7 Unterminated tuple constructor expression"], "b {}");
    check("a {\n  x = \"abc\n}\nb {\n}\n", &["2:7 Invalid multi-line string"], "b {}");
    check("a {\n  x = <<EOT\nabc\n}\nb {\n}\n", &["2:7 Unterminated template string"], "b {}");
    check("x = [1\ny = 2\n", &["1:5 Unterminated tuple constructor expression"], "y = 2");
    check("a \"b {\n  x = 1\n}\nc {}\n", &["1:3 Invalid multi-line string"], "c {}");
}

#[test]
fn summaries_at_a_prompt() {
    let cases = [("1 2", "Extra characters after expression"), ("1 +", "Missing expression")];
    for (text, summary) in cases {
        assert_eq!(expression(text).unwrap_err().0, summary, "{text}");
    }
}
