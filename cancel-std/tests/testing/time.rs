//! Virtual time.

use cancel_std::testing::VirtualTime;
use cancel_std::{CancelToken, Cancelable, Instant, Reason, Spawn, Timer, TimerError, generic};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn poll(future: std::pin::Pin<&mut impl Future<Output = Result<(), TimerError>>>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    future.poll(&mut cx).is_ready()
}

#[test]
fn clones_share_the_clock_and_others_do_not() {
    let time = VirtualTime::new();
    let (clone, other) = (time.clone(), VirtualTime::default());
    time.advance(SECOND);
    assert_eq!(clone.now(), Instant::EPOCH + SECOND);
    assert_eq!(other.now(), Instant::EPOCH);
}

#[test]
fn nobody_else_moves_it() {
    let time = VirtualTime::new();
    let mut sleep = pin!(time.sleep(SECOND));
    assert!(!poll(sleep.as_mut()));
    time.advance(SECOND - Duration::from_nanos(1));
    assert!(!poll(sleep.as_mut()));
    time.advance(Duration::from_nanos(1));
    assert!(poll(sleep.as_mut()));
}

#[test]
fn extremes() {
    let time = VirtualTime::new();
    assert!(poll(pin!(time.sleep(Duration::ZERO))));
    let mut never = pin!(time.sleep(Duration::MAX));
    time.advance(Duration::MAX);
    time.advance(Duration::MAX);
    assert_eq!(time.now(), Instant::FAR_FUTURE);
    assert!(!poll(never.as_mut()));
    assert!(poll(pin!(time.sleep_until(Instant::EPOCH + HOUR))));
    assert!(time.try_block_on(never).is_err());
}

#[test]
fn a_sleep_deregisters_when_dropped() {
    let time = VirtualTime::new();
    {
        let mut sleep = pin!(time.sleep(SECOND));
        assert!(!poll(sleep.as_mut()));
        assert!(!poll(sleep.as_mut()));
        assert_eq!(time.pending_timers(), 1);
    }
    assert_eq!(time.pending_timers(), 0);
    assert_eq!(time.advance_to_next(), None);
}

#[test]
fn goes_from_one_deadline_to_the_next() {
    let time = VirtualTime::new();
    let (mut late, mut soon) = (pin!(time.sleep(3 * SECOND)), pin!(time.sleep(SECOND)));
    assert!(!poll(late.as_mut()) && !poll(soon.as_mut()));
    assert_eq!(time.advance_to_next(), Some(Instant::EPOCH + SECOND));
    assert!(poll(soon.as_mut()) && !poll(late.as_mut()));
    assert_eq!(time.advance_to_next(), Some(Instant::EPOCH + 3 * SECOND));
    assert!(poll(late.as_mut()));
}

#[test]
fn sleeps_end_in_order() {
    let time = VirtualTime::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    for (number, seconds) in [(0, 2), (1, 1), (2, 2), (3, 1)] {
        let (time, order) = (time.clone(), order.clone());
        let task = {
            let time = time.clone();
            async move {
                time.sleep(SECOND * seconds).await.unwrap();
                order.lock().unwrap().push((number, time.now()));
            }
        };
        time.spawn(task).unwrap();
    }
    time.block_on(time.sleep(HOUR)).unwrap();
    let expected = [(1, SECOND), (3, SECOND), (0, 2 * SECOND), (2, 2 * SECOND)];
    let expected = expected.map(|(number, after)| (number, Instant::EPOCH + after));
    assert_eq!(*order.lock().unwrap(), expected);
    assert_eq!((time.pending_tasks(), time.pending_timers()), (0, 0));
}

