//! Embassy's clock as a timer of the core.

use crate::ticks::{duration_of, instant_of};
use cancel_core::{Timer, TimerError};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use embassy_time::Instant;

/// The clock of `embassy-time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Embassy;

impl Timer for Embassy {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        duration_of(Instant::now())
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        Sleep {
            until: instant_of(deadline),
        }
    }
}

/// A sleep on embassy's clock.
#[derive(Clone, Debug)]
#[must_use = "a sleep does nothing unless it is polled or awaited"]
pub struct Sleep {
    /// `None`: for ever.
    until: Option<Instant>,
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(until) = self.until else {
            return Poll::Pending;
        };
        if Instant::now() >= until {
            return Poll::Ready(Ok(()));
        }
        // Each poll enters the task anew: embassy forgets all of a task's sleeps but the nearest.
        let _ = Pin::new(&mut embassy_time::Timer::at(until)).poll(cx);
        Poll::Pending
    }
}
