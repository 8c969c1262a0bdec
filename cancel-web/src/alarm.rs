//! The alarm of a thread: the sleeps that wait, and one `setTimeout` for the first of them.
//!
//! * A1: Nothing foreign runs while the state is borrowed: neither wakers, which may poll, drop or
//!   make sleeps, nor JavaScript, whose `setTimeout` may have been replaced by code that calls us.
//! * A2: While there are sleeps, a timeout is set that fires no later than the first of them is due.
//!   It may fire too early (browsers round; delays have an upper bound): then it is set again.
//! * A3: While there are none, no timeout is set: Node ends when nothing is left to wait for.

use crate::clock;
use cancel_core::{Instant, TimerError};
use js_sys::Function;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::take;
use std::task::Waker;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // Of the global object: windows, workers and Node have them alike.
    #[wasm_bindgen(js_name = setTimeout, catch)]
    fn set_timeout(handler: &Function, milliseconds: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = clearTimeout, catch)]
    fn clear_timeout(handle: &JsValue) -> Result<(), JsValue>;
}

/// In milliseconds. A longer delay overflows, and fires at once.
const LONGEST: f64 = 2_147_483_647.0;

/// A sleep: its deadline, and a number for those with the same one.
pub(crate) type Key = (Instant, u64);

struct Alarm {
    sleeps: BTreeMap<Key, Waker>,
    numbers: u64,
    /// For which deadline a timeout is set.
    armed: Option<Instant>,
    /// What `clearTimeout` wants: a number, or an object in Node. Not there yet while it is being set.
    handle: Option<JsValue>,
}

thread_local! {
    static ALARM: RefCell<Alarm> = const {
        RefCell::new(Alarm {
            sleeps: BTreeMap::new(),
            numbers: 0,
            armed: None,
            handle: None,
        })
    };
    /// What the timeout calls. Never dropped before the thread ends.
    static RING: Closure<dyn Fn()> = Closure::new(ring);
}

/// A key of its own for a sleep.
pub(crate) fn key(deadline: Instant) -> Key {
    let number = with(|alarm| {
        alarm.numbers += 1;
        alarm.numbers
    });
    (deadline, number.unwrap_or(0))
}

/// Sees to it that `waker` is woken when the sleep is due. It replaces the one before.
pub(crate) fn set(key: Key, waker: &Waker) -> Result<(), TimerError> {
    let known = with(|alarm| {
        let old = alarm.sleeps.get(&key);
        old.is_some_and(|old| old.will_wake(waker))
    });
    if known == Some(true) {
        return Ok(());
    }
    let waker = waker.clone();
    let old = with(|alarm| alarm.sleeps.insert(key, waker));
    drop(old.ok_or(GONE)?);
    arm().inspect_err(|_| clear(key))
}

/// Forgets a sleep.
pub(crate) fn clear(key: Key) {
    let removed = with(|alarm| {
        let waker = alarm.sleeps.remove(&key);
        let handle = match alarm.sleeps.is_empty() {
            true => alarm.disarm(), // A3
            false => None,
        };
        (waker, handle)
    });
    if let Some((waker, handle)) = removed {
        drop(waker);
        stop(handle);
    }
}

const GONE: TimerError = TimerError::new("the thread ends");
const REFUSED: TimerError = TimerError::new("setTimeout is not there, or has thrown an error");

impl Alarm {
    fn disarm(&mut self) -> Option<JsValue> {
        self.armed = None;
        self.handle.take()
    }
}

/// `None` at the end of the thread.
fn with<T>(f: impl FnOnce(&mut Alarm) -> T) -> Option<T> {
    ALARM.try_with(|alarm| f(&mut alarm.borrow_mut())).ok()
}

/// Sets the timeout for the first sleep, unless there is one that is early enough (A2).
fn arm() -> Result<(), TimerError> {
    let todo = with(|alarm| {
        let (first, _) = *alarm.sleeps.first_key_value()?.0;
        if alarm.armed.is_some_and(|armed| armed <= first) {
            return None;
        }
        let old = alarm.disarm();
        alarm.armed = Some(first);
        Some((first, old))
    });
    let Some((first, old)) = todo.flatten() else {
        return Ok(());
    };
    stop(old);
    let delay = first - clock::now();
    // Rounded up: a fraction too early would be one more round.
    let milliseconds = (delay.as_secs_f64() * 1000.0).ceil().min(LONGEST);
    let made = RING.try_with(|ring| set_timeout(ring.as_ref().unchecked_ref(), milliseconds));
    let Ok(Ok(handle)) = made else {
        with(Alarm::disarm);
        return Err(REFUSED);
    };
    // Somebody else may have come first meanwhile (A1).
    let mut made = Some(handle);
    with(|alarm| {
        if alarm.armed == Some(first) && alarm.handle.is_none() {
            alarm.handle = made.take();
        }
    });
    stop(made);
    Ok(())
}

fn stop(handle: Option<JsValue>) {
    if let Some(handle) = handle {
        // One that cannot be cleared fires, and finds nothing due.
        let _ = clear_timeout(&handle);
    }
}

/// The timeout has fired.
fn ring() {
    let now = clock::now();
    let due = with(|alarm| {
        drop(alarm.disarm()); // the handle of a timeout that is over
        let rest = alarm.sleeps.split_off(&(now, u64::MAX));
        std::mem::replace(&mut alarm.sleeps, rest)
    });
    let mut due = due.unwrap_or_default();
    if arm().is_err() {
        // Those that are still pending try for themselves, and hear of the error.
        due.extend(with(|alarm| take(&mut alarm.sleeps)).unwrap_or_default());
    }
    wake(due);
}

/// All of them, also if one panics.
fn wake(sleeps: BTreeMap<Key, Waker>) {
    struct Rest(std::collections::btree_map::IntoValues<Key, Waker>);
    impl Drop for Rest {
        fn drop(&mut self) {
            self.0.by_ref().for_each(Waker::wake);
        }
    }
    let mut rest = Rest(sleeps.into_values());
    rest.0.by_ref().for_each(Waker::wake);
}
