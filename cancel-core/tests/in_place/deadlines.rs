//! Deadlines that are moved, and deadlines below deadlines.

use crate::clock::Clock;
use crate::support::Wakes;
use cancel_core::{Child, Deadline, Instant, Reason, Scope, Timer, Token};
use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn it_fires_where_it_was_moved_to() {
    for (moved, fires_after) in [(3, 3), (1, 1), (0, 0), (2, 2)] {
        let clock = Clock::new();
        let deadline = Deadline::new(clock).timeout(2 * SECOND);
        let mut source = pin!(deadline.source());
        let (wakes, waker) = Wakes::new();
        assert!(poll(source.as_mut(), &waker).is_pending());
        deadline.set_timeout(moved * SECOND);
        assert_eq!(wakes.count(), 1, "not told");
        let mut after = 0;
        while poll(source.as_mut(), &waker).is_pending() {
            clock.advance(SECOND);
            after += 1;
        }
        assert_eq!(after, fires_after);
    }
}

#[test]
fn moved_away_while_the_wake_up_is_on_its_way() {
    let clock = Clock::new();
    let deadline = Deadline::new(clock).timeout(SECOND);
    let mut source = pin!(deadline.source());
    let (wakes, waker) = Wakes::new();
    assert!(poll(source.as_mut(), &waker).is_pending());
    clock.advance(SECOND);
    assert_eq!(wakes.count(), 1);
    deadline.set_timeout(SECOND);
    assert!(poll(source.as_mut(), &waker).is_pending());
    deadline.set_deadline(None);
    clock.advance(100 * SECOND);
    assert!(poll(source.as_mut(), &waker).is_pending());
    deadline.set_timeout(Duration::ZERO);
    let Poll::Ready(cause) = poll(source, &waker) else {
        panic!("pending");
    };
    assert_eq!(cause.reason(), Reason::Timeout);
}

#[test]
fn the_earliest_of_all_around_it() {
    let clock = Clock::new();
    let whole = Deadline::new(clock);
    let middle = Deadline::nested(&whole);
    let step = Deadline::nested(&middle).timeout(5 * SECOND);
    assert_eq!((whole.remaining(), middle.deadline()), (None, None));
    assert_eq!(step.remaining(), Some(5 * SECOND));
    whole.set_timeout(3 * SECOND);
    assert_eq!(middle.remaining(), Some(3 * SECOND));
    assert_eq!(step.remaining(), Some(3 * SECOND));
    middle.set_timeout(4 * SECOND);
    clock.advance(SECOND);
    assert_eq!(step.deadline(), Some(Instant::EPOCH + 3 * SECOND));
    whole.set_deadline(None);
    assert_eq!(step.remaining(), Some(3 * SECOND));
    clock.advance(10 * SECOND);
    assert_eq!(step.remaining(), Some(Duration::ZERO));
    assert_eq!(whole.remaining(), None);
    step.set_timeout(Duration::MAX);
    assert_eq!(step.deadline(), Some(Instant::EPOCH + 4 * SECOND));
}

/// Only the owner's fires: the child is cancelled with it.
#[test]
fn the_deadline_around_a_nested_scope() {
    let clock = Clock::new();
    let (root, seen) = (Token::new(), RefCell::new(None));
    let whole = Deadline::new(clock).timeout(SECOND);
    let body = async {
        let token = pin!(Child::new(&root));
        let token = token.enter();
        let step = Deadline::nested(&whole).timeout(5 * SECOND);
        let inside = async {
            *seen.borrow_mut() = step.remaining();
            pending::<()>().await
        };
        let run = Scope::new(token, inside).source(step.source());
        run.await
    };
    let mut run = pin!(Scope::new(&root, body).source(whole.source()));
    let (wakes, waker) = Wakes::new();
    assert!(poll(run.as_mut(), &waker).is_pending());
    assert_eq!(seen.take(), Some(SECOND));
    clock.advance(SECOND);
    assert!(wakes.count() >= 1);
    let Poll::Ready(result) = poll(run, &waker) else {
        panic!("pending");
    };
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}

