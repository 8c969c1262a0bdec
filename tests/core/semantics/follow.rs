//! A10: any, all.

use cancel_core::{CancelToken, Reason};
use cancel_tests::rng::permutations;

fn tokens<const N: usize>() -> [CancelToken; N] {
    std::array::from_fn(|_| CancelToken::new())
}

fn follow(source: &CancelToken, all: bool) -> CancelToken {
    match all {
        true => CancelToken::all([source]),
        false => CancelToken::any([source]),
    }
}

#[test]
fn the_first_of_any() {
    for first in 0..3 {
        let sources = tokens::<3>();
        let any = CancelToken::any(&sources);
        let child = any.child();
        sources[first].cancel_with((Reason::Custom(first as u16), format!("no. {first}")));
        sources[(first + 1) % 3].cancel_with("later");
        let cause = any.cause().unwrap();
        assert_eq!(
            cause,
            sources[first].cause().unwrap(),
            "the cause as it is, not inherited"
        );
        let cause = child.cause().unwrap();
        assert!(cause.is_inherited());
        assert_eq!(cause.root_reason(), Reason::Custom(first as u16));
        assert!(
            !sources[(first + 2) % 3].is_cancelled(),
            "following is one-way"
        );
    }
}

#[test]
fn the_last_of_all() {
    for order in permutations(3) {
        let sources = tokens::<3>();
        let all = CancelToken::all(&sources);
        for (n, &at) in order.iter().enumerate() {
            assert!(!all.is_cancelled());
            sources[at].cancel_with((Reason::Timeout, format!("no. {n}")));
        }
        assert_eq!(all.cause().unwrap().message(), Some("no. 2"));
    }
}

#[test]
fn cancelled_alone() {
    for all in [false, true] {
        let source = CancelToken::new();
        let follower = follow(&source, all);
        assert!(follower.cancel_with("own"));
        assert!(!source.is_cancelled());
        source.cancel_with("source");
        assert_eq!(follower.cause().unwrap().message(), Some("own"));
    }
}

#[test]
fn of_children_the_flag_is_kept() {
    let root = CancelToken::new();
    let child = root.child();
    let any = CancelToken::any([&child, &CancelToken::new()]);
    let all = CancelToken::all([&child]);
    root.cancel_with(Reason::Shutdown);
    for follower in [any, all] {
        assert_eq!(
            follower.cause(),
            child.cause(),
            "inherited, like its source"
        );
    }
}

#[test]
fn of_sources_that_are_cancelled() {
    let [a, b, live] = tokens();
    a.cancel_with("a");
    b.cancel_with("b");
    assert_eq!(
        CancelToken::any([&live, &b, &a]).cause(),
        b.cause(),
        "in the order given"
    );
    assert_eq!(CancelToken::all([&b, &a]).cause(), a.cause());
    let all = CancelToken::all([&a, &live, &b]);
    assert!(!all.is_cancelled());
    live.cancel_with("last");
    assert_eq!(all.cause(), live.cause());
    assert!(CancelToken::any([&a]).child().is_cancelled());
}

#[test]
fn one_source_twice() {
    let [a, b] = tokens();
    let any = CancelToken::any([&a, &a, &b]);
    let all_a = CancelToken::all([&a, &a.clone()]);
    let all = CancelToken::all([&a, &b, &a]);
    a.cancel();
    assert!(any.is_cancelled() && all_a.is_cancelled() && !all.is_cancelled());
    assert!(CancelToken::all([&a, &a]).is_cancelled());
    b.cancel();
    assert!(all.is_cancelled());
}

#[test]
fn of_nothing() {
    for token in [
        CancelToken::any::<&CancelToken>([]),
        CancelToken::all::<&CancelToken>([]),
    ] {
        let child = token.child();
        assert!(!token.is_cancelled());
        assert!(token.cancel());
        assert!(child.is_cancelled());
    }
}

#[test]
fn of_never() {
    let (never, source) = (CancelToken::never(), CancelToken::new());
    let any = CancelToken::any([&never, &source]);
    let all = CancelToken::all([&source, &never]);
    let only = CancelToken::any([&never]);
    never.cancel();
    source.cancel();
    assert!(any.is_cancelled() && !all.is_cancelled() && !only.is_cancelled());
    assert!(all.cancel() && only.cancel());
}

