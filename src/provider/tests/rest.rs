//! Whole calls against a scripted server: what is asked, and what the engine is told.

use super::super::{CallError, ObjectRef, Problem, Provider, ProviderSettings, Search, Source, Update};
use super::super::{connect, settings as settings_of};
use super::server::{Canned, Server, ok, refuse};
use super::{desired, instance, kind_of, paths, value};
use crate::diag::Diagnostics;
use crate::http::ClientOptions;
use crate::kind::Kind;
use crate::value::{Type, Value};
use std::sync::Arc;
use std::time::Duration;

const MARKER: &str = "isotope:7f3c9a1e:5d20c4b19f0e6a37";
const ONE: &str =
    r#"{"id":1,"name":"x","element":{"key":"e"},"tags":["a"],"configuration":{},"disabled":false}"#;

fn settings(url: &str, more: &str) -> ProviderSettings {
    let given = value(&format!(
        r#"{{ base_url = "{url}", user_secret = "hunter-two", organization_secret = "org-secret", {more} }}"#
    ));
    let span = crate::diag::Span::new(crate::diag::FileId(0), 0..0);
    let source = Source { place: &|_| span, block: None, env: &|_| None };
    settings_of("cloudelements", &given, &source, &mut Diagnostics::new()).expect("they are right")
}

fn provider(server: &Server, more: &str) -> Arc<dyn Provider> {
    let back_off = Duration::from_millis(1);
    let options =
        ClientOptions { repeats: 1, back_off, max_back_off: back_off, seed: Some(1), ..Default::default() };
    connect(&settings(&server.url, more), options).expect("it connects")
}

/// Runs `call` against a server that gives these answers, and holds the requests against `asked`.
async fn check<T>(answers: Vec<Canned>, asked: &[&str], call: impl AsyncFnOnce(Arc<dyn Provider>) -> T) -> T {
    let server = Server::new(answers).await;
    let provider = provider(&server, "");
    let outcome = call(provider.clone()).await;
    let asked: Vec<_> = asked.iter().map(|line| line.replacen(" /", " /elements/api-v2/", 1)).collect();
    assert_eq!(server.asked(), asked);
    assert_eq!(provider.requests(), asked.len() as u64);
    assert_eq!(server.authorization().as_deref(), Some("User hunter-two, Organization org-secret"));
    outcome
}

fn object<'a>(values: &'a Value) -> ObjectRef<'a> {
    ObjectRef { id: "1", values }
}

fn problem(status: u16, message: &str) -> Problem {
    Problem { status, message: message.to_owned(), detail: None, request_id: None }
}

const NONE: Value = Value::Null(Type::Dynamic);

