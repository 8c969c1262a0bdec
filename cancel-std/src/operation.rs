//! Operations: work that can be cancelled.
//!
//! [`Cancelable`] sets one up, [`Operation`] is its handle, [`Cx`] is what its body works with. All of an
//! operation is in one `Inner`.
//!
//! Invariants
//!
//! * O1: the settings (`operation/cancelable.rs`) do not change once the operation is built, and are read
//!   without a lock. `token` is made of them when first asked for.
//! * O2: `state` is locked for a few loads, stores and copies of strings, and to enter a registry, whose
//!   locks come below it. No foreign code runs meanwhile: neither callbacks, wakers, cancels, nor the
//!   runtime's clock.
//! * O3: the status goes from pending to running to one of the final ones, each step once, by the
//!   one runner that made the first step (`operation/run.rs`). Together with the last step, cause and
//!   error are stored, and the deadline is taken away. Nothing of that changes afterwards.
//! * O4: there are no circles of parents: those that are set up are older than their children, and the one
//!   that an operation gets at its start is not below it (`operation/nest.rs`). They are kept by their
//!   children, unless they have ended before those are built (`operation/outlived.rs`). The token of a parent is made when the first child is linked to it.

use crate::bell::Bell;
use crate::context::{Context, Partial, Status};
use crate::deadline::Deadline;
use crate::id::OperationId;
use crate::progress::{Metadata, Progress};
use crate::registry::Memberships;
use crate::task_report::TaskReport;
use crate::trace::Trace;
use crate::undelivered::Undelivered;
use above::Parent;
use cancel_core::layer::Holds;
use cancel_core::{CancelToken, Cancelled, Instant};
use cancelable::{Pending, Rest, Setup};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

// Lowest first, as far as that goes.
mod runtime;

mod body;

mod above;
mod accept;

mod handle;

mod force;

mod cx;

mod started;

mod source;

mod into_source;

mod tree;

mod cancelable;
mod compose;
mod cooperate;
mod enroll;
mod nest;
mod outlived;
mod report;
mod sources;

mod hidden;

mod late;
mod shield;
mod time;

mod drive;

mod run;

mod listen;
mod listen_async;
mod settings;
mod signals;
mod thread;
mod watch;
mod wrap;

mod group;

pub(crate) use above::Edges;
pub use accept::{AsOperation, ToFollow};
pub use body::Body;
pub use cancelable::Cancelable;
pub use cx::Cx;
use group::OwnGroup;
pub use group::{GroupTask, TaskEnd, TaskGroup, TaskOutput, TaskSet};
pub use handle::Operation;
pub use into_source::IntoSource;
pub use runtime::Runtime;
pub use source::Source;
pub use watch::ProgressWatch;
pub use wrap::Wrapped;

pub(crate) struct Inner<R> {
    pub(crate) id: OperationId,
    pub(crate) runtime: R,
    pub(crate) setup: Setup<R>,
    pub(crate) token: OnceLock<CancelToken>,
    /// The token was made when there was no parent.
    pub(crate) apart: AtomicBool,
    /// The operation inside whose body it runs, if it was set up without a parent.
    pub(crate) host: OnceLock<Parent<R>>,
    /// Written under the lock of `state`.
    pub(crate) deadline: Deadline,
    /// Rung for the runner: deadline moved, work queued.
    pub(crate) bell: Bell,
    /// Its span, if there are any.
    pub(crate) trace: Trace,
    /// Open shields, and nested operations at their ends (`operation/shield.rs`).
    pub(crate) holds: Holds,
    /// Cancelled by a second request (`operation/force.rs`).
    pub(crate) force: OnceLock<CancelToken>,
    pub(crate) state: Mutex<State<R>>,
}

pub(crate) struct State<R> {
    pub(crate) status: Status,
    /// From the start on it is part of the deadline.
    pub(crate) timeout: Duration,
    pub(crate) started: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    /// Set at the end; before, the token knows.
    pub(crate) cause: Option<Cancelled>,
    pub(crate) details: Option<Box<Details>>,
    pub(crate) pending: Option<Box<Pending<R>>>,
    /// The registries that it leaves at its end.
    pub(crate) registries: Memberships,
}

/// What is only there if it was reported.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) error: Option<String>,
    /// The run was dropped with a cleanup that had not run to its end.
    pub(crate) cleanup_lost: bool,
    pub(crate) progress: Option<Progress>,
    pub(crate) partial: Option<Partial>,
    /// Of chunked streams.
    pub(crate) undelivered: Undelivered,
    /// Of a group.
    pub(crate) group: OwnGroup,
    pub(crate) tasks: Option<Arc<TaskReport>>,
    /// How many reports there were.
    pub(crate) version: u64,
    /// Those who wait for the next one, each with a number of its own.
    pub(crate) watchers: Vec<(u64, Waker)>,
}

impl<R> State<R> {
    pub(crate) fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }
}

