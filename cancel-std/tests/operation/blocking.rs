//! Waiting for tokens on plain threads.

use crate::support::LONG;
use cancel_core::{CancelToken, Token};
use cancel_std::{Cancelable, Reason, block_on};
use std::future::{pending, poll_fn};
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

#[test]
fn any_number_of_threads() {
    let token = CancelToken::new();
    let threads: Vec<_> = (0..20)
        .map(|n| {
            let token = token.child();
            thread::spawn(move || match n % 3 {
                0 => token.wait(),
                1 => token.wait_timeout(LONG).unwrap(),
                _ => token.wait_timeout(Duration::MAX).unwrap(),
            })
        })
        .collect();
    token.cancel_with("all of you");
    for thread in threads {
        assert_eq!(thread.join().unwrap().message(), Some("all of you"));
    }
}

#[test]
fn cancelled_already() {
    let token = Token::new();
    token.cancel();
    token.wait();
    assert!(token.wait_timeout(Duration::ZERO).is_some());
    assert!(token.wait_timeout(Duration::MAX).is_some());
}

#[test]
fn the_time_is_over() {
    let token = Token::new();
    assert_eq!(token.wait_timeout(Duration::ZERO), None);
    assert_eq!(token.wait_timeout(Duration::from_nanos(1)), None);
    assert_eq!(token.wait_timeout(Duration::from_millis(5)), None);
    assert_eq!(Token::never().wait_timeout(Duration::from_millis(1)), None);
}

#[test]
fn operations_have_tokens() {
    let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    let token = op.token().clone();
    let watcher = thread::spawn(move || token.wait());
    smol::block_on(op.run(async |cx| cx.sleep(LONG).await)).unwrap_err();
    assert_eq!(watcher.join().unwrap(), *op.context().cause().unwrap());
}

#[test]
fn the_parking_place_of_the_thread_stays_free() {
    let (send, receive) = mpsc::channel();
    let token = CancelToken::new();
    let waiting = token.clone();
    thread::spawn(move || {
        thread::current().unpark(); // somebody has a message for this thread
        waiting.wait_timeout(Duration::from_millis(1));
        waiting.wait();
        thread::park();
        send.send(()).unwrap();
    });
    token.cancel();
    receive
        .recv_timeout(Duration::from_secs(60))
        .expect("the message was swallowed");
}

#[test]
fn cancel_and_wait_race() {
    for _ in 0..2000 {
        let token = CancelToken::new();
        let waiting = token.clone();
        let thread = thread::spawn(move || waiting.wait());
        token.cancel();
        thread.join().unwrap();
    }
}

#[test]
fn views_wait_too() {
    let token = CancelToken::new();
    let (owned, borrowed) = (token.view_owned(), token.view());
    assert_eq!(borrowed.wait_timeout(Duration::ZERO), None);
    assert_eq!(borrowed.wait_timeout(Duration::from_millis(1)), None);
    let thread = thread::spawn(move || (owned.wait_timeout(LONG), owned.wait()));
    token.cancel_with("enough");
    let (timed, untimed) = thread.join().unwrap();
    assert_eq!(timed.as_ref(), Some(&untimed));
    assert_eq!(borrowed.wait(), untimed);
    assert_eq!(borrowed.wait_timeout(LONG), timed);
}

#[test]
fn an_operation_on_a_plain_thread() {
    let op = Cancelable::with_timeout(Duration::from_millis(5));
    let why = block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(why.reason(), Reason::Timeout);
    let nested = async { block_on(Cancelable::new().run(async |_| block_on(async { 5 }))) };
    assert_eq!(block_on(nested), Ok(5));
}

#[test]
fn woken_from_elsewhere() {
    let (send, receive) = mpsc::channel::<Waker>();
    let helper = thread::spawn(move || {
        let kept: Vec<Waker> = receive.iter().inspect(Waker::wake_by_ref).collect();
        // The call is over. Its wakers still work, on nothing.
        kept.into_iter().for_each(Waker::wake);
    });
    let mut polls = 0;
    let output = block_on(poll_fn(|cx| {
        polls += 1;
        if polls > 100 {
            return Poll::Ready(polls);
        }
        send.send(cx.waker().clone()).unwrap();
        Poll::Pending
    }));
    assert_eq!(output, 101);
    drop(send);
    helper.join().unwrap();
}

#[test]
fn woken_by_itself() {
    let mut polls = 0;
    block_on(poll_fn(|cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls > 3 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
}

#[test]
fn a_panic_goes_through() {
    let caught =
        std::panic::catch_unwind(|| block_on(async { std::panic::resume_unwind(Box::new(5)) }));
    let caught: Result<(), _> = caught;
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&5));
}
