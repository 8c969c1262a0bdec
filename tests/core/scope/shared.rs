//! Shields that are given to two scopes: one after the other they are as good as new, and at the same time
//! the second scope gets an error, and takes nothing from the first.

use crate::support::{Clock, Log, SECOND, Task, poll};
use cancel_core::{CancelToken, Cancelled, Reason, Scope, Shields, Token};
use cancel_tests::Counter;
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

type Shared = &'static Shields<'static>;
type Run = Pin<Box<dyn Future<Output = Result<(), Cancelled>>>>;

/// (The scopes of a test may be forgotten, and outlive what they are in.)
fn shields() -> Shared {
    Box::leak(Box::new(Shields::new()))
}

fn is_refused<T>(result: Poll<Result<T, Cancelled>>) -> bool {
    let Poll::Ready(Err(why)) = result else {
        return false;
    };
    assert_eq!(why.message(), Some("the shields are used by another scope"));
    assert_eq!((why.reason(), why.origin()), (Reason::Error, None));
    true
}

/// A scope whose body waits in a shield for a gate, and then for ever.
struct First {
    token: CancelToken,
    gate: CancelToken,
    run: Task<Run>,
}

impl First {
    /// Up to its shield.
    fn begin(shields: Shared) -> Self {
        let (token, gate) = (CancelToken::new(), CancelToken::new());
        let opened = gate.clone();
        let body = async move {
            shields.shield_future(opened.cancelled()).await;
            pending::<()>().await;
        };
        let run = Scope::new(token.clone(), body).shields(shields);
        let mut run = Task::new(Box::pin(run) as Run);
        assert!(run.go().is_pending());
        assert!(shields.is_open());
        First { token, gate, run }
    }

    /// Its shield keeps it, and the end of the shield is seen.
    fn keeps_its_shield(mut self, shields: Shared) {
        assert!(shields.is_open(), "its shield is lost");
        assert!(self.run.go().is_pending());
        self.token.cancel();
        assert!(self.run.go().is_pending(), "not kept by its shield");
        self.gate.cancel();
        assert!(matches!(self.run.go(), Poll::Ready(Err(why)) if why.reason() == Reason::Manual));
        assert!(!shields.is_open());
        self.again(shields);
    }

    /// Another scope may use them now.
    fn again(self, shields: Shared) {
        drop(self);
        let next = Scope::new(Token::never(), shields.shield_future(ready(5))).shields(shields);
        assert_eq!(Task::new(next).go(), Poll::Ready(Ok(5)));
    }
}

#[test]
fn one_after_the_other() {
    let shields = shields();
    for _ in 0..3 {
        First::begin(shields).keeps_its_shield(shields);
    }
}

/// One that has ended, and stays where it is, does not touch the next one when it is dropped at last.
#[test]
fn one_that_has_ended_is_dropped_late() {
    for cancelled in [false, true] {
        let (shields, token) = (shields(), Token::new());
        let mut ended = Box::pin(Scope::new(&token, ready(5)).shields(shields));
        if cancelled {
            token.cancel();
        }
        assert!(poll(ended.as_mut()).is_ready());
        let next = First::begin(shields);
        drop(ended);
        next.keeps_its_shield(shields);
    }
}

#[test]
fn at_the_same_time() {
    let (shields, log) = (shields(), Log::default());
    let first = First::begin(shields);
    let token = Token::new();
    let body = async {
        log.add("body");
    };
    let second = Scope::new(&token, body)
        .shields(shields)
        .finally(async || log.add("cleanup"));
    let mut second = Box::pin(second);
    assert!(is_refused(poll(second.as_mut())));
    assert_eq!(log.take(), ["cleanup"]);
    assert!(!token.is_cancelled());
    assert!(
        shields.is_open(),
        "its end has taken the shields of the first"
    );
    drop(second);
    first.keeps_its_shield(shields);
}

/// The first one is cancelled, and waits for its shield, when the second one comes.
#[test]
fn while_the_first_one_is_cancelled() {
    for dropped in [false, true] {
        let shields = shields();
        let mut first = First::begin(shields);
        first.token.cancel();
        assert!(first.run.go().is_pending());
        let polls = first.run.polls;
        let mut second = Box::pin(Scope::new(Token::never(), pending::<()>()).shields(shields));
        assert!(is_refused(poll(second.as_mut())));
        if dropped {
            drop(second);
        }
        assert!(first.run.go().is_pending());
        assert_eq!(first.run.polls, polls, "woken");
        first.keeps_its_shield(shields);
    }
}

