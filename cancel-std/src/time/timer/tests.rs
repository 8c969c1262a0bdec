//! What needs privates: the wheel against a model, entry counts, failures of the thread.

mod sleep;
mod wheel;

use super::ticks;
use cancel_core::Instant;
use std::time::Duration;

#[test]
fn deadlines_round_up_and_the_present_down() {
    let nanos = |nanos| Instant::EPOCH + Duration::from_nanos(nanos);
    assert_eq!(ticks::up(Instant::EPOCH), 0);
    assert_eq!(ticks::up(nanos(1)), 1);
    assert_eq!(ticks::up(nanos(1_000_000)), 1);
    assert_eq!(ticks::up(nanos(1_000_001)), 2);
    assert_eq!(ticks::up(nanos(999_000_001)), 1000);
    assert_eq!(ticks::down(nanos(999_999)), 0);
    assert_eq!(ticks::down(nanos(1_000_000)), 1);
    assert_eq!(ticks::up(Instant::FAR_FUTURE), ticks::NEVER);
    assert_eq!(ticks::down(Instant::FAR_FUTURE), ticks::HORIZON - 1);
    let horizon = Instant::EPOCH + Duration::from_secs(ticks::HORIZON / 1000);
    let last = horizon - Duration::from_nanos(1);
    assert!(ticks::up(last) < ticks::HORIZON);
    assert_eq!(ticks::up(horizon), ticks::NEVER);
}
