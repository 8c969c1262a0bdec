//! `cancel_children` in the interrupt, in the program, and in both.

use crate::sweep::{ALARMS, interrupted, poll, rings, sweep};
use board::{Line, Report};
use cancel_embassy::{Child, OnCancel, Reason, Token};
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use critical_section::with;

pub(crate) fn all(report: &mut Report) {
    sweep(report, "below::children_come_and_go", come_and_go);
    sweep(report, "below::stopped_by_both", both);
    sweep(report, "below::the_whole_in_the_interrupt", the_whole);
    sweep(report, "below::in_the_interrupt_of_the_whole", in_the_whole);
    sweep(report, "below::one_of_them_in_the_interrupt", one_of_them);
    sweep(report, "below::the_interrupt_has_children", has_children);
    report.run("below::a_waker_raises_the_interrupt", a_waker);
}

/// The interrupt stops what has been started, and not what starts afterwards.
fn come_and_go(counts: u32) -> bool {
    let parent = Token::new();
    let stopped = AtomicBool::new(false);
    let own = pin!(parent.cancelled());
    assert!(poll(own, 7).is_pending());
    let handler = || {
        // (Nothing has been started, maybe.)
        parent.cancel_children();
        stopped.store(true, SeqCst);
    };
    let early = interrupted(counts, &handler, || {
        let stays = pin!(Child::new(&parent));
        let before = stopped.load(SeqCst);
        let stays = stays.enter();
        let between = stopped.load(SeqCst) && !before;
        for alarm in 0..3 {
            let child = pin!(Child::new(&parent));
            let before = stopped.load(SeqCst);
            let child = child.enter();
            let unsure = stopped.load(SeqCst) && !before;
            let below = pin!(Child::new(child));
            let below = below.enter();
            let mut wait = pin!(below.cancelled());
            let pending = poll(wait.as_mut(), alarm).is_pending();
            with(|_| {
                assert_eq!(below.is_cancelled(), child.is_cancelled());
                let now = stopped.load(SeqCst) && !before;
                assert!(unsure || child.is_cancelled() == now);
                assert!(!pending || rings(alarm) == u32::from(below.is_cancelled()));
            });
        }
        with(|_| assert!(before || between || stays.is_cancelled() == stopped.load(SeqCst)));
    });
    assert!(!parent.is_cancelled());
    assert_eq!(rings(7), 0);
    early
}

/// ```text
///   0 ─┬─ 1 ─── 3 ─── 4
///      └─ 2
/// ```
/// Somebody waits for each. Something is done to all of it in the interrupt, and something else in the
/// program; afterwards all that is below the root is cancelled and told, once.
fn tree(
    counts: u32,
    handler: &(dyn Fn(&[&Token; 5]) + Sync),
    operation: impl FnOnce(&[&Token; 5]),
) -> bool {
    let root = Token::new();
    let one = pin!(Child::new(&root));
    let one = one.enter();
    let two = pin!(Child::new(&root));
    let two = two.enter();
    let three = pin!(Child::new(one));
    let three = three.enter();
    let four = pin!(Child::new(three));
    let four = four.enter();
    let tokens = [&root, one, two, three, four];

    let mut waits = [
        pin!(root.cancelled()),
        pin!(one.cancelled()),
        pin!(two.cancelled()),
        pin!(three.cancelled()),
        pin!(four.cancelled()),
    ];
    for (alarm, wait) in waits.iter_mut().enumerate() {
        assert!(poll(wait.as_mut(), alarm).is_pending());
    }
    let early = interrupted(counts, &|| handler(&tokens), || operation(&tokens));
    for (at, token) in tokens.iter().enumerate().skip(1) {
        assert!(token.is_cancelled(), "{at}");
        assert_eq!(rings(at), 1, "{at}");
    }
    assert_eq!(rings(0), u32::from(root.is_cancelled()));
    assert!(!root.cancel_children());
    if !root.is_cancelled() {
        let again = pin!(Child::new(&root));
        let again = again.enter();
        assert!(!again.is_cancelled());
        assert!(root.cancel_children() && again.is_cancelled());
    }
    early
}

fn both(counts: u32) -> bool {
    let theirs = AtomicBool::new(false);
    let mut ours = false;
    let handler = |tokens: &[&Token; 5]| theirs.store(tokens[0].cancel_children(), SeqCst);
    let early = tree(counts, &handler, |tokens| {
        ours = tokens[0].cancel_children()
    });
    assert!(ours || theirs.load(SeqCst));
    early
}

fn the_whole(counts: u32) -> bool {
    let handler = |tokens: &[&Token; 5]| assert!(tokens[0].cancel_with(Reason::Shutdown));
    tree(counts, &handler, |tokens| _ = tokens[0].cancel_children())
}

fn in_the_whole(counts: u32) -> bool {
    let handler = |tokens: &[&Token; 5]| _ = tokens[0].cancel_children();
    tree(counts, &handler, |tokens| assert!(tokens[0].cancel()))
}

/// The interrupt stops what is below one of them, and then that one.
fn one_of_them(counts: u32) -> bool {
    let handler = |tokens: &[&Token; 5]| {
        tokens[1].cancel_children();
        tokens[1].cancel();
        assert!(tokens[1].is_cancelled());
    };
    tree(counts, &handler, |tokens| {
        assert!(tokens[0].cancel_children())
    })
}

/// The interrupt makes children and has a callback, which are gone again, while the program stops what
/// was there.
fn has_children(counts: u32) -> bool {
    let handler = |tokens: &[&Token; 5]| {
        let own = pin!(Child::new(tokens[0]));
        let own = own.enter();
        let hook = pin!(OnCancel::new(own, |_| ALARMS[6].waker().wake()));
        hook.enter();
        assert!(!own.is_cancelled());
        let below = pin!(Child::new(tokens[4]));
        assert_eq!(below.enter().is_cancelled(), tokens[4].is_cancelled());
        assert_eq!(rings(6), 0);
    };
    tree(counts, &handler, |tokens| {
        assert!(tokens[0].cancel_children())
    })
}

/// A waker of the first to be told raises the interrupt, which starts anew, stops again, and finds the
/// second cancelled as well.
fn a_waker() {
    ALARMS.iter().for_each(|alarm| _ = alarm.take());
    let root = Token::new();
    let one = pin!(Child::new(&root));
    let one = one.enter();
    let two = pin!(Child::new(&root));
    let two = two.enter();
    let mut waits = [pin!(one.cancelled()), pin!(two.cancelled())];
    for (alarm, wait) in waits.iter_mut().enumerate() {
        assert!(poll(wait.as_mut(), alarm).is_pending());
    }
    let came = AtomicBool::new(false);
    let handler = || {
        assert!(one.is_cancelled() && two.is_cancelled() && !root.is_cancelled());
        let again = pin!(Child::new(&root));
        let again = again.enter();
        assert!(!again.is_cancelled());
        assert!(root.cancel_children() && again.is_cancelled());
        came.store(true, SeqCst);
    };
    ALARMS[0].on_ring(|| Line::High.pend());
    ALARMS[1].on_ring(|| Line::High.pend());
    Line::High.handle_during(&handler, || assert!(root.cancel_children()));
    assert!(came.load(SeqCst) && !root.is_cancelled());
    assert_eq!((rings(0), rings(1)), (1, 1));
}
