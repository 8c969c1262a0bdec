//! Callbacks in place.

use crate::support::{Log, Wakes, waiting};
use cancel_core::{Cancelled, Child, OnCancel, Reason, StaticCause, Token};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;

#[test]
fn in_order_once_on_the_cancelling_thread() {
    let (token, log) = (Token::new(), Log::leaked());
    let threads: &Mutex<Vec<_>> = Box::leak(Box::default());
    let mut hooks = Vec::new();
    for number in 0..100 {
        hooks.push(log.on_cancel(&token, number));
        let mut by = Box::pin(OnCancel::new(&token, move |_| {
            threads.lock().unwrap().push(thread::current().id());
        }));
        by.as_mut().enter();
        hooks.push(by);
    }
    let canceller = thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            assert!(token.cancel());
            assert!(!token.cancel());
            thread::current().id()
        });
        canceller.join().unwrap()
    });
    assert_eq!(log.read(), (0..100).collect::<Vec<_>>());
    let threads = threads.lock().unwrap();
    assert!(threads.len() == 100 && threads.iter().all(|id| *id == canceller));
    drop(hooks);
    assert_eq!(log.read().len(), 100);
}

#[test]
fn at_once_if_cancelled_and_once_if_entered_twice() {
    let (token, log) = (Token::new(), Log::leaked());
    let mut early = log.on_cancel(&token, 1);
    early.as_mut().enter();
    token.cancel();
    early.as_mut().enter();
    let mut late = log.on_cancel(&token, 2);
    assert_eq!(log.read(), [1, 2]);
    late.as_mut().enter();
    drop((early, late));
    assert_eq!(log.read(), [1, 2]);
    drop(OnCancel::new(&token, |_| panic!("never entered")));
}

#[test]
fn as_a_static_for_ever() {
    static STOP: Token = Token::new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static COUNT: OnCancel<'static> = OnCancel::new(&STOP, |why| {
        assert_eq!(why.message(), Some("button"));
        RUNS.fetch_add(1, SeqCst);
    });
    static WHY: StaticCause = StaticCause::new(Reason::Manual, "button");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| COUNT.enter_static());
        }
    });
    COUNT.enter_static();
    assert_eq!(RUNS.load(SeqCst), 0);
    STOP.cancel_with(&WHY);
    COUNT.enter_static();
    assert_eq!(RUNS.load(SeqCst), 1);
}

#[test]
fn dropped_it_never_runs() {
    for gone in [vec![0], vec![8], vec![0, 4, 5, 8], (0..9).collect()] {
        let (token, log) = (Token::new(), Log::leaked());
        let mut hooks: Vec<_> = (0..9).map(|n| Some(log.on_cancel(&token, n))).collect();
        gone.iter().for_each(|&n| hooks[n] = None);
        token.cancel();
        let stayed: Vec<_> = (0..9).filter(|n| !gone.contains(n)).collect();
        assert_eq!(log.read(), stayed);
    }
}

fn captures(token: &Token) -> Vec<Pin<Box<OnCancel<'_>>>> {
    static NUMBERS: Log = Log::new();
    fn by_name(_: &Cancelled) {
        NUMBERS.push(0);
    }
    let (small, large, text) = (7_u8, [1_u32, 2], "three");
    let pointer: fn(&'static Log, usize) = |log, number| log.push(number);
    let log = &NUMBERS;
    vec![
        Box::pin(OnCancel::new(token, by_name)),
        Box::pin(OnCancel::new(token, by_name as fn(&Cancelled))),
        Box::pin(OnCancel::new(token, move |_| NUMBERS.push(small.into()))),
        Box::pin(OnCancel::new(token, move |_| {
            NUMBERS.push(large[1] as usize)
        })),
        Box::pin(OnCancel::new(token, move |_| NUMBERS.push(text.len()))),
        Box::pin(OnCancel::new(token, move |_| pointer(log, 9))),
        Box::pin(OnCancel::new(token, move |why| {
            assert_eq!(why.reason(), Reason::Custom(3));
            assert_eq!(NUMBERS.read(), [0, 0, 7, 2, 5, 9]);
            log.push(usize::from(small));
        })),
        Box::pin(OnCancel::new(token, |_| {
            assert_eq!(NUMBERS.read(), [0, 0, 7, 2, 5, 9, 7]);
            panic!("reached");
        })),
    ]
}

#[test]
fn whatever_two_pointers_can_hold() {
    let token = Token::new();
    let mut hooks = captures(&token);
    hooks.iter_mut().for_each(|hook| hook.as_mut().enter());
    let panic = catch_unwind(|| token.cancel_with(Reason::Custom(3))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"reached"));
}

