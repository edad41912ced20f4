//! What a commit costs in each store when 1, 10 or 100 steps share it, and how long a plan of 10,000 objects takes from each.
//!
//! `cargo bench --bench stores` prints a table; nothing is judged. PostgreSQL is a real server with `fsync` on; it is left out where it
//! is not installed.

#![allow(clippy::unwrap_used, reason = "a benchmark may")]

#[path = "../tests/support/postgres.rs"]
mod server;

use isotope::addr::{ObjectAddr, ObjectKey, ResourceAddr};
use isotope::secret::{Key, Sealer};
use isotope::state::postgres::{Address, PostgresBackend};
use isotope::state::{
    Backend, Event, Holder, Intent, MemoryBackend, Operation, ProviderAddr, Record, SledBackend, Stamp,
    Status, Store, Writer,
};
use isotope::value::Value;
use server::Server;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How many commits are timed for each size.
const COMMITS: usize = 200;
const OBJECTS: usize = 10_000;

fn record(sealer: &Sealer, id: usize) -> Record {
    let fields = [
        ("name", format!("desk {id}")),
        ("element", "freshdesk".to_owned()),
        ("url", "https://example.com".repeat(8)),
    ];
    let values = Value::object(fields.map(|(name, value)| (name.into(), Value::string(value))).into());
    let path = isotope::value::Path::root().child_attr("password");
    Record {
        provider: ProviderAddr { name: "p".into(), alias: None },
        id: id.to_string().into(),
        values,
        fingerprints: BTreeMap::from([(path, sealer.fingerprint(&["p"], b"v"))]),
        bound: None,
        status: Status::Ready,
        depends_on: Vec::new(),
        create_before_destroy: false,
        prevent_destroy: false,
        marker: Some(format!("isotope:9b1f03aa:{id:016x}").into()),
    }
}

fn addr(id: usize) -> ObjectAddr {
    ObjectAddr::root(ResourceAddr::managed("desk", &format!("d{id}")), ObjectKey::Single)
}

fn stamp() -> Stamp {
    Stamp { at: 1_700_000_000, who: "ann@build-3".into(), command: "apply".into(), pid: 42 }
}

fn holder() -> Holder {
    let (id, host, user) = ("f00d".into(), "build-3".into(), "ann".into());
    Holder { id, pid: 42, host, user, command: "bench".into(), since: 1_700_000_000 }
}

fn intended(sealer: &Sealer, id: usize) -> Event {
    Event::Intended(Box::new(Intent {
        id: format!("{id:016x}").into(),
        addr: addr(id),
        deposed: None,
        operation: Operation::Create,
        record: record(sealer, id),
        fingerprint: sealer.fingerprint(&["p"], b"v"),
        marker: Some(format!("isotope:9b1f03aa:{id:016x}").into()),
        before: None,
        stamp: stamp(),
    }))
}

/// The commits of steps that run `together`: all intents in one, all outcomes in another.
async fn commits(writer: &mut dyn Writer, sealer: &Sealer, together: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    for round in 0..COMMITS / 2 {
        let ids = || (0..together).map(|at| (round * together + at) % 1_000);
        let begin: Vec<Event> = ids().map(|id| intended(sealer, id)).collect();
        let recorded = |id| Event::Recorded(addr(id), Box::new(record(sealer, id)));
        let end: Vec<Event> =
            ids().flat_map(|id| [Event::Settled(format!("{id:016x}").into()), recorded(id)]).collect();
        for events in [begin, end] {
            let start = Instant::now();
            writer.commit(&events, &stamp()).await.unwrap();
            took.push(start.elapsed());
        }
    }
    took.sort_unstable();
    took
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

async fn latencies(name: &str, backend: &dyn Backend) {
    let sealer = Sealer::new(&Key::from_bytes([7; 32]), "9b1f03aa");
    let store = backend.open("default");
    let mut writer = store.lock(&holder(), Duration::ZERO).await.unwrap();
    for together in [1, 10, 100] {
        let took = commits(writer.as_mut(), &sealer, together).await;
        let total: Duration = took.iter().sum();
        let steps = (COMMITS / 2 * together) as f64 / total.as_secs_f64();
        println!(
            "{name:<10} {together:>4} together   commit {:>7.2} ms (p99 {:>7.2})   {steps:>8.0} steps/s",
            millis(took[took.len() / 2]),
            millis(took[took.len() * 99 / 100])
        );
    }
    drop(writer);
    reads(name, store.as_ref(), &sealer).await;
}

/// A large state, written at once and read.
async fn reads(name: &str, store: &dyn Store, sealer: &Sealer) {
    let mut writer = store.lock(&holder(), Duration::from_secs(5)).await.unwrap();
    let all: Vec<Event> =
        (0..OBJECTS).map(|id| Event::Recorded(addr(id), Box::new(record(sealer, id)))).collect();
    let start = Instant::now();
    writer.commit(&all, &stamp()).await.unwrap();
    let written = start.elapsed();
    let start = Instant::now();
    assert_eq!(store.snapshot().await.unwrap().records.len(), OBJECTS);
    println!(
        "{name:<10} {OBJECTS} objects    written {:>6.0} ms, read {:>6.0} ms",
        millis(written),
        millis(start.elapsed())
    );
}

/// The binary plans what is there already, `OBJECTS` objects without an API.
fn plan(name: &str, block: &str) {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "isotope {{\n{block}\n}}\nvalue \"v\" {{\n  count = {OBJECTS}\n  input = \"v-${{count.index}}\"\n}}\n"
    );
    std::fs::write(dir.path().join("main.hcl"), text).unwrap();
    run(dir.path(), &["apply", "-auto-approve"]);
    let took = (0..3).map(|_| run(dir.path(), &["plan"])).min().unwrap_or_default();
    println!("{name:<10} {OBJECTS} objects    planned {:>6.0} ms", millis(took));
}

fn run(dir: &Path, args: &[&str]) -> Duration {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
    let ran = command.args(args).current_dir(dir).env_clear().env("HOME", dir).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    start.elapsed()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    runtime.block_on(latencies("memory", &MemoryBackend::default()));
    runtime.block_on(latencies("sled", &SledBackend::new(dir.path().join("state"))));
    plan("sled", "");
    if let Some(server) = Server::start_with(&[]) {
        let backend =
            |schema: &str| PostgresBackend::new(Address::new(&server.conn_str(), schema).unwrap(), None);
        runtime.block_on(latencies("postgres", &backend("latency").unwrap()));
        plan("postgres", &format!("backend \"postgres\" {{ conn_str = \"{}\" }}", server.conn_str()));
    }
}
