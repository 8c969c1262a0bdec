//! A time driver for `embassy-time`, at its barest: a tick each millisecond.

use core::cell::{Cell, RefCell};
use core::task::Waker;
use critical_section::{Mutex, with};
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

/// A clock. Programs that want one have it in a `static`.
pub struct Clock {
    now: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
}

impl Clock {
    /// One that has not begun.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Clock {
            now: Mutex::new(Cell::new(0)),
            queue: Mutex::new(RefCell::new(Queue::new())),
        }
    }

    /// A millisecond has passed: for the handler of `SysTick`.
    pub fn tick(&self) {
        with(|cs| {
            let now = self.now.borrow(cs).get() + 1;
            self.now.borrow(cs).set(now);
            self.queue.borrow_ref_mut(cs).next_expiration(now);
        });
    }
}

impl Driver for Clock {
    fn now(&self) -> u64 {
        with(|cs| self.now.borrow(cs).get())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        with(|cs| self.queue.borrow_ref_mut(cs).schedule_wake(at, waker));
    }
}
