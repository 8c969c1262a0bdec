//! DEFECTS 27: a check that is still running stalls nobody, delays no end, and leaves nothing behind.

use crate::support::{LONG, Log, Wakes};
use crate::tools::{MS, block_on, bounded, gated, wait_until};
use cancel_std::{Cancelable, Condition, Operation, Reason, Source};
use smol::LocalExecutor;
use std::future::pending;
use std::pin::pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

#[test]
fn a_blocking_predicate_does_not_stall_a_single_thread() {
    let (predicate, answer, seen) = gated();
    let op = Cancelable::with_condition(predicate, MS).unwrap().build();
    let executor = LocalExecutor::new();
    let other = executor.spawn(async {
        for _ in 0..5 {
            smol::Timer::after(MS).await;
        }
        "the other task"
    });
    let run = executor.spawn(op.run(async |cx| {
        while seen.begun() == 0 {
            cx.sleep(MS).await;
        }
        for step in 1..=5 {
            cx.progress(step, 5);
            cx.sleep(MS).await;
        }
        "the body"
    }));
    let both = block_on(executor.run(async { (other.await, run.await) }));
    assert_eq!(both, ("the other task", Ok("the body")));
    // All that went on while it blocked, and it still does: the end has not waited.
    assert_eq!((seen.begun(), seen.ended()), (1, 0));
    answer.send(true).unwrap();
    wait_until("what the predicate owns is freed", || {
        Arc::strong_count(&seen) == 1
    });
    assert_eq!(seen.begun(), 1, "it is not called again");
    assert!(op.context().cause().is_none(), "its answer is ignored");
}

#[test]
fn it_runs_on_another_thread() {
    let (tell, told) = channel();
    let predicate = move || tell.send(thread::current().id()).is_ok();
    let op = Cancelable::with_condition(predicate, LONG).unwrap();
    block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_ne!(told.recv().unwrap(), thread::current().id());
}

/// Whichever way a run ends while a check is in flight, it ends at once.
#[test]
fn no_end_waits() {
    type End = (&'static str, fn(&Operation), Reason);
    let ends: [End; 3] = [
        ("timeout", |_| (), Reason::Timeout),
        ("cancel", |op| assert!(op.cancel()), Reason::Manual),
        (
            "other source",
            |op| assert!(op.cancel_with(Reason::Shutdown)),
            Reason::Shutdown,
        ),
    ];
    for (name, end, reason) in ends {
        let (predicate, answer, seen) = gated();
        let limit = if name == "timeout" { 20 * MS } else { LONG };
        let op = Cancelable::with_timeout(limit).source(Source::condition(predicate, MS).unwrap());
        let result = block_on(op.run(async |cx| {
            while seen.begun() == 0 && name != "timeout" {
                cx.sleep(MS).await;
            }
            end(cx.operation());
            cx.sleep(LONG).await;
        }));
        assert_eq!(result.unwrap_err().reason(), reason, "{name}");
        assert_eq!(seen.ended(), 0, "{name}");
        let _ = answer.send(false); // nobody may be there any more
        wait_until(name, || Arc::strong_count(&seen) == 1);
    }
}

#[test]
fn a_dropped_run_leaves_the_check_alone() {
    let (predicate, answer, seen) = gated();
    let op = Cancelable::with_condition(predicate, MS).unwrap().build();
    {
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        let wakes = Arc::new(Wakes::default());
        assert!(wakes.poll(run.as_mut()).is_pending());
        wait_until("the check", || seen.begun() == 1);
    }
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
    assert_eq!(seen.ended(), 0);
    answer.send(true).unwrap();
    wait_until("what it owns is freed", || Arc::strong_count(&seen) == 1);
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
}

#[test]
fn an_awaiting_check_is_dropped_at_the_end() {
    let log = Log::default();
    let predicate = {
        let log = log.clone();
        move || {
            let guard = log.on_drop(|| String::from("check dropped"));
            async move {
                let _guard = guard;
                pending().await
            }
        }
    };
    let condition = Condition::new_async(predicate, MS).unwrap();
    let op = Cancelable::with_timeout(5 * MS).source(condition);
    let run = op.run(async |_| pending::<()>().await);
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(log.take(), ["check dropped"]);
}

/// After the end nothing holds what a predicate owns, however far the operation came.
#[test]
fn nothing_is_left() {
    let owned = Arc::new(());
    let make = || {
        let owned = owned.clone();
        Condition::new(move || Arc::strong_count(&owned) == 0, MS).unwrap()
    };
    drop(make());
    drop(Source::<cancel_std::Std>::from(make()));
    drop(Cancelable::new().source(make()));
    drop(Cancelable::new().source(make()).run(async |_| ()));
    let unused = Cancelable::new().source(make()).build();
    unused.cancel();
    block_on(unused.run(async |_| ())).unwrap_err();
    for limit in [Duration::ZERO, MS, 10 * MS] {
        let op = Cancelable::with_timeout(limit).source(make());
        block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    }
    wait_until("all are freed", || Arc::strong_count(&owned) == 1);
}

/// Predicates that block do not wait for each other.
#[test]
fn many_block_side_by_side() {
    const MANY: usize = 20;

    bounded(|| {
        let all = Arc::new(Barrier::new(MANY));
        let sources = (0..MANY).map(|_| {
            let all = all.clone();
            Source::condition(move || all.wait().is_leader(), LONG).unwrap()
        });
        let op = Cancelable::any(sources);
        let run = op.run(async |_| pending::<()>().await);
        assert_eq!(block_on(run).unwrap_err().reason(), Reason::Condition);
        wait_until("all are freed", || Arc::strong_count(&all) == 1);
    });
}
