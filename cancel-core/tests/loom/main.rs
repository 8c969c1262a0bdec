//! Models of every protocol in which several threads meet. `cargo xtask loom` runs them.
//!
//! Each model spawns at least one thread beside the main one. Under loom batches hold one waker and
//! locks are let go after two entries, so that the refill and resume paths are reached.
#![cfg(all(loom, feature = "loom", feature = "alloc"))]

use cancel_core::LIVE;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Wake, Waker};

mod callbacks;
mod causes;
mod children;
mod deadlines;
mod hooks;
mod links;
mod origin;
mod scopes;
mod statics;
mod timed;
mod tree;
mod two_cancels;
mod waiters;

fn check(model: impl Fn() + Sync + Send + 'static) {
    check_bounded(usize::MAX, model)
}

/// For the models with three threads of several steps each, where a third preemption takes hours.
fn check_bounded(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let executions = Arc::new(AtomicUsize::new(0));
    let count = executions.clone();
    let mut builder = loom::model::Builder::new();
    let bound = builder.preemption_bound.unwrap_or(2).min(preemptions);
    builder.preemption_bound = Some(bound);
    builder.max_branches = 20_000;
    builder.check(move || {
        count.fetch_add(1, SeqCst);
        LIVE.set(0);
        model();
        assert_eq!(LIVE.get(), 0, "nodes or causes left");
    });
    let executions = executions.load(SeqCst);
    println!("{executions} executions");
    // Loom compares an access with the last one alone. A thread that reads before it writes hides from
    // it that another one has read: then the reader has to be the thread that comes second.
    assert!(
        executions > 1,
        "loom has seen no race: the model proves nothing"
    );
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }
    fn woken(&self) -> usize {
        self.0.load(SeqCst)
    }
}
