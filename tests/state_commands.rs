//! Commands that mend the state, and what the next plan makes of it.

#![allow(clippy::unwrap_used, reason = "a command that cannot be run is a failure")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs commands in a directory with this configuration; each must end with that status and print that text somewhere.
fn check(main: &str, steps: &[(&str, i32, &str)]) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.hcl"), main).unwrap();
    for (line, status, text) in steps {
        let (code, printed) = isotope(dir.path(), line);
        assert_eq!(code, Some(*status), "{line}:\n{printed}");
        assert!(printed.contains(text), "{line}: expected {text:?} in:\n{printed}");
    }
}

fn isotope(dir: &Path, line: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_isotope"))
        .args(line.split(' '))
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .env("XDG_CONFIG_HOME", dir)
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.code(), printed.concat())
}

#[test]
fn a_tainted_object_is_replaced_until_it_is_untainted() {
    check(
        "value \"a\" {\n  input = 1\n}\n",
        &[
            ("apply -auto-approve", 0, "1 added"),
            ("taint value.b", 1, "No such resource instance"),
            ("taint value.a", 0, "Resource instance value.a has been marked as tainted."),
            ("plan", 0, "Plan: 1 to add, 0 to change, 1 to destroy."),
            ("untaint value.a", 0, "Resource instance value.a has been successfully untainted."),
            ("untaint value.a", 1, "Resource instance is not tainted"),
            ("plan", 0, "No changes. Your infrastructure matches the configuration."),
        ],
    );
}

#[test]
fn objects_are_renamed_and_dropped_by_hand() {
    check(
        "value \"a\" {\n  count = 2\n  input = 1\n}\nvalue \"b\" {}\n",
        &[
            ("apply -auto-approve", 0, "3 added"),
            ("state mv value.a[1] value.b", 1, "already a resource instance at that address"),
            ("state mv value.none value.c", 1, "Invalid target address"),
            ("state mv -dry-run value.a value.c", 0, "Move \"value.a[0]\" to \"value.c[0]\""),
            ("state mv value.a value.c", 0, "Successfully moved 2 object(s)."),
            ("state list", 0, "value.b\nvalue.c[0]\nvalue.c[1]\n"),
            ("state mv value.c value.a", 0, "Successfully moved 2 object(s)."),
            ("plan", 0, "No changes. Your infrastructure matches the configuration."),
            ("state rm value.a[1] value.b", 0, "Successfully removed 2 resource instance(s)."),
            ("state rm value.b", 1, "Invalid target address"),
            ("plan", 0, "Plan: 2 to add, 0 to change, 0 to destroy."),
        ],
    );
}

#[test]
fn an_object_is_adopted_by_its_id() {
    check(
        "value \"a\" {}\n",
        &[
            ("import value.b x", 1, "does not exist in the configuration"),
            ("import value.a abc", 0, "value.a: Import complete [id=abc]"),
            ("import value.a abc", 1, "Resource already managed"),
            ("plan", 0, "No changes. Your infrastructure matches the configuration."),
        ],
    );
}

#[test]
fn targeted_runs_say_that_they_may_be_incomplete() {
    check(
        "value \"a\" {}\nvalue \"b\" {}\n",
        &[
            ("apply -auto-approve -target=value.a", 0, "Warning: Applied changes may be incomplete"),
            ("plan -exclude=value.b", 0, "Warning: Resource targeting is in effect"),
            ("plan", 0, "Plan: 1 to add, 0 to change, 0 to destroy."),
        ],
    );
}

/// An API on this machine whose every answer takes a while.
async fn slow_api() -> isotope::emulator::Running {
    use isotope::emulator::{Options, start};
    start(Options { latency: Duration::from_millis(400), record: 100, ..Options::new([7; 32]) })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_survives_the_loss_of_its_directory() {
    let api = slow_api().await;
    let dir = tempfile::tempdir().unwrap();
    let block = |name: &str, more: &str| {
        format!(
            "instance \"{name}\" {{\n  element = \"freshdesk\"\n  name = \"{name}\"\n{more}  configuration = {{ username = \"u\", password = \"s3cret-{name}\", subdomain = \"x\" }}\n}}\n"
        )
    };
    let main = block("a", "") + &block("b", "  depends_on = [instance.a]\n");
    std::fs::write(dir.path().join("main.hcl"), main).unwrap();
    let run = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
        command.args(line.split(' ')).current_dir(dir.path()).env_clear();
        command.env("HOME", dir.path()).env("CLOUD_ELEMENTS_BASE_URL", api.base_url());
        command.env("CLOUD_ELEMENTS_USER_SECRET", "u").env("CLOUD_ELEMENTS_ORGANIZATION_SECRET", "o");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ended = |child: Child| {
        let output = child.wait_with_output().unwrap();
        let printed =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), printed.concat())
    };
    let child = run("apply -auto-approve");
    let log = dir.path().join("state/default/log");
    let start = Instant::now();
    while !std::fs::read_to_string(&log).unwrap_or_default().contains("\"did\":\"recorded\"") {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing is recorded");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    std::fs::remove_dir_all(dir.path().join("state")).unwrap();
    let (status, said) = ended(child);
    assert!(status == Some(1) && said.contains("`isotope state push errored.state.json`"), "{said}");

    let (status, said) = ended(run("state push errored.state.json"));
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = ended(run("apply -auto-approve"));
    assert_eq!(status, Some(0), "{said}");
    let (_, said) = ended(run("plan"));
    assert!(said.contains("No changes."), "{said}");
    assert_eq!(api.dump()["instances"].as_array().map(Vec::len), Some(2), "nothing twice");
}
