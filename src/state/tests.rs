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

/// Two ways to the same state: each call of `open` is another process.
struct Stores<S, F: Fn() -> S>(F);

fn stores_on_disk() -> (tempfile::TempDir, Stores<SledStore, impl Fn() -> SledStore>) {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("state/default");
    (dir, Stores(move || SledStore::open(&at)))
}

fn stores_in_memory() -> Stores<MemoryStore, impl Fn() -> MemoryStore> {
    let first = MemoryStore::new();
    Stores(move || first.clone())
}

impl<S: Store, F: Fn() -> S> Stores<S, F> {
    fn open(&self) -> S {
        (self.0)()
    }

    fn open_with_key(&self, lineage: &str) -> S {
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
async fn every_promise<G, S: Store, F: Fn() -> S>(new: impl Fn() -> (G, Stores<S, F>)) {
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
}

mod contract {
    use super::*;

    pub async fn serials_rise_and_everything_reads_back<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        assert_eq!(stores.state().await.version.serial, 0);
        let mut store = stores.open();
        let lineage = store.snapshot().await.unwrap().version.lineage;
        store.unlock_values(sealer(&lineage));
        let mut writer = store.lock(&holder("apply"), NOW).await.unwrap();
        assert_eq!(writer.state().version.lineage, lineage);
        let url = Value::map(Type::String, BTreeMap::from([(Str::new("k"), Value::string("v"))])).sensitive();
        let events = [
            Event::Intended(Box::new(intent("0123456789abcdef", "a"))),
            Event::Recorded(addr("a"), Box::new(record("a"))),
            Event::Recorded(addr("b"), Box::new(record("b"))),
            Event::Deposed(addr("b"), "0badcafe".into()),
            Event::Output("url".into(), Some(url)),
        ];
        assert_eq!(writer.commit(&events, &stamp("apply")).await.unwrap(), 1);
        assert_eq!(writer.commit(&[recorded("c")], &stamp("import")).await.unwrap(), 2);
        assert_eq!(
            writer.commit(&[], &stamp("apply")).await.unwrap(),
            2,
            "nothing to write, nothing written"
        );
        let kept = writer.state().clone();
        assert_eq!(names(&kept), ["instance.a", "instance.c"]);
        drop(writer);
        let read = stores.open_with_key(&lineage).snapshot().await.unwrap();
        same(&read, &kept);
        assert_eq!(read.records[&addr("a")], record("a"));
        assert!(read.damaged.is_empty(), "{:?}", read.damaged);
        assert_eq!(&*read.last.unwrap().command, "import");
    }

    pub async fn a_commit_is_whole_or_nothing<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        stores.commit(&[recorded("a"), recorded("b")]).await;
        let mut writer = stores.writer().await;
        let impossible = Event::Moved { from: addr("a"), to: addr("b") };
        let refused = writer.commit(&[recorded("c"), impossible], &stamp("apply")).await.unwrap_err();
        assert!(refused.to_string().contains("`instance.b` is taken"), "{refused}");
        assert_eq!(names(writer.state()), ["instance.a", "instance.b"]);
        assert_eq!(names(&stores.state().await), ["instance.a", "instance.b"]);
        let moved = [Event::Removed(addr("b")), Event::Moved { from: addr("a"), to: addr("b") }];
        assert_eq!(writer.commit(&moved, &stamp("apply")).await.unwrap(), 2);
        assert_eq!(names(&stores.state().await), ["instance.b"]);
    }

