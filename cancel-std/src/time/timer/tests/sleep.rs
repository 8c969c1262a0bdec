//! Sleeps on timers of their own, so that counts are exact and threads can die.

use crate::time::clock;
use crate::time::timer::shared::{DIED, NOT_STARTED, SharedTimer};
use crate::time::timer::{Known, Sleep, thread};
use cancel_core::{Instant, TimerError};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn timer(start: fn(&'static SharedTimer) -> io::Result<()>) -> &'static SharedTimer {
    Box::leak(Box::new(SharedTimer::new(start)))
}

fn sleep(timer: &'static SharedTimer, duration: Duration) -> Sleep {
    Sleep::on(timer, clock::now() + duration, Known::Nothing)
}

fn poll(sleep: &mut Sleep, waker: &Waker) -> Poll<Result<(), TimerError>> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

/// Waits for something that another thread does, with a bound far beyond what it can take.
fn eventually(mut condition: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Calls a function on wake, another on drop.
struct Calls<W: Fn(), D: Fn()>(W, D);

impl<W: Fn(), D: Fn()> Wake for Calls<W, D> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

impl<W: Fn(), D: Fn()> Drop for Calls<W, D> {
    fn drop(&mut self) {
        (self.1)();
    }
}

fn waker(on_wake: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Calls(on_wake, || ())))
}

/// Counts how often it is woken. `SeqCst` here and below: the tests do not depend on orderings.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn count() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), count.into())
}

