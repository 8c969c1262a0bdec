//! RISC-V `virt`: the timer of the CLINT for the clock and the higher line, its software interrupt
//! for the lower one.

use crate::{Line, clock};
use core::cell::Cell;
use critical_section::{Mutex, with};
use riscv::interrupt::Interrupt;
use riscv::register::mie;
use riscv_rt::core_interrupt;

#[cfg(target_has_atomic = "32")]
pub(crate) const NAME: &str = "riscv32imac";
#[cfg(not(target_has_atomic = "32"))]
pub(crate) const NAME: &str = "riscv32imc";

const MSIP: *mut u32 = 0x0200_0000 as *mut u32;
const MTIMECMP: *mut u32 = 0x0200_4000 as *mut u32;
const MTIME: *const u32 = 0x0200_bff8 as *const u32;

/// Of QEMU's 10 MHz.
const TICK: u64 = 10_000;

/// When the next tick is due.
static NEXT: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));
/// Whether the higher line has been raised.
static RAISED: Mutex<Cell<bool>> = Mutex::new(Cell::new(false));

fn mtime() -> u64 {
    // SAFETY: the CLINT of this machine, which is there and may be read at any time.
    let word = |index| unsafe { MTIME.add(index).read_volatile() };
    loop {
        let (high, low) = (word(1), word(0));
        if high == word(1) {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Has the timer interrupt at `time`. (Inside a critical section.)
fn set_alarm(time: u64) {
    // SAFETY: as in `mtime`; never in the past by the order of the halves.
    unsafe {
        MTIMECMP.add(1).write_volatile(u32::MAX);
        MTIMECMP.write_volatile(time as u32);
        MTIMECMP.add(1).write_volatile((time >> 32) as u32);
    }
}

pub(crate) fn start() {
    with(|cs| {
        let next = mtime() + TICK;
        NEXT.borrow(cs).set(next);
        set_alarm(next);
    });
    // SAFETY: the handlers below are in place, and no critical section is open.
    unsafe {
        mie::set_mtimer();
        mie::set_msoft();
        riscv::interrupt::enable();
    }
}

pub(crate) fn pend(line: Line) {
    match line {
        // SAFETY: as in `mtime`.
        Line::Low => unsafe { MSIP.write_volatile(1) },
        Line::High => with(|cs| {
            RAISED.borrow(cs).set(true);
            set_alarm(0);
        }),
    }
}

/// Sleeps until an interrupt is there, and serves it.
///
/// To be called inside a critical section that has found nothing to do: an interrupt that comes in
/// between ends it at once.
pub fn wait_for_interrupt() {
    riscv::asm::wfi();
}

#[core_interrupt(Interrupt::MachineTimer)]
fn machine_timer() {
    let (ticked, raised) = with(|cs| {
        let next = NEXT.borrow(cs);
        let ticked = mtime() >= next.get();
        if ticked {
            next.set(next.get() + TICK);
        }
        set_alarm(next.get());
        (ticked, RAISED.borrow(cs).replace(false))
    });
    if ticked {
        clock::tick();
    }
    if raised {
        Line::High.serve();
    }
}

#[core_interrupt(Interrupt::MachineSoft)]
fn machine_soft() {
    // SAFETY: as in `mtime`. The interrupt is cleared, and off while its handler runs, with others
    // on: the handler is outside of critical sections, and is not entered a second time.
    unsafe {
        MSIP.write_volatile(0);
        mie::clear_msoft();
        riscv::interrupt::nested(|| Line::Low.serve());
        mie::set_msoft();
    }
}
