//! Callbacks on the heap: registered, called and dropped on both sides.

use crate::shared::{slot, take};
use crate::sweep::{ALARMS, interrupted, poll, rings, sweep};
use alloc::boxed::Box;
use board::Report;
use cancel_embassy::{CancelToken, Registration};
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use critical_section::with;

pub(crate) fn all(report: &mut Report) {
    sweep(report, "callbacks::registered_and_dropped", registered);
    sweep(report, "callbacks::dropped_in_the_interrupt", dropped);
    sweep(
        report,
        "callbacks::registered_in_the_interrupt",
        in_the_interrupt,
    );
}

/// A callback that rings, and owns something.
fn ringing(token: &CancelToken, alarm: usize) -> Registration<CancelToken> {
    let alarm = Box::new(&ALARMS[alarm]);
    token.on_cancel(move |_| alarm.waker().wake())
}

/// The interrupt cancels. Who is registered is called, once; who has been dropped before is not.
fn registered(counts: u32) -> bool {
    let root = CancelToken::new();
    let token = root.child();
    let mut dropped = [false; 3];
    let early = interrupted(counts, &|| assert!(root.cancel()), || {
        let stays = ringing(&token, 7);
        for (alarm, dropped) in dropped.iter_mut().enumerate() {
            let registration = ringing(&token, alarm);
            with(|_| assert_eq!(rings(alarm), u32::from(token.is_cancelled())));
            drop(registration);
            *dropped = !token.is_cancelled();
        }
        with(|_| assert_eq!(rings(7), u32::from(token.is_cancelled())));
        drop(stays);
    });
    for (alarm, dropped) in dropped.into_iter().enumerate() {
        assert!(!dropped || rings(alarm) == 0, "called: {alarm}");
        assert!(rings(alarm) <= 1);
    }
    early
}

/// The interrupt drops one that may be the next to be called.
fn dropped(counts: u32) -> bool {
    let root = CancelToken::new();
    let token = root.child();
    let mut wait = pin!(token.cancelled());
    assert!(poll(wait.as_mut(), 3).is_pending());
    let first = ringing(&token, 0);
    let second = slot(ringing(&token, 1));
    let third = ringing(&token, 2);
    let early_enough = AtomicBool::new(false);
    let handler = || {
        early_enough.store(!token.is_cancelled(), SeqCst);
        drop(take(&second));
    };
    let early = interrupted(counts, &handler, || assert!(root.cancel()));
    assert_eq!((rings(0), rings(2), rings(3)), (1, 1, 1));
    assert!(rings(1) <= u32::from(!early_enough.load(SeqCst)));
    drop((first, third));
    early
}

/// One that is registered while the token is being cancelled is called, now or then.
fn in_the_interrupt(counts: u32) -> bool {
    let root = CancelToken::new();
    let token = root.child();
    let first = ringing(&token, 0);
    let kept = slot(None);
    let handler = || {
        let own = ringing(&token, 1);
        with(|cs| kept.borrow(cs).set(Some(Some(own))));
        let goes = ringing(&token, 2);
        assert_eq!(rings(2), u32::from(token.is_cancelled()));
        drop(goes);
    };
    let mut ended = false;
    let early = interrupted(counts, &handler, || {
        assert!(root.cancel());
        ended = true;
    });
    assert!(ended);
    assert_eq!((rings(0), rings(1)), (1, 1));
    drop((first, take(&kept)));
    early
}
