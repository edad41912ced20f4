//! Every state format that was ever released still loads. `formats/v1/log` was written once and is never written again:
//! serial 12 as its base, three commits behind it, sealed with a key of 32 times 7.

#![allow(clippy::unwrap_used)] // a test may

use isotope::addr::ObjectAddr;
use isotope::secret::{Key, Sealer};
use isotope::state::history::Did;
use isotope::state::{Event, Holder, Operation, SledStore, Stamp, State, Status, Store};
use isotope::value::{Path, Type, Value};
use std::sync::Arc;
use std::time::Duration;

fn store(format: &str) -> (tempfile::TempDir, SledStore) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(format!("tests/formats/{format}/log"), dir.path().join("log")).unwrap();
    let store = SledStore::open(dir.path());
    (dir, store)
}

fn unlock(store: &mut SledStore, state: &State) {
    store.unlock_values(Arc::new(Sealer::new(&Key::from_bytes([7; 32]), &state.version.lineage)));
}

fn addr(text: &str) -> ObjectAddr {
    text.parse().unwrap()
}

fn attribute(values: &Value, name: &str) -> Value {
    values.at(&Path::root().child_attr(name)).unwrap()
}

#[tokio::test]
async fn v1_loads() {
    let (_dir, mut store) = store("v1");
    let closed = store.snapshot().await.unwrap();
    assert_eq!(closed.version.serial, 15);
    assert!(closed.damaged.is_empty(), "{:?}", closed.damaged);
    let desk = addr(r#"module.crm["eu west"].instance.desk["ü 1"]"#);
    let hole = Value::unknown(Type::String).sensitive();
    assert_eq!(attribute(&closed.records[&desk].values, "token"), hole);

    unlock(&mut store, &closed);
    let state = store.snapshot().await.unwrap();
    let names: Vec<_> = state.records.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["instance.moved", desk.to_string().as_str()]);
    let record = &state.records[&desk];
    assert_eq!(attribute(&record.values, "token"), Value::string("golden-token").sensitive());
    assert_eq!(attribute(&record.values, "tags").length(), Some(2));
    assert_eq!(attribute(&record.values, "count").as_number().unwrap().to_string(), "12345678901234567890.5");
    assert_eq!(attribute(&record.values, "password"), hole);
    assert_eq!(record.fingerprints.len(), 1);
    assert_eq!((&*record.id, record.status), ("51234", Status::Tainted));
    assert_eq!(&*record.provider.alias.clone().unwrap(), "eu");
    assert_eq!(record.depends_on[0].resource.to_string(), "instance.base");
    assert!(record.create_before_destroy && record.prevent_destroy);
    assert_eq!(record.marker.as_deref(), Some("isotope:9b1f03aa:0123456789abcdef"));
    assert_eq!(state.deposed.len(), 1);
    assert_eq!(attribute(&state.outputs["secret"], "k"), Value::string("golden-output").sensitive());
    let intent = &state.intents["0123456789abcdef"];
    assert_eq!((intent.operation, intent.addr.to_string()), (Operation::Create, "instance.new".to_string()));
    assert!(state.key.is_some());
    assert_eq!(&*state.last.unwrap().who, "ann@build-3");
}

#[tokio::test]
async fn v1_has_its_history() {
    let (_dir, store) = store("v1");
    let history = store.history().await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.serial).collect::<Vec<_>>(), [13, 14, 15]);
    assert_eq!(history[1].changes[0].did, Did::Moved);
    assert_eq!(history[1].changes[0].to.as_deref(), Some("instance.moved"));
    assert!(
        store
            .image(Some(12))
            .await
            .unwrap()
            .unwrap()
            .open(None)
            .unwrap()
            .records
            .contains_key(&addr("instance.first"))
    );
    assert!(store.image(Some(11)).await.unwrap().is_none());
}

#[tokio::test]
async fn v1_is_written_on() {
    let (_dir, store) = store("v1");
    let text = || "x".to_string();
    let holder = Holder { id: text(), pid: 1, host: text(), user: text(), command: text(), since: 0 };
    let stamp = Stamp { at: 0, who: "x".into(), command: "x".into(), pid: 1 };
    store.repair(&holder, Duration::ZERO).await.unwrap();
    let mut writer = store.lock(&holder, Duration::ZERO).await.unwrap();
    let gone = Event::Removed(addr("instance.moved"));
    assert_eq!(writer.commit(&[gone], &stamp).await.unwrap(), 16);
    assert_eq!(store.snapshot().await.unwrap().records.len(), 1);
}
