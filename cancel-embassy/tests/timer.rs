//! The contract of a timer, on embassy's driver for the host.

use cancel_embassy::{
    CancelFutureExt, Embassy, Reason, Scope, Shields, TimeoutExt, Timer, Token, deadline_after,
    deadline_at,
};
use embassy_futures::block_on;
use embassy_futures::join::join;
use embassy_futures::yield_now;
use embassy_time::Instant;
use std::future::{Future, pending};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(5);

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_sleep_is_not_early() {
    block_on(async {
        for micros in [1, 10, 333, 1_001] {
            let deadline = Embassy.now() + Duration::from_micros(micros);
            Embassy.sleep_until(deadline).await.unwrap();
            assert!(Embassy.now() >= deadline);
        }
    });
}

#[test]
fn what_has_passed_resolves_at_the_first_poll() {
    assert!(poll_once(Embassy.sleep(Duration::ZERO)).is_ready());
    assert!(poll_once(Embassy.sleep_until(cancel_embassy::Instant::EPOCH)).is_ready());
    assert!(poll_once(Embassy.sleep_until(Embassy.now())).is_ready());
    assert!(poll_once(deadline_at(Instant::from_ticks(0))).is_ready());
    assert!(poll_once(deadline_after(embassy_time::Duration::from_ticks(0))).is_ready());
}

#[test]
fn what_is_too_far_away_never_does() {
    for far in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
        assert!(poll_once(Embassy.sleep(far)).is_pending());
        assert!(
            poll_once(Embassy.sleep_until(cancel_embassy::Instant::from_epoch(far))).is_pending()
        );
    }
    assert!(poll_once(deadline_at(Instant::MAX)).is_pending());
    assert!(poll_once(deadline_after(embassy_time::Duration::MAX)).is_pending());
}

#[test]
fn a_sleep_stays_ready() {
    let mut sleep = pin!(Embassy.sleep(SHORT));
    block_on(sleep.as_mut()).unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
}

#[test]
fn now_is_embassys_clock() {
    let before = Embassy.instant(Instant::now());
    let now = Embassy.now();
    assert!(before <= now && now <= Embassy.instant(Instant::now()));
    assert!(Embassy.to_embassy(now).unwrap() <= Instant::now());
}

/// The nearer one of two in a task does not make the other be lost. (On a busy machine both may be over at
/// one poll, or the second one between the polls of both: so nothing is said about their order.)
#[test]
fn several_sleeps_of_one_task_all_end() {
    let now = Embassy.now();
    let sleep = async |at| {
        Embassy.sleep_until(at).await.unwrap();
        assert!(Embassy.now() >= at);
    };
    block_on(join(sleep(now + SHORT), sleep(now + 2 * SHORT)));
    let now = Embassy.now();
    block_on(join(sleep(now + 2 * SHORT), sleep(now + SHORT)));
}

#[test]
fn a_sleep_that_is_dropped_leaves_the_others_alone() {
    block_on(async {
        let deadline = Embassy.now() + 2 * SHORT;
        let mut sleep = pin!(Embassy.sleep_until(deadline));
        assert!(poll_once(Embassy.sleep(SHORT)).is_pending());
        sleep.as_mut().await.unwrap();
        assert!(Embassy.now() >= deadline);
    });
}

#[test]
fn a_shield_outlives_the_deadline() {
    let (token, shields) = (Token::new(), Shields::new());
    let mut saved = false;
    let body = async {
        shields
            .shield(async |inner: &Token| {
                token.cancelled().await;
                yield_now().await;
                saved = inner.check().is_ok();
            })
            .await;
        pending::<()>().await;
    };
    let run = Scope::new(&token, body)
        .shields(&shields)
        .source(deadline_after(embassy_time::Duration::from_millis(5)));
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert!(saved);
}

#[test]
fn the_grace_period_ends_by_embassys_clock() {
    let token = Token::new();
    let begin = Embassy.now();
    let run = Scope::new(&token, pending::<()>())
        .source(std::future::ready(Reason::Shutdown))
        .grace(Embassy, SHORT);
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Shutdown);
    assert!(Embassy.now() - begin >= SHORT);
}

#[test]
fn a_deadline_does_not_hold_up_what_is_ready() {
    let (token, late) = (Token::new(), Duration::MAX);
    block_on(async {
        assert_eq!(async { 5 }.timeout(&Embassy, late).await, Ok(5));
        assert_eq!(async { 5 }.until_cancelled(&token).await, Ok(5));
    });
}
