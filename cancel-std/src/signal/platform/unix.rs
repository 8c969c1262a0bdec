//! Unix: the handlers are signal-hook's, and a thread hears what they caught.
//!
//! Invariants
//!
//! * U2: a signal is hooked at its first listener, and stays so: signal-hook takes no handler back.
//!   `idle` makes up for it: while it is set, the handler does what would have been done without it.
//! * U3: the handler, in this order, looks at `idle`, counts for `groups`, sets `arrived`, writes to the
//!   pipe. The other way round, those who were woken could end, and set `idle`, before it looks; and a
//!   run that begins then would have this signal counted as one of its own. `idle` is cleared last:
//!   until then a signal does what it did before.
//! * U4: nothing but the registry calls `watch` and `rest`, under its lock: `idle` is set exactly
//!   while a signal has no listener.
//! * U5: all runs that end the process at the second of the same signals share one counter, which stays
//!   in the lists of these signals (`second`); an action of the handler for each run would take quadratic
//!   time, because signal-hook copies all actions with every change. Counters are added under the lock of
//!   `HOOKS`.

use super::disposition::Disposition;
use super::real_time;
use super::second::{self, Group, Groups, Idle};
use signal_hook::consts::signal::*;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::{signal_name, unregister};
use signal_hook::{SigId, flag};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

pub(super) const USER1: i32 = SIGUSR1;
pub(super) const USER2: i32 = SIGUSR2;

static HOOKS: Mutex<Hooks> = Mutex::new(Hooks {
    handle: None,
    groups: BTreeMap::new(),
    hooked: BTreeMap::new(),
});

struct Hooks {
    /// Of the thread, once that runs.
    handle: Option<Handle>,
    hooked: BTreeMap<i32, Hooked>,
    /// By their signals (U5).
    groups: BTreeMap<Box<[i32]>, Arc<Group>>,
}

struct Hooked {
    idle: Arc<AtomicBool>,
    /// Set by the handler, cleared by whoever delivers.
    arrived: Arc<AtomicBool>,
    before: Disposition,
    /// Of the runs that end the process at the second signal.
    groups: Arc<Groups>,
}

pub(super) fn name(signal: i32) -> Option<&'static str> {
    signal_name(signal).or_else(|| real_time::name(signal))
}

/// Why a signal cannot be listened for.
pub(super) fn refuse(signal: i32) -> Option<&'static str> {
    match signal {
        SIGKILL | SIGSTOP => Some("the system lets nobody catch it"),
        SIGILL | SIGFPE | SIGSEGV | SIGBUS => Some("it reports a fault of the program itself"),
        // Its default action differs between systems, so that could not be restored.
        SIGIO => Some("it is not supported"),
        _ if name(signal).is_none() => Some("there is no such signal, or it has no name"),
        _ => None,
    }
}

fn hooks() -> MutexGuard<'static, Hooks> {
    // Each change is a single step.
    HOOKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on the thread hears of `signal`, and calls `heard`.
pub(super) fn watch(signal: i32, heard: fn(i32)) -> io::Result<()> {
    let mut hooks = hooks();
    if let Some(hooked) = hooks.hooked.get(&signal) {
        // SeqCst, as in the handler, where signal-hook chose it. These flags publish nothing else.
        hooked.arrived.store(false, Ordering::SeqCst); // before the first listener came
        hooked.idle.store(false, Ordering::SeqCst);
        return Ok(());
    }
    let handle = match &hooks.handle {
        Some(handle) => handle.clone(),
        None => {
            let handle = start(heard)?;
            hooks.handle.insert(handle).clone()
        }
    };
    let before = Disposition::of(signal)?;
    let idle = Arc::new(AtomicBool::new(true));
    let arrived = Arc::new(AtomicBool::new(false));
    let groups = Arc::new(Groups::default());
    let mut actions = Actions(Vec::new());
    // In this order (U3).
    if before == Disposition::Default {
        actions.add(second::register(signal, Idle(idle.clone())))?;
    }
    actions.add(second::register(signal, groups.clone()))?;
    actions.add(flag::register(signal, arrived.clone()))?;
    handle.add_signal(signal)?;
    actions.0.clear(); // they stay
    idle.store(false, Ordering::SeqCst);
    let hooked = Hooked {
        idle,
        arrived,
        before,
        groups,
    };
    hooks.hooked.insert(signal, hooked);
    Ok(())
}

