//! Rows of tokens that come and go: `new`, `clone`, `child`.

use std::hint::black_box;
use std::rc::Rc;
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
    ALLOCATION, ARC_CLONE, FUTURES_ABORT, Flagged, MUTEX, Reset, STOP_TOKEN, Stop, TOKIO_UTIL,
    Token, Tree,
};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "new + drop",
        target: Some(0.25),
        reference: TOKIO_UTIL,
        build: new_drop,
    },
    Row {
        name: "clone + drop",
        target: Some(0.40),
        reference: TOKIO_UTIL,
        build: clone_drop,
    },
    Row {
        name: "child + drop, 1 thread",
        target: Some(0.28),
        reference: TOKIO_UTIL,
        build: child,
    },
    Row {
        name: "child + drop, 2 threads of one root",
        target: Some(0.20),
        reference: TOKIO_UTIL,
        build: child_two_threads,
    },
    Row {
        name: "t = t.child() loop, per step",
        target: Some(0.32),
        reference: TOKIO_UTIL,
        build: child_loop,
    },
];

/// The limit of whatever has to allocate: 64 bytes, allocated and freed.
pub(crate) fn allocation() -> Contestant {
    looped(ALLOCATION, || {
        drop(black_box(Box::<[u8; 64]>::new_uninit()))
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
