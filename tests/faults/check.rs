//! What must be true afterwards, whatever went wrong: remote = state = configuration, once per address; nothing made twice,
//! nothing of anybody else's touched; and a further run finds nothing to do.

use crate::mishap::{Schedule, Trial};
use crate::scenario::Scenario;
use crate::world::{Ran, World};
use isotope::state::State;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How the world is after a run in which nothing went wrong, and what that took.
pub struct Expected {
    objects: Vec<Json>,
    /// Address → what the object is called, and its element.
    records: BTreeMap<String, (String, String)>,
    created: usize,
    deleted: BTreeSet<String>,
    pub requests: usize,
    pub commits: usize,
}

/// An object without what differs from run to run: its id, its times, the marker, and ids of others in its tags.
fn anonymous(world: &World, object: &Json) -> Json {
    let mut object = object.clone();
    let (id, digest) = (object["id"].as_u64(), object["configuration"]["password"]["secret"].as_str());
    let is =
        |secret: &&String| id.is_some_and(|id| Some(&*world.api.digest(id, "password", secret)) == digest);
    if let Some(secret) = secrets().iter().find(is) {
        object["configuration"]["password"] = secret.as_str().into();
    }
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "id" | "createdDate" | "updatedDate"));
        if let Some(tags) = fields.get_mut("tags").and_then(Json::as_array_mut) {
            for tag in tags.iter_mut() {
                let text = tag.as_str().unwrap_or_default();
                if text.starts_with("isotope:") {
                    *tag = "marker".into();
                } else if text.parse::<u64>().is_ok() {
                    *tag = "id".into();
                }
            }
            tags.sort_by_key(ToString::to_string);
        }
    }
    object
}

/// All passwords that any world has: the API keeps only what depends on the id too.
fn secrets() -> Vec<String> {
    ["one", "two", "0", "1"].map(|end| format!("s3cret-{end}")).into()
}

fn objects(world: &World) -> Vec<Json> {
    let mut objects: Vec<Json> = world.objects().iter().map(|object| anonymous(world, object)).collect();
    objects.sort_by_key(ToString::to_string);
    objects
}

fn records(world: &World, state: &State) -> Result<BTreeMap<String, (String, String)>, String> {
    let objects = world.objects();
    let mut found = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (addr, record) in &state.records {
        let object = objects.iter().find(|object| object["id"].as_u64() == record.id.parse().ok());
        let object =
            object.ok_or_else(|| format!("{addr} is recorded with id {}, which is gone", record.id))?;
        if !ids.insert(record.id.clone()) {
            return Err(format!("two addresses share the id {}", record.id));
        }
        let field = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        found.insert(addr.to_string(), (field("name"), field("element")));
    }
    Ok(found)
}

/// Ids that were deleted, and how many objects were made.
fn effects(world: &World) -> (usize, BTreeSet<String>) {
    let log = world.api.log();
    let done = |method: &str| {
        let method = method.to_owned();
        log.iter().filter(move |call| call.method == method && call.status == Some(200))
    };
    let created = done("POST").filter(|call| call.path == "/instances").count();
    let of_object =
        |path: &str| path.strip_prefix("/instances/").filter(|id| !id.contains('/')).map(str::to_owned);
    (created, done("DELETE").filter_map(|call| of_object(&call.path)).collect())
}

impl Expected {
    pub async fn of(scenario: &Scenario) -> Self {
        let world = scenario.before.fork();
        let trial = Trial::new(Schedule::default());
        let ran = world.run(&scenario.project, &trial).await;
        let complete =
            matches!(&ran, Ran::Applied(outcome, diags) if outcome.is_complete() && diags.is_empty());
        assert!(complete, "{}: {}", scenario.name, ran.told());
        let (created, deleted) = effects(&world);
        let state = world.state().await;
        let records =
            records(&world, &state).unwrap_or_else(|problem| panic!("{}: {problem}", scenario.name));
        Self {
            objects: objects(&world),
            records,
            created,
            deleted,
            requests: trial.requests(),
            commits: trial.commits(),
        }
    }

    /// Says what is wrong with a world that should be at its end.
    async fn compare(&self, world: &World) -> Result<(), String> {
        let state = world.state().await;
        if !state.intents.is_empty() || !state.deposed.is_empty() {
            return Err(format!("open: {:?}, deposed: {:?}", state.intents.keys(), state.deposed.keys()));
        }
        let (created, deleted) = effects(world);
        if created != self.created {
            return Err(format!("{created} objects were made, not {}", self.created));
        }
        if deleted != self.deleted {
            return Err(format!("{deleted:?} were deleted, not {:?}", self.deleted));
        }
        let found = records(world, &state)?;
        if found != self.records {
            return Err(format!("recorded: {found:?}, expected {:?}", self.records));
        }
        let found = objects(world);
        if found != self.objects {
            let other = found.iter().find(|object| !self.objects.contains(object));
            return Err(format!("the API holds an object that nobody wants: {other:?}"));
        }
        Ok(())
    }
}

/// Runs a scenario through misfortunes, one run after another, then twice without any.
pub async fn survives(
    scenario: &Scenario,
    expected: &Expected,
    schedules: &[Schedule],
) -> Result<(), String> {
    survives_in(&scenario.before.fork(), scenario, expected, schedules).await
}

/// The same in a world that is as the scenario's was before.
pub async fn survives_in(
    world: &World,
    scenario: &Scenario,
    expected: &Expected,
    schedules: &[Schedule],
) -> Result<(), String> {
    let mut history = Vec::new();
    for schedule in schedules {
        let ran = world.run(&scenario.project, &Trial::new(schedule.clone())).await;
        history.push(ran.told());
    }
    let told = |problem: String| format!("{problem}\n{}", history.join("\n"));
    let ran = world.run(&scenario.project, &Trial::new(Schedule::default())).await;
    match &ran {
        Ran::Applied(outcome, _) if outcome.is_complete() => {}
        other => return Err(told(format!("a clean run did not end well: {}", other.told()))),
    }
    expected.compare(world).await.map_err(&told)?;
    // What an earlier run had sent may still be on its way; then it is compared again.
    tokio::time::sleep(Duration::from_secs(60)).await;
    expected.compare(world).await.map_err(&told)?;
    let (serial, requests) = (world.state().await.version.serial, world.api.log().len());
    let ran = world.run(&scenario.project, &Trial::new(Schedule::default())).await;
    let Ran::Applied(outcome, _) = &ran else { return Err(told(format!("a second run: {}", ran.told()))) };
    let new = world.api.log().split_off(requests);
    let writes: Vec<_> = new.iter().filter(|call| call.method != "GET").collect();
    if !outcome.is_complete() || !writes.is_empty() || world.state().await.version.serial != serial {
        return Err(told(format!("a second clean run had something to do: {writes:?}")));
    }
    Ok(())
}
