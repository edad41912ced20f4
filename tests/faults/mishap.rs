//! What goes wrong in a run, and where: a transport that misbehaves, and a store whose process dies.

use crate::chance::{Chance, mix};
use crate::check::Expected;
use crate::kept::Kept;
use isotope::apply::Stop;
use isotope::emulator::{Local, Reply};
use isotope::http::{Carried, Cause, Headers, Request, Transport};
use isotope::state::{Event, Holder, Image, Stamp, State, Store, StoreError, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How one request fails. "After" means that it took effect all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection.
    Refused,
    /// The API says no, and nothing has changed.
    Status(u16),
    /// 429 and a `Retry-After` in seconds.
    Wait(u32),
    /// 429 and a `Retry-After` that is a date three seconds from now.
    WaitUntil,
    StatusAfter(u16),
    LostBefore,
    LostAfter,
    /// Lost, and the effect comes two seconds later.
    LostEarly,
    /// Lost after the effect, and what was made stays out of lists for two seconds.
    LostHidden,
    Truncated,
    NotJson,
    WrongShape,
    /// A body without end.
    Endless,
    /// 30 seconds late, whole.
    Late,
    /// No answer at all, and no effect.
    SilentBefore,
    SilentAfter,
}

pub const FAULTS: &[Fault] = &[
    Fault::Refused,
    Fault::Status(400),
    Fault::Status(401),
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(408),
    Fault::StatusAfter(408),
    Fault::Status(409),
    Fault::Status(422),
    Fault::Status(429),
    Fault::Wait(2),
    Fault::Wait(1000),
    Fault::WaitUntil,
    Fault::Status(500),
    Fault::StatusAfter(500),
    Fault::Status(503),
    Fault::StatusAfter(502),
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::LostEarly,
    Fault::LostHidden,
    Fault::Truncated,
    Fault::NotJson,
    Fault::WrongShape,
    Fault::Endless,
    Fault::Late,
    Fault::SilentBefore,
    Fault::SilentAfter,
];

/// Which requests of a run a fault strikes, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Only(usize),
    /// This one and all after it: the API is down from there on.
    From(usize),
}

/// How the process itself ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    KilledBeforeCommit(usize),
    KilledAfterCommit(usize),
    KilledBeforeRequest(usize),
    KilledAfterRequest(usize),
    /// No commit from this one on can be written.
    DiskFull(usize),
    /// Asked to end when it sends this request.
    Signal(usize, Stop),
}

/// All that goes wrong in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    pub faults: Vec<(At, Fault)>,
    pub ending: Option<Ending>,
    /// Decides how long each request takes on its way there and back.
    pub seed: u64,
}

/// One run's misfortune under way: what was counted so far.
pub struct Trial {
    pub schedule: Schedule,
    requests: AtomicUsize,
    commits: AtomicUsize,
    died: Notify,
    stop: watch::Sender<Stop>,
}

impl Trial {
    pub fn new(schedule: Schedule) -> Arc<Self> {
        let stop = watch::Sender::new(Stop::No);
        Arc::new(Self {
            schedule,
            requests: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
            died: Notify::new(),
            stop,
        })
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }

    pub fn stop(&self) -> watch::Receiver<Stop> {
        self.stop.subscribe()
    }

    /// Ends when the process is killed.
    pub async fn death(&self) {
        self.died.notified().await;
    }

    /// Kills the process: whoever calls this never goes on.
    async fn die(&self) -> ! {
        self.died.notify_one();
        std::future::pending().await
    }

    fn strikes(&self, number: usize) -> Option<Fault> {
        let here = |at: &At| match *at {
            At::Only(only) => only == number,
            At::From(first) => first <= number,
        };
        self.schedule.faults.iter().find(|(at, _)| here(at)).map(|(_, fault)| *fault)
    }
}

/// The API as a run reaches it.
pub struct Road {
    pub api: Local,
    pub trial: Arc<Trial>,
}

impl std::fmt::Debug for Road {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Road")
    }
}

const HOST: &str = "api.test";

fn millis(seed: u64, number: usize, most: u64) -> Duration {
    Duration::from_millis(mix(seed.wrapping_mul(31).wrapping_add(number as u64 + 1)) % most)
}

