//! Rows of deadlines that are armed and never reached: what a timeout costs when all goes well.
//!
//! Ours is the timer of cancel-std, which needs no runtime; tokio's sleep runs inside an entered
//! multi-thread runtime with two workers. Each is created for 30 s, polled once, and dropped.

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use cancel_core::Timer;
use cancel_std::Std;

use crate::Env;
use crate::create::paired;
use crate::harness::{Contestant, Row};
use crate::peers::{OURS, TOKIO};
use crate::wait::poll;

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "deadline armed and dropped, 1 thread",
        reference: TOKIO,
        build: one_thread,
    },
    Row {
        name: "deadline armed and dropped, 2 threads",
        reference: TOKIO,
        build: two_threads,
    },
];

const AFTER: Duration = Duration::from_secs(30);

fn arm_ours(times: u64) {
    for _ in 0..times {
        let mut sleep = pin!(Std.sleep(black_box(AFTER)));
        black_box(poll(sleep.as_mut()).is_pending());
    }
}

fn arm_tokio(runtime: &tokio::runtime::Handle, times: u64) {
    let _entered = runtime.enter();
    for _ in 0..times {
        let mut sleep = pin!(tokio::time::sleep(black_box(AFTER)));
        black_box(poll(sleep.as_mut()).is_pending());
    }
}

fn one_thread(env: &Env) -> Vec<Contestant> {
    fn timed(name: &'static str, arm: impl Fn(u64) + 'static) -> Contestant {
        let sampler = move |units| {
            let start = std::time::Instant::now();
            arm(units);
            start.elapsed()
        };
        Contestant {
            name,
            per_unit: 1,
            sampler: Box::new(sampler),
        }
    }
    let runtime = env.runtime();
    vec![
        timed(OURS, arm_ours),
        timed(TOKIO, move |units| arm_tokio(&runtime, units)),
    ]
}

fn two_threads(env: &Env) -> Vec<Contestant> {
    // Our timer's thread starts here, from a thread that is not pinned, and so is not either.
    arm_ours(1);
    let runtime = env.runtime();
    vec![
        paired(OURS, &env.duo, Arc::new(arm_ours)),
        paired(
            TOKIO,
            &env.duo,
            Arc::new(move |operations| arm_tokio(&runtime, operations)),
        ),
    ]
}
