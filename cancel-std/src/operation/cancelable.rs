//! `Cancelable`: an operation that is being set up.

use super::above::{Link, Parent};
use super::{Inner, Operation, Runtime, State, make_token, upstream};
use crate::bell::Bell;
use crate::callbacks::{CallbackList, Callbacks, Work};
use crate::context::Status;
use crate::deadline::Deadline;
use crate::id::OperationId;
use crate::operation::{Cx, Source};
use crate::progress::Metadata;
use crate::registry::Memberships;
use crate::trace::Trace;
use cancel_core::layer::Holds;
use cancel_core::{CancelToken, Cause, Instant, IntoDeadline};
use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// An operation that is being set up: work that can be cancelled by a timeout, by tokens, by
/// signals, by its parent, or through a handle.
///
/// This is a builder. Every setting takes it by value and returns it. The last call either
/// [runs](Cancelable::run) a body, or makes the handle: [`build`](Cancelable::build) returns an
/// [`Operation`], which can be cloned and shared, and which is run once.
///
/// ```
/// use cancel_std::{Cancelable, Reason};
/// use std::time::Duration;
///
/// // Set up and run at once:
/// let nap = Cancelable::with_timeout(Duration::from_millis(5))
///     .name("nap")
///     .run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
/// assert_eq!(smol::block_on(nap).unwrap_err().reason(), Reason::Timeout);
///
/// // With a handle, to cancel and to watch it:
/// let op = Cancelable::with_timeout(Duration::from_secs(30)).name("download").build();
/// let handle = op.clone();
/// std::thread::spawn(move || handle.cancel_with("user pressed stop"));
/// let download = op.run(async |cx| {
///     for chunk in 1..=100 {
///         cx.progress(chunk, 100);
///         cx.sleep(Duration::from_millis(20)).await;
///     }
/// });
/// assert_eq!(smol::block_on(download).unwrap_err().message(), Some("user pressed stop"));
/// ```
///
/// # Nesting
///
/// An operation that runs inside the body of another one is a part of it, as in Trio and Kotlin. If it was
/// set up without a [`parent`](Cancelable::parent), it becomes a [child](crate::Operation::child) of the
/// [current](crate::Operation::current) operation at its first poll: cancelled with it, limited by its
/// deadline, heard by its `on_progress`; and the body around is not dropped before the cleanup of the one
/// inside has run. So a function may have an operation of its own, and need not be given a `Cx`:
///
/// ```
/// use cancel_std::{Cancelable, Reason};
/// use std::time::Duration;
///
/// async fn fetch() -> Result<(), cancel_std::Cancelled> {
///     let op = Cancelable::with_timeout(Duration::from_secs(3600)).name("fetch");
///     let op = op.finally(|_| async { println!("connection closed") });
///     op.run(async |cx| cx.sleep(Duration::MAX).await).await
/// }
///
/// let outer = Cancelable::with_timeout(Duration::from_millis(5)).build();
/// let run = outer.run(async |_| fetch().await.unwrap_err());
/// assert_eq!(smol::block_on(run).unwrap().reason(), Reason::Parent); // after 5 ms, and closed
/// ```
///
/// This holds in bodies, shields, cleanups, and in closures of [`run_in_thread`](crate::Cx::run_in_thread) and
/// `run_blocking`; for `run`, `run_blocking` and `run_group` in all their forms. It does not hold
///
/// * for an operation that is [`detached`](Cancelable::detached), or has a parent;
/// * between operations of different runtime types;
/// * in tasks and threads that the body starts by other means (see [`Cx::within`](crate::Cx::within));
/// * for a body that would be inside itself: an operation above the current one is no child of it;
/// * for the [streams](Cancelable::stream) of an operation that is not run.
///
/// What there was before the first poll becomes a part of it, too: the token of the operation, if somebody has
/// asked for it, its children, and theirs are cancelled with the host then, before its `cancel` returns, for the same cause. A
/// body that polls an executor inside of itself is around the tasks that this executor starts there.
///
/// # Runtime
///
/// `R` is the runtime, which tells and waits for the time. `cancel_std::Cancelable` is the alias for
/// [`Std`](crate::Std), which needs no executor; each adapter has an alias of that name for its
/// runtime.
#[must_use = "an operation does nothing until it is run"]
#[doc(alias = "Builder")]
pub struct Cancelable<R> {
    pub(super) runtime: R,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) parent: Option<Parent<R>>,
    pub(super) callbacks: Option<Box<CallbackList>>,
    pub(super) rest: Option<Box<Rest<R>>>,
    pub(super) timeout: Duration,
    pub(super) deadline: Option<Instant>,
    pub(super) pending: Option<Box<Pending<R>>>,
    pub(super) registries: Memberships,
}

/// The settings that stay for as long as the operation (O1).
pub(crate) struct Setup<R> {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) parent: Option<Parent<R>>,
    pub(crate) callbacks: Callbacks,
    pub(crate) rest: Option<Box<Rest<R>>>,
}

/// Settings that most operations do without.
pub(crate) struct Rest<R> {
    pub(crate) metadata: Metadata,
    pub(crate) follow: Vec<CancelToken>,
    /// Further parents: those of the operations that were combined with this one.
    pub(crate) parents: Vec<Parent<R>>,
    /// Tokens of parents that had ended, cancelled, when the operation was built.
    pub(crate) cancelled: Vec<CancelToken>,
    /// The first parent, if that had ended.
    pub(crate) parent_id: Option<OperationId>,
    /// Where it runs, it gets no parent.
    pub(crate) detached: bool,
    pub(crate) grace: Duration,
    /// What the timeout is told as, beside its limit and the name. With the reason of a timeout.
    pub(crate) timeout_cause: Option<Cause>,
    pub(crate) group: GroupSettings,
}

/// The settings of an operation that is run as a group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupSettings {
    pub(super) each_for_itself: bool,
    pub(super) limit: usize,
    /// The grace period is that of the group, for cancels that come from there.
    pub(super) grace_of_group: bool,
}

/// A cleanup, and how long it may take.
pub(crate) struct AtEnd<R> {
    pub(super) limit: Duration,
    pub(super) work: Box<dyn FnOnce(Cx<R>) -> Work + Send>,
}

/// Settings that the start of the run takes away.
pub(crate) struct Pending<R> {
    pub(crate) sources: Vec<Source<R>>,
    pub(crate) cleanups: Vec<AtEnd<R>>,
}

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
            bell: Bell::new(),
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
