//! States in a bucket and on a web server, as the program keeps them: the pages below `tests/teams` are played as `tests/transcripts.rs`
//! plays its (`UPDATE=1` rewrites what differs); and two processes that apply to one state, one of them frozen beyond its lease.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::run::{self, Input, Ran, Started};
use support::sandbox::Sandbox;
use support::{compare, gitlab, moto, outside, page, read, repository};

fn check(case: &str, variables: &[(&str, String)]) {
    let mut sandbox = Sandbox::new();
    for (name, value) in variables {
        sandbox.line(&format!("export {name}={value}"));
    }
    let case = repository("tests/teams").join(case);
    sandbox.copy(&case, "", &["transcript.md"]);
    let played = page::play(&read(&case.join("transcript.md")), &mut sandbox);
    let found = compare::file(&case.join("transcript.md"), &played);
    assert!(found.is_none(), "{}", found.unwrap_or_default());
    assert_eq!(sandbox.leaks(), [] as [String; 0]);
}

#[test]
fn a_team_with_a_bucket() {
    let Some(server) = moto::Server::start() else { return };
    check("s3", &server.variables());
}

#[test]
fn a_team_with_a_web_server() {
    let server = gitlab::Web::start();
    check(
        "http",
        &[("STATE_ADDRESS", server.address.clone()), ("STATE_PASSWORD", gitlab::PASSWORD.to_owned())],
    );
}

#[test]
fn a_team_with_workspaces_on_a_web_server() {
    let server = gitlab::Web::start();
    let address = format!("http://{}", server.socket);
    check("http-workspaces", &[("STATE_SERVER", address), ("STATE_PASSWORD", gitlab::PASSWORD.to_owned())]);
}

/// How many instances the configuration has.
const DESKS: usize = 6;
const LEASE: Duration = Duration::from_secs(2);

/// Two people's directories, their bucket and the API, a process of its own.
struct Team {
    temp: tempfile::TempDir,
    env: BTreeMap<String, String>,
    api: Child,
    address: SocketAddr,
}

