//! Hidden operations: work that belongs to an operation, and is not cancelled or limited with it.
//!
//! Work in a shield, a cleanup and the callbacks at the end are ordinary work: they sleep, check, run
//! children, threads and groups although their operation is cancelled and its time is over. So each of them
//! is the body of an operation of its own, whose token is live, and whose deadline is the limit of that work.
//! It is hidden: id, name, context, logs and progress are those of the operation that it belongs to, its
//! *owner* (`Link::Shield`). `Cx::scope` is the hidden one, `Cx::operation()` the one that users see.
//!
//! The runner is the core's, with the set-up of operations. What is told to callbacks, registries and logs is
//! left out.

use super::Runtime;
use super::base::{Cancelable, Cx, Link, Operation, Parent};
use super::sources::OperationSetup;
use crate::report::status::Status;
use cancel_core::{Cancelled, Instant, Scope};
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Runs `work` as a hidden operation of `owner`, for at most `limit`, which counts from the first poll.
///
/// An error: the limit has passed, or somebody has cancelled the token of this work.
pub(super) async fn run_hidden<R, T, F>(
    owner: &Operation<R>,
    limit: Duration,
    work: F,
) -> Result<T, Cancelled>
where
    R: Runtime,
    F: AsyncFnOnce(&Cx<R>) -> T,
{
    let begun = Begun::new(owner, limit);
    let now = begun.now;
    let cx = &begun.cx;
    let future = cx.show(|| work(cx));
    let body = Shown::new(&cx.scope, future);
    let setup = OperationSetup::beside(cx, None, now);
    Scope::with_setup(&**cx.scope.token(), body, setup).await
}

/// A hidden operation while it runs.
struct Begun<R: Runtime> {
    cx: Cx<R>,
    /// If there is a limit.
    now: Instant,
}

impl<R: Runtime> Begun<R> {
    fn new(owner: &Operation<R>, limit: Duration) -> Self {
        let runtime = owner.inner.runtime.clone();
        let limited = limit != Duration::MAX;
        let now = match limited {
            true => runtime.now(),
            false => Instant::EPOCH, // nobody looks at it
        };
        let mut hidden = Cancelable::on(runtime);
        hidden.timeout = limit;
        hidden.parent = Some(Parent {
            operation: owner.clone(),
            link: Link::Shield,
        });
        let scope = hidden.build_as(owner.id());
        scope.inner.lock().status = Status::Running;
        let deadline = limited.then(|| now + limit);
        scope.inner.deadline.begin(deadline);
        Begun {
            cx: Cx::new(scope),
            now,
        }
    }
}

/// From now on it limits nobody.
impl<R: Runtime> Drop for Begun<R> {
    fn drop(&mut self) {
        let inner = &self.cx.scope.inner;
        inner.lock().status = Status::Completed;
        inner.deadline.set(None);
    }
}

/// A future in which an operation is the current one, also when it is dropped.
#[pin_project(PinnedDrop)]
pub(super) struct Shown<'a, R: Runtime, F> {
    scope: &'a Operation<R>,
    #[pin]
    future: Option<F>,
}

impl<'a, R: Runtime, F> Shown<'a, R, F> {
    pub(super) fn new(scope: &'a Operation<R>, future: F) -> Self {
        Shown {
            scope,
            future: Some(future),
        }
    }
}

impl<R: Runtime, F: Future> Future for Shown<'_, R, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        crate::current::within(*this.scope, || match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending, // (it is dropped)
        })
    }
}

#[pinned_drop]
impl<R: Runtime, F> PinnedDrop for Shown<'_, R, F> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        crate::current::within(*this.scope, || this.future.set(None));
    }
}
