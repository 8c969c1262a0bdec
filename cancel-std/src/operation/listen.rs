//! Who is told what about an operation.

use super::Operation;
use crate::callbacks::Event;
use crate::context::Context;
use crate::progress::Progress;

/// Callbacks, given before it is cloned or run.
impl<R> Operation<R> {
    /// Calls `f` when the operation starts, before its body is first polled; not if that will not
    /// be polled at all.
    ///
    /// Callbacks run on the task that runs the operation (those for progress: on the thread that
    /// reports), in the order in which they were given, with no lock held. Their panics are
    /// contained, and [counted](Context::callback_panics). The operation waits for them: keep them
    /// short.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_start(|context| println!("{} starts", context.id()));
    /// smol::block_on(op.run(async |_| ())).unwrap(); // op-1 starts
    /// ```
    #[track_caller]
    pub fn on_start(self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.set_up(|setup| setup.callbacks.on_event(Event::Start, f))
    }

    /// Calls `f` on every progress report of this operation or one below it. Otherwise as
    /// [`on_start`](Operation::on_start).
    ///
    /// If `f` itself reports progress of the same operation, or of one below it, that calls `f`
    /// again, and so on without end.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_progress(|progress| println!("{progress}"));
    /// smol::block_on(op.run(async |cx| cx.report_progress("hello"))).unwrap();
    /// ```
    #[track_caller]
    pub fn on_progress(self, f: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.set_up(|setup| setup.callbacks.on_progress(f))
    }

    /// Calls `f` when the operation has completed. Otherwise as [`on_start`](Operation::on_start).
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_complete(|context| println!("{:?}", context.duration()));
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// ```
    #[track_caller]
    pub fn on_complete(self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.set_up(|setup| setup.callbacks.on_event(Event::Complete, f))
    }

    /// Calls `f` when the operation has been cancelled and its body is gone; also when its run has
    /// been dropped. Otherwise as [`on_start`](Operation::on_start).
    ///
    /// That is at the end of the run, and only there: an operation that is cancelled, but not run,
    /// never calls it.
    ///
    /// For what is to happen at once when cancelation is asked for, see
    /// [`CancelToken::on_cancel`](cancel_core::CancelToken::on_cancel).
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_cancel(|context| println!("{:?}", context.message()));
    /// op.cancel_with("enough");
    /// smol::block_on(op.run(async |_| ())).unwrap_err(); // Some("enough")
    /// ```
    #[track_caller]
    pub fn on_cancel(self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.set_up(|setup| setup.callbacks.on_event(Event::Cancel, f))
    }

    /// Calls `f` when the operation has failed, by an error or a panic of its body. Otherwise as
    /// [`on_start`](Operation::on_start).
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
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
    #[track_caller]
    pub fn on_error(self, f: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.set_up(|setup| setup.callbacks.on_event(Event::Error, f))
    }
}
