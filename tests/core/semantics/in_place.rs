//! A17 as far as a heap can show it: `Token` and `Child` in place.

use cancel_core::{CancelToken, Child, Reason, StaticCause, Token};
use cancel_tests::Counter;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};

#[test]
fn a_tree_on_the_stack() {
    static CAUSE: StaticCause = StaticCause::new(Reason::Condition, "on the stack");
    let root = Token::new();
    let one = pin!(Child::new(&root));
    let one = one.enter();
    let two = pin!(Child::new(&root));
    let two = two.enter();
    let leaf = pin!(Child::new(one));
    let leaf = leaf.enter();
    assert!(two.cancel());
    assert!(!root.is_cancelled() && !one.is_cancelled() && !leaf.is_cancelled());
    assert!(root.cancel_with(&CAUSE));
    let cause = leaf.cause().unwrap();
    assert_eq!(
        cause.to_string(),
        "cancelled by parent (condition): on the stack"
    );
    assert_eq!(two.cause().unwrap().reason(), Reason::Manual);
}

#[test]
fn entered_late_twice_or_never() {
    let root = Token::new();
    drop(Child::new(&root));
    let never = Box::pin(Child::new(&root));
    let mut child = pin!(Child::new(&root));
    let (first, second) = (child.as_mut().enter().id(), child.as_mut().enter().id());
    assert_eq!(first, second);
    root.cancel_with("root");
    let mut late = pin!(Child::new(&root));
    for child in [child.as_mut().enter(), late.as_mut().enter()] {
        let cause = child.cause().unwrap();
        assert!(cause.is_inherited() && cause.message() == Some("root"));
    }
    drop(never);
}

#[test]
fn dropped_children_leave_nothing() {
    let root = Token::new();
    for n in 0..100 {
        let a = pin!(Child::new(&root));
        let a = a.enter();
        let b = pin!(Child::new(a));
        assert!(!b.enter().is_cancelled());
        if n % 2 == 0 {
            a.cancel();
        }
    }
    let last = pin!(Child::new(&root));
    let last = last.enter();
    root.cancel();
    assert!(last.is_cancelled());
}

#[test]
fn below_every_kind_of_token() {
    static STOP: Token = Token::new();
    let (shared, source) = (CancelToken::new(), CancelToken::new());
    let any = CancelToken::any([&source]);
    let never = pin!(Child::new(Token::never()));
    let never = never.enter();
    let pinned = [&STOP, &*shared, &*any].map(|parent| Box::pin(Child::new(parent)));
    let mut pinned = pinned.map(|mut child| {
        assert!(!child.as_mut().enter().is_cancelled());
        child
    });
    let on_heap = STOP.child();
    let below_heap = pin!(Child::new(&on_heap));
    let below_heap = below_heap.enter();
    for parent in [&STOP, &*shared, &*source] {
        parent.cancel();
    }
    assert!(
        pinned
            .iter_mut()
            .all(|child| child.as_mut().enter().is_cancelled())
    );
    assert!(below_heap.is_cancelled());
    assert!(!never.is_cancelled() && never.cancel());
}

/// The parent's handle may go when the borrow has ended, and so may a follower's last handle.
#[test]
fn the_owner_goes_after_its_pinned_children() {
    let root = CancelToken::new();
    for cancel in [false, true] {
        let middle = root.child();
        let any = CancelToken::any([&middle]);
        {
            let one = pin!(Child::new(&middle));
            let two = pin!(Child::new(&any));
            let (one, two) = (one.enter(), two.enter());
            if cancel {
                root.cancel();
            }
            assert_eq!((one.is_cancelled(), two.is_cancelled()), (cancel, cancel));
        }
        drop(middle);
        assert_eq!(any.is_cancelled(), cancel);
    }
}

#[test]
fn waits_and_callbacks_in_place() {
    let (root, ran) = (Token::new(), Arc::new(AtomicUsize::new(0)));
    let child = pin!(Child::new(&root));
    let child = child.enter();
    let counter = Counter::new();
    let waker = counter.waker();
    let mut cx = Context::from_waker(&waker);
    let mut waits = [root.cancelled(), child.cancelled()].map(Box::pin);
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut cx).is_pending());
    }
    let registrations = [&root, child].map(|token| {
        let ran = ran.clone();
        token.on_cancel_ref(move |_| {
            ran.fetch_add(1, SeqCst);
        })
    });
    root.cancel();
    assert_eq!((counter.wakes(), ran.load(SeqCst)), (2, 2));
    assert!(
        waits
            .iter_mut()
            .all(|wait| wait.as_mut().poll(&mut cx).is_ready())
    );
    drop(registrations);
}

fn poll_once(token: &Token, counter: &Arc<Counter>) -> Pin<Box<impl Future>> {
    let mut wait = Box::pin(token.cancelled());
    let waker = counter.waker();
    assert!(
        wait.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    wait
}

/// To forget a boxed wait is safe and ends the borrow, so the token may move.
#[test]
fn a_token_moves_with_forgotten_waits() {
    let (before, forgotten, after) = (Counter::new(), Counter::new(), Counter::new());
    let place = Token::new();
    drop(poll_once(&place, &before));
    std::mem::forget(poll_once(&place, &forgotten));
    std::mem::forget(poll_once(&place, &forgotten));
    let child = Box::leak(Box::new(Counter::new()));
    {
        let mut boxed = Box::pin(Child::new(&place));
        let token = boxed.as_mut().enter();
        std::mem::forget(poll_once(token, child));
        std::mem::forget(boxed);
    }
    let mut moved = Box::new(place);
    {
        let mut wait = poll_once(&moved, &after);
        drop(poll_once(&moved, &before));
        std::mem::forget(poll_once(&moved, &forgotten));
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    let moved_again = std::mem::take(&mut *moved);
    assert!(!moved.is_cancelled() && moved_again.cancel_with("moved"));
    assert_eq!((before.wakes(), after.wakes()), (0, 0));
    assert_eq!((forgotten.wakes(), child.wakes()), (3, 1));
    assert!(moved.cancel());
    assert_eq!(forgotten.wakes(), 3);
}

/// Forgotten children are in the list of a parent that goes: they are let off first.
#[test]
fn owners_go_with_forgotten_entries_in_their_lists() {
    let root = CancelToken::new();
    let counter = Counter::new();
    for with_parent in [false, true] {
        let parent = if with_parent {
            root.child()
        } else {
            CancelToken::new()
        };
        std::mem::forget(poll_once(&parent, &counter));
        let mut child = Box::pin(Child::new(&parent));
        std::mem::forget(poll_once(child.as_mut().enter(), &counter));
        std::mem::forget(child);
        std::mem::forget(parent.on_cancel_ref(|_| panic!("its token is gone")));
        let leaf = parent.child();
        drop(parent);
        assert!(!leaf.is_cancelled());
    }
    root.cancel();
    assert_eq!(counter.wakes(), 1, "the child that was adopted");
    drop(Token::new());
    let place = Token::new();
    std::mem::forget(poll_once(&place, &counter));
    drop(place);
}

#[test]
fn a_callback_of_a_token_that_moves() {
    let ran = Arc::new(AtomicUsize::new(0));
    let place = Token::new();
    let here = ran.clone();
    std::mem::forget(place.on_cancel_ref(move |_| {
        here.fetch_add(1, SeqCst);
    }));
    let moved = Box::new(place);
    moved.cancel();
    assert_eq!(ran.load(SeqCst), 1);
}
