//! Rows of `is_cancelled`.
//!
//! The question is asked as a program asks it: a branch on each answer, never taken. 64 questions
//! stand in a row between two loop ends, so that the loop itself costs nothing to speak of.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use almost_enough::ChildStopper;
use cancel_core::CancelToken;
use futures_util::future::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::Env;
use crate::create::mutex;
use crate::duo::{Duo, RETAKES, Work};
use crate::harness::{Contestant, Row};
use crate::peers::{ATOMIC_LOAD, FUTURES_ABORT, OURS, Query, Reset, TOKIO_UTIL, Tree};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "is_cancelled",
        reference: TOKIO_UTIL,
        build: plain,
    },
    Row {
        name: "is_cancelled, depth 100",
        reference: TOKIO_UTIL,
        build: deep,
    },
    Row {
        name: "is_cancelled while another thread creates and drops children",
        reference: TOKIO_UTIL,
        build: beside_churn,
    },
    Row {
        name: "is_cancelled against a bare AtomicBool load",
        reference: ATOMIC_LOAD,
        build: bare,
    },
];

/// Questions in a unit of work.
const STRIDE: u64 = 64;

macro_rules! eight {
    ($it:expr) => {
        $it;
        $it;
        $it;
        $it;
        $it;
        $it;
        $it;
        $it;
    };
}

/// Asks `STRIDE * units` times. `$it` sees the subject as `$name`, laundered once per unit.
macro_rules! ask {
    ($units:expr, $subject:expr, |$name:ident| $it:expr) => {
        for _ in 0..$units {
            let $name = black_box($subject);
            eight!({
                eight!(if $it {
                    noticed()
                });
            });
        }
    };
}

#[cold]
#[inline(never)]
fn noticed() {
    panic!("nothing is cancelled here");
}

fn asking<S: 'static>(name: &'static str, subject: S, ask: fn(&S, u64)) -> Contestant {
    let sampler = move |units| {
        let start = Instant::now();
        ask(&subject, units);
        start.elapsed()
    };
    Contestant {
        name,
        per_unit: STRIDE,
        sampler: Box::new(sampler),
    }
}

fn ask_token<T: Query>(token: &T, units: u64) {
    ask!(units, token, |token| token.is_cancelled());
}

fn token<T: Query>() -> Contestant {
    asking(T::NAME, T::new(), ask_token::<T>)
}

fn atomic_load() -> Contestant {
    asking(
        ATOMIC_LOAD,
        Box::new(AtomicBool::new(false)),
        |flag, units| {
            let flag: &AtomicBool = flag;
            ask!(units, flag, |flag| flag.load(Ordering::Acquire));
        },
    )
}

fn plain(_: &Env) -> Vec<Contestant> {
    vec![
        token::<CancelToken>(),
        token::<CancellationToken>(),
        token::<Reset>(),
        token::<ChildStopper>(),
        asking(
            FUTURES_ABORT,
            AbortHandle::new_pair(),
            |(handle, _), units| {
                ask!(units, handle, |handle| handle.is_aborted());
            },
        ),
        atomic_load(),
        mutex(),
    ]
}

/// Reference against reference: `&Token` is what functions take, and as close to its word as
/// `&AtomicBool` is. (A handle loads its pointer first; so would an `Arc<AtomicBool>`.)
fn bare(_: &Env) -> Vec<Contestant> {
    let ours = asking(OURS, CancelToken::new(), |handle, units| {
        let token: &cancel_core::Token = handle;
        ask!(units, token, |token| token.is_cancelled());
    });
    vec![ours, atomic_load()]
}

/// Asks the hundredth descendant; the handles between stay alive.
fn deep(_: &Env) -> Vec<Contestant> {
    fn leaf<T: Tree + Query>() -> Contestant {
        let mut line = vec![T::new()];
        for i in 0..100 {
            let child = line[i].child();
            line.push(child);
        }
        asking(T::NAME, line, |line: &Vec<T>, units| {
            ask_token(&line[100], units)
        })
    }
    vec![
        leaf::<CancelToken>(),
        leaf::<CancellationToken>(),
        leaf::<ChildStopper>(),
        atomic_load(),
    ]
}

fn beside_churn(env: &Env) -> Vec<Contestant> {
    vec![
        churned::<CancelToken>(&env.duo),
        churned::<CancellationToken>(&env.duo),
        churned::<ChildStopper>(&env.duo),
    ]
}

/// Keeps its content away from the cache lines of others (two lines: they are fetched in pairs).
#[repr(align(128))]
struct Apart<T>(T);

/// What the two threads tell each other.
struct Churn {
    /// Children created and dropped.
    progress: Apart<AtomicU64>,
    stop: Apart<AtomicBool>,
    /// The reader's time, and whether it saw the other thread stand still.
    nanos: Apart<AtomicU64>,
    stalled: AtomicBool,
}

/// The reader looks after each of so many parts whether the other thread has come forward.
const PARTS: u64 = 16;
/// Parts shorter than this (in the first samples of the calibration) prove nothing.
const PROOF: Duration = Duration::from_micros(20);

fn churned<T: Tree + Query>(duo: &Rc<Duo>) -> Contestant {
    let root = Arc::new(T::new());
    let churn = Arc::new(Churn {
        progress: Apart(AtomicU64::new(0)),
        stop: Apart(AtomicBool::new(false)),
        nanos: Apart(AtomicU64::new(0)),
        stalled: AtomicBool::new(false),
    });

    // Relaxed throughout: the two only watch each other, and results travel through channels.
    let (token, shared) = (Arc::clone(&root), Arc::clone(&churn));
    let reader: Work = Arc::new(move |units| {
        let mut seen = shared.progress.0.load(Ordering::Relaxed);
        while seen == 0 {
            seen = shared.progress.0.load(Ordering::Relaxed);
        }
        let mut total = Duration::ZERO;
        for part in 0..PARTS {
            let share = units / PARTS + u64::from(part < units % PARTS);
            let start = Instant::now();
            ask_token::<T>(&token, share);
            let time = start.elapsed();
            total += time;
            let now = shared.progress.0.load(Ordering::Relaxed);
            if now == seen && time >= PROOF {
                shared.stalled.store(true, Ordering::Relaxed);
            }
            seen = now;
        }
        shared
            .nanos
            .0
            .store(total.as_nanos() as u64, Ordering::Relaxed);
        shared.stop.0.store(true, Ordering::Relaxed);
    });
    let (token, shared) = (root, Arc::clone(&churn));
    let churner: Work = Arc::new(move |_| {
        let mut done = 0;
        while !shared.stop.0.load(Ordering::Relaxed) {
            drop(black_box(token.child()));
            done += 1;
            shared.progress.0.store(done, Ordering::Relaxed);
        }
    });

    let duo = Rc::clone(duo);
    let sampler = move |units| {
        for attempt in 0..=RETAKES {
            churn.progress.0.store(0, Ordering::Relaxed);
            churn.stop.0.store(false, Ordering::Relaxed);
            churn.stalled.store(false, Ordering::Relaxed);
            duo.once(units, &reader, &churner);
            if !churn.stalled.load(Ordering::Relaxed) {
                break;
            }
            if attempt < RETAKES {
                duo.note_retake();
            } else {
                duo.note_given_up();
            }
        }
        Duration::from_nanos(churn.nanos.0.load(Ordering::Relaxed))
    };
    Contestant {
        name: T::NAME,
        per_unit: STRIDE,
        sampler: Box::new(sampler),
    }
}
