//! How many attempts may be in flight: additive increase, multiplicative decrease, without a clock of its own.
//!
//! A window is as many answers as the limit. Nothing is known of the API at first, so the limit doubles after each window in
//! which it was used up and latency stayed flat: up to 64, at which most work is done within seconds. From there it
//! feels its way and grows by one after several such windows. An overload (429, 503, a time-out) halves it, once for all attempts that
//! began before the halving, and is remembered: up to just below the limit that failed the way back is quick
//! (one for each answer), and beyond it is tried only after several calm windows. So an API that bears 20 is asked
//! for 20 most of the time and for 21 seldom.

use std::collections::BTreeMap;
use std::time::Duration;

/// Up to here the limit grows quickly while nothing speaks against it.
const QUICK: usize = 64;
/// Windows at the ceiling before a higher limit is tried again.
const PATIENCE: u32 = 4;
/// Windows beyond [`QUICK`] for each growth. Whoever has 64 at work gains little by a few more, and a queue of the API's that
/// nobody sees grows with them.
const CALM: u32 = 8;
/// A window's mean latency is flat up to this multiple of the best mean seen.
const FLAT: f64 = 1.5;
/// The best mean fades by this factor a window, so that an API that became slower for good is not held against us.
const FADE: f64 = 1.001;
/// Answers that a window needs at least, and a mean to count as best: fewer say little.
const ENOUGH: usize = 4;

pub(super) struct Aimd {
    limit: usize,
    max: usize,
    /// The limit below the one that last met an overload.
    ceiling: Option<usize>,
    /// What the last doubling added, which is taken back if latency rises; `None` once it rose.
    quick: Option<usize>,
    /// Calm windows since the last growth.
    calm: u32,
    /// Counts the halvings.
    epoch: u64,
    window: Window,
    /// The best mean latency of a window by method, in seconds: a create takes longer than a read by nature.
    best: BTreeMap<String, f64>,
}

#[derive(Default)]
struct Window {
    answers: usize,
    /// The most in flight at once.
    peak: usize,
    /// Sum and number of latencies by method.
    latencies: BTreeMap<String, (f64, usize)>,
}

impl Aimd {
    pub(super) fn new(start: usize, max: usize) -> Self {
        let max = max.max(1);
        Self {
            limit: start.clamp(1, max),
            max,
            ceiling: None,
            quick: Some(0),
            calm: 0,
            epoch: 0,
            window: Window::default(),
            best: BTreeMap::new(),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Notes that an attempt started as the `in_flight`th. Returns the epoch to hand back with its end.
    pub(super) fn started(&mut self, in_flight: usize) -> u64 {
        self.window.peak = self.window.peak.max(in_flight);
        self.epoch
    }

    /// Notes an answer that shows no overload.
    pub(super) fn answered(&mut self, epoch: u64, method: &str, latency: Duration) {
        if epoch != self.epoch {
            // It ran among more than there are now, and says nothing about the new limit.
            return;
        }
        self.window.add(method, latency);
        if self.is_used_up() && self.ceiling.is_some_and(|ceiling| self.limit < ceiling) {
            self.limit = self.grown(1);
        } else if self.window.answers >= self.limit.max(ENOUGH) {
            self.end_window();
        }
    }

    /// Notes a 429, a 503 or a time-out of an attempt that started as the `in_flight`th.
    pub(super) fn overloaded(&mut self, epoch: u64, in_flight: usize) {
        if epoch + 1 == self.epoch {
            // One more of the crowd that was halved: so many fewer are borne.
            self.ceiling = self.ceiling.map(|ceiling| (ceiling - 1).max(self.limit));
        }
        if epoch != self.epoch {
            return;
        }
        // A window that has just begun has seen nobody start, however many are on their way or have just come back.
        let met = self.limit.min(self.window.peak.max(in_flight).max(1));
        self.ceiling = Some((met - 1).max(1));
        self.limit = (met / 2).max(1);
        self.epoch += 1;
        self.quick = None;
        self.calm = 0;
        self.window = Window::default();
    }

    fn is_used_up(&self) -> bool {
        self.window.peak >= self.limit
    }

    fn grown(&self, by: usize) -> usize {
        (self.limit + by).min(self.max)
    }

    fn end_window(&mut self) {
        let window = std::mem::take(&mut self.window);
        let strained = window.strain(&mut self.best) > FLAT;
        if strained && let Some(too_much) = self.quick.take() {
            self.limit -= too_much;
        }
        if strained || window.peak < self.limit {
            self.calm = 0;
            return;
        }
        self.calm += 1;
        let (needed, by) = match self.ceiling {
            None if self.quick.is_some() && self.limit < QUICK => (1, self.limit.min(QUICK - self.limit)),
            Some(ceiling) if ceiling == self.limit => (PATIENCE, 1),
            _ if self.limit >= QUICK => (CALM, 1),
            _ => (1, 1),
        };
        if self.calm >= needed {
            self.calm = 0;
            let limit = self.grown(by);
            self.quick = self.quick.map(|_| if by > 1 { limit - self.limit } else { 0 });
            self.limit = limit;
        }
    }
}

impl Window {
    fn add(&mut self, method: &str, latency: Duration) {
        self.answers += 1;
        let (sum, count) = self.latencies.entry(method.to_owned()).or_default();
        *sum += latency.as_secs_f64();
        *count += 1;
    }

    /// The mean latency as a multiple of the best, over all methods by their share; updates the best.
    fn strain(&self, best: &mut BTreeMap<String, f64>) -> f64 {
        let (mut strain, mut counted) = (0.0, 0);
        for (method, &(sum, count)) in &self.latencies {
            if count < ENOUGH.min(self.answers) {
                continue;
            }
            // Below a millisecond it is the machine that is measured.
            let mean = (sum / count as f64).max(0.001);
            let best = best.entry(method.clone()).or_insert(mean);
            *best = mean.min(*best * FADE);
            strain += mean / *best * count as f64;
            counted += count;
        }
        if counted == 0 { 1.0 } else { strain / counted as f64 }
    }
}

#[cfg(test)]
#[path = "aimd_tests.rs"]
mod tests;
