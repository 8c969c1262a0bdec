//! `run_blocking` and `try_run_blocking`.

use crate::{LONG, SHORT};
use cancel_std::{
    CancelToken, Cancelable, Cancelled, Cx, Operation, Reason, Source, Status, block_on,
    current_id, current_token,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// Blocks until the operation is cancelled.
fn until_cancelled(cx: &Cx) -> Result<(), Cancelled> {
    cx.sleep_blocking(LONG)
}

#[test]
fn the_closure_borrows_and_stays_on_this_thread() {
    let (here, mut seen) = (thread::current().id(), Vec::new());
    let not_send = Rc::new(Cell::new(0));
    let op = Cancelable::new().build();
    let value = op.run_blocking(|cx| {
        not_send.set(5);
        seen.push(thread::current().id());
        assert_eq!(cx.operation().status(), Status::Running);
        not_send.clone()
    });
    assert_eq!(value.unwrap().get(), 5);
    assert_eq!(seen, [here]);
    assert_eq!(op.status(), Status::Completed);
}

#[test]
fn it_is_the_current_operation() {
    let op = Cancelable::new().build();
    let ids = op.run_blocking(|cx| {
        let inner = cx.child().build();
        let inner_id = inner.run_blocking(|_| current_id()).unwrap();
        assert_eq!(inner_id, Some(inner.id()));
        (current_id(), Operation::current().map(|op| op.id()))
    });
    assert_eq!(ids, Ok((Some(op.id()), Some(op.id()))));
    assert!(current_token().is_none());
}

#[test]
fn a_timeout_gets_through() {
    let op = Cancelable::with_timeout(SHORT).build();
    let error = op.try_run_blocking(until_cancelled).unwrap_err();
    assert_eq!(error.reason(), Reason::Timeout);
    let context = op.context();
    assert_eq!(context.status(), Status::Cancelled);
    assert!(context.duration() >= Some(SHORT));
    let error = format!("cancelled: timeout of {SHORT:?}");
    assert_eq!(context.error(), Some(&*error));
}

#[test]
fn the_token_is_cancelled_in_time_although_nobody_checks() {
    let op = Cancelable::with_timeout(SHORT).build();
    let token = op.token().clone();
    let (send, cancelled) = mpsc::channel();
    let _registration = token.on_cancel(move |why| send.send(why.reason()).unwrap());
    let value = op.run_blocking(|_| cancelled.recv_timeout(LONG).unwrap());
    assert_eq!(value, Ok(Reason::Timeout)); // counts, although it came after the trigger
    let context = op.context();
    assert_eq!(context.status(), Status::Completed);
    assert_eq!(context.reason(), Some(Reason::Timeout));
}

#[test]
fn every_kind_of_source() {
    let stop = CancelToken::new();
    let parent = Cancelable::new().build();
    let (fire, fired) = mpsc::channel::<()>();
    let custom = smol::unblock(move || fired.recv());
    let custom = Source::future(async move {
        let _ = custom.await;
        (Reason::Condition, "custom")
    });
    type Case = (Operation, Box<dyn FnOnce()>, Reason);
    let cases: [Case; 4] = [
        {
            let token = stop.clone();
            let cancel = move || assert!(token.cancel_with(Reason::Shutdown));
            (
                Cancelable::with_token(&stop).build(),
                Box::new(cancel),
                Reason::Shutdown,
            )
        },
        {
            let op = Cancelable::new().parent(&parent).build();
            (
                op,
                Box::new(move || assert!(parent.cancel())),
                Reason::Parent,
            )
        },
        {
            let cancel = move || fire.send(()).unwrap();
            (
                Cancelable::new().source(custom).build(),
                Box::new(cancel),
                Reason::Condition,
            )
        },
        {
            let op = Cancelable::with_timeout(LONG).build();
            let handle = op.clone();
            let cancel = move || assert!(handle.set_timeout(SHORT));
            (op, Box::new(cancel), Reason::Timeout)
        },
    ];
    for (op, cancel, reason) in cases {
        let result = op.try_run_blocking(|cx| {
            cancel();
            until_cancelled(cx)
        });
        assert_eq!(result.unwrap_err().reason(), reason);
        assert_eq!(op.context().reason(), Some(reason));
    }
}

#[test]
fn the_callbacks_in_order() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let add = |what: &'static str| {
        let log = log.clone();
        move |_: &cancel_std::Context| log.lock().unwrap().push(what)
    };
    let in_cleanup = log.clone();
    let op = Cancelable::with_timeout(LONG)
        .on_start(add("start"))
        .on_start_async({
            let log = log.clone();
            move |_| {
                let log = log.clone();
                async move {
                    smol::Timer::after(Duration::from_millis(1)).await;
                    log.lock().unwrap().push("start, async");
                }
            }
        })
        .on_cancel(add("cancel"))
        .finally(move |cx| async move {
            cx.sleep(Duration::from_millis(1)).await;
            in_cleanup.lock().unwrap().push("cleanup");
        });
    let result = op.try_run_blocking(|cx| {
        log.lock().unwrap().push("body");
        cx.operation().set_timeout(SHORT); // (from the beginning it might be over before the body)
        until_cancelled(cx)
    });
    assert!(result.is_err());
    assert_eq!(
        *log.lock().unwrap(),
        ["start", "start, async", "body", "cleanup", "cancel"]
    );
}

