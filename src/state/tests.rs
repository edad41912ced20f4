//! The contract of a store, held against each of them, and the recoveries of the one on disk.

use super::history::Did;
use super::*;
use crate::addr::ObjectKey;
use crate::secret::{Key, Purpose};
use crate::value::{Marks, Str, Type};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const NOW: Duration = Duration::ZERO;

/// Ways to the same state: each call of `open` is another process.
struct Stores {
    open: Box<dyn Fn() -> Box<dyn Store>>,
    /// Damages a row as a disk would, in all places that keep it.
    damage: Box<dyn Fn(&str)>,
}

fn stores_on_disk() -> (tempfile::TempDir, Stores) {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("state/default");
    let stores = on_disk::stores(&at, 100);
    (dir, stores)
}

fn stores_in_memory() -> Stores {
    let first = std::rc::Rc::new(MemoryStore::new());
    let damaged = first.clone();
    Stores {
        open: Box::new(move || Box::new((*first).clone())),
        damage: Box::new(move |key| damaged.damage(key)),
    }
}

/// The states of a workspace, each opened anew.
fn stores_of(backend: impl Backend + 'static, damage: impl Fn(&str) + 'static) -> Stores {
    Stores { open: Box::new(move || backend.open("default")), damage: Box::new(damage) }
}

impl Stores {
    fn open(&self) -> Box<dyn Store> {
        (self.open)()
    }

    fn open_with_key(&self, lineage: &str) -> Box<dyn Store> {
        let mut store = self.open();
        store.unlock_values(sealer(lineage));
        store
    }

    async fn writer(&self) -> Box<dyn Writer> {
        self.open().lock(&holder("apply"), NOW).await.unwrap()
    }

    async fn commit(&self, events: &[Event]) -> u64 {
        self.writer().await.commit(events, &stamp("apply")).await.unwrap()
    }

    async fn state(&self) -> State {
        self.open().snapshot().await.unwrap()
    }
}

fn sealer(lineage: &str) -> Arc<Sealer> {
    Arc::new(Sealer::new(&Key::from_bytes([7; 32]), lineage).for_purpose(Purpose::State))
}

fn holder(command: &str) -> Holder {
    let (id, host, user) = ("f00d".into(), "build-3".into(), "ann".into());
    Holder { id, pid: 42, host, user, command: command.into(), since: 1_700_000_000 }
}

fn stamp(command: &str) -> Stamp {
    Stamp { at: 1_700_000_000, who: "ann@build-3".into(), command: command.into(), pid: 42 }
}

fn addr(name: &str) -> ObjectAddr {
    ObjectAddr::root(ResourceAddr::managed("instance", name), ObjectKey::Single)
}

fn object(attributes: &[(&str, Value)]) -> Value {
    Value::object(attributes.iter().map(|(name, value)| (Str::new(name), value.clone())).collect())
}

fn record(id: &str) -> Record {
    let token = Value::string("s3cr3t-token").sensitive();
    let tags = Value::list(Type::String, vec![Value::string("a"), Value::string("ü")]);
    let password = Value::unknown(Type::String).sensitive();
    Record {
        provider: ProviderAddr { name: "cloudelements".into(), alias: Some("eu".into()) },
        id: id.into(),
        values: object(&[
            ("name", Value::string(id)),
            ("tags", tags),
            ("token", token),
            ("password", password),
            ("once", Value::null(Type::Bool)),
        ]),
        fingerprints: BTreeMap::from([(
            Path::root().child_attr("password"),
            sealer("x").fingerprint(&["p"], b"v"),
        )]),
        status: Status::Tainted,
        bound: Some("instance.born".into()),
        depends_on: vec![Dependency {
            module: "module.crm[\"eu west\"]".parse().unwrap(),
            resource: ResourceAddr::managed("instance", "base"),
        }],
        create_before_destroy: true,
        prevent_destroy: true,
        marker: Some("isotope:9b1f03aa:0123456789abcdef".into()),
    }
}

