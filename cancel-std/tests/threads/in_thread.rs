//! `run_in_thread`.

use crate::{LONG, SHORT};
use cancel_std::testing::VirtualTime;
use cancel_std::{
    Cancelable, Cancelled, Operation, Reason, Status, block_on, current_id, current_token,
};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

#[test]
fn the_context_comes_along() {
    let op = Cancelable::new()
        .name("import")
        .metadata("user", "ada")
        .build();
    let handle = op.clone();
    let here = thread::current().id();
    let run = op.run(async |cx| {
        cx.run_in_thread(move |cx| {
            assert_ne!(thread::current().id(), here);
            assert_eq!(cx.operation().context().name(), Some("import"));
            assert_eq!(cx.operation().context().metadata().get("user"), Some("ada"));
            assert_eq!(current_token().as_ref(), Some(handle.token()));
            assert_eq!(Operation::current().unwrap().id(), handle.id());
            cx.progress(1, 2);
            current_id()
        })
        .await
    });
    assert_eq!(block_on(run), Ok(Ok(Some(op.id()))));
    assert_eq!(op.context().progress().unwrap().fraction(), Some(0.5));
}

#[test]
fn on_any_executor() {
    let op = Cancelable::new();
    let task = smol::spawn(op.run(async |cx| cx.run_in_thread(|_| 5).await));
    assert_eq!(smol::block_on(task), Ok(Ok(5)));
    let task = smol::spawn(
        Cancelable::new()
            .build()
            .within(|cx| cx.run_in_thread(|_| 6)),
    ); // without a run, too
    assert_eq!(smol::block_on(task), Ok(6));
}

#[test]
fn cancelled_beforehand() {
    let op = Cancelable::new().build();
    op.cancel_with("not today");
    let called = Arc::new(AtomicBool::new(false));
    let in_thread = called.clone();
    let result = block_on(
        op.within(|cx| cx.run_in_thread(move |_| in_thread.store(true, Ordering::SeqCst))),
    );
    assert_eq!(result.unwrap_err().message(), Some("not today"));
    assert_eq!(Arc::strong_count(&called), 1);
    assert!(!called.load(Ordering::SeqCst));
}

#[test]
fn a_dropped_body_is_seen_by_the_thread() {
    let (send, ended) = mpsc::channel();
    let time = VirtualTime::new();
    let op = time.operation().timeout(SHORT);
    let result = time.block_on(op.run(async |cx| {
        cx.run_in_thread(move |cx| {
            let woken = cx.sleep_blocking(LONG);
            send.send(woken.unwrap_err().reason()).unwrap();
        })
        .await
    }));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(ended.recv_timeout(LONG), Ok(Reason::Timeout));
}

#[test]
fn a_shield_waits_for_it() {
    let ended = Arc::new(AtomicBool::new(false));
    let in_thread = ended.clone();
    let time = VirtualTime::new();
    let op = time.operation().timeout(SHORT);
    let result = time.block_on(op.run(async |cx| {
        let work = cx.run_in_thread(move |cx| {
            assert!(cx.sleep_blocking(LONG).is_err());
            in_thread.store(true, Ordering::SeqCst);
        });
        cx.shield_future(work).await.unwrap();
        pending::<()>().await;
    }));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(ended.load(Ordering::SeqCst));
}

#[test]
fn a_panic_reaches_the_body() {
    let op = Cancelable::new().build();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        block_on(op.run(async |cx| {
            let work = cx.run_in_thread(|_| resume_unwind(Box::new("seven")));
            let _: Result<(), Cancelled> = work.await;
        }))
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"seven"));
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().error(), Some("panicked: seven"));
}

#[test]
fn dropping_it_races_with_its_start() {
    for round in 0..500 {
        let held = Arc::new(());
        let in_thread = held.clone();
        let op = Cancelable::new().build();
        let mut work =
            Box::pin(op.within(|cx| cx.run_in_thread(move |_| Arc::strong_count(&in_thread))));
        let mut cx = Context::from_waker(Waker::noop());
        if work.as_mut().poll(&mut cx).is_pending() {
            for _ in 0..round % 20 {
                thread::yield_now();
            }
        }
        drop(work);
        // Taken back, or called: nothing is kept.
        while Arc::strong_count(&held) > 1 {
            thread::yield_now();
        }
    }
}

#[test]
fn it_holds_nothing() {
    let op = Cancelable::new().build();
    let (release, wait) = mpsc::channel::<()>();
    let mut run =
        pin!(op.run(async |cx| { cx.run_in_thread(move |_| wait.recv_timeout(LONG)).await }));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert!(!op.context().shielded());
    op.cancel();
    assert!(matches!(run.as_mut().poll(&mut cx), Poll::Ready(Err(_)))); // at once
    drop(release);
}