impl<R> Inner<R> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing can panic half-way (O2).
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the runner. Contained, since this comes after the change that it is to see, and others may
    /// be waiting to be told.
    pub(crate) fn ring(&self) {
        self.setup.callbacks.contain(|| self.bell.ring());
    }

    /// The tokens whose cancel cancels this operation.
    fn upstream(&self) -> impl Iterator<Item = &CancelToken> {
        upstream(self.parent(), self.setup.rest.as_deref())
    }

    fn make_token(&self) -> CancelToken {
        make_token(self.parent(), self.setup.rest.as_deref())
    }

    /// The token, which this makes if it is not there yet.
    pub(crate) fn token(&self) -> &CancelToken {
        self.token.get_or_init(|| {
            if self.parent().is_none() {
                self.apart.store(true, Ordering::Relaxed); // (published with the token)
            }
            self.make_token()
        })
    }

    /// Parents and tokens: there is nothing above that may cancel the operation.
    #[inline]
    fn is_alone(&self) -> bool {
        self.setup.is_alone() && self.host.get().is_none()
    }

    /// The cause as it is now. Makes no token that would have to stay.
    fn live_cause(&self) -> Option<Cancelled> {
        if !self.is_cancelled() {
            return None;
        }
        match self.token.get() {
            Some(token) => token.cause(),
            None => self.make_token().cause(),
        }
    }

    /// Makes no token: what one would be made of says the same.
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        match self.token.get() {
            Some(token) => token.is_cancelled(),
            None if self.is_alone() => false,
            None => self.upstream().any(|token| token.is_cancelled()),
        }
    }
}

fn parents<'a, R>(
    first: Option<&'a Parent<R>>,
    rest: Option<&'a Rest<R>>,
) -> impl Iterator<Item = &'a Parent<R>> {
    let further = rest.map_or(&[][..], |rest| &rest.parents);
    first.into_iter().chain(further)
}

/// The tokens of parents that cancel their children, and those that are followed.
///
/// (The tokens of parents have been made by then: no recursion.)
fn upstream<'a, R>(
    parent: Option<&'a Parent<R>>,
    rest: Option<&'a Rest<R>>,
) -> impl Iterator<Item = &'a CancelToken> {
    let parents = parents(parent, rest).filter(|parent| parent.cancels());
    let above = rest.map_or([&[][..]; 2], |rest| [&rest.cancelled, &rest.follow]);
    let parents = parents.map(|parent| parent.operation.token());
    parents.chain(above.into_iter().flatten())
}

/// The token of an operation with these settings: a child of its parents', which follows the others.
fn make_token<R>(parent: Option<&Parent<R>>, rest: Option<&Rest<R>>) -> CancelToken {
    if let Some(cancelled) = rest.and_then(|rest| rest.cancelled.first()) {
        return cancelled.child();
    }
    let mut parents = parents(parent, rest).filter(|parent| parent.cancels());
    let Some(first) = parents.next() else {
        let follow = rest.map_or(&[][..], |rest| &rest.follow);
        return match follow.is_empty() {
            true => CancelToken::new(),
            false => CancelToken::any(follow),
        };
    };
    // A further parent is followed by a child of its own, which says that it is a parent's cancelation.
    let more: Vec<CancelToken> = parents
        .map(|parent| parent.operation.token().child())
        .collect();
    let follow = rest.map_or(&[][..], |rest| &rest.follow);
    first
        .operation
        .token()
        .child_following(more.iter().chain(follow))
}

impl<R: Runtime> Inner<R> {
    pub(crate) fn snapshot(&self) -> Context {
        // Once it has ended, nothing depends on the clock, which may panic.
        let ended = self.lock().ended;
        let now = ended.unwrap_or_else(|| self.runtime.now());
        let live = self.live_cause();
        let deadline = self.earliest().map(|(at, _)| at);
        let rest = self.setup.rest.as_ref();
        let shielded = self.is_held();
        let callbacks = &self.setup.callbacks;
        let (panics, cut_off) = (callbacks.panics(), callbacks.cut_off());
        let state = self.lock();
        let end = state.ended.unwrap_or(now);
        let details = state.details.as_deref();
        Context {
            id: self.id,
            parent_id: self.parent_id(),
            name: self.setup.name.clone(),
            metadata: rest.map_or(Metadata::new(), |rest| rest.metadata.clone()),
            status: state.status,
            shielded: shielded && state.status == Status::Running,
            started: state.started,
            ended: state.ended,
            duration: state.started.map(|started| end - started),
            remaining: match state.ended {
                Some(_) => None,
                None => deadline.map(|at| at - now),
            },
            cause: match state.ended {
                Some(_) => state.cause.clone(),
                None => live,
            },
            error: details.and_then(|details| details.error.clone()),
            progress: details.and_then(|details| details.progress.clone()),
            partial: details.and_then(|details| details.partial.clone()),
            undelivered: details
                .map_or_else(Undelivered::default, |details| details.undelivered.clone()),
            tasks: details.and_then(|details| details.tasks.clone()),
            callback_panics: panics,
            callbacks_cut_off: cut_off,
            cleanup_lost: details.is_some_and(|details| details.cleanup_lost),
        }
    }
}

/// Lets go of parents one by one: a chain of them may be longer than the stack.
impl<R> Drop for Inner<R> {
    fn drop(&mut self) {
        self.leave();
        if self.is_alone() {
            return;
        }
        let mut left = Vec::new();
        self.take_parents(&mut left);
        while let Some(operation) = left.pop() {
            if let Some(mut inner) = Arc::into_inner(operation.inner) {
                inner.take_parents(&mut left);
            }
        }
    }
}

impl<R> Inner<R> {
    fn take_parents(&mut self, into: &mut Vec<Operation<R>>) {
        let parents = [self.setup.parent.take(), self.host.take()];
        into.extend(parents.into_iter().flatten().map(|parent| parent.operation));
        if let Some(rest) = &mut self.setup.rest {
            into.extend(rest.parents.drain(..).map(|parent| parent.operation));
        }
    }
}
