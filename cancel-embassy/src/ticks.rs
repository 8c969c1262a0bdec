//! Between times and ticks.

use cancel_core::Instant;
use core::time::Duration;
use embassy_time::TICK_HZ;

const NANOS: u64 = 1_000_000_000;

/// Rounds up; `None` if embassy's ticks do not reach that far.
pub(crate) fn to_embassy(at: Instant) -> Option<embassy_time::Instant> {
    ticks(at.since_epoch(), TICK_HZ).map(embassy_time::Instant::from_ticks)
}

/// Rounds down to a nanosecond.
pub(crate) fn from_embassy(at: embassy_time::Instant) -> Instant {
    Instant::from_epoch(duration(at.as_ticks(), TICK_HZ))
}

/// How many ticks a time takes, at least; `None` if there are not as many.
pub(crate) fn ticks_of(time: Duration) -> Option<embassy_time::Duration> {
    ticks(time, TICK_HZ).map(embassy_time::Duration::from_ticks)
}

/// Rounds up, so that nothing is due early.
#[inline]
fn ticks(time: Duration, hz: u64) -> Option<u64> {
    let nanos = time.subsec_nanos();
    let part = match NANOS % hz {
        // The most common rates, without a division of 64 bits, for which small machines need code.
        0 => u64::from(nanos.div_ceil((NANOS / hz) as u32)),
        // (No rate that embassy has makes the product overflow.)
        _ => (u64::from(nanos) * hz).div_ceil(NANOS),
    };
    time.as_secs().checked_mul(hz)?.checked_add(part)
}

/// Rounds down: `ticks` of it gives back the same number, as long as a tick is not shorter than a
/// nanosecond.
fn duration(ticks: u64, hz: u64) -> Duration {
    let part = (ticks % hz) * NANOS / hz;
    Duration::new(ticks / hz, part as u32)
}

#[cfg(test)]
mod tests {
    use super::{NANOS, duration, ticks};
    use core::time::Duration;

    /// Some of the rates that embassy has, the slowest and the fastest among them.
    const RATES: [u64; 12] = [
        1,
        2,
        10,
        64,
        1_000,
        32_768,
        375_000,
        1_000_000,
        133_000_000,
        1_000_000_000,
        1_310_720_000,
        5_242_880_000,
    ];

    const TIMES: [Duration; 10] = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_nanos(999),
        Duration::from_nanos(30_517),
        Duration::from_nanos(30_518),
        Duration::from_nanos(999_999_999),
        Duration::from_secs(1),
        Duration::from_millis(1_001),
        Duration::new(86_400, 123_456_789),
        Duration::new(3_000_000_000, 999_999_999),
    ];

    #[test]
    fn the_smallest_number_of_ticks_that_is_not_early() {
        for hz in RATES {
            for time in TIMES {
                let ticks = ticks(time, hz).map(u128::from).unwrap();
                // Exactly, in units of 1 / (hz * NANOS) seconds:
                let due = time.as_nanos() * u128::from(hz);
                assert!(ticks * u128::from(NANOS) >= due, "{time:?} at {hz} Hz");
                assert!(
                    ticks == 0 || (ticks - 1) * u128::from(NANOS) < due,
                    "{time:?} at {hz} Hz"
                );
            }
        }
    }

    #[test]
    fn a_clock_that_has_reached_the_ticks_has_reached_the_time() {
        for hz in RATES {
            for time in TIMES {
                let reached = duration(ticks(time, hz).unwrap(), hz);
                assert!(reached >= time, "{time:?} at {hz} Hz: {reached:?}");
            }
        }
    }

    #[test]
    fn there_and_back_is_the_same_tick() {
        for hz in RATES.into_iter().filter(|&hz| hz <= NANOS) {
            for count in [0, 1, 2, 3, 7, hz - 1, hz, hz + 1, 1_000 * hz + 999] {
                assert_eq!(ticks(duration(count, hz), hz), Some(count), "{hz} Hz");
            }
        }
    }

    #[test]
    fn what_the_ticks_do_not_reach_is_never() {
        for hz in RATES {
            assert_eq!(ticks(Duration::MAX, hz), None, "{hz} Hz");
            let last = duration(u64::MAX, hz);
            assert!(ticks(last, hz).is_some(), "{hz} Hz");
            assert_eq!(ticks(last.saturating_add(Duration::from_secs(2)), hz), None);
        }
        assert_eq!(ticks(Duration::from_secs(u64::MAX), 1), Some(u64::MAX));
        assert_eq!(ticks(Duration::new(u64::MAX, 1), 1), None);
    }

    #[test]
    fn time_never_runs_backwards() {
        for hz in RATES {
            for count in [0, hz - 1, hz, u64::MAX - 2] {
                assert!(duration(count, hz) <= duration(count + 1, hz), "{hz} Hz");
            }
        }
    }
}
