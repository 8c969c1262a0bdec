//! What wakes the runner of an operation.

use atomic_waker::AtomicWaker;
use std::fmt;
use std::task::{Context, Waker};

/// The waker of the one runner that waits.
#[derive(Default)]
pub(crate) struct RunnerWaker {
    waker: AtomicWaker,
}

impl RunnerWaker {
    pub(crate) const fn new() -> Self {
        RunnerWaker {
            waker: AtomicWaker::new(),
        }
    }

    /// To be called before looking: a change is either seen then, or wakes this waker.
    pub(crate) fn listen(&self, cx: &mut Context<'_>) {
        self.waker.register(cx.waker());
    }

    /// To be called after a change, outside of locks.
    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    /// When nobody listens any more: the waker of the last poll.
    pub(crate) fn forget(&self) -> Option<Waker> {
        self.waker.take()
    }
}

impl fmt::Debug for RunnerWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunnerWaker")
    }
}
