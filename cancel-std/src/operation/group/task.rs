//! A task of a group: the future that runs it, and the handle with which one waits for it.
//!
//! ```text
//!            accepted             ended                    taken
//!  LAUNCHING ────────▶ RUNNING ────────▶ ENDED (outcome) ────────▶ (none)
//!      │                  └── dropped by the executor ────▲
//!      ├── ended before `spawn` was back ─────────────────┤
//!      └── refused, or dropped ──▶ VANISHED ── launched ──┘
//! ```
//!
//! Whoever makes it ENDED tells the group, and leaves it (G1).

use super::TaskGroup;
use crate::bell::Bell;
use crate::callbacks::CatchUnwind;
use crate::operation::{Operation, Runtime};
use crate::panics::{Payload, describe, forget};
use cancel_core::{Cancelled, Cause, Reason, Spawn, SpawnError};
use pin_project::pin_project;
use std::fmt::{self, Display};
use std::future::Future;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// A task of a [`TaskGroup`]: a future of its output, and a handle of its operation.
///
/// It need not be kept: dropped, the task goes on, and the group waits for it all the same.
///
/// # Errors
///
/// [`Cancelled`] if the task was cancelled. If it failed, too, with [`Reason::Error`] and the text of
/// its error; the error itself goes to the group.
///
/// # Panics
///
/// Polling again after the end panics.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
///
/// let sum = Cancelable::new().run_group(async |group| {
///     let parts: Vec<_> = (1..=4).map(|n| group.spawn(move |_| async move { n * n })).collect();
///     let mut sum = 0;
///     for part in parts {
///         sum += part.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(smol::block_on(sum), Ok(30));
/// ```
// (Not `must_use`: most tasks are started for what they do.)
pub struct GroupTask<T, R> {
    operation: Operation<R>,
    place: Arc<Place<T>>,
}

impl<T, R> GroupTask<T, R> {
    /// The task's operation: to cancel it alone, to see its status and progress.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let task = group.spawn(|cx| async move { cx.sleep(Duration::MAX).await });
    ///     task.operation().cancel_with("not needed any more");
    ///     task.await.unwrap_err().reason()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Reason::Manual)); // the group goes on
    /// ```
    pub fn operation(&self) -> &Operation<R> {
        &self.operation
    }
}

impl<T, R> Future for GroupTask<T, R> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.place.bell.listen(cx);
        let mut life = self.place.lock();
        match replace(&mut *life, Life::Ended(None)) {
            Life::Ended(Some(outcome)) => Poll::Ready(outcome),
            Life::Ended(None) => {
                drop(life);
                panic!("`GroupTask` polled after its end")
            }
            before => {
                *life = before;
                Poll::Pending
            }
        }
    }
}

/// The waker of whoever has waited goes with the handle, and not only with the task.
impl<T, R> Drop for GroupTask<T, R> {
    fn drop(&mut self) {
        drop(self.place.bell.silence());
    }
}

impl<T, R> fmt::Debug for GroupTask<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupTask")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// Where the outcome of a task is put.
struct Place<T> {
    life: Mutex<Life<T>>,
    bell: Bell,
}

enum Life<T> {
    Launching,
    Running,
    Vanished,
    Ended(Option<Result<T, Cancelled>>),
}

impl<T> Place<T> {
    fn lock(&self) -> MutexGuard<'_, Life<T>> {
        // Nothing can panic half-way.
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False: it has ended before.
    fn end(&self, outcome: Result<T, Cancelled>) -> bool {
        let mut life = self.lock();
        if matches!(*life, Life::Ended(_)) {
            drop(life);
            drop(outcome);
            return false;
        }
        *life = Life::Ended(Some(outcome)); // (what was there has no drop)
        true
    }
}

/// Spawns `run`, which is the run of `operation`, and enters it into the group.
pub(super) fn launch<R, E, T, F>(
    group: &TaskGroup<R, E>,
    operation: Operation<R>,
    run: F,
) -> GroupTask<T, R>
where
    R: Runtime + Spawn,
    E: From<Cancelled> + Display + Send + 'static,
    T: Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let place = Arc::new(Place {
        life: Mutex::new(Life::Launching),
        bell: Bell::new(),
    });
    let handle = GroupTask {
        operation: operation.clone(),
        place: place.clone(),
    };
    if !group.shared.enter() {
        let cause = Cause::new(Reason::Error).with_message("the task group is over");
        let cancelled = Cancelled::from(cause);
        operation.cancel_with(cancelled.clone());
        place.end(Err(cancelled));
        return handle;
    }
    let member = Member {
        group: group.clone(),
        operation,
        place,
    };
    let task = Task {
        run: Some(CatchUnwind { future: run }),
        member: member.another(),
        ended: false,
    };
    // A panic of the executor, too, must not leave a task in the count.
    let spawned = catch_unwind(AssertUnwindSafe(|| member.group.cx.runtime().spawn(task)));
    let mut life = member.place.lock();
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
        member.lost(refused);
    }
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    handle
}

