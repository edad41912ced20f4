//! The lock: one object, written only over the version that was read, and a lease that a thread of its own keeps renewing.
//!
//! ```json
//! {"owner":"6f0a…","holder":{…},"lease":30,"beat":4,"reached":{"lineage":"9b1f03aa","serial":12}}
//! ```
//!
//! A lock that is let go of stays as an object without `holder`: there is no way to delete on a condition. It also says how far the
//! log went, so that a log that lost its end is not taken for an older one.
//!
//! Whether a lease has run out is asked of the server's clock, or of one's own while waiting: never of the difference of two clocks. A holder
//! whose lease ran out may still be alive, frozen or cut off. Therefore whoever takes a lock that was not let go of must *fence*:
//! put something of its own into the log, where the other's next commit would go (`log.rs`).

use super::objects::{Object, Objects};
use crate::secret::random_hex;
use crate::state::log::Reached;
use crate::state::{Hold, Holder, StoreError};
use object_store::UpdateVersion;
use object_store::path::Path;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How often a waiter looks.
const POLL: Duration = Duration::from_millis(500);
/// The server's clock is read in whole seconds.
const RESOLUTION: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct LockText {
    /// Random for each lock that is taken: tells our own writes from those of others.
    owner: String,
    /// `None` once it was let go of.
    holder: Option<Holder>,
    /// How many seconds after it was written last it runs out.
    lease: u64,
    /// One more with each renewal, so that no two versions are alike.
    beat: u64,
    reached: Option<ReachedText>,
    /// Somebody before did not let go, and nothing was put into the log yet that would stop them.
    #[serde(default)]
    unfenced: bool,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct ReachedText {
    lineage: String,
    serial: u64,
}

/// Opens connections of its own.
pub(super) type Connect = Arc<dyn Fn() -> Result<Objects, StoreError> + Send + Sync>;

/// Where a lock is.
#[derive(Clone, Debug)]
pub(super) struct LockPlace {
    pub path: Path,
    /// Below which a probe may be written to ask the server for its time.
    pub clock: Path,
    pub lasts: Duration,
}

/// A lock that is held. Dropping it lets go.
pub(super) struct Lease {
    guard: Arc<Guard>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Knows whether the lock is still held.
pub(super) struct Guard {
    objects: Objects,
    place: LockPlace,
    shared: Arc<Shared>,
}

/// What the holder and the thread that renews share.
struct Shared {
    owner: String,
    lasts: Duration,
    kept: Mutex<Kept>,
}

struct Kept {
    text: LockText,
    version: UpdateVersion,
    /// When the last renewal was begun.
    renewed: Instant,
    lost: bool,
}

/// A lock as somebody else sees it.
struct Seen {
    text: LockText,
    object: Object,
}

impl LockPlace {
    async fn see(&self, objects: &Objects) -> Result<Option<Seen>, StoreError> {
        let Some(object) = objects.get(&self.path).await? else { return Ok(None) };
        match serde_json::from_slice(&object.text) {
            Ok(text) => Ok(Some(Seen { text, object })),
            Err(error) => Err(StoreError::Damaged {
                place: objects.place().to_owned(),
                problem: format!("its lock cannot be read: {error}"),
            }),
        }
    }

    /// How far the log went when the lock was written last.
    pub async fn reached(&self, objects: &Objects) -> Result<Option<Reached>, StoreError> {
        Ok(self.see(objects).await?.and_then(|seen| seen.text.reached()))
    }

    /// Who holds the lock, unless the lease has run out.
    pub async fn holder(&self, objects: &Objects) -> Result<Option<Holder>, StoreError> {
        let Some(seen) = self.see(objects).await? else { return Ok(None) };
        match &seen.text.holder {
            Some(holder) if !self.has_run_out(&seen, objects).await? => Ok(Some(holder.clone())),
            _ => Ok(None),
        }
    }

    /// Asks the server how long ago the lock was written.
    async fn has_run_out(&self, seen: &Seen, objects: &Objects) -> Result<bool, StoreError> {
        let probe = self.clock.clone().join(random_hex(16));
        objects.put(&probe, Vec::new()).await?;
        let now = objects.get(&probe).await?.map_or(seen.object.modified, |probe| probe.modified);
        objects.delete(vec![probe]).await?;
        let age = u64::try_from(now - seen.object.modified).unwrap_or_default();
        Ok(age >= seen.text.lease + RESOLUTION.as_secs())
    }

    /// Ends the lock `id` in the name of its holder, which must be fenced already.
    pub async fn end(&self, id: &str, objects: &Objects) -> Result<(), StoreError> {
        loop {
            let Some(seen) = self.see(objects).await? else { return Err(StoreError::NotLocked) };
            match &seen.text.holder {
                None => return Ok(()),
                Some(holder) if holder.id != id => return Err(StoreError::Locked { holder: holder.clone() }),
                Some(_) => {}
            }
            let ended = LockText { holder: None, owner: random_hex(32), ..seen.text };
            if objects.put_over(&self.path, ended.to_bytes(), seen.object.version).await?.is_some() {
                return Ok(());
            }
        }
    }
}

impl LockText {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn reached(&self) -> Option<Reached> {
        let ReachedText { lineage, serial } = self.reached.clone()?;
        Some(Reached { lineage, serial })
    }
}

/// What became of one try to take the lock.
enum Attempt {
    Got { version: UpdateVersion, text: LockText },
    Held(Holder),
    Again,
}

/// How long a waiter has seen the same version of the lock.
struct Watch {
    version: UpdateVersion,
    since: Instant,
    /// Whether the server was asked already.
    asked: bool,
}

impl Lease {
    /// Takes the lock, waiting up to `wait` for its holder.
    pub async fn take(
        objects: &Objects,
        connect: &Connect,
        place: &LockPlace,
        holder: &Holder,
        wait: Duration,
    ) -> Result<Self, StoreError> {
        let (start, owner) = (Instant::now(), random_hex(32));
        let mut watch = None;
        loop {
            let begun = Instant::now();
            match attempt(objects, place, holder, &owner, &mut watch).await? {
                Attempt::Got { version, text } => {
                    let kept = Mutex::new(Kept { text, version, renewed: begun, lost: false });
                    let shared = Arc::new(Shared { owner, lasts: place.lasts, kept });
                    return Self::begin(objects.clone(), connect.clone(), place, shared);
                }
                Attempt::Again => {}
                Attempt::Held(holder) if start.elapsed() >= wait => {
                    return Err(StoreError::Locked { holder });
                }
                Attempt::Held(_) => tokio::time::sleep(POLL.min(wait)).await,
            }
        }
    }

    fn begin(
        objects: Objects,
        connect: Connect,
        place: &LockPlace,
        shared: Arc<Shared>,
    ) -> Result<Self, StoreError> {
        let (stop, stopped) = oneshot::channel();
        let (kept, path) = (shared.clone(), place.path.clone());
        let thread = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || keep(&connect, &path, &kept, stopped))
            .map_err(|error| StoreError::io("cannot keep the lock", error))?;
        let guard = Arc::new(Guard { objects, place: place.clone(), shared });
        Ok(Self { guard, stop: Some(stop), thread: Some(thread) })
    }

    pub fn owner(&self) -> &str {
        &self.guard.shared.owner
    }

    /// Whether the one who had the lock before may still write.
    pub fn must_fence(&self) -> bool {
        self.guard.shared.kept().text.unfenced
    }

    pub fn is_fenced(&self) {
        self.guard.shared.kept().text.unfenced = false;
    }

    /// Gives up a lock that was found to be somebody else's.
    pub fn lose(&self) {
        self.guard.shared.kept().lost = true;
    }

    /// Makes sure that the lock is still ours.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.guard.confirm().await
    }

    /// Looks whether the lock is still ours.
    pub async fn look(&self) -> Result<(), StoreError> {
        self.guard.look().await
    }

    /// The lock, for those who send.
    pub fn guard(&self) -> Arc<Guard> {
        self.guard.clone()
    }

    /// How far the log is known to have gone.
    pub fn reached(&self) -> Option<Reached> {
        self.guard.shared.kept().text.reached()
    }

    /// Notes how far the log goes; `None` if there is none any more. Told with the next renewal, or when the lock is let go of.
    pub fn note(&self, reached: Option<Reached>) {
        let text = reached.map(|Reached { lineage, serial }| ReachedText { lineage, serial });
        self.guard.shared.kept().text.reached = text;
    }
}

