//! Functions that ask before each call whether the operation is cancelled.

use super::Runtime;
use super::base::{Cx, Operation};
use super::wrapped::Wrapped;
use cancel_core::Cancelled;
use std::future::Future;

impl<R: Runtime> Cx<R> {
    /// Puts a [`checkpoint`](Cx::checkpoint) before each call of an async function: for code that
    /// calls it again and again, like the retry helpers of other crates.
    ///
    /// Each call checks the operation, then calls `f`, then gives way once, so that the operation's
    /// sources (signals, conditions and the like) are heard even if no call ever has to wait, checks
    /// again, and only then polls what `f` returned. A call that has begun is not stopped by this: that
    /// is up to the [run](crate::Cancelable::run) whose body it is a part of.
    ///
    /// # Returns
    ///
    /// A function that can be called as often as `f`, and is `Send` if that is.
    ///
    /// # Errors
    ///
    /// Of the calls: [`Cancelled`] from the first check that fails; `f`'s future has not been polled
    /// then, nor will be later ones. A helper that tries again after each error has to be told that
    /// this one is final.
    ///
    /// # Panics
    ///
    /// The calls: as [`check`](Cx::check), and as `f`.
    ///
    /// # Cancel safety
    ///
    /// That of the calls is that of `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::cell::Cell;
    ///
    /// let calls = Cell::new(0);
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     let mut ping = cx.wrap(async || {
    ///         calls.set(calls.get() + 1);
    ///         if calls.get() == 3 {
    ///             cx.cancel_with("enough");
    ///         }
    ///     });
    ///     while ping().await.is_ok() {}
    ///     calls.get()
    /// });
    /// // Refused at the fourth call, the body returned.
    /// assert_eq!(smol::block_on(run), Ok(3));
    /// assert_eq!(op.context().message(), Some("enough"));
    /// ```
    pub fn wrap<F, W>(
        &self,
        mut f: F,
    ) -> impl FnMut() -> Wrapped<R, W, Result<W::Output, Cancelled>> + use<R, F, W>
    where
        F: FnMut() -> W,
        W: Future,
    {
        let op = self.scope.clone();
        move || Wrapped::new(&op, &mut f, |result| result)
    }

    /// [`wrap`](Cx::wrap) for a function that can fail, with an error type that takes
    /// cancelations, too: one `Result` for both.
    ///
    /// # Errors
    ///
    /// Of the calls: those of `f`, or a [`Cancelled`] as in [`wrap`](Cx::wrap), converted.
    ///
    /// # Panics
    ///
    /// As [`wrap`](Cx::wrap).
    ///
    /// # Cancel safety
    ///
    /// As [`wrap`](Cx::wrap).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled, Reason};
    /// use std::error::Error;
    /// use std::time::Duration;
    ///
    /// type Answer = Result<u32, Box<dyn Error>>;
    ///
    /// /// Knows nothing of operations.
    /// async fn retry<W: Future<Output = Answer>>(mut call: impl FnMut() -> W) -> Answer {
    ///     loop {
    ///         match call().await {
    ///             Err(error) if !error.is::<Cancelled>() => continue,
    ///             result => return result,
    ///         }
    ///     }
    /// }
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5));
    /// let run = op.try_run(async |cx| -> Answer {
    ///     retry(cx.try_wrap(|| async { Err("connection refused".into()) })).await
    /// });
    /// let error = smol::block_on(run).unwrap_err();
    /// assert_eq!(error.downcast::<Cancelled>().unwrap().reason(), Reason::Timeout);
    /// ```
    pub fn try_wrap<T, E, F, W>(
        &self,
        mut f: F,
    ) -> impl FnMut() -> Wrapped<R, W, Result<T, E>> + use<R, T, E, F, W>
    where
        E: From<Cancelled>,
        F: FnMut() -> W,
        W: Future<Output = Result<T, E>>,
    {
        let op = self.scope.clone();
        move || Wrapped::new(&op, &mut f, |result| result?)
    }