#[test]
fn an_hour_takes_no_time() {
    let time = VirtualTime::new();
    let start = std::time::Instant::now();
    let op = time.operation().timeout(HOUR);
    let result = time.block_on(op.run(async |cx| {
        loop {
            cx.sleep(SECOND).await;
        }
    }));
    let cancelled: Result<(), _> = result;
    assert_eq!(cancelled.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(time.now(), Instant::EPOCH + HOUR);
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn operations_by_default() {
    let op = generic::Cancelable::<VirtualTime>::with_timeout(SECOND).build();
    let time = op.runtime().clone();
    assert!(
        time.block_on(op.run(async |_| pending::<()>().await))
            .is_err()
    );
    assert_eq!(op.context().duration(), Some(SECOND));
}

#[test]
fn wakers_run_outside_the_lock_and_all_of_them() {
    struct Asks(VirtualTime, Mutex<usize>);
    impl Wake for Asks {
        fn wake(self: Arc<Self>) {
            *self.1.lock().unwrap() += 1;
            assert_eq!(self.0.now(), Instant::EPOCH + HOUR);
            resume_unwind(Box::new("a waker"));
        }
    }
    let time = VirtualTime::new();
    let asks = Arc::new(Asks(time.clone(), Mutex::new(0)));
    let waker = Waker::from(asks.clone());
    let mut sleeps: Vec<_> = (1..=3).map(|n| Box::pin(time.sleep(SECOND * n))).collect();
    for sleep in &mut sleeps {
        let mut cx = Context::from_waker(&waker);
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
    }
    let panic = catch_unwind(AssertUnwindSafe(|| time.advance(HOUR))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"a waker"));
    assert_eq!(*asks.1.lock().unwrap(), 3);
    assert_eq!(time.pending_timers(), 0);
}

#[test]
fn a_timer_can_fail() {
    let time = VirtualTime::new();
    let fails = {
        let time = time.clone();
        async move {
            let error = time.sleep(HOUR).await.unwrap_err();
            assert_eq!(error.description(), "gone");
        }
    };
    time.spawn(fails).unwrap();
    time.run_ready();
    assert_eq!(time.pending_timers(), 1);
    time.fail("gone");
    time.run_ready();
    assert_eq!((time.pending_tasks(), time.pending_timers()), (0, 0));
}

#[test]
fn a_deadlock_is_seen() {
    let time = VirtualTime::starting_at(Instant::EPOCH + SECOND);
    time.spawn(pending()).unwrap();
    // Nobody has the waker: at once.
    let deadlock = time.try_block_on(pending::<()>()).unwrap_err();
    let text = "nothing is left to wait for: deadlock (at 1s, with 1 tasks and 0 timers pending)";
    assert_eq!(deadlock.to_string(), text);
    // Somebody has it, but does nothing.
    time.set_patience(Duration::from_millis(5));
    let token = CancelToken::new();
    assert!(time.try_block_on(token.cancelled()).is_err());
    let panic = catch_unwind(AssertUnwindSafe(|| time.block_on(pending::<()>()))).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<String>().map(String::as_str),
        Some(text)
    );
    // It goes on afterwards.
    assert_eq!(time.block_on(async { 5 }), 5);
    assert_eq!(time.drop_tasks(), 1);
}

#[test]
fn other_threads_may_wake() {
    let time = VirtualTime::new();
    let token = CancelToken::new();
    let canceller = token.clone();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        canceller.cancel_with("from outside");
    });
    let cancelled = time.block_on(token.cancelled());
    assert_eq!(cancelled.message(), Some("from outside"));
    thread.join().unwrap();
}

#[test]
fn a_hold_keeps_the_clock() {
    let time = VirtualTime::new();
    let hold = time.hold();
    let (send, receive) = channel();
    let clock = time.clone();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        send.send(clock.now()).unwrap();
        drop(hold);
    });
    time.block_on(time.sleep(HOUR)).unwrap();
    assert_eq!(receive.recv().unwrap(), Instant::EPOCH);
    assert_eq!(time.now(), Instant::EPOCH + HOUR);
    thread.join().unwrap();
    // A hold that nobody releases is a deadlock, too.
    let _hold = time.hold();
    time.set_patience(Duration::from_millis(5));
    let deadlock = time.try_block_on(time.sleep(HOUR)).unwrap_err();
    assert!(
        deadlock
            .to_string()
            .ends_with("1 timers pending), and 1 holding the clock")
    );
}

