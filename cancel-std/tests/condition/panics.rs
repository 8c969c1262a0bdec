//! A predicate that panics is reported, does not kill the operation, and is asked again.

use crate::support::LONG;
use crate::tools::{MS, block_on, quietly, wait_until};
use cancel_std::{Cancelable, Condition, Reason, Source, Status, Watched};
use std::future::pending;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn it_is_counted_and_the_body_goes_on() {
    quietly(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let predicate = {
            let calls = calls.clone();
            move || -> bool {
                let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
                panic!("boom {call} (meant)")
            }
        };
        let condition = Condition::new(predicate, MS).unwrap().description("disk");
        let op = Cancelable::new().source(condition).build();
        let result = block_on(op.run(async |cx| {
            while cx.operation().context().callback_panics() < 3 {
                cx.sleep(MS).await;
            }
            "done"
        }));
        assert_eq!(result, Ok("done"));
        let context = op.context();
        assert_eq!(context.status(), Status::Completed);
        assert!(context.callback_panics() >= 3);
        assert_eq!(
            context.error(),
            Some("condition \"disk\" panicked: boom 1 (meant)")
        );
        wait_until("it is freed", || Arc::strong_count(&calls) == 1);
    });
}

#[test]
fn it_may_come_true_afterwards() {
    quietly(|| {
        let mut calls = 0;
        let predicate = move || {
            calls += 1;
            assert!(calls > 2, "not yet (meant)");
            true
        };
        let op = Cancelable::with_condition(predicate, MS).unwrap().build();
        let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Condition);
        assert_eq!(op.context().callback_panics(), 2);
        assert_eq!(
            op.context().error(),
            Some("condition in \"it_may_come_true_afterwards\" panicked: not yet (meant)")
        );
    });
}

#[test]
fn an_error_of_the_body_comes_first() {
    quietly(|| {
        let op = Cancelable::with_condition(|| panic!("(meant)"), MS)
            .unwrap()
            .build();
        let run = op.try_run(async |cx| -> Result<(), Box<dyn std::error::Error>> {
            while cx.operation().context().callback_panics() == 0 {
                cx.sleep(MS).await;
            }
            assert_eq!(
                cx.operation().context().error(),
                Some("condition in \"an_error_of_the_body_comes_first\" panicked: (meant)"),
                "visible while it runs"
            );
            Err("no such file".into())
        });
        block_on(run).unwrap_err();
        assert_eq!(op.context().error(), Some("no such file"));
    });
}

#[test]
fn so_it_is_with_one_that_awaits() {
    quietly(|| {
        let mut calls = 0;
        let predicate = move || {
            calls += 1;
            let call = calls;
            assert!(call != 1, "before the future (meant)");
            async move {
                smol::future::yield_now().await;
                assert!(call != 2, "in the future (meant)");
                call == 3
            }
        };
        let op = Cancelable::new()
            .source(Source::condition_async(predicate, MS).unwrap())
            .build();
        let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Condition);
        assert_eq!(op.context().callback_panics(), 2);
        assert_eq!(
            op.context().error(),
            Some(
                "condition in \"so_it_is_with_one_that_awaits\" panicked: before the future (meant)"
            )
        );
    });
}

#[test]
fn so_it_is_with_one_on_a_value() {
    quietly(|| {
        let level = Watched::new(1);
        let op = Cancelable::new().source(Source::when(&level, |level| match level {
            1 => panic!("one (meant)"),
            2 => false,
            _ => true,
        }));
        let run = op.run(async |cx| {
            while cx.operation().context().callback_panics() == 0 {
                cx.sleep(MS).await;
            }
            level.set(2);
            cx.sleep(5 * MS).await;
            assert_eq!(
                cx.operation().context().callback_panics(),
                1,
                "once a change"
            );
            level.set(3);
            cx.sleep(LONG).await;
        });
        assert_eq!(block_on(run).unwrap_err().reason(), Reason::Condition);
    });
}

/// What panics when it is dropped: the predicate itself, and what it panics with.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("drop (meant)");
        }
    }
}

#[test]
fn panics_in_drop_harm_nobody() {
    quietly(|| {
        let bomb = Bomb;
        let mut calls = 0;
        let predicate = move || {
            let _keep = &bomb;
            calls += 1;
            if calls == 1 {
                panic_any(Bomb);
            }
            calls == 3
        };
        let op = Cancelable::with_condition(predicate, MS).unwrap().build();
        let cancelled = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Condition);
        assert_eq!(op.context().callback_panics(), 1);
    });
}

/// The predicate is dropped on the pool, after the run has ended.
#[test]
fn a_panic_in_drop_on_the_pool_harms_nobody() {
    quietly(|| {
        let begun = Arc::new(AtomicUsize::new(0));
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let predicate = {
            let (begun, bomb) = (begun.clone(), Bomb);
            move || {
                let _keep = &bomb;
                begun.store(1, Ordering::SeqCst);
                wait.recv().is_ok()
            }
        };
        let op = Cancelable::with_condition(predicate, MS).unwrap();
        let result = block_on(op.run(async |cx| {
            while begun.load(Ordering::SeqCst) == 0 {
                cx.sleep(MS).await;
            }
        }));
        assert_eq!(result, Ok(()));
        go.send(()).unwrap();
        wait_until("it is freed", || Arc::strong_count(&begun) == 1);
        // The pool is as good as before.
        let next = Cancelable::with_condition(|| true, MS).unwrap();
        block_on(next.run(async |_| pending::<()>().await)).unwrap_err();
    });
}