    /// Puts a [`check`](Cx::check) before each call of a plain function.
    ///
    /// It sees tokens, parents and passed deadlines. Signals, conditions and other sources that are
    /// futures are heard by the runner: while an async body does not await, it cannot hear them, and
    /// [`wrap`](Cx::wrap) is the better choice. In [`run_blocking`](crate::Cancelable::run_blocking) and
    /// on other threads than the runner's they are heard.
    ///
    /// # Returns
    ///
    /// A function that can be called as often as `f`, and is `Send` if that is.
    ///
    /// # Errors
    ///
    /// Of the calls: [`Cancelled`], and then `f` is not called.
    ///
    /// # Panics
    ///
    /// The calls: as [`check`](Cx::check), and as `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_secs(3600)).build();
    /// let mut calls = 0;
    /// let run = op.run_blocking(|cx| {
    ///     let mut count = cx.wrap_blocking(|| {
    ///         calls += 1;
    ///         if calls == 3 {
    ///             cx.operation().set_timeout(Duration::ZERO);
    ///         }
    ///     });
    ///     while count().is_ok() {}
    /// });
    /// assert_eq!(run, Ok(()));
    /// assert_eq!(calls, 3);
    /// assert_eq!(op.context().reason(), Some(Reason::Timeout));
    /// ```
    pub fn wrap_blocking<T, F>(
        &self,
        mut f: F,
    ) -> impl FnMut() -> Result<T, Cancelled> + use<R, T, F>
    where
        F: FnMut() -> T,
    {
        let op = self.scope.clone();
        move || op.check().map(|()| f())
    }

    /// [`wrap_blocking`](Cx::wrap_blocking) for a function that can fail, with an error type that
    /// takes cancelations, too.
    ///
    /// # Errors
    ///
    /// Of the calls: those of `f`, or a [`Cancelled`], converted, and then `f` is not called.
    ///
    /// # Panics
    ///
    /// As [`wrap_blocking`](Cx::wrap_blocking).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let op = Cancelable::new().build();
    /// let mut call = op.try_wrap_blocking(|| Ok::<_, Cancelled>(5));
    /// assert_eq!(call(), Ok(5));
    /// op.cancel_with("enough");
    /// assert_eq!(call().unwrap_err().message(), Some("enough"));
    /// ```
    pub fn try_wrap_blocking<T, E, F>(
        &self,
        mut f: F,
    ) -> impl FnMut() -> Result<T, E> + use<R, T, E, F>
    where
        E: From<Cancelled>,
        F: FnMut() -> Result<T, E>,
    {
        let op = self.scope.clone();
        move || {
            op.check()?;
            f()
        }
    }
}

/// As those of [`Cx`], for code that has only a handle.
impl<R: Runtime> Operation<R> {
    /// Puts a checkpoint before each call of an async function. As [`Cx::wrap`].
    ///
    /// # Errors
    ///
    /// As [`Cx::wrap`].
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// let mut call = op.wrap(|| async { 5 });
    /// assert_eq!(smol::block_on(call()), Ok(5));
    /// op.cancel();
    /// assert!(smol::block_on(call()).is_err());
    /// ```
    pub fn wrap<F, W>(
        &self,
        f: F,
    ) -> impl FnMut() -> Wrapped<R, W, Result<W::Output, Cancelled>> + use<R, F, W>
    where
        F: FnMut() -> W,
        W: Future,
    {
        Cx::new(self.clone()).wrap(f)
    }

    /// Puts a checkpoint before each call of an async function that can fail. As [`Cx::try_wrap`].
    ///
    /// # Errors
    ///
    /// As [`Cx::try_wrap`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let op = Cancelable::new().build();
    /// let mut call = op.try_wrap(|| async { Ok::<_, Cancelled>(5) });
    /// assert_eq!(smol::block_on(call()), Ok(5));
    /// ```
    pub fn try_wrap<T, E, F, W>(
        &self,
        f: F,
    ) -> impl FnMut() -> Wrapped<R, W, Result<T, E>> + use<R, T, E, F, W>
    where
        E: From<Cancelled>,
        F: FnMut() -> W,
        W: Future<Output = Result<T, E>>,
    {
        Cx::new(self.clone()).try_wrap(f)
    }

    /// Puts a check before each call of a plain function. As [`Cx::wrap_blocking`].
    ///
    /// # Errors
    ///
    /// As [`Cx::wrap_blocking`].
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// let mut call = op.wrap_blocking(|| 5);
    /// assert_eq!(call(), Ok(5));
    /// ```
    pub fn wrap_blocking<T, F>(&self, f: F) -> impl FnMut() -> Result<T, Cancelled> + use<R, T, F>
    where
        F: FnMut() -> T,
    {
        Cx::new(self.clone()).wrap_blocking(f)
    }

    /// Puts a check before each call of a plain function that can fail. As [`Cx::try_wrap_blocking`].
    ///
    /// # Errors
    ///
    /// As [`Cx::try_wrap_blocking`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let op = Cancelable::new().build();
    /// let mut call = op.try_wrap_blocking(|| Ok::<_, Cancelled>(5));
    /// assert_eq!(call(), Ok(5));
    /// ```
    pub fn try_wrap_blocking<T, E, F>(&self, f: F) -> impl FnMut() -> Result<T, E> + use<R, T, E, F>
    where
        E: From<Cancelled>,
        F: FnMut() -> Result<T, E>,
    {
        Cx::new(self.clone()).try_wrap_blocking(f)
    }
}
