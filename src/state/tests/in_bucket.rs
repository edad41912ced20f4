//! States in a bucket, over objects in memory: what a server does is `tests/servers`' business, what we make of it is here.

use super::*;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

/// A bucket, and a store for each of those who come to it.
struct Bucket(Arc<InMemory>);

impl Bucket {
    fn new() -> Self {
        Self(Arc::new(InMemory::new()))
    }

    fn backend(&self, history: usize) -> S3Backend {
        let settings = S3Settings {
            bucket: "team".into(),
            prefix: "a/b".into(),
            lease: Some(Duration::from_secs(2)),
            ..S3Settings::default()
        };
        S3Backend::over(self.0.clone(), &settings).unwrap().with_history(history)
    }

    fn open(&self) -> Box<dyn Store> {
        self.backend(100).open("default")
    }

    async fn names(&self) -> Vec<String> {
        use futures_util::TryStreamExt;
        let mut all: Vec<_> =
            self.0.list(None).map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap();
        all.sort();
        all
    }

    async fn read(&self, name: &str) -> String {
        let got = self.0.get(&ObjectPath::from(name)).await.unwrap();
        String::from_utf8(got.bytes().await.unwrap().into()).unwrap()
    }

    async fn write(&self, name: &str, text: &str) {
        self.0.put(&ObjectPath::from(name), PutPayload::from(text.to_owned())).await.unwrap();
    }

    async fn delete(&self, name: &str) {
        self.0.delete(&ObjectPath::from(name)).await.unwrap();
    }

    /// Damages each line that says what the row `key` is.
    async fn damage(&self, key: &str) {
        let at = format!("{{\"at\":\"{key}\"");
        for name in self.names().await {
            let text = self.read(&name).await;
            let line = |line: &str| match line.contains(&at) {
                true => format!("{}\n", line.replacen("\"is\":", "\"iz\":", 1)),
                false => format!("{line}\n"),
            };
            self.write(&name, &text.lines().map(line).collect::<String>()).await;
        }
    }
}

pub(super) fn stores() -> Stores {
    let bucket = Arc::new(Bucket::new());
    let damaged = bucket.clone();
    Stores { open: Box::new(move || bucket.open()), damage: Box::new(move |key| now(damaged.damage(key))) }
}

/// In a bucket of a real server.
pub(super) fn stores_on(server: &moto::Server) -> Stores {
    let settings = S3Settings {
        bucket: server.bucket(),
        endpoint: Some(server.endpoint()),
        access_key: Some("ann".into()),
        secret_key: Some("s3cr3t".into()),
        ..S3Settings::default()
    };
    let connect = server.address();
    let bucket = settings.bucket.clone();
    Stores {
        open: Box::new(move || S3Backend::new(&settings).unwrap().open("default")),
        damage: Box::new(move |key| {
            let at = format!("{{\"at\":\"{key}\"");
            for number in 1..=3 {
                let path = format!("/{bucket}/state/default/log/{number:020}");
                let text = moto::call(connect, "GET", &path, "");
                let damaged = text.replacen(&format!("{at},\"is\":"), &format!("{at},\"iz\":"), 1);
                moto::call(connect, "PUT", &path, &damaged);
            }
        }),
    }
}

/// A backend over a bucket of its own.
pub(super) fn backend() -> S3Backend {
    Bucket::new().backend(100)
}

/// Runs what never really waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    use futures_util::FutureExt;
    future.now_or_never().expect("memory answers at once")
}

async fn commit(bucket: &Bucket, name: &str) -> u64 {
    let mut writer = bucket.open().lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap()
}

#[tokio::test]
async fn a_plan_leaves_only_the_lock_and_a_commit_one_object() {
    let bucket = Bucket::new();
    drop(bucket.open().lock(&holder("plan"), NOW).await.unwrap());
    assert_eq!(bucket.names().await, ["a/b/lock/default"]);
    assert_eq!(bucket.backend(100).workspaces().await.unwrap(), [] as [Name; 0]);
    commit(&bucket, "a").await;
    commit(&bucket, "b").await;
    let entries = [1, 2].map(|number| format!("a/b/state/default/log/{number:020}"));
    assert_eq!(bucket.names().await[1..], entries);
}

#[tokio::test]
async fn who_was_frozen_beyond_the_lease_writes_nothing_more() {
    let bucket = Bucket::new();
    let mut frozen = bucket.open().lock(&holder("apply"), NOW).await.unwrap();
    frozen.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    // Its renewals do not arrive, as if it were stopped; here that is the lock of a dead process, written back.
    let lock = bucket.read("a/b/lock/default").await;
    let mut other = holder("plan");
    other.id = "0ther".into();
    let Err(StoreError::Locked { .. }) = bucket.open().lock(&other, NOW).await else { panic!("it is held") };
    bucket.open().break_lock("f00d").await.unwrap();
    let mut second = bucket.open().lock(&other, NOW).await.unwrap();
    second.commit(&[recorded("b")], &stamp("apply")).await.unwrap();
    drop(second);
    bucket.write("a/b/lock/default", &lock).await;
    let late = frozen.commit(&[recorded("late")], &stamp("apply")).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    let late = frozen.replace(&bucket.open().image(None).await.unwrap().unwrap(), &stamp("apply")).await;
    assert!(!matches!(late, Ok(3)), "{late:?}");
    assert_eq!(names(&bucket.open().snapshot().await.unwrap()), ["instance.a", "instance.b"]);
}

