//! Signals of the operating system as sources.

use super::Runtime;
use super::base::{Cancelable, Source};
use crate::basics::build_error::BuildError;
use crate::signal::{Listener, Signal, Signals, listen};
use cancel_core::{CancelToken, Cause, Reason};
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};

impl<R: Runtime> Source<R> {
    /// Fires when the process receives `signal`: with [`Reason::Signal`] and the name of the signal
    /// as the message.
    ///
    /// Otherwise as [`signals`](Source::signals).
    ///
    /// # Errors
    ///
    /// If the signal cannot be listened for; see [`Signals::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use cancel_std::{Cancelable, Signal, Source};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::any([
    ///     Source::signal(Signal::SIGINT)?,
    ///     Source::timeout(Duration::from_millis(5)),
    /// ]);
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// assert!(smol::block_on(run).is_err());
    /// # }
    /// # Ok::<(), cancel_std::BuildError>(())
    /// ```
    pub fn signal(signal: impl Into<Signal>) -> Result<Self, BuildError> {
        Self::signals([signal])
    }

    /// Fires when the process receives one of these signals: with [`Reason::Signal`] and the name of
    /// the signal as the message.
    ///
    /// The first one asks for the cancelation. Each further one of the same run is one more request,
    /// whichever of the signals it is: it ends the [grace period](Cancelable::grace) of the operation and
    /// those of all operations below it (children, tasks of a group), as
    /// [`force`](crate::Operation::force) does; never a shield or a
    /// cleanup. To end the process with the second, see [`Signals::exit_on_second`].
    ///
    /// # Who listens, and when
    ///
    /// An operation listens from its start (before the body is first polled) until its run ends, with
    /// its shields and its cleanup, whichever way that ends. It may run on any thread, on any executor,
    /// or on none: the first use starts a thread that waits for signals, and stays. Of several
    /// operations that listen for a signal each hears it.
    ///
    /// # Before and after
    ///
    /// While nobody listens, a signal does what it did before the first operation listened for it: the
    /// default action if there was none, nothing if it was ignored (`nohup`). A handler that was there
    /// is called all the time, also while operations listen. If the program handles the same signal by
    /// other means as well, these should be set up before the first operation runs: then the default
    /// action does not come back. (The handler itself stays; a child process that is started later
    /// begins with the default action even if the signal was ignored.)
    ///
    /// No signal is lost: one that arrives when it is too late to cancel any of those who heard it,
    /// because their bodies have just completed, or are in the cleanup after that, is passed on when
    /// their runs have ended: to those who listen then, or else it does what it does while nobody
    /// listens. That is not so if the run has been cancelled, whatever by, since then it is just one more
    /// request. (One that is still on its way when the last run ends comes after it.) Signals in quick
    /// succession may count as one, as they do for the system.
    ///
    /// # Limits
    ///
    /// On Windows there is only Ctrl-C, which is `SIGINT`; the `ctrlc` crate is used, which can only be
    /// had once: if the application uses it by itself, the source fires at once, with
    /// [`Reason::Error`]. After `fork` without `exec` nobody listens in the new process, and signals that
    /// were listened for are lost there.
    ///
    /// # Errors
    ///
    /// If there are none, or if one of them cannot be listened for; see [`Signals::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use cancel_std::{Cancelable, Reason, Signal, Source};
    ///
    /// let op = Cancelable::new().source(Source::signals([Signal::SIGUSR1, Signal::SIGUSR2])?);
    /// let run = op.run(async |_| {
    ///     signal_hook::low_level::raise(Signal::SIGUSR2.number()).unwrap();
    ///     std::future::pending::<()>().await
    /// });
    /// let cancelled = smol::block_on(run).unwrap_err();
    /// assert_eq!(cancelled.message(), Some("SIGUSR2"));
    /// assert_eq!(cancelled.reason(), Reason::Signal(Signal::SIGUSR2.number() as u16));
    /// # }
    /// # Ok::<(), cancel_std::BuildError>(())
    /// ```
    pub fn signals<S>(signals: S) -> Result<Self, BuildError>
    where
        S: IntoIterator<Item: Into<Signal>>,
    {
        Signals::new(signals).map(Source::from)
    }
}

