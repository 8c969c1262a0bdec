//! The timers of `async-io`, counted from an epoch.

use cancel_core::TimerError;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Set by whoever asks for the time first.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(crate) fn now() -> Duration {
    EPOCH.elapsed()
}

/// A sleep on the timers of `async-io`: that of [`Smol`](crate::Smol) and [`On`](crate::On).
///
/// Its output is always `Ok`. It allocates and registers when it is first polled, and its drop
/// deregisters it. One that is too far away for the system's clock never ends.
///
/// # Cancel safety
///
/// May be dropped at any time, and moved between polls. Polled again after it was ready, it is
/// ready again.
///
/// # Examples
///
/// ```
/// use cancel_smol::{Smol, Timer};
/// use std::time::Duration;
///
/// smol::block_on(async {
///     let deadline = Smol.now() + Duration::from_millis(5);
///     Smol.sleep_until(deadline).await.unwrap();
///     assert!(Smol.now() >= deadline);
/// });
/// ```
#[derive(Debug)]
#[must_use = "a sleep does nothing unless it is polled or awaited"]
pub struct Sleep {
    timer: async_io::Timer,
    /// `async_io`'s own timer never ends again.
    done: bool,
}

impl Sleep {
    pub(crate) fn until(deadline: Duration) -> Self {
        let timer = match EPOCH.checked_add(deadline) {
            Some(at) => async_io::Timer::at(at),
            None => async_io::Timer::never(),
        };
        Sleep { timer, done: false }
    }
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.done {
            ready!(Pin::new(&mut self.timer).poll(cx));
            self.done = true;
        }
        Poll::Ready(Ok(()))
    }
}
