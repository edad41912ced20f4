//! Two processes that apply to one state, and what may happen to them and to its server meanwhile: killed, frozen for longer than their
//! lock lasts, connections cut, the server stopped. Afterwards nothing is lost, orphaned or made twice, one clean run finds its way,
//! and no serial is missing in the history.
//!
//! Each mischief once on each store; `tests/long/chaos` sets `CHAOS_RUNS` for 200. `CASE=frozen` runs only the mischief of that name, `SEED`
//! begins elsewhere, `STORE=s3` tries only that store.
//!
//! The lock of a web server does not end with its process: there a person says `force-unlock`, as one would of who was killed, and also (in
//! error) of who is only frozen.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::api::Api;
use support::gitlab::{PASSWORD, Web};
use support::run::{self, Input, Ran, Started};
use support::valve::Valve;
use support::{moto, postgres};

/// How many instances the configuration has.
const DESKS: usize = 9;
/// How long the locks of these tests last.
const LEASE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mischief {
    Nothing,
    Killed,
    Frozen,
    Cut,
    Stopped,
}

const ALL: &[Mischief] =
    &[Mischief::Frozen, Mischief::Killed, Mischief::Cut, Mischief::Stopped, Mischief::Nothing];

/// Where the state is. What keeps it in memory only stands behind a valve, which is shut instead of it.
enum Store {
    Sled,
    Postgres(postgres::Server),
    S3(moto::Server, Valve),
    Http(Web, Valve),
}

/// Starts a store, where that can be done.
type Start = fn() -> Option<Store>;

const STORES: &[(&str, Start)] = &[
    ("sled", || Some(Store::Sled)),
    ("postgres", || postgres::Server::start().map(Store::Postgres)),
    ("s3", || {
        let server = moto::Server::start()?;
        let valve = Valve::new(server.address());
        Some(Store::S3(server, valve))
    }),
    ("http", || {
        let web = Web::start();
        let valve = Valve::new(web.socket);
        Some(Store::Http(web, valve))
    }),
];

impl Store {
    /// The `backend` block of a new state, and its path on a web server.
    fn block(&self, dir: &Path) -> (String, Option<String>) {
        let lease = LEASE.as_secs();
        match self {
            Self::Sled => (format!("backend \"sled\" {{ path = \"{}/state\" }}", dir.display()), None),
            Self::Postgres(server) => {
                let (address, schema) = (server.conn_str(), server.schema());
                let block = format!(
                    "backend \"postgres\" {{\n  conn_str = \"{address}\"\n  schema = \"{schema}\"\n  lease = \"{lease}s\"\n}}"
                );
                (block, None)
            }
            Self::S3(server, valve) => {
                let (bucket, address) = (server.bucket(), valve.address);
                let block = format!(
                    "backend \"s3\" {{\n  bucket = \"{bucket}\"\n  endpoint = \"http://{address}\"\n  access_key = \"ann\"\n  secret_key = \"s3cret-key\"\n  lease = \"{lease}s\"\n}}"
                );
                (block, None)
            }
            Self::Http(web, valve) => {
                let path = web.path();
                let address = format!("http://{}{path}", valve.address);
                let block = format!(
                    "backend \"http\" {{\n  address = \"{address}\"\n  lock_address = \"{address}\"\n  username = \"ann\"\n  password = \"{PASSWORD}\"\n}}"
                );
                (block, Some(path))
            }
        }
    }

    fn knows(&self, mischief: Mischief) -> bool {
        !matches!(self, Self::Sled) || !matches!(mischief, Mischief::Cut | Mischief::Stopped)
    }

    fn cut(&self) {
        match self {
            Self::Sled => {}
            Self::Postgres(server) => server.cut(),
            Self::S3(_, valve) | Self::Http(_, valve) => valve.cut(),
        }
    }

    fn down(&mut self) {
        match self {
            Self::Sled => {}
            Self::Postgres(server) => server.down(),
            Self::S3(_, valve) | Self::Http(_, valve) => valve.shut(),
        }
    }

    fn up(&mut self) {
        match self {
            Self::Sled => {}
            Self::Postgres(server) => server.up(),
            Self::S3(_, valve) | Self::Http(_, valve) => valve.open(),
        }
    }
}

