//! The last operations that have ended.

use super::filter::Filter;
use crate::basics::id::OperationId;
use crate::basics::panics::{Quiet, contain};
use crate::report::context::Context;
use crate::time::clock::Clock;
use cancel_core::Instant;
use std::collections::{HashSet, VecDeque};
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Contexts keep values of the user's: they are made, looked at and dropped outside of the lock.
pub(super) struct History {
    state: Mutex<HistoryState>,
}

struct HistoryState {
    limit: usize,
    /// The newest last.
    ended: VecDeque<EndedOperation>,
}

struct EndedOperation {
    context: Context,
    /// When it came, by this clock.
    at: Option<Instant>,
    clock: Clock,
}

impl History {
    pub(super) fn new(limit: usize) -> Self {
        History {
            state: Mutex::new(HistoryState {
                limit,
                ended: VecDeque::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HistoryState> {
        // Nothing can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn limit(&self) -> usize {
        self.lock().limit
    }

    pub(super) fn set_limit(&self, limit: usize) {
        let mut state = self.lock();
        state.limit = limit;
        let surplus = state.ended.len().saturating_sub(limit);
        let rest = state.ended.split_off(surplus);
        let surplus = std::mem::replace(&mut state.ended, rest);
        drop(state);
        drop(surplus);
    }

    pub(super) fn push(&self, context: &Context, clock: &Clock) {
        if self.limit() == 0 {
            return;
        }
        let mut new = Some(EndedOperation {
            context: context.clone(),
            at: contain(|| clock.now()).unwrap_or(None),
            clock: clock.clone(),
        });
        let mut state = self.lock();
        let mut old = None;
        if state.ended.len() >= state.limit {
            old = state.ended.pop_front();
        }
        if state.ended.len() < state.limit {
            state.ended.extend(new.take());
        }
        drop(state);
        // Quiet: this is the end of an operation, maybe in an unwinding.
        drop((Quiet::new(old), Quiet::new(new)));
    }

    /// The oldest first.
    pub(super) fn list(&self, filter: &Filter) -> Vec<Context> {
        let all: Vec<Context> = {
            let state = self.lock();
            let contexts = state.ended.iter().map(|ended| &ended.context);
            contexts
                .filter(|context| filter.fits(context))
                .cloned()
                .collect()
        };
        all.into_iter()
            .filter(|context| filter.matches(context))
            .collect()
    }

    pub(super) fn get(&self, id: OperationId) -> Option<Context> {
        let state = self.lock();
        let mut contexts = state.ended.iter().rev().map(|ended| &ended.context);
        contexts.find(|context| context.id() == id).cloned()
    }

    pub(super) fn clear(&self) -> usize {
        let cleared = take(&mut self.lock().ended);
        cleared.len()
    }

    pub(super) fn clear_older_than(&self, age: Duration) -> usize {
        let all: Vec<_> = {
            let state = self.lock();
            let ended = state.ended.iter();
            ended
                .map(|ended| (ended.context.id(), ended.at, ended.clock.clone()))
                .collect()
        };
        // The clocks are foreign code.
        let is_old = |at, clock: &Clock| Some(clock.now()?.checked_sub(age)? > at?);
        let old: HashSet<OperationId> = all
            .into_iter()
            .filter(|(_, at, clock)| is_old(*at, clock) == Some(true))
            .map(|(id, ..)| id)
            .collect();
        let mut state = self.lock();
        let (cleared, rest) = take(&mut state.ended)
            .into_iter()
            .partition::<VecDeque<_>, _>(|ended| old.contains(&ended.context.id()));
        state.ended = rest;
        drop(state);
        cleared.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, History};
    use cancel_core::Instant;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    #[test]
    fn each_is_old_by_its_own_clock() {
        let context = || crate::Cancelable::new().build().context();
        let history = Arc::new(History::new(10));
        let seconds = Arc::new(AtomicU64::new(10));
        let clock = {
            let (history, seconds) = (history.clone(), seconds.clone());
            Clock::Runtime(Arc::new(move || {
                assert_eq!(history.limit(), 10); // would hang under the lock
                Instant::EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed))
            }))
        };
        history.push(&context(), &clock);
        history.push(&context(), &Clock::System);
        history.push(&context(), &Clock::None);
        seconds.store(14, Ordering::Relaxed);
        history.push(&context(), &clock);
        seconds.store(15, Ordering::Relaxed);
        for age in [Duration::MAX, Duration::from_secs(5)] {
            assert_eq!(history.clear_older_than(age), 0);
        }
        assert_eq!(history.clear_older_than(Duration::from_secs(4)), 1);
        assert_eq!(history.clear(), 3);
        drop(clock);
    }
}
