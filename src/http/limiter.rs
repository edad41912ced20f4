//! The gate before every attempt: as many pass as [`Aimd`] allows, first come, first served.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::aimd::Aimd;

pub(super) struct Limiter {
    gate: Semaphore,
    state: Mutex<State>,
}

struct State {
    aimd: Aimd,
    in_flight: usize,
    /// Permits there are: in flight or free at the gate. Follows the limit; above it until enough come back.
    permits: usize,
}

/// The right to one attempt. Dropped without [`Permit::end`] (the caller went away) it says nothing.
pub(super) struct Permit<'a> {
    limiter: &'a Limiter,
    epoch: u64,
    /// How many were in flight when it was given, itself included.
    among: usize,
}

/// What an attempt's end says about the API's load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    Borne(Duration),
    Over,
    /// No connection, for instance: it says nothing.
    Unknown,
}

impl Limiter {
    pub(super) fn new(start: usize, max: usize) -> Self {
        let aimd = Aimd::new(start, max);
        let permits = aimd.limit();
        Self { gate: Semaphore::new(permits), state: Mutex::new(State { aimd, in_flight: 0, permits }) }
    }

    /// Waits until one more may be in flight.
    pub(super) async fn pass(&self) -> Permit<'_> {
        self.gate.acquire().await.expect("the gate is never closed").forget();
        let mut state = self.state();
        state.in_flight += 1;
        let in_flight = state.in_flight;
        Permit { limiter: self, epoch: state.aimd.started(in_flight), among: in_flight }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self) {
        let mut state = self.state();
        state.in_flight -= 1;
        let limit = state.aimd.limit();
        if state.permits > limit {
            // Not given back and then taken away: whoever waits would have it at once, and the limit would never fall.
            state.permits -= 1;
            state.permits -= self.gate.forget_permits(state.permits - limit);
        } else {
            self.gate.add_permits(1 + limit - state.permits);
            state.permits = limit;
        }
    }
}

impl Permit<'_> {
    /// Gives the permit back, with what the end says.
    pub(super) fn end(self, method: &str, load: Load) {
        let mut state = self.limiter.state();
        match load {
            Load::Borne(latency) => state.aimd.answered(self.epoch, method, latency),
            Load::Over => state.aimd.overloaded(self.epoch, self.among),
            Load::Unknown => {}
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.limiter.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::{Instant, sleep};

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_falls_holds_for_those_who_wait() {
        let limiter = Arc::new(Limiter::new(16, 16));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..200).map(|at| {
            let (limiter, now, most) = (limiter.clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let permit = limiter.pass().await;
                let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                if at >= 32 {
                    most.fetch_max(running, Ordering::SeqCst);
                }
                sleep(Duration::from_millis(100)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                permit.end("POST", if at == 0 { Load::Over } else { Load::Unknown });
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_pass_than_the_limit() {
        let limiter = Arc::new(Limiter::new(3, 3));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let begin = Instant::now();
        let tasks = (0..30).map(|_| {
            let (limiter, now, most) = (limiter.clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let permit = limiter.pass().await;
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                sleep(Duration::from_millis(100)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                permit.end("GET", Load::Borne(Duration::from_millis(100)));
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!((most.load(Ordering::SeqCst), begin.elapsed().as_millis()), (3, 1000));
    }

    #[tokio::test(start_paused = true)]
    async fn permits_follow_the_limit_both_ways() {
        let limiter = Limiter::new(8, 128);
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(limiter.pass().await);
        }
        held.pop().unwrap().end("GET", Load::Over);
        // Four are allowed now and seven in flight: none is free until three of them came back for good.
        for expected in [0, 0, 0, 0, 1, 2, 3] {
            assert_eq!(limiter.gate.available_permits(), expected);
            held.pop().unwrap().end("GET", Load::Unknown);
        }
        assert_eq!(limiter.gate.available_permits(), 4);
        for _ in 0..100 {
            let mut held = Vec::new();
            while limiter.gate.available_permits() > 0 {
                held.push(limiter.pass().await);
            }
            held.into_iter().for_each(|permit| permit.end("GET", Load::Borne(Duration::from_millis(100))));
        }
        let free = limiter.gate.available_permits();
        assert!(free > 8, "{free}");
        let state = limiter.state();
        assert_eq!((state.permits, state.in_flight), (free, 0));
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_gives_its_permit_back() {
        let limiter = Limiter::new(1, 1);
        drop(limiter.pass().await);
        drop(limiter.pass().await);
        assert_eq!(limiter.gate.available_permits(), 1);
    }
}
