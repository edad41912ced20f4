//! A thread of its own for what has to go on while the program computes, or waits for a person: heartbeats of locks that servers keep,
//! and everything that is asked of those servers.

use super::StoreError;
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

static THREAD: OnceLock<Runtime> = OnceLock::new();

thread_local! {
    /// Releases that were begun. Everything else of a run happens on one thread (`cli/mod.rs`).
    static BEGUN: RefCell<Vec<JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
}

fn thread() -> Result<&'static Runtime, StoreError> {
    if let Some(runtime) = THREAD.get() {
        return Ok(runtime);
    }
    let made =
        Builder::new_multi_thread().worker_threads(1).thread_name("isotope-store").enable_all().build();
    let made = made.map_err(|error| StoreError::io("a thread for the state cannot be started", error))?;
    Ok(THREAD.get_or_init(|| made))
}

/// Does something there, and waits for it here.
pub(crate) async fn run<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let ended = thread()?.spawn(work).await;
    ended.unwrap_or_else(|error| {
        Err(StoreError::io("what was asked of the state's server", io::Error::other(error)))
    })
}

/// Starts something that goes on until it ends by itself or is aborted.
pub(crate) fn start(work: impl Future<Output = ()> + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    Ok(thread()?.spawn(work))
}

/// Lets go of a lock. Dropping a writer cannot wait for a server: [`released`] does.
pub(crate) fn release(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(begun) = start(work) {
        BEGUN.with_borrow_mut(|all| all.push(begun));
    }
}

/// Waits until every lock that was dropped is let go of, or `at_most`: before the next one is taken, and before the process ends.
/// One that could not be let go of runs out by itself.
pub async fn released(at_most: Duration) {
    let all = BEGUN.with_borrow_mut(std::mem::take);
    if all.is_empty() {
        return;
    }
    let each = async move {
        for begun in all {
            drop(begun.await);
        }
    };
    drop(run(async move { Ok(tokio::time::timeout(at_most, each).await.is_ok()) }).await);
}
