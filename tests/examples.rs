//! Runs every example in a copy: its plan is `plan.txt`, it applies, then there is nothing to do, and it is destroyed.
//!
//! An example that has a `start` is for a server of its own: it is planned here, and applied by `tests/servers.rs`.

mod support;

use support::moto;
use support::postgres::Server;
use support::sandbox::Sandbox;
use support::transcript::Shown;
use support::{compare, read, repository};

fn check(example: &str) {
    let mut sandbox = Sandbox::new();
    sandbox.copy(&repository("examples").join(example), &format!("examples/{example}"), &[]);
    // One with a server's name at its end keeps its state there.
    let bucket = match example {
        "team-s3" => match moto::Server::start() {
            Some(server) => Some(server),
            None => return,
        },
        _ => None,
    };
    for (name, value) in bucket.iter().flat_map(moto::Server::variables) {
        sandbox.set(name, &value);
    }
    let server = match example.split_once("team-") {
        Some((_, "postgres")) => match Server::start() {
            Some(server) => Some(server),
            None => return,
        },
        _ => None,
    };
    if let Some(server) = &server {
        sandbox.set("PG_CONN_STR", &server.conn_str());
    }
    let mut run = |command: &str| -> Shown {
        let shown = sandbox.line(&format!("isotope -chdir=examples/{example} {command}"));
        assert_eq!(shown.status, 0, "{example}, {command}:\n{}", shown.lines.join("\n"));
        shown
    };
    let served = repository("examples").join(example).join("start").is_file();
    let readme = read(&repository("examples").join(example).join("README.md"));
    assert!(served || readme.lines().count() == 3, "{example}: a README of three lines");
    run("fmt -check -recursive");
    run("validate");
    let plan = run("plan").lines.join("\n") + "\n";
    let found = compare::file(&repository("examples").join(example).join("plan.txt"), &plan);
    assert!(found.is_none(), "{}", found.unwrap_or_default());
    if served {
        return;
    }
    run("apply -auto-approve");
    let again = run("plan -detailed-exitcode");
    assert_eq!(again.lines, ["No changes. Your infrastructure matches the configuration."], "{example}");
    run("destroy -auto-approve");
    assert_eq!(run("state list").lines, [] as [&str; 0], "{example}");
    assert_eq!(sandbox.leaks(), [] as [String; 0]);
}

#[test]
fn every_example_runs() {
    let mut examples: Vec<String> = std::fs::read_dir(repository("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    examples.sort();
    assert!(examples.len() >= 3, "{examples:?}");
    examples.iter().for_each(|example| check(example));
}
