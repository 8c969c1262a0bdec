//! What operations in operations take: of the stack, and in the futures around their outputs.
//!
//! The stack of a level is the distance between two places, one so many levels below the other, when all of them
//! are polled again, divided by their number. Each level has a box around it, on both sides, since a future cannot
//! contain itself.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use cancel_std::Cancelable;
use tokio::time::timeout;

use crate::Env;
use crate::peers::{OURS, TOKIO};
use crate::sizes::{Size, size};
use crate::wait::poll;

const AFTER: Duration = Duration::from_secs(30);
const LEVELS: [u32; 2] = [10, 60];
const OUTPUT: usize = 4096;

type Level<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

pub(crate) fn sizes(env: &Env) -> Vec<Size> {
    let runtime = env.runtime();
    let _entered = runtime.enter();
    vec![
        size(
            "stack of a running operation with a timeout, of 50 inside one another",
            vec![(OURS, stack(ours)), (TOKIO, stack(tokios))],
        ),
        size(
            "future of a run whose body returns 4096 bytes",
            vec![(OURS, run()), (TOKIO, tokio_run())],
        ),
        size(
            "future of a group whose body returns 4096 bytes",
            vec![(OURS, group())],
        ),
    ]
}

fn ours(levels: u32, at: &Cell<usize>) -> Level<'_> {
    Box::pin(async move {
        match levels {
            0 => note(at).await,
            _ => {
                let op = Cancelable::with_timeout(AFTER).name("level");
                let run = op.run(async |_| ours(levels - 1, at).await);
                run.await.expect("nobody cancels it");
            }
        }
    })
}

fn tokios(levels: u32, at: &Cell<usize>) -> Level<'_> {
    Box::pin(async move {
        match levels {
            0 => note(at).await,
            _ => {
                let run = timeout(AFTER, tokios(levels - 1, at));
                run.await.expect("there is time");
            }
        }
    })
}

/// Notes where the stack has come to, in the second poll.
fn note(at: &Cell<usize>) -> impl Future<Output = ()> {
    let mut again = false;
    poll_fn(move |_| {
        let here = 0u8;
        at.set(std::ptr::from_ref(black_box(&here)).addr());
        match std::mem::replace(&mut again, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
}

fn stack(levels: fn(u32, &Cell<usize>) -> Level<'_>) -> f64 {
    let [few, many] = LEVELS.map(|levels_now| {
        let at = Cell::new(0);
        let mut run = levels(levels_now, &at);
        assert!(poll(run.as_mut()).is_pending());
        assert!(poll(run.as_mut()).is_ready());
        drop(run);
        at.get()
    });
    few.abs_diff(many) as f64 / f64::from(LEVELS[1] - LEVELS[0])
}

fn run() -> f64 {
    let operation = Cancelable::with_timeout(AFTER).build();
    size_of_val(&operation.run(async |_| [0u8; OUTPUT])) as f64
}

fn tokio_run() -> f64 {
    let run = pin!(timeout(AFTER, async { black_box([0u8; OUTPUT]) }));
    size_of_val(&*run) as f64
}

fn group() -> f64 {
    let operation = Cancelable::with_timeout(AFTER).build();
    size_of_val(&operation.run_group(async |_| [0u8; OUTPUT])) as f64
}
