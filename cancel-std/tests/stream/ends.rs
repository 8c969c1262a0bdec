//! Ends that are not the source's own.

use crate::support::{Fault, Pipe, poll, poll_next};
use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Cancelled, Reason, Status, generic};
use smol::stream::{self, Stream, StreamExt};
use std::cell::RefCell;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

type Cx = generic::Cx<VirtualTime>;

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

/// A loop would look complete.
#[test]
fn x1_in_a_grace_period_it_does_not_end() {
    for chunked in [false, true] {
        let time = VirtualTime::new();
        let op = time.operation().grace(60 * SECOND).build();
        let pipe = Pipe::new([1, 2]);
        let (source, seen) = (pipe.clone(), RefCell::new(Vec::new()));
        let run = op.run(async |cx| {
            if chunked {
                let mut chunks = cx.stream(source).chunks(3);
                while let Some(chunk) = chunks.next().await {
                    seen.borrow_mut().extend(chunk);
                }
            } else {
                let mut numbers = cx.stream(source);
                while let Some(number) = numbers.next().await {
                    seen.borrow_mut().push(number);
                }
            }
        });
        let mut run = pin!(run);
        assert!(poll(run.as_mut()).is_pending());
        op.cancel();
        pipe.put(4);
        time.block_on(run).unwrap_err();
        assert_eq!(*seen.borrow(), [1, 2], "{chunked}"); // (what a chunk held was given)
        assert_eq!(pipe.left(), 1); // what comes after the cancel stays in the source
        assert_eq!(op.status(), Status::Cancelled);
        assert_eq!(op.context().duration(), Some(60 * SECOND));
    }
}

#[test]
fn x1_in_a_grace_period_the_cancelation_is_the_last_error() {
    let op = Cancelable::new().grace(60 * SECOND).build();
    let pipe = Pipe::new([Ok(1), Ok(2)]);
    let source = pipe.clone();
    let run = op.run(async |cx| {
        let items = cx.try_stream::<_, _, Fault>(source);
        items.collect::<Vec<_>>().await
    });
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    op.cancel();
    let items = smol::block_on(run).unwrap();
    assert_eq!(items[..2], [Ok(1), Ok(2)]);
    assert!(matches!(items[2..], [Err(Fault::Cancelled(_))]));
}

/// A slow source of one to ten.
fn ten(cx: &Cx) -> impl Stream<Item = u32> {
    stream::unfold(1, async move |number| {
        cx.sleep(10 * MILLI).await;
        (number <= 10).then_some((number, number + 1))
    })
}

const ALL: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/// Runs `body` cancelled after 25 ms, and then waits: the operation is cancelled there.
fn cancelled_meanwhile(body: impl AsyncFnOnce(&Cx) -> Vec<u32>) -> Vec<u32> {
    let time = VirtualTime::new();
    let op = time.operation().timeout(25 * MILLI).build();
    let mut seen = Vec::new();
    let run = op.run(async |cx| {
        seen = body(cx).await;
        cx.sleep(Duration::MAX).await;
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    seen
}

#[test]
fn x1_in_a_shield_all_items_come() {
    let seen = cancelled_meanwhile(async |cx| {
        let work = async |cx: &Cx| cx.stream(ten(cx)).collect().await;
        cx.shield(work).await
    });
    assert_eq!(seen, ALL);
}

#[test]
fn x1_in_a_shield_all_items_of_an_outer_stream_come() {
    let seen = cancelled_meanwhile(async |cx| {
        cx.shield_future(async { cx.stream(ten(cx)).collect().await })
            .await
    });
    assert_eq!(seen, ALL);

    // Made outside, and begun there.
    let seen = cancelled_meanwhile(async |cx| {
        let mut numbers = pin!(cx.stream(ten(cx)));
        let mut seen = vec![numbers.next().await.unwrap()];
        cx.shield(async |_| {
            while let Some(number) = numbers.next().await {
                seen.push(number);
            }
        })
        .await;
        seen
    });
    assert_eq!(seen, ALL);
}

#[test]
fn x1_in_a_shield_of_an_always_ready_source() {
    let op = Cancelable::new().build();
    let run = op.run(async |cx| {
        let numbers = cx.stream(stream::iter(0..1000));
        let counted = cx.shield_future(async {
            cx.cancel();
            numbers.count().await
        });
        counted.await
    });
    assert_eq!(smol::block_on(run), Ok(1000));
}

#[test]
fn x1_in_a_child_inside_a_shield() {
    let seen = cancelled_meanwhile(async |cx| {
        let outer = cx;
        let work = async |cx: &Cx| {
            let child = cx.child().timeout(SECOND);
            child
                .run(async |_| outer.stream(ten(outer)).collect().await)
                .await
        };
        cx.shield(work).await.unwrap()
    });
    assert_eq!(seen, ALL);
}

#[test]
fn x1_in_nested_shields_and_in_a_cleanup() {
    let seen = cancelled_meanwhile(async |cx| {
        let outer = cx;
        cx.shield(async |cx| {
            cx.shield(async |_| outer.stream(ten(outer)).collect().await)
                .await
        })
        .await
    });
    assert_eq!(seen, ALL);

    let time = VirtualTime::new();
    let op = time.operation().timeout(25 * MILLI).build();
    let mut seen = Vec::new();
    let run = op.run_finally(
        async |cx| cx.sleep(Duration::MAX).await,
        async |cx| seen = cx.stream(ten(cx)).collect().await,
    );
    time.block_on(run).unwrap_err();
    assert_eq!(seen, ALL);
}

#[test]
fn x1_chunks_in_a_shield_are_whole() {
    let seen = cancelled_meanwhile(async |cx| {
        cx.shield_future(async {
            let chunks = cx.stream(ten(cx)).chunks(4);
            let chunks: Vec<Vec<u32>> = chunks.collect().await;
            assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
            chunks.concat()
        })
        .await
    });
    assert_eq!(seen, ALL);
}

#[test]
fn x1_in_a_shield_no_cancelation_is_among_results() {
    let seen = cancelled_meanwhile(async |cx| {
        cx.shield_future(async {
            let items = cx.try_stream::<_, _, Cancelled>(ten(cx).map(Ok));
            items.try_collect().await.unwrap()
        })
        .await
    });
    assert_eq!(seen, ALL);
}

/// The limit of the shield ends it, and not as if it were complete.
#[test]
fn x1_a_bounded_shield_cuts_it_off() {
    let mut after = false;
    let seen = cancelled_meanwhile(async |cx| {
        let mut seen = Vec::new();
        let work = async |inner: &Cx| {
            let _ = inner;
            let mut numbers = pin!(cx.stream(ten(cx)));
            while let Some(number) = numbers.next().await {
                seen.push(number);
            }
            after = true;
        };
        let result = cx.shield_within(55 * MILLI, work).await;
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        seen
    });
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert!(!after);
}

/// Not once the shield is over.
#[test]
fn x1_after_the_shield_the_body_is_dropped_at_it() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(25 * MILLI).build();
    let mut seen = Vec::new();
    let run = op.run(async |cx| {
        let mut numbers = pin!(cx.stream(ten(cx)));
        cx.shield(async |_| {
            for _ in 0..5 {
                seen.extend(numbers.next().await);
            }
        })
        .await;
        while let Some(number) = numbers.next().await {
            seen.push(number);
        }
    });
    time.block_on(run).unwrap_err();
    assert_eq!(seen, [1, 2, 3, 4, 5]);
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
