//! Between times and ticks. A tick is one millisecond since the clock's epoch.
//!
//! Deadlines are rounded up and the present is rounded down: `up(deadline) <= down(now)` therefore
//! implies `deadline <= now`, which is why nothing fires early.

use cancel_core::Instant;
use std::time::Duration;

/// The first tick that the wheel has no place for: 2^42 ms, 139 years after the epoch.
pub(super) const HORIZON: u64 = 1 << 42;

/// The tick of a deadline that no process lives to see.
pub(super) const NEVER: u64 = u64::MAX;

/// The first tick at which `deadline` has passed, or [`NEVER`] from the horizon on.
#[inline]
pub(super) fn up(deadline: Instant) -> u64 {
    let deadline = deadline.since_epoch();
    if deadline.as_secs() >= HORIZON / 1000 {
        return NEVER;
    }
    deadline.as_secs() * 1000 + u64::from(deadline.subsec_nanos().div_ceil(1_000_000))
}

/// The last tick that has begun at `now`; stands still before the horizon.
pub(super) fn down(now: Instant) -> u64 {
    let now = now.since_epoch();
    let whole = now.as_secs().saturating_mul(1000);
    whole
        .saturating_add(u64::from(now.subsec_millis()))
        .min(HORIZON - 1)
}

/// When `tick` begins. Not for [`NEVER`].
pub(super) fn start_of(tick: u64) -> Instant {
    Instant::from_epoch(Duration::from_millis(tick))
}
