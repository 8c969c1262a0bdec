//! Bodies, and parts of bodies, that block a thread.
//!
//! `run_blocking` calls its closure on the calling thread. The runner of the operation is an ordinary
//! one (`drive`), whose body waits, shielded, for the closure to be over.
//!
//! * B1: The calling thread polls the runner until its body asks for the closure, and puts it into the
//!   slot. Whoever takes it from there polls it to its end: a thread of the pool while the closure is at
//!   work, or, if none was free, the calling thread when the closure is over. So nobody ever waits for
//!   the pool. All that a full pool does is that sources, callbacks and cleanup are late.
//! * B2: The end of the closure is stored, then the runner is woken; the body listens, then looks. So it
//!   cannot miss it.
//! * B3: Between the end of the closure and that of the body the runner is polled once: so it asks the
//!   sources once more, also one that nobody has polled before. What fired while the closure was at work
//!   has been heard, then, even if no thread was free.

use super::Runtime;
use super::base::{Cancelable, Cx, Operation};
use super::call::{Call, ThreadSlot};
use super::drive::drive;
use super::end::{Outcome, Running};
use super::outcomes::{erred, no_cleanup};
use crate::report::status::Status;
use crate::threads::blocking::{AtWork, block_on, place, unblock, unblock_if_free};
use crate::threads::pool::{self, NoThread};
use cancel_core::{Cancelled, Cause, Token};
use std::convert::Infallible;
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

impl<R: Runtime> Cancelable<R> {
    /// Runs a body that blocks, on this thread, with everything that [`run`](Cancelable::run) offers
    /// alive meanwhile: timeout and other sources, callbacks, progress, cleanup.
    ///
    /// A closure cannot be dropped half-way. It ends early if it asks: with
    /// [`check`](Cx::check), or [`sleep_blocking`](Cx::sleep_blocking). That is why it
    /// counts as [shielded](crate::Context::shielded). An operation that is cancelled beforehand, or has
    /// no time at all, never calls it. The closure may borrow, and need not be `Send`.
    ///
    /// Callbacks and cleanup run on this thread or on one of the pool for blocking work (the runtime's where
    /// it has one, or else that of the process), which watches over the sources meanwhile. The pool of the
    /// process grows when it has to, up to a limit
    /// ([`Std::set_max_blocking_threads`](crate::Std::set_max_blocking_threads)). While the pool is full, or has
    /// no thread and cannot start one, sources are late,
    /// which never blocks this call: `check` still sees deadlines, tokens and parents. When the closure
    /// has returned, all sources are asked once more: one that has fired cancels the operation, and the
    /// closure's value counts nevertheless.
    ///
    /// In async code this blocks the whole executor: use [`run_in_thread`](Cx::run_in_thread).
    ///
    /// On platforms without threads (wasm) nobody watches meanwhile: `check` still sees deadlines, tokens
    /// and parents.
    ///
    /// A virtual clock stands still until the operation has ended, except while it waits in
    /// [`sleep_blocking`](Cx::sleep_blocking) or in a cleanup.
    ///
    /// # Returns
    ///
    /// The closure's value, also if the operation was cancelled meanwhile; the cause stays readable in
    /// the [context](Operation::context).
    ///
    /// # Errors
    ///
    /// As [`run`](Cancelable::run): only if the closure was not called.
    ///
    /// # Panics
    ///
    /// If the closure panics: the operation is ended first (status *failed*, with cleanup). Also as
    /// `run`. On platforms without threads (wasm), if a callback or cleanup has to wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    /// let rounds = op.run_blocking(|cx| {
    ///     let mut rounds = 0;
    ///     while !cx.is_cancelled() {
    ///         rounds += 1;
    ///     }
    ///     rounds
    /// });
    /// println!("{} rounds", rounds.unwrap());
    /// assert_eq!(op.context().reason(), Some(Reason::Timeout));
    /// ```
    pub fn run_blocking<T, F>(self, body: F) -> Result<T, Cancelled>
    where
        F: FnOnce(&Cx<R>) -> T,
    {
        self.build().call(body, |_| None::<&Infallible>)
    }

