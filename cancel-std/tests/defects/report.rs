//! Lines 17 to 24: the report is wrong.

use crate::{LONG, noted, poll, secs};
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{
    CancelToken, Cancelable, Cancelled, Check, Condition, Cx, Flag, Reason, Source, Status, generic,
};
use std::error::Error;
use std::future::pending;
use std::pin::pin;
use std::task::Poll;

/// "A nested child of a timed-out parent says *manual*, without a message; the cause and the user's message
/// are lost on the way down."
#[test]
fn d17_a_nested_child_says_parent_and_keeps_why() {
    let time = VirtualTime::new();
    let top = time.operation().timeout(secs(1)).build();
    let run = top.run(async |cx| {
        let nested = cx.child().build();
        let inner = nested.child().build();
        let result = nested.run(async |_| inner.run(async |_| pending::<()>().await).await);
        cx.shield_future(async {
            let _ = result.await;
        })
        .await;
        inner.context().cause().cloned().unwrap()
    });
    let cause = time.block_on(run).unwrap();
    assert_eq!(cause.reason(), Reason::Parent);
    assert_eq!(cause.root_reason(), Reason::Timeout);
    assert_eq!(cause.root_cause().reason(), Reason::Timeout);

    let top = Cancelable::new().build();
    let nested = top.child().build().child();
    top.cancel_with(
        cancel_std::Cause::new(Reason::Error)
            .with_message("the user's message")
            .with_error("the error"),
    );
    let context = nested.build().context();
    assert_eq!(context.reason(), Some(Reason::Parent));
    assert_eq!(context.message(), Some("the user's message"));
    let source = context.cause().unwrap().source().unwrap();
    assert_eq!(source.to_string(), "the error");
}

/// "Reason and status cannot be read inside the body; a later cancel overwrites an earlier timeout."
#[test]
fn d18_reason_and_status_can_be_read_in_the_body() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(1)).build();
    let run = op.run(async |cx| {
        let now = || (cx.operation().status(), cx.operation().context().reason());
        assert_eq!(now(), (Status::Running, None));
        time.advance(secs(1));
        cx.check().unwrap_err();
        assert_eq!(now(), (Status::Running, Some(Reason::Timeout)));
        assert!(!cx.cancel_with("later"));
        smol::future::yield_now().await;
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert!(!op.cancel_with("later still"));
    let context = op.context();
    assert_eq!(context.reason(), Some(Reason::Timeout));
    assert_eq!(context.message(), None);
}

/// "Cancelled before it starts: the body still runs, and may report *completed*."
#[test]
fn d19_cancelled_before_it_starts() {
    let notes = Recorder::new();
    let stop = CancelToken::new();
    stop.cancel_with("before");
    let [start, cancel, body] = [&notes; 3].map(Recorder::clone);
    let op = Cancelable::with_token(&stop)
        .on_start(move |_| start.note("on_start"))
        .on_complete(|_| unreachable!())
        .on_cancel(move |_| cancel.note("on_cancel"))
        .build();
    let dropped = notes.on_drop("body dropped,");
    let result = smol::block_on(op.run(move |_: &Cx| {
        body.note("called");
        async move {
            let _dropped = dropped;
            body.note("polled");
        }
    }));
    assert_eq!(result.unwrap_err().message(), Some("before"));
    assert_eq!(noted(&notes), "body dropped, on_cancel");
    assert_eq!(op.status(), Status::Cancelled);
}

/// "Re-use keeps the old reason; duration counts from construction, not from the start."
#[test]
fn d20_no_second_run_and_time_counts_from_the_start() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(2)).build();
    time.advance(secs(10));
    let mut run = pin!(op.run(async |cx| cx.sleep(secs(1)).await));
    assert!(poll(run.as_mut()).is_pending());

    let refused = || {
        let again: Result<(), _> = smol::block_on(op.run(async |_| unreachable!("polled")));
        let refused = again.unwrap_err();
        assert_eq!(refused.reason(), Reason::Error);
        assert_eq!(refused.message(), Some("operation has already run"));
    };
    refused();
    assert_eq!(op.status(), Status::Running);
    time.advance(secs(1));
    assert_eq!(poll(run.as_mut()), Poll::Ready(Ok(())));
    time.advance(secs(1));
    refused();
    let context = op.context();
    assert_eq!(context.status(), Status::Completed);
    assert_eq!(context.duration(), Some(secs(1)));
    assert_eq!(context.cause(), None);
}

/// "Progress does not reach parents; an async callback in a cancelled parent is cut off."
#[test]
fn d21_progress_reaches_parents() {
    let notes = Recorder::new();
    let heard = notes.clone();
    let parent = Cancelable::new()
        .on_progress(move |progress| heard.note(format!("{} {progress}", progress.operation())))
        .build();
    let nested = parent.child().build().child().build();
    nested.within(|cx| cx.report_progress("deep down"));
    assert_eq!(noted(&notes), format!("{} deep down", nested.id()));
}

