//! The timer thread: fires what is due, then rests until the next event or a notification.
//!
//! It runs no foreign code but wakers, without a lock, in batches of at most [`BATCH`]. A waker
//! that panics is counted and its payload is forgotten (its drop may panic, too); the others are
//! woken all the same. Should the thread ever end, [`Closing`] fails every sleep.

use super::shared::{ALL, SharedTimer};
use super::ticks::{self, NEVER};
use super::wheel::BATCH;
use cancel_core::Instant;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;
use std::thread;

/// Starts the thread for `shared`.
pub(super) fn start(shared: &'static SharedTimer) -> io::Result<()> {
    let builder = thread::Builder::new().name("cancel-timer".into());
    builder
        .spawn(move || run(shared, crate::time::clock::now))
        .map(drop)
}

/// The body of the thread. `clock` gives the time since the epoch.
pub(super) fn run(shared: &'static SharedTimer, clock: impl Fn() -> Instant) {
    let mut this = Closing {
        shared,
        batch: Vec::with_capacity(BATCH),
    };
    loop {
        let mut next = NEVER;
        for shard in ALL {
            loop {
                let served = shared.serve(shard, ticks::down(clock()), &mut this.batch);
                wake_all(shared, this.batch.drain(..));
                if let Some(when) = served {
                    next = next.min(when);
                    break;
                }
            }
        }
        shared.rest(|| match next {
            NEVER => None,
            next => Some(ticks::start_of(next) - clock()),
        });
    }
}

fn wake_all(shared: &SharedTimer, wakers: impl Iterator<Item = Waker>) {
    for waker in wakers {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            std::mem::forget(payload);
            shared.count_panic();
        }
    }
}

/// What the thread has in hand; its drop runs when the thread unwinds.
struct Closing {
    shared: &'static SharedTimer,
    /// Wakers of entries that have fired. Not in the wheel any more, so they must not get lost.
    batch: Vec<Waker>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let failed = self.shared.close();
        wake_all(self.shared, self.batch.drain(..).chain(failed));
    }
}
