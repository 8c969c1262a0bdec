//! A runtime with time of its own, which moves when there is nothing else to do; and its faults.
//!
//! All of it happens on one thread, so that a run is the same each time, and a hang is known for
//! what it is: nobody was woken, and no deadline is left.

use crate::faults::Fault;
use cancel_conformance::Outcome;
use cancel_core::{Instant, Spawn, SpawnError, SpawnLocal, Timer, TimerError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// More polls than any case needs.
const POLLS: usize = 50_000;

const MINUTE: Duration = Duration::from_secs(60);
const HOURS: Duration = Duration::from_secs(2 * 3600);

/// The runtime. Clones share its time.
#[derive(Debug)]
pub(crate) struct Faulty {
    shared: Arc<Shared>,
    fault: Fault,
    epoch: Duration,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// A fault: the timer's lock is held while it calls others.
    held: AtomicBool,
    /// Somebody needed the lock then.
    stopped: AtomicBool,
}

#[derive(Debug)]
struct State {
    now: Duration,
    readings: u32,
    /// Places are given anew.
    waiting: BTreeMap<usize, Waiting>,
    kept: Vec<Waker>,
}

#[derive(Debug)]
struct Waiting {
    deadline: Duration,
    waker: Waker,
}

impl Clone for Faulty {
    fn clone(&self) -> Self {
        let epoch = match self.fault {
            Fault::ClonesHaveAnEpochOfTheirOwn => self.lock().now,
            _ => self.epoch,
        };
        Faulty {
            shared: Arc::clone(&self.shared),
            fault: self.fault,
            epoch,
        }
    }
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        let state = State {
            now: Duration::from_secs(1_000_000),
            readings: 0,
            waiting: BTreeMap::new(),
            kept: Vec::new(),
        };
        Faulty {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                held: AtomicBool::new(false),
                stopped: AtomicBool::new(false),
            }),
            fault,
            epoch: Duration::ZERO,
        }
    }

    /// (There is one thread: who finds it locked would wait for ever.)
    fn lock(&self) -> MutexGuard<'_, State> {
        if self.shared.held.load(SeqCst) {
            self.shared.stopped.store(true, SeqCst);
        }
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls others, with the lock or, as it should be, without.
    fn call(&self, under_lock: Fault, others: impl FnOnce()) {
        self.shared.held.store(self.is(under_lock), SeqCst);
        others();
        self.shared.held.store(false, SeqCst);
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// When the timer takes `deadline` to be.
    fn takes_it_to_be(&self, deadline: Duration) -> Duration {
        let millis = deadline.as_millis();
        let tick = |millis| Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        match self.fault {
            Fault::EarlyByALittle => deadline.saturating_sub(Duration::from_micros(10)),
            Fault::RoundsDownToTicks => tick(millis),
            Fault::RoundsToTheNearestTick => {
                let nearest = deadline.saturating_add(Duration::from_micros(500));
                tick(nearest.as_millis())
            }
            Fault::WrapsAt32Bits => tick(millis % (1 << 32)),
            Fault::WrapsAt31Bits if millis >= 1 << 31 => Duration::ZERO,
            _ => deadline,
        }
    }

    fn place(&self, state: &State) -> Option<usize> {
        match self.fault {
            Fault::FourAtATime if state.waiting.len() >= 4 => None,
            _ => (0..).find(|place| !state.waiting.contains_key(place)),
        }
    }

    /// Time goes on to the next deadline. False: there is none.
    fn advance(&self) -> bool {
        let mut state = self.lock();
        let near = state.now + MINUTE;
        let far = state.now + HOURS;
        let deadlines = state.waiting.values().map(|waiting| waiting.deadline);
        let next = match self.fault {
            Fault::LatestFirst => deadlines.clone().filter(|at| *at <= near).max(),
            Fault::WaitsForTheLongest => deadlines.clone().filter(|at| *at <= far).max(),
            _ => None,
        };
        let Some(next) = next.or(deadlines.min()).filter(|at| *at != Duration::MAX) else {
            return false;
        };
        state.now = state.now.max(next);
        let now = state.now;
        let due: Vec<usize> = state
            .waiting
            .iter()
            .filter(|(_, waiting)| match self.fault {
                Fault::LatestFirst => waiting.deadline == next,
                _ => waiting.deadline <= now,
            })
            .map(|(place, _)| *place)
            .collect();
        let due: Vec<Waiting> = due
            .iter()
            .filter_map(|place| state.waiting.remove(place))
            .collect();
        if self.is(Fault::KeepsTheWakersOfFinishedOnes) {
            state
                .kept
                .extend(due.iter().map(|waiting| waiting.waker.clone()));
        }
        drop(state);
        let mut last = None;
        self.call(Fault::WakesUnderItsLock, || {
            for waiting in due {
                let deadline = Some(waiting.deadline);
                match self.fault {
                    Fault::NeverWakes => {}
                    Fault::WakesOneOfADeadline if deadline == last => {}
                    _ => waiting.waker.wake(),
                }
                last = deadline;
            }
        });
        true
    }
}

