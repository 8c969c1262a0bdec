//! What the cases share: small, and without a heap.

#[cfg(feature = "alloc")]
pub(crate) mod wakes;

use core::cell::Cell;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

/// Longer than any run takes.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Lets the executor poll the task once more.
pub(crate) fn yield_now() -> impl Future<Output = ()> {
    let mut yielded = false;
    poll_fn(move |cx| match yielded {
        true => Poll::Ready(()),
        false => {
            yielded = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
}

/// One poll with the waker of the task.
pub(crate) fn poll_once<F: Future>(
    mut future: Pin<&mut F>,
) -> impl Future<Output = Poll<F::Output>> {
    poll_fn(move |cx| Poll::Ready(future.as_mut().poll(cx)))
}

/// The output of a future that has been polled once. (One that was ready is not polled again.)
pub(crate) async fn finish<F: Future>(first: Poll<F::Output>, rest: Pin<&mut F>) -> F::Output {
    match first {
        Poll::Ready(output) => output,
        Poll::Pending => rest.await,
    }
}

/// One poll with a waker that wakes nobody.
pub(crate) fn poll_unheard<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What happened, in order, as up to eight letters.
#[derive(Default)]
pub(crate) struct Log(Cell<u64>);

impl Log {
    pub(crate) fn add(&self, letter: u8) {
        self.0.set(self.0.get() << 8 | u64::from(letter));
    }

    pub(crate) fn says(&self, letters: &str) -> bool {
        let word = letters
            .bytes()
            .fold(0, |word, letter| word << 8 | u64::from(letter));
        self.0.get() == word
    }

    /// Adds the letter when it is dropped.
    pub(crate) fn on_drop(&self, letter: u8) -> OnDrop<'_> {
        OnDrop(self, letter)
    }
}

pub(crate) struct OnDrop<'a>(&'a Log, u8);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}
