//! Which tasks of a set have ended.

use crate::basics::runner_waker::RunnerWaker;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Context;

/// The numbers of the tasks that have ended.
#[derive(Default)]
pub(super) struct EndedTasks {
    numbers: Mutex<VecDeque<u64>>,
    runner: RunnerWaker,
}

impl EndedTasks {
    pub(super) fn listen(&self, cx: &mut Context<'_>) {
        self.runner.listen(cx);
    }

    pub(super) fn next(&self) -> Option<u64> {
        self.lock().pop_front()
    }

    /// Wakes, which is foreign code.
    pub(super) fn push(&self, number: u64) {
        self.lock().push_back(number);
        self.runner.wake();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<u64>> {
        // Nothing can panic half-way.
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
