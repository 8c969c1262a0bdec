//! Moments: those of the runtime's clock, and of the platform.

use crate::support::{SECOND, Virtual, poll};
use cancel_core::{Instant, IntoDeadline, Reason};
use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Source, Std};
use std::future::pending;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

#[test]
fn x30_the_moments_of_the_system_are_deadlines() {
    let at = std::time::Instant::now() + Duration::from_secs(3600);
    let deadline = Some(Std.instant(at));
    assert_eq!(Cancelable::with_deadline(at).deadline(), deadline);
    assert_eq!(Cancelable::new().until(at).deadline(), deadline);
    let by_source = Cancelable::new().source(Source::deadline(at));
    assert_eq!(by_source.deadline(), deadline);
    let op = Cancelable::new();
    assert!(op.set_deadline(at));
    assert_eq!(op.deadline(), deadline);
}

/// Also one from before the clock's epoch.
#[test]
fn x30_a_moment_in_the_past_has_passed() {
    let mut past = vec![std::time::Instant::now()];
    past.extend(past[0].checked_sub(Duration::from_secs(3600)));
    for at in past {
        let run = Cancelable::with_deadline(at).run(async |_| unreachable!("it is too late"));
        let cancelled: Result<(), _> = smol::block_on(run);
        assert_eq!(cancelled.unwrap_err().reason(), Reason::Timeout);
    }
}

#[test]
fn x30_there_are_two_ways_to_say_that_there_is_no_deadline() {
    let clock = Virtual::new();
    for none in [None, Some(Instant::FAR_FUTURE)] {
        assert_eq!(IntoDeadline::<Virtual>::into_deadline(none), None);
        let op = clock.op().until(none).timeout(SECOND);
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        assert!(op.deadline().is_some());
        assert!(op.set_deadline(none));
        assert_eq!((op.deadline(), op.remaining()), (None, None));
        clock.advance(3600 * SECOND);
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(clock.armed(), 0);
    }
}

#[test]
fn x21_an_epoch_many_centuries_ago() {
    let years = Duration::from_secs(365 * 24 * 3600);
    let latest = Duration::MAX - 10 * SECOND;
    for age in [583 * years, 585 * years, 100_000 * years, latest] {
        for absolute in [false, true] {
            let time = VirtualTime::starting_at(Instant::EPOCH + age);
            let op = match absolute {
                false => time.operation().timeout(2 * SECOND),
                true => time.operation().until(time.now() + 2 * SECOND),
            };
            let handle = op.clone();
            let mut run = pin!(op.run(async |_| pending::<()>().await));
            assert!(poll(run.as_mut()).is_pending());
            assert_eq!(handle.remaining(), Some(2 * SECOND));
            time.advance(2 * SECOND - Duration::from_nanos(1));
            assert!(poll(run.as_mut()).is_pending());
            time.advance(Duration::from_nanos(1));
            let Poll::Ready(result) = poll(run) else {
                panic!("it does not fire after {age:?}");
            };
            assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        }
    }
}
