//! X7: what is ready at once gives way, so no poll of a run goes on for ever.

use crate::support::{SECOND, Virtual, Wakes};
use cancel_std::{Condition, Instant, Runtime, Std, Watched, generic};
use smol::stream::{self, StreamExt};
use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

const NANO: Duration = Duration::from_nanos(1);

/// Far more than any one poll may do: where a poll does not end by itself, the test does.
const TOO_MANY: usize = 10_000;

fn count(counter: &AtomicUsize) {
    // Relaxed: one thread.
    let before = counter.fetch_add(1, Ordering::Relaxed);
    assert!(before < TOO_MANY, "one poll that never returns");
}

/// Polls a run with a body that never ends: each poll is pending, wakes, and does at most `most` rounds;
/// the rounds go on, and a cancel ends them.
fn goes_on_and_ends<R: Runtime>(
    op: generic::Operation<R>,
    rounds: &AtomicUsize,
    most: usize,
    body: impl AsyncFnOnce(&generic::Cx<R>),
) {
    let mut run = pin!(op.run(body));
    let wakes = Arc::new(Wakes::default());
    for _poll in 0..50 {
        let before = rounds.load(Ordering::Relaxed);
        assert!(wakes.poll(run.as_mut()).is_pending());
        assert_eq!(wakes.take(), 1, "each poll wakes once");
        assert!(rounds.load(Ordering::Relaxed) - before <= most);
    }
    assert!(rounds.load(Ordering::Relaxed) >= 10);
    op.cancel_with("enough");
    let Poll::Ready(Err(cancelled)) = wakes.poll(run.as_mut()) else {
        panic!("the cancel ends it");
    };
    assert_eq!(cancelled.message(), Some("enough"));
}

fn sleeps<R: Runtime>(op: impl Fn() -> generic::Operation<R>) {
    let rounds = AtomicUsize::new(0);
    goes_on_and_ends(op(), &rounds, 1, async |cx| {
        loop {
            cx.sleep(Duration::ZERO).await;
            count(&rounds);
        }
    });
    let rounds = AtomicUsize::new(0);
    goes_on_and_ends(op(), &rounds, 1, async |cx| {
        loop {
            cx.sleep_until(Instant::EPOCH).await;
            count(&rounds);
        }
    });
}

#[test]
fn x7_sleeps_of_no_length_give_way() {
    sleeps(|| generic::Cancelable::<Std>::new().build());
    let time = Virtual::new();
    sleeps(|| time.op().build());
}

#[test]
fn x7_a_sleep_gives_way_once() {
    let time = Virtual::new();
    let mut run = pin!(time.op().run(async |cx| cx.sleep(Duration::ZERO).await));
    let wakes = Arc::new(Wakes::default());
    assert!(wakes.poll(run.as_mut()).is_pending());
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_ready());
    // One that has waited does not, when its time has come.
    let mut run = pin!(time.op().run(async |cx| cx.sleep(SECOND).await));
    assert!(wakes.poll(run.as_mut()).is_pending());
    time.advance(SECOND);
    assert!(wakes.poll(run.as_mut()).is_ready());
}

/// On the real clock, where a nanosecond has passed by the first poll.
#[test]
fn x7_the_shortest_interval_gives_way() {
    let checks = Arc::new(AtomicUsize::new(0));
    let in_check = checks.clone();
    let predicate = move || {
        count(&in_check);
        std::future::ready(false)
    };
    let condition = Condition::new_async(predicate, NANO).unwrap();
    let op = generic::Cancelable::<Std>::new().source(condition).build();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    let wakes = Arc::new(Wakes::default());
    for _poll in 0..50 {
        let before = checks.load(Ordering::Relaxed);
        assert!(wakes.poll(run.as_mut()).is_pending());
        assert!(checks.load(Ordering::Relaxed) - before <= 1);
    }
    op.cancel();
    assert!(wakes.poll(run.as_mut()).is_ready());
}

#[test]
fn x7_a_value_that_changes_all_the_time_gives_way() {
    let (time, value) = (Virtual::new(), Watched::new(0));
    let checks = Arc::new(AtomicUsize::new(0));
    let (in_check, changing) = (checks.clone(), value.clone());
    let condition = Condition::when(&value, move |_| {
        count(&in_check);
        changing.set(1);
        false
    });
    let op = time.op().source(condition).build();
    goes_on_and_ends(op, &checks, 1, async |_| pending().await);
}

#[test]
fn x7_streams_that_are_always_ready_give_way() {
    let time = Virtual::new();
    let items = AtomicUsize::new(0);
    goes_on_and_ends(time.op().build(), &items, 128, async |cx| {
        let mut source = cx.stream(stream::repeat(()));
        while let Some(()) = source.next().await {
            count(&items);
        }
    });
    // In one chunk, which is never full.
    let items = AtomicUsize::new(0);
    goes_on_and_ends(time.op().build(), &items, 128, async |cx| {
        let source = stream::repeat_with(|| count(&items));
        let mut chunks = cx.stream(source).chunks(usize::MAX);
        chunks.next().await;
    });
    // Every item arrives, in its order.
    let seen = Cell::new(0);
    let run = time.op().run(async |cx| {
        let mut source = cx.stream(stream::iter(0..1000));
        while let Some(item) = source.next().await {
            assert_eq!(item, seen.replace(seen.get() + 1));
        }
    });
    assert_eq!(smol::block_on(run), Ok(()));
    assert_eq!(seen.get(), 1000);
}

#[test]
fn x7_reports_that_cause_reports_give_way() {
    let time = Virtual::new();
    let reports = Arc::new(AtomicUsize::new(0));
    let in_callback = reports.clone();
    let handle = Arc::new(Mutex::new(None::<generic::Cx<Virtual>>));
    let again = handle.clone();
    let op = time
        .op()
        .on_progress_async(move |_| {
            count(&in_callback);
            let again = again.clone();
            async move { again.lock().unwrap().as_ref().unwrap().progress(1, 2) }
        })
        .build();
    let body = async |cx: &generic::Cx<Virtual>| {
        *handle.lock().unwrap() = Some(cx.clone());
        cx.progress(1, 2);
        pending::<()>().await
    };
    let mut run = pin!(op.run(body));
    let wakes = Arc::new(Wakes::default());
    for _poll in 0..50 {
        let before = reports.load(Ordering::Relaxed);
        assert!(wakes.poll(run.as_mut()).is_pending());
        // (The runner may poll its body more than once.)
        assert!(reports.load(Ordering::Relaxed) - before <= 4 * 128);
    }
    assert!(reports.load(Ordering::Relaxed) >= 50);
    drop(handle.lock().unwrap().take()); // which has kept the operation
}
