//! The fuzz targets without a fuzzer: every seed, and mutations of the seeds, a fixed number from a fixed start, so
//! that each run does the same work. `tests/long/fuzz` runs the same functions under libFuzzer for as long as it is told.
//!
//! `SEEDS=DIR cargo test --test fuzz` writes the seeds into `DIR/parse`, `DIR/evaluate` and `DIR/format`.

#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "../fuzz/src/targets.rs"]
mod targets;

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How many mutations each target sees.
const MUTATIONS: usize = 3_000;
/// The longest text that mutations make.
const LONGEST: usize = 4_096;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap()
}

fn texts_in(folder: &str, ending: &str) -> Vec<String> {
    let mut paths: Vec<_> =
        std::fs::read_dir(repository(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let chosen = paths.into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
    chosen.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// A case of the conformance suite; its answers, some of which no float holds, are left out.
#[derive(Deserialize)]
struct Case {
    expr: String,
}

/// The expressions that Terraform was asked about.
fn expressions() -> Vec<String> {
    let cases: Vec<Case> = serde_json::from_str(&read("tests/conformance/expressions.json")).unwrap();
    cases.into_iter().map(|case| case.expr).collect()
}

/// The files of the cases in `tests/language`.
fn files() -> Vec<String> {
    let mut all = texts_in("tests/fmt", ".input.tf");
    for page in texts_in("tests/language", ".txt") {
        let sections = page.split("\n>> ").skip(1);
        let files = sections.filter(|section| section.lines().next().unwrap_or_default().contains(".hcl"));
        all.extend(files.map(|file| {
            let text = file.split_once('\n').map_or("", |(_, text)| text);
            text.split("\n## ").next().unwrap_or_default().to_owned()
        }));
    }
    all
}

/// What once was found, kept as text: each made a target fail.
fn findings(target: &str) -> Vec<String> {
    texts_in("tests/fuzz", &format!(".{target}"))
}

fn seeds(target: &str) -> Vec<String> {
    let mut all = match target {
        "evaluate" => expressions(),
        "format" => files(),
        _ => [expressions(), files()].concat(),
    };
    all.extend(findings(target));
    all
}

/// A small generator of numbers (xorshift64*): the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % limit.max(1)
    }

    fn pick<'a>(&mut self, among: &'a [impl AsRef<str>]) -> &'a str {
        among[self.below(among.len())].as_ref()
    }

    /// The start of a character, or the end of the text.
    fn place(&mut self, text: &str) -> usize {
        let near = self.below(text.len() + 1);
        (0..=near).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    }

    fn stretch(&mut self, text: &str) -> std::ops::Range<usize> {
        let (a, b) = (self.place(text), self.place(text));
        a.min(b)..a.max(b)
    }
}

/// What means something to a reader of the language.
const WORDS: &[&str] = &[
    "\"", "${", "%{", "}", "{", "[", "]", "(", ")", "~", "~}", "<<E\n", "<<-E\n", "\nE\n", "\n", "\r\n",
    "\\", "\0", "\u{feff}", ".", "...", "[*]", ".*", "=", "=>", "==", "?", ":", ",", "!", "-", "#", "/*",
    "*/", "//", "for ", "in ", "if ", "else", "endif", "endfor", "null", "true", "0", "1e400", "1e99999",
    "-1", "var.u", "var.ss", "var.us", "var.ul", "var.l", "var.z", "é", "\u{301}", "%s", "%#v", "$$", "%%",
    "a", "\\u00e9", "::",
];

fn mutated(seeds: &[String], numbers: &mut Numbers) -> String {
    let mut text = numbers.pick(seeds).to_owned();
    for _ in 0..=numbers.below(4) {
        let at = numbers.stretch(&text);
        match numbers.below(5) {
            0 => text.replace_range(at, ""),
            1 => text.insert_str(at.start, numbers.pick(WORDS)),
            2 => text.replace_range(at, numbers.pick(WORDS)),
            3 => {
                let copy = text[at.clone()].to_owned();
                text.insert_str(at.end, &copy);
            }
            _ => {
                let other = numbers.pick(seeds);
                text.replace_range(at, &other[numbers.stretch(other)]);
            }
        }
    }
    let end = (0..=text.len().min(LONGEST)).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    text
}

/// Writes a target's seeds where a fuzzer looks for them.
fn write(target: &str, seeds: &[String]) {
    let Some(folder) = std::env::var_os("SEEDS") else { return };
    let folder = Path::new(&folder).join(target);
    std::fs::create_dir_all(&folder).unwrap();
    for (at, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{at:04}")), seed).unwrap();
    }
}

fn run(target: &str, function: fn(&str)) {
    let seeds = seeds(target);
    assert!(seeds.len() > 50, "only {} seeds", seeds.len());
    write(target, &seeds);
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mutations: Vec<String> = (0..MUTATIONS).map(|_| mutated(&seeds, &mut numbers)).collect();
    for text in seeds.iter().chain(&mutations) {
        if let Err(panic) = std::panic::catch_unwind(|| function(text)) {
            eprintln!("{target} failed on {text:?}");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn no_text_stops_the_readers() {
    run("parse", targets::parse);
}

#[test]
fn no_text_stops_the_evaluation() {
    run("evaluate", targets::evaluate);
}

#[test]
fn no_text_is_broken_by_formatting() {
    run("format", targets::format);
}
