//! Templates: sequences, strip markers, heredocs.

use super::{check, in_body, template};

fn check_heredoc(text: &str, tree: &str) {
    assert_eq!(in_body(text).as_deref(), Ok(tree), "{text}");
}

#[test]
fn interpolation() {
    check(r#""a${b}c""#, r#"(template "a" b "c")"#);
    check(r#""${a}""#, "(wrap a)");
    check(r#""${a}${b}""#, "(template a b)");
    check(r#""${"${a}"}""#, "(wrap (wrap a))");
    check(r#""$$${a}""#, r#""$${a}""#);
    check(r#""${{ a = "}" }["a"]}""#, r#"(wrap (of {a="}"} ["a"]))"#);
    check("\"${\n a\n}\"", "(wrap a)");
}

#[test]
fn strip_markers() {
    check(r#""a  ${~ b ~}  c""#, r#"(template "a" b "c")"#);
    check(r#""a\n ${~ b ~}\n\n c""#, r#"(template "a" b "c")"#);
    check(r#""${a ~} ""#, r#"(template a "")"#);
}

#[test]
fn directives() {
    check(r#""%{ if a }b%{ else }c%{ endif }""#, r#"(template (if a "b" else "c"))"#);
    check(r#""%{ for k, v in m }${k}%{ endfor }""#, "(template (for k v m k))");
    check(r#""%{ if true }a\nb\"q\"%{ endif }""#, r#"(template (if true "a\nb\"q\""))"#);
    check(
        r#""%{ if a }%{ for b in c }%{ if d }e%{ endif }%{ endfor }%{ endif }""#,
        r#"(template (if a (for b c (if d "e"))))"#,
    );
}

#[test]
fn heredocs() {
    check_heredoc("<<EOT\n\nEOT", r#""\n""#);
    check_heredoc("<<EOT\nEOT", r#""""#);
    check_heredoc("<<EOT\n  a\\n\n\tEOT", "\"  a\\\\n\\n\"");
    check_heredoc("<<EOT\n${a}EOT\n EOTX\nEOT", r#"(template a "EOT\n EOTX\n")"#);
    check_heredoc("<<-EOT\n    four\n  two\n\n      six\n    EOT", r#""  four\ntwo\n\n    six\n""#);
    check_heredoc("<<-EOT\n    a\n  ${b}\n    EOT", r#"(template "  a\n" b "\n")"#);
    check_heredoc("<<-EOT\n    a\n${b}\n    EOT", r#"(template "    a\n" b "\n")"#);
    check_heredoc("f(<<A\nx\nA\n, 2)", r#"(call f "x\n" 2)"#);
    check_heredoc("<<EOT\nouter ${<<IN\ninner\nIN\n} end\nEOT", r#"(template "outer " "inner\n" " end\n")"#);
}

#[test]
fn indentation_goes_after_trimming_and_inside_directives_too() {
    check_heredoc("<<-E\r\n    a\r\n      b\r\n    E", r#""a\r\n  b\r\n""#);
    check_heredoc("<<-E\n  %{ if t }\n    a\n  %{ endif }\n  E", r#"(template "" (if t "\n  a\n") "\n")"#);
    check_heredoc("<<-E\n    a\n   \n     b\n  E", r#""a\n   \n b\n""#);
    check_heredoc(
        "<<-E\n    %{~ if t ~}\n    a\n    %{~ endif ~}\n  E",
        r#"(template "" (if t "    a\n") "")"#,
    );
    check_heredoc("<<-E\n\u{3000}\u{3000}a\n\u{3000}b\nE", "\"\\u{3000}a\\nb\\n\"");
    check_heredoc("<<E\n  a ${~ b ~} \n  c\nE", r#"(template "  a" b "  c\n")"#);
}

#[test]
fn trimmed_newlines_do_not_start_lines() {
    check_heredoc(
        "<<-EOT\n  %{ if true ~}\n    yes\n  %{ endif ~}\n  EOT",
        r#"(template "" (if true "    yes\n") "")"#,
    );
}

#[test]
fn whole_texts() {
    assert_eq!(template("a ${b}\n").as_deref(), Ok(r#"(template "a " b "\n")"#));
    assert_eq!(template("").as_deref(), Ok(r#""""#));
    assert_eq!(template("\"q\" \\n").as_deref(), Ok(r#""\"q\" \\n""#));
    assert_eq!(template("${a}").as_deref(), Ok("(wrap a)"));
}
