//! Cortex-M: SysTick for the clock, PendSV for the lower line, the first device interrupt for the
//! higher one.

use crate::{Line, clock};
use core::cell::Cell;
use cortex_m::asm;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::scb::SystemHandler;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, Peripherals, SCB, SYST};
use cortex_m_rt::exception;
use critical_section::{Mutex, with};

#[cfg(target_has_atomic = "32")]
pub(crate) const NAME: &str = "thumbv7m";
#[cfg(not(target_has_atomic = "32"))]
pub(crate) const NAME: &str = "thumbv6m";

/// QEMU's clock of both machines.
const HZ: u32 = match cfg!(target_has_atomic = "32") {
    true => 12_500_000,
    false => 16_000_000,
};

/// Whether the next exception of the timer is to raise the higher line, and is not a tick.
static RAISED: Mutex<Cell<bool>> = Mutex::new(Cell::new(false));

#[derive(Clone, Copy)]
struct First;

// SAFETY: both machines have an interrupt 0, and there is but one value.
unsafe impl InterruptNumber for First {
    fn number(self) -> u16 {
        0
    }
}

fn peripherals() -> Peripherals {
    // SAFETY: registers of the core, which nobody else here uses; inside a critical section or before
    // any interrupt is on.
    unsafe { Peripherals::steal() }
}

/// Has the timer's exception in `counts`, and each time they have gone by.
fn set_timer(timer: &mut SYST, counts: u32) {
    timer.set_reload(counts);
    timer.clear_current();
}

pub(crate) fn start() {
    let mut core = peripherals();
    // SAFETY: no critical section relies on priorities.
    unsafe {
        core.NVIC.set_priority(First, 0x00);
        core.SCB.set_priority(SystemHandler::SysTick, 0x80);
        core.SCB.set_priority(SystemHandler::PendSV, 0xc0);
        NVIC::unmask(First);
    }
    core.SYST.set_clock_source(SystClkSource::Core);
    set_timer(&mut core.SYST, HZ / 1000 - 1);
    core.SYST.enable_counter();
    core.SYST.enable_interrupt();
}

pub(crate) fn pend(line: Line) {
    match line {
        Line::Low => SCB::set_pendsv(),
        Line::High => NVIC::pend(First),
    }
    // It is taken before what comes after these, if it can be taken at all.
    asm::dsb();
    asm::isb();
}

pub(crate) fn pend_in(counts: u32) {
    with(|cs| {
        RAISED.borrow(cs).set(true);
        set_timer(&mut peripherals().SYST, counts.max(1));
    });
}

#[exception]
fn SysTick() {
    let raised = with(|cs| {
        let raised = RAISED.borrow(cs).replace(false);
        if raised {
            set_timer(&mut peripherals().SYST, HZ / 1000 - 1);
        }
        raised
    });
    match raised {
        true => pend(Line::High),
        false => clock::tick(),
    }
}

#[exception]
fn PendSV() {
    Line::Low.serve();
}

/// All device interrupts come here.
#[exception]
// SAFETY: no more than any other handler.
unsafe fn DefaultHandler(number: i16) {
    assert!(number == 0, "unexpected interrupt {number}");
    Line::High.serve();
}

/// A counter that goes on with each instruction, by the same amount, under QEMU's `-icount`.
pub mod count {
    use super::{SYST, SystClkSource, peripherals};

    /// How many bits it has.
    pub const BITS: u32 = 24;

    /// Starts it. It needs the timer, so the clock must not have been started.
    pub fn start() {
        let mut timer = peripherals().SYST;
        timer.set_clock_source(SystClkSource::Core);
        super::set_timer(&mut timer, (1 << BITS) - 1);
        timer.enable_counter();
    }

    /// Its value. It counts upwards.
    #[inline(always)]
    pub fn now() -> u32 {
        !SYST::get_current() & ((1 << BITS) - 1)
    }
}

/// The interrupts of the only core, off and on.
pub mod section {
    use cortex_m::{interrupt, register::primask};

    /// Turns interrupts off, and says whether they were on.
    #[inline(always)]
    pub fn enter() -> bool {
        let on = primask::read().is_active();
        interrupt::disable();
        on
    }

    /// Turns interrupts on again if they were on.
    ///
    /// # Safety
    ///
    /// `on` is what the corresponding [`enter`] said; sections are left in the opposite order.
    #[inline(always)]
    pub unsafe fn leave(on: bool) {
        if on {
            // SAFETY: the end of the outermost section, by the caller's promise.
            unsafe { interrupt::enable() };
        }
    }
}

/// Takes a thousand instructions (and a few, for the call).
#[inline(never)]
pub fn nops() {
    // SAFETY: they do nothing.
    unsafe { core::arch::asm!(".rept 1000", "nop", ".endr", options(nomem, nostack)) };
}
