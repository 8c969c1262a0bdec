//! Blocking parts of operations, on tokio's pool.

use cancel_tokio::{
    Cancelable, Cancelled, On, Operation, Reason, Status, current_id, generic, run_in_blocking_pool,
};
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// Of one blocking thread.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder
        .enable_time()
        .max_blocking_threads(1)
        .build()
        .unwrap()
}

#[test]
fn the_operation_goes_along() {
    for op in [true, false] {
        let runtime = runtime();
        let here = std::thread::current().id();
        macro_rules! test {
            ($op:expr) => {{
                let op = $op.name("outer").build();
                let id = op.id();
                let run = op.run(async move |cx| {
                    run_in_blocking_pool(cx, move |cx| {
                        assert_eq!(current_id(), Some(id));
                        assert_eq!(cx.id(), id);
                        assert_ne!(std::thread::current().id(), here);
                        assert!(Handle::try_current().is_ok());
                        cx.report_progress("on another thread");
                        assert!(cx.sleep_blocking(SHORT).is_ok());
                        5
                    })
                    .await
                });
                assert_eq!(runtime.block_on(run), Ok(Ok(5)));
                assert_eq!(
                    op.context().progress().unwrap().message(),
                    "on another thread"
                );
            }};
        }
        match op {
            true => test!(Cancelable::new()),
            false => test!(generic::Cancelable::on(On::new(runtime.handle()))),
        }
        assert_eq!(current_id(), None);
    }
}

/// Cancels an operation as soon as its closure is at work.
fn cancel_when(started: mpsc::Receiver<()>, op: &Operation) -> std::thread::JoinHandle<bool> {
    let op = op.clone();
    std::thread::spawn(move || {
        started.recv().unwrap();
        op.cancel_with("enough")
    })
}

#[test]
fn a_closure_sees_the_cancel() {
    let runtime = runtime();
    let op = Cancelable::new().build();
    let (send, seen) = mpsc::channel();
    let (started, has_started) = mpsc::channel();
    let canceller = cancel_when(has_started, &op);
    let run = op.run(async move |cx| {
        run_in_blocking_pool(cx, move |cx| {
            started.send(()).unwrap();
            let error = loop {
                if let Err(error) = cx.check() {
                    break error;
                }
                std::thread::yield_now();
            };
            send.send(error).unwrap();
        })
        .await
    });
    let cancelled = runtime.block_on(run).unwrap_err();
    assert_eq!(cancelled.message(), Some("enough"));
    assert_eq!(seen.recv(), Ok(cancelled));
    assert!(canceller.join().unwrap());
}

#[test]
fn a_closure_sees_that_its_run_was_dropped() {
    let runtime = runtime();
    let op = Cancelable::new();
    let (send, seen) = mpsc::channel();
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    let task = runtime.spawn(op.run(async move |cx| {
        run_in_blocking_pool(cx, move |cx| {
            started.blocking_send(()).unwrap();
            send.send(cx.sleep_blocking(LONG).map_err(|why| why.reason()))
                .unwrap();
        })
        .await
    }));
    runtime.block_on(has_started.recv()).unwrap();
    task.abort();
    assert!(runtime.block_on(task).is_err());
    assert_eq!(seen.recv(), Ok(Err(Reason::Dropped)));
}

#[test]
fn shielded_it_is_waited_for() {
    let runtime = runtime();
    let op = Cancelable::new().build();
    let (started, has_started) = mpsc::channel();
    let canceller = cancel_when(has_started, &op);
    let run = op.run(async move |cx| {
        let work = run_in_blocking_pool(cx, move |cx| {
            started.send(()).unwrap();
            cx.sleep_blocking(LONG)
        });
        cx.shield_future(work).await
    });
    let slept = runtime.block_on(run).unwrap().unwrap();
    assert_eq!(slept.unwrap_err().message(), Some("enough"));
    assert!(canceller.join().unwrap());
}

#[test]
fn what_has_not_begun_is_taken_back() {
    let runtime = runtime();
    let (gate, opened) = mpsc::channel::<()>();
    let full = runtime.spawn_blocking(move || opened.recv().is_err());
    let held = Arc::new(());

    // By a drop of the future.
    let op = Cancelable::new().build();
    {
        let inside = held.clone();
        let _inside = runtime.enter();
        let mut work = pin!(run_in_blocking_pool(&op.within(Clone::clone), move |_| {
            drop(inside)
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
        assert_eq!(Arc::strong_count(&held), 2);
    }
    assert_eq!(Arc::strong_count(&held), 1);

    // By a cancel, seen when its turn comes.
    let inside = held.clone();
    let work = runtime.spawn(run_in_blocking_pool(&op.within(Clone::clone), move |_| {
        drop(inside)
    }));
    runtime.block_on(tokio::task::yield_now());
    op.cancel_with("too late");
    drop(gate);
    let cancelled = runtime.block_on(work).unwrap().unwrap_err();
    assert_eq!(cancelled.message(), Some("too late"));
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(runtime.block_on(full).unwrap());

    // And beforehand.
    let refused = runtime.block_on(run_in_blocking_pool(&op.within(Clone::clone), |_| -> u32 {
        unreachable!()
    }));
    assert_eq!(refused.unwrap_err().message(), Some("too late"));
}

#[test]
fn panics_come_through() {
    let runtime = runtime();
    let op = Cancelable::new().build();
    let run = op.run(async |cx| run_in_blocking_pool(cx, |_| panic!("in the pool")).await);
    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let result: Result<Result<(), Cancelled>, Cancelled> = runtime.block_on(run);
        result
    }));
    let payload = caught.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"in the pool"));
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn without_a_runtime_it_is_an_error() {
    let op = Cancelable::new().build();
    let refused =
        smol::block_on(run_in_blocking_pool(&op.within(Clone::clone), |_| ())).unwrap_err();
    assert_eq!(refused.reason(), Reason::Error);
    assert_eq!(
        refused.message(),
        Some("cannot spawn: there is no tokio runtime on this thread")
    );

    let runtime = runtime();
    let op = generic::Cancelable::on(On::new(runtime.handle())).build();
    drop(runtime);
    let held = Arc::new(());
    let inside = held.clone();
    let refused = smol::block_on(run_in_blocking_pool(&op.within(Clone::clone), move |_| {
        drop(inside)
    }))
    .unwrap_err();
    assert_eq!(refused.reason(), Reason::Dropped);
    assert_eq!(Arc::strong_count(&held), 1);
}

/// The shutdown drops the run; the closure sees that, and the runtime waits for it.
#[test]
fn a_runtime_that_is_shut_down() {
    let runtime = runtime();
    let op = Cancelable::new().build();
    let (send, seen) = mpsc::channel();
    let (started, mut has_started) = tokio::sync::mpsc::channel(1);
    runtime.spawn(op.run(async move |cx| {
        run_in_blocking_pool(cx, move |cx| {
            started.blocking_send(()).unwrap();
            let why = cx.token().cancelled_owned();
            send.send(smol::block_on(why).reason()).unwrap();
        })
        .await
        .unwrap();
        pending::<()>().await;
    }));
    runtime.block_on(has_started.recv()).unwrap();
    drop(runtime);
    assert_eq!(seen.recv(), Ok(Reason::Dropped));
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
}
