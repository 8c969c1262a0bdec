//! Rows of operations beside what one writes with tokio: `timeout` around a `CancellationToken`'s
//! `run_until_cancelled`.
//!
//! Ours runs on `Std`. tokio's futures are polled inside an entered current-thread runtime whose
//! timer has rested once, with an earlier sleep in it: so neither timer has to be woken for a later
//! deadline, as in a program that has been running for a while. All futures are polled by hand with
//! `Waker::noop()`, in place where they can be: no executor is measured.
//!
//! tokio's side borrows its token where ours has a handle of its own in the future: the lean form.

use std::cell::Cell;
use std::future::{Future, pending};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cancel_core::CancelToken;
use cancel_std::{Cancelable, Cancelled, Operation, Progress};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{error::Elapsed, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::alloc::counted;
use crate::harness::{Contestant, Row, looped, sampled};
use crate::peers::{BARE_FUTURE, DYN_CALL, KEPT_REPORT, OURS, TOKIO};
use crate::sizes::{Size, size};
use crate::wait::{PendsOnce, finish, poll};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "operation with name and timeout, body ready",
        reference: TOKIO,
        build: |_| run(async || black_box(1), 0),
    },
    Row {
        name: "operation with name and timeout, body pends once",
        reference: TOKIO,
        build: |_| run(async || PendsOnce(false).await, 1),
    },
    Row {
        name: "progress report, one callback",
        reference: DYN_CALL,
        build: |_| progress(),
    },
    Row {
        name: "cancel 100,000 operations with a timeout each through one parent, the call",
        reference: TOKIO,
        build: |_| cancel(false),
    },
    Row {
        name: "cancel 100,000 operations with a timeout each through one parent, until all are gone",
        reference: TOKIO,
        build: |_| cancel(true),
    },
];

const AFTER: Duration = Duration::from_secs(30);
const ALIVE: u64 = 100_000;
const SHORT: u64 = 10_000;

/// A runtime to enter, in which the timer rests until something that comes before [`AFTER`].
struct Tokio {
    runtime: Runtime,
    _earlier: Pin<Box<tokio::time::Sleep>>,
}

impl Tokio {
    fn start() -> Rc<Tokio> {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("it needs nothing of the system");
        let mut earlier = {
            let _entered = runtime.enter();
            Box::pin(sleep(AFTER / 3))
        };
        assert!(poll(earlier.as_mut()).is_pending());
        runtime.block_on(async { sleep(Duration::from_millis(1)).await });
        Rc::new(Tokio {
            runtime,
            _earlier: earlier,
        })
    }
}

fn looped_in(tokio: Rc<Tokio>, mut operation: impl FnMut() + 'static) -> Contestant {
    let sampler = move |units: u64| {
        let _entered = tokio.runtime.enter();
        let start = Instant::now();
        for _ in 0..units {
            operation();
        }
        start.elapsed()
    };
    Contestant {
        name: TOKIO,
        per_unit: 1,
        sampler: Box::new(sampler),
    }
}

/// From nothing to a result, and everything dropped again.
fn run<F, T>(body: F, pends: u32) -> Vec<Contestant>
where
    F: AsyncFn() -> T + Copy + 'static,
{
    vec![
        looped(OURS, move || {
            let operation = Cancelable::with_timeout(black_box(AFTER))
                .name("fetch")
                .build();
            finish(black_box(&operation).run(async |_| body().await), pends);
        }),
        looped_in(Tokio::start(), move || {
            let token = CancellationToken::new();
            let run = black_box(&token).run_until_cancelled(async { body().await });
            finish(timeout(black_box(AFTER), run), pends);
        }),
        looped(BARE_FUTURE, move || finish(body(), pends)),
    ]
}

/// The callbacks of all contestants do the same: they add up what is reported.
fn progress() -> Vec<Contestant> {
    type OnProgress = Box<dyn Fn(&Progress) + Send + Sync>;

    thread_local! {
        static SUM: Cell<u64> = const { Cell::new(0) };
    }
    fn add(progress: &Progress) {
        SUM.with(|sum| sum.set(sum.get() + progress.current().unwrap_or(0)));
    }
    fn a_report() -> Progress {
        let operation = Cancelable::new().build();
        operation.within(|cx| cx.progress(3, 10));
        let context = operation.context();
        context.progress().expect("just reported").clone()
    }

    let operation = Cancelable::new().on_progress(add).build();
    let (report, call): (_, OnProgress) = (a_report(), Box::new(add));
    let (kept, keep, call_kept): (_, _, OnProgress) =
        (Mutex::new(a_report()), a_report(), Box::new(add));
    vec![
        looped(OURS, move || {
            black_box(&operation).within(|cx| cx.progress(black_box(3), black_box(10)));
        }),
        looped(DYN_CALL, move || black_box(&call)(black_box(&report))),
        // What it costs to keep the last one for whoever looks, in any way.
        looped(KEPT_REPORT, move || {
            let report = black_box(&keep).clone();
            black_box(&call_kept)(&report);
            *black_box(&kept).lock().expect("nobody panics in there") = report;
        }),
    ]
}

fn our_run(parent: &Operation) -> impl Future<Output = Result<(), Cancelled>> + use<> {
    let operation = Cancelable::with_timeout(AFTER).parent(parent);
    operation.run(async |_| pending::<()>().await)
}

fn tokio_run(
    parent: &CancellationToken,
) -> impl Future<Output = Result<Option<()>, Elapsed>> + use<> {
    let token = parent.child_token();
    timeout(AFTER, token.run_until_cancelled_owned(pending::<()>()))
}

