//! Tokens with a time limit, and the tasks that keep it.

use crate::support::SECOND;
use cancel_core::{
    CancelToken, Cause, Instant, Reason, Spawn, SpawnError, Timer, TimerError, Token,
};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Task = (Work, Arc<Woken>);

/// A runtime that keeps its tasks for the test to poll, which it does only with those that were woken.
/// Its time does not move: all sleeps end when told.
#[derive(Clone, Default)]
struct Runtime {
    tasks: Arc<Mutex<Vec<Task>>>,
    late: CancelToken,
    /// As many as there are sleeps, and one.
    sleeps: Arc<()>,
    what: Does,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Does {
    #[default]
    Keep,
    Refuse,
    Drop,
    RunAtOnce,
    Panic,
}

struct Woken {
    times: AtomicUsize,
    panics: bool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.times.fetch_add(1, SeqCst);
        assert!(!self.panics, "a task's waker");
    }
}

impl Timer for Runtime {
    type Sleep = Pin<Box<dyn Future<Output = Result<(), TimerError>> + Send>>;

    fn now(&self) -> Instant {
        Instant::EPOCH + SECOND
    }

    fn sleep_until(&self, _: Instant) -> Self::Sleep {
        let (late, sleep) = (self.late.cancelled_owned(), self.sleeps.clone());
        Box::pin(async move {
            let _sleep = sleep;
            match late.await.message() {
                Some("broken") => Err(TimerError::new("broken")),
                _ => Ok(()),
            }
        })
    }
}

impl Spawn for Runtime {
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, future: F) -> Result<(), SpawnError> {
        match self.what {
            Does::Keep | Does::Panic => {
                let woken = Arc::new(Woken {
                    times: AtomicUsize::new(1),
                    panics: self.what == Does::Panic,
                });
                self.tasks.lock().unwrap().push((Box::pin(future), woken));
            }
            Does::Refuse => return Err(SpawnError::new("shut down")),
            Does::Drop => {}
            Does::RunAtOnce => smol::block_on(future),
        }
        Ok(())
    }
}

impl Runtime {
    fn that(what: Does) -> Self {
        Runtime {
            what,
            ..Runtime::default()
        }
    }

    /// Polls the tasks that were woken. How many are left, and as many sleeps.
    fn turn(&self) -> usize {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        for (mut task, woken) in tasks {
            let waker = Waker::from(woken.clone());
            let done = woken.times.swap(0, SeqCst) > 0
                && task
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready();
            if !done {
                self.tasks.lock().unwrap().push((task, woken));
            }
        }
        let left = self.tasks.lock().unwrap().len();
        assert_eq!(Arc::strong_count(&self.sleeps), 1 + left, "sleeps");
        left
    }

    fn token(&self) -> CancelToken {
        CancelToken::with_timeout(self, SECOND).unwrap()
    }
}

fn timed_out(token: &Token, by: &Token) {
    let cause = token.cause().expect("cancelled");
    assert_eq!(cause.root_reason(), Reason::Timeout);
    assert_eq!(cause.limit(), Some(SECOND));
    assert!(cause.is_from(by));
}

#[test]
fn a_token_that_cancels_itself() {
    let runtime = Runtime::default();
    let token = runtime.token();
    let child = token.child();
    assert_eq!(token.deadline(), Some(Instant::EPOCH + 2 * SECOND));
    assert_eq!(runtime.turn(), 1);
    assert!(!token.is_cancelled());
    runtime.late.cancel();
    assert_eq!(runtime.turn(), 0);
    timed_out(&token, &token);
    timed_out(&child, &token);
    assert_eq!(
        token.cause().unwrap().to_string(),
        "cancelled: timeout of 1s"
    );
    assert_eq!(token.deadline(), None);
}

#[test]
fn a_token_that_cannot_keep_its_time() {
    let runtime = Runtime::that(Does::Refuse);
    let error = CancelToken::with_timeout(&runtime, SECOND).unwrap_err();
    assert_eq!(error.description(), "shut down");
    let token = CancelToken::new();
    token.cancel_after(&runtime, SECOND).unwrap_err();
    assert_eq!(token.deadline(), None);
    let runtime = Runtime::default();
    let token = runtime.token();
    runtime.late.cancel_with("broken");
    assert_eq!(runtime.turn(), 0);
    let cause = token.cause().unwrap();
    assert_eq!((cause.reason(), cause.limit()), (Reason::Error, None));
}

