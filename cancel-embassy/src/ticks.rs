//! Between durations and ticks.

use core::time::Duration;
use embassy_time::{Instant, TICK_HZ};

const NANOS: u64 = 1_000_000_000;

/// The first moment of embassy's clock that is not before `time`; `None` if its ticks do not reach
/// that far.
///
/// # Examples
///
/// ```
/// use cancel_embassy::instant_of;
/// use embassy_time::{Instant, TICK_HZ};
/// use std::time::Duration;
///
/// assert_eq!(instant_of(Duration::from_secs(2)), Some(Instant::from_ticks(2 * TICK_HZ)));
/// assert_eq!(instant_of(Duration::from_nanos(1)), Some(Instant::from_ticks(1))); // rounds up
/// assert_eq!(instant_of(Duration::MAX), None);
/// ```
pub fn instant_of(time: Duration) -> Option<Instant> {
    ticks(time, TICK_HZ).map(Instant::from_ticks)
}

/// A moment of embassy's clock as a time since its epoch, which is what a
/// [`Timer`](cancel_core::Timer) deals in. Rounds down to a nanosecond.
///
/// # Examples
///
/// ```
/// use cancel_embassy::{duration_of, instant_of};
/// use embassy_time::Instant;
/// use std::time::Duration;
///
/// let deadline = duration_of(Instant::from_millis(1500));
/// assert_eq!(deadline, Duration::from_millis(1500));
/// assert_eq!(instant_of(deadline), Some(Instant::from_millis(1500)));
/// ```
pub fn duration_of(instant: Instant) -> Duration {
    duration(instant.as_ticks(), TICK_HZ)
}

/// Rounds up, so that nothing is due early.
fn ticks(time: Duration, hz: u64) -> Option<u64> {
    // (No rate that embassy has makes the product overflow.)
    let part = (u64::from(time.subsec_nanos()) * hz).div_ceil(NANOS);
    time.as_secs().checked_mul(hz)?.checked_add(part)
}

/// Rounds down: `ticks` of it gives back the same number, as long as a tick is not shorter than a
/// nanosecond.
fn duration(ticks: u64, hz: u64) -> Duration {
    let part = (ticks % hz) * NANOS / hz;
    Duration::new(ticks / hz, part as u32)
}
