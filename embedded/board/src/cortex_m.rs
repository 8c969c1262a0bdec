//! Cortex-M: SysTick for the clock, PendSV for the lower line, the first device interrupt for the
//! higher one.

use crate::{Line, clock};
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::scb::SystemHandler;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, Peripherals, SCB};
use cortex_m_rt::exception;

#[cfg(target_has_atomic = "32")]
pub(crate) const NAME: &str = "thumbv7m";
#[cfg(not(target_has_atomic = "32"))]
pub(crate) const NAME: &str = "thumbv6m";

/// QEMU's clock of both machines.
const HZ: u32 = match cfg!(target_has_atomic = "32") {
    true => 12_500_000,
    false => 16_000_000,
};

#[derive(Clone, Copy)]
struct First;

// SAFETY: both machines have an interrupt 0, and there is but one value.
unsafe impl InterruptNumber for First {
    fn number(self) -> u16 {
        0
    }
}

pub(crate) fn start() {
    // SAFETY: nobody else uses these registers, and no interrupt is on yet.
    let mut core = unsafe { Peripherals::steal() };
    // SAFETY: no critical section relies on priorities.
    unsafe {
        core.NVIC.set_priority(First, 0x00);
        core.SCB.set_priority(SystemHandler::SysTick, 0x80);
        core.SCB.set_priority(SystemHandler::PendSV, 0xc0);
        NVIC::unmask(First);
    }
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(HZ / 1000 - 1);
    core.SYST.clear_current();
    core.SYST.enable_counter();
    core.SYST.enable_interrupt();
}

pub(crate) fn pend(line: Line) {
    match line {
        Line::Low => SCB::set_pendsv(),
        Line::High => NVIC::pend(First),
    }
    // Taken before the next instruction after these, if it can be.
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}

/// Sleeps until an interrupt has been served, or somebody has sent an event (`sev`) since the last
/// time.
pub fn wait_for_interrupt() {
    cortex_m::asm::wfe();
}

#[exception]
fn SysTick() {
    clock::tick();
}

#[exception]
fn PendSV() {
    Line::Low.serve();
}

#[exception]
// SAFETY: a handler of interrupts that does what the programs here may do in one.
unsafe fn DefaultHandler(number: i16) {
    assert!(number == 0, "unexpected interrupt {number}");
    Line::High.serve();
}