#[test]
fn x16_zero_is_cancelled_when_it_is_returned() {
    let runtime = Runtime::default();
    let token = CancelToken::with_timeout(&runtime, Duration::ZERO).unwrap();
    let parent = CancelToken::new();
    let child = parent.child_with_timeout(&runtime, Duration::ZERO).unwrap();
    let armed = runtime.token();
    armed.cancel_after(&runtime, Duration::ZERO).unwrap();
    for token in [&token, &child, &armed] {
        let cause = token.cause().unwrap();
        assert_eq!(cause.reason(), Reason::Timeout);
        assert_eq!(cause.limit(), Some(Duration::ZERO));
    }
    assert!(!parent.is_cancelled());
    assert_eq!(runtime.turn(), 0, "the task of the limit before");
}

#[test]
fn x16_beyond_the_range_is_no_limit() {
    let runtime = Runtime::default();
    for far in [Duration::MAX, Duration::MAX - SECOND] {
        let token = runtime.token();
        token.cancel_after(&runtime, far).unwrap();
        assert_eq!(token.deadline(), None);
        assert_eq!(runtime.turn(), 0);
        assert!(!token.is_cancelled());
    }
}

#[test]
fn x17_the_temporary_may_go() {
    let runtime = Runtime::default();
    let clone = CancelToken::with_timeout(&runtime, SECOND).unwrap().clone();
    let either = CancelToken::any([&runtime.token()]);
    assert_eq!(runtime.turn(), 1, "nobody has the source of the other one");
    let source = runtime.token();
    let any = CancelToken::any([&source]);
    let child = source.child();
    runtime.late.cancel();
    assert_eq!(runtime.turn(), 0);
    timed_out(&clone, &clone);
    timed_out(&any, &source);
    timed_out(&child, &source);
    assert!(!either.is_cancelled());
}

/// Every way in which a token ends takes its task along, which is woken for that.
#[test]
fn x17_the_task_ends_with_the_token() {
    fn plain(runtime: &Runtime) -> CancelToken {
        runtime.token()
    }
    fn multi(runtime: &Runtime) -> CancelToken {
        let any = CancelToken::any([&CancelToken::new()]);
        any.cancel_after(runtime, SECOND).unwrap();
        any
    }
    for make in [plain, multi] {
        let ends: [fn(CancelToken); 6] = [
            |token| drop(token),
            |token| assert!(token.cancel()),
            |token| assert!(token.cancel_with("by hand")),
            |token| token.clear_timeout(),
            |token| {
                let child = token.child();
                drop(token);
                drop(child);
            },
            |token| {
                let _on = token.on_cancel(|_| {});
                token.cancel();
            },
        ];
        for end in ends {
            for polled in [false, true] {
                let runtime = Runtime::default();
                let token = make(&runtime);
                let clone = token.clone();
                if polled {
                    assert_eq!(runtime.turn(), 1);
                }
                drop(clone);
                assert_eq!(runtime.turn(), 1, "a handle is left");
                end(token);
                assert_eq!(runtime.turn(), 0);
                runtime.late.cancel();
            }
        }
    }
}

#[test]
fn x17_cancelled_from_above() {
    let runtime = Runtime::default();
    let root = CancelToken::new();
    let branch = root.child();
    let make = || {
        let child = root.child_with_timeout(&runtime, SECOND).unwrap();
        let leaf = branch.child_with_timeout(&runtime, SECOND).unwrap();
        let any = CancelToken::any([&leaf]);
        any.cancel_after(&runtime, SECOND).unwrap();
        let both = CancelToken::all([&child, &leaf]);
        both.cancel_after(&runtime, SECOND).unwrap();
        let follows = child.child_following([&any]);
        follows.cancel_after(&runtime, SECOND).unwrap();
        [child, leaf, any, both, follows]
    };
    let tokens = make();
    assert_eq!(runtime.turn(), 5);
    root.cancel_children();
    assert_eq!(runtime.turn(), 0);
    assert!(tokens.iter().all(|token| token.is_cancelled()));
    let _on = tokens[0].on_cancel(|_| {});
    let late = root.child_with_timeout(&runtime, SECOND).unwrap();
    assert_eq!(runtime.turn(), 1);
    root.cancel_with(Cause::from("all"));
    assert_eq!(runtime.turn(), 0);
    assert_eq!(late.cause().unwrap().message(), Some("all"));
    assert_eq!(late.cause().unwrap().limit(), None);
}

