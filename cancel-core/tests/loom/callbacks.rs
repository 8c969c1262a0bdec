//! Callbacks.

use super::check;
use cancel_core::{CancelToken, Cancelled, Reason};
use loom::thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn callback_deregistration_vs_cancel() {
    check(|| {
        let token = CancelToken::new();
        let ran = Arc::new(AtomicUsize::new(0));
        let held = Arc::new(());
        let registration = token.on_cancel({
            let (ran, held) = (ran.clone(), held.clone());
            move |_: &Cancelled| {
                drop(held);
                ran.fetch_add(1, SeqCst);
            }
        });
        let dropping = thread::spawn(move || drop(registration));
        token.cancel();
        dropping.join().unwrap();
        assert!(ran.load(SeqCst) <= 1);
        // Called or not, the closure is gone.
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn callback_registration_vs_cancel() {
    check(|| {
        let token = CancelToken::new();
        let handle = token.clone();
        let ran = Arc::new(AtomicUsize::new(0));
        let count = ran.clone();
        let registering = thread::spawn(move || {
            handle.on_cancel(move |why| {
                assert_eq!(why.reason(), Reason::Manual);
                count.fetch_add(1, SeqCst);
            })
        });
        token.cancel();
        drop(registering.join().unwrap());
        assert_eq!(ran.load(SeqCst), 1);
    });
}

#[test]
fn a_callback_of_an_inner_node_that_is_left_by_its_owner() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let held = Arc::new(());
        let kept = held.clone();
        let registration = mid.on_cancel(move |_| drop(kept));
        drop(mid);
        let dropping = thread::spawn(move || drop(registration));
        root.cancel_with("root");
        assert!(leaf.is_cancelled());
        dropping.join().unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn x69_a_detached_callback_vs_the_last_handle_and_a_cancel_above() {
    check(|| {
        let root = CancelToken::new();
        let child = root.child();
        let ran = Arc::new(AtomicUsize::new(0));
        let count = ran.clone();
        child
            .on_cancel(move |_| {
                count.fetch_add(1, SeqCst);
            })
            .detach();
        let dropping = thread::spawn(move || {
            let seen = child.is_cancelled();
            drop(child);
            seen
        });
        root.cancel_with("root");
        let seen = dropping.join().unwrap();
        // Called if anybody has seen the token cancelled; called or not, the closure is gone.
        assert!(ran.load(SeqCst) <= 1 && (!seen || ran.load(SeqCst) == 1));
        assert_eq!(Arc::strong_count(&ran), 1);
    });
}

#[test]
fn x69_detaching_vs_a_cancel() {
    check(|| {
        let token = CancelToken::new();
        let ran = Arc::new(AtomicUsize::new(0));
        let count = ran.clone();
        let registration = token.on_cancel(move |_| {
            count.fetch_add(1, SeqCst);
        });
        let detaching = thread::spawn(move || registration.detach());
        token.cancel();
        detaching.join().unwrap();
        assert_eq!((ran.load(SeqCst), Arc::strong_count(&ran)), (1, 1));
    });
}

#[test]
fn x69_a_detached_callback_of_a_follower_that_goes() {
    check(|| {
        let root = CancelToken::new();
        let any = CancelToken::any([&root]);
        let held = Arc::new(());
        let kept = held.clone();
        any.on_cancel(move |_| drop(kept)).detach();
        let dropping = thread::spawn(move || drop(any));
        root.cancel();
        dropping.join().unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

/// What a callback writes is whole, and nobody's any more, when the wait for it returns.
#[test]
fn x69_waiting_for_a_callback_that_may_be_running() {
    struct Data(loom::cell::UnsafeCell<u32>);
    // SAFETY: loom reports a race if there is one.
    unsafe impl Send for Data {}
    // SAFETY: as above.
    unsafe impl Sync for Data {}
    check(|| {
        let token = CancelToken::new();
        let data = Arc::new(Data(loom::cell::UnsafeCell::new(0)));
        let shared = data.clone();
        let registration = token.on_cancel(move |_| {
            // SAFETY: loom reports a race if there is one.
            shared.0.with_mut(|value| unsafe { *value = 7 });
        });
        let canceller = thread::spawn(move || token.cancel());
        let unused = registration.unregister_and_wait();
        // SAFETY: as above.
        data.0.with_mut(|value| unsafe {
            assert_eq!(*value, if unused { 0 } else { 7 });
            *value = 9;
        });
        assert_eq!(Arc::strong_count(&data), 1);
        assert!(canceller.join().unwrap());
    });
}

#[test]
fn x69_waiting_from_inside_beside_another_thread() {
    check(|| {
        let token = CancelToken::new();
        let own = Arc::new(std::sync::Mutex::new(None));
        let slot = own.clone();
        let registration = token.on_cancel(move |_| {
            let taken: Option<cancel_core::Registration<CancelToken>> = slot.lock().unwrap().take();
            if let Some(registration) = taken {
                assert!(!registration.unregister_and_wait());
            }
        });
        *own.lock().unwrap() = Some(registration);
        let other = token.clone();
        let canceller = thread::spawn(move || other.cancel());
        token.cancel();
        canceller.join().unwrap();
        assert!(own.lock().unwrap().is_none());
    });
}
