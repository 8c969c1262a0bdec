//! Whose time ran out, and deadlines that are moved at awkward moments.

use crate::clock::Clock;
use cancel_core::{
    Cancelled, Cause, Child, Deadline, Instant, Reason, Scope, Timer, TimerError, Token,
};
use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn fired(source: impl Future<Output = Cause>) -> Cancelled {
    match poll(pin!(source)) {
        Poll::Ready(cause) => cause.into(),
        Poll::Pending => panic!("it does not fire"),
    }
}

/// The inner of two timeouts, at a time when both have passed: as the source and a check say.
#[test]
fn x13_the_earlier_deadline_is_named() {
    // (outer, inner, whether it was the outer's)
    for (outer, inner, of_outer) in [
        (1, 2, true),
        (2, 2, true),
        (3, 2, false),
        (5, 2, false),
        (0, 0, true),
    ] {
        let clock = Clock::new();
        let whole = Deadline::new(clock).timeout(outer * SECOND);
        let step = Deadline::nested(&whole).timeout(inner * SECOND);
        clock.advance(4 * SECOND); // polled late
        let token = Token::new();
        let checked = step.check(&token).unwrap_err();
        let never = step.check(Token::never()).unwrap_err();
        assert_eq!(token.cause().as_ref(), Some(&checked));
        for cancelled in [fired(step.source()), checked, never] {
            assert_eq!(cancelled.is_from(&whole), of_outer, "{outer} {inner}");
            assert_eq!(cancelled.is_from(&step), !of_outer);
            assert_eq!(cancelled.root_reason(), Reason::Timeout);
            assert_eq!(cancelled.is_inherited(), of_outer);
            let reason = [Reason::Timeout, Reason::Parent][usize::from(of_outer)];
            assert_eq!(cancelled.reason(), reason);
            #[cfg(feature = "alloc")]
            {
                let limit = [inner, outer][usize::from(of_outer)] * SECOND;
                assert_eq!(cancelled.limit(), Some(limit));
            }
        }
    }
}

/// Of several levels: the earliest, wherever it is; of equal ones the outermost.
#[test]
fn x13_levels() {
    for (seconds, whose) in [
        ([3, 2, 1], 2),
        ([3, 1, 2], 1),
        ([1, 2, 3], 0),
        ([2, 2, 2], 0),
        ([3, 2, 2], 1),
        ([2, 3, 2], 0),
    ] {
        let clock = Clock::new();
        let [a, b, c] = seconds.map(|seconds| seconds * SECOND);
        let first = Deadline::new(clock).timeout(a);
        let second = Deadline::nested(&first).timeout(b);
        let third = Deadline::nested(&second).timeout(c);
        clock.advance(10 * SECOND);
        let cancelled = fired(third.source());
        let all = [&first, &second, &third].map(|one| cancelled.is_from(one));
        let mut expected = [false; 3];
        expected[whose] = true;
        assert_eq!(all, expected, "{seconds:?}");
        assert_eq!(cancelled.is_inherited(), whose != 2);
    }
}

/// A source wakes for its own deadline alone: the outer one has a source of its own.
#[test]
fn x13_an_outer_deadline_does_not_fire_the_inner_source() {
    let clock = Clock::new();
    let whole = Deadline::new(clock).timeout(SECOND);
    let step = Deadline::nested(&whole).timeout(5 * SECOND);
    let none = Deadline::nested(&whole);
    let (mut source, mut endless) = (pin!(step.source()), pin!(none.source()));
    clock.advance(2 * SECOND);
    assert!(poll(source.as_mut()).is_pending());
    assert!(poll(endless.as_mut()).is_pending());
    assert!(fired(whole.source()).is_from(&whole));
    // Given more time, the outer one has not passed any more when the inner one has.
    whole.set_timeout(10 * SECOND);
    clock.advance(3 * SECOND);
    let Poll::Ready(cause) = poll(source) else {
        panic!("pending");
    };
    assert_eq!(cause.origin(), Some(cancel_core::HasId::id(&step)));
}

