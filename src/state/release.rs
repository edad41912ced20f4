//! Locks that are let go of in the background: dropping a writer cannot wait for a server, so what it begins is waited for here,
//! before the next lock is taken and before the process ends.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;
use tokio::task::JoinHandle;

thread_local! {
    /// Everything of a run happens on one thread (`cli/mod.rs`).
    static BEGUN: RefCell<Vec<JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
}

/// Lets go in the background. Without a runtime nothing can: then the lock ends as that of a process that was killed.
#[allow(dead_code, reason = "for stores that are reached over a network")]
pub(crate) fn begin(release: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        let begun = runtime.spawn(release);
        BEGUN.with_borrow_mut(|all| all.push(begun));
    }
}

/// Waits until every lock that was dropped is let go of, or `at_most`.
pub async fn released(at_most: Duration) {
    let all = BEGUN.with_borrow_mut(std::mem::take);
    let each = async {
        for begun in all {
            // One that failed leaves a lock that runs out by itself.
            drop(begun.await);
        }
    };
    drop(tokio::time::timeout(at_most, each).await);
}
