//! What a commit costs in each store when 1, 10 or 100 steps share it, and how long a plan of 10,000 objects takes from each.
//!
//! `cargo bench --bench stores` prints a table; nothing is judged. PostgreSQL is a real server with `fsync` on, the bucket is moto's and the web
//! server one of the tests', both in memory; what is not installed is left out. `STORE=s3` runs only that store.

#![allow(clippy::unwrap_used, reason = "a benchmark may")]

#[path = "../tests/support/gitlab.rs"]
mod gitlab;
#[path = "../tests/support/moto.rs"]
mod moto;
#[path = "../tests/support/postgres.rs"]
mod postgres;

use isotope::addr::{ObjectAddr, ObjectKey, ResourceAddr};
use isotope::secret::{Key, Sealer};
use isotope::state::postgres::{Address, PostgresBackend};
use isotope::state::{
    Backend, Event, Holder, HttpBackend, HttpSettings, Intent, MemoryBackend, Operation, ProviderAddr,
    Record, S3Backend, S3Settings, SledBackend, Stamp, Status, Store, Writer,
};
use isotope::value::Value;
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
    let applied = run(dir.path(), &["apply", "-auto-approve"]);
    let took = (0..3).map(|_| run(dir.path(), &["plan"])).min().unwrap_or_default();
    println!(
        "{name:<10} {OBJECTS} objects    applied {:>6.0} ms, planned {:>6.0} ms",
        millis(applied),
        millis(took)
    );
}

fn run(dir: &Path, args: &[&str]) -> Duration {
    let start = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_isotope"));
    let ran = command.args(args).current_dir(dir).env_clear().env("HOME", dir).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    start.elapsed()
}

/// A store: how it is opened for what is timed inside, and the block that the binary reads; `None` where it cannot be had.
type Maker = fn(&Path) -> Option<Place>;

struct Place {
    backend: Box<dyn Backend>,
    /// `None`: the binary does not know it.
    block: Option<String>,
    /// Kept for as long as it is used.
    _server: Box<dyn std::any::Any>,
}

const STORES: &[(&str, Maker)] =
    &[("memory", memory), ("sled", sled), ("postgres", postgres), ("s3", s3), ("http", http)];

fn memory(_: &Path) -> Option<Place> {
    Some(Place { backend: Box::new(MemoryBackend::default()), block: None, _server: Box::new(()) })
}

fn sled(dir: &Path) -> Option<Place> {
    let backend = Box::new(SledBackend::new(dir.join("state")));
    Some(Place { backend, block: Some(String::new()), _server: Box::new(()) })
}

fn postgres(_: &Path) -> Option<Place> {
    let server = postgres::Server::start_with(&[])?;
    let address = Address::new(&server.conn_str(), "latency").unwrap();
    let block = format!("backend \"postgres\" {{ conn_str = \"{}\" }}", server.conn_str());
    let backend = Box::new(PostgresBackend::new(address, None).unwrap());
    Some(Place { backend, block: Some(block), _server: Box::new(server) })
}

fn s3(_: &Path) -> Option<Place> {
    let server = moto::Server::start()?;
    let settings = S3Settings {
        bucket: server.bucket(),
        endpoint: Some(server.endpoint()),
        access_key: Some("ann".into()),
        secret_key: Some("s3cr3t".into()),
        ..S3Settings::default()
    };
    let block = format!(
        "backend \"s3\" {{\n  bucket = \"{}\"\n  endpoint = \"{}\"\n  access_key = \"ann\"\n  secret_key = \"s3cr3t\"\n}}",
        server.bucket(),
        server.endpoint()
    );
    let backend = Box::new(S3Backend::new(&settings).unwrap());
    Some(Place { backend, block: Some(block), _server: Box::new(server) })
}

fn http(_: &Path) -> Option<Place> {
    let web = gitlab::Web::start();
    let settings = HttpSettings {
        lock_address: Some(web.address.clone()),
        username: Some("ann".into()),
        password: Some(gitlab::PASSWORD.into()),
        ..HttpSettings::new(&web.address)
    };
    let address = format!("http://{}{}", web.socket, web.path());
    let block = format!(
        "backend \"http\" {{\n  address = \"{address}\"\n  lock_address = \"{address}\"\n  username = \"ann\"\n  password = \"{}\"\n}}",
        gitlab::PASSWORD
    );
    let backend = Box::new(HttpBackend::new(settings).unwrap());
    Some(Place { backend, block: Some(block), _server: Box::new(web) })
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let only = std::env::var("STORE").unwrap_or_default();
    for (name, make) in STORES.iter().filter(|(name, _)| name.contains(&only)) {
        let dir = tempfile::tempdir().unwrap();
        let Some(place) = make(dir.path()) else { continue };
        runtime.block_on(latencies(name, place.backend.as_ref()));
        if let Some(block) = &place.block {
            plan(name, block);
        }
    }
}