impl Team {
    fn new(server: &moto::Server) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut api = Command::new(env!("CARGO_BIN_EXE_isotope"));
        api.args(["emulator", "-listen=127.0.0.1:0", "-latency=150ms"]).env_clear().current_dir(temp.path());
        let mut api = api.env("HOME", temp.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(api.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_once("http://").unwrap().1.split('/').next().unwrap().parse().unwrap();
        let env = [
            ("HOME", temp.path().display().to_string()),
            ("CLOUD_ELEMENTS_BASE_URL", format!("http://{address}{}", isotope::emulator::BASE_PATH)),
            ("CLOUD_ELEMENTS_USER_SECRET", "u".to_owned()),
            ("CLOUD_ELEMENTS_ORGANIZATION_SECRET", "o".to_owned()),
        ];
        let env = env.into_iter().chain(server.variables());
        let env = env.map(|(name, value)| (name.to_owned(), value)).collect();
        let team = Self { temp, env, api, address };
        let configuration = configuration("env(\"STATE_BUCKET\")");
        for name in ["ann", "bob"] {
            std::fs::create_dir(team.of(name)).unwrap();
            std::fs::write(team.of(name).join("main.hcl"), &configuration).unwrap();
        }
        team
    }

    fn of(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn start(&self, name: &str, args: &[&str]) -> Started {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let mut env = self.env.clone();
        env.insert("USER".to_owned(), name.to_owned());
        run::start(&self.of(name), &args, &env, Input::Nothing)
    }

    fn run(&self, name: &str, args: &[&str]) -> Ran {
        self.start(name, args).wait()
    }

    /// Waits until so many objects are recorded.
    fn wait_for(&self, count: usize) {
        let begin = Instant::now();
        while self.run("bob", &["state", "list"]).stdout.lines().count() < count {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing was recorded");
        }
    }

    /// Nothing is left to do, and nothing was made twice.
    fn check(&self) {
        let plan = self.run("bob", &["plan", "-detailed-exitcode"]);
        assert_eq!(plan.status, 0, "{}{}", plan.stdout, plan.stderr);
        let found = outside::call(self.address, "User u, Organization o", "GET", "/instances", None);
        let found: serde_json::Value = serde_json::from_str(&found).unwrap();
        let found = found.as_array().unwrap();
        let names: BTreeSet<&str> = found.iter().filter_map(|object| object["name"].as_str()).collect();
        assert_eq!((found.len(), names.len()), (DESKS, DESKS));
        assert_eq!(self.run("ann", &["state", "list"]).stdout.lines().count(), DESKS);
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        let _ = self.api.kill();
        let _ = self.api.wait();
    }
}

/// A chain of instances, so that an apply takes a while.
fn configuration(bucket: &str) -> String {
    let desk = |at: usize| {
        let needs = if at == 0 { String::new() } else { format!("tags = [instance.d{}.id]", at - 1) };
        format!(
            "instance \"d{at}\" {{\n  element = \"freshdesk\"\n  configuration = {{ username = \"ops@example.com\", password = \"s3cret-{at}\", subdomain = \"d{at}\" }}\n  {needs}\n}}\n"
        )
    };
    let lease = LEASE.as_secs();
    let backend = format!(
        "isotope {{\n  backend \"s3\" {{\n    bucket = {bucket}\n    lease = \"{lease}s\"\n  }}\n}}\n"
    );
    backend + &(0..DESKS).map(desk).collect::<String>()
}

const APPLY: &[&str] = &["apply", "-auto-approve", "-lock-timeout=60s"];

#[test]
fn two_who_apply_at_once_take_turns() {
    let Some(server) = moto::Server::start() else { return };
    let team = Team::new(&server);
    // The key is made with the state, which two that begin at once would each do.
    let begun = team.run("ann", &["apply", "-auto-approve", "-target=instance.d0"]);
    assert_eq!(begun.status, 0, "{}{}", begun.stdout, begun.stderr);
    let both = [team.start("ann", APPLY), team.start("bob", APPLY)];
    for ran in both.map(Started::wait) {
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    }
    team.check();
}

#[test]
fn who_was_frozen_beyond_the_lease_does_nothing_more() {
    let Some(server) = moto::Server::start() else { return };
    let team = Team::new(&server);
    let frozen = team.start("ann", APPLY);
    team.wait_for(2);
    frozen.signal("STOP");
    let other = team.run("bob", APPLY);
    assert_eq!(other.status, 0, "{}{}", other.stdout, other.stderr);
    let before = team.run("bob", &["state", "history", "-json"]).stdout;
    frozen.signal("CONT");
    let late = frozen.wait();
    assert_eq!(late.status, 1, "{}{}", late.stdout, late.stderr);
    assert!(late.stderr.contains("lock on the state was broken"), "{}", late.stderr);
    assert_eq!(team.run("bob", &["state", "history", "-json"]).stdout, before, "it wrote nothing");
    team.check();
}

#[test]
fn what_a_killed_run_left_open_is_settled_by_the_next() {
    let Some(server) = moto::Server::start() else { return };
    let team = Team::new(&server);
    let killed = team.start("ann", APPLY);
    team.wait_for(1);
    killed.kill();
    let told = team.run("bob", &["apply", "-auto-approve"]);
    assert!(told.status == 1 && told.stderr.contains("Error acquiring the state lock"), "{}", told.stderr);
    let other = team.run("bob", APPLY);
    assert_eq!(other.status, 0, "{}{}", other.stdout, other.stderr);
    team.check();
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.hcl"), configuration("\"team\"")).unwrap();
    let variables = [
        ("HOME", dir.path().display().to_string()),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9".to_owned()),
        ("AWS_ACCESS_KEY_ID", "ann".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "s3cret-key".to_owned()),
    ];
    let env = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let ran = run::start(Path::new(dir.path()), &["plan".to_owned()], &env, Input::Nothing).wait();
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("the state at s3://team cannot be read"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
}
