//! Depth, length and size: a complaint or a result, never a crash, never quadratic time.

use super::{expression, file};
use std::time::{Duration, Instant};

/// Runs on a stack as small as a worker's.
fn on_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    thread.expect("a thread").join().expect("no panic");
}

/// What `open`, repeated, then `middle`, then `close`, repeated, gives: nothing or the complaint's summary.
fn nested(levels: usize, open: &str, middle: &str, close: &str) -> Option<String> {
    let text = format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
    expression(&text).err().map(|error| error.0)
}

const SHAPES: &[(&str, &str, &str)] = &[
    ("(", "1", ")"),
    ("[", "1", "]"),
    ("{a=", "1", "}"),
    ("f(", "1", ")"),
    ("\"${", "1", "}\""),
    ("a[", "1", "]"),
    ("[for x in [1] : ", "x", "]"),
    ("[for x in ", "y", ": x]"),
    ("1 + (", "2", ")"),
    ("a ? (", "b", ") : c"),
    ("a ? ", "b", " : c"),
    ("a || b && c == d < e + f * (", "2", ")"),
    ("\"%{ if true }${", "1", "}%{ endif }\""),
];

#[test]
fn two_hundred_levels_work() {
    on_small_stack(|| {
        for (open, middle, close) in SHAPES {
            // Some shapes nest twice a level.
            let levels = if open.contains(['"', '?', '|']) { 100 } else { 200 };
            assert_eq!(nested(levels, open, middle, close), None, "{open}");
        }
    });
}

#[test]
fn deeper_nesting_is_refused_at_any_depth() {
    on_small_stack(|| {
        for (open, middle, close) in SHAPES {
            for levels in [10_000, 50_000] {
                let said = nested(levels, open, middle, close);
                assert_eq!(said.as_deref(), Some("Expression nested too deeply"), "{open}");
            }
        }
        assert_eq!(nested(1_000_000, "[", "", "").as_deref(), Some("Expression nested too deeply"));
    });
}

#[test]
fn chains_are_limited_by_height() {
    on_small_stack(|| {
        for (first, link, last) in
            [("1", " + 1", ""), ("", "!", "a"), ("", "a ? 1 : ", "2"), ("a", "[b]", "")]
        {
            let chain = |links: usize| format!("{first}{}{last}", link.repeat(links));
            let (_, said) = file(&format!("x = {}\n", chain(900)));
            assert_eq!(said, [""; 0], "{link}");
            let error = expression(&chain(50_000)).unwrap_err();
            assert_eq!(error.0, "Expression nested too deeply", "{link}");
        }
    });
}

#[test]
fn blocks_nest_as_deep_as_expressions() {
    on_small_stack(|| {
        let text = |levels: usize| format!("{}{}", "a {\n".repeat(levels), "}\n".repeat(levels));
        assert_eq!(file(&text(200)).1, [""; 0]);
        assert!(file(&text(100_000)).1[0].ends_with("nested too deeply"));
        let directives =
            format!("a = \"{}{}\"\n", "%{ if true }".repeat(100_000), "%{ endif }".repeat(100_000));
        assert!(file(&directives).1[0].ends_with("nested too deeply"));
    });
}

#[test]
fn time_is_linear() {
    let keys: String = (0..100_000).map(|i| format!("  k{i} = {i}\n")).collect();
    let texts = [
        format!("a = {{\n{keys}}}\n"),
        keys,
        "a {\n".repeat(50_000),
        "a = [\n".repeat(50_000),
        "}\n".repeat(50_000),
        "a = \"\n".repeat(2_000),
        "a 1\n".repeat(100_000),
        format!("a {{\n{}}}\n", "1\n".repeat(100_000)),
        format!("a = {}", "/* ".repeat(100_000)),
        format!("a = <<EOT\n{}", "x\n".repeat(100_000)),
        format!("a = {}{}", "(".repeat(100_000), "}".repeat(100_000)),
        format!("a = \"{}", "${".repeat(100_000)),
        "instance \"a\" {\n  name = \"x${var.y}\"\n}\n".repeat(20_000),
    ];
    for text in texts {
        let start = Instant::now();
        file(&text);
        // A debug build on a busy machine; quadratic time would be minutes.
        assert!(start.elapsed() < Duration::from_secs(120), "{}", &text[..40]);
    }
}
