//! No item is lost between source and consumer, wherever it is cut.

use crate::support::{Pipe, poll};
use cancel_std::{Cancelable, Kept};
use smol::stream::StreamExt;
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const ITEMS: usize = 12;

/// How the end comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Cancel,
    Drop,
    Panic,
}

/// Cut after each number of items in turn, in each way: delivered, undelivered and left are all of them,
/// in order, each once.
#[test]
fn chunked_and_cut_anywhere() {
    for end in [End::Cancel, End::Drop, End::Panic] {
        for size in [1, 2, 5, 100] {
            for cut in 0..=ITEMS {
                check(end, size, cut);
            }
        }
    }
}

fn check(end: End, size: usize, cut: usize) {
    let pipe = Pipe::new(0..cut);
    let delivered = Rc::new(RefCell::new(Vec::new()));
    let op = Cancelable::new().build();
    let source = pipe.clone().map(move |item| {
        assert_ne!(item, usize::MAX, "of the source");
        item
    });
    let mut run = Box::pin(op.run(async |cx| {
        let mut chunks = cx.stream(source).chunks(size);
        while let Some(chunk) = chunks.next().await {
            delivered.borrow_mut().extend(chunk);
        }
    }));
    assert!(poll(run.as_mut()).is_pending());
    match end {
        End::Cancel => {
            (cut..ITEMS).for_each(|item| pipe.put(item));
            op.cancel();
            assert!(poll(run.as_mut()).is_ready());
        }
        End::Drop => {
            (cut..ITEMS).for_each(|item| pipe.put(item));
            drop(run);
        }
        End::Panic => {
            pipe.put(usize::MAX);
            (cut..ITEMS).for_each(|item| pipe.put(item));
            let poll = std::panic::AssertUnwindSafe(|| poll(run.as_mut()));
            std::panic::catch_unwind(poll).unwrap_err();
        }
    }
    let mut all = delivered.borrow().clone();
    assert_eq!(all.len(), cut / size * size, "{end:?}");
    all.extend(op.context().undelivered::<usize>());
    assert_eq!(all.len(), cut);
    let left: Vec<usize> = smol::block_on({
        pipe.close();
        pipe.clone().collect()
    });
    all.extend(left);
    assert_eq!(all, (0..ITEMS).collect::<Vec<_>>(), "{end:?} {size} {cut}");
}

/// The same without chunks: what is kept is what was delivered, and the rest is in the source.
#[test]
fn cut_anywhere() {
    for cut in 0..=ITEMS {
        for pends in [false, true] {
            let pipe = Pipe::new(0..if pends { cut } else { ITEMS });
            let source = pipe.clone();
            let op = Cancelable::new().build();
            let mut run = pin!(op.run(async |cx| {
                let mut items = cx.stream(source).keep_last(ITEMS);
                let mut seen = 0;
                loop {
                    if seen == cut && !pends {
                        cx.cancel();
                    }
                    match items.next().await {
                        Some(_) => seen += 1,
                        None => break,
                    }
                }
            }));
            if poll(run.as_mut()).is_pending() {
                op.cancel();
                (cut..ITEMS).for_each(|item| pipe.put(item));
                assert!(poll(run.as_mut()).is_ready());
            }
            let context = op.context();
            let mut all = context.partial_result::<Kept<usize>>().unwrap().to_vec();
            assert_eq!(all.len(), cut);
            pipe.close();
            all.extend(smol::block_on(pipe.collect::<Vec<_>>()));
            assert_eq!(all, (0..ITEMS).collect::<Vec<_>>());
        }
    }
}

/// A consumer that is cut off again and again while it waits for the next item.
#[test]
fn a_next_that_is_dropped_takes_nothing() {
    let pipe = Pipe::new([]);
    let op = Cancelable::new().build();
    let mut items = op.stream(pipe.clone());
    let mut seen = Vec::new();
    for item in 0..ITEMS {
        let mut next = Box::pin(items.next());
        assert!(poll(next.as_mut()).is_pending());
        pipe.put(item);
        drop(next);
        seen.extend(smol::block_on(items.next()));
    }
    assert_eq!(seen, (0..ITEMS).collect::<Vec<_>>());

    let mut chunks = op.stream(pipe.clone()).chunks(3);
    let mut seen = Vec::new();
    for item in 0..ITEMS {
        let mut next = Box::pin(chunks.next());
        assert!(poll(next.as_mut()).is_pending());
        pipe.put(item);
        if let std::task::Poll::Ready(chunk) = poll(next.as_mut()) {
            seen.extend(chunk.into_iter().flatten());
        }
    }
    assert_eq!(seen, (0..ITEMS).collect::<Vec<_>>());
}

