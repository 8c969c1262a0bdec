//! Tasks of embassy that wait for static tokens, which an interrupt cancels.

use board::{Line, Report};
use cancel_embassy::{CancelFutureExt, Child, Embassy, Reason, TimeoutExt, Timer, Token};
use core::future::pending;
use core::pin::pin;
use core::time::Duration;
use embassy_executor::Spawner;

const TASKS: usize = 8;

static STOP: Token = Token::new();
static ENDED: [Token; TASKS] = [const { Token::new() }; TASKS];

pub(crate) async fn all(report: &mut Report, spawner: Spawner) {
    report
        .run_async("tasks::all_of_them_end", all_end(spawner))
        .await;
    report
        .run_async("tasks::the_interrupt_beats_the_deadline", deadline())
        .await;
}

#[embassy_executor::task(pool_size = TASKS)]
async fn work(stop: &'static Token, ended: &'static Token) {
    let job = pin!(Child::new(stop));
    let job = job.enter();
    let result = pending::<()>().until_cancelled(job).await;
    ended.cancel_with(result.unwrap_err());
}

async fn all_end(spawner: Spawner) {
    for ended in &ENDED {
        spawner.spawn(work(&STOP, ended).unwrap());
    }
    Embassy.sleep(Duration::from_millis(3)).await.unwrap();
    assert!(!ENDED.iter().any(Token::is_cancelled));
    let handler = || _ = STOP.cancel_with(Reason::Signal(15));
    Line::High.handle_during(&handler, || Line::High.pend());
    for ended in &ENDED {
        let cancelled = ended.cancelled().await;
        assert_eq!(cancelled.root_reason(), Reason::Signal(15));
    }
}

/// The executor sleeps until the interrupt; the deadline is further away.
async fn deadline() {
    static BUTTON: Token = Token::new();
    Line::High.handle(&|| _ = BUTTON.cancel());
    let begin = Embassy.now();
    Line::pend_high_in(5_000);
    let wait = BUTTON.cancelled().timeout(&Embassy, Duration::from_secs(5));
    assert!(wait.await.is_ok());
    assert!(Embassy.now() - begin < Duration::from_secs(5));
}
