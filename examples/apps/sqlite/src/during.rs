//! A reaction to a cancel for as long as some work lasts, and not a moment longer.

use cancel_smol::CancelToken;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Does `work`. If `token` is cancelled meanwhile, or is so already, calls `stop`, once.
///
/// When this returns, `stop` has either been called to its end or never will be. A registration alone
/// does not promise that: dropping one does not wait for a callback that is running already. So `stop`
/// has to be short; it runs on the thread that cancels, or on this one if the token is cancelled already.
pub fn during<T>(
    token: &CancelToken,
    stop: impl FnOnce() + Send + 'static,
    work: impl FnOnce() -> T,
) -> T {
    let slot = Arc::new(Mutex::new(Some(stop)));
    let _over = Over(slot.clone());
    let _registration = token.on_cancel(move |_| {
        // Locked until it has been called: that is what `Over` waits for.
        let mut slot = lock(&slot);
        if let Some(stop) = slot.take() {
            stop();
        }
    });
    work()
}

/// Dropped when the work is over, also by a panic.
struct Over<F>(Arc<Mutex<Option<F>>>);

impl<F> Drop for Over<F> {
    fn drop(&mut self) {
        lock(&self.0).take();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is in it is whole, also after a panic of `stop`.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
