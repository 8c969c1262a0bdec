//! What needs privates: the wheel against a model, entry counts, failures of the thread.

mod sleep;
mod wheel;

use super::ticks;
use std::time::Duration;

#[test]
fn deadlines_round_up_and_the_present_down() {
    let nanos = Duration::from_nanos;
    assert_eq!(ticks::up(Duration::ZERO), 0);
    assert_eq!(ticks::up(nanos(1)), 1);
    assert_eq!(ticks::up(nanos(1_000_000)), 1);
    assert_eq!(ticks::up(nanos(1_000_001)), 2);
    assert_eq!(ticks::up(nanos(999_000_001)), 1000);
    assert_eq!(ticks::down(nanos(999_999)), 0);
    assert_eq!(ticks::down(nanos(1_000_000)), 1);
    assert_eq!(ticks::up(Duration::MAX), ticks::NEVER);
    assert_eq!(ticks::down(Duration::MAX), ticks::HORIZON - 1);
    let last = Duration::from_secs(ticks::HORIZON / 1000 - 1) + nanos(999_999_999);
    assert!(ticks::up(last) < ticks::HORIZON);
    assert_eq!(
        ticks::up(Duration::from_secs(ticks::HORIZON / 1000)),
        ticks::NEVER
    );
}
