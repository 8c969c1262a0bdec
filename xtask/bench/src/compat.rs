//! Rows of `compat::tokio_util`: what a program gets by changing its `use` line, beside tokio-util.

use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use cancel_core::compat::tokio_util as ours;
use tokio_util::sync as theirs;

use crate::Env;
use crate::harness::{Contestant, Row, batched, looped};
use crate::peers::{OURS, TOKIO_UTIL};
use crate::wait::{PendsOnce, finish, poll};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "compat: new + drop",
        reference: TOKIO_UTIL,
        build: new_drop,
    },
    Row {
        name: "compat: child_token + drop",
        reference: TOKIO_UTIL,
        build: child_drop,
    },
    Row {
        name: "compat: cancelled() create + poll + drop",
        reference: TOKIO_UTIL,
        build: wait,
    },
    Row {
        name: "compat: run_until_cancelled awaited, pends once",
        reference: TOKIO_UTIL,
        build: run,
    },
    Row {
        name: "compat: cancel 1000 children with a waiter each",
        reference: TOKIO_UTIL,
        build: cancel,
    },
];

/// The same expression for both, which differ by the module that `$of` names.
macro_rules! both {
    ($of:ident, $name:ident => $contestant:expr) => {
        vec![
            {
                use ours as $of;
                let $name = OURS;
                $contestant
            },
            {
                use theirs as $of;
                let $name = TOKIO_UTIL;
                $contestant
            },
        ]
    };
}

fn new_drop(_: &Env) -> Vec<Contestant> {
    both!(of, name => looped(name, || drop(black_box(of::CancellationToken::new()))))
}

fn child_drop(_: &Env) -> Vec<Contestant> {
    both!(of, name => {
        let root = of::CancellationToken::new();
        looped(name, move || drop(black_box(black_box(&root).child_token())))
    })
}

fn wait(_: &Env) -> Vec<Contestant> {
    both!(of, name => {
        let token = of::CancellationToken::new();
        looped(name, move || {
            let mut waiting = pin!(black_box(&token).cancelled());
            black_box(poll(waiting.as_mut()).is_pending());
        })
    })
}

fn run(_: &Env) -> Vec<Contestant> {
    both!(of, name => {
        let token = of::CancellationToken::new();
        looped(name, move || {
            let token = black_box(&token);
            let body = async { token.run_until_cancelled(PendsOnce(false)).await.is_some() };
            finish(body, 1);
        })
    })
}

fn cancel(_: &Env) -> Vec<Contestant> {
    both!(of, name => batched(
        name,
        1000,
        || {
            let root = of::CancellationToken::new();
            let wait = |_| {
                let mut wait = Box::pin(root.child_token().cancelled_owned());
                let cx = &mut Context::from_waker(Waker::noop());
                assert!(Future::poll(Pin::as_mut(&mut wait), cx).is_pending());
                wait
            };
            let waits: Vec<_> = (0..1000).map(wait).collect();
            (root, waits)
        },
        |(root, waits)| {
            root.cancel();
            (root, waits)
        },
    ))
}
