//! The background thread from outside.

use cancel_core::{Spawn, Timer};
use cancel_std::Std;
use std::future::{pending, poll_fn};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

#[test]
fn tasks_share_one_thread_that_is_not_the_timers() {
    let (send, receive) = mpsc::channel();
    for _ in 0..100 {
        let send = send.clone();
        Std.spawn(async move {
            Std.sleep(Duration::from_millis(2)).await.unwrap();
            let thread = std::thread::current();
            send.send((thread.id(), thread.name().map(String::from)))
                .unwrap();
        })
        .unwrap();
    }
    let (id, name) = receive.recv_timeout(LONG).unwrap();
    assert_eq!(name.as_deref(), Some("cancel-background"));
    for _ in 1..100 {
        assert_eq!(receive.recv_timeout(LONG).unwrap().0, id);
    }
}

#[test]
fn a_panicking_task_stops_only_itself() {
    struct Spiteful;
    impl Drop for Spiteful {
        fn drop(&mut self) {
            panic!("in the drop of a payload");
        }
    }
    let (send, receive) = mpsc::channel();
    let (still, sent) = mpsc::channel();
    Std.spawn(async move {
        Std.sleep(Duration::from_millis(20)).await.unwrap();
        still.send(()).unwrap();
    })
    .unwrap();
    Std.spawn(async move {
        let _dropped_with_the_task = send;
        std::panic::resume_unwind(Box::new(Spiteful));
    })
    .unwrap();
    assert_eq!(
        receive.recv_timeout(LONG),
        Err::<(), _>(mpsc::RecvTimeoutError::Disconnected)
    );
    sent.recv_timeout(LONG).unwrap();
    let (after, done) = mpsc::channel();
    Std.spawn(async move { after.send(()).unwrap() }).unwrap();
    done.recv_timeout(LONG).unwrap();
}

#[test]
fn a_future_that_panics_in_its_drop_stops_only_itself() {
    struct Bad(mpsc::Sender<()>);
    impl Drop for Bad {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
            panic!("in the drop of a future");
        }
    }
    let (send, receive) = mpsc::channel();
    let (done, given_up, panicked) = (Bad(send.clone()), Bad(send.clone()), Bad(send));
    Std.spawn(poll_fn(move |_| {
        let _held = &done;
        Poll::Ready(())
    }))
    .unwrap();
    Std.spawn(poll_fn(move |_| {
        let _held = &given_up;
        Poll::Pending
    }))
    .unwrap();
    Std.spawn(poll_fn(move |_| -> Poll<()> {
        let _held = &panicked;
        std::panic::resume_unwind(Box::new(()));
    }))
    .unwrap();
    for _ in 0..3 {
        receive.recv_timeout(LONG).unwrap();
    }
    let (after, done) = mpsc::channel();
    Std.spawn(async move { after.send(()).unwrap() }).unwrap();
    done.recv_timeout(LONG).unwrap();
}

#[test]
fn a_task_may_wake_itself_and_spawn() {
    let (send, receive) = mpsc::channel();
    Std.spawn(async move {
        let mut rounds = 0;
        poll_fn(|cx| {
            rounds += 1;
            if rounds == 100 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Std.spawn(async move { send.send(rounds).unwrap() })
            .unwrap();
    })
    .unwrap();
    assert_eq!(receive.recv_timeout(LONG), Ok(100));
}

#[test]
fn a_task_that_nobody_can_wake_is_dropped() {
    let held = Arc::new(());
    let in_task = held.clone();
    let (send, receive) = mpsc::channel();
    Std.spawn(async move {
        send.send(()).unwrap();
        pending::<()>().await;
        drop(in_task);
    })
    .unwrap();
    receive.recv_timeout(LONG).unwrap();
    let start = std::time::Instant::now();
    while Arc::strong_count(&held) > 1 {
        assert!(start.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(1));
    }
}
