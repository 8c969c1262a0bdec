//! A waker that counts, for cases with a heap.

use crate::tools::ms;
use cancel_core::Timer;
use core::task::Waker;
use portable_atomic::{AtomicUsize, Ordering::SeqCst};
use portable_atomic_util::{Arc, task::Wake};

/// Counts how often it was woken, and knows who holds its wakers.
pub(crate) struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(this: Arc<Self>) {
        this.0.fetch_add(1, SeqCst);
    }
}

impl Wakes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Wakes(AtomicUsize::new(0)))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

pub(crate) fn waker<W: Wake + Send + Sync + 'static>(wake: &Arc<W>) -> Waker {
    Waker::from(Arc::clone(wake))
}

/// Sleeps until something holds. Gives up after so many sleeps that it cannot be a matter of time.
pub(crate) async fn settles<R: Timer>(runtime: &R, holds: impl Fn() -> bool) -> bool {
    for _ in 0..5000 {
        if holds() || runtime.sleep(ms(1)).await.is_err() {
            break;
        }
    }
    holds()
}
