//! Any, all, and children that follow.

use super::{Count, check, check_bounded};
use cancel_core::{CancelToken, Child, Reason};
use loom::thread;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

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
    check_bounded(2, || {
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
    check_bounded(2, || {
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

#[test]
fn any_of_any_and_its_last_child_goes() {
    check(|| {
        let source = CancelToken::new();
        let one = CancelToken::any([&source]);
        let two = CancelToken::any([&one]);
        let child = two.child();
        drop(one);
        drop(two);
        let dropping = thread::spawn(move || drop(child));
        source.cancel_with("source");
        dropping.join().unwrap();
    });
}

#[test]
fn any_of_any_is_kept_by_its_followers() {
    check(|| {
        let source = CancelToken::new();
        let one = CancelToken::any([&source]);
        let two = CancelToken::any([&one, &source]);
        drop(one);
        let (count, waker) = Count::new();
        let mut waits: Vec<_> = (0..2).map(|_| Box::pin(two.cancelled_owned())).collect();
        for wait in &mut waits {
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        drop(two);
        let dropping = thread::spawn(move || drop(waits));
        source.cancel_with("source");
        dropping.join().unwrap();
        assert!(count.woken() <= 2);
    });
}

#[test]
fn a_child_of_any_cancels_and_goes_vs_any_goes() {
    check_bounded(2, || {
        let source = CancelToken::new();
        let either = CancelToken::any([&source]);
        let child = either.child();
        let low = child.child();
        let inner = thread::spawn(move || {
            child.cancel();
            drop(child);
        });
        let dropping = thread::spawn(move || drop(either));
        source.cancel();
        assert!(low.is_cancelled());
        inner.join().unwrap();
        dropping.join().unwrap();
    });
}

#[test]
fn what_an_any_adopts_keeps_it() {
    check(|| {
        let source = CancelToken::new();
        let either = CancelToken::any([&source]);
        let child = either.child();
        let low = child.child();
        let leaving = thread::spawn(move || drop(child));
        drop(either);
        leaving.join().unwrap();
        source.cancel();
        assert!(low.is_cancelled());
    });
}

#[test]
fn a_child_that_follows_is_cancelled_three_ways() {
    check_bounded(2, || {
        let (parent, other) = (CancelToken::new(), CancelToken::new());
        let child = parent.child_following([&other]);
        let leaf = child.child();
        let following = thread::spawn(move || {
            other.cancel();
        });
        let (own, below) = (child.clone(), leaf.clone());
        let direct = thread::spawn(move || {
            own.cancel();
            assert!(below.is_cancelled());
        });
        parent.cancel();
        assert!(child.is_cancelled());
        following.join().unwrap();
        direct.join().unwrap();
        assert!(leaf.is_cancelled());
    });
}

#[test]
fn all_is_made_while_a_source_goes_and_fires() {
    check(|| {
        let root = CancelToken::new();
        let source = root.child();
        let handle = root.clone();
        let cancelling = thread::spawn(move || {
            handle.cancel();
        });
        let both = CancelToken::all([&source, &source]);
        drop(source);
        cancelling.join().unwrap();
        assert!(both.is_cancelled());
    });
}

#[test]
fn all_is_cancelled_in_one_step_vs_its_sources() {
    check(|| {
        let (one, two) = (CancelToken::new(), CancelToken::new());
        let both = CancelToken::all([&one, &two]);
        let own = both.clone();
        let source = thread::spawn(move || {
            two.cancel_with("two");
        });
        let direct = thread::spawn(move || {
            own.cancel();
        });
        one.cancel();
        source.join().unwrap();
        direct.join().unwrap();
        assert!(both.cause().is_some());
    });
}

#[test]
fn a_pinned_child_under_any() {
    check(|| {
        let source = CancelToken::new();
        let either = CancelToken::any([&source]);
        let pinned = thread::spawn(move || {
            {
                let child = pin!(Child::new(&either));
                let child = child.enter();
                let grandchild = pin!(Child::new(child));
                grandchild.enter();
            }
            drop(either);
        });
        source.cancel();
        pinned.join().unwrap();
    });
}

/// A forgotten wait makes an any look as if it had dependents, though its last handle is gone.
#[test]
fn x66_any_with_a_forgotten_wait_goes_while_its_source_fires() {
    check(|| {
        let source = CancelToken::new();
        let either = CancelToken::any([&source]);
        let mut wait = Box::pin(either.cancelled());
        let pending = wait
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending();
        assert!(pending);
        std::mem::forget(wait);
        let dropping = thread::spawn(move || drop(either));
        source.cancel_with("source");
        dropping.join().unwrap();
    });
}

/// A follower says *parent* when the parent of its source is cancelled, whether the source is still
/// there, or has handed it on to the parent, or to a canceller's list.
#[test]
fn x66_a_link_inherits_wherever_it_has_been_adopted() {
    check(|| {
        let root = CancelToken::new();
        let source = root.child();
        let [either, all] = [CancelToken::any([&source]), CancelToken::all([&source])];
        let drop_source = thread::spawn(move || drop(source));
        root.cancel_with("root");
        drop_source.join().unwrap();
        for cause in [either.cause().unwrap(), all.cause().unwrap()] {
            assert_eq!(cause.reason(), Reason::Parent);
            assert_eq!(cause.message(), Some("root"));
        }
    });
}
