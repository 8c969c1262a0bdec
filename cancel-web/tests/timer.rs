//! Sleeps on the timers of JavaScript.
#![cfg(target_arch = "wasm32")]

use cancel_web::{Instant, Timer, Web};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use timeouts::Timeouts;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

#[path = "support/timeouts.rs"]
mod timeouts;

const SHORT: Duration = Duration::from_millis(5);
/// Of what has to be polled a few times before it is over.
const LONGER: Duration = Duration::from_millis(100);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// One that never wakes anybody, and counts.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn is_ready(future: Pin<&mut impl Future>) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    future.poll(&mut cx).is_ready()
}

#[wasm_bindgen_test]
async fn sleeps_are_never_early() {
    for duration in [Duration::ZERO, Duration::from_nanos(1), SHORT, SHORT * 2] {
        let deadline = Web.now() + duration;
        Web.sleep(duration).await.unwrap();
        assert!(Web.now() >= deadline);
    }
    Web.sleep_until(Instant::EPOCH).await.unwrap();
}

#[wasm_bindgen_test]
async fn not_even_if_the_environment_is() {
    let timeouts = Timeouts::scaled(0.3);
    let deadline = Web.now() + LONGER;
    Web.sleep_until(deadline).await.unwrap();
    assert!(Web.now() >= deadline);
    assert!(timeouts.delays().len() > 1, "{:?}", timeouts.delays());
    assert_eq!(timeouts.open(), 0);
}

#[wasm_bindgen_test]
async fn time_does_not_go_backwards_and_is_that_of_today() {
    let today = Duration::from_millis(js_sys::Date::now() as u64);
    let mut last = Web.now();
    assert!(last.since_epoch().abs_diff(today) < DAY);
    for _ in 0..1000 {
        let now = Web.now();
        assert!(now >= last);
        last = now;
    }
}

#[wasm_bindgen_test]
async fn x30_readings_of_performance_are_moments() {
    let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into()).unwrap();
    let now = js_sys::Reflect::get(&performance, &"now".into()).unwrap();
    let now: js_sys::Function = now.into();
    let before = Web.now();
    let reading = now.call0(&performance).unwrap().as_f64().unwrap();
    let (at, after) = (Web.instant(reading), Web.now());
    assert!(before <= at && at <= after);
    assert_eq!(Web.instant(reading + 5000.0) - at, Duration::from_secs(5));
    assert_eq!(Web.instant(f64::NAN), Instant::EPOCH);
    assert_eq!(Web.instant(-1e300), Instant::EPOCH);
}

#[wasm_bindgen_test]
async fn long_sleeps_do_not_overflow() {
    let timeouts = Timeouts::watch();
    for long in [DAY * 25, DAY * 365 * 500, Duration::MAX - DAY] {
        let mut sleep = pin!(Web.sleep_until(Web.now() + long));
        assert!(!is_ready(sleep.as_mut()));
        // A timeout as long as there may be; it is a number of 31 bits.
        assert_eq!(timeouts.delays().pop(), Some(2147483647.0));
    }
    assert_eq!(timeouts.open(), 0);
}

#[wasm_bindgen_test]
async fn the_longest_is_for_ever() {
    let timeouts = Timeouts::watch();
    assert!(!is_ready(pin!(Web.sleep(Duration::MAX))));
    assert!(!is_ready(pin!(Web.sleep_until(Instant::FAR_FUTURE))));
    assert_eq!(timeouts.delays(), [0.0; 0]);
}

#[wasm_bindgen_test]
async fn a_long_sleep_goes_on_after_the_longest_timeout() {
    // Each timeout takes as good as no time, so one of 25 days fires at once; the sleep is not due.
    let timeouts = Timeouts::scaled(1e-12);
    let mut sleep = pin!(Web.sleep(DAY * 60));
    assert!(!is_ready(sleep.as_mut()));
    while timeouts.delays().len() < 3 {
        turn().await;
    }
    assert!(!is_ready(sleep.as_mut()));
    assert_eq!(timeouts.delays()[..3], [2147483647.0; 3]);
}

/// A turn of the event loop, by a message: no timeout.
async fn turn() {
    let (closure, called) = (Rc::new(RefCell::new(None)), Rc::new(RefCell::new(false)));
    let mut posted = false;
    poll_fn(|cx| {
        if *called.borrow() {
            return Poll::Ready(());
        }
        let (waker, called) = (cx.waker().clone(), called.clone());
        *closure.borrow_mut() = Some(wasm_bindgen::closure::Closure::<dyn Fn()>::new(move || {
            *called.borrow_mut() = true;
            waker.wake_by_ref();
        }));
        if !posted {
            posted = true;
            let code = "const { port1, port2 } = new MessageChannel();
                        port1.onmessage = () => { port1.close(); f(); };
                        port2.postMessage(0);";
            let closure = closure.borrow();
            js_sys::Function::new_with_args("f", code)
                .call1(
                    &wasm_bindgen::JsValue::NULL,
                    closure.as_ref().unwrap().as_ref(),
                )
                .unwrap();
        }
        Poll::Pending
    })
    .await;
}

