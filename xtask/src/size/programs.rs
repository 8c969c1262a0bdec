//! The programs of `embedded/size`: what each does, and what it stands beside.

/// A processor, and the machine that QEMU has with it.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) processor: &'static str,
    pub(super) machine: &'static str,
}

pub(super) const TARGETS: [Target; 2] = [
    Target {
        name: "thumbv7m-none-eabi",
        processor: "Cortex-M3",
        machine: "lm3s6965evb",
    },
    Target {
        name: "thumbv6m-none-eabi",
        processor: "Cortex-M0",
        machine: "microbit",
    },
];

pub(super) struct Program {
    pub(super) name: &'static str,
    /// The program without cancelation that its bytes are counted from; its own name if it is one.
    pub(super) base: &'static str,
    pub(super) about: &'static str,
    /// What it lacks that ours have; empty for ours.
    pub(super) lacks: &'static str,
}

const fn ours(name: &'static str, base: &'static str, about: &'static str) -> Program {
    peer(name, base, about, "")
}

const fn peer(
    name: &'static str,
    base: &'static str,
    about: &'static str,
    lacks: &'static str,
) -> Program {
    Program {
        name,
        base,
        about,
        lacks,
    }
}

/// The program whose code has a limit: the most bytes of flash that it may have more than its base, on
/// the first of the targets.
pub(super) const WAIT: (&str, u64) = ("wait_token", 1536);

pub(super) const PROGRAMS: &[Program] = &[
    ours(
        "ask_flag",
        "ask_flag",
        "a loop asks an `AtomicBool`, which an interrupt sets; no executor",
    ),
    ours("ask_token", "ask_flag", "the loop asks a static `Token`"),
    peer(
        "ask_signal",
        "ask_flag",
        "the loop asks a `Signal`",
        "reason, children, callbacks, waiters beside it; asking takes a critical section",
    ),
    ours(
        "wait_flag",
        "wait_flag",
        "a task asks the flag each time it runs, which is always",
    ),
    ours(
        "wait_token",
        "wait_flag",
        "a task awaits `STOP.cancelled()`",
    ),
    peer(
        "wait_signal",
        "wait_flag",
        "a task awaits `Signal::wait`",
        "reason, children, callbacks, a second waiter (which evicts the first); waiting uses the signal up",
    ),
    ours(
        "wait_token_twice",
        "wait_flag",
        "two futures of a task await `STOP.cancelled()`; there may be any number",
    ),
    peer(
        "wait_watch_twice",
        "wait_flag",
        "two futures of a task await a `Watch` with room for two",
        "reason, children, callbacks, a third waiter",
    ),
    ours(
        "wait_child",
        "wait_flag",
        "a task awaits the cancelation of a `Child` of the token",
    ),
    ours(
        "wait_hook",
        "wait_flag",
        "as `wait_token`, and an `OnCancel` in a `static`",
    ),
    ours(
        "work",
        "work",
        "a task works: a step, a sleep of embassy-time, and so on",
    ),
    ours(
        "work_timeout",
        "work",
        "`work.until_cancelled(&STOP).timeout(&Embassy, limit)`",
    ),
    ours(
        "work_scope",
        "work",
        "`Scope::new(&STOP, work).source(deadline_after(limit))`, and the reason is asked for",
    ),
    ours(
        "work_shield",
        "work",
        "as `work_scope`, and parts of the work are shielded",
    ),
    peer(
        "work_select",
        "work",
        "`with_timeout(limit, select(work, STOP.wait()))`",
        "a token that the deadline cancels too, shields, grace period, cleanup, and what `wait_signal` lacks",
    ),
];

/// A type whose size a symbol of `probes` tells.
pub(super) struct Type {
    pub(super) symbol: &'static str,
    pub(super) about: &'static str,
    pub(super) limit: Option<u64>,
}

const fn of(symbol: &'static str, about: &'static str, limit: Option<u64>) -> Type {
    Type {
        symbol,
        about,
        limit,
    }
}

pub(super) const TYPES: &[Type] = &[
    of("size_token", "`Token`", Some(24)),
    of("size_wait", "`WaitForCancel<&Token>`", Some(28)),
    of("size_child", "`Child`", None),
    of("size_hook", "`OnCancel`", None),
    of(
        "size_run",
        "`Scope` with a deadline and shields, its body empty",
        None,
    ),
    of(
        "size_signal",
        "embassy-sync: `Signal<CriticalSectionRawMutex, ()>`",
        None,
    ),
    of(
        "size_signal_wait",
        "embassy-sync: the future of an `async fn` around `Signal::wait`",
        None,
    ),
    of(
        "size_signal_run",
        "embassy: the future of `with_timeout` around `select` of an empty body and `Signal::wait`",
        None,
    ),
    of(
        "size_watch",
        "embassy-sync: `Watch<CriticalSectionRawMutex, (), 2>`",
        None,
    ),
];

/// A function of `probes`.
pub(super) struct Probe {
    pub(super) symbol: &'static str,
    pub(super) about: &'static str,
    pub(super) limit: Option<u64>,
}

/// What all probes do beside their work: come and go.
pub(super) const NOTHING: &str = "probe_nothing";

pub(super) const PROBES: &[Probe] = &[
    Probe {
        symbol: "probe_token",
        about: "`Token::is_cancelled`",
        limit: Some(3),
    },
    Probe {
        symbol: "probe_flag",
        about: "`AtomicBool::load(Acquire)`",
        limit: None,
    },
    Probe {
        symbol: "probe_signal",
        about: "embassy-sync: `Signal::signaled`",
        limit: None,
    },
];
