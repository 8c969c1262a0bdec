//! Items on their way: reports, chunks, errors, the end.

use crate::support::{Fault, Pipe, poll_next};
use cancel_std::{Cancelable, Context, Operation, OperationStream, Std};
use smol::stream::{self, Stream, StreamExt};
use std::sync::{Arc, Mutex};
use std::task::Poll;

type Reports = Arc<Mutex<Vec<String>>>;

fn reporting() -> (Operation, Reports) {
    let reports = Reports::default();
    let op = Cancelable::new()
        .on_progress({
            let reports = reports.clone();
            move |progress| reports.lock().unwrap().push(progress.to_string())
        })
        .build();
    (op, reports)
}

fn take(reports: &Reports) -> Vec<String> {
    std::mem::take(&mut reports.lock().unwrap())
}

#[test]
fn a_plain_stream_is_the_same_stream() {
    let op = Cancelable::new().build();
    let run = op.run(async |cx| cx.stream(stream::iter(0..1000)).collect::<Vec<_>>().await);
    assert_eq!(smol::block_on(run).unwrap(), (0..1000).collect::<Vec<_>>());
    assert!(op.context().progress().is_none());
    assert!(op.context().partial_result::<Vec<i32>>().is_none());
}

#[test]
fn reports_come_every_so_many_and_at_the_end() {
    let (op, reports) = reporting();
    smol::block_on(async {
        let items = op.stream(stream::iter(0..7)).report_every(3);
        assert_eq!(items.count().await, 7);
        assert_eq!(take(&reports), ["3/7", "6/7", "7/7"]);

        // The last one is not told twice.
        op.stream(stream::iter(0..6)).report_every(3).count().await;
        assert_eq!(take(&reports), ["3/6", "6/6"]);

        // Nobody knows of how many.
        let items = stream::iter(0..7).filter(|n| *n != 3);
        op.stream(items).report_every(3).count().await;
        assert_eq!(take(&reports), ["3", "6/6"]);

        op.stream(stream::iter(0..7)).report_every(0).count().await;
        op.stream(stream::iter([0; 0]))
            .report_every(1)
            .count()
            .await;
        assert!(take(&reports).is_empty());

        op.stream(stream::iter(0..2))
            .report_every(u64::MAX)
            .count()
            .await;
        assert_eq!(take(&reports), ["2/2"]);
    });
}

#[test]
fn errors_of_the_source_pass_through_and_are_not_counted() {
    let (op, reports) = reporting();
    let source = [
        Ok(1),
        Err(Fault::Source("one")),
        Ok(2),
        Err(Fault::Source("two")),
    ];
    let mut items = op
        .try_stream(stream::iter(source.clone()))
        .report_every(1)
        .keep_last(10);
    let kept = items.kept().unwrap();
    let all: Vec<_> = smol::block_on((&mut items).collect());
    assert_eq!(all, source);
    assert_eq!(items.passed(), 2);
    assert_eq!(kept.to_vec(), [1, 2]);
    assert_eq!(take(&reports), ["1/4", "2/3"]);
}

#[test]
fn chunks_and_the_rest() {
    let op = Cancelable::new().build();
    let chunked = |size| {
        let chunks = op.stream(stream::iter(1..=5)).chunks(size);
        smol::block_on(chunks.collect::<Vec<_>>())
    };
    assert_eq!(chunked(2), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(chunked(5), [vec![1, 2, 3, 4, 5]]);
    assert_eq!(chunked(usize::MAX), [vec![1, 2, 3, 4, 5]]);
    assert_eq!(chunked(0).len(), 5);
    let none = op.stream(stream::iter([0; 0])).chunks(3);
    assert_eq!(smol::block_on(none.count()), 0);
}

#[test]
fn an_error_comes_after_the_chunk_before_it() {
    let op = Cancelable::new();
    let source = [
        Ok(1),
        Ok(2),
        Ok(3),
        Err(Fault::Source("broken")),
        Err(Fault::Source("again")),
        Ok(4),
    ];
    let chunks = op.try_stream(stream::iter(source)).chunks(2);
    let all: Vec<_> = smol::block_on(chunks.collect());
    assert_eq!(
        all,
        [
            Ok(vec![1, 2]),
            Ok(vec![3]),
            Err(Fault::Source("broken")),
            Err(Fault::Source("again")),
            Ok(vec![4])
        ]
    );
}

#[test]
fn chunks_wait_for_what_is_missing() {
    let pipe = Pipe::new([1, 2, 3]);
    let op = Cancelable::new();
    let mut chunks = op.stream(pipe.clone()).chunks(2);
    assert_eq!(poll_next(&mut chunks), Poll::Ready(Some(vec![1, 2])));
    assert_eq!(poll_next(&mut chunks), Poll::Pending);
    pipe.put(4);
    assert_eq!(poll_next(&mut chunks), Poll::Ready(Some(vec![3, 4])));
    pipe.close();
    assert_eq!(poll_next(&mut chunks), Poll::Ready(None));
    assert_eq!(poll_next(&mut chunks), Poll::Ready(None));
}

/// Fused, although its source starts again.
#[test]
fn it_stays_at_its_end() {
    let mut rounds = 0;
    let op = Cancelable::new();
    let source = stream::poll_fn(move |_| {
        rounds += 1;
        Poll::Ready((rounds % 2 == 1).then_some(rounds))
    });
    let mut items = op.stream(source);
    assert_eq!(poll_next(&mut items), Poll::Ready(Some(1)));
    for _ in 0..3 {
        assert_eq!(poll_next(&mut items), Poll::Ready(None));
        assert_eq!(items.size_hint(), (0, Some(0)));
    }
}

#[test]
fn size_hints_allow_for_the_cancelation() {
    let op = Cancelable::new().build();
    let plain = op.stream(stream::iter(0..5));
    assert_eq!(plain.size_hint(), (0, Some(5)));
    let fallible = op.try_stream(stream::iter([Ok::<_, Fault>(1)]));
    assert_eq!(fallible.size_hint(), (0, Some(2)));
    assert_eq!(op.stream(stream::repeat(1)).size_hint(), (0, None));
}

#[test]
fn a_stream_may_have_no_clones_and_be_moved() {
    struct Unique(#[allow(dead_code)] Box<u8>);
    let op = Cancelable::new().build();
    let items = op.stream(stream::iter([Unique(Box::new(1))]));
    fn goes<T: Send + Unpin + 'static>(value: T) -> T {
        value
    }
    let moved: OperationStream<_, Std> = goes(items);
    assert_eq!(smol::block_on(moved.count()), 1);
    assert_eq!(
        format!("{:?}", op.stream(stream::iter([1]))).find("OperationStream"),
        Some(0)
    );
}

#[test]
fn several_in_one_operation() {
    let op = Cancelable::new().build();
    let run = op.run(async |cx| {
        let first = cx.stream(stream::iter([1, 2])).keep_last(5);
        let second = cx.stream(stream::iter(["a"])).keep_last(5);
        (
            first.kept().unwrap(),
            first.count().await,
            second.count().await,
        )
    });
    let (kept, ..) = smol::block_on(run).unwrap();
    assert_eq!(kept.to_vec(), [1, 2]);
    let context: Context = op.context();
    // The one that asked last is the partial result.
    let kept = context.partial_result::<cancel_std::Kept<&str>>();
    assert_eq!(kept.unwrap().to_vec(), ["a"]);
}
