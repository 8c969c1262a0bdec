//! Running a group: its body, and then the wait for its tasks.
//!
//! The group is the operation: its runner is the ordinary one (`drive`). The body that it runs is the user's
//! and, after that, a wait until all tasks are over. If the group is cancelled, the user's body is dropped
//! at once, and the wait has the grace period. What is left then is waited for by the cleanup, which holds
//! what is around.

use super::TaskGroup;
use super::failure::{Failure, is_cancelation};
use super::shared::{GroupCore, TaskFuture};
use crate::basics::panics::{describe, forget};
use crate::operation::Runtime;
use crate::operation::base::{Cx, Operation};
use crate::operation::drive::drive;
use crate::operation::end::{Outcome, Running};
use crate::operation::ending::Cleanup;
use crate::operation::outcomes::erred;
use crate::report::callbacks::CatchUnwind;
use crate::report::status::Status;
use cancel_core::{CancelToken, Cancelled, Cause, Reason, Token, WaitForCancel};
use std::any::Any;
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

pub(super) fn infallible<R, T, F>(
    group: TaskGroup<R>,
    body: F,
) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
where
    R: Runtime,
    F: AsyncFnOnce(TaskGroup<R>) -> T,
{
    run(
        group,
        async move |group: TaskGroup<R>| Ok(body(group).await),
    )
}

/// (The group that the body gets does not name `E`. With `E` in the arguments of a closure, the compiler
/// cannot see that a future which awaits this one is `Send`, if `E` is a `Box<dyn Error>`.)
pub(super) async fn run<R, T, E, F>(group: TaskGroup<R>, body: F) -> Result<T, E>
where
    R: Runtime,
    E: From<Cancelled> + Display + 'static,
    F: AsyncFnOnce(TaskGroup<R>) -> Result<T, E>,
{
    let shared = &*group.shared;
    group.is_of_its_operation();
    // Outside of the body of the runner, which is dropped if tasks are left at the end of the grace period.
    let returned: Mutex<Option<Result<T, E>>> = Mutex::new(None);
    let all = async |_: &Cx<R>| {
        // With the text of its error, whose panic is one of the body, too. (The output is put where it stays at
        // once: what goes through many hands makes the future larger.)
        let future = async {
            let result = body(group.clone()).await;
            let text = result.as_ref().err().map(E::to_string);
            *lock(&returned) = Some(result);
            text
        };
        let future = pin!(Some(CatchUnwind { future }));
        let body = UntilCancelled {
            op: group.operation(),
            body: future,
        };
        match body.await {
            None | Some(Ok(None)) => {}
            Some(Ok(Some(text))) => {
                let result = take(&mut *lock(&returned)); // not under the lock
                if let Some(Err(error)) = &result {
                    group.body_failed(error, text);
                }
                *lock(&returned) = result;
            }
            Some(Err(payload)) => {
                let text = describe(&*payload);
                let cause = Cause::new(Reason::Error).with_message(text.clone());
                group.panicked(payload, cause, text);
            }
        }
        poll_fn(|cx| shared.poll_empty(cx, false)).await;
    };
    let cleanup = async |_: &Cx<R>| {
        group.ensure_cancelled();
        let mut end = End::default();
        poll_fn(|cx| group.poll_end(&mut end, cx)).await;
    };
    let mut failure = None;
    let outcome = |_: Result<&(), &Cancelled>, token: &Token, run: Running<'_, R>| {
        // Taken out: the callbacks of the end see them.
        failure = shared.take_failure();
        let value = take(&mut *lock(&returned));
        let body = value.as_ref().and_then(|value| value.as_ref().err());
        let body = body.map(|error| error as &dyn Any);
        let outcome = match (shared.text(), &value) {
            (Some(text), _) => {
                let error = failure.as_ref().map(Failure::error);
                Outcome::Failed(text, error.or(body))
            }
            (None, Some(Err(error))) => erred(error, body, token),
            (None, Some(Ok(_))) if !token.is_cancelled() || shared.unfinished() == 0 => {
                Outcome::Completed
            }
            _ => Outcome::Cancelled(None),
        };
        let ended = run.end(outcome);
        *lock(&returned) = value;
        ended
    };
    let ctx = group.cx().clone();
    let result = drive(ctx, all, Cleanup::Own(cleanup), outcome, |result| result).await;
    if let Some(payload) = shared.take_panic() {
        resume_unwind(payload);
    }
    if let Some(failure) = failure.or_else(|| shared.take_failure()) {
        return Err(failure.into_error());
    }
    let returned = returned.into_inner();
    match returned.unwrap_or_else(PoisonError::into_inner) {
        Some(Err(error)) => Err(error),
        Some(Ok(value)) if group.operation().status() == Status::Completed => Ok(value),
        _ => Err(E::from(match result {
            Err(cancelled) => cancelled,
            Ok(()) => group.why(),
        })),
    }
}

