//! The clock: `performance.now()`, counted from 1970.
//!
//! Each window and each worker counts `performance.now()` from its own start, `timeOrigin`. The sum of
//! the two means the same in all of them, so deadlines may go from one to the other. It never goes
//! backwards in any, since `timeOrigin` does not change.

use cancel_core::Instant;
use js_sys::{Date, Function, Reflect};
use std::cell::Cell;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Performance;

enum Clock {
    Performance {
        performance: Performance,
        origin: f64,
    },
    /// Where there is no such thing. People set it back: hence the latest reading.
    Date { latest: Cell<f64> },
}

thread_local! {
    static CLOCK: Clock = Clock::find();
}

/// In whole microseconds.
pub(crate) fn now() -> Instant {
    // At the very end of a thread, time stands still.
    since_1970(CLOCK.try_with(Clock::read).unwrap_or(f64::MAX))
}

/// What this thread's `performance.now()` says, or where there is none, `Date.now()`.
pub(crate) fn from_performance(milliseconds: f64) -> Instant {
    let origin = CLOCK.try_with(|clock| match clock {
        Clock::Performance { origin, .. } => *origin,
        Clock::Date { .. } => 0.0,
    });
    since_1970(origin.unwrap_or(0.0) + milliseconds)
}

fn since_1970(milliseconds: f64) -> Instant {
    // (The cast cuts to what there is.)
    Instant::from_epoch(Duration::from_micros((milliseconds * 1000.0) as u64))
}

impl Clock {
    fn find() -> Clock {
        match performance() {
            Some((performance, origin)) => Clock::Performance {
                performance,
                origin,
            },
            None => Clock::Date {
                latest: Cell::new(0.0),
            },
        }
    }

    /// In milliseconds.
    fn read(&self) -> f64 {
        match self {
            Clock::Performance {
                performance,
                origin,
            } => origin + performance.now(),
            Clock::Date { latest } => {
                latest.set(Date::now().max(latest.get()));
                latest.get()
            }
        }
    }
}

/// With its origin.
fn performance() -> Option<(Performance, f64)> {
    let performance = get(&js_sys::global(), "performance")?;
    let origin = get(&performance, "timeOrigin")?.as_f64()?;
    get(&performance, "now")?.dyn_into::<Function>().ok()?;
    // Found by what it can do: some environments have the object without its class.
    Some((performance.unchecked_into(), origin))
}

fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok()
}
