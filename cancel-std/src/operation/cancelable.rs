//! `Cancelable`: an operation that is being set up.

use super::Runtime;
use super::base::{
    Cancelable, Inner, Link, Operation, Parent, Pending, Rest, Setup, Source, State,
};
use super::details::GroupSettings;
use super::inner::{make_token, upstream};
use crate::basics::id::OperationId;
use crate::basics::runner_waker::RunnerWaker;
use crate::registry::Memberships;
use crate::report::callbacks::{CallbackList, Callbacks};
use crate::report::progress::Metadata;
use crate::report::status::Status;
use crate::report::trace::Trace;
use crate::time::deadline::Deadline;
use cancel_core::IntoDeadline;
use cancel_core::layer::Holds;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

impl<R> Setup<R> {
    pub(super) fn is_detached(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.detached)
    }

    pub(crate) fn grace(&self) -> Duration {
        self.rest.as_ref().map_or(Duration::ZERO, |rest| rest.grace)
    }

    /// Without parents and tokens: there was nothing above that might cancel the operation.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        self.parent.is_none() && self.rest.is_none()
    }
}

/// Constructors, on a runtime that needs no value. None of them can fail.
impl<R: Runtime + Default> Cancelable<R> {
    /// Creates an operation without limits.
    ///
    /// # Examples
    ///
    /// ```
    /// let run = cancel_std::Cancelable::new().run(async |_| 5);
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn new() -> Self {
        Cancelable::on(R::default())
    }

    /// Creates an operation that is cancelled with [`Reason::Timeout`](cancel_core::Reason::Timeout)
    /// when it takes longer than `timeout`.
    ///
    /// The time runs from the start: the first poll of [`run`](Cancelable::run). Zero means that the
    /// body is never polled; [`Duration::MAX`] is never over. An operation that is not run never
    /// times out, and limits none of its children.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::with_timeout(Duration::from_millis(5)).run(async |cx| {
    ///     cx.sleep(Duration::from_secs(3600)).await;
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    #[doc(alias = "cancel_after")]
    pub fn with_timeout(timeout: Duration) -> Self {
        Self::new().timeout(timeout)
    }

    /// Creates an operation that is cancelled with [`Reason::Timeout`](cancel_core::Reason::Timeout) when
    /// the clock of its runtime reaches `deadline`: an [`Instant`](cancel_core::Instant), or where the clock
    /// is the platform's, its own moment, such as a `std::time::Instant`. `None` is no deadline.
    ///
    /// If that is in the past at the start, the body is never polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std, Timer};
    /// use std::time::Duration;
    ///
    /// let both_until = Std.now() + Duration::from_secs(5);
    /// let first = Cancelable::with_deadline(both_until).build();
    /// let second = Cancelable::with_deadline(both_until).build();
    /// assert_eq!(first.deadline(), second.deadline());
    /// ```
    pub fn with_deadline(deadline: impl IntoDeadline<R>) -> Self {
        Self::new().deadline(deadline)
    }
}

impl<R: Runtime> Cancelable<R> {
    /// Creates an operation without limits, on a runtime that is a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std};
    ///
    /// let run = Cancelable::on(Std).run(async |_| 5);
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn on(runtime: R) -> Self {
        Cancelable {
            runtime,
            name: None,
            parent: None,
            callbacks: None,
            rest: None,
            timeout: Duration::MAX,
            deadline: None,
            pending: None,
            registries: Memberships::default(),
        }
    }

    /// Makes the operation that has been set up, and returns its handle.
    ///
    /// The operation is *pending* from now on: it can be watched, cancelled and listed by its
    /// registries, and is [run](Cancelable::run) once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// let op = Cancelable::new().name("fetch").build();
    /// assert_eq!(op.status(), Status::Pending);
    /// op.cancel_with("not today");
    /// assert!(smol::block_on(op.run(async |_| unreachable!())).is_err());
    /// ```
    pub fn build(self) -> Operation<R> {
        self.build_as(OperationId::next())
    }

