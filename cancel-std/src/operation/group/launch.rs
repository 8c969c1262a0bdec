//! The future of a task, and how it gets to an executor.

use super::TaskGroup;
use super::member::{BodyEnd, Member};
use super::output::AnyError;
use super::place::{Life, Place};
use super::shared::{Begin, GroupCore, Lies, TaskFuture};
use super::task::GroupTask;
use crate::basics::panics::forget;
use crate::operation::Runtime;
use crate::operation::base::Operation;
use crate::report::callbacks::CatchUnwind;
use cancel_core::{
    CancelToken, Cancelled, Cause, Reason, Spawn, SpawnError, SpawnLocal, WaitForCancel,
};
use pin_project::pin_project;
use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Spawns `run`, which is the run of `operation`, and enters it into the group.
pub(super) fn launch<R, T, X, F>(
    group: &TaskGroup<R>,
    operation: Operation<R>,
    run: F,
) -> GroupTask<T, R>
where
    R: Runtime + Spawn,
    T: Send + 'static,
    X: Into<AnyError> + Display + Send + 'static,
    F: Future<Output = BodyEnd<T, X>> + Send + 'static,
{
    let member = Member::new(group, operation);
    let work: TaskFuture = Box::pin(member.task(run));
    match group.shared.enter(Lies::Here(work)) {
        Err(kept) => member.refused(kept),
        Ok(number) => {
            let spawned = member.spawned(number, None::<TaskFuture>);
            member.launched(number, || group.runtime().spawn(spawned))
        }
    }
}

/// Spawns a task that stays on this thread, and enters it into the group.
pub(super) fn launch_local<R, T, X, F>(
    group: &TaskGroup<R>,
    operation: Operation<R>,
    run: F,
) -> GroupTask<T, R>
where
    R: Runtime + SpawnLocal,
    T: 'static,
    X: Into<AnyError> + Display + Send + 'static,
    F: Future<Output = BodyEnd<T, X>> + 'static,
{
    let member = Member::new(group, operation);
    let work: LocalWork = Box::pin(member.task(run));
    match group.shared.enter(Lies::There(member.place.gate.clone())) {
        Err(kept) => {
            drop(work);
            member.refused(kept)
        }
        Ok(number) => {
            let spawned = member.spawned(number, Some(work));
            member.launched(number, || group.runtime().spawn_local(spawned))
        }
    }
}

type LocalWork = Pin<Box<dyn Future<Output = ()>>>;

impl<R: Runtime, T> Member<R, T> {
    fn new(group: &TaskGroup<R>, operation: Operation<R>) -> Self {
        // From now on it is below the group: `cancel_children` is to find it.
        operation.token();
        Member {
            group: group.clone(),
            operation,
            place: Arc::new(Place::new()),
        }
    }

    fn handle(&self) -> GroupTask<T, R> {
        GroupTask::new(self.operation.clone(), self.place.clone())
    }

    fn task<X, F>(&self, run: F) -> WholeTask<R, T, X, F>
    where
        X: Into<AnyError> + Display + Send + 'static,
        F: Future<Output = BodyEnd<T, X>>,
    {
        WholeTask {
            run: Some(CatchUnwind { future: run }),
            member: self.another(),
            ended: false,
        }
    }

    fn spawned<W>(&self, number: u64, work: Option<W>) -> Spawned<R, W> {
        Spawned {
            shared: self.group.shared.clone(),
            operation: self.operation.clone(),
            number,
            work,
            begun: false,
            permit: false,
            cancelled: None,
        }
    }

    /// The group is over.
    fn refused(&self, kept: Lies) -> GroupTask<T, R> {
        let cause = Cause::new(Reason::Error).with_message("the task group is over");
        let cancelled = Cancelled::from(cause);
        self.operation.cancel_with(cancelled.clone());
        self.place.end(Err(cancelled));
        drop(kept);
        self.handle()
    }

