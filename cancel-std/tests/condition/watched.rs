//! Values whose changes are events.

use crate::support::{LONG, SECOND, Virtual, Wakes};
use crate::tools::{MS, block_on, bounded};
use cancel_std::{Cancelable, Condition, Reason, Source, Watched};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;

#[test]
fn a_change_wakes_and_nothing_else_does() {
    let time = Virtual::new();
    let level = Watched::new(1);
    let condition = Condition::when(&level, |level| *level > 2).description("level above 2");
    let op = time.op().source(condition);
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    let wakes = Arc::new(Wakes::default());
    assert!(wakes.poll(run.as_mut()).is_pending());
    time.advance(1000 * SECOND);
    assert_eq!((time.armed(), wakes.take()), (0, 0));

    level.set(2);
    assert_eq!(wakes.take(), 1);
    assert!(wakes.poll(run.as_mut()).is_pending());
    assert_eq!(wakes.take(), 0);

    level.update(|level| level + 1);
    assert_eq!(wakes.take(), 1);
    let Poll::Ready(Err(cancelled)) = wakes.poll(run.as_mut()) else {
        panic!("it goes on");
    };
    assert_eq!(cancelled.reason(), Reason::Condition);
    assert_eq!(cancelled.message(), Some("condition \"level above 2\" met"));
}

#[test]
fn what_is_so_from_the_start_fires() {
    let level = Watched::new(3);
    let op = Cancelable::new().source(Source::when(&level, |level| *level > 2));
    let run = op.run(async |_| pending::<()>().await);
    assert_eq!(
        block_on(run).unwrap_err().message(),
        Some("condition in \"what_is_so_from_the_start_fires\" met")
    );
}

#[test]
fn no_update_is_lost() {
    let count = Watched::new(0);
    let op = Cancelable::new().source(Source::when(&count, |count| *count == 1000));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let count = count.clone();
            thread::spawn(move || {
                for _ in 0..250 {
                    count.update(|count| count + 1);
                }
            })
        })
        .collect();
    let run = op.run(async |cx| cx.sleep(LONG).await);
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Condition);
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*count.get(), 1000);
}

#[test]
fn an_update_that_was_overtaken_is_made_again() {
    let count = Watched::new(1);
    let mut calls = 0;
    let old = count.update(|seen| {
        calls += 1;
        if calls == 1 {
            count.set(10);
        }
        seen + 1
    });
    assert_eq!((calls, *old, *count.get()), (2, 10, 11));
}

/// Predicates, makers and drops of values may use the value themselves: no lock is held.
#[test]
fn foreign_code_may_come_back() {
    struct Value(Watched<Option<Value>>, u32);
    impl Drop for Value {
        fn drop(&mut self) {
            drop(self.0.get());
        }
    }
    let number = |value: &Option<Value>| value.as_ref().map_or(0, |value| value.1);

    let watched = Watched::new(None);
    let again = watched.clone();
    let op = Cancelable::new()
        .source(Source::when(&watched, move |value| {
            assert_eq!(number(&again.get()), number(value));
            number(value) == 2
        }))
        .build();
    let run = op.run(async |cx| {
        watched.set(Some(Value(watched.clone(), 1)));
        cx.sleep(MS).await;
        watched.update(|value| {
            let next = number(&watched.get()) + 1;
            assert_eq!(next, number(value) + 1);
            Some(Value(watched.clone(), next))
        });
        cx.sleep(LONG).await;
    });
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Condition);
    watched.set(None);
    assert_eq!(op.context().callback_panics(), 0);
}

/// However often it changes, the body has its turns.
#[test]
fn a_restless_value_does_not_stall_the_executor() {
    let value = Watched::new(0_u64);
    let calls = value.clone();
    let op = Cancelable::new().source(Source::when(&value, move |_| {
        // It changes again while it is looked at.
        calls.update(|value| value + 1);
        false
    }));
    let run = op.run(async |cx| {
        for _ in 0..20 {
            cx.sleep(MS).await;
        }
        "had its turns"
    });
    let result = bounded(move || block_on(run));
    assert_eq!(result, Ok("had its turns"));
}

#[test]
fn a_watch_leaves_nothing_behind() {
    let owned = Arc::new(());
    let value = Watched::new(owned.clone());
    let op = Cancelable::with_timeout(2 * MS)
        .source(Source::when(&value, |_| false))
        .build();
    block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    drop((op, value));
    assert_eq!(Arc::strong_count(&owned), 1);
}