/// Nobody listens for `signal` any more: what was before its first listener is back.
pub(super) fn rest(signal: i32) {
    if let Some(hooked) = hooks().hooked.get(&signal) {
        hooked.idle.store(true, Ordering::SeqCst); // as in `watch`
    }
}

/// Whether `signal` has come since the last time. Who is told so has to deliver it, under the same lock of the
/// registry.
pub(super) fn arrived(signal: i32) -> bool {
    match hooks().hooked.get(&signal) {
        Some(hooked) => hooked.arrived.swap(false, Ordering::SeqCst),
        None => false,
    }
}

/// A caught signal that nobody heard: does what would have been done without the handler.
pub(super) fn pass_on(signal: i32) {
    let before = hooks().hooked.get(&signal).map(|hooked| hooked.before);
    // (One that stops the process has done so in the handler, if that was idle.)
    let stops = matches!(signal, SIGTSTP | SIGTTIN | SIGTTOU);
    if before == Some(Disposition::Default) && !stops {
        end(signal);
    }
}

/// The default action.
pub(super) fn end(signal: i32) {
    second::end(signal);
}

fn start(heard: fn(i32)) -> io::Result<Handle> {
    let mut signals = Signals::new([0; 0])?;
    let handle = signals.handle();
    let builder = thread::Builder::new().name("cancel-signals".into());
    builder.spawn(move || {
        for signal in signals.forever() {
            heard(signal);
        }
    })?;
    Ok(handle)
}

/// While it lives, the second of these signals does its default action, in the handler itself: though
/// every thread of the program be blocked.
#[derive(Debug)]
pub(super) struct ExitOnSecond {
    group: Arc<Group>,
    joined: usize,
}

impl ExitOnSecond {
    /// For signals that are watched.
    pub(super) fn new(signals: &[i32]) -> ExitOnSecond {
        let mut hooks = hooks();
        let group = match hooks.groups.get(signals) {
            Some(group) => group.clone(),
            None => {
                let group = Arc::new(Group::default());
                for hooked in signals.iter().filter_map(|signal| hooks.hooked.get(signal)) {
                    hooked.groups.add(group.clone());
                }
                hooks.groups.insert(signals.into(), group.clone());
                group
            }
        };
        drop(hooks);
        let joined = group.join();
        ExitOnSecond { group, joined }
    }
}

impl Drop for ExitOnSecond {
    fn drop(&mut self) {
        self.group.leave(self.joined);
    }
}

/// What handlers do as long as this lives.
#[derive(Debug)]
struct Actions(Vec<SigId>);

impl Actions {
    fn add(&mut self, action: io::Result<SigId>) -> io::Result<()> {
        self.0.push(action?);
        Ok(())
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        for id in self.0.drain(..) {
            unregister(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// X28: however many runs there are, the handlers have one counter to look at.
    #[test]
    fn x28_runs_that_exit_on_the_second_signal_share_a_counter() {
        const RUNS: usize = 4000;
        let signals = [SIGURG, SIGWINCH];
        for signal in signals {
            watch(signal, |_| {}).unwrap();
        }
        let before = hooks().groups.len();
        let runs: Vec<ExitOnSecond> = (0..RUNS).map(|_| ExitOnSecond::new(&signals)).collect();
        assert_eq!(hooks().groups.len(), before + 1);
        let group = hooks().groups[&signals[..]].clone();
        // Held by the lists, the runs, the table, and here: nothing else has been added.
        assert_eq!(Arc::strong_count(&group), signals.len() + RUNS + 2);
        assert_eq!(group.members(), RUNS);
        drop(runs);
        assert_eq!(Arc::strong_count(&group), signals.len() + 2);
        assert_eq!(group.members(), 0);
        drop(ExitOnSecond::new(&signals));
        assert_eq!(Arc::strong_count(&group), signals.len() + 2);
        // Others have a group of their own.
        drop(ExitOnSecond::new(&signals[..1]));
        assert_eq!(hooks().groups.len(), before + 2);
    }
}
