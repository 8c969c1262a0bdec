//! Models of every protocol in which several threads meet. `cargo xtask loom` runs them.
//!
//! Each model spawns at least one thread beside the main one. Under loom batches hold one waker and
//! locks are let go after two entries, so that the refill and resume paths are reached.
#![cfg(loom)]

use cancel_core::{CancelFutureExt, CancelToken, Cancelled, LIVE, Reason, Token};
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};

fn check(model: impl Fn() + Sync + Send + 'static) {
    check_bounded(usize::MAX, model)
}

/// For the models with three threads of several steps each, where a third preemption takes hours.
fn check_bounded(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let executions = Arc::new(AtomicUsize::new(0));
    let count = executions.clone();
    let mut builder = loom::model::Builder::new();
    let bound = builder.preemption_bound.unwrap_or(2).min(preemptions);
    builder.preemption_bound = Some(bound);
    builder.max_branches = 20_000;
    builder.check(move || {
        count.fetch_add(1, SeqCst);
        LIVE.set(0);
        model();
        assert_eq!(LIVE.get(), 0, "nodes left");
    });
    println!("{} executions", executions.load(SeqCst));
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }
    fn woken(&self) -> usize {
        self.0.load(SeqCst)
    }
}

// Waiters.

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

#[test]
fn what_came_before_a_cancel_is_seen_by_whoever_sees_it() {
    check(|| {
        struct Data(loom::cell::UnsafeCell<u32>);
        // SAFETY: loom reports a race if there is one.
        unsafe impl Send for Data {}
        // SAFETY: as above.
        unsafe impl Sync for Data {}
        let data = Arc::new(Data(loom::cell::UnsafeCell::new(0)));
        let token = CancelToken::new();
        let (shared, handle) = (data.clone(), token.child());
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

// Children.

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

// Two cancels: when either returns, all `child` descendants are cancelled.

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
    check(|| {
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

// Any, all.

#[test]
fn any_of_two_racing_sources() {
    check(|| {
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let either = CancelToken::any([&a, &b]);
        let leaf = either.child();
        let other = thread::spawn(move || {
            b.cancel_with((Reason::Shutdown, "b"));
        });
        a.cancel_with((Reason::Timeout, "a"));
        assert!(either.is_cancelled());
        other.join().unwrap();
        let cause = leaf.cause().unwrap();
        let expected = [(Reason::Timeout, Some("a")), (Reason::Shutdown, Some("b"))];
        assert!(expected.contains(&(cause.root_reason(), cause.message())));
        assert!(cause.is_inherited());
    });
}

#[test]
fn any_is_dropped_vs_a_source_fires() {
    check(|| {
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let either = CancelToken::any([&a, &b]);
        let dropping = thread::spawn(move || drop(either));
        a.cancel();
        dropping.join().unwrap();
        drop(b);
    });
}

#[test]
fn a_child_keeps_any_vs_a_source_fires() {
    check(|| {
        let a = CancelToken::new();
        let either = CancelToken::any([&a]);
        let leaf = either.child();
        let dropping = thread::spawn(move || drop(either));
        let leaving = thread::spawn(move || drop(leaf));
        a.cancel();
        dropping.join().unwrap();
        leaving.join().unwrap();
    });
}

#[test]
fn a_source_goes_vs_any_goes_vs_cancel_above() {
    check(|| {
        let root = CancelToken::new();
        let source = root.child();
        let either = CancelToken::any([&source]);
        let drop_source = thread::spawn(move || drop(source));
        let drop_either = thread::spawn(move || drop(either));
        root.cancel();
        drop_source.join().unwrap();
        drop_either.join().unwrap();
    });
}

#[test]
fn a_source_goes_and_its_parent_is_followed() {
    check(|| {
        let root = CancelToken::new();
        let source = root.child();
        let either = CancelToken::any([&source]);
        let drop_source = thread::spawn(move || drop(source));
        root.cancel();
        assert!(either.is_cancelled());
        drop_source.join().unwrap();
    });
}

#[test]
fn all_of_two_racing_sources() {
    check(|| {
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let both = CancelToken::all([&a, &b]);
        let (count, waker) = Count::new();
        let mut wait = Box::pin(both.cancelled_owned());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let other = thread::spawn(move || {
            b.cancel();
        });
        a.cancel();
        other.join().unwrap();
        assert!(both.is_cancelled());
        assert_eq!(count.woken(), 1);
    });
}

#[test]
fn two_cancels_over_shared_followers_do_not_wait_for_each_other() {
    check(|| {
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let one = CancelToken::any([&a, &b]);
        let two = CancelToken::any([&b, &a]);
        let leaves = [one.child(), two.child()];
        let other = thread::spawn(move || {
            b.cancel();
        });
        a.cancel();
        other.join().unwrap();
        assert!(leaves.iter().all(|leaf| leaf.is_cancelled()));
    });
}

#[test]
fn three_cancels_over_a_shared_follower() {
    check(|| {
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let one = CancelToken::any([&a, &b]);
        let leaf = one.child();
        let other = thread::spawn(move || {
            b.cancel();
        });
        let own = thread::spawn(move || {
            one.cancel();
            // A loser waits for the marking of what it lost.
            assert!(leaf.is_cancelled());
        });
        a.cancel();
        other.join().unwrap();
        own.join().unwrap();
    });
}

#[test]
fn any_is_made_while_a_source_fires() {
    check(|| {
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let handle = a.clone();
        let cancelling = thread::spawn(move || {
            handle.cancel_with("a");
        });
        let either = CancelToken::any([&a, &b]);
        cancelling.join().unwrap();
        assert_eq!(either.cause().unwrap().message(), Some("a"));
    });
}

// Callbacks.

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

// In place, and the futures around.

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
