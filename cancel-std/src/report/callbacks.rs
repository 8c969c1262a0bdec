//! The callbacks of an operation. Their panics end here.

use crate::basics::give_way::{IN_A_ROW, pending_once};
use crate::basics::id::OperationId;
use crate::basics::panics::{Payload, describe, forget};
use crate::report::context::Context;
pub(crate) use crate::report::observer::Event;
use crate::report::observer::Observer;
use crate::report::progress::Progress;
use crate::report::trace;
use pin_project::pin_project;
use std::any::Any;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll};
use std::time::Duration;

pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

type OnEvent = dyn Fn(&Context) + Send + Sync;
type OnError = dyn Fn(&Context, &dyn Any) + Send + Sync;
type OnProgress = dyn Fn(&Progress) + Send + Sync;
type OnEventAsync = dyn Fn(Context) -> Work + Send + Sync;
type OnProgressAsync = dyn Fn(Progress) -> Work + Send + Sync;

enum Callback {
    Event(Event, Box<OnEvent>),
    /// For errors of one type.
    Error(Box<OnError>),
    Progress(Box<OnProgress>),
    EventAsync(Event, Box<OnEventAsync>),
    ProgressAsync(Box<OnProgressAsync>),
    Observer(Arc<dyn Observer>),
}

pub(crate) struct Callbacks {
    /// Whose they are.
    id: OperationId,
    /// Most operations have none.
    given: Option<Box<CallbackList>>,
    panics: AtomicU32,
    cut_off: AtomicU32,
}

/// How long a run waits for asynchronous callbacks after its body, if nothing is set.
const LIMIT: Duration = Duration::from_secs(1);

/// Callbacks that have been given to an operation, in their order.
#[derive(Default)]
pub(crate) struct CallbackList {
    list: Vec<Callback>,
    /// There if there are asynchronous progress callbacks.
    queue: Option<Queue>,
    /// See [`Callbacks::limit`].
    limit: Option<Duration>,
}

impl CallbackList {
    pub(crate) fn set_limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    pub(crate) fn on_event<F>(&mut self, event: Event, f: F)
    where
        F: Fn(&Context) + Send + Sync + 'static,
    {
        self.list.push(Callback::Event(event, Box::new(f)));
    }

    pub(crate) fn on_error_of<E: 'static, F>(&mut self, f: F)
    where
        F: Fn(&Context, &E) + Send + Sync + 'static,
    {
        let f = move |context: &Context, error: &dyn Any| {
            if let Some(error) = error.downcast_ref::<E>() {
                f(context, error);
            }
        };
        self.list.push(Callback::Error(Box::new(f)));
    }

    pub(crate) fn on_progress<F>(&mut self, f: F)
    where
        F: Fn(&Progress) + Send + Sync + 'static,
    {
        self.list.push(Callback::Progress(Box::new(f)));
    }

    pub(crate) fn on_event_async<F>(&mut self, event: Event, f: F)
    where
        F: Fn(Context) -> Work + Send + Sync + 'static,
    {
        self.list.push(Callback::EventAsync(event, Box::new(f)));
    }

    pub(crate) fn on_progress_async<F>(&mut self, f: F)
    where
        F: Fn(Progress) -> Work + Send + Sync + 'static,
    {
        self.queue.get_or_insert_default();
        self.list.push(Callback::ProgressAsync(Box::new(f)));
    }

    pub(crate) fn observe(&mut self, observer: Arc<dyn Observer>) {
        self.list.push(Callback::Observer(observer));
    }

    /// Adds those of another operation, after its own.
    pub(crate) fn append(&mut self, other: CallbackList) {
        self.list.extend(other.list);
        if other.queue.is_some() {
            self.queue.get_or_insert_default();
        }
        self.limit = self.limit.max(other.limit);
    }
}

impl Callbacks {
    pub(crate) fn new(id: OperationId, given: Option<Box<CallbackList>>) -> Self {
        Callbacks {
            id,
            given,
            panics: AtomicU32::new(0),
            cut_off: AtomicU32::new(0),
        }
    }

    /// How long the run waits for asynchronous callbacks after its body.
    pub(crate) fn limit(&self) -> Duration {
        let given = self.given.as_ref();
        given.and_then(|given| given.limit).unwrap_or(LIMIT)
    }

    #[inline]
    fn list(&self) -> &[Callback] {
        self.given.as_ref().map_or(&[], |given| &given.list)
    }

    #[inline]
    fn queue(&self) -> Option<&Queue> {
        self.given.as_ref()?.queue.as_ref()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_none()
    }

    /// Whether anybody synchronous wants to hear of `event`.
    pub(crate) fn hear(&self, event: Event) -> bool {
        self.list().iter().any(|callback| match callback {
            Callback::Event(of, _) => *of == event,
            Callback::Observer(_) => true,
            _ => false,
        })
    }

    pub(crate) fn event(&self, event: Event, context: &Context) {
        for callback in self.list() {
            match callback {
                Callback::Event(of, f) if *of == event => self.contain(|| f(context)),
                Callback::Observer(observer) => self.contain(|| match event {
                    Event::Start => observer.started(context),
                    Event::Asked => observer.cancel_requested(context),
                    _ => observer.ended(context),
                }),
                _ => {}
            }
        }
    }

