//! The machines that the programs here run on, all of them emulated by QEMU.
//!
//! | target | machine | CPU | RAM |
//! |---|---|---|---|
//! | `thumbv7m-none-eabi` | `lm3s6965evb` | Cortex-M3 | 64 KiB |
//! | `thumbv6m-none-eabi` | `microbit` | Cortex-M0, no compare-and-swap | 16 KiB |
//! | `riscv32imac-unknown-none-elf` | `virt` | RISC-V with atomics | 16 MiB |
//! | `riscv32imc-unknown-none-elf` | `virt` | RISC-V without | 16 MiB |
//!
//! A program calls [`start`] first: from then on `embassy-time` has a clock of 1 kHz, and the two
//! interrupt [`Line`]s work. It prints with [`println!`] and ends with [`exit`]; a panic prints its
//! message and ends QEMU with the code 101. For tests there are wakers that count ([`Alarm`]), lines
//! for results ([`Report`]), and a counter of instructions ([`count`]).
#![no_std]

mod alarm;
#[cfg(feature = "bump")]
mod bump;
mod clock;
mod line;
#[cfg_attr(target_arch = "arm", path = "cortex_m.rs")]
#[cfg_attr(target_arch = "riscv32", path = "riscv.rs")]
mod machine;
mod report;

pub use alarm::Alarm;
#[cfg(feature = "bump")]
pub use bump::Bump;
pub use line::Line;
pub use machine::{count, nops, section};
pub use report::{Report, poll_once};
pub use semihosting::{print, println};

/// What the machine is called in reports: its target, up to the first dash.
pub const NAME: &str = machine::NAME;

/// Starts the clock and the interrupts. To be called once, at the beginning.
pub fn start() {
    machine::start();
}

/// Ends the program, and QEMU: the code is 0 if all is well, else 1.
pub fn exit(well: bool) -> ! {
    semihosting::process::exit(i32::from(!well))
}