#[async_trait::async_trait]
impl Hold for Guard {
    /// Makes sure that the lock is still ours: by the clock if the last renewal is young enough, else by looking.
    async fn confirm(&self) -> Result<(), StoreError> {
        let fresh = {
            let kept = self.shared.kept();
            if kept.lost {
                return Err(StoreError::Fenced);
            }
            kept.renewed.elapsed() < self.shared.lasts
        };
        if fresh { Ok(()) } else { self.look().await }
    }
}

impl Guard {
    /// Looks whether the lock is still ours.
    async fn look(&self) -> Result<(), StoreError> {
        match self.place.see(&self.objects).await? {
            Some(seen) if seen.text.owner == self.shared.owner => Ok(()),
            _ => {
                self.shared.kept().lost = true;
                Err(StoreError::Fenced)
            }
        }
    }
}

impl Drop for Lease {
    /// Waits until the lock is let go of: the next command must find it free.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn attempt(
    objects: &Objects,
    place: &LockPlace,
    holder: &Holder,
    owner: &str,
    watch: &mut Option<Watch>,
) -> Result<Attempt, StoreError> {
    let lease = place.lasts.as_secs();
    let (owned, by) = (owner.to_owned(), Some(holder.clone()));
    let new = LockText { owner: owned, holder: by, lease, beat: 0, reached: None, unfenced: false };
    let Some(seen) = place.see(objects).await? else {
        let Some(version) = objects.put_new(&place.path, new.to_bytes()).await? else {
            return Ok(Attempt::Again);
        };
        // A lock that was just made; the only time that it is tried, but for `init`.
        if let Err(error) = probe(objects, &place.clock).await {
            objects.delete(vec![place.path.clone()]).await?;
            return Err(error);
        }
        return Ok(Attempt::Got { version, text: new });
    };
    if seen.text.owner == owner {
        // Our own write, whose answer was lost.
        return Ok(Attempt::Got { version: seen.object.version, text: seen.text });
    }
    let unfenced = seen.text.unfenced || seen.text.holder.is_some();
    let text = LockText { reached: seen.text.reached.clone(), unfenced, ..new };
    if let Some(other) = &seen.text.holder
        && !is_over(objects, place, &seen, watch).await?
    {
        return Ok(Attempt::Held(other.clone()));
    }
    match objects.put_over(&place.path, text.to_bytes(), seen.object.version).await? {
        Some(version) => Ok(Attempt::Got { version, text }),
        None => Ok(Attempt::Again),
    }
}

