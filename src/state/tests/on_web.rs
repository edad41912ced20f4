//! States on a web server: a small one plays GitLab's side, in memory.

use super::gitlab::{PASSWORD, Web};
use super::*;

fn settings(web: &Web) -> HttpSettings {
    HttpSettings {
        lock_address: Some(web.address.clone()),
        username: Some("ann".into()),
        password: Some(PASSWORD.into()),
        retry_wait_min: Duration::from_millis(1),
        ..HttpSettings::new(&web.address)
    }
}

fn backend(web: &Web) -> HttpBackend {
    HttpBackend::new(settings(web)).unwrap()
}

fn open(web: &Web) -> Box<dyn Store> {
    backend(web).open("default")
}

fn damage(web: &Web, key: &str) {
    let mut server = web.held();
    let mut document: serde_json::Value = serde_json::from_slice(server.document.as_ref().unwrap()).unwrap();
    let at = format!("{{\"at\":\"{key}\"");
    for line in document["log"].as_array_mut().unwrap() {
        let text = line.as_str().unwrap();
        if text.contains(&at) {
            *line = text.replacen("\"is\":", "\"iz\":", 1).into();
        }
    }
    server.document = Some(document.to_string().into_bytes());
}

pub(super) fn stores() -> Stores {
    let web = std::rc::Rc::new(Web::start());
    let damaged = web.clone();
    Stores { open: Box::new(move || open(&web)), damage: Box::new(move |key| damage(&damaged, key)) }
}

async fn commit(web: &Web, name: &str) -> u64 {
    let mut writer = open(web).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap()
}

#[tokio::test]
async fn a_commit_sends_the_whole_document_under_the_lock() {
    let web = Web::start();
    commit(&web, "a").await;
    assert_eq!(web.held().asked, ["LOCK", "GET", "POST", "UNLOCK"]);
    let document: serde_json::Value = serde_json::from_slice(web.held().document.as_ref().unwrap()).unwrap();
    assert_eq!(document["serial"], 1, "servers keep their versions by it");
    assert!(document["lineage"].is_string());
}

#[tokio::test]
async fn a_write_that_arrived_counts_whatever_was_answered() {
    let web = Web::start();
    commit(&web, "a").await;
    web.held().lies = 1;
    assert_eq!(commit(&web, "b").await, 2);
    assert_eq!(names(&open(&web).snapshot().await.unwrap()), ["instance.a", "instance.b"]);
}

#[tokio::test]
async fn a_commit_that_was_refused_leaves_no_trace_in_the_next() {
    let web = Web::start();
    let mut writer = open(&web).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    let lock = web.held().lock.take();
    assert!(writer.commit(&[recorded("b")], &stamp("apply")).await.is_err());
    web.held().lock = lock;
    assert_eq!(writer.commit(&[recorded("c")], &stamp("apply")).await.unwrap(), 2);
    assert_eq!(names(&open(&web).snapshot().await.unwrap()), ["instance.a", "instance.c"]);
}

#[tokio::test]
async fn a_document_of_somebody_else_is_left_alone() {
    let web = Web::start();
    let foreign = br#"{"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"x","resources":[]}"#;
    web.held().document = Some(foreign.to_vec());
    let Err(StoreError::Damaged { problem, .. }) = open(&web).snapshot().await else { panic!("it was read") };
    assert!(problem.contains("is no state of Isotope's"), "{problem}");
    assert!(open(&web).lock(&holder("apply"), NOW).await.is_err());
    assert_eq!(web.held().document.as_deref(), Some(&foreign[..]));
}

#[tokio::test]
async fn a_document_that_lost_its_end_is_damaged() {
    let web = Web::start();
    commit(&web, "a").await;
    commit(&web, "b").await;
    let mut document: serde_json::Value =
        serde_json::from_slice(web.held().document.as_ref().unwrap()).unwrap();
    document["log"].as_array_mut().unwrap().truncate(4);
    web.held().document = Some(document.to_string().into_bytes());
    assert!(matches!(open(&web).lock(&holder("apply"), NOW).await, Err(StoreError::Damaged { .. })));
    let rebuilt = open(&web).repair(&holder("state restore"), NOW).await.unwrap();
    assert_eq!(rebuilt, Rebuilt::Salvaged { serial: 3, damaged: vec![] });
    assert_eq!(commit(&web, "c").await, 4);
    assert_eq!(names(&open(&web).snapshot().await.unwrap()), ["instance.a", "instance.c"]);
}

#[tokio::test]
async fn a_long_history_is_cut() {
    let web = Web::start();
    let open = || backend(&web).with_history(5).open("default");
    let mut writer = open().lock(&holder("apply"), NOW).await.unwrap();
    for step in 1..=23 {
        let name = ["a", "b", "c"][step % 3];
        assert_eq!(writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap(), step as u64);
    }
    drop(writer);
    let history: Vec<u64> = open().history().await.unwrap().iter().map(|entry| entry.serial).collect();
    assert!((5..10).contains(&history.len()), "{history:?}");
    assert_eq!(history.last(), Some(&23));
    let past = open().image(Some(history[0])).await.unwrap().unwrap();
    assert_eq!(names(&past.open(None).unwrap()), ["instance.a", "instance.b", "instance.c"]);
    assert!(open().image(Some(1)).await.unwrap().is_none(), "forgotten");
}