#[test]
fn d21_an_async_callback_in_a_cancelled_parent_is_not_cut_off() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let (clock, slow) = (time.clone(), notes.clone());
    let parent = time
        .operation()
        .timeout(secs(1))
        .callback_limit(secs(60))
        .on_progress_async(move |progress| {
            let (clock, notes) = (clock.clone(), slow.clone());
            async move {
                cancel_std::Timer::sleep(&clock, secs(5)).await.unwrap();
                notes.note(progress.to_string());
            }
        });
    let run = parent.run(async |cx| {
        let child = cx.child();
        let body = async |cx: &generic::Cx<VirtualTime>| {
            cx.progress(1, 2);
            cx.progress(2, 2);
            pending::<()>().await
        };
        child.run(body).await
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(noted(&notes), "5s 1/2 10s 2/2");
}

/// "The check before each call (`wrap`) looks at the token only, not at a passed deadline, signal or
/// condition."
#[test]
fn d22_check_sees_deadlines_and_every_source_that_has_fired() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(1)).build();
    let run = op.run(async |cx| {
        assert!(cx.check().is_ok());
        time.advance(secs(1));
        assert_eq!(cx.check().unwrap_err().reason(), Reason::Timeout);
        assert!(cx.is_cancelled());
    });
    time.block_on(run).unwrap();

    // That of an ancestor, too; and by the trait that sync code asks.
    let parent = time.operation().timeout(secs(1));
    let run = parent.run(async |cx| {
        let child = cx.child().build().child().build();
        time.advance(secs(1));
        let why = Check::check(&child).unwrap_err();
        assert_eq!(why.reason(), Reason::Parent);
        assert_eq!(why.root_reason(), Reason::Timeout);
    });
    time.block_on(run).unwrap();

    // A condition, in a loop of calls that would never await otherwise.
    let full = Flag::new();
    let op = Cancelable::new().source(&full);
    let mut calls = 0;
    let run = op.try_run(async |cx| -> Result<(), Cancelled> {
        loop {
            cx.check()?;
            calls += 1;
            if calls == 3 {
                full.set_with("disk full");
            }
            smol::future::yield_now().await;
        }
    });
    assert_eq!(
        smol::block_on(run).unwrap_err().message(),
        Some("disk full")
    );
    assert_eq!(calls, 3);
}

/// "A source that fires late rewrites the outcome of a finished operation."
#[test]
fn d23_a_late_trigger_does_not_rewrite_the_outcome() {
    let time = VirtualTime::new();
    let stop = CancelToken::new();
    let full = Flag::new();
    let parent = time.operation().build();
    let op = time
        .operation()
        .timeout(secs(1))
        .token(&stop)
        .source(Condition::new_async(async || true, LONG).unwrap())
        .source(&full)
        .parent(&parent)
        .build();
    time.block_on(op.run(async |_| ())).unwrap();
    time.advance(LONG);
    full.set();
    stop.cancel_with("late");
    parent.cancel_with("later");
    op.cancel_with("last");
    let context = op.context();
    assert_eq!(context.status(), Status::Completed);
    assert_eq!(context.cause(), None);
    assert_eq!(context.duration(), Some(secs(0)));
}

/// "A token's `check()` always says *manual*. The status *timeout* exists and is never set."
#[test]
fn d24_check_tells_the_real_cause_and_no_status_is_dead() {
    for reason in [
        Reason::Manual,
        Reason::Timeout,
        Reason::Signal(15),
        Reason::Condition,
        Reason::Error,
        Reason::Dropped,
        Reason::Shutdown,
        Reason::Custom(7),
    ] {
        let token = CancelToken::new();
        let child = token.child();
        token.cancel_with((reason, "why"));
        let why = token.check().unwrap_err();
        assert_eq!((why.reason(), why.message()), (reason, Some("why")));
        let why = child.check().unwrap_err();
        assert_eq!(why.reason(), Reason::Parent);
        assert_eq!((why.root_reason(), why.message()), (reason, Some("why")));
    }

    // Every status is reached, and these are all. (`Status` may grow, so the compiler cannot tell.)
    let time = VirtualTime::new();
    let op = time.operation().build();
    let mut seen = vec![op.status()];
    time.block_on(op.run(async |cx| seen.push(cx.operation().status())))
        .unwrap();
    seen.push(op.status());
    let op = time.operation().timeout(secs(1)).build();
    assert!(
        time.block_on(op.run(async |_| pending::<()>().await))
            .is_err()
    );
    seen.push(op.status()); // a timeout is a cancelation
    let op = time.operation().build();
    let failed = time.block_on(op.try_run(async |_| Err::<(), Box<dyn Error>>("no".into())));
    assert!(failed.is_err());
    seen.push(op.status());
    assert_eq!(
        seen,
        [
            Status::Pending,
            Status::Running,
            Status::Completed,
            Status::Cancelled,
            Status::Failed
        ]
    );
    let names: Vec<String> = seen.iter().map(ToString::to_string).collect();
    assert!(!names.contains(&String::from("timeout")));
    let _ = Source::<VirtualTime>::timeout(secs(1)); // *timeout* is a source, and a reason
}
