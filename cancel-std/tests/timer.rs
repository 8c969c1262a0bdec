//! The timer from outside.

use cancel_core::{Timer, TimerError};
use cancel_std::{Instant, Sleep, Std};
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn poll(sleep: &mut Sleep, waker: &Waker) -> Poll<Result<(), TimerError>> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

/// Counts how often it is woken. `SeqCst`: the tests do not depend on orderings.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), count.into())
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn eventually(&self, wakes: usize) {
        let start = std::time::Instant::now();
        while self.get() != wakes {
            assert!(start.elapsed() < Duration::from_secs(30), "waited in vain");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn auto_traits() {
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + std::fmt::Debug + 'static>() {}
    check::<Sleep>();
    check::<Std>();
}

#[test]
fn never_early() {
    // Off the tick in all sorts of ways, on several threads at a time.
    let threads: Vec<_> = (0..4_u64)
        .map(|thread| {
            std::thread::spawn(move || {
                for round in 0..50 {
                    let duration =
                        Duration::from_nanos((round * 7919 + thread * 104_729) % 5_000_000);
                    let before = std::time::Instant::now();
                    let sleep = Std.sleep(duration);
                    let deadline = sleep.deadline();
                    smol::block_on(sleep).unwrap();
                    assert!(Std.now() >= deadline);
                    assert!(before.elapsed() >= duration);
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_thousand_at_once_in_any_order() {
    let executor = smol::Executor::new();
    let tasks: Vec<_> = (0..1000_u64)
        .map(|number| {
            executor.spawn(async move {
                let deadline = Std.now() + Duration::from_micros(number * 7919 % 20_000);
                Std.sleep_until(deadline).await.unwrap();
                assert!(Std.now() >= deadline);
            })
        })
        .collect();
    smol::block_on(executor.run(async {
        for task in tasks {
            task.await;
        }
    }));
}

#[test]
fn zero_and_the_past_are_ready_at_the_first_poll() {
    for mut sleep in [
        Std.sleep(Duration::ZERO),
        Std.sleep_until(Instant::EPOCH),
        Std.sleep_until(Std.now()),
    ] {
        assert_eq!(poll(&mut sleep, Waker::noop()), Poll::Ready(Ok(())));
        assert_eq!(
            poll(&mut sleep, Waker::noop()),
            Poll::Ready(Ok(())),
            "fused"
        );
    }
    let mut passed = Std.sleep(Duration::from_millis(5));
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(poll(&mut passed, Waker::noop()), Poll::Ready(Ok(())));
}

#[test]
fn never() {
    let (count, waker) = Count::new();
    for mut sleep in [
        Std.sleep(Duration::MAX),
        Std.sleep_until(Instant::FAR_FUTURE),
        Std.sleep(Duration::MAX - Duration::from_secs(1)),
        Std.sleep(HOUR * 24 * 365 * 100),
    ] {
        assert!(poll(&mut sleep, &waker).is_pending());
        assert!(poll(&mut sleep, &waker).is_pending());
    }
    assert_eq!(Std.sleep(Duration::MAX).deadline(), Instant::FAR_FUTURE);
    assert_eq!(
        Arc::strong_count(&count),
        2,
        "a dropped sleep keeps no waker"
    );
    assert_eq!(count.get(), 0);
}

#[test]
fn only_the_last_waker_is_woken() {
    let ((first, first_waker), (last, last_waker)) = (Count::new(), Count::new());
    let mut sleep = Std.sleep(Duration::from_millis(50));
    assert!(poll(&mut sleep, &first_waker).is_pending());
    assert!(poll(&mut sleep, &first_waker).is_pending());
    assert_eq!(Arc::strong_count(&first), 3, "the same waker is kept once");
    if poll(&mut sleep, &last_waker).is_pending() {
        assert_eq!(Arc::strong_count(&first), 2, "the replaced waker is gone");
        last.eventually(1);
        assert_eq!(first.get(), 0);
    }
    assert_eq!(poll(&mut sleep, &last_waker), Poll::Ready(Ok(())));
    assert_eq!(Arc::strong_count(&last), 2);
}

#[test]
fn moved_between_polls() {
    let (count, waker) = Count::new();
    let mut sleep = Std.sleep(Duration::from_millis(20));
    let deadline = sleep.deadline();
    if poll(&mut sleep, &waker).is_pending() {
        let mut boxed = Box::new(sleep);
        let _ = poll(&mut boxed, &waker);
        count.eventually(1);
        // And to another thread, which drops it after it has fired.
        let done = std::thread::spawn(move || poll(&mut { *boxed }, Waker::noop()));
        assert_eq!(done.join().unwrap(), Poll::Ready(Ok(())));
    }
    assert!(Std.now() >= deadline);
}

#[test]
fn dropping_lets_go_of_the_waker() {
    let (count, waker) = Count::new();
    let mut sleep = Std.sleep(HOUR);
    assert!(poll(&mut sleep, &waker).is_pending());
    assert_eq!(Arc::strong_count(&count), 3);
    drop(sleep);
    assert_eq!(Arc::strong_count(&count), 2);
}

#[test]
fn reset_both_ways() {
    // Tightened while it waits.
    let mut sleep = Std.sleep(HOUR);
    let (count, waker) = Count::new();
    assert!(poll(&mut sleep, &waker).is_pending());
    sleep.reset(Std.now() + Duration::from_millis(5));
    count.eventually(1);
    assert_eq!(poll(&mut sleep, &waker), Poll::Ready(Ok(())));
    assert!(Std.now() >= sleep.deadline());
    // Extended again after it was ready, and while it waits.
    sleep.reset(Std.now() + HOUR);
    assert!(poll(&mut sleep, &waker).is_pending());
    sleep.reset(Std.now() + HOUR * 2);
    assert!(poll(&mut sleep, &waker).is_pending());
    assert_eq!(count.get(), 1);
    // Before the first poll.
    let mut fresh = Std.sleep(Duration::ZERO);
    fresh.reset(Std.now() + HOUR);
    assert!(poll(&mut fresh, &waker).is_pending());
}

#[test]
fn a_waker_that_panics_in_drop_leaves_the_timer_in_order() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Bad {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("in the drop of a waker"));
        }
    }
    let mut sleep = Std.sleep(HOUR);
    let bad = Waker::from(Arc::new(Bad));
    assert!(poll(&mut sleep, &bad).is_pending());
    // The clone inside the timer becomes the last one.
    drop(bad);
    let (count, good) = Count::new();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut sleep, &good))).unwrap_err();
    sleep.reset(Std.now() + Duration::from_millis(2));
    count.eventually(1);
    assert_eq!(poll(&mut sleep, &good), Poll::Ready(Ok(())));
}

#[test]
fn debug_tells_the_state() {
    let mut sleep = Std.sleep_until(Instant::EPOCH + HOUR);
    assert_eq!(
        format!("{sleep:?}"),
        "Sleep { deadline: Instant(3600s), state: idle, .. }"
    );
    let _ = poll(&mut sleep, Waker::noop());
    assert_eq!(
        format!("{sleep:?}"),
        "Sleep { deadline: Instant(3600s), state: armed, .. }"
    );
    sleep.reset(Instant::EPOCH);
    let _ = poll(&mut sleep, Waker::noop());
    assert_eq!(
        format!("{sleep:?}"),
        "Sleep { deadline: Instant(0ns), state: done, .. }"
    );
}

#[test]
fn panics_of_wakers_can_be_read() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            // Silent: without the panic hook.
            std::panic::resume_unwind(Box::new("bad"));
        }
    }
    let waker = Waker::from(Arc::new(Bad));
    let before = Std.panics();
    let mut sleep = Std.sleep(Duration::from_millis(50));
    assert!(poll(&mut sleep, &waker).is_pending());
    while Std.panics() == before {
        std::thread::yield_now();
    }
    assert_eq!(smol::block_on(sleep), Ok(()));
}
