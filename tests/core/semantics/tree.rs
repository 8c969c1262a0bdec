//! A2, A8: parents and children.

use cancel_core::{CancelToken, Reason, Token};
use cancel_tests::Rng;

#[test]
fn down_and_never_up_or_sideways() {
    let root = CancelToken::new();
    let (one, two) = (root.child(), root.child());
    let (leaf_1, leaf_2) = (one.child(), two.child());
    assert!(one.cancel());
    assert!(one.is_cancelled() && leaf_1.is_cancelled());
    assert!(!root.is_cancelled() && !two.is_cancelled() && !leaf_2.is_cancelled());
    assert!(root.cancel_with(Reason::Shutdown));
    assert!(two.is_cancelled() && leaf_2.is_cancelled());
    // What was cancelled before keeps its own cause.
    assert_eq!(one.cause().unwrap().reason(), Reason::Manual);
    assert_eq!(leaf_1.cause().unwrap().root_reason(), Reason::Manual);
    assert_eq!(two.cause().unwrap().root_reason(), Reason::Shutdown);
    assert!(!two.cancel());
}

#[test]
fn a_child_of_a_cancelled_token_is_cancelled() {
    let root = CancelToken::new();
    root.cancel_with((Reason::Timeout, "over"));
    let child = root.child();
    let grandchild = child.child();
    for token in [&child, &grandchild] {
        let cause = token.cause().unwrap();
        assert_eq!(cause.to_string(), "cancelled by parent (timeout): over");
        assert!(!token.cancel());
    }
}

#[test]
fn a_parent_may_go_first() {
    let root = CancelToken::new();
    let leaf = root.child().child().child();
    root.cancel();
    assert!(leaf.is_cancelled(), "adopted by the root");

    let root = CancelToken::new();
    let leaf = root.child();
    drop(root);
    assert!(!leaf.is_cancelled(), "to lose a parent is no cancel");
    assert!(leaf.cancel());

    let root = CancelToken::new();
    let middle = root.child();
    let leaf = middle.child();
    middle.cancel_with("middle");
    drop(middle);
    root.cancel_with("root");
    assert_eq!(leaf.cause().unwrap().message(), Some("middle"));
}

/// Only handles keep a token: a registration or an owned future is one, a child is none.
#[test]
fn handles_of_other_kinds() {
    let root = CancelToken::new();
    let middle = root.child();
    let (leaf, registration) = (middle.child(), middle.on_cancel(|_| {}));
    let observer = middle.view_owned();
    drop(middle);
    root.cancel();
    assert!(leaf.is_cancelled() && observer.is_cancelled());
    drop(registration);
    assert!(observer.is_cancelled());
}

#[test]
fn a_wide_node() {
    for width in [1, 31, 32, 33, 64, 1000] {
        let root = CancelToken::new();
        let children: Vec<CancelToken> = (0..width).map(|_| root.child()).collect();
        let grandchildren: Vec<CancelToken> = children.iter().map(|child| child.child()).collect();
        root.cancel();
        assert!(
            children
                .iter()
                .chain(&grandchildren)
                .all(|token| token.is_cancelled())
        );
    }
}

#[test]
fn random_trees_where_inner_nodes_are_gone() {
    let mut rng = Rng::new(3);
    for _ in 0..300 {
        let root = CancelToken::new();
        let mut all = vec![root.clone()];
        for _ in 0..200 {
            let child = all[rng.below(all.len())].child();
            all.push(child);
            if rng.one_in(4) {
                all.swap_remove(rng.below(all.len()));
            }
            if all.is_empty() {
                all.push(root.clone());
            }
        }
        root.cancel_with("root");
        for token in &all {
            assert_eq!(token.cause().unwrap().message(), Some("root"));
        }
    }
}

#[test]
fn children_of_a_static() {
    static SHUTDOWN: Token = Token::new();
    let requests: Vec<CancelToken> = (0..3).map(|_| SHUTDOWN.child()).collect();
    let query = requests[0].child();
    let gone = SHUTDOWN.child();
    let adopted = gone.child();
    drop(gone);
    requests[1].cancel();
    assert!(!SHUTDOWN.is_cancelled() && !query.is_cancelled());
    SHUTDOWN.cancel_with((Reason::Shutdown, "bye"));
    for token in [
        &requests[0],
        &requests[2],
        &query,
        &adopted,
        &SHUTDOWN.child(),
    ] {
        let cause = token.cause().unwrap();
        assert_eq!(cause.to_string(), "cancelled by parent (shutdown): bye");
    }
}

#[test]
fn never_tokens() {
    let (place, shared) = (Token::never(), CancelToken::never());
    for never in [place, &*shared] {
        assert!(!never.may_be_cancelled());
        assert!(!never.cancel() && !never.cancel_with("no"));
        assert!(!never.is_cancelled() && never.check().is_ok() && never.cause().is_none());
    }
    for child in [shared.child(), place.child()] {
        assert!(child.may_be_cancelled());
        shared.cancel();
        assert!(!child.is_cancelled());
        assert!(child.cancel(), "a child of never is a token of its own");
    }
    // Handles of it come and go for ever.
    (0..1000).for_each(|_| drop(CancelToken::never()));
    let registration = shared.on_cancel(|_| panic!("never"));
    shared.cancel();
    drop(registration);
}

#[test]
fn views_see_all_and_cancel_nothing() {
    let token = CancelToken::new();
    let (view, observer) = (token.view(), token.view_owned());
    let copy = view;
    assert!(!view.is_cancelled() && observer.check().is_ok() && copy.may_be_cancelled());
    token.cancel_with("seen");
    assert_eq!(view.cause().unwrap().message(), Some("seen"));
    assert_eq!(copy.check().unwrap_err(), token.cause().unwrap());
    let observer_2 = observer.clone();
    drop((observer, token));
    assert!(observer_2.is_cancelled(), "an observer is a handle");
    assert_eq!(
        smol::block_on(observer_2.cancelled()).message(),
        Some("seen")
    );
}
