//! Asynchronous progress callbacks, and reports at any time.

use crate::poll;
use cancel_std::testing::{TestWaker, VirtualSleep, VirtualTime};
use cancel_std::{Cancelable, Instant, Timer, generic};
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;
use std::time::Duration;

/// A timer that lets a report come from elsewhere while a sleep is made: between the runner's look at
/// the queue, and its registration.
#[derive(Clone)]
struct Between {
    time: VirtualTime,
    handle: Arc<OnceLock<generic::Operation<Between>>>,
}

impl Timer for Between {
    type Sleep = VirtualSleep;

    fn now(&self) -> Instant {
        self.time.now()
    }

    fn sleep_until(&self, deadline: Instant) -> VirtualSleep {
        if let Some(handle) = self.handle.get().cloned() {
            std::thread::spawn(move || handle.within(|cx| cx.progress(1, 2)))
                .join()
                .unwrap();
        }
        self.time.sleep_until(deadline)
    }
}

#[test]
fn a_report_between_the_look_and_the_registration_wakes_the_runner() {
    let runtime = Between {
        time: VirtualTime::new(),
        handle: Arc::default(),
    };
    let heard = Arc::new(AtomicUsize::new(0));
    let op = generic::Cancelable::on(runtime.clone())
        .timeout(Duration::from_secs(3600))
        .on_progress_async({
            let heard = heard.clone();
            move |_| {
                let heard = heard.clone();
                async move {
                    heard.fetch_add(1, Ordering::SeqCst);
                }
            }
        })
        .build();
    runtime.handle.set(op.clone()).unwrap();
    let waker = TestWaker::counting();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(waker.poll(run.as_mut()).is_pending());
    assert!(
        waker.wakes() > 0 || heard.load(Ordering::SeqCst) == 1,
        "nobody will look"
    );
    assert!(waker.poll(run.as_mut()).is_pending());
    assert_eq!(heard.load(Ordering::SeqCst), 1);
    let _ = runtime.handle; // (a circle, which the test does not mind)
}

#[test]
fn the_callbacks_of_a_part_hear_of_progress() {
    let heard = Arc::new(AtomicUsize::new(0));
    let part = || {
        let heard = heard.clone();
        Cancelable::new().on_progress_async(move |_| {
            let heard = heard.clone();
            async move {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let op = part().combine(part()).build();
    let handle = op.clone();
    let waker = TestWaker::counting();
    let mut run = pin!(op.run(async |cx| {
        cx.progress(1, 2);
        pending::<()>().await;
    }));
    assert!(waker.poll(run.as_mut()).is_pending());
    assert_eq!(heard.load(Ordering::SeqCst), 2, "beside the body");
    handle.within(|cx| cx.progress(2, 2));
    assert_eq!(waker.wakes(), 1);
    assert!(waker.poll(run.as_mut()).is_pending());
    assert_eq!(heard.load(Ordering::SeqCst), 4);
    handle.within(|cx| cx.progress(3, 3));
    handle.cancel();
    assert!(waker.poll(run.as_mut()).is_ready());
    assert_eq!(heard.load(Ordering::SeqCst), 6, "what is left is done");
}

#[test]
fn a_report_of_the_cleanup_is_heard() {
    let heard = Arc::new(AtomicUsize::new(0));
    let op = Cancelable::new().on_progress_async({
        let heard = heard.clone();
        move |_| {
            let heard = heard.clone();
            async move {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    let run = op.run_finally(async |_| (), async |cx| cx.progress(1, 1));
    smol::block_on(run).unwrap();
    assert_eq!(heard.load(Ordering::SeqCst), 1);
}

#[test]
fn what_a_dropped_run_has_queued_goes_with_it() {
    let kept = Arc::new(());
    let new = Cancelable::new().on_progress_async({
        let kept = kept.clone();
        move |_| {
            let kept = kept.clone();
            async move {
                pending::<()>().await;
                drop(kept);
            }
        }
    });
    let op = new.build();
    let mut run = Box::pin(op.run(async |cx| {
        cx.progress(1, 2);
        cx.progress(2, 2);
        pending::<()>().await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(Arc::strong_count(&kept), 4);
    drop(run);
    assert_eq!(Arc::strong_count(&kept), 2);
}

#[test]
fn a_panicking_waker_of_the_runner_does_not_silence_the_ancestors() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let parent = Cancelable::new()
        .on_progress({
            let heard = heard.clone();
            move |progress| heard.lock().unwrap().push(progress.to_string())
        })
        .build();
    let op = parent.child().on_progress_async(|_| async {}).build();
    let handle = op.clone();
    let waker = TestWaker::panicking("a waker");
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert_eq!(waker.poll(run.as_mut()), Poll::Pending);
    handle.within(|cx| cx.progress(1, 2));
    assert_eq!(*heard.lock().unwrap(), ["1/2"]);
}
