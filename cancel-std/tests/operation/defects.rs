//! What the Python original gets wrong, by the numbers of its list of defects.

use crate::support::{LONG, Log, SECOND, Virtual, poll};
use cancel_core::{CancelToken, Cause, Reason};
use cancel_std::{Cancelable, Status};
use std::future::pending;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

#[test]
fn defect_1_a_cancel_from_a_plain_thread_wakes_the_sleeping_task() {
    let stop = CancelToken::new();
    let op = Cancelable::with_token(&stop);
    let (started, wait) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        wait.recv().unwrap();
        stop.cancel_with("from a thread");
    });
    let result = smol::block_on(op.run(async |cx| {
        started.send(()).unwrap();
        cx.sleep(LONG).await;
    }));
    assert_eq!(result.unwrap_err().message(), Some("from a thread"));
    thread.join().unwrap();
}

#[test]
fn defect_2_message_reason_and_both_are_natural_calls() {
    type Cancel = fn(&Cancelable) -> bool;
    let cancels: [(Cancel, _, _); 5] = [
        (|op| op.cancel(), Reason::Manual, None),
        (|op| op.cancel_with("m"), Reason::Manual, Some("m")),
        (
            |op| op.cancel_with(Reason::Shutdown),
            Reason::Shutdown,
            None,
        ),
        (
            |op| op.cancel_with((Reason::Signal(2), "m")),
            Reason::Signal(2),
            Some("m"),
        ),
        (
            |op| op.cancel_with(Cause::new(Reason::Error).with_message("m").with_error("e")),
            Reason::Error,
            Some("m"),
        ),
    ];
    for (cancel, reason, message) in cancels {
        let op = Cancelable::new();
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        assert!(cancel(&op));
        assert!(op.is_cancelled());
        let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
            panic!("still runs")
        };
        assert_eq!((why.reason(), why.message()), (reason, message));
        assert_eq!(op.context().cause(), Some(&why));
    }
}

#[test]
fn defect_3_a_timed_out_parent_ends_children_of_other_tasks() {
    let parent = Cancelable::with_timeout(Duration::from_millis(5));
    let child = smol::spawn(parent.child().run(async |cx| cx.sleep(LONG).await));
    let result = smol::block_on(parent.run(async |cx| cx.sleep(LONG).await));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    let child = smol::block_on(child).unwrap_err();
    assert_eq!(
        (child.reason(), child.root_reason()),
        (Reason::Parent, Reason::Timeout)
    );
}

