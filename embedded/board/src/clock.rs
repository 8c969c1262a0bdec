//! The time driver of `embassy-time`: a tick each millisecond, counted by an interrupt.

use core::cell::{Cell, RefCell};
use core::task::Waker;
use critical_section::{Mutex, with};
use embassy_time_driver::{Driver, TICK_HZ, time_driver_impl};
use embassy_time_queue_utils::Queue;

const _: () = assert!(TICK_HZ == 1000, "the machines tick each millisecond");

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
        // (One that is due already is woken by the next tick.)
        with(|cs| self.queue.borrow_ref_mut(cs).schedule_wake(at, waker));
    }
}

/// A millisecond has passed. Called by the machine's timer interrupt.
pub(crate) fn tick() {
    with(|cs| {
        let now = CLOCK.now.borrow(cs).get() + 1;
        CLOCK.now.borrow(cs).set(now);
        CLOCK.queue.borrow_ref_mut(cs).next_expiration(now);
    });
}
