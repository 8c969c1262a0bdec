//! Who listens for which signals, and what becomes of one that arrives.
//!
//! ```text
//!   arrived ─ deliver ─> heard by every listener ─ next ─> taken: a source fires
//!      │                        └─ leave, not taken ─> missed ─┐ (the last of those who heard it)
//!      └─ nobody listens <──────────── deliver again <─────────┘
//!              └─> passed on: what would have been done without us
//! ```
//!
//! Invariants
//!
//! * S1: `listeners` and `counts` change together, under the lock of the registry. The platform
//!   watches a signal exactly while its count is not zero: it is told under the same lock.
//! * S2: no foreign code under any lock: wakers are woken, and notices dropped, outside.
//! * S3: every signal that arrives is taken by a listener, or passed on; never both.
//! * S4: lock order: registry, then platform. The lock of an ear is taken with no other.
//! * S5: that a signal has come is noted, and who hears it decided, under one hold of the registry's lock:
//!   those who listen then. Otherwise one that came earlier could be heard by a run that begins later, or
//!   find nobody although somebody listened.

use super::notice::Notice;
use super::platform;
use atomic_waker::AtomicWaker;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

static REGISTRY: Registry = Registry {
    state: Mutex::new(ListenerTable {
        listeners: BTreeMap::new(),
        counts: BTreeMap::new(),
        next: 0,
    }),
    hooks: PlatformHooks {
        watch: |signal| platform::watch(signal, heard),
        rest: platform::rest,
        arrived: platform::arrived,
        pass_on: platform::pass_on,
        end: platform::end,
        deliver,
    },
};

/// Starts to listen, on behalf of one run.
pub(crate) fn listen(signals: &[i32], exit_on_second: bool) -> io::Result<Listener> {
    let mut listener = REGISTRY.listen(signals, exit_on_second)?;
    if exit_on_second {
        // Afterwards, since the platform looks at what was there before its first handler. Until
        // then the registry counts alone.
        listener.exit = Some(platform::ExitOnSecond::new(signals));
    }
    Ok(listener)
}

/// A signal has arrived, unless somebody has seen that before.
fn heard(signal: i32) {
    REGISTRY.deliver_arrived(signal);
}

/// Nobody has taken a signal.
fn deliver(signal: i32) {
    REGISTRY.deliver(signal);
}

struct Registry {
    state: Mutex<ListenerTable>,
    hooks: PlatformHooks,
}

/// The platform, or a test.
struct PlatformHooks {
    watch: fn(i32) -> io::Result<()>,
    rest: fn(i32),
    arrived: fn(i32) -> bool,
    pass_on: fn(i32),
    end: fn(i32),
    /// `Registry::deliver` of this registry.
    deliver: fn(i32),
}

struct ListenerTable {
    listeners: BTreeMap<u64, ListenerEntry>,
    /// How many listeners a signal has; never zero.
    counts: BTreeMap<i32, usize>,
    next: u64,
}

struct ListenerEntry {
    signals: Arc<[i32]>,
    ear: Arc<Ear>,
    /// To end the process at the second signal.
    exit: bool,
    heard: bool,
}

/// What a listener shares with those who deliver.
#[derive(Default)]
struct Ear {
    waker: AtomicWaker,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    queue: VecDeque<Arc<Notice>>,
    /// Further ones are repeats, which need no care.
    settled: bool,
    /// Nobody will ask any more.
    closed: bool,
}

/// More would change nothing: the first one asks, the second one insists.
const ENOUGH: usize = 2;

impl Ear {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        // Nothing panics half-way.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, notice: Arc<Notice>) {
        let mut heard = self.lock();
        if heard.settled || heard.queue.len() >= ENOUGH {
            notice.take();
        }
        if !heard.closed && heard.queue.len() < ENOUGH {
            heard.queue.push_back(notice);
        }
        // (Otherwise the notice is dropped after the guard: arguments outlive locals.)
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, ListenerTable> {
        // Nothing panics half-way (S2).
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&'static self, signals: &[i32], exit: bool) -> io::Result<Listener> {
        let ear = Arc::new(Ear::default());
        let shared: Arc<[i32]> = signals.into();
        let mut state = self.lock();
        for (index, &signal) in signals.iter().enumerate() {
            if !state.counts.contains_key(&signal) {
                if let Err(error) = (self.hooks.watch)(signal) {
                    self.uncount(&mut state, &signals[..index]);
                    return Err(error);
                }
            }
            *state.counts.entry(signal).or_insert(0) += 1;
        }
        let id = state.next;
        state.next += 1;
        let entry = ListenerEntry {
            signals: shared.clone(),
            ear: ear.clone(),
            exit,
            heard: false,
        };
        state.listeners.insert(id, entry);
        Ok(Listener {
            registry: self,
            id,
            signals: shared,
            ear,
            exit: None,
        })
    }

