//! The instrument wakers, and with them what in this crate keeps wakers.

use cancel_std::testing::{TestWaker, VirtualTime};
use cancel_std::{Cancelable, Std, Timer};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn silently<T>(f: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

#[test]
fn counts() {
    let instrument = TestWaker::counting();
    let waker = instrument.waker();
    let clone = waker.clone();
    waker.wake_by_ref();
    waker.wake();
    assert_eq!(
        (instrument.wakes(), instrument.clones(), instrument.alive()),
        (2, 1, 1)
    );
    drop(clone);
    assert_eq!(instrument.clone().alive(), 0);
    assert!(format!("{instrument:?}").contains("wakes: 2"));
}

#[test]
fn hooks_run_and_may_panic() {
    let fails = || resume_unwind(Box::new("a hook"));
    let instrument = TestWaker::counting().on_clone(fails).on_drop(fails);
    let waker = instrument.waker();
    assert!(silently(|| waker.clone()).is_none());
    assert_eq!((instrument.clones(), instrument.alive()), (0, 1)); // there is no clone
    assert!(silently(|| waker.wake()).is_none());
    assert_eq!((instrument.wakes(), instrument.alive()), (1, 0));

    // A wake that panics is a drop nevertheless.
    let drops = Arc::new(AtomicUsize::new(0));
    let count = drops.clone();
    let instrument = TestWaker::panicking("a wake").on_drop(move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let waker = instrument.waker();
    assert!(silently(|| waker.wake()).is_none());
    assert_eq!((drops.load(Ordering::SeqCst), instrument.alive()), (1, 0));
}

#[test]
fn set_up_before_use() {
    let instrument = TestWaker::counting();
    let waker = instrument.waker();
    assert!(silently(|| instrument.on_wake(|| ())).is_none());
    drop(waker);
}

#[test]
fn virtual_sleeps() {
    let time = VirtualTime::new();
    let asks = time.clone();
    let kinds = || {
        let asks = asks.clone();
        TestWaker::kinds(move || drop(asks.sleep(Duration::ZERO)))
    };
    for (kind, instrument) in kinds() {
        let mut sleep = Box::pin(time.sleep(Duration::from_secs(1)));
        assert!(instrument.poll(sleep.as_mut()).is_pending());
        assert!(instrument.poll(sleep.as_mut()).is_pending());
        assert_eq!(instrument.alive(), 1, "{kind}");
        let woken = silently(|| time.advance(Duration::from_secs(1)));
        assert_eq!(woken.is_none(), kind == "panicking");
        assert_eq!((instrument.wakes(), instrument.alive()), (1, 0), "{kind}");
        assert!(instrument.poll(sleep.as_mut()).is_ready());
    }
    for (kind, instrument) in kinds() {
        let mut sleep = Box::pin(time.sleep(Duration::from_secs(1)));
        assert!(instrument.poll(sleep.as_mut()).is_pending());
        drop(sleep);
        assert_eq!((instrument.wakes(), instrument.alive()), (0, 0), "{kind}");
    }
}

#[test]
fn real_sleeps() {
    for (kind, instrument) in TestWaker::kinds(|| drop(Std.sleep(Duration::from_secs(60)))) {
        let mut sleep = Box::pin(Std.sleep(Duration::from_secs(60)));
        assert!(instrument.poll(sleep.as_mut()).is_pending());
        drop(sleep);
        assert_eq!((instrument.wakes(), instrument.alive()), (0, 0), "{kind}");
    }
}

#[test]
fn runs_of_operations() {
    for kind in ["cancelled", "extended", "dropped"] {
        let asks = Cancelable::new().build();
        for (waker, instrument) in TestWaker::kinds({
            let asks = asks.clone();
            move || drop(asks.context())
        }) {
            let op = Cancelable::with_timeout(Duration::from_secs(60)).build();
            let mut run: std::pin::Pin<Box<dyn Future<Output = _>>> =
                Box::pin(op.run(async |_| pending::<()>().await));
            assert!(instrument.poll(run.as_mut()).is_pending());
            let panicked = match kind {
                "cancelled" => silently(|| op.cancel()).is_none(),
                "extended" => silently(|| op.set_timeout(Duration::MAX)).is_none(),
                _ => false,
            };
            assert_eq!(
                panicked,
                kind != "dropped" && waker == "panicking",
                "{kind}, {waker}"
            );
            assert_eq!(instrument.wakes() > 0, kind != "dropped", "{kind}, {waker}");
            drop(run);
            assert!(op.status().is_final());
            assert_eq!(instrument.alive(), 0, "{kind}, {waker}");
        }
    }
}
