//! Whose cancelation it is, and what a cause says when it is read back.

use cancel_core::{
    CancelToken, Cancelled, Cause, Child, HasId, OnCancel, Reason, StaticCause, Token,
};
use std::error::Error;
use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

static FIXED: StaticCause = StaticCause::new(Reason::Condition, "too hot");

/// Every kind of cause: nothing but a reason, a block of its own, a static block.
fn causes() -> [fn() -> Cause; 5] {
    [
        || Reason::Timeout.into(),
        || "text".into(),
        || (&FIXED).into(),
        || Cause::new(Reason::Timeout).with_name("download"),
        || Cause::new(Reason::Error).with_error("broken"),
    ]
}

fn of(token: &Token) -> Cancelled {
    token.cause().expect("cancelled")
}

#[test]
fn x14_the_token_that_was_asked() {
    for cause in causes() {
        let (token, other) = (CancelToken::new(), CancelToken::new());
        token.cancel_with(cause());
        let cancelled = of(&token);
        assert_eq!(cancelled.origin(), Some(token.id()));
        assert!(cancelled.is_from(&token) && cancelled.is_from(&*token));
        assert!(cancelled.is_from(&token.view()) && cancelled.is_from(&token.view_owned()));
        assert!(cancelled.is_from(&&token) && cancelled.is_from(&token.id()));
        assert!(!cancelled.is_from(&other) && !cancelled.is_from(Token::never()));
        let whose: &dyn HasId = &token;
        assert!(cancelled.is_from(whose));
        // With somebody waiting, which is another way through.
        let _wait = smol::block_on(futures_util::future::poll_immediate(
            other.cancelled_owned(),
        ));
        let _callback = other.on_cancel(|_| {});
        other.cancel_with(cause());
        assert!(of(&other).is_from(&other));
    }
}

#[test]
fn x14_descendants_know_the_ancestor() {
    for cause in causes() {
        for early in [false, true] {
            let root = CancelToken::new();
            let handle = root.clone();
            let mut place = Box::pin(Child::new(&handle));
            if early {
                root.cancel_with(cause());
            }
            let tree: Vec<CancelToken> = (0..70).map(|_| root.child()).collect();
            let leaf = tree[3].child().child();
            let pinned = place.as_mut().enter();
            root.cancel_with(cause());
            let late = leaf.child();
            for token in tree.iter().chain([&leaf, &late]).map(|token| &**token) {
                assert!(of(token).is_from(&root), "{:?}", of(token));
                assert_eq!(of(token).root_cause(), of(&root));
            }
            assert!(of(pinned).is_from(&root) && of(&root).is_from(&root));
            drop(place);
            drop((handle, root, tree));
            assert_eq!(of(&leaf), of(&late), "the token that was asked may be gone");
        }
    }
}

#[test]
fn x14_followers_know_the_source_that_fired() {
    for cause in causes() {
        for early in [false, true] {
            let (root, other) = (CancelToken::new(), CancelToken::new());
            let source = root.child();
            if early {
                root.cancel_with(cause());
            }
            let any = CancelToken::any([&other, &source]);
            let all = CancelToken::all([&root, &source]);
            let following = other.child_following([&root]);
            let below = any.child();
            root.cancel_with(cause());
            other.cancel();
            for token in [&any, &all, &following, &below] {
                assert!(of(token).is_from(&root), "{:?}", of(token));
            }
            let all = CancelToken::all([&root, &other]);
            assert!(of(&all).is_from(&other), "the last one");
        }
    }
}

#[test]
fn x14_handing_on_does_not_change_whose_it_was() {
    for cause in causes() {
        for through_a_child in [false, true] {
            let (first, second) = (CancelToken::new(), CancelToken::new());
            let (child, below) = (first.child(), second.child());
            first.cancel_with(cause());
            let handed = of(if through_a_child { &child } else { &first });
            assert_eq!(Cause::from(handed.clone()).origin(), Some(first.id()));
            second.cancel_with(handed);
            assert_eq!(of(&second), of(&first));
            assert_eq!(of(&below).root_cause(), of(&first));
            // With more to say about it.
            let third = CancelToken::new();
            third.cancel_with(Cause::from(of(&below)).with_message("gave up"));
            assert!(of(&third).is_from(&first));
            assert_eq!(of(&third).message(), Some("gave up"));
            let old = third.cause().unwrap().source().unwrap().to_string();
            assert_eq!(old, of(&first).to_string());
        }
    }
}

