//! Calls into libraries that panic on input they do not expect.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Makes a call in which a panic is an error, and is not printed. The error is what the panic says, if it says anything.
pub fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Option<String>> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let outer = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    QUIET.set(outer);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(guarded(|| 1), Ok(1));
        let text = "said at the end".to_owned();
        assert_eq!(guarded(|| std::panic::panic_any(text.clone())), Err::<(), _>(Some(text.clone())));
        assert_eq!(guarded(|| std::panic::panic_any(1)), Err::<(), _>(None));
    }
}
