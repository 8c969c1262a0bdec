//! Two interrupts that programs raise themselves, in place of buttons and radios.

use crate::machine;
use core::cell::Cell;
use core::mem::transmute;
use critical_section::{Mutex, with};

/// An interrupt of the program's own. `High` interrupts the handler of `Low`, never the other way
/// round; both interrupt tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The lower priority.
    Low,
    /// The higher priority.
    High,
}

type Handler = &'static (dyn Fn() + Sync);
type Slot = Mutex<Cell<Option<Handler>>>;

static LOW: Slot = Mutex::new(Cell::new(None));
static HIGH: Slot = Mutex::new(Cell::new(None));

impl Line {
    /// Sets what its interrupt calls, instead of what was set before.
    pub fn handle(self, handler: Handler) {
        self.replace(Some(handler));
    }

    /// Has its interrupt call `handler` while `body` runs.
    pub fn handle_during<R>(self, handler: &(dyn Fn() + Sync), body: impl FnOnce() -> R) -> R {
        // SAFETY: it is taken out of the slot below, before the borrow ends: nothing unwinds here.
        // There is one core, and an interrupt has returned when what it interrupted goes on. So
        // nobody is inside the handler then, and nobody finds it any more.
        let handler = unsafe { transmute::<&(dyn Fn() + Sync), Handler>(handler) };
        let before = self.replace(Some(handler));
        let result = body();
        self.replace(before);
        result
    }

    /// Raises the interrupt. Outside of critical sections and of handlers with the same or a higher
    /// priority, the handler has run when this returns.
    pub fn pend(self) {
        machine::pend(self);
    }

    /// Raises the higher line once about `counts` of the machine's timer (some 10 MHz) have gone by,
    /// or a little earlier: at the next tick of the clock.
    pub fn pend_high_in(counts: u32) {
        machine::pend_in(counts);
    }

    /// Called by the machine's interrupt.
    pub(crate) fn serve(self) {
        if let Some(handler) = with(|cs| self.slot().borrow(cs).get()) {
            handler();
        }
    }

    fn replace(self, handler: Option<Handler>) -> Option<Handler> {
        with(|cs| self.slot().borrow(cs).replace(handler))
    }

    fn slot(self) -> &'static Slot {
        match self {
            Line::Low => &LOW,
            Line::High => &HIGH,
        }
    }
}