#[test]
fn four_threads_leave_no_entry() {
    let timer = timer(thread::start);
    let threads: Vec<_> = (0..4)
        .map(|number| {
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                for round in 0..10_000_u64 {
                    // Most are dropped long before, some fire, some stay a while.
                    let far = round % 10 != number;
                    let duration = if far {
                        HOUR
                    } else {
                        Duration::from_millis(round % 5)
                    };
                    let mut sleep = sleep(timer, duration);
                    let _ = poll(&mut sleep, Waker::noop());
                    if round % 7 == 0 {
                        kept.push(sleep);
                    }
                    if kept.len() > 100 {
                        kept.clear();
                    }
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(timer.live(), 0);
}

#[test]
fn never_and_the_past_do_not_register() {
    let timer = timer(|_| unreachable!("no thread is needed"));
    let mut never = Sleep::on(timer, Instant::FAR_FUTURE, Known::Nothing);
    assert!(poll(&mut never, Waker::noop()).is_pending());
    let mut past = Sleep::on(timer, Instant::EPOCH, Known::Nothing);
    assert_eq!(poll(&mut past, Waker::noop()), Poll::Ready(Ok(())));
    assert_eq!(timer.live(), 0);
}

#[test]
fn a_long_sleep_polled_late_is_woken_at_once() {
    let timer = timer(thread::start);
    let mut late = Sleep::on(timer, clock::now(), Known::Ahead);
    let (count, waker) = count();
    if poll(&mut late, &waker).is_pending() {
        eventually(|| count.0.load(Ordering::SeqCst) == 1);
        assert_eq!(poll(&mut late, &waker), Poll::Ready(Ok(())));
    }
    assert_eq!(timer.live(), 0);
}

#[test]
fn reset_keeps_the_waker_through_never() {
    let timer = timer(thread::start);
    let (count, waker) = count();
    let mut sleep = sleep(timer, HOUR);
    assert!(poll(&mut sleep, &waker).is_pending());
    sleep.reset(Instant::FAR_FUTURE);
    assert_eq!(timer.live(), 1);
    sleep.reset(clock::now() + Duration::from_millis(5));
    eventually(|| count.0.load(Ordering::SeqCst) == 1);
    assert_eq!(poll(&mut sleep, &waker), Poll::Ready(Ok(())));
    assert!(clock::now() >= sleep.deadline());
    assert_eq!(timer.live(), 0);
}

#[test]
fn reset_to_the_past_wakes_and_is_ready() {
    let timer = timer(thread::start);
    let (count, waker) = count();
    let mut polled = sleep(timer, HOUR);
    let mut only_woken = sleep(timer, HOUR);
    assert!(poll(&mut polled, Waker::noop()).is_pending());
    assert!(poll(&mut only_woken, &waker).is_pending());
    polled.reset(clock::now());
    only_woken.reset(Instant::EPOCH);
    assert_eq!(poll(&mut polled, Waker::noop()), Poll::Ready(Ok(())));
    eventually(|| count.0.load(Ordering::SeqCst) == 1);
    assert_eq!(poll(&mut only_woken, &waker), Poll::Ready(Ok(())));
    assert_eq!(timer.live(), 0);
}

#[test]
fn reset_after_firing_starts_anew() {
    let timer = timer(thread::start);
    let (count, waker) = count();
    let mut sleep = sleep(timer, Duration::from_millis(5));
    if poll(&mut sleep, &waker).is_pending() {
        eventually(|| count.0.load(Ordering::SeqCst) == 1);
    }
    // Fired, and nobody has polled it since.
    sleep.reset(clock::now() + HOUR);
    assert_eq!(timer.live(), 0);
    assert!(poll(&mut sleep, &waker).is_pending());
    assert_eq!(timer.live(), 1);
}

#[test]
fn panicking_wakers_are_counted_and_silence_nobody() {
    struct Spiteful;
    impl Drop for Spiteful {
        fn drop(&mut self) {
            panic!("in the drop of a payload");
        }
    }
    let timer = timer(thread::start);
    let deadline = clock::now() + Duration::from_millis(20);
    let (count, good) = count();
    // Silent: without the panic hook.
    let bad = waker(|| std::panic::resume_unwind(Box::new(Spiteful)));
    let mut sleeps = Vec::new();
    for number in 0..100 {
        let mut sleep = Sleep::on(timer, deadline, Known::Ahead);
        let waker = if number % 2 == 0 { &bad } else { &good };
        assert!(poll(&mut sleep, waker).is_pending());
        sleeps.push(sleep);
    }
    eventually(|| timer.panics() == 50 && count.0.load(Ordering::SeqCst) == 50);
    assert!(
        sleeps
            .iter_mut()
            .all(|sleep| poll(sleep, &good) == Poll::Ready(Ok(())))
    );
    drop(sleeps);
    // The thread lives on.
    assert_eq!(
        smol::block_on(sleep(timer, Duration::from_millis(1))),
        Ok(())
    );
    assert_eq!(timer.live(), 0);
}

#[test]
fn wakers_may_use_the_timer() {
    let timer = timer(thread::start);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (in_waker, in_drop) = (kept.clone(), kept.clone());
    // Arms one, keeps it, and drops one that was armed before.
    let use_timer = move |kept: &Mutex<Vec<Sleep>>| {
        let mut another = sleep(timer, HOUR);
        assert!(poll(&mut another, Waker::noop()).is_pending());
        let mut kept = kept.lock().unwrap();
        kept.pop();
        kept.push(another);
    };
    let drops = Arc::new(AtomicUsize::new(0));
    let dropped = drops.clone();
    let waker = Waker::from(Arc::new(Calls(
        move || use_timer(&in_waker),
        move || {
            use_timer(&in_drop);
            dropped.fetch_add(1, Ordering::SeqCst);
        },
    )));
    let (count, counting) = count();

    // Woken, and dropped by the timer's thread or by this one.
    let mut woken = sleep(timer, Duration::from_millis(2));
    let pending = poll(&mut woken, &waker).is_pending();
    drop(waker);
    eventually(|| drops.load(Ordering::SeqCst) == 1);
    assert!(!pending || poll(&mut woken, &counting) == Poll::Ready(Ok(())));

    // Dropped because another waker takes its place, and because the sleep is dropped.
    for replace in [true, false] {
        let (in_drop, dropped) = (kept.clone(), drops.clone());
        let on_drop = move || {
            use_timer(&in_drop);
            dropped.fetch_add(1, Ordering::SeqCst);
        };
        let waker = Waker::from(Arc::new(Calls(|| (), on_drop)));
        let mut sleep = sleep(timer, HOUR);
        assert!(poll(&mut sleep, &waker).is_pending());
        drop(waker);
        let before = drops.load(Ordering::SeqCst);
        if replace {
            assert!(poll(&mut sleep, &counting).is_pending());
        } else {
            drop(sleep);
        }
        assert_eq!(drops.load(Ordering::SeqCst), before + 1);
    }
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
    kept.lock().unwrap().clear();
    drop(woken);
    assert_eq!(timer.live(), 0);
}

#[test]
fn no_thread_is_an_error_and_tried_again() {
    static FAIL: AtomicBool = AtomicBool::new(true);
    let timer = timer(|shared| match FAIL.load(Ordering::SeqCst) {
        true => Err(io::ErrorKind::WouldBlock.into()),
        false => thread::start(shared),
    });
    let mut failed = sleep(timer, HOUR);
    for _ in 0..2 {
        assert_eq!(
            poll(&mut failed, Waker::noop()),
            Poll::Ready(Err(NOT_STARTED))
        );
    }
    assert_eq!(smol::block_on(sleep(timer, HOUR)), Err(NOT_STARTED));
    FAIL.store(false, Ordering::SeqCst);
    assert_eq!(
        smol::block_on(sleep(timer, Duration::from_millis(2))),
        Ok(())
    );
    // An old one can be used again, too.
    failed.reset(clock::now() + Duration::from_millis(2));
    assert_eq!(smol::block_on(failed), Ok(()));
    assert_eq!(timer.live(), 0);
}

#[test]
fn a_dead_thread_fails_all_sleeps_and_is_replaced() {
    static DIE: AtomicBool = AtomicBool::new(false);
    static STARTS: AtomicUsize = AtomicUsize::new(0);
    fn deadly_clock() -> Instant {
        if DIE.swap(false, Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("the test wants it dead"));
        }
        clock::now()
    }
    let timer = timer(|shared| {
        STARTS.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || thread::run(shared, deadly_clock));
        Ok(())
    });
    // From several threads, so that more than one shard is in use; one waker panics, and one arms
    // a sleep, which starts the next thread from within the death of the last.
    let (count, counting) = count();
    let bad = waker(|| panic!("in a waker, while the thread unwinds"));
    let rearmed = Arc::new(Mutex::new(None));
    let slot = rearmed.clone();
    let restarting = waker(move || {
        let mut another = sleep(timer, HOUR);
        assert!(poll(&mut another, Waker::noop()).is_pending());
        *slot.lock().unwrap() = Some(another);
    });
    let arm = |waker: &Waker| {
        let waker = waker.clone();
        let armed = std::thread::spawn(move || {
            let mut sleep = sleep(timer, HOUR);
            assert!(poll(&mut sleep, &waker).is_pending());
            sleep
        });
        armed.join().unwrap()
    };
    let mut sleeps: Vec<Sleep> = [
        &bad,
        &counting,
        &restarting,
        &counting,
        &counting,
        &counting,
    ]
    .into_iter()
    .map(arm)
    .collect();

    DIE.store(true, Ordering::SeqCst);
    // Earlier than the rest: the thread reads its clock.
    let mut killer = sleep(timer, Duration::from_millis(20));
    let _ = poll(&mut killer, Waker::noop());
    eventually(|| count.0.load(Ordering::SeqCst) == 4 && rearmed.lock().unwrap().is_some());
    assert_eq!(timer.panics(), 1);
    for sleep in &mut sleeps {
        assert_eq!(poll(sleep, Waker::noop()), Poll::Ready(Err(DIED)));
        assert_eq!(poll(sleep, Waker::noop()), Poll::Ready(Err(DIED)), "fused");
    }
    drop((sleeps, killer));
    assert_eq!(STARTS.load(Ordering::SeqCst), 2);
    assert_eq!(
        smol::block_on(sleep(timer, Duration::from_millis(2))),
        Ok(())
    );
    assert!(poll(rearmed.lock().unwrap().as_mut().unwrap(), Waker::noop()).is_pending());
    rearmed.lock().unwrap().take();
    assert_eq!(timer.live(), 0);
}