#[test]
fn asynchronous_progress_callbacks_run_meanwhile() {
    let (send, heard) = mpsc::channel();
    let op = Cancelable::new().on_progress_async(move |progress| {
        let send = send.clone();
        async move {
            smol::Timer::after(Duration::from_millis(1)).await;
            send.send(progress.message().to_string()).unwrap();
        }
    });
    let value = op.run_blocking(|cx| {
        cx.report_progress("halfway");
        heard.recv_timeout(LONG).unwrap()
    });
    assert_eq!(value.as_deref(), Ok("halfway"));
}

#[test]
fn cancelled_beforehand() {
    let closed = Arc::new(AtomicBool::new(false));
    let in_cleanup = closed.clone();
    let op = Cancelable::new()
        .finally(move |_| async move {
            in_cleanup.store(true, Ordering::SeqCst);
        })
        .build();
    op.cancel_with("not today");
    let result = op.run_blocking(|_| unreachable!("called"));
    let result: Result<(), _> = result;
    assert_eq!(result.unwrap_err().message(), Some("not today"));
    assert_eq!(op.status(), Status::Cancelled);
    assert!(closed.load(Ordering::SeqCst));
    let op = Cancelable::with_timeout(Duration::ZERO).build();
    let result: Result<(), _> = op.run_blocking(|_| unreachable!("called"));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    let op = Cancelable::with_timeout(Duration::MAX).build();
    assert_eq!(op.run_blocking(|_| 5), Ok(5));
    let again: Result<(), _> = op.run_blocking(|_| unreachable!("called"));
    assert_eq!(
        again.unwrap_err().message(),
        Some("operation has already run")
    );
}

#[test]
fn an_error_is_a_failure() {
    let failed = Arc::new(AtomicBool::new(false));
    let in_callback = failed.clone();
    let op = Cancelable::new()
        .on_error(move |context| {
            assert_eq!(context.error(), Some("cancelled: error: disk full"));
            in_callback.store(true, Ordering::SeqCst);
        })
        .build();
    let disk_full = CancelToken::new();
    disk_full.cancel_with((Reason::Error, "disk full"));
    let result = op.try_run_blocking(|_| disk_full.check());
    assert!(result.is_err());
    assert_eq!(op.status(), Status::Failed);
    assert!(failed.load(Ordering::SeqCst));
}

