//! Links between tokens of both kinds.

use cancel_tokio::{
    CancelToken, Cancelable, Link, Reason, Registration, Source, Status, tokio_cancelled,
};
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn tokens() -> (CancelToken, CancellationToken) {
    (CancelToken::new(), CancellationToken::new())
}

#[test]
fn theirs_cancels_ours() {
    let (ours, theirs) = tokens();
    let child = ours.child();
    let link = Link::from_tokio(&theirs, &ours);
    assert!(!ours.is_cancelled());
    theirs.cancel();
    let why = ours.cause().unwrap(); // at once: no task has to run
    assert_eq!(why.reason(), Reason::Manual);
    assert_eq!(why.message(), Some("a token of tokio-util was cancelled"));
    assert_eq!(child.cause().unwrap().reason(), Reason::Parent);
    drop(link);
}

#[test]
fn ours_cancels_theirs() {
    let (ours, theirs) = tokens();
    let child = theirs.child_token();
    let link = Link::to_tokio(&ours, &theirs);
    assert!(!theirs.is_cancelled());
    ours.cancel_with("enough");
    assert!(theirs.is_cancelled() && child.is_cancelled());
    drop(link);
}

#[test]
fn one_way_is_one_way() {
    let (ours, theirs) = tokens();
    let _link = Link::from_tokio(&theirs, &ours);
    ours.cancel();
    assert!(!theirs.is_cancelled());

    let (ours, theirs) = tokens();
    let _link = Link::to_tokio(&ours, &theirs);
    theirs.cancel();
    assert!(!ours.is_cancelled());
}

#[test]
fn both_ways() {
    let (ours, theirs) = tokens();
    let _link = Link::both(&ours, &theirs);
    theirs.cancel();
    assert_eq!(
        ours.cause().unwrap().message(),
        Some("a token of tokio-util was cancelled")
    );

    let (ours, theirs) = tokens();
    let _link = Link::both(&ours, &theirs);
    ours.cancel_with((Reason::Shutdown, "SIGTERM"));
    assert!(theirs.is_cancelled());
    assert_eq!(ours.cause().unwrap().message(), Some("SIGTERM")); // not that of the echo
}

#[test]
fn what_is_cancelled_already_cancels_at_once() {
    let (ours, theirs) = tokens();
    theirs.cancel();
    let _link = Link::from_tokio_with(&theirs, &ours, Reason::Custom(7));
    assert_eq!(ours.cause().unwrap().reason(), Reason::Custom(7));

    let (ours, theirs) = tokens();
    ours.cancel();
    let _link = Link::to_tokio(&ours, &theirs);
    assert!(theirs.is_cancelled());
}

#[test]
fn a_link_that_is_dropped_is_no_more() {
    let (ours, theirs) = tokens();
    drop(Link::both(&ours, &theirs));
    theirs.cancel();
    assert!(!ours.is_cancelled());

    let (ours, theirs) = tokens();
    drop(Link::both(&ours, &theirs));
    ours.cancel();
    assert!(!theirs.is_cancelled());
}

/// A callback of ours that shows by its drop that the token is gone.
fn witness(token: &CancelToken) -> (Arc<()>, Registration<CancelToken>) {
    let held = Arc::new(());
    let inside = held.clone();
    (held, token.on_cancel(move |_| drop(inside)))
}

