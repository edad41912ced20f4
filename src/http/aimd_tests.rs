//! The limit against simulated APIs, in virtual time: a heap of ends, no clock, no randomness but a seed.

use super::*;
use crate::http::ClientOptions;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How an API answers the attempt that makes `running` of them: `Ok` or `Err` (overload), in milliseconds.
type Api = dyn Fn(usize) -> Result<u64, u64>;

struct Run {
    requests: usize,
    overloads: usize,
    /// The limit after each end.
    limits: Vec<usize>,
    millis: u64,
}

impl Run {
    fn waste(&self) -> f64 {
        self.overloads as f64 / self.requests as f64
    }

    /// The mean limit of the last half.
    fn settled(&self) -> f64 {
        let half = &self.limits[self.limits.len() / 2..];
        half.iter().sum::<usize>() as f64 / half.len() as f64
    }
}

/// Sends until `work` requests were answered well, as many at once as the limit says.
fn simulate(mut aimd: Aimd, work: usize, api: &Api) -> Run {
    let mut run = Run { requests: 0, overloads: 0, limits: Vec::new(), millis: 0 };
    let (mut ends, mut done, mut running, mut noise) = (BinaryHeap::new(), 0, 0, 1u64);
    while done < work {
        while ends.len() < aimd.limit() {
            run.requests += 1;
            let epoch = aimd.started(ends.len() + 1);
            let answer = api(running + 1);
            running += usize::from(answer.is_ok());
            noise = noise.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let latency = answer.unwrap_or_else(|millis| millis);
            // A tenth up or down, or all answers would come at once.
            let latency = latency * 9 / 10 + (noise >> 33) % (latency / 5 + 1);
            let attempt = (latency, epoch, ends.len() + 1);
            ends.push(Reverse((run.millis + latency, run.requests, attempt, answer.is_ok())));
        }
        let Some(Reverse((at, _, (latency, epoch, among), fine))) = ends.pop() else { break };
        run.millis = at;
        if fine {
            (done, running) = (done + 1, running - 1);
            aimd.answered(epoch, "GET", Duration::from_millis(latency));
        } else {
            run.overloads += 1;
            aimd.overloaded(epoch, among);
        }
        run.limits.push(aimd.limit());
    }
    run
}

/// As a client has it.
fn as_it_starts() -> Aimd {
    let options = ClientOptions::default();
    Aimd::new(options.in_flight, options.max_in_flight)
}

/// Bears `most` at a time; refuses the rest after `refusal` milliseconds.
fn bears(most: usize, refusal: u64) -> impl Fn(usize) -> Result<u64, u64> {
    move |running| if running > most { Err(refusal) } else { Ok(200) }
}

#[test]
fn settles_near_what_the_api_bears_and_wastes_little() {
    for (start, most, refusal) in
        [(32, 20, 20), (32, 20, 200), (16, 20, 20), (1, 20, 20), (64, 20, 20), (32, 60, 50)]
    {
        let run = simulate(Aimd::new(start, 128), 4000, &bears(most, refusal));
        let (waste, settled) = (run.waste(), run.settled());
        let told = format!("start {start}, bears {most}: waste {waste:.4}, settled {settled:.1}");
        assert!(waste < 0.05, "{told}");
        assert!(settled > most as f64 * 0.85 && settled < most as f64 + 1.0, "{told}");
        // And so it costs little time: never more than a fifth above the best there is.
        let best = 4000 * 200 / most as u64;
        assert!(start < most / 2 || run.millis < best * 6 / 5, "{told}: {} ms, best {best}", run.millis);
    }
}

#[test]
fn doubles_to_64_while_latency_is_flat_and_then_takes_its_time() {
    let limit_after = |work| *simulate(Aimd::new(16, 128), work, &|_| Ok(200)).limits.last().unwrap();
    assert_eq!([15, 16, 16 + 32, 16 + 32 + 7 * 64].map(limit_after), [16, 32, 64, 64]);
    assert_eq!(limit_after(16 + 32 + 8 * 64), 65);
    let run = simulate(as_it_starts(), 60_000, &|_| Ok(200));
    assert_eq!((*run.limits.last().unwrap(), run.overloads), (128, 0));
}

