//! The language at size: how long reading and evaluating takes, for an element, at two sizes. `cargo bench --bench language`.
//!
//! A run fails if an element of the greater size costs much more than one of the lesser: everything here is to be linear. A harness of our
//! own, because the ratio is what counts: what one run takes says little on a machine that does other things.

#![allow(clippy::unwrap_used, reason = "a benchmark fails where it stands")]

use isotope::diag::{Diagnostics, Sources};
use isotope::eval::{self, EmptyScope, Nowhere};
use isotope::kind::Kinds;
use isotope::value::STACK_SIZE;
use isotope::{config, plan, syntax};
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How much more an element of the greater size may cost: n·log n is within it, n² is not.
const LINEAR: f64 = 3.0;
/// How often each is measured; the shortest time counts.
const ROUNDS: usize = 3;

fn best(mut run: impl FnMut()) -> Duration {
    let mut once = || {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..ROUNDS).map(|_| once()).min().unwrap_or_default()
}

/// Measures at two sizes, prints both, and tells whether the time is linear.
fn compare(name: &str, sizes: [usize; 2], measure: impl Fn(usize) -> Duration) -> bool {
    let each = sizes.map(|size| {
        let took = measure(size);
        let each = took.as_secs_f64() / size as f64;
        println!("{name:<28} {size:>7}  {:>9.1} ms  {:>8.2} µs each", took.as_secs_f64() * 1e3, each * 1e6);
        each
    });
    let ratio = each[1] / each[0];
    println!("{name:<28}   ratio  {ratio:.2}");
    ratio < LINEAR
}

fn blocks(count: usize) -> String {
    let mut text = "variable \"region\" { default = \"eu\" }\n".to_owned();
    for at in 0..count {
        let input = "{ name = \"n-${var.region}\", size = 1 + 2 }";
        writeln!(text, "value \"v{at}\" {{\n  input = {input}\n}}").unwrap();
    }
    text
}

fn parse(count: usize) -> Duration {
    let text = blocks(count);
    best(|| {
        let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
        let file = sources.add("main.hcl", text.as_str());
        assert_eq!(syntax::parse(&sources, file, &mut diags).blocks.len(), count + 1);
    })
}

/// Loads a directory and evaluates everything in it.
fn validate(dir: &Path) {
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    let config = config::load(dir, &mut sources, &mut diags).unwrap();
    let valid = plan::validate(&config, Kinds::builtin(), &Nowhere, &mut diags);
    assert!(valid.is_ok(), "{:?}", diags.take().first());
}

fn resources(count: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.hcl"), blocks(count)).unwrap();
    best(|| validate(dir.path()))
}

/// A module in a module, and so on; what goes in at the top comes out there.
fn nest(depth: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    for level in 0..depth {
        let folder = if level == 0 { dir.path().to_owned() } else { dir.path().join(format!("m{level}")) };
        std::fs::create_dir_all(&folder).unwrap();
        let source = if level == 0 { format!("./m{}", level + 1) } else { format!("../m{}", level + 1) };
        let call = format!("module \"in\" {{\n  source = \"{source}\"\n  x = var.x\n}}\n");
        let text =
            format!("variable \"x\" {{ default = 1 }}\n{call}output \"y\" {{ value = module.in.y }}\n");
        std::fs::write(folder.join("main.hcl"), text).unwrap();
    }
    let last = dir.path().join(format!("m{depth}"));
    std::fs::create_dir_all(&last).unwrap();
    std::fs::write(last.join("main.hcl"), "variable \"x\" {}\noutput \"y\" { value = var.x }\n").unwrap();
    best(|| validate(dir.path()))
}

fn expression(text: &str) -> Duration {
    let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
    let file = sources.add("expression", text);
    let expr = syntax::parse_expression(&sources, file, &mut diags).unwrap();
    let scope = EmptyScope::new(&Nowhere, Path::new("."));
    best(|| {
        eval::evaluate(&expr, &scope, &mut diags).unwrap();
    })
}

fn all() -> bool {
    let sizes = [10_000, 100_000];
    let mut linear = compare("parse blocks", sizes, parse);
    linear &= compare("load and evaluate blocks", sizes, resources);
    for (name, form) in [
        ("for: tuple", "[for i in range(COUNT) : i * 2 + 1]"),
        ("for: object", "{ for i in range(COUNT) : \"k${i}\" => i }"),
        ("for: grouped", "{ for i in range(COUNT) : i % 100 => i... }"),
        ("for: filtered set", "toset([for i in range(COUNT) : \"k${i}\" if i % 2 == 0])"),
        ("distinct and sort", "sort(distinct([for i in range(COUNT) : \"k${i % 5000}\"]))"),
        ("join and split", "split(\",\", join(\",\", range(COUNT)))"),
        ("jsonencode and back", "jsondecode(jsonencode([for i in range(COUNT) : { a = i }]))"),
    ] {
        linear &= compare(name, sizes, |count| expression(&form.replace("COUNT", &count.to_string())));
    }
    // Shown, not judged: a module's address is as long as the module is deep.
    compare("modules in modules", [50, 200], nest);
    linear
}

fn main() {
    // The program runs on a stack of this size too.
    let thread = std::thread::Builder::new().stack_size(STACK_SIZE).spawn(all).unwrap();
    assert!(thread.join().unwrap(), "not linear");
}