#[test]
fn nothing_is_left_of_links() {
    let (ours, theirs) = tokens();
    let cause_held = Arc::new(());
    #[derive(Debug)]
    struct Held(#[allow(dead_code)] Arc<()>);
    impl std::fmt::Display for Held {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("held")
        }
    }
    impl std::error::Error for Held {}
    for _ in 0..1000 {
        let error = Held(cause_held.clone());
        let cause = cancel_core::Cause::new(Reason::Error).with_error(error);
        let one = Link::from_tokio_with(&theirs, &ours, cause);
        let both = Link::both(&ours, &theirs);
        assert_eq!(Arc::strong_count(&cause_held), 2); // it lives with its link,
        drop((one, both));
        assert_eq!(Arc::strong_count(&cause_held), 1); // and no longer
    }

    // Of both directions, with and without a cancel: the tokens are freed, too.
    for cancel in [true, false] {
        let (ours, theirs) = tokens();
        let link = Link::both(&ours, &theirs);
        let (held, registration) = witness(&ours);
        if cancel {
            theirs.cancel();
        }
        drop((registration, ours, theirs, link));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

/// A token of tokio-util that a link keeps still hears of its parent.
#[test]
fn a_link_keeps_its_tokens() {
    let parent = CancellationToken::new();
    let ours = CancelToken::new();
    let link = Link::from_tokio(&parent.child_token(), &ours);
    parent.cancel();
    assert!(ours.is_cancelled());
    drop(link);

    let parent = CancelToken::new();
    let theirs = CancellationToken::new();
    let link = Link::to_tokio(&parent.child(), &theirs);
    parent.cancel();
    assert!(theirs.is_cancelled());
    drop(link);
}

#[test]
fn guards_and_children_of_theirs() {
    let (ours, theirs) = tokens();
    let _link = Link::from_tokio(&theirs, &ours);
    let child = theirs.child_token();
    drop(child.drop_guard());
    assert!(!ours.is_cancelled()); // it was the child's
    drop(theirs.drop_guard());
    assert!(ours.is_cancelled());
}

#[test]
fn callbacks_may_use_both() {
    let (ours, theirs) = tokens();
    let _link = Link::both(&ours, &theirs);
    let seen = Arc::new(AtomicUsize::new(0));
    let _registration = ours.on_cancel({
        let (ours, theirs, seen) = (ours.clone(), theirs.clone(), seen.clone());
        move |_| {
            assert!(ours.is_cancelled() && theirs.is_cancelled());
            theirs.cancel();
            ours.cancel();
            let _child = (ours.child(), theirs.child_token());
            drop(Link::both(&ours, &theirs)); // also then
            seen.fetch_add(1, Ordering::SeqCst);
        }
    });
    theirs.cancel();
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

/// The last owner of a link may be what it calls.
#[test]
fn a_link_may_go_while_it_cancels() {
    for theirs_first in [true, false] {
        let (ours, theirs) = tokens();
        let slot = Arc::new(Mutex::new(Some(Link::both(&ours, &theirs))));
        let gone = Arc::new(AtomicUsize::new(0));
        let _registration = ours.on_cancel({
            let (slot, gone) = (slot.clone(), gone.clone());
            move |_| {
                let link = slot.lock().unwrap().take();
                gone.fetch_add(usize::from(link.is_some()), Ordering::SeqCst);
            }
        });
        match theirs_first {
            true => theirs.cancel(),
            false => assert!(ours.cancel()),
        }
        assert!(ours.is_cancelled() && theirs.is_cancelled());
        assert_eq!(gone.load(Ordering::SeqCst), 1);
    }
}

/// Whoever tokio-util wakes before the link may drop it.
#[test]
fn a_link_may_go_just_before_it_cancels() {
    struct Drops(Mutex<Option<Link>>);

    impl Wake for Drops {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }

    let (ours, theirs) = tokens();
    let drops = Arc::new(Drops(Mutex::new(None)));
    let waker = Waker::from(drops.clone());
    let mut wait = pin!(theirs.cancelled());
    assert!(
        wait.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    *drops.0.lock().unwrap() = Some(Link::from_tokio(&theirs, &ours));
    theirs.cancel();
    assert!(drops.0.lock().unwrap().is_none());
    assert!(!ours.is_cancelled());
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// One that panics does not keep tokio-util from waking the others.
#[test]
fn a_panicking_callback_of_ours() {
    let (ours, theirs) = tokens();
    let _link = Link::from_tokio(&theirs, &ours);
    let _registration = ours.on_cancel(|_| panic!("reported by the panic hook"));
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(count.clone());
    let mut wait = pin!(theirs.cancelled());
    assert!(
        wait.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    theirs.cancel();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert!(ours.is_cancelled());
}

#[test]
fn both_ends_at_once() {
    for round in 0..500 {
        let (ours, theirs) = tokens();
        let leaves: Vec<_> = (0..3)
            .map(|_| (ours.child(), theirs.child_token()))
            .collect();
        let links: Vec<_> = (leaves.iter())
            .map(|(ours, theirs)| Link::both(ours, theirs))
            .chain([Link::both(&ours, &theirs)])
            .collect();
        let gate = Barrier::new(3);
        thread::scope(|scope| {
            scope.spawn(|| {
                gate.wait();
                ours.cancel();
            });
            scope.spawn(|| {
                gate.wait();
                theirs.cancel();
            });
            // Links that go meanwhile, or stay.
            let gate = &gate;
            scope.spawn(move || {
                gate.wait();
                (round % 2 == 0).then_some(links)
            });
        });
        for (one, other) in &leaves {
            assert!(one.is_cancelled() && other.is_cancelled());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn operations_and_theirs() {
    // As a source.
    let theirs = CancellationToken::new();
    let op = Cancelable::any([Source::future(tokio_cancelled(&theirs))]).build();
    let task = tokio::spawn(op.run(async |_| pending::<()>().await));
    tokio::task::yield_now().await;
    theirs.cancel();
    let cancelled = task.await.unwrap().unwrap_err();
    assert_eq!(
        cancelled.message(),
        Some("a token of tokio-util was cancelled")
    );

    // Linked: a task that knows only theirs ends with the operation.
    let theirs = CancellationToken::new();
    let op = Cancelable::with_timeout(Duration::from_secs(60)).build();
    let _link = Link::both(op.token(), &theirs);
    let other = tokio::spawn(theirs.clone().run_until_cancelled_owned(pending::<()>()));
    let run = op.run(async |_| pending::<()>().await);
    assert_eq!(run.await.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(other.await.unwrap(), None);

    // Whose run was dropped, too.
    let theirs = CancellationToken::new();
    let op = Cancelable::new().build();
    let _link = Link::to_tokio(op.token(), &theirs);
    let run = op.run(async |_| pending::<()>().await);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), run)
            .await
            .is_err()
    );
    assert!(theirs.is_cancelled());
    assert_eq!(op.status(), Status::Cancelled);
}
