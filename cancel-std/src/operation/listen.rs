//! Who is told what about an operation.

use super::base::Cancelable;
use crate::report::callbacks::Event;
use crate::report::context::Context;
use crate::report::progress::Progress;

/// Callbacks.
impl<R> Cancelable<R> {
    /// Calls `f` when the operation starts, before its body is first polled; not if that will not
    /// be polled at all.
    ///
    /// Callbacks run on the task that runs the operation (those for progress: on the thread that
    /// reports), in the order in which they were given, with no lock held. Their panics are
    /// contained, and [counted](Context::callback_panics). The operation waits for them: keep them
    /// short.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_start(|context| println!("{} starts", context.id())).build();
    /// smol::block_on(op.run(async |_| ())).unwrap(); // op-1 starts
    /// ```
    pub fn on_start(mut self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.callbacks().on_event(Event::Start, f);
        self
    }

    /// Calls `f` on every progress report of this operation or one below it. Otherwise as
    /// [`on_start`](Cancelable::on_start).
    ///
    /// If `f` itself reports progress of the same operation, or of one below it, that calls `f`
    /// again, and so on without end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_progress(|progress| println!("{progress}"));
    /// smol::block_on(op.run(async |cx| cx.report_progress("hello"))).unwrap();
    /// ```
    pub fn on_progress(mut self, f: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.callbacks().on_progress(f);
        self
    }

    /// Calls `f` when the operation has completed. Otherwise as [`on_start`](Cancelable::on_start).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_complete(|context| println!("{:?}", context.duration()));
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// ```
    pub fn on_complete(mut self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.callbacks().on_event(Event::Complete, f);
        self
    }

    /// Calls `f` when the operation has been cancelled and its body is gone; also when its run has
    /// been dropped. Otherwise as [`on_start`](Cancelable::on_start).
    ///
    /// That is at the end of the run, and only there: an operation that is cancelled, but not run,
    /// never calls it.
    ///
    /// For what is to happen at once when cancelation is asked for, see
    /// [`CancelToken::on_cancel`](cancel_core::CancelToken::on_cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_cancel(|context| println!("{:?}", context.message())).build();
    /// op.cancel_with("enough");
    /// smol::block_on(op.run(async |_| ())).unwrap_err(); // Some("enough")
    /// ```
    pub fn on_cancel(mut self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.callbacks().on_event(Event::Cancel, f);
        self
    }

    /// Calls `f` when the operation has failed, by an error or a panic of its body. Otherwise as
    /// [`on_start`](Cancelable::on_start). The context has the text; for the error itself, see
    /// [`on_error_of`](Cancelable::on_error_of).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_error(|context| println!("{}", context.error().unwrap()));
    /// let run = op.try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no file".into()));
    /// smol::block_on(run).unwrap_err(); // prints "no file"
    /// ```
    pub fn on_error(mut self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.callbacks().on_event(Event::Error, f);
        self
    }

    /// Calls `f` with the error itself when the operation has failed by an error of type `E`.
    ///
    /// `E` is the error type of the body, as it stands in its signature: a body that returns a
    /// `Result<_, Box<dyn Error>>` is heard by `on_error_of::<Box<dyn Error>>`, whatever is in the box. If it
    /// is a task of a [group](Cancelable::run_group) that failed, `E` is the error type of that task. Errors
    /// of other types, and panics, are not told; [`on_error`](Cancelable::on_error) hears of them all.
    ///
    /// Those given here are called after those of `on_error`, on the same task; in
    /// [`try_run_blocking`](Cancelable::try_run_blocking) on the calling thread, when the run has ended.
    /// Otherwise as [`on_start`](Cancelable::on_start).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::io;
    ///
    /// let op = Cancelable::new().name("load").on_error_of(|context, error: &io::Error| {
    ///     println!("{}: {:?}", context.name().unwrap(), error.kind());
    /// });
    /// let run = op.try_run(async |_| std::fs::read("/no/such/file"));
    /// smol::block_on(run).unwrap_err(); // prints "load: NotFound"
    /// ```
    pub fn on_error_of<E: 'static>(
        mut self,
        f: impl Fn(&Context, &E) + Send + Sync + 'static,
    ) -> Self {
        self.callbacks().on_error_of(f);
        self
    }
}
