//! What happens in a handler: whether the default action of a signal is to be done, and the doing.
//!
//! Invariants
//!
//! * U6: what runs in a handler only loads and changes atomics, and makes calls that may be made there.
//!   It never panics, allocates, frees or takes a lock. (What it shares is freed by signal-hook, outside
//!   of handlers.)
#![allow(unsafe_code)]

use super::real_time;
use signal_hook::SigId;
use signal_hook::low_level::{emulate_default_handler, register as register_action};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Asked in the handler when a signal has come.
pub(super) trait Ends: Send + Sync + 'static {
    /// Whether its default action is to be done. May do only what a handler may (U6).
    fn ends(&self) -> bool;
}

/// While it is set, nobody listens.
pub(super) struct Idle(pub(super) Arc<AtomicBool>);

impl Ends for Idle {
    fn ends(&self) -> bool {
        self.0.load(Ordering::SeqCst) // as in `watch`
    }
}

/// The groups of one signal, as its handler sees them: a list that only grows. (To read a `OnceLock` is one
/// atomic load.)
#[derive(Debug, Default)]
pub(super) struct Groups(OnceLock<Box<Linked>>);

#[derive(Debug)]
struct Linked {
    group: Arc<Group>,
    next: Groups,
}

impl Groups {
    /// To be called by one thread at a time.
    pub(super) fn add(&self, group: Arc<Group>) {
        let mut end = self;
        while let Some(linked) = end.0.get() {
            end = &linked.next;
        }
        let next = Groups::default();
        // (The end is empty, since nobody else adds.)
        let _ = end.0.set(Box::new(Linked { group, next }));
    }
}

impl Ends for Arc<Groups> {
    fn ends(&self) -> bool {
        let mut ends = false;
        let mut at = &**self;
        while let Some(linked) = at.0.get() {
            ends |= linked.group.arrive();
            at = &linked.next;
        }
        ends
    }
}

/// From now on the handler of `signal` asks `ends`, after what was registered before.
pub(super) fn register(signal: i32, ends: impl Ends) -> io::Result<SigId> {
    let action = move || {
        if ends.ends() {
            end(signal);
        }
    };
    // SAFETY: both implementations of `Ends`, and `end`, keep to U6.
    unsafe { register_action(signal, action) }
}

/// The default action. May be done in a handler.
pub(super) fn end(signal: i32) {
    if real_time::name(signal).is_some() {
        real_time::end(signal);
    }
    // Fails only for signals that `refuse` refuses.
    let _ = emulate_default_handler(signal);
}

/// Runs that end the process at the second of the same signals.
///
/// The second one is one before which another has come since the oldest of them joined.
#[derive(Debug)]
pub(super) struct Group {
    /// How many signals have come.
    arrived: AtomicUsize,
    /// How many had come when the oldest one joined. [`NONE`] if there is none.
    oldest: AtomicUsize,
    /// How many joined after how many signals. `oldest` is the first key: it is set under this lock, and
    /// read without.
    joined: Mutex<BTreeMap<usize, usize>>,
}

const NONE: usize = usize::MAX;

impl Default for Group {
    fn default() -> Self {
        Group {
            arrived: AtomicUsize::new(0),
            oldest: AtomicUsize::new(NONE),
            joined: Mutex::default(),
        }
    }
}

impl Group {
    /// A signal has come. Whether it is the second one of any run.
    fn arrive(&self) -> bool {
        // SeqCst, here and below, as signal-hook uses it for its flags: a signal that comes after `join`
        // has returned, on whichever thread, is counted after it.
        let before = self.arrived.fetch_add(1, Ordering::SeqCst);
        before > self.oldest.load(Ordering::SeqCst)
    }

    pub(super) fn join(&self) -> usize {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.arrived.load(Ordering::SeqCst);
        *joined.entry(now).or_insert(0) += 1;
        self.set_oldest(&joined);
        now
    }

    pub(super) fn leave(&self, at: usize) {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = joined.get_mut(&at) {
            *count -= 1;
            if *count == 0 {
                joined.remove(&at);
            }
        }
        self.set_oldest(&joined);
    }

    #[cfg(test)]
    pub(super) fn members(&self) -> usize {
        let joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        joined.values().sum()
    }

    fn set_oldest(&self, joined: &BTreeMap<usize, usize>) {
        let oldest = joined.first_key_value().map_or(NONE, |(&at, _)| at);
        self.oldest.store(oldest, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_of_any_run() {
        let group = Group::default();
        assert!(!group.arrive() && !group.arrive()); // nobody is there
        let one = group.join();
        assert!(!group.arrive());
        let two = group.join();
        assert!(group.arrive());
        group.leave(one);
        // For the one that is left this was the first.
        assert!(group.arrive());
        group.leave(two);
        assert!(!group.arrive());
        let three = group.join();
        assert!(!group.arrive());
        group.leave(three);
        let four = group.join();
        assert!(!group.arrive());
        assert!(group.arrive());
        group.leave(four);
    }
}
