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

pub(crate) fn pend_in(counts: u32) {
    with(|cs| {
        RAISED.borrow(cs).set(true);
        let next = NEXT.borrow(cs).get();
        set_alarm(next.min(mtime() + u64::from(counts)));
    });
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

/// A counter that goes on with each instruction, by the same amount, under QEMU's `-icount`.
pub mod count {
    /// How many bits it has.
    pub const BITS: u32 = 32;

    /// Starts it.
    pub fn start() {}

    /// Its value. It counts upwards.
    #[inline(always)]
    pub fn now() -> u32 {
        riscv::register::minstret::read() as u32
    }
}

/// The interrupts of the only core, off and on.
pub mod section {
    use riscv::{interrupt, register::mstatus};

    /// Turns interrupts off, and says whether they were on.
    #[inline(always)]
    pub fn enter() -> bool {
        let on = mstatus::read().mie();
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
