//! A4, A6, A7: what a cancel says.

use cancel_core::{CancelToken, Cancelled, Cause, Check, Reason, StaticCause, Token};
use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

fn cancelled(cause: impl Into<Cause>) -> Cancelled {
    let token = CancelToken::new();
    assert!(token.cause().is_none() && token.check().is_ok());
    assert!(token.cancel_with(cause));
    let found = token.check().unwrap_err();
    assert_eq!(token.cause().as_ref(), Some(&found));
    assert_eq!(Check::check(&token), Err(found.clone()));
    found
}

#[test]
fn check_gives_the_real_cause() {
    for reason in [
        Reason::Manual,
        Reason::Timeout,
        Reason::Signal(0),
        Reason::Signal(u16::MAX),
        Reason::Condition,
        Reason::Parent,
        Reason::Error,
        Reason::Dropped,
        Reason::Shutdown,
        Reason::Custom(0),
        Reason::Custom(0xa5a5),
    ] {
        let bare = cancelled(reason);
        assert_eq!((bare.reason(), bare.root_reason()), (reason, reason));
        assert!(!bare.is_inherited() && bare.message().is_none() && bare.source().is_none());
        let both = cancelled((reason, "why"));
        assert_eq!((both.reason(), both.message()), (reason, Some("why")));
        assert_ne!(bare, both);
        assert_eq!(both.to_string(), format!("cancelled: {reason}: why"));
    }
    let token = CancelToken::new();
    token.cancel();
    assert_eq!(token.check(), Err(token.cause().unwrap()));
    assert_ne!(
        token.check(),
        Err(cancelled(Reason::Manual)),
        "another token's"
    );
}

/// Clones share what they say, until one of them is changed.
#[test]
fn a_clone_of_a_cause_is_changed_alone() {
    let made = |cause: &Cause| {
        let error = cause.error().map(ToString::to_string);
        let text = |text: Option<&str>| text.map(String::from);
        (
            text(cause.message()),
            text(cause.name()),
            cause.limit(),
            error,
        )
    };
    let second = Duration::from_secs(1);
    let first = Cause::new(Reason::Error)
        .with_message("first")
        .with_name("name")
        .with_limit(second)
        .with_error("below");
    let before = made(&first);

    let mut clones = vec![first.clone()];
    for n in 0..3 {
        let last = clones[clones.len() - 1].clone();
        clones.push(last.with_message(format!("clone {n}")));
    }
    assert_eq!(made(&clones[3]).0.as_deref(), Some("clone 2"));
    assert_eq!(made(&clones[1]).0.as_deref(), Some("clone 0"));
    for clone in &clones[1..] {
        let (_, name, limit, error) = made(clone);
        assert_eq!((name.as_deref(), limit), (Some("name"), Some(second)));
        assert_eq!(error.as_deref(), Some("below"));
    }
    let renamed = first.clone().with_name("other").with_limit(2 * second);
    let replaced = first.clone().with_error("another");
    assert_eq!(
        (renamed.name(), renamed.message()),
        (Some("other"), Some("first"))
    );
    assert_eq!(replaced.error().unwrap().to_string(), "another");
    assert_eq!(made(&first), before);
    // The error is lent by the block that has it, to those who stay, in whichever order they go.
    drop(first);
    drop(clones.remove(0));
    drop(clones.remove(1));
    assert_eq!(made(&clones[1]).3.as_deref(), Some("below"));
    assert_eq!(made(&renamed).3.as_deref(), Some("below"));
}