/// With a buffer that is smaller than the chunk, what lies in the chunk is in the buffer nevertheless.
#[test]
fn the_buffer_is_as_large_as_the_chunk() {
    let pipe = Pipe::new(0..8_usize);
    let op = Cancelable::new().build();
    let source = pipe.clone();
    let mut run = pin!(op.run(async |cx| cx.stream(source).keep_last(1).chunks(5).count().await));
    assert!(poll(run.as_mut()).is_pending());
    op.cancel();
    assert!(poll(run.as_mut()).is_ready());
    let context = op.context();
    let kept = context.partial_result::<Kept<usize>>().unwrap();
    assert_eq!(kept.to_vec(), [3, 4, 5, 6, 7]);
    assert_eq!(
        context.undelivered::<usize>().collect::<Vec<_>>(),
        [&5, &6, &7]
    );
    assert_eq!(context.undelivered::<u8>().count(), 0);
}

/// Both of two that fill their chunks at the same time.
#[test]
fn of_several_streams() {
    let op = Cancelable::new().build();
    let (first, second) = (Pipe::new([1, 2]), Pipe::new([3]));
    let mut run = pin!(op.run(async |cx| {
        let first = cx.stream(first).chunks(5).count();
        let second = cx.stream(second).chunks(5).count();
        smol::future::zip(first, second).await
    }));
    assert!(poll(run.as_mut()).is_pending());
    op.cancel();
    assert!(poll(run.as_mut()).is_ready());
    let mut all: Vec<i32> = op.context().undelivered().copied().collect();
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3]);
}

/// X26: what is kept of dropped chunks is bounded, and the rest is counted.
#[test]
fn x26_dropped_chunks_do_not_pile_up() {
    const CHUNKS: u64 = 200_000;
    struct Item(u64, Arc<AtomicUsize>);
    impl Drop for Item {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::Relaxed); // one thread
        }
    }
    let alive = Arc::new(AtomicUsize::new(0));
    let (op, mut made) = (Cancelable::new().build(), 0);
    let run = op.run(async |cx| {
        for _chunk in 0..CHUNKS {
            let items = smol::stream::repeat_with(|| {
                alive.fetch_add(1, Ordering::Relaxed);
                made += 1;
                Item(made - 1, alive.clone())
            });
            let source = items.take(3).chain(smol::stream::pending());
            let mut chunks = cx.stream(source).chunks(5);
            assert!(smol::future::poll_once(chunks.next()).await.is_none());
            drop(chunks);
            assert!(alive.load(Ordering::Relaxed) <= 1024);
        }
    });
    smol::block_on(run).unwrap();
    let context = op.context();
    let kept: Vec<u64> = context.undelivered::<Item>().map(|item| item.0).collect();
    // The last ones, in their order.
    assert_eq!(kept, (3 * CHUNKS - 1023..3 * CHUNKS).collect::<Vec<_>>());
    assert_eq!(context.undelivered_dropped(), 3 * CHUNKS - 1023);
    drop((context, op));
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

/// X26: the last chunk is kept whole, however large; it takes the place of those before it.
#[test]
fn x26_the_last_chunk_is_kept_whole() {
    let op = Cancelable::new().build();
    let mut run = pin!(op.run(async |cx| {
        for (first, count) in [(0, 2), (10_000, 5_000), (20_000, 3)] {
            let source = smol::stream::iter(first..first + count).chain(smol::stream::pending());
            let mut chunks = cx.stream(source).chunks(10_000);
            let mut next = chunks.next();
            // It gives way now and then.
            for _turn in 0..100 {
                assert!(smol::future::poll_once(&mut next).await.is_none());
            }
            drop(chunks);
            let context = cx.operation().context();
            let kept: Vec<i32> = context.undelivered().copied().collect();
            assert_eq!(kept, (first..first + count).collect::<Vec<_>>());
        }
    }));
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(op.context().undelivered_dropped(), 5_002);
}