#[wasm_bindgen_test]
async fn dropping_clears_the_timeout() {
    let timeouts = Timeouts::watch();
    {
        let mut sleeps: Vec<_> = (1..=10).map(|n| Box::pin(Web.sleep(DAY * n))).collect();
        for sleep in &mut sleeps {
            assert!(!is_ready(sleep.as_mut()));
        }
        assert_eq!(timeouts.open(), 1); // one is enough
        drop(sleeps.remove(0));
        assert_eq!(timeouts.open(), 1);
    }
    assert_eq!(timeouts.open(), 0);
}

#[wasm_bindgen_test]
async fn an_earlier_one_moves_the_timeout() {
    let timeouts = Timeouts::watch();
    let mut long = pin!(Web.sleep(DAY));
    assert!(!is_ready(long.as_mut()));
    Web.sleep(LONGER).await.unwrap();
    assert!(!is_ready(long.as_mut()));
    assert_eq!(timeouts.open(), 1);
    let delays = timeouts.delays();
    assert!(delays[0] > delays[1], "{delays:?}");
    assert!(delays.iter().all(|delay| *delay >= 0.0), "{delays:?}");
}

#[wasm_bindgen_test]
async fn they_end_in_the_order_of_their_deadlines() {
    let order = Rc::new(RefCell::new(Vec::new()));
    let start = Web.now();
    for n in [3u32, 1, 2, 1] {
        let order = order.clone();
        spawn_local(async move {
            Web.sleep_until(start + LONGER * n).await.unwrap();
            order.borrow_mut().push(n);
        });
    }
    Web.sleep_until(start + LONGER * 4).await.unwrap();
    Web.sleep(Duration::ZERO).await.unwrap();
    assert_eq!(*order.borrow(), [1, 1, 2, 3]);
}

#[wasm_bindgen_test]
async fn the_latest_waker_is_woken_once() {
    let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let mut sleep = pin!(Web.sleep(LONGER));
    for count in [&first, &first, &second] {
        let waker = Waker::from(count.clone());
        let polled = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
    }
    assert_eq!(Arc::strong_count(&first), 1); // given back
    Web.sleep(LONGER * 2).await.unwrap();
    assert_eq!(first.0.load(Ordering::Relaxed), 0);
    assert_eq!(second.0.load(Ordering::Relaxed), 1);
    assert!(is_ready(sleep.as_mut()));
    assert!(is_ready(sleep)); // and again
}

#[wasm_bindgen_test]
async fn wakers_may_drop_and_make_sleeps() {
    /// In its wake it drops a sleep, and waits for another.
    struct Meddler(Mutex<Option<Pin<Box<cancel_web::Sleep>>>>);
    impl Wake for Meddler {
        fn wake(self: Arc<Self>) {
            let mut sleep = self.0.lock().unwrap();
            drop(sleep.take());
            let mut new = Box::pin(Web.sleep(DAY));
            assert!(!is_ready(new.as_mut()));
            *sleep = Some(new);
        }
    }
    impl Drop for Meddler {
        fn drop(&mut self) {
            drop(self.0.get_mut().unwrap().take());
        }
    }
    let timeouts = Timeouts::watch();
    let mut other = Box::pin(Web.sleep(LONGER));
    assert!(!is_ready(other.as_mut()));
    let meddler = Arc::new(Meddler(Mutex::new(Some(other))));
    let waker = Waker::from(meddler.clone());
    let mut sleep = Box::pin(Web.sleep(LONGER));
    assert!(
        sleep
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    Web.sleep(LONGER * 2).await.unwrap();
    assert_eq!(timeouts.open(), 1); // the new one
    drop((waker, meddler));
    drop(sleep);
    assert_eq!(timeouts.open(), 0);
}

#[wasm_bindgen_test]
async fn without_timeouts_it_is_an_error() {
    let timeouts = Timeouts::watch();
    js_sys::eval("globalThis.setTimeout = () => { throw new Error('no more') }").unwrap();
    let error = Web.sleep(DAY).await.unwrap_err();
    assert!(error.description().contains("setTimeout"), "{error}");
    let ready = Web.sleep(Duration::ZERO).await;
    drop(timeouts);
    ready.unwrap(); // needs none
    Web.sleep(SHORT).await.unwrap(); // nothing is left of the error
}
