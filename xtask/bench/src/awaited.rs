//! Rows of `run_until_cancelled(..).await` inside an async function, where the future is moved to its
//! place first. The rows of `wait.rs` poll it where it is made.
//!
//! `cargo xtask bench --profile release-lto --filter awaited` runs them with link-time optimization.

use std::future::Future;
use std::hint::black_box;
use std::task::{Context, Poll};

use cancel_core::CancelToken;
use tokio_util::sync::CancellationToken;

use crate::Env;
use crate::harness::{Contestant, Row, looped};
use crate::peers::{OURS, TOKIO_UTIL};
use crate::wait::{PendsOnce, finish};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "run_until_cancelled awaited, ready",
        reference: TOKIO_UTIL,
        build: ready,
    },
    Row {
        name: "run_until_cancelled awaited, pends once",
        reference: TOKIO_UTIL,
        build: pends_once,
    },
    Row {
        name: "run_until_cancelled awaited, 256 bytes that are ready",
        reference: TOKIO_UTIL,
        build: large,
    },
];

fn awaited<F: Future + 'static>(body: fn() -> F, pends: u32) -> Vec<Contestant> {
    let ours = CancelToken::new();
    let tokio_util = CancellationToken::new();
    vec![
        looped(OURS, move || {
            let token = black_box(&ours);
            finish(
                async { token.run_until_cancelled(body()).await.is_ok() },
                pends,
            );
        }),
        looped(TOKIO_UTIL, move || {
            let token = black_box(&tokio_util);
            finish(
                async { token.run_until_cancelled(body()).await.is_some() },
                pends,
            );
        }),
    ]
}

fn ready(_: &Env) -> Vec<Contestant> {
    awaited(|| std::future::ready(1_u64), 0)
}

fn pends_once(_: &Env) -> Vec<Contestant> {
    awaited(|| PendsOnce(false), 1)
}

/// A future that is large, as those of real functions are.
struct Large([u64; 32]);

impl Future for Large {
    type Output = u64;

    #[inline]
    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        Poll::Ready(black_box(&self.0)[7])
    }
}

fn large(_: &Env) -> Vec<Contestant> {
    awaited(|| Large([black_box(1); 32]), 0)
}
