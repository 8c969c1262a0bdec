//! A clock that stands still.

use cancel_core::{Instant, Timer, TimerError};
use core::future::{Pending, pending};

#[derive(Clone)]
pub(crate) struct Still;

impl Timer for Still {
    type Sleep = Pending<Result<(), TimerError>>;

    fn now(&self) -> Instant {
        Instant::EPOCH
    }

    fn sleep_until(&self, _: Instant) -> Self::Sleep {
        pending()
    }
}
