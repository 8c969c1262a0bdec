//! `cancel_children`: everything below a token, again and again.

use crate::support::{Log, Wakes, waiting};
use cancel_core::{Child, OnCancel, Reason, StaticCause, Token};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

#[test]
fn start_stop_and_start_again() {
    static MOTORS: Token = Token::new();
    static STALLED: StaticCause = StaticCause::new(Reason::Condition, "stalled");
    let (own, waker) = Wakes::new();
    let wait = waiting(&MOTORS, &waker);
    assert!(!MOTORS.cancel_children(), "nothing is below");
    for _ in 0..3 {
        let left = pin!(Child::new(&MOTORS));
        let right = pin!(Child::new(&MOTORS));
        let (left, right) = (left.enter(), right.enter());
        let speed = pin!(Child::new(left));
        let speed = speed.enter();
        let (wakes, waker) = Wakes::new();
        let waits = [left, right, speed, speed].map(|token| waiting(token, &waker));
        assert!(MOTORS.cancel_children_with(&STALLED));
        assert_eq!(wakes.count(), 4);
        for token in [left, right, speed] {
            let cause = token.cause().unwrap();
            assert_eq!(
                (cause.reason(), cause.root_reason(), cause.message()),
                (Reason::Parent, Reason::Condition, Some("stalled"))
            );
            // (Without a heap there is no room for that beside a static message.)
            assert_eq!(cause.is_from(&MOTORS), cfg!(feature = "alloc"));
        }
        assert!(!MOTORS.is_cancelled());
        assert!(!MOTORS.cancel_children(), "they are cancelled already");
        drop(waits);
    }
    assert_eq!(own.count(), 0, "of the token itself nobody is told");
    assert!(MOTORS.cancel());
    assert_eq!(own.count(), 1);
    assert!(!MOTORS.cancel_children(), "it is cancelled itself");
    drop(wait);
}

/// Waits and callbacks of the token stay, in their order, before and behind its children.
#[test]
fn what_waits_for_the_token_itself_stays() {
    let (log, token) = (Log::leaked(), Token::new());
    let (wakes, waker) = Wakes::new();
    let first = (log.on_cancel(&token, 1), waiting(&token, &waker));
    assert!(!token.cancel_children());
    let child = pin!(Child::new(&token));
    let below = log.on_cancel(child.enter(), 2);
    let last = (log.on_cancel(&token, 3), waiting(&token, &waker));
    assert!(token.cancel_children());
    assert_eq!((log.read(), wakes.count()), (vec![2], 0));
    assert!(token.cancel());
    assert_eq!((log.read(), wakes.count()), (vec![2, 1, 3], 2));
    drop((first, below, last));
}

#[test]
fn never_and_cancelled_ones_have_nothing_below() {
    assert!(!Token::never().cancel_children());
    let child = pin!(Child::new(Token::never()));
    let child = child.enter();
    assert!(!Token::never().cancel_children() && !child.is_cancelled());

    let token = Token::new();
    token.cancel_with(Reason::Shutdown);
    assert!(!token.cancel_children());
    let child = pin!(Child::new(&token));
    assert_eq!(
        child.enter().cause().unwrap().root_reason(),
        Reason::Shutdown
    );
    assert!(!token.cancel_children());
}

/// A child that was cancelled alone keeps its cause, and counts for nothing.
#[test]
fn what_was_cancelled_before_keeps_its_cause() {
    let token = Token::new();
    let one = pin!(Child::new(&token));
    let one = one.enter();
    one.cancel_with(Reason::Timeout);
    assert!(!token.cancel_children());
    let two = pin!(Child::new(&token));
    let two = two.enter();
    assert!(token.cancel_children_with(Reason::Shutdown));
    assert_eq!(one.cause().unwrap().reason(), Reason::Timeout);
    let cause = two.cause().unwrap();
    assert_eq!(cause.root_reason(), Reason::Shutdown);
    assert!(cause.is_from(&token) && !cause.is_from(two));
}

/// The children of one that is gone are below the token. (In place they can only outlive it if they
/// are forgotten.)
#[test]
fn adopted_children_are_below() {
    let token = Token::new();
    let (wakes, waker) = Wakes::new();
    for round in 1..=3 {
        let mut gone = Box::pin(Child::new(&token));
        for _ in 0..round {
            let mut below = Box::pin(Child::new(gone.as_mut().enter()));
            std::mem::forget(waiting(below.as_mut().enter(), &waker));
            std::mem::forget(below);
        }
        drop(gone);
        let before = wakes.count();
        assert!(token.cancel_children());
        assert_eq!(wakes.count(), before + round);
        assert!(!token.cancel_children());
    }
}

/// While what is below is told, children come, and stay live: from a waker and from a callback.
#[test]
fn from_inside_of_a_waker_and_of_a_callback() {
    static ROOT: Token = Token::new();
    static INNER: Mutex<Vec<&'static Token>> = Mutex::new(Vec::new());
    fn start() -> &'static Token {
        let child: &'static Child<'static> = Box::leak(Box::new(Child::new(&ROOT)));
        child.enter_static()
    }
    fn again() {
        let new = start();
        assert!(!new.is_cancelled());
        INNER.lock().unwrap().push(new);
    }
    struct Starts;
    impl Wake for Starts {
        fn wake(self: Arc<Self>) {
            // The first one is stopped, the second one is not.
            again();
            assert!(ROOT.cancel_children());
            again();
        }
    }
    let one = start();
    let waker = Waker::from(Arc::new(Starts));
    let wait = waiting(one, &waker);
    let hook = pin!(OnCancel::new(one, |_| {
        assert!(ROOT.cancel_children());
        again();
    }));
    hook.enter();
    assert!(ROOT.cancel_children());
    assert!(one.is_cancelled() && !ROOT.is_cancelled());
    let inner = INNER.lock().unwrap();
    let live: Vec<_> = inner.iter().map(|token| !token.is_cancelled()).collect();
    assert_eq!(live, [false, false, true]);
    drop(wait);
}

/// What panics below silences nobody, and nothing of the call is left behind.
#[test]
fn panics_below_silence_nobody() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("bad waker");
        }
    }
    let token = Token::new();
    for bad in 0..10 {
        let (wakes, waker) = Wakes::new();
        let bad_waker = Waker::from(Arc::new(Bad));
        let mut places: Vec<_> = (0..10).map(|_| Box::pin(Child::new(&token))).collect();
        let children: Vec<&Token> = places.iter_mut().map(|it| it.as_mut().enter()).collect();
        let waits: Vec<_> = children
            .iter()
            .enumerate()
            .map(|(n, child)| waiting(child, if n == bad { &bad_waker } else { &waker }))
            .collect();
        let result = catch_unwind(AssertUnwindSafe(|| token.cancel_children()));
        assert!(result.is_err());
        assert_eq!(wakes.count(), 9);
        assert!(children.iter().all(|child| child.is_cancelled()));
        assert!(!token.cancel_children());
        drop(waits);
    }
}
