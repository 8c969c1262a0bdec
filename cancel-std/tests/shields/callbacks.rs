//! Callbacks are inside the limits of their operation.

use super::support::{Cx, MILLI, SECOND, Stage, WAYS, Way};
use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, Source, Status};
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn x5_a_start_callback_that_never_ends_is_timed_out() {
    let time = VirtualTime::new();
    let (cancelled, closed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (hears, closes) = (cancelled.clone(), closed.clone());
    let op = time
        .operation()
        .timeout(50 * MILLI)
        .on_start_async(|_| pending())
        .on_start_async(|_| async { unreachable!("the one before it has not ended") })
        .on_cancel(move |_| {
            hears.fetch_add(1, SeqCst);
        })
        .finally(move |cx| async move {
            cx.sleep(SECOND).await;
            closes.fetch_add(1, SeqCst);
        })
        .build();
    let run = op.run(async |_| unreachable!("the body is not polled"));
    let result: Result<(), _> = time.block_on(run);
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    let context = op.context();
    assert_eq!(context.status(), Status::Cancelled);
    assert_eq!(context.duration(), Some(50 * MILLI + SECOND));
    assert_eq!(context.callbacks_cut_off(), 2);
    assert_eq!((cancelled.load(SeqCst), closed.load(SeqCst)), (1, 1));
    assert_eq!(time.pending_timers(), 0);
}

#[test]
fn x5_start_callbacks_are_cancelled_in_every_way() {
    for way in WAYS {
        for grace in [Duration::ZERO, 100 * SECOND] {
            let stage = Stage::new(way);
            let op = stage
                .setup()
                .grace(grace)
                .on_start_async(|_| pending())
                .build();
            let run = op.run(async |_| unreachable!("the body is not polled"));
            let result: Result<(), _> = stage.run_and_cancel(&op, run);
            assert_eq!(result.unwrap_err().reason(), stage.reason(), "{way:?}");
            // (A body that has not begun has no grace period.)
            assert_eq!(op.context().duration(), Some(SECOND / 2));
        }
    }
}

#[test]
fn x5_a_source_that_fires_during_start_callbacks_is_heard() {
    let time = VirtualTime::new();
    for endless in [true, false] {
        let clock = time.clone();
        let source = Source::future_with(|cx: &Cx| {
            let sleep = cancel_std::Timer::sleep(cx.runtime(), SECOND);
            async move {
                sleep.await.unwrap();
                (Reason::Shutdown, "source")
            }
        });
        let op = time.operation().source(source).on_start_async(move |_| {
            // Both end at the same moment: the source is looked at before the body.
            let sleep = cancel_std::Timer::sleep(&clock, SECOND);
            async move {
                sleep.await.unwrap();
                if endless {
                    pending().await
                }
            }
        });
        let run = op.run(async |_| unreachable!("the body is not polled"));
        let result: Result<(), _> = time.block_on(run);
        assert_eq!(result.unwrap_err().message(), Some("source"), "{endless}");
    }
}

#[test]
fn x5_the_time_of_start_callbacks_counts() {
    let time = VirtualTime::new();
    let clock = time.clone();
    let op = time
        .operation()
        .timeout(50 * MILLI)
        .on_start(move |_| clock.advance(10 * MILLI))
        .on_start_async(|_| async {
            let cx = Cx::current().unwrap();
            assert_eq!(cx.remaining(), Some(40 * MILLI));
            cx.sleep(20 * MILLI).await;
        })
        .build();
    let mut remaining = None;
    let run = op.run(async |cx| {
        remaining = cx.remaining();
        cx.sleep(SECOND).await;
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(remaining, Some(20 * MILLI));
    assert_eq!(op.context().duration(), Some(50 * MILLI));
    assert_eq!(op.context().callbacks_cut_off(), 0);
}

#[test]
fn x5_after_slow_start_callbacks_the_limit_is_looked_at() {
    for observed in [false, true] {
        let time = VirtualTime::new();
        let clock = time.clone();
        let op = time.operation().timeout(20 * MILLI);
        let op = match observed {
            false => op.on_start(move |_| clock.advance(80 * MILLI)),
            true => op.observe(Arc::new(Slow(clock))),
        };
        let run = op.run(async |_| unreachable!("its time is over"));
        let result: Result<(), _> = time.block_on(run);
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    }
}

struct Slow(VirtualTime);

impl cancel_std::Observer for Slow {
    fn started(&self, _: &cancel_std::Context) {
        self.0.advance(80 * MILLI);
    }
}

/// The same for limits of parents, and of blocking bodies.
#[test]
fn x5_after_slow_start_callbacks_the_limits_above_are_looked_at() {
    let time = VirtualTime::new();
    let clock = time.clone();
    let run = time.operation().timeout(20 * MILLI).run(async |cx| {
        let clock = clock.clone();
        let child = cx.child().on_start(move |_| clock.advance(80 * MILLI));
        let run = child.run(async |_| unreachable!("its time is over"));
        let result: Result<(), _> = run.await;
        result.unwrap_err().root_reason()
    });
    // (The body of the parent has returned in the same poll.)
    assert_eq!(time.block_on(run), Ok(Reason::Timeout));

    let clock = time.clone();
    let op = time.operation().timeout(20 * MILLI);
    let op = op.on_start(move |_| clock.advance(80 * MILLI));
    let result: Result<(), _> = op.run_blocking(|_| unreachable!("its time is over"));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Complete,
    Cancel,
    Error,
}

/// An operation that ends after half a second like this, with callbacks that never end.
fn endless(stage: &Stage, end: End, limit: Option<Duration>) -> (super::support::Op, u32) {
    let op = stage.setup().on_progress_async(|_| pending());
    let op = match end {
        End::Complete => op.on_complete_async(|_| pending()).on_complete_async(never),
        End::Cancel => op.on_cancel_async(|_| pending()).on_cancel_async(never),
        End::Error => op.on_error_async(|_| pending()).on_error_async(never),
    };
    let op = match limit {
        Some(limit) => op.callback_limit(limit),
        None => op,
    };
    (op.build(), 2 + 2) // two of progress, two of the end
}

async fn never(_: cancel_std::Context) {
    unreachable!("the one before it has not ended")
}

async fn body(cx: &Cx, end: End) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    cx.progress(1, 2);
    cx.progress(2, 2);
    match end {
        End::Complete => Ok(()),
        End::Error => Err("broken".into()),
        End::Cancel => {
            cx.cancel();
            cx.sleep(Duration::MAX).await;
            Ok(())
        }
    }
}

#[test]
fn x5_callbacks_after_the_body_have_a_limit() {
    for end in [End::Complete, End::Cancel, End::Error] {
        for limit in [None, Some(3 * SECOND), Some(Duration::ZERO)] {
            let stage = Stage::new(Way::Cancel);
            let (op, callbacks) = endless(&stage, end, limit);
            let begun = stage.time.now();
            let run = op.try_run(async |cx| body(cx, end).await);
            let _ = stage.time.block_on(run);
            let took = stage.time.now() - begun;
            assert_eq!(took, limit.unwrap_or(SECOND), "{end:?}"); // one second by default
            let context = op.context();
            assert_eq!(context.callbacks_cut_off(), callbacks, "{end:?} {limit:?}");
            assert_eq!(context.callback_panics(), 0);
            assert_eq!(stage.time.pending_timers(), 0);
        }
    }
}

#[test]
fn x5_force_ends_callbacks_at_once() {
    for end in [End::Complete, End::Cancel, End::Error] {
        for from_above in [false, true] {
            let stage = Stage::new(Way::Force);
            let (op, callbacks) = endless(&stage, end, Some(Duration::MAX));
            let (handle, parent) = (op.clone(), stage.parent.clone());
            let later = cancel_std::Timer::sleep(&stage.time, 5 * SECOND);
            let begun = stage.time.now();
            stage.time.block_on(async {
                let run = op.try_run(async |cx| body(cx, end).await);
                let forced = async {
                    later.await.unwrap();
                    match from_above {
                        true => parent.force(),
                        false => handle.force(),
                    }
                };
                let _ = futures_util::future::join(run, forced).await;
            });
            assert_eq!(stage.time.now() - begun, 5 * SECOND, "{end:?} {from_above}");
            // (The force comes before the end of the failed one, which has become a cancelled one.)
            let expected = if end == End::Error { 2 } else { callbacks };
            assert_eq!(op.context().callbacks_cut_off(), expected, "{end:?}");
        }
    }
}

/// Neither a cancel nor a timeout ends them: they are told of it.
#[test]
fn x5_callbacks_after_the_body_are_not_cancelled() {
    for way in [Way::Cancel, Way::Timeout, Way::Parent] {
        let stage = Stage::new(way);
        let told = Arc::new(Mutex::new(false));
        let tells = told.clone();
        let op = stage
            .setup()
            .on_complete_async(move |_| {
                let told = tells.clone();
                async move {
                    Cx::current().unwrap().sleep(SECOND - MILLI).await;
                    *told.lock().unwrap() = true;
                }
            })
            .build();
        let handle = op.clone();
        let run = op.run(async |_| 5);
        assert_eq!(stage.run_and_cancel(&handle, run), Ok(5));
        assert!(*told.lock().unwrap(), "{way:?}");
        assert_eq!(op.context().callbacks_cut_off(), 0);
    }
}

/// The limit is for callbacks alone.
#[test]
fn x5_the_time_of_cleanups_does_not_count() {
    let time = VirtualTime::new();
    let told = Arc::new(AtomicU32::new(0));
    let [progress, end] = [told.clone(), told.clone()];
    let op = time
        .operation()
        .on_progress_async(move |_| {
            let told = progress.clone();
            async move {
                Cx::current().unwrap().sleep(SECOND / 2).await;
                told.fetch_add(1, SeqCst);
            }
        })
        .on_complete_async(move |_| {
            let told = end.clone();
            async move {
                Cx::current().unwrap().sleep(SECOND / 4).await;
                told.fetch_add(10, SeqCst);
            }
        })
        .finally(|cx| async move { cx.sleep(100 * SECOND).await })
        .build();
    let run = op.run(async |cx| cx.progress(1, 2));
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!(told.load(SeqCst), 11);
    assert_eq!(op.context().callbacks_cut_off(), 0);
}

/// Beside the body they have as long as it has.
#[test]
fn x5_progress_callbacks_beside_the_body_may_take_long() {
    let time = VirtualTime::new();
    let told = Arc::new(AtomicU32::new(0));
    let tells = told.clone();
    let op = time.operation().on_progress_async(move |_| {
        let told = tells.clone();
        async move {
            Cx::current().unwrap().sleep(10 * SECOND).await;
            told.fetch_add(1, SeqCst);
        }
    });
    let op = op.build();
    let run = op.run(async |cx| {
        cx.progress(1, 2);
        cx.sleep(11 * SECOND).await;
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!(told.load(SeqCst), 1);
    assert_eq!(op.context().callbacks_cut_off(), 0);
}

/// A child with such callbacks does not hold what is around it for longer than that.
#[test]
fn x5_callbacks_of_a_child_hold_its_parent_for_the_limit() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(5 * SECOND).build();
    let run = op.run(async |cx| {
        let child = cx.child().on_cancel_async(|_| pending());
        child.run(async |cx| cx.sleep(Duration::MAX).await).await
    });
    assert!(time.block_on(run).is_ok_and(|inner| inner.is_err()) || op.is_cancelled());
    assert_eq!(op.context().duration(), Some(6 * SECOND));
}

#[test]
fn x5_of_two_limits_the_longer_one_counts() {
    for swapped in [false, true] {
        let time = VirtualTime::new();
        let limits = match swapped {
            false => [2 * SECOND, 7 * SECOND],
            true => [7 * SECOND, 2 * SECOND],
        };
        let [a, b] = limits.map(|limit| time.operation().callback_limit(limit));
        let op = a.combine(b).on_complete_async(|_| pending());
        let begun = time.now();
        time.block_on(op.run(async |_| ())).unwrap();
        assert_eq!(time.now() - begun, 7 * SECOND);
    }
}

#[test]
fn x5_a_timer_that_fails_does_not_keep_the_callbacks() {
    let time = VirtualTime::new();
    let broken = time.clone();
    let op = time.operation().on_complete_async(move |_| {
        broken.fail("broken");
        pending()
    });
    let op = op.build();
    assert_eq!(time.block_on(op.run(async |_| 5)), Ok(5));
    assert_eq!(op.context().callbacks_cut_off(), 1);
}
