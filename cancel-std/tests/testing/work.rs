//! X23: work on a thread holds virtual time.

use cancel_std::testing::VirtualTime;
use cancel_std::{Condition, Instant, Reason, Status, Timer};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const ROUNDS: usize = 200;

/// Polls `future`, and says so each time when it is pending: the thread has nothing else to do then.
async fn told<F: Future>(future: F, idle: Sender<()>) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            let _ = idle.send(());
        }
        poll
    })
    .await
}

/// Works until long after the other thread had nothing else to do.
fn work(idle: &Receiver<()>) {
    idle.recv().unwrap();
    for _ in 0..2 {
        thread::yield_now();
    }
}

#[test]
fn x23_a_part_on_a_thread_comes_before_a_far_timeout() {
    for _ in 0..ROUNDS {
        let time = VirtualTime::new();
        let (tell, idle) = channel();
        let op = time.operation().timeout(HOUR).build();
        let run = op.run(async move |cx| cx.run_in_thread(move |_| work(&idle)).await);
        assert_eq!(time.block_on(told(run, tell)), Ok(Ok(())));
        assert_eq!(time.now(), Instant::EPOCH);
        assert_eq!(op.status(), Status::Completed);
    }
}

#[test]
fn x23_a_blocking_predicate_comes_before_a_far_timeout() {
    for _ in 0..ROUNDS {
        let time = VirtualTime::new();
        let (tell, idle) = channel();
        let mut left = 3;
        let predicate = move || {
            work(&idle);
            left -= 1;
            left == 0
        };
        let condition = Condition::new(predicate, SECOND).unwrap();
        let op = time.operation().timeout(HOUR).source(condition);
        let run = op.run(async |_| pending::<()>().await);
        let cancelled = time.block_on(told(run, tell)).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Condition);
        assert_eq!(time.now(), Instant::EPOCH + 2 * SECOND); // between the three checks
    }
}

#[test]
fn x23_a_blocking_body_comes_before_a_far_timeout() {
    for _ in 0..ROUNDS {
        let time = VirtualTime::new();
        let (tell, idle) = channel();
        let (begun, has_begun) = channel();
        let op = time.operation().timeout(HOUR).build();
        let handle = op.clone();
        let thread = thread::spawn(move || {
            op.run_blocking(|cx| {
                begun.send(()).unwrap();
                work(&idle);
                cx.check()
            })
        });
        has_begun.recv().unwrap();
        let until = time.sleep_until(Instant::EPOCH + 2 * HOUR);
        time.block_on(told(until, tell)).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(Ok(())));
        let context = handle.context();
        assert_eq!(context.status(), Status::Completed);
        assert_eq!(context.reason(), None);
        assert_eq!(context.duration(), Some(Duration::ZERO));
    }
}

#[test]
fn x23_a_blocking_sleep_on_a_thread_takes_virtual_time() {
    for _ in 0..ROUNDS {
        let time = VirtualTime::new();
        let op = time.operation().timeout(2 * HOUR);
        let run = op.run(async |cx| {
            cx.run_in_thread(|cx| cx.sleep_blocking(HOUR).map(|()| cx.remaining()))
                .await
        });
        assert_eq!(time.block_on(run), Ok(Ok(Ok(Some(HOUR)))));
        assert_eq!(time.now(), Instant::EPOCH + HOUR);
    }
}

/// What wakes a blocking sleep has the thread at work again before it goes on: the clock stands where
/// the cancel came.
#[test]
fn x23_a_blocking_sleep_that_is_cancelled_ends_at_that_time() {
    for _ in 0..ROUNDS {
        let time = VirtualTime::new();
        let op = time.operation().timeout(10 * SECOND).build();
        let (clock, handle) = (time.clone(), op.clone());
        let run = op.run(async |cx| {
            let slept = cx.run_in_thread(move |cx| {
                assert!(cx.sleep_blocking(HOUR).is_err());
                clock.now()
            });
            let now = cx.shield_future(slept).await.unwrap();
            assert_eq!(now, Instant::EPOCH + 10 * SECOND);
        });
        let beside = time.sleep_until(Instant::EPOCH + 11 * SECOND);
        let both = async {
            let (run, beside) = futures_util::future::join(run, beside).await;
            beside.unwrap();
            run
        };
        // (The body has ended, whatever the shield in it was told.)
        assert_eq!(time.block_on(both), Ok(()));
        assert_eq!(handle.context().reason(), Some(Reason::Timeout));
    }
}

#[test]
fn x23_a_blocking_body_may_sleep() {
    for _ in 0..ROUNDS {
        let time = VirtualTime::new();
        let op = time.operation().timeout(HOUR).build();
        let (begun, has_begun) = channel();
        let thread = thread::spawn(move || {
            op.run_blocking(|cx| {
                begun.send(()).unwrap();
                cx.child().run_blocking(|cx| cx.sleep_blocking(SECOND))
            })
        });
        has_begun.recv().unwrap();
        time.block_on(time.sleep_until(Instant::EPOCH + HOUR / 2))
            .unwrap();
        assert_eq!(thread.join().unwrap(), Ok(Ok(Ok(()))));
        assert_eq!(time.now(), Instant::EPOCH + HOUR / 2);
    }
}

#[test]
fn x23_work_may_run_something_on_the_clock() {
    let time = VirtualTime::new();
    let clock = time.clone();
    let op = time.operation().timeout(2 * HOUR);
    let run = op.run(async |cx| {
        cx.run_in_thread(move |_| clock.block_on(clock.sleep(HOUR)))
            .await
    });
    assert_eq!(time.block_on(run), Ok(Ok(Ok(()))));
    assert_eq!(time.now(), Instant::EPOCH + HOUR);
}

/// However work ends, the clock is free afterwards.
#[test]
fn x23_the_clock_is_free_when_the_work_has_ended() {
    let time = VirtualTime::new();
    let free = || {
        let before = time.now();
        time.block_on(time.sleep(SECOND)).unwrap();
        assert_eq!(time.now(), before + SECOND);
    };
    let op = time.operation().build();
    let panics = op.run(async |cx| {
        let work = cx.run_in_thread(|_| resume_unwind(Box::new("seven")));
        work.await.unwrap()
    });
    let result: Result<Result<(), _>, _> = catch_unwind(AssertUnwindSafe(|| time.block_on(panics)));
    assert!(result.is_err());
    free();

    let result: Result<Result<(), _>, _> = catch_unwind(AssertUnwindSafe(|| {
        time.operation()
            .run_blocking(|_| resume_unwind(Box::new("seven")))
    }));
    assert!(result.is_err());
    free();

    // Dropped while it is at work: it ends by itself.
    let (begun, has_begun) = channel();
    let (release, wait) = channel::<()>();
    let op = time.operation().build();
    {
        let work = op.within(|cx| {
            cx.run_in_thread(move |_| {
                begun.send(()).unwrap();
                let _ = wait.recv();
            })
        });
        let mut work = pin!(work);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
        has_begun.recv().unwrap();
    }
    drop(release);
    free();
}