/// (Nothing panics under it.)
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R: Runtime> TaskGroup<R> {
    /// From now on, closures on other threads find the group.
    fn is_of_its_operation(&self) {
        let mut state = self.operation().inner.lock();
        if state.status == Status::Pending {
            let shared: Weak<GroupCore> = Arc::downgrade(&self.shared);
            state.details().group = Some(shared);
        }
    }

    /// Why the group is cancelled.
    fn why(&self) -> Cancelled {
        let cause = self.operation().token().cause();
        // (Not reached without one: nothing is uncancelled again.)
        cause.unwrap_or_else(|| Cancelled::from(Cause::new(Reason::Manual)))
    }

    fn body_failed<E: Display + 'static>(&self, error: &E, text: String) {
        let inner = &self.operation().inner;
        let before = inner.is_cancelled();
        if !before || !is_cancelation(error, &text, &self.why()) {
            self.record(self.operation(), &text);
        }
        let cause = Cause::new(Reason::Error).with_message(text.clone());
        // Wakers and callbacks of the token may panic. As with every cancel, that is passed on.
        match catch_unwind(AssertUnwindSafe(|| self.operation().cancel_with(cause))) {
            Ok(true) => self.shared.set_text(text),
            Ok(false) => {}
            Err(payload) => {
                let text = describe(&*payload);
                self.shared.set_panic(payload, text);
            }
        }
    }

    /// If the body has panicked in its drop, nobody has cancelled the tasks yet.
    fn ensure_cancelled(&self) {
        if self.running() > 0 && !self.operation().inner.is_cancelled() {
            let callbacks = &self.operation().inner.setup.callbacks;
            callbacks.contain(|| {
                self.operation()
                    .cancel_with((Reason::Error, "the body panicked"));
            });
        }
    }

    /// What is left to wait for when the body is gone, and the grace period over.
    fn poll_end(&self, end: &mut End, cx: &mut Context<'_>) -> Poll<()> {
        let (shared, inner) = (&*self.shared, &self.operation().inner);
        // First this, then the look: what changes after it, wakes.
        shared.listen(cx);
        if inner.is_cancelled() {
            let (works, gates) = shared.take_back(&self.why());
            for gate in gates {
                shared.count_unfinished();
                self.count_cut_off();
                inner.setup.callbacks.contain(|| gate.wake());
                shared.leave();
            }
            end.tasks.extend(works);
        }
        end.poll_tasks(cx);
        if shared.poll_empty(cx, false).is_ready() {
            return Poll::Ready(());
        }
        // Closures on other threads are waited for as long as nobody forces the group.
        if !end.forced {
            let force = end.force.get_or_insert_with(|| Box::pin(inner.forced()));
            end.forced = force.as_mut().poll(cx).is_ready();
        }
        shared.poll_empty(cx, end.forced)
    }
}

/// The end of a group.
#[derive(Default)]
struct End {
    /// Tasks that never began, to be ended here: their cleanups run, and their callbacks.
    tasks: Vec<TaskFuture>,
    force: Option<Pin<Box<WaitForCancel<CancelToken>>>>,
    forced: bool,
}

impl End {
    fn poll_tasks(&mut self, cx: &mut Context<'_>) {
        self.tasks.retain_mut(|work| {
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
            match polled {
                Ok(polled) => polled.is_pending(),
                Err(payload) => {
                    forget(payload); // as any panic in a drop of a task
                    false
                }
            }
        });
    }
}

/// The user's body. `None`: the operation was cancelled before it returned.
struct UntilCancelled<'a, R, F> {
    op: &'a Operation<R>,
    body: Pin<&'a mut Option<F>>,
}

impl<R: Runtime, F: Future> UntilCancelled<'_, R, F> {
    /// Drops the body if it is over with it. (What holds it is polled in it.)
    fn end_if_cancelled(&mut self) -> bool {
        let over = self.op.inner.is_cancelled() && !self.op.inner.is_held();
        if over {
            self.body.set(None);
        }
        over
    }
}

impl<R, F> Future for UntilCancelled<'_, R, F>
where
    R: Runtime,
    F: Future,
{
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.end_if_cancelled() {
            return Poll::Ready(None);
        }
        let Some(body) = self.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        match body.poll(cx) {
            Poll::Ready(result) => {
                self.body.set(None);
                Poll::Ready(Some(result))
            }
            Poll::Pending if self.end_if_cancelled() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