/// The run of the inner scope, when the outer one is polled late.
#[test]
fn x13_a_scope_in_a_scope() {
    for (outer, inner, of_outer) in [(1, 2, true), (2, 1, false), (2, 2, true)] {
        let clock = Clock::new();
        let root = Token::new();
        let whole = Deadline::new(clock).timeout(outer * SECOND);
        let of_inner = Cell::new(None);
        let body = async {
            let token = pin!(Child::new(&root));
            let step = Deadline::nested(&whole).timeout(inner * SECOND);
            let mut run = pin!(Scope::new(token.enter(), pending::<()>()).source(step.source()));
            let result = poll_fn(|cx| run.as_mut().poll(cx)).await;
            let cancelled = result.unwrap_err();
            let (theirs, own) = (cancelled.is_from(&whole), cancelled.is_from(&step));
            of_inner.set(Some((theirs, own, cancelled.root_reason())));
            pending::<()>().await
        };
        let mut run = pin!(Scope::new(&root, body).source(whole.source()));
        assert!(poll(run.as_mut()).is_pending());
        clock.advance(3 * SECOND);
        let Poll::Ready(result) = poll(run) else {
            panic!("pending");
        };
        let cancelled = result.unwrap_err();
        assert!(cancelled.is_from(&whole) && !cancelled.is_inherited());
        assert_eq!(
            of_inner.get(),
            Some((of_outer, !of_outer, Reason::Timeout)),
            "{outer} {inner}"
        );
    }
}

#[cfg(feature = "alloc")]
#[test]
fn x14_the_limit_is_that_of_a_timeout() {
    let clock = Clock::new();
    let deadline = Deadline::new(clock).timeout(2 * SECOND);
    clock.advance(5 * SECOND);
    let cancelled = fired(deadline.source());
    assert_eq!(cancelled.limit(), Some(2 * SECOND));
    assert_eq!(cancelled.to_string(), "cancelled: timeout of 2s");
    deadline.set_deadline(clock.now());
    assert_eq!(fired(deadline.source()).limit(), None);
    deadline.set_timeout(Duration::ZERO);
    assert_eq!(fired(deadline.source()).limit(), Some(Duration::ZERO));
}

type Scripts = Deadline<'static, Scripted>;
/// And whether the source fires nevertheless.
type Act = (fn(&Scripts), bool);

/// A clock that goes where it is told, whose sleeps do something when they end: what comes between the end
/// of a sleep and the look of the source.
#[derive(Clone, Copy)]
struct Scripted;

struct ScriptedSleep(Instant);

thread_local! {
    static NOW: Cell<Instant> = const { Cell::new(Instant::EPOCH) };
    static AT_END: Cell<Option<Box<dyn FnOnce()>>> = const { Cell::new(None) };
}

impl Timer for Scripted {
    type Sleep = ScriptedSleep;
    fn now(&self) -> Instant {
        NOW.get()
    }
    fn sleep_until(&self, deadline: Instant) -> ScriptedSleep {
        ScriptedSleep(deadline)
    }
}

impl Future for ScriptedSleep {
    type Output = Result<(), TimerError>;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if NOW.get() < self.0 {
            return Poll::Pending;
        }
        if let Some(act) = AT_END.take() {
            act();
        }
        Poll::Ready(Ok(()))
    }
}