/// A cleanup that waits: the scope is not over, nor free for others, and uses its shields in the cleanup.
#[test]
fn while_the_cleanup_of_the_first_one_runs() {
    let (shields, gate, token) = (shields(), Token::new(), Token::new());
    let run = Scope::new(&token, pending::<()>())
        .shields(shields)
        .finally(async || {
            shields
                .shield_future(async { _ = gate.cancelled().await })
                .await
        });
    let mut first = Task::new(run);
    assert!(first.go().is_pending());
    token.cancel();
    assert!(first.go().is_pending());
    let mut second = pin!(Scope::new(Token::never(), ready(5)).shields(shields));
    assert!(is_refused(poll(second.as_mut())));
    assert!(shields.is_open(), "the shield of the cleanup is lost");
    gate.cancel();
    assert!(first.go().is_ready());
    let next = Scope::new(Token::never(), ready(5)).shields(shields);
    assert_eq!(Task::new(next).go(), Poll::Ready(Ok(5)));
}

/// The cleanup of the second one waits, and uses the shields meanwhile: they are those of the first.
#[test]
fn the_cleanup_of_the_second_one_waits() {
    for first_ends in [false, true] {
        let (shields, gate) = (shields(), CancelToken::new());
        let first = First::begin(shields);
        let run = Scope::new(Token::never(), pending::<()>())
            .shields(shields)
            .finally(async || {
                shields
                    .shield_future(async { _ = gate.cancelled().await })
                    .await
            });
        let mut second = Task::new(run);
        assert!(second.go().is_pending());
        match first_ends {
            true => {
                first.keeps_its_shield(shields);
                gate.cancel();
                assert!(is_refused(second.go()));
            }
            false => {
                gate.cancel();
                assert!(is_refused(second.go()));
                first.keeps_its_shield(shields);
            }
        }
    }
}

#[test]
fn nested() {
    for cancelled in [false, true] {
        let (shields, token, gate) = (shields(), CancelToken::new(), Token::new());
        let body = async {
            let work = async {
                if cancelled {
                    token.cancel();
                }
                let child = token.child();
                // (The child is cancelled beforehand, or the shields are in use.)
                let inner = Scope::new(&*child, async { 5 }).shields(shields).await;
                gate.cancelled().await;
                inner
            };
            shields.shield_future(work).await
        };
        let mut task = Task::new(Scope::new(&*token, body).shields(shields));
        assert!(task.go().is_pending());
        assert!(shields.is_open());
        gate.cancel();
        let Poll::Ready(Ok(inner)) = task.go() else {
            panic!("the outer one is not kept by its shield")
        };
        match cancelled {
            true => assert_eq!(inner.unwrap_err().reason(), Reason::Parent),
            false => assert!(is_refused(Poll::Ready(inner))),
        }
    }
}

/// Scopes that are not polled use nothing, whether they are made before or after the one that is.
#[test]
fn one_is_never_polled() {
    let shields = shields();
    let make = || Scope::new(Token::never(), pending::<()>()).shields(shields);
    let before = make();
    let first = First::begin(shields);
    let after = make();
    drop(before);
    assert!(
        shields.is_open(),
        "a scope that was never polled takes shields"
    );
    drop(after);
    first.keeps_its_shield(shields);
    std::mem::forget(make());
    First::begin(shields).keeps_its_shield(shields);
}

/// A scope that was cancelled beforehand does not poll its body, and uses nothing.
#[test]
fn one_is_cancelled_beforehand() {
    let (shields, token) = (shields(), Token::new());
    let first = First::begin(shields);
    token.cancel();
    let mut second = Box::pin(Scope::new(&token, pending::<()>()).shields(shields));
    let Poll::Ready(Err(why)) = poll(second.as_mut()) else {
        panic!("not ended")
    };
    assert_eq!(why.reason(), Reason::Manual);
    drop(second);
    first.keeps_its_shield(shields);
}

