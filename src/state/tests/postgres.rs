//! The store in PostgreSQL, on a real server: the contract, and what only a server can do to it.

#[path = "../../../tests/support/postgres.rs"]
mod server;

use super::elsewhere::{move_all, on_disk, workspaces, write};
use super::*;
use crate::state::postgres::{Address, PostgresBackend};
use server::Server;
use std::rc::Rc;

const SOON: Duration = Duration::from_secs(20);

fn backend(conn_str: &str, schema: &str) -> PostgresBackend {
    PostgresBackend::new(Address::new(conn_str, schema).unwrap(), None).unwrap()
}

/// In a schema of its own.
fn fresh(server: &Server) -> PostgresBackend {
    backend(&server.conn_str(), &server.schema())
}

#[tokio::test]
async fn the_store_in_postgresql_keeps_the_contract() {
    let Some(server) = Server::start().map(Rc::new) else { return };
    every_promise(|| {
        let (schema, server) = (server.schema(), server.clone());
        let backend = backend(&server.conn_str(), &schema);
        let damage = move |key: &str| {
            for table in ["rows", "undo"] {
                let damaged = "replace(line, '\"is\":', '\"iz\":')";
                server.sql(&format!("UPDATE {schema}.{table} SET line = {damaged} WHERE key = '{key}'"));
            }
        };
        ((), stores_of(backend, damage))
    })
    .await;
    workspaces(&fresh(&server)).await;
    states_come_and_go(&server).await;
}

async fn states_come_and_go(server: &Server) {
    let (_dir, disk) = on_disk();
    let there = fresh(server);
    let memory = MemoryBackend::default();
    write(&disk, "default", &[recorded("a"), recorded("b")]).await;
    write(&disk, "blue", &[recorded("c")]).await;
    for (from, to) in [(&disk as &dyn Backend, &there as &dyn Backend), (&there, &memory)] {
        assert_eq!(move_all(from, to).await.unwrap().len(), 2);
        assert_eq!(move_all(from, to).await.unwrap().len(), 2, "once more changes nothing");
        assert_eq!(names(&to.open("blue").snapshot().await.unwrap()), ["instance.c"]);
    }
    write(&there, "default", &[Event::Removed(addr("a"))]).await;
    let parted = move_all(&disk, &there).await.unwrap_err();
    assert!(matches!(parted, MigrateError::Taken { serial: 2, .. }), "{parted}");
}

#[tokio::test]
async fn who_was_frozen_writes_nothing_more() {
    let Some(server) = Server::start() else { return };
    let schema = server.schema();
    let open = || backend(&server.conn_str(), &schema);
    let mut first = open().open("default").lock(&holder("apply"), NOW).await.unwrap();
    first.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    let hold = first.hold().unwrap();
    hold.confirm().await.unwrap();
    server.sql(&format!("UPDATE {schema}.states SET expires = clock_timestamp() - interval '1 second'"));
    let mut second = open().open("default").lock(&holder("apply"), NOW).await.unwrap();
    assert_eq!(second.state().version.serial, 1);
    let late = first.commit(&[recorded("late")], &stamp("apply")).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    assert!(matches!(hold.confirm().await, Err(StoreError::Fenced)), "nor does it send anything");
    drop(first);
    second.commit(&[recorded("b")], &stamp("apply")).await.unwrap();
    assert!(open().open("default").holder().await.unwrap().is_some(), "the second holds it still");
}

#[tokio::test]
async fn a_connection_that_drops_is_made_again() {
    let Some(mut server) = Server::start() else { return };
    let backend = fresh(&server);
    let store = backend.open("default");
    let mut writer = store.lock(&holder("apply"), NOW).await.unwrap();
    for name in ["a", "b", "c"] {
        writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap();
        server.cut();
    }
    server.down();
    server.up();
    assert_eq!(writer.commit(&[recorded("d")], &stamp("apply")).await.unwrap(), 4);
    assert_eq!(names(&store.snapshot().await.unwrap()).len(), 4, "readers too");
    // Whose connection was cut and who came back is not taken for dead.
    server.cut();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let other = backend.open("default").lock(&holder("apply"), NOW).await;
    assert!(matches!(other, Err(StoreError::Locked { .. })));
    writer.commit(&[recorded("e")], &stamp("apply")).await.unwrap();
}