#[test]
fn with_the_cause_of_its_token_after_all_flags_and_wakers() {
    for (hooks, waits) in [(1, 0), (1, 1), (3, 1), (2, 9), (40, 100)] {
        let root: &Token = Box::leak(Box::default());
        let one = pin!(Child::new(root));
        let one = one.enter();
        let two = pin!(Child::new(one));
        let two = two.enter();
        let (wakes, waker) = Wakes::new();
        let seen: &'static Seen = Box::leak(Box::new(Seen {
            root,
            wakes,
            at_each_call: Log::new(),
        }));
        let mut kept = Vec::new();
        let mut waiters = Vec::new();
        for (n, token) in [root, one, two].into_iter().enumerate() {
            for _ in 0..hooks {
                let mut hook = Box::pin(OnCancel::new(token, move |why| {
                    assert_eq!(why.is_inherited(), n > 0);
                    assert!(seen.root.is_cancelled());
                    seen.at_each_call.push(seen.wakes.count());
                }));
                hook.as_mut().enter();
                kept.push(hook);
                for _ in 0..waits {
                    waiters.push(waiting(token, &waker));
                }
            }
        }
        root.cancel();
        let all = 3 * hooks * waits;
        assert_eq!(seen.at_each_call.read(), vec![all; 3 * hooks]);
    }
}

struct Seen {
    root: &'static Token,
    wakes: Arc<Wakes>,
    /// How many wakers had been woken.
    at_each_call: Log,
}

type Shelf = Mutex<Vec<Pin<Box<OnCancel<'static>>>>>;

/// Callbacks that a callback drops do not start; its own goes as well.
#[test]
fn dropping_hooks_from_inside() {
    let token: &Token = Box::leak(Box::default());
    let below = Box::leak(Box::new(Box::pin(Child::new(token))));
    let below = below.as_mut().enter();
    let (log, shelf): (_, &'static Shelf) = (Log::leaked(), Box::leak(Box::default()));
    let before = log.on_cancel(token, 0);
    let mut dropper = Box::pin(OnCancel::new(token, move |_| {
        log.push(1);
        drop(std::mem::take(&mut *shelf.lock().unwrap()));
    }));
    dropper.as_mut().enter();
    let after = log.on_cancel(token, 2);
    let gone = [log.on_cancel(token, 3), log.on_cancel(below, 4)];
    let stays = log.on_cancel(below, 5);
    shelf.lock().unwrap().extend(gone);
    shelf.lock().unwrap().push(dropper);
    token.cancel();
    assert_eq!(log.read(), [0, 1, 2, 5]);
    drop((before, after, stays));
}

/// A waker that drops hooks and waits, while the canceller has moved some of them about.
#[test]
fn a_waker_drops_hooks() {
    struct Dropper(Mutex<Vec<Pin<Box<OnCancel<'static>>>>>);
    impl Wake for Dropper {
        fn wake(self: Arc<Self>) {
            self.0.lock().unwrap().clear();
        }
    }
    for waits in [1, 2, 5, 40, 70] {
        let token: &Token = Box::leak(Box::default());
        let log = Log::leaked();
        let mut shelf = Vec::new();
        let mut stay = Vec::new();
        let mut waiters = Vec::new();
        let noop = Waker::noop();
        for n in 0..waits {
            shelf.push(log.on_cancel(token, 1000 + n));
            stay.push(log.on_cancel(token, n));
            waiters.push(waiting(token, noop));
        }
        let dropper = Arc::new(Dropper(Mutex::new(shelf)));
        waiters.push(waiting(token, &Waker::from(dropper)));
        stay.push(log.on_cancel(token, waits));
        token.cancel();
        assert_eq!(log.read(), (0..=waits).collect::<Vec<_>>());
    }
}

#[test]
fn it_may_do_anything() {
    static OTHER: Token = Token::new();
    let token: &Token = Box::leak(Box::default());
    let log = Log::leaked();
    let on_other = log.on_cancel(&OTHER, 1);
    let mut hook = Box::pin(OnCancel::new(token, move |why| {
        assert!(token.is_cancelled() && !token.cancel());
        assert!(OTHER.cancel_with(why.clone()));
        let inner = pin!(OnCancel::new(token, move |_| log.push(2)));
        inner.enter();
        let below = pin!(Child::new(token));
        assert!(below.enter().is_cancelled());
        let wait = pin!(token.cancelled());
        assert!(
            wait.poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
    }));
    hook.as_mut().enter();
    token.cancel_with(Reason::Shutdown);
    assert_eq!(log.read(), [1, 2]);
    assert_eq!(OTHER.cause().unwrap().reason(), Reason::Shutdown);
    drop((hook, on_other));
}

/// To forget a boxed hook is safe and ends the borrow, so the token may move, and go.
#[test]
fn forgotten_it_stays() {
    let (place, log) = (Token::new(), Log::leaked());
    std::mem::forget(log.on_cancel(&place, 1));
    drop(log.on_cancel(&place, 9));
    let mut moved = Box::new(place);
    {
        let (wakes, waker) = Wakes::new();
        let wait = waiting(&moved, &waker);
        std::mem::forget(log.on_cancel(&moved, 2));
        let again = log.on_cancel(&moved, 3);
        moved.cancel();
        assert_eq!((log.read(), wakes.count()), (vec![1, 2, 3], 1));
        drop((wait, again));
    }
    *moved = Token::new();
    std::mem::forget(log.on_cancel(&moved, 4));
    drop(moved);

    let root = Token::new();
    {
        let child = pin!(Child::new(&root));
        std::mem::forget(log.on_cancel(child.enter(), 5));
    }
    root.cancel();
    assert_eq!(log.read(), [1, 2, 3]);
}

/// All others still run; then the first panic goes on, with `std` and without.
#[test]
fn a_panic_silences_nobody() {
    for bad in [0, 3, 6] {
        let (token, log) = (Token::new(), Log::leaked());
        let below = pin!(Child::new(&token));
        let below = below.enter();
        let (wakes, waker) = Wakes::new();
        let mut kept = vec![log.on_cancel(below, 7)];
        let mut waits = vec![waiting(below, &waker)];
        for number in 0..7 {
            if number == bad {
                let mut hook = Box::pin(OnCancel::new(&token, |_| panic!("bad")));
                hook.as_mut().enter();
                kept.push(hook);
            } else {
                kept.push(log.on_cancel(&token, number));
            }
            waits.push(waiting(&token, &waker));
        }
        let panic = catch_unwind(AssertUnwindSafe(|| token.cancel())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"bad"));
        let mut ran = log.read();
        ran.sort_unstable();
        assert_eq!(ran, (0..8).filter(|n| *n != bad).collect::<Vec<_>>());
        assert_eq!(wakes.count(), 8);
    }
}

#[test]
fn a_panicking_waker_silences_no_hook() {
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("bad waker");
        }
    }
    for before in 0..3 {
        let (token, log) = (Token::new(), Log::leaked());
        let (wakes, waker) = Wakes::new();
        let mut waits: Vec<_> = (0..before).map(|_| waiting(&token, &waker)).collect();
        waits.push(waiting(&token, &Waker::from(Arc::new(Bad))));
        let hook = log.on_cancel(&token, 1);
        waits.push(waiting(&token, &waker));
        assert!(catch_unwind(AssertUnwindSafe(|| token.cancel())).is_err());
        assert_eq!((log.read(), wakes.count()), (vec![1], before + 1));
        drop(hook);
    }
}