#[test]
fn nested_to_any_depth() {
    let sources = tokens::<8>();
    let [a, b, c, d, ..] = &sources;
    let either = CancelToken::any([a, &CancelToken::all([b, &CancelToken::any([c, d])])]);
    let leaf = either.child();
    d.cancel_with("d");
    assert!(!leaf.is_cancelled());
    b.cancel_with("b");
    assert_eq!(either.cause().unwrap().message(), Some("b"));
    assert_eq!(leaf.cause().unwrap().message(), Some("b"));
    assert!(!a.is_cancelled() && !c.is_cancelled());

    let mut chain = CancelToken::any([&sources[4]]);
    for _ in 0..100 {
        chain = CancelToken::any([&chain, &sources[5]]).child();
    }
    sources[4].cancel_with("far");
    assert_eq!(
        chain.cause().unwrap().to_string(),
        "cancelled by parent (manual): far"
    );
}

#[test]
fn a_diamond() {
    let root = CancelToken::new();
    let (left, right) = (root.child(), root.child());
    let all = CancelToken::all([&left, &right]);
    let any = CancelToken::any([&left, &right, &root]);
    let top = CancelToken::all([&any, &all, &root]);
    root.cancel_with("root");
    for token in [all, any, top] {
        assert_eq!(token.cause().unwrap().message(), Some("root"));
    }
}

/// A source that goes hands its followers on to its parent.
#[test]
fn a_source_is_dropped() {
    for all in [false, true] {
        let root = CancelToken::new();
        let source = root.child();
        let follower = follow(&source, all);
        drop(source);
        assert!(!follower.is_cancelled());
        root.cancel_with("grandparent");
        let cause = follower.cause().unwrap();
        assert_eq!(cause.message(), Some("grandparent"));
        assert!(cause.is_inherited(), "as the source would have had it");
    }
}

#[test]
fn a_source_without_a_parent_is_dropped() {
    let [gone, stays] = tokens();
    let any = CancelToken::any([&gone, &stays]);
    let all = CancelToken::all([&gone, &stays]);
    drop(gone);
    stays.cancel();
    assert!(any.is_cancelled());
    assert!(!all.is_cancelled(), "one of its sources can never fire");
    assert!(all.cancel());
}

/// The handle of a follower in the middle may go: its dependents keep it.
#[test]
fn a_follower_in_the_middle_is_dropped() {
    let [a, b] = tokens();
    let leaf = CancelToken::any([&a, &b]).child().child();
    let follower = CancelToken::any([&CancelToken::any([&CancelToken::any([&b])])]);
    b.cancel_with("b");
    assert_eq!(leaf.cause().unwrap().message(), Some("b"));
    assert_eq!(follower.cause(), b.cause());
}

#[test]
fn a_dropped_follower_leaves_its_sources() {
    let sources = tokens::<3>();
    let ran = std::sync::Arc::new(());
    for _ in 0..10 {
        let any = CancelToken::any(&sources);
        let (all, held) = (CancelToken::all(&sources), ran.clone());
        let registration = any.on_cancel(move |_| panic!("{held:?}: cancelled after its drop"));
        drop((all, registration));
    }
    assert_eq!(std::sync::Arc::strong_count(&ran), 1);
    sources.iter().for_each(|source| assert!(source.cancel()));
}

#[test]
fn a_child_that_follows_others() {
    for first in 0..3 {
        let [parent, one, two] = tokens();
        let child = parent.child_following([&one, &two]);
        let below = child.child();
        [&parent, &one, &two][first].cancel_with((Reason::Timeout, format!("no. {first}")));
        let cause = child.cause().unwrap();
        assert_eq!(cause.is_inherited(), first == 0);
        assert_eq!(cause.message(), Some(&*format!("no. {first}")));
        assert!(below.cause().unwrap().is_inherited());
        assert_eq!(parent.is_cancelled(), first == 0, "one-way");
        let late = parent.child_following([&one, &two]);
        assert_eq!(late.cause(), child.cause());
    }
    let [parent, other] = tokens();
    let (plain, middle) = (parent.child_following::<&CancelToken>([]), parent.child());
    let child = middle.child_following([&other]);
    drop(middle);
    assert!(parent.cancel() && plain.is_cancelled());
    assert!(
        child.cause().unwrap().is_inherited(),
        "adopted, it is a child still"
    );
}
