//! Whatever goes wrong, one further run mends it: every fault at every request, the process killed before and after every
//! commit and every request, in small worlds each alone and in pairs, in large ones by seed.
//!
//! Nothing sleeps and nothing listens: the API is the emulator inside this process, time is virtual, the state is in memory and
//! its process dies where a schedule says. What must be true afterwards stands in `faults/check.rs`.
//!
//! `FAULT_SCHEDULES=100000` runs so many schedules instead of the short form (`tests/long/faults`); `CASE=replace` only the
//! small worlds whose names hold the word.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "faults/chance.rs"]
mod chance;
#[path = "faults/check.rs"]
mod check;
#[path = "support/gitlab.rs"]
mod gitlab;
#[path = "faults/graphs.rs"]
mod graphs;
#[path = "faults/kept.rs"]
mod kept;
#[path = "faults/mishap.rs"]
mod mishap;
#[path = "support/moto.rs"]
mod moto;
#[path = "faults/scenario.rs"]
mod scenario;
#[path = "support/postgres.rs"]
mod server;
#[path = "faults/world.rs"]
mod world;

use chance::Chance;
use check::{Expected, survives, survives_in};
use kept::Place;
use mishap::{At, Fault, Schedule, pair, singles};
use scenario::Scenario;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Instant;

/// How many schedules the short form tries.
const SHORT: usize = 700;
/// Of a hundred schedules, so many are of random graphs.
const GRAPHS: usize = 10;

/// Runs on a clock that jumps whenever everybody waits.
fn virtually<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime starts").block_on(future)
}

/// What was tried: how many schedules of each world, and which failed.
#[derive(Default)]
struct Tried {
    counts: BTreeMap<String, usize>,
    failed: Vec<String>,
}

impl Tried {
    async fn attempt(&mut self, scenario: &Scenario, expected: &Expected, schedules: &[Schedule]) {
        *self.counts.entry(scenario.name.clone()).or_default() += 1;
        if let Err(problem) = survives(scenario, expected, schedules).await {
            self.failed.push(format!("{} {schedules:?}: {problem}", scenario.name));
        }
    }

    fn add(&mut self, other: Tried) {
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.failed.extend(other.failed);
    }

    fn total(&self) -> usize {
        self.counts.values().sum()
    }

    fn judge(&self, begin: Instant) {
        for (name, count) in &self.counts {
            eprintln!("{count:>8} {name}");
        }
        eprintln!("{:>8} schedules in {:.1} s", self.total(), begin.elapsed().as_secs_f64());
        let shown: Vec<&str> = self.failed.iter().take(5).map(String::as_str).collect();
        assert!(self.failed.is_empty(), "{} failed: {}", self.failed.len(), shown.join("\n\n"));
    }
}

fn wanted() -> usize {
    std::env::var("FAULT_SCHEDULES").ok().and_then(|number| number.parse().ok()).unwrap_or(SHORT)
}

/// Every `of`th schedule from `part` on: each single mishap of each small world, as far as `most` goes, then pairs.
async fn small(part: usize, of: usize, most: usize) -> Tried {
    let only = std::env::var("CASE").unwrap_or_default();
    let mut tried = Tried::default();
    let scenarios = scenario::all().await;
    let chosen: Vec<&Scenario> = scenarios.iter().filter(|scenario| scenario.name.contains(&only)).collect();
    let share = most / chosen.len().max(1);
    for scenario in chosen {
        let expected = Expected::of(scenario).await;
        let all = singles(&expected);
        // When not all can be tried, they are taken evenly: of every fault some, at every request some.
        let step = all.len().div_ceil(share.max(1)).max(1);
        let mut count = 0;
        for (index, schedule) in all.iter().enumerate().filter(|(index, _)| index % step == 0) {
            count += 1;
            if index / step % of == part {
                tried.attempt(scenario, &expected, std::slice::from_ref(schedule)).await;
            }
        }
        let mut chance = Chance::new(part as u64);
        for _ in (count..share).filter(|index| index % of == part) {
            let schedules: Vec<Schedule> = pair(&expected, &mut chance);
            tried.attempt(scenario, &expected, &schedules).await;
        }
    }
    tried
}

