//! Timeouts and deadlines, on virtual time.

use crate::support::{LONG, SECOND, Virtual, Wakes, poll};
use cancel_core::{Instant, Reason, Timer};
use cancel_std::{Cancelable, Status};
use std::error::Error;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

#[test]
fn the_timeout_starts_with_the_operation() {
    let clock = Virtual::new();
    let op = clock.op().timeout(2 * SECOND).build();
    let run = op.run(async |_| pending::<()>().await);
    clock.advance(10 * SECOND);
    assert_eq!((op.deadline(), op.remaining()), (None, None));
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(op.remaining(), Some(2 * SECOND));
    clock.advance(SECOND);
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(op.remaining(), Some(SECOND));
    clock.advance(SECOND);
    assert_eq!(op.remaining(), Some(Duration::ZERO));
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
    assert_eq!(op.remaining(), None);
}

#[test]
fn zero_never_polls_the_body() {
    let clock = Virtual::new();
    let ops = [
        clock.op().timeout(Duration::ZERO),
        clock.op().deadline(clock.now()),
        clock.op().deadline(Instant::EPOCH),
        clock.op().timeout(LONG).timeout(Duration::ZERO),
    ];
    for op in ops {
        let op = op.build();
        let result = smol::block_on(op.run(|_: &_| -> std::future::Ready<()> { panic!("called") }));
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        assert_eq!(op.status(), Status::Cancelled);
        assert_eq!(op.context().duration(), Some(Duration::ZERO));
    }
    let result = smol::block_on(Cancelable::with_timeout(Duration::ZERO).run(async |_| 5));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}

#[test]
fn the_longest_durations_never_end_nor_overflow() {
    for long in [
        Duration::MAX,
        Duration::MAX - SECOND,
        Duration::from_secs(u64::MAX / 2),
    ] {
        let clock = Virtual::new();
        let ops = [
            clock.op().timeout(long),
            clock.op().deadline(Instant::EPOCH + long),
        ];
        for op in ops {
            let op = op.build();
            let mut run = pin!(op.run(async |_| pending::<()>().await));
            assert!(poll(run.as_mut()).is_pending());
            clock.advance(1000 * 24 * LONG);
            assert!(poll(run.as_mut()).is_pending());
            assert!(op.check().is_ok());
            // All but the end of all time can be said, and is waited for.
            let armed = usize::from(op.deadline().is_some());
            assert_eq!(clock.armed(), armed);
            assert!(armed == 0 || long < Duration::MAX);
            assert!(op.set_timeout(long) && op.set_deadline(Instant::EPOCH + long));
            assert!(poll(run.as_mut()).is_pending());
        }
        assert_eq!(
            smol::block_on(Cancelable::with_timeout(long).run(async |_| 5)),
            Ok(5)
        );
    }
}

#[test]
fn the_effective_deadline_is_the_earliest_of_the_ancestors() {
    let clock = Virtual::new();
    let start = clock.now();
    let parent = clock.op().timeout(2 * SECOND).build();
    let long = parent.child().timeout(LONG).build();
    let short = parent.child().timeout(SECOND).build();
    let mut runs = Vec::new();
    for op in [&parent, &long, &short] {
        let mut run = Box::pin(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        runs.push(run);
    }
    assert_eq!(long.deadline(), Some(start + 2 * SECOND));
    assert_eq!(short.deadline(), Some(start + SECOND));
    assert_eq!(short.child().build().deadline(), Some(start + SECOND));
    clock.advance(SECOND);
    assert!(poll(runs[1].as_mut()).is_pending());
    assert!(poll(runs[2].as_mut()).is_ready());
    assert_eq!(short.context().reason(), Some(Reason::Timeout));
    // What has ended limits nobody any more.
    assert_eq!(short.child().build().deadline(), Some(start + 2 * SECOND));
    clock.advance(SECOND);
    assert!(poll(runs[0].as_mut()).is_ready());
    assert!(poll(runs[1].as_mut()).is_ready());
    assert_eq!(long.context().reason(), Some(Reason::Parent));
}

#[test]
fn check_cancels_whose_deadline_it_is() {
    let clock = Virtual::new();
    let parent = clock.op().timeout(SECOND).build();
    let run = parent.run(async |cx| {
        let child = cx.child().timeout(2 * SECOND);
        let inner = child.run(async |cx| {
            clock.advance(10 * SECOND); // both are over, the parent's first
            let why = cx.check().unwrap_err();
            assert_eq!(
                (why.reason(), why.root_reason()),
                (Reason::Parent, Reason::Timeout)
            );
        });
        inner.await.unwrap();
        assert_eq!(cx.operation().context().reason(), Some(Reason::Timeout));
    });
    smol::block_on(run).unwrap();

    let parent = clock.op().timeout(2 * SECOND);
    let run = parent.run(async |cx| {
        let child = cx.child().timeout(SECOND);
        let inner = child.run(async |cx| {
            clock.advance(SECOND);
            assert_eq!(cx.check().unwrap_err().reason(), Reason::Timeout);
        });
        inner.await.unwrap();
        assert!(cx.check().is_ok());
    });
    smol::block_on(run).unwrap();
}

#[test]
fn tightened_while_running() {
    let clock = Virtual::new();
    let op = clock.op().timeout(LONG).build();
    let wakes = Arc::new(Wakes::default());
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(wakes.poll(run.as_mut()).is_pending());
    assert_eq!(clock.armed(), 1);
    op.set_timeout(SECOND);
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_pending());
    assert_eq!((op.remaining(), clock.armed()), (Some(SECOND), 1));
    clock.advance(SECOND);
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_ready());
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
    assert!(!op.set_timeout(LONG) && !op.set_deadline(Instant::EPOCH + LONG));
    assert_eq!(op.deadline(), None);
}