#[test]
fn a_thousand_creates_end_near_the_best_time() {
    let run = simulate(as_it_starts(), 1000, &|_| Ok(50));
    let greatest = *run.limits.iter().max().unwrap();
    let best = 1000.0 * 50.0 / greatest as f64;
    assert!(greatest >= 64 && (run.millis as f64) < 1.15 * best, "{} ms with {greatest}", run.millis);
}

#[test]
fn an_api_that_bears_20_costs_a_thousand_creates_few_refusals() {
    for refusal in [1, 20, 50] {
        let run = simulate(as_it_starts(), 1000, &move |running| {
            if running > 20 { Err(refusal) } else { Ok(50) }
        });
        let told =
            format!("refusals after {refusal} ms: waste {:.3}, settled {:.1}", run.waste(), run.settled());
        assert!(run.waste() < 0.05 && (17.0..21.0).contains(&run.settled()), "{told}");
    }
}

#[test]
fn stops_growing_where_latency_rises() {
    // A server with 30 workers and a queue before them.
    let run = simulate(as_it_starts(), 4000, &|running| Ok(200 * running.max(30) as u64 / 30));
    let settled = run.settled();
    assert!((30.0..60.0).contains(&settled), "{settled}");
}

#[test]
fn an_api_that_bears_one_gets_one() {
    let run = simulate(as_it_starts(), 500, &bears(1, 20));
    assert!(run.limits.iter().all(|limit| *limit >= 1));
    assert!(run.settled() < 1.5, "{}", run.settled());
}

#[test]
fn many_refusals_of_one_crowd_halve_once() {
    let mut aimd = Aimd::new(16, 128);
    let epochs: Vec<_> = (1..=16).map(|in_flight| aimd.started(in_flight)).collect();
    epochs.iter().for_each(|epoch| aimd.overloaded(*epoch, 16));
    assert_eq!(aimd.limit(), 8);
    let epoch = (1..=8).map(|in_flight| aimd.started(in_flight)).last().unwrap();
    aimd.overloaded(epoch, 8);
    assert_eq!(aimd.limit(), 4);
}

#[test]
fn a_refusal_at_the_start_of_a_window_halves_what_is_in_flight() {
    let mut aimd = Aimd::new(16, 16);
    let epochs: Vec<_> = (1..=16).map(|in_flight| aimd.started(in_flight)).collect();
    let late = aimd.started(16);
    epochs.iter().for_each(|epoch| aimd.answered(*epoch, "POST", Duration::from_millis(50)));
    aimd.overloaded(late, 16);
    assert_eq!(aimd.limit(), 8);
}

#[test]
fn a_limit_nobody_uses_does_not_grow() {
    let mut aimd = Aimd::new(16, 128);
    for _ in 0..1000 {
        let epoch = aimd.started(5);
        aimd.answered(epoch, "GET", Duration::from_millis(100));
    }
    assert_eq!(aimd.limit(), 16);
    // And an overload then counts from what was in flight.
    let epoch = aimd.started(5);
    aimd.overloaded(epoch, 5);
    assert_eq!(aimd.limit(), 2);
}

#[test]
fn slow_methods_are_no_strain() {
    let mut aimd = Aimd::new(16, 128);
    for round in 0..2000 {
        let (method, millis) = if round < 1000 { ("GET", 50) } else { ("POST", 3000) };
        let epoch = aimd.started(aimd.limit());
        aimd.answered(epoch, method, Duration::from_millis(millis));
    }
    assert!(aimd.limit() > 50, "{}", aimd.limit());
}

#[test]
fn the_limit_stays_within_its_bounds() {
    assert_eq!(Aimd::new(16, 4).limit(), 4);
    assert_eq!(Aimd::new(0, 0).limit(), 1);
    let run = simulate(Aimd::new(4, 4), 500, &|_| Ok(200));
    assert!(run.limits.iter().all(|limit| *limit == 4));
}
