//! Ends that are not the source's own.

use crate::support::{Fault, Pipe, poll, poll_next};
use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Reason, Status};
use smol::stream::{self, StreamExt};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The loop does not come to an end that looks like a complete one.
#[test]
fn a_body_is_dropped_at_its_stream() {
    let op = Cancelable::new().build();
    let mut after = false;
    let run = op.run(async |cx| {
        let mut numbers = cx.stream(stream::iter(1..)); // never pending
        while let Some(number) = numbers.next().await {
            if number == 10 {
                cx.cancel_with("enough");
            }
            assert!(number <= 10);
        }
        after = true;
    });
    assert_eq!(smol::block_on(run).unwrap_err().message(), Some("enough"));
    assert!(!after);
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn a_source_that_is_always_ready_is_stopped_by_the_deadline() {
    let op = Cancelable::with_timeout(Duration::from_millis(5));
    let run = op.run(async |cx| cx.stream(stream::repeat(1)).count().await);
    assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);

    // A parent's counts, too.
    let parent = Cancelable::with_timeout(Duration::from_secs(3600));
    let run = parent.run(async |cx| {
        cx.operation().set_timeout(Duration::from_millis(5)); // (only now: the body has begun)
        let child = cx.child();
        let run = child.run(async |cx| cx.stream(stream::repeat(1)).count().await);
        run.await.unwrap_err().root_reason()
    });
    assert_eq!(smol::block_on(run), Ok(Reason::Timeout));
}

#[test]
fn a_silent_source_is_stopped_by_the_deadline() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(60 * SECOND).build();
    let run = op.run(async |cx| cx.stream(stream::pending::<()>()).count().await);
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(op.context().duration(), Some(60 * SECOND));
    assert_eq!(time.pending_timers(), 0);
}

/// DEFECTS 14: `break`, and then the timer fires into code that has nothing to do with it.
#[test]
fn a_break_leaves_no_timer_behind() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run(async |cx| {
        let inner = cx.child().timeout(5 * SECOND).build();
        let inner_run = inner.run(async |cx| {
            let mut numbers = cx.stream(stream::iter(1..)).report_every(1);
            while let Some(number) = numbers.next().await {
                if number == 3 {
                    break;
                }
            }
        });
        inner_run.await.unwrap();
        assert_eq!(time.pending_timers(), 0);
        cx.sleep(60 * SECOND).await;
        assert_eq!(inner.status(), Status::Completed);
        assert!(!inner.is_cancelled());
    });
    time.block_on(run).unwrap();
    assert_eq!(op.status(), Status::Completed);
}

#[test]
fn in_a_grace_period_it_ends_and_check_tells() {
    let op = Cancelable::new().grace(60 * SECOND).build();
    let mut pipe = Pipe::new([1, 2]);
    let other = pipe.clone();
    let run = op.run(async |cx| {
        let mut sum = 0;
        let mut numbers = cx.stream(&mut pipe);
        while let Some(number) = numbers.next().await {
            sum += number;
        }
        (sum, cx.check().is_err(), numbers.next().await)
    });
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    op.cancel();
    other.put(4);
    assert_eq!(smol::block_on(run).unwrap(), (3, true, None));
    assert_eq!(other.left(), 1); // what comes after the cancel stays in the source
}

#[test]
fn in_a_shield_the_cancelation_is_the_last_error() {
    let op = Cancelable::new().build();
    let mut seen = Vec::new();
    let run = op.run(async |cx| {
        let shielded = async {
            let source = stream::iter([Ok(1), Ok(2)]).chain(stream::pending());
            let mut items = cx.try_stream::<_, _, Fault>(source);
            while let Some(item) = items.next().await {
                if item == Ok(2) {
                    cx.cancel_with("stop");
                }
                seen.push(item);
            }
            assert_eq!(items.next().await, None);
        };
        cx.shield(shielded).await;
    });
    smol::block_on(run).unwrap(); // it has no other await
    let cancelled = op.context().cause().unwrap().clone();
    assert_eq!(seen, [Ok(1), Ok(2), Err(Fault::Cancelled(cancelled))]);
}

#[test]
fn in_another_task_it_wakes_that_one() {
    let op = Cancelable::new().build();
    let items = op.stream(stream::pending::<i32>());
    let task = smol::spawn(items.collect::<Vec<_>>());
    let mut fallible = op.try_stream(stream::pending::<Result<i32, Fault>>());
    let other = smol::spawn(async move { fallible.next().await });
    op.cancel_with("all of it");
    assert!(smol::block_on(task).is_empty());
    let Some(Err(Fault::Cancelled(why))) = smol::block_on(other) else {
        panic!("the error is the last item");
    };
    assert_eq!(why.message(), Some("all of it"));
}

#[test]
fn chunks_hand_out_the_rest_where_the_body_goes_on() {
    let op = Cancelable::new().build();
    let pipe = Pipe::new([Ok(1), Ok(2), Ok(3)]);
    let mut chunks = op.try_stream::<_, _, Fault>(pipe.clone()).chunks(2);
    assert_eq!(poll_next(&mut chunks), Poll::Ready(Some(Ok(vec![1, 2]))));
    assert_eq!(poll_next(&mut chunks), Poll::Pending);
    op.cancel();
    assert_eq!(poll_next(&mut chunks), Poll::Pending); // the runner's turn
    assert_eq!(poll_next(&mut chunks), Poll::Ready(Some(Ok(vec![3]))));
    let Poll::Ready(Some(Err(Fault::Cancelled(_)))) = poll_next(&mut chunks) else {
        panic!("the error is the last item");
    };
    assert_eq!(poll_next(&mut chunks), Poll::Ready(None));
    drop(chunks);
    assert_eq!(op.context().undelivered::<i32>().count(), 0);
}

#[test]
fn cancelled_beforehand_the_source_is_not_touched() {
    let op = Cancelable::new().build();
    op.cancel();
    let pipe = Pipe::new([1]);
    let mut items = op.stream(pipe.clone());
    assert_eq!(poll_next(&mut items), Poll::Pending);
    assert_eq!(poll_next(&mut items), Poll::Ready(None));
    assert_eq!(pipe.given(), 0);
}

/// Nothing is registered with the token any more, whichever way it ended.
#[test]
fn nothing_stays_with_the_token() {
    let op = Cancelable::new().build();
    let waker = cancel_std::testing::TestWaker::counting();
    let poll = |items: &mut (dyn stream::Stream<Item = i32> + Unpin)| {
        let waker = waker.waker();
        let mut cx = std::task::Context::from_waker(&waker);
        std::pin::Pin::new(items).poll_next(&mut cx)
    };
    let pipe = Pipe::new([]);
    let mut items = op.stream(pipe.clone());
    assert!(poll(&mut items).is_pending());
    pipe.close();
    assert_eq!(poll(&mut items), Poll::Ready(None));
    let mut dropped = op.stream(stream::pending());
    assert!(poll(&mut dropped).is_pending());
    drop(dropped);
    op.cancel();
    assert_eq!(waker.wakes(), 0);
    drop(items);
}
