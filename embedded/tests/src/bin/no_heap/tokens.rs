//! Static tokens, any number of waiters, trees on the stack.

use board::{Alarm, Report, poll_once};
use cancel_embassy::{Child, Embassy, Reason, StaticCause, Timer, Token};
use core::future::Future;
use core::pin::pin;
use core::task::Context;
use core::time::Duration;
use embassy_executor::Spawner;
use embassy_futures::join::join_array;

pub(crate) async fn all(report: &mut Report, spawner: Spawner) {
    let tasks = static_tokens_of_tasks(spawner);
    report
        .run_async("tokens::static_tokens_of_tasks", tasks)
        .await;
    report
        .run_async("tokens::a_hundred_waiters", waiters())
        .await;
    report.run("tokens::children_below_children", || {
        let root = Token::new();
        depth(&root, 16, &|| _ = root.cancel());
    });
    report.run("tokens::children_beside_children", || {
        let root = Token::new();
        breadth(&root, 12, &|| _ = root.cancel());
    });
    report.run("tokens::start_stop_and_start_again", start_and_stop);
    report.run("tokens::a_static_message", message);
    report.run("tokens::a_guard_cancels", || {
        let token = Token::new();
        drop(token.drop_guard_ref());
        assert_eq!(token.cause().unwrap().reason(), Reason::Dropped);
    });
}

const TASKS: usize = 4;

#[embassy_executor::task(pool_size = TASKS)]
async fn wait(stop: &'static Token, ended: &'static Token) {
    let cancelled = stop.cancelled().await;
    ended.cancel_with(cancelled);
}

async fn static_tokens_of_tasks(spawner: Spawner) {
    static STOP: Token = Token::new();
    static ENDED: [Token; TASKS] = [const { Token::new() }; TASKS];
    for ended in &ENDED {
        spawner.spawn(wait(&STOP, ended).unwrap());
    }
    Embassy.sleep(Duration::from_millis(2)).await.unwrap();
    assert!(!ENDED.iter().any(Token::is_cancelled));
    assert!(STOP.cancel_with(Reason::Shutdown));
    for ended in &ENDED {
        assert_eq!(ended.cancelled().await.reason(), Reason::Shutdown);
    }
}

/// No array has room for them: each brings its own.
async fn waiters() {
    static ALARM: Alarm = Alarm::new();
    const MANY: usize = 100;
    let token = Token::new();
    let mut all = pin!(join_array([(); MANY].map(|()| token.cancelled())));
    let waker = ALARM.waker();
    assert!(
        all.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    token.cancel();
    assert_eq!(ALARM.take(), MANY as u32);
    for cancelled in all.await {
        assert_eq!(cancelled.reason(), Reason::Manual);
    }
}

/// A child below a child and so on, `left` of them, and `cancel` at the bottom.
fn depth(parent: &Token, left: u32, cancel: &dyn Fn()) {
    let child = pin!(Child::new(parent));
    let child = child.enter();
    match left {
        1 => cancel(),
        _ => depth(child, left - 1, cancel),
    }
    assert!(child.cause().unwrap().is_inherited());
}

/// The same, all below one parent, and each of them waited for.
fn breadth(parent: &Token, left: u32, cancel: &dyn Fn()) {
    let child = pin!(Child::new(parent));
    let child = child.enter();
    let mut wait = pin!(child.cancelled());
    assert!(poll_once(wait.as_mut()).is_pending());
    match left {
        1 => cancel(),
        _ => breadth(parent, left - 1, cancel),
    }
    assert!(poll_once(wait).is_ready());
}

/// One static token for a part of the program that is stopped and started again.
fn start_and_stop() {
    static MOTORS: Token = Token::new();
    for _ in 0..3 {
        let token = pin!(Child::new(&MOTORS));
        let token = token.enter();
        depth(token, 8, &|| assert!(MOTORS.cancel_children()));
        assert!(token.is_cancelled() && !MOTORS.is_cancelled());
        breadth(&MOTORS, 12, &|| assert!(MOTORS.cancel_children()));
    }
    assert!(!MOTORS.cancel_children());
}

fn message() {
    static OVERHEATED: StaticCause = StaticCause::new(Reason::Condition, "overheated");
    let token = Token::new();
    let child = pin!(Child::new(&token));
    let child = child.enter();
    token.cancel_with(&OVERHEATED);
    let cause = child.cause().unwrap();
    assert_eq!(cause.message(), Some("overheated"));
    assert_eq!(cause.root_reason(), Reason::Condition);
}
