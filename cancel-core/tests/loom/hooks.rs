//! Callbacks in place.

use super::{Count, check};
use cancel_core::{CancelToken, Cancelled, OnCancel, Reason};
use loom::thread;
use std::boxed::Box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Context;

/// How often callbacks have run in this execution: they capture `'static` references alone.
fn counter() -> &'static AtomicUsize {
    Box::leak(Box::default())
}

fn counting<'t>(token: &'t CancelToken, ran: &'static AtomicUsize) -> Pin<Box<OnCancel<'t>>> {
    let mut hook = Box::pin(OnCancel::new(token, move |why: &Cancelled| {
        assert_eq!(why.root_reason(), Reason::Manual);
        ran.fetch_add(1, SeqCst);
    }));
    hook.as_mut().enter();
    hook
}

#[test]
fn hook_deregistration_vs_cancel() {
    check(|| {
        let token = CancelToken::new();
        let ran = counter();
        let handle = token.clone();
        let other = thread::spawn(move || {
            let first = counting(&handle, ran);
            let second = counting(&handle, ran);
            drop(first);
            drop(second);
        });
        token.cancel();
        other.join().unwrap();
        assert!(ran.load(SeqCst) <= 2);
    });
}

#[test]
fn hook_registration_vs_cancel() {
    check(|| {
        let token = CancelToken::new();
        let ran = counter();
        let handle = token.clone();
        let cancelling = thread::spawn(move || handle.cancel());
        let hook = counting(&token, ran);
        cancelling.join().unwrap();
        assert_eq!(ran.load(SeqCst), 1);
        drop(hook);
    });
}

#[test]
fn a_hook_and_two_cancels_of_a_child_and_its_parent() {
    check(|| {
        let root = CancelToken::new();
        let child = root.child();
        let ran = counter();
        let hook = counting(&child, ran);
        let handle = child.clone();
        let other = thread::spawn(move || handle.cancel());
        root.cancel();
        other.join().unwrap();
        assert_eq!(ran.load(SeqCst), 1);
        drop(hook);
    });
}

/// The canceller moves the hook to the back to come to the waiter, while its owner drops it.
#[test]
fn a_hook_before_a_waiter_goes_while_a_cancel_passes_it() {
    check(|| {
        let root = CancelToken::new();
        let token = root.child();
        let ran = counter();
        let handle = token.clone();
        let (count, waker) = Count::new();
        let gone = counting(&token, ran);
        let mut wait = pin!(token.cancelled());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let stays = counting(&token, ran);
        let canceller = thread::spawn(move || {
            root.cancel();
            drop(handle);
        });
        drop(gone);
        canceller.join().unwrap();
        assert!((1..=2).contains(&ran.load(SeqCst)));
        assert_eq!(count.woken(), 1);
        drop(stays);
    });
}

/// A callback on the heap behind one in place keeps its place.
#[test]
fn hooks_and_heap_callbacks_of_one_token() {
    check(|| {
        let token = CancelToken::new();
        let ran = counter();
        let hook = counting(&token, ran);
        let after = Arc::new(AtomicUsize::new(0));
        let seen = after.clone();
        let registration = token.on_cancel(move |_: &Cancelled| {
            seen.store(1 + ran.load(SeqCst), SeqCst);
        });
        let handle = token.clone();
        let canceller = thread::spawn(move || handle.cancel());
        drop(registration);
        canceller.join().unwrap();
        assert!([0, 2].contains(&after.load(SeqCst)));
        assert_eq!(ran.load(SeqCst), 1);
        drop(hook);
    });
}
