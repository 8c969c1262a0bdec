//! Tasks as embedded executors have them: `'static`, told of interrupts by statics, without a heap of
//! their own.

use crate::clock::Clock;
use cancel_core::{
    CancelFutureExt, Child, Deadline, OnCancel, Reason, Scope, Shields, StaticCause, TimeoutExt,
    Timer, Token,
};
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Runs tasks by turns, those that have been woken.
#[derive(Default)]
struct Executor(Vec<(Task, Arc<Ready>)>);

type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Executor {
    fn spawn(&mut self, task: impl Future<Output = ()> + 'static) {
        let ready = Arc::new(Ready(AtomicBool::new(true)));
        self.0.push((Box::pin(task), ready));
    }

    /// Until all sleep.
    fn run(&mut self) {
        while self.0.iter().any(|(_, ready)| ready.0.load(SeqCst)) {
            self.0.retain_mut(|(task, ready)| {
                if !ready.0.swap(false, SeqCst) {
                    return true;
                }
                let waker = Waker::from(ready.clone());
                task.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            });
        }
    }
}

async fn yield_now() {
    let mut first = true;
    poll_fn(|cx| match std::mem::take(&mut first) {
        true => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        false => Poll::Ready(()),
    })
    .await
}

static STOP: Token = Token::new();
static BUTTON: StaticCause = StaticCause::new(Reason::Manual, "stop button");
static MOTOR_ON: AtomicBool = AtomicBool::new(true);
static MOTOR_OFF: OnCancel<'static> = OnCancel::new(&STOP, |_| MOTOR_ON.store(false, SeqCst));
static LEDS: AtomicU32 = AtomicU32::new(0);
static SAVED: AtomicU32 = AtomicU32::new(0);
static ENDED: AtomicU32 = AtomicU32::new(0);

/// A step with everything: a child, a callback, a deadline below another one, a shield, a grace
/// period, a cleanup.
async fn step(stop: &Token, whole: &Deadline<'_, Clock>, clock: Clock, number: u32) {
    let token = pin!(Child::new(stop));
    let token: &Token = token.enter();
    let led = pin!(OnCancel::new(token, move |why| {
        assert_eq!(why.message(), Some("stop button"));
        LEDS.fetch_add(number, SeqCst);
    }));
    led.enter();
    let mine = Deadline::nested(whole).timeout(Duration::from_secs(100));
    let shields = Shields::new();
    let body = async {
        let sensor = pending::<()>().timeout(&clock, Duration::from_secs(60));
        let reading = sensor.until_cancelled(token).await;
        assert!(reading.is_err() && mine.check(token).is_err());
        shields
            .shield(async |_: &Token| {
                yield_now().await;
                SAVED.fetch_add(1, SeqCst);
            })
            .await;
        pending::<()>().await
    };
    let run = Scope::new(token, body)
        .source(mine.source())
        .shields(&shields)
        .grace(clock, Duration::from_secs(1))
        .finally(async || {
            yield_now().await;
            ENDED.fetch_add(1, SeqCst);
        });
    assert_eq!(run.await.unwrap_err().reason(), Reason::Parent);
}

async fn task(clock: Clock, number: u32) {
    let whole = Deadline::new(clock).timeout(Duration::from_secs(30));
    let inner = pin!(Child::new(&STOP));
    step(inner.enter(), &whole, clock, number).await;
    assert!(whole.remaining().is_some());
    // Nobody is left when a task has ended: these go when it is dropped.
    STOP.cancelled().await;
}

#[test]
fn tasks_that_an_interrupt_stops() {
    let clock = Clock::new();
    let mut executor = Executor::default();
    MOTOR_OFF.enter_static();
    for number in [1, 10, 100, 1000] {
        executor.spawn(task(clock, number));
    }
    executor.spawn(async move {
        clock.sleep(Duration::from_secs(5)).await.unwrap();
        STOP.cancelled().await;
    });
    executor.run();
    clock.advance(Duration::from_secs(5));
    executor.run();
    assert_eq!(executor.0.len(), 5);
    assert!(MOTOR_ON.load(SeqCst));
    // The interrupt handler.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(STOP.cancel_with(&BUTTON));
            assert!(!MOTOR_ON.load(SeqCst));
            assert_eq!(LEDS.load(SeqCst), 1111);
        });
    });
    executor.run();
    assert_eq!((SAVED.load(SeqCst), ENDED.load(SeqCst)), (4, 0));
    clock.advance(Duration::from_secs(1)); // the grace period
    executor.run();
    assert_eq!(ENDED.load(SeqCst), 4);
    assert!(executor.0.is_empty());
}
