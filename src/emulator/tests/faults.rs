use super::*;
use std::time::Instant;

async fn with_faults(spec: &str) -> Api {
    api_with(Options { faults: spec.parse().unwrap(), ..options() }).await
}

fn instances(api: &Api) -> usize {
    api.running.dump()["instances"].as_array().unwrap().len()
}

#[tokio::test]
async fn each_fault_shows_what_it_should_and_leaves_what_it_should() {
    // Fault, then the status the client sees (`None`: no readable answer), and how many objects there are.
    let cases = [
        ("429", Some(429), 0),
        ("503(2)", Some(503), 0),
        ("500-before", Some(500), 0),
        ("500-after", Some(500), 1),
        ("drop-before", None, 0),
        ("drop-after", None, 1),
        ("truncated", None, 1),
        ("non-json", Some(200), 1),
        ("slow(1ms)", Some(200), 1),
        ("late", Some(200), 1),
    ];
    for (fault, expected, left) in cases {
        let api = with_faults(&format!("{fault}:POST /instances#1")).await;
        let sent = api.request_with("POST /instances", Some(freshdesk("a"))).send().await;
        let seen = match sent {
            Ok(response) => {
                let status = response.status().as_u16();
                response.bytes().await.ok().map(|_| status)
            }
            Err(_) => None,
        };
        assert_eq!((seen, instances(&api)), (expected, left), "{fault}");
        assert_eq!(api.create("b").await.status, 200, "{fault} strikes once");
    }
}

#[tokio::test]
async fn answers_of_faults_have_their_form() {
    let api = with_faults("429:GET#1,429(3):GET#2,non-json:GET#3,truncated:GET#4").await;
    let plain = api.call("GET /instances", None).await;
    assert_eq!((plain.status, plain.header("retry-after")), (429, None));
    assert!(plain.body["requestId"].is_string());
    assert_eq!(api.call("GET /instances", None).await.header("retry-after"), Some("3"));
    let page = api.call("GET /instances", None).await;
    assert!(page.body.as_str().unwrap().starts_with("<html>"));
    let cut = api.request("GET /elements/freshdesk").send().await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err(), "the body must break off");
}

#[tokio::test]
async fn a_dropped_connection_is_closed_and_the_next_one_works() {
    let api = with_faults("drop-before:#2").await;
    assert_eq!(api.call("GET /instances", None).await.status, 404);
    let error = api.request("GET /instances").send().await.unwrap_err();
    assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(api.call("GET /instances", None).await.status, 404);
    let statuses: Vec<_> = api.running.log().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(404), None, Some(404)]);
}

#[tokio::test]
async fn a_late_object_is_read_by_id_before_it_is_listed() {
    let api = with_faults("late(2):POST#1,late(1ms):POST#2").await;
    let id = api.create("a").await.id();
    let read = format!("GET /instances/{id}");
    for (line, status) in [
        ("GET /instances", 404),
        (read.as_str(), 200),
        ("GET /instances?tags[]=a", 404),
        ("GET /instances", 200),
    ] {
        assert_eq!(api.call(line, None).await.status, status, "{line}");
    }
    api.create("b").await;
    let started = Instant::now();
    while api.call("GET /instances?tags[]=b", None).await.status == 404 {
        assert!(started.elapsed() < Duration::from_secs(60), "the veil is never lifted");
    }
}

#[tokio::test]
async fn latency_and_new_faults_apply_at_once() {
    let api = api_with(Options { latency: Duration::from_millis(5), ..options() }).await;
    let started = Instant::now();
    assert_eq!(api.call("GET /instances", None).await.status, 404);
    assert!(started.elapsed() >= Duration::from_millis(5));
    api.running.set_faults("418:#1".parse().unwrap());
    assert_eq!(api.call("GET /instances", None).await.status, 418);
    assert_eq!(api.call("GET /instances", None).await.status, 404);
}
