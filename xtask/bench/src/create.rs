//! Rows of tokens that come and go: `new`, `clone`, `child`.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use almost_enough::ChildStopper;
use cancel_core::CancelToken;
use futures_util::future::AbortHandle;
use stop_token::StopSource;
use tokio_util::sync::CancellationToken;

use crate::Env;
use crate::duo::{Duo, Work};
use crate::harness::{Contestant, Row, looped};
use crate::peers::{
    ALLOCATION, ARC_CLONE, FUTURES_ABORT, Flagged, MUTEX, OURS, Reset, STOP_TOKEN, Stop,
    THREE_LOCKS, TOKIO_UTIL, TWO_LOCKS, Token, Tree,
};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "new + drop",
        reference: TOKIO_UTIL,
        build: new_drop,
    },
    Row {
        name: "new + drop, against the allocation alone",
        reference: ALLOCATION,
        build: new_drop_floor,
    },
    Row {
        name: "clone + drop",
        reference: TOKIO_UTIL,
        build: clone_drop,
    },
    Row {
        name: "child + drop, 1 thread",
        reference: TOKIO_UTIL,
        build: child,
    },
    Row {
        name: "child + drop, against its allocation and locks alone",
        reference: THREE_LOCKS,
        build: child_floor,
    },
    Row {
        name: "child + drop, 2 threads of one root",
        reference: TOKIO_UTIL,
        build: child_two_threads,
    },
    Row {
        name: "t = t.child() loop, per step",
        reference: TOKIO_UTIL,
        build: child_loop,
    },
];

/// The limit of whatever has to allocate: 56 bytes, allocated and freed.
pub(crate) fn allocation() -> Contestant {
    looped(ALLOCATION, || drop(black_box(Box::<Block>::new_uninit())))
}

/// As large as a token on the heap.
type Block = [u64; 7];

/// The limit of a child: its memory, and so many locks, of its parent's word and of its own in turn.
fn locks(name: &'static str, count: usize) -> Contestant {
    fn lock(word: &AtomicU32) {
        let seen = word.load(Relaxed);
        let taken = word.compare_exchange(seen, seen | 1, Acquire, Relaxed);
        word.store(taken.expect("nobody else is there"), Release);
    }
    let (parent, own) = (AtomicU32::new(0), AtomicU32::new(0));
    looped(name, move || {
        let block = black_box(Box::<Block>::new_uninit());
        let words = black_box([&parent, &own]);
        for at in 0..count {
            lock(words[at % 2]);
        }
        drop(block);
    })
}

/// The limit of whatever counts references: one increment and one decrement.
pub(crate) fn arc_clone() -> Contestant {
    let arc = Arc::new(0_u64);
    looped(ARC_CLONE, move || {
        drop(black_box(Arc::clone(black_box(&arc))))
    })
}

/// The limit of whatever takes a lock: an uncontended `std::sync::Mutex`.
pub(crate) fn mutex() -> Contestant {
    let mutex = Mutex::new(0_u64);
    looped(MUTEX, move || {
        *black_box(&mutex).lock().expect("nobody panics in there") += 1;
    })
}

/// A contestant that does the same on both threads at once; figures are per operation of a thread.
pub(crate) fn paired(name: &'static str, duo: &Rc<Duo>, work: Work) -> Contestant {
    let duo = Rc::clone(duo);
    Contestant {
        name,
        per_unit: 1,
        sampler: Box::new(move |units| duo.sample(units, &work)),
    }
}

fn new_drop(_: &Env) -> Vec<Contestant> {
    fn create<T: Token>() -> Contestant {
        looped(T::NAME, || drop(black_box(T::new())))
    }
    vec![
        create::<CancelToken>(),
        create::<CancellationToken>(),
        looped(STOP_TOKEN, || drop(black_box(StopSource::new()))),
        create::<Flagged>(),
        create::<Reset>(),
        create::<ChildStopper>(),
        looped(FUTURES_ABORT, || drop(black_box(AbortHandle::new_pair()))),
        allocation(),
    ]
}

fn new_drop_floor(_: &Env) -> Vec<Contestant> {
    let ours = looped(OURS, || drop(black_box(CancelToken::new())));
    vec![ours, allocation()]
}

fn clone_drop(_: &Env) -> Vec<Contestant> {
    fn share<T: Token + Clone>() -> Contestant {
        let token = T::new();
        looped(T::NAME, move || drop(black_box(black_box(&token).clone())))
    }
    let Stop { source, token } = Stop::new();
    let (handle, registration) = AbortHandle::new_pair();
    vec![
        share::<CancelToken>(),
        share::<CancellationToken>(),
        looped(STOP_TOKEN, move || {
            let _kept = &source;
            drop(black_box(black_box(&token).clone()));
        }),
        share::<Flagged>(),
        share::<Reset>(),
        share::<ChildStopper>(),
        looped(FUTURES_ABORT, move || {
            let _kept = &registration;
            drop(black_box(black_box(&handle).clone()));
        }),
        arc_clone(),
    ]
}

fn child(_: &Env) -> Vec<Contestant> {
    fn beget<T: Tree>() -> Contestant {
        let root = T::new();
        looped(T::NAME, move || drop(black_box(black_box(&root).child())))
    }
    vec![
        beget::<CancelToken>(),
        beget::<CancellationToken>(),
        beget::<ChildStopper>(),
        allocation(),
        mutex(),
    ]
}

fn child_floor(_: &Env) -> Vec<Contestant> {
    let root = CancelToken::new();
    vec![
        looped(OURS, move || drop(black_box(black_box(&root).child()))),
        locks(TWO_LOCKS, 2),
        locks(THREE_LOCKS, 3),
        allocation(),
    ]
}

fn child_two_threads(env: &Env) -> Vec<Contestant> {
    fn beget<T: Tree>(duo: &Rc<Duo>) -> Contestant {
        let root = T::new();
        let work = move |operations| {
            for _ in 0..operations {
                drop(black_box(black_box(&root).child()));
            }
        };
        paired(T::NAME, duo, Arc::new(work))
    }
    vec![
        beget::<CancelToken>(&env.duo),
        beget::<CancellationToken>(&env.duo),
        beget::<ChildStopper>(&env.duo),
    ]
}

/// Without almost-enough, where a child keeps its ancestors: the loop grows a chain without end.
fn child_loop(_: &Env) -> Vec<Contestant> {
    fn descend<T: Tree>() -> Contestant {
        let sampler = |units| {
            let mut token = T::new();
            let start = Instant::now();
            for _ in 0..units {
                token = black_box(token.child());
            }
            let time = start.elapsed();
            drop(token);
            time
        };
        Contestant {
            name: T::NAME,
            per_unit: 1,
            sampler: Box::new(sampler),
        }
    }
    vec![
        descend::<CancelToken>(),
        descend::<CancellationToken>(),
        allocation(),
    ]
}
