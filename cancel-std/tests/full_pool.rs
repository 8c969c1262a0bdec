//! The pool for blocking work has one thread, and that is busy. (The pool is one per process, hence
//! this test of its own.)

use cancel_std::{Cancelable, Cancelled, Cx, Reason, Status, Std};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(3600);

fn nested(cx: &Cx, depth: u32) -> Result<u32, Cancelled> {
    match depth {
        0 => cx.sleep_blocking(LONG).map(|()| 0),
        _ => cx.child().try_run_blocking(|cx| nested(cx, depth - 1)),
    }
}

#[test]
fn nobody_waits_for_the_pool() {
    Std.set_max_blocking_threads(NonZeroUsize::MIN);
    let (release, wait) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let busy = Cancelable::new().build().within(Clone::clone);
    let busy = busy.run_in_thread(move |_| {
        begun.send(()).unwrap();
        wait.recv_timeout(LONG).is_err()
    });
    let busy = smol::spawn(busy); // begins by itself
    has_begun.recv_timeout(LONG).unwrap();

    // Blocking bodies do without; their deadlines are seen by those who ask.
    let op = Cancelable::with_timeout(SHORT).build();
    assert_eq!(op.run_blocking(|_| 5), Ok(5));
    let op = Cancelable::with_timeout(SHORT).build();
    let result = op.try_run_blocking(|cx| nested(cx, 20));
    assert_eq!(result.unwrap_err().root_reason(), Reason::Timeout);
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
    assert_eq!(op.status(), Status::Cancelled);

    // What has not begun is dropped with its future, and never called.
    let called = Arc::new(AtomicBool::new(false));
    let in_thread = called.clone();
    let op = Cancelable::new().build();
    {
        let mut work = pin!(
            op.within(|cx| cx.run_in_thread(move |_| in_thread.store(true, Ordering::SeqCst)))
        );
        let mut cx = Context::from_waker(Waker::noop());
        assert!(work.as_mut().poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&called), 2);
    }
    // What is cancelled in the queue is not called either.
    assert_eq!(Arc::strong_count(&called), 1);
    let in_thread = called.clone();
    let mut queued =
        pin!(op.within(|cx| cx.run_in_thread(move |_| in_thread.store(true, Ordering::SeqCst))));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(queued.as_mut().poll(&mut cx).is_pending());
    op.cancel_with("too late");

    drop(release);
    assert_eq!(smol::block_on(busy), Ok(true));
    assert_eq!(
        smol::block_on(queued).unwrap_err().message(),
        Some("too late")
    );
    assert!(!called.load(Ordering::SeqCst));
    let value = Cancelable::new()
        .build()
        .within(|cx| cx.run_in_thread(|_| 5));
    assert_eq!(smol::block_on(value), Ok(5));
}
