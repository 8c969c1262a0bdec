//! What a group and its tasks share.
//!
//! * G1: `running` counts the tasks from before they are spawned until everything they had is gone and
//!   their outcome is stored. The thread that makes it zero wakes the runner, outside of the lock.
//! * G2: `closed` is set where the runner sees that nothing is left, with the body over. Nothing enters after
//!   that.
//! * G3: The failure is that of the one task whose cancel of the operation won. It is stored by that task,
//!   before it leaves. So when `running` is zero it is there.
//! * G4: `unbegun` has an entry for each task from when it enters until it begins, is dropped, or is taken
//!   back. The side that removes the entry owns the task from then on: the executor, which runs it, or the
//!   group, which ends it.
//! * G5: with a limit, `free` permits plus those of tasks that have begun, plus those of `unbegun` entries
//!   that are granted one, are the limit. `free` is zero while one waits.

use super::failure::Failure;
use super::place::Gate;
use crate::basics::panics::{Payload, Quiet, forget};
use crate::basics::runner_waker::RunnerWaker;
use cancel_core::Cancelled;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What an executor runs of a task: all of it.
pub(super) type TaskFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct GroupCore {
    state: Mutex<GroupState>,
    runner: RunnerWaker,
    /// How many tasks run at once. Zero: all.
    limit: usize,
}

struct GroupState {
    running: usize,
    closed: bool,
    /// Tasks that have not begun are taken back: the group is over but for its tasks.
    taking: bool,
    unbegun: HashMap<u64, Unbegun>,
    next: u64,
    free: usize,
    /// By the number of their places in the queue.
    waiting: BTreeMap<u64, u64>,
    places: u64,
    /// Closures on other threads.
    threads: usize,
    failure: Option<Failure>,
    /// The first one. Goes before the failure.
    panic: Option<Payload>,
    /// The text of the failure, or else of the panic.
    text: Option<String>,
    /// Tasks that ended without a value after the group was cancelled.
    unfinished: usize,
}

/// A task that has not begun.
struct Unbegun {
    kept: Lies,
    /// Of an executor that waits for a permit.
    waker: Option<Waker>,
    /// Its place in the queue.
    queued: Option<u64>,
    granted: bool,
}

/// Where the future of a task lies until it begins.
pub(super) enum Lies {
    Here(TaskFuture),
    /// With its executor, on a thread that it may not leave.
    There(Arc<Gate>),
}

pub(super) enum Begin {
    /// It has begun, with a permit or without. The future, if it was kept here.
    Now(Option<TaskFuture>, bool),
    Wait,
    /// It was taken back.
    Gone,
}

impl GroupCore {
    pub(super) fn new(limit: usize) -> Self {
        GroupCore {
            state: Mutex::new(GroupState {
                running: 0,
                closed: false,
                taking: false,
                unbegun: HashMap::new(),
                next: 0,
                free: limit,
                waiting: BTreeMap::new(),
                places: 0,
                threads: 0,
                failure: None,
                panic: None,
                text: None,
                unfinished: 0,
            }),
            runner: RunnerWaker::new(),
            limit,
        }
    }

    fn lock(&self) -> MutexGuard<'_, GroupState> {
        // Nothing can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more task, which has to leave. An error gives it back: the group is over.
    pub(super) fn enter(&self, kept: Lies) -> Result<u64, Lies> {
        let mut state = self.lock();
        if state.closed {
            return Err(kept);
        }
        state.running += 1;
        let id = state.next;
        state.next += 1;
        let entry = Unbegun {
            kept,
            waker: None,
            queued: None,
            granted: false,
        };
        state.unbegun.insert(id, entry);
        let taking = state.taking;
        drop(state);
        if taking {
            self.runner.wake();
        }
        Ok(id)
    }

    /// The executor of a task has polled it. `at_once`: it is cancelled, and needs no permit.
    pub(super) fn begin(&self, id: u64, cx: &Context<'_>, at_once: bool) -> Begin {
        // (Wakers are foreign, so they are cloned before the lock is taken, and dropped after it.)
        let waker = (self.limit > 0).then(|| cx.waker().clone());
        let _old;
        let mut state = self.lock();
        let state = &mut *state;
        let Some(entry) = state.unbegun.get_mut(&id) else {
            return Begin::Gone;
        };
        let permit = entry.granted || (self.limit > 0 && !at_once && state.free > 0);
        if self.limit == 0 || at_once || permit {
            if permit && !entry.granted {
                state.free -= 1;
            }
            _old = entry.waker.take();
            return match state.take(id) {
                Some(entry) => Begin::Now(entry.kept.work(), permit),
                None => Begin::Gone,
            };
        }
        _old = std::mem::replace(&mut entry.waker, waker);
        if entry.queued.is_none() {
            entry.queued = Some(state.places);
            state.waiting.insert(state.places, id);
            state.places += 1;
        }
        Begin::Wait
    }

