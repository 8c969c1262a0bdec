//! Moments: those of the runtime's clock, and of the platform.

use crate::support::{SECOND, Virtual, poll};
use cancel_core::{Instant, IntoDeadline, Reason, Timer, TimerError};
use cancel_std::testing::{VirtualSleep, VirtualTime};
use cancel_std::{Cancelable, Source, Std, generic};
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

#[test]
fn x30_the_moments_of_the_system_are_deadlines() {
    let at = std::time::Instant::now() + Duration::from_secs(3600);
    let deadline = Some(Std.instant(at));
    assert_eq!(Cancelable::with_deadline(at).build().deadline(), deadline);
    assert_eq!(Cancelable::new().deadline(at).build().deadline(), deadline);
    let by_source = Cancelable::new().source(Source::deadline(at)).build();
    assert_eq!(by_source.deadline(), deadline);
    let op = Cancelable::new().build();
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
        let op = clock.op().deadline(none).timeout(SECOND).build();
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
                true => time.operation().deadline(time.now() + 2 * SECOND),
            };
            let op = op.build();
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

/// An operation in one in one, with these timeouts in seconds, all polled late: how the innermost ends,
/// and with whose cancelation.
fn polled_late(seconds: [u32; 3]) -> (Reason, Reason, [bool; 3]) {
    let clock = Virtual::new();
    let outer = clock.op().timeout(seconds[0] * SECOND).build();
    let middle = outer.child().timeout(seconds[1] * SECOND).build();
    let inner = middle.child().timeout(seconds[2] * SECOND).build();
    let ops = [outer.clone(), middle.clone(), inner.clone()];
    let found = Mutex::new(None);
    let whole = outer.run(async |_| {
        let part = middle.run(async |_| {
            let cancelled = inner
                .run(async |_| pending::<()>().await)
                .await
                .unwrap_err();
            *found.lock().unwrap() = Some(cancelled);
            pending::<()>().await
        });
        let _ = part.await;
        pending::<()>().await
    });
    let mut run = pin!(whole);
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(10 * SECOND);
    let Poll::Ready(result) = poll(run) else {
        panic!("the outer one has not ended");
    };
    // The outer one ends by its own time, whoever noticed.
    let cancelled = result.unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
    assert!(cancelled.is_from(ops[0].token()));
    assert_eq!(clock.armed(), 0);
    let found = found
        .lock()
        .unwrap()
        .take()
        .expect("the inner one has not ended");
    let whose = ops.map(|op| found.is_from(op.token()));
    (found.reason(), found.root_reason(), whose)
}

#[test]
fn x13_the_earlier_deadline_is_named() {
    let timeout = Reason::Timeout;
    for (seconds, whose) in [
        ([1, 2, 3], 0),
        ([2, 1, 3], 1),
        ([3, 2, 1], 2),
        ([2, 3, 1], 2),
        ([2, 2, 2], 0),
        ([3, 2, 2], 1),
        ([1, 3, 2], 0),
    ] {
        let mut expected = [false; 3];
        expected[whose] = true;
        let reason = if whose == 2 { timeout } else { Reason::Parent };
        assert_eq!(
            polled_late(seconds),
            (reason, timeout, expected),
            "{seconds:?}"
        );
    }
}

/// A check says the same as the timer would.
#[test]
fn x13_a_check_of_equal_deadlines_names_the_outer_one() {
    let clock = Virtual::new();
    let outer = clock.op().timeout(SECOND).build();
    let inner = outer.child().timeout(SECOND).build();
    let (handle, outer_handle) = (inner.clone(), outer.clone());
    let run = outer.run(async |_| inner.run(async |_| pending::<()>().await).await);
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    let cancelled = handle.check().unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Parent);
    assert!(cancelled.is_from(outer_handle.token()));
}

/// The deadline above is no second request of its own: the grace period goes on.
#[test]
fn x13_the_grace_of_the_inner_one_is_not_cut() {
    let clock = Virtual::new();
    let outer = clock.op().timeout(SECOND).build();
    let inner = outer.child().timeout(2 * SECOND).grace(60 * SECOND);
    let clock_inside = clock.clone();
    let run = outer.run(async |_| {
        let saved = inner.run(async |cx| {
            cx.cancelled().await;
            clock_inside.sleep(30 * SECOND).await.unwrap();
            "saved"
        });
        saved.await
    });
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(3 * SECOND);
    for _ in 0..3 {
        assert!(poll(run.as_mut()).is_pending());
    }
    clock.advance(29 * SECOND);
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    let Poll::Ready(result) = poll(run) else {
        panic!("it has not ended");
    };
    assert_eq!(result.ok().map(Result::ok), Some(Some("saved")));
}

type Act = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Virtual time, whose next sleep to end does something.
#[derive(Clone)]
struct Nudging(VirtualTime, Act);

struct NudgingSleep(VirtualSleep, Act);

impl Timer for Nudging {
    type Sleep = NudgingSleep;
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn sleep_until(&self, deadline: Instant) -> NudgingSleep {
        NudgingSleep(self.0.sleep_until(deadline), self.1.clone())
    }
}

impl Future for NudgingSleep {
    type Output = Result<(), TimerError>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.0).poll(cx);
        if polled.is_ready() {
            let act = self.1.lock().unwrap().take();
            act.into_iter().for_each(|act| act());
        }
        polled
    }
}

/// Moved by another thread, say, between the end of the sleep and the look of the runner.
#[test]
fn moved_between_the_end_of_the_sleep_and_the_look() {
    let acts: [fn(&generic::Operation<Nudging>); 6] = [
        |op| assert!(op.set_timeout(5 * SECOND)),
        |op| assert!(op.set_timeout(Duration::from_nanos(1))),
        |op| assert!(op.set_timeout(Duration::MAX)),
        |op| assert!(op.set_deadline(None)),
        |op| assert!(op.set_timeout(Duration::ZERO)),
        |op| assert!(op.set_deadline(op.deadline())),
    ];
    for (number, act) in acts.into_iter().enumerate() {
        let time = Nudging(VirtualTime::new(), Act::default());
        let op = generic::Cancelable::on(time.clone())
            .timeout(SECOND)
            .build();
        let handle = op.clone();
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        time.0.advance(SECOND);
        let moved = handle.clone();
        *time.1.lock().unwrap() = Some(Box::new(move || act(&moved)));
        assert_eq!(poll(run.as_mut()).is_ready(), number >= 4, "{number}");
        assert!(time.1.lock().unwrap().is_none(), "the sleep has not ended");
        if number < 4 {
            time.0.advance(100 * SECOND);
            let ends = handle.deadline().is_some();
            assert_eq!(ends, number < 2);
            assert_eq!(poll(run.as_mut()).is_ready(), ends, "{number}");
        }
    }
}
