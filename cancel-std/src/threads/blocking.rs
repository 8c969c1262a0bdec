//! Work that blocks a thread: where it runs, and how the clock of its runtime hears of it.
//!
//! A runtime may have threads of its own for such work (`Workplace::run`); otherwise it runs in the
//! process's pool. A virtual clock does not move by itself while a thread is at work (`Workplace::begin`,
//! `Workplace::end`).
//!
//! * W1: One [`AtWork`] is one call of `begin`, and its drop one of `end`. It is made before
//!   the call that starts the work returns, and dropped after what waits for the work has been woken.
//!   So the clock cannot move before the result of the work has been seen.
//! * W2: A thread that waits in [`block_on`] is not at work: what it has at work ends while it waits, and
//!   begins again *before* the wake-up reaches the thread.
//! * W3: As long as the work has not begun, its function and its [`AtWork`] lie in the job. The thread
//!   that runs it, or the future when it is dropped, takes both. Foreign code runs and is dropped outside
//!   of the locks.

use crate::basics::panics::Payload;
use crate::basics::runner_waker::RunnerWaker;
use crate::threads::pool::{self, NoThread};
use cancel_core::Timer;
use cancel_core::layer::Workplace;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Where the work of a runtime is done. `None`: in the pool, and nobody is told.
pub(crate) type WorkplaceHandle = Option<Arc<dyn Workplace>>;

pub(crate) fn place(runtime: &impl Timer) -> WorkplaceHandle {
    runtime.workplace().map(Arc::from)
}

/// Work for a runtime that has begun (W1).
pub(crate) struct AtWork(WorkplaceHandle);

impl AtWork {
    pub(crate) fn begin(place: WorkplaceHandle) -> Self {
        if let Some(place) = &place {
            place.begin();
        }
        AtWork(place)
    }

    /// Says that this thread does the work, until the guard is dropped.
    pub(crate) fn here(&self) -> Here {
        let push = |place| HERE.try_with(|here| here.borrow_mut().push(place));
        Here {
            pushed: self.0.clone().map(push).is_some_and(|done| done.is_ok()),
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(place) = &self.0 {
            place.end();
        }
    }
}

thread_local! {
    /// The work that this thread does, one entry for each [`Here`].
    static HERE: RefCell<Vec<Arc<dyn Workplace>>> = const { RefCell::new(Vec::new()) };
}

/// See [`AtWork::here`].
pub(crate) struct Here {
    /// Not at the very end of a thread, and only if somebody is told.
    pushed: bool,
}

impl Drop for Here {
    fn drop(&mut self) {
        let popped = self
            .pushed
            .then(|| HERE.try_with(|here| here.borrow_mut().pop()));
        drop(popped);
    }
}

/// The work that this thread does.
fn here() -> Vec<Arc<dyn Workplace>> {
    HERE.try_with(|here| here.borrow().clone())
        .unwrap_or_default()
}

/// Ends the work of this thread until the guard is dropped, for a thread that waits (W2) and whose
/// wake-ups count by themselves.
#[cfg(feature = "test-util")]
pub(crate) fn rest() -> OffWork {
    let places = here();
    places.iter().for_each(|place| place.end());
    OffWork(places)
}

/// See [`rest`].
#[cfg(feature = "test-util")]
pub(crate) struct OffWork(Vec<Arc<dyn Workplace>>);

#[cfg(feature = "test-util")]
impl Drop for OffWork {
    fn drop(&mut self) {
        self.0.iter().for_each(|place| place.begin());
    }
}

/// Runs `future` on this thread, as [`cancel_core::block_on`]. While it waits, the thread is not at
/// work (W2).
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let places = here();
    if places.is_empty() {
        return cancel_core::block_on(future);
    }
    let waiting = Arc::new(Waiting {
        places,
        turn: Mutex::new(Turn::Working),
        runner: RunnerWaker::new(),
    });
    let waker = Waker::from(waiting.clone());
    let mut future = pin!(future);
    cancel_core::block_on(poll_fn(|cx| {
        waiting.runner.listen(cx);
        waiting.change(Turn::Working);
        let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
        if poll.is_pending() {
            waiting.change(Turn::Waiting);
        }
        poll
    }))
}

/// A call of [`block_on`] on a thread that has work.
struct Waiting {
    places: Vec<Arc<dyn Workplace>>,
    turn: Mutex<Turn>,
    runner: RunnerWaker,
}

/// What the thread does. It changes, and the work ends and begins with it, under one lock, which runs
/// no foreign code but that of the runtimes.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Working,
    /// Working, and there is a reason to poll the future again.
    Woken,
    /// The work has ended.
    Waiting,
}

