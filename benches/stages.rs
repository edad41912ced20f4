//! How long each stage takes, at 1,000, 10,000 and 100,000 objects: `cargo bench --bench stages`, one stage by `-- commit`.
//!
//! The times are for comparing a change with what was before, on a quiet machine; what must hold is counted in `tests/costs.rs`.

#![allow(clippy::unwrap_used, reason = "a bench may")]

mod support;

use divan::{Bencher, counter::ItemsCount};
use isotope::diag::{Diagnostics, FileId, Sources, Span};
use isotope::emulator::{self, Options};
use isotope::http::ClientOptions;
use isotope::kind::Kinds;
use isotope::plan;
use isotope::provider::{self, Search, Source};
use isotope::state::{Event, SledStore, State, Store};
use isotope::syntax;
use isotope::value::{Str, Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use support::{Project, flat, holder, sealer, stamp};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn parse(bencher: Bencher<'_, '_>, size: usize) {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", flat(size, 0));
    bencher
        .counter(ItemsCount::new(size))
        .bench_local(|| syntax::parse(&sources, file, &mut Diagnostics::new()));
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn evaluate(bencher: Bencher<'_, '_>, size: usize) {
    let project = Project::new(&flat(size, 0));
    bencher.counter(ItemsCount::new(size)).bench_local(|| {
        plan::validate(&project.config, Kinds::builtin(), &project.host, &mut Diagnostics::new())
    });
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn plan_from_empty(bencher: Bencher<'_, '_>, size: usize) {
    planning(bencher, size, &State::empty(support::LINEAGE), 0);
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn plan_no_change(bencher: Bencher<'_, '_>, size: usize) {
    planning(bencher, size, &Project::new(&flat(size, 0)).applied(), 0);
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn plan_one_percent_changed(bencher: Bencher<'_, '_>, size: usize) {
    planning(bencher, size, &Project::new(&flat(size, 0)).applied(), size / 100);
}

fn planning(bencher: Bencher<'_, '_>, size: usize, state: &State, edited: usize) {
    let project = Project::new(&flat(size, edited));
    bencher.counter(ItemsCount::new(size)).bench_local(|| project.plan(state));
}

/// A store on disk with so many records.
fn stored(size: usize) -> (tempfile::TempDir, SledStore, State) {
    let state = Project::new(&flat(size, 0)).applied();
    let dir = tempfile::tempdir().unwrap();
    let mut store = SledStore::open(dir.path().join("state"));
    store.unlock_values(Arc::new(sealer()));
    let recorded = state.records.iter().map(|(addr, r)| Event::Recorded(addr.clone(), Box::new(r.clone())));
    let events: Vec<Event> = recorded.collect();
    support::run(async {
        let mut writer = store.lock(&holder(), Duration::ZERO).await.unwrap();
        writer.commit(&events, &stamp()).await.unwrap();
    });
    (dir, store, state)
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn state_open(bencher: Bencher<'_, '_>, size: usize) {
    let (_dir, store, _) = stored(size);
    bencher.counter(ItemsCount::new(size)).bench_local(|| support::run(store.snapshot()).unwrap());
}

/// One change, durable.
#[divan::bench(args = SIZES, sample_count = 50, sample_size = 1)]
fn commit(bencher: Bencher<'_, '_>, size: usize) {
    let (_dir, store, state) = stored(size);
    let mut writer = support::run(store.lock(&holder(), Duration::ZERO)).unwrap();
    let (addr, record) = state.records.first_key_value().unwrap();
    let event = [Event::Recorded(addr.clone(), Box::new(record.clone()))];
    bencher.bench_local(|| support::run(writer.commit(&event, &stamp())).unwrap());
}

/// Listing a collection page by page, the emulator's part included.
#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn refresh_decode(bencher: Bencher<'_, '_>, size: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let emulator = runtime.block_on(emulator::start(Options::new([7; 32]))).unwrap();
    let instance = |id| serde_json::json!({ "id": id, "element": "zendesk", "name": format!("desk {id}") });
    let instances: Vec<_> = (1..=size).map(instance).collect();
    runtime.block_on(emulator.load(&serde_json::json!({ "instances": instances }))).unwrap();
    let given = [
        ("base_url", Value::string(emulator.base_url())),
        ("user_secret", "user-secret".into()),
        ("organization_secret", "org-secret".into()),
    ];
    let given: BTreeMap<Str, Value> = given.into_iter().map(|(name, value)| (name.into(), value)).collect();
    let span = Span::new(FileId(0), 0..0);
    let source = Source { place: &|_| span, block: None, env: &|_| None };
    let settings =
        provider::settings("cloudelements", &Value::object(given.into()), &source, &mut Diagnostics::new())
            .unwrap();
    let provider = provider::connect(&settings, ClientOptions::default()).ok().unwrap();
    let kind = Kinds::builtin().get("instance").unwrap();
    let values = Value::null(Type::Dynamic);
    bencher.counter(ItemsCount::new(size)).bench_local(|| {
        let found = runtime.block_on(provider.list(kind, Search::All { values: &values })).unwrap();
        assert_eq!(found.len(), size);
    });
}