    /// Whether anybody wants to see errors.
    pub(crate) fn hear_errors(&self) -> bool {
        let list = self.list();
        list.iter()
            .any(|callback| matches!(callback, Callback::Error(_)))
    }

    pub(crate) fn error(&self, context: &Context, error: &dyn Any) {
        for callback in self.list() {
            if let Callback::Error(f) = callback {
                self.contain(|| f(context, error));
            }
        }
    }

    pub(crate) fn hear_async(&self, event: Event) -> bool {
        self.list()
            .iter()
            .any(|callback| matches!(callback, Callback::EventAsync(of, _) if *of == event))
    }

    /// Calls them, one after the other. Those that are not over when this is dropped are counted.
    pub(crate) async fn event_async(&self, event: Event, context: &Context) {
        let wanted =
            |callback: &&Callback| matches!(callback, Callback::EventAsync(of, _) if *of == event);
        let left = self.list().iter().filter(wanted).count();
        let mut unfinished = Unfinished {
            callbacks: self,
            left: left as u32,
        };
        for callback in self.list() {
            match callback {
                Callback::EventAsync(of, f) if *of == event => {
                    let work = catch_unwind(AssertUnwindSafe(|| f(context.clone())));
                    match work {
                        Ok(work) => self.contain_async(work).await,
                        Err(payload) => self.count(payload),
                    }
                    unfinished.left -= 1;
                }
                _ => {}
            }
        }
    }

    pub(crate) fn hear_progress(&self) -> bool {
        self.list().iter().any(|callback| {
            matches!(
                callback,
                Callback::Progress(_) | Callback::ProgressAsync(_) | Callback::Observer(_)
            )
        })
    }

    /// Whether something was queued, for the runner to do.
    pub(crate) fn progress(&self, progress: &Progress) -> bool {
        let mut queued = false;
        for callback in self.list() {
            match callback {
                Callback::Progress(f) => self.contain(|| f(progress)),
                Callback::Observer(observer) => self.contain(|| observer.progress(progress)),
                Callback::ProgressAsync(f) => self.contain(|| {
                    let work = f(progress.clone());
                    if let Some(queue) = self.queue() {
                        queue.lock().push_back(work);
                        queued = true;
                    }
                }),
                _ => {}
            }
        }
        queued
    }

    pub(crate) fn has_queue(&self) -> bool {
        self.queue().is_some()
    }

    /// Whether something is in it now.
    pub(crate) fn is_queued(&self) -> bool {
        let queue = self.queue();
        queue.is_some_and(|queue| !queue.lock().is_empty())
    }

    /// Does what is queued, in its order, as far as it goes. Ready: nothing is left. Gives way after so
    /// many, since what is done here may queue more.
    pub(crate) fn poll_queue(&self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(queue) = self.queue() else {
            return Poll::Ready(());
        };
        for _ in 0..IN_A_ROW {
            // Taken out: it is foreign code. Nobody else takes any (there is one runner).
            let Some(mut work) = queue.lock().pop_front() else {
                return Poll::Ready(());
            };
            match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
                Ok(Poll::Ready(())) => self.contain(|| drop(work)),
                Ok(Poll::Pending) => {
                    queue.lock().push_front(work);
                    return Poll::Pending;
                }
                Err(payload) => {
                    self.count(payload);
                    self.contain(|| drop(work));
                }
            }
        }
        pending_once(cx)
    }

    /// Drops what is queued: the run has been dropped, or waits no longer.
    pub(crate) fn drop_queue(&self) {
        let Some(queue) = self.queue() else { return };
        let left = std::mem::take(&mut *queue.lock());
        self.count_cut_off(left.len() as u32);
        // Each by itself: a second panic would abort.
        left.into_iter()
            .for_each(|work| self.contain(|| drop(work)));
    }

    pub(crate) fn contain(&self, f: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
            self.count(payload);
        }
    }

    pub(crate) async fn contain_async(&self, work: impl Future<Output = ()>) {
        if let Err(payload) = (CatchUnwind { future: work }).await {
            self.count(payload);
        }
    }

    fn count(&self, payload: Payload) {
        self.count_panic();
        trace::contained(self.id, || format!("a callback {}", describe(&*payload)));
        forget(payload);
    }

    pub(crate) fn count_panic(&self) {
        // Relaxed: a statistic.
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panics(&self) -> u32 {
        self.panics.load(Ordering::Relaxed)
    }

    fn count_cut_off(&self, callbacks: u32) {
        if callbacks > 0 {
            // Relaxed: a statistic.
            self.cut_off.fetch_add(callbacks, Ordering::Relaxed);
            trace::warn(self.id, || {
                format!("cut off {callbacks} of its asynchronous callbacks")
            });
        }
    }

    pub(crate) fn cut_off(&self) -> u32 {
        self.cut_off.load(Ordering::Relaxed)
    }
}

/// Counts the callbacks that are not over when it is dropped.
struct Unfinished<'a> {
    callbacks: &'a Callbacks,
    left: u32,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.callbacks.count_cut_off(self.left);
    }
}

/// What asynchronous progress callbacks have to do.
#[derive(Default)]
struct Queue(Mutex<VecDeque<Work>>);

impl Queue {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Work>> {
        // Nothing can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future whose panic is its output.
#[pin_project]
pub(crate) struct CatchUnwind<F> {
    #[pin]
    pub(crate) future: F,
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}