#[tokio::test]
async fn the_lease_of_a_killed_holder_runs_out() {
    let bucket = Bucket::new();
    commit(&bucket, "a").await;
    let held = bucket.open().lock(&holder("apply"), NOW).await.unwrap();
    let lock = bucket.read("a/b/lock/default").await;
    drop(held);
    // The process that wrote this is gone.
    bucket.write("a/b/lock/default", &lock).await;
    assert!(matches!(bucket.open().lock(&holder("plan"), NOW).await, Err(StoreError::Locked { .. })));
    let waited = bucket.open().lock(&holder("plan"), Duration::from_secs(20)).await;
    drop(waited.unwrap());
    assert!(bucket.names().await.contains(&format!("a/b/state/default/log/{:020}", 2)), "it was fenced");
    assert_eq!(commit(&bucket, "b").await, 2);
}

#[tokio::test]
async fn a_lease_is_renewed_as_long_as_it_is_needed() {
    let bucket = Bucket::new();
    let mut writer = bucket.open().lock(&holder("apply"), NOW).await.unwrap();
    let second = bucket.open().lock(&holder("plan"), Duration::from_secs(4)).await;
    assert!(matches!(second, Err(StoreError::Locked { .. })));
    assert_eq!(writer.commit(&[recorded("a")], &stamp("apply")).await.unwrap(), 1);
}

#[tokio::test]
async fn many_commits_are_put_into_a_base_and_the_oldest_forgotten() {
    let bucket = Bucket::new();
    let open = || bucket.backend(20).open("default");
    for step in 0..260 {
        let mut writer = open().lock(&holder("apply"), NOW).await.unwrap();
        writer.commit(&[recorded(["a", "b", "c"][step % 3])], &stamp("apply")).await.unwrap();
    }
    let names = bucket.names().await;
    let count = |folder: &str| names.iter().filter(|name| name.contains(folder)).count();
    assert!((1..=4).contains(&count("/base/")), "{names:?}");
    assert!((20..200).contains(&count("/log/")), "{names:?}");
    let state = open().snapshot().await.unwrap();
    assert_eq!((state.version.serial, state.records.len()), (260, 3));
    let history = open().history().await.unwrap();
    assert!(history.len() >= 20, "{}", history.len());
    assert_eq!(history.last().unwrap().serial, 260);
    let oldest = history.first().unwrap().serial;
    let past = open().image(Some(oldest)).await.unwrap().unwrap();
    assert_eq!(past.version.serial, oldest);
    assert!(open().image(Some(1)).await.unwrap().is_none(), "forgotten");
}

#[tokio::test]
async fn a_base_that_is_damaged_is_read_around() {
    let bucket = Bucket::new();
    for step in 0..60 {
        commit(&bucket, ["a", "b", "c"][step % 3]).await;
    }
    let names = bucket.names().await;
    let base = names.iter().find(|name| name.contains("/base/")).unwrap();
    bucket.write(base, "base 1 51 00000000 {}\n").await;
    let state = bucket.open().snapshot().await.unwrap();
    assert_eq!((state.version.serial, state.records.len(), state.damaged.len()), (60, 3, 0));
    assert_eq!(commit(&bucket, "d").await, 61);
}

#[tokio::test]
async fn a_log_that_lost_a_part_is_damaged_and_never_an_older_one() {
    let bucket = Bucket::new();
    for name in ["a", "b", "c", "d"] {
        commit(&bucket, name).await;
    }
    let entry = |number: u64| format!("a/b/state/default/log/{number:020}");
    let (second, last) = (bucket.read(&entry(2)).await, bucket.read(&entry(4)).await);
    bucket.delete(&entry(2)).await;
    assert!(!bucket.open().snapshot().await.unwrap().damaged.is_empty(), "the middle");
    assert!(matches!(bucket.open().lock(&holder("apply"), NOW).await, Err(StoreError::Damaged { .. })));
    bucket.write(&entry(2), &second).await;
    bucket.delete(&entry(4)).await;
    assert!(!bucket.open().snapshot().await.unwrap().damaged.is_empty(), "the end");
    assert!(matches!(bucket.open().lock(&holder("apply"), NOW).await, Err(StoreError::Damaged { .. })));
    bucket.write(&entry(4), &last).await;
    assert_eq!(commit(&bucket, "e").await, 5);
    for number in 1..=5 {
        bucket.delete(&entry(number)).await;
    }
    assert!(matches!(bucket.open().snapshot().await, Err(StoreError::Damaged { .. })), "all of it");
}

#[tokio::test]
async fn what_is_left_of_a_damaged_log_is_made_whole() {
    let bucket = Bucket::new();
    for name in ["a", "b", "c", "d"] {
        commit(&bucket, name).await;
    }
    bucket.delete(&format!("a/b/state/default/log/{:020}", 4)).await;
    let rebuilt = bucket.open().repair(&holder("state restore"), NOW).await.unwrap();
    assert_eq!(rebuilt, Rebuilt::Salvaged { serial: 5, damaged: vec![] });
    assert_eq!(commit(&bucket, "e").await, 6);
    let state = bucket.open().snapshot().await.unwrap();
    assert_eq!(names(&state), ["instance.a", "instance.b", "instance.c", "instance.e"]);
}

#[tokio::test]
async fn a_workspace_that_is_removed_can_be_made_again() {
    let bucket = Bucket::new();
    commit(&bucket, "a").await;
    let backend = bucket.backend(100);
    backend.create("a~b").await.unwrap();
    assert_eq!(backend.workspaces().await.unwrap(), ["a~b", "default"].map(Name::from));
    backend.remove("default", &holder("workspace delete")).await.unwrap();
    assert_eq!(backend.workspaces().await.unwrap(), ["a~b"].map(Name::from));
    assert_eq!(bucket.open().snapshot().await.unwrap().version.serial, 0);
    assert_eq!(commit(&bucket, "b").await, 1);
}
