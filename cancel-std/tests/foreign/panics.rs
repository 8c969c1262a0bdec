//! Panics beside the body: nothing that is to be done afterwards is left out.

use crate::{bounded, poll, quietly};
use cancel_std::testing::{TestWaker, VirtualTime};
use cancel_std::{Cancelable, Cx, Instant, Reason, Source, Status, Timer, TimerError, generic};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        quietly("a drop");
    }
}

#[test]
fn a_source_that_panics_when_it_is_made_fires() {
    let closed = Arc::new(AtomicBool::new(false));
    let seen = closed.clone();
    let op = Cancelable::new()
        .source(Source::future_with(|_| {
            if true {
                quietly("no sensor")
            }
            pending::<Reason>()
        }))
        .finally(async move |_| seen.store(true, Ordering::SeqCst));
    let cancelled = smol::block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Error);
    assert_eq!(cancelled.message(), Some("a source panicked: no sensor"));
    assert!(closed.load(Ordering::SeqCst));
}

#[test]
fn the_cleanup_runs_although_the_drop_of_the_body_panics() {
    let closed = AtomicBool::new(false);
    let op = Cancelable::new().build();
    let handle = op.clone();
    let mut run = Box::pin(op.run_finally(
        async |_| {
            let _bomb = PanicsOnDrop;
            pending::<()>().await;
        },
        async |_| closed.store(true, Ordering::SeqCst),
    ));
    assert!(poll(run.as_mut()).is_pending());
    handle.cancel();
    let payload = catch_unwind(AssertUnwindSafe(|| poll(run.as_mut()))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a drop"));
    assert!(closed.load(Ordering::SeqCst));
    assert_eq!(handle.status(), Status::Cancelled);
}

#[test]
fn the_cleanup_runs_although_a_callback_of_the_token_panics_at_the_timeout() {
    let time = VirtualTime::new();
    let closed = AtomicBool::new(false);
    let dropped = Arc::new(());
    let op = time.operation().timeout(Duration::from_secs(1)).build();
    let _registration = op.token().on_cancel(|_| quietly("a callback"));
    let kept = dropped.clone();
    let mut run = Box::pin(op.run_finally(
        async move |_| {
            let _kept = kept;
            pending::<()>().await;
        },
        async |_| {
            assert_eq!(Arc::strong_count(&dropped), 1);
            closed.store(true, Ordering::SeqCst);
        },
    ));
    assert!(poll(run.as_mut()).is_pending());
    time.advance(Duration::from_secs(1));
    let payload = catch_unwind(AssertUnwindSafe(|| poll(run.as_mut()))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a callback"));
    assert!(closed.load(Ordering::SeqCst));
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn a_shield_holds_although_a_callback_of_the_token_panics_at_the_timeout() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(Duration::from_secs(1)).build();
    let _registration = op.token().on_cancel(|_| quietly("a callback"));
    let saved = AtomicBool::new(false);
    let run = op.run(async |cx| {
        let save = async {
            cx.sleep(Duration::from_secs(5)).await;
            saved.store(true, Ordering::SeqCst);
        };
        cx.shield_future(save).await;
    });
    let payload = catch_unwind(AssertUnwindSafe(|| time.block_on(run))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a callback"));
    assert!(saved.into_inner());
    assert_eq!(op.status(), Status::Cancelled);
}

/// A runtime whose sleeps panic when they are over.
#[derive(Clone)]
struct Bad(VirtualTime);

struct BadSleep(Pin<Box<<VirtualTime as Timer>::Sleep>>);

impl Timer for Bad {
    type Sleep = BadSleep;

    fn now(&self) -> Instant {
        Timer::now(&self.0)
    }

    fn sleep_until(&self, at: Instant) -> BadSleep {
        BadSleep(Box::pin(self.0.sleep_until(at)))
    }
}

impl Future for BadSleep {
    type Output = Result<(), TimerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0.as_mut().poll(cx) {
            Poll::Ready(_) => quietly("a timer"),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[test]
fn x19_a_shield_holds_although_the_timer_of_the_deadline_panics() {
    let time = VirtualTime::new();
    let op = generic::Cancelable::on(Bad(time.clone()))
        .timeout(Duration::from_secs(1))
        .build();
    let (saved, closed) = (AtomicBool::new(false), AtomicBool::new(false));
    let run = op.run_finally(
        async |cx| {
            let save = async {
                time.sleep(Duration::from_secs(5)).await.unwrap();
                saved.store(true, Ordering::SeqCst);
            };
            cx.shield_future(save).await;
            pending::<()>().await;
        },
        async |_| closed.store(true, Ordering::SeqCst),
    );
    let payload = catch_unwind(AssertUnwindSafe(|| time.block_on(run))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a timer"));
    assert!(saved.into_inner() && closed.into_inner());
    assert_eq!(op.context().reason(), Some(Reason::Error));
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn a_blocking_body_is_not_over_when_a_callback_of_the_token_panics() {
    bounded(|| {
        let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
        let (told, tells) = std::sync::mpsc::channel();
        let _registration = op.token().on_cancel(move |_| {
            told.send(()).unwrap();
            quietly("a callback")
        });
        let mut seen = None;
        let run = || {
            op.run_blocking(|cx| {
                // Where no thread of the pool is free, nobody tells.
                let _ = tells.recv_timeout(Duration::from_secs(5));
                std::thread::sleep(Duration::from_millis(20));
                seen = Some(cx.operation().status());
            })
        };
        let _ = catch_unwind(AssertUnwindSafe(run));
        assert_eq!(seen, Some(Status::Running));
    });
}

#[test]
fn the_cleanup_runs_although_the_drop_of_a_body_that_never_began_panics() {
    let closed = AtomicBool::new(false);
    let op = Cancelable::new().build();
    op.cancel();
    let bomb = PanicsOnDrop;
    let mut run = Box::pin(op.run_finally(
        async move |_| drop(bomb),
        async |_| closed.store(true, Ordering::SeqCst),
    ));
    let payload = catch_unwind(AssertUnwindSafe(|| poll(run.as_mut()))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a drop"));
    assert!(closed.load(Ordering::SeqCst));
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn the_cleanup_runs_although_the_drop_of_a_finished_body_panics() {
    struct Finished;

    impl Future for Finished {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    impl Drop for Finished {
        fn drop(&mut self) {
            quietly("a drop");
        }
    }

    let closed = Arc::new(AtomicBool::new(false));
    let seen = closed.clone();
    let op = Cancelable::new()
        .finally(async move |_| seen.store(true, Ordering::SeqCst))
        .build();
    let mut run = Box::pin(op.run(|_: &Cx| Finished));
    let payload = catch_unwind(AssertUnwindSafe(|| poll(run.as_mut()))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a drop"));
    assert!(closed.load(Ordering::SeqCst));
    assert_eq!(op.context().error(), Some("panicked: a drop"));
}

#[test]
fn a_source_whose_drop_panics_does_not_take_the_outcome_along() {
    struct Never(#[allow(dead_code)] PanicsOnDrop);

    impl Future for Never {
        type Output = Reason;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Reason> {
            Poll::Pending
        }
    }

    let op = Cancelable::new()
        .source(Source::future(Never(PanicsOnDrop)))
        .build();
    assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    assert_eq!(op.status(), Status::Completed);
}

#[test]
fn force_outlives_a_waker_that_panics() {
    let op = Cancelable::new().grace(Duration::from_secs(3600)).build();
    let waker = TestWaker::panicking("a waker");
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(waker.poll(run.as_mut()).is_pending());
    // (It is woken for the token, and for the force: a second panic would abort.)
    assert!(catch_unwind(AssertUnwindSafe(|| op.force())).is_err());
    assert!(waker.poll(run.as_mut()).is_ready());
}