#[tokio::test]
async fn a_holder_whose_session_ended_is_taken_for_dead_before_its_lease_ends() {
    let Some(server) = Server::start() else { return };
    let schema = server.schema();
    let open = || backend(&server.conn_str(), &schema);
    drop(open().open("default").lock(&holder("apply"), NOW).await.unwrap());
    crate::state::released(SOON).await;
    // As a process leaves it that was killed: the row says that it holds the lock, and no session does.
    let text = serde_json::to_string(&holder("killed")).unwrap();
    let expires = "clock_timestamp() + interval '1 hour'";
    server.sql(&format!("UPDATE {schema}.states SET holder = '{text}', expires = {expires}"));
    let taken = open().open("default").lock(&holder("apply"), NOW).await;
    assert!(taken.is_ok());
}

#[tokio::test]
async fn waiters_are_woken() {
    let Some(server) = Server::start() else { return };
    let schema = server.schema();
    let open = || backend(&server.conn_str(), &schema);
    let first = open().open("default").lock(&holder("apply"), NOW).await.unwrap();
    let (waiting, apply) = (open().open("default"), holder("plan"));
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(first);
    };
    let (second, ()) = tokio::join!(waiting.lock(&apply, SOON), release);
    assert!(second.is_ok());
}

#[tokio::test]
async fn rows_that_are_taken_out_are_missed() {
    let Some(server) = Server::start() else { return };
    let schema = server.schema();
    let store = backend(&server.conn_str(), &schema).open("default");
    let mut writer = store.lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded("a"), recorded("b")], &stamp("apply")).await.unwrap();
    writer.commit(&[Event::Removed(addr("b")), recorded("c"), recorded("a")], &stamp("apply")).await.unwrap();
    drop(writer);
    assert!(store.snapshot().await.unwrap().damaged.is_empty());
    server.sql(&format!("DELETE FROM {schema}.rows WHERE key = 'record instance.a'"));
    assert_eq!(store.snapshot().await.unwrap().damaged.len(), 1);
    let refused = store.lock(&holder("apply"), NOW).await.map(drop).unwrap_err();
    assert!(refused.to_string().contains("there are 1 rows in the table, and 2 were written"), "{refused}");
    let accepted = store.repair(&holder("state restore"), NOW).await.unwrap();
    assert!(matches!(accepted, Rebuilt::Accepted { serial: 2, .. }), "{accepted:?}");
    assert_eq!(names(store.lock(&holder("apply"), NOW).await.unwrap().state()), ["instance.c"]);
}

#[tokio::test]
async fn the_history_is_bounded() {
    let Some(server) = Server::start() else { return };
    let store = fresh(&server).with_history(3).open("default");
    let mut writer = store.lock(&holder("apply"), NOW).await.unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        writer.commit(&[recorded(name)], &stamp("apply")).await.unwrap();
    }
    let kept: Vec<u64> = store.history().await.unwrap().iter().map(|entry| entry.serial).collect();
    assert_eq!(kept, [3, 4, 5]);
    assert!(store.image(Some(2)).await.unwrap().is_none());
    assert_eq!(store.image(Some(3)).await.unwrap().unwrap().len(), 3);
}

#[tokio::test]
async fn connections_are_encrypted_and_the_server_is_verified() {
    let Some(mut server) = Server::start() else { return };
    let tls = |name: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls").join(name);
    server.with_tls(&tls("server.pem"), &tls("server-key.pem"));
    let open = |url: String, ca: Option<PathBuf>| {
        PostgresBackend::new(Address::new(&url, "isotope").unwrap(), ca.as_deref()).unwrap().open("default")
    };
    let url = server.url("localhost", "?sslmode=require");
    let store = open(url.clone(), Some(tls("authority.pem")));
    let mut writer = store.lock(&holder("apply"), NOW).await.unwrap();
    writer.commit(&[recorded("a")], &stamp("apply")).await.unwrap();
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'isotope'";
    assert_eq!(server.sql(encrypted), "t");
    let strange = open(url, None).snapshot().await.unwrap_err().to_string();
    assert!(strange.contains("certificate") && !strange.contains("s3cret-pg"), "{strange}");
    let named = server.url("127.0.0.1", "?sslmode=verify-full");
    let wrong = open(named, Some(tls("authority.pem"))).snapshot().await.unwrap_err().to_string();
    assert!(wrong.contains("certificate"), "another name than the certificate's: {wrong}");
    let open = open(server.url("127.0.0.1", "?sslmode=disable"), None);
    assert_eq!(names(&open.snapshot().await.unwrap()), ["instance.a"]);
}

#[test]
fn settings_that_cannot_be_used_say_so() {
    let missing = PostgresBackend::new(Address::new("user=a", "s").unwrap(), Some("/nowhere.pem".as_ref()));
    let error = missing.err().unwrap().to_string();
    assert!(error.contains("/nowhere.pem"), "{error}");
}