/// What the executor runs.
#[pin_project(PinnedDrop)]
struct Task<R: Runtime, E, T, F>
where
    E: From<Cancelled> + Display,
{
    #[pin]
    run: Option<CatchUnwind<F>>,
    member: Member<R, E, T>,
    ended: bool,
}

impl<R: Runtime, E, T, F> Future for Task<R, E, T, F>
where
    E: From<Cancelled> + Display,
    F: Future<Output = Result<T, E>>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(run) = this.run.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let Poll::Ready(result) = run.poll(cx) else {
            return Poll::Pending;
        };
        this.run.set(None);
        *this.ended = true;
        this.member.ended(result);
        Poll::Ready(())
    }
}

#[pin_project::pinned_drop]
impl<R: Runtime, E, T, F> PinnedDrop for Task<R, E, T, F>
where
    E: From<Cancelled> + Display,
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

/// A task's place in its group.
struct Member<R: Runtime, E, T> {
    group: TaskGroup<R, E>,
    operation: Operation<R>,
    place: Arc<Place<T>>,
}

impl<R, E, T> Member<R, E, T>
where
    R: Runtime,
    E: From<Cancelled> + Display,
{
    fn another(&self) -> Self {
        Member {
            group: self.group.clone(),
            operation: self.operation.clone(),
            place: self.place.clone(),
        }
    }

    fn ended(&self, result: Result<Result<T, E>, Payload>) {
        let result = result.and_then(|result| {
            // The error is foreign code: its text, its drop.
            catch_unwind(AssertUnwindSafe(|| {
                result.map_err(|error| self.failed(error))
            }))
        });
        self.leave(result.unwrap_or_else(|payload| {
            let text = self.with_name(describe(&*payload));
            let cause = || Cause::new(Reason::Error).with_message(text.clone());
            self.group.panicked(payload, cause(), text.clone());
            Err(Cancelled::from(cause()))
        }));
    }

    /// What the handle says about an error, which goes to the group.
    fn failed(&self, error: E) -> Cancelled {
        let why = self.operation.inner.cancelled_because();
        if let Some(why) = &why {
            // Somebody cancelled this one on purpose, and knows of it.
            let meant = why.reason() == Reason::Manual && !why.is_inherited();
            if meant || self.group.operation().inner.is_cancelled() {
                return why.clone();
            }
        }
        let text = self.with_name(error.to_string());
        let cause = || Cause::new(Reason::Error).with_message(text.clone());
        match why {
            Some(why) => {
                let cause = cause().with_error(why.clone());
                self.group.failed(error, cause, text);
                why
            }
            None => {
                let answer = Cancelled::from(cause());
                self.group.failed(error, cause(), text);
                answer
            }
        }
    }

    fn with_name(&self, text: String) -> String {
        match &self.operation.inner.setup.name {
            Some(name) => format!("{name}: {text}"),
            None => text,
        }
    }

    /// The executor has dropped the task.
    fn dropped(&self) {
        let mut life = self.place.lock();
        match *life {
            Life::Launching => *life = Life::Vanished, // `launch` goes on
            Life::Running => {
                drop(life);
                self.lost(None);
            }
            _ => {}
        }
    }

    /// A task that will not end by itself. Part of a drop: all that is foreign is contained.
    fn lost(&self, refused: Option<SpawnError>) {
        let cause = match refused {
            Some(refused) => Cause::new(Reason::Error)
                .with_message(self.with_name(refused.to_string()))
                .with_error(refused),
            None => Cause::new(Reason::Dropped)
                .with_message(self.with_name("the executor dropped the task".into())),
        };
        let cancelled = Cancelled::from(cause);
        let text = cancelled.message().unwrap_or_default().to_string();
        self.contain(|| {
            self.operation.cancel_with(cancelled.clone());
        });
        self.contain(|| {
            let cause = cancelled.clone().into();
            self.group.failed(E::from(cancelled.clone()), cause, text);
        });
        self.leave(Err(cancelled));
    }

    fn leave(&self, outcome: Result<T, Cancelled>) {
        let mut first = false;
        self.contain(|| first = self.place.end(outcome));
        if first {
            self.contain(|| self.place.bell.ring());
            self.contain(|| self.group.shared.leave());
        }
    }

    fn contain(&self, foreign: impl FnOnce()) {
        self.group
            .operation()
            .inner
            .setup
            .callbacks
            .contain(foreign);
    }
}
