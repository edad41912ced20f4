//! What work costs, counted instead of timed: requests of a refresh, evaluations of a plan, bytes of a commit, edges between blocks.

#![allow(clippy::unwrap_used, reason = "what cannot be run is a failure")]

#[path = "../benches/support/mod.rs"]
mod fixture;

use fixture::{Project, flat, holder, run, sealer, stamp};
use isotope::emulator::{self, Options, Running};
use isotope::state::{Event, SledStore, State, Store};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

/// Runs the command while the emulator in this process answers it.
fn isotope(dir: &Path, args: &[&str], runtime: &tokio::runtime::Runtime) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
    command.args(args).current_dir(dir).env_clear().env("HOME", dir).env("XDG_CONFIG_HOME", dir);
    let output = runtime.block_on(async { tokio::task::spawn_blocking(move || command.output()).await });
    let output = output.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn instances(count: usize, url: &str) -> String {
    let provider = format!(
        "provider \"cloudelements\" {{\n  base_url            = \"{url}\"\n  user_secret         = \"any\"\n  \
         organization_secret = \"any\"\n}}\n"
    );
    let block = |at: usize| {
        format!(
            "instance \"i{at}\" {{\n  element = \"freshdesk\"\n  name    = \"desk {at}\"\n  configuration = {{\n    \
             username  = \"ops\"\n    password  = \"secret-{at}\"\n    subdomain = \"d{at}\"\n  }}\n}}\n"
        )
    };
    provider + &(0..count).map(block).collect::<String>()
}

/// How many requests of that method a command sends.
fn requests(emulator: &Running, method: &str, work: impl FnOnce()) -> usize {
    let before = emulator.log().len();
    work();
    emulator.log().iter().skip(before).filter(|call| call.method == method).count()
}

#[test]
fn a_refresh_costs_pages_and_a_target_what_it_needs() {
    const COUNT: usize = 450;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { record: 10_000, ..Options::new([7; 32]) };
    let emulator = runtime.block_on(emulator::start(options)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("main.hcl"), instances(COUNT, &emulator.base_url())).unwrap();
    let plan = |args: &[&str]| {
        requests(&emulator, "GET", || {
            drop(isotope(dir, &[&["plan", "-detailed-exitcode"], args].concat(), &runtime))
        })
    };
    let posts = requests(&emulator, "POST", || drop(isotope(dir, &["apply", "-auto-approve"], &runtime)));
    assert_eq!(posts, COUNT);
    assert_eq!(plan(&[]), 3, "450 instances are three pages");
    assert_eq!(plan(&["-target=instance.i7"]), 1);
    // Two may be on the first page, or not: then they are read by themselves, whatever the account holds.
    assert!(plan(&["-target=instance.i7", "-target=instance.i8"]) <= 4);
    assert_eq!(plan(&["-refresh=false"]), 0);
}

#[test]
fn a_plan_evaluates_each_argument_once() {
    let text = |count: usize| {
        let block =
            |at| format!("value \"v{at}\" {{\n  input = [nonsensitive(env(\"REGION\")), local.shared]\n}}\n");
        "locals {\n  shared = nonsensitive(env(\"REGION\"))\n}\n".to_owned()
            + &(0..count).map(block).collect::<String>()
    };
    for count in [10, 100, 1000] {
        let project = Project::new(&text(count));
        let state = project.applied();
        project.host.asked.set(0);
        let plan = project.plan(&state);
        assert!(!plan.changes_anything());
        assert_eq!(project.host.asked.get(), count + 1, "once for each object, once for the local");
    }
}

/// Each level uses the one before twice, and what all of them hang on is not known before the apply.
#[test]
fn what_is_unknown_is_evaluated_once_too() {
    let level = |at: usize| {
        let before = at - 1;
        format!(
            "  l{at} = \"${{local.l{before}}}${{upper(local.l{before})}}${{nonsensitive(env(\"REGION\"))}}\"\n"
        )
    };
    for count in [10, 40] {
        let levels: String = (1..=count).map(level).collect();
        let project = Project::new(&format!(
            "value \"a\" {{\n  input = 1\n}}\nlocals {{\n  l0 = value.a.id\n{levels}}}\n\
             output \"all\" {{\n  value = local.l{count}\n}}\n"
        ));
        let plan = project.plan(&State::empty(fixture::LINEAGE));
        assert!(plan.changes_anything());
        assert_eq!(project.host.asked.get(), count, "once for each level");
    }
}

#[test]
fn two_large_blocks_need_no_edge_for_each_pair() {
    let text = "locals {\n  keys = toset([for n in range(1000) : tostring(n)])\n}\n\
                value \"a\" {\n  for_each = local.keys\n  input    = each.key\n}\n\
                value \"b\" {\n  for_each = local.keys\n  input    = value.a[each.key].id\n}\n";
    let project = Project::new(text);
    let plan = project.plan(&State::empty(fixture::LINEAGE));
    assert_eq!(plan.steps.len(), 2000);
    assert!(plan.steps.size() <= 4000, "{} edges", plan.steps.size());
}

/// The bytes of all files of a store.
fn bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata().unwrap() {
            inner if inner.is_dir() => bytes(&entry.path()),
            file => file.len(),
        })
        .sum()
}

#[test]
fn a_commit_writes_what_it_changes() {
    let state = Project::new(&flat(2000, 0)).applied();
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("state");
    let mut store = SledStore::open(&place);
    store.unlock_values(Arc::new(sealer()));
    run(async {
        let mut writer = store.lock(&holder(), Duration::ZERO).await.unwrap();
        let record = |(addr, record): (&_, &isotope::state::Record)| {
            Event::Recorded(isotope::addr::ObjectAddr::clone(addr), Box::new(record.clone()))
        };
        let all: Vec<Event> = state.records.iter().map(record).collect();
        writer.commit(&all, &stamp()).await.unwrap();
        let log = || std::fs::metadata(place.join("log")).unwrap().len();
        let database = bytes(&place.join("db"));
        for event in all.iter().take(20) {
            let before = log();
            writer.commit(std::slice::from_ref(event), &stamp()).await.unwrap();
            assert!(log() - before < 4 << 10, "the log grew by {}", log() - before);
        }
        // The database makes room a segment (2 MiB) at a time, most of it empty; writing all anew would take 20 times as much.
        let grown = bytes(&place.join("db")).saturating_sub(database);
        assert!(grown <= 8 << 20, "the database grew by {grown}");
    });
}