    /// The executor has dropped a task. The future, if that was kept here. `None`: it has begun, or was taken
    /// back.
    pub(super) fn remove(&self, id: u64) -> Option<Option<TaskFuture>> {
        let entry = self.lock().take(id)?;
        if entry.granted {
            self.give_back();
        }
        Some(entry.kept.work())
    }

    /// A permit is free. (A panic of the waker ends here: it has nothing to do with the task that gives the
    /// permit back, and this may be part of an unwinding.)
    pub(super) fn give_back(&self) {
        let mut state = self.lock();
        let next = state.grant();
        drop(state);
        if let Some(waker) = next {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                forget(payload);
            }
        }
    }

    /// Wakes the runner, which is foreign code.
    pub(super) fn leave(&self) {
        let mut state = self.lock();
        state.running -= 1;
        let last = state.is_empty();
        drop(state);
        if last {
            self.runner.wake();
        }
    }

    /// A closure of a task begins on another thread. False: the group is over.
    pub(super) fn enter_thread(&self) -> bool {
        let mut state = self.lock();
        if !state.closed {
            state.threads += 1;
        }
        !state.closed
    }

    pub(super) fn leave_thread(&self) {
        let mut state = self.lock();
        state.threads -= 1;
        let last = state.is_empty();
        drop(state);
        if last {
            self.runner.wake();
        }
    }

    pub(super) fn running(&self) -> usize {
        self.lock().running
    }

    pub(super) fn listen(&self, cx: &mut Context<'_>) {
        self.runner.listen(cx);
    }

    /// Ready when nothing is left: tasks and, unless `forced`, closures on other threads.
    pub(super) fn poll_empty(&self, cx: &mut Context<'_>, forced: bool) -> Poll<()> {
        self.runner.listen(cx);
        let mut state = self.lock();
        if !(state.is_empty() || forced && state.running == 0) {
            return Poll::Pending;
        }
        state.closed = true;
        Poll::Ready(())
    }

    /// Takes back what has not begun, from now on. What lies elsewhere is told `why` it never will.
    ///
    /// # Returns
    ///
    /// The tasks that are to be ended here, and the gates of those that cannot be.
    pub(super) fn take_back(&self, why: &Cancelled) -> (Vec<TaskFuture>, Vec<Arc<Gate>>) {
        let mut state = self.lock();
        state.taking = true;
        if state.unbegun.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let entries: Vec<Unbegun> = state.unbegun.drain().map(|(_, entry)| entry).collect();
        state.waiting.clear();
        let (mut works, mut gates, mut wakers) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            if entry.granted {
                wakers.extend(state.grant()); // (of nobody: all are taken)
            }
            match entry.kept {
                Lies::Here(work) => works.push(work),
                Lies::There(gate) => {
                    gate.shut(why.clone());
                    gates.push(gate);
                }
            }
            wakers.extend(entry.waker);
        }
        drop(state);
        drop(Quiet::new(wakers));
        (works, gates)
    }

    pub(super) fn set_failure(&self, failure: Failure) {
        let mut state = self.lock();
        let text = failure.text().to_string();
        let old = state.failure.replace(failure);
        let old_text = state.text.replace(text);
        drop(state);
        drop((old, old_text));
    }

    pub(super) fn set_panic(&self, payload: Payload, text: String) {
        let mut state = self.lock();
        if state.panic.is_none() {
            state.panic = Some(payload);
            state.text.get_or_insert(text);
            return;
        }
        drop(state);
        forget(payload);
    }

    /// The error of the body, which was the first.
    pub(super) fn set_text(&self, text: String) {
        self.lock().text.get_or_insert(text);
    }

    pub(super) fn count_unfinished(&self) {
        self.lock().unfinished += 1;
    }

    pub(super) fn unfinished(&self) -> usize {
        self.lock().unfinished
    }

    pub(super) fn text(&self) -> Option<String> {
        self.lock().text.clone()
    }

    pub(super) fn take_panic(&self) -> Option<Payload> {
        self.lock().panic.take()
    }

    pub(super) fn take_failure(&self) -> Option<Failure> {
        self.lock().failure.take()
    }
}

impl GroupState {
    fn is_empty(&self) -> bool {
        self.running == 0 && self.threads == 0
    }

    /// Takes a task out, also of the queue.
    fn take(&mut self, id: u64) -> Option<Unbegun> {
        let entry = self.unbegun.remove(&id)?;
        if let Some(place) = entry.queued {
            self.waiting.remove(&place);
        }
        Some(entry)
    }

    /// Gives a permit to the one that waits longest, or back (G5).
    fn grant(&mut self) -> Option<Waker> {
        while let Some((_, id)) = self.waiting.pop_first() {
            if let Some(entry) = self.unbegun.get_mut(&id) {
                entry.granted = true;
                return entry.waker.take();
            }
        }
        self.free += 1;
        None
    }
}

impl Lies {
    fn work(self) -> Option<TaskFuture> {
        match self {
            Lies::Here(work) => Some(work),
            Lies::There(_) => None,
        }
    }
}
