//! The REST provider against the emulator: the built-in kinds' requests, through every fault that a create, update or delete can meet.

#![allow(clippy::unwrap_used)] // a test may

use isotope::diag::{Diagnostics, FileId, Span};
use isotope::emulator::{self, Faults, Options, Running};
use isotope::http::ClientOptions;
use isotope::kind::{Kind, Kinds, secrets};
use isotope::provider::{self, CallError, Object, ObjectRef, Provider, Search, Source, Update};
use isotope::value::{Path, Str, Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const MARKER: &str = "isotope:7f3c9a1e:5d20c4b19f0e6a37";
const NOTHING: Value = Value::Null(Type::Dynamic);

struct World {
    emulator: Running,
    provider: Arc<dyn Provider>,
}

impl World {
    async fn new(faults: &str) -> Self {
        let faults: Faults = faults.parse().unwrap();
        let emulator =
            emulator::start(Options { faults, record: 100, ..Options::new([7; 32]) }).await.unwrap();
        let given = object([
            ("base_url", Value::string(emulator.base_url())),
            ("user_secret", "user-secret".into()),
            ("organization_secret", "org-secret".into()),
        ]);
        let span = Span::new(FileId(0), 0..0);
        let source = Source { place: &|_| span, block: None, env: &|_| None };
        let settings = provider::settings("cloudelements", &given, &source, &mut Diagnostics::new()).unwrap();
        let wait = Duration::from_millis(1);
        let options =
            ClientOptions { back_off: wait, max_back_off: wait, seed: Some(1), ..ClientOptions::default() };
        let provider = provider::connect(&settings, options).ok().unwrap();
        Self { emulator, provider }
    }

    async fn create(&self, wanted: &Value) -> Result<Object, CallError> {
        self.provider.create(kind(), wanted, Some(MARKER)).await
    }

    async fn marked(&self) -> Vec<Object> {
        let search = Search::Marker { marker: MARKER, values: &NOTHING };
        self.provider.list(kind(), search).await.unwrap()
    }

    async fn read(&self, id: &str) -> Option<Object> {
        self.provider.read(kind(), ObjectRef { id, values: &NOTHING }).await.unwrap()
    }

    async fn delete(&self, id: &str) -> Result<(), CallError> {
        self.provider.delete(kind(), ObjectRef { id, values: &NOTHING }).await
    }

    /// The methods and paths of all requests.
    fn asked(&self) -> Vec<String> {
        self.emulator.log().iter().map(|call| format!("{} {}", call.method, call.path)).collect()
    }
}

fn kind() -> &'static Kind {
    Kinds::builtin().get("instance").unwrap()
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::object(fields.map(|(name, value)| (Str::from(name), value)).into())
}

/// All arguments of an instance; `fields` go over the usual ones.
fn desk<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let configuration = object([
        ("username", "ops@example.com".into()),
        ("password", "s3cret-s3cret".into()),
        ("subdomain", "example".into()),
        ("event.notification.enabled", Value::bool(true)),
    ]);
    let arguments = kind().attributes.values().filter(|attribute| attribute.is_argument());
    let mut all: BTreeMap<Str, Value> =
        arguments.map(|attribute| (Str::from(&*attribute.name), Value::null(attribute.ty()))).collect();
    all.insert("element".into(), "freshdesk".into());
    all.insert("name".into(), "Support desk".into());
    all.insert("configuration".into(), configuration);
    all.extend(fields.map(|(name, value)| (Str::from(name), value)));
    secrets(kind(), Value::object(all.into()))
}

fn tags(names: &[&str]) -> Value {
    Value::set(Type::String, names.iter().map(|name| (*name).into()).collect())
}

fn get(object: &Object, path: &str) -> Value {
    let mut value = object.values.clone();
    for name in path.split('/') {
        value = value.unmark().0.get_attr(name).unwrap_or_else(|| panic!("no {path}")).clone();
    }
    value
}

#[tokio::test]
async fn an_instance_lives() {
    let world = World::new("").await;
    let wanted = desk([("tags", tags(&["helpdesk"]))]);
    let made = world.create(&wanted).await.unwrap();
    assert_eq!(made.marker.as_deref(), Some(MARKER));
    assert_eq!(get(&made, "element"), "freshdesk".into());
    assert_eq!(get(&made, "tags"), tags(&["helpdesk"]));
    assert_eq!(get(&made, "enabled"), Value::bool(true));
    assert_eq!(get(&made, "configuration/username"), "ops@example.com".into());
    assert_eq!(get(&made, "configuration/event.notification.enabled"), "true".into());
    assert_eq!(get(&made, "configuration/password"), Value::unknown_not_null(Type::String).sensitive());
    assert!(get(&made, "token").is_sensitive() && !get(&made, "token").is_null());
    assert_eq!(world.read(&made.id).await, Some(made.clone()));
    assert_eq!(world.marked().await, std::slice::from_ref(&made));
    assert_eq!(world.delete(&made.id).await, Ok(()));
    assert_eq!(world.delete(&made.id).await, Ok(()));
    assert_eq!(world.read(&made.id).await, None);
    assert_eq!(world.marked().await, []);
    assert_eq!(world.provider.requests(), world.asked().len() as u64);
}

