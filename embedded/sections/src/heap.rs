//! The operations of tokens on the heap.

use crate::fill::poll;
use crate::meter::{Measured, measure};
use crate::operations::Operation;
use board::Bump;
use cancel_core::{CancelToken, Child, Registration, Token};
use core::pin::pin;

extern crate alloc;
use alloc::vec::Vec;

/// Enough for each of them, one after the other.
const SIZE: usize = 32 << 10;

#[global_allocator]
static HEAP: Bump<SIZE> = Bump::new();

pub(crate) const ALL: &[Operation] = &[
    ("shared: cloned and dropped, `n` children", clone),
    ("shared: child made, beside `n` others", child),
    ("shared: child dropped, beside `n` others", child_dropped),
    ("shared: parent dropped, `n` children are adopted", adopted),
    (
        "shared: parent without a parent dropped, `n` children",
        freed,
    ),
    ("shared: cancel, `n` children with `n` callbacks", cancel),
    ("shared: cancel with a message, `n` children", message),
    (
        "shared: cancel what is below, `n` children and `n` that only follow",
        below,
    ),
    ("shared: `any` of `n`", any),
    ("shared: `all` of `n`", all),
    ("shared: `any` of `n` dropped", any_dropped),
    ("shared: cancel, `n` follow by `any`", cancel_followed),
    (
        "shared: callback registered and dropped, beside `n` others",
        callback,
    ),
    ("shared: cancel, `n` callbacks", callbacks),
    (
        "child in place below a shared token, entered and dropped",
        in_place,
    ),
    ("static: cancel, `n` shared children", static_parent),
];

fn children(of: &CancelToken, n: u32) -> Vec<CancelToken> {
    (0..n).map(|_| of.child()).collect()
}

fn tokens(n: u32) -> Vec<CancelToken> {
    (0..n).map(|_| CancelToken::new()).collect()
}

fn clone(n: u32) -> Measured {
    let token = CancelToken::new();
    let _children = children(&token, n);
    measure(|| drop(token.clone()))
}

fn child(n: u32) -> Measured {
    let token = CancelToken::new();
    let mut children = children(&token, n);
    children.reserve(1);
    measure(|| children.push(token.child()))
}

fn child_dropped(n: u32) -> Measured {
    let token = CancelToken::new();
    let child = token.child();
    let _children = children(&token, n);
    measure(|| drop(child))
}

fn adopted(n: u32) -> Measured {
    let root = CancelToken::new();
    let token = root.child();
    let children = children(&token, n);
    let measured = measure(|| drop(token));
    root.cancel();
    assert!(children.iter().all(|child| child.is_cancelled()));
    measured
}

fn freed(n: u32) -> Measured {
    let token = CancelToken::new();
    let children = children(&token, n);
    let measured = measure(|| drop(token));
    assert!(!children.iter().any(|child| child.is_cancelled()));
    measured
}

fn cancel(n: u32) -> Measured {
    let token = CancelToken::new();
    let children = children(&token, n);
    let _callbacks: Vec<_> = children
        .iter()
        .map(|child| child.on_cancel(|_| {}))
        .collect();
    measure(|| assert!(token.cancel()))
}

fn message(n: u32) -> Measured {
    let token = CancelToken::new();
    let _children = children(&token, n);
    measure(|| assert!(token.cancel_with("enough")))
}

fn below(n: u32) -> Measured {
    let token = CancelToken::new();
    let children = children(&token, n);
    let followers: Vec<_> = (0..n).map(|_| CancelToken::any([&token])).collect();
    let measured = measure(|| assert!(token.cancel_children()));
    assert!(children.iter().all(|child| child.is_cancelled()));
    assert!(!followers.iter().any(|follower| follower.is_cancelled()));
    measured
}

fn any(n: u32) -> Measured {
    let sources = tokens(n);
    measure(|| drop(core::hint::black_box(CancelToken::any(&sources))))
}

fn all(n: u32) -> Measured {
    let sources = tokens(n);
    measure(|| drop(core::hint::black_box(CancelToken::all(&sources))))
}

fn any_dropped(n: u32) -> Measured {
    let sources = tokens(n);
    let follower = CancelToken::any(&sources);
    measure(|| drop(follower))
}

fn cancel_followed(n: u32) -> Measured {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let followers: Vec<_> = (0..n).map(|_| CancelToken::any([&token, &other])).collect();
    let measured = measure(|| assert!(token.cancel()));
    assert!(followers.iter().all(|follower| follower.is_cancelled()));
    measured
}

fn registered(token: &CancelToken, n: u32) -> Vec<Registration<CancelToken>> {
    (0..n).map(|_| token.on_cancel(|_| {})).collect()
}

fn callback(n: u32) -> Measured {
    let token = CancelToken::new();
    let _others = registered(&token, n);
    measure(|| drop(token.on_cancel(|_| {})))
}

fn callbacks(n: u32) -> Measured {
    let token = CancelToken::new();
    let _callbacks = registered(&token, n);
    measure(|| assert!(token.cancel()))
}

fn in_place(n: u32) -> Measured {
    let token = CancelToken::new();
    let _children = children(&token, n);
    measure(|| {
        let child = pin!(Child::new(&token));
        let wait = pin!(child.enter().cancelled());
        assert!(poll(wait).is_pending());
    })
}

fn static_parent(n: u32) -> Measured {
    static PARENTS: [Token; 3] = [const { Token::new() }; 3];
    let parent = &PARENTS[match n {
        1 => 0,
        8 => 1,
        _ => 2,
    }];
    let children: Vec<_> = (0..n).map(|_| parent.child()).collect();
    let measured = measure(|| assert!(parent.cancel()));
    assert!(children.iter().all(|child| child.is_cancelled()));
    measured
}
