//! Callbacks that take their time, and observers.

use super::Cancelable;
use crate::callbacks::{Event, Work};
use crate::context::Context;
use crate::observer::Observer;
use crate::progress::Progress;
use std::future::Future;
use std::sync::Arc;

/// What makes a boxed future of a callback's.
fn boxed<A, W>(f: impl Fn(A) -> W + Send + Sync + 'static) -> impl Fn(A) -> Work + Send + Sync
where
    W: Future<Output = ()> + Send + 'static,
{
    move |argument| Box::pin(f(argument))
}

/// Asynchronous callbacks.
///
/// The run awaits them: those of the start before the body, those of the end after it, one after the
/// other, when the synchronous ones have been called. They are not cancelled with the operation, and
/// hold the operations around it. If the run is dropped, they are, too, and those of the end are not
/// called at all. Their panics are contained and [counted](Context::callback_panics).
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
