//! The interrupt cancels what the program is cancelling at that moment.

use crate::sweep::{interrupted, poll, rings, sweep};
use board::Report;
use cancel_embassy::{Child, Reason, Token};
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};

pub(crate) fn all(report: &mut Report) {
    for (name, ours, theirs) in [
        ("same::the_same_token", 0, 0),
        ("same::its_child", 0, 1),
        ("same::its_parent", 1, 0),
        ("same::its_grandchild", 0, 2),
        ("same::its_grandparent", 2, 0),
        ("same::its_sibling", 1, 3),
    ] {
        sweep(report, name, |counts| family(counts, ours, theirs));
    }
}

/// ```text
///   0 ─┬─ 1 ─── 2
///      └─ 3
/// ```
/// Somebody waits for each, two of them for the root.
fn family(counts: u32, ours: usize, theirs: usize) -> bool {
    let root = Token::new();
    let child = pin!(Child::new(&root));
    let child = child.enter();
    let grandchild = pin!(Child::new(child));
    let grandchild = grandchild.enter();
    let other = pin!(Child::new(&root));
    let other = other.enter();
    let tokens = [&root, child, grandchild, other];
    let above: [&[usize]; 4] = [&[], &[0], &[1, 0], &[0]];

    let mut first = pin!(root.cancelled());
    let mut second = pin!(root.cancelled());
    let mut childs = pin!(child.cancelled());
    let mut grandchilds = pin!(grandchild.cancelled());
    let mut others = pin!(other.cancelled());
    assert!(poll(first.as_mut(), 0).is_pending());
    assert!(poll(childs.as_mut(), 1).is_pending());
    assert!(poll(grandchilds.as_mut(), 2).is_pending());
    assert!(poll(others.as_mut(), 3).is_pending());
    assert!(poll(second.as_mut(), 7).is_pending());

    let (won, lost) = (AtomicBool::new(false), AtomicBool::new(false));
    let handler = || {
        let first = tokens[theirs].cancel_with(Reason::Shutdown);
        won.store(first, SeqCst);
        lost.store(!first, SeqCst);
        assert!(tokens[theirs].is_cancelled());
    };
    let mut we_won = false;
    let early = interrupted(counts, &handler, || {
        we_won = tokens[ours].cancel_with(Reason::Dropped);
    });

    assert!(we_won || won.load(SeqCst), "nobody has won");
    for (index, token) in tokens.iter().enumerate() {
        let roots = [ours, theirs];
        let reached = roots
            .iter()
            .any(|root| index == *root || above[index].contains(root));
        assert_eq!(token.is_cancelled(), reached);
        assert_eq!(rings(index), u32::from(reached));
    }
    assert_eq!(rings(7), u32::from(root.is_cancelled()));
    if ours == theirs {
        assert!(we_won == lost.load(SeqCst), "two have won");
        let reason = match we_won {
            true => Reason::Dropped,
            false => Reason::Shutdown,
        };
        assert_eq!(root.cause().unwrap().reason(), reason);
        assert_eq!(grandchild.cause().unwrap().root_reason(), reason);
    }
    early
}
