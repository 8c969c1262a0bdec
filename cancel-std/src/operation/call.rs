//! The call of a closure that blocks, as two threads see it (`thread.rs`).

use crate::basics::panics::Payload;
use crate::basics::runner_waker::RunnerWaker;
use std::future::poll_fn;
use std::mem::replace;
use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// What one of two threads takes.
pub(super) struct ThreadSlot<T>(Mutex<Option<T>>);

impl<T> ThreadSlot<T> {
    pub(super) fn new(value: T) -> Self {
        ThreadSlot(Mutex::new(Some(value)))
    }

    pub(super) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The call of a closure, as the body of the runner sees it.
#[derive(Default)]
pub(super) struct Call {
    phase: Mutex<Phase>,
    runner: RunnerWaker,
}

#[derive(Default)]
enum Phase {
    #[default]
    Before,
    /// The body has begun.
    Wanted,
    /// With the text of its error, or its panic.
    Over(Result<Option<String>, Payload>),
}

impl Call {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        // Nothing can panic half-way.
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_wanted(&self) -> bool {
        matches!(*self.phase(), Phase::Wanted)
    }

    pub(super) fn end(&self, over: Result<Option<String>, Payload>) {
        *self.phase() = Phase::Over(over);
        self.runner.wake();
    }

    pub(super) async fn over(&self) -> Option<String> {
        let over = poll_fn(|cx| {
            self.runner.listen(cx);
            match replace(&mut *self.phase(), Phase::Wanted) {
                Phase::Over(over) => Poll::Ready(over),
                _ => Poll::Pending,
            }
        });
        let over = over.await;
        give_way().await; // B3
        match over {
            Ok(error) => error,
            Err(payload) => resume_unwind(payload),
        }
    }
}

/// Is ready when it is polled for the second time.
async fn give_way() {
    let mut given = false;
    poll_fn(|cx| match replace(&mut given, true) {
        true => Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