    /// Gives the task to the executor.
    fn launched(
        &self,
        number: u64,
        spawn: impl FnOnce() -> Result<(), SpawnError>,
    ) -> GroupTask<T, R> {
        // A panic of the executor, too, must not leave a task in the count.
        let spawned = catch_unwind(AssertUnwindSafe(spawn));
        let mut life = self.place.lock();
        let vanished = match (&*life, &spawned) {
            (Life::Launching, Ok(Ok(()))) => {
                *life = Life::Running;
                false
            }
            (Life::Launching | Life::Vanished, _) => {
                *life = Life::Running; // for `lost`
                true
            }
            _ => false,
        };
        drop(life);
        let (refused, panic) = match spawned {
            Ok(result) => (result.err(), None),
            Err(payload) => (None, Some(payload)),
        };
        if vanished {
            self.lost(refused);
            drop(self.group.shared.remove(number)); // it cannot begin any more
        }
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        self.handle()
    }
}

/// All of a task.
#[pin_project(PinnedDrop)]
struct WholeTask<R: Runtime, T, X, F>
where
    F: Future<Output = BodyEnd<T, X>>,
{
    #[pin]
    run: Option<CatchUnwind<F>>,
    member: Member<R, T>,
    ended: bool,
}

impl<R, T, X, F> Future for WholeTask<R, T, X, F>
where
    R: Runtime,
    X: Into<AnyError> + Display + Send + 'static,
    F: Future<Output = BodyEnd<T, X>>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(run) = this.run.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let result = ready!(run.poll(cx));
        this.run.set(None);
        *this.ended = true;
        this.member.ended(result);
        Poll::Ready(())
    }
}

#[pin_project::pinned_drop]
impl<R: Runtime, T, X, F> PinnedDrop for WholeTask<R, T, X, F>
where
    F: Future<Output = BodyEnd<T, X>>,
{
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        // First what it had: nothing of a task is left when the group is told (G1).
        let dropped = catch_unwind(AssertUnwindSafe(|| this.run.set(None)));
        if !*this.ended {
            this.member.dropped();
        }
        if let Err(payload) = dropped {
            forget(payload); // as any other panic of a task that nobody waits for
        }
    }
}

/// What the executor has: a claim on the task, and then the task.
struct Spawned<R, W> {
    shared: Arc<GroupCore>,
    operation: Operation<R>,
    number: u64,
    work: Option<W>,
    begun: bool,
    permit: bool,
    /// While it waits for a permit.
    cancelled: Option<Pin<Box<WaitForCancel<CancelToken>>>>,
}

/// Where the future of a task comes from when it begins.
trait Claimed: Future<Output = ()> + Unpin {
    fn claimed(kept: Option<TaskFuture>, here: Option<Self>) -> Option<Self>
    where
        Self: Sized;
}

impl Claimed for TaskFuture {
    fn claimed(kept: Option<TaskFuture>, _: Option<Self>) -> Option<Self> {
        kept
    }
}

impl Claimed for LocalWork {
    fn claimed(_: Option<TaskFuture>, here: Option<Self>) -> Option<Self> {
        here
    }
}

impl<R: Runtime, W: Claimed> Future for Spawned<R, W> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if !this.begun {
            let at_once = match &mut this.cancelled {
                Some(cancelled) => cancelled.as_mut().poll(cx).is_ready(),
                None => this.operation.inner.is_cancelled(),
            };
            match this.shared.begin(this.number, cx, at_once) {
                Begin::Gone => return Poll::Ready(()),
                Begin::Wait => {
                    if this.cancelled.is_some() {
                        return Poll::Pending;
                    }
                    let token = this.operation.token();
                    this.cancelled = Some(Box::pin(token.cancelled_owned()));
                    // (Polled, so that a cancel wakes this task; it may be cancelled by now.)
                    return self.poll(cx);
                }
                Begin::Now(kept, permit) => {
                    this.begun = true;
                    this.permit = permit;
                    this.cancelled = None;
                    this.work = W::claimed(kept, this.work.take());
                }
            }
        }
        if let Some(work) = &mut this.work {
            ready!(Pin::new(work).poll(cx));
            this.work = None;
        }
        this.give_back();
        Poll::Ready(())
    }
}

impl<R, W> Spawned<R, W> {
    fn give_back(&mut self) {
        if std::mem::take(&mut self.permit) {
            self.shared.give_back();
        }
    }
}

impl<R, W> Drop for Spawned<R, W> {
    fn drop(&mut self) {
        if !self.begun {
            drop(self.shared.remove(self.number));
        }
        self.work = None;
        self.give_back();
    }
}