/// A body gives itself more time, again and again, then no more.
#[test]
fn a_body_that_moves_its_own() {
    let clock = Clock::new();
    let token = Token::new();
    let deadline = Deadline::new(clock).timeout(SECOND);
    let steps = RefCell::new(0);
    let body = std::future::poll_fn(|_| {
        *steps.borrow_mut() += 1;
        if *steps.borrow() <= 10 {
            deadline.set_timeout(SECOND);
        }
        Poll::<()>::Pending
    });
    let mut run = pin!(Scope::new(&token, body).source(deadline.source()));
    let mut polls = 0;
    let result = loop {
        if let Poll::Ready(result) = poll(run.as_mut(), Waker::noop()) {
            break result;
        }
        polls += 1;
        clock.advance(SECOND - Duration::from_millis(1));
    };
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!((polls, *steps.borrow()), (11, 12));
}

#[test]
fn a_timer_that_fails() {
    let clock = Clock::new();
    let deadline = Deadline::new(clock).timeout(SECOND);
    let mut source = pin!(deadline.source());
    assert!(poll(source.as_mut(), Waker::noop()).is_pending());
    clock.break_down();
    let Poll::Ready(cause) = poll(source, Waker::noop()) else {
        panic!("pending");
    };
    assert_eq!(cause.reason(), Reason::Error);
    assert!(cause.message().is_some());
}

#[test]
fn checked_without_an_await() {
    let clock = Clock::new();
    let whole = Deadline::new(clock).timeout(SECOND);
    let step = Deadline::nested(&whole);
    let (token, other) = (Token::new(), Token::new());
    assert!(step.check(&token).is_ok());
    other.cancel();
    assert_eq!(step.check(&other).unwrap_err().reason(), Reason::Manual);
    clock.advance(SECOND);
    let checked = step.check(&token).unwrap_err();
    assert!(token.is_cancelled());
    let never = step.check(Token::never()).unwrap_err();
    for cancelled in [checked, never] {
        assert_eq!(cancelled.reason(), Reason::Parent, "it is the whole's time");
        assert_eq!(cancelled.root_reason(), Reason::Timeout);
    }
    let own = whole.check(&Token::new()).unwrap_err();
    assert_eq!(own.reason(), Reason::Timeout);
}

/// Any number of sources, some dropped, some forgotten, one with a waker that panics.
#[test]
fn all_sources_are_told() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("bad waker");
        }
    }
    for bad in [None, Some(0), Some(20)] {
        let clock = Clock::new();
        let deadline = Deadline::new(clock);
        let (wakes, waker) = Wakes::new();
        let bad_waker = Waker::from(Arc::new(Bad));
        let mut sources: Vec<_> = (0..40).map(|_| Box::pin(deadline.source())).collect();
        for (n, source) in sources.iter_mut().enumerate() {
            let waker = if bad == Some(n) { &bad_waker } else { &waker };
            assert!(poll(source.as_mut(), waker).is_pending());
        }
        drop(sources.remove(30));
        std::mem::forget(sources.remove(35));
        let set = catch_unwind(AssertUnwindSafe(|| deadline.set_timeout(SECOND)));
        assert_eq!(set.is_err(), bad.is_some());
        assert_eq!(wakes.count(), 39 - usize::from(bad.is_some()));
        // A second change tells nobody who has not looked at the first.
        deadline.set_timeout(SECOND);
        assert_eq!(wakes.count(), 39 - usize::from(bad.is_some()));
        assert_eq!(deadline.remaining(), Some(SECOND));
    }
}

#[test]
fn moved_by_another_thread() {
    for round in 0..300 {
        let clock = Clock::new();
        let deadline = Deadline::new(clock).timeout(SECOND);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..round).for_each(|_| std::hint::spin_loop());
                deadline.set_timeout(2 * SECOND);
                deadline.set_timeout(Duration::ZERO);
            });
            assert_eq!(smol::block_on(deadline.source()).reason(), Reason::Timeout);
        });
    }
}

