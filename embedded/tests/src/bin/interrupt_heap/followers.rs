//! Tokens that follow several sources, which the program and the interrupt cancel.

use crate::shared::{slot, take};
use crate::sweep::{interrupted, poll, rings, sweep};
use board::Report;
use cancel_embassy::{CancelToken, Reason};
use core::pin::pin;
use critical_section::with;

pub(crate) fn all(report: &mut Report) {
    sweep(report, "followers::made_and_dropped", made);
    sweep(report, "followers::both_sources", both);
    sweep(report, "followers::dropped_in_the_interrupt", dropped);
    sweep(
        report,
        "followers::a_source_goes_in_the_interrupt",
        source_goes,
    );
}

/// The interrupt cancels one source while followers are made of it, waited for and dropped.
fn made(counts: u32) -> bool {
    let (one, other) = (CancelToken::new(), CancelToken::new());
    interrupted(counts, &|| assert!(one.cancel_with("one")), || {
        let any = CancelToken::any([&other, &one]);
        let both = CancelToken::all([&one, &other]);
        let child = other.child_following([&one]);
        let below = any.child();
        let mut wait = pin!(below.cancelled());
        let pending = poll(wait.as_mut(), 0).is_pending();
        with(|_| {
            for token in [&any, &child, &below] {
                assert_eq!(token.is_cancelled(), one.is_cancelled());
            }
            assert!(!both.is_cancelled());
            assert!(!pending || rings(0) == u32::from(one.is_cancelled()));
        });
        drop(any);
        with(|_| assert_eq!(below.is_cancelled(), one.is_cancelled()));
        drop((both, child));
    })
}

/// The program cancels one source, the interrupt the other.
fn both(counts: u32) -> bool {
    let (one, other) = (CancelToken::new(), CancelToken::new());
    let any = CancelToken::any([&one, &other]);
    let all = CancelToken::all([&one, &other]);
    let below = [any.child(), all.child()];
    let mut waits = [
        pin!(any.cancelled()),
        pin!(all.cancelled()),
        pin!(below[0].cancelled()),
        pin!(below[1].cancelled()),
    ];
    for (alarm, wait) in waits.iter_mut().enumerate() {
        assert!(poll(wait.as_mut(), alarm).is_pending());
    }
    let handler = || {
        assert!(other.cancel_with(Reason::Dropped));
        assert!(any.is_cancelled());
    };
    let early = interrupted(counts, &handler, || {
        assert!(one.cancel_with(Reason::Shutdown));
    });
    for (alarm, token) in [&any, &all, &below[0], &below[1]].into_iter().enumerate() {
        assert!(token.is_cancelled(), "{alarm}");
        assert_eq!(rings(alarm), 1, "{alarm}");
    }
    // Each is followed through by whoever comes to it first (`any`) or last (`all`), who are not the same
    // if the one cancel comes after the other.
    let reasons = [&any, &all].map(|token| token.cause().unwrap().root_reason());
    for reason in reasons {
        assert!(matches!(reason, Reason::Dropped | Reason::Shutdown));
    }
    assert!(early || reasons == [Reason::Shutdown, Reason::Dropped]);
    early
}

/// The interrupt drops the last handle of a follower whose source is being cancelled; what is below it
/// keeps it until then.
fn dropped(counts: u32) -> bool {
    let (one, other) = (CancelToken::new(), CancelToken::new());
    let any = CancelToken::any([&one, &other]);
    let below = any.child();
    let mut wait = pin!(below.cancelled());
    assert!(poll(wait.as_mut(), 0).is_pending());
    let alone = slot(CancelToken::any([&one]));
    let any = slot(any);
    let handler = || {
        drop(take(&alone));
        drop(take(&any));
    };
    let early = interrupted(counts, &handler, || assert!(one.cancel()));
    assert!(below.is_cancelled() && !other.is_cancelled());
    assert_eq!(rings(0), 1);
    early
}

/// The interrupt drops a source, whose followers its own parent takes over, and which is being cancelled.
fn source_goes(counts: u32) -> bool {
    let (root, other) = (CancelToken::new(), CancelToken::new());
    let source = root.child();
    let any = CancelToken::any([&source, &other]);
    let all = CancelToken::all([&source, &root]);
    let mut waits = [pin!(any.cancelled()), pin!(all.cancelled())];
    for (alarm, wait) in waits.iter_mut().enumerate() {
        assert!(poll(wait.as_mut(), alarm).is_pending());
    }
    let source = slot(source);
    let handler = || drop(take(&source));
    let early = interrupted(counts, &handler, || assert!(root.cancel()));
    assert!(any.is_cancelled() && all.is_cancelled() && !other.is_cancelled());
    assert_eq!((rings(0), rings(1)), (1, 1));
    early
}
