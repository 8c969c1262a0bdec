//! Two cancels: when either returns, all `child` descendants are cancelled.

use super::{Count, check, check_bounded};
use cancel_core::CancelToken;
use loom::thread;
use std::future::Future;
use std::task::Context;

#[test]
fn a_cancel_above_another_one() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let low = leaf.child();
        let inner = thread::spawn(move || {
            mid.cancel();
            drop(mid);
        });
        root.cancel();
        assert!(low.is_cancelled() && leaf.is_cancelled());
        inner.join().unwrap();
    });
}

#[test]
fn a_cancel_below_another_one() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let low = leaf.child();
        let outer = thread::spawn(move || {
            root.cancel();
        });
        mid.cancel();
        assert!(low.is_cancelled());
        drop(mid);
        drop(leaf);
        outer.join().unwrap();
    });
}

#[test]
fn two_cancels_and_a_drop_between_them() {
    check_bounded(2, || {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let handle = mid.clone();
        let inner = thread::spawn(move || {
            handle.cancel();
        });
        let dropping = thread::spawn(move || drop(mid));
        root.cancel();
        assert!(leaf.is_cancelled());
        inner.join().unwrap();
        dropping.join().unwrap();
    });
}

#[test]
fn a_held_node_is_dropped() {
    check(|| {
        // `mid` goes through the canceller's work list, and goes away there.
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let low = leaf.child();
        let (count, waker) = Count::new();
        let mut wait = Box::pin(mid.cancelled_owned());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let dropping = thread::spawn(move || {
            drop(wait);
            drop(mid);
            drop(leaf);
        });
        root.cancel();
        assert!(low.is_cancelled());
        dropping.join().unwrap();
        assert!(count.woken() <= 1);
    });
}

#[test]
fn a_cancelled_node_is_adopted() {
    check_bounded(2, || {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let low = leaf.child();
        let seen = low.clone();
        let inner = thread::spawn(move || {
            leaf.cancel();
            assert!(seen.is_cancelled());
        });
        let dropping = thread::spawn(move || drop(mid));
        root.cancel();
        assert!(low.is_cancelled());
        inner.join().unwrap();
        dropping.join().unwrap();
    });
}

#[test]
fn a_cancel_in_one_step_vs_a_child_vs_a_cancel_above() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let (one, two) = (mid.clone(), mid.clone());
        let creating = thread::spawn(move || {
            let child = one.child();
            drop(one);
            child
        });
        let inner = thread::spawn(move || {
            two.cancel();
        });
        root.cancel_with("root");
        assert!(mid.is_cancelled());
        let child = creating.join().unwrap();
        inner.join().unwrap();
        assert!(child.cause().is_some());
    });
}

/// The inner cancel marks two levels below its own root, so others meet that while it is at work.
#[test]
fn x66_a_busy_node_that_a_work_list_has_adopted_is_waited_for() {
    check_bounded(2, || {
        let root = CancelToken::new();
        let mid = root.child();
        let leaf = mid.child();
        let low = leaf.child();
        let lowest = low.child();
        let other = thread::spawn(move || {
            // In the work list by now, or not: `leaf` goes there, or to the root.
            drop(mid);
            leaf.cancel();
        });
        root.cancel();
        assert!(low.is_cancelled() && lowest.is_cancelled());
        other.join().unwrap();
    });
}

#[test]
fn x66_a_cancel_that_lost_waits_for_the_nodes_in_the_work_list() {
    check(|| {
        let root = CancelToken::new();
        let mid = root.child();
        let low = mid.child();
        let handle = root.clone();
        let other = thread::spawn(move || handle.cancel());
        let won = root.cancel();
        assert!(mid.is_cancelled() && low.is_cancelled());
        assert!(won != other.join().unwrap());
    });
}

/// More than one hold of dependents, and one of them with dependents of its own.
#[test]
fn x66_a_cancel_that_lost_waits_for_more_dependents_than_one_hold() {
    check_bounded(2, || {
        let root = CancelToken::new();
        let mut all: Vec<_> = (0..3).map(|_| root.child()).collect();
        // (The newest stands in front.)
        all.push(all[2].child());
        all.push(all[3].child());
        let handle = root.clone();
        let other = thread::spawn(move || handle.cancel());
        root.cancel();
        assert!(all.iter().all(|token| token.is_cancelled()));
        other.join().unwrap();
    });
}