/// Random graphs, each through some schedules.
async fn large(part: usize, of: usize, most: usize) -> Tried {
    const EACH: usize = 8;
    let mut tried = Tried::default();
    for seed in (0..most.div_ceil(EACH)).filter(|seed| seed % of == part) {
        let scenario = graphs::random(seed as u64).await;
        let expected = Expected::of(&scenario).await;
        let mut chance = Chance::new(seed as u64);
        for _ in 0..EACH {
            let schedules = pair(&expected, &mut chance);
            tried.attempt(&scenario, &expected, &schedules).await;
        }
    }
    let counted = tried.total();
    Tried { counts: [("random graphs".to_owned(), counted)].into(), ..tried }
}

#[test]
fn whatever_goes_wrong_one_further_run_mends_it() {
    let begin = Instant::now();
    let wanted = wanted();
    let graphs = wanted * GRAPHS / 100;
    let parts = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    let mut tried = Tried::default();
    let ran = std::thread::scope(|scope| {
        let run = move |part: usize| {
            virtually(async move {
                let mut tried = small(part, parts, wanted - graphs).await;
                tried.add(large(part, parts, graphs).await);
                tried
            })
        };
        // Expressions recurse deeply in a debug build.
        let spawn =
            |part| std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, move || run(part));
        let threads: Vec<_> = (0..parts).map(|part| spawn(part).expect("a thread starts")).collect();
        threads.into_iter().map(|thread| thread.join().expect("no test panics")).collect::<Vec<_>>()
    });
    ran.into_iter().for_each(|part| tried.add(part));
    tried.judge(begin);
}

#[test]
fn what_was_found_once_stays_mended() {
    let cases = [
        // A 408 was taken for a refusal, and the object made twice.
        ("create", vec![(At::Only(1), Fault::StatusAfter(408))]),
        // The deletion of an older deposed object deleted the one that was just replaced.
        ("deposed", Vec::new()),
        // What a create sets by further requests was missing, so its object was not taken for its own.
        ("unmarked-create", vec![(At::Only(4), Fault::LostHidden)]),
        // A create that was never taken up left the object that it was to replace without an address.
        ("replace-create-first", vec![(At::From(2), Fault::LostBefore)]),
        // A twin was sent while nobody knew what had come of another: afterwards nobody could tell whose the object was.
        (
            "unmarked-twins",
            vec![
                (At::Only(7), Fault::Endless),
                (At::Only(4), Fault::LostEarly),
                (At::From(9), Fault::Status(408)),
            ],
        ),
    ];
    virtually(async {
        let all = scenario::all().await;
        for (name, faults) in cases {
            let scenario = all.iter().find(|scenario| scenario.name == name).unwrap();
            let expected = Expected::of(scenario).await;
            let schedule = Schedule { faults, ending: None, seed: 1 };
            let ended = survives(scenario, &expected, &[schedule]).await;
            assert!(ended.is_ok(), "{name}: {ended:?}");
        }
    });
}

/// Of each small world some mishaps, with the state on a server.
fn the_same_holds_in(place: &Place) {
    const EACH: usize = 6;
    let run = || {
        virtually(async {
            let mut failed = Vec::new();
            for scenario in scenario::all().await {
                let expected = Expected::of(&scenario).await;
                let all = singles(&expected);
                for schedule in all.iter().step_by(all.len().div_ceil(EACH)) {
                    let world = scenario.before.fork().on(place).await;
                    let ended =
                        survives_in(&world, &scenario, &expected, std::slice::from_ref(schedule)).await;
                    failed.extend(
                        ended.err().map(|problem| format!("{} {schedule:?}: {problem}", scenario.name)),
                    );
                }
            }
            failed
        })
    };
    // Expressions recurse deeply in a debug build.
    let failed = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(64 << 20);
        builder.spawn_scoped(scope, run).expect("a thread starts").join().expect("no test panics")
    });
    assert!(failed.is_empty(), "{} failed: {}", failed.len(), failed.join("\n\n"));
}

#[test]
fn the_same_holds_for_a_state_in_postgresql() {
    let Some(server) = server::Server::start() else { return };
    the_same_holds_in(&Place::Postgres(server));
}

#[test]
fn the_same_holds_for_a_state_in_a_bucket() {
    let Some(server) = moto::Server::start() else { return };
    the_same_holds_in(&Place::S3(server));
}

#[test]
fn the_same_holds_for_a_state_on_a_web_server() {
    the_same_holds_in(&Place::Http(gitlab::Web::start()));
}