/// One that comes from no token becomes that of the token it is given to, also if it is shared.
#[test]
fn x14_a_cancelation_of_nobody() {
    for cause in causes() {
        let nobodys = Cancelled::from(cause());
        assert_eq!(nobodys.origin(), None);
        let (token, other) = (CancelToken::new(), CancelToken::new());
        let child = token.child();
        token.cancel_with(nobodys.clone());
        other.cancel_with(nobodys.clone());
        assert!(of(&token).is_from(&token) && of(&other).is_from(&other));
        assert!(of(&child).is_from(&token) && of(&token.child()).is_from(&token));
        assert_eq!(of(&child).message(), nobodys.message());
        assert_eq!(of(&child).origin_name(), nobodys.origin_name());
        let error = |cancelled: &Cancelled| cancelled.source().map(|error| error.to_string());
        assert_eq!(error(&of(&child)), error(&nobodys));
        assert_eq!(nobodys.origin(), None);
    }
}

#[test]
fn x14_callbacks_are_told() {
    for cause in causes() {
        static SEEN: Mutex<Vec<Cancelled>> = Mutex::new(Vec::new());
        let root = CancelToken::new();
        let child = root.child();
        let on =
            |token: &CancelToken| token.on_cancel(|why| SEEN.lock().unwrap().push(why.clone()));
        let _on = (on(&root), on(&child));
        let place = pin!(OnCancel::new(&root, |why| SEEN
            .lock()
            .unwrap()
            .push(why.clone())));
        place.enter();
        root.cancel_with(cause());
        let late = on(&child);
        let seen = std::mem::take(&mut *SEEN.lock().unwrap());
        assert_eq!(seen.len(), 4);
        for cancelled in seen {
            assert!(cancelled.is_from(&root), "{cancelled:?}");
        }
        drop(late);
    }
}

#[test]
fn x14_cancel_children_is_from_the_token_that_was_asked() {
    for cause in causes() {
        let root = CancelToken::new();
        let leaf = root.child().child();
        let below = root.child();
        let any = CancelToken::any([&below]);
        assert!(root.cancel_children_with(cause()));
        for token in [&leaf, &below, &any] {
            assert!(of(token).is_from(&root), "{:?}", of(token));
        }
        root.cancel_with(Reason::Shutdown);
        assert!(of(&root).is_from(&root) && of(&leaf).root_reason() != Reason::Shutdown);
    }
}

#[test]
fn x14_two_of_a_kind_are_not_equal() {
    let timeout = || Cause::new(Reason::Timeout).with_limit(Duration::from_secs(2));
    let (outer, inner) = (CancelToken::new(), CancelToken::new());
    outer.cancel_with(timeout());
    inner.cancel_with(timeout());
    assert_eq!(of(&outer).to_string(), of(&inner).to_string());
    assert_ne!(of(&outer), of(&inner));
    assert_eq!(of(&outer), of(&outer));
    // Of nobody: by what they say.
    let nobodys = |cause: Cause| Cancelled::from(cause);
    assert_eq!(nobodys(timeout()), nobodys(timeout()));
    assert_ne!(nobodys(timeout()), nobodys(Reason::Timeout.into()));
    assert_ne!(
        nobodys(timeout().with_name("a")),
        nobodys(timeout().with_name("b"))
    );
}