/// The error of a cause, its clones and their changed copies is dropped once, with the last of them.
#[test]
fn clones_of_a_cause_drop_its_error_once() {
    let alive = Arc::new(());
    let cause = Cause::new(Reason::Error).with_error(Below(alive.clone()));
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let child = token.child();
    token.cancel_with(cause.clone());
    other.cancel_with(cause.clone().with_message("copy"));
    assert_eq!(Arc::strong_count(&alive), 2);
    drop((cause, token, child));
    assert_eq!(Arc::strong_count(&alive), 2);
    assert_eq!(
        other.cause().unwrap().source().unwrap().to_string(),
        "below"
    );
    drop(other);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[derive(Debug)]
struct Below(#[allow(dead_code)] Arc<()>);

impl std::fmt::Display for Below {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("below")
    }
}

impl Error for Below {}

/// One block in several tokens: each says that it was asked itself, and so do those below it.
#[test]
fn clones_of_a_cause_are_the_cancelation_of_each_token() {
    let cause = Cause::from("shared");
    let tokens = [(); 3].map(|()| CancelToken::new());
    for token in &tokens {
        let (before, follower) = (token.child(), CancelToken::any([token]));
        token.cancel_with(cause.clone());
        let after = token.child();
        for it in [token, &before, &after, &follower] {
            let why = it.cause().unwrap();
            assert_eq!(why.message(), Some("shared"));
            assert!(why.is_from(token), "{why:?}");
        }
    }
    // The last owner: it may write the origin into the block, which others have had before.
    let (one, two) = (CancelToken::new(), CancelToken::new());
    let again = cause.clone();
    drop(tokens);
    one.cancel_with(cause);
    two.cancel_with(again);
    assert!(one.cause().unwrap().is_from(&one) && two.cause().unwrap().is_from(&two));
}

/// A callback hands on what it is given.
#[test]
fn a_borrowed_cancelation_is_handed_on() {
    let (one, two) = (CancelToken::new(), CancelToken::new());
    let other = two.clone();
    let callback = move |cancelled: &Cancelled| assert!(other.cancel_with(cancelled));
    one.child().on_cancel(callback).detach();
    let child = one.child();
    one.cancel_with((Reason::Shutdown, "text"));
    assert!(!two.is_cancelled(), "that child is gone");
    let cancelled = child.cause().unwrap();
    two.cancel_with(&cancelled);
    assert_eq!(cancelled.root_cause(), one.cause().unwrap());
    assert_eq!(two.cause(), one.cause());
    assert!(two.cause().unwrap().is_from(&one));
}

#[test]
fn what_becomes_a_cause() {
    assert_eq!(cancelled("text").message(), Some("text"));
    assert_eq!(cancelled("text").reason(), Reason::Manual);
    assert_eq!(cancelled(format!("no. {}", 7)).message(), Some("no. 7"));
    assert_eq!(cancelled(Cow::Borrowed("cow")).message(), Some("cow"));
    let pair = cancelled((Reason::Condition, format!("{} %", 95)));
    assert_eq!(
        (pair.reason(), pair.message()),
        (Reason::Condition, Some("95 %"))
    );

    static FIXED: StaticCause = StaticCause::new(Reason::Custom(3), "watchdog");
    for _ in 0..2 {
        let fixed = cancelled(&FIXED);
        assert_eq!(
            (fixed.reason(), fixed.message()),
            (Reason::Custom(3), Some("watchdog"))
        );
    }
    let boxed: Box<dyn Error + Send + Sync> = "broken".into();
    let boxed = cancelled(boxed);
    assert_eq!(boxed.reason(), Reason::Error);
    assert_eq!(boxed.source().unwrap().to_string(), "broken");
}

#[test]
fn error_source() {
    let io = io::Error::new(io::ErrorKind::ConnectionReset, "reset");
    let cause = Cause::new(Reason::Error)
        .with_message("upload")
        .with_error(io);
    assert_eq!(
        (cause.reason(), cause.message()),
        (Reason::Error, Some("upload"))
    );
    let token = CancelToken::new();
    let leaf = token.child().child();
    token.cancel_with(cause);
    for cancelled in [token.check().unwrap_err(), leaf.check().unwrap_err()] {
        assert_eq!(cancelled.message(), Some("upload"));
        let source = cancelled.source().unwrap().downcast_ref::<io::Error>();
        assert_eq!(source.unwrap().kind(), io::ErrorKind::ConnectionReset);
    }
    // The error outlives the tokens.
    let cancelled = leaf.cause().unwrap();
    drop((token, leaf));
    assert_eq!(cancelled.source().unwrap().to_string(), "reset");
}

#[test]
fn a_cause_may_be_handed_on() {
    let (first, second) = (CancelToken::new(), CancelToken::new());
    let child = first.child();
    first.cancel_with((Reason::Timeout, "30 s"));
    second.cancel_with(child.cause().unwrap());
    let handed_on = second.cause().unwrap();
    assert!(!handed_on.is_inherited());
    assert_eq!(handed_on, first.cause().unwrap());

    let third = CancelToken::new();
    third.cancel_with(Cause::from(handed_on).with_message("the other side gave up"));
    let third = third.cause().unwrap();
    assert_eq!(
        (third.reason(), third.message()),
        (Reason::Timeout, Some("the other side gave up"))
    );
    let source = third.source().unwrap().downcast_ref::<Cancelled>().unwrap();
    assert_eq!(source.message(), Some("30 s"));
    assert_eq!(
        first.cause().unwrap().message(),
        Some("30 s"),
        "shared, not changed"
    );
}

#[test]
fn the_first_cause_stays() {
    let token = CancelToken::new();
    assert!(token.cancel_with((Reason::Timeout, "first")));
    assert!(!token.cancel_with("second"));
    assert!(!token.cancel());
    assert_eq!(
        token.cause().unwrap().to_string(),
        "cancelled: timeout: first"
    );
}

#[test]
fn a_child_answers_parent_and_knows_why() {
    let root = CancelToken::new();
    let child = root.child();
    let leaf = child.child();
    root.cancel_with((Reason::Signal(15), "SIGTERM"));
    for token in [&child, &leaf, &leaf.child()] {
        let cancelled = token.check().unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Parent);
        assert_eq!(cancelled.root_reason(), Reason::Signal(15));
        assert_eq!(cancelled.message(), Some("SIGTERM"));
        assert!(cancelled.is_inherited());
        assert_eq!(cancelled.root_cause(), root.cause().unwrap());
        assert_ne!(cancelled, root.cause().unwrap());
        assert_eq!(
            cancelled.to_string(),
            "cancelled by parent (signal 15): SIGTERM"
        );
    }
}

