//! Children: made, dropped, adopted.

use super::{Count, check, check_bounded};
use cancel_core::{CancelToken, Reason};
use loom::thread;
use std::future::Future;
use std::task::Context;

#[test]
fn cancel_vs_create_of_a_child() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let keep = mid.child();
        let creating = thread::spawn(move || {
            let child = mid.child();
            drop(mid);
            child
        });
        root.cancel_with("root");
        let child = creating.join().unwrap();
        assert!(keep.is_cancelled());
        assert_eq!(child.cause().unwrap().message(), Some("root"));
        assert_eq!(child.cause().unwrap().reason(), Reason::Parent);
    });
}

#[test]
fn cancel_vs_drop_of_a_child() {
    check(|| {
        let root = CancelToken::new();
        let leaf = root.child();
        let dropping = thread::spawn(move || drop(leaf));
        root.cancel();
        dropping.join().unwrap();
    });
}

#[test]
fn adoption_vs_cancel() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let dropping = thread::spawn(move || drop(mid));
        root.cancel();
        assert!(leaf.is_cancelled());
        dropping.join().unwrap();
    });
}

#[test]
fn adoption_of_several_vs_cancel() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaves: Vec<_> = (0..3).map(|_| mid.child()).collect();
        let dropping = thread::spawn(move || drop(mid));
        root.cancel();
        assert!(leaves.iter().all(|leaf| leaf.is_cancelled()));
        dropping.join().unwrap();
    });
}

#[test]
fn adoption_vs_deregistration() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let low = leaf.child();
        let drop_mid = thread::spawn(move || drop(mid));
        let drop_leaf = thread::spawn(move || drop(leaf));
        drop_mid.join().unwrap();
        drop_leaf.join().unwrap();
        assert!(!low.is_cancelled());
        root.cancel();
        assert!(low.is_cancelled());
    });
}

#[test]
fn adoption_vs_deregistration_vs_cancel() {
    check_bounded(2, || {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let low = leaf.child();
        let drop_mid = thread::spawn(move || drop(mid));
        let drop_leaf = thread::spawn(move || drop(leaf));
        root.cancel();
        assert!(low.is_cancelled());
        drop_mid.join().unwrap();
        drop_leaf.join().unwrap();
    });
}

#[test]
fn a_chain_is_dropped_from_both_ends() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let drop_root = thread::spawn(move || drop(root));
        let drop_mid = thread::spawn(move || drop(mid));
        drop(leaf);
        drop_root.join().unwrap();
        drop_mid.join().unwrap();
    });
}

#[test]
fn a_root_goes_vs_its_child_goes() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let drop_root = thread::spawn(move || drop(root));
        let drop_mid = thread::spawn(move || drop(mid));
        drop_root.join().unwrap();
        drop_mid.join().unwrap();
        assert!(leaf.cancel());
    });
}

#[test]
fn shared_handle_drop_vs_cancel() {
    check(|| {
        let root = CancelToken::new();
        let (one, two) = {
            let child = root.child();
            (child.clone(), child)
        };
        let drop_one = thread::spawn(move || drop(one));
        let drop_two = thread::spawn(move || drop(two));
        root.cancel_with("gone");
        drop_one.join().unwrap();
        drop_two.join().unwrap();
    });
}

/// Without a lock, which would order the two by itself.
#[test]
fn what_an_owner_has_read_comes_before_the_free_by_another() {
    check(|| {
        let token = CancelToken::new();
        token.cancel();
        let other = token.clone();
        let reading = thread::spawn(move || {
            assert!(other.cause().is_some());
            drop(other);
        });
        assert!(token.cause().is_some()); // (either may be the last)
        drop(token);
        reading.join().unwrap();
    });
}

#[test]
fn a_waiter_deep_down_is_woken_by_who_wins() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let (count, waker) = Count::new();
        let mut waits: Vec<_> = (0..2).map(|_| Box::pin(mid.cancelled_owned())).collect();
        for wait in &mut waits {
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        let cancelling = thread::spawn({
            let mid = mid.clone();
            move || mid.cancel()
        });
        root.cancel();
        cancelling.join().unwrap();
        assert_eq!(count.woken(), 2);
    });
}

#[test]
fn a_root_cancelled_in_one_step_is_freed() {
    check(|| {
        let root = CancelToken::new();
        let child = root.child();
        let cancelling = thread::spawn(move || {
            child.cancel();
            drop(child);
        });
        root.cancel();
        drop(root);
        cancelling.join().unwrap();
    });
}
