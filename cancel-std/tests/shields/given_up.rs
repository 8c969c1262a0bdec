//! Shielded work whose own token is cancelled.

use super::support::{Cx, SECOND};
use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, Status};
use std::future::pending;
use std::time::Duration;

/// The operation is cancelled for the same cause, and its body dropped at the shield.
#[test]
fn x2_a_shield_that_gives_up_cancels_its_operation() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let mut after = false;
    let run = op.run(async |cx| {
        cx.shield(async |cx| {
            cx.token().cancel_with("cannot save");
            cx.sleep(Duration::MAX).await;
        })
        .await;
        after = true;
    });
    let cancelled = time.block_on(run).unwrap_err();
    assert_eq!(cancelled.message(), Some("cannot save"));
    assert!(!after);
    assert_eq!(op.status(), Status::Cancelled);
}

/// Of nested ones, what is around is the next shield.
#[test]
fn x2_a_shield_that_gives_up_cancels_the_one_around_it() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run(async |cx| {
        let around = cx.shield_within(SECOND, async |cx| {
            cx.shield(async |cx| {
                cx.token().cancel_with("cannot save");
                pending::<()>().await;
            })
            .await;
        });
        around.await.unwrap_err()
    });
    let cancelled = time.block_on(run).unwrap();
    assert_eq!(cancelled.message(), Some("cannot save"));
    assert_eq!(op.context().cause(), None); // the bound is the end of it
}

/// In the end phases of an operation that is cancelled already, nobody has to cancel it.
#[test]
fn x2_a_shield_that_gives_up_after_the_cancel_lets_the_body_go() {
    for grace in [Duration::ZERO, SECOND] {
        let time = VirtualTime::new();
        let op = time.operation().grace(grace).build();
        let run = op.run(async |cx| {
            cx.cancel_with("first");
            cx.shield(async |cx| {
                cx.sleep(SECOND / 2).await;
                cx.token().cancel_with("second");
                cx.sleep(Duration::MAX).await;
            })
            .await;
        });
        let cancelled = time.block_on(run).unwrap_err();
        assert_eq!(cancelled.message(), Some("first"));
        let until = grace.max(SECOND / 2);
        assert_eq!(op.context().duration(), Some(until));
    }
}

#[test]
fn x2_a_timer_that_fails_in_a_shield_does_not_hang() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run(async |cx| {
        cx.shield(async |cx| {
            time.fail("broken");
            cx.sleep(SECOND).await;
            unreachable!("it is not over");
        })
        .await;
    });
    let result: Result<(), _> = time.block_on(run);
    let cancelled = result.unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Error);
    assert_eq!(cancelled.message(), Some("the timer of a sleep failed"));
}

#[test]
fn x2_a_cleanup_that_gives_up_is_named() {
    let time = VirtualTime::new();
    let broken = time.clone();
    let op = time
        .operation()
        .finally(|cx| async move {
            broken.fail("broken");
            cx.sleep(SECOND).await;
            unreachable!("it is not over");
        })
        .finally(|cx| async move {
            cx.token().cancel_with("cannot close");
            pending::<()>().await;
        })
        .build();
    assert_eq!(time.block_on(op.run(async |_| 5)), Ok(5));
    let context = op.context();
    assert_eq!(context.status(), Status::Completed);
    let error = context.error().unwrap();
    assert!(
        error.starts_with("cleanup did not end: cancelled"),
        "{error}"
    );
    assert_eq!(context.cause(), None);
}

/// What a `Cx` that is kept is worth when the shield is over: it is live, and nobody's limit.
#[test]
fn x2_a_cx_that_outlives_its_shield() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run(async |cx| {
        let mut kept: Option<Cx> = None;
        let work = async |cx: &Cx| kept = Some(cx.clone());
        cx.shield_within(SECOND, work).await.unwrap();
        let kept = kept.unwrap();
        assert_eq!((kept.check(), kept.deadline()), (Ok(()), None));
        let run = kept.child().run(async |cx| {
            cx.sleep(5 * SECOND).await;
            cx.remaining()
        });
        run.await
    });
    assert_eq!(time.block_on(run), Ok(Ok(None)));
}
