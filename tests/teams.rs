//! States that teams share, each on a real server of its own: plays the pages below `tests/teams` as `tests/transcripts.rs` plays its.
//! `UPDATE=1` rewrites what differs.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use support::postgres::Server;
use support::sandbox::Sandbox;
use support::{compare, gitlab, moto, page, read, repository};

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

/// A state is moved from each store to each other, changed in between: what arrives is what was there, and that is kept.
#[test]
fn a_state_moves_between_any_two_stores_and_the_source_is_kept() {
    // Each of the twelve ways once.
    const ROUND: [usize; 13] = [0, 1, 0, 2, 0, 3, 1, 2, 1, 3, 2, 3, 0];
    let (Some(postgres), Some(bucket)) = (Server::start(), moto::Server::start()) else { return };
    let web = gitlab::Web::start();
    let mut sandbox = Sandbox::new();
    bucket.variables().iter().for_each(|(name, value)| sandbox.set(name, value));
    sandbox.set("TF_HTTP_USERNAME", "ann");
    sandbox.set("TF_HTTP_PASSWORD", gitlab::PASSWORD);
    let address = &web.address;
    let blocks = [
        "backend \"sled\" { path = \"../common\" }".to_owned(),
        format!("backend \"postgres\" {{ conn_str = \"{}\" }}", postgres.conn_str()),
        "backend \"s3\" { bucket = env(\"STATE_BUCKET\") }".to_owned(),
        format!("backend \"http\" {{\n  address = \"{address}\"\n  lock_address = \"{address}\"\n}}"),
    ];
    let write = |sandbox: &mut Sandbox, dir: &str, store: usize, input: usize| {
        let value = format!("value \"a\" {{ input = \"{input}\" }}");
        let secret = "output \"o\" {\n  value = sensitive(\"s3cret-output\")\n  sensitive = true\n}";
        let text = format!("isotope {{\n{}\n}}\n{value}\n{secret}\n", blocks[store]);
        sandbox.write(&format!("{dir}/main.hcl"), &text);
    };
    let run = |sandbox: &mut Sandbox, dir: &str, command: &str| {
        let shown = sandbox.line(&format!("isotope -chdir={dir} {command}"));
        assert_eq!(shown.status, 0, "{command}: {}", shown.lines.join("\n"));
        shown.lines
    };
    for (at, way) in ROUND.windows(2).enumerate() {
        write(&mut sandbox, "here", way[0], at);
        run(&mut sandbox, "here", "apply -auto-approve");
        let before = run(&mut sandbox, "here", "state pull");
        write(&mut sandbox, "here", way[1], at);
        run(&mut sandbox, "here", "init -migrate-state");
        assert_eq!(run(&mut sandbox, "here", "state pull"), before, "from {} to {}", way[0], way[1]);
        run(&mut sandbox, "here", "plan -detailed-exitcode");
        write(&mut sandbox, "there", way[0], at);
        assert_eq!(run(&mut sandbox, "there", "state pull"), before, "what is left in {}", way[0]);
    }
    assert_eq!(sandbox.leaks(), [] as [String; 0]);
}
