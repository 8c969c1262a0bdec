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
