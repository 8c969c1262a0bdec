//! A waker that drops futures in the interrupt, its own among them.

use crate::sweep::{ALARMS, interrupted, poll, rings, sweep};
use alloc::boxed::Box;
use board::Report;
use cancel_embassy::{CancelToken, WaitForCancel};
use core::cell::Cell;
use core::pin::Pin;
use critical_section::{Mutex, with};

pub(crate) fn all(report: &mut Report) {
    sweep(
        report,
        "futures::dropped_by_a_waker_in_the_interrupt",
        by_a_waker,
    );
    sweep(
        report,
        "futures::dropped_by_a_waker_that_is_interrupted",
        interrupted_waker,
    );
}

type Wait = Pin<Box<WaitForCancel<CancelToken>>>;

const WAITS: usize = 3;

/// Where the waits are while nobody polls them.
static PLACES: [Mutex<Cell<Option<Wait>>>; WAITS] = [const { Mutex::new(Cell::new(None)) }; WAITS];

fn take(place: usize) -> Option<Wait> {
    with(|cs| PLACES[place].borrow(cs).take())
}

fn put(place: usize, wait: Option<Wait>) {
    with(|cs| PLACES[place].borrow(cs).set(wait));
}

/// What the first waker does: all waits that nobody polls at the moment go.
fn drop_all() {
    (0..WAITS).for_each(|place| drop(take(place)));
}

/// The interrupt cancels. Its first wake-up drops all futures that the program is not polling.
fn by_a_waker(counts: u32) -> bool {
    let root = CancelToken::new();
    let token = root.child();
    ALARMS[0].on_ring(drop_all);
    for place in 0..WAITS {
        put(place, Some(Box::pin(token.cancelled_owned())));
    }
    let mut ready = [false; WAITS];
    let early = interrupted(counts, &|| assert!(root.cancel()), || {
        for place in 0..WAITS {
            let Some(mut wait) = take(place) else {
                assert!(token.is_cancelled(), "nobody has dropped it");
                continue;
            };
            ready[place] = poll(wait.as_mut(), place).is_ready();
            put(place, Some(wait));
        }
    });
    assert!(token.is_cancelled());
    for (place, ready) in ready.into_iter().enumerate() {
        assert!(rings(place) <= 1);
        if let Some(mut wait) = take(place) {
            assert!(ready || rings(place) == 1, "not told: {place}");
            assert!(poll(wait.as_mut(), place).is_ready());
        }
    }
    early
}

/// The program cancels, and its first wake-up drops the other futures; so does the interrupt, at any time.
fn interrupted_waker(counts: u32) -> bool {
    let root = CancelToken::new();
    let tokens = [root.clone(), root.child(), root.child().child()];
    for (place, token) in tokens.iter().enumerate() {
        let mut wait = Box::pin(token.cancelled_owned());
        assert!(poll(wait.as_mut(), place).is_pending());
        put(place, Some(wait));
        ALARMS[place].on_ring(drop_all);
    }
    let early = interrupted(counts, &drop_all, || assert!(root.cancel()));
    assert!(tokens.iter().all(|token| token.is_cancelled()));
    for place in 0..WAITS {
        assert!(rings(place) <= 1);
        assert!(take(place).is_none(), "nobody has dropped it");
    }
    early
}
