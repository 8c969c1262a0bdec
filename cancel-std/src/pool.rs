//! The process's pool for blocking work, where there is one.
//!
//! On wasm there are no threads, and the pool's own answer to that is a panic.

use cancel_core::{Cause, Reason};
use std::future::Future;

/// Whether there are threads.
pub(crate) const IS_THERE: bool = !cfg!(target_family = "wasm");

/// Calls `f` on a thread of the pool. Only where it [is there](IS_THERE).
///
/// Dropping the future before `f` has begun drops `f`; after that it goes on alone.
pub(crate) fn unblock<T, F>(f: F) -> impl Future<Output = T> + Send
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    blocking::unblock(f)
}

/// Why something was not called.
pub(crate) fn missing() -> Cause {
    (Reason::Error, "there are no threads on this platform").into()
}