/// Each workspace has a state of its own, at an address that names it.
pub(super) fn with_workspaces(web: &Web, heard_of: &[&str]) -> HttpBackend {
    let address = format!("http://{}/state/team-<name>", web.socket);
    let settings = HttpSettings {
        workspaces: Some("<name>".into()),
        lock_address: Some(address.clone()),
        address,
        ..settings(web)
    };
    let names = heard_of.iter().map(|name| Name::from(*name)).collect();
    HttpBackend::new(settings).unwrap().with_heard_of(names)
}

#[tokio::test]
async fn with_its_name_in_the_address_each_workspace_has_a_state() {
    let web = Web::start();
    let backend = with_workspaces(&web, &["staging", "gone"]);
    assert!(!backend.has_list() && !backend.has("staging").await.unwrap());
    backend.create("staging").await.unwrap();
    assert!(backend.has("staging").await.unwrap());
    assert_eq!(backend.place("staging"), format!("http://{}/state/team-staging", web.socket));
    assert_eq!(backend.workspaces().await.unwrap(), ["staging"].map(Name::from));
    let empty = backend.open("staging").snapshot().await.unwrap();
    assert_eq!((empty.version.serial, empty.records.len()), (0, 0));
    assert!(backend.open("staging").image(None).await.unwrap().is_none(), "nothing was committed");
    let mut writer = backend.open("staging").lock(&holder("apply"), NOW).await.unwrap();
    assert_eq!(writer.commit(&[recorded("a")], &stamp("apply")).await.unwrap(), 1);
    assert!(backend.open("default").lock(&holder("apply"), NOW).await.is_ok(), "a lock of its own");
    drop(writer);
    backend.create("staging").await.unwrap();
    let state = backend.open("staging").snapshot().await.unwrap();
    assert_eq!(
        (names(&state), state.version.lineage),
        (vec!["instance.a".to_owned()], empty.version.lineage)
    );
    assert!(backend.open("default").snapshot().await.unwrap().records.is_empty());
    backend.remove("staging", &holder("workspace delete")).await.unwrap();
    assert_eq!(backend.workspaces().await.unwrap(), [] as [Name; 0]);
}

#[tokio::test]
async fn a_state_moves_into_a_workspace_that_was_just_made() {
    let web = Web::start();
    let (from, to) = (MemoryBackend::default(), with_workspaces(&web, &[]));
    let mut writer = from.open("staging").lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    drop(writer);
    to.create("staging").await.unwrap();
    let moved = migrate(&from, &to, &holder("init"), &stamp("init")).await.unwrap();
    assert_eq!(
        moved.iter().map(|one| (&*one.workspace, one.serial)).collect::<Vec<_>>(),
        [("staging", Some(1))]
    );
    let (was, is) =
        (from.open("staging").snapshot().await.unwrap(), to.open("staging").snapshot().await.unwrap());
    assert_eq!(was.version, is.version);
}

#[tokio::test]
async fn who_was_taken_for_dead_sends_nothing_more() {
    let web = Web::start();
    let mut writer = open(&web).lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    let hold = writer.hold().unwrap();
    hold.confirm().await.unwrap();
    open(&web).break_lock("f00d").await.unwrap();
    assert!(matches!(hold.confirm().await, Err(StoreError::Fenced)));
    assert!(web.held().lock.is_none(), "what was asked for is given back");
    let other = open(&web).lock(&holder("apply"), NOW).await.unwrap();
    assert!(matches!(hold.confirm().await, Err(StoreError::Fenced)));
    let late = writer.commit(&[recorded("late")], &stamp("apply")).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    drop(writer);
    assert!(web.held().lock.is_some(), "the other's lock is left alone");
    drop(other);
    assert_eq!(names(&open(&web).snapshot().await.unwrap()), ["instance.a"]);
}

#[tokio::test]
async fn a_history_that_weighs_more_than_the_state_is_cut_sooner() {
    let web = Web::start();
    let mut writer = open(&web).lock(&holder("apply"), NOW).await.unwrap();
    for step in 1..=60 {
        let text = Value::string(step.to_string().repeat(100_000));
        let values = Value::object([("name".into(), text)].into());
        let event = Event::Recorded(addr("a"), Box::new(Record { values, ..record("a") }));
        assert_eq!(writer.commit(&[event], &stamp("apply")).await.unwrap(), step);
        assert!(web.held().document.as_ref().unwrap().len() < 3 << 20);
    }
    drop(writer);
    let history: Vec<u64> = open(&web).history().await.unwrap().iter().map(|entry| entry.serial).collect();
    assert!((3..15).contains(&history.len()), "{history:?}");
    assert_eq!(history.last(), Some(&60));
    let past = open(&web).image(Some(history[0])).await.unwrap().unwrap();
    assert_eq!(names(&past.open(None).unwrap()), ["instance.a"]);
}

#[tokio::test]
async fn what_is_wrong_is_said_without_the_password() {
    let web = Web::start();
    let wrong = HttpSettings { password: Some("0ther-passw0rd".into()), ..settings(&web) };
    let error = HttpBackend::new(wrong).unwrap().open("default").snapshot().await.unwrap_err();
    let said = format!("{error} {error:?} {:?}", settings(&web));
    assert!(said.contains("401") && !said.contains("passw"), "{said}");
    let refused = backend(&web).create("staging").await.unwrap_err();
    assert!(refused.to_string().contains("no workspace \"staging\""), "{refused}");
}
