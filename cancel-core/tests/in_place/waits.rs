//! Any number of waiters.

use crate::support::{Wakes, waiting};
use cancel_core::{Child, Token};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

#[test]
fn all_are_woken_once_in_order() {
    struct Numbered(usize, Arc<Mutex<Vec<usize>>>);
    impl Wake for Numbered {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    for n in [0, 1, 2, 3, 31, 32, 33, 200] {
        let (token, order) = (Token::new(), Arc::default());
        let waker = |number| Waker::from(Arc::new(Numbered(number, Arc::clone(&order))));
        let waits: Vec<_> = (0..n).map(|n| waiting(&token, &waker(n))).collect();
        assert!(token.cancel());
        assert_eq!(*order.lock().unwrap(), (0..n).collect::<Vec<_>>());
        drop(waits);
    }
}

/// A waker that drops the other waits: these are not woken any more, or have been before.
#[test]
fn a_waker_drops_the_others() {
    type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;
    struct Dropper(Arc<Mutex<Vec<Wait>>>);
    impl Wake for Dropper {
        fn wake(self: Arc<Self>) {
            drop(std::mem::take(&mut *self.0.lock().unwrap()));
        }
    }
    let token: &Token = Box::leak(Box::default());
    let (wakes, waker) = Wakes::new();
    let shelf = Arc::new(Mutex::new(Vec::new()));
    let dropper = waiting(token, &Waker::from(Arc::new(Dropper(shelf.clone()))));
    for _ in 0..5 {
        let mut wait: Wait = Box::pin(async { drop(token.cancelled().await) });
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        shelf.lock().unwrap().push(wait);
    }
    token.cancel();
    assert!(wakes.count() <= 5 && shelf.lock().unwrap().is_empty());
    assert_eq!(Arc::strong_count(&wakes), 2, "a waker was left");
    drop(dropper);
}

#[test]
fn a_panicking_waker_silences_nobody() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("bad waker");
        }
    }
    for with_child in [false, true] {
        for bad in 0..4 {
            let token = Token::new();
            let child = pin!(Child::new(&token));
            let mut waits = Vec::new();
            let (wakes, waker) = Wakes::new();
            if with_child {
                waits.push(waiting(child.enter(), &waker));
            }
            for at in 0..4 {
                let bad_one = Waker::from(Arc::new(Bad));
                let waker = if at == bad { &bad_one } else { &waker };
                waits.push(waiting(&token, waker));
            }
            let panic = catch_unwind(AssertUnwindSafe(|| token.cancel())).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"bad waker"));
            assert_eq!(wakes.count(), 3 + usize::from(with_child));
        }
    }
}

/// A waker that cancels again, waits, and asks.
#[test]
fn a_waker_may_use_the_token() {
    static STOP: Token = Token::new();
    struct Busy;
    impl Wake for Busy {
        fn wake(self: Arc<Self>) {
            assert!(STOP.is_cancelled() && !STOP.cancel() && STOP.check().is_err());
            let child = pin!(Child::new(&STOP));
            assert!(child.enter().is_cancelled());
        }
    }
    let busy = Waker::from(Arc::new(Busy));
    let waits: Vec<_> = (0..40).map(|_| waiting(&STOP, &busy)).collect();
    assert!(STOP.cancel());
    drop(waits);
}
