//! Whether a lock that runs out unless it is renewed is still held: asked before anything is sent that changes the world, since a
//! process that was frozen for long does not know that another has its lock by now.

use super::StoreError;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A lock, as those see it who send.
#[async_trait::async_trait]
pub trait Hold: Send + Sync {
    /// Returns once it is certain that the lock is still held.
    async fn confirm(&self) -> Result<(), StoreError>;
}

/// How long a lock is certainly held, by this machine's clocks. Counted from before it was asked for, so it ends here before it does
/// where it is kept.
pub(crate) struct Term {
    lasts: Duration,
    /// When it was renewed last, by both clocks: one stands still while the machine sleeps, the other may be set. `None`: it is lost.
    since: Mutex<Option<(Instant, SystemTime)>>,
}

impl Term {
    pub fn new(lasts: Duration, begun: Instant) -> Self {
        Self { lasts, since: Mutex::new(Some((begun, wall(begun)))) }
    }

    /// Whether it has certainly not run out.
    pub fn is_running(&self) -> bool {
        self.since().is_some_and(|(instant, time)| {
            let by_wall = time.elapsed().unwrap_or_default();
            instant.elapsed().max(by_wall) < self.lasts
        })
    }

    /// It was renewed; asking for that began at `begun`. A lost one stays lost.
    pub fn renewed(&self, begun: Instant) {
        if let Some(since) = self.since().as_mut() {
            *since = (begun, wall(begun));
        }
    }

    /// Somebody else has it.
    pub fn lose(&self) {
        *self.since() = None;
    }

    pub fn is_lost(&self) -> bool {
        self.since().is_none()
    }

    fn since(&self) -> std::sync::MutexGuard<'_, Option<(Instant, SystemTime)>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the wall clock showed then.
fn wall(then: Instant) -> SystemTime {
    SystemTime::now().checked_sub(then.elapsed()).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_runs_from_when_it_was_asked_for_and_a_lost_one_never_again() {
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let term = Term::new(Duration::from_secs(30), long_ago);
        assert!(!term.is_running() && !term.is_lost());
        term.renewed(Instant::now());
        assert!(term.is_running());
        term.lose();
        term.renewed(Instant::now());
        assert!(!term.is_running() && term.is_lost());
    }
}
