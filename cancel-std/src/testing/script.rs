//! `Script`: what is to happen when, in virtual time.

use super::recorder::{Event, Recorder};
use super::time::VirtualTime;
use crate::operation::Cancelable;
use cancel_core::{CancelToken, Cause, Spawn, Timer};
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A scenario: steps at given virtual times, and a future that lives through them.
///
/// It brings a clock and a recorder. Operations made by [`operation`](Script::operation) use both.
///
/// # Examples
///
/// ```
/// use cancel_std::testing::Script;
/// use std::time::Duration;
///
/// const SECOND: Duration = Duration::from_secs(1);
///
/// let script = Script::new();
/// let op = script.operation("fetch").grace(10 * SECOND).build();
/// let (result, events) = script
///     .cancel_at(3 * SECOND, op.token(), "user pressed stop")
///     .at(7 * SECOND, "the user waits", || ())
///     .run(op.run(async |cx| {
///         cx.cancelled().await;
///         cx.sleep(5 * SECOND).await; // stores what it has
///         "half of it"
///     }));
/// assert_eq!(result, Ok("half of it"));
/// assert_eq!(
///     events,
///     [
///         "0s fetch started",
///         "3s script cancels: manual: user pressed stop",
///         "3s fetch cancel requested: manual: user pressed stop",
///         "7s script the user waits",
///         "8s fetch completed",
///     ]
/// );
/// ```
#[must_use = "a script does nothing until it runs"]
pub struct Script {
    time: VirtualTime,
    recorder: Recorder,
    steps: Vec<Step>,
}

struct Step {
    after: Duration,
    what: String,
    act: Box<dyn FnOnce() + Send>,
}

impl Script {
    /// Without steps, on a clock of its own that stands at zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::Script;
    ///
    /// let (five, events) = Script::new().run(async { 5 });
    /// assert_eq!(five, 5);
    /// assert!(events.is_empty());
    /// ```
    pub fn new() -> Self {
        Script::on(&VirtualTime::new())
    }

    /// Without steps, on this clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::{Script, VirtualTime};
    ///
    /// let time = VirtualTime::new();
    /// assert_eq!(Script::on(&time).run(async { 5 }).0, 5);
    /// ```
    pub fn on(time: &VirtualTime) -> Self {
        Script {
            time: time.clone(),
            recorder: Recorder::on(time),
            steps: Vec::new(),
        }
    }

    /// Its clock.
    ///
    /// # Examples
    ///
    /// ```
    /// let script = cancel_std::testing::Script::new();
    /// assert_eq!(script.time().now(), cancel_std::Instant::EPOCH);
    /// ```
    pub fn time(&self) -> &VirtualTime {
        &self.time
    }

    /// Its recorder, for [notes](Recorder::note).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::Script;
    ///
    /// let script = Script::new();
    /// let recorder = script.recorder().clone();
    /// let (_, events) = script.run(async { recorder.note("hello") });
    /// assert_eq!(events, ["0s hello"]);
    /// ```
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// An operation on its clock, observed by its recorder.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::Script;
    /// use std::time::Duration;
    ///
    /// let script = Script::new();
    /// let op = script.operation("nap").timeout(Duration::from_secs(5));
    /// let (_, events) = script.run(op.run(async |cx| cx.sleep(Duration::MAX).await));
    /// assert_eq!(events.last().unwrap(), &r#"5s nap cancelled: timeout of 5s of "nap""#);
    /// ```
    pub fn operation(&self, name: impl Into<Cow<'static, str>>) -> Cancelable<VirtualTime> {
        let op = self.time.operation().name(name);
        op.observe(self.recorder.observer())
    }

