//! Children in place, in statics among others.

use crate::support::{Log, Wakes, waiting};
use cancel_core::{Child, OnCancel, Reason, Token};
use std::pin::pin;
use std::thread;

#[test]
fn a_tree_of_statics() {
    static STOP: Token = Token::new();
    static NETWORK: Child<'static> = Child::new(&STOP);
    static LOG: Log = Log::new();
    static CLOSE: OnCancel<'static> = OnCancel::new(&STOP, |_| LOG.push(1));
    fn network() -> &'static Token {
        NETWORK.enter_static()
    }
    CLOSE.enter_static();
    let (wakes, waker) = Wakes::new();
    let request = pin!(Child::new(network()));
    let request = request.enter();
    let wait = waiting(request, &waker);
    assert!(std::ptr::eq(network(), network()));
    STOP.cancel_with(Reason::Shutdown);
    assert_eq!((LOG.read(), wakes.count()), (vec![1], 1));
    let cause = network().cause().unwrap();
    assert_eq!(
        (cause.reason(), cause.root_reason()),
        (Reason::Parent, Reason::Shutdown)
    );
    assert!(request.is_cancelled());
    drop(wait);
}

/// Whether a cancel waits for others at work below it. Without `std` nobody waits (see `Token`).
const STRICT: bool = cfg!(feature = "std");

/// Whoever comes when the parent is cancelled gets a cancelled child, whoever entered it.
#[test]
fn entered_by_all_threads_while_it_is_cancelled() {
    for round in 0..300 {
        let root: &'static Token = Box::leak(Box::default());
        let child: &'static Child<'static> = Box::leak(Box::new(Child::new(root)));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let seen = root.is_cancelled();
                    let child = child.enter_static();
                    assert!(!STRICT || !seen || child.is_cancelled());
                    smol::block_on(child.cancelled());
                });
            }
            (0..round * 10).for_each(|_| std::hint::spin_loop());
            assert!(root.cancel());
            assert!(!STRICT || child.enter_static().is_cancelled());
        });
        assert!(child.enter_static().is_cancelled());
    }
}

#[test]
fn any_depth_and_any_width() {
    let root = Token::new();
    fn below(parent: &Token, depth: usize, root: &Token) {
        let child = pin!(Child::new(parent));
        let child = child.enter();
        let sibling = pin!(Child::new(parent));
        let sibling = sibling.enter();
        match depth {
            0 => assert!(root.cancel()),
            _ => below(child, depth - 1, root),
        }
        assert!(child.is_cancelled() && sibling.is_cancelled());
    }
    below(&root, 100, &root);
}

/// Children, waits and callbacks that are forgotten while they are in a tree: what they stand below is
/// moved, handed on and dropped all the same.
#[test]
fn forgotten_parts_of_a_tree_that_changes_its_place() {
    for cancel in [false, true] {
        let (log, mut root) = (Log::leaked(), Token::new());
        let (wakes, waker) = Wakes::new();
        for round in 0..4 {
            {
                let mut middle = Box::pin(Child::new(&root));
                let token = middle.as_mut().enter();
                let mut leaf = Box::pin(Child::new(token));
                let below = leaf.as_mut().enter();
                std::mem::forget(waiting(below, &waker));
                std::mem::forget(log.on_cancel(below, round));
                let mut lowest = Box::pin(Child::new(below));
                std::mem::forget(waiting(lowest.as_mut().enter(), &waker));
                std::mem::forget(lowest);
                std::mem::forget(leaf);
                std::mem::forget(log.on_cancel(token, 9));
                if round % 2 == 1 {
                    std::mem::forget(middle);
                }
            }
            root = *Box::new(root);
        }
        if cancel {
            root.cancel();
            let mut order = log.read();
            order.sort();
            assert_eq!(order, [0, 1, 2, 3, 9, 9]);
            assert_eq!(wakes.count(), 8);
        }
        drop(root);
    }
}
