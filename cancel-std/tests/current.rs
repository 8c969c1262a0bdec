//! Which operation is the current one, and that none stays behind.

use cancel_std::{Cancelable, Operation, current_id, current_token};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn the_innermost_one_and_then_the_outer_one_again() {
    let outer = Cancelable::new();
    let run = outer.run(async |cx| {
        assert_eq!(current_id(), Some(cx.id()));
        let inner = cx.child();
        let nested = inner.run(async |cx| {
            assert_eq!(current_id(), Some(cx.id()));
            smol::future::yield_now().await;
            assert_eq!(Operation::current().map(|op| op.id()), Some(cx.id()));
        });
        nested.await.unwrap();
        assert_eq!(current_id(), Some(cx.id()));
        let elsewhere = std::thread::spawn(current_id).join().unwrap();
        assert_eq!(elsewhere, None);
    });
    smol::block_on(run).unwrap();
    assert_eq!(current_id(), None);
}

#[test]
fn those_that_take_turns_see_themselves() {
    let run = || {
        let op = Cancelable::new();
        op.run(async |cx| {
            for _ in 0..3 {
                assert_eq!(current_id(), Some(cx.id()));
                smol::future::yield_now().await;
            }
        })
    };
    let (one, two) = smol::block_on(smol::future::zip(run(), run()));
    assert!(one.is_ok() && two.is_ok());
    assert!(current_token().is_none());
}

#[test]
fn a_panic_takes_it_away() {
    let outer = Cancelable::new();
    let run = outer.run(async |cx| {
        let run = cx.child().run(async |_| panic!("on purpose"));
        let mut run = std::pin::pin!(run);
        let polled = std::future::poll_fn(|task| {
            let poll = catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(task)));
            std::task::Poll::Ready(poll.is_err())
        });
        assert!(polled.await);
        assert_eq!(current_id(), Some(cx.id()));
    });
    smol::block_on(run).unwrap();
    assert_eq!(current_id(), None);
}
