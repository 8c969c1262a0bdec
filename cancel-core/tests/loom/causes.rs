//! What a cancel says: published with its flag, shared by all that it reached, freed with the last.

use super::check;
use cancel_core::{CancelToken, Cancelled, Cause, Reason, Token};
use loom::thread;
use std::sync::Arc;

/// A value that loom watches.
struct Data(loom::cell::UnsafeCell<u32>);

// SAFETY: loom reports a race if there is one.
unsafe impl Send for Data {}
// SAFETY: as above.
unsafe impl Sync for Data {}

impl Data {
    fn new() -> Arc<Self> {
        Arc::new(Data(loom::cell::UnsafeCell::new(0)))
    }

    fn set(&self, value: u32) {
        // SAFETY: loom reports a race if there is one.
        self.0.with_mut(|at| unsafe { *at = value });
    }

    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|at| unsafe { *at })
    }
}

/// A plain reason and nobody registered: one compare-and-swap.
#[test]
fn x66_what_came_before_a_cancel_in_one_step_is_seen() {
    check(|| {
        let data = Data::new();
        let token = CancelToken::new();
        let (theirs, handle) = (data.clone(), token.clone());
        let asking = thread::spawn(move || {
            if handle.is_cancelled() {
                assert_eq!(theirs.get(), 7);
            }
        });
        data.set(7);
        token.cancel();
        asking.join().unwrap();
    });
}

/// With dependents the flag is shown while the marking goes on.
#[test]
fn x66_a_flag_shown_before_the_dependents_are_marked_shows_the_cause() {
    check(|| {
        let data = Data::new();
        let root = CancelToken::new();
        let _child = root.child();
        let (theirs, handle) = (data.clone(), root.clone());
        let asking = thread::spawn(move || {
            if let Some(cause) = handle.cause() {
                assert_eq!((cause.message(), theirs.get()), (Some("root"), 7));
            }
        });
        data.set(7);
        root.cancel_with("root");
        asking.join().unwrap();
    });
}

/// Whoever lets go last frees the block, after everybody has read it.
#[test]
fn x66_the_block_of_a_cause_goes_after_its_readers() {
    check(|| {
        let root = CancelToken::new();
        root.cancel_with("root");
        let [one, two] = [root.cause().unwrap(), root.cause().unwrap()];
        drop(root);
        let reading = thread::spawn(move || {
            assert_eq!(one.message(), Some("root"));
            drop(one);
        });
        assert_eq!(two.message(), Some("root"));
        drop(two);
        reading.join().unwrap();
    });
}

/// The same for a block below another one.
#[test]
fn x66_blocks_of_causes_in_a_chain_go_after_their_readers() {
    check(|| {
        let below = Cancelled::from(Cause::from("below"));
        let kept = below.clone();
        let above = Cancelled::from(Cause::from("above").with_error(below));
        let reading = thread::spawn(move || {
            assert_eq!(kept.message(), Some("below"));
            drop(kept);
        });
        let source = std::error::Error::source(&above).unwrap().to_string();
        assert_eq!(source, "cancelled: manual: below");
        drop(above);
        reading.join().unwrap();
    });
}

/// References are reserved for many nodes at once; what is not needed goes back.
#[test]
fn x66_a_cause_goes_with_the_last_token_that_it_reached() {
    check(|| {
        let root = CancelToken::new();
        let children: Vec<_> = (0..3).map(|_| root.child()).collect();
        let low = children[0].child();
        let any = CancelToken::any([&low]);
        let dropping = thread::spawn(move || drop((low, children)));
        root.cancel_with("root");
        dropping.join().unwrap();
        assert_eq!(any.cause().unwrap().message(), Some("root"));
    });
}

/// Of two causes one is dropped, by the call that lost.
#[test]
fn x66_the_cause_of_a_cancel_that_lost_goes() {
    check(|| {
        let token = Arc::new(Token::new());
        let theirs = token.clone();
        let other = thread::spawn(move || theirs.cancel_with("one"));
        let won = token.cancel_with((Reason::Shutdown, "two"));
        assert!(won != other.join().unwrap());
        let cause = token.cause().unwrap();
        assert_eq!(cause.message(), Some(if won { "two" } else { "one" }));
    });
}

/// Clones of one cause, on two threads: one is given to a token, which may write its id into the block if
/// it has it alone, while the other one is changed, which copies the block unless it has it alone.
#[test]
fn clones_of_a_cause_are_used_and_changed() {
    check(|| {
        let cause = Cause::new(Reason::Error)
            .with_message("one")
            .with_error("below");
        let clone = cause.clone();
        let changing = thread::spawn(move || {
            let token = CancelToken::new();
            token.cancel_with(clone.with_message("two"));
            let why = token.cause().unwrap();
            assert_eq!(why.message(), Some("two"));
            assert!(why.is_from(&token));
            std::error::Error::source(&why).unwrap().to_string()
        });
        let token = CancelToken::new();
        token.cancel_with(cause);
        let why = token.child().cause().unwrap();
        assert_eq!(why.message(), Some("one"));
        assert!(why.is_from(&token));
        drop((token, why));
        assert_eq!(changing.join().unwrap(), "below");
    });
}
