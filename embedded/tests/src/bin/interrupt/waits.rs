//! The interrupt cancels while the program waits, or is about to.

use crate::sweep::{ALARMS, interrupted, poll, rings, sweep};
use board::Report;
use cancel_embassy::{Reason, Scope, Shields, Token};
use core::future::{pending, poll_fn};
use core::pin::pin;
use core::task::Poll;
use critical_section::with;

pub(crate) fn all(report: &mut Report) {
    sweep(report, "waits::entered_and_left", entered_and_left);
    sweep(report, "waits::with_another_waker", with_another_waker);
    sweep(report, "waits::in_a_scope", in_a_scope);
    sweep(report, "waits::in_a_shield", in_a_shield);
    sweep(report, "waits::the_cause_is_read_whole", the_cause);
}

/// Once a wait is pending, a cancel rings. (The section keeps the interrupt from coming between the
/// questions.)
fn is_not_lost<T>(token: &Token, poll: &Poll<T>, alarm: usize) {
    with(|_| {
        if poll.is_ready() {
            assert!(token.is_cancelled());
        } else {
            assert_eq!(rings(alarm), u32::from(token.is_cancelled()));
        }
    });
}

fn entered_and_left(counts: u32) -> bool {
    let token = Token::new();
    interrupted(counts, &|| assert!(token.cancel()), || {
        for alarm in 0..3 {
            let mut wait = pin!(token.cancelled());
            let polled = poll(wait.as_mut(), alarm);
            is_not_lost(&token, &polled, alarm);
        }
        // Two at once, left in the order in which they came.
        let mut one = pin!(Some(token.cancelled()));
        let mut two = pin!(token.cancelled());
        let first = poll(one.as_mut().as_pin_mut().unwrap(), 3);
        let second = poll(two.as_mut(), 4);
        is_not_lost(&token, &first, 3);
        one.set(None);
        is_not_lost(&token, &second, 4);
    })
}

fn with_another_waker(counts: u32) -> bool {
    let token = Token::new();
    interrupted(counts, &|| assert!(token.cancel()), || {
        let mut wait = pin!(token.cancelled());
        let first = poll(wait.as_mut(), 0);
        is_not_lost(&token, &first, 0);
        let second = poll(wait.as_mut(), 1);
        with(|_| match second {
            Poll::Ready(_) => assert!(token.is_cancelled()),
            // Whoever was the waker at the time has been woken, and nobody else.
            Poll::Pending if token.is_cancelled() => assert_eq!(rings(0) + rings(1), 1),
            Poll::Pending => assert_eq!((rings(0), rings(1)), (0, 0)),
        });
        if first.is_pending() && second.is_pending() {
            let third = poll(wait.as_mut(), 1);
            with(|_| assert!(third.is_ready() || rings(1) == u32::from(token.is_cancelled())));
        }
    })
}

fn in_a_scope(counts: u32) -> bool {
    let (token, other) = (Token::new(), Token::new());
    let mut run = pin!(Scope::new(&token, pending::<()>()).source(other.cancelled()));
    let early = interrupted(counts, &|| assert!(other.cancel()), || {
        let polled = poll(run.as_mut(), 0);
        with(|_| assert!(polled.is_ready() || rings(0) == u32::from(other.is_cancelled())));
        if polled.is_ready() {
            run.set(Scope::new(&token, pending::<()>()).source(other.cancelled()));
        }
    });
    let Poll::Ready(Err(cancelled)) = poll(run, 0) else {
        panic!("not cancelled")
    };
    assert_eq!(cancelled.reason(), Reason::Manual);
    assert!(token.is_cancelled());
    early
}

fn in_a_shield(counts: u32) -> bool {
    let (token, shields) = (Token::new(), Shields::new());
    let mut steps = 0;
    let body = async {
        let step = poll_fn(|_| {
            steps += 1;
            match steps < 3 {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        });
        shields.shield_future(step).await;
        pending::<()>().await;
    };
    let early = {
        let mut run = pin!(Scope::new(&token, body).shields(&shields));
        let mut over = false;
        let early = interrupted(counts, &|| assert!(token.cancel()), || {
            for _ in 0..6 {
                over = over || poll(run.as_mut(), 0).is_ready();
            }
        });
        // (Cancelled before the first poll: the body has not begun.)
        assert!(over || poll(run.as_mut(), 0).is_ready() || shields.is_open());
        early
    };
    assert!(
        steps == 0 || steps == 3,
        "the shield was cut short: {steps}"
    );
    early
}

fn the_cause(counts: u32) -> bool {
    let token = Token::new();
    interrupted(
        counts,
        &|| assert!(token.cancel_with(Reason::Shutdown)),
        || {
            for _ in 0..4 {
                let seen = token.is_cancelled();
                match token.cause() {
                    Some(cause) => assert_eq!(cause.reason(), Reason::Shutdown),
                    None => assert!(!seen),
                }
                assert!(token.check().is_ok() || token.is_cancelled());
            }
            ALARMS.iter().for_each(|alarm| assert_eq!(alarm.rings(), 0));
        },
    )
}