    pub(super) fn build_as(mut self, id: OperationId) -> Operation<R> {
        self.leave_out_ended_parents();
        let state = State {
            status: Status::Pending,
            timeout: self.timeout,
            started: None,
            ended: None,
            cause: None,
            details: None,
            pending: self.pending,
            registries: Memberships::default(),
        };
        let inner = Inner {
            id,
            runtime: self.runtime,
            setup: Setup {
                name: self.name,
                parent: self.parent,
                callbacks: Callbacks::new(id, self.callbacks),
                rest: self.rest,
            },
            token: OnceLock::new(),
            apart: AtomicBool::new(false),
            host: OnceLock::new(),
            deadline: Deadline::new(self.deadline),
            runner: RunnerWaker::new(),
            trace: Trace::default(),
            holds: Holds::new(),
            force: OnceLock::new(),
            state: Mutex::new(state),
        };
        let operation = Operation {
            inner: Arc::new(inner),
        };
        for registry in self.registries.as_slice() {
            operation.register(registry);
        }
        operation
    }
}

impl<R: Runtime> Cancelable<R> {
    /// Its sources, and everything else that it is set up with. Its parents are a source, and hear of
    /// progress.
    pub(super) fn split(mut self) -> (Vec<Source<R>>, Cancelable<R>) {
        let mut sources = Vec::new();
        if upstream(self.parent.as_ref(), self.rest.as_deref())
            .next()
            .is_some()
        {
            let token = make_token(self.parent.as_ref(), self.rest.as_deref());
            sources.push(Source::token(token));
        }
        if self.timeout != Duration::MAX {
            let cause = self
                .rest
                .as_mut()
                .and_then(|rest| rest.timeout_cause.take());
            sources.push(match cause {
                None => Source::timeout(self.timeout),
                Some(cause) => Source::timeout_with(self.timeout, cause),
            });
            self.timeout = Duration::MAX;
        }
        sources.extend(self.deadline.take().map(Source::deadline));
        if let Some(pending) = &mut self.pending {
            sources.append(&mut pending.sources);
        }
        if let Some(rest) = &mut self.rest {
            rest.follow.clear();
        }
        let further = self.rest.iter_mut().flat_map(|rest| &mut rest.parents);
        for parent in self.parent.iter_mut().chain(further) {
            parent.link = Link::Detached;
        }
        (sources, self)
    }
}

impl<R> Cancelable<R> {
    pub(super) fn rest(&mut self) -> &mut Rest<R> {
        self.rest.get_or_insert_with(|| {
            Box::new(Rest {
                metadata: Metadata::new(),
                external_id: None,
                follow: Vec::new(),
                parents: Vec::new(),
                cancelled: Vec::new(),
                parent_id: None,
                detached: false,
                grace: Duration::ZERO,
                timeout_cause: None,
                group: GroupSettings::default(),
            })
        })
    }

    pub(super) fn has_parent(&self) -> bool {
        self.parent.is_some()
    }

    pub(super) fn is_detached(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.detached)
    }

    pub(super) fn has_grace(&self) -> bool {
        let rest = self.rest.as_ref();
        rest.is_some_and(|rest| !rest.grace.is_zero())
    }

    pub(super) fn pending(&mut self) -> &mut Pending<R> {
        self.pending.get_or_insert_with(|| {
            Box::new(Pending {
                sources: Vec::new(),
                cleanups: Vec::new(),
            })
        })
    }

    pub(super) fn callbacks(&mut self) -> &mut CallbackList {
        self.callbacks.get_or_insert_default()
    }

    pub(super) fn below(mut self, operation: Operation<R>, link: Link) -> Self {
        operation.token(); // so that making one never goes up further than this
        self.parent = Some(Parent { operation, link });
        if let Some(rest) = &mut self.rest {
            rest.parents.clear();
        }
        self
    }
}

impl<R: Runtime + Default> Default for Cancelable<R> {
    fn default() -> Self {
        Cancelable::new()
    }
}

impl<R> UnwindSafe for Cancelable<R> {}
impl<R> RefUnwindSafe for Cancelable<R> {}

impl<R> fmt::Debug for Cancelable<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = self.parent.as_ref().map(|parent| parent.operation.id());
        f.debug_struct("Cancelable")
            .field("name", &self.name)
            .field("parent", &parent)
            .field("timeout", &self.timeout)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