/// Dropped in its body, while it waits for a shield, or in its cleanup.
#[test]
fn one_is_dropped_in_the_middle() {
    for steps in 0..3 {
        let shields = shields();
        let mut first = First::begin(shields);
        let (token, log) = (Token::new(), Log::default());
        if steps > 0 {
            first.token.cancel();
            assert!(first.run.go().is_pending());
        }
        first.run.stop();
        assert!(!shields.is_open());
        if steps > 1 {
            let run = Scope::new(&token, pending::<()>())
                .shields(shields)
                .finally(async || {
                    log.add("cleanup");
                    pending::<()>().await;
                });
            let mut run = Task::new(run);
            assert!(run.go().is_pending());
            token.cancel();
            assert!(run.go().is_pending());
            run.stop();
            assert_eq!(log.take(), ["cleanup"]);
        }
        First::begin(shields).keeps_its_shield(shields);
    }
}

/// Its end never comes, so no other scope may use its shields; those of others may be used.
#[test]
fn one_is_forgotten() {
    let forgotten = shields();
    std::mem::forget(First::begin(forgotten));
    for _ in 0..2 {
        let mut next = Box::pin(Scope::new(Token::never(), ready(5)).shields(forgotten));
        assert!(is_refused(poll(next.as_mut())));
    }
    assert!(forgotten.is_open());
    let other = shields();
    First::begin(other).keeps_its_shield(other);
}

/// Shields that are replaced before the first poll are not used.
#[test]
fn replaced_by_others() {
    let (one, other) = (shields(), shields());
    let first = First::begin(one);
    let mut run = Box::pin(
        Scope::new(Token::never(), pending::<()>())
            .shields(one)
            .shields(other),
    );
    assert!(poll(run.as_mut()).is_pending());
    let mut again = Box::pin(Scope::new(Token::never(), ready(5)).shields(other));
    assert!(is_refused(poll(again.as_mut())));
    drop(run);
    first.keeps_its_shield(one);
    // The same ones twice are one use.
    let run = Scope::new(Token::never(), ready(5))
        .shields(one)
        .shields(one);
    assert_eq!(Task::new(run).go(), Poll::Ready(Ok(5)));
}

/// A grace period, sources, shields around: nothing of the second one begins, and nothing of it stays.
#[test]
fn nothing_of_the_second_one_begins() {
    let (shields, clock, token) = (shields(), Clock::new(), Token::new());
    let outer = Shields::new();
    let inner = Shields::nested(&outer);
    let mut first = Box::pin(Scope::new(&token, pending::<()>()).shields(&inner));
    assert!(poll(first.as_mut()).is_pending());
    let other = First::begin(shields);
    for used in [&inner, shields] {
        let stop = Token::new();
        let mut second = Task::new(
            Scope::new(&token, pending::<()>())
                .source(stop.cancelled())
                .grace(&clock, SECOND)
                .shields(used),
        );
        assert!(is_refused(second.go()));
        assert_eq!((second.registered(), clock.armed()), (0, 0));
        assert!(!outer.is_open() && !token.is_cancelled());
    }
    drop(first);
    other.keeps_its_shield(shields);
}

/// A panic of the first one ends it, and frees its shields. Without `std`, where nothing can be caught, its
/// drop does.
#[test]
fn the_first_one_panics() {
    let (shields, token) = (shields(), Token::new());
    let body = async {
        shields
            .shield_future(async { crate::support::quiet("body") })
            .await
    };
    let mut first = Box::pin(Scope::new(&token, body).shields(shields));
    assert_eq!(crate::support::panic_of(|| poll(first.as_mut())), "body");
    #[cfg(not(feature = "std"))]
    drop(first);
    First::begin(shields).keeps_its_shield(shields);
}

/// Many threads begin at the same time: one of them runs, the others are refused, and again and again.
#[test]
fn from_many_threads() {
    const THREADS: usize = 4;
    let shields = shields();
    let (ran, barrier) = (AtomicUsize::new(0), Barrier::new(THREADS));
    for round in 1..=50 {
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let counter = Counter::new();
                    let waker = counter.waker();
                    let mut cx = Context::from_waker(&waker);
                    let mut run =
                        Box::pin(Scope::new(Token::never(), pending::<()>()).shields(shields));
                    barrier.wait();
                    match run.as_mut().poll(&mut cx) {
                        Poll::Pending => _ = ran.fetch_add(1, SeqCst),
                        ready => assert!(is_refused(ready)),
                    }
                    barrier.wait(); // all have begun before one ends
                });
            }
        });
        assert_eq!(ran.load(SeqCst), round);
    }
}