impl Waiting {
    fn change(&self, to: Turn) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match (*turn, to) {
            // Woken while it was polled: the next poll comes at once.
            (Turn::Woken | Turn::Waiting, Turn::Waiting) => return,
            (_, Turn::Waiting) => self.places.iter().for_each(|place| place.end()),
            (Turn::Waiting, _) => self.places.iter().for_each(|place| place.begin()),
            (_, _) => {}
        }
        *turn = to;
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.change(Turn::Woken);
        self.runner.wake();
    }
}

/// Calls `f` on a thread where it may block: one of the runtime's, or else one of the pool's. It begins
/// without a poll of the future.
///
/// Dropping the future before `f` has begun drops `f`; after that `f` goes on alone. A panic of `f` goes
/// on in the future.
pub(crate) fn unblock<T, F>(place: WorkplaceHandle, f: F) -> Unblocked<T, F>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let at_work = AtWork::begin(place.clone());
    start(place, Some(at_work), f)
}

/// As [`unblock`], but at work only from the moment when a thread takes it: for what nobody waits for as
/// long as no thread is free.
pub(crate) fn unblock_if_free<T, F>(place: WorkplaceHandle, f: F) -> Unblocked<T, F>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    start(place, None, f)
}

fn start<T, F>(place: WorkplaceHandle, at_work: Option<AtWork>, f: F) -> Unblocked<T, F>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let job = Arc::new(Job {
        stage: Mutex::new(Stage::Queued(f, at_work)),
        runner: RunnerWaker::new(),
    });
    let carried = Carried {
        job: job.clone(),
        place: place.clone(),
    };
    let work: Box<dyn FnOnce() + Send> = Box::new(move || carried.run());
    let given = match place {
        Some(place) => place.run(work),
        None => Err(work),
    };
    let dropped_by = match given {
        Ok(()) => NoThread::RuntimeIsGone,
        Err(work) => {
            pool::push(work);
            NoThread::NoneStarts
        }
    };
    Unblocked { job, dropped_by }
}

struct Job<T, F> {
    stage: Mutex<Stage<T, F>>,
    runner: RunnerWaker,
}

enum Stage<T, F> {
    Queued(F, Option<AtWork>),
    /// It runs, or nobody is interested any more.
    Taken,
    Over(Result<T, Payload>),
    /// Dropped without a call.
    Lost,
}

impl<T, F> Job<T, F> {
    fn stage(&self) -> MutexGuard<'_, Stage<T, F>> {
        // Nothing can panic half-way.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<(F, Option<AtWork>)> {
        let mut stage = self.stage();
        match replace(&mut *stage, Stage::Taken) {
            Stage::Queued(f, at_work) => Some((f, at_work)),
            other => {
                *stage = other;
                None
            }
        }
    }

    fn end(&self, stage: Stage<T, F>) {
        *self.stage() = stage;
        self.runner.wake();
    }
}

/// The job on its way to a thread.
struct Carried<T, F> {
    job: Arc<Job<T, F>>,
    place: WorkplaceHandle,
}

impl<T, F: FnOnce() -> T> Carried<T, F> {
    fn run(self) {
        // Empty: the future is gone.
        if let Some((f, at_work)) = self.job.take() {
            let at_work = at_work.unwrap_or_else(|| AtWork::begin(self.place.clone()));
            let here = at_work.here();
            let result = catch_unwind(AssertUnwindSafe(f));
            drop(here);
            self.job.end(Stage::Over(result));
            drop(at_work); // W1
        }
    }
}

impl<T, F> Drop for Carried<T, F> {
    fn drop(&mut self) {
        if let Some(lost) = self.job.take() {
            self.job.end(Stage::Lost);
            drop(lost);
        }
    }
}

/// See [`unblock`].
pub(crate) struct Unblocked<T, F> {
    job: Arc<Job<T, F>>,
    /// Why it is lost, if it is.
    dropped_by: NoThread,
}

impl<T, F> Future for Unblocked<T, F> {
    type Output = Result<T, NoThread>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.job.runner.listen(cx);
        let mut stage = self.job.stage();
        let found = match &*stage {
            Stage::Queued(..) | Stage::Taken => return Poll::Pending,
            Stage::Over(_) | Stage::Lost => replace(&mut *stage, Stage::Taken),
        };
        drop(stage);
        match found {
            Stage::Over(Ok(output)) => Poll::Ready(Ok(output)),
            Stage::Over(Err(payload)) => resume_unwind(payload),
            _ => Poll::Ready(Err(self.dropped_by)),
        }
    }
}

impl<T, F> Drop for Unblocked<T, F> {
    fn drop(&mut self) {
        drop(self.job.take()); // W3
    }
}
