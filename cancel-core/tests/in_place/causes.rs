//! Whose cancelation it is, without a heap among others.

use crate::support::{Wakes, waiting};
use cancel_core::{Cause, Child, OnCancel, Reason, StaticCause, Token};
use std::pin::pin;
use std::sync::Mutex;

static HOT: StaticCause = StaticCause::new(Reason::Condition, "too hot");

/// Without a heap there is no room for both a static message and the origin.
const BOTH: bool = cfg!(feature = "alloc");

#[test]
fn x14_a_plain_cancel() {
    let root = Token::new();
    let child = pin!(Child::new(&root));
    let child = child.enter();
    let leaf = pin!(Child::new(child));
    let leaf = leaf.enter();
    root.cancel();
    let late = pin!(Child::new(leaf));
    for token in [&root, child, leaf, late.enter()] {
        let cancelled = token.cause().unwrap();
        assert_eq!(cancelled.origin(), Some(root.id()));
        assert!(cancelled.is_from(&root) && cancelled.is_from(&root.view()));
        assert_eq!(cancelled.root_cause(), root.cause().unwrap());
    }
    let other = Token::new();
    other.cancel_with(leaf.cause().unwrap());
    assert_eq!(other.cause(), root.cause());
}

#[test]
fn x14_a_static_cause() {
    let root = Token::new();
    let child = pin!(Child::new(&root));
    let child = child.enter();
    root.cancel_with(&HOT);
    let late = pin!(Child::new(&root));
    let below = pin!(Child::new(child));
    assert!(root.cause().unwrap().is_from(&root));
    for token in [child, late.enter(), below.enter()] {
        let cancelled = token.cause().unwrap();
        assert_eq!(cancelled.message(), Some("too hot"));
        assert_eq!(cancelled.origin(), BOTH.then_some(root.id()));
        assert_eq!(cancelled.root_reason(), Reason::Condition);
    }
    // Handed on: never said to be the other one's own.
    for from in [&root, child] {
        let other = Token::new();
        let child = pin!(Child::new(&other));
        let child = child.enter();
        other.cancel_with(Cause::from(from.cause().unwrap()));
        for token in [&other, child] {
            let cancelled = token.cause().unwrap();
            assert_eq!(cancelled.message(), Some("too hot"));
            assert_eq!(cancelled.origin(), BOTH.then_some(root.id()));
        }
    }
}

#[test]
fn x14_callbacks_in_place_are_told() {
    static SEEN: Mutex<Vec<(u8, bool)>> = Mutex::new(Vec::new());
    static ROOT: Token = Token::new();
    fn saw(which: u8, of_the_root: bool) {
        SEEN.lock().unwrap().push((which, of_the_root));
    }
    let (wakes, waker) = Wakes::new();
    let child = pin!(Child::new(&ROOT));
    let child = child.enter();
    let of_root = pin!(OnCancel::new(&ROOT, |why| saw(1, why.is_from(&ROOT))));
    let of_child = pin!(OnCancel::new(child, |why| saw(2, why.is_from(&ROOT))));
    of_root.enter();
    of_child.enter();
    let _wait = waiting(child, &waker);
    ROOT.cancel_with(&HOT);
    assert_eq!(*SEEN.lock().unwrap(), [(1, true), (2, BOTH)]);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn x14_the_size() {
    assert_eq!(size_of::<cancel_core::Cancelled>(), 3 * size_of::<usize>());
    assert_eq!(
        size_of::<Option<cancel_core::Cancelled>>(),
        3 * size_of::<usize>()
    );
}