    fn uncount(&self, state: &mut ListenerTable, signals: &[i32]) {
        for signal in signals {
            if let Some(count) = state.counts.get_mut(signal) {
                *count -= 1;
                if *count == 0 {
                    state.counts.remove(signal);
                    (self.hooks.rest)(*signal);
                }
            }
        }
    }

    /// Delivers what the platform says has come.
    fn deliver_arrived(&self, signal: i32) {
        let state = self.lock();
        if (self.hooks.arrived)(signal) {
            self.deliver_to(state, signal); // (S5)
        }
    }

    fn deliver(&self, signal: i32) {
        self.deliver_to(self.lock(), signal);
    }

    fn deliver_to(&self, mut state: MutexGuard<'_, ListenerTable>, signal: i32) {
        let mut exit = false;
        let mut ears = Vec::new();
        for entry in state.listeners.values_mut() {
            if entry.signals.contains(&signal) {
                exit |= entry.exit && entry.heard;
                entry.heard = true;
                ears.push(entry.ear.clone());
            }
        }
        drop(state);
        if exit {
            (self.hooks.end)(signal);
        }
        if ears.is_empty() {
            return (self.hooks.pass_on)(signal);
        }
        let notice = Notice::new(signal, self.hooks.deliver);
        for ear in &ears {
            ear.hear(notice.clone());
        }
        drop(notice);
        for ear in ears {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| ear.waker.wake())) {
                crate::basics::panics::forget(payload);
            }
        }
    }
}

/// One run that listens.
pub(crate) struct Listener {
    registry: &'static Registry,
    id: u64,
    signals: Arc<[i32]>,
    ear: Arc<Ear>,
    exit: Option<platform::ExitOnSecond>,
}

impl Listener {
    /// The next signal, which counts as taken.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<i32> {
        self.ear.waker.register(cx.waker());
        let mut heard = self.ear.lock();
        if heard.queue.is_empty() {
            // One that is under way counts, if this is the last time that somebody asks.
            drop(heard);
            self.deliver_arrived();
            heard = self.ear.lock();
        }
        let Some(notice) = heard.queue.pop_front() else {
            return Poll::Pending;
        };
        heard.settled = true;
        // What is behind it is there in answer to a first one, too.
        heard.queue.iter().for_each(|notice| notice.take());
        drop(heard);
        notice.take();
        Poll::Ready(notice.signal())
    }

    /// Ends it. What it heard and did not take is forgotten if `settled`, because there is nothing
    /// left to ask for; otherwise passed on, unless somebody else took it.
    pub(crate) fn leave(mut self, settled: bool) {
        self.end(settled);
    }

    /// What has arrived, but has not been delivered yet, still came in time.
    fn deliver_arrived(&self) {
        for &signal in &*self.signals {
            self.registry.deliver_arrived(signal);
        }
    }

    fn end(&mut self, settled: bool) {
        self.deliver_arrived();
        self.exit = None;
        let mut state = self.registry.lock();
        let Some(entry) = state.listeners.remove(&self.id) else {
            return;
        };
        self.registry.uncount(&mut state, &self.signals);
        drop(state);
        drop(entry);
        let mut heard = self.ear.lock();
        heard.settled |= settled;
        heard.closed = true;
        let left = std::mem::take(&mut heard.queue);
        if heard.settled {
            left.iter().for_each(|notice| notice.take());
        }
        drop(heard);
        drop(left); // may pass on
        drop(self.ear.waker.take());
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end(false);
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("id", &self.id).finish()
    }
}

#[cfg(test)]
mod tests;
