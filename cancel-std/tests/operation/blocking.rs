//! Waiting for tokens on plain threads.

use crate::support::LONG;
use cancel_core::{CancelToken, Token};
use cancel_std::{BlockingWait, Cancelable};
use std::sync::mpsc;
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
    let op = Cancelable::with_timeout(Duration::from_millis(5));
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
