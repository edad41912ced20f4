//! Runs every folder with a `transcript.md` below `tests/transcripts`: configuration, remote objects before (`api.json`),
//! what is typed and printed, every request the API received (`calls.txt`), remote objects after (`api.after.json`).
//!
//! `UPDATE=1` rewrites what differs, and the difference in git is the review. `CASE=text` runs only the cases with this
//! in their path. Whatever a case is about, no secret of it may stand in an output or a file.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use support::sandbox::Sandbox;
use support::{compare, page, repository};

/// Files of a case that are no configuration.
const OWN: &[&str] = &["transcript.md", "api.json", "calls.txt", "api.after.json"];

/// What a case that changes nothing remote need not say.
const NOTHING: &str = "{\n  \"instances\": []\n}\n";

#[test]
fn transcripts() {
    let wanted = std::env::var("CASE").unwrap_or_default();
    let cases = cases(&repository("tests/transcripts"));
    let queue = Mutex::new(cases.iter().filter(|case| case.display().to_string().contains(&wanted)));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("nobody panics with it").next();
                    let Some(case) = next else { return };
                    let found = catch_unwind(AssertUnwindSafe(|| run(case)));
                    let found = found.unwrap_or_else(|panic| vec![words(&*panic)]);
                    let found = found.into_iter().map(|found| format!("{}\n{found}", case.display()));
                    failures.lock().expect("nobody panics with it").extend(found);
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics with it");
    assert!(!cases.is_empty(), "there are no cases");
    assert!(
        failures.is_empty(),
        "{}\n{} differences; UPDATE=1 accepts them",
        failures.join("\n"),
        failures.len()
    );
}

fn cases(dir: &Path) -> Vec<PathBuf> {
    let files = support::leaks::files(dir);
    let transcripts = files.iter().filter(|file| file.ends_with("transcript.md"));
    transcripts.filter_map(|file| file.parent().map(Path::to_owned)).collect()
}

/// Runs one case and returns what differs.
fn run(case: &Path) -> Vec<String> {
    let mut sandbox = Sandbox::new();
    sandbox.copy(case, "", OWN);
    let before = std::fs::read_to_string(case.join("api.json")).ok();
    if let Some(before) = &before {
        sandbox.load(&serde_json::from_str(before).expect("`api.json` is JSON"));
    }
    let text = std::fs::read_to_string(case.join("transcript.md")).expect("it was found");
    let first = text.lines().next().unwrap_or_default();
    assert!(first.ends_with('.'), "the first line says in a sentence what the case shows");
    let played = page::play(&text, &mut sandbox);
    let after = sandbox.dump();
    let after = if before.is_none() && after == NOTHING { "" } else { after.as_str() };
    let mut found: Vec<String> = [
        compare::file(&case.join("transcript.md"), &played),
        compare::file(&case.join("calls.txt"), &sandbox.calls()),
        compare::file(&case.join("api.after.json"), after),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.extend(sandbox.leaks());
    found
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
