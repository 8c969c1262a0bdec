//! Progress reports of an operation.

use super::base::{Cx, Inner, Operation};
use super::{Edges, Runtime};
use crate::current;
use crate::report::progress::{Metadata, Progress};
use std::borrow::Cow;
use std::sync::Arc;
use std::task::Waker;

impl<R: Runtime> Operation<R> {
    /// Stores the report, and tells those who listen: this operation's own, then upwards.
    fn report(&self, report: Progress) {
        let inner = &*self.inner;
        let alone = inner.parents().next().is_none();
        let heard = inner.hears_progress()
            || (!alone && {
                let mut above = inner.ancestors(Edges::Progress);
                above.any(|op| op.inner.hears_progress())
            });
        let mut state = inner.lock();
        if state.status.is_final() {
            return;
        }
        let details = state.details();
        details.version += 1;
        // (Strings are freed and copied here: nothing foreign, O2.)
        match &mut details.progress {
            Some(kept) => kept.clone_from(&report),
            none => *none = Some(report.clone()),
        }
        let watchers = match details.watchers.is_empty() {
            true => Vec::new(),
            false => std::mem::take(&mut details.watchers),
        };
        drop(state);
        if !watchers.is_empty() {
            inner.wake(watchers);
        }
        if !heard {
            return;
        }
        if inner.hears_progress() {
            self.tell_progress(&report);
        }
        if alone {
            return;
        }
        for op in inner.ancestors(Edges::Progress) {
            if op.inner.hears_progress() && !op.inner.lock().status.is_final() {
                op.tell_progress(&report);
            }
        }
    }

    /// Calls the progress callbacks of this operation, as the current one.
    fn tell_progress(&self, report: &Progress) {
        let callbacks = &self.inner.setup.callbacks;
        if current::within(self, || callbacks.progress(report)) {
            self.inner.wake_runner();
        }
    }
}

impl<R> Inner<R> {
    /// Wakes those who watch the progress, outside of the lock.
    pub(crate) fn wake(&self, watchers: Vec<(u64, Waker)>) {
        for (_, waker) in watchers {
            self.setup.callbacks.contain(|| waker.wake());
        }
    }

    /// Something beside the body went wrong. The first such text is the context's error, unless the
    /// body has one of its own.
    pub(crate) fn note(&self, error: String) {
        let mut state = self.lock();
        if !state.status.is_final() {
            state.details().error.get_or_insert(error);
        }
    }

    fn hears_progress(&self) -> bool {
        self.setup.callbacks.hear_progress()
    }
}

impl<R: Runtime> Cx<R> {
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
        self.operation().report(report);
    }

    /// [`report_progress`](Cx::report_progress), with more to say than a message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| cx.report_progress_with("loaded", [("rows", 12.to_string())]));
    /// smol::block_on(run).unwrap();
    /// assert_eq!(op.context().progress().unwrap().metadata().get("rows"), Some("12"));
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
        let report = Progress::text(self.id(), message.into(), metadata);
        self.operation().report(report);
    }

    /// [`report_progress`](Cx::report_progress), in numbers: `current` of `total` steps.
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
        self.operation().count_progress(current, total);
    }

    /// Keeps what there is so far, for whoever [looks](crate::Context::partial_result) at the operation
    /// later, in particular if it is cancelled. Instead of what was kept before; after the end nothing
    /// changes any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     cx.set_partial_result(String::from("half a page"));
    ///     cx.cancel();
    ///     std::future::pending::<()>().await;
    /// });
    /// assert!(smol::block_on(run).is_err());
    /// assert_eq!(op.context().partial_result::<String>().unwrap(), "half a page");
    /// ```
    pub fn set_partial_result<T: Send + Sync + 'static>(&self, value: T) {
        self.operation().keep_partial(value);
    }
}

impl<R: Runtime> Operation<R> {
    pub(crate) fn count_progress(&self, current: u64, total: u64) {
        let op = self.visible();
        op.report(Progress::count(op.id(), current, total));
    }
}

impl<R> Operation<R> {
    pub(crate) fn keep_partial<T: Send + Sync + 'static>(&self, value: T) {
        let value = Arc::new(value);
        let mut state = self.visible().inner.lock();
        if state.status.is_final() {
            return;
        }
        let old = state.details().partial.replace(value);
        drop(state);
        drop(old);
    }

    /// What a stream had taken from its source, and has not handed out.
    pub(crate) fn keep_undelivered<T: Send + Sync + 'static>(&self, items: Vec<T>) {
        let items = Arc::new(items);
        let mut state = self.visible().inner.lock();
        if state.status.is_final() {
            drop(state);
            drop(items);
            return;
        }
        let surplus = state.details().undelivered.push(items);
        drop(state);
        drop(surplus);
    }
}
