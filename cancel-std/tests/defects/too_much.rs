//! Lines 11 to 16: too much is cancelled, or work is lost.

use crate::{LONG, noted, poll, secs};
use cancel_core::CancelStreamExt;
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{CancelToken, Cancelable, Condition, Instant, Reason, Source, Status};
use smol::stream::{self, StreamExt};
use std::future::pending;
use std::pin::pin;

/// "Leaving a shield raises again and skips the rest of the cleanup; a second shield never runs."
#[test]
fn d11_all_shields_and_the_whole_cleanup_run() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let cleanup = notes.clone();
    let op = time
        .operation()
        .timeout(secs(1))
        .finally(move |cx| async move {
            for part in ["cleanup 1", "cleanup 2"] {
                // In a cleanup, where nothing is cancelled, they are harmless.
                cx.shield_future(cx.sleep(secs(5))).await;
                cleanup.note(part);
            }
        });
    let run = op.run(async |cx| {
        for part in ["shield 1", "shield 2"] {
            let inside = async {
                cx.sleep(secs(5)).await;
                notes.note(part);
                5
            };
            assert_eq!(cx.shield_future(inside).await, 5);
        }
        notes.note("code between");
        cx.sleep(LONG).await;
        notes.note("never");
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(
        noted(&notes),
        "5s shield 1 10s shield 2 10s code between 15s cleanup 1 20s cleanup 2"
    );
}

/// "Cancelling a parent cancels the *user's own* token that a child only follows, and with it unrelated
/// operations."
#[test]
fn d12_following_is_one_way() {
    let user = CancelToken::new();
    let parent = Cancelable::new().build();
    let op = Cancelable::with_token(&user).parent(&parent);
    let other = Cancelable::with_token(&user).build();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    parent.cancel();
    assert!(poll(run.as_mut()).is_ready());
    assert!(!user.is_cancelled() && !other.is_cancelled());
    other.cancel();
    assert!(!user.is_cancelled());
    // Nor does a combination cancel its parts.
    let part = Cancelable::with_token(&user).build();
    let combined = Cancelable::new().source(&part).build();
    combined.cancel();
    assert!(!part.is_cancelled() && !user.is_cancelled());
}

/// There is exactly one implementation for what is no predicate, and two for what is one. So a call that
/// compiles shows that its argument is none.
trait NoPredicate<Which> {}

impl<F> NoPredicate<()> for F {}
impl<F: FnMut() -> bool> NoPredicate<bool> for F {}

fn no_predicate<Which, F: NoPredicate<Which>>(_: F) {}

/// "A condition that returns a future counts as true." Ours: it does not compile, and what awaits has a form
/// of its own.
#[test]
fn d13_a_future_is_no_truth_value() {
    no_predicate(|| async { true });
    no_predicate(async || true);
    no_predicate(|| Some(true));
    no_predicate(|| ());

    let time = VirtualTime::new();
    let mut left = 3;
    let count_down = move || {
        left -= 1;
        let met = left == 0;
        async move { met }
    };
    let condition = Condition::new_async(count_down, secs(5)).unwrap();
    let op = time.operation().source(condition).build();
    let why = time.block_on(op.run(async |_| pending::<()>().await));
    assert_eq!(why.unwrap_err().reason(), Reason::Condition);
    assert_eq!(time.now(), Instant::EPOCH + secs(10)); // checked at 0, 5 and 10 s
    let never = Source::condition_async(async || false, secs(5)).unwrap();
    let op = time.operation().source(never);
    assert_eq!(
        time.block_on(op.run(async |cx| cx.sleep(LONG).await)),
        Ok(())
    );
}

/// "`break` out of a stream with a timeout leaves the timer armed against unrelated code."
#[test]
fn d14_after_a_break_no_timer_is_left() {
    let time = VirtualTime::new();
    let outer = time.operation();
    let run = outer.run(async |cx| {
        let inner = cx.child().timeout(secs(5));
        let first = inner.run(async |cx| {
            let mut items = pin!(stream::iter(1..).take_until_cancelled(cx.token()));
            while let Some(item) = items.next().await {
                cx.sleep(secs(1)).await;
                assert!(time.pending_timers() > 0);
                if item == 2 {
                    return item;
                }
            }
            unreachable!("cancelled")
        });
        assert_eq!(first.await, Ok(2));
        assert_eq!(time.pending_timers(), 0);
        cx.sleep(LONG).await; // the unrelated code
    });
    assert_eq!(time.block_on(run), Ok(()));
    // And without an operation around: the stream goes, and its registration with it.
    let notes = Recorder::new();
    let token = CancelToken::new();
    let held = notes.on_drop("source gone");
    let source = stream::iter(1..).inspect(move |_| {
        let _held = &held;
    });
    let mut items = Box::pin(source.take_until_cancelled(&token));
    assert_eq!(smol::block_on(items.next()), Some(1));
    drop(items);
    assert_eq!(noted(&notes), "source gone");
    token.cancel();
}

/// "The partial result is lost when the consumer is cancelled or breaks; a fetched item is dropped."
#[test]
fn d15_partial_results_and_fetched_items_are_kept() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(5) / 2).build();
    let (send, items) = smol::channel::unbounded();
    for item in 1..=5 {
        send.try_send(item).unwrap();
    }
    let run = op.run(async |cx| {
        let mut all = Vec::new();
        let mut some = pin!(items.clone().take_until_cancelled(cx.token()));
        while let Some(item) = some.next().await {
            all.push(item);
            cx.set_partial_result(all.clone());
            cx.sleep(secs(1)).await;
        }
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    let context = op.context();
    assert_eq!(context.partial_result::<Vec<i32>>(), Some(&vec![1, 2, 3]));
    // The others are still where they were.
    assert_eq!(items.try_recv(), Ok(4));

    // Cancelled while an item is being taken: it is delivered, and what follows stays.
    let stop = CancelToken::new();
    let mut source = stream::iter(1..).inspect(|item| {
        if *item == 2 {
            stop.cancel();
        }
    });
    let taken = (&mut source)
        .take_until_cancelled(&stop)
        .collect::<Vec<_>>();
    assert_eq!(smol::block_on(taken), [1, 2]);
    assert_eq!(smol::block_on(source.next()), Some(3));
}

/// "A timeout inside a task group vanishes silently."
#[test]
fn d16_a_timeout_in_a_task_group_is_reported() {
    // Of the group.
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(5)).build();
    let why = time.block_on(op.run_group(async |group| {
        group.spawn(|cx| async move { cx.sleep(LONG).await });
    }));
    assert_eq!(why.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(op.status(), Status::Cancelled);
    assert_eq!(time.now(), Instant::EPOCH + secs(5));

    // Of one of its tasks: a failure, which ends the rest.
    let time = VirtualTime::new();
    let op = time.operation().build();
    let why = time.block_on(op.run_group(async |group| {
        group.spawn(|cx| async move { cx.sleep(LONG).await });
        let hasty = group.child().name("hasty").timeout(secs(5));
        group.spawn_as(hasty, |cx| async move { cx.sleep(LONG).await });
    }));
    assert_eq!(why.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(op.status(), Status::Failed);
    let error = "hasty: cancelled: timeout of 5s of \"hasty\"";
    assert_eq!(op.context().error(), Some(error));
    assert_eq!(time.now(), Instant::EPOCH + secs(5));

    // Of an operation inside a task: its own result, which the task gives as a value.
    let time = VirtualTime::new();
    let op = time.operation();
    let result = time.block_on(op.run_group(async |group| {
        let task = group.spawn_value(|cx| async move {
            let part = cx.child().timeout(secs(5));
            part.run(async |cx| cx.sleep(LONG).await).await
        });
        task.await.unwrap()
    }));
    assert_eq!(result.unwrap().unwrap_err().reason(), Reason::Timeout);
    assert_eq!((time.pending_timers(), time.pending_tasks()), (0, 0));
}
