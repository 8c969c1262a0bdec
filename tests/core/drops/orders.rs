//! Handles of small trees dropped in every order, the rest cancelled: adoption.

use crate::reference::Reference;
use cancel_core::{CancelToken, Child, Reason, Token};
use cancel_tests::rng::permutations;

/// How a node of a shape is made: from the nodes before it.
enum Made {
    Root,
    Child(usize),
    Any(&'static [usize]),
    All(&'static [usize]),
    /// A child of the first that follows the others.
    Following(&'static [usize]),
}

use Made::{All, Any, Child as C, Following, Root};

const SHAPES: &[(&str, [Made; 6])] = &[
    ("chain", [Root, C(0), C(1), C(2), C(3), C(4)]),
    ("star", [Root, C(0), C(0), C(0), C(0), C(0)]),
    ("two levels", [Root, C(0), C(0), C(1), C(1), C(2)]),
    ("two branches", [Root, C(0), C(1), C(2), C(1), C(4)]),
    (
        "any of two trees",
        [Root, C(0), Root, C(2), Any(&[1, 3]), C(4)],
    ),
    (
        "any of any",
        [Root, C(0), Any(&[1]), Any(&[2, 0]), C(3), Any(&[4])],
    ),
    (
        "any below any",
        [Root, Root, Any(&[0, 1]), C(2), Any(&[3, 1]), C(4)],
    ),
    ("all", [Root, C(0), C(0), All(&[1, 2]), C(3), Any(&[3, 1])]),
    (
        "all of two trees",
        [Root, C(0), Root, All(&[1, 2]), C(3), All(&[4, 0])],
    ),
    (
        "child and follower",
        [
            Root,
            C(0),
            Root,
            Following(&[1, 2]),
            C(3),
            Following(&[4, 3]),
        ],
    ),
    (
        "one source twice",
        [Root, C(0), Any(&[1, 1]), All(&[1, 1]), C(2), C(3)],
    ),
];

fn build(shape: &[Made]) -> (Reference, Vec<Option<CancelToken>>) {
    let (mut model, mut tokens) = (Reference::new(), Vec::<Option<CancelToken>>::new());
    for made in shape {
        let get = |at: &usize| tokens[*at].as_ref().expect("made before");
        let (token, _) = match made {
            Root => (CancelToken::new(), model.root()),
            C(parent) => (get(parent).child(), model.child(*parent)),
            Any(of) => (
                CancelToken::any(of.iter().map(get)),
                model.follow(of, false),
            ),
            Following(of) => (
                get(&of[0]).child_following(of[1..].iter().map(get)),
                model.child_following(of[0], &of[1..]),
            ),
            All(of) => (CancelToken::all(of.iter().map(get)), model.follow(of, true)),
        };
        tokens.push(Some(token));
    }
    (model, tokens)
}

fn compare(model: &Reference, tokens: &[Option<CancelToken>]) {
    for (id, token) in tokens.iter().enumerate() {
        if let Some(token) = token {
            model.check(id, token);
        }
    }
}

/// The first `dropped` nodes of each order are dropped, and the others cancelled one by one.
#[test]
fn handles_in_every_order() {
    for (name, shape) in SHAPES {
        for order in permutations(6) {
            for dropped in 0..6 {
                let (mut model, mut tokens) = build(shape);
                let (first, rest) = order.split_at(dropped);
                for &id in first {
                    tokens[id] = None;
                    model.release(id);
                    compare(&model, &tokens);
                }
                for &id in rest {
                    let token = tokens[id].as_ref().expect("not dropped");
                    let won = model.cancel(id, Reason::Custom(id as u16), None);
                    assert_eq!(token.cancel_with(Reason::Custom(id as u16)), won, "{name}");
                    compare(&model, &tokens);
                }
            }
        }
    }
}

/// Drops and cancels in turns: what is dropped after a cancel must not disturb it.
#[test]
fn handles_dropped_after_a_cancel() {
    for (_, shape) in SHAPES {
        for order in permutations(6) {
            for victim in 0..6 {
                let (mut model, mut tokens) = build(shape);
                for (at, &id) in order.iter().enumerate() {
                    if at == 3 {
                        if let Some(token) = &tokens[victim] {
                            assert!(token.cancel());
                            model.cancel(victim, Reason::Manual, None);
                        }
                    }
                    tokens[id] = None;
                    model.release(id);
                    compare(&model, &tokens);
                }
            }
        }
    }
}

/// The followers' handles are dropped in every order while their sources live on.
#[test]
fn any_of_any_in_every_order() {
    for order in permutations(5) {
        for cancel_after in 0..=5 {
            let source = CancelToken::new();
            let mut all = vec![Some(CancelToken::any([&source]))];
            for depth in 1..5 {
                let below = all[depth - 1].as_ref().expect("just made");
                all.push(Some(CancelToken::any([below, &source])));
            }
            for (n, &at) in order.iter().enumerate() {
                if n == cancel_after {
                    source.cancel();
                    assert!(all.iter().flatten().all(|token| token.is_cancelled()));
                }
                all[at] = None;
            }
            assert_eq!(source.cancel(), cancel_after == 5);
        }
    }
}

/// Children pinned in place go in every order, some before and some after the cancel.
#[test]
fn pinned_children_in_every_order() {
    for order in permutations(4) {
        for cancel_after in 0..=4 {
            let (place, shared) = (Token::new(), CancelToken::new());
            for parent in [&place, &*shared] {
                let mut children: Vec<_> =
                    (0..4).map(|_| Some(Box::pin(Child::new(parent)))).collect();
                for child in children.iter_mut().flatten() {
                    assert!(!child.as_mut().enter().is_cancelled());
                }
                for (n, &at) in order.iter().enumerate() {
                    if n == cancel_after {
                        assert!(parent.cancel_with("stop"));
                        for child in children.iter_mut().flatten() {
                            let cause = child.as_mut().enter().cause().expect("cancelled");
                            assert!(cause.is_inherited());
                            assert_eq!(cause.message(), Some("stop"));
                        }
                    }
                    children[at] = None;
                }
                assert_eq!(parent.cancel(), cancel_after == 4);
            }
        }
    }
}
