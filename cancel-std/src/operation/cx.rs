//! `Cx`: what the body of an operation works with.

use super::Runtime;
use super::base::{Cx, Operation};
use crate::basics::id::OperationId;
use crate::current::{self, CurrentOperation};
use cancel_core::{CancelToken, Cause, Token, WaitForCancel};
use std::any::Any;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

impl<R> Cx<R> {
    pub(super) fn new(operation: Operation<R>) -> Self {
        Cx { scope: operation }
    }

    /// Returns the handle of the operation that this belongs to.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| cx.operation().status());
    /// assert_eq!(smol::block_on(run), Ok(Status::Running));
    /// ```
    #[inline]
    pub fn operation(&self) -> &Operation<R> {
        self.scope.visible()
    }

    /// Returns the id of the operation.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(smol::block_on(op.run(async |cx| cx.id())), Ok(op.id()));
    /// ```
    pub fn id(&self) -> OperationId {
        self.operation().id()
    }

    /// Returns the name of the operation, if it has one.
    ///
    /// # Examples
    ///
    /// ```
    /// let run = cancel_std::Cancelable::new().name("fetch").run(async |cx| {
    ///     assert_eq!(cx.name(), Some("fetch"));
    /// });
    /// smol::block_on(run).unwrap();
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.operation().name()
    }

    /// Returns the runtime, for its clock, its sleeps, and if it can, to spawn.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Timer};
    ///
    /// let op = Cancelable::new().build();
    /// let now = smol::block_on(op.run(async |cx| cx.runtime().now())).unwrap();
    /// assert!(op.context().ended().unwrap() >= now);
    /// ```
    pub fn runtime(&self) -> &R {
        self.operation().runtime()
    }

    /// Returns the token of the work here: to wait for it, to make children of it, to register
    /// callbacks.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new().run(async |cx| {
    ///     let part = cx.token().child();
    ///     cx.cancel();
    ///     part.is_cancelled()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(true));
    /// ```
    pub fn token(&self) -> &CancelToken {
        self.scope.token()
    }

    /// Cancels the operation, with [`Reason::Manual`](cancel_core::Reason::Manual). The body is
    /// dropped at its next suspension.
    ///
    /// # Returns
    ///
    /// `true` for the one call that won.
    ///
    /// # Panics
    ///
    /// As [`Operation::cancel`].
    ///
    /// # Examples
    ///
    /// ```
    /// let run = cancel_std::Cancelable::new().run(async |cx| {
    ///     cx.cancel();
    ///     std::future::pending::<()>().await;
    /// });
    /// assert!(smol::block_on(run).is_err());
    /// ```
    pub fn cancel(&self) -> bool {
        self.operation().cancel()
    }

    /// Cancels the operation and says why: a message, a [`Reason`](cancel_core::Reason), both, or a
    /// whole [`Cause`]. The body is dropped at its next suspension.
    ///
    /// # Returns
    ///
    /// `true` for the one call that won; its cause is the one that stays.
    ///
    /// # Panics
    ///
    /// As [`Operation::cancel`].
    ///
    /// # Examples
    ///
    /// ```
    /// let run = cancel_std::Cancelable::new().run(async |cx| {
    ///     cx.cancel_with("nothing to do");
    ///     std::future::pending::<()>().await;
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("nothing to do"));
    /// ```
    pub fn cancel_with(&self, cause: impl Into<Cause>) -> bool {
        self.operation().cancel_with(cause)
    }

    /// Resolves once the work here is cancelled. The body is dropped when that happens, so this is for
    /// bodies with a [grace period](crate::generic::Cancelable::grace), and for other tasks.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).grace(Duration::from_secs(5));
    /// let run = op.run(async |cx| cx.cancelled().await.reason().to_string());
    /// assert_eq!(smol::block_on(run).as_deref(), Ok("timeout"));
    /// ```
    pub fn cancelled(&self) -> WaitForCancel<&Token> {
        self.scope.cancelled()
    }

    #[inline]
    pub(super) fn show<T>(&self, f: impl FnOnce() -> T) -> T
    where
        R: Runtime,
    {
        current::within(&self.scope, f)
    }
}

impl<R: Runtime> Cx<R> {
    /// Returns the context of the body that is running here, if it runs on this kind of runtime: the
    /// innermost one. See [`current_token`](crate::current_token) for where that is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cx};
    ///
    /// fn deep_inside() {
    ///     if let Some(cx) = Cx::current() {
    ///         cx.report_progress("deep inside");
    ///     }
    /// }
    ///
    /// let op = Cancelable::new().build();
    /// smol::block_on(op.run(async |_| deep_inside())).unwrap();
    /// assert_eq!(op.context().progress().unwrap().message(), "deep inside");
    /// assert!(Cx::current().is_none());
    /// ```
    pub fn current() -> Option<Self> {
        current::find().map(Cx::new)
    }

    /// Calls `f` on this thread, with this operation as the [current](Cx::current) one.
    ///
    /// For parts of a body that run elsewhere by other means than
    /// [`run_in_thread`](Cx::run_in_thread): threads that you start, another pool. Nothing is checked
    /// before or after, and nobody waits for it.
    ///
    /// # Panics
    ///
    /// If `f` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, current_id};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     let cx = cx.clone();
    ///     std::thread::spawn(move || cx.within(|_| current_id())).join().unwrap()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Some(op.id())));
    /// ```
    pub fn within<T>(&self, f: impl FnOnce(&Cx<R>) -> T) -> T {
        let _inside = self.operation().inner.trace.enter();
        self.show(|| f(self))
    }
}

/// The same context.
impl<R> Clone for Cx<R> {
    fn clone(&self) -> Self {
        Cx {
            scope: self.scope.clone(),
        }
    }
}

/// The scope of a `Cx`: it may be hidden.
impl<R: Runtime> CurrentOperation for Operation<R> {
    fn id(&self) -> OperationId {
        self.inner.id // (a hidden one has that of its owner)
    }

    fn token(&self) -> CancelToken {
        Operation::token(self).clone()
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl<R> UnwindSafe for Cx<R> {}
impl<R> RefUnwindSafe for Cx<R> {}

/// Takes no lock.
impl<R> fmt::Debug for Cx<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("operation", self.operation())
            .finish_non_exhaustive()
    }
}
