//! All the ways in which an operation ends.

use crate::support::{LONG, Log, SECOND, Virtual, poll};
use cancel_core::{CancelToken, Cancelled, Reason};
use cancel_std::{Cancelable, Cx, Status, generic};
use std::fmt;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// An operation that logs its callbacks, with the status they see.
fn logging(clock: &Virtual, log: &Log) -> generic::Cancelable<Virtual> {
    let entry = |name: &'static str| {
        let log = log.clone();
        move |context: &cancel_std::Context| log.add(format!("{name}: {}", context.status()))
    };
    clock
        .op()
        .on_start(entry("on_start"))
        .on_complete(entry("on_complete"))
        .on_cancel(entry("on_cancel"))
        .on_error(entry("on_error"))
}

#[test]
fn completed() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).timeout(SECOND).build();
    let run = op.run(async |_| {
        let _body = log.on_drop(|| "body dropped".into());
        log.add("body");
    });
    assert_eq!(smol::block_on(run), Ok(()));
    assert_eq!(
        log.take(),
        [
            "on_start: running",
            "body",
            "body dropped",
            "on_complete: completed"
        ]
    );
    assert!(!op.is_cancelled());
}

#[test]
fn cancelled_in_order() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).timeout(SECOND).build();
    let child = op.token().child();
    let on_token = log.clone();
    let _registration = child.on_cancel(move |_| on_token.add("token cancelled"));
    let handle = op.clone();
    let mut run = pin!(op.run(async |cx| {
        let _body = log.on_drop(|| format!("body dropped: {}", handle.status()));
        cx.sleep(LONG).await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(clock.armed(), 2);
    clock.advance(SECOND);
    let Poll::Ready(Err(why)) = poll(run.as_mut()) else {
        panic!("still runs")
    };
    assert_eq!(why.reason(), Reason::Timeout);
    assert_eq!(
        log.take(),
        [
            "on_start: running",
            "token cancelled",
            "body dropped: running",
            "on_cancel: cancelled"
        ]
    );
    assert_eq!(clock.armed(), 0);
    assert_eq!(op.context().duration(), Some(SECOND));
}

#[test]
fn dropped() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).timeout(SECOND).build();
    let on_token = log.clone();
    let _registration = op
        .token()
        .on_cancel(move |_| on_token.add("token cancelled"));
    let handle = op.clone();
    let body_log = log.clone();
    let mut run = Box::pin(op.run(async move |cx| {
        let _body = body_log.on_drop(|| format!("body dropped: {}", handle.status()));
        cx.sleep(LONG).await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    drop(run);
    assert_eq!(
        log.take(),
        [
            "on_start: running",
            "token cancelled",
            "body dropped: running",
            "on_cancel: cancelled"
        ]
    );
    let context = op.context();
    assert_eq!(context.status(), Status::Cancelled);
    assert_eq!(context.reason(), Some(Reason::Dropped));
    assert!(context.ended().is_some());
    assert_eq!(clock.armed(), 0);
}

#[test]
fn dropped_after_the_trigger_keeps_the_cause() {
    let op = Cancelable::new().build();
    let mut run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    op.cancel_with("trigger");
    drop(run);
    let context = op.context();
    assert_eq!(context.status(), Status::Cancelled);
    assert_eq!(context.message(), Some("trigger"));
}

#[test]
fn dropped_before_the_first_poll_is_not_run() {
    let op = Cancelable::new().build();
    drop(op.run(async |_| 1));
    assert_eq!(op.status(), Status::Pending);
    assert!(!op.is_cancelled());
    assert_eq!(smol::block_on(op.run(async |_| 2)), Ok(2));
}

#[test]
fn dropped_while_a_token_callback_panics() {
    let op = Cancelable::new().build();
    let _registration = op.token().on_cancel(|_| panic!("expected by the test"));
    let mut run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    drop(run);
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
    assert_eq!(op.context().callback_panics(), 1);
}

#[test]
fn panicked() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).timeout(SECOND).build();
    let mut run = pin!(op.run(async |cx| {
        let _body = log.on_drop(|| "body dropped".into());
        cx.sleep(SECOND / 2).await;
        panic!("boom {}", cx.id());
    }));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND / 2);
    let payload = catch_unwind(AssertUnwindSafe(|| poll::<_>(run.as_mut()))).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert_eq!(*text, format!("boom {}", op.id()));
    assert_eq!(
        log.take(),
        ["on_start: running", "body dropped", "on_error: failed"]
    );
    let context = op.context();
    assert_eq!(context.status(), Status::Failed);
    assert_eq!(context.error(), Some(&*format!("panicked: {text}")));
    assert_eq!(context.cause(), None);
    assert_eq!(clock.armed(), 0);
    assert!(!op.is_cancelled());
}

