//! Callbacks that take their time, and observers.

use super::base::Cancelable;
use crate::report::callbacks::{Event, Work};
use crate::report::context::Context;
use crate::report::observer::Observer;
use crate::report::progress::Progress;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// What makes a boxed future of a callback's.
fn boxed<A, W>(f: impl Fn(A) -> W + Send + Sync + 'static) -> impl Fn(A) -> Work + Send + Sync
where
    W: Future<Output = ()> + Send + 'static,
{
    move |argument| Box::pin(f(argument))
}

/// Asynchronous callbacks.
///
/// The run awaits them, one after the other, when the synchronous ones have been called, and they hold the
/// operations around it meanwhile.
///
/// * Those of the start come before the body, and are limited as the body is: what cancels the operation
///   drops them, and the body is never polled.
/// * Those of progress run beside the body, and what is left of them after it.
/// * Those of the end come after the cleanup. They are not cancelled with the operation.
///
/// After the body the run waits for at most [`callback_limit`](Cancelable::callback_limit), one second by
/// default, and after [`force`](crate::Operation::force) not at all. What is not over then is dropped,
/// [counted](Context::callbacks_cut_off) and logged.
///
/// If the run is dropped, they are, too, and those of the end are not called at all. Their panics are
/// contained and [counted](Context::callback_panics).
impl<R> Cancelable<R> {
    /// Awaits `f` when the operation starts, before its body.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_start_async(|context| async move {
    ///     println!("{} starts", context.id());
    /// });
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// ```
    pub fn on_start_async<W>(mut self, f: impl Fn(Context) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.callbacks().on_event_async(Event::Start, boxed(f));
        self
    }

    /// Runs `f` for every progress report of this operation or one below it, in their order, one at a
    /// time, beside the body. What is left when the body ends is done before the operation ends.
    ///
    /// Whoever reports does not wait for that. Reports that come faster than they are handled queue up
    /// without limit; if only the latest counts, use
    /// [`watch_progress`](crate::Operation::watch_progress).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let (send, receive) = smol::channel::unbounded();
    /// let op = Cancelable::new().on_progress_async(move |progress| {
    ///     let send = send.clone();
    ///     async move { send.send(progress.to_string()).await.unwrap() }
    /// });
    /// smol::block_on(op.run(async |cx| cx.progress(1, 2))).unwrap();
    /// assert_eq!(receive.try_recv().unwrap(), "1/2");
    /// ```
    pub fn on_progress_async<W>(mut self, f: impl Fn(Progress) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.callbacks().on_progress_async(boxed(f));
        self
    }

    /// Awaits `f` when the operation has completed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_complete_async(|context| async move {
    ///     println!("took {:?}", context.duration());
    /// });
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// ```
    pub fn on_complete_async<W>(mut self, f: impl Fn(Context) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.callbacks().on_event_async(Event::Complete, boxed(f));
        self
    }

    /// Awaits `f` when the operation has been cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_cancel_async(|context| async move {
    ///     println!("cancelled: {}", context.message().unwrap_or("no message"));
    /// }).build();
    /// op.cancel_with("not today");
    /// assert!(smol::block_on(op.run(async |_| ())).is_err());
    /// ```
    pub fn on_cancel_async<W>(mut self, f: impl Fn(Context) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.callbacks().on_event_async(Event::Cancel, boxed(f));
        self
    }

    /// Awaits `f` when the operation has failed: its body returned an error or panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let op = Cancelable::new().on_error_async(|context| async move {
    ///     println!("failed: {}", context.error().unwrap_or("?"));
    /// });
    /// let somebody_elses = Cancelled::from(cancel_std::Cause::from("other work"));
    /// let run = op.try_run(async move |_| Err::<(), _>(somebody_elses));
    /// assert!(smol::block_on(run).is_err());
    /// ```
    pub fn on_error_async<W>(mut self, f: impl Fn(Context) -> W + Send + Sync + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.callbacks().on_event_async(Event::Error, boxed(f));
        self
    }

    /// Limits how long the run waits for asynchronous callbacks after its body: those of progress that are
    /// left, and those of the end, together. The time of cleanups does not count. One second, if nothing is
    /// set.
    ///
    /// Zero polls each once, as [`force`](crate::Operation::force) does, except those behind one that was
    /// cut off, which are not called; [`Duration::MAX`] is no limit. With
    /// [`combine`](Cancelable::combine) the longer one counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new()
    ///     .callback_limit(Duration::from_millis(5))
    ///     .on_complete_async(|_| std::future::pending()) // a server that does not answer any more
    ///     .build();
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert_eq!(op.context().callbacks_cut_off(), 1);
    /// ```
    pub fn callback_limit(mut self, limit: Duration) -> Self {
        self.callbacks().set_limit(limit);
        self
    }

    /// Lets an [`Observer`] hear of everything that happens to it.
    ///
    /// # Examples
    ///
    /// See [`Observer`].
    pub fn observe(mut self, observer: Arc<dyn Observer>) -> Self {
        self.callbacks().observe(observer);
        self
    }
}
