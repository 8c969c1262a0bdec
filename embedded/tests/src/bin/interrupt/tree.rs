//! The interrupt cancels a parent while its children come and go.

use crate::sweep::{interrupted, poll, rings, sweep};
use board::Report;
use cancel_embassy::{Child, Token};
use core::pin::pin;
use critical_section::with;

pub(crate) fn all(report: &mut Report) {
    sweep(report, "tree::children_come_and_go", come_and_go);
    sweep(report, "tree::grandchildren_come_and_go", grandchildren);
    sweep(report, "tree::the_interrupt_has_children", in_the_interrupt);
}

/// A child is cancelled if and only if its parent is, and whoever waits for it is woken once.
fn agrees(parent: &Token, child: &Token, pending: bool, alarm: usize) {
    with(|_| {
        assert_eq!(child.is_cancelled(), parent.is_cancelled());
        if pending {
            assert_eq!(rings(alarm), u32::from(parent.is_cancelled()));
        }
    });
}

fn come_and_go(counts: u32) -> bool {
    let parent = Token::new();
    interrupted(counts, &|| assert!(parent.cancel()), || {
        let stays = pin!(Child::new(&parent));
        let stays = stays.enter();
        for alarm in 0..3 {
            let child = pin!(Child::new(&parent));
            let child = child.enter();
            agrees(&parent, child, false, alarm);
            let mut wait = pin!(child.cancelled());
            let pending = poll(wait.as_mut(), alarm).is_pending();
            agrees(&parent, child, pending, alarm);
        }
        agrees(&parent, stays, false, 0);
    })
}

fn grandchildren(counts: u32) -> bool {
    let root = Token::new();
    let child = pin!(Child::new(&root));
    let child = child.enter();
    interrupted(counts, &|| assert!(root.cancel()), || {
        for alarm in 0..2 {
            let below = pin!(Child::new(child));
            let below = below.enter();
            let lowest = pin!(Child::new(below));
            let lowest = lowest.enter();
            let mut wait = pin!(lowest.cancelled());
            let pending = poll(wait.as_mut(), alarm).is_pending();
            agrees(&root, lowest, pending, alarm);
            agrees(&root, below, false, alarm);
        }
    })
}

/// The interrupt makes a child, waits, and is gone again, while the program cancels the parent.
fn in_the_interrupt(counts: u32) -> bool {
    let parent = Token::new();
    let child = pin!(Child::new(&parent));
    let child = child.enter();
    let mut wait = pin!(child.cancelled());
    assert!(poll(wait.as_mut(), 0).is_pending());
    let handler = || {
        let own = pin!(Child::new(&parent));
        let own = own.enter();
        assert_eq!(own.is_cancelled(), parent.is_cancelled());
        let mut wait = pin!(own.cancelled());
        assert_eq!(poll(wait.as_mut(), 1).is_ready(), parent.is_cancelled());
        assert!(child.is_cancelled() <= parent.is_cancelled());
    };
    let early = interrupted(counts, &handler, || assert!(parent.cancel()));
    assert!(child.is_cancelled());
    assert_eq!((rings(0), rings(1)), (1, 0));
    early
}
