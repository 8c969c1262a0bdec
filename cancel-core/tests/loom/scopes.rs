//! The runner: a cancel from another thread against its polls, with shields, holds and sources.

use super::{check, check_bounded};
use cancel_core::{CancelToken, Reason, Scope, Shield, Shields};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::cell::Cell;
use std::future::{Future, Pending, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A waker that counts, and orders what came before a wake before the poll that follows: as executors
/// do, and as the model has to see.
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl Bell {
    fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Bell(AtomicUsize::new(0)));
        (bell.clone(), Waker::from(bell))
    }
    fn woken(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// Polls once, and again for as long as it was woken. Also says how often it was before the last poll.
fn poll_while_woken<F: Future>(
    mut future: Pin<&mut F>,
    count: &Bell,
    waker: &Waker,
) -> (Poll<F::Output>, usize) {
    loop {
        let woken = count.woken();
        let poll = future.as_mut().poll(&mut Context::from_waker(waker));
        if poll.is_ready() || count.woken() == woken {
            return (poll, woken);
        }
    }
}

/// A future that is ready at its second poll, which it asks for.
fn once_more() -> impl Future<Output = ()> {
    let first = Cell::new(true);
    poll_fn(move |cx| match first.replace(false) {
        true => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        false => Poll::Ready(()),
    })
}

/// What was pending when the canceller was done has been woken, and ends with the next poll.
#[test]
fn cancel_vs_polls_of_a_scope() {
    check(|| {
        let token = CancelToken::new();
        let handle = token.child();
        let (count, waker) = Bell::new();
        let theirs = count.clone();
        let running = thread::spawn(move || {
            let mut run = Box::pin(Scope::new(handle, pending::<()>()));
            let (poll, seen) = poll_while_woken(run.as_mut(), &theirs, &waker);
            (poll.is_ready(), run, seen, waker)
        });
        token.cancel_with(Reason::Shutdown);
        let (ready, mut run, seen, waker) = running.join().unwrap();
        if !ready {
            assert_eq!(count.woken(), seen + 1, "a wake-up was lost");
            let poll = run.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(matches!(poll, Poll::Ready(Err(why)) if why.is_inherited()));
        }
    });
}

/// (Forgotten: nothing in it is an object that loom wants back.)
fn shields() -> &'static Shields<'static> {
    Box::leak(Box::new(Shields::new()))
}

/// A shield opens and closes in the scope's own polls: what is in it runs to its end, what comes after
/// it does not, and the end is not missed.
#[test]
fn cancel_vs_a_shield_that_opens_and_closes() {
    check(|| {
        let token = CancelToken::new();
        let handle = token.child();
        let (count, waker) = Bell::new();
        let theirs = count.clone();
        let shields = shields();
        let steps = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let step = steps.clone();
        let running = thread::spawn(move || {
            let body = async move {
                step.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                shields.shield_future(once_more()).await;
                step.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                pending::<()>().await;
            };
            let mut run = Box::pin(Scope::new(handle, body).shields(shields));
            let (poll, seen) = poll_while_woken(run.as_mut(), &theirs, &waker);
            (poll.is_ready(), run, seen, waker)
        });
        token.cancel();
        let (ready, mut run, seen, waker) = running.join().unwrap();
        if !ready {
            assert_eq!(count.woken(), seen + 1, "a wake-up was lost");
            let (poll, _) = poll_while_woken(run.as_mut(), &count, &waker);
            assert!(poll.is_ready());
        }
        let steps = steps.load(std::sync::atomic::Ordering::SeqCst);
        assert!(steps == 0 || steps == 2, "dropped inside of its shield");
        assert!(!shields.is_open());
    });
}

type Slot = Arc<Mutex<Option<Pin<Box<Shield<'static, Pending<()>>>>>>>;

/// A body that polls the shield in the slot, if there is one.
fn polls(slot: Slot) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        let mut shield = slot.lock().unwrap().take();
        if let Some(shield) = &mut shield {
            assert!(shield.as_mut().poll(cx).is_pending());
        }
        *slot.lock().unwrap() = shield;
        Poll::<()>::Pending
    })
}