impl Road {
    /// Sends the request on its way. It arrives whatever becomes of the process that sent it.
    fn send(&self, request: &Request, delay: Duration) -> tokio::task::JoinHandle<Option<Reply>> {
        let api = self.api.clone();
        let target = request.url.split_once(HOST).map_or("/", |(_, target)| target).to_owned();
        let (method, headers) = (request.method.to_string(), request.headers.clone());
        let body = request.body.clone().unwrap_or_default();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            api.call(&method, &target, &headers, body).await
        })
    }

    async fn arrive(&self, request: &Request, delay: Duration) -> Reply {
        let sent = self.send(request, delay).await.expect("the emulator does not panic");
        sent.expect("the emulator itself drops nothing")
    }

    /// The whole of one exchange under a fault.
    async fn misbehave(&self, fault: Fault, request: &Request, there: Duration) -> Carried {
        let host = || HOST.to_owned();
        let lost = || Carried::Lost(Cause::Lost { host: host(), detail: "connection reset".to_owned() });
        match fault {
            Fault::Refused => return Carried::Unsent(Cause::Refused { host: host() }),
            Fault::Status(status) => return refusal(status, None),
            Fault::Wait(seconds) => return refusal(429, Some(seconds.to_string())),
            Fault::WaitUntil => return refusal(429, Some(soon())),
            Fault::LostBefore => return lost(),
            Fault::SilentBefore => std::future::pending().await,
            Fault::LostEarly => {
                drop(self.send(request, Duration::from_secs(2)));
                return lost();
            }
            _ => {}
        }
        let reply = self.arrive(request, there).await;
        let middle = || Cause::Truncated { host: host(), detail: "connection closed".to_owned() };
        match fault {
            Fault::StatusAfter(status) => refusal(status, None),
            Fault::LostAfter => lost(),
            Fault::LostHidden => {
                self.hide(&reply);
                lost()
            }
            Fault::Truncated => {
                let half = reply.body[..reply.body.len() / 2].to_vec();
                answered(Reply { body: half, ..reply }, Some(middle()))
            }
            Fault::NotJson => {
                answered(Reply { body: b"<html>Please stand by</html>".to_vec(), ..reply }, None)
            }
            Fault::WrongShape => answered(Reply { body: b"{\"ok\":true}".to_vec(), ..reply }, None),
            Fault::Endless => answered(Reply { body: vec![b' '; 1 << 17], ..reply }, None),
            Fault::Late => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                answered(reply, None)
            }
            _ => std::future::pending().await,
        }
    }

    fn hide(&self, reply: &Reply) {
        let made: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if let Some(id) = made["id"].as_u64() {
            self.api.hide(id, Duration::from_secs(2));
        }
    }
}

#[async_trait::async_trait]
impl Transport for Road {
    async fn carry(&self, request: &Request) -> Carried {
        let trial = &self.trial;
        let number = trial.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let there = millis(trial.schedule.seed, number, 400);
        match trial.schedule.ending {
            Some(Ending::KilledBeforeRequest(at)) if at == number => trial.die().await,
            Some(Ending::KilledAfterRequest(at)) if at == number => {
                self.arrive(request, there).await;
                trial.die().await
            }
            Some(Ending::Signal(at, stop)) if at == number => drop(trial.stop.send_replace(stop)),
            _ => {}
        }
        // An API that says of something that is there that it is not cannot be survived, nor need it be.
        let lie = |fault: &Fault| *fault == Fault::Status(404) && request.method != "POST";
        match trial.strikes(number).filter(|fault| !lie(fault)) {
            Some(fault) => self.misbehave(fault, request, there).await,
            None => {
                let reply = self.arrive(request, there).await;
                tokio::time::sleep(millis(trial.schedule.seed ^ 1, number, 200)).await;
                answered(reply, None)
            }
        }
    }
}

fn answered(reply: Reply, cut: Option<Cause>) -> Carried {
    let headers: Headers = reply.headers.into_iter().collect();
    Carried::Answered { status: reply.status, headers, body: reply.body, cut }
}

fn refusal(status: u16, retry_after: Option<String>) -> Carried {
    let headers = retry_after.map(|wait| ("Retry-After".to_owned(), wait)).into_iter().collect();
    let body = br#"{"requestId":"5b01","message":"It went wrong"}"#.to_vec();
    Carried::Answered { status, headers, body, cut: None }
}

