//! The interrupt moves a deadline while its sources wait, or are about to.

use crate::sweep::{interrupted, poll, rings, sweep};
use board::Report;
use cancel_embassy::{Deadline, Instant, Reason, Scope, Timer, TimerError, Token};
use core::cell::Cell;
use core::future::{Future, pending};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use critical_section::{Mutex, with};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn all(report: &mut Report) {
    sweep(report, "deadlines::moved_to_now", moved_to_now);
    sweep(report, "deadlines::moved_away", moved_away);
    sweep(report, "deadlines::sources_come_and_go", come_and_go);
    sweep(report, "deadlines::moved_by_both", moved_by_both);
}

/// A clock that stands still, so that nobody is woken by it.
#[derive(Clone)]
struct Still;

struct Sleep {
    over: bool,
}

impl Timer for Still {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Instant::EPOCH + HOUR
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep {
            over: deadline <= self.now(),
        }
    }
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.over {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }
}

/// A source that is pending has been woken if and only if the deadline has been moved.
fn is_not_lost<T>(deadline: &Deadline<'_, Still>, polled: &Poll<T>, alarm: usize) {
    with(|_| {
        let moved = deadline.remaining() == Some(Duration::ZERO);
        match polled {
            Poll::Ready(_) => assert!(moved),
            Poll::Pending => assert_eq!(rings(alarm), u32::from(moved)),
        }
    });
}

fn moved_to_now(counts: u32) -> bool {
    let token = Token::new();
    let deadline = Deadline::new(Still).timeout(HOUR);
    let mut run = pin!(Scope::new(&token, pending::<()>()).source(deadline.source()));
    let mut over = None;
    let early = interrupted(counts, &|| deadline.set_timeout(Duration::ZERO), || {
        for _ in 0..3 {
            // (A scope that is over is not polled again.)
            if over.is_none() && rings(0) == 0 {
                let polled = poll(run.as_mut(), 0);
                is_not_lost(&deadline, &polled, 0);
                if let Poll::Ready(result) = polled {
                    over = Some(result);
                }
            }
        }
    });
    let result = over.unwrap_or_else(|| match poll(run, 0) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("not over"),
    });
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    early
}

/// Over already, and moved away: it fires, or it waits; it does not do both.
fn moved_away(counts: u32) -> bool {
    let deadline = Deadline::new(Still).timeout(Duration::ZERO);
    let mut source = pin!(deadline.source());
    let mut polled = Poll::Pending;
    let early = interrupted(counts, &|| deadline.set_timeout(HOUR), || {
        polled = poll(source.as_mut(), 0);
        with(|_| {
            let moved = deadline.remaining() == Some(HOUR);
            assert!(moved || polled.is_ready());
        });
    });
    let again = pin!(deadline.source());
    assert!(poll(again, 1).is_pending());
    if polled.is_pending() {
        deadline.set_timeout(Duration::ZERO);
        assert!(rings(0) > 0 && poll(source, 0).is_ready());
    }
    early
}

fn come_and_go(counts: u32) -> bool {
    let deadline = Deadline::new(Still).timeout(HOUR);
    interrupted(counts, &|| deadline.set_timeout(Duration::ZERO), || {
        let mut stays = pin!(deadline.source());
        let first = poll(stays.as_mut(), 7);
        is_not_lost(&deadline, &first, 7);
        for alarm in 0..3 {
            let mut source = pin!(deadline.source());
            let polled = poll(source.as_mut(), alarm);
            is_not_lost(&deadline, &polled, alarm);
        }
        // Two at once, left in the order in which they came.
        let mut one = pin!(Some(deadline.source()));
        let mut two = pin!(deadline.source());
        let before = poll(one.as_mut().as_pin_mut().unwrap(), 3);
        let after = poll(two.as_mut(), 4);
        is_not_lost(&deadline, &before, 3);
        one.set(None);
        is_not_lost(&deadline, &after, 4);
        is_not_lost(&deadline, &first, 7);
    })
}

/// Whoever moves it last has moved it, and both sources hear of it.
fn moved_by_both(counts: u32) -> bool {
    let deadline = Deadline::new(Still).timeout(HOUR);
    let mut one = pin!(deadline.source());
    let mut two = pin!(deadline.source());
    assert!(poll(one.as_mut(), 0).is_pending());
    assert!(poll(two.as_mut(), 1).is_pending());
    let seen = Mutex::new(Cell::new(None));
    let early = interrupted(
        counts,
        &|| {
            with(|cs| seen.borrow(cs).set(deadline.remaining()));
            deadline.set_timeout(Duration::ZERO);
        },
        || deadline.set_timeout(HOUR * 2),
    );
    let first = with(|cs| seen.borrow(cs).get()) == Some(HOUR * 2);
    let left = deadline.remaining();
    // Ours came first, or it came afterwards and is what counts.
    assert_eq!(left == Some(Duration::ZERO), first, "{left:?}");
    assert_eq!((rings(0), rings(1)), (1, 1));
    assert_eq!(poll(one, 0).is_ready(), first);
    assert_eq!(poll(two, 1).is_ready(), first);
    early
}
