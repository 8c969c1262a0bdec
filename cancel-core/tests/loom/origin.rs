//! Whose cancelation it is, read while it happens.

use super::statics::Static;
use super::{check, check_bounded};
use cancel_core::{CancelToken, Cause, Child, Reason, StaticCause, Token};
use loom::thread;

fn fixed() -> Static<StaticCause> {
    Static::new(StaticCause::new(Reason::Condition, "too hot"))
}

/// Every kind of cause: a reason alone, a block of its own, a static block.
fn with_each(model: impl Fn(&dyn Fn() -> Cause) + Clone + Sync + Send + 'static) {
    let run = model.clone();
    check(move || run(&|| Reason::Timeout.into()));
    let run = model.clone();
    check(move || run(&|| "text".into()));
    check(move || {
        let block = fixed();
        let cause = block.get();
        model(&|| cause.into());
        drop(block);
    });
}

/// As soon as the flag is seen, so is the origin, at the root and below.
#[test]
fn x14_the_origin_comes_with_the_flag() {
    with_each(|cause| {
        let root = CancelToken::new();
        let child = root.child();
        let (seen, below, id) = (root.clone(), child.clone(), root.id());
        let looking = thread::spawn(move || {
            for token in [&below, &seen] {
                if let Some(cancelled) = token.cause() {
                    assert_eq!(cancelled.origin(), Some(id));
                }
            }
        });
        root.cancel_with(cause());
        looking.join().unwrap();
        assert!(child.cause().unwrap().is_from(&root));
        assert!(root.cause().unwrap().is_from(&root));
    });
}

/// A child that comes meanwhile is marked, or inherits.
#[test]
fn x14_a_child_comes_while_its_parent_is_cancelled() {
    with_each(|cause| {
        let root = CancelToken::new();
        let first = root.child();
        let parent = root.clone();
        let coming = thread::spawn(move || parent.child());
        root.cancel_with(cause());
        let second = coming.join().unwrap();
        for token in [&first, &second] {
            let cancelled = token.cause().unwrap();
            assert!(cancelled.is_from(&root));
            assert_eq!(cancelled.message(), root.cause().unwrap().message());
        }
        let below = second.child();
        let id = root.id();
        drop((root, first, second));
        assert!(below.cause().unwrap().is_from(&id));
    });
}

/// The last dependent goes while the block for the dependents is made.
#[test]
fn x14_the_dependents_of_a_static_cause_go_meanwhile() {
    check(|| {
        let block = fixed();
        let root = CancelToken::new();
        let child = root.child();
        let dropping = thread::spawn(move || drop(child));
        root.cancel_with(block.get());
        dropping.join().unwrap();
        assert!(root.cause().unwrap().is_from(&root));
        drop(root);
        drop(block);
    });
}

/// Both sources fire; the follower says which one it followed.
#[test]
fn x14_a_follower_of_two_racing_sources() {
    check_bounded(2, || {
        let block = fixed();
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let either = CancelToken::any([&a, &b]);
        let below = either.child();
        let (theirs, cause) = (b.clone(), block.get());
        let other = thread::spawn(move || {
            theirs.cancel_with(cause);
        });
        a.cancel();
        other.join().unwrap();
        for token in [&either, &below] {
            let cancelled = token.cause().unwrap();
            match cancelled.root_reason() {
                Reason::Manual => assert!(cancelled.is_from(&a)),
                _ => assert!(cancelled.is_from(&b)),
            }
        }
        drop((a, b, either, below));
        drop(block);
    });
}

/// Followers made of a source that is being cancelled.
#[test]
fn x14_a_follower_comes_while_its_source_is_cancelled() {
    with_each(|cause| {
        let source = CancelToken::new();
        let other = source.clone();
        let coming = thread::spawn(move || CancelToken::any([&other]));
        source.cancel_with(cause());
        let any = coming.join().unwrap();
        assert!(any.cause().unwrap().is_from(&source));
    });
}

/// Two threads enter a child in place of a token that is cancelled with a static cause, so that what it
/// says has to be allocated: whoever comes second finds it whole.
#[test]
fn x14_a_static_child_is_entered_twice() {
    check_bounded(2, || {
        let block = fixed();
        let parent = Static::new(Token::new());
        let child = Static::new(Child::new(parent.get()));
        parent.get().cancel_with(block.get());
        let (part, id) = (child.get(), parent.get().id());
        let entering = thread::spawn(move || {
            assert_eq!(part.enter_static().cause().unwrap().origin(), Some(id));
        });
        assert_eq!(part.enter_static().cause().unwrap().origin(), Some(id));
        entering.join().unwrap();
        drop(child);
        drop(parent);
        drop(block);
    });
}

/// One cancelation is handed on to two tokens by two threads.
#[test]
fn x14_handed_on_by_two() {
    with_each(|cause| {
        let (first, second) = (CancelToken::new(), CancelToken::new());
        first.cancel_with(cause());
        let (whose, target) = (first.cause().unwrap(), second.clone());
        let other = thread::spawn(move || target.cancel_with(whose));
        let third = CancelToken::new();
        third.cancel_with(first.cause().unwrap());
        second.cancel_with(first.cause().unwrap());
        other.join().unwrap();
        assert!(second.cause().unwrap().is_from(&first));
        assert!(third.cause().unwrap().is_from(&first));
    });
}

/// A cause of nobody's, shared by two tokens: each is its own origin.
#[test]
fn x14_of_nobody_for_two() {
    check(|| {
        let nobodys = cancel_core::Cancelled::from(Cause::from("text"));
        let (a, b) = (CancelToken::new(), CancelToken::new());
        let (theirs, target) = (nobodys.clone(), b.clone());
        let other = thread::spawn(move || target.cancel_with(theirs));
        a.cancel_with(nobodys);
        assert!(a.cause().unwrap().is_from(&a));
        drop(a); // and with it the other reference to the block
        other.join().unwrap();
        assert!(b.cause().unwrap().is_from(&b));
        assert!(b.child().cause().unwrap().is_from(&b));
    });
}