#[test]
fn threads_share_a_clock() {
    const THREADS: u32 = 4;
    let time = VirtualTime::new();
    let holds: Vec<_> = (0..THREADS).map(|_| time.hold()).collect();
    let threads = holds.into_iter().enumerate().map(|(number, hold)| {
        let time = time.clone();
        thread::spawn(move || {
            let work = async {
                drop(hold); // all have begun
                for round in 1..=50 {
                    time.sleep(SECOND).await.unwrap();
                    assert_eq!(
                        time.now(),
                        Instant::EPOCH + SECOND * round,
                        "thread {number}"
                    );
                }
            };
            time.block_on(work);
        })
    });
    let threads: Vec<_> = threads.collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert_eq!(time.now(), Instant::EPOCH + 50 * SECOND);
}

#[test]
fn block_on_within_itself() {
    let time = VirtualTime::new();
    let seen = time.block_on(async {
        // The outer one has been woken, and cannot run before the inner one ends.
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            time.block_on(time.sleep(SECOND)).unwrap();
            Poll::Ready(())
        })
        .await;
        time.sleep(SECOND).await.unwrap();
        time.now()
    });
    assert_eq!(seen, Instant::EPOCH + 2 * SECOND);
}

#[test]
fn panics_of_tasks_go_on() {
    let time = VirtualTime::new();
    let fails = async { resume_unwind(Box::new("a task")) };
    time.spawn(fails).unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| time.block_on(time.sleep(SECOND)))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"a task"));
    assert_eq!((time.pending_tasks(), time.pending_timers()), (0, 0));
    time.block_on(time.sleep(SECOND)).unwrap(); // nothing holds the clock
}

#[test]
fn tasks_are_dropped_with_what_they_own() {
    let time = VirtualTime::new();
    let owned = Arc::new(());
    let task = {
        let (time, owned) = (time.clone(), owned.clone());
        async move {
            time.sleep(HOUR).await.unwrap();
            drop(owned);
        }
    };
    time.spawn(task).unwrap();
    time.run_ready();
    assert_eq!((Arc::strong_count(&owned), time.pending_timers()), (2, 1));
    assert_eq!(time.drop_tasks(), 1);
    assert_eq!((Arc::strong_count(&owned), time.pending_timers()), (1, 0));
}

#[test]
fn a_task_may_drop_all_tasks() {
    let time = VirtualTime::new();
    let clock = time.clone();
    let task = async move {
        assert_eq!(clock.drop_tasks(), 2);
        clock.sleep(HOUR).await.unwrap();
        unreachable!("dropped");
    };
    time.spawn(task).unwrap();
    time.spawn(pending()).unwrap();
    time.run_ready();
    assert_eq!((time.pending_tasks(), time.pending_timers()), (0, 0));
}

#[test]
fn busy_futures_starve_no_task() {
    let time = VirtualTime::new();
    let done = CancelToken::new();
    let task = done.clone();
    time.spawn(async move { assert!(task.cancel()) }).unwrap();
    time.block_on(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        match done.is_cancelled() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }));
}

#[test]
fn other_runtimes_are_not_concerned() {
    // Real time passes on another thread, and wakes this one.
    let time = VirtualTime::new();
    let run =
        Cancelable::with_timeout(Duration::from_millis(5)).run(async |cx| cx.sleep(HOUR).await);
    assert!(time.block_on(run).is_err());
    assert_eq!(time.now(), Instant::EPOCH);
}

#[test]
fn debug_does_not_block() {
    let time = VirtualTime::new();
    time.advance(SECOND);
    let text = format!("{time:?} {:?} {:?}", time.sleep(SECOND), time.hold());
    assert!(
        text.contains("now: Instant(1s)") && text.contains("TimeHold"),
        "{text}"
    );
}

/// X7: a loop of sleeps of no length lets the other tasks of the world run, which end it.
#[test]
fn x7_sleeps_of_no_length_give_way() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let handle = op.clone();
    time.spawn(async move {
        handle.cancel_with("my turn");
    })
    .unwrap();
    let mut rounds = 0;
    let run = op.run(async |cx| {
        loop {
            cx.sleep(Duration::ZERO).await;
            rounds += 1;
            assert!(rounds < 10_000, "one poll that never returns");
        }
    });
    let cancelled: Result<(), _> = time.block_on(run);
    assert_eq!(cancelled.unwrap_err().message(), Some("my turn"));
    assert_eq!(time.now(), Instant::EPOCH);
}
