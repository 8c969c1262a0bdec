//! The clock and its sleeps, as plain data.

use cancel_core::{Instant, TimerError};
use std::collections::BTreeMap;
use std::mem::replace;
use std::task::{Poll, Waker};

/// Time, and who waits for it: by deadline, then in the order in which they began to wait.
#[derive(Debug)]
pub(super) struct Timers {
    pub(super) now: Instant,
    failed: Option<&'static str>,
    last_id: u64,
    waiting: BTreeMap<(Instant, u64), Waker>,
}

impl Timers {
    pub(super) fn new(now: Instant) -> Self {
        Timers {
            now,
            failed: None,
            last_id: 0,
            waiting: BTreeMap::new(),
        }
    }

    /// Polls a sleep. What is left in `waker` has to be dropped outside of locks.
    pub(super) fn poll(
        &mut self,
        deadline: Instant,
        id: &mut Option<u64>,
        waker: &mut Option<Waker>,
    ) -> Poll<Result<(), TimerError>> {
        if let Some(why) = self.failed {
            return Poll::Ready(Err(TimerError::new(why)));
        }
        if deadline == Instant::FAR_FUTURE {
            return Poll::Pending; // never
        }
        if deadline <= self.now {
            return Poll::Ready(Ok(()));
        }
        let id = *id.get_or_insert_with(|| {
            self.last_id += 1;
            self.last_id
        });
        if let Some(new) = waker.take() {
            *waker = self.waiting.insert((deadline, id), new);
        }
        Poll::Pending
    }

    pub(super) fn remove(&mut self, deadline: Instant, id: u64) -> Option<Waker> {
        self.waiting.remove(&(deadline, id))
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The deadline that comes next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    /// Moves on, never back. The wakers are to be woken outside of locks.
    pub(super) fn go_to(&mut self, now: Instant) -> Vec<Waker> {
        self.now = self.now.max(now);
        // (No id is as large.)
        let later = self.waiting.split_off(&(self.now, u64::MAX));
        replace(&mut self.waiting, later).into_values().collect()
    }

    /// All sleeps fail, now and later. The wakers are to be woken outside of locks.
    pub(super) fn fail(&mut self, why: &'static str) -> Vec<Waker> {
        self.failed = Some(why);
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}