/// With `std`, panics are kept until all sources have been told, as those of a cancel are.
#[cfg(feature = "std")]
#[test]
fn several_wakers_panic() {
    struct Bad(&'static str);
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("{}", self.0);
        }
    }
    let deadline = Deadline::new(Clock::new());
    let (wakes, waker) = Wakes::new();
    let (one, two) = (Arc::new(Bad("one")).into(), Arc::new(Bad("two")).into());
    let wakers = [&waker, &one, &waker, &two, &waker];
    let mut sources = wakers.map(|_| Box::pin(deadline.source()));
    for (source, waker) in sources.iter_mut().zip(wakers) {
        assert!(poll(source.as_mut(), waker).is_pending());
    }
    let panic = catch_unwind(AssertUnwindSafe(|| deadline.set_timeout(SECOND))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "one");
    assert_eq!(wakes.count(), 3);
}

/// A timer that panics the first time, like one that is used outside of its runtime.
#[derive(Clone)]
struct Picky(Clock, std::rc::Rc<std::cell::Cell<bool>>);

impl Timer for Picky {
    type Sleep = <Clock as Timer>::Sleep;
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        assert!(self.1.replace(true), "not now");
        self.0.sleep_until(deadline)
    }
}

#[test]
fn a_timer_that_panics_once() {
    let clock = Clock::new();
    let deadline = Deadline::new(Picky(clock, Default::default())).timeout(SECOND);
    let (_, waker) = Wakes::new();
    let mut source = pin!(deadline.source());
    catch_unwind(AssertUnwindSafe(|| poll(source.as_mut(), &waker))).unwrap_err();
    assert!(poll(source.as_mut(), &waker).is_pending());
    clock.advance(SECOND);
    assert!(poll(source.as_mut(), &waker).is_ready());
}

/// Forgotten sources stay in the list of a deadline that is moved to another place, and then is no more.
#[test]
fn forgotten_sources_of_a_deadline_that_changes_its_place() {
    let mut deadline = Deadline::new(Clock::new());
    let (wakes, waker) = Wakes::new();
    for round in 1..=3 {
        for _ in 0..round {
            let mut source = Box::pin(deadline.source());
            assert!(poll(source.as_mut(), &waker).is_pending());
            std::mem::forget(source);
        }
        deadline = *Box::new(deadline.timeout(SECOND));
        if round == 2 {
            deadline.set_timeout(SECOND);
            assert_eq!(wakes.count(), 3);
        }
    }
    let mut source = Box::pin(deadline.source());
    assert!(poll(source.as_mut(), &waker).is_pending());
    drop(source);
    drop(deadline);
    assert_eq!(wakes.count(), 3);
}

/// A waker that drops other sources, moves the deadline and lets its own source enter again.
#[test]
fn a_waker_does_everything_with_the_deadline() {
    type Sources = std::sync::Mutex<Vec<Pin<Box<cancel_core::UntilDeadline<'static, Clock>>>>>;
    struct Busy {
        deadline: &'static Deadline<'static, Clock>,
        sources: &'static Sources,
        depth: std::sync::atomic::AtomicU32,
        wakes: Arc<Wakes>,
    }
    impl Wake for Busy {
        fn wake(self: Arc<Self>) {
            self.wakes.clone().wake();
            drop(self.sources.lock().unwrap().pop());
            let depth = self.depth.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if depth < 3 {
                self.deadline.set_timeout((depth + 2) * SECOND);
            }
            let waker = Waker::from(self.clone());
            for source in self.sources.lock().unwrap().iter_mut() {
                assert!(poll(source.as_mut(), &waker).is_pending());
            }
        }
    }
    let clock = Clock::new();
    let deadline: &'static _ = Box::leak(Box::new(Deadline::new(clock).timeout(SECOND)));
    let sources: &'static Sources = Box::leak(Box::default());
    let (wakes, _) = Wakes::new();
    let waker = Waker::from(Arc::new(Busy {
        deadline,
        sources,
        depth: Default::default(),
        wakes: wakes.clone(),
    }));
    for _ in 0..12 {
        let mut source = Box::pin(deadline.source());
        assert!(poll(source.as_mut(), &waker).is_pending());
        sources.lock().unwrap().push(source);
    }
    deadline.set_timeout(4 * SECOND);
    assert!((6..=12).contains(&wakes.count()));
    assert!(sources.lock().unwrap().len() <= 6);
    drop(std::mem::take(&mut *sources.lock().unwrap()));
    let told = wakes.count();
    deadline.set_timeout(SECOND);
    assert_eq!(wakes.count(), told, "somebody was left in the list");
}