fn plain(id: &str) -> Record {
    Record { values: object(&[("name", Value::string(id))]), ..record(id) }
}

fn recorded(name: &str) -> Event {
    Event::Recorded(addr(name), Box::new(plain(name)))
}

fn intent(id: &str, name: &str) -> Intent {
    Intent {
        id: id.into(),
        addr: addr(name),
        deposed: Some("0badcafe".into()),
        operation: Operation::Update,
        record: record(name),
        fingerprint: sealer("x").fingerprint(&["p"], b"v"),
        marker: None,
        before: Some(vec!["7".into(), "8".into()]),
        stamp: stamp("apply"),
    }
}

/// Everything but the damage, which tests look at by itself.
fn same(a: &State, b: &State) {
    assert_eq!(a.version, b.version);
    assert_eq!(a.records, b.records);
    assert_eq!(a.deposed, b.deposed);
    assert_eq!(a.outputs, b.outputs);
    assert_eq!(a.intents, b.intents);
    assert_eq!(a.key, b.key);
    assert_eq!(a.last, b.last);
}

fn names(state: &State) -> Vec<String> {
    state.records.keys().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_store_on_disk_keeps_the_contract() {
    every_promise(stores_on_disk).await;
}

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    every_promise(|| ((), stores_in_memory())).await;
}

/// Holds every part of the contract against a fresh store.
async fn every_promise<G>(new: impl Fn() -> (G, Stores)) {
    let (_guard, stores) = new();
    contract::serials_rise_and_everything_reads_back(&stores).await;
    let (_guard, stores) = new();
    contract::a_commit_is_whole_or_nothing(&stores).await;
    let (_guard, stores) = new();
    contract::a_second_writer_is_told_who_the_first_is(&stores).await;
    let (_guard, stores) = new();
    contract::a_writer_waits_for_the_lock(&stores).await;
    let (_guard, stores) = new();
    contract::readers_see_the_last_commit_while_another_writes(&stores).await;
    let (_guard, stores) = new();
    contract::sealed_values_stay_closed_without_the_key_and_are_kept(&stores).await;
    let (_guard, stores) = new();
    contract::a_move_binds_secrets_to_their_new_address(&stores).await;
    let (_guard, stores) = new();
    contract::no_secret_is_kept_without_a_key(&stores).await;
    let (_guard, stores) = new();
    contract::nothing_ephemeral_is_kept(&stores).await;
    let (_guard, stores) = new();
    contract::rows_and_events_tell_the_same(&stores).await;
    let (_guard, stores) = new();
    contract::the_history_says_who_did_what_and_can_be_visited(&stores).await;
    let (_guard, stores) = new();
    contract::a_whole_state_takes_the_place_of_another_in_one_commit(&stores).await;
    let (_guard, stores) = new();
    contract::a_state_that_was_never_written_takes_any_image(&stores).await;
    let (_guard, stores) = new();
    contract::the_writer_knows_the_state_by_heart(&stores).await;
    let (_guard, stores) = new();
    contract::a_lock_that_is_broken_fences_its_holder_or_is_not_broken(&stores).await;
    let (_guard, stores) = new();
    contract::a_damaged_row_is_named_and_the_rest_stays_usable(&stores).await;
}

#[tokio::test]
async fn the_store_in_a_bucket_keeps_the_contract() {
    every_promise(|| ((), in_bucket::stores())).await;
}

#[tokio::test]
async fn the_store_on_a_web_server_keeps_the_contract() {
    every_promise(|| ((), on_web::stores())).await;
}

#[tokio::test]
async fn the_store_on_a_real_server_of_objects_keeps_the_contract() {
    let Some(server) = moto::Server::start() else { return };
    every_promise(|| ((), in_bucket::stores_on(&server))).await;
}

mod contract;
mod damage;
mod elsewhere;
#[path = "../../tests/support/gitlab.rs"]
mod gitlab;
mod in_bucket;
mod journal;
#[path = "../../tests/support/moto.rs"]
mod moto;
mod on_disk;
mod on_web;
mod postgres;
