//! Both parsers give one tree where both accept, and `hcl-edit`'s path accepts nothing that ours refuses.

use super::{show, source};
use crate::diag::Diagnostics;
use crate::syntax::{
    Body, convert, format, native, parse, parse_expression, parse_json, parse_template, scan,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Parses one item by each path.
fn both(text: &str) -> (Option<Body>, Option<Body>) {
    let (_, id) = source(text);
    let mut tokens = scan::code(text, 0);
    tokens.pop();
    let invalid = tokens.iter().any(|token| token.kind.is_invalid());
    let mut unsaid = Diagnostics::new();
    let ours = native::Parser::new(text, id, &tokens, &mut unsaid).file();
    let theirs = if invalid { None } else { convert::item(text, id, &tokens) };
    (theirs, ours)
}

/// Fails if the paths differ. Tells whether both accepted.
fn agree(text: &str) -> bool {
    let (theirs, ours) = both(text);
    let Some(theirs) = theirs else { return false };
    let ours = ours.unwrap_or_else(|| panic!("only hcl-edit accepts {text:?}"));
    assert_eq!(show::body(&theirs), show::body(&ours), "{text:?}");
    assert_eq!(spans(&theirs), spans(&ours), "{text:?}");
    true
}

/// The whole tree with its places; where a file's body ends does not count.
fn spans(body: &Body) -> String {
    format!("{:?}{:?}", body.attributes, body.blocks)
}

#[test]
fn both_paths_read_ordinary_items_alike() {
    let items = [
        "a = 1\n",
        "a = -1.50\n",
        "a = - 1\n",
        "a = \"x${ b.c }y\"\n",
        "a = b[0].c[\"d\"][e].f\n",
        "a = b[*].c[0]\n",
        "a = f( x , y... ).z\n",
        "a = { b = 1, \"c\" : 2, (d) = 3, null = 4\n e = 5 }\n",
        "a = [ 1, /* c */ 2, [ ] , ]\n",
        "a = [ for k , v in w : v if k ]\n",
        "a = { for k , v in w : k => v ... if k }\n",
        "a = ( b + c ) * -d <= !e && f ? g : h\n",
        "a = <<EOT\n x ${y}\nEOT\n",
        "a = <<-EOT\n    x\n   y\n  EOT\n",
        "a \"l\" m {\n  b = 1 # c\n  // d\n  n \"o\" {\n  }\n  p { q = 2 }\n}\n",
        "a {}\n",
        "a \"\\u00e9\" {}",
        "a = p::q(1)\n",
        "a = 1 # c",
    ];
    for item in items {
        assert!(agree(item), "hcl-edit refuses {item:?}");
    }
}

/// Pieces of items; joined at random most are wrong, and both paths must say so.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        "1",
        "2.5",
        "-",
        "!",
        "+",
        "*",
        "==",
        "?",
        ":",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "=",
        ".",
        "\n",
        " ",
        "\"",
        "${",
        "\"x\"",
        "\"${a}\"",
        "for ",
        "in ",
        "if ",
        "=>",
        "...",
        "[*]",
        ".*",
        "null",
        "true",
        "# c\n",
        "/* c */",
        "<<E\n",
        "\nE\n",
        "a = ",
        "f(",
        "::",
        "&&",
        "\r\n",
        "\\",
        "%{ if a }",
        "%{ endif }",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| format!("x = {}\n", pieces.concat()))
}

/// Pieces of blocks.
fn block() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", " ", "\n", "{", "}", "{\n", "}\n", "=", "\"l\"", "\"", "1", ",", "a = 1\n", "b {\n",
        "a = 1", "# c\n", "/* c */", "\"${a}\"", "\"\\n\"", "[", "]",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("x {}\n", pieces.concat()))
}

/// Pieces of all that is unusual.
fn debris() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\r", "\r\n", "\0", "\u{feff}", "é", "“", "\u{a0}", "\\", "\"", "'", "${", "%{", "~", "}", "{", "[",
        "]", ":", ",", "<<E\r\n", "E\r\n", "<<-E\n", "\nE", "/*", "*/", "//", "\\u00", "\\ud83d", "1e", "1.",
        "a", " = ", "if ", "endif", "for ", "\n", "<<<<<<<", "\"a\"", "null", "-", "**",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

/// Expressions that are right.
fn sound() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "2.5",
        "a",
        "null",
        "true",
        "\"x\"",
        "\"${a}\"",
        "\"p${ a }q\"",
        "var.x",
        "[]",
        "{}",
        "f()",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            (
                two.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"])
            )
                .prop_map(|((a, b), op)| format!("{a} {op} {b}")),
            two.clone().prop_map(|(a, b)| format!("[{a}, {b}]")),
            two.clone().prop_map(|(a, b)| format!("{{ k = {a}, (b) : {b} }}")),
            two.clone().prop_map(|(a, b)| format!("{{\n k = {a}\n \"q\" = {b}\n}}")),
            two.clone().prop_map(|(a, b)| format!("({a})[{b}]")),
            two.clone().prop_map(|(a, b)| format!("[for k, v in {a} : {b} if v]")),
            two.clone().prop_map(|(a, b)| format!("{{ for k in {a} : k => {b}... }}")),
            two.clone().prop_map(|(a, b)| format!("f({a}, {b}...)")),
            (inner.clone(), two).prop_map(|(c, (a, b))| format!("{c} ? {a} : {b}")),
            inner.clone().prop_map(|a| format!("({a}).b[0]")),
            inner.clone().prop_map(|a| format!("({a})[*].c[1]")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.prop_map(|a| format!("\"s${{{a}}}t\"")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_accepted_by_one_path_only(text in text()) {
        agree(&text);
    }

    #[test]
    fn no_block_is_accepted_by_one_path_only(text in block()) {
        agree(&text);
    }

    #[test]
    fn no_text_stops_the_parsers(text in prop_oneof![text(), block(), "\\PC*", debris()]) {
        let (sources, id) = source(&text);
        let mut diags = Diagnostics::new();
        parse(&sources, id, &mut diags);
        parse_json(&sources, id, &mut diags);
        parse_expression(&sources, id, &mut diags);
        parse_template(&sources, id, &mut diags);
        for diagnostic in diags.take() {
            let span = diagnostic.span.expect("a place");
            prop_assert!(span.start <= span.end && span.end as usize <= text.len(), "{:?}", diagnostic);
        }
        format(&text);
    }

    #[test]
    fn sound_expressions_give_one_tree(expr in sound()) {
        let text = format!("x = {expr}\n");
        agree(&text);
        prop_assert!(both(&text).1.is_some(), "refused: {}", text);
        prop_assert!(both(&text).0.is_some(), "hcl-edit refused: {}", text);
    }

    #[test]
    fn formatting_keeps_the_tree_and_is_stable(exprs in prop::collection::vec(sound(), 1..4)) {
        let line = |(at, expr): (usize, &String)| format!("x{at}= [{expr} ] # c\n");
        let text: String = exprs.iter().enumerate().map(line).collect();
        let formatted = format(&text);
        prop_assert_eq!(show::body(&super::file(&formatted).0), show::body(&super::file(&text).0));
        prop_assert_eq!(format(&formatted), formatted);
    }
}
