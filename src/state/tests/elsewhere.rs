//! Backends: their workspaces, and the way from one to another.

use super::*;
use crate::secret::{KeySlot, KeySource};

pub(super) async fn write(backend: &dyn Backend, workspace: &str, events: &[Event]) {
    let mut writer = backend.open(workspace).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(events, &stamp("apply")).await.unwrap();
}

pub(super) async fn move_all(from: &dyn Backend, to: &dyn Backend) -> Result<Vec<Migrated>, MigrateError> {
    migrate(from, to, &holder("init"), &stamp("init")).await
}

pub(super) fn on_disk() -> (tempfile::TempDir, SledBackend) {
    let dir = tempfile::tempdir().unwrap();
    let backend = SledBackend::new(dir.path().join("state"));
    (dir, backend)
}

#[tokio::test]
async fn every_backend_keeps_workspaces_apart() {
    workspaces(&MemoryBackend::default()).await;
    workspaces(&on_disk().1).await;
    workspaces(&in_bucket::backend()).await;
    let web = gitlab::Web::start();
    workspaces(&on_web::with_workspaces(&web, &["blue", "staging"])).await;
}

pub(super) async fn workspaces(backend: &dyn Backend) {
    assert!(backend.workspaces().await.unwrap().is_empty());
    assert_eq!(backend.open("default").snapshot().await.unwrap().version.serial, 0);
    assert!(backend.workspaces().await.unwrap().is_empty(), "looking makes none");
    backend.create("staging").await.unwrap();
    write(backend, "default", &[recorded("a")]).await;
    write(backend, "blue", &[recorded("b")]).await;
    assert_eq!(backend.workspaces().await.unwrap(), ["blue", "default", "staging"].map(Name::from));
    assert_eq!(names(&backend.open("blue").snapshot().await.unwrap()), ["instance.b"]);
    assert!(backend.open("staging").image(None).await.unwrap().is_none());
    let held = backend.open("blue").lock(&holder("apply"), NOW).await.unwrap();
    assert!(matches!(backend.remove("blue", &holder("delete")).await, Err(StoreError::Locked { .. })));
    drop(held);
    backend.remove("blue", &holder("delete")).await.unwrap();
    backend.remove("staging", &holder("delete")).await.unwrap();
    assert_eq!(backend.workspaces().await.unwrap(), ["default"].map(Name::from));
}

#[tokio::test]
async fn states_go_from_any_backend_to_any_other() {
    let (_one, first) = on_disk();
    let (_two, second) = on_disk();
    let memory = MemoryBackend::default();
    write(&first, "default", &[recorded("a")]).await;
    let lineage = first.open("default").snapshot().await.unwrap().version.lineage;
    let mut store = first.open("default");
    store.unlock_values(sealer(&lineage));
    let mut writer = store.lock(&holder("apply"), NOW).await.unwrap();
    let events = [
        Event::Recorded(addr("s"), Box::new(record("s"))),
        Event::Intended(Box::new(intent("0123456789abcdef", "x"))),
    ];
    writer.commit(&events, &stamp("apply")).await.unwrap();
    drop(writer);
    first.create("empty").await.unwrap();
    for (from, to) in [(&first as &dyn Backend, &memory as &dyn Backend), (&memory, &second)] {
        let moved = move_all(from, to).await.unwrap();
        let serials: Vec<_> = moved.iter().map(|moved| (&*moved.workspace, moved.serial)).collect();
        assert_eq!(serials, [("default", Some(2)), ("empty", None)]);
        assert_eq!(move_all(from, to).await.unwrap().len(), 2, "once more changes nothing");
        let mut copy = to.open("default");
        copy.unlock_values(sealer(&lineage));
        let (copy, original) = (copy.snapshot().await.unwrap(), store.snapshot().await.unwrap());
        assert_eq!(
            (&copy.version, &copy.records, &copy.intents),
            (&original.version, &original.records, &original.intents)
        );
    }
    write(&second, "default", &[recorded("b")]).await;
    assert_eq!(second.open("default").snapshot().await.unwrap().version.serial, 3);
}

#[tokio::test]
async fn nothing_is_written_over_on_the_way() {
    let (from, to) = (MemoryBackend::default(), MemoryBackend::default());
    write(&from, "default", &[recorded("a")]).await;
    write(&to, "default", &[recorded("b")]).await;
    let taken = move_all(&from, &to).await.unwrap_err();
    assert!(matches!(taken, MigrateError::Taken { serial: 1, .. }), "{taken}");
    assert_eq!(names(&to.open("default").snapshot().await.unwrap()), ["instance.b"]);

    // The same history, parted.
    let parted = MemoryBackend::default();
    move_all(&from, &parted).await.unwrap();
    write(&from, "default", &[recorded("c")]).await;
    write(&parted, "default", &[recorded("d")]).await;
    let differs = move_all(&from, &parted).await.unwrap_err();
    assert!(matches!(&differs, MigrateError::Differs { rows, .. } if rows.len() == 2), "{differs}");
    write(&parted, "default", &[recorded("e")]).await;
    assert!(matches!(move_all(&from, &parted).await, Err(MigrateError::Taken { serial: 3, .. })));

    let held = from.open("default").lock(&holder("apply"), NOW).await.unwrap();
    let busy = move_all(&from, &MemoryBackend::default()).await.unwrap_err();
    assert!(matches!(busy, MigrateError::Store(StoreError::Locked { .. })), "{busy}");
    drop(held);
}