/// Whether the lease has run out: asks the server at first sight, then measures how long nothing was renewed.
async fn is_over(
    objects: &Objects,
    place: &LockPlace,
    seen: &Seen,
    watch: &mut Option<Watch>,
) -> Result<bool, StoreError> {
    let version = &seen.object.version;
    if watch.as_ref().is_none_or(|watch| watch.version != *version) {
        let asked = watch.is_some();
        *watch = Some(Watch { version: version.clone(), since: Instant::now(), asked });
    }
    let Some(watch) = watch else { return Ok(false) };
    if !watch.asked {
        watch.asked = true;
        return place.has_run_out(seen, objects).await;
    }
    Ok(watch.since.elapsed() >= Duration::from_secs(seen.text.lease) + RESOLUTION)
}

/// Refuses a server that ignores conditions: two processes would write at once.
pub(super) async fn probe(objects: &Objects, folder: &Path) -> Result<(), StoreError> {
    let probe = folder.clone().join(random_hex(16));
    let honours = try_conditions(objects, &probe).await?;
    objects.delete(vec![probe]).await?;
    if honours {
        return Ok(());
    }
    let problem = "the server ignores the conditions of conditional writes (If-None-Match, If-Match), \
         so nothing would keep two processes from writing at once";
    let error = io::Error::new(io::ErrorKind::Unsupported, problem);
    Err(StoreError::io(format!("the state at {} cannot be locked", objects.place()), error))
}

/// Whether an object is made only once, and written over only once from the same version.
async fn try_conditions(objects: &Objects, probe: &Path) -> Result<bool, StoreError> {
    let Some(version) = objects.put_new(probe, b"1".to_vec()).await? else { return Ok(false) };
    let again = objects.put_new(probe, b"2".to_vec()).await?;
    let over = objects.put_over(probe, b"3".to_vec(), version.clone()).await?;
    let twice = objects.put_over(probe, b"4".to_vec(), version).await?;
    Ok(again.is_none() && over.is_some() && twice.is_none())
}

/// The life of a lease: renewed three times as often as it must be, until it is stopped; then let go of. On a thread of its own, so
/// that a long evaluation does not keep it from being renewed.
fn keep(connect: &Connect, path: &Path, shared: &Shared, mut stopped: oneshot::Receiver<()>) {
    // Connections belong to the thread that made them, so it has its own. Without any, the lease runs out.
    let (Ok(runtime), Ok(objects)) =
        (tokio::runtime::Builder::new_current_thread().enable_all().build(), connect())
    else {
        return tracing::warn!("the lock on the state cannot be renewed");
    };
    runtime.block_on(async {
        let mut next = shared.lasts / 3;
        loop {
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                () = tokio::time::sleep(next) => {}
            }
            match renew(&objects, path, shared, true).await {
                Ok(()) => next = shared.lasts / 3,
                Err(error) => {
                    tracing::warn!("the lock on the state could not be renewed: {error}");
                    next = (shared.lasts / 6).max(Duration::from_millis(100));
                }
            }
            if shared.kept().lost {
                return;
            }
        }
        if let Err(error) = renew(&objects, path, shared, false).await {
            tracing::warn!("the lock on the state could not be let go of, and will run out: {error}");
        }
    });
}

/// Writes the lock anew, or without a holder, unless it is somebody else's.
async fn renew(objects: &Objects, path: &Path, shared: &Shared, hold: bool) -> Result<(), StoreError> {
    loop {
        let begun = Instant::now();
        let (text, version) = {
            let mut kept = shared.kept();
            if kept.lost {
                return Ok(());
            }
            kept.text.beat += 1;
            if !hold {
                kept.text.holder = None;
            }
            (kept.text.to_bytes(), kept.version.clone())
        };
        if let Some(version) = objects.put_over(path, text, version).await? {
            let mut kept = shared.kept();
            (kept.version, kept.renewed) = (version, begun);
            return Ok(());
        }
        let there = objects.get(path).await?;
        let ours = |object: &Object| {
            serde_json::from_slice::<LockText>(&object.text).is_ok_and(|text| text.owner == shared.owner)
        };
        match there.filter(ours) {
            // An earlier write of ours arrived without our being told.
            Some(object) => shared.kept().version = object.version,
            None => {
                shared.kept().lost = true;
                return Ok(());
            }
        }
    }
}
