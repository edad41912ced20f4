//! How long to wait before a repeat: exponential back-off with full jitter, or what the server asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::secret::random_bytes;

/// Draws waits. The sequence is SplitMix64's, so that a seed repeats it.
pub(super) struct BackOff {
    first: Duration,
    longest: Duration,
    state: Mutex<u64>,
}

impl BackOff {
    pub(super) fn new(first: Duration, longest: Duration, seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| u64::from_le_bytes(random_bytes()));
        Self { first, longest, state: Mutex::new(seed) }
    }

    /// A wait for the repeat after `repeats` others: evenly from nothing to `first` doubled that often.
    /// (Full jitter keeps a crowd from coming back at once: "Exponential Backoff And Jitter", AWS, 2015.)
    pub(super) fn wait(&self, repeats: u32) -> Duration {
        let longest = self.first.saturating_mul(2u32.saturating_pow(repeats)).min(self.longest);
        longest.mul_f64(self.fraction())
    }

    /// A number from 0 to just under 1.
    fn fraction(&self) -> f64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Reads a `Retry-After` field: seconds, or a date (RFC 9110 §10.2.3). A date that has passed is no wait.
pub(super) fn retry_after(field: &str, now: Timestamp) -> Option<Duration> {
    let field = field.trim();
    if let Ok(seconds) = field.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTimeParser::new().parse_timestamp(field).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_random() {
        let back_off = BackOff::new(Duration::from_millis(250), Duration::from_secs(8), Some(1));
        for (repeats, longest) in [(0, 250), (1, 500), (2, 1000), (5, 8000), (6, 8000), (200, 8000)] {
            let waits: Vec<_> = (0..1000).map(|_| back_off.wait(repeats).as_millis()).collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*most <= longest && *most > longest * 98 / 100, "{repeats}: {most}");
            assert!(*least < longest / 50, "{repeats}: {least}");
            let mean = waits.iter().sum::<u128>() / 1000;
            assert!(mean.abs_diff(longest / 2) < longest / 20, "{repeats}: {mean}");
        }
    }

    #[test]
    fn a_seed_repeats_the_waits() {
        let waits = |seed| {
            let back_off = BackOff::new(Duration::from_secs(1), Duration::from_secs(8), seed);
            (0..5).map(|repeats| back_off.wait(repeats)).collect::<Vec<_>>()
        };
        assert_eq!(waits(Some(7)), waits(Some(7)));
        assert_ne!(waits(Some(7)), waits(Some(8)));
        assert_ne!(waits(None), waits(None));
    }

    #[test]
    fn reads_what_servers_ask_for() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let cases = [
            ("0", Some(0)),
            (" 12 ", Some(12)),
            ("Sat, 21 Nov 2026 10:00:30 GMT", Some(30)),
            ("Sat, 21 Nov 2026 09:59:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sat, 99 Nov 2026 10:00:30 GMT", None),
        ];
        for (field, seconds) in cases {
            assert_eq!(retry_after(field, now), seconds.map(Duration::from_secs), "{field:?}");
        }
    }
}
