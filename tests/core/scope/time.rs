//! Time limits of futures and tokens, and what timers do to grace periods.

use crate::support::{Clock, SECOND, Task};
use cancel_core::{
    CancelToken, Instant, Reason, Scope, Spawn, SpawnError, TimeoutExt, Timer, TimerError, Token,
};
use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[test]
fn a_future_with_a_time_limit() {
    let clock = Clock::new();
    let gate = Token::new();
    let mut task = Task::new(gate.cancelled().timeout(&&clock, SECOND));
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Ok(_))));
    assert_eq!(clock.armed(), 0);

    let mut task = Task::new(pending::<()>().timeout(&&clock, SECOND));
    assert!(task.go().is_pending());
    clock.advance(SECOND - Duration::from_nanos(1));
    assert!(task.go().is_pending());
    clock.advance(Duration::from_nanos(1));
    let why = task.go();
    assert!(matches!(why, Poll::Ready(Err(why)) if why.reason() == Reason::Timeout));

    // In a tie the future wins; zero polls once; there is no upper bound.
    let zero = ready(5).timeout(&&clock, Duration::ZERO);
    assert_eq!(Task::new(zero).go(), Poll::Ready(Ok(5)));
    let zero = pending::<()>().timeout(&&clock, Duration::ZERO);
    assert!(matches!(Task::new(zero).go(), Poll::Ready(Err(_))));
    let mut huge = Task::new(pending::<()>().timeout(&&clock, Duration::MAX));
    assert!(huge.go().is_pending());
    clock.advance(1_000_000 * SECOND);
    assert!(huge.go().is_pending());
    clock.break_down();
    let why = huge.go();
    assert!(matches!(why, Poll::Ready(Err(why)) if why.reason() == Reason::Error));
}

/// It counts from the call.
#[test]
fn a_time_limit_that_has_passed() {
    let clock = Clock::new();
    let late = pending::<()>().timeout(&&clock, SECOND);
    clock.advance(SECOND);
    assert!(matches!(Task::new(late).go(), Poll::Ready(Err(_))));
}

#[test]
fn grace_periods_of_all_lengths() {
    for (grace, at_once) in [(Duration::ZERO, true), (Duration::MAX, false)] {
        let (token, clock) = (Token::new(), Clock::new());
        let run = Scope::new(&token, pending::<()>()).grace(&clock, grace);
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        assert_eq!(clock.armed(), 0, "begins with the cancelation");
        token.cancel();
        assert_eq!(task.go().is_ready(), at_once);
        if !at_once {
            clock.break_down(); // an error is its end, too
            assert!(task.go().is_ready());
        }
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A runtime that keeps its tasks for the test to poll. Its time does not move: sleeps end when told.
#[derive(Clone, Default)]
struct Runtime {
    tasks: Arc<Mutex<Vec<Work>>>,
    late: CancelToken,
    refuses: bool,
}

impl Timer for Runtime {
    type Sleep = Pin<Box<dyn Future<Output = Result<(), TimerError>> + Send>>;

    fn now(&self) -> Instant {
        Instant::EPOCH + SECOND
    }

    fn sleep_until(&self, _: Instant) -> Self::Sleep {
        let late = self.late.cancelled_owned();
        Box::pin(async move {
            match late.await.message() {
                Some("broken") => Err(TimerError::new("broken")),
                _ => Ok(()),
            }
        })
    }
}

impl Spawn for Runtime {
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, future: F) -> Result<(), SpawnError> {
        if self.refuses {
            return Err(SpawnError::new("shut down"));
        }
        self.tasks.lock().unwrap().push(Box::pin(future));
        Ok(())
    }
}

impl Runtime {
    /// Polls all tasks. How many are left.
    fn turn(&self) -> usize {
        let mut cx = Context::from_waker(Waker::noop());
        let mut tasks = self.tasks.lock().unwrap();
        tasks.retain_mut(|task| task.as_mut().poll(&mut cx).is_pending());
        tasks.len()
    }
}

#[test]
fn a_token_that_cancels_itself() {
    let runtime = Runtime::default();
    let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
    let child = token.child();
    assert_eq!(runtime.turn(), 1);
    assert!(!token.is_cancelled());
    runtime.late.cancel();
    assert_eq!(runtime.turn(), 0);
    assert_eq!(token.cause().unwrap().reason(), Reason::Timeout);
    assert_eq!(child.cause().unwrap().root_reason(), Reason::Timeout);
}

#[test]
fn a_token_that_cancels_itself_cancelled_by_others() {
    let runtime = Runtime::default();
    let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
    assert_eq!(runtime.turn(), 1);
    token.cancel_with("by hand");
    assert_eq!(runtime.turn(), 0, "its task is over");
    runtime.late.cancel();
    assert_eq!(token.cause().unwrap().message(), Some("by hand"));
}

/// Dropping it ends its task; the token inside stays what it is.
#[test]
fn a_token_that_cancels_itself_dropped() {
    let runtime = Runtime::default();
    let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
    let inside = token.clone();
    assert_eq!(runtime.turn(), 1);
    drop(token);
    assert_eq!(runtime.turn(), 0);
    assert!(!inside.is_cancelled());
}

#[test]
fn a_token_that_cannot_keep_its_time() {
    let runtime = Runtime {
        refuses: true,
        ..Runtime::default()
    };
    let error = CancelToken::with_timeout(&runtime, SECOND).unwrap_err();
    assert_eq!(error.description(), "shut down");
    let runtime = Runtime::default();
    let token = CancelToken::with_timeout(&runtime, SECOND).unwrap();
    runtime.late.cancel_with("broken");
    assert_eq!(runtime.turn(), 0);
    assert_eq!(token.cause().unwrap().reason(), Reason::Error);
}