/// Chains of three instances, so that an apply takes a while.
fn configuration(block: &str, element: &str) -> String {
    let desk = |at: usize| {
        let needs =
            if at.is_multiple_of(3) { String::new() } else { format!("tags = [instance.d{}.id]", at - 1) };
        let configuration =
            format!(r#"{{ username = "ops@example.com", password = "s3cret-{at}", subdomain = "d{at}" }}"#);
        format!(
            "instance \"d{at}\" {{\n  element = \"{element}\"\n  configuration = {configuration}\n  {needs}\n}}\n"
        )
    };
    format!("isotope {{\n{block}\n}}\n{}", (0..DESKS).map(desk).collect::<String>())
}

/// Two people's directories and one API.
struct Team {
    temp: tempfile::TempDir,
    api: Api,
    block: String,
    /// Where the state is on a web server, if it is on one.
    path: Option<String>,
}

impl Team {
    fn new(store: &Store) -> Self {
        let temp = tempfile::tempdir().unwrap();
        for name in ["ann", "bob", "eve"] {
            std::fs::create_dir(temp.path().join(name)).unwrap();
        }
        let api = Api::start(temp.path(), &["-latency=250ms"]);
        let (block, path) = store.block(temp.path());
        Self { temp, api, block, path }
    }

    fn write(&self, element: &str) {
        for name in ["ann", "bob", "eve"] {
            std::fs::write(self.of(name).join("main.hcl"), configuration(&self.block, element)).unwrap();
        }
    }

    fn of(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn start(&self, name: &str, args: &[&str]) -> Started {
        let base = format!("http://{}{}", self.api.address, isotope::emulator::BASE_PATH);
        let env: BTreeMap<String, String> = [
            // One key for both: as it would be with `ISOTOPE_ENCRYPTION_KEY`.
            ("HOME", self.temp.path().display().to_string()),
            ("USER", name.to_owned()),
            ("CLOUD_ELEMENTS_BASE_URL", base),
            ("CLOUD_ELEMENTS_USER_SECRET", "s3cret-user".to_owned()),
            ("CLOUD_ELEMENTS_ORGANIZATION_SECRET", "s3cret-organization".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        run::start(&self.of(name), &args, &env, Input::Nothing)
    }

    fn run(&self, name: &str, args: &[&str]) -> Ran {
        self.start(name, args).wait()
    }

    /// Breaks the lock of one of them, or of whoever has it, if it does not end by itself.
    fn unlock(&self, store: &Store, of: Option<&str>) -> Result<(), String> {
        let (Store::Http(web, _), Some(path)) = (store, &self.path) else { return Ok(()) };
        let Some(lock) = web.lock_at(path) else { return Ok(()) };
        let text = |field: &str| lock[field].as_str().unwrap_or_default().to_owned();
        if of.is_some_and(|name| !text("Who").starts_with(&format!("{name}@"))) {
            return Ok(());
        }
        let broken = self.run("eve", &["force-unlock", "-force", &text("ID")]);
        // Whoever has it may let go of it at the same moment.
        let told = format!("{}{}", broken.stdout, broken.stderr);
        if broken.status == 0 || told.contains("Nothing to unlock") { Ok(()) } else { Err(told) }
    }

    /// What must be true in the end.
    fn check(&self) -> Result<(), String> {
        let clean = self.run("ann", &["apply", "-auto-approve", "-lock-timeout=30s"]);
        if clean.status != 0 {
            return Err(format!("a clean run failed: {}{}", clean.stdout, clean.stderr));
        }
        let plan = self.run("bob", &["plan", "-detailed-exitcode"]);
        if plan.status != 0 {
            return Err(format!("something is left to do: {}{}", plan.stdout, plan.stderr));
        }
        let objects = self.api.objects();
        let names: BTreeSet<&str> = objects.iter().filter_map(|object| object["name"].as_str()).collect();
        if (objects.len(), names.len()) != (DESKS, DESKS) {
            return Err(format!("the API holds {} objects of {} names", objects.len(), names.len()));
        }
        let ids: BTreeSet<String> = objects.iter().map(|object| object["id"].to_string()).collect();
        let state = self.run("bob", &["state", "pull"]).stdout;
        let state: serde_json::Value = serde_json::from_str(&state).map_err(|error| error.to_string())?;
        let rows = state["rows"].as_object().cloned().unwrap_or_default();
        let recorded = rows.iter().filter(|(key, _)| key.starts_with("record "));
        let recorded: BTreeSet<String> =
            recorded.map(|(_, row)| row["id"].as_str().unwrap_or_default().to_owned()).collect();
        if recorded != ids {
            return Err(format!("recorded are {recorded:?}, there are {ids:?}"));
        }
        self.check_history()
    }

    fn check_history(&self) -> Result<(), String> {
        let history = self.run("ann", &["state", "history", "-json"]).stdout;
        let history: serde_json::Value = serde_json::from_str(&history).map_err(|error| error.to_string())?;
        let entries =
            history.as_array().or_else(|| history["history"].as_array()).cloned().unwrap_or_default();
        let mut serials: Vec<u64> = entries.iter().filter_map(|entry| entry["serial"].as_u64()).collect();
        serials.sort_unstable();
        let whole = serials.windows(2).all(|pair| pair[1] == pair[0] + 1);
        if serials.first() != Some(&1) || !whole {
            return Err(format!("the history has the serials {serials:?}"));
        }
        Ok(())
    }
}

/// Numbers that look random, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn pause(&mut self, from: u64, to: u64) {
        std::thread::sleep(Duration::from_millis(from + self.below(to - from)));
    }
}

fn survives(store: &mut Store, mischief: Mischief, seed: u64) -> Result<(), String> {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let team = Team::new(store);
    team.write("freshdesk");
    if chance.below(2) == 0 {
        let made = team.run("ann", &["apply", "-auto-approve"]);
        assert_eq!(made.status, 0, "{}{}", made.stdout, made.stderr);
        team.write("freshservice");
    }
    let apply = ["apply", "-auto-approve", "-lock-timeout=40s"];
    let names = ["ann", "bob"];
    let mut both: Vec<Started> = names.iter().map(|name| team.start(name, &apply)).collect();
    chance.pause(200, 2500);
    let victim = chance.below(2) as usize;
    match mischief {
        Mischief::Nothing => {}
        Mischief::Killed => {
            both.remove(victim).kill();
            team.unlock(store, Some(names[victim]))?;
        }
        Mischief::Frozen if !both[victim].has_ended() => {
            both[victim].signal("STOP");
            let lease = LEASE.as_millis() as u64;
            chance.pause(lease / 2, lease);
            let unlocked = team.unlock(store, Some(names[victim]));
            chance.pause(lease / 2, 2 * lease);
            both[victim].signal("CONT");
            unlocked?;
        }
        Mischief::Frozen => {}
        Mischief::Cut => {
            for _ in 0..1 + chance.below(4) {
                store.cut();
                chance.pause(10, 300);
            }
        }
        Mischief::Stopped => {
            store.down();
            chance.pause(10, 1500);
            store.up();
        }
    }
    let ran: Vec<Ran> = both.into_iter().map(Started::wait).collect();
    let told: String =
        ran.iter().map(|ran| format!("\n{}: {}{}", ran.status, ran.stdout, ran.stderr)).collect();
    if told.contains("panicked") {
        return Err(told);
    }
    // One that could not be let go of while the server was away.
    team.unlock(store, None)?;
    team.check().map_err(|problem| format!("{problem}{told}"))
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn two_who_apply_survive_what_happens_to_them() {
    let wanted = number("CHAOS_RUNS");
    let case = std::env::var("CASE").unwrap_or_default();
    let begin = Instant::now();
    let next = AtomicUsize::new(0);
    let seed = number("SEED").unwrap_or(1);
    let run = |store: &mut Store, name: &str, failed: &mut Vec<String>| {
        let mut done = 0;
        let known: Vec<Mischief> = ALL.iter().copied().filter(|mischief| store.knows(*mischief)).collect();
        let known: Vec<Mischief> =
            known.into_iter().filter(|one| format!("{one:?}").to_lowercase().contains(&case)).collect();
        let most = wanted.unwrap_or(known.len());
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= most || known.is_empty() {
                return done;
            }
            done += 1;
            let mischief = known[at % known.len()];
            if let Err(problem) = survives(store, mischief, (seed + at) as u64) {
                failed.push(format!("{name} {mischief:?} seed {}: {problem}", seed + at));
            }
        }
    };
    let mut failed = Vec::new();
    let mut tried = 0;
    let only = std::env::var("STORE").unwrap_or_default();
    for (name, make) in STORES.iter().filter(|(name, _)| name.contains(&only)) {
        next.store(0, Ordering::Relaxed);
        let begin = Instant::now();
        let ended = std::thread::scope(|scope| {
            // Each waits most of the time.
            let work = || {
                let mut failed = Vec::new();
                let done = make().map_or(0, |mut store| run(&mut store, name, &mut failed));
                (done, failed)
            };
            let threads: Vec<_> = (0..number("CHAOS_JOBS").unwrap_or(2)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let done: usize = ended.iter().map(|(done, _)| done).sum();
        eprintln!("{name}: {done} runs in {:?}", begin.elapsed());
        tried += done;
        failed.extend(ended.into_iter().flat_map(|(_, failed)| failed));
    }
    eprintln!("{tried} runs in {:?}, {} failed", begin.elapsed(), failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
