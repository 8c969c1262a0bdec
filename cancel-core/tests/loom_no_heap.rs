//! Models of what a build without a heap does in its own way: waiters are served one by one, and the
//! code for children and callbacks is reached through a pointer (`propagate/waiters_first.rs`).
//! `cargo xtask loom` runs them.
#![cfg(all(loom, feature = "loom", not(feature = "alloc")))]

use cancel_core::{Child, OnCancel, Token};
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waiter comes and goes while another one waits: that one is woken once, whoever was first.
#[test]
fn waiters_come_and_go_beside_a_cancel() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut stays = pin!(token.cancelled());
        let pending = stays.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(pending.is_pending());
        let theirs = token.clone();
        let other = thread::spawn(move || {
            let waker = Waker::from(Arc::new(Count::default()));
            let mut goes = pin!(theirs.cancelled());
            let _ = goes.as_mut().poll(&mut Context::from_waker(&waker));
        });
        assert!(token.cancel());
        other.join().unwrap();
        assert_eq!(count.0.load(SeqCst), 1);
        let ready = stays.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(ready.is_ready());
    });
}

/// The first child of the program is entered while its parent is cancelled, with a waiter before it.
#[test]
fn the_first_child_beside_a_cancel() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let waker = Waker::from(Arc::new(Count::default()));
        let mut wait = pin!(token.cancelled());
        let _ = wait.as_mut().poll(&mut Context::from_waker(&waker));
        let theirs = token.clone();
        let cancelling = thread::spawn(move || theirs.cancel());
        let child = pin!(Child::new(&token));
        let child = child.enter();
        assert!(cancelling.join().unwrap());
        assert!(child.is_cancelled());
    });
}

/// The first callback of the program is entered, behind a waiter, while its token is cancelled.
#[test]
fn the_first_callback_beside_a_cancel() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let count: &'static AtomicUsize = Box::leak(Box::default());
        let waker = Waker::from(Arc::new(Count::default()));
        let mut wait = pin!(token.cancelled());
        let _ = wait.as_mut().poll(&mut Context::from_waker(&waker));
        let theirs = token.clone();
        let cancelling = thread::spawn(move || theirs.cancel());
        let called = move |_: &_| {
            count.fetch_add(1, SeqCst);
        };
        let callback = pin!(OnCancel::new(&token, called));
        callback.enter();
        assert!(cancelling.join().unwrap());
        assert_eq!(count.load(SeqCst), 1);
    });
}

/// Two cancels, one of a child and one of its parent: each is told of once.
#[test]
fn a_child_and_its_parent_are_cancelled() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let child = pin!(Child::new(&token));
        let child = child.enter();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut wait = pin!(child.cancelled());
        let _ = wait.as_mut().poll(&mut Context::from_waker(&waker));
        let theirs = token.clone();
        let cancelling = thread::spawn(move || theirs.cancel());
        child.cancel();
        assert!(cancelling.join().unwrap());
        assert_eq!(count.0.load(SeqCst), 1);
    });
}

/// What is below is cancelled while the whole is, and while a child enters: whoever was there
/// before is told once, and the token's own waiter of the cancel alone.
#[test]
fn what_is_below_beside_a_cancel_of_the_whole() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let [own, below] = [(); 2].map(|()| Arc::new(Count::default()));
        let mut wait = pin!(token.cancelled());
        let _ = wait
            .as_mut()
            .poll(&mut Context::from_waker(&Waker::from(own.clone())));
        let child = pin!(Child::new(&token));
        let child = child.enter();
        let mut waits = pin!(child.cancelled());
        let _ = waits
            .as_mut()
            .poll(&mut Context::from_waker(&Waker::from(below.clone())));
        let theirs = token.clone();
        let cancelling = thread::spawn(move || theirs.cancel());
        token.cancel_children();
        assert!(child.is_cancelled());
        assert!(cancelling.join().unwrap());
        assert_eq!((own.0.load(SeqCst), below.0.load(SeqCst)), (1, 1));
    });
}

#[test]
fn what_is_below_beside_children_that_come_and_go() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let child = pin!(Child::new(&token));
        let child = child.enter();
        let theirs = token.clone();
        let other = thread::spawn(move || {
            let one = pin!(Child::new(&theirs));
            one.enter();
            let two = pin!(Child::new(&theirs));
            two.enter();
        });
        assert!(token.cancel_children());
        assert!(child.is_cancelled());
        other.join().unwrap();
        assert!(!token.is_cancelled() && !token.cancel_children());
    });
}

#[test]
fn what_is_below_is_cancelled_twice() {
    loom::model(|| {
        let token = Arc::new(Token::new());
        let one = pin!(Child::new(&token));
        let one = one.enter();
        let two = pin!(Child::new(one));
        let two = two.enter();
        let theirs = token.clone();
        let other = thread::spawn(move || theirs.cancel_children());
        let ours = token.cancel_children();
        let other = other.join().unwrap();
        assert!(ours || other);
        assert!(one.is_cancelled() && two.is_cancelled() && !token.is_cancelled());
    });
}
