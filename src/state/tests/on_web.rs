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
