//! What a query costs, and what an end leaves behind.

use crate::support::{LONG, SECOND, Virtual, Wakes, poll};
use cancel_core::CancelToken;
use cancel_std::{Cancelable, Cx, Reason, Std, Timer, generic};
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

#[test]
fn queries_make_no_token() {
    let op = Cancelable::new().build();
    assert!(!op.is_cancelled());
    op.check().unwrap();
    assert!(format!("{op:?}").contains("token: None"));
    let (stop, parent) = (CancelToken::new(), Cancelable::new().build());
    let op = Cancelable::with_token(&stop)
        .parent(&parent)
        .deadline(Std.now() + LONG)
        .token(CancelToken::new())
        .build();
    assert!(!op.is_cancelled());
    op.check().unwrap();
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
    let parent = Cancelable::new().build();
    let child = parent.child().build();
    assert!(!child.is_cancelled());
    parent.cancel();
    assert!(child.is_cancelled());
    assert_eq!(child.check().unwrap_err().reason(), Reason::Parent);
    assert!(format!("{child:?}").contains("token: None"));
}

#[test]
fn a_check_that_cancels_the_parent_sees_it() {
    let clock = Virtual::new();
    let parent = clock.op().timeout(SECOND).build();
    let mut run = pin!(parent.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    let child = parent.child().build();
    clock.advance(SECOND);
    let why = child.check().unwrap_err();
    assert_eq!(why.root_reason(), Reason::Timeout);
    assert!(parent.is_cancelled());
}

/// Polls a run once, has it ended by `end`, and says whether a waker is left.
fn leaves_no_waker(
    op: generic::Cancelable<Virtual>,
    end: impl FnOnce(&generic::Operation<Virtual>),
) {
    let op = op.build();
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
    let op = clock.op().timeout(LONG).build();
    let wakes = Arc::new(Wakes::default());
    let mut run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(wakes.poll(run.as_mut()).is_pending());
    drop(run);
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
    assert_eq!(Arc::strong_count(&wakes), 1);
}

#[test]
fn a_function_is_a_body() {
    async fn body(cx: &Cx) -> bool {
        cx.is_cancelled()
    }
    async fn fallible(cx: &Cx) -> Result<bool, cancel_std::Cancelled> {
        cx.check()?;
        Ok(true)
    }
    assert_eq!(smol::block_on(Cancelable::new().run(body)), Ok(false));
    assert_eq!(
        smol::block_on(Cancelable::new().try_run(fallible)),
        Ok(true)
    );
}