/// Three seconds from now, as a header has it.
fn soon() -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3);
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A store whose process may die at a commit.
pub struct Mortal {
    pub store: Box<dyn Store>,
    pub kept: Kept,
    pub trial: Arc<Trial>,
}

impl Mortal {
    pub async fn lock(&self, holder: &Holder) -> Result<MortalWriter, StoreError> {
        let _still = self.kept.still();
        let writer = self.store.lock(holder, Duration::ZERO).await?;
        Ok(MortalWriter { writer, kept: self.kept.clone(), trial: self.trial.clone() })
    }
}

pub struct MortalWriter {
    writer: Box<dyn Writer>,
    kept: Kept,
    trial: Arc<Trial>,
}

impl MortalWriter {
    /// Takes its time, as a disk or a server does: what was sent before goes on meanwhile.
    async fn write(&mut self, number: usize, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        let seed = self.trial.schedule.seed;
        tokio::time::sleep(millis(seed ^ 2, number, 300)).await;
        let written = {
            let _still = self.kept.still();
            self.writer.commit(events, stamp).await
        };
        tokio::time::sleep(millis(seed ^ 3, number, 300)).await;
        written
    }
}

#[async_trait::async_trait]
impl Writer for MortalWriter {
    fn state(&self) -> &State {
        self.writer.state()
    }

    async fn commit(&mut self, events: &[Event], stamp: &Stamp) -> Result<u64, StoreError> {
        let number = self.trial.commits.fetch_add(1, Ordering::SeqCst) + 1;
        match self.trial.schedule.ending {
            Some(Ending::KilledBeforeCommit(at)) if at == number => self.trial.die().await,
            Some(Ending::KilledAfterCommit(at)) if at == number => {
                self.write(number, events, stamp).await?;
                self.trial.die().await
            }
            Some(Ending::DiskFull(at)) if at <= number => Err(StoreError::Io {
                what: "the state cannot be written".to_owned(),
                source: std::io::ErrorKind::StorageFull.into(),
            }),
            _ => self.write(number, events, stamp).await,
        }
    }

    async fn replace(&mut self, image: &Image, stamp: &Stamp) -> Result<u64, StoreError> {
        self.writer.replace(image, stamp).await
    }

    fn image(&self) -> Result<Image, StoreError> {
        self.writer.image()
    }
}

fn endings(expected: &Expected, more: usize) -> Vec<Ending> {
    let mut all: Vec<Ending> = Vec::new();
    for at in 1..=expected.commits + more {
        all.extend([Ending::KilledBeforeCommit(at), Ending::KilledAfterCommit(at), Ending::DiskFull(at)]);
    }
    for at in 1..=expected.requests + more {
        all.extend([Ending::KilledBeforeRequest(at), Ending::KilledAfterRequest(at)]);
        all.extend([Ending::Signal(at, Stop::Soon), Ending::Signal(at, Stop::Now)]);
    }
    all
}

/// One thing that goes wrong: everything, everywhere.
pub fn singles(expected: &Expected) -> Vec<Schedule> {
    let mut all: Vec<Schedule> = Vec::new();
    for at in 1..=expected.requests {
        for fault in FAULTS {
            for at in [At::Only(at), At::From(at)] {
                all.push(Schedule { faults: vec![(at, *fault)], ending: None, seed: all.len() as u64 });
            }
        }
    }
    for ending in endings(expected, 0) {
        all.push(Schedule { faults: Vec::new(), ending: Some(ending), seed: all.len() as u64 });
    }
    all
}

/// Several things that go wrong in one run, and now and then more in the run that is to mend it.
pub fn pair(expected: &Expected, chance: &mut Chance) -> Vec<Schedule> {
    let runs = if chance.once_in(3) { 2 } else { 1 };
    (0..runs).map(|_| several(expected, chance)).collect()
}

fn several(expected: &Expected, chance: &mut Chance) -> Schedule {
    let mut faults: Vec<(At, Fault)> = Vec::new();
    for _ in 0..1 + chance.below(3) {
        let at = 1 + chance.below(expected.requests + 3);
        let at = if chance.once_in(6) { At::From(at) } else { At::Only(at) };
        faults.push((at, *chance.pick(FAULTS)));
    }
    let ending = (!chance.once_in(3)).then(|| *chance.pick(&endings(expected, 4)));
    Schedule { faults, ending, seed: chance.next() }
}
