//! States that teams share, each on a real server of its own: plays the pages below `tests/teams` as `tests/transcripts.rs` plays its.
//! `UPDATE=1` rewrites what differs.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use support::postgres::Server;
use support::sandbox::Sandbox;
use support::{compare, page, read, repository};

fn check(case: &str, sandbox: &mut Sandbox) {
    let case = repository("tests/teams").join(case);
    sandbox.copy(&case, "", &["transcript.md"]);
    let played = page::play(&read(&case.join("transcript.md")), sandbox);
    let found = compare::file(&case.join("transcript.md"), &played);
    assert!(found.is_none(), "{}", found.unwrap_or_default());
    assert_eq!(sandbox.leaks(), [] as [String; 0]);
}

#[test]
fn a_team_with_postgresql() {
    let Some(server) = Server::start() else { return };
    let mut sandbox = Sandbox::new();
    sandbox.literal(&server.port().to_string(), "<port>");
    sandbox.secret("s3cret-pg");
    sandbox.set("PG_CONN_STR", &server.url("127.0.0.1", "?sslmode=disable"));
    check("postgres", &mut sandbox);
}