/// A shield that the body has polled is taken over by another thread and ends there, while the scope looks:
/// the scope sees it gone, or is woken.
#[test]
fn a_shield_that_ends_in_another_thread() {
    check(|| {
        let (token, shields) = (CancelToken::new(), shields());
        let (count, waker) = Bell::new();
        let shield = Box::pin(shields.shield_future(pending()));
        let slot: Slot = Arc::new(Mutex::new(Some(shield)));
        let run = Scope::new(token.clone(), polls(slot.clone())).shields(shields);
        let mut run = Box::pin(run);
        let mut cx = Context::from_waker(&waker);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        token.cancel();
        // The first pass; the scope asks for a second one.
        assert!(run.as_mut().poll(&mut cx).is_pending());
        let ending = thread::spawn(move || {
            let taken = slot.lock().unwrap().take();
            // (It is not there while the body polls it.)
            let was_there = taken.is_some();
            drop(taken);
            was_there
        });
        let (poll, seen) = poll_while_woken(run.as_mut(), &count, &waker);
        let was_there = ending.join().unwrap();
        if poll.is_pending() && was_there {
            assert!(count.woken() > seen, "a wake-up was lost");
            let (poll, _) = poll_while_woken(run.as_mut(), &count, &waker);
            assert!(poll.is_ready());
        }
    });
}

/// A shield that another thread polls, with another waker, while the scope wakes it, and gives it up: it is
/// found polled, or not, and nobody touches what is gone.
#[test]
fn a_shield_that_another_thread_polls() {
    check(|| {
        let (token, shields) = (CancelToken::new(), shields());
        let (count, waker) = Bell::new();
        let (_, first) = Bell::new();
        let (_, second) = Bell::new();
        let mut shield = Box::pin(shields.shield_future(pending::<()>()));
        let mut cx = Context::from_waker(&first);
        assert!(shield.as_mut().poll(&mut cx).is_pending());
        let run = Scope::new(token.clone(), pending::<()>()).shields(shields);
        let mut run = Box::pin(run);
        let mut cx = Context::from_waker(&waker);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        token.cancel();
        let polling = thread::spawn(move || {
            let mut cx = Context::from_waker(&second);
            assert!(shield.as_mut().poll(&mut cx).is_pending());
            drop(shield);
        });
        let (poll, seen) = poll_while_woken(run.as_mut(), &count, &waker);
        polling.join().unwrap();
        if poll.is_pending() {
            assert!(count.woken() > seen, "a wake-up was lost");
            let (poll, _) = poll_while_woken(run.as_mut(), &count, &waker);
            assert!(poll.is_ready());
        }
        assert!(!shields.is_open());
    });
}

/// A source that fires and a cancel from elsewhere: one of them says why, and nobody is left behind.
#[test]
fn cancel_vs_a_source() {
    check_bounded(2, || {
        let (token, source) = (CancelToken::new(), CancelToken::new());
        let (handle, child) = (token.clone(), token.child());
        let fired = source.clone();
        let (count, waker) = Bell::new();
        let mut run = Box::pin(
            Scope::new(token.clone(), pending::<()>()).source(source.clone().cancelled_owned()),
        );
        assert!(
            run.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let firing = thread::spawn(move || fired.cancel_with(Reason::Condition));
        let cancelling = thread::spawn(move || handle.cancel_with(Reason::Shutdown));
        let (poll, _) = poll_while_woken(run.as_mut(), &count, &waker);
        assert!(firing.join().unwrap());
        let won = cancelling.join().unwrap();
        let poll = match poll {
            Poll::Pending => run.as_mut().poll(&mut Context::from_waker(&waker)),
            ready => ready,
        };
        let Poll::Ready(Err(why)) = poll else {
            panic!("not ended")
        };
        let expected = if won {
            Reason::Shutdown
        } else {
            Reason::Condition
        };
        assert_eq!(why.reason(), expected);
        assert!(child.is_cancelled());
    });
}

/// Begins a scope that is cancelled at its first poll and kept by its shield. False: it was refused.
fn runs_to_its_end(shields: &'static Shields<'static>) -> bool {
    let (count, waker) = Bell::new();
    let body = shields.shield_future(once_more());
    let run = Scope::new(CancelToken::new(), body)
        .source(std::future::ready(Reason::Condition))
        .shields(shields);
    match poll_while_woken(Box::pin(run).as_mut(), &count, &waker).0 {
        Poll::Ready(Ok(())) => true,
        Poll::Ready(Err(why)) if why.reason() == Reason::Error => false,
        other => panic!("its shield is lost: {other:?}"),
    }
}

/// Two threads begin scopes with the same shields: one of them comes first, and loses nothing to the other,
/// which comes after its end or is refused.
#[test]
fn two_scopes_with_the_same_shields() {
    check(|| {
        let shields = shields();
        let other = thread::spawn(move || runs_to_its_end(shields));
        let first = runs_to_its_end(shields);
        assert!(other.join().unwrap() || first);
        assert!(!shields.is_open());
        assert!(runs_to_its_end(shields));
    });
}