    /// [`run_blocking`](Cancelable::run_blocking) for a closure that can fail. Its error type takes
    /// cancelations, too, so that `cx.check()?` works.
    ///
    /// # Errors
    ///
    /// As [`try_run`](Cancelable::try_run): the closure's error, or why it was not called.
    ///
    /// # Panics
    ///
    /// As [`run_blocking`](Cancelable::run_blocking).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled, Reason, Status};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    /// let result = op.try_run_blocking(|cx| -> Result<(), Cancelled> {
    ///     loop {
    ///         cx.check()?; // between two steps of the work
    ///     }
    /// });
    /// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    /// assert_eq!(op.status(), Status::Cancelled);
    /// ```
    pub fn try_run_blocking<T, E, F>(self, body: F) -> Result<T, E>
    where
        E: From<Cancelled> + Display + 'static,
        F: FnOnce(&Cx<R>) -> Result<T, E>,
    {
        self.build().call(body, |result| result.as_ref().err())?
    }
}

impl<R: Runtime> Operation<R> {
    /// Runs a body that blocks, on this thread: as [`Cancelable::run_blocking`], once.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::run_blocking`], and for a second run as [`run`](Operation::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_blocking`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// let op = Cancelable::new().build();
    /// assert_eq!(op.run_blocking(|cx| cx.id()), Ok(op.id()));
    /// assert_eq!(op.status(), Status::Completed);
    /// ```
    pub fn run_blocking<T, F>(&self, body: F) -> Result<T, Cancelled>
    where
        F: FnOnce(&Cx<R>) -> T,
    {
        self.call(body, |_| None::<&Infallible>)
    }

    /// Runs a body that blocks and can fail: as [`Cancelable::try_run_blocking`], once.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::try_run_blocking`], and for a second run as [`run`](Operation::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_blocking`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let op = Cancelable::new().build();
    /// op.cancel_with("not today");
    /// let run = op.try_run_blocking(|_| Ok::<_, Cancelled>(5));
    /// assert_eq!(run.unwrap_err().message(), Some("not today"));
    /// ```
    pub fn try_run_blocking<T, E, F>(&self, body: F) -> Result<T, E>
    where
        E: From<Cancelled> + Display + 'static,
        F: FnOnce(&Cx<R>) -> Result<T, E>,
    {
        self.call(body, |result| result.as_ref().err())?
    }

    fn call<T, E, F>(&self, body: F, error: fn(&T) -> Option<&E>) -> Result<T, Cancelled>
    where
        E: Display + 'static,
        F: FnOnce(&Cx<R>) -> T,
    {
        // From before the start until the runner has ended: no virtual clock moves between its parts.
        let place = place(&self.inner.runtime);
        let at_work = AtWork::begin(place.clone());
        let _here = at_work.here();
        let call = Arc::new(Call::default());
        let mut runner = self.runner(call.clone());
        let refused = block_on(poll_fn(|cx| match runner.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result.err()),
            Poll::Pending if call.is_wanted() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }));
        if let Some(refused) = refused {
            return Err(refused);
        }
        let slot = Arc::new(ThreadSlot::new(runner));
        let helper = pool::IS_THERE.then(|| {
            let slot = slot.clone();
            unblock_if_free(place, move || slot.take().map(block_on))
        });
        let value = catch_unwind(AssertUnwindSafe(|| {
            self.within(|op| {
                let value = body(op);
                let text = error(&value).map(E::to_string);
                (value, text)
            })
        }));
        let value = match value {
            Ok((value, text)) => {
                call.end(Ok(text));
                Some(value)
            }
            Err(payload) => {
                call.end(Err(payload));
                None
            }
        };
        let result = match (slot.take(), helper) {
            (Some(runner), _) => Some(block_on(runner)),
            // It has run: otherwise the runner would still be there.
            (None, Some(helper)) => block_on(helper).ok().flatten(),
            (None, None) => unreachable!("nobody else has taken it"),
        };
        // A panic of the closure has come through the runner.
        match (value, result) {
            (Some(value), _) => {
                // Its type need not be one that can be shown to another thread, on which the runner ended.
                let failed = error(&value).filter(|_| self.status() == Status::Failed);
                if let Some(error) = failed {
                    self.tell_error(error);
                }
                Ok(value)
            }
            (None, Some(Err(cancelled))) => Err(cancelled),
            (None, _) => unreachable!("without a value there was a panic"),
        }
    }

    /// The operation's run, with a body that lasts as long as the closure.
    fn runner(&self, call: Arc<Call>) -> Runner {
        let body = async move |cx: &Cx<R>| cx.hold(call.over()).await;
        let outcome =
            |over: Result<&Option<String>, &Cancelled>, token: &Token, run: Running<'_, R>| {
                run.end(match over {
                    Ok(None) => Outcome::Completed,
                    Ok(Some(text)) => erred(text, None, token),
                    Err(_) => Outcome::Cancelled(None),
                })
            };
        let done = |result: Result<_, _>| result.map(drop);
        Box::pin(drive(
            Cx::new(self.clone()),
            body,
            no_cleanup::<R>(),
            outcome,
            done,
        ))
    }

    /// Calls `f` on this thread, with this operation as the [current](Operation::current) one, and with its
    /// [`Cx`]. As [`Cx::within`], for those who have a handle.
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
    /// let handle = op.clone();
    /// let thread = std::thread::spawn(move || handle.within(|_| current_id()));
    /// assert_eq!(thread.join().unwrap(), Some(op.id()));
    /// ```
    pub fn within<T>(&self, f: impl FnOnce(&Cx<R>) -> T) -> T {
        Cx::new(self.clone()).within(f)
    }
}

