//! The lock. It is held until it is given back, or until somebody breaks it with `force-unlock`, taking its holder for dead.
//!
//! Who is not dead must then stop: the server refuses its writes, which carry the lock's id. Before anything is sent elsewhere it is made
//! certain that the lock is still held, since a process that was frozen for long does not know. The protocol has no question for that, so
//! somebody else's lock is asked for: who is told of ours still has it.

use super::wire::{Locking, Wire};
use crate::secret::random_hex;
use crate::state::hold::Term;
use crate::state::{Hold, Holder, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a waiter asks for the lock.
const POLL: Duration = Duration::from_secs(1);
/// For how long after the server took something of ours nobody will have looked at the lock, found us dead and broken it. Tests cannot wait.
const CERTAIN: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_secs(3) };

/// A lock that is held. Dropping it lets go.
pub(super) struct Lock(Arc<Guard>);

/// Knows whether the lock is still held.
struct Guard {
    wire: Wire,
    id: String,
    holder: Holder,
    term: Term,
}

impl Lock {
    /// Takes the lock, waiting up to `wait` for its holder.
    pub async fn take(wire: &Wire, holder: &Holder, wait: Duration) -> Result<Self, StoreError> {
        let (start, id) = (tokio::time::Instant::now(), random_hex(32));
        loop {
            let begun = Instant::now();
            match wire.lock(&id, holder).await? {
                Locking::Got => {
                    let term = Term::new(CERTAIN, begun);
                    return Ok(Self(Arc::new(Guard {
                        wire: wire.clone(),
                        id,
                        holder: holder.clone(),
                        term,
                    })));
                }
                Locking::Held(_, holder) if start.elapsed() >= wait => {
                    return Err(StoreError::Locked { holder });
                }
                Locking::Held(..) => tokio::time::sleep(POLL.min(wait)).await,
            }
        }
    }

    pub fn wire(&self) -> &Wire {
        &self.0.wire
    }

    /// What a server asks for with each write; without locks, nothing.
    pub fn id(&self) -> Option<&str> {
        self.0.wire.locks().then_some(&self.0.id)
    }

    /// Draws conclusions from how a write ended that began then.
    pub fn learn(&self, written: &Result<(), StoreError>, begun: Instant) {
        match written {
            Ok(()) => self.0.term.renewed(begun),
            Err(StoreError::Fenced) => self.0.term.lose(),
            Err(_) => {}
        }
    }

    /// The lock, for those who send; without locks there is nothing to ask.
    pub fn hold(&self) -> Option<Arc<dyn Hold>> {
        self.0.wire.locks().then(|| self.0.clone() as Arc<dyn Hold>)
    }
}

#[async_trait::async_trait]
impl Hold for Guard {
    async fn confirm(&self) -> Result<(), StoreError> {
        if self.term.is_lost() {
            return Err(StoreError::Fenced);
        }
        if self.term.is_running() {
            return Ok(());
        }
        let (begun, probe) = (Instant::now(), random_hex(32));
        match self.wire.lock(&probe, &self.holder).await? {
            // Who is told nothing of the holder cannot say that it is another.
            Locking::Held(id, _) if id == self.id || id.is_empty() => {
                self.term.renewed(begun);
                return Ok(());
            }
            Locking::Held(..) => {}
            Locking::Got => self.wire.unlock(&probe, &self.holder).await?,
        }
        self.term.lose();
        Err(StoreError::Fenced)
    }
}

impl Drop for Lock {
    /// Waits until the lock is let go of: nothing else will end it. On a thread of its own, since this one may be waited for. One that is
    /// another's by now is left alone.
    fn drop(&mut self) {
        let Guard { wire, id, holder, term } = &*self.0;
        if !wire.locks() || term.is_lost() {
            return;
        }
        let (settings, id, holder) = (wire.settings().clone(), id.clone(), holder.clone());
        let release = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let unlocked =
                runtime.map_err(|error| StoreError::io("a thread cannot be started", error)).and_then(
                    |runtime| runtime.block_on(async { Wire::new(settings)?.unlock(&id, &holder).await }),
                );
            if let Err(error) = unlocked {
                tracing::warn!("the lock on the state was not let go of, and needs `force-unlock`: {error}");
            }
        };
        if let Ok(thread) = std::thread::Builder::new().name("unlock".to_owned()).spawn(release) {
            drop(thread.join());
        }
    }
}