/// All of them started and waiting.
fn alive<F: Future>(run: impl Fn() -> F) -> Vec<Option<Pin<Box<F>>>> {
    let mut runs: Vec<_> = (0..ALIVE).map(|_| Some(Box::pin(run()))).collect();
    for run in runs.iter_mut().flatten() {
        assert!(poll(run.as_mut()).is_pending());
    }
    runs
}

/// As an executor does: a future that is ready is dropped.
fn end_all<F: Future>(runs: &mut [Option<Pin<Box<F>>>]) {
    for place in runs {
        let run = place.as_mut().expect("each ends once");
        assert!(black_box(poll(run.as_mut())).is_ready());
        *place = None;
    }
}

fn cancel(to_the_end: bool) -> Vec<Contestant> {
    let tokio = Tokio::start();
    vec![
        sampled(OURS, ALIVE, move || {
            let parent = Cancelable::new().build();
            let mut runs = alive(|| our_run(&parent));
            let start = Instant::now();
            parent.cancel();
            if to_the_end {
                end_all(&mut runs);
            }
            start.elapsed()
        }),
        sampled(TOKIO, ALIVE, move || {
            let _entered = tokio.runtime.enter();
            let parent = CancellationToken::new();
            let mut runs = alive(|| tokio_run(&parent));
            let start = Instant::now();
            parent.cancel();
            if to_the_end {
                end_all(&mut runs);
            }
            start.elapsed()
        }),
    ]
}

/// The rows of the size table. To be measured before anything else has made the timer's slab grow:
/// what it needs is in them.
pub(crate) fn sizes() -> Vec<Size> {
    // The threads of the timer, and what they have once.
    assert!(poll(pin!(our_run(&Cancelable::new().build()))).is_pending());
    vec![
        size(
            "operation with a timeout and a parent, of 100,000: all but its future",
            alive_bytes(true),
        ),
        size(
            "operation with a timeout and a parent, of 100,000: all, its future included",
            alive_bytes(false),
        ),
        size(
            "future of a run whose body has captured 4096 bytes",
            capturing(),
        ),
        left(
            "left by 10,000 short operations under one parent",
            under_parent,
        ),
        left(
            "left by 10,000 short operations under one token",
            under_token,
        ),
        left(
            "left by 10,000 short operations with a part of one combination",
            under_combination,
        ),
        left(
            "left by 10,000 short operations under a link of two tokens",
            under_link,
        ),
    ]
}

fn alive_bytes(without_future: bool) -> Vec<(&'static str, f64)> {
    fn per_run<F: Future>(without_future: bool, run: impl Fn() -> F) -> f64 {
        let (runs, bytes) = counted(|| alive(&run));
        // The list of the futures is the benchmark's own.
        let list = runs.capacity() * size_of::<Pin<Box<F>>>();
        let futures = if without_future {
            runs.len() * size_of::<F>()
        } else {
            0
        };
        (bytes - (list + futures) as i64) as f64 / ALIVE as f64
    }
    let parent = Cancelable::new().build();
    let ours = per_run(without_future, || our_run(&parent));
    let tokio = Tokio::start();
    let _entered = tokio.runtime.enter();
    let parent = CancellationToken::new();
    let theirs = per_run(without_future, || tokio_run(&parent));
    vec![(OURS, ours), (TOKIO, theirs)]
}

fn capturing() -> Vec<(&'static str, f64)> {
    let data = [0_u8; 4096];
    let operation = Cancelable::with_timeout(AFTER);
    let ours = operation.run(async move |_| {
        pending::<()>().await;
        black_box(&data);
    });
    let tokio = Tokio::start();
    let _entered = tokio.runtime.enter();
    let body = async move {
        pending::<()>().await;
        black_box(&data);
    };
    let token = CancellationToken::new();
    let theirs = timeout(AFTER, token.run_until_cancelled_owned(body));
    vec![
        (OURS, size_of_val(&ours) as f64),
        (TOKIO, size_of_val(&theirs) as f64),
    ]
}

/// The bytes that are there after so many short operations, and were not before.
fn left(name: &'static str, work: fn(u64)) -> Size {
    work(1);
    let counted = |times| counted(|| work(times)).1;
    // What one leaves as well is not the operations' doing.
    let left = counted(SHORT) - counted(1);
    size(name, vec![(OURS, left as f64)])
}

/// An operation that is created, waits once with its timer armed, and ends.
fn short(operation: Cancelable) {
    let operation = operation.timeout(AFTER);
    finish(operation.run(async |_| PendsOnce(false).await), 1);
}

/// The long-lived thing is forgotten on purpose: what hangs on it would be gone with it otherwise.
fn under_parent(times: u64) {
    let parent = Cancelable::new().build();
    (0..times).for_each(|_| short(Cancelable::new().parent(&parent)));
    std::mem::forget(parent);
}

fn under_token(times: u64) {
    let token = CancelToken::new();
    (0..times).for_each(|_| short(Cancelable::with_token(&token)));
    std::mem::forget(token);
}

fn under_combination(times: u64) {
    let (token, parent) = (CancelToken::new(), Cancelable::new().build());
    for _ in 0..times {
        let part = Cancelable::with_token(&token);
        short(part.combine(Cancelable::new().parent(&parent)));
    }
    std::mem::forget((token, parent));
}

fn under_link(times: u64) {
    let tokens = (CancelToken::new(), CancelToken::new());
    for _ in 0..times {
        let either = CancelToken::any([&tokens.0, &tokens.1]);
        short(Cancelable::with_token(&either));
    }
    std::mem::forget(tokens);
}