impl Timer for Faulty {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        let mut state = self.lock();
        state.readings += 1;
        let now = Instant::from_epoch(state.now - self.epoch);
        match self.fault {
            Fault::NowJumpsBack if state.readings % 5 == 0 => now - Duration::from_millis(1),
            _ => now,
        }
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        let deadline = deadline.since_epoch();
        Sleep {
            runtime: self.clone(),
            deadline: self.takes_it_to_be(deadline),
            length: deadline.saturating_sub(self.lock().now - self.epoch),
            waits: None,
            polls: 0,
        }
    }

    fn sleep(&self, length: Duration) -> Sleep {
        let now = self.now();
        let deadline = match self.fault {
            Fault::PanicsOnOverflow => Instant::from_epoch(now.since_epoch() + length),
            _ => now + length,
        };
        self.sleep_until(deadline)
    }

    fn sleep_from(&self, now: Instant, deadline: Instant) -> Sleep {
        match self.fault {
            Fault::EndsAtOnceFromAReading => self.sleep_until(now),
            Fault::TakesAReadingForTheDeadline => self.sleep_until(now + deadline.since_epoch()),
            _ => self.sleep_until(deadline),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Sleep {
    runtime: Faulty,
    deadline: Duration,
    /// From when it was made.
    length: Duration,
    /// Where.
    waits: Option<usize>,
    polls: u32,
}

impl Sleep {
    fn over(&mut self) -> Poll<Result<(), TimerError>> {
        if !self.runtime.is(Fault::FinishedOnesTakeAnothersPlace) {
            self.waits = None;
        }
        Poll::Ready(match self.runtime.fault {
            Fault::FailsForNoReason => Err(TimerError::new("for no reason")),
            _ => Ok(()),
        })
    }
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let runtime = this.runtime.clone();
        this.polls += 1;
        let first = this.polls == 1;
        let mut state = runtime.lock();
        let now = state.now;
        if let Some(place) = this.waits {
            let Some(waiting) = state.waiting.get_mut(&place) else {
                drop(state);
                return this.over();
            };
            let old = match runtime.fault {
                Fault::AnyWakeEndsIt => {
                    let gone = state.waiting.remove(&place);
                    drop(state);
                    drop(gone);
                    return this.over();
                }
                Fault::WakesTheFirstWaker => None,
                Fault::ForgetsAtTheSecondPoll => {
                    state.waiting.remove(&place).map(|waiting| waiting.waker)
                }
                Fault::ForgetsAtAnotherWaker if !waiting.waker.will_wake(cx.waker()) => {
                    state.waiting.remove(&place).map(|waiting| waiting.waker)
                }
                Fault::PollingAgainBeginsAnew => {
                    waiting.deadline = now.saturating_add(this.length);
                    Some(std::mem::replace(&mut waiting.waker, cx.waker().clone()))
                }
                _ => Some(std::mem::replace(&mut waiting.waker, cx.waker().clone())),
            };
            drop(state);
            runtime.call(Fault::DropsUnderItsLock, || drop(old));
            return Poll::Pending;
        }
        if runtime.is(Fault::CountsFromTheFirstPoll) {
            this.deadline = (now - runtime.epoch).saturating_add(this.length);
        }
        let waits = first && runtime.is(Fault::FirstPollIsAlwaysPending);
        if now - runtime.epoch >= this.deadline && !waits {
            drop(state);
            return this.over();
        }
        if runtime.is(Fault::OneAtATime) {
            state.waiting.clear();
        }
        let waiting = Waiting {
            deadline: this.deadline.saturating_add(runtime.epoch),
            waker: cx.waker().clone(),
        };
        if let Some(place) = runtime.place(&state) {
            state.waiting.insert(place, waiting);
            this.waits = Some(place);
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let runtime = &self.runtime;
        let mut state = runtime.lock();
        let gone: Vec<Waiting> = match (self.waits, runtime.fault) {
            (None, _) | (_, Fault::DroppedOnesStay) => Vec::new(),
            (Some(_), Fault::DroppingOneDropsAll) => {
                std::mem::take(&mut state.waiting).into_values().collect()
            }
            (Some(place), Fault::DroppingOneDropsTheNext) => {
                let both = [place, place + 1];
                let gone = both.iter().filter_map(|place| state.waiting.remove(place));
                gone.collect()
            }
            (Some(place), _) => state.waiting.remove(&place).into_iter().collect(),
        };
        drop(state);
        runtime.call(Fault::DropsUnderItsLock, || drop(gone));
    }
}

/// A task, and whether it was woken.
struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    woken: Arc<Woken>,
    number: usize,
    /// The task that started it.
    parent: Option<usize>,
    over: bool,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

/// The executor of this thread.
#[derive(Default)]
struct Tasks {
    all: Vec<Task>,
    started: usize,
    /// Which one is being polled.
    current: Option<usize>,
}

thread_local! {
    static TASKS: RefCell<Tasks> = RefCell::default();
}

fn tasks<T>(with: impl FnOnce(&mut Tasks) -> T) -> T {
    TASKS.with_borrow_mut(with)
}

impl Faulty {
    fn start(&self, future: impl Future<Output = ()> + 'static) -> Result<(), SpawnError> {
        match self.fault {
            Fault::RefusesTasks => return Err(SpawnError::new("shut down")),
            Fault::DropsTasks => return Ok(()),
            _ => {}
        }
        tasks(|tasks| {
            tasks.started += 1;
            tasks.all.push(Task {
                future: Some(Box::pin(future)),
                woken: Arc::new(Woken(AtomicBool::new(true))),
                number: tasks.started,
                parent: tasks.current,
                over: false,
            });
        });
        Ok(())
    }

    /// Polls the first task that was woken. False: there is none.
    fn turn(&self) -> bool {
        let next = tasks(|tasks| {
            let mut live = tasks.all.iter_mut().filter(|task| !task.over);
            let task = match self.fault {
                Fault::OneTaskAtATime => live.next().filter(|task| task.woken.0.load(SeqCst)),
                _ => live.find(|task| task.woken.0.load(SeqCst)),
            }?;
            task.woken.0.store(false, SeqCst);
            let taken = (task.number, task.future.take(), Arc::clone(&task.woken));
            tasks.current = Some(taken.0);
            Some(taken)
        });
        let Some((number, Some(mut future), woken)) = next else {
            return next.is_some();
        };
        let waker = match self.fault {
            Fault::ForgetsTheWakerOfTasks => Waker::noop().clone(),
            _ => Waker::from(Arc::clone(&woken)),
        };
        let mut over = future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready();
        if self.is(Fault::LosesWakesWhilePolling) {
            woken.0.store(false, SeqCst);
        }
        over |= self.is(Fault::PollsTasksOnce);
        let keep = over && self.is(Fault::KeepsFinishedTasks);
        let mut gone = tasks(|tasks| {
            tasks.current = None;
            let mut gone = Vec::new();
            if over && self.is(Fault::TasksEndWithTheOneThatStartedThem) {
                for task in &mut tasks.all {
                    if task.parent == Some(number) {
                        task.over = true;
                        gone.extend(task.future.take());
                    }
                }
            }
            gone
        });
        let kept = match over && !keep {
            true => {
                gone.push(future);
                None
            }
            false => Some(future),
        };
        tasks(|tasks| {
            if let Some(task) = tasks.all.iter_mut().find(|task| task.number == number) {
                task.over = over;
                task.future = kept;
            }
        });
        drop(gone);
        true
    }

    /// Runs a case to its end, or says why it has none.
    pub(crate) fn run(&self, case: impl Future<Output = Outcome>) -> Result<(), String> {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut case = pin!(case);
        for _ in 0..POLLS {
            if self.shared.stopped.load(SeqCst) {
                return Err("hangs: the timer is used under its own lock".into());
            }
            if woken.0.swap(false, SeqCst) {
                let polled = case.as_mut().poll(&mut Context::from_waker(&waker));
                if let (Poll::Ready(outcome), false) = (polled, self.shared.stopped.load(SeqCst)) {
                    return outcome.map_err(|failure| failure.to_string());
                }
                if self.is(Fault::LosesWakesWhilePolling) {
                    woken.0.store(false, SeqCst);
                }
            } else if !self.turn() && !self.advance() {
                return Err("hangs: nobody was woken, and no deadline is left".into());
            }
        }
        Err(format!("does not end: {POLLS} polls"))
    }
}

/// Drops the tasks that a case has left.
pub(crate) fn forget_tasks() {
    let left = TASKS.take();
    drop(left);
}

impl Spawn for Faulty {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.start(future)
    }
}

impl SpawnLocal for Faulty {
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static,
    {
        self.start(future)
    }
}