#[tokio::test]
async fn a_create_that_may_have_happened_is_not_taken_for_a_refusal() {
    let post = format!(r#"POST /instances {{"element":{{"key":"e"}},"tags":["{MARKER}"]}}"#);
    for status in [303, 408, 500, 504] {
        let end = create(vec![refuse(status, "")], &[&post], r#"{ element = "e" }"#).await;
        assert!(matches!(end, Err(CallError::Indeterminate(_))), "{status}: {end:?}");
    }
}

async fn read(answers: Vec<Canned>, times: usize) -> Result<Option<String>, CallError> {
    check(answers, &vec!["GET /instances/1"; times], async |provider| {
        let found = provider.read(instance(), object(&NONE)).await?;
        Ok(found.map(|object| object.id.to_string()))
    })
    .await
}

#[tokio::test]
async fn a_read_finds_misses_or_fails() {
    assert_eq!(read(vec![ok(ONE)], 1).await, Ok(Some("1".to_owned())));
    assert_eq!(read(vec![refuse(404, "")], 1).await, Ok(None));
    assert_eq!(
        read(vec![refuse(403, r#"{"message":"no"}"#)], 1).await,
        Err(CallError::Rejected(problem(403, "no")))
    );
    assert_eq!(read(vec![ok("<html>"), ok(ONE)], 2).await, Ok(Some("1".to_owned())));
    assert_eq!(read(vec![refuse(503, ""), ok(ONE)], 2).await, Ok(Some("1".to_owned())));
    let nonsense = read(vec![ok("{}"), ok("{}"), ok("{}")], 3).await;
    assert_eq!(nonsense, Err(CallError::Indeterminate("the answer has no `id`".to_owned())));
}

#[tokio::test]
async fn ids_stay_in_their_place() {
    let server = Server::new([ok(ONE)]).await;
    let provider = provider(&server, "");
    let id = ObjectRef { id: "../a b/é?x", values: &NONE };
    provider.read(instance(), id).await.expect("it is read");
    assert_eq!(server.asked(), ["GET /elements/api-v2/instances/..%2Fa%20b%2F%C3%A9%3Fx"]);
}

async fn create(
    answers: Vec<Canned>,
    asked: &[&str],
    wanted: &str,
) -> Result<(String, Option<String>), CallError> {
    check(answers, asked, async |provider| {
        let made = provider.create(instance(), &desired(wanted), Some(MARKER)).await?;
        Ok((made.id.to_string(), made.marker.map(|marker| marker.to_string())))
    })
    .await
}

#[tokio::test]
async fn a_create_carries_its_marker() {
    let post = format!(r#"POST /instances {{"element":{{"key":"e"}},"tags":["a","{MARKER}"]}}"#);
    let answer = ONE.replace(r#"["a"]"#, &format!(r#"["{MARKER}","a"]"#));
    let made = create(vec![ok(&answer)], &[&post], r#"{ element = "e", tags = ["a"] }"#).await;
    assert_eq!(made, Ok(("1".to_owned(), Some(MARKER.to_owned()))));
}

#[tokio::test]
async fn the_ends_of_a_create_are_told_apart() {
    let post = format!(r#"POST /instances {{"element":{{"key":"e"}},"tags":["{MARKER}"]}}"#);
    let refused = r#"{"requestId":"5b01","message":"Invalid credentials","providerMessage":"who?"}"#;
    let told = Problem {
        status: 401,
        message: "Invalid credentials".to_owned(),
        detail: Some("who?".to_owned()),
        request_id: Some("5b01".to_owned()),
    };
    let unclear = |text: &str| CallError::Indeterminate(text.to_owned());
    let cases = [
        (refuse(401, refused), CallError::Rejected(told)),
        (refuse(400, "hunter-two is wrong"), CallError::Rejected(problem(400, "(sensitive value) is wrong"))),
        (refuse(500, r#"{"message":"oops"}"#), unclear("500: oops")),
        (refuse(502, "<h1>Bad Gateway</h1>"), unclear("502: Bad Gateway")),
        (ok(""), unclear("the answer has no `id`")),
        (ok(r#"{"name":"x"}"#), unclear("the answer has no `id`")),
    ];
    for (answer, expected) in cases {
        let found = create(vec![answer], &[&post], r#"{ element = "e" }"#).await.expect_err("it failed");
        match (&found, &expected) {
            (CallError::Indeterminate(found), CallError::Indeterminate(start)) => {
                assert!(found.starts_with(start), "{found}");
            }
            _ => assert_eq!(found, expected),
        }
    }
}

#[tokio::test]
async fn a_create_is_repeated_only_when_it_was_not_taken_up() {
    let post = format!(r#"POST /instances {{"element":{{"key":"e"}},"tags":["{MARKER}"]}}"#);
    let made = create(vec![refuse(429, ""), ok(ONE)], &[&post, &post], r#"{ element = "e" }"#).await;
    assert_eq!(made.map(|(id, _)| id), Ok("1".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_created_with_is_switched_afterwards() {
    let post = format!(r#"POST /instances {{"element":{{"key":"e"}},"tags":["{MARKER}"]}}"#);
    let off = ONE.replace(r#""disabled":false"#, r#""disabled":true"#);
    let asked = [&*post, "DELETE /instances/1/enabled", "GET /instances/1"];
    let wanted = r#"{ element = "e", enabled = false }"#;
    let made = check(vec![ok(ONE), ok(""), ok(&off)], &asked, async |provider| {
        provider.create(instance(), &desired(wanted), Some(MARKER)).await
    });
    let made = made.await.expect("it is made");
    assert_eq!(made.values.get_attr("enabled"), Some(&Value::bool(false)));
    // The object exists already: the engine must look for it.
    let half = create(vec![ok(ONE), refuse(403, r#"{"message":"no"}"#)], &asked[..2], wanted).await;
    let told = "it was created, but not all of it is set: 403: no";
    assert_eq!(half, Err(CallError::Indeterminate(told.to_owned())));
}

#[tokio::test]
async fn no_marker_is_sent_when_the_provider_says_none() {
    let server = Server::new([ok(ONE)]).await;
    let provider = provider(&server, r#"marker = "none""#);
    provider.create(instance(), &desired(r#"{ element = "e" }"#), Some(MARKER)).await.expect("it is made");
    assert_eq!(server.asked(), [r#"POST /elements/api-v2/instances {"element":{"key":"e"}}"#]);
}

async fn update(
    kind: &Kind,
    answers: Vec<Canned>,
    asked: &[&str],
    changed: &[&str],
) -> Result<String, CallError> {
    let prior = desired(r#"{ element = "e", name = "x", tags = ["a"], enabled = true }"#);
    let wanted = desired(r#"{ element = "e", name = "y", tags = ["a", "b"], enabled = false }"#);
    let paths = paths(changed);
    check(answers, asked, async |provider| {
        let update = Update { prior: &prior, desired: &wanted, paths: &paths, marker: Some(MARKER) };
        Ok(provider.update(kind, object(&prior), update).await?.id.to_string())
    })
    .await
}

#[tokio::test]
async fn an_update_sends_what_changed() {
    let id = Ok("1".to_owned());
    let patch = r#"PATCH /instances/1 {"name":"y"}"#;
    assert_eq!(update(instance(), vec![ok(ONE)], &[patch], &["name"]).await, id);
    let tags = format!(r#"PATCH /instances/1 {{"tags":["a","b","{MARKER}"]}}"#);
    assert_eq!(update(instance(), vec![ok(ONE)], &[&tags], &["tags"]).await, id);
    let off = "DELETE /instances/1/enabled";
    let get = "GET /instances/1";
    assert_eq!(update(instance(), vec![ok(""), ok(ONE)], &[off, get], &["enabled"]).await, id);
    let both = [patch, off, get];
    assert_eq!(update(instance(), vec![ok(ONE), ok(""), ok(ONE)], &both, &["name", "enabled"]).await, id);
    assert_eq!(update(instance(), vec![ok(""), ok(ONE)], &[patch, get], &["name"]).await, id);
    assert_eq!(
        update(instance(), vec![refuse(404, "")], &[patch], &["name"]).await,
        Err(CallError::Rejected(problem(404, "not found")))
    );
    let unclear =
        update(instance(), vec![refuse(500, ""), refuse(500, "")], &[patch, patch], &["name"]).await;
    assert!(matches!(unclear, Err(CallError::Indeterminate(_))));
}

#[tokio::test]
async fn an_update_by_put_sends_the_whole() {
    let kind = kind_of(
        r#"kind "thing" {
             provider   = "cloudelements"
             collection = "/things"
             attribute "name" { type = string }
             attribute "tags" { type = set(string) }
             update { request = "PUT /things/${id}" }
           }"#,
    );
    let put = r#"PUT /things/1 {"name":"y","tags":["a","b"]}"#;
    assert_eq!(update(&kind, vec![ok(r#"{"id":1}"#)], &[put], &["name"]).await, Ok("1".to_owned()));
}

#[tokio::test]
async fn a_delete_that_finds_nothing_is_done() {
    for (answer, expected) in [
        (ok(""), Ok(())),
        (refuse(404, ""), Ok(())),
        (ok("<nonsense>"), Ok(())),
        (refuse(409, r#"{"message":"in use"}"#), Err(CallError::Rejected(problem(409, "in use")))),
    ] {
        let found = check(vec![answer], &["DELETE /instances/1"], async |provider| {
            provider.delete(instance(), object(&NONE)).await
        });
        assert_eq!(found.await, expected);
    }
}

fn page(ids: &[u32], next: Option<&'static str>) -> Canned {
    let objects: Vec<_> = ids.iter().map(|id| format!(r#"{{"id":{id},"configuration":null}}"#)).collect();
    let header = next.map(|token| ("Elements-Next-Page-Token", token));
    (200, header.into_iter().collect(), format!("[{}]", objects.join(",")))
}

async fn list(answers: Vec<Canned>, asked: &[&str]) -> Result<Vec<String>, CallError> {
    check(answers, asked, async |provider| {
        let found = provider.list(instance(), Search::All { values: &NONE }).await?;
        Ok(found.into_iter().map(|object| object.id.to_string()).collect())
    })
    .await
}

#[tokio::test]
async fn a_list_goes_through_all_pages() {
    let first = "GET /instances?pageSize=200";
    let second = "GET /instances?pageSize=200&nextPage=t%2B1";
    let third = "GET /instances?pageSize=200&nextPage=t2";
    let ids = |ids: &[&str]| Ok(ids.iter().map(|id| (*id).to_owned()).collect());
    let pages = vec![page(&[3, 1], Some("t+1")), page(&[1, 2], Some("t2")), page(&[], Some(""))];
    assert_eq!(list(pages, &[first, second, third]).await, ids(&["3", "1", "2"]));
    assert_eq!(list(vec![refuse(404, r#"{"message":"No instances found"}"#)], &[first]).await, ids(&[]));
    assert_eq!(list(vec![ok("")], &[first]).await, ids(&[]));
    let failing = vec![page(&[1], Some("t2")), refuse(404, "")];
    assert_eq!(list(failing, &[first, third]).await, Err(CallError::Rejected(problem(404, "not found"))));
    let circle = vec![page(&[1], Some("t2")), page(&[2], Some("t2"))];
    assert!(matches!(list(circle, &[first, third]).await, Err(CallError::Indeterminate(_))));
    // A page that is missing is no end of the list.
    let hole = vec![page(&[1], Some("t2")), ok(""), ok(""), ok("")];
    assert!(matches!(list(hole, &[first, third, third, third]).await, Err(CallError::Indeterminate(_))));
    let no_array = vec![ok("{}"), ok("{}"), ok("{}")];
    assert!(matches!(list(no_array, &[first, first, first]).await, Err(CallError::Indeterminate(_))));
}

#[tokio::test]
async fn the_next_page_is_asked_for_before_one_is_read() {
    let first = "GET /instances?pageSize=200";
    let second = "GET /instances?pageSize=200&nextPage=t2";
    let (_, headers, _) = page(&[], Some("t2"));
    let nonsense = (200, headers, "<half a pa".to_owned());
    // What makes no sense is asked for again; what came meanwhile is kept.
    let answers = vec![nonsense, page(&[2], None), page(&[1], Some("t2"))];
    assert_eq!(list(answers, &[first, second, first]).await, Ok(vec!["1".to_owned(), "2".to_owned()]));
}

#[tokio::test]
async fn a_page_is_asked_for_ahead_one_request_at_a_time() {
    let (_, headers, _) = page(&[], Some("t2"));
    let nonsense = (200, headers, "<half a pa".to_owned());
    let server = Server::new([nonsense, page(&[2], None), page(&[1], Some("t2"))]).await;
    let options = || ClientOptions { parallelism: Some(1), ..ClientOptions::default() };
    let provider = connect(&settings(&server.url, ""), options()).expect("it connects");
    let found = provider.list(instance(), Search::All { values: &NONE }).await;
    assert_eq!(found.map(|objects| objects.len()), Ok(2));
    // Short forms are read one by one, while pages wait for their turn.
    let short = |id: u32, next: Option<&'static str>| {
        let (status, headers, _) = page(&[], next);
        (status, headers, format!(r#"[{{"id":{id}}}]"#))
    };
    let server =
        Server::new([short(1, Some("t2")), short(2, Some("t3")), ok(ONE), short(3, None), ok(ONE), ok(ONE)]);
    let server = server.await;
    let provider = connect(&settings(&server.url, ""), options()).expect("it connects");
    let listing = provider.list(instance(), Search::All { values: &NONE });
    let ended = tokio::time::timeout(Duration::from_secs(60), listing).await;
    assert!(ended.is_ok() && server.asked().len() > 3, "nobody waits for ever");
}

#[tokio::test]
async fn a_page_that_may_be_the_last_is_read_first() {
    let asked = ["GET /instances?pageSize=200"];
    let found = check(vec![page(&[1, 2], Some("t2"))], &asked, async |provider| {
        let ids = [Arc::from("2")].into();
        let among = Search::Among { ids: &ids, values: &NONE };
        provider.list(instance(), among).await
    });
    assert_eq!(found.await.map(|objects| objects.len()), Ok(1));
}

#[tokio::test]
async fn a_list_that_is_expected_is_asked_for_once() {
    let asked = ["GET /instances?pageSize=200", "GET /instances?pageSize=200&nextPage=t2"];
    let found = check(vec![page(&[1], Some("t2")), page(&[2], None)], &asked, async |provider| {
        provider.expect(instance());
        provider.list(instance(), Search::All { values: &NONE }).await
    });
    assert_eq!(found.await.map(|objects| objects.len()), Ok(2));
}

#[tokio::test]
async fn what_is_expected_no_more_is_asked_for_again() {
    let server = Server::new([page(&[1], None), page(&[1, 2], None)]).await;
    let provider = provider(&server, "");
    provider.expect(instance());
    while server.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    provider.expect_nothing();
    let found = provider.list(instance(), Search::All { values: &NONE }).await;
    assert_eq!(found.map(|objects| objects.len()), Ok(2));
}

#[tokio::test]
async fn short_forms_in_a_list_are_read_whole() {
    let asked = ["GET /instances?pageSize=200", "GET /instances/1", "GET /instances/2"];
    let found = list(vec![ok(r#"[{"id":1},{"id":2}]"#), ok(ONE), refuse(404, "")], &asked).await;
    assert_eq!(found, Ok(vec!["1".to_owned()]));
}

#[tokio::test]
async fn a_marker_is_searched_for() {
    let asked = ["GET /instances?tags[]=isotope%3A7f3c9a1e%3A5d20c4b19f0e6a37&pageSize=200"];
    let answer = format!(
        r#"[{{"id":7,"tags":["{MARKER}"],"configuration":{{}}}},{{"id":8,"tags":["isotope:x:y"]}},{{"id":9}}]"#
    );
    let found = check(vec![ok(&answer)], &asked, async |provider| {
        provider.list(instance(), Search::Marker { marker: MARKER, values: &NONE }).await
    });
    let ids: Vec<_> = found.await.expect("it lists").iter().map(|object| object.id.to_string()).collect();
    assert_eq!(ids, ["7"]);
}

#[tokio::test]
async fn other_apis_are_driven_by_their_kinds() {
    let kind = kind_of(
        r#"kind "member" {
             provider   = "rest"
             collection = "/teams/${team}/members"
             id         = "data.uid"
             attribute "team" {
               type     = string
               required = true
               replace  = true
             }
             attribute "role" {
               type = string
               at   = "data.role"
             }
             create {
               query   = { notify = "no" }
               headers = { "X-Team" = team }
             }
             list { at = "data.members" }
             errors { message = "error.text" }
           }"#,
    );
    let server = Server::new([
        ok(r#"{"data":{"uid":"u/1","role":"admin"}}"#),
        ok(""),
        refuse(400, r#"{"error":{"text":"bad"}}"#),
    ])
    .await;
    let given = value(&format!(r#"{{ base_url = "{}/", bearer_token = "tok-tok-tok" }}"#, server.url));
    let span = crate::diag::Span::new(crate::diag::FileId(0), 0..0);
    let source = Source { place: &|_| span, block: None, env: &|_| None };
    let settings = settings_of("rest", &given, &source, &mut Diagnostics::new()).expect("they are right");
    let provider = connect(&settings, ClientOptions::default()).expect("it connects");
    let wanted = value(r#"{ team = "a b", role = "admin" }"#);
    let made = provider.create(&kind, &wanted, None).await.expect("it is made");
    assert_eq!(&*made.id, "u/1");
    provider.delete(&kind, ObjectRef { id: &made.id, values: &wanted }).await.expect("it goes");
    let refused = provider.list(&kind, Search::All { values: &wanted }).await;
    assert_eq!(refused.expect_err("it is refused"), CallError::Rejected(problem(400, "bad")));
    assert_eq!(
        server.asked(),
        [
            r#"POST /teams/a%20b/members?notify=no {"data":{"role":"admin"},"team":"a b"}"#,
            "DELETE /teams/a%20b/members/u%2F1",
            "GET /teams/a%20b/members",
        ]
    );
    assert_eq!(server.authorization().as_deref(), Some("Bearer tok-tok-tok"));
}
