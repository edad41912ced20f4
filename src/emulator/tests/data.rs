use super::*;

fn on_disk(directory: &tempfile::TempDir) -> Options {
    Options { data: Some(directory.path().join("api")), ..options() }
}

#[tokio::test]
async fn data_survive_a_restart_and_hold_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let api = api_with(on_disk(&directory)).await;
    let token = api.create("a").await.body["token"].clone();
    api.create("b").await;
    api.create("c").await;
    api.call("DELETE /instances/1003", None).await;
    let before = api.running.dump();
    api.running.stop().await;
    let again = api_with(on_disk(&directory)).await;
    assert_eq!(again.running.dump(), before);
    assert_eq!(again.call("GET /instances/1001", None).await.body["token"], token);
    assert_eq!(again.create("d").await.id(), 1004, "an id is never given out again");
    let found = again.call("GET /instances?tags[]=b", None).await;
    assert_eq!(found.header("elements-total-count"), Some("1"));
    again.running.stop().await;
    for secret in ["s3cret", token.as_str().unwrap()] {
        assert!(!holds(directory.path(), secret.as_bytes()), "{secret} is in the data");
    }
    assert!(holds(directory.path(), b"ops@example.com"), "the test must look at the right files");
}

/// Whether any file below the directory holds the bytes.
fn holds(directory: &std::path::Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => holds(&path, bytes),
            false => std::fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes),
        }
    })
}

#[tokio::test]
async fn data_in_use_or_broken_are_refused_with_their_place() {
    let directory = tempfile::tempdir().unwrap();
    let api = api_with(on_disk(&directory)).await;
    let error = start(on_disk(&directory)).await.err().unwrap();
    assert!(
        error.to_string().contains("cannot open the data in") && error.to_string().contains("api"),
        "{error}"
    );
    assert!(error.help().contains("another command"), "{error}");
    api.running.stop().await;
    let file = directory.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    assert!(start(Options { data: Some(file), ..options() }).await.is_err());
    let damaged = tempfile::tempdir().unwrap();
    let data = store::Store::open(on_disk(&damaged).data.as_deref()).unwrap();
    data.tree("instances").unwrap().put(1001, &"noise", 1002).unwrap();
    drop(data);
    let error = start(on_disk(&damaged)).await.err().unwrap();
    assert!(error.to_string().contains("record 1001 is damaged"), "{error}");
    assert!(error.help().contains("away"), "{error}");
    let taken = api_with(options()).await;
    let error = start(Options { listen: taken.running.address, ..options() }).await.err().unwrap();
    assert!(matches!(error, StartError::Listen { .. }), "{error}");
}

#[tokio::test]
async fn creations_side_by_side_get_ids_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let api = api_with(on_disk(&directory)).await;
    let replies = futures_util::future::join_all((0..50).map(|_| api.create("same"))).await;
    let ids: std::collections::BTreeSet<_> = replies.iter().map(Reply::id).collect();
    assert_eq!(ids, (1001..=1050).collect());
    api.running.stop().await;
    let again = api_with(on_disk(&directory)).await;
    assert_eq!(again.running.dump()["instances"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_dump_loads_again_and_people_may_write_one() {
    let api = api().await;
    api.create("a").await;
    let dump = api.running.dump();
    let other = api_with(options()).await;
    other.running.load(&dump).await.unwrap();
    assert_eq!(other.running.dump(), dump);
    let written = json!({ "instances": [
        { "id": 1001, "element": "freshdesk", "name": "again", "tags": [] },
        { "element": "our-own", "configuration": { "password": "p", "n": 7, "gone": null } },
    ] });
    other.running.load(&written).await.unwrap();
    other
        .check(&[
            ("GET /instances/1001", Value::Null, 200, json!({ "name": "again", "tags": [] })),
            (
                "GET /instances/1002",
                Value::Null,
                200,
                json!({ "name": "our-own", "configuration": { "password": "********", "n": "7" } }),
            ),
        ])
        .await;
    for (wrong, problem) in [
        (json!([]), "expected an object"),
        (json!({ "things": [] }), "no such collection"),
        (json!({ "instances": {} }), "expected a list"),
        (json!({ "instances": [{ "name": "x" }] }), "element"),
        (json!({ "instances": [{ "element": "freshdesk", "tag": [] }] }), "tag"),
    ] {
        let error = other.running.load(&wrong).await.unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

#[tokio::test]
async fn the_log_keeps_the_last_calls_without_secrets_of_the_header() {
    let api = api_with(Options { record: 2, ..options() }).await;
    api.call("GET /instances", None).await;
    api.create("a").await;
    api.call("GET /instances?tags%5B%5D=a%20b", None).await;
    let log = api.running.log();
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].method.as_str(), log[0].path.as_str()), ("POST", "/instances"));
    assert_eq!(log[0].body, Some(freshdesk("a")));
    assert_eq!((log[0].status, log[1].status), (Some(200), Some(404)));
    assert_eq!(log[0].authorization, ["User", "Organization"]);
    assert_eq!(log[1].path, "/instances?tags[]=a b");
    assert!(api_with(Options { record: 0, ..options() }).await.running.log().is_empty());
}

#[tokio::test]
async fn the_same_requests_get_the_same_bytes() {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let api = api_with(Options { now: Some(jiff::Timestamp::UNIX_EPOCH), ..options() }).await;
        let created = api.create("a").await;
        assert_eq!(created.body["createdDate"], "1970-01-01T00:00:00Z");
        let list = api.call("GET /instances", None).await;
        let request_id = list.header("elements-request-id").unwrap().to_owned();
        answers.push((created.body, list.body, request_id));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn stopping_answers_what_is_under_way_and_closes_idle_connections() {
    let api = api_with(Options { latency: Duration::from_millis(20), ..options() }).await;
    let Api { running, client } = api;
    let url = format!("{}/instances", running.base_url());
    let request = client.get(url.clone()).header("Authorization", USER);
    let under_way = tokio::spawn(request.send());
    while running.shared.log().is_empty() {
        tokio::task::yield_now().await;
    }
    let stopped = tokio::time::timeout(Duration::from_secs(60), running.stop()).await;
    assert!(stopped.is_ok(), "an idle connection must not hold up the end");
    assert_eq!(under_way.await.unwrap().unwrap().status(), 404);
    assert!(client.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn ten_thousand_instances_are_listed_and_searched() {
    let api = api().await;
    let seed = |n: u32| {
        json!({ "element": "freshdesk", "name": format!("n{n}"), "tags": [format!("t{n}")],
            "configuration": { "username": "u", "subdomain": "s", "password": { "secret": "00" } } })
    };
    let objects: Vec<_> = (0..10_000).map(seed).collect();
    api.running.load(&json!({ "instances": objects })).await.unwrap();
    let (mut seen, mut token) = (0, String::new());
    loop {
        let url = format!("{}/instances?pageSize=200&nextPage={token}", api.running.base_url());
        let response = api.client.get(url).header("Authorization", USER).send().await.unwrap();
        seen += 200;
        let next = response.headers().get("elements-next-page-token").map(|t| t.to_str().unwrap().to_owned());
        response.bytes().await.unwrap();
        match next {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(seen, 10_000);
    assert_eq!(api.call("GET /instances?tags[]=t77", None).await.body.as_array().unwrap().len(), 1);
}
