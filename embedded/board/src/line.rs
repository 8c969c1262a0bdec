//! Two interrupts that programs raise themselves, in place of buttons and radios.

use crate::machine;
use core::cell::Cell;
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

type Handler = Mutex<Cell<fn()>>;

static LOW: Handler = Mutex::new(Cell::new(|| {}));
static HIGH: Handler = Mutex::new(Cell::new(|| {}));

impl Line {
    /// Sets what its interrupt calls, instead of what was set before.
    pub fn handle(self, handler: fn()) {
        with(|cs| self.handler().borrow(cs).set(handler));
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
        let handler = with(|cs| self.handler().borrow(cs).get());
        handler();
    }

    fn handler(self) -> &'static Handler {
        match self {
            Line::Low => &LOW,
            Line::High => &HIGH,
        }
    }
}
