//! The timers of `async-io`, on the clock of `cancel_std`.

use cancel_core::{Instant, TimerError};
use cancel_std::Std;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

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
    pub(crate) fn until(deadline: Instant) -> Self {
        let timer = match Std.to_std(deadline) {
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
