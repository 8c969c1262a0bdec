//! A task's place in its group: what its end means to the others.

use super::TaskGroup;
use super::failure::{Failure, is_cancelation};
use super::output::AnyError;
use super::place::{Life, Place};
use crate::basics::panics::{Payload, describe, forget};
use crate::operation::Runtime;
use crate::operation::base::Operation;
use crate::report::status::Status;
use cancel_core::{Cancelled, Cause, Reason, SpawnError};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(super) struct Member<R, T> {
    pub(super) group: TaskGroup<R>,
    pub(super) operation: Operation<R>,
    pub(super) place: Arc<Place<T>>,
}

/// What came of a body: what it returned, or why it was not run to its end.
pub(super) type BodyEnd<T, X> = Result<Result<T, X>, Cancelled>;

impl<R: Runtime, T> Member<R, T> {
    pub(super) fn another(&self) -> Self {
        Member {
            group: self.group.clone(),
            operation: self.operation.clone(),
            place: self.place.clone(),
        }
    }

    pub(super) fn ended<X>(&self, result: Result<BodyEnd<T, X>, Payload>)
    where
        X: Into<AnyError> + Display + Send + 'static,
    {
        let outcome = result.and_then(|ended| match ended {
            Ok(Ok(value)) => Ok(Ok(value)),
            // The error is foreign code: its text, its drop.
            Ok(Err(error)) => catch_unwind(AssertUnwindSafe(|| Err(self.failed(error)))),
            Err(why) => {
                self.cut_off(&why);
                Ok(Err(why))
            }
        });
        let outcome = outcome.unwrap_or_else(|payload| Err(self.panicked(payload)));
        self.leave(outcome);
    }

    /// What the handle says about an error of the task's body.
    fn failed<X>(&self, error: X) -> Cancelled
    where
        X: Into<AnyError> + Display + Send + 'static,
    {
        let why = self.operation.cancelled_because();
        let text = error.to_string();
        // A cancelation of something else is an error like any other.
        let why = why.filter(|why| is_cancelation(&error, &text, why));
        let text = self.with_name(text);
        let cause = || Cause::new(Reason::Error).with_message(text.clone());
        let too_late = self.group_is_cancelled();
        let meant = |why: &Cancelled| self.is_meant(why);
        if too_late && !why.as_ref().is_some_and(meant) {
            self.group.shared.count_unfinished();
        }
        let Some(why) = why else {
            self.record(&text);
            let cancelled = self.operation.cancelled_because();
            if too_late || self.group.is_each_for_itself() || cancelled.as_ref().is_some_and(meant)
            {
                return Cancelled::from(cause().with_error(error));
            }
            let answer = Cancelled::from(cause());
            let cause = cause();
            self.group.failed(Failure::new(error, text), cause);
            return answer;
        };
        if !too_late && !meant(&why) {
            self.record(&text); // a limit of its own
            if !self.group.is_each_for_itself() {
                let cause = cause().with_error(why.clone());
                self.group.failed(Failure::new(error, text), cause);
            }
        }
        why
    }

    /// The body was not run to its end.
    fn cut_off(&self, why: &Cancelled) {
        if self.group_is_cancelled() {
            if !self.is_meant(why) {
                self.group.shared.count_unfinished();
                self.group.count_cut_off();
            }
            return;
        }
        if self.is_meant(why) {
            return;
        }
        let text = self.with_name(why.to_string());
        self.record(&text);
        if !self.group.is_each_for_itself() {
            let cause = Cause::new(Reason::Error).with_message(text.clone());
            let cause = cause.with_error(why.clone());
            self.group.failed(Failure::new(why.clone(), text), cause);
        }
    }

    fn panicked(&self, payload: Payload) -> Cancelled {
        let text = self.with_name(describe(&*payload));
        let cause = || Cause::new(Reason::Error).with_message(text.clone());
        self.record(&text);
        match self.group.is_each_for_itself() {
            true => forget(payload),
            false => self.group.panicked(payload, cause(), text.clone()),
        }
        Cancelled::from(cause())
    }

    fn group_is_cancelled(&self) -> bool {
        self.group.operation().inner.is_cancelled()
    }

    /// Whether somebody cancelled the task on purpose, and not the whole group: by hand, it or what is above
    /// it; or, for any reason, all that is below the group's token (`cancel_children`).
    ///
    /// If group and task have the same cause, the one was cancelled with the other: by the group's own cancel,
    /// or by a token that both follow.
    fn is_meant(&self, why: &Cancelled) -> bool {
        let group = self.group.operation().token();
        let with_the_group = || {
            let cause = group.cause();
            cause.is_some_and(|cause| cause.root_cause() == why.root_cause())
        };
        (why.root_reason() == Reason::Manual || why.is_from(group)) && !with_the_group()
    }

    fn record(&self, text: &str) {
        self.group.record(&self.operation, text);
    }

    fn with_name(&self, text: String) -> String {
        match &self.operation.inner.setup.name {
            Some(name) => format!("{name}: {text}"),
            None => text,
        }
    }

    /// The executor has dropped the task.
    pub(super) fn dropped(&self) {
        if self.place.gate.is_shut() {
            return; // taken back before, and counted
        }
        let mut life = self.place.lock();
        match *life {
            Life::Launching => *life = Life::Vanished, // `launch` goes on
            Life::Running => {
                drop(life);
                self.lost(None);
            }
            _ => {}
        }
    }

    /// A task that will not end by itself. Part of a drop: all that is foreign is contained.
    pub(super) fn lost(&self, refused: Option<SpawnError>) {
        let cause = match refused {
            Some(refused) => Cause::new(Reason::Error)
                .with_message(self.with_name(refused.to_string()))
                .with_error(refused),
            None => Cause::new(Reason::Dropped)
                .with_message(self.with_name("the executor dropped the task".into())),
        };
        let cancelled = Cancelled::from(cause);
        let text = cancelled.message().unwrap_or_default().to_string();
        let before = self.group_is_cancelled();
        if before {
            self.group.shared.count_unfinished();
            self.group.count_cut_off();
        }
        self.contain(|| {
            self.operation.cancel_with(cancelled.clone());
        });
        self.record(&text);
        if !before && !self.group.is_each_for_itself() {
            self.contain(|| {
                let failure = Failure::new(cancelled.clone(), text);
                self.group.failed(failure, cancelled.clone().into());
            });
        }
        self.leave(Err(cancelled));
    }

    fn leave(&self, outcome: Result<T, Cancelled>) {
        let mut first = false;
        self.contain(|| first = self.place.end(outcome));
        if first {
            self.contain(|| self.place.gate.wake());
            self.contain(|| self.group.shared.leave());
        }
    }

    fn contain(&self, foreign: impl FnOnce()) {
        self.group
            .operation()
            .inner
            .setup
            .callbacks
            .contain(foreign);
    }
}

impl<R> Operation<R> {
    /// If it has ended cancelled: why.
    fn cancelled_because(&self) -> Option<Cancelled> {
        let state = self.inner.lock();
        match state.status {
            Status::Cancelled => state.cause.clone(),
            _ => None,
        }
    }
}
