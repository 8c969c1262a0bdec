//! Deadlines by embassy's clock.

use board::{Report, poll_once};
use cancel_embassy::{
    CancelFutureExt, Embassy, Reason, Scope, TimeoutExt, Timer, Token, deadline_after, deadline_at,
};
use core::future::pending;
use core::pin::pin;
use core::time::Duration;
use embassy_futures::join::join;
use embassy_time::Instant;

const MILLIS: Duration = Duration::from_millis(1);

pub(crate) async fn all(report: &mut Report) {
    report
        .run_async("deadlines::at_the_tick", at_the_tick())
        .await;
    report.run("deadlines::zero_and_never", zero_and_never);
    report
        .run_async("deadlines::the_nearest_wins", nearest())
        .await;
    report
        .run_async("deadlines::ready_beats_late", ready())
        .await;
    report
        .run_async("deadlines::a_token_beats_a_deadline", token())
        .await;
}

/// Between ticks, the next one counts.
async fn at_the_tick() {
    for (sleep, ticks) in [(MILLIS, 1), (MILLIS / 3, 1), (MILLIS * 7 / 2, 4)] {
        Embassy.sleep(MILLIS).await.unwrap(); // (begin at the beginning of a tick)
        let begin = Instant::now();
        Embassy.sleep(sleep).await.unwrap();
        assert_eq!((Instant::now() - begin).as_millis(), ticks);
    }
}

fn zero_and_never() {
    assert!(poll_once(pin!(Embassy.sleep(Duration::ZERO))).is_ready());
    assert!(poll_once(pin!(Embassy.sleep_until(Embassy.now()))).is_ready());
    assert!(poll_once(pin!(deadline_at(Instant::MIN))).is_ready());
    // (A waker that is none of embassy's: nothing is entered for these.)
    assert!(poll_once(pin!(Embassy.sleep(Duration::MAX))).is_pending());
    let never = deadline_after(embassy_time::Duration::MAX);
    assert!(poll_once(pin!(never)).is_pending());
}

async fn nearest() {
    let token = Token::new();
    let begin = Embassy.now();
    let run = Scope::new(&token, pending::<()>())
        .source(deadline_after(embassy_time::Duration::from_millis(30)))
        .source(deadline_at(
            Instant::now() + embassy_time::Duration::from_millis(10),
        ))
        .source(deadline_after(embassy_time::Duration::from_millis(20)));
    assert_eq!(run.await.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(Embassy.now() - begin, 10 * MILLIS);
    // What was left in the clock's queue wakes nobody who would mind.
    Embassy.sleep(50 * MILLIS).await.unwrap();
    assert_eq!(Embassy.now() - begin, 60 * MILLIS);
}

async fn ready() {
    let work = async {
        Embassy.sleep(5 * MILLIS).await.unwrap();
        5
    };
    assert_eq!(work.timeout(&Embassy, 5 * MILLIS).await, Ok(5));
    assert_eq!(async { 5 }.timeout(&Embassy, Duration::ZERO).await, Ok(5));
}

async fn token() {
    let token = Token::new();
    let late = pending::<()>().timeout(&Embassy, 20 * MILLIS);
    let begin = Embassy.now();
    let cancel = async {
        Embassy.sleep(5 * MILLIS).await.unwrap();
        token.cancel();
    };
    let (result, ()) = join(late.until_cancelled(&token), cancel).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Manual);
    assert_eq!(Embassy.now() - begin, 5 * MILLIS);
}
