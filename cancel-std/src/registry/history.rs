//! The last operations that have ended.

use super::filter::Filter;
use crate::clock;
use crate::context::Context;
use crate::id::OperationId;
use crate::panics::Quiet;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Contexts keep values of the user's: they are made, looked at and dropped outside of the lock.
pub(super) struct History {
    state: Mutex<State>,
}

struct State {
    limit: usize,
    /// The newest last, with the time (of this crate's clock) at which they came.
    ended: VecDeque<(Duration, Context)>,
}

impl History {
    pub(super) fn new(limit: usize) -> Self {
        History {
            state: Mutex::new(State {
                limit,
                ended: VecDeque::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
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

    pub(super) fn push(&self, context: &Context) {
        if self.limit() == 0 {
            return;
        }
        let mut new = Some((clock::now(), context.clone()));
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
            let contexts = state.ended.iter().map(|(_, context)| context);
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
        let mut contexts = state.ended.iter().rev().map(|(_, context)| context);
        contexts.find(|context| context.id() == id).cloned()
    }

    pub(super) fn clear(&self) -> usize {
        let cleared = std::mem::take(&mut self.lock().ended);
        cleared.len()
    }

    pub(super) fn clear_older_than(&self, age: Duration) -> usize {
        let Some(until) = clock::now().checked_sub(age) else {
            return 0;
        };
        let mut state = self.lock();
        let old = state.ended.iter().take_while(|(at, _)| *at < until).count();
        let rest = state.ended.split_off(old);
        let cleared = std::mem::replace(&mut state.ended, rest);
        drop(state);
        cleared.len()
    }
}