    /// Calls `act` when `after` has passed since the script began to [run](Script::run), and records
    /// `what`.
    ///
    /// Steps of the same time follow each other in the order in which they are given, and come before
    /// what the future under test waits for until that time.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::Script;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// const SECOND: Duration = Duration::from_secs(1);
    ///
    /// let script = Script::new();
    /// let queue = Arc::new(AtomicU32::new(0));
    /// let (filler, op) = (queue.clone(), script.operation("reader"));
    /// let (seen, _) = script
    ///     .at(2 * SECOND, "the queue fills", move || filler.store(9, Ordering::Relaxed))
    ///     .run(op.run(async |cx| {
    ///         cx.sleep(2 * SECOND).await;
    ///         queue.load(Ordering::Relaxed)
    ///     }));
    /// assert_eq!(seen, Ok(9));
    /// ```
    pub fn at<T>(
        mut self,
        after: Duration,
        what: impl Into<String>,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> Self {
        self.steps.push(Step {
            after,
            what: what.into(),
            act: Box::new(|| drop(act())),
        });
        self
    }

    /// Cancels a token, which may be that of an [operation](crate::Operation::token), with a cause.
    ///
    /// # Examples
    ///
    /// See [`Script`].
    pub fn cancel_at(self, after: Duration, token: &CancelToken, cause: impl Into<Cause>) -> Self {
        let (token, cause) = (token.clone(), cause.into());
        let what = match cause.message() {
            Some(message) => format!("cancels: {}: {message}", cause.reason()),
            None => format!("cancels: {}", cause.reason()),
        };
        self.at(after, what, move || token.cancel_with(cause))
    }

    /// Sets a flag that something polls or reads.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::Script;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use std::time::Duration;
    ///
    /// const SECOND: Duration = Duration::from_secs(1);
    ///
    /// let script = Script::new();
    /// let (full, op) = (Arc::new(AtomicBool::new(false)), script.operation("poller"));
    /// let (seconds, _) = script
    ///     .set_at(5 * SECOND, &full, true)
    ///     .run(op.run(async |cx| {
    ///         while !full.load(Ordering::Acquire) {
    ///             cx.sleep(2 * SECOND).await;
    ///         }
    ///         cx.runtime().now().since_epoch().as_secs()
    ///     }));
    /// assert_eq!(seconds, Ok(6));
    /// ```
    pub fn set_at(self, after: Duration, flag: &Arc<AtomicBool>, value: bool) -> Self {
        let flag = flag.clone();
        // Release: for whoever reads it on another thread, with `Acquire`.
        let act = move || flag.store(value, Ordering::Release);
        self.at(after, format!("sets a flag to {value}"), act)
    }

    /// Runs `future` through the scenario.
    ///
    /// # Returns
    ///
    /// Its output, and what has been recorded until then. Steps that were still to come are dropped.
    ///
    /// # Panics
    ///
    /// As [`VirtualTime::block_on`]. A step that panics does so here.
    ///
    /// # Examples
    ///
    /// See [`Script`].
    #[track_caller]
    pub fn run<F: Future>(self, future: F) -> (F::Output, Vec<Event>) {
        let over = CancelToken::new();
        let _over = over.clone().drop_guard();
        let mut steps = self.steps;
        steps.sort_by_key(|step| step.after);
        let start = self.time.now();
        for step in steps {
            let (time, recorder, over) = (self.time.clone(), self.recorder.clone(), over.clone());
            let task = async move {
                // (A timer that has been told to fail would end the wait too early.)
                let due = over
                    .run_until_cancelled(time.sleep_until(start + step.after))
                    .await;
                if let Ok(Ok(())) = due {
                    recorder.step(step.what);
                    (step.act)();
                }
            };
            let spawned = self.time.spawn(task);
            debug_assert_eq!(spawned, Ok(()), "virtual time takes all tasks");
        }
        // They begin to wait before the future does: see `at`.
        self.time.run_ready();
        let output = self.time.block_on(future);
        let events = self.recorder.events();
        over.cancel();
        self.time.run_ready();
        (output, events)
    }
}

impl Default for Script {
    fn default() -> Self {
        Script::new()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = self.steps.iter().map(|step| (step.after, &step.what));
        f.debug_map().entries(steps).finish()
    }
}