#[tokio::test]
async fn only_what_changes_is_sent() {
    let world = World::new("").await;
    let prior = desk([("tags", tags(&["a"]))]);
    let made = world.create(&prior).await.unwrap();
    let configuration = object([
        ("username", "ops@example.com".into()),
        ("password", "n3w-n3w-n3w".into()),
        ("subdomain", "example".into()),
    ]);
    let wanted = desk([
        ("name", "Support".into()),
        ("configuration", configuration),
        ("tags", tags(&["b"])),
        ("enabled", Value::bool(false)),
    ]);
    let entry = |key: &str| Path::root().child_attr("configuration").child_index(key.into());
    let paths = [
        Path::root().child_attr("name"),
        entry("password"),
        entry("event.notification.enabled"),
        Path::root().child_attr("tags"),
        Path::root().child_attr("enabled"),
    ];
    let update = Update { prior: &prior, desired: &wanted, paths: &paths, marker: Some(MARKER) };
    let object = ObjectRef { id: &made.id, values: &made.values };
    let changed = world.provider.update(kind(), object, update).await.unwrap();
    assert_eq!(get(&changed, "name"), "Support".into());
    assert_eq!(get(&changed, "tags"), tags(&["b"]));
    assert_eq!(get(&changed, "enabled"), Value::bool(false));
    assert_eq!(get(&changed, "token"), get(&made, "token"));
    assert_eq!(changed.marker.as_deref(), Some(MARKER));
    let log = world.emulator.log();
    let patch = log.iter().find(|call| call.method == "PATCH").unwrap();
    let sent = serde_json::json!({
        "name": "Support",
        "tags": ["b", MARKER],
        "configuration": { "password": "n3w-n3w-n3w", "event.notification.enabled": null },
    });
    assert_eq!(patch.body.as_ref(), Some(&sent));
    let id = &made.id;
    assert_eq!(
        world.asked()[1..],
        [
            format!("PATCH /instances/{id}"),
            format!("DELETE /instances/{id}/enabled"),
            format!("GET /instances/{id}")
        ]
    );
}

#[tokio::test]
async fn tags_that_nobody_asked_for_are_the_services() {
    let world = World::new("").await;
    let made = world.provider.create(kind(), &desk([]), None).await.unwrap();
    assert_eq!((get(&made, "tags"), made.marker), (tags(&["Support desk"]), None));
}

#[tokio::test]
async fn a_list_is_whole_over_pages() {
    let world = World::new("").await;
    let instances: Vec<_> = (1..=450)
        .map(|id| serde_json::json!({ "id": id, "name": format!("n{id}"), "element": "freshdesk" }))
        .collect();
    world.emulator.load(&serde_json::json!({ "instances": instances })).await.unwrap();
    let found = world.provider.list(kind(), Search::All { values: &NOTHING }).await.unwrap();
    let mut ids: Vec<u32> = found.iter().map(|object| object.id.parse().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=450).collect::<Vec<_>>());
    assert_eq!(world.provider.requests(), 3);
}

#[tokio::test]
async fn a_refusal_names_its_reason_and_no_secret() {
    let world = World::new("").await;
    let configuration = object([("username", "ops@example.com".into())]);
    let refused = world.create(&desk([("configuration", configuration)])).await.unwrap_err();
    let CallError::Rejected(problem) = refused else { panic!("{refused:?}") };
    assert_eq!(problem.status, 400);
    assert!(problem.message.contains("password") && problem.message.contains("subdomain"), "{problem:?}");
    assert!(problem.request_id.is_some());
}

/// How a create that meets a fault ends, and how many objects carry its marker then.
async fn create_under(fault: &str) -> (Result<(), CallError>, usize) {
    let world = World::new(fault).await;
    let outcome = world.create(&desk([])).await.map(|_| ());
    world.emulator.set_faults(Faults::default());
    (outcome, world.marked().await.len())
}

#[tokio::test]
async fn a_create_is_never_repeated_unless_it_was_not_taken_up() {
    for fault in ["429:POST /instances#1", "429(0):POST /instances#1-2"] {
        assert_eq!(create_under(fault).await, (Ok(()), 1), "{fault}");
    }
    for (fault, left) in [
        ("500-before:POST /instances", 0),
        ("500-after:POST /instances", 1),
        ("drop-before:POST /instances", 0),
        ("drop-after:POST /instances", 1),
        ("truncated:POST /instances", 1),
        ("non-json:POST /instances", 1),
    ] {
        let (outcome, found) = create_under(fault).await;
        assert!(matches!(outcome, Err(CallError::Indeterminate(_))), "{fault}: {outcome:?}");
        assert_eq!(found, left, "{fault}");
    }
}

#[tokio::test]
async fn what_may_be_repeated_is() {
    for fault in
        ["500-before", "500-after", "drop-before", "drop-after", "truncated", "non-json", "503", "429"]
    {
        let world = World::new("").await;
        let made = world.create(&desk([])).await.unwrap();
        let strike = |method: &str| format!("{fault}:{method} /instances/* #1").parse().unwrap();
        world.emulator.set_faults(strike("GET"));
        assert_eq!(world.read(&made.id).await.as_ref(), Some(&made), "{fault}");
        world.emulator.set_faults(strike("DELETE"));
        assert_eq!(world.delete(&made.id).await, Ok(()), "{fault}");
        assert_eq!(world.read(&made.id).await, None, "{fault}");
    }
}

#[tokio::test]
async fn a_page_that_fails_for_good_fails_the_list() {
    let world = World::new("500-before:GET /instances").await;
    let found = world.provider.list(kind(), Search::All { values: &NOTHING }).await;
    assert!(matches!(found, Err(CallError::Rejected(problem)) if problem.status == 500));
}
