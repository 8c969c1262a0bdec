//! Time limits of futures, and what timers do to grace periods.

use crate::support::{Clock, SECOND, Task};
use cancel_core::{Reason, Scope, TimeoutExt, Token};
use std::future::{pending, ready};
use std::task::Poll;
use std::time::Duration;

#[test]
fn a_future_with_a_time_limit() {
    let clock = Clock::new();
    let gate = Token::new();
    let mut task = Task::new(gate.cancelled().timeout(&&clock, SECOND));
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Ok(_))));
    assert_eq!(clock.armed(), 0);

    let mut task = Task::new(pending::<()>().timeout(&&clock, SECOND));
    assert!(task.go().is_pending());
    clock.advance(SECOND - Duration::from_nanos(1));
    assert!(task.go().is_pending());
    clock.advance(Duration::from_nanos(1));
    let Poll::Ready(Err(why)) = task.go() else {
        panic!("not over")
    };
    assert_eq!((why.reason(), why.limit()), (Reason::Timeout, Some(SECOND)));

    // In a tie the future wins; zero polls once; there is no upper bound.
    let zero = ready(5).timeout(&&clock, Duration::ZERO);
    assert_eq!(Task::new(zero).go(), Poll::Ready(Ok(5)));
    let zero = pending::<()>().timeout(&&clock, Duration::ZERO);
    assert!(matches!(Task::new(zero).go(), Poll::Ready(Err(_))));
    let mut huge = Task::new(pending::<()>().timeout(&&clock, Duration::MAX));
    assert!(huge.go().is_pending());
    clock.advance(1_000_000 * SECOND);
    assert!(huge.go().is_pending());
    clock.break_down();
    let Poll::Ready(Err(why)) = huge.go() else {
        panic!("not over")
    };
    assert_eq!((why.reason(), why.limit()), (Reason::Error, None));
}

/// It counts from the call.
#[test]
fn a_time_limit_that_has_passed() {
    let clock = Clock::new();
    let late = pending::<()>().timeout(&&clock, SECOND);
    clock.advance(SECOND);
    assert!(matches!(Task::new(late).go(), Poll::Ready(Err(_))));
}

#[test]
fn grace_periods_of_all_lengths() {
    for (grace, at_once) in [(Duration::ZERO, true), (Duration::MAX, false)] {
        let (token, clock) = (Token::new(), Clock::new());
        let run = Scope::new(&token, pending::<()>()).grace(&clock, grace);
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        assert_eq!(clock.armed(), 0, "begins with the cancelation");
        token.cancel();
        assert_eq!(task.go().is_ready(), at_once);
        if !at_once {
            clock.break_down(); // an error is its end, too
            assert!(task.go().is_ready());
        }
    }
}
