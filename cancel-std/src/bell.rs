//! What wakes the runner of an operation.

use atomic_waker::AtomicWaker;
use std::fmt;
use std::task::{Context, Waker};

/// The waker of the one runner that waits.
#[derive(Default)]
pub(crate) struct Bell {
    waker: AtomicWaker,
}

impl Bell {
    pub(crate) const fn new() -> Self {
        Bell {
            waker: AtomicWaker::new(),
        }
    }

    /// To be called before looking: a change is either seen then, or rings this waker.
    pub(crate) fn listen(&self, cx: &mut Context<'_>) {
        self.waker.register(cx.waker());
    }

    /// To be called after a change, outside of locks.
    pub(crate) fn ring(&self) {
        self.waker.wake();
    }

    /// When nobody listens any more: the waker of the last poll.
    pub(crate) fn silence(&self) -> Option<Waker> {
        self.waker.take()
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bell")
    }
}
