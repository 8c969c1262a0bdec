//! A clock that stands still.

use cancel_core::{Timer, TimerError};
use core::future::{Pending, pending};
use core::time::Duration;

#[derive(Clone)]
pub(crate) struct Still;

impl Timer for Still {
    type Sleep = Pending<Result<(), TimerError>>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, _: Duration) -> Self::Sleep {
        pending()
    }
}