#[test]
fn followers_that_time_out() {
    let runtime = Runtime::default();
    let sources = [CancelToken::new(), CancelToken::new()];
    let any = CancelToken::any(&sources);
    let all = CancelToken::all(&sources);
    let follows = sources[0].child_following([&sources[1]]);
    let below = any.child();
    for token in [&any, &all, &follows] {
        token.cancel_after(&runtime, SECOND).unwrap();
        assert_eq!(token.deadline(), Some(Instant::EPOCH + 2 * SECOND));
    }
    assert_eq!(runtime.turn(), 3);
    runtime.late.cancel();
    assert_eq!(runtime.turn(), 0);
    for token in [&any, &all, &follows] {
        timed_out(token, token);
    }
    timed_out(&below, &any);
    assert!(!sources[0].is_cancelled() && !sources[1].is_cancelled());
}

#[test]
fn another_limit_instead() {
    let (before, after) = (Runtime::default(), Runtime::default());
    let token = CancelToken::with_timeout(&before, 5 * SECOND).unwrap();
    let clone = token.clone();
    assert_eq!(before.turn(), 1);
    clone.cancel_after(&after, SECOND).unwrap();
    assert_eq!(token.deadline(), Some(Instant::EPOCH + 2 * SECOND));
    assert_eq!((before.turn(), after.turn()), (0, 1));
    before.late.cancel();
    assert!(!token.is_cancelled());
    token.clear_timeout();
    assert_eq!((token.deadline(), after.turn()), (None, 0));
    token.cancel_after(&after, SECOND).unwrap();
    after.late.cancel();
    assert_eq!(after.turn(), 0);
    timed_out(&clone, &clone);
    // Nothing happens to what is cancelled, or can never be.
    clone.cancel_after(&after, SECOND).unwrap();
    CancelToken::never().cancel_after(&after, SECOND).unwrap();
    assert_eq!((clone.deadline(), after.turn()), (None, 0));
}

#[test]
fn runtimes_that_do_as_they_like() {
    let runtime = Runtime::that(Does::RunAtOnce);
    runtime.late.cancel();
    let token = runtime.token();
    timed_out(&token, &token);
    let runtime = Runtime::that(Does::Drop);
    let token = runtime.token();
    runtime.late.cancel();
    assert!(!token.is_cancelled());
    assert_eq!(runtime.turn(), 0);
}

/// Without `std` a second panic aborts, as documented.
#[cfg(feature = "std")]
#[test]
fn wakers_of_the_tasks_that_panic() {
    for count in 1..4 {
        let runtime = Runtime::that(Does::Panic);
        let root = CancelToken::new();
        root.cancel_after(&runtime, SECOND).unwrap();
        let below = || root.child_with_timeout(&runtime, SECOND).unwrap();
        let children: Vec<_> = (0..count).map(|_| below()).collect();
        assert_eq!(runtime.turn(), 1 + count);
        let called = Arc::new(AtomicUsize::new(0));
        let theirs = called.clone();
        let _on = children[0].on_cancel(move |_| {
            theirs.fetch_add(1, SeqCst);
        });
        let cancel = catch_unwind(AssertUnwindSafe(|| root.cancel()));
        assert!(cancel.is_err(), "the first panic goes on");
        assert_eq!(called.load(SeqCst), 1);
        assert_eq!(runtime.turn(), 0, "all have been woken");
        let token = runtime.token();
        assert_eq!(runtime.turn(), 1);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(token))).is_err());
        assert_eq!(runtime.turn(), 0);
    }
}

/// What waits on the token is polled beside all that.
#[test]
fn somebody_waits() {
    let runtime = Runtime::default();
    let token = runtime.token();
    let mut wait = std::pin::pin!(token.cancelled());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    runtime.late.cancel();
    runtime.turn();
    assert!(matches!(wait.poll(&mut cx), Poll::Ready(why) if why.limit() == Some(SECOND)));
}
