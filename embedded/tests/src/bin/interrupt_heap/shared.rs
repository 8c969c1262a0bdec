//! Shared tokens: cancelled, made, dropped and adopted in the interrupt.

use crate::sweep::{interrupted, poll, rings, sweep};
use board::Report;
use cancel_embassy::{CancelToken, Reason};
use core::cell::Cell;
use core::pin::pin;
use critical_section::{Mutex, with};

pub(crate) fn all(report: &mut Report) {
    sweep(report, "shared::children_come_and_go", come_and_go);
    sweep(report, "shared::adopted_in_the_interrupt", adopted);
    sweep(report, "shared::adopted_before_a_cancel", before);
    sweep(report, "shared::made_in_the_interrupt", made);
    sweep(
        report,
        "shared::below::adopted_in_the_interrupt",
        below_adopted,
    );
    sweep(
        report,
        "shared::below::stopped_in_the_interrupt",
        below_stopped,
    );
}

/// A slot from which the interrupt takes something, to drop it.
pub(crate) type Slot<T> = Mutex<Cell<Option<T>>>;

pub(crate) fn slot<T>(thing: T) -> Slot<T> {
    Mutex::new(Cell::new(Some(thing)))
}

pub(crate) fn take<T>(slot: &Slot<T>) -> Option<T> {
    with(|cs| slot.borrow(cs).take())
}

fn come_and_go(counts: u32) -> bool {
    let parent = CancelToken::new();
    let cancel = || assert!(parent.cancel_with("stop"));
    interrupted(counts, &cancel, || {
        let stays = parent.child();
        for alarm in 0..2 {
            let child = parent.child();
            let leaf = child.clone().child();
            drop(child);
            let mut wait = pin!(leaf.cancelled());
            let pending = poll(wait.as_mut(), alarm).is_pending();
            with(|_| {
                assert_eq!(leaf.is_cancelled(), parent.is_cancelled());
                assert!(!pending || rings(alarm) == u32::from(parent.is_cancelled()));
            });
        }
        with(|_| assert_eq!(stays.is_cancelled(), parent.is_cancelled()));
        if let Some(cause) = stays.cause() {
            assert_eq!(cause.message(), Some("stop"));
        }
    })
}

/// The interrupt drops a parent while its own parent is cancelled: its children hear of it, once.
fn adopted(counts: u32) -> bool {
    family(counts, |root| assert!(root.cancel()))
}

/// The same while only what is below is cancelled.
fn below_adopted(counts: u32) -> bool {
    family(counts, |root| {
        assert!(root.cancel_children() && !root.is_cancelled());
    })
}

fn family(counts: u32, operation: impl FnOnce(&CancelToken)) -> bool {
    let root = CancelToken::new();
    let (middle, other) = (root.child(), root.child());
    let leaves = [middle.child(), middle.child(), other.child()];
    let lowest = leaves[1].child();
    let mut waits = [
        pin!(leaves[0].cancelled()),
        pin!(leaves[1].cancelled()),
        pin!(leaves[2].cancelled()),
        pin!(lowest.cancelled()),
    ];
    for (alarm, wait) in waits.iter_mut().enumerate() {
        assert!(poll(wait.as_mut(), alarm).is_pending());
    }
    let (middle, other) = (slot(middle), slot(other));
    let handler = || {
        drop(take(&middle));
        drop(take(&other));
    };
    let early = interrupted(counts, &handler, || operation(&root));
    for (alarm, token) in leaves.iter().chain([&lowest]).enumerate() {
        assert!(token.is_cancelled(), "{alarm}");
        assert_eq!(rings(alarm), 1, "{alarm}");
    }
    early
}

/// The program drops a parent; the interrupt cancels the one above.
fn before(counts: u32) -> bool {
    let root = CancelToken::new();
    let middle = root.child();
    let leaves = [(); 3].map(|()| middle.child());
    let mut wait = pin!(leaves[1].cancelled());
    assert!(poll(wait.as_mut(), 0).is_pending());
    let early = interrupted(counts, &|| assert!(root.cancel()), || drop(middle));
    assert!(leaves.iter().all(|leaf| leaf.is_cancelled()));
    assert_eq!(rings(0), 1);
    early
}

/// The interrupt makes children and a follower, and drops all but one, while the program cancels.
fn made(counts: u32) -> bool {
    let root = CancelToken::new();
    let child = root.child();
    let kept = Mutex::new(Cell::new(None));
    let handler = || {
        let own = child.child();
        let any = CancelToken::any([&root, &child]);
        assert_eq!(own.is_cancelled(), child.is_cancelled());
        assert!(any.is_cancelled() == root.is_cancelled() || !child.is_cancelled());
        let below = any.child();
        drop(any);
        with(|cs| kept.borrow(cs).set(Some(below)));
    };
    let early = interrupted(counts, &handler, || {
        assert!(root.cancel_with(Reason::Shutdown));
    });
    let kept = take(&kept).unwrap();
    assert!(child.is_cancelled() && kept.is_cancelled());
    assert_eq!(kept.cause().unwrap().root_reason(), Reason::Shutdown);
    early
}

/// The interrupt stops what is below, while the program does the same, makes children and drops them.
fn below_stopped(counts: u32) -> bool {
    let root = CancelToken::new();
    let kept = [root.child(), root.child_following([&CancelToken::new()])];
    let follower = CancelToken::any([&root]);
    let mut wait = pin!(kept[1].cancelled());
    assert!(poll(wait.as_mut(), 0).is_pending());
    let mut own = pin!(follower.cancelled());
    assert!(poll(own.as_mut(), 1).is_pending());
    let handler = || _ = root.cancel_children_with("stop");
    let early = interrupted(counts, &handler, || {
        drop(root.child());
        root.cancel_children_with("stop");
        drop(root.child().child());
    });
    assert!(kept.iter().all(|child| child.is_cancelled()));
    assert_eq!(kept[0].cause().unwrap().message(), Some("stop"));
    assert!(!follower.is_cancelled() && !root.is_cancelled());
    assert_eq!((rings(0), rings(1)), (1, 0));
    early
}
