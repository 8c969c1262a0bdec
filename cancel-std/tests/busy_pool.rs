//! No thread for blocking work is free, in the whole process, as long as it lives: the one that there
//! may be is at work.

use cancel_std::testing::VirtualTime;
use cancel_std::{CancelToken, Cancelable, Cause, Reason, Source, Status, Std, Timer};
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

fn occupy() {
    static ONCE: Once = Once::new();
    static KEPT: Mutex<Option<mpsc::Sender<()>>> = Mutex::new(None);
    ONCE.call_once(|| {
        Std.set_max_blocking_threads(NonZeroUsize::MIN);
        let (release, wait) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let busy = Cancelable::new().build().within(Clone::clone);
        let busy = busy.run_in_thread(move |_| {
            begun.send(()).unwrap();
            let _ = wait.recv();
        });
        smol::spawn(busy).detach(); // begins by itself
        has_begun.recv().unwrap();
        *KEPT.lock().unwrap() = Some(release);
    });
}

/// Fires when `fired` is set, if it is asked then. Nobody is woken.
fn sensor(fired: &Arc<AtomicBool>) -> Source<cancel_std::Std> {
    let fired = fired.clone();
    Source::stream(smol::stream::poll_fn(move |_| {
        match fired.swap(false, Ordering::SeqCst) {
            true => std::task::Poll::Ready(Some(Cause::from((Reason::Shutdown, "sensor")))),
            false => std::task::Poll::Pending,
        }
    }))
}

#[test]
fn x20_a_source_that_fires_during_a_blocking_body_is_heard() {
    occupy();
    for failing in [false, true] {
        let fired = Arc::new(AtomicBool::new(false));
        let closed = Arc::new(Mutex::new(None));
        let seen = closed.clone();
        let op = Cancelable::new()
            .source(sensor(&fired))
            .finally(async move |cx| *seen.lock().unwrap() = cx.operation().token().cause())
            .build();
        let result = op.try_run_blocking(|_| {
            fired.store(true, Ordering::SeqCst);
            match failing {
                true => Err(std::io::Error::other("disk full")),
                false => Ok(5),
            }
        });
        assert_eq!(result.is_err(), failing);
        let context = op.context();
        assert_eq!(context.message(), Some("sensor"));
        let status = [Status::Completed, Status::Cancelled][usize::from(failing)];
        assert_eq!(context.status(), status);
        // The cleanup knows of it, too.
        let closed = closed.lock().unwrap().take();
        assert_eq!(closed.unwrap().message(), Some("sensor"));
    }
}

#[test]
fn x20_a_panic_of_a_blocking_body_comes_after_the_sources() {
    occupy();
    let fired = Arc::new(AtomicBool::new(false));
    let op = Cancelable::new().source(sensor(&fired)).build();
    let run = || {
        op.run_blocking(|_| {
            fired.store(true, Ordering::SeqCst);
            std::panic::resume_unwind(Box::new("in the body"));
        })
    };
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"in the body"));
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().message(), Some("sensor"));
}

#[test]
fn x20_a_timeout_of_a_blocking_body_that_never_asks() {
    occupy();
    let time = VirtualTime::new();
    let op = time.operation().timeout(Duration::from_secs(1)).build();
    let value = op.run_blocking(|_| {
        time.advance(Duration::from_secs(2));
        5
    });
    assert_eq!(value, Ok(5));
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
}

#[test]
fn x20_what_is_nested_and_what_is_in_a_composition() {
    occupy();
    let fired = Arc::new(AtomicBool::new(false));
    let stop = CancelToken::new();
    stop.cancel();
    let op = Cancelable::all([Source::any([sensor(&fired)]), Source::token(&stop)]);
    let op = op.build();
    let inner = op.run_blocking(|cx| {
        let child = cx
            .child()
            .source(Source::future(async { "too late" }))
            .build();
        let value = child.run_blocking(|_| fired.store(true, Ordering::SeqCst));
        (value, child.context().message().map(String::from))
    });
    assert_eq!(inner, Ok((Ok(()), Some("too late".into()))));
    assert_eq!(op.context().message(), Some("sensor"));
}

/// X23: what waits for a thread holds the clock; it is free again as soon as nobody waits any more.
#[test]
fn x23_work_that_is_given_up_in_the_queue_holds_no_clock() {
    occupy();
    let time = VirtualTime::new();
    let op = time.operation().build();
    {
        let mut work = pin!(op.within(|cx| cx.run_in_thread(|_| ())));
        let mut context = Context::from_waker(Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
    }
    time.block_on(time.sleep(Duration::from_secs(1))).unwrap();
}

/// X23: a blocking body needs no thread, so that the clock goes on while it sleeps.
#[test]
fn x23_a_blocking_body_sleeps_without_a_thread_for_its_sources() {
    occupy();
    let time = VirtualTime::new();
    let op = time.operation().timeout(Duration::from_secs(3600)).build();
    let (begun, has_begun) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        op.run_blocking(|cx| {
            begun.send(()).unwrap();
            cx.sleep_blocking(Duration::from_secs(1))
        })
    });
    has_begun.recv().unwrap();
    time.block_on(time.sleep(Duration::from_secs(2))).unwrap();
    assert_eq!(thread.join().unwrap(), Ok(Ok(())));
}