    pub async fn a_second_writer_is_told_who_the_first_is<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        let first = stores.open().lock(&holder("apply -auto-approve"), NOW).await.unwrap();
        let Err(StoreError::Locked { holder: told }) = stores.open().lock(&holder("plan"), NOW).await else {
            panic!("two writers at once");
        };
        assert_eq!(told, holder("apply -auto-approve"));
        assert_eq!(told.to_string(), "ann@build-3 (process 42, `apply -auto-approve`)");
        drop(first);
        stores.writer().await;
    }

    pub async fn a_writer_waits_for_the_lock<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        let first = stores.writer().await;
        let release = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(first);
        };
        let (store, plan) = (stores.open(), holder("plan"));
        let (second, ()) = tokio::join!(store.lock(&plan, Duration::from_secs(20)), release);
        assert!(second.is_ok());
    }

    pub async fn readers_see_the_last_commit_while_another_writes<S: Store, F: Fn() -> S>(
        stores: &Stores<S, F>,
    ) {
        let mut writer = stores.writer().await;
        for name in ["a", "b", "c"] {
            writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap();
            same(&stores.state().await, writer.state());
        }
    }

    pub async fn sealed_values_stay_closed_without_the_key_and_are_kept<S: Store, F: Fn() -> S>(
        stores: &Stores<S, F>,
    ) {
        stores.commit(&[recorded("a")]).await;
        let lineage = stores.state().await.version.lineage;
        let with_key = || stores.open_with_key(&lineage);
        let mut writer = with_key().lock(&holder("apply"), NOW).await.unwrap();
        let secret = Event::Recorded(addr("a"), Box::new(record("a")));
        writer.commit(&[secret], &stamp("apply")).await.unwrap();
        drop(writer);

        let closed = stores.state().await.records[&addr("a")].clone();
        let hole = Value::unknown(Type::String).sensitive();
        assert_eq!(closed.values.at(&Path::root().child_attr("token")), Some(hole));
        let mut wrong = stores.open();
        wrong.unlock_values(Arc::new(Sealer::new(&Key::from_bytes([8; 32]), &lineage)));
        let wrong = wrong.snapshot().await.unwrap();
        assert_eq!(wrong.records[&addr("a")], closed);
        assert!(wrong.damaged.is_empty(), "another key is not damage: {:?}", wrong.damaged);

        // Writing, deposing and restoring the record without the key keeps what is sealed.
        let ready = Record { status: Status::Ready, ..closed };
        let key: DeposedKey = "0badcafe".into();
        stores.commit(&[Event::Recorded(addr("a"), Box::new(ready.clone()))]).await;
        stores.commit(&[Event::Deposed(addr("a"), key.clone())]).await;
        stores.commit(&[Event::Restored(addr("a"), key)]).await;
        let open = with_key().snapshot().await.unwrap();
        assert_eq!(open.records[&addr("a")], Record { status: Status::Ready, ..record("a") });

        // With the key, an unknown is meant.
        let mut writer = with_key().lock(&holder("apply"), NOW).await.unwrap();
        writer.commit(&[Event::Recorded(addr("a"), Box::new(ready.clone()))], &stamp("apply")).await.unwrap();
        drop(writer);
        assert_eq!(with_key().snapshot().await.unwrap().records[&addr("a")], ready);
    }

    pub async fn a_move_binds_secrets_to_their_new_address<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        stores.commit(&[recorded("other")]).await;
        let lineage = stores.state().await.version.lineage;
        let mut writer = stores.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
        let key: DeposedKey = "0badcafe".into();
        let secret = || Box::new(record("a"));
        let made = [Event::Recorded(addr("a"), secret()), Event::Deposed(addr("a"), key.clone())];
        writer.commit(&made, &stamp("apply")).await.unwrap();
        let moved = Event::Moved { from: addr("a"), to: addr("b") };
        let both = [Event::Recorded(addr("a"), secret()), moved];
        writer.commit(&both, &stamp("apply")).await.unwrap();
        drop(writer);
        let state = stores.open_with_key(&lineage).snapshot().await.unwrap();
        assert_eq!(names(&state), ["instance.b", "instance.other"]);
        assert_eq!(state.records[&addr("b")], record("a"));
        assert_eq!(state.deposed[&(addr("b"), key)], record("a"), "deposed objects go along");
        assert_eq!(state.deposed.len(), 1);

        let mut writer = stores.writer().await;
        let away = Event::Moved { from: addr("b"), to: addr("c") };
        let refused = writer.commit(&[away], &stamp("apply")).await;
        assert!(matches!(refused, Err(StoreError::Closed { .. })), "the key is not there");
        let free = Event::Moved { from: addr("other"), to: addr("c") };
        writer.commit(&[free], &stamp("apply")).await.unwrap();
    }

    pub async fn no_secret_is_kept_without_a_key<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        stores.commit(&[Event::Recorded(addr("a"), Box::new(record("a")))]).await;
        let lineage = stores.state().await.version.lineage;
        let read = stores.open_with_key(&lineage).snapshot().await.unwrap();
        let token = read.records[&addr("a")].values.at(&Path::root().child_attr("token"));
        assert_eq!(token, Some(Value::unknown(Type::String).sensitive()));
    }

    pub async fn nothing_ephemeral_is_kept<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        let both = Marks::SENSITIVE.union(Marks::EPHEMERAL);
        let values = object(&[
            ("a", Value::string("gone-with-the-run").mark(Marks::EPHEMERAL)),
            ("b", object(&[("c", Value::string("gone-with-the-run").mark(both))])),
        ]);
        stores.commit(&[Event::Recorded(addr("a"), Box::new(Record { values, ..plain("a") }))]).await;
        let values = &stores.state().await.records[&addr("a")].values;
        assert_eq!(values.at(&Path::root().child_attr("a")), Some(Value::null(Type::String)));
        assert!(!values.contains_marks(Marks::EPHEMERAL));
    }

    /// A fixed walk of a hundred random commits: what was folded is what is read back, at every serial.
    pub async fn rows_and_events_tell_the_same<S: Store, F: Fn() -> S>(stores: &Stores<S, F>) {
        let mut writer = stores.writer().await;
        let mut random = 88_172_645_463_325_252_u64;
        let mut next = move |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let mut refused = 0;
        for step in 0..100 {
            let events: Vec<_> = (0..=next(4)).map(|_| random_event(&mut next)).collect();
            match writer.commit(&events, &stamp("apply")).await {
                Ok(_) => {}
                Err(StoreError::Refused { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            if step % 5 == 0 {
                same(&stores.state().await, writer.state());
            }
        }
        same(&stores.state().await, writer.state());
        assert!(refused < 50, "{refused} of 100 commits were refused");
    }

    fn random_event(next: &mut impl FnMut(u64) -> u64) -> Event {
        let name = |n: u64| ["a", "b", "c", "d"][n as usize];
        let at = addr(name(next(4)));
        let key: DeposedKey = ["00000001", "00000002"][next(2) as usize].into();
        let id = ["0000000000000001", "0000000000000002"][next(2) as usize];
        match next(10) {
            0 => Event::Intended(Box::new(Intent { record: plain("i"), ..intent(id, "a") })),
            1 => Event::Settled(id.into()),
            2 | 3 => Event::Recorded(at, Box::new(plain(&format!("r{}", next(1000))))),
            4 => Event::Removed(at),
            5 => Event::Deposed(at, key),
            6 => Event::Restored(at, key),
            7 => Event::RemovedDeposed(at, key),
            8 => Event::Moved { from: at, to: addr(name(next(4))) },
            _ => Event::Output("o".into(), (next(2) == 0).then(|| Value::string("v"))),
        }
    }
}

mod journal;
mod on_disk;
