//! The buffer survives every kind of end. DEFECTS 15.

use crate::support::{Fault, Pipe, poll};
use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Kept, Runtime, Status, generic};
use smol::stream::{self, StreamExt};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

fn kept<R: Runtime>(op: &generic::Operation<R>) -> (Vec<i32>, u64) {
    let context = op.context();
    let kept = context.partial_result::<Kept<i32>>().expect("there is one");
    assert_eq!(kept.len(), kept.items().len());
    (kept.to_vec(), kept.passed())
}

#[test]
fn a_completion() {
    let op = Cancelable::new().build();
    let run = op.run(async |cx| cx.stream(stream::iter(1..=9)).keep_last(3).count().await);
    assert_eq!(smol::block_on(run), Ok(9));
    assert_eq!(kept(&op), (vec![7, 8, 9], 9));
}

#[test]
fn a_cancel_by_the_producer() {
    let op = Cancelable::new().build();
    let handle = op.clone();
    let source = stream::iter(1..=9).inspect(move |number| {
        if *number == 5 {
            handle.cancel_with("by the producer");
        }
    });
    let run = op.run(async |cx| cx.stream(source).keep_last(3).count().await);
    smol::block_on(run).unwrap_err();
    // The fifth was on its way already: it is delivered, and kept.
    assert_eq!(kept(&op), (vec![3, 4, 5], 5));
}

#[test]
fn a_cancel_by_the_consumer() {
    let op = Cancelable::new().build();
    let run = op.run(async |cx| {
        let mut numbers = cx.stream(stream::iter(1..=9)).keep_last(3);
        while let Some(number) = numbers.next().await {
            if number == 5 {
                cx.cancel();
            }
        }
    });
    smol::block_on(run).unwrap_err();
    assert_eq!(kept(&op), (vec![3, 4, 5], 5));
}

/// While it does something else with an item than waiting for the next one.
#[test]
fn a_cancel_at_another_await_of_the_consumer() {
    let op = Cancelable::new().build();
    let mut run = pin!(op.run(async |cx| {
        let mut numbers = cx.stream(stream::iter(1..=9)).keep_last(3);
        while let Some(number) = numbers.next().await {
            if number == 2 {
                pending::<()>().await;
            }
        }
    }));
    assert!(poll(run.as_mut()).is_pending());
    op.cancel();
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(kept(&op), (vec![1, 2], 2));
}

#[test]
fn a_break() {
    let op = Cancelable::new().build();
    let pipe = Pipe::new(1..=9);
    let mut source = pipe.clone();
    let run = op.run(async |cx| {
        let mut numbers = cx.stream(&mut source).keep_last(3);
        while let Some(number) = numbers.next().await {
            if number == 5 {
                break;
            }
        }
    });
    smol::block_on(run).unwrap();
    assert_eq!(kept(&op), (vec![3, 4, 5], 5));
    assert_eq!(pipe.left(), 4);
}

#[test]
fn an_error() {
    let op = Cancelable::new().build();
    let source = stream::iter([Ok(1), Ok(2), Err(Fault::Source("broken")), Ok(3)]);
    let run = op.try_run(async |cx| -> Result<(), Fault> {
        let mut numbers = cx.try_stream(source).keep_last(3);
        while numbers.try_next().await?.is_some() {}
        Ok(())
    });
    assert_eq!(smol::block_on(run), Err(Fault::Source("broken")));
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(kept(&op), (vec![1, 2], 2));
}

#[test]
fn a_panic() {
    let op = Cancelable::new().build();
    let run = op.run(async |cx| {
        let mut numbers = cx.stream(stream::iter(1..=9)).keep_last(3);
        while let Some(number) = numbers.next().await {
            assert_ne!(number, 5, "of the consumer");
        }
    });
    catch_unwind(AssertUnwindSafe(|| smol::block_on(run))).unwrap_err();
    assert_eq!(kept(&op), (vec![3, 4, 5], 5));
}

#[test]
fn a_deadline() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(Duration::from_secs(5)).build();
    let run = op.run(async |cx| {
        let source = stream::iter(1..=3).chain(stream::pending());
        cx.stream(source).keep_last(100).count().await
    });
    time.block_on(run).unwrap_err();
    assert_eq!(kept(&op), (vec![1, 2, 3], 3));
}

#[test]
fn a_drop_of_the_run() {
    let op = Cancelable::new().build();
    let mut run = Box::pin(op.run(async |cx| {
        let source = stream::iter(1..=3).chain(stream::pending());
        cx.stream(source).keep_last(2).count().await
    }));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(kept(&op), (vec![2, 3], 3)); // while it runs, too
    drop(run);
    assert_eq!(op.status(), Status::Cancelled);
    assert_eq!(kept(&op), (vec![2, 3], 3));
}

#[test]
fn its_bounds() {
    let op = Cancelable::new().build();
    let of = |limit| {
        let items = op.stream(stream::iter(1..=9)).keep_last(limit);
        let kept = items.kept().unwrap();
        assert!(kept.is_empty());
        smol::block_on(items.count());
        assert_eq!(kept.passed(), 9);
        kept.to_vec()
    };
    assert!(of(0).is_empty());
    assert_eq!(of(1), [9]);
    assert_eq!(of(9).len(), 9);
    assert_eq!(of(usize::MAX).len(), 9);
    assert!(op.stream(stream::iter([1])).kept().is_none());
}

#[test]
fn from_the_history_of_a_registry() {
    let registry = cancel_std::Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let id = op.id();
    let run = op.run(async |cx| cx.stream(stream::iter(1..=9)).keep_last(2).count().await);
    smol::block_on(run).unwrap();
    drop(op);
    let context = registry.get(id).unwrap();
    assert_eq!(
        context.partial_result::<Kept<i32>>().unwrap().to_vec(),
        [8, 9]
    );
}

/// Clones and drops of items may look at the buffer.
#[test]
fn items_may_do_anything() {
    struct Nosy(std::sync::Arc<std::sync::Mutex<Option<Kept<Nosy>>>>);
    impl Nosy {
        fn look(&self) {
            let kept = self.0.lock().unwrap().clone();
            if let Some(kept) = kept {
                assert!(kept.len() <= 2);
            }
        }
    }
    impl Clone for Nosy {
        fn clone(&self) -> Self {
            self.look();
            Nosy(self.0.clone())
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            self.look();
        }
    }

    let slot = std::sync::Arc::default();
    let op = Cancelable::new();
    let source: Vec<_> = (0..5).map(|_| Nosy(std::sync::Arc::clone(&slot))).collect();
    let items = op.stream(stream::iter(source)).keep_last(2);
    let kept = items.kept().unwrap();
    *slot.lock().unwrap() = Some(kept.clone());
    assert_eq!(smol::block_on(items.count()), 5);
    assert_eq!(kept.to_vec().len(), 2);
    *slot.lock().unwrap() = None; // a circle otherwise
}
