//! Giving way: what is ready at once is pending once before that, so that a loop of such waits lets the
//! other tasks of the executor have their turn, and the runner of the operation its own.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

/// Pending once, with the waker woken.
pub(crate) async fn give_way() {
    let mut given = false;
    poll_fn(|cx| match std::mem::replace(&mut given, true) {
        true => Poll::Ready(()),
        false => pending_once(cx),
    })
    .await
}

/// Pending, and to be polled again soon.
pub(crate) fn pending_once<T>(cx: &mut Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// A wait that is over at its first poll gives way once before it ends.
pub(crate) async fn waited<F: Future>(wait: F) -> F::Output {
    let mut wait = pin!(wait);
    let mut waited = false;
    let output = poll_fn(|cx| {
        let poll = wait.as_mut().poll(cx);
        waited |= poll.is_pending();
        poll
    })
    .await;
    if !waited {
        give_way().await;
    }
    output
}

/// How many items of a stream, or of a queue, may be ready in a row before it gives way.
pub(crate) const IN_A_ROW: u32 = 128;

/// Counts the polls of a stream that were ready, since the last one that was pending.
#[derive(Debug, Default)]
pub(crate) struct InARow(u32);

impl InARow {
    /// Before a poll: pending once after every [`IN_A_ROW`] ready ones.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 < IN_A_ROW {
            self.0 += 1;
            return Poll::Ready(());
        }
        self.0 = 0;
        pending_once(cx)
    }

    /// The poll was pending.
    pub(crate) fn waited(&mut self) {
        self.0 = 0;
    }
}