impl<R: Runtime> Cx<R> {
    /// Calls `f` on a thread for blocking work, and waits for it without blocking anything here.
    ///
    /// The thread is one of the runtime's pool for such work where it has one (tokio), or else one of this
    /// crate's, which belongs to the process, and grows when it has to, up to a
    /// [limit](crate::Std::set_max_blocking_threads). Inside, this operation is the
    /// [current](Operation::current) one. `f` is not called if the operation is cancelled before a thread is
    /// free; once it has begun, it has to [`check`](Cx::check) for itself. With the `Cx` of a
    /// [shield](Cx::shield) or of a cleanup it works although the operation is cancelled.
    ///
    /// A virtual clock stands still until `f` returns, except while it waits in
    /// [`sleep_blocking`](Cx::sleep_blocking).
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if `f` was not called. If there is no thread and none can be started, as on platforms
    /// without threads (wasm), the reason is [`Reason::Error`](cancel_core::Reason::Error), and the operation
    /// goes on; if the runtime is shut down, it is [`Reason::Dropped`](cancel_core::Reason::Dropped).
    ///
    /// # Panics
    ///
    /// If `f` does.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before `f` has begun, `f` is dropped, too. After that `f` goes on, and
    /// nobody waits for it; if it is the operation's body that is dropped, `f` sees that in `check`. To
    /// wait for it in any case, call it with the `Cx` of a [shield](Cx::shield).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, current_id};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     cx.run_in_thread(|cx| {
    ///         cx.report_progress("on another thread");
    ///         current_id()
    ///     })
    ///     .await
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Ok(Some(op.id()))));
    /// ```
    pub fn run_in_thread<T, F>(
        &self,
        f: F,
    ) -> impl Future<Output = Result<T, Cancelled>> + Send + use<T, F, R>
    where
        T: Send + 'static,
        F: FnOnce(&Cx<R>) -> T + Send + 'static,
    {
        let cx = self.clone();
        async move {
            cx.check()?;
            if !pool::IS_THERE {
                return Err(Cause::from(NoThread::NoneStarts).into());
            }
            let place = place(cx.runtime());
            let work = (f, cx.hold_groups());
            let called = unblock(place, move || {
                cx.check()?;
                let (f, _held) = work;
                Ok(cx.within(f))
            });
            called.await.map_err(Cause::from)?
        }
    }
}

type Runner = Pin<Box<dyn Future<Output = Result<(), Cancelled>> + Send>>;
