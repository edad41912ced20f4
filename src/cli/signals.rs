//! Ctrl-C, SIGTERM and SIGHUP: once asks a running apply to end, twice ends it now.

use crate::apply::Stop;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Starts listening. Dropping the receiver does no harm.
pub fn watch() -> watch::Receiver<Stop> {
    let (sender, receiver) = watch::channel(Stop::No);
    let listen = |kind| signal(kind).ok();
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(listen);
    tokio::spawn(async move {
        let [mut interrupt, mut terminate, mut hangup] = signals;
        loop {
            tokio::select! {
                () = next(&mut interrupt) => {}
                () = next(&mut terminate) => {}
                () = next(&mut hangup) => {}
            }
            let now = *sender.borrow();
            let next = if now == Stop::No { Stop::Soon } else { Stop::Now };
            if sender.send(next).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What is said to a person who interrupts.
pub fn words(stop: Stop) -> &'static str {
    match stop {
        Stop::No => "",
        Stop::Soon => {
            "\nInterrupted: what is in flight finishes, nothing new starts. Once more stops at once."
        }
        Stop::Now => "\nStopped: what was in flight is written down, and the next run settles it.",
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