#[test]
fn defect_4_of_two_timeouts_the_earliest_wins() {
    for (first, second) in [(SECOND, 5 * SECOND), (5 * SECOND, SECOND)] {
        let clock = Virtual::new();
        let op = clock.op().timeout(first).timeout(second);
        let mut run = pin!(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
        clock.advance(SECOND - Duration::from_nanos(1));
        assert!(poll(run.as_mut()).is_pending());
        clock.advance(Duration::from_nanos(1));
        assert!(poll(run.as_mut()).is_ready());
        assert_eq!(op.context().reason(), Some(Reason::Timeout));
    }
}

#[test]
fn defect_8_a_panicking_listener_delays_nobody() {
    let log = Log::default();
    let second = log.clone();
    let op = Cancelable::new()
        .on_cancel(|_| panic!("expected by the test"))
        .on_cancel(move |_| second.add("second"));
    op.cancel();
    smol::block_on(op.run(async |_| ())).unwrap_err();
    assert_eq!(log.take(), ["second"]);
}

#[test]
fn defect_12_following_is_one_way() {
    let user = CancelToken::new();
    let parent = Cancelable::new();
    let (op, other) = (
        Cancelable::with_token(&user).parent(&parent),
        Cancelable::with_token(&user),
    );
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    parent.cancel();
    assert!(poll(run.as_mut()).is_ready());
    assert!(!user.is_cancelled() && !other.is_cancelled());
    other.cancel();
    assert!(!user.is_cancelled());
}

#[test]
fn defect_17_a_nested_child_says_parent_and_keeps_why() {
    let clock = Virtual::new();
    let top = clock.op().timeout(SECOND);
    let nested = top.child().child();
    let mut run = pin!(nested.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    let mut top_run = pin!(top.run(async |_| pending::<()>().await));
    assert!(poll(top_run.as_mut()).is_pending());
    clock.advance(SECOND);
    assert!(poll(top_run.as_mut()).is_ready());
    assert!(poll(run.as_mut()).is_ready());
    let cause = nested.context().cause().cloned().unwrap();
    assert_eq!(
        (cause.reason(), cause.root_reason()),
        (Reason::Parent, Reason::Timeout)
    );

    let top = Cancelable::new();
    let nested = top.child().child();
    top.cancel_with("user pressed stop");
    assert_eq!(nested.context().message(), Some("user pressed stop"));
}

#[test]
fn defect_18_reason_and_status_can_be_read_in_the_body() {
    let clock = Virtual::new();
    let op = clock.op().timeout(SECOND);
    let run = op.run(async |cx| {
        assert_eq!(
            (cx.status(), cx.context().reason()),
            (Status::Running, None)
        );
        clock.advance(SECOND);
        cx.check().unwrap_err();
        assert_eq!(
            (cx.status(), cx.context().reason()),
            (Status::Running, Some(Reason::Timeout))
        );
        assert!(!cx.cancel_with("later"));
        smol::future::yield_now().await;
    });
    assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert!(!op.cancel_with("later still"));
    let context = op.context();
    assert_eq!(
        (context.reason(), context.message()),
        (Some(Reason::Timeout), None)
    );
}

#[test]
fn defect_19_cancelled_before_it_starts() {
    let log = Log::default();
    let stop = CancelToken::new();
    stop.cancel_with("before");
    let op = Cancelable::with_token(&stop)
        .on_start({
            let log = log.clone();
            move |_| log.add("on_start")
        })
        .on_cancel({
            let log = log.clone();
            move |_| log.add("on_cancel")
        });
    let body = log.clone();
    let dropped = log.on_drop(|| "body dropped".into());
    let result = smol::block_on(op.run(move |_: &Cancelable| {
        body.add("called");
        async move {
            let _dropped = dropped;
            body.add("polled");
        }
    }));
    assert_eq!(result.unwrap_err().message(), Some("before"));
    assert_eq!(log.take(), ["body dropped", "on_cancel"]);
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn defect_20_no_second_run_and_time_counts_from_the_start() {
    let clock = Virtual::new();
    let op = clock.op().timeout(2 * SECOND);
    clock.advance(10 * SECOND);
    let mut run = pin!(op.run(async |cx| cx.sleep(SECOND).await));
    assert!(poll(run.as_mut()).is_pending());

    let refused = || {
        let again: Result<(), _> = smol::block_on(op.run(async |_| unreachable!("polled")));
        let refused = again.unwrap_err();
        assert_eq!(refused.reason(), Reason::Error);
        assert_eq!(refused.message(), Some("operation has already run"));
    };
    refused();
    assert_eq!(op.status(), Status::Running);
    clock.advance(SECOND);
    assert_eq!(poll(run.as_mut()), Poll::Ready(Ok(())));
    clock.advance(SECOND);
    refused();
    let context = op.context();
    assert_eq!(context.status(), Status::Completed);
    assert_eq!(context.duration(), Some(SECOND));
    assert_eq!(context.cause(), None);
}

#[test]
fn defect_21_progress_reaches_parents() {
    let log = Log::default();
    let heard = log.clone();
    let parent =
        Cancelable::new().on_progress(move |p| heard.add(format!("{} {p}", p.operation())));
    let nested = parent.child().child();
    nested.report_progress("deep down");
    assert_eq!(log.take(), [format!("{} deep down", nested.id())]);
}

#[test]
fn defect_22_check_looks_at_the_deadline() {
    let clock = Virtual::new();
    let op = clock.op().timeout(SECOND);
    let run = op.run(async |cx| {
        assert!(cx.check().is_ok());
        clock.advance(SECOND);
        assert!(!cx.is_cancelled()); // a bare load
        assert_eq!(cx.check().unwrap_err().reason(), Reason::Timeout);
        assert!(cx.is_cancelled());
    });
    smol::block_on(run).unwrap();
}

#[test]
fn defect_23_a_late_trigger_does_not_rewrite_the_outcome() {
    let clock = Virtual::new();
    let stop = CancelToken::new();
    let op = clock.op().timeout(SECOND).follow(&stop);
    smol::block_on(op.run(async |_| ())).unwrap();
    clock.advance(LONG);
    stop.cancel_with("late");
    op.cancel_with("later");
    let context = op.context();
    assert_eq!(
        (context.status(), context.cause()),
        (Status::Completed, None)
    );
    assert_eq!(context.duration(), Some(Duration::ZERO));
}

#[test]
fn defect_25_a_finished_operation_leaves_nothing_on_a_long_lived_token() {
    let clock = Virtual::new();
    let stop = CancelToken::new();
    let parent = clock.op();
    for _ in 0..1000 {
        let op = clock.op().timeout(SECOND).follow(&stop).parent(&parent);
        let mut run = Box::pin(op.run(async |_| pending::<()>().await));
        assert!(poll(run.as_mut()).is_pending());
    }
    assert_eq!(clock.armed(), 0);
    // Nobody but us holds the parent, so it can still be set up.
    let _parent = parent.name("alone again");
}
