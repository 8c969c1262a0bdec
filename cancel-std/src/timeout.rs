//! Bounded waits.

use cancel_core::TimerError;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// The output of `work`, or `None` if the sleep (or its timer) ends first.
pub(crate) async fn within<T>(
    work: impl Future<Output = T>,
    sleep: impl Future<Output = Result<(), TimerError>>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut sleep = pin!(sleep);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => sleep.as_mut().poll(cx).map(|_| None),
    })
    .await
}
