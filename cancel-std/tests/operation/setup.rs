//! What setting up allows and refuses, what a query costs, and what an end leaves behind.

use crate::support::{LONG, SECOND, Virtual, Wakes, poll};
use cancel_core::CancelToken;
use cancel_std::{Cancelable, Instant, Operation, Reason, Std, Timer};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

/// The message of the panic.
fn refused(set_up: impl FnOnce() -> Cancelable) -> String {
    let payload = catch_unwind(AssertUnwindSafe(set_up)).unwrap_err();
    String::from(*payload.downcast::<&str>().unwrap())
}

fn ended() -> Cancelable {
    let op = Cancelable::new();
    smol::block_on(op.run(async |_| ())).unwrap();
    op
}

#[test]
fn what_has_run_is_not_set_up_any_more() {
    const WHY: &str = "an operation has to be set up before it runs, and this one has run";
    let token = CancelToken::new();
    let parent = Cancelable::new();
    assert_eq!(refused(|| ended().until(Instant::EPOCH + LONG)), WHY);
    assert_eq!(refused(|| ended().timeout(LONG)), WHY);
    assert_eq!(refused(|| ended().name("late")), WHY);
    assert_eq!(refused(|| ended().metadata("too", "late")), WHY);
    assert_eq!(refused(|| ended().on_cancel(|_| ())), WHY);
    assert_eq!(refused(|| ended().on_progress(|_| ())), WHY);
    assert_eq!(refused(|| ended().follow(&token)), WHY);
    assert_eq!(refused(|| ended().parent(&parent)), WHY);
    let shared = Cancelable::new();
    assert_eq!(
        refused(|| shared.clone().name("late")),
        "an operation has to be set up before it is cloned, registered or run"
    );
    shared.token();
    assert_eq!(
        refused(|| shared.follow(&token)),
        "an operation has to be linked before its token is used"
    );
}

#[test]
fn queries_make_no_token() {
    let stop = CancelToken::new();
    let op = Cancelable::new();
    assert!(!op.is_cancelled());
    op.check().unwrap();
    let op = op.follow(&stop);
    assert!(!op.is_cancelled());
    op.check().unwrap();
    let parent = Cancelable::new();
    let op = op.parent(&parent).until(Std.now() + LONG);
    assert!(!op.is_cancelled());
    op.check().unwrap();
    let op = op.follow(&CancelToken::new());
    assert!(format!("{op:?}").contains("token: None"));
    stop.cancel_with("enough");
    assert!(op.is_cancelled());
    assert_eq!(op.check().unwrap_err().message(), Some("enough"));
    assert!(format!("{op:?}").contains("token: None"));
    assert!(op.token().is_cancelled());
    assert_eq!(op.check().unwrap_err().message(), Some("enough"));
}

#[test]
fn queries_see_the_parent_without_a_token() {
    let parent = Cancelable::new();
    let child = parent.child();
    assert!(!child.is_cancelled());
    parent.cancel();
    assert!(child.is_cancelled());
    assert_eq!(child.check().unwrap_err().reason(), Reason::Parent);
    assert!(format!("{child:?}").contains("token: None"));
}

#[test]
fn a_check_that_cancels_the_parent_sees_it() {
    let clock = Virtual::new();
    let parent = clock.op().timeout(SECOND);
    let mut run = pin!(parent.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    let child = parent.child();
    clock.advance(SECOND);
    let why = child.check().unwrap_err();
    assert_eq!(why.root_reason(), Reason::Timeout);
    assert!(parent.is_cancelled());
}

/// Polls a run once, has it ended by `end`, and says whether a waker is left.
fn leaves_no_waker(op: Operation<Virtual>, end: impl FnOnce(&Operation<Virtual>)) {
    let wakes = Arc::new(Wakes::default());
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(wakes.poll(run.as_mut()).is_pending());
    assert!(Arc::strong_count(&wakes) > 1);
    end(&op);
    assert!(wakes.poll(run.as_mut()).is_ready());
    assert_eq!(Arc::strong_count(&wakes), 1);
}

#[test]
fn the_end_leaves_no_waker() {
    let clock = Virtual::new();
    leaves_no_waker(clock.op(), |op| assert!(op.cancel()));
    leaves_no_waker(clock.op().timeout(LONG), |op| assert!(op.cancel()));
    leaves_no_waker(clock.op().timeout(SECOND), |_| clock.advance(SECOND));

    // Nor does a drop of the run.
    let op = clock.op().timeout(LONG);
    let wakes = Arc::new(Wakes::default());
    let mut run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(wakes.poll(run.as_mut()).is_pending());
    drop(run);
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
    assert_eq!(Arc::strong_count(&wakes), 1);
}

#[test]
fn a_function_is_a_body() {
    async fn body(cx: &Cancelable) -> bool {
        cx.is_cancelled()
    }
    async fn fallible(cx: &Cancelable) -> Result<bool, cancel_std::Cancelled> {
        cx.check()?;
        Ok(true)
    }
    assert_eq!(smol::block_on(Cancelable::new().run(body)), Ok(false));
    assert_eq!(
        smol::block_on(Cancelable::new().try_run(fallible)),
        Ok(true)
    );
}