#[test]
fn moved_between_the_end_of_the_sleep_and_the_look() {
    let acts: [Act; 9] = [
        (|deadline| deadline.set_timeout(5 * SECOND), false),
        (
            |deadline| deadline.set_timeout(Duration::from_nanos(1)),
            false,
        ),
        (|deadline| deadline.set_timeout(Duration::MAX), false),
        (|deadline| deadline.set_deadline(None), false),
        (|deadline| deadline.set_deadline(Instant::FAR_FUTURE), false),
        (|deadline| deadline.set_timeout(Duration::ZERO), true),
        (|deadline| deadline.set_deadline(Instant::EPOCH), true),
        (|deadline| deadline.set_deadline(deadline.deadline()), true),
        (|_| (), true),
    ];
    for (number, (act, fires)) in acts.into_iter().enumerate() {
        NOW.set(Instant::EPOCH + SECOND);
        let deadline: &'static Scripts = Box::leak(Box::new(Deadline::new(Scripted)));
        deadline.set_timeout(SECOND);
        let mut source = pin!(deadline.source());
        assert!(poll(source.as_mut()).is_pending());
        NOW.set(NOW.get() + SECOND);
        AT_END.set(Some(Box::new(move || act(deadline))));
        assert_eq!(poll(source.as_mut()).is_ready(), fires, "{number}");
        assert!(AT_END.take().is_none(), "the sleep has not ended");
        if !fires {
            NOW.set(NOW.get() + 100 * SECOND);
            let is_over = deadline.deadline().is_some();
            assert_eq!(poll(source.as_mut()).is_ready(), is_over, "{number}");
        }
    }
}

/// What `now` says when the source fires does not matter: the timer's sleep has ended.
#[test]
fn a_clock_that_goes_back_a_little() {
    NOW.set(Instant::EPOCH + SECOND);
    let whole = Deadline::new(Scripted).timeout(3 * SECOND);
    let step = Deadline::nested(&whole).timeout(2 * SECOND);
    let mut source = pin!(step.source());
    assert!(poll(source.as_mut()).is_pending());
    NOW.set(Instant::EPOCH + 3 * SECOND);
    AT_END.set(Some(Box::new(|| {
        NOW.set(Instant::EPOCH + 3 * SECOND - Duration::from_nanos(1));
    })));
    let Poll::Ready(cause) = poll(source) else {
        panic!("pending");
    };
    assert!(Cancelled::from(cause).is_from(&step));
    assert_eq!(step.remaining(), Some(Duration::from_nanos(1)));
    // Before its start, or before the epoch: no time is negative.
    NOW.set(Instant::EPOCH);
    assert_eq!(step.remaining(), Some(3 * SECOND));
    assert!(step.check(&Token::new()).is_ok());
}

/// Moved to an earlier moment, a source that waits is woken, and fires without waiting for the old one.
#[test]
fn moved_to_every_earlier_moment() {
    for to in [Duration::ZERO, Duration::from_nanos(1), SECOND, 5 * SECOND] {
        for from in [None, Some(Instant::EPOCH + 3600 * SECOND)] {
            let clock = Clock::new();
            let deadline = Deadline::new(clock).until(from);
            let (wakes, waker) = crate::support::Wakes::new();
            let mut source = pin!(deadline.source());
            let mut cx = Context::from_waker(&waker);
            assert!(source.as_mut().poll(&mut cx).is_pending());
            deadline.set_timeout(to);
            assert_eq!(wakes.count(), 1, "not told");
            if !to.is_zero() {
                assert!(source.as_mut().poll(&mut cx).is_pending());
                clock.advance(to - Duration::from_nanos(1));
                assert!(source.as_mut().poll(&mut cx).is_pending());
                clock.advance(Duration::from_nanos(1));
                assert!(wakes.count() > 1, "not woken at its new end");
            }
            assert!(source.as_mut().poll(&mut cx).is_ready());
        }
    }
}

/// A timer that fails says so, whatever has passed; and it may fail when the deadline has been moved.
#[test]
fn a_timer_that_fails_is_no_timeout() {
    let clock = Clock::new();
    let whole = Deadline::new(clock).timeout(SECOND);
    let step = Deadline::nested(&whole).timeout(SECOND);
    let mut source = pin!(step.source());
    assert!(poll(source.as_mut()).is_pending());
    clock.advance(5 * SECOND);
    step.set_timeout(SECOND);
    clock.break_down();
    let Poll::Ready(cause) = poll(source) else {
        panic!("pending");
    };
    assert_eq!((cause.reason(), cause.origin()), (Reason::Error, None));
}
