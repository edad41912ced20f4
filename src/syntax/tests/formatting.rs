//! The formatter against what `terraform fmt` printed for the same text.

use super::show;
use crate::syntax::format;
use std::path::Path;

fn check(text: &str, formatted: &str) {
    assert_eq!(format(text), formatted, "{text}");
    assert_eq!(format(formatted), formatted, "not stable: {formatted}");
}

#[test]
fn files_come_out_as_terraform_prints_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fmt");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the cases") {
        let input = entry.expect("a case").path();
        let Some(name) = input.to_str().and_then(|name| name.strip_suffix(".input.tf")) else { continue };
        let read = |path: &Path| std::fs::read_to_string(path).expect("a case's text");
        check(&read(&input), &read(Path::new(&format!("{name}.expected.tf"))));
        count += 1;
    }
    assert!(count >= 24, "{count} cases");
}

#[test]
fn what_is_wrong_stays_as_it_is() {
    for text in ["a  =", "a = 'x'", "a  {", "a = \"${ b \n"] {
        assert_eq!(format(text), text);
    }
}

#[test]
fn formatting_changes_no_meaning() {
    let text = "a  \"b\"  c {\n x=[ 1,2 ]\ny = - 1 -2\n z = <<-E\n  q ${ r }\n E\n}\n";
    let tree = |text: &str| show::body(&super::file(text).0);
    assert_eq!(tree(&format(text)), tree(text));
}

#[test]
fn labels_and_old_types_are_respelled() {
    check("a b /* c */ {}\n", "a \"b\" /* c */ {}\n");
    check("a /* c */ b {}\n", "a \"b\" {}\n");
    check("a \"\\u00e9\\u00a0\\U0001F600\" {}\n", "a \"é\\u00a0😀\" {}\n");
    check("variable \"x\" {\n  type = \"list\"\n}\n", "variable \"x\" {\n  type = list(string)\n}\n");
    check("variable \"x\" {\n  type = map\n}\n", "variable \"x\" {\n  type = map(any)\n}\n");
    check("a = \"${\n b ?\n c : d\n}\"\n", "a = (b ?\nc : d)\n");
}

/// Terraform stops counting brackets at a heredoc, so that what follows this one moves left.
#[test]
fn brackets_in_a_heredoc_count_as_in_terraform() {
    check(
        "a {\n  b = <<E\n ${\nf(\n1)\n}\nE\n  c = 2\n}\n",
        "a {\n  b = <<E\n ${\n  f(\n  1)\n}\nE\nc = 2\n}\n",
    );
}

#[test]
fn line_ends_stay_as_they_are() {
    check("a=1\r\nbb=2 # c\r\n", "a  = 1\r\nbb = 2 # c\r\n");
    check("\u{feff}a=1", "a = 1");
}