#[test]
fn x14_what_is_printed() {
    let limit = |limit| Cause::new(Reason::Timeout).with_limit(limit);
    let two = || limit(Duration::from_secs(2)).with_name("download");
    for (cause, text, below) in [
        (
            two(),
            "cancelled: timeout of 2s of \"download\"",
            "cancelled by parent (timeout of 2s of \"download\")",
        ),
        (
            two().with_message("no answer"),
            "cancelled: timeout of 2s of \"download\": no answer",
            "cancelled by parent (timeout of 2s of \"download\"): no answer",
        ),
        (
            limit(Duration::from_micros(1500)),
            "cancelled: timeout of 1.5ms",
            "cancelled by parent (timeout of 1.5ms)",
        ),
        (
            Cause::new(Reason::Error).with_name(String::from("a\n\u{1b}[2J\"\u{202e}\u{9b}")),
            "cancelled: error of \"a\\n\\u{1b}[2J\\\"\\u{202e}\\u{9b}\"",
            "cancelled by parent (error of \"a\\n\\u{1b}[2J\\\"\\u{202e}\\u{9b}\")",
        ),
        (
            Reason::Timeout.into(),
            "cancelled: timeout",
            "cancelled by parent (timeout)",
        ),
        // A message that says the reason stands for both.
        (
            Cause::new(Reason::Condition).with_message("condition \"disk full\" met"),
            "cancelled: condition \"disk full\" met",
            "cancelled by parent (condition \"disk full\" met)",
        ),
        (
            Cause::new(Reason::Condition).with_message("conditional"),
            "cancelled: condition: conditional",
            "cancelled by parent (condition): conditional",
        ),
        (
            Cause::new(Reason::Condition)
                .with_message("condition met")
                .with_name("job"),
            "cancelled: condition of \"job\": condition met",
            "cancelled by parent (condition of \"job\"): condition met",
        ),
        (
            Cause::new(Reason::Signal(15)).with_message("signal caught"),
            "cancelled: signal 15: signal caught",
            "cancelled by parent (signal 15): signal caught",
        ),
    ] {
        let token = CancelToken::new();
        let child = token.child();
        token.cancel_with(cause);
        assert_eq!(of(&token).to_string(), text);
        assert_eq!(of(&child).to_string(), below);
        let shown = format!("{:?}", of(&child));
        assert!(
            shown.contains(&format!("origin: Some({})", token.id())),
            "{shown}"
        );
    }
}

#[test]
fn x63_a_cause_is_read_back() {
    let cause = Cause::new(Reason::Timeout)
        .with_message("no answer")
        .with_name("download")
        .with_limit(Duration::from_secs(2))
        .with_error(std::io::Error::other("reset"));
    assert_eq!(
        (cause.reason(), cause.message()),
        (Reason::Timeout, Some("no answer"))
    );
    assert_eq!(
        (cause.name(), cause.limit()),
        (Some("download"), Some(Duration::from_secs(2)))
    );
    assert!(
        cause
            .error()
            .unwrap()
            .downcast_ref::<std::io::Error>()
            .is_some()
    );
    assert_eq!(cause.origin(), None);
    let token = CancelToken::new();
    let child = token.child();
    token.cancel_with(cause);
    for cancelled in [of(&token), of(&child)] {
        assert_eq!(cancelled.message(), Some("no answer"));
        assert_eq!(cancelled.origin_name(), Some("download"));
        assert_eq!(cancelled.limit(), Some(Duration::from_secs(2)));
    }
    let cause = Cause::from(of(&child));
    assert_eq!(
        (cause.name(), cause.limit()),
        (Some("download"), Some(Duration::from_secs(2)))
    );
    assert_eq!(cause.error().unwrap().to_string(), "reset");
    assert_eq!(cause.origin(), Some(token.id()));
    let bare = Cause::new(Reason::Manual);
    assert!(bare.name().is_none() && bare.limit().is_none() && bare.error().is_none());
    assert!(bare.message().is_none());
}

/// A static cause takes a block for the dependents alone, and gives it back.
#[test]
fn x14_static_causes_of_many() {
    let root = CancelToken::new();
    let tree: Vec<CancelToken> = (0..600).map(|_| root.child()).collect();
    let any = CancelToken::any(&tree[..3]);
    let below = any.child();
    root.cancel_with(&FIXED);
    for token in tree.iter().chain([&any, &below]) {
        assert_eq!(of(token).message(), Some("too hot"));
        assert!(of(token).is_from(&root));
    }
    let id = root.id();
    drop((root, tree, any));
    assert_eq!(of(&below).origin(), Some(id));
    let next = CancelToken::new();
    next.cancel_with(of(&below));
    drop(below);
    assert_eq!(next.child().cause().unwrap().message(), Some("too hot"));
    assert!(of(&next).is_from(&id));
}