#[test]
fn panicked_while_being_called() {
    let op = Cancelable::new().build();
    let run = op.run(|_: &Cx| -> std::future::Ready<()> { panic!("at once") });
    catch_unwind(AssertUnwindSafe(|| smol::block_on(run))).unwrap_err();
    assert_eq!(op.context().error(), Some("panicked: at once"));

    let op = Cancelable::new().build();
    let run = op.run(async |_| panic_any(7));
    catch_unwind(AssertUnwindSafe(|| smol::block_on(run))).unwrap_err();
    assert_eq!(op.context().error(), Some("panicked"));
}

#[test]
fn a_panic_of_the_bodys_destructor_goes_on() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("expected by the test");
        }
    }
    let op = Cancelable::new().build();
    let mut run = pin!(op.run(async |_| {
        let _bad = Bad;
        pending::<()>().await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    op.cancel_with("why");
    catch_unwind(AssertUnwindSafe(|| poll(run.as_mut()))).unwrap_err();
    let context = op.context();
    assert_eq!(context.status(), Status::Cancelled);
    assert_eq!(context.message(), Some("why"));
}

#[test]
fn a_panic_of_the_finished_bodys_destructor_is_a_failure() {
    struct Bad;
    impl Future for Bad {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("expected by the test");
        }
    }
    let op = Cancelable::new().build();
    let mut run = Box::pin(op.run(|_: &Cx| Bad));
    catch_unwind(AssertUnwindSafe(|| poll(run.as_mut()))).unwrap_err();
    drop(run);
    let context = op.context();
    assert_eq!(context.status(), Status::Failed);
    assert_eq!(context.error(), Some("panicked: expected by the test"));
    assert_eq!(context.cause(), None);
}

#[test]
fn a_panic_of_a_token_callback_goes_on_after_the_end() {
    let clock = Virtual::new();
    let op = clock.op().timeout(SECOND).build();
    let _registration = op.token().on_cancel(|_| panic!("expected by the test"));
    let log = Log::default();
    let mut run = Box::pin(op.run(async |_| {
        let _body = log.on_drop(|| "body dropped".into());
        pending::<()>().await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    clock.advance(SECOND);
    catch_unwind(AssertUnwindSafe(|| poll(run.as_mut()))).unwrap_err();
    drop(run);
    assert_eq!(log.take(), ["body dropped"]);
    let context = op.context();
    assert_eq!(context.status(), Status::Cancelled);
    assert_eq!(context.reason(), Some(Reason::Timeout));
    assert_eq!(clock.armed(), 0);
}

#[derive(Debug, PartialEq)]
enum Error {
    Cancelled(Cancelled),
    NoFile,
}

impl From<Cancelled> for Error {
    fn from(cancelled: Cancelled) -> Self {
        Error::Cancelled(cancelled)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Cancelled(cancelled) => cancelled.fmt(f),
            Error::NoFile => f.write_str("no file"),
        }
    }
}

#[test]
fn failed() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).build();
    let result = smol::block_on(op.try_run(async |_| Err::<(), _>(Error::NoFile)));
    assert_eq!(result, Err(Error::NoFile));
    assert_eq!(log.take(), ["on_start: running", "on_error: failed"]);
    assert_eq!(op.context().error(), Some("no file"));
    assert!(!op.is_cancelled());
}

#[test]
fn an_error_of_the_cancelled_is_cancelation() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).timeout(SECOND).build();
    let result = smol::block_on(op.try_run(async |cx| -> Result<(), Error> {
        loop {
            clock.advance(SECOND / 4);
            cx.check()?; // never awaits
        }
    }));
    let Err(Error::Cancelled(why)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(why.reason(), Reason::Timeout);
    assert_eq!(log.take(), ["on_start: running", "on_cancel: cancelled"]);
    assert_eq!(op.context().error(), Some(&*why.to_string()));
    assert_eq!(op.context().duration(), Some(SECOND));
}

