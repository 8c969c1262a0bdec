//! Three priorities: the program cancels, one of those who are woken raises an interrupt that cancels,
//! and that is interrupted by another one that cancels.

use crate::sweep::{ALARMS, interrupted, poll, rings, sweep};
use board::{Line, Report};
use cancel_embassy::{Child, Token};
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};

pub(crate) fn all(report: &mut Report) {
    report.run("nested::a_waker_raises_the_interrupt", a_waker);
    sweep(report, "nested::the_higher_interrupts_the_lower", two);
    sweep(report, "nested::all_three", three);
}

/// While the first of those who wait is being woken, an interrupt cancels the same token, waits for
/// it, and makes a child of it. The second is woken afterwards, once.
fn a_waker() {
    ALARMS.iter().for_each(|alarm| _ = alarm.take());
    let token = Token::new();
    let mut one = pin!(token.cancelled());
    let mut two = pin!(token.cancelled());
    assert!(poll(one.as_mut(), 0).is_pending());
    assert!(poll(two.as_mut(), 1).is_pending());
    let came = AtomicBool::new(false);
    let handler = || {
        assert!(!token.cancel(), "it has been cancelled");
        assert!(poll(pin!(token.cancelled()), 2).is_ready());
        assert!(pin!(Child::new(&token)).enter().is_cancelled());
        came.store(true, SeqCst);
    };
    ALARMS[0].on_ring(|| Line::High.pend());
    ALARMS[1].on_ring(|| Line::High.pend());
    Line::High.handle_during(&handler, || assert!(token.cancel()));
    assert!(came.load(SeqCst));
    assert_eq!((rings(0), rings(1), rings(2)), (1, 1, 0));
}

fn two(counts: u32) -> bool {
    let token = Token::new();
    let child = pin!(Child::new(&token));
    let child = child.enter();
    let mut wait = pin!(child.cancelled());
    assert!(poll(wait.as_mut(), 0).is_pending());
    let won = [const { AtomicBool::new(false) }; 2];
    let low = || won[0].store(token.cancel(), SeqCst);
    let high = || won[1].store(token.cancel(), SeqCst);
    let early = interrupted(counts, &high, || {
        Line::Low.handle_during(&low, || Line::Low.pend());
    });
    assert!(won[0].load(SeqCst) != won[1].load(SeqCst), "one wins");
    assert!(child.is_cancelled());
    assert_eq!(rings(0), 1);
    early
}

/// The program cancels `one`, the lower interrupt `two`, the higher one both.
fn three(counts: u32) -> bool {
    let (one, two) = (Token::new(), Token::new());
    let below_one = pin!(Child::new(&one));
    let below_one = below_one.enter();
    let below_two = pin!(Child::new(&two));
    let below_two = below_two.enter();
    let mut waits_one = pin!(below_one.cancelled());
    let mut waits_two = pin!(below_two.cancelled());
    let mut waits_more = pin!(one.cancelled());
    assert!(poll(waits_one.as_mut(), 0).is_pending());
    assert!(poll(waits_two.as_mut(), 1).is_pending());
    assert!(poll(waits_more.as_mut(), 2).is_pending());
    ALARMS[0].on_ring(|| Line::Low.pend());
    let low = || _ = two.cancel();
    let high = || {
        two.cancel();
        one.cancel();
        assert!(one.is_cancelled() && two.is_cancelled());
    };
    let early = interrupted(counts, &high, || {
        Line::Low.handle_during(&low, || {
            one.cancel();
            // (The alarm of `below_one` may have rung inside the higher interrupt: then the lower one
            // comes after that.)
            while !two.is_cancelled() {
                core::hint::spin_loop();
            }
        });
    });
    assert!(below_one.is_cancelled() && below_two.is_cancelled());
    assert_eq!((rings(0), rings(1), rings(2)), (1, 1, 1));
    early
}
