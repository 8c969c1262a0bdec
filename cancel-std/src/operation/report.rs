//! Progress reports of an operation.

use super::{Inner, Operation};
use crate::progress::{Metadata, Progress};
use std::borrow::Cow;

impl<R> Inner<R> {
    fn report(&self, report: Progress) {
        let heard = self.lineage().any(|op| op.callbacks.hear_progress());
        let copy = heard.then(|| report.clone());
        let mut state = self.lock();
        if state.status.is_final() {
            return;
        }
        match &mut state.progress {
            Some(latest) => **latest = report,
            none => *none = Some(Box::new(report)),
        }
        drop(state);
        let Some(report) = copy else { return };
        for op in self.lineage().filter(|op| op.callbacks.hear_progress()) {
            if !op.lock().status.is_final() {
                op.callbacks.progress(&report);
            }
        }
    }
}

impl<R> Operation<R> {
    /// Says how far the work has come: to the `on_progress` callbacks of this operation and of all
    /// its ancestors, in this order, and to the [context](crate::Context::progress).
    ///
    /// Ignored once the operation has ended; ancestors that have ended do not hear it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_progress(|progress| println!("{}", progress.message()));
    /// let run = op.run(async |cx| cx.report_progress("halfway")); // prints "halfway"
    /// smol::block_on(run).unwrap();
    /// ```
    pub fn report_progress(&self, message: impl Into<Cow<'static, str>>) {
        let report = Progress::text(self.id(), message.into(), Metadata::new());
        self.inner.report(report);
    }

    /// [`report_progress`](Operation::report_progress), with more to say than a message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new()
    ///     .on_progress(|progress| assert_eq!(progress.metadata().get("rows"), Some("12")))
    ///     .run(async |cx| cx.report_progress_with("loaded", [("rows", 12.to_string())]));
    /// smol::block_on(run).unwrap();
    /// ```
    pub fn report_progress_with<K, V>(
        &self,
        message: impl Into<Cow<'static, str>>,
        metadata: impl IntoIterator<Item = (K, V)>,
    ) where
        K: Into<Cow<'static, str>>,
        V: Into<Cow<'static, str>>,
    {
        let metadata = metadata.into_iter().collect();
        self.inner
            .report(Progress::text(self.id(), message.into(), metadata));
    }

    /// [`report_progress`](Operation::report_progress), in numbers: `current` of `total` steps.
    /// A `total` of 0 means that nobody knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new()
    ///     .on_progress(|progress| println!("{:.0} %", progress.fraction().unwrap() * 100.0))
    ///     .run(async |cx| cx.progress(1, 4)); // prints "25 %"
    /// smol::block_on(run).unwrap();
    /// ```
    pub fn progress(&self, current: u64, total: u64) {
        self.inner
            .report(Progress::count(self.id(), current, total));
    }
}
