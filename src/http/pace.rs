//! When the next attempt may start: evenly spaced under a ceiling, and not while the server asked for quiet.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A token bucket of size one: no second ever sees more starts than the rate allows.
pub(super) struct Pace {
    spacing: Duration,
    /// Nobody starts before this.
    next: Mutex<Option<Instant>>,
    /// Makes waiting first come, first served.
    turn: tokio::sync::Mutex<()>,
}

impl Pace {
    /// `spacing` zero: no ceiling.
    pub(super) fn new(spacing: Duration) -> Self {
        Self { spacing, next: Mutex::new(None), turn: tokio::sync::Mutex::new(()) }
    }

    /// Waits for the turn to start.
    pub(super) async fn turn(&self) {
        let _turn = self.turn.lock().await;
        // Again after each sleep: somebody may have been told to be quiet for longer meanwhile.
        while let Err(at) = self.start_now() {
            sleep_until(at).await;
        }
    }

    /// Keeps everybody from starting for `wait`: one request was told, and the limit is everybody's.
    pub(super) fn quiet_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut next = self.next();
        *next = (*next).max(Some(until));
    }

    fn start_now(&self) -> Result<(), Instant> {
        let now = Instant::now();
        let mut next = self.next();
        match *next {
            Some(at) if at > now => Err(at),
            _ => {
                *next = Some(now + self.spacing);
                Ok(())
            }
        }
    }

    fn next(&self) -> MutexGuard<'_, Option<Instant>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn starts_are_evenly_spaced() {
        let pace = Pace::new(Duration::from_millis(20));
        let begin = Instant::now();
        for _ in 0..101 {
            pace.turn().await;
        }
        assert_eq!(begin.elapsed().as_millis(), 2000);
        tokio::time::sleep(Duration::from_secs(10)).await;
        // An idle time saves up nothing.
        let begin = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert_eq!(begin.elapsed().as_millis(), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_ceiling_nobody_waits() {
        let pace = Pace::new(Duration::ZERO);
        let begin = Instant::now();
        for _ in 0..1000 {
            pace.turn().await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_holds_those_who_wait_already() {
        let pace = std::sync::Arc::new(Pace::new(Duration::from_millis(20)));
        pace.turn().await;
        let begin = Instant::now();
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { pace.turn().await }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        pace.quiet_for(Duration::from_secs(3));
        pace.quiet_for(Duration::from_secs(1));
        waiting.await.unwrap();
        assert_eq!(begin.elapsed().as_millis(), 3005);
    }
}
