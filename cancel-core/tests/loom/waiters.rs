//! Futures that wait, and tokens in place.

use super::{Count, check};
use cancel_core::{CancelFutureExt, CancelToken, LIVE, Reason, Token};
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

#[test]
fn cancel_vs_register_and_drop_of_a_waiter() {
    check(|| {
        let root = CancelToken::new();
        let token = root.child();
        let other = token.clone();
        let waiting = thread::spawn(move || {
            let (count, waker) = Count::new();
            {
                let mut wait = pin!(other.cancelled());
                let mut cx = Context::from_waker(&waker);
                let _ = wait.as_mut().poll(&mut cx);
                let _ = wait.as_mut().poll(&mut cx);
            }
            drop(waker);
            assert!(count.woken() <= 1);
            count
        });
        root.cancel();
        drop(token);
        let count = waiting.join().unwrap();
        // No waker is kept anywhere.
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn no_wake_up_is_lost_when_the_waker_is_replaced() {
    check(|| {
        let token = CancelToken::new();
        let handle = token.clone();
        let (first, first_waker) = Count::new();
        let (second, second_waker) = Count::new();
        let (one, two) = (first.clone(), second.clone());
        let waiting = thread::spawn(move || {
            let mut wait = Box::pin(handle.cancelled_owned());
            let pending_1 = wait
                .as_mut()
                .poll(&mut Context::from_waker(&first_waker))
                .is_pending();
            let pending_2 = wait
                .as_mut()
                .poll(&mut Context::from_waker(&second_waker))
                .is_pending();
            (pending_1, pending_2, wait)
        });
        token.cancel();
        let (pending_1, pending_2, wait) = waiting.join().unwrap();
        // After the cancel and the join: the waker that was accepted last has been woken.
        assert_eq!(two.woken(), pending_2 as usize);
        assert_eq!(one.woken() + two.woken(), pending_1 as usize);
        drop(wait);
    });
}

#[test]
fn two_waiters_of_one_token() {
    check(|| {
        let token = CancelToken::new();
        let (first, first_waker) = Count::new();
        let mut early = Box::pin(token.cancelled_owned());
        assert!(
            early
                .as_mut()
                .poll(&mut Context::from_waker(&first_waker))
                .is_pending()
        );
        let other = token.clone();
        let waiting = thread::spawn(move || {
            let (second, waker) = Count::new();
            let mut wait = Box::pin(other.cancelled_owned());
            let pending = wait
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending();
            drop(early); // while the canceller may be at it
            (second, pending, wait)
        });
        token.cancel();
        let (second, pending, _wait) = waiting.join().unwrap();
        assert_eq!(second.woken(), pending as usize);
        assert!(first.woken() <= 1);
    });
}

/// Through the token itself, and through a child.
#[test]
fn what_came_before_a_cancel_is_seen_with_it() {
    for of_child in [false, true] {
        check(move || {
            struct Data(loom::cell::UnsafeCell<u32>);
            // SAFETY: loom reports a race if there is one.
            unsafe impl Send for Data {}
            // SAFETY: as above.
            unsafe impl Sync for Data {}
            let data = Arc::new(Data(loom::cell::UnsafeCell::new(0)));
            let token = CancelToken::new();
            let handle = match of_child {
                true => token.child(),
                false => token.clone(),
            };
            let shared = data.clone();
            let reader = thread::spawn(move || {
                if handle.is_cancelled() {
                    // SAFETY: loom reports a race if there is one.
                    shared.0.with(|value| assert_eq!(unsafe { *value }, 7));
                    assert_eq!(handle.cause().unwrap().message(), Some("done"));
                }
            });
            // SAFETY: as above.
            data.0.with_mut(|value| unsafe { *value = 7 });
            token.cancel_with("done");
            reader.join().unwrap();
        });
    }
}

#[test]
fn first_cause_wins() {
    check(|| {
        let token = CancelToken::new();
        let other = token.clone();
        let second = thread::spawn(move || {
            let won = other.cancel_with((Reason::Shutdown, "two"));
            (won, other.cause().unwrap())
        });
        let won_1 = token.cancel_with((Reason::Timeout, "one"));
        let seen_1 = token.cause().unwrap();
        let (won_2, seen_2) = second.join().unwrap();
        assert!(won_1 != won_2);
        assert_eq!(seen_1, seen_2);
        let expected = if won_1 {
            (Reason::Timeout, "one")
        } else {
            (Reason::Shutdown, "two")
        };
        assert_eq!((seen_1.reason(), seen_1.message().unwrap()), expected);
    });
}

#[test]
fn a_token_in_place_and_its_pinned_child() {
    check(|| {
        let token: &'static Token = Box::leak(Box::new(Token::new()));
        let waiting = thread::spawn(move || {
            let child = pin!(cancel_core::Child::new(token));
            let child = child.enter();
            let grandchild = pin!(cancel_core::Child::new(child));
            let seen = grandchild.enter().is_cancelled();
            assert!(!seen || token.is_cancelled());
        });
        token.cancel();
        waiting.join().unwrap();
        assert_eq!(LIVE.get(), 1); // the leaked token
        LIVE.set(0);
    });
}

#[test]
fn until_cancelled_vs_cancel() {
    check(|| {
        let token = CancelToken::new();
        let handle = token.clone();
        let (count, waker) = Count::new();
        let waiting = thread::spawn(move || {
            let mut run = Box::pin(std::future::pending::<()>().until_cancelled_owned(handle));
            let pending = run
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending();
            (pending, run)
        });
        token.cancel();
        let (pending, run) = waiting.join().unwrap();
        assert_eq!(count.woken(), pending as usize);
        drop(run);
    });
}

#[test]
fn a_lone_waiter_goes() {
    check(|| {
        let token = CancelToken::new();
        let handle = token.clone();
        let waiting = thread::spawn(move || {
            let mut wait = Box::pin(handle.cancelled_owned());
            let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        });
        token.cancel();
        waiting.join().unwrap();
    });
}
