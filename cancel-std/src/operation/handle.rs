//! `Operation`: the handle, and what can be done with it at any time from anywhere.

use super::Runtime;
use super::base::{Cx, Operation};
use crate::basics::id::OperationId;
use crate::report::context::Context;
use crate::report::status::Status;
use cancel_core::{CancelToken, Cause, Reason, Token, WaitForCancel};
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

impl<R> Operation<R> {
    /// Returns the id of the operation, which no other one of the process has.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(op.id(), op.clone().id());
    /// ```
    pub fn id(&self) -> OperationId {
        self.inner.id
    }

    /// Returns the name, if the operation has one.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name("fetch").build();
    /// assert_eq!(op.name(), Some("fetch"));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.inner.setup.name.as_deref()
    }

    /// Returns the operation that this one is a part of: the [parent](crate::Cancelable::parent) that it was
    /// given, or the operation in whose body it [runs](crate::Cancelable#nesting).
    ///
    /// `None` also if the parent had ended when this operation was built: it is not kept then, and only its id
    /// stays in the [context](Context::parent_id).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name("all").build();
    /// let part = op.child().build();
    /// assert_eq!(part.parent().unwrap().name(), Some("all"));
    /// assert!(op.parent().is_none());
    /// ```
    pub fn parent(&self) -> Option<Operation<R>> {
        let parent = self.visible().inner.parent()?;
        Some(parent.operation.visible().clone())
    }

    /// Returns the runtime, for its clock, its sleeps, and if it can, to spawn.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Timer};
    ///
    /// let op = Cancelable::new().build();
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().ended() <= Some(op.runtime().now()));
    /// ```
    pub fn runtime(&self) -> &R {
        &self.inner.runtime
    }

    /// The operation's own token: to wait for it, to make children of it, to register callbacks.
    ///
    /// It is made when it is first asked for, when the operation first waits, and for a task when it is spawned.
    /// What comes down to it then is the same as if it had been there from the beginning, but for
    /// [`cancel_children`](cancel_core::Token::cancel_children) of a token above: that reaches what is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let part = op.token().child();
    /// op.cancel();
    /// assert!(part.is_cancelled());
    /// ```
    pub fn token(&self) -> &CancelToken {
        self.inner.token()
    }

    /// Cancels the operation, with [`Reason::Manual`].
    ///
    /// Otherwise as [`cancel_with`](Operation::cancel_with).
    ///
    /// # Returns
    ///
    /// `true` for the one call that won.
    ///
    /// # Panics
    ///
    /// As [`Token::cancel`]: with the first panic of the wakers and callbacks of the token.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert!(op.cancel());
    /// assert!(smol::block_on(op.run(async |_| unreachable!())).unwrap_or_else(|_| true));
    /// ```
    pub fn cancel(&self) -> bool {
        self.cancel_with(Reason::Manual)
    }

    /// Cancels the operation and says why, from any thread: a message, a [`Reason`], both, or a
    /// whole [`Cause`].
    ///
    /// The body is dropped by the task that runs it, at the next point where it awaits something
    /// that is not ready. One that has not been started is never polled.
    ///
    /// # Returns
    ///
    /// `true` for the one call that won; its cause is the one that stays.
    ///
    /// # Panics
    ///
    /// As [`cancel`](Operation::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    ///
    /// let op = Cancelable::new().build();
    /// op.cancel_with((Reason::Shutdown, "SIGTERM"));
    /// assert_eq!(op.context().message(), Some("SIGTERM"));
    /// ```
    pub fn cancel_with(&self, cause: impl Into<Cause>) -> bool {
        self.token().cancel_with(cause)
    }

    /// Resolves once cancelation is asked for. For other tasks than the body, which is dropped
    /// when that happens.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// let handle = op.clone();
    /// std::thread::spawn(move || handle.cancel_with("enough"));
    /// assert_eq!(smol::block_on(op.cancelled()).message(), Some("enough"));
    /// ```
    pub fn cancelled(&self) -> WaitForCancel<&Token> {
        self.token().cancelled()
    }

    /// Where the operation is in its life.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// assert_eq!(Cancelable::new().build().status(), Status::Pending);
    /// ```
    pub fn status(&self) -> Status {
        self.inner.lock().status
    }
}

impl<R: Runtime> Operation<R> {
    /// What is known about the operation now: a snapshot.
    ///
    /// At any time, from any thread, also after the end.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name("idle").build();
    /// assert_eq!(op.context().name(), Some("idle"));
    /// assert_eq!(op.context().duration(), None);
    /// ```
    pub fn context(&self) -> Context {
        self.inner.snapshot()
    }
}

/// Another handle of the same operation.
impl<R> Clone for Operation<R> {
    fn clone(&self) -> Self {
        Operation {
            inner: self.inner.clone(),
        }
    }
}

impl<R: Runtime> Operation<R> {
    /// Returns the operation whose body is running here, if it runs on this kind of runtime: the
    /// innermost one. See [`current_token`](crate::current_token) for where that is, and
    /// [`Cx::current`](crate::Cx::current).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Operation};
    ///
    /// fn deep_inside() {
    ///     if let Some(op) = Operation::current() {
    ///         op.cancel_with("from deep inside");
    ///     }
    /// }
    ///
    /// let op = Cancelable::new().build();
    /// smol::block_on(op.run(async |_| deep_inside())).unwrap();
    /// assert_eq!(op.context().message(), Some("from deep inside"));
    /// assert!(Operation::current().is_none());
    /// ```
    pub fn current() -> Option<Self> {
        Cx::current().map(|cx| cx.operation().clone())
    }
}

impl<R> UnwindSafe for Operation<R> {}
impl<R> RefUnwindSafe for Operation<R> {}

/// Takes no lock.
impl<R> fmt::Debug for Operation<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("id", &format_args!("{}", self.inner.id))
            .field("name", &self.inner.setup.name)
            .field("token", &self.inner.token.get())
            .field("deadline", &self.inner.deadline)
            .finish_non_exhaustive()
    }
}