#[test]
fn limited_only_while_running() {
    let clock = Virtual::new();
    let op = clock.op().build();
    let wakes = Arc::new(Wakes::default());
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(wakes.poll(run.as_mut()).is_pending());
    assert_eq!(clock.armed(), 0);
    op.set_deadline(clock.now() + SECOND);
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_pending());
    op.set_timeout(Duration::ZERO);
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_ready());
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
}

#[test]
fn extended_while_running() {
    let clock = Virtual::new();
    let op = clock.op().timeout(SECOND).build();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND / 2);
    op.set_timeout(2 * SECOND);
    clock.advance(SECOND); // past the old one, which nobody has polled
    assert!(poll(run.as_mut()).is_pending());
    // The sleep has fired, but the deadline moves before anyone looks.
    clock.advance(SECOND);
    op.set_timeout(SECOND);
    assert!(poll(run.as_mut()).is_pending());
    op.set_timeout(Duration::MAX);
    clock.advance(LONG);
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!((op.deadline(), clock.armed()), (None, 0));
}

#[test]
fn set_before_the_start() {
    let clock = Virtual::new();
    let op = clock
        .op()
        .timeout(SECOND)
        .deadline(clock.now() + SECOND)
        .build();
    op.set_timeout(10 * SECOND); // replaces both
    clock.advance(5 * SECOND);
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(op.remaining(), Some(10 * SECOND));

    let op = clock.op().timeout(SECOND).build();
    op.set_deadline(clock.now() + 7 * SECOND);
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(op.remaining(), Some(7 * SECOND));
}

#[test]
fn in_a_tie_the_body_wins() {
    let clock = Virtual::new();
    let op = clock.op().timeout(SECOND).build();
    let mut run = pin!(op.run(async |cx| cx.sleep(SECOND).await));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    assert_eq!(poll(run.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(op.context().cause(), None);
}

#[test]
fn a_broken_timer_is_no_timeout() {
    let clock = Virtual::new();
    let op = clock.op().timeout(SECOND).build();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    clock.break_down();
    let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
        panic!("still runs")
    };
    assert_eq!(why.reason(), Reason::Error);
    assert_eq!(why.source().unwrap().to_string(), "timer failed: broken");
    assert_eq!(
        op.context().message(),
        Some("the timer of the deadline failed")
    );
}

#[test]
fn a_broken_sleep_cancels() {
    let clock = Virtual::new();
    let op = clock.op();
    let result = smol::block_on(op.run(async |cx| {
        clock.break_down();
        loop {
            cx.sleep(SECOND).await;
            assert!(!cx.is_cancelled(), "goes on");
        }
    }));
    let result: Result<(), _> = result;
    let why = result.unwrap_err();
    assert_eq!(why.reason(), Reason::Error);
    assert_eq!(why.message(), Some("the timer of a sleep failed"));
    assert_eq!(why.source().unwrap().to_string(), "timer failed: broken");

    // Outside of a run it ends, and says so by the token.
    let op = clock.op().build();
    let cx = op.within(Clone::clone);
    smol::block_on(cx.sleep(SECOND));
    assert!(op.is_cancelled());
}

#[test]
fn a_sleep_counts_from_the_call() {
    let clock = Virtual::new();
    let cx = clock.op().build().within(Clone::clone);
    let mut sleep = pin!(cx.sleep(SECOND));
    clock.advance(SECOND);
    assert!(poll(sleep.as_mut()).is_pending()); // gives way once
    assert!(poll(sleep.as_mut()).is_ready());
}

#[test]
fn a_parent_limits_its_children_only_while_it_runs() {
    let clock = Virtual::new();
    let grandparent = clock.op().timeout(10 * SECOND).build();
    let parent = grandparent.child().deadline(clock.now() + SECOND).build();
    let child = parent.child().build();
    assert_eq!(parent.remaining(), Some(SECOND)); // its own
    assert_eq!((child.deadline(), child.remaining()), (None, None));
    clock.advance(SECOND);
    assert_eq!(smol::block_on(child.run(async |cx| cx.check())), Ok(Ok(())));
    assert!(!parent.token().is_cancelled()); // (it would be if it were asked itself)

    // A pending one hides nobody.
    let mut run = pin!(grandparent.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    let child = parent.child().build();
    assert_eq!(child.remaining(), Some(10 * SECOND));

    // Running it limits, with the limits that were set before.
    assert!(parent.set_deadline(clock.now() + 2 * SECOND));
    assert_eq!(child.remaining(), Some(10 * SECOND));
    let mut run = pin!(parent.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(child.remaining(), Some(2 * SECOND));
    clock.advance(2 * SECOND);
    let why = child.check().unwrap_err();
    assert_eq!(
        (why.reason(), why.root_reason()),
        (Reason::Parent, Reason::Timeout)
    );
    assert!(poll(run.as_mut()).is_ready());

    // And no more when it has ended.
    let late = parent.child().build();
    assert_eq!(late.remaining(), Some(8 * SECOND));
}

#[test]
fn a_pending_operation_keeps_to_its_own_deadline() {
    let clock = Virtual::new();
    let op = clock.op().deadline(clock.now() + SECOND).build();
    assert_eq!(op.check(), Ok(()));
    clock.advance(SECOND);
    assert_eq!(op.check().unwrap_err().reason(), Reason::Timeout);
    assert!(op.is_cancelled());
}