#[test]
fn a_panic_comes_through_after_the_end() {
    let closed = Arc::new(AtomicBool::new(false));
    let in_cleanup = closed.clone();
    let op = Cancelable::new()
        .finally(move |_| async move {
            in_cleanup.store(true, Ordering::SeqCst);
        })
        .build();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        op.run_blocking(|_| resume_unwind(Box::new("seven")))
    }));
    let caught: Result<Result<(), _>, _> = caught;
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"seven"));
    assert!(closed.load(Ordering::SeqCst));
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().error(), Some("panicked: seven"));
    assert!(current_id().is_none());
}

#[test]
fn a_panic_in_the_text_of_the_error_comes_through() {
    #[derive(Debug)]
    struct Mute;
    impl std::fmt::Display for Mute {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            resume_unwind(Box::new("mute"))
        }
    }
    impl From<Cancelled> for Mute {
        fn from(_: Cancelled) -> Self {
            Mute
        }
    }
    let op = Cancelable::new().build();
    let run = || op.try_run_blocking(|_| -> Result<(), Mute> { Err(Mute) });
    let caught = catch_unwind(AssertUnwindSafe(run));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"mute"));
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn a_panicking_callback_of_the_token_comes_through_at_the_end() {
    let op = Cancelable::with_timeout(SHORT).build();
    let (send, told) = mpsc::channel();
    let _registration = op.token().on_cancel(move |_| {
        send.send(()).unwrap();
        resume_unwind(Box::new("callback"))
    });
    let caught = catch_unwind(AssertUnwindSafe(|| {
        op.run_blocking(|_| told.recv_timeout(LONG).unwrap())
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"callback"));
    assert!(op.status().is_final());
}

#[test]
fn a_grace_period_and_force_do_not_touch_it() {
    let op = Cancelable::with_timeout(SHORT).grace(SHORT);
    let value = op.run_blocking(|cx| {
        assert!(until_cancelled(cx).is_err());
        cx.operation().force();
        thread::sleep(2 * SHORT); // the grace is over
        5
    });
    assert_eq!(value, Ok(5));
}

#[test]
fn inside_an_async_body_it_holds_that() {
    let over = AtomicBool::new(false);
    let outer = Cancelable::with_timeout(LONG).build();
    let result = block_on(outer.run(async |cx| {
        cx.operation().set_timeout(SHORT);
        let value = cx.child().try_run_blocking(|cx| {
            let result = until_cancelled(cx); // the deadline of the outer one, whose runner is blocked
            over.store(true, Ordering::SeqCst);
            result
        });
        assert_eq!(value.unwrap_err().root_reason(), Reason::Timeout);
        std::future::pending::<()>().await;
    }));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(over.into_inner());
}

#[test]
fn many_at_once_race_with_their_cancels() {
    for round in 0..50u64 {
        let stop = CancelToken::new();
        let gate = Arc::new(Barrier::new(9));
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let (stop, gate) = (stop.clone(), gate.clone());
                thread::spawn(move || {
                    let op = Cancelable::with_token(&stop)
                        .timeout(Duration::from_micros(if n % 2 == 0 {
                            u64::MAX
                        } else {
                            round * 10
                        }))
                        .build();
                    gate.wait();
                    let result = op.try_run_blocking(until_cancelled);
                    assert!(op.status() == Status::Cancelled);
                    result.unwrap_err().reason()
                })
            })
            .collect();
        gate.wait();
        stop.cancel();
        for thread in threads {
            let reason = thread.join().unwrap();
            assert!(matches!(reason, Reason::Manual | Reason::Timeout));
        }
    }
}

#[test]
fn short_ones_race_with_the_helper() {
    // The closure ends before, while and after the helper takes the runner.
    for round in 0..2000 {
        let op = Cancelable::with_timeout(LONG).build();
        let value = op.run_blocking(|_| {
            for _ in 0..round % 50 {
                thread::yield_now();
            }
            round
        });
        assert_eq!(value, Ok(round));
        assert_eq!(op.status(), Status::Completed);
    }
}
