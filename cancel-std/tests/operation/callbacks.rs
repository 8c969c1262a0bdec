//! Callbacks and progress.

use crate::support::{Log, SECOND, Virtual, poll};
use cancel_std::{Cancelable, Metadata, Operation, Progress, Status};
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, OnceLock};

#[test]
fn several_of_each_in_order() {
    let log = Log::default();
    let add = |text: &'static str| {
        let log = log.clone();
        move || log.add(text)
    };
    let (a, b, c, d, e, f) = (
        add("s1"),
        add("s2"),
        add("p1"),
        add("p2"),
        add("c1"),
        add("c2"),
    );
    let op = Cancelable::new()
        .on_complete(move |_| e())
        .on_start(move |_| a())
        .on_progress(move |_| c())
        .on_start(move |_| b())
        .on_progress(move |_| d())
        .on_complete(move |_| f())
        .on_cancel(|_| panic!("not cancelled"))
        .on_error(|_| panic!("not failed"))
        .build();
    smol::block_on(op.run(async |cx| cx.report_progress("x"))).unwrap();
    assert_eq!(log.take(), ["s1", "s2", "p1", "p2", "c1", "c2"]);
    assert_eq!(op.context().callback_panics(), 0);
}

#[test]
fn they_see_the_context_of_the_moment() {
    let clock = Virtual::new();
    let log = Log::default();
    let (started, cancelled) = (log.clone(), log.clone());
    let op = clock
        .op()
        .name("n")
        .metadata("k", "v")
        .timeout(SECOND)
        .on_start(move |context| {
            assert_eq!(
                (context.status(), context.name()),
                (Status::Running, Some("n"))
            );
            started.add(format!("{:?}", context.duration()));
        })
        .on_cancel(move |context| {
            assert_eq!(context.metadata().get("k"), Some("v"));
            cancelled.add(format!(
                "{:?} {}",
                context.duration(),
                context.reason().unwrap()
            ));
        });
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(log.take(), ["Some(0ns)", "Some(1s) timeout"]);
}

#[test]
fn panics_are_contained_and_counted() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("expected by the test");
        }
    }
    let log = Log::default();
    let (progress, complete) = (log.clone(), log.clone());
    let op = Cancelable::new()
        .on_start(|_| panic!("expected by the test"))
        .on_progress(|_| std::panic::panic_any(Bomb)) // its payload panics when dropped
        .on_progress(move |p| progress.add(p))
        .on_complete(|_| panic!("expected by the test"))
        .on_complete(move |_| complete.add("complete"))
        .build();
    let result = smol::block_on(op.run(async |cx| {
        cx.progress(1, 2);
        cx.progress(2, 2);
        5
    }));
    assert_eq!(result, Ok(5));
    assert_eq!(log.take(), ["1/2", "2/2", "complete"]);
    assert_eq!(op.context().callback_panics(), 4);
    assert_eq!(op.status(), Status::Completed);
}

#[test]
fn a_panicking_callback_of_a_dropped_run() {
    let op = Cancelable::new()
        .on_cancel(|_| panic!("expected by the test"))
        .build();
    let mut run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    let thread = std::thread::spawn(move || {
        let _run = run;
        panic!("the run is dropped while this thread unwinds (expected by the test)");
    });
    assert!(thread.join().is_err());
    let context = op.context();
    assert_eq!(context.status(), Status::Cancelled);
    assert_eq!(context.callback_panics(), 1);
}

#[test]
fn they_may_use_the_operation() {
    let slot = Arc::new(OnceLock::<Operation>::new());
    let (on_progress, on_cancel) = (slot.clone(), slot.clone());
    let log = Log::default();
    let (heard, heard_too) = (log.clone(), log.clone());
    let op = Cancelable::new()
        .on_progress(move |_| {
            let op = on_progress.get().unwrap();
            assert_eq!(op.context().progress().unwrap().message(), "x");
            heard.add(op.cancel_with("by a callback"));
        })
        .on_cancel(move |_| heard_too.add(on_cancel.get().unwrap().status()))
        .build();
    let _ = slot.set(op.clone());
    let result = smol::block_on(op.run(async |cx| {
        cx.report_progress("x");
        pending::<()>().await;
    }));
    assert_eq!(result.unwrap_err().message(), Some("by a callback"));
    assert_eq!(log.take(), ["true", "cancelled"]);
}

#[test]
fn progress_of_all_kinds() {
    let op = Cancelable::new().name("n").build();
    assert!(op.context().progress().is_none());
    let latest = || -> Progress { op.context().progress().unwrap().clone() };

    op.within(|cx| cx.report_progress("text"));
    assert_eq!(
        (latest().message(), latest().current(), latest().fraction()),
        ("text", None, None)
    );
    op.within(|cx| cx.report_progress(format!("owned {}", 1)));
    assert_eq!(latest().to_string(), "owned 1");
    op.within(|cx| cx.report_progress_with("with", [("rows", "1"), ("rows", "2")]));
    assert_eq!(latest().metadata(), &Metadata::from_iter([("rows", "2")]));
    op.within(|cx| cx.report_progress_with("with", vec![(String::from("k"), 5.to_string())]));
    assert_eq!(latest().metadata().get("k"), Some("5"));

    op.within(|cx| cx.progress(1, 4));
    assert_eq!((latest().message(), latest().metadata().len()), ("", 0));
    assert_eq!((latest().current(), latest().total()), (Some(1), Some(4)));
    assert_eq!(latest().fraction(), Some(0.25));
    op.within(|cx| cx.progress(9, 4));
    assert_eq!(
        (latest().fraction(), latest().to_string()),
        (Some(1.0), "9/4".into())
    );
    op.within(|cx| cx.progress(9, 0));
    assert_eq!((latest().total(), latest().fraction()), (None, None));
    assert_eq!(latest().to_string(), "9");
    op.within(|cx| cx.progress(u64::MAX, u64::MAX));
    assert_eq!(latest().fraction(), Some(1.0));
    assert_eq!(latest().operation(), op.id());
}

#[test]
fn progress_bubbles_from_the_inside_out() {
    let log = Log::default();
    let [outer, inner] = ["outer", "inner"].map(|name| {
        let log = log.clone();
        move |p: &Progress| log.add(format!("{name} {} {p}", p.operation()))
    });
    let parent = Cancelable::new().on_progress(outer).build();
    let middle = parent.child().build();
    let child = middle.child().on_progress(inner).build();
    let id = child.id();
    smol::block_on(child.run(async |cx| cx.report_progress("x"))).unwrap();
    assert_eq!(
        log.take(),
        [format!("inner {id} x"), format!("outer {id} x")]
    );
    // The parents have reported nothing themselves.
    assert!(parent.context().progress().is_none() && middle.context().progress().is_none());

    let late = parent.child().build();
    smol::block_on(parent.run(async |_| ())).unwrap();
    late.within(|cx| cx.report_progress("the parent has ended"));
    assert!(log.take().is_empty());
}
