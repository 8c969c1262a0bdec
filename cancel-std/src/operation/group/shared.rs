//! What a group and its tasks share.
//!
//! * G1: `running` counts the tasks from before they are spawned until everything they had is gone and
//!   their outcome is stored. Whoever makes it zero rings the bell, outside of the lock.
//! * G2: `closed` is set where the runner sees zero with the body over. Nobody enters after that.
//! * G3: The failure is that of the one task (or body) whose cancel of the operation won. It is stored by
//!   that task, before it leaves. So when `running` is zero it is there.

use crate::bell::Bell;
use crate::panics::{Payload, forget};
use std::future::{Future, poll_fn};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

pub(super) struct Shared<E> {
    state: Mutex<State<E>>,
    bell: Bell,
}

struct State<E> {
    running: usize,
    closed: bool,
    failure: Option<E>,
    /// The first one. Goes before the failure.
    panic: Option<Payload>,
    /// The text of the failure, or else of the panic.
    text: Option<String>,
}

impl<E> Shared<E> {
    pub(super) fn new() -> Self {
        Shared {
            state: Mutex::new(State {
                running: 0,
                closed: false,
                failure: None,
                panic: None,
                text: None,
            }),
            bell: Bell::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        // Nothing can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more task, which has to leave. False: the group is over.
    pub(super) fn enter(&self) -> bool {
        let mut state = self.lock();
        if !state.closed {
            state.running += 1;
        }
        !state.closed
    }

    /// Rings, which is foreign code.
    pub(super) fn leave(&self) {
        let mut state = self.lock();
        state.running -= 1;
        let last = state.running == 0;
        drop(state);
        if last {
            self.bell.ring();
        }
    }

    pub(super) fn running(&self) -> usize {
        self.lock().running
    }

    /// Ready when the last task has left.
    pub(super) fn all_gone(&self) -> impl Future<Output = ()> + use<'_, E> {
        poll_fn(|cx| {
            self.bell.listen(cx);
            let mut state = self.lock();
            if state.running > 0 {
                return Poll::Pending;
            }
            state.closed = true;
            Poll::Ready(())
        })
    }

    pub(super) fn set_failure(&self, failure: E, text: String) {
        let mut state = self.lock();
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

    pub(super) fn text(&self) -> Option<String> {
        self.lock().text.clone()
    }

    pub(super) fn take_panic(&self) -> Option<Payload> {
        self.lock().panic.take()
    }

    pub(super) fn take_failure(&self) -> Option<E> {
        self.lock().failure.take()
    }
}
