//! What all programs here have in common: start, panic, end; a clock for those that want one.
//!
//! Each program is a whole firmware, as small as it can be while it does its work. Those of a group
//! differ in nothing but the way in which an interrupt stops the work.
#![no_std]

mod clock;

pub use clock::Clock;

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use cortex_m::peripheral::{Peripherals, syst::SystClkSource};
use embassy_time::Timer;

/// Some ticks that the programs are short of on no machine.
const RELOAD: u32 = 15_999;

/// Turns the interrupt `SysTick` on: each millisecond or so.
pub fn start() {
    // SAFETY: called once, and nobody else uses these registers.
    let mut core = unsafe { Peripherals::steal() };
    core.SYST.set_clock_source(SystClkSource::Core);
    core.SYST.set_reload(RELOAD);
    core.SYST.clear_current();
    core.SYST.enable_counter();
    core.SYST.enable_interrupt();
}

/// A piece of work.
pub fn step() {
    static STEPS: AtomicU32 = AtomicU32::new(0);
    STEPS.store(STEPS.load(Relaxed).wrapping_add(1), Relaxed);
}

/// Work for as long as it is let: a step each ten milliseconds.
pub async fn work(steps: u32) {
    for _ in 0..steps {
        Timer::after_millis(10).await;
        step();
    }
}

/// Ends the program, which an emulator reports as its exit code.
pub fn end(well: bool) -> ! {
    const EXIT: u32 = 0x18;
    let code = match well {
        true => 0x2_0026, // ADP_Stopped_ApplicationExit
        false => 0x2_0023,
    };
    loop {
        // SAFETY: asks for the end of the program, which touches no memory of ours.
        unsafe {
            core::arch::asm!("bkpt 0xab", in("r0") EXIT, in("r1") code, options(nomem, nostack));
        }
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::asm::udf()
}
