//! `cancel_children` beside whatever else may happen to a token and to what is below it.

use super::{Count, check, check_bounded};
use cancel_core::{CancelToken, Reason};
use loom::thread;
use std::future::Future;
use std::task::Context;

fn children(parent: &CancelToken, n: usize) -> Vec<CancelToken> {
    (0..n).map(|_| parent.child()).collect()
}

fn all_are_cancelled(tokens: &[CancelToken]) -> bool {
    tokens.iter().all(|token| token.is_cancelled())
}

#[test]
fn vs_create_of_a_child() {
    check(|| {
        let root = CancelToken::new();
        let kept = children(&root, 2);
        let theirs = root.clone();
        let creating = thread::spawn(move || children(&theirs, 2));
        assert!(root.cancel_children());
        assert!(all_are_cancelled(&kept));
        let new = creating.join().unwrap();
        assert!(!root.is_cancelled());
        root.cancel_children();
        assert!(all_are_cancelled(&new));
    });
}

#[test]
fn vs_cancel_of_the_token() {
    check(|| {
        let root = CancelToken::new();
        let kept = children(&root, 3);
        let theirs = root.clone();
        let cancelling = thread::spawn(move || assert!(theirs.cancel_with(Reason::Shutdown)));
        root.cancel_children();
        assert!(all_are_cancelled(&kept));
        cancelling.join().unwrap();
        assert!(root.is_cancelled() && !root.cancel_children());
    });
}

#[test]
fn vs_cancel_of_the_token_above() {
    check(|| {
        let above = CancelToken::new();
        let root = above.child();
        let kept = children(&root, 2);
        let leaf = kept[0].child();
        let cancelling = thread::spawn(move || above.cancel());
        root.cancel_children();
        assert!(all_are_cancelled(&kept) && leaf.is_cancelled());
        assert!(cancelling.join().unwrap());
        assert!(root.is_cancelled());
    });
}

#[test]
fn vs_drop_of_a_child() {
    check(|| {
        let root = CancelToken::new();
        let mut kept = children(&root, 3);
        let goes = kept.remove(1);
        let dropping = thread::spawn(move || drop(goes));
        assert!(root.cancel_children());
        assert!(all_are_cancelled(&kept));
        dropping.join().unwrap();
        assert!(!root.cancel_children());
    });
}

/// The children of one that goes are below the token before, meanwhile and afterwards.
#[test]
fn vs_adoption() {
    check(|| {
        let root = CancelToken::new();
        let middle = root.child();
        let leaves = children(&middle, 3);
        let dropping = thread::spawn(move || drop(middle));
        assert!(root.cancel_children());
        assert!(all_are_cancelled(&leaves));
        dropping.join().unwrap();
        assert!(!root.is_cancelled());
    });
}

#[test]
fn vs_another_one() {
    check(|| {
        let root = CancelToken::new();
        let kept = children(&root, 3);
        let (count, waker) = Count::new();
        let mut wait = Box::pin(kept[1].cancelled_owned());
        let mut cx = Context::from_waker(&waker);
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        let theirs = root.clone();
        let other = thread::spawn(move || theirs.cancel_children());
        let ours = root.cancel_children();
        let other = other.join().unwrap();
        assert!(ours || other);
        assert!(all_are_cancelled(&kept) && !root.is_cancelled());
        assert_eq!(count.woken(), 1);
        assert!(!root.cancel_children());
    });
}

/// Neither may take the other's marker, which is a child that is not cancelled yet, for something live.
#[test]
fn vs_another_one_when_nothing_is_live() {
    check(|| {
        let root = CancelToken::new();
        let kept = children(&root, 3);
        kept.iter().for_each(|child| assert!(child.cancel()));
        let theirs = root.clone();
        let other = thread::spawn(move || theirs.cancel_children());
        assert!(!root.cancel_children());
        assert!(!other.join().unwrap());
    });
}

/// Three that meet: of the token, of one below it, and a cancel of what is lowest.
#[test]
fn vs_others_below() {
    check_bounded(2, || {
        let root = CancelToken::new();
        let middle = root.child();
        let leaves = children(&middle, 2);
        let (theirs, lowest) = (middle.clone(), leaves[0].clone());
        let other = thread::spawn(move || theirs.cancel_children());
        let cancelling = thread::spawn(move || lowest.cancel());
        assert!(root.cancel_children());
        assert!(middle.is_cancelled() && all_are_cancelled(&leaves));
        other.join().unwrap();
        cancelling.join().unwrap();
    });
}

/// A token with several sources, whose handles are dropped while those of its dependents change hands.
#[test]
fn vs_drop_of_the_last_handle() {
    check(|| {
        let source = CancelToken::new();
        let any = CancelToken::any([&source]);
        let mut kept = children(&any, 2);
        let goes = kept.remove(0);
        let theirs = any.clone();
        let other = thread::spawn(move || {
            assert!(theirs.cancel_children());
            drop(theirs);
        });
        drop(any);
        drop(goes);
        other.join().unwrap();
        assert!(all_are_cancelled(&kept) && !source.is_cancelled());
    });
}

#[test]
fn followers_stay_beside_their_other_source() {
    check(|| {
        let (root, other) = (CancelToken::new(), CancelToken::new());
        let kept = root.child();
        let follower = CancelToken::all([&root, &other]);
        let both = root.child_following([&other]);
        let theirs = other.clone();
        let cancelling = thread::spawn(move || theirs.cancel_with("other"));
        root.cancel_children_with("root");
        assert!(kept.is_cancelled() && both.is_cancelled());
        assert!(cancelling.join().unwrap());
        assert!(!follower.is_cancelled() && !root.is_cancelled());
        root.cancel_with("last");
        assert_eq!(follower.cause().unwrap().message(), Some("last"));
    });
}

#[test]
fn a_follower_goes_meanwhile() {
    check(|| {
        let root = CancelToken::new();
        let kept = root.child();
        let (goes, stays) = (CancelToken::any([&root]), CancelToken::any([&root]));
        let dropping = thread::spawn(move || drop(goes));
        assert!(root.cancel_children());
        dropping.join().unwrap();
        assert!(kept.is_cancelled() && !stays.is_cancelled());
        root.cancel();
        assert!(stays.is_cancelled());
    });
}
