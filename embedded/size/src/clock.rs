//! The time driver of `embassy-time`, at its barest: a tick each millisecond.

use core::cell::{Cell, RefCell};
use core::task::Waker;
use critical_section::{Mutex, with};
use embassy_time_driver::{Driver, time_driver_impl};
use embassy_time_queue_utils::Queue;

struct Clock {
    now: Mutex<Cell<u64>>,
    queue: Mutex<RefCell<Queue>>,
}

time_driver_impl!(static CLOCK: Clock = Clock {
    now: Mutex::new(Cell::new(0)),
    queue: Mutex::new(RefCell::new(Queue::new())),
});

impl Driver for Clock {
    fn now(&self) -> u64 {
        with(|cs| self.now.borrow(cs).get())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        with(|cs| self.queue.borrow_ref_mut(cs).schedule_wake(at, waker));
    }
}

/// A millisecond has passed: for the handler of `SysTick`.
pub fn tick() {
    with(|cs| {
        let now = CLOCK.now.borrow(cs).get() + 1;
        CLOCK.now.borrow(cs).set(now);
        CLOCK.queue.borrow_ref_mut(cs).next_expiration(now);
    });
}