#[tokio::test]
async fn a_document_loses_nothing_and_reveals_only_what_is_asked() {
    let stores = stores_in_memory();
    stores.commit(&[recorded("other")]).await;
    let lineage = stores.state().await.version.lineage;
    let key = sealer(&lineage);
    let mut writer = stores.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    let secret = Value::string("s3cr3t-output").sensitive();
    let events = [
        Event::Recorded(addr("a"), Box::new(record("a"))),
        Event::Deposed(addr("a"), "0badcafe".into()),
        Event::Recorded(addr("a"), Box::new(record("b"))),
        Event::Output("o".into(), Some(secret)),
        Event::Intended(Box::new(intent("0123456789abcdef", "x"))),
    ];
    writer.commit(&events, &stamp("apply")).await.unwrap();
    drop(writer);
    let image = stores.open().image(None).await.unwrap().unwrap();
    let sealed = image.document(None).unwrap();
    assert!(!sealed.contains("s3cr3t"), "{sealed}");
    assert_eq!(Image::from_document(&sealed, None).unwrap().differences(&image), [] as [String; 0]);

    let open = image.document(Some(&key)).unwrap();
    assert!(open.contains("s3cr3t-token") && open.contains("s3cr3t-output"), "{open}");
    let refused = Image::from_document(&open, None).unwrap_err();
    assert!(matches!(refused, DocumentError::NoKey { .. }), "never in the clear: {refused}");
    let again = Image::from_document(&open, Some(&key)).unwrap();
    assert!(!again.document(None).unwrap().contains("s3cr3t"));
    let (again, before) = (again.open(Some(&key)).unwrap(), image.open(Some(&key)).unwrap());
    assert_eq!(
        (again.records, again.deposed, again.outputs),
        (before.records, before.deposed, before.outputs)
    );

    for (bad, expected) in [
        ("", "it is not the JSON of a state"),
        ("{}", "missing field"),
        (
            &sealed.replacen("\"format_version\": \"1\"", "\"format_version\": \"9\"", 1),
            "its format is \"9\"",
        ),
        (&sealed.replacen(&*lineage, "../../../x", 1), "lineage"),
        (&sealed.replacen("record instance.other", "record banana", 1), "cannot be read"),
        (
            &sealed.replacen("record instance.other", "banana instance.other", 1),
            "does not know rows of `banana`",
        ),
    ] {
        let error = Image::from_document(bad, None).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn another_key_seals_all_of_a_state_in_one_commit() {
    let stores = stores_in_memory();
    stores.commit(&[recorded("other")]).await;
    let lineage = stores.state().await.version.lineage;
    let old = sealer(&lineage);
    let slot = |key: &Key| KeySlot { key: key.id(), source: KeySource::Environment, stretch: None };
    let mut writer = stores.open_with_key(&lineage).lock(&holder("apply"), NOW).await.unwrap();
    let events = [
        Event::KeySlot(slot(&Key::from_bytes([7; 32]))),
        Event::Recorded(addr("a"), Box::new(record("a"))),
        Event::Deposed(addr("a"), "0badcafe".into()),
        Event::Output("o".into(), Some(Value::string("s3cr3t-output").sensitive())),
    ];
    writer.commit(&events, &stamp("apply")).await.unwrap();
    let before = writer.state().clone();
    let key = Key::from_bytes([9; 32]);
    let new = Sealer::new(&key, &lineage);
    let image = stores.open().image(None).await.unwrap().unwrap();
    let mut asked = 0;
    let sealed = image.rekeyed(&old, &new, slot(&key), |_, _| asked += 1).unwrap();
    assert_eq!(asked, 2, "the deposed one too");
    assert_eq!(writer.replace(&sealed, &stamp("state rekey")).await.unwrap(), 3);
    let stored = stores.open().image(None).await.unwrap().unwrap();
    let (after, with_old) = (stored.open(Some(&new)).unwrap(), stored.open(Some(&old)).unwrap());
    assert_eq!(
        (&after.records, &after.deposed, &after.outputs),
        (&before.records, &before.deposed, &before.outputs)
    );
    assert_eq!(after.key.unwrap().key, key.id());
    assert!(!with_old.outputs["o"].unmark().0.is_known(), "the old key opens nothing of it");
    let wrong = image.rekeyed(&new, &old, slot(&key), |_, _| {});
    assert!(matches!(wrong, Err(StoreError::Refused { .. })), "what does not open is never dropped");
}

#[test]
fn what_differs_is_told_even_where_only_a_fingerprint_does() {
    let state = |record: Record| State { records: [(addr("a"), record)].into(), ..State::empty("x") };
    let path = Path::root().child_attr("password");
    let print =
        |text: &str| BTreeMap::from([(path.clone(), sealer("x").fingerprint(&["p"], text.as_bytes()))]);
    let (one, two) = (record("1"), Record { fingerprints: print("another"), ..record("1") });
    let difference = Difference::between(&state(one.clone()), &state(two.clone()));
    assert_eq!(difference.counts(), [0, 1, 0]);
    let after = difference.objects[0].after.as_ref().unwrap();
    assert_ne!(after.values, one.values, "a changed secret differs");
    let elsewhere = Record { bound: Some("instance.elsewhere".into()), ..two };
    assert!(Difference::between(&state(one.clone()), &state(elsewhere)).is_empty(), "it cannot be compared");
    let [added, _, removed] = Difference::between(&State::empty("x"), &state(one)).counts();
    assert_eq!((added, removed), (1, 0));
}
