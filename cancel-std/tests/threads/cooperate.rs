//! `checkpoint` and `sleep_blocking`.

use crate::{LONG, SHORT};
use cancel_core::{Instant, Timer, TimerError};
use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Cancelled, Reason, Status, Std, block_on, generic};
use std::error::Error;
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_checkpoint_gives_way_once() {
    let op = Cancelable::new().build().within(Clone::clone);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut checkpoint = pin!(op.checkpoint());
    assert!(checkpoint.as_mut().poll(&mut cx).is_pending());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_eq!(checkpoint.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_plain_body_is_dropped_at_a_checkpoint() {
    let op = Cancelable::new();
    let result = block_on(op.run(async |cx| {
        cx.checkpoint().await.unwrap();
        cx.cancel_with("enough");
        let _ = cx.checkpoint().await;
        unreachable!("goes on");
    }));
    let result: Result<(), _> = result;
    assert_eq!(result.unwrap_err().message(), Some("enough"));
}

#[test]
fn a_checkpoint_sees_a_deadline_that_no_timer_has_told() {
    // Its sleeps never end: only the clock tells.
    #[derive(Clone)]
    struct Deaf(VirtualTime);
    impl Timer for Deaf {
        type Sleep = std::future::Pending<Result<(), TimerError>>;
        fn now(&self) -> Instant {
            self.0.now()
        }
        fn sleep_until(&self, _: Instant) -> Self::Sleep {
            std::future::pending()
        }
    }
    let time = VirtualTime::new();
    let op = generic::Cancelable::on(Deaf(time.clone()))
        .timeout(SHORT)
        .build();
    let mut polls = 0;
    let result = block_on(op.run(async |cx| {
        while cx.checkpoint().await.is_ok() {
            polls += 1;
            time.advance(SHORT / 3);
        }
        unreachable!("goes on");
    }));
    let result: Result<(), _> = result;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(op.context().duration() >= Some(SHORT));
    assert!(polls >= 3);
}

#[test]
fn a_checkpoint_tells_whoever_goes_on() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let in_cleanup = told.clone();
    let op = Cancelable::new().grace(LONG).finally(move |cx| async move {
        let is_live = cx.checkpoint().await.is_ok();
        in_cleanup.lock().unwrap().push(is_live);
    });
    let in_body = told.clone();
    let value = block_on(op.run(async |cx| {
        cx.cancel_with("enough");
        let in_grace = cx.checkpoint().await.is_err();
        let outer = cx.shield_future(async { cx.checkpoint().await.is_err() });
        let outer = outer.await;
        let in_shield = cx.shield(async |cx| cx.checkpoint().await.is_ok()).await;
        in_body.lock().unwrap().extend([in_grace, outer, in_shield]);
        5
    }));
    assert_eq!(value, Ok(5));
    assert_eq!(*told.lock().unwrap(), [true; 4]);
}

#[test]
fn a_checkpoint_lets_sources_in() {
    // Without any timer, and without a look at the clock.
    let source = cancel_std::Source::future(async {
        smol::future::yield_now().await;
        "fired"
    });
    let op = Cancelable::new().source(source);
    let result = block_on(op.run(async |cx| {
        loop {
            let _ = cx.checkpoint().await;
        }
    }));
    let result: Result<(), _> = result;
    assert_eq!(result.unwrap_err().message(), Some("fired"));
}

#[test]
fn blocking_sleeps_of_all_lengths() {
    let op = Cancelable::new();
    op.run_blocking(|cx| {
        for duration in [Duration::ZERO, Duration::from_nanos(1), SHORT] {
            let start = std::time::Instant::now();
            assert_eq!(cx.sleep_blocking(duration), Ok(()));
            assert!(start.elapsed() >= duration);
        }
        let handle = cx.clone();
        let canceller = thread::spawn(move || {
            thread::sleep(SHORT);
            handle.cancel_with("wake up")
        });
        let woken = cx.sleep_blocking(Duration::MAX).unwrap_err();
        assert_eq!(woken.message(), Some("wake up"));
        assert!(cx.sleep_blocking(Duration::ZERO).is_err()); // at once
        assert!(cx.sleep_blocking(Duration::MAX).is_err());
        assert!(canceller.join().unwrap());
    })
    .unwrap();
}

#[test]
fn a_blocking_sleep_sees_the_deadline_of_a_blocked_runner() {
    let op = Cancelable::with_timeout(SHORT).build();
    let result = block_on(op.try_run(async |cx| -> Result<(), Cancelled> {
        let child = Cancelable::new().parent(cx).build();
        assert_eq!(
            child
                .within(|cx| cx.sleep_blocking(LONG))
                .unwrap_err()
                .reason(),
            Reason::Parent
        );
        cx.sleep_blocking(LONG)
    }));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn a_blocking_sleep_goes_on_if_the_deadline_moves_away() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(10 * SHORT);
    let run = op.run(async |cx| {
        let slept = cx.run_in_thread(|cx| cx.sleep_blocking(30 * SHORT));
        let mover = async {
            cx.sleep(9 * SHORT).await;
            assert!(cx.operation().set_timeout(LONG));
        };
        smol::future::zip(slept, mover).await.0
    });
    assert_eq!(time.block_on(run), Ok(Ok(Ok(()))));
    assert_eq!(time.now(), Instant::EPOCH + 30 * SHORT);
}

#[test]
fn a_broken_timer_cancels() {
    #[derive(Clone, Copy)]
    struct Broken;
    impl Timer for Broken {
        type Sleep = Ready<Result<(), TimerError>>;
        fn now(&self) -> Instant {
            Std.now()
        }
        fn sleep_until(&self, _: Instant) -> Self::Sleep {
            ready(Err(TimerError::new("gone")))
        }
    }
    let op = generic::Cancelable::on(Broken);
    let error = op
        .try_run_blocking(|cx| cx.sleep_blocking(LONG))
        .unwrap_err();
    assert_eq!(error.reason(), Reason::Error);
    assert_eq!(error.source().unwrap().to_string(), "timer failed: gone");
}
