//! Wakers that count, and do something when they wake: without a heap and without compare-and-swap.

use core::cell::Cell;
use core::task::{RawWaker, RawWakerVTable, Waker};
use critical_section::{Mutex, with};

/// Counts how often it has been woken. Its waker may be woken anywhere, also in interrupts.
pub struct Alarm {
    rings: Mutex<Cell<u32>>,
    hook: Mutex<Cell<Option<fn()>>>,
}

static VTABLE: RawWakerVTable =
    RawWakerVTable::new(|data| RawWaker::new(data, &VTABLE), ring, ring, |_| {});

fn ring(data: *const ()) {
    // SAFETY: `waker` is the only one to use the table, with a `&'static Alarm`.
    let alarm = unsafe { &*data.cast::<Alarm>() };
    let hook = with(|cs| {
        let rings = alarm.rings.borrow(cs);
        rings.set(rings.get() + 1);
        alarm.hook.borrow(cs).get()
    });
    if let Some(hook) = hook {
        hook();
    }
}

impl Alarm {
    /// One that has not been woken.
    pub const fn new() -> Self {
        Alarm {
            rings: Mutex::new(Cell::new(0)),
            hook: Mutex::new(Cell::new(None)),
        }
    }

    /// Its waker.
    pub fn waker(&'static self) -> Waker {
        let data = core::ptr::from_ref(self).cast();
        // SAFETY: the table's functions may be called from anywhere, and own nothing.
        unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) }
    }

    /// Sets what is called by each wake, after counting it.
    pub fn on_ring(&self, hook: fn()) {
        with(|cs| self.hook.borrow(cs).set(Some(hook)));
    }

    /// How often it has been woken; it counts from zero again, and calls nothing.
    pub fn take(&self) -> u32 {
        with(|cs| {
            self.hook.borrow(cs).set(None);
            self.rings.borrow(cs).replace(0)
        })
    }

    /// How often it has been woken.
    pub fn rings(&self) -> u32 {
        with(|cs| self.rings.borrow(cs).get())
    }
}

impl Default for Alarm {
    fn default() -> Self {
        Alarm::new()
    }
}
