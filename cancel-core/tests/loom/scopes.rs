//! The runner: a cancel from another thread against its polls, with shields, holds and sources.

use super::{check, check_bounded};
use cancel_core::{CancelToken, Control, Reason, Scope, Shield, Shields};
use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use loom::thread;
use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
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

/// Shields with two owners: the scope, and its body.
#[derive(Clone)]
struct Shared(Arc<Shields<'static>>);

impl Control for Shared {
    fn hold(&self) {
        self.0.hold();
    }
    fn release(&self) {
        self.0.release();
    }
    fn held(&self) -> u32 {
        self.0.held()
    }
    fn hold_outer(&self) {}
    fn release_outer(&self) {}
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
        let shields = Shared(Arc::new(Shields::new()));
        let inside = shields.clone();
        let steps = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let step = steps.clone();
        let running = thread::spawn(move || {
            let body = async move {
                step.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Shield::new(inside, once_more()).await;
                step.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                pending::<()>().await;
            };
            let mut run = Box::pin(Scope::new(handle, body).shields(shields.clone()));
            let (poll, seen) = poll_while_woken(run.as_mut(), &theirs, &waker);
            (poll.is_ready(), run, seen, waker, shields)
        });
        token.cancel();
        let (ready, mut run, seen, waker, shields) = running.join().unwrap();
        if !ready {
            assert_eq!(count.woken(), seen + 1, "a wake-up was lost");
            let poll = run.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(poll.is_ready());
        }
        let steps = steps.load(std::sync::atomic::Ordering::SeqCst);
        assert!(steps == 0 || steps == 2, "dropped inside of its shield");
        assert_eq!(shields.held(), 0);
    });
}

/// A control whose holds end in another thread, and wake the scope.
#[derive(Clone)]
struct Remote {
    held: Arc<AtomicU32>,
    saved: Arc<Saved>,
    waker: Waker,
}

/// What loom watches.
struct Saved(loom::cell::UnsafeCell<u32>);

// SAFETY: loom reports a race if there is one.
unsafe impl Send for Saved {}
// SAFETY: as above.
unsafe impl Sync for Saved {}

impl Control for Remote {
    fn hold(&self) {
        self.held.fetch_add(1, Ordering::Relaxed);
    }
    fn release(&self) {
        if self.held.fetch_sub(1, Ordering::Release) == 1 {
            self.waker.wake_by_ref();
        }
    }
    fn held(&self) -> u32 {
        self.held.load(Ordering::Acquire)
    }
    fn hold_outer(&self) {}
    fn release_outer(&self) {}
}

/// The body waits for the end of a shield in another thread; the scope is cancelled meanwhile, or
/// before. Whoever looks after the last wake sees the hold gone, and what was done under it.
#[test]
fn a_hold_that_ends_in_another_thread() {
    check(|| {
        let token = CancelToken::new();
        let (count, waker) = Bell::new();
        let control = Remote {
            held: Arc::new(AtomicU32::new(0)),
            saved: Arc::new(Saved(loom::cell::UnsafeCell::new(0))),
            waker: waker.clone(),
        };
        let saved = control.saved.clone();
        let writer = control.clone();
        let mut shield = Box::pin(Shield::new(
            control.clone(),
            poll_fn(move |_| {
                // SAFETY: loom reports a race if there is one.
                writer.saved.0.with_mut(|value| unsafe { *value += 1 });
                match writer.held() == 1 {
                    true => Poll::<()>::Pending,
                    false => unreachable!(),
                }
            }),
        ));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(shield.as_mut().poll(&mut cx).is_pending());
        let mut run = Box::pin(Scope::new(token.clone(), pending::<()>()).shields(control));
        assert!(
            run.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        token.cancel();
        let releasing = thread::spawn(move || {
            let mut cx = Context::from_waker(Waker::noop());
            assert!(shield.as_mut().poll(&mut cx).is_pending());
            drop(shield);
        });
        let (poll, _) = poll_while_woken(run.as_mut(), &count, &waker);
        if poll.is_ready() {
            // SAFETY: loom reports a race if there is one.
            saved.0.with(|value| assert_eq!(unsafe { *value }, 2));
        }
        releasing.join().unwrap();
        if poll.is_pending() {
            assert!(
                run.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
            );
        }
        assert_eq!(count.woken(), 2, "by the cancel, and by the release");
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
