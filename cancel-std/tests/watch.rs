//! The stream of an operation's latest reports.

use cancel_std::testing::TestWaker;
use cancel_std::{Cancelable, Progress, ProgressWatch, Std};
use smol::stream::{Stream, StreamExt};
use std::pin::Pin;
use std::task::{Context, Poll};

fn poll(watch: &mut ProgressWatch<Std>, waker: &TestWaker) -> Poll<Option<String>> {
    let waker = waker.waker();
    let poll = Pin::new(watch).poll_next(&mut Context::from_waker(&waker));
    poll.map(|report: Option<Progress>| report.map(|report| report.to_string()))
}

fn report(text: &str) -> Poll<Option<String>> {
    Poll::Ready(Some(text.into()))
}

#[test]
fn a_slow_reader_gets_the_latest_report_and_each_one_once() {
    let (op, waker) = (Cancelable::new().build(), TestWaker::counting());
    let mut watch = op.watch_progress();
    assert_eq!(poll(&mut watch, &waker), Poll::Pending);
    op.within(|cx| cx.progress(1, 3));
    op.within(|cx| cx.progress(2, 3));
    assert_eq!(waker.wakes(), 1); // it has not looked since
    assert_eq!(poll(&mut watch, &waker), report("2/3"));
    assert_eq!(poll(&mut watch, &waker), Poll::Pending);
    op.within(|cx| cx.progress(2, 3)); // the same numbers are a report nevertheless
    assert_eq!(waker.wakes(), 2);
    assert_eq!(poll(&mut watch, &waker), report("2/3"));
}

#[test]
fn it_ends_with_the_operation_after_the_last_report() {
    let (op, waker) = (Cancelable::new().build(), TestWaker::counting());
    let mut early = op.watch_progress();
    assert_eq!(poll(&mut early, &waker), Poll::Pending);
    smol::block_on(op.run(async |cx| cx.report_progress("done"))).unwrap();
    assert!(waker.wakes() >= 1);
    let mut late = op.watch_progress();
    for watch in [&mut early, &mut late] {
        assert_eq!(poll(watch, &waker), report("done"));
        assert_eq!(poll(watch, &waker), Poll::Ready(None));
        assert_eq!(poll(watch, &waker), Poll::Ready(None));
    }
    assert_eq!(waker.alive(), 0);
}

#[test]
fn the_end_wakes_it_without_a_report() {
    let (done, dropped) = (Cancelable::new().build(), Cancelable::new().build());
    let waker = TestWaker::counting();
    let mut watches = [done.watch_progress(), dropped.watch_progress()];
    for watch in &mut watches {
        assert_eq!(poll(watch, &waker), Poll::Pending);
    }
    smol::block_on(done.run(async |_| ())).unwrap();
    assert_eq!(waker.wakes(), 1);
    let mut run = Box::pin(dropped.run(async |_| std::future::pending::<()>().await));
    assert!(TestWaker::counting().poll(run.as_mut()).is_pending());
    assert_eq!(waker.wakes(), 1);
    drop(run);
    assert_eq!(waker.wakes(), 2);
    for watch in &mut watches {
        assert_eq!(poll(watch, &waker), Poll::Ready(None));
    }
}

#[test]
fn those_below_are_not_among_them() {
    let (op, waker) = (Cancelable::new().build(), TestWaker::counting());
    let mut watch = op.watch_progress();
    assert_eq!(poll(&mut watch, &waker), Poll::Pending);
    op.child().build().within(|cx| cx.report_progress("a part"));
    assert_eq!(waker.wakes(), 0);
    assert_eq!(poll(&mut watch, &waker), Poll::Pending);
    op.within(|cx| cx.report_progress("the whole"));
    assert_eq!(poll(&mut watch, &waker), report("the whole"));
}

#[test]
fn a_dropped_one_leaves_nothing_behind_and_disturbs_nobody() {
    let op = Cancelable::new().build();
    let (gone, stays) = (TestWaker::counting(), TestWaker::counting());
    let (mut first, mut second) = (op.watch_progress(), op.watch_progress());
    assert_eq!(poll(&mut first, &gone), Poll::Pending);
    assert_eq!(poll(&mut second, &stays), Poll::Pending);
    drop(first);
    assert_eq!(gone.alive(), 0);
    op.within(|cx| cx.report_progress("on"));
    assert_eq!((gone.wakes(), stays.wakes()), (0, 1));
    assert_eq!(poll(&mut second, &stays), report("on"));
}

#[test]
fn only_the_last_waker_is_woken() {
    let (op, old, new) = (
        Cancelable::new().build(),
        TestWaker::counting(),
        TestWaker::counting(),
    );
    let mut watch = op.watch_progress();
    assert_eq!(poll(&mut watch, &old), Poll::Pending);
    assert_eq!(poll(&mut watch, &new), Poll::Pending);
    assert_eq!(old.alive(), 0);
    op.within(|cx| cx.report_progress("on"));
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
}

#[test]
fn a_panicking_waker_silences_nobody() {
    let op = Cancelable::new().build();
    let (bad, good) = (TestWaker::panicking("bad"), TestWaker::counting());
    let (mut first, mut second) = (op.watch_progress(), op.watch_progress());
    assert_eq!(poll(&mut first, &bad), Poll::Pending);
    assert_eq!(poll(&mut second, &good), Poll::Pending);
    op.within(|cx| cx.report_progress("on"));
    assert_eq!((bad.wakes(), good.wakes()), (1, 1));
    assert_eq!(op.context().callback_panics(), 1);
    assert_eq!(poll(&mut first, &bad), report("on"));
}

#[test]
fn a_waker_may_look_and_report_itself() {
    let op = Cancelable::new().build();
    let (reporter, reentrant) = (op.clone(), op.clone());
    let waker = TestWaker::reentrant(move || {
        assert_eq!(
            reentrant.context().progress().unwrap().message(),
            "from outside"
        );
        reporter.within(|cx| cx.report_progress("from the waker"));
    });
    let mut watch = op.watch_progress();
    assert_eq!(poll(&mut watch, &waker), Poll::Pending);
    op.within(|cx| cx.report_progress("from outside"));
    assert_eq!(op.context().callback_panics(), 0);
    assert_eq!(poll(&mut watch, &waker), report("from the waker"));
}

#[test]
fn a_reader_in_another_task_misses_neither_the_last_report_nor_the_end() {
    for _ in 0..50 {
        let op = Cancelable::new().build();
        let mut watch = op.watch_progress();
        let reader = std::thread::spawn(move || {
            smol::block_on(async {
                let mut last = None;
                while let Some(report) = watch.next().await {
                    assert!(last <= report.current());
                    last = report.current();
                }
                last
            })
        });
        let run = op.run(async |cx| {
            for step in 1..=20 {
                cx.progress(step, 20);
            }
        });
        smol::block_on(run).unwrap();
        assert_eq!(reader.join().unwrap(), Some(20));
    }
}