#[test]
fn checks_of_every_kind() {
    fn states(check: &impl Check) -> (bool, bool, bool) {
        (
            check.is_cancelled(),
            check.check().is_err(),
            check.may_be_cancelled(),
        )
    }
    let token = CancelToken::new();
    let place: &Token = &token;
    for cancelled in [false, true] {
        assert_eq!(states(&token), (cancelled, cancelled, true));
        assert_eq!(states(&place), (cancelled, cancelled, true));
        assert_eq!(states(&Some(&token)), (cancelled, cancelled, true));
        assert_eq!(states(&token.view()), (cancelled, cancelled, true));
        assert_eq!(states(&token.view_owned()), (cancelled, cancelled, true));
        token.cancel();
    }
    assert_eq!(states(&None::<CancelToken>), (false, false, false));
    assert_eq!(states(&cancel_core::Never), (false, false, false));
    assert_eq!(states(&Some(cancel_core::Never)), (false, false, false));
    assert_eq!(states(Token::never()), (false, false, false));
    struct OnlyCheck;
    impl Check for OnlyCheck {
        fn check(&self) -> Result<(), Cancelled> {
            Err(cancelled("always"))
        }
    }
    assert_eq!(states(&OnlyCheck), (true, true, true));
}

#[test]
fn messages_are_freed_once() {
    #[derive(Debug)]
    struct Counted(std::sync::Arc<()>);
    impl std::fmt::Display for Counted {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "counted: {:?}", self.0)
        }
    }
    impl Error for Counted {}

    let alive = std::sync::Arc::new(());
    let error = || Cause::new(Reason::Error).with_error(Counted(alive.clone()));
    let root = CancelToken::new();
    let tree: Vec<CancelToken> = (0..600).map(|_| root.child()).collect();
    let follower = CancelToken::any([&root, &tree[0]]);
    root.cancel_with(error());
    assert!(!root.cancel_with(error()), "the loser's cause is dropped");
    assert_eq!(std::sync::Arc::strong_count(&alive), 2, "one block for all");
    let late = (
        root.child(),
        CancelToken::any([&root]),
        tree[7].cause().unwrap(),
    );
    drop((root, tree, follower));
    assert_eq!(std::sync::Arc::strong_count(&alive), 2);
    assert_eq!(late.2.source().unwrap().to_string(), "counted: ()");
    drop(late);
    assert_eq!(std::sync::Arc::strong_count(&alive), 1);
}

#[test]
fn a_cause_handed_on_becomes_the_source_of_a_new_message() {
    for keep in [true, false] {
        let token = CancelToken::new();
        token.cancel_with((Reason::Condition, "disk full"));
        let cause = token.cause().unwrap();
        let kept = keep.then_some(token);
        let next = CancelToken::new();
        next.cancel_with(Cause::from(cause).with_message("upload stopped"));
        let cancelled = next.cause().unwrap();
        assert_eq!(cancelled.message(), Some("upload stopped"));
        assert_eq!(cancelled.reason(), Reason::Condition);
        let source = cancelled.source().expect("the old cause").to_string();
        assert_eq!(source, "cancelled: condition: disk full", "kept: {keep}");
        drop(kept);
    }
    // also one without any message
    let plain = CancelToken::new();
    plain.cancel_with(Reason::Timeout);
    let cause = Cause::from(plain.cause().unwrap()).with_message("retry");
    let cancelled = Cancelled::from(cause);
    assert_eq!(
        cancelled.source().unwrap().to_string(),
        "cancelled: timeout"
    );
}

#[test]
fn causes_of_causes_go_without_recursion() {
    let links = 200_000;
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    let run = small.spawn(move || {
        for with_error in [true, false] {
            let mut token = CancelToken::new();
            token.cancel_with("first");
            for _ in 0..links {
                let next = CancelToken::new();
                let cause = token.cause().unwrap();
                next.cancel_with(match with_error {
                    true => Cause::new(Reason::Error).with_error(cause),
                    false => Cause::from(cause).with_message("again"),
                });
                token = next;
            }
            assert!(format!("{token:?}").len() < 1000);
            drop(token);
        }
    });
    run.unwrap().join().unwrap();
}

/// As above, through the conversion that `?` makes.
#[cfg(feature = "std")]
#[test]
fn causes_in_io_errors_go_without_recursion() {
    let mut last = Cancelled::from(Cause::from((Reason::Error, "the first")));
    for _ in 0..300_000 {
        let io = io::Error::from(last);
        last = Cancelled::from(Cause::new(Reason::Error).with_error(io));
    }
    let io = last.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert!(Cancelled::from_io(io).is_some());
    drop(last);
}