/// As [`Source::signals`].
impl<R: Runtime> From<Signals> for Source<R> {
    fn from(signals: Signals) -> Self {
        let name = format!("{signals:?}");
        Source::starting(name, move |op| Listening::new(&signals, op.token()))
    }
}

impl<R: Runtime + Default> Cancelable<R> {
    /// Creates an operation that is cancelled by a signal. See [`Source::signals`].
    ///
    /// # Errors
    ///
    /// If the signal cannot be listened for; see [`Signals::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use cancel_std::{Cancelable, Signal};
    ///
    /// let op = Cancelable::with_signal(Signal::SIGINT)?.name("copy");
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    ///
    /// assert!(Cancelable::with_signal(9).is_err()); // nobody can catch SIGKILL
    /// # }
    /// # Ok::<(), cancel_std::BuildError>(())
    /// ```
    #[doc(alias = "SIGINT")]
    #[doc(alias = "ctrl_c")]
    pub fn with_signal(signal: impl Into<Signal>) -> Result<Self, BuildError> {
        Self::new().signals([signal])
    }

    /// Creates an operation that is cancelled by any of these signals. See [`Source::signals`].
    ///
    /// # Errors
    ///
    /// If there are none, or if one of them cannot be listened for; see [`Signals::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use cancel_std::{Cancelable, Signal};
    ///
    /// let server = Cancelable::with_signals([Signal::SIGINT, Signal::SIGTERM])?
    ///     .finally(|_| async { println!("connections closed") });
    /// assert_eq!(smol::block_on(server.run(async |_| 5)), Ok(5));
    /// # }
    /// # Ok::<(), cancel_std::BuildError>(())
    /// ```
    pub fn with_signals<S>(signals: S) -> Result<Self, BuildError>
    where
        S: IntoIterator<Item: Into<Signal>>,
    {
        Self::new().signals(signals)
    }
}

impl<R: Runtime> Cancelable<R> {
    /// Lets these signals cancel it, too. See [`Source::signals`].
    ///
    /// # Errors
    ///
    /// If there are none, or if one of them cannot be listened for; see [`Signals::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use cancel_std::{Cancelable, Signal};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_secs(60)).signals([Signal::SIGTERM])?;
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    /// # }
    /// # Ok::<(), cancel_std::BuildError>(())
    /// ```
    pub fn signals<S>(self, signals: S) -> Result<Self, BuildError>
    where
        S: IntoIterator<Item: Into<Signal>>,
    {
        let signals = Signals::new(signals)?;
        Ok(self.source(signals))
    }
}

/// The signals that come during one run.
struct Listening {
    listener: Option<Listener>,
    /// Why there is none.
    failed: Option<Cause>,
    /// The operation's own.
    token: CancelToken,
}

impl Listening {
    fn new(signals: &Signals, token: &CancelToken) -> Self {
        let (listener, failed) = match listen(signals.numbers(), signals.exits_on_second()) {
            Ok(listener) => (Some(listener), None),
            Err(error) => {
                let cause = Cause::new(Reason::Error)
                    .with_message("signals cannot be listened for")
                    .with_error(error);
                (None, Some(cause))
            }
        };
        Listening {
            listener,
            failed,
            token: token.clone(),
        }
    }
}

impl Stream for Listening {
    type Item = Cause;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cause>> {
        let Some(listener) = &self.listener else {
            return Poll::Ready(self.failed.take());
        };
        listener.poll_next(cx).map(|number| {
            let cause = Cause::new(Reason::Signal(number.try_into().unwrap_or(0)));
            Some(match Signal::from(number).name() {
                Some(name) => cause.with_message(name),
                None => cause,
            })
        })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // A run that is dropped has asked for nothing by that.
        let cancelled = |why: cancel_core::Cancelled| why.reason() != Reason::Dropped;
        if let Some(listener) = self.listener.take() {
            listener.leave(self.token.cause().is_some_and(cancelled));
        }
    }
}
