//! Where the outcome of a task is put, and how far it has come.
//!
//! ```text
//!            accepted             ended                    taken
//!  LAUNCHING ────────▶ RUNNING ────────▶ ENDED (outcome) ────────▶ (none)
//!      │                  └── dropped by the executor ────▲
//!      ├── ended before `spawn` was back ─────────────────┤
//!      └── refused, or dropped ──▶ VANISHED ── launched ──┘
//! ```
//!
//! The code that makes it ENDED also tells the group that the task has left (G1). A task that has to stay on
//! its thread and never began is ended by its gate instead.

use super::ended_tasks::EndedTasks;
use crate::basics::runner_waker::RunnerWaker;
use cancel_core::Cancelled;
use std::mem::replace;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};

pub(super) struct Place<T> {
    life: Mutex<Life<T>>,
    pub(super) gate: Arc<Gate>,
}

/// The part of a place that any thread may have.
pub(super) struct Gate {
    pub(super) runner: RunnerWaker,
    /// Why the task will never begin.
    shut: OnceLock<Cancelled>,
    /// The set that is told of the end, and the task's number there.
    set: OnceLock<(Weak<EndedTasks>, u64)>,
}

pub(super) enum Life<T> {
    Launching,
    Running,
    Vanished,
    Ended(Option<Result<T, Cancelled>>),
}

impl Gate {
    /// Part of a critical section: nothing foreign is called.
    pub(super) fn shut(&self, why: Cancelled) {
        let _ = self.shut.set(why);
    }

    pub(super) fn is_shut(&self) -> bool {
        self.shut.get().is_some()
    }

    /// Tells those who wait for the task. Foreign code.
    pub(super) fn wake(&self) {
        self.runner.wake();
        if let Some((set, number)) = self.set.get() {
            if let Some(set) = set.upgrade() {
                set.push(*number);
            }
        }
    }

    /// From now on, `set` is told of the end of the task. The first set counts.
    pub(super) fn tell(&self, set: &Arc<EndedTasks>, number: u64) {
        let _ = self.set.set((Arc::downgrade(set), number));
    }
}

impl<T> Place<T> {
    pub(super) fn new() -> Self {
        Place {
            life: Mutex::new(Life::Launching),
            gate: Arc::new(Gate {
                runner: RunnerWaker::new(),
                shut: OnceLock::new(),
                set: OnceLock::new(),
            }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Life<T>> {
        // Nothing can panic half-way.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(*self.lock(), Life::Ended(_)) || self.gate.is_shut()
    }

    /// False: it has ended before.
    pub(super) fn end(&self, outcome: Result<T, Cancelled>) -> bool {
        let mut life = self.lock();
        if matches!(*life, Life::Ended(_)) {
            drop(life);
            drop(outcome);
            return false;
        }
        *life = Life::Ended(Some(outcome)); // (what was there has no drop)
        true
    }

    /// Takes the outcome.
    ///
    /// # Panics
    ///
    /// If it was taken before.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, Cancelled>> {
        self.gate.runner.listen(cx);
        let mut life = self.lock();
        match replace(&mut *life, Life::Ended(None)) {
            Life::Ended(Some(outcome)) => Poll::Ready(outcome),
            Life::Ended(None) => {
                drop(life);
                panic!("`GroupTask` polled after its end")
            }
            before => match self.gate.shut.get() {
                Some(why) => Poll::Ready(Err(why.clone())),
                None => {
                    *life = before;
                    Poll::Pending
                }
            },
        }
    }
}