#[test]
fn nothing_is_registered_with_a_token_that_is_never_cancelled() {
    let hook = Log::leaked().on_cancel(Token::never(), 1);
    assert!(!Token::never().cancel());
    assert!(format!("{hook:?}").contains("Token"));
}

/// Dropping it does not wait for the call, which is running elsewhere.
#[test]
fn the_drop_never_waits() {
    static TOKEN: Token = Token::new();
    type Ends = (Mutex<Option<mpsc::Sender<()>>>, Mutex<mpsc::Receiver<()>>);
    let (entered, is_in) = mpsc::channel();
    let (go_on, may_go) = mpsc::channel();
    let ends: &'static Ends = Box::leak(Box::new((Mutex::new(Some(entered)), Mutex::new(may_go))));
    let mut slow = Box::pin(OnCancel::new(&TOKEN, move |_| {
        let entered = ends.0.lock().unwrap().take();
        entered.unwrap().send(()).unwrap();
        ends.1.lock().unwrap().recv().unwrap();
    }));
    slow.as_mut().enter();
    let canceller = thread::spawn(|| TOKEN.cancel());
    is_in.recv().unwrap();
    drop(slow);
    assert!(!canceller.is_finished());
    go_on.send(()).unwrap();
    assert!(canceller.join().unwrap());
}

/// Numbers may be aligned more strictly than pointers: an `u128` here, an `u64` on small machines.
#[test]
fn however_a_capture_is_aligned() {
    /// As large as two pointers.
    #[cfg(target_pointer_width = "64")]
    type Number = u128;
    #[cfg(not(target_pointer_width = "64"))]
    type Number = u64;
    static SEEN: Mutex<Number> = Mutex::new(0);
    #[derive(Clone, Copy)]
    #[repr(align(64))]
    struct Empty;
    static EMPTY: AtomicUsize = AtomicUsize::new(1);
    let (token, number, empty) = (Token::new(), Number::MAX / 3, Empty);
    let wide = pin!(OnCancel::new(&token, move |_| *SEEN.lock().unwrap() = number));
    let nothing = pin!(OnCancel::new(&token, move |_| {
        let empty = empty;
        EMPTY.store(std::ptr::from_ref(&empty).addr() % 64, SeqCst);
    }));
    wide.enter();
    nothing.enter();
    token.cancel();
    assert_eq!(*SEEN.lock().unwrap(), number);
    assert_eq!(EMPTY.load(SeqCst), 0);
}