#[test]
fn an_error_after_the_cancel_keeps_its_text() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).build();
    let result = smol::block_on(op.try_run(async |cx| {
        cx.cancel_with("enough");
        Err::<(), _>(Error::NoFile)
    }));
    assert_eq!(result, Err(Error::NoFile));
    assert_eq!(log.take(), ["on_start: running", "on_cancel: cancelled"]);
    assert_eq!(op.context().message(), Some("enough"));
    assert_eq!(op.context().error(), Some("no file"));
}

#[test]
fn somebody_elses_cancelation_is_a_failure() {
    let other = CancelToken::new();
    other.cancel_with("not ours");
    let op = Cancelable::new().build();
    let result = smol::block_on(op.try_run(async |_| -> Result<(), Cancelled> { other.check() }));
    assert_eq!(result.unwrap_err().message(), Some("not ours"));
    assert_eq!(op.status(), Status::Failed);
    assert_eq!(op.context().error(), Some("cancelled: manual: not ours"));
    assert_eq!(op.context().cause(), None);
}

#[test]
fn try_run_passes_values_and_cancelations_on() {
    let op = Cancelable::new().build();
    let result = smol::block_on(op.try_run(async |_| Ok::<_, Error>(5)));
    assert_eq!(result, Ok(5));
    assert_eq!(op.status(), Status::Completed);

    let op = Cancelable::new().build();
    op.cancel_with("early");
    let result = smol::block_on(op.try_run(async |_| Err::<(), _>(Error::NoFile)));
    let Err(Error::Cancelled(why)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(why.message(), Some("early"));
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn an_error_text_that_panics_ends_it() {
    struct Bad;
    impl fmt::Display for Bad {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("expected by the test");
        }
    }
    impl From<Cancelled> for Bad {
        fn from(_: Cancelled) -> Self {
            Bad
        }
    }
    let op = Cancelable::new().build();
    let run = op.try_run(async |_| Err::<(), _>(Bad));
    assert!(catch_unwind(AssertUnwindSafe(|| smol::block_on(run))).is_err());
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn a_value_after_the_trigger_counts() {
    let (clock, log) = (Virtual::new(), Log::default());
    let op = logging(&clock, &log).build();
    let result = smol::block_on(op.run(async |cx| {
        cx.cancel_with("while it was polled");
        5
    }));
    assert_eq!(result, Ok(5));
    assert_eq!(log.take(), ["on_start: running", "on_complete: completed"]);
    assert_eq!(op.context().message(), Some("while it was polled"));
}

#[test]
fn cancelled_by_itself_at_the_next_suspension() {
    let op = Cancelable::new();
    let log = Log::default();
    let result = smol::block_on(op.run(async |cx| {
        cx.cancel_with("enough");
        log.add("still being polled");
        smol::future::yield_now().await;
        log.add("never");
    }));
    assert_eq!(result.unwrap_err().message(), Some("enough"));
    assert_eq!(log.take(), ["still being polled"]);
}

#[test]
fn on_start_may_cancel() {
    let log = Log::default();
    let stop = CancelToken::new();
    let to_stop = stop.clone();
    let op = Cancelable::with_token(&stop).on_start(move |_| {
        to_stop.cancel_with("not today");
    });
    let result = smol::block_on(op.run(|_: &Cx| {
        log.add("called");
        std::future::ready(())
    }));
    assert_eq!(result.unwrap_err().message(), Some("not today"));
    assert!(log.take().is_empty());
}

#[test]
fn progress_after_the_end_is_ignored() {
    let log = Log::default();
    let heard = log.clone();
    let op = Cancelable::new()
        .on_progress(move |progress| heard.add(progress))
        .build();
    smol::block_on(op.run(async |cx| cx.report_progress("in time"))).unwrap();
    op.within(|cx| cx.report_progress("too late"));
    assert_eq!(log.take(), ["in time"]);
    assert_eq!(op.context().progress().unwrap().message(), "in time");
}
