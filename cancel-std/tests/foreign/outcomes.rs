//! The end of an operation is stored, whatever the error and the clock do.

use crate::{bounded, poll, quietly};
use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelled, Instant, Reason, Status, Timer, generic};
use std::fmt;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

/// An error whose text panics.
#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        quietly("no words")
    }
}

impl std::error::Error for Unspeakable {}

impl From<Cancelled> for Unspeakable {
    fn from(_: Cancelled) -> Self {
        Unspeakable
    }
}

const WORDS: Option<&str> = Some("panicked: no words");

type Operation = generic::Operation<VirtualTime>;

fn failed(ways: impl Fn(&VirtualTime, &Operation) -> Result<(), Unspeakable>) {
    let told = Arc::new(AtomicBool::new(false));
    let seen = told.clone();
    let time = VirtualTime::new();
    let op = time
        .operation()
        .on_error(move |context| seen.store(context.error() == WORDS, Ordering::SeqCst))
        .build();
    let result = catch_unwind(AssertUnwindSafe(|| ways(&time, &op)));
    // As every panic of a body it goes on to the caller, after the end.
    assert_eq!(result.unwrap_err().downcast_ref(), Some(&"no words"));
    let context = op.context();
    assert_eq!((context.status(), context.error()), (Status::Failed, WORDS));
    assert!(told.load(Ordering::SeqCst));
    assert_eq!(context.callback_panics(), 0);
}

#[test]
fn x22_an_error_without_a_text_is_a_failure_in_the_same_words_everywhere() {
    bounded(|| {
        failed(|time, op| time.block_on(op.try_run(async |_| Err(Unspeakable))));
        failed(|time, op| {
            time.block_on(op.try_run_finally(async |_| Err(Unspeakable), async |_| ()))
        });
        failed(|time, op| {
            time.block_on(op.try_run(async |cx| {
                cx.sleep(Duration::from_secs(1)).await;
                Err(Unspeakable)
            }))
        });
        failed(|time, op| {
            time.block_on(op.try_run(async |cx| {
                cx.cancel_with("enough");
                Err(Unspeakable)
            }))
        });
        failed(|_, op| op.try_run_blocking(|_| Err(Unspeakable)));
        failed(|time, op| time.block_on(op.try_run_group(async |_| Err(Unspeakable))));
        failed(|time, op| {
            time.block_on(op.try_run_group(async |group| {
                group.spawn(async |_| Err::<(), _>(Unspeakable));
                Ok(())
            }))
        });
    });
}

#[test]
fn x22_an_error_without_a_text_ends_the_other_tasks_of_its_group() {
    bounded(|| {
        let time = VirtualTime::new();
        let op = time.operation().build();
        let run = op.try_run_group(async |group| -> Result<(), Unspeakable> {
            group.spawn(async |_| pending::<()>().await);
            let named = group.child().name("part");
            let answer = group.spawn_as(named, async |_| Err::<(), _>(Unspeakable));
            let answer = answer.await.unwrap_err();
            assert_eq!(answer.message(), Some("part: panicked: no words"));
            Ok(())
        });
        assert!(catch_unwind(AssertUnwindSafe(|| time.block_on(run))).is_err());
        assert_eq!(time.pending_tasks(), 0);
        assert_eq!(op.status(), Status::Failed);
    });
}

/// A clock that can be broken, so that it panics when it is asked.
#[derive(Clone)]
struct Broken(VirtualTime, Arc<AtomicBool>);

impl Timer for Broken {
    type Sleep = <VirtualTime as Timer>::Sleep;

    fn now(&self) -> Instant {
        if self.1.load(Ordering::SeqCst) {
            quietly("a clock")
        }
        Timer::now(&self.0)
    }

    fn sleep_until(&self, at: Instant) -> Self::Sleep {
        self.0.sleep_until(at)
    }
}

/// A body, and how it is said to end.
type Case = (fn() -> Result<(), Cancelled>, Status);

#[test]
fn x21_a_clock_that_panics_at_the_end_leaves_no_operation_running() {
    let done: Case = (|| Ok(()), Status::Completed);
    let failed: Case = (
        || Err(Cancelled::from(cancel_std::Cause::new(Reason::Error))),
        Status::Failed,
    );
    let panicked: Case = (|| quietly("a body"), Status::Failed);
    for (body, status) in [done, failed, panicked] {
        for waits in [false, true] {
            let broken = Arc::new(AtomicBool::new(false));
            let told = Arc::new(AtomicBool::new(false));
            let seen = told.clone();
            let end = move |context: &cancel_std::Context| {
                seen.store(context.status() == status, Ordering::SeqCst);
            };
            let op = generic::Cancelable::on(Broken(VirtualTime::new(), broken.clone()));
            let op = match status {
                Status::Completed => op.on_complete(end),
                _ => op.on_error(end),
            };
            let op = op.build();
            let mut first = waits;
            let mut run = pin!(op.try_run(async |_| {
                std::future::poll_fn(|_| match std::mem::take(&mut first) {
                    true => Poll::Pending,
                    false => Poll::Ready(()),
                })
                .await;
                broken.store(true, Ordering::SeqCst);
                body()
            }));
            if waits {
                assert!(poll(run.as_mut()).is_pending());
            }
            let result = catch_unwind(AssertUnwindSafe(|| poll(run.as_mut())));
            match result {
                Ok(Poll::Ready(result)) => assert_eq!(result.is_ok(), status == Status::Completed),
                Ok(Poll::Pending) => panic!("it has not ended"),
                Err(payload) => assert_eq!(payload.downcast_ref(), Some(&"a body")),
            }
            assert_eq!(op.status(), status);
            assert!(
                told.load(Ordering::SeqCst),
                "the callbacks are called all the same"
            );
            // The moment is the latest that was known, and the panic is counted.
            let context = op.context();
            assert!(context.ended().is_some() && context.ended() == context.started());
            assert_eq!(context.callback_panics(), 1);
        }
    }
}

#[test]
fn x21_a_clock_that_panics_at_the_end_of_a_cancelled_or_dropped_run() {
    for drops in [false, true] {
        let broken = Arc::new(AtomicBool::new(false));
        let op = generic::Cancelable::on(Broken(VirtualTime::new(), broken.clone())).build();
        let mut run = Box::pin(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        broken.store(true, Ordering::SeqCst);
        if !drops {
            op.cancel_with("enough");
            assert!(poll(run.as_mut()).is_ready());
        }
        drop(run);
        assert_eq!(op.status(), Status::Cancelled);
        let reason = [Reason::Manual, Reason::Dropped][usize::from(drops)];
        assert_eq!(op.context().reason(), Some(reason));
    }
}
