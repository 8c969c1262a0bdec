//! The interrupt cancels while callbacks in place come and go, and the other way round.

use crate::sweep::{ALARMS, interrupted, poll, rings, sweep};
use board::Report;
use cancel_embassy::{Child, OnCancel, Token};
use core::cell::Cell;
use core::pin::{Pin, pin};
use critical_section::{Mutex, with};

pub(crate) fn all(report: &mut Report) {
    sweep(report, "hooks::entered_and_left", entered_and_left);
    sweep(report, "hooks::below_a_child", below_a_child);
    sweep(report, "hooks::dropped_in_the_interrupt", dropped);
}

/// A callback that rings.
fn ringing(token: &Token, alarm: usize) -> OnCancel<'_> {
    let alarm = &ALARMS[alarm];
    OnCancel::new(token, move |_| alarm.waker().wake())
}

/// One that has been entered has been called if and only if its token is cancelled.
fn is_called(token: &Token, alarm: usize) {
    with(|_| assert_eq!(rings(alarm), u32::from(token.is_cancelled())));
}

/// What was dropped before the cancel has not been called, and what was called has been so once.
fn is_not_called_late(token: &Token, dropped: &[(usize, bool)]) {
    assert!(token.is_cancelled());
    for &(alarm, cancelled) in dropped {
        assert!(rings(alarm) <= u32::from(cancelled), "called: {alarm}");
    }
}

fn entered_and_left(counts: u32) -> bool {
    let token = Token::new();
    let mut dropped = [(0, false); 5];
    let early = interrupted(counts, &|| assert!(token.cancel()), || {
        let stays = pin!(ringing(&token, 7));
        stays.enter();
        for alarm in 0..3 {
            {
                let mut hook = pin!(ringing(&token, alarm));
                hook.as_mut().enter();
                is_called(&token, alarm);
                hook.enter(); // the first time counts
                is_called(&token, alarm);
            }
            dropped[alarm] = (alarm, token.is_cancelled());
        }
        // Two at once, left in the order in which they came.
        let mut one = pin!(Some(ringing(&token, 3)));
        let mut two = pin!(Some(ringing(&token, 4)));
        one.as_mut().as_pin_mut().unwrap().enter();
        two.as_mut().as_pin_mut().unwrap().enter();
        is_called(&token, 3);
        one.set(None);
        dropped[3] = (3, token.is_cancelled());
        is_called(&token, 4);
        two.set(None);
        dropped[4] = (4, token.is_cancelled());
        is_called(&token, 7);
    });
    is_not_called_late(&token, &dropped);
    early
}

fn below_a_child(counts: u32) -> bool {
    let root = Token::new();
    interrupted(counts, &|| assert!(root.cancel()), || {
        for alarm in 0..3 {
            let child = pin!(Child::new(&root));
            let child = child.enter();
            let hook = pin!(ringing(child, alarm));
            hook.enter();
            is_called(&root, alarm);
            let mut wait = pin!(child.cancelled());
            let polled = poll(wait.as_mut(), alarm + 3);
            with(|_| assert!(polled.is_ready() || rings(alarm + 3) == rings(alarm)));
        }
    })
}

/// The program cancels; the interrupt drops a callback that may be the next one, and has one of its own.
fn dropped(counts: u32) -> bool {
    let token = Token::new();
    let first = pin!(ringing(&token, 0));
    first.enter();
    let mut second = pin!(Some(ringing(&token, 1)));
    second.as_mut().as_pin_mut().unwrap().enter();
    let third = pin!(ringing(&token, 2));
    third.enter();

    type Dropped<'a, 't> = Mutex<Cell<Option<Pin<&'a mut Option<OnCancel<'t>>>>>>;
    let second: Dropped<'_, '_> = Mutex::new(Cell::new(Some(second)));
    let cancelled = Mutex::new(Cell::new(false));
    let early = interrupted(
        counts,
        &|| {
            let before = token.is_cancelled();
            with(|cs| cancelled.borrow(cs).set(before));
            if let Some(mut second) = with(|cs| second.borrow(cs).take()) {
                second.set(None);
            }
            let own = pin!(ringing(&token, 3));
            own.enter();
            is_called(&token, 3);
        },
        || assert!(token.cancel()),
    );
    let cancelled = with(|cs| cancelled.borrow(cs).get());
    is_not_called_late(&token, &[(1, cancelled), (3, cancelled)]);
    assert_eq!((rings(0), rings(2)), (1, 1));
    early
}
