//! A saved plan that is not whole is refused before anything is done; output that cannot be written is no success.

#![allow(clippy::unwrap_used, reason = "a command that cannot be run is a failure")]

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};

fn isotope(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
    command.args(args).current_dir(dir).env_clear().env("HOME", dir).env("XDG_CONFIG_HOME", dir);
    command
}

/// Runs a command; returns its status and all that it printed.
fn run(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = isotope(dir, args).output().unwrap();
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), printed.concat())
}

fn planned() -> (tempfile::TempDir, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.hcl"), "value \"a\" {\n  input = \"one\"\n}\n").unwrap();
    let (status, printed) = run(dir.path(), &["plan", "-out=change.plan"]);
    assert_eq!(status, Some(0), "{printed}");
    let bytes = std::fs::read(dir.path().join("change.plan")).unwrap();
    (dir, bytes)
}

/// `change.plan` with these bytes is refused, by `apply` and by `show`, and nothing comes of it.
fn refused(dir: &Path, what: &str, bytes: &[u8]) {
    std::fs::write(dir.join("change.plan"), bytes).unwrap();
    for command in ["apply", "show"] {
        let (status, printed) = run(dir, &[command, "change.plan"]);
        assert_eq!(status, Some(1), "{command}, {what}: {printed}");
        assert!(printed.contains("Error: "), "{command}, {what}: {printed}");
    }
    let (_, listed) = run(dir, &["state", "list"]);
    assert_eq!(listed, "", "{what}");
}

#[test]
fn a_plan_that_was_tampered_with_is_refused() {
    let (dir, bytes) = planned();
    refused(dir.path(), "bytes appended", &[&bytes[..], b"\n{}"].concat());
    refused(dir.path(), "emptied", b"");
    for at in (1..bytes.len()).step_by(bytes.len() / 12) {
        refused(dir.path(), &format!("cut at {at}"), &bytes[..at]);
    }
    for at in (0..bytes.len()).step_by(bytes.len() / 24) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        refused(dir.path(), &format!("byte {at} changed"), &changed);
    }
}

#[test]
fn a_whole_plan_is_applied_once() {
    let (dir, bytes) = planned();
    std::fs::write(dir.path().join("change.plan"), bytes).unwrap();
    let (status, printed) = run(dir.path(), &["apply", "change.plan"]);
    assert!(status == Some(0) && printed.contains("Apply complete! Resources: 1 added"), "{printed}");
    let (status, printed) = run(dir.path(), &["apply", "change.plan"]);
    assert!(status == Some(1) && printed.contains("Saved plan is stale"), "{printed}");
}

#[test]
fn output_that_is_lost_is_an_error() {
    let (dir, _) = planned();
    for args in [&["plan"][..], &["plan", "-json"], &["validate"], &["version"], &["show", "change.plan"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = isotope(dir.path(), args).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&ended.stderr));
        assert!(!ended.stderr.is_empty(), "{args:?} says why");
    }
}
